"""The campaign calculator: a list, pasted or uploaded, and what sending it comes to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import ipywidgets
import pandas as pd

from smslab.errors import InputError, SmslabError
from smslab.forecast import forecast
from smslab.io import read_messages
from smslab.lookalikes import LEVELS
from smslab.progress import Progress
from smslab.rates import RateCard
from smslab.scenarios import load
from smslab.smart import smart_encode
from smslab.widgets.panel import LABELLED, Panel, Shown, Work
from smslab.widgets.upload import UPLOAD_NOTE, Upload

__all__ = ["CampaignCalculator", "Campaigned", "campaign_calculator", "render"]

#: Campaigns that the interval is from; 19 are the least for 90 %.
_REPLICATIONS: Final = 19

#: Rows of a breakdown that are shown.
_ROWS: Final = 12


@dataclass(frozen=True)
class Campaigned:
    """What the controls say.

    Parameters
    ----------
    messages : DataFrame
        ``text`` and, where there are, ``to``, ``country`` and ``carrier``.
    country : str
        Country of rows that name none; none if empty.
    level : str
        Level of smart encoding; none if empty.
    rates : RateCard
        The prices.
    """

    messages: pd.DataFrame
    country: str = ""
    level: str = ""
    rates: RateCard = field(default_factory=RateCard.bundled)


def render(given: Campaigned, progress: Progress = None) -> Shown:
    """Forecast a list, and show it.

    Parameters
    ----------
    given : Campaigned
        What the controls say.
    progress : None, True, or callable
        As of :func:`smslab.forecast`.

    Returns
    -------
    Shown
        With the :class:`~smslab.forecast.Forecast`.

    Raises
    ------
    SmslabError
        If no row can be sent, or there is no such country.
    """
    messages = given.messages
    if given.level:
        messages = messages.assign(text=smart_encode(messages["text"], level=given.level))
    found = forecast(
        messages,
        load(),
        given.rates,
        country=given.country or None,
        replications=_REPLICATIONS,
        rng=0,
        progress=progress,
    )
    countries = found.by("country").head(_ROWS)
    money = {"expected_cost": f"cost, {given.rates.currency}", "share": "share of the cost"}
    table = countries.rename(columns=money).round(4).reset_index().fillna({"country": "unknown"})
    page = found._repr_html_() + table.to_html(border=0, index=False)
    return Shown(found, page)


class CampaignCalculator(Panel):
    """A list, pasted or uploaded, and what sending it comes to, with intervals.

    Parameters
    ----------
    messages : DataFrame, optional
        A list with the column ``text``, in place of one that is uploaded or pasted.
    country : str
        Country of rows that name none.
    rates : RateCard, optional
        The prices; public list prices if not given.

    Attributes
    ----------
    result : Forecast or None
        The forecast, for further work in the notebook.
    """

    def __init__(
        self,
        messages: pd.DataFrame | None = None,
        country: str = "US",
        rates: RateCard | None = None,
    ) -> None:
        self.messages = messages
        self.rates = RateCard.bundled() if rates is None else rates
        wide = ipywidgets.Layout(width="32em")
        self.upload = Upload("Upload a list", ".csv,.tsv,.parquet,.jsonl,.ndjson")
        self.texts = ipywidgets.Textarea(
            description="or paste texts",
            placeholder="One text a line"
            + ("" if messages is None else f"; the list at hand has {len(messages):,} rows"),
            style=LABELLED,
            layout=ipywidgets.Layout(width="100%", height="6em"),
        )
        self.country = ipywidgets.Dropdown(
            options=[("as the numbers say", ""), *((code, code) for code in self.rates.countries)],
            value=country,
            description="Country of the rest",
            style=LABELLED,
            layout=wide,
        )
        self.level = ipywidgets.Dropdown(
            options=[("none", ""), *((level, level) for level in LEVELS)],
            value="",
            description="Smart encoding",
            style=LABELLED,
            layout=wide,
        )
        self.work = Work("Forecast", self._begin, self.finish)
        self._uploaded: pd.DataFrame | SmslabError | None = None
        self.upload.observe(lambda _: self._read(), names="value")
        head = [self.upload, self.texts, self.country, self.level, self.work]
        super().__init__(_nothing_yet, [], head=head)

    @property
    def given(self) -> Campaigned:
        """What the controls say.

        Raises
        ------
        InputError
            If there is no list, or it cannot be read.
        """
        if isinstance(self._uploaded, SmslabError):
            raise self._uploaded
        lines = [line for line in self.texts.value.splitlines() if line.strip()]
        messages = self._uploaded
        if messages is None:
            messages = pd.DataFrame({"text": lines}) if lines else self.messages
        if messages is None:
            raise InputError("no list: upload one, or paste a text")
        return Campaigned(messages, self.country.value, self.level.value, self.rates)

    def _read(self) -> None:
        """Read what was uploaded as soon as it is there, and say what it is."""
        try:
            self._uploaded = messages = self.upload.read(read_messages)
        except SmslabError as error:
            self._uploaded = error
            self.finish(error)
            return
        rows = "nothing" if messages is None else f"{len(messages):,} rows"
        self.put(Shown(None, f"<p>The list has {rows}. Press Forecast.</p>"))

    def _begin(self) -> Callable[[Callable[[int, int], None]], Shown]:
        given = self.given
        return lambda progress: render(given, progress)


def _nothing_yet() -> Shown:
    return Shown(None, f"<p>Upload a list or paste texts, and press Forecast. {UPLOAD_NOTE}</p>")


def campaign_calculator(
    messages: pd.DataFrame | None = None, country: str = "US", rates: RateCard | None = None
) -> CampaignCalculator:
    """Show a box for a list: its encoding, cost, finish and delivery, each with an interval.

    Parameters
    ----------
    messages : DataFrame, optional
        A list with the column ``text``, as of :func:`smslab.read_messages`, in place of one that
        is uploaded or pasted.
    country : str
        ISO 3166-1 alpha-2 code of the country of rows that name none; empty for none.
    rates : RateCard, optional
        The prices; public list prices if not given.

    Returns
    -------
    CampaignCalculator
        A widget; its ``result`` is the :class:`~smslab.forecast.Forecast`.

    Examples
    --------
    >>> import smslab
    >>> calculator = smslab.widgets.campaign_calculator(smslab.sample(100))
    >>> calculator.work.run()
    >>> calculator.work.wait()
    >>> len(calculator.result.messages)
    100
    """
    return CampaignCalculator(messages, country, rates)
