"""Encoding of texts: how each is encoded and into how many segments it is split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from smslab import rules
from smslab.alphabets import ESCAPE, GSM7_DEFAULT, GSM7_EXTENSION
from smslab.errors import TextError
from smslab.kernels.packing import encode_kernel
from smslab.kernels.segmentation import segment_kernel, split_kernel
from smslab.text import Texts, as_chunks, index_of, views

__all__ = ["ENCODINGS", "SEPTETS", "encode", "limits", "segment", "split"]

#: The encodings in the order of the kernel's codes.
ENCODINGS: Final = ("GSM-7", "UCS-2")


def _septets_by_code_point() -> npt.NDArray[np.uint8]:
    table = np.zeros(ord(max(GSM7_DEFAULT | GSM7_EXTENSION)) + 1, np.uint8)
    for alphabet, septets in ((GSM7_DEFAULT, 1), (GSM7_EXTENSION, 2)):
        table[[ord(character) for character in alphabet]] = septets
    return table


#: Septets by code point, 0 outside the alphabet: what the kernels take as `septets`.
SEPTETS: Final = _septets_by_code_point()


def _codes_by_code_point() -> npt.NDArray[np.uint16]:
    table = np.zeros(len(SEPTETS), np.uint16)
    for alphabet, escape in ((GSM7_DEFAULT, 0), (GSM7_EXTENSION, ESCAPE << 8)):
        table[[ord(character) for character in alphabet]] = [
            escape | code for code in alphabet.values()
        ]
    return table


_CODES: Final = _codes_by_code_point()

#: TP-Data-Coding-Scheme of the encodings, no class given (TS 23.038, 4).
_DATA_CODING: Final = {"GSM-7": 0x00, "UCS-2": 0x08}

#: Information elements that join parts, by the bits of the reference (TS 23.040, 9.2.3.24).
_CONCATENATION_IEI: Final = {8: 0x00, 16: 0x08}

_PACKINGS: Final = ("packed", "unpacked")


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


class _Piece(NamedTuple):
    """The parts of the texts of one chunk: part k is its bytes from border k to k + 1."""

    chunk: pa.LargeStringArray
    borders: npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Parts:
    """The parts of n texts, `rows` of each; a null text has one, which is null.

    Arrays of a row a part: `units`, `number` in the text from 1, `null`.
    """

    counts: _Counts
    rows: npt.NDArray[np.int32]
    pieces: list[_Piece]
    units: npt.NDArray[np.int32]
    number: npt.NDArray[np.int32]
    null: npt.NDArray[np.bool_]

    def nullable(self, values: npt.NDArray[Any]) -> Any:
        return _nullable(values, self.null)

    def columns(self, texts: Texts) -> dict[str, Any]:
        """Return the columns that tell which part of which text a row is."""
        index = index_of(texts, len(self.rows)).to_flat_index()
        return {
            "message": index.repeat(self.rows),
            "part": self.nullable(self.number),
            "parts": self.nullable(np.repeat(self.rows, self.rows)),
        }


def _part(chunks: list[pa.LargeStringArray], limits: npt.NDArray[np.int64]) -> _Parts:
    """Find the parts of well-formed texts."""
    for chunk in chunks:
        _check_utf8(chunk)
    counts = _count(chunks, limits)
    rows = np.maximum(counts.segments, 1)
    units = np.empty(rows.sum(), np.int32)
    pieces = []
    first = first_part = 0
    for chunk in chunks:
        place = slice(first, first + len(chunk))
        total = int(rows[place].sum())
        borders = np.empty(total + 1, np.int64)
        split_kernel(
            *views(chunk),
            SEPTETS,
            limits,
            counts.encoding[place],
            counts.units[place],
            rows[place],
            borders,
            units[first_part : first_part + total],
        )
        pieces.append(_Piece(chunk, borders))
        first, first_part = first + len(chunk), first_part + total
    before = np.repeat(np.cumsum(rows) - rows, rows)
    number = np.arange(1, len(units) + 1, dtype=np.int32) - before.astype(np.int32)
    return _Parts(counts, rows, pieces, units, number, np.repeat(counts.null, rows))


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
    parts = _part(as_chunks(texts), limits(reference_bits, concatenation=concatenation))
    pieces = []
    first = 0
    for chunk, borders in parts.pieces:
        null = parts.null[first : first + len(borders) - 1]
        pieces.append(_column(pa.large_string(), borders, chunk.buffers()[2], null))
        first += len(null)
    text = pd.Series(pa.chunked_array(pieces, pa.large_string()), dtype="str")
    return pd.DataFrame(
        {**parts.columns(texts), "text": text, "units": parts.nullable(parts.units)}
    )


def encode(
    texts: Texts,
    *,
    reference: int = 0,
    reference_bits: int = 8,
    concatenation: bool = True,
    packing: str = "packed",
) -> pd.DataFrame:
    """Encode each text into the octets that go over the air, part by part.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        The texts.
    reference : int
        Reference number of the first text that has more than one part; each further one has the
        next, and after the largest comes 0.
    reference_bits : int
        As of :func:`smslab.segment`.
    concatenation : bool
        As of :func:`smslab.segment`.
    packing : str
        ``packed``: eight septets in seven octets, as in a PDU; ``unpacked``: an octet for each
        septet, as SMPP takes it.

    Returns
    -------
    pandas.DataFrame
        One row per part, in order:

        ``message``, ``part``, ``parts`` : as of :func:`split`
        ``data_coding`` : UInt8, 0x00 for GSM-7 and 0x08 for UCS-2
        ``udh`` : large_binary, the user data header that joins the parts; empty without one
        ``user_data`` : large_binary, header, fill bits and text: at most 140 octets packed
        ``udl`` : Int32, the length that goes with it (TP-UDL): septets, those of header and fill
        bits included, for packed GSM-7, else octets

        A null text has one row, in which all but ``message`` is null. The octets are Arrow
        columns: ``pyarrow.table(frame)`` takes them without a copy.

    Raises
    ------
    TypeError
        As of :func:`smslab.segment`.
    TextError
        As of :func:`smslab.split`, and for a text of over 255 parts to join; its row is named.
    ValueError
        If `reference` or `reference_bits` is out of range, or `packing` unknown.

    Notes
    -----
    Source: 3GPP TS 23.038 V18.0.0, 6.1.2.1 (packing, fill bits); 3GPP TS 23.040 V18.0.0, 9.2.3.16
    (TP-UDL), 9.2.3.24.1 and 9.2.3.24.8 (concatenation).

    Examples
    --------
    >>> import smslab
    >>> smslab.encode(["hellohello"])["user_data"][0].hex()
    'e8329bfd4697d9ec37'
    >>> long = smslab.encode(["a" * 161], reference=7)
    >>> [header.hex() for header in long["udh"]], long["udl"].tolist()
    (['050003070201', '050003070202'], [160, 15])
    """
    if packing not in _PACKINGS:
        raise ValueError(f"packing must be one of {', '.join(_PACKINGS)}; not {packing!r}")
    room = limits(reference_bits, concatenation=concatenation)
    if not 0 <= reference < 1 << reference_bits:
        raise ValueError(
            f"reference must be 0 to {(1 << reference_bits) - 1}, for {reference_bits} bits; "
            f"not {reference!r}"
        )
    parts = _part(as_chunks(texts), room)
    too_long = np.flatnonzero((parts.counts.segments > rules.MAX_SEGMENTS) & concatenation)
    if len(too_long):
        raise TextError(
            f"row {too_long[0]} has {parts.counts.segments[too_long[0]]:,} parts; a header can "
            f"join {rules.MAX_SEGMENTS}: shorten it, or split it into several texts"
        )
    is_ucs = np.repeat(parts.counts.encoding == ENCODINGS.index("UCS-2"), parts.rows)
    has_header = np.repeat((parts.rows > 1) & concatenation, parts.rows)
    headers = _headers(parts, reference, reference_bits)
    header_octets = np.where(has_header, headers.shape[1], 0)
    header_septets = -(-header_octets * 8 // 7)
    packed_septets = header_septets + parts.units
    packed = packing == "packed"
    size = np.where(
        is_ucs,
        header_octets + 2 * parts.units,
        -(-packed_septets * 7 // 8) if packed else header_octets + parts.units,
    )
    size[parts.null] = 0
    udl = np.where(is_ucs | (not packed), size, packed_septets).astype(np.int32)
    places = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    octets = np.zeros(places[-1], np.uint8)
    first = 0
    for piece in parts.pieces:
        place = slice(first, first + len(piece.borders) - 1)
        encode_kernel(
            piece.borders,
            views(piece.chunk)[1],
            _CODES,
            is_ucs[place],
            headers[place],
            has_header[place],
            packed,
            places[place.start : place.stop + 1],
            octets,
            parts.null[place],
        )
        first = place.stop
    data_coding = np.where(is_ucs, _DATA_CODING["UCS-2"], _DATA_CODING["GSM-7"]).astype(np.uint8)
    udh_places = np.concatenate([[0], np.cumsum(header_octets)]).astype(np.int64)
    return pd.DataFrame(
        {
            **parts.columns(texts),
            "data_coding": parts.nullable(data_coding),
            "udh": _binary(udh_places, headers[has_header].reshape(-1), parts.null),
            "user_data": _binary(places, octets, parts.null),
            "udl": parts.nullable(udl),
        }
    )


def _headers(parts: _Parts, reference: int, reference_bits: int) -> npt.NDArray[np.uint8]:
    """Lay out a header for each part: length, element, its length, reference, parts, part."""
    several = parts.rows > 1
    references = (reference + np.cumsum(several) - 1) % (1 << reference_bits)
    octets = rules.CONCATENATION_UDH_OCTETS[reference_bits]
    headers = np.empty((len(parts.units), octets), np.uint8)
    headers[:, 0] = octets - 1
    headers[:, 1] = _CONCATENATION_IEI[reference_bits]
    headers[:, 2] = octets - 3
    numbers = np.repeat(references, parts.rows)
    if reference_bits == 16:
        headers[:, 3] = numbers >> 8
    headers[:, -3] = numbers & 0xFF
    headers[:, -2] = np.repeat(parts.rows, parts.rows) & 0xFF
    headers[:, -1] = parts.number & 0xFF
    return headers


def _binary(
    places: npt.NDArray[np.int64], octets: npt.NDArray[np.uint8], null: npt.NDArray[np.bool_]
) -> pd.Series[Any]:
    column = _column(pa.large_binary(), places, pa.py_buffer(octets), null)
    return pd.Series(column, dtype=pd.ArrowDtype(pa.large_binary()))


def _column(
    kind: pa.DataType,
    places: npt.NDArray[np.int64],
    octets: pa.Buffer | None,
    null: npt.NDArray[np.bool_],
) -> pa.Array:
    """Make an Arrow column of strings or octets without a copy; row k begins at place k."""
    valid = pa.array(~null).buffers()[1] if null.any() else None
    return pa.Array.from_buffers(kind, len(null), [valid, pa.py_buffer(places), octets])
