"""A list that is prepared in parts, each for itself: duplicates are found among all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab.preparation import DUPLICATE
from smslab.prepare import prepare
from smslab.seen import Seen, fingerprints

__all__ = ["Keys", "first_rows", "keys_of", "prepared_alone", "unlabelled", "without_duplicates"]

#: What makes rows of a part duplicates: numbers, 0 where a row is rejected, and texts.
Keys = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64] | None]


def prepared_alone(messages: pd.DataFrame, **options: Any) -> pd.DataFrame:
    """Prepare a part of a list, its duplicates left in.

    Parameters
    ----------
    messages : DataFrame
        The part.
    **options : object
        As of :func:`smslab.prepare`.

    Returns
    -------
    DataFrame
        As :attr:`smslab.Prepared.messages`, its categories as strings.
    """
    found = prepare(messages, **{**options, "duplicates": "none"}).messages
    return unlabelled(found)


def unlabelled(table: pd.DataFrame) -> pd.DataFrame:
    """Turn categories into strings: the labels of one part are not those of another.

    Parameters
    ----------
    table : DataFrame
        A result.

    Returns
    -------
    DataFrame
    """
    # By Arrow, which takes a tenth of the time of pandas' own way.
    strings = {
        str(name): pd.Series(
            pa.array(table[name]).cast(pa.large_string()), table.index, dtype="str"
        )
        for name in table.select_dtypes("category")
    }
    return table.assign(**strings)


def keys_of(part: pd.DataFrame, by: str) -> Keys:
    """Return what makes rows of a prepared part duplicates.

    Parameters
    ----------
    part : DataFrame
        As of :func:`prepared_alone`.
    by : str
        `duplicates` of :func:`smslab.prepare`.

    Returns
    -------
    tuple of ndarray
    """
    kept = part["sms_status"] != "rejected"
    digits = pc.utf8_slice_codeunits(pa.array(part["sms_number"], pa.large_string()), 1)
    number = pc.fill_null(digits.cast(pa.int64()), 0).to_numpy() * kept.to_numpy()
    if by == "number":
        return number, None
    texts = pa.chunked_array([pa.array(part["sms_text"], pa.large_string())])
    return number, fingerprints(texts.combine_chunks())


def first_rows(keys: Sequence[Keys], by: str) -> list[npt.NDArray[np.int64]]:
    """Find for each row of all parts the first row like it.

    Parameters
    ----------
    keys : sequence of tuple of ndarray
        Of each part, in order.
    by : str
        As of :func:`keys_of`.

    Returns
    -------
    list of ndarray of int64
        Of each part: the row in the whole list, from 0; -1 where it is this one or rejected.
    """
    seen = Seen(by_text=by != "number")
    return [seen.first_rows(number, texts, number > 0) for number, texts in keys]


def without_duplicates(part: pd.DataFrame, first: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Reject the duplicates of a prepared part.

    Parameters
    ----------
    part : DataFrame
        As of :func:`prepared_alone`.
    first : ndarray of int64, shape (n,)
        Of the part, as of :func:`first_rows`.

    Returns
    -------
    DataFrame
        As :func:`smslab.prepare` has it of the whole list.
    """
    double = first >= 0
    rows = pd.array(first + 1, "Int64")
    rows[~double] = pd.NA
    return part.assign(
        sms_first_row=rows,
        sms_status=part["sms_status"].mask(double, "rejected"),
        sms_reason=part["sms_reason"].mask(double, DUPLICATE),
        **{name: part[name].mask(double) for name in ("sms_cost", "sms_send_at", "sms_changes")},
    )
