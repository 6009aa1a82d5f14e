"""Rewording: texts repaired word by word, each distinct word once."""

from __future__ import annotations

import functools
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from smslab.kernels.lookalikes import (
    BLANK,
    COMPOSES,
    INSIDE,
    STRANGE,
    STRANGE_BLANK,
    WHOLE,
    gather_kernel,
    reword_kernel,
    words_kernel,
)
from smslab.lookalikes import lookalikes
from smslab.repair import Change, alphabet_of, composing, repair
from smslab.text import views

__all__ = ["Reworded", "reword"]

#: Words that are remembered from one call to the next.
_REMEMBERED: Final = 1 << 16

_STRING: Final = pa.large_string()


class Reworded(NamedTuple):
    """Texts after their words were repaired.

    Parameters
    ----------
    text : pyarrow.LargeStringArray
        The texts; those that cannot be repaired as they were.
    blocked : ndarray of bool, shape (n,)
        Which cannot be repaired.
    whole : ndarray of bool, shape (n,)
        Which were left alone since they have to be looked at as a whole.
    borders : ndarray of int64, shape (n + 1,)
        Where the words of each text begin in `codes`.
    codes : ndarray of int32
        Which of the distinct words each is.
    changes : list of tuple of Change
        What was changed in each distinct word.
    """

    text: pa.LargeStringArray
    blocked: npt.NDArray[np.bool_]
    whole: npt.NDArray[np.bool_]
    borders: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int32]
    changes: list[tuple[Change, ...]]

    def of(self, numbers: npt.NDArray[np.int64]) -> pa.DictionaryArray:
        """Return the words with changes of some texts, each the octets of its codes in a row.

        Parameters
        ----------
        numbers : ndarray of int64, shape (m,)
            Which texts, in order.

        Returns
        -------
        pyarrow.DictionaryArray, shape (m,)
        """
        wanted = np.zeros(len(self.text), np.bool_)
        wanted[numbers] = True
        changing = np.array([bool(changes) for changes in self.changes], np.bool_)
        kept = changing[self.codes] & np.repeat(wanted, np.diff(self.borders))
        before = np.concatenate([[0], np.cumsum(kept)])
        offsets = before[np.append(self.borders[numbers], len(kept))] * self.codes.itemsize
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self.codes[kept])]
        words = pa.Array.from_buffers(pa.large_binary(), len(numbers), buffers)
        return words.dictionary_encode()


def reword(
    texts: pa.LargeStringArray, level: str, target: str, languages: tuple[str, ...]
) -> Reworded:
    """Bring texts into an alphabet as :func:`smslab.repair.repair` does.

    What stands for a character depends on its word alone: on what is beside it, and on whether it
    is in a link or a code. Texts that are not composed, or have blanks that are dropped and so
    join words, are left for whoever looks at them as a whole.

    Parameters
    ----------
    texts : pyarrow.LargeStringArray
        The texts, without nulls.
    level : str
        One of the levels, but ``translit``.
    target : str
        As of :func:`smslab.repair.repair`.
    languages : tuple of str
        As of :func:`smslab.repair.repair`.

    Returns
    -------
    Reworded
    """
    offsets, data = views(texts)
    rows = len(texts)
    whole = np.empty(rows, np.bool_)
    kinds = _kinds(level, target, languages)
    nothing = np.empty(0, np.int64)
    count = words_kernel(offsets, data, kinds, nothing, nothing, nothing, whole)
    row_of, begins, ends = (np.empty(count, np.int64) for _ in range(3))
    words_kernel(offsets, data, kinds, row_of, begins, ends, whole)
    places = np.concatenate([[0], np.cumsum(ends - begins)]).astype(np.int64)
    octets = np.empty(int(places[-1]), np.uint8)
    gather_kernel(data, begins, places, octets)
    found = _array(places, octets).dictionary_encode()
    codes = found.indices.to_numpy().astype(np.int32, copy=False)
    repaired = [_of_word(word, level, target, languages) for word in found.dictionary.to_pylist()]
    lost = np.array([new is None for new, _ in repaired], np.bool_)
    blocked = np.zeros(rows, np.bool_)
    blocked[row_of[lost[codes]]] = True
    new = pa.array([new or "" for new, _ in repaired], _STRING)
    words, word_octets = views(new)
    kept = blocked | whole
    longer = (np.diff(words)[codes] if len(codes) else nothing) - (ends - begins)
    sizes = np.diff(offsets)
    moved = ~kept[row_of]
    np.add.at(sizes, row_of[moved], longer[moved])
    new_offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    new_data = np.empty(int(new_offsets[-1]), np.uint8)
    reword_kernel(
        *(offsets, data, row_of, begins, ends, codes),
        *(words, word_octets, kept, new_offsets, new_data),
    )
    borders = np.searchsorted(row_of, np.arange(rows + 1))
    changes = [change for _, change in repaired]
    return Reworded(_array(new_offsets, new_data), blocked, whole, borders, codes, changes)


def _array(offsets: npt.NDArray[np.int64], octets: npt.NDArray[np.uint8]) -> pa.LargeStringArray:
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(octets)]
    return pa.Array.from_buffers(_STRING, len(offsets) - 1, buffers)


@functools.lru_cache(_REMEMBERED)
def _of_word(
    word: str, level: str, target: str, languages: tuple[str, ...]
) -> tuple[str | None, tuple[Change, ...]]:
    """Repair a word; None where that cannot be done."""
    found = repair(word, level, target=target, languages=languages)
    return (None, ()) if found.blocking else (found.text, found.changes)


@functools.cache
def _kinds(level: str, target: str, languages: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Return what each character of the two lowest planes is to the words of its text."""
    alphabet, known = alphabet_of(target, languages), lookalikes(level)
    kinds = np.where(composing() == COMPOSES, WHOLE, STRANGE).astype(np.uint8)
    for point in [*range(0x3001), *map(ord, alphabet)]:
        character = chr(point)
        blank = character.isspace()
        if character in alphabet:
            kinds[point] = BLANK if blank else INSIDE
        elif blank:
            stays = character in known and bool(known[character].replacement)
            kinds[point] = STRANGE_BLANK if stays else WHOLE
    return kinds
