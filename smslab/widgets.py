"""Widgets for notebooks. Each is a pure ``render`` and the wiring around it."""

from __future__ import annotations

import html

import ipywidgets

from smslab.errors import SmslabError
from smslab.explain import Explanation, explain

__all__ = ["MessageInspector", "message_inspector", "render"]


def render(text: str) -> tuple[Explanation | None, str]:
    """Explain a text as the inspector shows it.

    Parameters
    ----------
    text : str
        What was typed.

    Returns
    -------
    result : Explanation or None
        None where the text cannot be explained.
    page : str
        HTML, escaped; an error in red where there is no result.
    """
    try:
        result = explain(text)
    except SmslabError as error:
        return None, f"<p style='color:#c00' class='smslab-error'>{html.escape(str(error))}</p>"
    return result, result._repr_html_()


class MessageInspector(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A text box and, under it, how the text in it is encoded and split.

    Parameters
    ----------
    text : str
        What stands in the box at first.

    Attributes
    ----------
    result : Explanation or None
        The explanation of what stands in the box now, for further work in the notebook.
    """

    def __init__(self, text: str = "") -> None:
        self.text = ipywidgets.Textarea(
            value=text,
            description="Message",
            placeholder="Type or paste a text",
            continuous_update=True,
            layout=ipywidgets.Layout(width="100%", height="6em"),
        )
        self.output = ipywidgets.HTML(layout=ipywidgets.Layout(min_height="12em"))
        self.result: Explanation | None = None
        self.text.observe(lambda change: self._update(change["new"]), names="value")
        self._update(text)
        super().__init__([self.text, self.output])

    def _update(self, text: str) -> None:
        self.result, self.output.value = render(text)


def message_inspector(text: str = "") -> MessageInspector:
    """Show a box to type a text in: its encoding, units, parts and what forces UCS-2.

    Parameters
    ----------
    text : str
        What stands in the box at first.

    Returns
    -------
    MessageInspector
        A widget; its ``result`` is the current :class:`~smslab.explain.Explanation`.

    Examples
    --------
    >>> import smslab
    >>> inspector = smslab.widgets.message_inspector("Déjà vu?")
    >>> inspector.result.encoding, inspector.result.segments
    ('GSM-7', 1)
    >>> inspector.text.value = "Façade"
    >>> list(inspector.result.culprits)
    ['ç']
    """
    return MessageInspector(text)
