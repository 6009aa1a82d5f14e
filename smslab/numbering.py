"""Phone numbers and countries: where a number leads, by ITU-T E.164 calling codes."""

from __future__ import annotations

import csv
import functools
from collections.abc import Sequence
from importlib import resources
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab.errors import InputError, nearest
from smslab.kernels.numbers import numbers_kernel, written_kernel
from smslab.text import named, views

__all__ = [
    "PROBLEMS",
    "Located",
    "as_strings",
    "countries",
    "country_code",
    "country_of",
    "country_of_prefix",
    "e164",
    "known_countries",
    "locate",
    "zones",
]

#: What is wrong with a number, by the kernel's code.
PROBLEMS: Final = (
    *("", "no number", "not a phone number", "number too short", "number too long"),
    *("national number without a country", "unknown calling code"),
    "number rounded by a spreadsheet",
)

_NANP: Final = "1"

#: Floats from here on are no phone numbers, and larger than the integers that they can hold.
_LARGEST: Final = 1e16
#: How spreadsheets show long numbers, whose last digits are lost when that is saved.
_ROUNDED: Final = r"^[0-9]([.,][0-9]+)?[eE]\+?(0?[6-9]|1[0-4])$"
#: Fifteen digits and the plus sign.
_LONGEST_E164: Final = 16

_END: Final = 255


@functools.cache
def _table() -> list[dict[str, str]]:
    table = resources.files("smslab").joinpath("data", "calling_codes.csv").read_text("utf-8")
    return list(csv.DictReader(table.splitlines()))


@functools.cache
def _prefixes() -> dict[str, str]:
    return {row["prefix"]: row["country"] for row in _table()}


@functools.cache
def known_countries() -> frozenset[str]:
    """Return the ISO 3166-1 alpha-2 codes of the countries that have a calling code."""
    return frozenset(_prefixes().values())


def country_code(country: str) -> str:
    """Check an ISO 3166-1 alpha-2 code and return it in capitals.

    Parameters
    ----------
    country : str
        The code, in any case.

    Returns
    -------
    str

    Raises
    ------
    InputError
        For a code that no country has.
    """
    code = str(country).strip().upper()
    if code not in known_countries():
        hint = " Did you mean 'GB'?" if code == "UK" else nearest(code, known_countries())
        raise InputError(
            f"country must be an ISO 3166-1 alpha-2 code such as 'US' or 'DE'; not {country!r}."
            f"{hint}"
        )
    return code


def country_of_prefix(prefix: str) -> str:
    """Return the country that all numbers with a prefix belong to.

    Parameters
    ----------
    prefix : str
        First digits of international numbers.

    Returns
    -------
    str
        ISO 3166-1 alpha-2; empty where the digits lead to no country, or to several.
    """
    digits = "".join(filter(str.isdigit, prefix))
    if not digits:
        return ""
    within = {country for code, country in _prefixes().items() if code.startswith(digits)}
    for length in range(len(digits), 0, -1):
        if digits[:length] in _prefixes():
            within.add(_prefixes()[digits[:length]])
            break
    return within.pop() if len(within) == 1 else ""


def _calling_code(country: str) -> str:
    prefixes = sorted((p for p, c in _prefixes().items() if c == country), key=len)
    for prefix in prefixes:
        if prefix.startswith(_NANP):
            return _NANP
        for length in range(1, len(prefix)):
            if prefix[:length] in _prefixes():
                return prefix[:length]
    return prefixes[0]


def country_of(
    numbers: pd.Series[Any], default: str | npt.NDArray[np.int16] | None = None
) -> pd.DataFrame:
    """Find the country that each phone number belongs to.

    A number with ``+`` or ``00`` in front is international. One without is read as a national
    number of the `default` country; if it has eleven digits or more and no length of a mobile
    number there, or if there is no default, as an international number that lost its ``+``. A
    shorter one without a default is a problem, for it may be anywhere. Blanks, brackets, dots,
    dashes and slashes are ignored, and so are the ``(0)`` of ``+44 (0)20`` and the ``.0`` that a
    table of floats puts behind a number.

    Parameters
    ----------
    numbers : Series of str, int or float
        Phone numbers; a float must be whole, as spreadsheets write them.
    default : str or ndarray of int16, optional
        As of :func:`locate`.

    Returns
    -------
    pandas.DataFrame
        With the index of `numbers`: ``country`` (str, ISO 3166-1 alpha-2, null where not known)
        and ``problem`` (str, null where the number is fine).

    Notes
    -----
    Sources: ITU-T E.164 (11/2010) for the form and the calling codes; area codes of the North
    American Numbering Plan as in libphonenumber's metadata of 2026-11. The carrier that a
    number was ported to cannot be known from its digits.

    Examples
    --------
    >>> import pandas as pd
    >>> country_of(pd.Series(["+44 20 7946 0000", "(202) 555-0123", "+999 1", None]), "US")
      country           problem
    0      GB               NaN
    1      US               NaN
    2     NaN  number too short
    3     NaN         no number
    """
    found = locate(numbers, default)
    return pd.DataFrame(
        {
            "country": _written(found.country, countries()),
            "problem": _written(found.problem.astype(np.int16) - 1, PROBLEMS[1:]),
        },
        index=numbers.index,
    )


def _written(codes: npt.NDArray[np.int16], names: Sequence[str]) -> Any:
    """Write codes as names; -1 is null."""
    return pd.Series(named(codes, names).cast(pa.large_string()), dtype="str").array


class Located(NamedTuple):
    """Where n numbers lead.

    Parameters
    ----------
    number : ndarray of int64, shape (n,)
        The digits of E.164, as one integer; 0 where something is wrong.
    country : ndarray of int16, shape (n,)
        Place in :func:`countries`; -1 where not known.
    zones : ndarray of int16, shape (n,)
        Place in :func:`zones`; -1 where not known.
    problem : ndarray of uint8, shape (n,)
        Place in :data:`PROBLEMS`: what is wrong; 0 for nothing.
    """

    number: npt.NDArray[np.int64]
    country: npt.NDArray[np.int16]
    zones: npt.NDArray[np.int16]
    problem: npt.NDArray[np.uint8]


def locate(numbers: pd.Series[Any], default: str | npt.NDArray[np.int16] | None = None) -> Located:
    """Complete numbers to E.164 and find where each leads, as :func:`country_of` reads them.

    Parameters
    ----------
    numbers : Series of str, int or float, shape (n,)
        Phone numbers.
    default : str or ndarray of int16, shape (n,), optional
        Country that national numbers belong to: one for all, or for each its place in
        :func:`countries`, -1 for none.

    Returns
    -------
    Located

    Raises
    ------
    InputError
        If the numbers are true and false, or have decimals.

    Notes
    -----
    Source: trunk prefixes and lengths of mobile numbers as in libphonenumber's metadata of
    2026-11. That a number is taken is not looked at.

    Examples
    --------
    >>> import pandas as pd
    >>> from smslab.numbering import locate, zones
    >>> found = locate(pd.Series(["06 12 34 56 78", "+1 212 555 0123"]), "FR")
    >>> found.number
    array([33612345678, 12125550123])
    >>> [zones()[place] for place in found.zones]
    [('Europe/Paris',), ('America/New_York',)]
    """
    text = pc.utf8_trim_whitespace(pa.array(_as_text(numbers), pa.large_string()))
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    text = text.fill_null("")
    rows = len(text)
    if default is None or isinstance(default, str):
        place = -1 if default is None else countries().index(country_code(default))
        default = np.full(rows, place, np.int16)
    found = Located(
        np.empty(rows, np.int64),
        np.empty(rows, np.int16),
        np.empty(rows, np.int16),
        np.empty(rows, np.uint8),
    )
    numbers_kernel(  # type: ignore[call-arg]  # numba has no types
        *views(text), default, *_national(), *_tree(), *found
    )
    strange = np.flatnonzero(found.problem == PROBLEMS.index("not a phone number"))
    rounded = pc.match_substring_regex(text.take(pa.array(strange)), _ROUNDED)
    found.problem[strange[rounded.to_numpy(zero_copy_only=False)]] = len(PROBLEMS) - 1
    return found


def e164(number: npt.NDArray[np.int64]) -> pa.LargeStringArray:
    """Write numbers in the form of E.164, with their plus sign.

    Parameters
    ----------
    number : ndarray of int64, shape (n,)
        Digits as one integer, as of :class:`Located`; 0 for no number, which becomes null.

    Returns
    -------
    pyarrow.LargeStringArray, shape (n,)

    Examples
    --------
    >>> import numpy as np
    >>> from smslab.numbering import e164
    >>> e164(np.array([12025550123, 0])).to_pylist()
    ['+12025550123', None]
    """
    offsets = np.empty(len(number) + 1, np.int64)
    data = np.empty(_LONGEST_E164 * len(number), np.uint8)
    written_kernel(number, offsets, data)
    there = pa.array(number != 0).buffers()[1]
    buffers = [there, pa.py_buffer(offsets), pa.py_buffer(data[: offsets[-1]].copy())]
    return pa.Array.from_buffers(pa.large_string(), len(number), buffers)


@functools.cache
def countries() -> tuple[str, ...]:
    """Return the ISO 3166-1 alpha-2 codes of :func:`known_countries`, in order."""
    return tuple(sorted(known_countries()))


@functools.cache
def _zones() -> tuple[dict[str, int], tuple[tuple[str, ...], ...]]:
    text = resources.files("smslab").joinpath("data", "zones.csv").read_text("utf-8")
    rows = {row["prefix"]: tuple(row["zones"].split()) for row in csv.DictReader(text.splitlines())}
    distinct = list(dict.fromkeys(rows.values()))
    return {prefix: distinct.index(zones) for prefix, zones in rows.items()}, tuple(distinct)


def zones() -> tuple[tuple[str, ...], ...]:
    """Return the time zones that numbers may be in, together where they may be in several.

    Returns
    -------
    tuple of tuple of str
        Names of the IANA time zone database.
    """
    return _zones()[1]


@functools.cache
def _national() -> tuple[npt.NDArray[Any], ...]:
    """Return calling code, trunk prefixes and lengths of mobile numbers of each country."""
    codes = np.full((len(countries()), 5), _END, np.uint8)
    trunks = np.full((len(countries()), 3, 3), _END, np.uint8)
    lengths = np.zeros(len(countries()), np.int64)
    rows = {row["country"]: row for row in _table()}
    for place, country in enumerate(countries()):
        code = _calling_code(country)
        codes[place, : len(code)] = list(map(int, code))
        for number, trunk in enumerate(rows[country]["trunk"].split()):
            trunks[place, number, : len(trunk)] = list(map(int, trunk))
        lengths[place] = sum(1 << int(n) for n in rows[country]["mobile_digits"].split())
    return codes, trunks, lengths


@functools.cache
def _tree() -> tuple[npt.NDArray[Any], ...]:
    """Return the tree of prefixes, and the country and the time zones at each of its nodes."""
    following: list[list[int]] = [[0] * 10]
    places: tuple[dict[int, int], dict[int, int]] = ({}, {})
    of_country = {prefix: countries().index(c) for prefix, c in _prefixes().items()}
    for known, prefixes in zip(places, (of_country, _zones()[0]), strict=True):
        for prefix, place in prefixes.items():
            node = 0
            for digit in map(int, prefix):
                if not following[node][digit]:
                    following[node][digit] = len(following)
                    following.append([0] * 10)
                node = following[node][digit]
            known[node] = place
    nodes = range(len(following))
    at = (np.array([known.get(node, -1) for node in nodes], np.int16) for known in places)
    return np.array(following, np.int32), *at


def _as_text(numbers: pd.Series[Any]) -> pd.Series[Any]:
    if pd.api.types.is_bool_dtype(numbers):
        raise InputError("the numbers are true and false; pass the column of phone numbers")
    if pd.api.types.is_float_dtype(numbers):
        values = numbers.astype("Float64")
        numbers_that_fit = values.where((values.abs() < _LARGEST).fillna(False))
        are_whole = (numbers_that_fit % 1 == 0).fillna(False)
        if numbers_that_fit.notna().sum() > 2 * are_whole.sum():
            raise InputError("most numbers have decimals; pass the column of phone numbers")
        whole = numbers_that_fit.where(are_whole).astype("Int64").astype("str")
        return whole.fillna(values.astype("str"))
    if pd.api.types.is_integer_dtype(numbers) or isinstance(numbers.dtype, pd.StringDtype):
        return numbers.astype("str")
    return as_strings(numbers)


def as_strings(values: pd.Series[Any]) -> pd.Series[Any]:
    """Turn the values of a column into strings; nulls stay, a lone surrogate becomes ``?``.

    Parameters
    ----------
    values : Series
        A column of any kind.

    Returns
    -------
    Series of str
    """
    if isinstance(values.dtype, pd.StringDtype):
        return values.astype("str")
    texts = values.astype("object").map(
        lambda value: str(value).encode("utf-8", "replace").decode("utf-8"), na_action="ignore"
    )
    return texts.astype("str")
