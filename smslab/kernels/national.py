"""The cheapest alphabet of each text: the default one, a pair of national tables, or UCS-2."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from smslab.kernels import kernel

GSM7 = 0
UCS2 = 1


@kernel
def _read_slots(
    data: npt.NDArray[np.uint8],
    start: int,
    end: int,
    slots: npt.NDArray[np.uint16],
    read: npt.NDArray[np.uint16],
) -> int:
    """Put the slot of every character into `read`; how many, or -1 if one is in no alphabet.

    No character of an alphabet has four bytes. Malformed UTF-8 is in no alphabet.
    """
    count = 0
    position = start
    while position < end:
        point = int(data[position])
        extra = 0
        if point >= 0x80:
            extra = 1 if point < 0xE0 else 2
            if point < 0xC2 or point >= 0xF0 or position + extra >= end:
                return -1
            point &= 0x3F >> extra
            for k in range(1, extra + 1):
                byte = int(data[position + k])
                if byte & 0xC0 != 0x80:
                    return -1
                point = point << 6 | byte & 0x3F
            if extra == 2 and point < 0x800:
                return -1
        if point >= len(slots) or slots[point] == 0:
            return -1
        read[count] = slots[point]
        count += 1
        position += 1 + extra
    return count


@kernel
def _parts(
    read: npt.NDArray[np.uint16],
    count: int,
    locking: int,
    locking_bits: npt.NDArray[np.int32],
    units: int,
    header_single: int,
    header_part: int,
) -> tuple[int, int, int]:
    """Split a text into parts: how many, the septets left in the last, the octets of all."""
    room = (140 - header_single) * 8 // 7
    if units <= room:
        return 1, room - units, ((160 - room + units) * 7 + 7) // 8
    room = (140 - header_part) * 8 // 7
    before = 160 - room  # septets that the header takes, fill bits included
    parts = 1
    octets = 0
    used = 0
    for k in range(count):
        width = 1 if locking_bits[read[k]] >> locking & 1 else 2
        if used + width > room:
            octets += ((before + used) * 7 + 7) // 8
            parts += 1
            used = 0
        used += width
    return parts, room - used, octets + ((before + used) * 7 + 7) // 8


@kernel
def national_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    slots: npt.NDArray[np.uint16],
    locking_bits: npt.NDArray[np.int32],
    single_bits: npt.NDArray[np.int32],
    headers: npt.NDArray[np.int64],
    encoding: npt.NDArray[np.int8],
    locking: npt.NDArray[np.int8],
    single: npt.NDArray[np.int8],
    characters: npt.NDArray[np.int32],
    units: npt.NDArray[np.int32],
    segments: npt.NDArray[np.int32],
    free: npt.NDArray[np.uint8],
) -> None:
    """Take national tables for each text that they make cheaper.

    Cheaper are fewer segments, then fewer octets, then the default tables, then those that stand
    first. A text of the default alphabet without a character of the extension table cannot be
    cheaper.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Where each text begins in `data`; what leads outside is cut off.
    data : ndarray of uint8
        UTF-8 bytes; a malformed text stays as it is.
    slots : ndarray of uint16
        Slot by code point; 0 where the character is in no alphabet.
    locking_bits, single_bits : ndarray of int32
        By slot: bit k says that table k may be used and has the character.
    headers : ndarray of int64, shape (4, 2)
        Octets of the user data header of a single message and of a part: GSM-7 with 0, 1 and 2
        national tables, and UCS-2.
    encoding, locking, single : ndarray of int8, shape (n,)
        Encoding and tables: what the default alphabet gives, then what is chosen.
    characters, units, segments : ndarray of int32, shape (n,)
        As of the segmentation kernel, for the same choice.
    free : ndarray of uint8, shape (n,)
        Units that still fit into the last part.
    """
    longest = 0
    for row in range(len(offsets) - 1):
        if characters[row] > longest and (encoding[row] == UCS2 or units[row] > characters[row]):
            longest = characters[row]
    read = np.empty(longest, np.uint16)
    possible = 1
    for bits in locking_bits:
        possible |= bits
    tables = 0
    while possible >> tables:
        tables += 1
    missing = np.empty(tables, np.int64)
    singles = np.empty(tables, np.int64)
    for row in range(len(offsets) - 1):
        if encoding[row] == GSM7 and units[row] == characters[row]:
            continue
        start = max(offsets[row], 0)
        end = min(offsets[row + 1], len(data))
        count = _read_slots(data, start, end, slots, read)
        if count < 0:
            continue
        # Bit k of `alive`: the text can be written with locking table k, where the characters that
        # are not in it, `missing` in number, are in each of the `singles`.
        alive = possible
        missing[:] = 0
        singles[:] = -1
        for k in range(count):
            absent = alive & ~locking_bits[read[k]]
            table = 0
            while absent:
                if absent & 1:
                    missing[table] += 1
                    singles[table] &= single_bits[read[k]]
                    if singles[table] == 0:
                        alive &= ~(1 << table)
                absent >>= 1
                table += 1
            if alive == 0:
                break
        if encoding[row] == GSM7:
            best, _, octets = _parts(
                read, count, 0, locking_bits, units[row], headers[0, 0], headers[0, 1]
            )
        else:
            best = int(segments[row])
            octets = 2 * units[row] + best * headers[3, 1 if best > 1 else 0]
        for table in range(tables):
            if not alive >> table & 1:
                continue
            other = 0
            if missing[table] and not singles[table] & 1:
                while not singles[table] >> other & 1:
                    other += 1
            named = (table > 0) + (other > 0)
            total = count + missing[table]
            parts, left, size = _parts(
                read, count, table, locking_bits, total, headers[named, 0], headers[named, 1]
            )
            if parts < best or (parts == best and size < octets):
                best = parts
                octets = size
                encoding[row] = GSM7
                locking[row] = table
                single[row] = other
                units[row] = total
                segments[row] = parts
                free[row] = left
