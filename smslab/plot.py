"""Pictures: one function a chart; each draws on `ax` and returns it."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from smslab.calibrate import Calibration
from smslab.errors import OptionError
from smslab.kernels.simulation import SECOND
from smslab.logs import Log
from smslab.outcome import NEVER, Status
from smslab.replications import Replications
from smslab.run import Run
from smslab.style import BLUE, COLOURS, GREEN, GREY, ORANGE, PINK, SKY, YELLOW, styled

__all__ = [
    "backlog",
    "calibration",
    "cost_by",
    "delay",
    "delay_by",
    "deliveries",
    "fan",
    "states",
    "throughput",
    "trade_off",
    "unit_of",
    "utilisation",
]

#: States from the bottom up.
_STATES: Final = {
    "delivered": GREEN,
    "sent": SKY,
    "queued": YELLOW,
    "to_come": "#DDDDDD",
    "undelivered": ORANGE,
    "expired": PINK,
    "failed": "#444444",
    "received": "#F0E442",
}

_SPANS: Final = {
    1: "1 s",
    10: "10 s",
    60: "1 min",
    600: "10 min",
    3600: "1 h",
    36_000: "10 h",
    86_400: "1 d",
    864_000: "10 d",
}
_POINTS: Final = 400

#: Times that are further apart are drawn on a logarithmic axis.
_WIDE: Final = 10


@styled
def backlog(run: Run, *, ax: Axes | None = None) -> Axes:
    """Draw how many messages wait on the platform over time.

    Parameters
    ----------
    run : Run
        One replication.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    queued = np.sort(run.traffic.queued_us)
    left = np.where(run.sent_us == NEVER, run.final_us, run.sent_us)
    left = np.sort(left[left != NEVER])
    end = max(int(left[-1]) if len(left) else 0, int(queued[-1]) if len(queued) else 0, SECOND)
    times = np.linspace(0, end * 1.05, _POINTS)
    waiting = np.searchsorted(queued, times, "right") - np.searchsorted(left, times, "right")
    unit, size = unit_of(end / SECOND)
    ax.fill_between(times / SECOND / size, waiting, color=BLUE, alpha=0.3, linewidth=0)
    ax.plot(times / SECOND / size, waiting, color=BLUE)
    ax.set(
        title="Messages waiting to be sent",
        xlabel=f"time after the start ({unit})",
        ylabel="messages",
        xlim=(0, times[-1] / SECOND / size),
    )
    ax.set_ylim(bottom=0)
    return ax


@styled
def calibration(found: Calibration, carrier: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw how long receipts of delivered messages take, in the log and as the model says.

    Parameters
    ----------
    found : Calibration
        The calibration.
    carrier : str, optional
        Name of one of its carriers; all of them, one above the other, if not given.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes

    Raises
    ------
    OptionError
        If there is no such carrier.
    """
    ax = _axes(ax)
    delays = found.delays
    names = list(delays["carrier"].unique()) if len(delays) else []
    if carrier is not None and carrier not in names:
        raise OptionError(f"carrier must be one of {names}; not {carrier!r}")
    low, high = 1.0, 1.0
    for name, colour in zip(names if carrier is None else [carrier], COLOURS * 99, strict=False):
        part = delays[(delays["carrier"] == name) & (delays["outcome"] == "delivered")]
        part = part[np.isfinite(part["to_s"])]
        seen = 100 * part["observed"].cumsum() / max(part["observed"].sum(), 1)
        said = 100 * part["expected"].cumsum() / max(part["observed"].sum(), 1)
        ax.plot(part["to_s"], seen, color=colour, label=_literal(f"{name}, log"))
        ax.plot(part["to_s"], said, color=colour, ls=":", lw=2.5, label=_literal(f"{name}, model"))
        inside = part["to_s"][(seen > 0) & (seen < 99.99)]
        low = min([low, *inside.head(1)])
        high = max([high, *inside.tail(1)])
    ax.set(
        title="Delay of receipts: the log and the model",
        xlabel="time from being sent to the receipt",
        ylabel="delivered messages (%)",
        ylim=(0, 102),
    )
    _span_axis(ax, low, high * 1.5)
    if names:
        ax.legend()
    return ax


@styled
def deliveries(run: Run, *, ax: Axes | None = None) -> Axes:
    """Draw the share of messages sent, landed and read over time, on a logarithmic axis.

    Parameters
    ----------
    run : Run
        One replication.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    landed = run.final_us[run.status == Status.DELIVERED]
    series: list[tuple[str, npt.NDArray[np.int64], str]] = [
        ("sent", run.sent_us[run.sent_us != NEVER], GREY),
        ("landed", landed, BLUE),
        ("read", run.read_us[run.read_us != NEVER], ORANGE),
    ]
    end = max([SECOND, *(int(times.max()) for _, times, _ in series[:2] if len(times))])
    grid = np.geomspace(SECOND, max(end, 60 * SECOND), _POINTS)
    for name, times, colour in series:
        share = np.searchsorted(np.sort(times), grid, "right") / max(len(run), 1)
        ax.plot(grid / SECOND, 100 * share, color=colour, label=name)
    _span_axis(ax, grid[0] / SECOND, grid[-1] / SECOND)
    ax.set(
        title="Share of messages sent, landed and read",
        xlabel="time after the start",
        ylabel="% of the messages",
        ylim=(0, 102),
    )
    ax.legend()
    return ax


@styled
def delay(run: Run, *, ax: Axes | None = None) -> Axes:
    """Draw how long messages took from the platform's queue to the handset.

    Parameters
    ----------
    run : Run
        One replication.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    delivered = run.status == Status.DELIVERED
    seconds = (run.final_us[delivered] - run.traffic.queued_us[delivered]) / SECOND
    low, high = 1.0, 60.0
    if len(seconds):
        seconds = np.maximum(seconds, 0.1)
        low, high = float(seconds.min()), max(float(seconds.max()), float(seconds.min()) * 10)
        weights = np.full(len(seconds), 100 / len(seconds))
        ax.hist(
            seconds, np.geomspace(low, high, 60).tolist(), weights=weights, color=BLUE, alpha=0.7
        )
        for share, style in ((50, "-"), (95, "--")):
            at = float(np.percentile(seconds, share))
            ax.axvline(at, color=ORANGE, linestyle=style, label=f"{share} % within {_span(at)}")
        ax.legend()
    _span_axis(ax, low, high)
    ax.set(
        title="Delay from the queue to the handset",
        xlabel="delay",
        ylabel="% of the arrived messages",
    )
    return ax


@styled
def states(run: Run | Log, *, ax: Axes | None = None) -> Axes:
    """Draw the share of messages in each state over time.

    Parameters
    ----------
    run : Run or Log
        One replication, or a log.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    end = float(run.states().index[-1])
    counts = run.states(np.linspace(0, end, _POINTS).tolist()).drop(columns="read")
    unit, size = unit_of(end)
    shares = 100 * counts / max(len(run), 1)
    shown = [name for name in _STATES if (counts[name] > 0).any()]
    if shown:
        ax.stackplot(
            counts.index / size,
            [shares[name] for name in shown],
            labels=[name.replace("_", " ") for name in shown],
            colors=[_STATES[name] for name in shown],
            linewidth=0,
        )
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    ax.set(
        title="States of the messages",
        xlabel=f"time after the start ({unit})",
        ylabel="% of the messages",
        xlim=(0, end / size),
        ylim=(0, 100),
    )
    return ax


@styled
def throughput(run: Run, *, freq: str | float = "1min", ax: Axes | None = None) -> Axes:
    """Draw the segments per second that each carrier takes over time.

    Parameters
    ----------
    run : Run
        One replication.
    freq : str or float
        Length of an interval, as of :meth:`smslab.Run.series`.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    return _by_node(
        run, freq, "carrier", "segments_per_s", "Segments taken by carrier", "segments/s", ax
    )


@styled
def trade_off(
    table: pd.DataFrame,
    figure: str,
    *,
    front: pd.DataFrame,
    chosen: object = None,
    target_s: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the time that capacities take against what they cost.

    Parameters
    ----------
    table : DataFrame
        One row per capacity: ``cost``, ``meets`` (boolean, null where undecided) and `figure`, as
        of :attr:`smslab.Plan.table`.
    figure : str
        The column of the times, in seconds.
    front : DataFrame
        The rows that are best for their cost, as of :meth:`smslab.Plan.front`.
    chosen : object, optional
        Label of the row that is marked.
    target_s : float, optional
        The time to stay within, in seconds.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    known = table[np.isfinite(table[figure].astype(np.float64))]
    unit, size = unit_of(float(known[figure].max()) if len(known) else 1.0)
    front = front[np.isfinite(front[figure].astype(np.float64))]
    ax.step(
        front["cost"], front[figure] / size, where="post", color=GREY, label="best for its cost"
    )
    for label, colour, marker, rows in (
        ("meets all goals", GREEN, "o", known["meets"].fillna(False)),
        ("misses a goal", ORANGE, "x", ~known["meets"].fillna(True)),
        ("not decided", GREY, ".", known["meets"].isna()),
    ):
        part = known[rows.to_numpy(np.bool_)]
        if len(part):
            ax.plot(part["cost"], part[figure] / size, marker, color=colour, label=label)
    if target_s is not None:
        ax.axhline(target_s / size, color=BLUE, ls="--", lw=1, label="goal")
    marked = known[known.index == chosen]
    if len(marked):
        ax.plot(
            marked["cost"],
            marked[figure] / size,
            "o",
            ms=14,
            mfc="none",
            color=BLUE,
            label="chosen",
        )
    ax.set(
        title="Time against the cost of capacity",
        xlabel="cost of the capacity",
        ylabel=_literal(f"{_figure(figure)} ({unit})"),
    )
    times = known[figure][known[figure] > 0]
    if len(times) and times.max() > _WIDE * times.min():
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("{x:g}")
    else:
        ax.set_ylim(bottom=0)
    ax.legend()
    return ax


@styled
def utilisation(
    run: Run, *, freq: str | float = "1min", kind: str = "sender", ax: Axes | None = None
) -> Axes:
    """Draw how much of their rates senders or carriers use over time.

    Parameters
    ----------
    run : Run
        One replication.
    freq : str or float
        Length of an interval, as of :meth:`smslab.Run.series`.
    kind : str
        ``sender`` or ``carrier``.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    if kind not in ("sender", "carrier"):
        raise OptionError(f"kind must be one of sender, carrier; not {kind!r}")
    title = f"Use of what is allowed, by {kind}"
    return _by_node(run, freq, kind, "utilisation", title, "% of the allowed rate", ax)


def _by_node(
    run: Run, freq: str | float, kind: str, column: str, title: str, label: str, ax: Axes | None
) -> Axes:
    ax = _axes(ax)
    series = run.series(freq)
    series = series[series["kind"] == kind]
    end = float(series.index.get_level_values("time_s").max()) if len(series) else 1.0
    unit, size = unit_of(end)
    factor = 100 if column == "utilisation" else 1
    for place, (node, rows) in enumerate(series.groupby(level="node", sort=False)):
        values = factor * rows[column]
        if values.notna().any():
            times = rows.index.get_level_values("time_s") / size
            colour = COLOURS[place % len(COLOURS)]
            ax.step(times, values, where="pre", color=colour, label=_literal(node))
    ax.set(title=title, xlabel=f"time after the start ({unit})", ylabel=label, xlim=(0, end / size))
    ax.set_ylim(bottom=0)
    if ax.get_legend_handles_labels()[0]:
        ax.legend()
    return ax


@styled
def delay_by(run: Run, by: str = "carrier", *, ax: Axes | None = None) -> Axes:
    """Draw the delay from the queue to the handset, half and 95 % of the messages, by a property.

    Parameters
    ----------
    run : Run
        One replication.
    by : str
        A column of :attr:`smslab.Run.messages`, such as ``carrier`` or ``campaign``.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    rows = run.messages
    if by not in rows.columns:
        raise OptionError(f"by must be one of {list(rows.columns)}; not {by!r}")
    rows = rows[rows["status"] == "delivered"]
    delays = (rows["final_s"] - rows["queued_s"]).clip(lower=0.1)
    groups = delays.groupby(rows[by].astype("object").fillna("unknown"))
    low, middle, high = (groups.quantile(share) for share in (0.05, 0.5, 0.95))
    places = range(len(middle))
    if len(middle):
        ax.hlines(places, low, high, color=BLUE, linewidth=6, alpha=0.3)
        ax.plot(middle, places, "o", color=BLUE, label="half within")
        ax.plot(high, places, "|", color=ORANGE, markersize=14, label="95 % within")
        ax.margins(y=0.3)
        ax.legend(loc="upper left", ncols=2)
        _span_axis(ax, float(low.min()) / 1.2, float(high.max()) * 1.2)
    ax.set_yticks(places, [_literal(name) for name in middle.index])
    ax.invert_yaxis()
    ax.set(title=f"Delay from the queue to the handset by {_literal(by)}", xlabel="delay")
    return ax


@styled
def fan(replications: Replications, *, ax: Axes | None = None) -> Axes:
    """Draw the share of messages landed over time, with the spread of the replications.

    Parameters
    ----------
    replications : Replications
        Of :func:`smslab.replicate`.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    landed = replications.landed
    shares = 100 * landed.columns.to_numpy(np.float64)
    # A share that is not reached is reached later than all others.
    late = landed.fillna(np.inf)
    low, middle, high = (
        late.quantile(q, interpolation="nearest").replace(np.inf, np.nan) for q in (0.05, 0.5, 0.95)
    )
    end = float(np.nanmax([1.0, *high, *middle]))
    unit, size = unit_of(end)
    ax.fill_betweenx(
        shares, low / size, high / size, color=BLUE, alpha=0.25, label="90 % of the replications"
    )
    ax.plot(middle / size, shares, color=BLUE, label="half of the replications")
    ax.set(
        title=f"Share of messages landed, {len(replications):,} replications",
        xlabel=f"time after the start ({unit})",
        ylabel="% of the messages",
        xlim=(0, end / size),
        ylim=(0, 102),
    )
    ax.legend()
    return ax


@styled
def cost_by(
    money: pd.Series[Any],
    by: pd.Series[Any],
    *,
    currency: str = "",
    top: int = 10,
    ax: Axes | None = None,
) -> Axes:
    """Draw the cost of a list by a property of its rows, the dearest first.

    Parameters
    ----------
    money : Series of float
        What each message costs, such as the column ``cost`` of :func:`smslab.cost`.
    by : Series
        The property, such as the column ``country``; its name is in the title.
    currency : str
        Of the card; shown on the axis.
    top : int
        How many bars; the rest is put together.
    ax : Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    groups = by.astype("object").fillna("unknown").to_numpy()
    total = pd.Series(money.to_numpy(np.float64, na_value=np.nan)).groupby(groups).sum()
    total = total[total > 0].sort_values(ascending=False, kind="stable")
    names = [_literal(name) for name in total.index[:top]]
    sums = total.tolist()[:top]
    if len(total) > top:
        names.append(f"{len(total) - top} others")
        sums.append(float(total.iloc[top:].sum()))
    places = range(len(names))
    bars = ax.barh(places, sums, color=GREEN, alpha=0.8)
    ax.set_yticks(places, names)
    ax.bar_label(bars, [f" {value:,.2f}" for value in sums])
    ax.invert_yaxis()
    ax.margins(x=0.18)
    unit = f" ({_literal(currency)})" if currency else ""
    ax.set(title=f"Cost by {_literal(by.name)}", xlabel=f"cost{unit}")
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is None:
        import matplotlib.pyplot as plt  # noqa: PLC0415  (0.3 s of import, and a global state)

        return plt.subplots()[1]
    return ax


def _literal(name: object) -> str:
    """Keep matplotlib from reading mathematics into a name."""
    return str(name).replace("$", r"\$")


def _figure(name: str) -> str:
    """Return the name of a figure, of a column or of a goal's text."""
    return re.split("[<>]", name)[0].strip().removesuffix("_s").replace("_", " ")


def unit_of(end_s: float) -> tuple[str, int]:
    """Return the unit of time in which an axis of a length reads well.

    Parameters
    ----------
    end_s : float
        The length, in seconds.

    Returns
    -------
    tuple of str and int
        The unit, and its seconds.
    """
    units = (("h", 3600), ("min", 60), ("s", 1))
    return next((name, size) for name, size in units if end_s >= 2 * size or size == 1)


def _span_axis(ax: Axes, low: float, high: float) -> None:
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    shown: dict[Any, str] = {at: name for at, name in _SPANS.items() if low * 0.99 <= at <= high}
    ax.xaxis.set_major_locator(FixedLocator(list(shown)))
    ax.set_xticklabels(list(shown.values()))
    ax.xaxis.set_minor_locator(NullLocator())


def _span(seconds: float) -> str:
    for name, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.1f} s"
