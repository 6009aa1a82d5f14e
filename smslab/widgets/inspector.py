"""The message inspector: one text as it is typed, what it costs, and its repair with one click."""

from __future__ import annotations

import html

import ipywidgets

from smslab.explain import Explanation, explain
from smslab.rates import MICRO, RateCard
from smslab.widgets.panel import LABELLED, Panel, Shown

__all__ = ["MessageInspector", "message_inspector", "render"]


def render(text: str, country: str = "", rates: RateCard | None = None) -> Shown:
    """Explain a text as the inspector shows it.

    Parameters
    ----------
    text : str
        What was typed.
    country : str
        ISO 3166-1 alpha-2 code of the recipient, for the price; none is shown if empty.
    rates : RateCard, optional
        The prices; public list prices if not given.

    Returns
    -------
    Shown
        With the :class:`~smslab.explain.Explanation`.

    Raises
    ------
    SmslabError
        If the text cannot be explained, or the country has no price.
    """
    result = explain(text)
    return Shown(result, result._repr_html_() + _price(result, country, rates))


def _price(result: Explanation, country: str, rates: RateCard | None) -> str:
    if not country:
        return ""
    card = RateCard.bundled() if rates is None else rates
    micro = card.price(country).total_micro

    def thousand(segments: int) -> str:
        return f"{card.currency} {1000 * segments * micro / MICRO:,.2f}"

    line = f"A thousand of these to {country}: {thousand(result.segments)}"
    if result.repair is not None:
        line += f"; repaired {thousand(result.repair.segments)}"
    return f"<p class='smslab-price'>{html.escape(line)}</p>"


class MessageInspector(Panel):
    """A text box and, under it, how the text in it is encoded and split.

    Parameters
    ----------
    text : str
        What stands in the box at first.
    country : str
        ISO 3166-1 alpha-2 code of the recipient, for the price.
    rates : RateCard, optional
        The prices; public list prices if not given.

    Attributes
    ----------
    result : Explanation or None
        The explanation of what stands in the box now, for further work in the notebook.
    """

    def __init__(self, text: str = "", country: str = "", rates: RateCard | None = None) -> None:
        card = RateCard.bundled() if rates is None else rates
        self.text = ipywidgets.Textarea(
            value=text,
            description="Message",
            placeholder="Type or paste a text",
            continuous_update=True,
            style=LABELLED,
            layout=ipywidgets.Layout(width="100%", height="6em"),
        )
        self.country = ipywidgets.Dropdown(
            options=[("no price", ""), *((code, code) for code in card.countries)],
            value=country,
            description="Price in",
            style=LABELLED,
        )
        self.repair = ipywidgets.Button(description="Repair", disabled=True)
        self.repair.on_click(lambda _: self._repair())

        def show() -> Shown:
            return render(self.text.value, self.country.value, card)

        row = ipywidgets.HBox([self.country, self.repair])
        super().__init__(show, [self.text, self.country], head=[self.text, row])

    def put(self, shown: Shown) -> None:
        """Show something; the button is there where a repair saves a segment.

        Parameters
        ----------
        shown : Shown
            What is shown.
        """
        super().put(shown)
        self.repair.disabled = shown.result is None or shown.result.repair is None

    def _repair(self) -> None:
        if self.result is not None and self.result.repair is not None:
            self.text.value = self.result.repair.text


def message_inspector(
    text: str = "", country: str = "", rates: RateCard | None = None
) -> MessageInspector:
    """Show a box to type a text in: its encoding, units, parts, price and what forces UCS-2.

    Parameters
    ----------
    text : str
        What stands in the box at first.
    country : str
        ISO 3166-1 alpha-2 code of the recipient, for the price; none is shown if empty.
    rates : RateCard, optional
        The prices; public list prices if not given.

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
    return MessageInspector(text, country, rates)
