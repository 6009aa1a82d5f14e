"""Unpacking: the octets of parts as they came over the air into text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from smslab.kernels import kernel

# What can be wrong with a part, in the order of `smslab.decoding.PROBLEMS`.
(
    FINE,
    HEADER_CUT,
    HEADER_PART,
    HEADER_LANGUAGE,
    WRONG_LENGTH,
    ODD_LENGTH,
    NO_TEXT_CODING,
    NO_SEPTET,
    LONE_SURROGATE,
) = range(9)

_GSM7, _UCS2, _NO_TEXT = range(3)


@kernel
def _alphabet(data_coding: int) -> int:
    """Tell the alphabet of a TP-Data-Coding-Scheme (TS 23.038, 4)."""
    group = data_coding >> 4
    if group < 8:  # general data coding, also of messages to be deleted
        if data_coding & 0x20:
            return _NO_TEXT  # compressed
        kind = data_coding >> 2 & 3
        return _NO_TEXT if kind == 1 else _UCS2 if kind == 2 else _GSM7
    if group == 0xE:
        return _UCS2
    if group == 0xF and data_coding & 4:
        return _NO_TEXT  # 8-bit data
    return _GSM7  # reserved ones too


@kernel
def begins_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    header_offsets: npt.NDArray[np.int64],
    headers: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.bool_],
) -> None:
    """Say which user data begin with their header.

    Parameters
    ----------
    offsets, header_offsets : ndarray of int64, shape (n + 1,)
        Where the user data and the header of each part begin.
    data, headers : ndarray of uint8
        Octets.
    begins : ndarray of bool, shape (n,)
        Output.
    """
    for row in range(len(offsets) - 1):
        start = offsets[row]
        header = header_offsets[row]
        size = header_offsets[row + 1] - header
        begins[row] = size <= offsets[row + 1] - start
        for k in range(size if begins[row] else 0):
            begins[row] &= data[start + k] == headers[header + k]


@kernel
def decode_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    has_header: npt.NDArray[np.bool_],
    data_coding: npt.NDArray[np.int64],
    udl: npt.NDArray[np.int64],
    packed: bool,
    locking_points: npt.NDArray[np.uint16],
    single_points: npt.NDArray[np.uint16],
    problem: npt.NDArray[np.int8],
    is_ucs: npt.NDArray[np.bool_],
    joining: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
    code_units: npt.NDArray[np.uint16],
) -> None:
    """Read the header and the text of every part.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Where the user data of each part begins in `data`.
    data : ndarray of uint8
        Octets.
    has_header : ndarray of bool, shape (n,)
        Whether the user data begins with a header.
    data_coding : ndarray of int64, shape (n,)
        TP-Data-Coding-Scheme.
    udl : ndarray of int64, shape (n,)
        User data length: septets for packed GSM-7, else octets; -1 where it is not known.
    packed : bool
        Whether septets are packed into octets.
    locking_points, single_points : ndarray of uint16, shape (tables, 128)
        Code point by table and septet; 0 in a single shift table that does not use it.
    problem : ndarray of int8, shape (n,)
        Output: one of the constants of this file.
    is_ucs : ndarray of bool, shape (n,)
        Output: whether the text is UCS-2.
    joining : ndarray of int64, shape (4, n)
        Output: bits of the reference number (0 where the part stands alone), reference number,
        parts of the text, number of this one.
    places : ndarray of int64, shape (n + 1,)
        Output: where the text of each part begins in `code_units`.
    code_units : ndarray of uint16
        Output: UTF-16; room for eight in seven octets, and one more a part.
    """
    place = 0
    for row in range(len(offsets) - 1):
        places[row] = place
        problem[row] = FINE
        is_ucs[row] = False
        joining[0, row] = 0
        joining[1, row] = -1
        joining[2, row] = 1
        joining[3, row] = 1
        start = offsets[row]
        end = offsets[row + 1]
        alphabet = _alphabet(data_coding[row])
        if alphabet == _NO_TEXT:
            problem[row] = NO_TEXT_CODING
            continue
        is_ucs[row] = alphabet == _UCS2
        locking = 0
        single = 0
        text = start
        if has_header[row]:
            if start >= end:
                problem[row] = HEADER_CUT
                continue
            text = start + 1 + int(data[start])
            at = start + 1
            while at < text and problem[row] == FINE:
                if text > end or at + 2 > text or at + 2 + int(data[at + 1]) > text:
                    problem[row] = HEADER_CUT
                    break
                element = data[at]
                size = int(data[at + 1])
                at += 2
                if element in (0x00, 0x08):
                    wide = 1 if element == 0x08 else 0
                    if size != 3 + wide or data[at + wide + 1] == 0:
                        problem[row] = HEADER_PART
                        break
                    # Of a repeated element the last counts (TS 23.040, 9.2.3.24).
                    joining[0, row] = 8 + 8 * wide
                    joining[1, row] = int(data[at])
                    if wide:
                        joining[1, row] = int(data[at]) << 8 | int(data[at + 1])
                    joining[2, row] = data[at + wide + 1]
                    joining[3, row] = data[at + wide + 2]
                    if joining[3, row] == 0 or joining[3, row] > joining[2, row]:
                        problem[row] = HEADER_PART
                elif element in (0x24, 0x25):
                    if size != 1 or data[at] == 0 or data[at] >= len(locking_points):
                        problem[row] = HEADER_LANGUAGE
                    elif element == 0x24:
                        single = int(data[at])
                    else:
                        locking = int(data[at])
                at += size
            if problem[row] != FINE:
                continue
        if is_ucs[row]:
            if udl[row] >= 0 and udl[row] != end - start:
                problem[row] = WRONG_LENGTH
            elif (end - text) % 2:
                problem[row] = ODD_LENGTH
            else:
                for at in range(text, end, 2):
                    code_units[place] = int(data[at]) << 8 | int(data[at + 1])
                    place += 1
            continue
        bit = 0
        if packed:
            first = ((text - start) * 8 + 6) // 7
            count = udl[row] - first
            # Fill bits put the first septet on a septet's border.
            bit = first * 7
            if count < 0 or (udl[row] * 7 + 7) // 8 != end - start:
                problem[row] = WRONG_LENGTH
                continue
        else:
            count = end - text
            if udl[row] >= 0 and udl[row] != end - start:
                problem[row] = WRONG_LENGTH
                continue
        is_escaped = False
        for k in range(count):
            if packed:
                at = start + (bit >> 3)
                shift = bit & 7
                code = int(data[at]) >> shift
                if shift > 1:
                    code |= int(data[at + 1]) << (8 - shift)
                code &= 0x7F
                bit += 7
            else:
                code = int(data[text + k])
                if code > 0x7F:
                    problem[row] = NO_SEPTET
                    place = places[row]
                    break
            if is_escaped:
                is_escaped = False
                if code == 0x0D:
                    continue  # a control that is reserved: nothing to show
                point = single_points[single, code]
                if code == 0x1B:
                    point = np.uint16(0x20)  # reserved for a further table: a blank
                elif point == 0:
                    point = locking_points[locking, code]
            elif code == 0x1B:
                is_escaped = True
                continue
            else:
                point = locking_points[locking, code]
            code_units[place] = point
            place += 1
        if is_escaped and problem[row] == FINE:
            code_units[place] = 0x20
            place += 1
    places[len(offsets) - 1] = place


@kernel
def join_parts_kernel(
    parts: npt.NDArray[np.int64],
    messages: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
    code_units: npt.NDArray[np.uint16],
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    problem: npt.NDArray[np.int8],
) -> None:
    """Write the text of each message in UTF-8; its parts may end between surrogates.

    Parameters
    ----------
    parts : ndarray of int64
        Parts in the order of the messages and within each in that of the text.
    messages : ndarray of int64, shape (n + 1,)
        Where the parts of each message begin in `parts`.
    places, code_units : ndarray
        As of :func:`decode_kernel`.
    offsets : ndarray of int64, shape (n + 1,)
        Output: where each text begins in `data`.
    data : ndarray of uint8
        Output: UTF-8; room for three bytes a code unit.
    problem : ndarray of int8, shape (n,)
        Output: ``LONE_SURROGATE`` where one has no partner, else ``FINE``; then the text is empty.
    """
    place = 0
    for message in range(len(messages) - 1):
        offsets[message] = place
        problem[message] = FINE
        high = 0
        for part in parts[messages[message] : messages[message + 1]]:
            for at in range(places[part], places[part + 1]):
                point = int(code_units[at])
                if 0xDC00 <= point < 0xE000 and high:
                    point = 0x10000 + (high - 0xD800 << 10) + (point - 0xDC00)
                    high = 0
                    data[place] = 0xF0 | point >> 18
                    data[place + 1] = 0x80 | point >> 12 & 0x3F
                    data[place + 2] = 0x80 | point >> 6 & 0x3F
                    data[place + 3] = 0x80 | point & 0x3F
                    place += 4
                    continue
                if high or 0xDC00 <= point < 0xE000:
                    problem[message] = LONE_SURROGATE
                    high = 0
                if 0xD800 <= point < 0xDC00:
                    high = point
                elif point < 0x80:
                    data[place] = point
                    place += 1
                elif point < 0x800:
                    data[place] = 0xC0 | point >> 6
                    data[place + 1] = 0x80 | point & 0x3F
                    place += 2
                elif not 0xDC00 <= point < 0xE000:
                    data[place] = 0xE0 | point >> 12
                    data[place + 1] = 0x80 | point >> 6 & 0x3F
                    data[place + 2] = 0x80 | point & 0x3F
                    place += 3
        if high or problem[message] == LONE_SURROGATE:
            problem[message] = LONE_SURROGATE
            place = offsets[message]
    offsets[len(messages) - 1] = place
