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
def hopeless_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.uint8],
    wanted: npt.NDArray[np.bool_],
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
    """
    for row in range(len(offsets) - 1):
        if not wanted[row]:
            continue
        blocked = False
        composes = False
        at = offsets[row]
        end = offsets[row + 1]
        while at < end:
            byte = int(data[at])
            point = byte
            if byte < 0x80:
                at += 1
            elif byte < 0xE0:
                point = (byte & 0x1F) << 6 | int(data[at + 1]) & 0x3F
                at += 2
            elif byte < 0xF0:
                point = (byte & 0x0F) << 12 | (int(data[at + 1]) & 0x3F) << 6
                point |= int(data[at + 2]) & 0x3F
                at += 3
            else:
                point = (byte & 0x07) << 18 | (int(data[at + 1]) & 0x3F) << 12
                point |= (int(data[at + 2]) & 0x3F) << 6 | int(data[at + 3]) & 0x3F
                at += 4
            kind = kinds[point] if point < len(kinds) else BLOCKS
            blocked = blocked or kind == BLOCKS
            composes = composes or kind == COMPOSES
        wanted[row] = not blocked or composes
