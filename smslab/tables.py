"""The alphabets as arrays: what the kernels look characters up in.

A character that stands in any alphabet has a *slot*, a small number; the other tables go by it.
The axis of languages has :data:`TABLES` as its labels: the default first, then the languages in
the order of their national language identifiers.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from smslab.alphabets import (
    DEFAULT,
    GSM7_DEFAULT,
    GSM7_EXTENSION,
    LANGUAGES,
    LOCKING_SHIFT,
    SINGLE_SHIFT,
    codes,
)

__all__ = [
    "LOCKING_BITS",
    "LOCKING_CODES",
    "LOCKING_POINTS",
    "NO_CODE",
    "SEPTETS",
    "SINGLE_BITS",
    "SINGLE_CODES",
    "SINGLE_POINTS",
    "SLOTS",
    "TABLES",
]

#: Names of the tables, in the order of the national language identifiers.
TABLES: Final = (DEFAULT, *LANGUAGES)

#: In a table of codes: the character is not in the alphabet.
NO_CODE: Final = 0xFF

_CHARACTERS: Final = sorted(
    {
        character
        for shift in (LOCKING_SHIFT, SINGLE_SHIFT)
        for table in shift.values()
        for character in table.values()
    }
)


def _slots() -> npt.NDArray[np.uint16]:
    slots = np.zeros(ord(_CHARACTERS[-1]) + 1, np.uint16)
    slots[[ord(character) for character in _CHARACTERS]] = np.arange(1, len(_CHARACTERS) + 1)
    return slots


#: Slot by code point; 0 where the character is in no alphabet.
SLOTS: Final = _slots()


def _codes(shift: dict[str, dict[int, str]]) -> npt.NDArray[np.uint8]:
    by_slot = np.full((len(TABLES), len(_CHARACTERS) + 1), NO_CODE, np.uint8)
    for row, name in enumerate(TABLES):
        for character, code in codes(shift.get(name, {})).items():
            by_slot[row, SLOTS[ord(character)]] = code
    return by_slot


def _bits(by_slot: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    place = np.arange(len(TABLES))[:, np.newaxis]
    bits: npt.NDArray[np.int32] = ((by_slot != NO_CODE) << place).sum(axis=0).astype(np.int32)
    return bits


def _points(shift: dict[str, dict[int, str]], other: int) -> npt.NDArray[np.uint16]:
    points = np.full((len(TABLES), 128), other, np.uint16)
    for row, name in enumerate(TABLES):
        # Spanish has no locking table of its own: the default one holds.
        for code, character in shift.get(name, shift[DEFAULT]).items():
            points[row, code] = ord(character)
    return points


#: Septet code by table and slot, :data:`NO_CODE` where it has none.
LOCKING_CODES: Final = _codes(LOCKING_SHIFT)
SINGLE_CODES: Final = _codes(SINGLE_SHIFT)

#: The tables that have the character, by slot: bit k is that of table k.
LOCKING_BITS: Final = _bits(LOCKING_CODES)
SINGLE_BITS: Final = _bits(SINGLE_CODES)

#: Code point by table and code. What a locking table does not use shows as a blank, what a single
#: shift table does not use is 0: the locking table's character is shown (TS 23.038, 6.2.1.1).
LOCKING_POINTS: Final = _points(LOCKING_SHIFT, ord(" "))
SINGLE_POINTS: Final = _points(SINGLE_SHIFT, 0)


def _septets() -> npt.NDArray[np.uint8]:
    septets = np.zeros(ord(max(GSM7_DEFAULT | GSM7_EXTENSION)) + 1, np.uint8)
    for alphabet, count in ((GSM7_DEFAULT, 1), (GSM7_EXTENSION, 2)):
        septets[[ord(character) for character in alphabet]] = count
    return septets


#: Septets by code point in the default alphabet and its extension table, 0 outside them.
SEPTETS: Final = _septets()
