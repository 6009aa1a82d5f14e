"""Compiled kernels: flat arrays in, flat arrays out.

A cached kernel, every compiled helper and every constant that it uses stand in one file,
because numba's cache does not notice a change in another file. Tables go in as arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

#: The one decorator of every kernel: compiled on first use, cached, and without the GIL.
kernel = numba.njit(nogil=True, cache=True)

F = TypeVar("F", bound=Callable[..., Any])


def inner(function: F) -> F:
    """Compile what only kernels of the same file call: into them, and for nobody else.

    Parameters
    ----------
    function : callable
        The function.

    Returns
    -------
    callable
    """
    # Arrays are the caller's, so that nothing has to count who refers to them: with a model of
    # many arrays, counting and passing them took a microsecond a call. So nothing may be allocated.
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
    compiled: F = numba.njit(nogil=True, error_model="numpy", forceinline=True, **options)(function)
    return compiled
