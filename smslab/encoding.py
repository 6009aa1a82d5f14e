"""Encoding of texts: how each is encoded and into how many segments it is split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab import rules
from smslab.alphabets import GSM7_DEFAULT, GSM7_EXTENSION
from smslab.errors import TextError
from smslab.kernels.segmentation import segment_kernel, split_kernel
from smslab.text import Texts, as_chunks, index_of, views

__all__ = ["ENCODINGS", "SEPTETS", "limits", "segment", "split"]

#: The encodings in the order of the kernel's codes.
ENCODINGS: Final = ("GSM-7", "UCS-2")


def _septets_by_code_point() -> npt.NDArray[np.uint8]:
    table = np.zeros(ord(max(GSM7_DEFAULT | GSM7_EXTENSION)) + 1, np.uint8)
    for alphabet, septets in ((GSM7_DEFAULT, 1), (GSM7_EXTENSION, 2)):
        table[[ord(character) for character in alphabet]] = septets
    return table


#: Septets by code point, 0 outside the alphabet: what the kernels take as `septets`.
SEPTETS: Final = _septets_by_code_point()


def limits(reference_bits: int = 8, *, concatenation: bool = True) -> npt.NDArray[np.int64]:
    """Return what the kernels take as `limits`: single and part, GSM-7 then UCS-2.

    Parameters
    ----------
    reference_bits : int
        As of :func:`smslab.segment`.
    concatenation : bool
        As of :func:`smslab.segment`.

    Returns
    -------
    ndarray of int64, shape (4,)
        Septets of a single message and of a part, UTF-16 code units of the same.
    """
    septets, code_units = rules.part_units(reference_bits, concatenation=concatenation)
    return np.array(
        [rules.GSM7_SINGLE_UNITS, septets, rules.UCS2_SINGLE_UNITS, code_units], np.int64
    )


@dataclass(frozen=True)
class _Counts:
    """What the kernel says of n texts, as arrays; nulls are set to nothing in all of them."""

    encoding: npt.NDArray[np.int8]
    characters: npt.NDArray[np.int32]
    units: npt.NDArray[np.int32]
    segments: npt.NDArray[np.int32]
    free: npt.NDArray[np.int32]
    null: npt.NDArray[np.bool_]


def _count(chunks: list[pa.LargeStringArray], limits: npt.NDArray[np.int64]) -> _Counts:
    rows = sum(len(chunk) for chunk in chunks)
    counts = _Counts(
        encoding=np.empty(rows, np.int8),
        characters=np.empty(rows, np.int32),
        units=np.empty(rows, np.int32),
        segments=np.empty(rows, np.int32),
        free=np.empty(rows, np.int32),
        null=np.zeros(rows, np.bool_),
    )
    numbers = (counts.characters, counts.units, counts.segments, counts.free)
    first = 0
    for chunk in chunks:
        place = slice(first, first + len(chunk))
        offsets, data = views(chunk)
        part = [column[place] for column in numbers]
        segment_kernel(offsets, data, SEPTETS, limits, counts.encoding[place], *part)
        if chunk.null_count:
            counts.null[place] = chunk.is_null().to_numpy(zero_copy_only=False)
        first += len(chunk)
    counts.encoding[counts.null] = -1
    for column in numbers:
        column[counts.null] = 0
    return counts


def _check_utf8(chunk: pa.LargeStringArray) -> None:
    try:
        chunk.validate(full=True)
    except pa.ArrowInvalid as error:
        raise TextError(f"the texts are not well-formed: {error}; make them anew") from None


def _nullable(values: npt.NDArray[Any], null: npt.NDArray[np.bool_]) -> Any:
    array = pd.arrays.BooleanArray if values.dtype == np.bool_ else pd.arrays.IntegerArray
    return array(values, null.copy())


def segment(texts: Texts, *, reference_bits: int = 8, concatenation: bool = True) -> pd.DataFrame:
    r"""Say how each text is encoded and into how many segments it is split.

    A text whose characters all stand in the GSM 7-bit default alphabet or its extension table
    is GSM-7, any other is UCS-2. A single segment holds 160 septets or 70 UTF-16 code units; a
    longer text is split into parts of 153 or 67, because each part carries a header of six
    octets that joins them. A character of two units (``€``, ``[``, emoji) is never split over
    two parts.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        The texts. Nulls are kept as nulls.
    reference_bits : int
        Bits of the reference number in that header: 8, or 16 as some routes use it; then parts
        hold 152 and 66.
    concatenation : bool
        False for a network that does not join parts: they are messages of their own, without a
        header, of 160 and 70.

    Returns
    -------
    pandas.DataFrame
        One row per text, with the index of `texts` where it is a Series:

        ``encoding`` : category, ``GSM-7`` or ``UCS-2``
        ``characters`` : Int32, Unicode code points
        ``units`` : Int32, septets (GSM-7) or UTF-16 code units (UCS-2)
        ``segments`` : Int32, parts that go over the air and are billed
        ``free`` : Int32, units that still fit into the last part
        ``too_long`` : boolean, whether there are over 255 parts to join, more than a header counts

        The empty text is GSM-7 with 0 units and 1 segment: an empty message can be sent.

    Raises
    ------
    TypeError
        For a single string, a whole table, or values that are no strings.
    TextError
        For a text with a lone surrogate; its row and index are named.
    ValueError
        If `reference_bits` is neither 8 nor 16.

    Notes
    -----
    Source: 3GPP TS 23.038 V18.0.0, 6.1.2.1, 6.2.1, 6.2.1.1 and 6.2.3; 3GPP TS 23.040 V18.0.0,
    9.2.3.24.1 and 9.2.3.24.8.

    Examples
    --------
    >>> import smslab
    >>> smslab.segment(["Your code is 1234", "Your code is 1234 ✓", "[" * 80 + "!"])
      encoding  characters  units  segments  free  too_long
    0    GSM-7          17     17         1   143     False
    1    UCS-2          19     19         1    51     False
    2    GSM-7          81    161         2   144     False
    """
    counts = _count(as_chunks(texts), limits(reference_bits, concatenation=concatenation))
    numbers = {
        "characters": counts.characters,
        "units": counts.units,
        "segments": counts.segments,
        "free": counts.free,
        "too_long": (counts.segments > rules.MAX_SEGMENTS) & concatenation,
    }
    return pd.DataFrame(
        {
            "encoding": pd.Categorical.from_codes(counts.encoding, categories=pd.Index(ENCODINGS)),
            **{name: _nullable(column, counts.null) for name, column in numbers.items()},
        },
        index=index_of(texts, len(counts.null)),
    )


def split(texts: Texts, *, reference_bits: int = 8, concatenation: bool = True) -> pd.DataFrame:
    """Split each text into the parts that go over the air.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        The texts.
    reference_bits : int
        As of :func:`smslab.segment`.
    concatenation : bool
        As of :func:`smslab.segment`.

    Returns
    -------
    pandas.DataFrame
        One row per part, in order; the parts of a text joined give it back:

        ``message`` : the text's label in the index of `texts`, its number if that is no Series
        ``part`` : Int32, from 1
        ``parts`` : Int32, how many the text has
        ``text`` : str
        ``units`` : Int32, septets or UTF-16 code units of the part

        A null text has one row, in which all but ``message`` is null.

    Raises
    ------
    TypeError, TextError, ValueError
        As of :func:`segment`; TextError also for Arrow data that is no well-formed UTF-8.

    Notes
    -----
    Source: as of :func:`segment`.

    Examples
    --------
    >>> import smslab
    >>> parts = smslab.split(["a" * 152 + "€" + "b" * 10, "short"])
    >>> parts[["message", "part", "parts", "units"]]
       message  part  parts  units
    0        0     1      2    152
    1        0     2      2     12
    2        1     1      1      5
    """
    room = limits(reference_bits, concatenation=concatenation)
    chunks = as_chunks(texts)
    counts = _count(chunks, room)
    # A null has one row too.
    rows = np.maximum(counts.segments, 1)
    units = np.empty(rows.sum(), np.int32)
    pieces: list[pa.LargeStringArray] = []
    first = first_part = 0
    for chunk in chunks:
        _check_utf8(chunk)
        place = slice(first, first + len(chunk))
        total = int(rows[place].sum())
        borders = np.empty(total + 1, np.int64)
        offsets, data = views(chunk)
        split_kernel(
            offsets,
            data,
            SEPTETS,
            room,
            counts.encoding[place],
            counts.units[place],
            rows[place],
            borders,
            units[first_part : first_part + total],
        )
        texts_of_parts = pa.LargeStringArray.from_buffers(
            total, pa.py_buffer(borders), chunk.buffers()[2]
        )
        pieces.append(texts_of_parts)
        first, first_part = first + len(chunk), first_part + total
    ends = np.cumsum(rows)
    part = np.arange(1, len(units) + 1) - np.repeat(ends - rows, rows)
    null = np.repeat(counts.null, rows)
    whole = pa.chunked_array(pieces, pa.large_string())
    text = pd.Series(pc.if_else(pa.array(~null), whole, None), dtype="str")
    return pd.DataFrame(
        {
            "message": index_of(texts, len(rows)).to_flat_index().repeat(rows),
            "part": _nullable(part.astype(np.int32), null),
            "parts": _nullable(np.repeat(rows, rows), null),
            "text": text,
            "units": _nullable(units, null),
        }
    )
