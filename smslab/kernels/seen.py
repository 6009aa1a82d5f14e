"""Which numbers, or numbers and texts, came before: a table in memory that grows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from smslab.kernels import kernel

_EMPTY = -1


@kernel
def _slot(
    number: int, text: int, numbers: npt.NDArray[np.int64], texts: npt.NDArray[np.int64]
) -> Any:
    """Return where a number and a text stand, or would."""
    mask = len(numbers) - 1
    mixed = np.uint64(number) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(text)
    mixed = (mixed ^ mixed >> np.uint64(29)) * np.uint64(0xBF58476D1CE4E5B9)
    at = np.int64((mixed ^ mixed >> np.uint64(32)) & np.uint64(mask))
    while numbers[at] != _EMPTY:
        if numbers[at] == number and (len(texts) == 0 or texts[at] == text):
            break
        at = (at + 1) & mask
    return at


@kernel
def seen_kernel(
    number: npt.NDArray[np.int64],
    text: npt.NDArray[np.int64],
    wanted: npt.NDArray[np.bool_],
    first_row: int,
    numbers: npt.NDArray[np.int64],
    texts: npt.NDArray[np.int64],
    rows: npt.NDArray[np.uint32],
    before: npt.NDArray[np.int64],
) -> int:
    """Look up which row had each number, or number and text, first; remember the new ones.

    Parameters
    ----------
    number, text : ndarray of int64, shape (n,)
        What is looked up; `text` has no entries where numbers alone count.
    wanted : ndarray of bool, shape (n,)
        Which rows are looked up and remembered.
    first_row : int
        The row's number of the first.
    numbers, texts : ndarray of int64
    rows : ndarray of uint32
        The table, of a power of two of places, more of them than there will be entries; -1 in
        `numbers` for an empty place; `texts` has no entries where numbers alone count.
    before : ndarray of int64, shape (n,)
        Written: the first row; -1 where it is this one, or not wanted.

    Returns
    -------
    int
        How many are new.
    """
    new = 0
    for row in range(len(number)):
        before[row] = -1
        if not wanted[row]:
            continue
        key = text[row] if len(text) else 0
        at = _slot(number[row], key, numbers, texts)
        if numbers[at] == _EMPTY:
            numbers[at] = number[row]
            if len(texts):
                texts[at] = key
            rows[at] = first_row + row
            new += 1
        else:
            before[row] = rows[at]
    return new


@kernel
def have_kernel(
    number: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.int64],
    texts: npt.NDArray[np.int64],
    found: npt.NDArray[np.bool_],
) -> None:
    """Look up which numbers are in a table in which numbers alone count.

    Parameters
    ----------
    number : ndarray of int64, shape (n,)
        What is looked up.
    numbers, texts : ndarray of int64
        As of :func:`seen_kernel`.
    found : ndarray of bool, shape (n,)
        Written.
    """
    for row in range(len(number)):
        found[row] = numbers[_slot(number[row], 0, numbers, texts)] != _EMPTY


@kernel
def grow_kernel(
    old_numbers: npt.NDArray[np.int64],
    old_texts: npt.NDArray[np.int64],
    old_rows: npt.NDArray[np.uint32],
    numbers: npt.NDArray[np.int64],
    texts: npt.NDArray[np.int64],
    rows: npt.NDArray[np.uint32],
) -> None:
    """Move a table into a larger one.

    Parameters
    ----------
    old_numbers, old_texts, old_rows : ndarray
        The table.
    numbers, texts, rows : ndarray
        The larger one, empty.
    """
    for at in range(len(old_numbers)):
        if old_numbers[at] != _EMPTY:
            key = old_texts[at] if len(old_texts) else 0
            place = _slot(old_numbers[at], key, numbers, texts)
            numbers[place] = old_numbers[at]
            rows[place] = old_rows[at]
            if len(texts):
                texts[place] = key


@kernel
def hash_kernel(
    offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], hashes: npt.NDArray[np.int64]
) -> None:
    """Make a number of 64 bits of each text.

    Parameters
    ----------
    offsets, data : ndarray
        The texts.
    hashes : ndarray of int64, shape (n,)
        Written.
    """
    for row in range(len(offsets) - 1):
        mixed = np.uint64(0xCBF29CE484222325)
        for at in range(offsets[row], offsets[row + 1]):
            mixed = (mixed ^ np.uint64(data[at])) * np.uint64(0x100000001B3)
        mixed = (mixed ^ mixed >> np.uint64(29)) * np.uint64(0xBF58476D1CE4E5B9)
        hashes[row] = np.int64(mixed ^ mixed >> np.uint64(32))
