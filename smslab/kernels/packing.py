"""Packing: the octets of each part, as they go over the air."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from smslab.kernels import kernel


@kernel
def encode_kernel(
    borders: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    codes: npt.NDArray[np.uint16],
    is_ucs: npt.NDArray[np.bool_],
    headers: npt.NDArray[np.uint8],
    has_header: npt.NDArray[np.bool_],
    packed: bool,
    places: npt.NDArray[np.int64],
    octets: npt.NDArray[np.uint8],
    null: npt.NDArray[np.bool_],
) -> None:
    """Write the user data of every part, its header first.

    Parameters
    ----------
    borders : ndarray of int64, shape (n + 1,)
        Where each part begins in `data`.
    data : ndarray of uint8
        Well-formed UTF-8.
    codes : ndarray of uint16
        Septet by code point; for a character of the extension table 0x1B00 plus its septet.
    is_ucs : ndarray of bool, shape (n,)
        Whether the part is UCS-2.
    headers : ndarray of uint8, shape (n, octets of a header)
        The user data headers.
    has_header : ndarray of bool, shape (n,)
        Whether the part has one.
    packed : bool
        Whether septets are packed into octets; else each has an octet of its own.
    places : ndarray of int64, shape (n + 1,)
        Where each part begins in `octets`.
    octets : ndarray of uint8
        Output, zeros at first.
    null : ndarray of bool, shape (n,)
        Parts to leave out.
    """
    for part in range(len(borders) - 1):
        if null[part]:
            continue
        place = places[part]
        if has_header[part]:
            for k in range(headers.shape[1]):
                octets[place] = headers[part, k]
                place += 1
        position = borders[part]
        end = borders[part + 1]
        if is_ucs[part]:
            while position < end:
                byte = int(data[position])
                size = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
                point = byte if size == 1 else byte & (0x7F >> size)
                for k in range(1, size):
                    point = (point << 6) | (int(data[position + k]) & 0x3F)
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
        waiting = 0
        count = -(place - places[part]) * 8 % 7 if packed else 0
        width = 7 if packed else 8
        while position < end:
            point = int(data[position])
            position += 1
            if point >= 0xE0:
                point = (point & 0x0F) << 6 | int(data[position]) & 0x3F
                point = point << 6 | int(data[position + 1]) & 0x3F
                position += 2
            elif point >= 0x80:
                point = (point & 0x1F) << 6 | int(data[position]) & 0x3F
                position += 1
            code = int(codes[point])
            if code > 0x7F:
                waiting |= (code >> 8) << count
                count += width
                if count >= 8:
                    octets[place] = waiting & 0xFF
                    place += 1
                    waiting >>= 8
                    count -= 8
            waiting |= (code & 0x7F) << count
            count += width
            if count >= 8:
                octets[place] = waiting & 0xFF
                place += 1
                waiting >>= 8
                count -= 8
        if count:
            octets[place] = waiting
