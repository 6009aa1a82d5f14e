"""The house style: the look of every picture, and how pictures become files."""

from __future__ import annotations

import functools
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any, Final, Literal, ParamSpec, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["BLUE", "COLOURS", "GREEN", "GREY", "ORANGE", "PINK", "SKY", "YELLOW"]
__all__ += ["drawn", "house", "styled"]

with resources.as_file(resources.files("smslab") / "house.mplstyle") as _path:
    _STYLE: Final = mpl.rc_params_from_file(_path, use_default_template=False)

#: One after the other, for lines side by side.
COLOURS: Final[tuple[str, ...]] = tuple(_STYLE["axes.prop_cycle"].by_key()["color"])

BLUE, ORANGE, GREEN, YELLOW, SKY, PINK, GREY = COLOURS

#: matplotlib's settings are global, and widgets draw in threads.
_DRAWING: Final = threading.RLock()

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def house() -> Iterator[None]:
    """Draw in the house style, and leave the style outside as it was.

    Yields
    ------
    None
    """
    with _DRAWING, mpl.rc_context(_STYLE):
        yield


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Make a function draw in the house style.

    Parameters
    ----------
    draw : callable
        Draws a picture.

    Returns
    -------
    callable
        The same.
    """

    @functools.wraps(draw)
    def in_style(*args: P.args, **kwargs: P.kwargs) -> T:
        with house():
            return draw(*args, **kwargs)

    return in_style


def drawn(
    *pictures: Callable[[Axes], object],
    columns: int = 0,
    size: tuple[float, float] = (6.4, 3.4),
    dpi: float = 80,
    form: Literal["png", "svg"] = "png",
) -> bytes:
    """Draw pictures side by side.

    Parameters
    ----------
    *pictures : callable
        Each draws on the Axes that it is called with.
    columns : int
        How many stand in a row; all if 0.
    size : tuple of float
        Width and height of each, in inches.
    dpi : float
        Dots per inch of a PNG.
    form : {"png", "svg"}
        Format of the file.

    Returns
    -------
    bytes
        The file. The same pictures give the same bytes, whatever settings matplotlib has.
    """
    across = columns or len(pictures)
    metadata: dict[str, Any] = {"Software": None} if form == "png" else {"Date": None}
    octets = io.BytesIO()
    rows = -(-len(pictures) // across)
    with house():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(size[0] * across, size[1] * rows))
        places = list(figure.subplots(rows, across, squeeze=False).flat)
        for picture, ax in zip(pictures, places, strict=False):
            picture(ax)
        for ax in places[len(pictures) :]:
            ax.set_visible(False)
        figure.savefig(octets, format=form, dpi=dpi, metadata=metadata)
    return octets.getvalue()
