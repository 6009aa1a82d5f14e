"""Progress: how far long work got."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

__all__ = ["Progress", "shown"]

#: None, True for a progress bar, or a function that is called with (done, total).
Progress: TypeAlias = bool | Callable[[int, int], None] | None


def shown(
    items: Iterable[Any],
    progress: Progress,
    total: int,
    what: str,
    size: Callable[[Any], int] = lambda item: 1,
) -> Iterator[Any]:
    """Go through items and show how far it got.

    Parameters
    ----------
    items : iterable
        What is gone through.
    progress : None, True, or callable
        True shows a bar; a function is called with (done, total).
    total : int
        How much there is.
    what : str
        Of what.
    size : callable
        How much of that an item is; one if not given.

    Yields
    ------
    object
        Each item.
    """
    if progress is True:
        from tqdm.auto import tqdm  # noqa: PLC0415  (0.1 s of import, only for a bar)

        with tqdm(desc=what, total=total, leave=False) as bar:
            for item in items:
                yield item
                bar.update(size(item))
        return
    done = 0
    for item in items:
        yield item
        done += size(item)
        if callable(progress):
            progress(done, total)
