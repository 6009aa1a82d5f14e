"""Pictures: one function a chart; each draws on `ax` and returns it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from smslab.kernels.simulation import SECOND
from smslab.outcome import NEVER, Status
from smslab.run import Run

__all__ = ["backlog", "cost_by", "delay", "deliveries"]

# Okabe and Ito's palette, told apart by colour-blind readers.
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREEN: Final = "#009E73"
GREY: Final = "#999999"

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
    failed = run.status == Status.FAILED
    left = np.where(failed, run.final_us, run.sent_us)
    left = np.sort(left[left != NEVER])
    end = max(int(left[-1]) if len(left) else 0, int(queued[-1]) if len(queued) else 0, SECOND)
    times = np.linspace(0, end * 1.05, _POINTS)
    waiting = np.searchsorted(queued, times, "right") - np.searchsorted(left, times, "right")
    unit, size = next(
        (name, size) for name, size in (("h", 3600), ("min", 60), ("s", 1)) if _fits(end, size)
    )
    ax.fill_between(times / SECOND / size, waiting, color=BLUE, alpha=0.3, linewidth=0)
    ax.plot(times / SECOND / size, waiting, color=BLUE)
    ax.set(
        title="Messages waiting to be sent",
        xlabel=f"time after the start ({unit})",
        ylabel="messages",
        xlim=(0, times[-1] / SECOND / size),
    )
    ax.set_ylim(bottom=0)
    return _plain(ax)


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
    ax.legend(frameon=False)
    return _plain(ax)


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
        ax.legend(frameon=False)
    _span_axis(ax, low, high)
    ax.set(
        title="Delay from the queue to the handset",
        xlabel="delay",
        ylabel="% of the arrived messages",
    )
    return _plain(ax)


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
    return _plain(ax)


def _axes(ax: Axes | None) -> Axes:
    if ax is None:
        import matplotlib.pyplot as plt  # noqa: PLC0415  (0.3 s of import, and a global state)

        return plt.subplots(figsize=(6.4, 3.4), layout="constrained")[1]
    return ax


def _literal(name: object) -> str:
    """Keep matplotlib from reading mathematics into a name."""
    return str(name).replace("$", r"\$")


def _plain(ax: Axes) -> Axes:
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25)
    ax.set_axisbelow(True)
    return ax


def _fits(end_us: int, size: int) -> bool:
    return end_us / SECOND >= 2 * size or size == 1


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
