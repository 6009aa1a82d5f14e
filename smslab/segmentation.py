"""Segmentation of texts: how each is encoded and into which parts it is split."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from smslab import rules, tables
from smslab.coding import ENCODINGS, Coding, Counts, by_piece, count, part
from smslab.kernels.parts import number_kernel
from smslab.memory import unwritten
from smslab.pieces import each
from smslab.text import Texts, as_chunks, as_distinct, index_of

__all__ = ["column", "joined", "nullable", "part_labels", "segment", "split"]


def part_labels(
    texts: Texts, rows: npt.NDArray[np.int32], counts: Counts
) -> tuple[dict[str, Any], npt.NDArray[np.bool_]]:
    """Return the columns that tell which part of which text a row is.

    Parameters
    ----------
    texts : Series or other texts
        The input.
    rows : ndarray of int32, shape (n,)
        Parts of each text.
    counts : Counts
        Of the texts.

    Returns
    -------
    columns : dict of str to array
        ``message``, ``part`` and ``parts``.
    null : ndarray of bool, shape (parts,)
        Whether the text of the part is null.
    """
    total = int(rows.sum())
    row_of, number, parts = (unwritten(total, kind) for kind in (np.int64, np.int32, np.int32))
    number_kernel(rows, row_of, number, parts)
    null = counts.null[row_of] if counts.null.any() else np.zeros(total, np.bool_)
    index = index_of(texts, len(rows)).to_flat_index()
    is_counted = isinstance(index, pd.RangeIndex) and (index.start, index.step) == (0, 1)
    message = row_of if is_counted else index.take(row_of)
    columns = {"message": message, "part": nullable(number, null), "parts": nullable(parts, null)}
    return columns, null


def nullable(values: npt.NDArray[Any], null: npt.NDArray[np.bool_]) -> Any:
    """Make a pandas column of numbers, null where the texts are.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Integers or booleans.
    null : ndarray of bool, shape (n,)
        Where there is none.

    Returns
    -------
    IntegerArray or BooleanArray
    """
    array = pd.arrays.BooleanArray if values.dtype == np.bool_ else pd.arrays.IntegerArray
    # Zeros that nobody writes to take no memory; the usual column has no null.
    return array(values, null.copy() if null.any() else np.zeros(len(null), np.bool_))


def _named(codes: npt.NDArray[Any], names: tuple[str, ...]) -> pd.Categorical[Any]:
    # The codes are the kernel's: to check them would take as long as to count short texts.
    return pd.Categorical.from_codes(codes, pd.Index(names), validate=False)


#: More parts than a text of 32-bit counts can have.
_NO_LIMIT: Final = np.iinfo(np.int32).max


def segment(
    texts: Texts,
    *,
    languages: str | Sequence[str] | None = None,
    reference_bits: int = 8,
    concatenation: bool = True,
    keep_graphemes: bool = False,
    errors: str = "strict",
    executor: Executor | None = None,
) -> pd.DataFrame:
    r"""Say how each text is encoded and into how many segments it is split.

    A text whose characters all stand in the GSM 7-bit default alphabet or its extension table
    is GSM-7, any other is UCS-2. A single segment holds 160 septets or 70 UTF-16 code units; a
    longer text is split into parts of 153 or 67, because each part carries a header of six
    octets that joins them. A character of two units (``€``, ``[``, emoji) is never split over
    two parts.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        The texts. Nulls are kept as nulls. Of a categorical or a dictionary-encoded Arrow array,
        each distinct text is counted once.
    languages : None, ``auto`` or list of str
        Languages whose national tables the network and the phones understand: some of ``tr``,
        ``es``, ``pt``, ``bn``, ``gu``, ``hi``, ``kn``, ``ml``, ``or``, ``pa``, ``ta``, ``te``,
        ``ur``, or all of them. A text takes what is cheapest, any locking shift table with any
        single shift table, the default tables or UCS-2: fewest segments, then fewest octets,
        then the default tables. Most providers send no national tables; ask first.
    reference_bits : int
        Bits of the reference number in that header: 8, or 16 as some routes use it; then parts
        hold 152 and 66.
    concatenation : bool
        False for a network that does not join parts: they are messages of their own, without a
        header that joins them, of 160 and 70.
    keep_graphemes : bool
        True to keep a grapheme cluster (a letter and its accents, a family of emoji) in one part
        where it fits into one, as some providers do. The standard keeps characters whole.
    errors : str
        What to do with a lone surrogate: ``strict``, an error, or ``replace``, U+FFFD.
    executor : concurrent.futures.Executor, optional
        Who counts; the result is the same. A pool of two threads is twice as fast.

    Returns
    -------
    pandas.DataFrame
        One row per text, with the index of `texts` where it is a Series:

        ``encoding`` : category, ``GSM-7`` or ``UCS-2``
        ``locking``, ``single`` : category, the locking and the single shift table: ``default`` or
        a language; null for UCS-2
        ``characters`` : Int32, Unicode code points
        ``units`` : Int32, septets (GSM-7) or UTF-16 code units (UCS-2)
        ``segments`` : Int32, parts that go over the air and are billed
        ``free`` : UInt8, units that still fit into the last part
        ``too_long`` : boolean, whether there are over 255 parts to join, more than a header counts

        The empty text is GSM-7 with 0 units and 1 segment: an empty message can be sent.

    Raises
    ------
    TypeError
        For a single string, a whole table, or values that are no strings.
    TextError
        For a text with a lone surrogate; its row and index are named. With `keep_graphemes` also
        for Arrow data that is no well-formed UTF-8; else a malformed text counts as UCS-2.
    ValueError
        If `reference_bits`, a language or `errors` is none of those above.

    Notes
    -----
    Source: 3GPP TS 23.038 V18.0.0, 6.1.2.1, 6.2.1, 6.2.1.1, 6.2.1.2, 6.2.3 and Annex A; 3GPP
    TS 23.040 V18.0.0, 9.2.3.24.1, 9.2.3.24.8, 9.2.3.24.15 and 9.2.3.24.16; clusters: Unicode
    Standard Annex #29, 17.0.0. Which tables are cheapest is found for parts that split clusters.

    Examples
    --------
    >>> import smslab
    >>> counts = smslab.segment(["Your code is 1234", "Your code is 1234 ✓", "[" * 80 + "!"])
    >>> counts[["encoding", "characters", "units", "segments", "free"]]
      encoding  characters  units  segments  free
    0    GSM-7          17     17         1   143
    1    UCS-2          19     19         1    51
    2    GSM-7          81    161         2   144

    Turkish in a table of its own, in half the segments:

    >>> turkish = ["Sayın müşterimiz, şifreniz 4711. Kimseyle paylaşmayın; iyi günler dileriz. Ağ"]
    >>> smslab.segment(turkish)["segments"].tolist()
    [2]
    >>> smslab.segment(turkish, languages=["tr"])[["locking", "single", "units", "segments"]]
      locking   single  units  segments
    0      tr  default     77         1
    """
    coding = Coding(
        languages=languages,
        reference_bits=reference_bits,
        concatenation=concatenation,
        keep_graphemes=keep_graphemes,
    )
    chunks, codes = as_distinct(texts, errors)
    counts = count(chunks, coding, executor)
    if codes is not None:
        # A place behind the dictionary for the nulls outside it.
        nothing = count([pa.nulls(1, pa.large_string())], coding)
        both = (np.concatenate(pair) for pair in zip(counts, nothing, strict=True))
        counts = Counts(*both).at(codes)
    numbers: dict[str, npt.NDArray[Any]] = {
        "characters": counts.characters,
        "units": counts.units,
        "segments": counts.segments,
        "free": counts.free,
        "too_long": counts.segments > (rules.MAX_SEGMENTS if concatenation else _NO_LIMIT),
    }
    return pd.DataFrame(
        {
            "encoding": _named(counts.encoding, ENCODINGS),
            "locking": _named(counts.locking, tables.TABLES),
            "single": _named(counts.single, tables.TABLES),
            **{name: nullable(column, counts.null) for name, column in numbers.items()},
        },
        index=index_of(texts, len(counts.null)),
        copy=False,
    )


def split(
    texts: Texts,
    *,
    languages: str | Sequence[str] | None = None,
    reference_bits: int = 8,
    concatenation: bool = True,
    keep_graphemes: bool = False,
    errors: str = "strict",
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Split each text into the parts that go over the air.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        The texts.
    languages : None, ``auto`` or list of str
        As of :func:`smslab.segment`, like all further ones.
    reference_bits : int
        As of :func:`smslab.segment`.
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
    coding = Coding(
        languages=languages,
        reference_bits=reference_bits,
        concatenation=concatenation,
        keep_graphemes=keep_graphemes,
    )
    chunks = as_chunks(texts, errors)
    counts = count(chunks, coding, executor)
    found = each(_split, by_piece(chunks, counts, executor, coding), executor)
    rows = joined([piece[0] for piece in found], np.int32)
    labels, null = part_labels(texts, rows, counts)
    text = pa.chunked_array([piece[2] for piece in found], pa.large_string())
    return pd.DataFrame(
        {
            **labels,
            "text": pd.Series(text, dtype="str"),
            "units": nullable(joined([piece[1] for piece in found], np.int32), null),
        },
        copy=False,
    )


def joined(arrays: list[npt.NDArray[Any]], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """Join the arrays of pieces; a single one is taken as it is.

    Parameters
    ----------
    arrays : list of ndarray
        One for each piece.
    kind : dtype
        Of the array where there is no piece.

    Returns
    -------
    ndarray
    """
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.empty(0, kind), *arrays])


def _split(
    chunk: pa.LargeStringArray, counts: Counts, coding: Coding
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], pa.LargeStringArray]:
    parts = part(chunk, counts, coding)
    null = np.repeat(counts.null, parts.rows) if counts.null.any() else None
    text = column(pa.large_string(), parts.borders, chunk.buffers()[2], null)
    return parts.rows, parts.units, text


def column(
    kind: pa.DataType,
    places: npt.NDArray[np.int64],
    octets: pa.Buffer | None,
    null: npt.NDArray[np.bool_] | None,
) -> pa.Array:
    """Make an Arrow column of strings or octets without a copy.

    Parameters
    ----------
    kind : pyarrow.DataType
        ``large_string`` or ``large_binary``.
    places : ndarray of int64, shape (n + 1,)
        Where each value begins in `octets`.
    octets : pyarrow.Buffer or None
        The values, one after another.
    null : ndarray of bool, shape (n,), or None
        Where there is none; None where there is always one.

    Returns
    -------
    pyarrow.Array
    """
    valid = None if null is None else pa.array(~null).buffers()[1]
    return pa.Array.from_buffers(kind, len(places) - 1, [valid, pa.py_buffer(places), octets])
