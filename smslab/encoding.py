"""Encoding of texts: the octets of every part."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from smslab import rules, tables
from smslab.coding import Coding, Counts, by_piece, count, part
from smslab.errors import OptionError, TextError
from smslab.kernels.packing import encode_kernel, layout_kernel
from smslab.memory import unwritten
from smslab.pieces import each
from smslab.segmentation import column, joined, nullable, part_labels
from smslab.text import Texts, as_chunks, views

__all__ = ["PACKINGS", "encode"]

_Array: TypeAlias = npt.NDArray[Any]

#: How septets go into octets.
PACKINGS: Final = ("packed", "unpacked")


def encode(
    texts: Texts,
    *,
    reference: int | None = None,
    reference_bits: int = 8,
    packing: str = "packed",
    languages: str | Sequence[str] | None = None,
    concatenation: bool = True,
    keep_graphemes: bool = False,
    errors: str = "strict",
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Encode each text into the octets that go over the air, part by part.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        The texts.
    reference : int, optional
        Reference number of the first text that has more than one part, 0 if not given; each
        further one has the next, and after the largest comes 0.
    reference_bits : int
        As of :func:`smslab.segment`.
    packing : str
        ``packed``: eight septets in seven octets, as in a PDU; ``unpacked``: an octet for each
        septet, as SMPP takes it.
    languages : None, ``auto`` or list of str
        As of :func:`smslab.segment`, like all further ones.
    concatenation : bool
        As of :func:`smslab.segment`.
    keep_graphemes : bool
        As of :func:`smslab.segment`.
    errors : str
        As of :func:`smslab.segment`.
    executor : concurrent.futures.Executor, optional
        As of :func:`smslab.segment`.

    Returns
    -------
    pandas.DataFrame
        One row per part, in order:

        ``message``, ``part``, ``parts`` : as of :func:`split`
        ``data_coding`` : UInt8, 0x00 for GSM-7 and 0x08 for UCS-2
        ``udh`` : large_binary, the user data header, which joins the parts and names national
        tables; empty without one
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
        As of :func:`split`, and for a text of over 255 parts to join; its row is named.
    ValueError
        If `reference` or `reference_bits` is out of range, or `packing`, a language or `errors`
        unknown.

    Notes
    -----
    Source: 3GPP TS 23.038 V18.0.0, 6.1.2.1 (packing, fill bits); 3GPP TS 23.040 V18.0.0, 9.2.3.16
    (TP-UDL), 9.2.3.24.1 and 9.2.3.24.8 (concatenation), 9.2.3.24.15 and 9.2.3.24.16 (national
    tables).

    Examples
    --------
    >>> import smslab
    >>> smslab.encode(["hellohello"])["user_data"][0].hex()
    'e8329bfd4697d9ec37'
    >>> long = smslab.encode(["a" * 161], reference=7)
    >>> [header.hex() for header in long["udh"]], long["udl"].tolist()
    (['050003070201', '050003070202'], [160, 15])
    """
    if packing not in PACKINGS:
        raise OptionError(f"packing must be one of {', '.join(PACKINGS)}; not {packing!r}")
    coding = Coding(
        languages=languages,
        reference_bits=reference_bits,
        concatenation=concatenation,
        keep_graphemes=keep_graphemes,
    )
    first: Any = 0 if reference is None else reference
    is_whole = isinstance(first, (int, np.integer)) and not isinstance(first, bool)
    if not (is_whole and 0 <= first < 1 << reference_bits):
        raise OptionError(
            f"reference must be 0 to {(1 << reference_bits) - 1}, for {reference_bits} bits; "
            f"not {reference!r}"
        )
    chunks = as_chunks(texts, errors)
    counts = count(chunks, coding, executor)
    too_long = np.flatnonzero((counts.segments > rules.MAX_SEGMENTS) & concatenation)
    if len(too_long):
        raise TextError(
            f"row {too_long[0]} has {counts.segments[too_long[0]]:,} parts; a header can "
            f"join {rules.MAX_SEGMENTS}: shorten it, or split it into several texts"
        )
    work = []
    for piece, of_piece in by_piece(chunks, counts, executor):
        work.append((piece, of_piece, coding, first, packing == "packed"))
        several = np.count_nonzero(of_piece.segments > 1)
        first = (first + int(several)) % (1 << reference_bits)
    found = each(_encode, work, executor)
    labels, null = part_labels(texts, joined([piece.rows for piece in found], np.int32), counts)
    udh = pa.chunked_array([piece.udh for piece in found], _OCTETS)
    user_data = pa.chunked_array([piece.user_data for piece in found], _OCTETS)
    return pd.DataFrame(
        {
            **labels,
            "data_coding": nullable(joined([piece.data_coding for piece in found], np.uint8), null),
            "udh": pd.Series(udh, dtype=pd.ArrowDtype(_OCTETS)),
            "user_data": pd.Series(user_data, dtype=pd.ArrowDtype(_OCTETS)),
            "udl": nullable(joined([piece.udl for piece in found], np.int32), null),
        },
        copy=False,
    )


_OCTETS: Final = pa.large_binary()


class _Encoded(NamedTuple):
    """The parts of the texts of a piece, a row each."""

    rows: _Array
    data_coding: _Array
    udh: pa.LargeBinaryArray
    user_data: pa.LargeBinaryArray
    udl: _Array


def _encode(
    chunk: pa.LargeStringArray, counts: Counts, coding: Coding, reference: int, packed: bool
) -> _Encoded:
    parts = part(chunk, counts, coding)
    total = len(parts.units)
    data_coding, udl = unwritten(total, np.uint8), unwritten(total, np.int32)
    places, header_places = unwritten(total + 1, np.int64), unwritten(total + 1, np.int64)
    bits = coding.joining_bits
    layout_kernel(
        parts.rows,
        parts.units,
        counts.locking,
        counts.single,
        counts.null,
        0 if bits is None else rules.CONCATENATION_IE_OCTETS[bits],
        packed,
        data_coding,
        udl,
        places,
        header_places,
    )
    octets = unwritten(int(places[-1]) + 8, np.uint8)  # whole words are written
    headers = unwritten(int(header_places[-1]), np.uint8)
    encode_kernel(
        parts.borders,
        views(chunk)[1],
        parts.rows,
        counts.locking,
        counts.single,
        counts.null,
        tables.SLOTS,
        tables.LOCKING_CODES,
        tables.SINGLE_CODES,
        rules.CONCATENATION_IEI[coding.reference_bits],
        reference,
        0 if bits is None else bits // 8,
        packed,
        places,
        octets,
        header_places,
        headers,
    )
    null = np.repeat(counts.null, parts.rows) if counts.null.any() else None
    return _Encoded(
        parts.rows,
        data_coding,
        column(_OCTETS, header_places, pa.py_buffer(headers), null),
        column(_OCTETS, places, pa.py_buffer(octets), null),
        udl,
    )
