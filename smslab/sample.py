"""A made-up campaign list with the dirt of a real one: for the demo, notebooks and tests."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from smslab.simulate import Seed

__all__ = ["sample"]

_NAMES: Final = (
    *("Alex", "Maria", "John", "Emma", "Luis", "Sarah", "David", "Olivia", "Grace", "Noah"),
    *("José", "Léa", "Jürgen", "Björn", "Ana", "Kim", "Sam", "Zoë", "François", "Łukasz"),
)
_CITIES: Final = ("Austin", "Boise", "Denver", "Tampa", "Reno", "Québec", "Leeds", "Köln", "Lyon")
_ENGLISH: Final = (
    "Hi {name}, your order {code} has shipped and will reach you on Friday. Track it: "
    "https://example.com/t/{code} Reply STOP to opt out.",
    "{name}, 25% off everything this weekend at our {city} store! Show code {code} at the till. "
    "Reply STOP to opt out.",
    "{name}, 25% off everything this weekend at our {city} store 🎉 Show code {code} at the till. "
    "Reply STOP to opt out.",
    "Hello {name}, don’t forget: your appointment in {city} is tomorrow at 10:30. Can’t come? "
    "Call us or reply C to change it. Bring your reference {code} and arrive ten minutes early.",
    "Hi {name}! Your points expire soon [code {code}]. See what is waiting for you in {city}: "
    "https://example.com/p/{code} Reply STOP to opt out, HELP for help.",
)
_GERMAN: Final = (
    "Hallo {name}, nur dieses Wochenende: 25 % auf alles in {city}. Ihr Code lautet {code}. "
    "Abmelden mit STOP.",
    "Hallo {name}, Ihr Paket {code} ist da – bitte holen Sie es bis Freitag in {city} ab.",
)
_FRENCH: Final = (
    "Bonjour {name}, -25 % ce week-end dans votre magasin de {city} avec le code {code}. STOP au "
    "36111",
    "Bonjour {name}, votre commande {code} est prête. Retrait à {city} dès demain, à bientôt !",
)

#: Country, share of the list, number pattern and texts. The numbers are set aside for fiction
#: or never assigned: 555-01xx (NANPA), 07700 900 (Ofcom), 0176 040 (BNetzA), 06 39 98 (ARCEP).
_COUNTRIES: Final = (
    ("US", 0.80, "+1{area}555{line:04d}", _ENGLISH),
    ("CA", 0.08, "+1{area}555{line:04d}", _ENGLISH + _FRENCH),
    ("GB", 0.06, "+447700900{line:03d}", _ENGLISH),
    ("DE", 0.03, "+49176040690{line:02d}", _GERMAN),
    ("FR", 0.03, "+3363998{long:04d}", _FRENCH),
)
_AREAS: Final = {
    "US": (202, 206, 212, 213, 303, 305, 312, 404, 415, 512, 602, 617, 702, 713, 801),
    "CA": (403, 416, 418, 514, 604),
}
#: What a tenth of a percent of every real list looks like.
_DIRT: Final = (
    ("text", None),
    ("text", ""),
    ("to", None),
    ("to", "n/a"),
    ("to", "+1 202"),
    ("to", "+999 555 0100 200"),
)


def sample(rows: int = 2000, *, rng: Seed = 2026) -> pd.DataFrame:
    """Make up a campaign list: texts from templates, numbers set aside for fiction, some dirt.

    Parameters
    ----------
    rows : int
        How many messages.
    rng : None, int, SeedSequence or Generator
        Seed.

    Returns
    -------
    pandas.DataFrame
        ``text`` and ``to``, both str with a few nulls, blanks and wrong numbers: each of six
        kinds in about one row of a thousand.

    Examples
    --------
    >>> import smslab
    >>> smslab.sample(3)["to"].tolist()
    ['+13055550183', '+17025550165', '+17135550128']
    """
    generator = np.random.default_rng(rng)
    countries = generator.choice(len(_COUNTRIES), rows, p=[share for _, share, *_ in _COUNTRIES])
    texts: list[str | None] = []
    numbers: list[str | None] = []
    for choice in countries:
        country, _, pattern, templates = _COUNTRIES[choice]
        template, name, city, area, line, long, code = (
            int(generator.integers(stop))
            for stop in (len(templates), len(_NAMES), len(_CITIES), 15, 100, 10_000, 9000)
        )
        areas = _AREAS.get(country, (0,))
        texts.append(
            templates[template].format(name=_NAMES[name], city=_CITIES[city], code=1000 + code)
        )
        numbers.append(
            pattern.format(area=areas[area % len(areas)], line=100 + line, long=long)
            if country in _AREAS
            else pattern.format(line=line, long=long)
        )
    dirty = generator.permutation(rows)
    each = max(rows // 1000, 1) if rows >= 100 else 0
    for position, (column, value) in enumerate(_DIRT):
        for row in dirty[position * each : (position + 1) * each]:
            (texts if column == "text" else numbers)[row] = value
    return pd.DataFrame(
        {"text": pd.Series(texts, dtype="str"), "to": pd.Series(numbers, dtype="str")}
    )
