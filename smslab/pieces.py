"""Work in pieces: a function over parts of the input, here or on a caller's executor."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, Final, TypeVar

import pyarrow as pa

__all__ = ["each", "pieces", "shares_memory"]

_T = TypeVar("_T")

#: Texts of a piece: few enough to give every worker some, many enough to outweigh a hand-over.
ROWS: Final = 131_072


def pieces(
    chunks: list[pa.LargeStringArray], executor: Executor | None
) -> list[pa.LargeStringArray]:
    """Cut chunks into pieces for the workers of an executor.

    Parameters
    ----------
    chunks : list of pyarrow.LargeStringArray
        The texts.
    executor : Executor or None
        Who works on them; without one, the chunks are the pieces.

    Returns
    -------
    list of pyarrow.LargeStringArray
        Slices, in order.

    Raises
    ------
    TypeError
        If `executor` is none.
    """
    if executor is None:
        return chunks
    if not hasattr(executor, "submit"):
        raise TypeError(
            f"executor must be a concurrent.futures.Executor or None; not {executor!r:.60}"
        )
    cut = [chunk.slice(at, ROWS) for chunk in chunks for at in range(0, len(chunk), ROWS)]
    if shares_memory(executor):
        return cut
    # A slice is sent with all of the array that it is cut from; a copy is not.
    return [pa.chunked_array([piece]).combine_chunks() for piece in cut]


def shares_memory(executor: Executor | None) -> bool:
    """Say whether workers can write into the caller's arrays.

    Parameters
    ----------
    executor : Executor or None
        Who works.

    Returns
    -------
    bool
    """
    return executor is None or isinstance(executor, ThreadPoolExecutor)


def each(
    function: Callable[..., _T], work: Iterable[tuple[Any, ...]], executor: Executor | None
) -> list[_T]:
    """Call a function on each piece of work.

    Parameters
    ----------
    function : callable
        A function of a module, so that it can be sent to another process.
    work : iterable of tuple
        The arguments of each call.
    executor : Executor or None
        Who makes the calls; without one they are made here, in turn.

    Returns
    -------
    list
        What the calls return, in the order of the work.
    """
    if executor is None:
        return [function(*arguments) for arguments in work]
    futures = [executor.submit(function, *arguments) for arguments in work]
    return [future.result() for future in futures]
