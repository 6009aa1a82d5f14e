"""A list of messages as a table: each row segmented, located, and its problems named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab import rules
from smslab.columns import COLUMNS
from smslab.errors import InputError, nearest
from smslab.numbering import as_strings, countries, country_code, country_of, known_countries
from smslab.segmentation import segment
from smslab.text import Texts, as_chunks

__all__ = ["UNKNOWN_COUNTRY", "carriers", "examine", "places"]

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
    place, located = places(table, default)
    problem = pd.Series(None, table.index, "str") if located is None else located
    problem = problem.mask(result["too_long"].fillna(False), TOO_MANY_SEGMENTS)
    blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts), ""), False)
    problem = problem.mask(blank.to_numpy(), EMPTY_TEXT)
    problem = problem.mask(result["segments"].isna(), NO_TEXT)
    result.insert(0, "text", table["text"])
    result["country"] = place.astype("str")
    result["carrier"] = carriers(table).astype("str")
    result["problem"] = problem
    result["sendable"] = problem.isna() | problem.isin(SENDABLE_PROBLEMS)
    return result


def places(
    table: pd.DataFrame, default: str | None
) -> tuple[pd.Series[Any], pd.Series[str] | None]:
    """Find each recipient's country, by what stands in the row and by the number.

    Parameters
    ----------
    table : DataFrame
        With the columns ``country`` and ``to``, where there are such.
    default : str or None
        As `country` of :func:`examine`, checked.

    Returns
    -------
    tuple of two Series
        ISO 3166-1 alpha-2, null where not known; and what is wrong, null where nothing is (or
        None where nothing is in any row).
    """
    given = _names(table, "country", str.upper)
    if _all_known(given):
        return given, None
    known, missing = given.isin(known_countries()), given.isna()
    problem = pd.Series(None, table.index, "str")
    given = given.astype("str")
    place = given.where(known).mask(missing, default)
    if "to" in table.columns:
        own = pd.Index(countries()).get_indexer(pd.Index(place)).astype(np.int16)
        located = country_of(table["to"], own)
        place = given.where(known, located["country"])
        problem = located["problem"]
    return place, problem.where(missing | known | problem.notna(), UNKNOWN_COUNTRY)


def _all_known(countries: pd.Series[Any]) -> bool:
    if isinstance(countries.dtype, pd.CategoricalDtype):
        names = countries.cat.categories
        return set(names) <= known_countries() and bool((countries.cat.codes >= 0).all())
    return set(countries.unique()) <= known_countries()


def carriers(table: pd.DataFrame) -> pd.Series[Any]:
    """Return the names of recipients' carriers.

    Parameters
    ----------
    table : DataFrame
        With the column ``carrier``, where there is one.

    Returns
    -------
    Series
        Of strings or a category; null where not known.
    """
    return _names(table, "carrier", str)


def _names(table: pd.DataFrame, name: str, write: Callable[[str], str]) -> pd.Series[Any]:
    """Trim a column of names; what is blank, or not there, is null."""
    if name not in table.columns:
        return pd.Series(None, table.index, "str")
    column = table[name]
    if not isinstance(column.dtype, pd.CategoricalDtype):
        names = as_strings(column).str.strip()
        return names.where(names != "").map(write, na_action="ignore")
    names = as_strings(pd.Series(column.cat.categories)).str.strip().map(write, na_action="ignore")
    codes, distinct = pd.factorize(names.where(names != ""))
    codes = np.append(codes, -1)[column.cat.codes.to_numpy()]
    return pd.Series(pd.Categorical.from_codes(codes, categories=distinct), table.index)


def _one_column(texts: Texts) -> pd.DataFrame:
    if isinstance(texts, pd.Series):
        return texts.to_frame("text")
    return pd.DataFrame(
        {"text": pd.Series(pa.chunked_array(as_chunks(texts), _STRING), dtype="str")}
    )
