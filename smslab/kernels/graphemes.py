"""Grapheme clusters: which characters belong to the cluster before them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from smslab.kernels import kernel

# Classes of Grapheme_Cluster_Break, in the low four bits of a property; then two bits of
# Indic_Conjunct_Break, then one of Extended_Pictographic. `smslab.graphemes` sets them.
OTHER, CR, LF, CONTROL, EXTEND, ZWJ, REGIONAL, PREPEND, SPACING, L, V, T, LV, LVT = range(14)
NO_CONJUNCT, CONSONANT, LINKER, CONJUNCT_EXTEND = range(4)


@kernel
def join_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    properties: npt.NDArray[np.uint8],
    segments: npt.NDArray[np.int32],
    joined: npt.NDArray[np.bool_],
) -> None:
    """Mark the characters that belong to the cluster before them, in texts of several parts.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Where each text begins in `data`; the texts are well-formed.
    data : ndarray of uint8
        UTF-8 bytes.
    properties : ndarray of uint8, shape (0x110000,)
        Property by code point.
    segments : ndarray of int32, shape (n,)
        Parts of each text; those of one part are left out.
    joined : ndarray of bool, shape (bytes,)
        Output, at the first byte of each character.
    """
    for row in range(len(offsets) - 1):
        if segments[row] < 2:
            continue
        position = offsets[row]
        before = -1
        # What stands before the character: a pictograph and its extension, a conjunct's consonant
        # with (2) or without (1) a linker, an odd number of regional indicators.
        is_picture = False
        is_picture_joined = False
        conjunct = 0
        is_flag_open = False
        while position < offsets[row + 1]:
            point = int(data[position])
            size = 1 if point < 0x80 else 2 if point < 0xE0 else 3 if point < 0xF0 else 4
            if size > 1:
                point &= 0x7F >> size
            for k in range(1, size):
                point = point << 6 | int(data[position + k]) & 0x3F
            kind = int(properties[point]) & 15
            indic = int(properties[point]) >> 4 & 3
            picture = int(properties[point]) >> 6 == 1
            if before < 0 or before in (CR, LF, CONTROL) or kind in (CR, LF, CONTROL):
                keep = before == CR and kind == LF  # GB3 to GB5
            elif kind in (EXTEND, ZWJ, SPACING) or before == PREPEND:
                keep = True  # GB9, GB9a, GB9b
            elif before == L:
                keep = kind in (L, V, LV, LVT)  # GB6
            elif before in (LV, V):
                keep = kind in (V, T)  # GB7
            elif before in (LVT, T):
                keep = kind == T  # GB8
            else:
                keep = False
            keep |= indic == CONSONANT and conjunct == 2  # GB9c
            keep |= picture and is_picture_joined  # GB11
            keep |= kind == REGIONAL and is_flag_open  # GB12, GB13
            joined[position] = keep
            is_flag_open = kind == REGIONAL and not is_flag_open
            is_picture_joined = is_picture and kind == ZWJ
            is_picture = picture or (is_picture and kind == EXTEND)
            if indic == CONSONANT:
                conjunct = 1
            elif indic == LINKER and conjunct > 0:
                conjunct = 2
            elif indic != CONJUNCT_EXTEND:
                conjunct = 0
            before = kind
            position += size
