"""Texts that no look-alike helps: a character has none, and nothing in them can be composed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from smslab.kernels import kernel

# What a character is to the repair of its text.
FINE = 0
BLOCKS = 1
COMPOSES = 2


@kernel
def _point(data: npt.NDArray[np.uint8], at: int) -> tuple[int, int]:
    """Return the code point that stands there, and its octets."""
    byte = int(data[at])
    if byte < 0x80:
        return byte, 1
    second = int(data[at + 1]) & 0x3F
    if byte < 0xE0:
        return (byte & 0x1F) << 6 | second, 2
    third = int(data[at + 2]) & 0x3F
    if byte < 0xF0:
        return (byte & 0x0F) << 12 | second << 6 | third, 3
    return (byte & 0x07) << 18 | second << 12 | third << 6 | int(data[at + 3]) & 0x3F, 4


@kernel
def hopeless_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.uint8],
    wanted: npt.NDArray[np.bool_],
    doubtful: npt.NDArray[np.bool_],
) -> None:
    """Take out of the texts that are wanted those that nothing can be done for.

    Parameters
    ----------
    offsets, data : ndarray
        The texts, well-formed UTF-8.
    kinds : ndarray of uint8
        What each code point is; those past its end block.
    wanted : ndarray of bool, shape (n,)
        Changed: False where a character blocks and none composes.
    doubtful : ndarray of bool, shape (n,)
        Written: where one blocks, and nothing can be done if the text is composed already.
    """
    for row in range(len(offsets) - 1):
        doubtful[row] = False
        if not wanted[row]:
            continue
        blocked = False
        composes = False
        at = offsets[row]
        end = offsets[row + 1]
        while at < end:
            point, size = _point(data, at)
            at += size
            kind = kinds[point] if point < len(kinds) else BLOCKS
            blocked = blocked or kind == BLOCKS
            composes = composes or kind == COMPOSES
        wanted[row] = not blocked or composes
        doubtful[row] = blocked and composes


# What a character is to the words of its text.
INSIDE = 0
BLANK = 1
STRANGE = 2
STRANGE_BLANK = 3
WHOLE = 4


@kernel
def words_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.uint8],
    row_of: npt.NDArray[np.int64],
    begins: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    whole: npt.NDArray[np.bool_],
) -> int:
    """Find the words with strange characters, and strange blanks.

    Parameters
    ----------
    offsets, data : ndarray
        The texts, well-formed UTF-8.
    kinds : ndarray of uint8
        What each code point is; those past its end are ``WHOLE``.
    row_of, begins, ends : ndarray of int64
        Written, as far as there is room: the text of each word, and where it stands.
    whole : ndarray of bool, shape (n,)
        Written: whether the text has to be looked at as a whole.

    Returns
    -------
    int
        How many words there are.
    """
    found = 0
    for row in range(len(offsets) - 1):
        at = offsets[row]
        stop = offsets[row + 1]
        word = at
        strange = False
        whole[row] = False
        while at <= stop:
            kind = BLANK
            size = 0
            if at < stop:
                point, size = _point(data, at)
                kind = kinds[point] if point < len(kinds) else WHOLE
            if kind == WHOLE:
                whole[row] = True
            if kind == STRANGE:
                strange = True
            if kind in (BLANK, STRANGE_BLANK):
                for part in range(2):
                    if strange if part == 0 else kind == STRANGE_BLANK:
                        if found < len(row_of):
                            row_of[found] = row
                            begins[found] = word if part == 0 else at
                            ends[found] = at if part == 0 else at + size
                        found += 1
                word = at + size
                strange = False
            at += max(size, 1)
    return found


@kernel
def gather_kernel(
    data: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    words: npt.NDArray[np.uint8],
) -> None:
    """Put words one after another.

    Parameters
    ----------
    data : ndarray of uint8
        Where they stand.
    begins : ndarray of int64, shape (n,)
        Their places there.
    offsets : ndarray of int64, shape (n + 1,)
        Their places in `words`.
    words : ndarray of uint8
        Written.
    """
    for word in range(len(begins)):
        for place in range(offsets[word], offsets[word + 1]):
            words[place] = data[begins[word] + place - offsets[word]]


@kernel
def reword_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    row_of: npt.NDArray[np.int64],
    begins: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int32],
    words: npt.NDArray[np.int64],
    octets: npt.NDArray[np.uint8],
    kept: npt.NDArray[np.bool_],
    new_offsets: npt.NDArray[np.int64],
    new_data: npt.NDArray[np.uint8],
) -> None:
    """Put other words in the place of words.

    Parameters
    ----------
    offsets, data : ndarray
        The texts.
    row_of, begins, ends : ndarray of int64, shape (m,)
        The words, in order, as of :func:`words_kernel`.
    codes : ndarray of int32, shape (m,)
        Which new word each becomes.
    words, octets : ndarray
        The new words.
    kept : ndarray of bool, shape (n,)
        Which texts stay as they are.
    new_offsets : ndarray of int64, shape (n + 1,)
        Where each new text stands.
    new_data : ndarray of uint8
        Written.
    """
    word = 0
    for row in range(len(offsets) - 1):
        at = offsets[row]
        to = new_offsets[row]
        while word < len(row_of) and row_of[word] == row:
            if not kept[row]:
                while at < begins[word]:
                    new_data[to] = data[at]
                    at += 1
                    to += 1
                for place in range(words[codes[word]], words[codes[word] + 1]):
                    new_data[to] = octets[place]
                    to += 1
                at = ends[word]
            word += 1
        while at < offsets[row + 1]:
            new_data[to] = data[at]
            at += 1
            to += 1
