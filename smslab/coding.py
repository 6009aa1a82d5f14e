"""Coding of texts: the options, checked, and what the kernels say of texts under them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from smslab import graphemes, rules, tables
from smslab.alphabets import LANGUAGES
from smslab.errors import OptionError, nearest
from smslab.kernels.graphemes import join_kernel
from smslab.kernels.national import national_kernel
from smslab.kernels.parts import count_kernel, split_kernel
from smslab.kernels.segmentation import segment_kernel
from smslab.memory import unwritten
from smslab.pieces import each, pieces, shares_memory
from smslab.text import check_utf8, views

__all__ = [
    "ENCODINGS",
    "UCS2",
    "Coding",
    "Counts",
    "Parts",
    "by_piece",
    "check_counted",
    "count",
    "part",
]

#: The encodings in the order of the kernels' codes.
ENCODINGS: Final = ("GSM-7", "UCS-2")

#: The place of UCS-2 among them.
UCS2: Final = ENCODINGS.index("UCS-2")


@dataclass(frozen=True, kw_only=True)
class Coding:
    """How texts may be encoded and split: the options of :func:`smslab.segment`, checked.

    Parameters
    ----------
    languages : None, ``auto`` or sequence of str
        Languages whose national tables may be used.
    reference_bits : int
        Bits of the reference number that joins parts.
    concatenation : bool
        Whether parts are joined.
    keep_graphemes : bool
        Whether grapheme clusters are kept whole.
    """

    languages: str | Sequence[str] | None = None
    reference_bits: int = 8
    concatenation: bool = True
    keep_graphemes: bool = False

    def __post_init__(self) -> None:
        for name in ("concatenation", "keep_graphemes"):
            value = getattr(self, name)
            if not isinstance(value, (bool, np.bool_)):
                raise TypeError(f"{name} must be True or False; not {value!r:.60}")
        bits: Any = self.reference_bits
        known = tuple(rules.CONCATENATION_IE_OCTETS)
        if not isinstance(bits, (int, np.integer)) or bits not in known:
            raise OptionError(f"reference_bits must be one of 8, 16; not {bits!r}")
        object.__setattr__(self, "languages", _languages(self.languages))

    @property
    def bits(self) -> int:
        """Bit k says that national table k may be used; bit 0, the default, is always set."""
        chosen = 1
        for language in self.languages or ():
            chosen |= 1 << LANGUAGES[language]
        return chosen

    @property
    def joining_bits(self) -> int | None:
        """Bits of the reference number; None where parts are not joined."""
        return self.reference_bits if self.concatenation else None

    def headers(self) -> npt.NDArray[np.int64]:
        """Return the octets of the headers.

        Returns
        -------
        ndarray of int64, shape (4, 2)
            GSM-7 with 0, 1 and 2 national tables, and UCS-2; of a single message and of a part.
        """
        joining = (None, self.joining_bits)
        return np.array(
            [[rules.header_octets(bits, tables) for bits in joining] for tables in (0, 1, 2, 0)]
        )

    def room(self) -> npt.NDArray[np.int64]:
        """Return the units of a part.

        Returns
        -------
        ndarray of int64, shape (4,)
            GSM-7 with 0, 1 and 2 national tables, and UCS-2.
        """
        *of_gsm, of_ucs = self.headers()[:, 1].tolist()
        return np.array([*map(rules.septets, of_gsm), rules.code_units(of_ucs)])

    def limits(self) -> npt.NDArray[np.int64]:
        """Return the room of messages without national tables.

        Returns
        -------
        ndarray of int64, shape (4,)
            Septets of a single message and of a part, UTF-16 code units of the same.
        """
        septets, *_, code_units = self.room()
        return np.array([rules.septets(0), septets, rules.code_units(0), code_units])


def _languages(languages: str | Iterable[str] | None) -> tuple[str, ...]:
    if languages is None:
        return ()
    if languages == "auto":
        return tuple(LANGUAGES)
    if isinstance(languages, str):
        raise TypeError(f"languages must be 'auto', None or a list; wrap it: [{languages!r}]")
    if not isinstance(languages, Iterable):
        raise TypeError(f"languages must be 'auto', None or a list; not {languages!r:.60}")
    chosen: tuple[Any, ...] = tuple(languages)
    for language in chosen:
        if not isinstance(language, str) or language not in LANGUAGES:
            raise OptionError(
                f"languages must be 'auto' or some of {', '.join(LANGUAGES)}; not {language!r}."
                f"{nearest(str(language), LANGUAGES)}"
            )
    return chosen


class Counts(NamedTuple):
    """What the kernels say of n texts, an array each; a null has -1 for encoding and tables."""

    encoding: npt.NDArray[Any]  # int8, a place in ENCODINGS
    locking: npt.NDArray[Any]  # int8, a place in TABLES, -1 for UCS-2
    single: npt.NDArray[Any]  # int8, likewise
    characters: npt.NDArray[Any]  # int32
    units: npt.NDArray[Any]  # int32
    segments: npt.NDArray[Any]  # int32
    free: npt.NDArray[Any]  # uint8
    null: npt.NDArray[Any]  # bool

    @classmethod
    def empty(cls, rows: int) -> Counts:
        """Make room for the counts of some texts.

        Parameters
        ----------
        rows : int
            How many.

        Returns
        -------
        Counts
        """
        kinds = (*[np.int8] * 3, *[np.int32] * 3, np.uint8, np.bool_)
        counts = cls(*(unwritten(rows, kind) for kind in kinds))
        counts.null[:] = False
        return counts

    def at(self, place: slice | npt.NDArray[np.int32]) -> Counts:
        """Return the counts of some of the texts.

        Parameters
        ----------
        place : slice or ndarray of int32
            Which; a slice shows them without a copy.

        Returns
        -------
        Counts
        """
        return Counts(*(column[place] for column in self))


def count(
    chunks: list[pa.LargeStringArray], coding: Coding, executor: Executor | None = None
) -> Counts:
    """Count the texts of chunks.

    Parameters
    ----------
    chunks : list of pyarrow.LargeStringArray
        The texts; malformed ones only where clusters may be split.
    coding : Coding
        How they may be encoded.
    executor : Executor, optional
        Who counts.

    Returns
    -------
    Counts
    """
    chunks = pieces(chunks, executor)
    ends = np.cumsum([len(chunk) for chunk in chunks], dtype=np.int64)
    counts = Counts.empty(int(ends[-1]) if chunks else 0)
    places = [slice(end - len(chunk), end) for chunk, end in zip(chunks, ends, strict=True)]
    if shares_memory(executor):
        work = [
            (chunk, coding, counts.at(place)) for chunk, place in zip(chunks, places, strict=True)
        ]
        each(_count_into, work, executor)
        return counts
    found = each(_count_apart, [(chunk, coding) for chunk in chunks], executor)
    for place, part_counts in zip(places, found, strict=True):
        for column, values in zip(counts.at(place), part_counts, strict=True):
            column[:] = values
    return counts


def _count_apart(chunk: pa.LargeStringArray, coding: Coding) -> Counts:
    counts = Counts.empty(len(chunk))
    _count_into(chunk, coding, counts)
    return counts


def _count_into(chunk: pa.LargeStringArray, coding: Coding, counts: Counts) -> None:
    offsets, data = views(chunk)
    numbers = (counts.characters, counts.units, counts.segments, counts.free)
    segment_kernel(offsets, data, tables.SEPTETS, coding.limits(), counts.encoding, *numbers)
    np.negative(counts.encoding, out=counts.locking)
    counts.single[:] = counts.locking
    if coding.languages:
        national_kernel(
            offsets,
            data,
            tables.SLOTS,
            tables.LOCKING_BITS & np.int32(coding.bits),
            tables.SINGLE_BITS & np.int32(coding.bits),
            coding.headers(),
            counts.encoding,
            counts.locking,
            counts.single,
            *numbers,
        )
    if coding.keep_graphemes:
        count_kernel(
            offsets,
            data,
            tables.SLOTS,
            tables.LOCKING_BITS,
            counts.locking,
            counts.single,
            coding.room(),
            _joined(chunk, counts),
            counts.segments,
            counts.free,
        )
    if chunk.null_count:
        null = chunk.is_null().to_numpy(zero_copy_only=False)
        counts.null[:] = null
        for column in counts[:3]:
            column[null] = -1
        for column in numbers:
            column[null] = 0


def check_counted(chunks: list[pa.LargeStringArray], counts: Counts) -> None:
    """Make sure that counted texts are well-formed: what is malformed counts as UCS-2.

    Parameters
    ----------
    chunks : list of pyarrow.LargeStringArray
        The texts.
    counts : Counts
        What :func:`count` says of them.

    Raises
    ------
    TextError
        If they are not.
    """
    is_gsm = not (counts.encoding == UCS2).any()
    for chunk in chunks:
        check_utf8(chunk, offsets_only=is_gsm)


def _joined(chunk: pa.LargeStringArray, counts: Counts) -> npt.NDArray[np.bool_]:
    """Mark the characters that belong to the cluster before them, in texts of several parts."""
    check_utf8(chunk)
    offsets, data = views(chunk)
    joined = np.zeros(len(data), np.bool_)
    join_kernel(offsets, data, graphemes.properties(), counts.segments, joined)
    return joined


class Parts(NamedTuple):
    """The parts of n texts, `rows` of each; a null text has one, which is null.

    Part k holds the bytes of its chunk from border k to k + 1, and `units`.
    """

    rows: npt.NDArray[np.int32]
    borders: npt.NDArray[np.int64]
    units: npt.NDArray[np.int32]


def part(chunk: pa.LargeStringArray, counts: Counts, coding: Coding) -> Parts:
    """Find the parts of the texts of a chunk.

    Parameters
    ----------
    chunk : pyarrow.LargeStringArray
        The texts.
    counts : Counts
        What :func:`count` says of them.
    coding : Coding
        As there.

    Returns
    -------
    Parts

    Raises
    ------
    TextError
        If the texts are not well-formed.
    """
    check_counted([chunk], counts)
    rows = np.maximum(counts.segments, 1)
    total = int(rows.sum())
    joined = _joined(chunk, counts) if coding.keep_graphemes else np.empty(0, np.bool_)
    parts = Parts(rows, unwritten(total + 1, np.int64), unwritten(total, np.int32))
    split_kernel(
        *views(chunk),
        tables.SLOTS,
        tables.LOCKING_BITS,
        counts.locking,
        counts.single,
        coding.room(),
        joined,
        counts.characters,
        counts.units,
        rows,
        parts.borders,
        parts.units,
    )
    return parts


def by_piece(
    chunks: list[pa.LargeStringArray], counts: Counts, executor: Executor | None, *further: Any
) -> list[tuple[Any, ...]]:
    """Return the work of a function that takes a chunk and its counts.

    Parameters
    ----------
    chunks : list of pyarrow.LargeStringArray
        The texts.
    counts : Counts
        Of all of them.
    executor : Executor or None
        Who works.
    *further : object
        What the function takes besides.

    Returns
    -------
    list of tuple
        A piece, its counts and the rest.
    """
    work = []
    first = 0
    for piece in pieces(chunks, executor):
        work.append((piece, counts.at(slice(first, first + len(piece))), *further))
        first += len(piece)
    return work
