"""Encoding of texts: how each is encoded and into how many segments it is split."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab import rules
from smslab.alphabets import GSM7_DEFAULT, GSM7_EXTENSION
from smslab.kernels.segmentation import segment_kernel
from smslab.text import Texts, as_chunks, index_of, views

__all__ = ["ENCODINGS", "LIMITS", "SEPTETS", "segment"]

#: The encodings in the order of the kernel's codes.
ENCODINGS: Final = ("GSM-7", "UCS-2")

#: Units of a single message and of a part, GSM-7 then UCS-2: what the kernels take as `limits`.
LIMITS: Final = np.array(
    [
        rules.GSM7_SINGLE_UNITS,
        rules.GSM7_PART_UNITS,
        rules.UCS2_SINGLE_UNITS,
        rules.UCS2_PART_UNITS,
    ],
    np.int64,
)


def _septets_by_code_point() -> npt.NDArray[np.uint8]:
    table = np.zeros(ord(max(GSM7_DEFAULT | GSM7_EXTENSION)) + 1, np.uint8)
    for alphabet, septets in ((GSM7_DEFAULT, 1), (GSM7_EXTENSION, 2)):
        table[[ord(character) for character in alphabet]] = septets
    return table


#: Septets by code point, 0 outside the alphabet: what the kernels take as `septets`.
SEPTETS: Final = _septets_by_code_point()


def segment(texts: Texts) -> pd.DataFrame:
    r"""Say how each text is encoded and into how many segments it is split.

    A text whose characters all stand in the GSM 7-bit default alphabet or its extension table
    is GSM-7, any other is UCS-2. A single segment holds 160 septets or 70 UTF-16 code units; a
    longer text is split into parts of 153 or 67, because each part carries a header of six
    octets that joins them (8-bit reference). A character of two units (``€``, ``[``, emoji)
    is never split over two parts.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        The texts. Nulls are kept as nulls.

    Returns
    -------
    pandas.DataFrame
        One row per text, with the index of `texts` where it is a Series:

        ``encoding`` : category, ``GSM-7`` or ``UCS-2``
        ``characters`` : Int32, Unicode code points
        ``units`` : Int32, septets (GSM-7) or UTF-16 code units (UCS-2)
        ``segments`` : Int32, parts that go over the air and are billed

        The empty text is GSM-7 with 0 units and 1 segment: an empty message can be sent. Counts
        over 255 segments are given although no network can join so many parts.

    Raises
    ------
    TypeError
        For a single string, a whole table, or values that are no strings.
    TextError
        For a text with a lone surrogate; its row and index are named.

    Notes
    -----
    Source: 3GPP TS 23.038 V18.0.0, 6.1.2.1, 6.2.1, 6.2.1.1 and 6.2.3; 3GPP TS 23.040 V18.0.0,
    9.2.3.24.1.

    Examples
    --------
    >>> import smslab
    >>> smslab.segment(["Your code is 1234", "Your code is 1234 ✓", "[" * 80 + "!"])
      encoding  characters  units  segments
    0    GSM-7          17     17         1
    1    UCS-2          19     19         1
    2    GSM-7          81    161         2
    """
    chunks = as_chunks(texts)
    rows = sum(len(chunk) for chunk in chunks)
    encoding = np.empty(rows, np.int8)
    characters = np.empty(rows, np.int32)
    units = np.empty(rows, np.int32)
    segments = np.empty(rows, np.int32)
    null = np.zeros(rows, np.bool_)
    first = 0
    for chunk in chunks:
        place = slice(first, first + len(chunk))
        segment_kernel(
            *views(chunk),
            SEPTETS,
            LIMITS,
            encoding[place],
            characters[place],
            units[place],
            segments[place],
        )
        if chunk.null_count:
            null[place] = chunk.is_null().to_numpy(zero_copy_only=False)
        first += len(chunk)
    encoding[null] = -1
    counts = {"characters": characters, "units": units, "segments": segments}
    for column in counts.values():
        column[null] = 0
    return pd.DataFrame(
        {
            "encoding": pd.Categorical.from_codes(encoding, categories=pd.Index(ENCODINGS)),
            **{
                name: pd.arrays.IntegerArray(column, null.copy()) for name, column in counts.items()
            },
        },
        index=index_of(texts, rows),
    )
