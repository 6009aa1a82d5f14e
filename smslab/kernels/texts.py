"""Texts in place of others, by the row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from smslab.kernels import kernel


@kernel
def replace_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    rows: npt.NDArray[np.int64],
    by_offsets: npt.NDArray[np.int64],
    by_data: npt.NDArray[np.uint8],
    new_offsets: npt.NDArray[np.int64],
    new_data: npt.NDArray[np.uint8],
) -> None:
    """Put other texts in the place of some.

    Parameters
    ----------
    offsets, data : ndarray
        The texts.
    rows : ndarray of int64, shape (m,)
        Which are replaced, in order.
    by_offsets, by_data : ndarray
        What by, a text each.
    new_offsets : ndarray of int64, shape (n + 1,)
        Where each new text stands.
    new_data : ndarray of uint8
        Written.
    """
    done = 0
    for place in range(len(rows) + 1):
        row = rows[place] if place < len(rows) else len(offsets) - 1
        new_data[new_offsets[done] : new_offsets[row]] = data[offsets[done] : offsets[row]]
        if place < len(rows):
            begin, end = by_offsets[place], by_offsets[place + 1]
            new_data[new_offsets[row] : new_offsets[row + 1]] = by_data[begin:end]
        done = row + 1
