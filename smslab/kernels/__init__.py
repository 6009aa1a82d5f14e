"""Compiled kernels: flat arrays in, flat arrays out.

A cached kernel, every compiled helper and every constant that it uses stand in one file,
because numba's cache does not notice a change in another file. Tables go in as arguments.
"""

from __future__ import annotations

import numba

#: The one decorator of every kernel: compiled on first use, cached, and without the GIL.
kernel = numba.njit(nogil=True, cache=True)
