"""Amounts: numbers and sums of money as people and providers write them."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Amounts", "read_amounts", "read_numbers"]

#: Signs and their currencies; several countries have dollars, and two have ¥.
_SIGNS: Final = {"$": "", "¥": "", "€": "EUR", "£": "GBP", "₹": "INR"}

_UNIT: Final = rf"([A-Z]{{3}}|[{''.join(_SIGNS)}])?"
_AMOUNT: Final = re.compile(rf"[-+]?\s*{_UNIT}\s*[-+]?\s*([0-9.,\s]*[0-9])\s*{_UNIT}")

#: Groups of three digits, and a fraction behind another mark.
_GROUPED: Final = re.compile(
    r"[1-9][0-9]{0,2}(?:([.,\s])[0-9]{3}(?:\1[0-9]{3})*)(?:(?!\1)[.,][0-9]+)?"
)
_AMBIGUOUS: Final = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}")


class Amounts(NamedTuple):
    """Sums of money.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        The sums; NaN where there is none.
    currencies : ndarray of object, shape (n,)
        The code of the currency that stands with the sum; empty where none does.
    """

    values: npt.NDArray[np.float64]
    currencies: npt.NDArray[np.object_]


def read_numbers(texts: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Read numbers, each different text once.

    Parameters
    ----------
    texts : ChunkedArray of large_string
        The numbers.

    Returns
    -------
    ndarray of float64
        NaN where there is none.
    """
    coded = texts.combine_chunks().dictionary_encode()
    written = pd.Series(coded.dictionary, dtype="str")
    known = pd.to_numeric(written, errors="coerce").to_numpy(np.float64)
    numbers: npt.NDArray[np.float64] = _by_code(coded, known, np.nan)
    return numbers


def read_amounts(texts: pa.ChunkedArray) -> Amounts:
    """Read sums of money, each different text once.

    Parameters
    ----------
    texts : ChunkedArray of large_string
        Sums with a point or a comma, with or without a currency. What may be two sums, such as
        ``1,234``, is none.

    Returns
    -------
    Amounts
    """
    coded = texts.combine_chunks().dictionary_encode()
    written = pd.Series(coded.dictionary, dtype="str")
    values = pd.to_numeric(written, errors="coerce").to_numpy(np.float64, copy=True)
    units = np.full(len(values), "", object)
    for place in np.flatnonzero(np.isnan(values)):
        values[place], units[place] = _amount(str(written[place]))
    return Amounts(_by_code(coded, values, np.nan), _by_code(coded, units, ""))


def _by_code(coded: pa.DictionaryArray, values: npt.NDArray[Any], other: object) -> Any:
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    return np.append(values, np.array([other], values.dtype))[codes]


def _amount(text: str) -> tuple[float, str]:
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or (found[1] and found[3]):
        return np.nan, ""
    unit = found[1] or found[3] or ""
    return _number(found[2]), _SIGNS.get(unit, unit)


def _number(text: str) -> float:
    if _AMBIGUOUS.fullmatch(text):
        return np.nan
    grouped = _GROUPED.fullmatch(text)
    # 1.234 is a number with a fraction, as everywhere in logs.
    if grouped and not re.fullmatch(r"[0-9]+\.[0-9]+", text):
        text = text.replace(grouped[1], "")
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return np.nan
