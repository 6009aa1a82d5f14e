"""Keywords: what a reply means by the words that providers and carriers listen to."""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Sequence
from importlib import resources

import pandas as pd

from smslab.errors import OptionError, nearest

__all__ = ["meaning", "table"]


@functools.cache
def _read() -> list[dict[str, str]]:
    file = resources.files("smslab").joinpath("data", "keywords.csv")
    with file.open("r", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def table() -> pd.DataFrame:
    """Return the keywords.

    Returns
    -------
    pandas.DataFrame
        ``language`` : str, ISO 639-1; ``means`` : str, ``stop``, ``help`` or ``start``;
        ``keyword`` : str, where ``#`` stands for a digit; ``source`` : str.
    """
    return pd.DataFrame(_read(), dtype="str")


@functools.cache
def _patterns(languages: tuple[str, ...]) -> dict[str, re.Pattern[str]]:
    words: dict[str, list[str]] = {}
    for row in _read():
        if row["language"] in languages:
            pattern = re.escape(row["keyword"]).replace(r"\#", "[0-9]").replace(r"\ ", r"\s+")
            words.setdefault(row["means"], []).append(pattern)
    return {means: re.compile("|".join(these), re.IGNORECASE) for means, these in words.items()}


def meaning(text: str, languages: Sequence[str] = ("en", "fr")) -> str:
    """Say what a reply means.

    The whole text must be a keyword, but for blanks around it and capitals ("Stop it!" is none).

    Parameters
    ----------
    text : str
        The reply.
    languages : sequence of str
        Whose keywords are listened to, as ISO 639-1 codes.

    Returns
    -------
    str
        ``stop`` to opt out, ``start`` to opt in, ``help``, or ``text`` for anything else.

    Raises
    ------
    ValueError
        If there are no keywords of a language.

    Notes
    -----
    Source: the lists of Twilio, AWS, Telnyx, Sinch, Braze, OneSignal and Bird, read 2026; each row
    of :func:`table` names its own.

    Examples
    --------
    >>> from smslab import keywords
    >>> [keywords.meaning(text) for text in (" Stop", "ARRET", "STOP au 36179", "Stop it!", "info")]
    ['stop', 'stop', 'stop', 'text', 'help']
    """
    known = sorted({row["language"] for row in _read()})
    for language in languages:
        if language not in known:
            raise OptionError(
                f"languages must be some of {', '.join(known)}; not {language!r}."
                f"{nearest(str(language), known)}"
            )
    for means, pattern in _patterns(tuple(languages)).items():
        if pattern.fullmatch(text.strip()):
            return means
    return "text"
