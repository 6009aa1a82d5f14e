"""Parts: where each part of each text begins, and how many units it holds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from smslab.kernels import kernel


@kernel
def _part(
    data: npt.NDArray[np.uint8],
    start: int,
    end: int,
    room: int,
    locking: int,
    slots: npt.NDArray[np.uint16],
    locking_bits: npt.NDArray[np.int32],
    joined: npt.NDArray[np.bool_],
) -> tuple[int, int]:
    """Fill a part with the characters from `start` on: where it ends, and its units.

    A grapheme cluster that fits into a part is not split where `joined` tells of it.
    """
    position = start
    used = 0
    cluster = start
    used_before_cluster = 0
    while position < end:
        byte = int(data[position])
        size = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        if locking < 0:
            width = 2 if size == 4 else 1
        else:
            # Characters of an alphabet have three bytes at most.
            point = byte
            if size == 2:
                point = (byte & 0x1F) << 6 | int(data[position + 1]) & 0x3F
            elif size == 3:
                point = (byte & 0x0F) << 12 | (int(data[position + 1]) & 0x3F) << 6
                point |= int(data[position + 2]) & 0x3F
            width = 1 if locking_bits[slots[point]] >> locking & 1 else 2
        is_joined = len(joined) > 0 and joined[position]
        if used + width > room:
            if is_joined and cluster > start:
                return cluster, used_before_cluster
            return position, used
        if not is_joined:
            cluster = position
            used_before_cluster = used
        used += width
        position += size
    return end, used


@kernel
def _kind(locking: int, single: int) -> int:
    """Return the place of a text in `room`."""
    if locking < 0:
        return 3
    return (1 if locking > 0 else 0) + (1 if single > 0 else 0)


@kernel
def count_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    slots: npt.NDArray[np.uint16],
    locking_bits: npt.NDArray[np.int32],
    locking: npt.NDArray[np.int8],
    single: npt.NDArray[np.int8],
    room: npt.NDArray[np.int64],
    joined: npt.NDArray[np.bool_],
    segments: npt.NDArray[np.int32],
    free: npt.NDArray[np.uint8],
) -> None:
    """Count the parts of each text of several parts anew, where clusters are kept whole.

    Parameters
    ----------
    offsets, data, slots, locking_bits, locking, single, room, joined : ndarray
        As of :func:`split_kernel`.
    segments : ndarray of int32, shape (n,)
        Parts: without clusters, then with them.
    free : ndarray of uint8, shape (n,)
        Output: units that still fit into the last part.
    """
    for row in range(len(offsets) - 1):
        if segments[row] < 2:
            continue
        room_of_part = room[_kind(locking[row], single[row])]
        position = offsets[row]
        parts = 0
        used = 0
        while position < offsets[row + 1]:
            position, used = _part(
                data,
                position,
                offsets[row + 1],
                room_of_part,
                locking[row],
                slots,
                locking_bits,
                joined,
            )
            parts += 1
        segments[row] = parts
        free[row] = room_of_part - used


@kernel
def split_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    slots: npt.NDArray[np.uint16],
    locking_bits: npt.NDArray[np.int32],
    locking: npt.NDArray[np.int8],
    single: npt.NDArray[np.int8],
    room: npt.NDArray[np.int64],
    joined: npt.NDArray[np.bool_],
    characters: npt.NDArray[np.int32],
    units: npt.NDArray[np.int32],
    segments: npt.NDArray[np.int32],
    borders: npt.NDArray[np.int64],
    part_units: npt.NDArray[np.int32],
) -> None:
    """Find where each part of each text begins.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Where each text begins in `data`; the texts follow one another and are well-formed.
    data : ndarray of uint8
        UTF-8 bytes.
    slots : ndarray of uint16
        Slot by code point.
    locking_bits : ndarray of int32
        By slot: bit k says that locking table k has the character. Of a text in an alphabet, all
        others are in the single shift table and take two units.
    locking, single : ndarray of int8, shape (n,)
        National tables of each text, -1 for UCS-2.
    room : ndarray of int64, shape (4,)
        Units of a part: GSM-7 with 0, 1 and 2 national tables, and UCS-2.
    joined : ndarray of bool, shape (bytes,) or (0,)
        Whether the character that begins here belongs to the cluster before it.
    characters, units, segments : ndarray of int32, shape (n,)
        Characters, units and parts of each text.
    borders : ndarray of int64, shape (parts + 1,)
        Output: where each part begins in `data`, and where the last one ends.
    part_units : ndarray of int32, shape (parts,)
        Output: units of each part.
    """
    part = 0
    for row in range(len(offsets) - 1):
        position = offsets[row]
        end = offsets[row + 1]
        borders[part] = position
        if segments[row] == 1:
            part_units[part] = units[row]
            part += 1
            continue
        room_of_part = room[_kind(locking[row], single[row])]
        if characters[row] == end - position == units[row] and len(joined) == 0:
            # Every character is one byte and one unit.
            while position < end:
                size = min(room_of_part, end - position)
                borders[part] = position
                part_units[part] = size
                position += size
                part += 1
            continue
        while position < end:
            borders[part] = position
            position, part_units[part] = _part(
                data, position, end, room_of_part, locking[row], slots, locking_bits, joined
            )
            part += 1
    borders[part] = offsets[-1]


@kernel
def number_kernel(
    rows: npt.NDArray[np.int32],
    row_of: npt.NDArray[np.int64],
    number: npt.NDArray[np.int32],
    parts: npt.NDArray[np.int32],
) -> None:
    """Give the parts of each text their numbers.

    Parameters
    ----------
    rows : ndarray of int32, shape (n,)
        Parts of each text.
    row_of : ndarray of int64, shape (parts,)
        Output: the text of each part.
    number, parts : ndarray of int32, shape (parts,)
        Output: number of the part in its text, from 1; how many that has.
    """
    part = 0
    for row in range(len(rows)):
        for k in range(rows[row]):
            row_of[part] = row
            number[part] = k + 1
            parts[part] = rows[row]
            part += 1
