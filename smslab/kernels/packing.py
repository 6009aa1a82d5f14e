"""Packing: texts into the octets of each part, as they go over the air, and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from smslab.kernels import kernel

_SINGLE_SHIFT = 0x24
_LOCKING_SHIFT = 0x25
_ESCAPE = 0x1B
_NO_CODE = 0xFF

_NONE_OF_8 = 0x100
_FIRST_OF_2 = np.uint64(0x007F007F007F007F)
_SECOND_OF_2 = np.uint64(0x7F007F007F007F00)
_FIRST_OF_4 = np.uint64(0x00003FFF00003FFF)
_SECOND_OF_4 = np.uint64(0x3FFF00003FFF0000)
_FIRST_OF_8 = np.uint64(0x000000000FFFFFFF)
_SECOND_OF_8 = np.uint64(0x0FFFFFFF00000000)


def _eight_bytes(context, builder, signature, arguments):
    """Point at the eight bytes of an array that begin at a position."""
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    pointer = builder.gep(array.data, [arguments[1]])
    return builder.bitcast(pointer, ir.VectorType(ir.IntType(8), 8).as_pointer())


@intrinsic
def _load(_context, data, _position):
    """Read eight bytes, the first one lowest."""

    def generate(context, builder, signature, arguments):
        pointer = _eight_bytes(context, builder, signature, arguments)
        return builder.bitcast(builder.load(pointer, align=1), ir.IntType(64))

    return types.uint64(data, types.int64), generate


@intrinsic
def _store(_context, octets, _position, _value):
    """Write eight bytes, the lowest one first."""

    def generate(context, builder, signature, arguments):
        pointer = _eight_bytes(context, builder, signature, arguments)
        value = builder.bitcast(arguments[2], ir.VectorType(ir.IntType(8), 8))
        builder.store(value, pointer, align=1)
        return context.get_dummy_value()

    return types.void(octets, types.int64, types.uint64), generate


@intrinsic
def _other(_context, data, _position):
    r"""Mask the bytes, of eight, that are no ASCII character with itself as its septet.

    These are letters, digits, LF, CR and ``!"#%&'()*+,-./:;<=>?`` with the blank. Bit 8 is set.
    """

    def generate(context, builder, signature, arguments):
        octets = builder.load(_eight_bytes(context, builder, signature, arguments), align=1)

        def all_of(value):
            return ir.Constant(octets.type, [value] * 8)

        def among(values, first, count):
            return builder.icmp_unsigned("<", builder.sub(values, all_of(first)), all_of(count))

        same = among(builder.or_(octets, all_of(0x20)), ord("a"), 26)
        for first, count in ((0x20, 4), (0x25, 27), (0x0A, 1), (0x0D, 1)):
            same = builder.or_(same, among(octets, first, count))
        mask = builder.bitcast(builder.not_(same), ir.IntType(8))
        wide = builder.zext(mask, ir.IntType(64))
        return builder.or_(wide, ir.Constant(ir.IntType(64), 0x100))

    return types.uint64(data, types.int64), generate


@intrinsic
def _lowest(_context, _bits):
    """Find the lowest one of 64 bits, of which one is set."""

    def generate(_context, builder, _signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


@kernel
def layout_kernel(
    rows: npt.NDArray[np.int32],
    units: npt.NDArray[np.int32],
    locking: npt.NDArray[np.int8],
    single: npt.NDArray[np.int8],
    null: npt.NDArray[np.bool_],
    joining: int,
    packed: bool,
    data_coding: npt.NDArray[np.uint8],
    udl: npt.NDArray[np.int32],
    places: npt.NDArray[np.int64],
    header_places: npt.NDArray[np.int64],
) -> None:
    """Find how long each part is.

    Parameters
    ----------
    rows : ndarray of int32, shape (n,)
        Parts of each text.
    units : ndarray of int32, shape (parts,)
        Units of each part.
    locking, single : ndarray of int8, shape (n,)
        National tables of each text; -1 for UCS-2.
    null : ndarray of bool, shape (n,)
        Texts to leave out; they have one part.
    joining : int
        Octets of the information element that joins parts; 0 where they are not joined.
    packed : bool
        Whether septets are packed into octets; else each has an octet of its own.
    data_coding : ndarray of uint8, shape (parts,)
        Output: 0x00 for GSM-7, 0x08 for UCS-2.
    udl : ndarray of int32, shape (parts,)
        Output: user data length, in septets for packed GSM-7, else in octets.
    places, header_places : ndarray of int64, shape (parts + 1,)
        Output: where the user data and the header of each part begin in their buffers.
    """
    part = 0
    place = 0
    header_place = 0
    for row in range(len(rows)):
        is_ucs = locking[row] < 0
        elements = joining if rows[row] > 1 else 0
        if not is_ucs:
            elements += 3 * ((locking[row] > 0) + (single[row] > 0))
        header = elements + 1 if elements else 0
        for _ in range(rows[row]):
            places[part] = place
            header_places[part] = header_place
            data_coding[part] = 8 if is_ucs else 0
            udl[part] = 0
            if not null[row]:
                header_place += header
                if is_ucs:
                    udl[part] = header + 2 * units[part]
                    place += udl[part]
                elif packed:
                    udl[part] = (header * 8 + 6) // 7 + units[part]
                    place += (udl[part] * 7 + 7) // 8
                else:
                    udl[part] = header + units[part]
                    place += udl[part]
            part += 1
    places[part] = place
    header_places[part] = header_place


@kernel
def encode_kernel(
    borders: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    rows: npt.NDArray[np.int32],
    locking: npt.NDArray[np.int8],
    single: npt.NDArray[np.int8],
    null: npt.NDArray[np.bool_],
    slots: npt.NDArray[np.uint16],
    locking_codes: npt.NDArray[np.uint8],
    single_codes: npt.NDArray[np.uint8],
    joining_element: int,
    reference: int,
    reference_octets: int,
    packed: bool,
    places: npt.NDArray[np.int64],
    octets: npt.NDArray[np.uint8],
    header_places: npt.NDArray[np.int64],
    headers: npt.NDArray[np.uint8],
) -> None:
    """Write the user data of every part, its header first.

    Parameters
    ----------
    borders : ndarray of int64, shape (parts + 1,)
        Where each part begins in `data`.
    data : ndarray of uint8
        Well-formed UTF-8.
    rows, locking, single, null, packed, places, header_places : ndarray or bool
        As of :func:`layout_kernel`.
    slots : ndarray of uint16
        Slot by code point.
    locking_codes, single_codes : ndarray of uint8, shape (tables, slots)
        Septet by table and slot, 0xFF where the table lacks the character.
    joining_element : int
        Identifier of the information element that joins parts.
    reference : int
        Reference number of the first text of several parts; each further one has the next.
    reference_octets : int
        Octets of a reference number; 0 where parts are not joined.
    octets : ndarray of uint8
        Output: the user data, and eight bytes more.
    headers : ndarray of uint8
        Output: the user data headers alone.
    """
    part = 0
    for row in range(len(rows)):
        is_several = rows[row] > 1 and reference_octets > 0
        for k in range(rows[row]):
            position = borders[part]
            end = borders[part + 1]
            place = places[part]
            header = header_places[part]
            header_end = header_places[part + 1]
            part += 1
            if null[row]:
                continue
            if header_end > header:
                headers[header] = header_end - header - 1
                at = header + 1
                if is_several:
                    headers[at] = joining_element
                    headers[at + 1] = reference_octets + 2
                    at += 2
                    if reference_octets == 2:
                        headers[at] = reference >> 8
                        at += 1
                    headers[at] = reference & 0xFF
                    headers[at + 1] = rows[row]
                    headers[at + 2] = k + 1
                    at += 3
                if single[row] > 0:
                    headers[at] = _SINGLE_SHIFT
                    headers[at + 1] = 1
                    headers[at + 2] = single[row]
                    at += 3
                if locking[row] > 0:
                    headers[at] = _LOCKING_SHIFT
                    headers[at + 1] = 1
                    headers[at + 2] = locking[row]
                for at in range(header, header_end):
                    octets[place] = headers[at]
                    place += 1
            if locking[row] < 0:
                while position < end:
                    byte = int(data[position])
                    size = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
                    point = byte if size == 1 else byte & (0x7F >> size)
                    for at in range(1, size):
                        point = (point << 6) | (int(data[position + at]) & 0x3F)
                    position += size
                    if point > 0xFFFF:
                        high = 0xD800 | ((point - 0x10000) >> 10)
                        octets[place] = high >> 8
                        octets[place + 1] = high & 0xFF
                        place += 2
                        point = 0xDC00 | (point & 0x3FF)
                    octets[place] = point >> 8
                    octets[place + 1] = point & 0xFF
                    place += 2
                continue
            # Bits that wait for an octet to be full; fill bits put the first septet on a septet's
            # border, counted from the beginning of the header.
            waiting = np.uint64(0)
            count = -(header_end - header) * 8 % 7 if packed else 0
            width = 7 if packed else 8
            is_default = locking[row] == 0
            while position < end:
                if is_default and position + 8 <= len(data):
                    other = int(_other(data, position))
                    # The usual case apart: a step that is known does not wait for the mask.
                    several = 8
                    if other != _NONE_OF_8 or position + 8 > end:
                        several = min(_lowest(other), end - position)
                    eight = _load(data, position)
                    if packed:
                        # Take out every eighth bit: pairs of septets, then fours, then all.
                        eight = eight & _FIRST_OF_2 | (eight & _SECOND_OF_2) >> np.uint64(1)
                        eight = eight & _FIRST_OF_4 | (eight & _SECOND_OF_4) >> np.uint64(2)
                        eight = eight & _FIRST_OF_8 | (eight & _SECOND_OF_8) >> np.uint64(4)
                    if several == 8:
                        _store(octets, place, waiting | eight << np.uint64(count))
                        place += width
                        position += 8
                        if packed:
                            waiting = eight >> np.uint64(56 - count)
                        continue
                    eight &= (np.uint64(1) << np.uint64(width * several)) - np.uint64(1)
                    waiting |= eight << np.uint64(count)
                    _store(octets, place, waiting)
                    count += width * several
                    place += count >> 3
                    waiting >>= np.uint64(count & ~7)
                    count &= 7
                    position += several
                    if position == end:
                        continue
                point = int(data[position])
                position += 1
                if point >= 0xE0:
                    point = (point & 0x0F) << 6 | int(data[position]) & 0x3F
                    point = point << 6 | int(data[position + 1]) & 0x3F
                    position += 2
                elif point >= 0x80:
                    point = (point & 0x1F) << 6 | int(data[position]) & 0x3F
                    position += 1
                slot = slots[point]
                code = locking_codes[locking[row], slot]
                if code == _NO_CODE:
                    waiting |= np.uint64(_ESCAPE) << np.uint64(count)
                    count += width
                    if count >= 8:
                        octets[place] = waiting & np.uint64(0xFF)
                        place += 1
                        waiting >>= np.uint64(8)
                        count -= 8
                    code = single_codes[single[row], slot]
                waiting |= np.uint64(code) << np.uint64(count)
                count += width
                if count >= 8:
                    octets[place] = waiting & np.uint64(0xFF)
                    place += 1
                    waiting >>= np.uint64(8)
                    count -= 8
            if count:
                octets[place] = waiting & np.uint64(0xFF)
        if is_several:
            reference = (reference + 1) & ((1 << (8 * reference_octets)) - 1)
