"""A made-up campaign list with the dirt of a real one: for demos, notebooks, tests, benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab.errors import OptionError
from smslab.simulate import Seed, seeds
from smslab.templates import Template

__all__ = ["SAMPLE_SCHEMA", "sample", "sample_blocks"]

#: Rows that are drawn together, so that a long list begins like a short one.
_BLOCK: Final = 50_000

_STRING: Final = pa.large_string()

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
_SPANISH: Final = (
    "Hola {name}, este fin de semana 25 % en toda la tienda de {city} con el código {code}. "
    "Responda BAJA para no recibir más.",
    "¡Hola {name}! Su pedido {code} llegará mañana. Más información: https://example.com/p/{code}",
)
_PORTUGUESE: Final = (
    "Olá {name}, seu pedido {code} saiu para entrega e chega hoje. Acompanhe: "
    "https://example.com/p/{code}",
    "{name}, só neste fim de semana: 25% de desconto em {city} com o código {code}. Não perca!",
)
_HINDI: Final = (
    "नमस्ते {name}, आपका ऑर्डर {code} कल पहुँचेगा। अधिक जानकारी: https://example.com/p/{code}",
    "Dear {name}, {code} is your code for {city}. Do not share it with anyone.",
)
_TURKISH: Final = (
    "Sayın {name}, {code} numaralı siparişiniz yarın teslim edilecektir. İyi günler dileriz.",
)
_JAPANESE: Final = (
    "{name}様、ご注文{code}は明日お届け予定です。詳細: https://example.com/p/{code}",
)
_ARABIC: Final = ("مرحبا {name}، طلبك {code} سيصل غدا. التفاصيل: https://example.com/p/{code}",)


class _Country(NamedTuple):
    """A part of the list.

    No number begins with these digits: behind an area code of North America no exchange begins
    with 0 or 1 (NANPA), and elsewhere 0 is what is dialled before a number, not its first digit
    (ITU-T E.164).
    """

    share: float
    prefixes: tuple[str, ...]
    digits: int
    templates: tuple[str, ...]


_COUNTRIES: Final = (
    _Country(
        0.46,
        tuple(
            f"1{area}{first}"
            for area in (202, 206, 212, 213, 303, 305, 312, 404, 415, 512, 602, 617, 702, 713, 801)
            for first in (0, 1)
        ),
        6,
        _ENGLISH,
    ),
    _Country(
        0.06,
        tuple(f"1{area}0" for area in (403, 416, 418, 514, 604)),
        6,
        _ENGLISH + _FRENCH,
    ),
    _Country(0.12, ("440",), 9, _ENGLISH),
    _Country(0.08, ("490",), 10, _GERMAN),
    _Country(0.07, ("330",), 8, _FRENCH),
    _Country(0.05, ("340",), 8, _SPANISH),
    _Country(0.04, ("520",), 9, _SPANISH),
    _Country(0.04, ("550",), 10, _PORTUGUESE),
    _Country(0.04, ("910",), 9, _HINDI),
    _Country(0.02, ("900",), 9, _TURKISH),
    _Country(0.01, ("810",), 9, _JAPANESE),
    _Country(0.01, ("9710",), 8, _ARABIC),
)

#: Shares of the numbers that are written with blanks, and with 00 in place of the +.
_BLANKS: Final = 0.05
_ZEROS: Final = 0.02

#: Share of the rows that repeat the number of another.
_REPEATED: Final = 0.01

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
    """Make up a campaign list: texts in ten languages, numbers that nobody has, some dirt.

    Parameters
    ----------
    rows : int
        How many messages. A longer list begins like a shorter one, but for where its dirt is.
    rng : None, int, SeedSequence or Generator
        Seed.

    Returns
    -------
    pandas.DataFrame
        ``text`` and ``to``, both str with a few nulls, blanks and wrong numbers, each of six
        kinds in one row of a thousand; one number of a hundred is another's.

    Raises
    ------
    OptionError
        If `rows` is less than 0.

    Examples
    --------
    >>> import smslab
    >>> smslab.sample(3)["to"].tolist()
    ['+12021774314', '+34084617004', '+12121378026']
    """
    blocks = list(sample_blocks(rows, rng=rng))
    table = pa.concat_tables(blocks) if blocks else SAMPLE_SCHEMA.empty_table()
    return pd.DataFrame({name: pd.Series(table[name], dtype="str") for name in table.column_names})


def sample_blocks(rows: int, *, rng: Seed = 2026) -> Iterator[pa.Table]:
    """Make up a campaign list of any length, piece by piece.

    Parameters
    ----------
    rows : int
        As of :func:`sample`.
    rng : None, int, SeedSequence or Generator
        Seed.

    Yields
    ------
    pyarrow.Table
        The next rows: ``text`` and ``to``.

    Raises
    ------
    OptionError
        If `rows` is less than 0.
    """
    if rows < 0:
        raise OptionError(f"rows must be 0 or more; not {rows!r}")
    count = -(-rows // _BLOCK)
    for number, seed in enumerate(seeds(rng, count)):
        block = _block(np.random.default_rng(seed))
        left = rows - number * _BLOCK
        yield _dirty(block.slice(0, min(left, _BLOCK)), seed)


#: The columns of a list.
SAMPLE_SCHEMA: Final = pa.schema([("text", _STRING), ("to", _STRING)])


def _block(generator: np.random.Generator) -> pa.Table:
    """Draw a block of clean rows."""
    shares = np.array([country.share for country in _COUNTRIES])
    which = generator.choice(len(_COUNTRIES), _BLOCK, p=shares / shares.sum())
    draws = generator.integers(0, 1 << 30, (5, _BLOCK))
    texts, numbers, places = [], [], []
    for number, country in enumerate(_COUNTRIES):
        rows = np.flatnonzero(which == number)
        kind, name, city, code, prefix = draws[:, rows]
        fields = {
            "name": _taken(_NAMES, name),
            "city": _taken(_CITIES, city),
            "code": pd.Series(1000 + code % 9000),
        }
        kind %= len(country.templates)
        digits = generator.integers(0, 10**country.digits, len(rows))
        start = pa.array(country.prefixes, _STRING).take(pa.array(prefix % len(country.prefixes)))
        for position, template in enumerate(country.templates):
            chosen = np.flatnonzero(kind == position)
            filled = Template.parse(template).fill(
                {name: column.iloc[chosen] for name, column in fields.items()}, len(chosen)
            )
            texts.append(filled.text)
            padded = pc.utf8_lpad(pa.array(digits[chosen]).cast(_STRING), country.digits, "0")
            numbers.append(_written(start.take(pa.array(chosen)), padded))
            places.append(rows[chosen])
    order = pa.array(np.argsort(np.concatenate(places), kind="stable"))
    table = pa.table([pa.chunked_array(texts), pa.chunked_array(numbers)], schema=SAMPLE_SCHEMA)
    return table.combine_chunks().take(order)


def _taken(values: tuple[str, ...], draws: npt.NDArray[np.int64]) -> pd.Series[Any]:
    return pd.Series(pa.array(values, _STRING).take(pa.array(draws % len(values))), dtype="str")


def _written(start: pa.Array, rest: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(pa.scalar("+", _STRING), start, rest, pa.scalar("", _STRING))


def _dirty(table: pa.Table, seed: int) -> pa.Table:
    """Repeat some numbers, write some in other ways, and spoil some rows."""
    rows = len(table)
    generator = np.random.default_rng([seed, 1])
    to = table["to"].combine_chunks()
    style = generator.random(rows)
    blanks = pc.replace_substring_regex(to, r"^\+(.{2})(.{3})", r"+\1 \2 ")
    zeros = pc.replace_substring(to, "+", "00")
    to = pc.if_else(pa.array(style < _BLANKS), blanks, to)
    to = pc.if_else(pa.array(style > 1 - _ZEROS), zeros, to)
    order = np.arange(rows)
    repeated = np.flatnonzero(generator.random(rows) < _REPEATED)
    order[repeated] = generator.integers(0, max(rows, 1), len(repeated))
    columns = {"text": table["text"].combine_chunks(), "to": to.take(pa.array(order))}
    each = max(rows // 1000, 1) if rows >= 100 else 0
    spoiled = generator.permutation(rows)
    for position, (column, value) in enumerate(_DIRT):
        mask = np.zeros(rows, np.bool_)
        mask[spoiled[position * each : (position + 1) * each]] = True
        wrong = pa.scalar(value, _STRING)
        columns[column] = pc.if_else(pa.array(mask), wrong, columns[column])
    return pa.table(columns, SAMPLE_SCHEMA)
