"""Memory for results, from a pool that keeps what was freed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["unwritten"]


def unwritten(shape: int | tuple[int, ...], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """Make room for values that are still to be written.

    It comes from Arrow's pool, which keeps what was freed: memory that a process touches for the
    first time is several times slower.

    Parameters
    ----------
    shape : int or tuple of int
        How many values.
    kind : dtype
        Their type.

    Returns
    -------
    ndarray
    """
    dtype = np.dtype(kind)
    size = math.prod(shape) if isinstance(shape, tuple) else shape
    # frombuffer takes no empty buffer.
    buffer = pa.allocate_buffer(max(size, 1) * dtype.itemsize)
    return np.frombuffer(buffer, dtype, size).reshape(shape)
