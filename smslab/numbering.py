"""Phone numbers and countries: where a number leads, by ITU-T E.164 calling codes."""

from __future__ import annotations

import csv
import functools
from importlib import resources
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab import rules
from smslab.errors import InputError, nearest

__all__ = ["as_strings", "country_code", "country_of", "country_of_prefix", "known_countries"]

NO_NUMBER: Final = "no number"
NOT_A_NUMBER: Final = "not a phone number"
TOO_SHORT: Final = "number too short"
TOO_LONG: Final = "number too long"
UNKNOWN_CODE: Final = "unknown calling code"
NO_COUNTRY: Final = "national number without a country"

# RE2's \s knows no Unicode, so the no-break space and the dashes of copied numbers are named.
_WELL_FORMED: Final = r"^(?:tel:)?\s*(?:\+|00)?[\s(]*[0-9][0-9\s().\-/\x{00A0}\x{2010}-\x{2015}]*$"
#: Seven digits or more: one side of the slash between two numbers in one cell.
_WHOLE: Final = r"[0-9](?:[\s.\-]*[0-9]){6,}"

_NANP: Final = "1"
_SHORTEST_WITHOUT_PLUS: Final = 11

#: Floats from here on are no phone numbers, and larger than the integers that they can hold.
_LARGEST: Final = 1e16


@functools.cache
def _table() -> list[dict[str, str]]:
    table = resources.files("smslab").joinpath("data", "calling_codes.csv").read_text("utf-8")
    return list(csv.DictReader(table.splitlines()))


@functools.cache
def _prefixes() -> dict[str, str]:
    return {row["prefix"]: row["country"] for row in _table()}


@functools.cache
def _mobile_digits(country: str) -> tuple[int, ...]:
    digits = next(row["mobile_digits"] for row in _table() if row["country"] == country)
    return tuple(int(length) for length in digits.split())


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


def country_of(numbers: pd.Series[Any], default: str | None = None) -> pd.DataFrame:
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
    default : str, optional
        ISO 3166-1 alpha-2 code of the country that national numbers belong to.

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
    text = pc.utf8_trim_whitespace(pa.array(_as_text(numbers), pa.large_string()))
    if isinstance(text, pa.ChunkedArray):
        text = pa.concat_arrays([pa.array([], text.type), *text.chunks])
    missing = pc.fill_null(pc.equal(text, ""), True)
    well_formed = pc.fill_null(pc.match_substring_regex(text, _WELL_FORMED), False)
    international = pc.fill_null(pc.match_substring_regex(text, r"^(?:tel:)?\s*(?:\+|00)"), False)
    text = pc.replace_substring_regex(text, r"^([^.]*)\.0+$", r"\1")
    wrong = pc.or_(
        pc.match_substring_regex(text, r"^[^.]*\.[0-9]{1,2}$"),
        pc.match_substring_regex(text, rf"{_WHOLE}\s*/\s*{_WHOLE}"),
    )
    without_trunk = pc.replace_substring(text, "(0)", "")
    digits = pc.replace_substring_regex(without_trunk, r"^(?:tel:)?\s*00|[^0-9]", "")
    if default is not None:
        digits, national = _complete(digits, international, country_code(default)), False
    else:
        short = pc.less(pc.utf8_length(digits), _SHORTEST_WITHOUT_PLUS)
        national = pc.and_(pc.invert(international), pc.or_(short, pc.starts_with(digits, "0")))
    length = pc.utf8_length(digits)
    nanp = pc.starts_with(digits, _NANP)
    country = pa.nulls(len(text), pa.large_string())
    prefixes = _prefixes()
    for size in range(1, max(map(len, prefixes)) + 1):
        known = {prefix: place for prefix, place in prefixes.items() if len(prefix) == size}
        if known:
            found = pc.index_in(
                pc.utf8_slice_codeunits(digits, 0, size),
                pa.array(list(known), pa.large_string()),
            )
            longer = pc.take(pa.array(list(known.values()), pa.large_string()), found)
            country = pc.coalesce(longer, country)
    checks: list[tuple[Any, str]] = [
        (missing, NO_NUMBER),
        (pc.or_(pc.invert(well_formed), pc.fill_null(wrong, False)), NOT_A_NUMBER),
        (pc.less(length, rules.E164_MIN_DIGITS), TOO_SHORT),
        (pc.greater(length, rules.E164_MAX_DIGITS), TOO_LONG),
        (pc.and_(nanp, pc.less(length, rules.NANP_DIGITS)), TOO_SHORT),
        (pc.and_(nanp, pc.greater(length, rules.NANP_DIGITS)), TOO_LONG),
        (national, NO_COUNTRY),
        (pc.is_null(country), UNKNOWN_CODE),
    ]
    problem = pc.case_when(
        pa.StructArray.from_arrays(
            [_mask(check, len(text)) for check, _ in checks], [name for _, name in checks]
        ),
        *(pa.scalar(name, pa.large_string()) for _, name in checks),
    )
    country = pc.if_else(pc.is_null(problem), country, pa.scalar(None, pa.large_string()))
    return pd.DataFrame(
        {
            "country": pd.Series(country.to_numpy(zero_copy_only=False), numbers.index, "str"),
            "problem": pd.Series(problem.to_numpy(zero_copy_only=False), numbers.index, "str"),
        }
    )


def _mask(check: Any, rows: int) -> Any:
    return pa.repeat(check, rows) if isinstance(check, bool) else pc.fill_null(check, False)


def _as_text(numbers: pd.Series[Any]) -> pd.Series[Any]:
    if pd.api.types.is_bool_dtype(numbers):
        raise InputError("the numbers are true and false; pass the column of phone numbers")
    if pd.api.types.is_float_dtype(numbers):
        values = numbers.astype("Float64")
        numbers_that_fit = values.where((values.abs() < _LARGEST).fillna(False))
        if not (numbers_that_fit.dropna() % 1 == 0).all():
            raise InputError("the numbers have decimals; pass the column of phone numbers")
        return numbers_that_fit.astype("Int64").astype("str").fillna(values.astype("str"))
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


def _complete(digits: Any, international: Any, country: str) -> Any:
    """Put the calling code of `country` in front of its national numbers."""
    code = _calling_code(country)
    length = pc.utf8_length(digits)
    if code == _NANP:
        # National numbers have ten digits; a shorter one lacks some, a longer one is abroad.
        national = pc.less(length, rules.NANP_DIGITS)
        without_trunk = digits
    else:
        # The trunk prefix, 0 or in Russia and Kazakhstan 8; Italy's landlines keep their zero,
        # but here only the country is looked up.
        trunk = r"^8([0-9]{10})$" if code == "7" else "^0(.*)$"
        without_trunk = pc.replace_substring_regex(digits, trunk, r"\1")
        long = pc.greater_equal(length, _SHORTEST_WITHOUT_PLUS)
        fitting = pc.is_in(length, pa.array(_mobile_digits(country), length.type))
        abroad = pc.and_(long, pc.or_(pc.invert(fitting), pc.starts_with(digits, code)))
        national = pc.or_(pc.not_equal(digits, without_trunk), pc.invert(abroad))
    add_code = pc.fill_null(pc.and_(pc.invert(international), national), False)
    completed = pc.binary_join_element_wise(
        pa.scalar(code, pa.large_string()), without_trunk, pa.scalar("", pa.large_string())
    )
    return pc.if_else(add_code, completed, digits)
