"""Segmentation of UTF-8 texts: characters, units and segments of each message."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from smslab.kernels import kernel

GSM7 = 0
UCS2 = 1


@kernel
def segment_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    septets: npt.NDArray[np.uint8],
    limits: npt.NDArray[np.int64],
    encoding: npt.NDArray[np.int8],
    characters: npt.NDArray[np.int32],
    units: npt.NDArray[np.int32],
    segments: npt.NDArray[np.int32],
) -> None:
    """Count every text of a chunk in one pass.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Where each text begins in `data`.
    data : ndarray of uint8
        UTF-8 bytes. Malformed bytes count as one character each and nothing outside a text's
        own slot is read.
    septets : ndarray of uint8
        Septets by code point, 0 where the code point is not in the alphabet.
    limits : ndarray of int64, shape (4,)
        Units of a single message and of a part: GSM-7 single, GSM-7 part, UCS-2 single and
        UCS-2 part.
    encoding : ndarray of int8, shape (n,)
        Output: 0 for GSM-7, 1 for UCS-2.
    characters, units, segments : ndarray of int32, shape (n,)
        Output: code points; septets or UTF-16 code units; parts.
    """
    known = len(septets)
    for row in range(len(offsets) - 1):
        # Foreign offsets may lead anywhere; what is read stays inside the buffer.
        position = max(offsets[row], 0)
        end = min(offsets[row + 1], len(data))
        count = 0
        total_gsm = 0
        total_ucs = 0
        parts_gsm = 1
        parts_ucs = 1
        used_gsm = 0
        used_ucs = 0
        is_gsm = True
        while position < end:
            byte = int(data[position])
            extra = 0
            point = byte
            if byte >= 0xF0 and byte <= 0xF4:
                extra = 3
                point = byte & 0x07
            elif byte >= 0xE0 and byte < 0xF0:
                extra = 2
                point = byte & 0x0F
            elif byte >= 0xC2 and byte < 0xE0:
                extra = 1
                point = byte & 0x1F
            elif byte >= 0x80:
                point = 0xFFFD
            position += 1
            for _ in range(extra):
                if position >= end or (data[position] & 0xC0) != 0x80:
                    point = 0xFFFD
                    break
                point = (point << 6) | (int(data[position]) & 0x3F)
                position += 1
            count += 1
            # A character of two units (escape pair, surrogate pair) is never split over parts.
            width = 2 if point > 0xFFFF else 1
            total_ucs += width
            if used_ucs + width > limits[3]:
                parts_ucs += 1
                used_ucs = 0
            used_ucs += width
            if is_gsm:
                cost = int(septets[point]) if point < known else 0
                if cost == 0:
                    is_gsm = False
                else:
                    total_gsm += cost
                    if used_gsm + cost > limits[1]:
                        parts_gsm += 1
                        used_gsm = 0
                    used_gsm += cost
        characters[row] = count
        if is_gsm:
            encoding[row] = GSM7
            units[row] = total_gsm
            segments[row] = 1 if total_gsm <= limits[0] else parts_gsm
        else:
            encoding[row] = UCS2
            units[row] = total_ucs
            segments[row] = 1 if total_ucs <= limits[2] else parts_ucs
