"""A list of messages as a table: each row segmented, located, and its problems named."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab import rules
from smslab.errors import InputError, nearest
from smslab.numbering import as_strings, country_code, country_of, known_countries
from smslab.segmentation import segment
from smslab.text import Texts, as_chunks

__all__ = ["COLUMNS", "examine"]

#: The columns of a table of messages that smslab knows by name.
COLUMNS: Final = ("text", "to", "country", "carrier")

NO_TEXT: Final = "no text"
EMPTY_TEXT: Final = "empty text"  # blanks and line breaks alone are as empty
TOO_MANY_SEGMENTS: Final = f"over {rules.MAX_SEGMENTS} segments"
UNKNOWN_COUNTRY: Final = "unknown country"

_STRING: Final = pa.large_string()

#: A row with one of these can be sent all the same; every other problem keeps it from going out.
SENDABLE_PROBLEMS: Final = (UNKNOWN_COUNTRY,)


def examine(messages: pd.DataFrame | Texts, *, country: str | None = None) -> pd.DataFrame:
    """Segment a list of messages, find each recipient's country, and name what is wrong.

    Every row of the input is a row of the output.

    Parameters
    ----------
    messages : DataFrame, or anything that :func:`smslab.segment` takes
        A table with the column ``text`` and, where there are, ``to`` (phone numbers),
        ``country`` (ISO 3166-1 alpha-2) and ``carrier``. Plain texts are a table of one column.
        A country that stands in the row wins over the one of the number, and over `country` for
        a national number; one that there is not is a problem, and the number's is taken.
    country : str, optional
        Country of the rows that name none, and of the numbers without a calling code.

    Returns
    -------
    pandas.DataFrame
        With the index of `messages`: ``text``, the columns of :func:`smslab.segment`, and

        ``country`` : str, ISO 3166-1 alpha-2, null where not known
        ``carrier`` : str, null where not known
        ``problem`` : str, null where there is none
        ``sendable`` : bool, False where the problem keeps the message from being sent

    Raises
    ------
    InputError
        If the table has no column ``text``, or `country` is no country.
    """
    table = messages if isinstance(messages, pd.DataFrame) else _one_column(messages)
    if "text" not in table.columns:
        names = [str(name) for name in table.columns]
        raise InputError(
            f"messages must have a column 'text'; it has {names}.{nearest('text', names)} "
            "Rename it: messages.rename(columns={'NAME': 'text'})"
        )
    double = [name for name in COLUMNS if list(table.columns).count(name) > 1]
    if double:
        raise InputError(f"messages has more than one column {double[0]!r}; rename one")
    default = None if country is None else country_code(country)
    texts = pa.chunked_array(as_chunks(table["text"]), _STRING)
    result = segment(texts).set_axis(table.index)
    given = pd.Series(None, table.index, "str")
    if "country" in table.columns:
        given = _filled(table["country"]).str.upper()
    known = given.isin(known_countries())
    place = given.where(known).mask(given.isna(), default)
    problem = pd.Series(None, table.index, "str")
    if "to" in table.columns:
        located = _located(table["to"], place)
        place = given.where(known, located["country"])
        problem = located["problem"]
    problem = problem.where(given.isna() | known | problem.notna(), UNKNOWN_COUNTRY)
    problem = problem.mask(result["too_long"].fillna(False), TOO_MANY_SEGMENTS)
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts), ""), False)
    problem = problem.mask(blank.to_numpy(), EMPTY_TEXT)
    problem = problem.mask(result["segments"].isna(), NO_TEXT)
    result.insert(0, "text", table["text"])
    result["country"] = place
    named = "carrier" in table.columns
    result["carrier"] = _filled(table["carrier"]) if named else pd.Series(None, table.index, "str")
    result["problem"] = problem
    result["sendable"] = problem.isna() | problem.isin(SENDABLE_PROBLEMS)
    return result


def _located(numbers: pd.Series[Any], defaults: pd.Series[str]) -> pd.DataFrame:
    """Find the countries of numbers, each with the default of its own row."""
    codes, names = pd.factorize(defaults)
    found = pd.DataFrame(index=defaults.index, columns=["country", "problem"], dtype="str")
    for code in np.unique(codes):
        rows = codes == code
        default = names[code] if code >= 0 else None
        found.loc[rows, :] = country_of(numbers[rows], default).to_numpy()
    return found


def _filled(column: pd.Series[Any]) -> pd.Series[str]:
    """Trim a column of names; what is blank is null."""
    names = as_strings(column).str.strip()
    return names.where(names != "")


def _one_column(texts: Texts) -> pd.DataFrame:
    if isinstance(texts, pd.Series):
        return texts.to_frame("text")
    return pd.DataFrame(
        {"text": pd.Series(pa.chunked_array(as_chunks(texts), _STRING), dtype="str")}
    )
