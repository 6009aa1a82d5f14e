"""Look-alikes: which character may stand for which, by level or by the table of a provider."""

from __future__ import annotations

import csv
import functools
import hashlib
import unicodedata
from collections.abc import Callable
from importlib import resources
from typing import Final, NamedTuple

import pandas as pd

from smslab import characters
from smslab.errors import OptionError, nearest

__all__ = [
    "CONDITIONS",
    "LEVELS",
    "PROFILES",
    "Lookalike",
    "check_level",
    "lookalikes",
    "table",
    "version",
]

#: What may be changed, from the harmless to the daring; each level contains those before it.
LEVELS: Final = ("nfc", "invisible", "typographic", "accents", "symbols", "translit")

#: Tables of providers, character by character as they have them, without the rules above.
PROFILES: Final = ("twilio-1.3.0",)

#: Version of the rules of smart encoding; a table is told by its contents.
_RULES: Final = 1

_LOOKALIKES: Final = {"ours": "lookalikes.csv", "twilio-1.3.0": "twilio_smart_encoding.csv"}


def _is_small_digit(character: str) -> bool:
    """Say whether it is a superscript or subscript digit."""
    return character.isdigit() and not character.isdecimal()


#: Condition -> what it asks of the character before and after, and what is said where it fails.
CONDITIONS: Final[dict[str, tuple[Callable[[str, str], bool], str]]] = {
    "": (lambda before, after: True, ""),
    "apart": (lambda before, after: True, ""),
    "not by digit": (
        lambda before, after: not (before.isdigit() or after.isdigit()),
        "beside a digit",
    ),
    "after letter": (
        lambda before, after: before.isalpha() or unicodedata.combining(before or " ") > 0,
        "not after a letter",
    ),
    "not in script": (
        lambda before, after: (
            not any(unicodedata.category(c) in ("Lo", "Mn", "Mc") for c in before + after)
        ),
        "joins letters",
    ),
    "superscript": (
        lambda before, after: not (_is_small_digit(before) or after.isdigit()),
        "beside a digit",
    ),
    "subscript": (
        lambda before, after: (
            (before.isalpha() or _is_small_digit(before)) and not after.isdecimal()
        ),
        "beside a digit",
    ),
}


class Lookalike(NamedTuple):
    """What may stand for a character.

    Parameters
    ----------
    level : str
        The level from which on, or the profile.
    replacement : str
        What stands in its place; empty where the character is dropped.
    condition : str
        One of :data:`CONDITIONS`.
    """

    level: str
    replacement: str
    condition: str


@functools.cache
def _read(name: str) -> dict[str, Lookalike]:
    found = {}
    file = resources.files("smslab").joinpath("data", _LOOKALIKES[name])
    with file.open("r", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            found[chr(int(row["code_point"], 16))] = Lookalike(
                row.get("level", name),
                row["replacement"].replace("\\n", "\n"),
                row.get("condition", ""),
            )
    return found


def lookalikes(level: str) -> dict[str, Lookalike]:
    """Return the characters that a level replaces.

    Parameters
    ----------
    level : str
        One of :data:`LEVELS`, with those before it, or of :data:`PROFILES`.

    Returns
    -------
    dict of str to Lookalike

    Raises
    ------
    ValueError
        If `level` is unknown.
    """
    check_level(level)
    return _lookalikes(level)


@functools.cache
def _lookalikes(level: str) -> dict[str, Lookalike]:
    if level in PROFILES:
        return _read(level)
    known = LEVELS[: LEVELS.index(level) + 1]
    return {c: found for c, found in _read("ours").items() if found.level in known}


def check_level(level: str) -> None:
    """Make sure that there is such a level.

    Parameters
    ----------
    level : str
        One of :data:`LEVELS` or :data:`PROFILES`.

    Raises
    ------
    ValueError
        If it is not.
    """
    known = (*LEVELS, *PROFILES)
    if level not in known:
        raise OptionError(
            f"level must be one of {', '.join(known)}; not {level!r}.{nearest(str(level), known)}"
        )


def version(level: str = "typographic") -> str:
    """Return the version of a level: it changes whenever a result could.

    Parameters
    ----------
    level : str
        One of :data:`LEVELS` or :data:`PROFILES`.

    Returns
    -------
    str
        The version of the rules and a hash of the table.

    Raises
    ------
    ValueError
        If `level` is unknown.

    Examples
    --------
    >>> import smslab
    >>> smslab.smart.version("typographic")
    '1-cd9e2283'
    """
    rows = sorted((character, *found) for character, found in lookalikes(level).items())
    return f"{_RULES}-{hashlib.sha256(repr(rows).encode()).hexdigest()[:8]}"


def table(level: str = "typographic") -> pd.DataFrame:
    """Return the characters that a level replaces, and by what.

    Parameters
    ----------
    level : str
        One of :data:`LEVELS`, with those before it, or of :data:`PROFILES`. Level ``nfc`` only
        composes letters and accents; ``translit`` asks the library anyascii for letters of other
        scripts that stand in no table.

    Returns
    -------
    pandas.DataFrame
        One row per character: ``character``, ``code_point``, ``name``, ``replacement``, ``level``
        and ``condition``, where one must hold:

        ``apart`` : a blank is put between it and a letter or digit beside it
        ``not by digit`` : no digit stands beside it
        ``after letter`` : a letter stands before it
        ``not in script`` : no letter stands beside it that could join to another
        ``superscript`` : no digit follows, no other superscript stands before it
        ``subscript`` : a letter or another subscript stands before it, no digit follows

        ``attrs["version"]`` is that of :func:`version`.

    Raises
    ------
    ValueError
        If `level` is unknown.

    Notes
    -----
    Source: the table is our own choice. C1 controls stand for what Windows-1252 has at their
    place. Profile ``twilio-1.3.0``: npm sms-segments-calculator 1.3.0 (2026-09, MIT licence).

    Examples
    --------
    >>> import smslab
    >>> dashes = smslab.smart.table("typographic").query("replacement == '-'")
    >>> dashes["name"].tolist()[3:6]
    ['HYPHEN', 'NON-BREAKING HYPHEN', 'FIGURE DASH']
    """
    found = lookalikes(level)
    frame = pd.DataFrame(
        {
            "character": list(found),
            "code_point": [characters.code_point(character) for character in found],
            "name": [characters.name(character) for character in found],
            "replacement": [item.replacement for item in found.values()],
            "level": [item.level for item in found.values()],
            "condition": [item.condition for item in found.values()],
        },
        dtype="str",
    )
    frame.attrs["version"] = version(level)
    return frame
