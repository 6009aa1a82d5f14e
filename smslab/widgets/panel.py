"""Panels: what widgets have in common. Errors show in the widget; long work can be cancelled."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ipywidgets

from smslab.errors import SmslabError

__all__ = ["LABELLED", "Panel", "Shown", "Work"]

#: Labels as long as they need, in one column.
LABELLED: Final = {"description_width": "13em"}

#: The colours of the theme, where there is one.
_FRAME: Final = "color:var(--jp-ui-font-color1,inherit);min-height:6em"


@dataclass(frozen=True)
class Shown:
    """What a panel shows.

    Parameters
    ----------
    result : object
        For further work in the notebook; None where there is none.
    page : str
        HTML, escaped.
    picture : bytes
        PNG; empty for none.
    """

    result: Any
    page: str
    picture: bytes = b""


def _failed(error: Exception) -> str:
    """Return a sentence in red for an error, escaped."""
    text = str(error) if isinstance(error, SmslabError) else f"{type(error).__name__}: {error}"
    return f"<p role='alert' class='smslab-error' style='color:#d33'>{html.escape(text)}</p>"


class Panel(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Controls, and under them what a pure function makes of their values.

    Parameters
    ----------
    show : callable
        Returns a :class:`Shown` for the controls as they stand; what it raises is shown in red.
    controls : sequence of Widget
        Those that are looked at: a change of one shows anew.
    head : sequence of Widget
        The rows at the top; the controls if not given.
    picture_height : str
        Height of the picture, so that nothing jumps; no picture if empty.
    beside : bool
        Whether what is shown stands beside the controls, not under them.

    Attributes
    ----------
    result : object
        What the panel shows now, for further work in the notebook; None where there is an error.
    """

    def __init__(
        self,
        show: Callable[[], Shown],
        controls: Sequence[Any],
        *,
        head: Sequence[Any] = (),
        picture_height: str = "",
        beside: bool = False,
    ) -> None:
        self.result: Any = None
        self._show = show
        self.page = ipywidgets.HTML(layout=ipywidgets.Layout(min_height="6em"))
        self.picture = ipywidgets.Image(
            format="png",
            layout=ipywidgets.Layout(height=picture_height, width="100%", object_fit="contain"),
        )
        below = [self.page, self.picture] if picture_height else [self.page]
        if beside:
            sides = [ipywidgets.VBox([*(head or controls)]), ipywidgets.VBox(below)]
            sides[1].layout.flex = "1 1 30em"
            wrapped = ipywidgets.Layout(flex_flow="row wrap")
            super().__init__([ipywidgets.HBox(sides, layout=wrapped)])
        else:
            super().__init__([*(head or controls), *below])
        for control in controls:
            control.observe(lambda _: self.refresh(), names="value")
        self.refresh()

    def refresh(self) -> None:
        """Show anew."""
        try:
            self.put(self._show())
        except Exception as error:
            self.finish(error)

    def finish(self, found: Shown | Exception | None) -> None:
        """Show what long work came to.

        Parameters
        ----------
        found : Shown, Exception or None
            What it returned or raised; None where it was cancelled.
        """
        if isinstance(found, Exception):
            self.put(Shown(None, _failed(found)))
        else:
            self.put(Shown(None, "<p>Cancelled.</p>") if found is None else found)

    def put(self, shown: Shown) -> None:
        """Show something.

        Parameters
        ----------
        shown : Shown
            What is shown.
        """
        self.result = shown.result
        self.page.value = f"<div style='{_FRAME}'>{shown.page}</div>"
        # An image without octets is drawn as a broken one.
        self.picture.layout.visibility = "visible" if shown.picture else "hidden"
        if shown.picture:
            self.picture.value = shown.picture


class Work(ipywidgets.HBox):  # type: ignore[misc]
    """A button for long work, with its progress and a button to cancel it.

    Parameters
    ----------
    name : str
        What the button says.
    begin : callable
        Called when the button is pressed; returns the work: a function of a progress function,
        which is called with (done, total) and raises KeyboardInterrupt when it is cancelled.
    done : callable
        Called with what the work returns, or with the exception that it raises.
    """

    def __init__(
        self,
        name: str,
        begin: Callable[[], Callable[[Callable[[int, int], None]], Any]],
        done: Callable[[Any], None],
    ) -> None:
        self._begin, self._done = begin, done
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None
        self.start = ipywidgets.Button(description=name, layout=ipywidgets.Layout(width="auto"))
        self.cancel = ipywidgets.Button(description="Cancel", disabled=True)
        self.bar = ipywidgets.FloatProgress(
            min=0, max=1, description="", layout=ipywidgets.Layout(width="16em")
        )
        self.start.on_click(lambda _: self.run())
        self.cancel.on_click(lambda _: self._cancelled.set())
        super().__init__([self.start, self.cancel, self.bar])

    def run(self) -> None:
        """Begin the work in a thread of its own."""
        try:
            work = self._begin()
        except Exception as error:
            self._done(error)
            return
        self._cancelled.clear()
        self._set(running=True)
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until the work is done."""
        if self._thread is not None:
            self._thread.join()

    def _run(self, work: Callable[[Callable[[int, int], None]], Any]) -> None:
        try:
            found = work(self._progress)
        except KeyboardInterrupt:
            found = None
        except Exception as error:
            found = error
        self._set(running=False)
        self._done(found)

    def _progress(self, done: int, total: int) -> None:
        self.bar.value = min(done / max(total, 1), 1.0)
        if self._cancelled.is_set():
            raise KeyboardInterrupt

    def _set(self, *, running: bool) -> None:
        self.start.disabled, self.cancel.disabled = running, not running
        self.bar.value = 0.0
