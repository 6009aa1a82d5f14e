"""The delivery explorer: a run or a log over time, by cause and by carrier."""

from __future__ import annotations

import datetime as dt
import html

import ipywidgets

from smslab import plot
from smslab.errors import InputError
from smslab.figures import duration
from smslab.kpi import kpis
from smslab.log_reading import read_log
from smslab.logs import Log
from smslab.run import Run
from smslab.style import drawn
from smslab.widgets.panel import LABELLED, Panel, Shown
from smslab.widgets.upload import UPLOAD_NOTE, Upload

__all__ = ["DeliveryExplorer", "delivery_explorer", "render"]

#: Figures that are shown of each carrier.
_FIGURES = ("messages", "delivered", "undelivered", "expired", "failed", "network_p95", "delay_p95")


def render(source: Run | Log, share: float) -> Shown:
    """Show the states of the messages at a time, why they failed, and how carriers compare.

    Parameters
    ----------
    source : Run or Log
        What is looked at.
    share : float
        The time, as a share of all the time until the last event.

    Returns
    -------
    Shown
        With the states at that time, a Series.
    """
    over_time = source.states()
    end_s = float(over_time.index[-1])
    at_s = share * end_s
    states = source.states(at_s).iloc[0]
    when = duration(at_s) + " after the start"
    start = source.scenario.start if isinstance(source, Run) else source.start.to_pydatetime()
    if start is not None:
        when = f"{start + dt.timedelta(seconds=at_s):%Y-%m-%d %H:%M:%S %z}, {when}"
    counts = ", ".join(
        f"{count:,} {str(state).replace('_', ' ')}" for state, count in states.items() if count
    )
    whole = kpis(source)["value"]
    causes = whole[whole.index.str.startswith("cause_")].sort_values(ascending=False)
    reasons = ", ".join(
        f"{str(name).removeprefix('cause_').replace('_', ' ')} {100 * value:.2f} %"
        for name, value in causes.items()
        if value > 0
    )
    page = (
        f"<p><b>{html.escape(when)}</b>: <span class='smslab-states'>{html.escape(counts)}"
        "</span></p>"
        f"<p>Did not arrive: {html.escape(reasons) or 'none'}</p>{_carriers(source)}"
    )
    at = _scaled(at_s, end_s)
    picture = drawn(lambda ax: plot.states(source, ax=ax).axvline(at, color="k"), size=(9.0, 3.0))
    return Shown(states, page, picture)


def _scaled(at_s: float, end_s: float) -> float:
    """Return a time in the unit of the picture's axis."""
    return at_s / plot.unit_of(end_s)[1]


def _carriers(source: Run | Log) -> str:
    figures = kpis(source, by="carrier")["value"].reset_index()
    table = figures.pivot_table(index="carrier", columns="figure", values="value", dropna=False)
    wanted = [name for name in _FIGURES if name in table]
    shares = [name for name in wanted if name in ("delivered", "undelivered", "expired", "failed")]
    table[shares] = (100 * table[shares]).round(2)
    shown = table[wanted].rename(columns={name: f"{name}, %" for name in shares})
    shown = shown.rename(columns=lambda name: name.replace("_p95", " 95 %, s").replace("_", " "))
    shown["messages"] = shown["messages"].map("{:,.0f}".format)
    return shown.rename_axis(index=None, columns=None).round(1).to_html(border=0)


class DeliveryExplorer(Panel):
    """A run or a log over time, with a slider.

    Parameters
    ----------
    source : Run or Log, optional
        What is looked at, until a log is uploaded.

    Attributes
    ----------
    result : Series or None
        How many messages are in which state at the time of the slider.
    """

    def __init__(self, source: Run | Log | None = None) -> None:
        self.source = source
        self.upload = Upload("Upload a log", ".csv,.tsv,.parquet,.json,.jsonl,.ndjson,.gz,.txt")
        self.time = ipywidgets.FloatSlider(
            value=100,
            min=0,
            max=100,
            step=1,
            description="Time, % of all",
            continuous_update=False,
            style=LABELLED,
            layout=ipywidgets.Layout(width="40em"),
        )
        self.upload.observe(lambda _: self._uploaded(), names="value")
        head = [self.upload, self.time]
        super().__init__(self._render, [self.time], head=head, picture_height="300px")

    def _uploaded(self) -> None:
        self.source = None
        self.refresh()

    def _render(self) -> Shown:
        if self.source is None:
            self.source = self.upload.read(read_log)
        if self.source is None:
            return Shown(None, f"<p>Upload a provider's log. {UPLOAD_NOTE}</p>")
        if not len(self.source):
            raise InputError("there are no messages to look at")
        return render(self.source, self.time.value / 100)


def delivery_explorer(source: Run | Log | None = None) -> DeliveryExplorer:
    """Show what became of messages over time, why they failed, and how carriers compare.

    Parameters
    ----------
    source : Run or Log, optional
        A simulated run, or a log as of :func:`smslab.read_log`; a log can be uploaded too.

    Returns
    -------
    DeliveryExplorer
        A widget; its ``result`` is the states at the time of its slider.

    Examples
    --------
    >>> import smslab
    >>> run = smslab.simulate(smslab.scenarios.load("carrier_outage"), rng=1)
    >>> explorer = smslab.widgets.delivery_explorer(run)
    >>> explorer.time.value = 0
    >>> int(explorer.result["delivered"])
    0
    """
    return DeliveryExplorer(source)
