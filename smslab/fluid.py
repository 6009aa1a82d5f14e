"""Fluid: a station as a tank that flows fill and one tap empties, by priority and hours."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Drained", "Flow", "drain"]

_Numbers = npt.NDArray[np.float64]

#: Less than a unit that has all but left is nothing.
_NOTHING: Final = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class Flow:
    """What comes to a station over time.

    Parameters
    ----------
    at_s : ndarray of float64, shape (n,)
        Moments, in order; the same one twice where much comes at once.
    came : ndarray of float64, shape (n,)
        Units that have come by then; evenly between moments.
    priority : int
        Lower numbers are served first.
    opens_s : ndarray of float64, shape (m, 2)
        When it may leave; always where empty.
    """

    at_s: _Numbers
    came: _Numbers
    priority: int = 0
    opens_s: _Numbers = field(default_factory=lambda: np.empty((0, 2)))

    @property
    def units(self) -> float:
        """How much comes in all."""
        return float(self.came[-1]) if len(self.came) else 0.0


class Drained(NamedTuple):
    """What becomes of a flow.

    Parameters
    ----------
    done_s : float
        When its last unit has left; infinite where something is left, NaN where nothing comes.
    longest_s : float
        The longest time that a unit waits, first come first served; infinite and NaN alike.
    """

    done_s: float
    longest_s: float


def drain(
    flows: Sequence[Flow], per_second: float, closed_s: _Numbers, horizon_s: float
) -> list[Drained]:
    """Return when the last unit of each flow has left, and how long one waits at most.

    Flows of one priority leave in proportion to what waits of each.

    Parameters
    ----------
    flows : sequence of Flow
        What comes.
    per_second : float
        Units that can leave per second.
    closed_s : ndarray of float64, shape (n, 2)
        When nothing leaves.
    horizon_s : float
        When to stop looking.

    Returns
    -------
    list of Drained
        Of each flow.
    """
    borders = [flow.at_s for flow in flows] + [flow.opens_s.ravel() for flow in flows]
    edges = np.unique(np.concatenate([[0.0, horizon_s], closed_s.ravel(), *borders]))
    edges = edges[(edges >= 0) & (edges <= horizon_s)]
    order = sorted({flow.priority for flow in flows})
    ranks = [np.array([flow.priority == priority for flow in flows]) for priority in order]
    waiting = np.zeros(len(flows))
    gone = np.zeros(len(flows))
    last = np.full(len(flows), np.nan)
    moments, left = [float(edges[0])], [gone.copy()]
    # What has come right after each edge, and right before it.
    after = np.array([_came(flow, edges, "right") for flow in flows]).reshape(len(flows), -1)
    before = np.array([_came(flow, edges, "left") for flow in flows]).reshape(len(flows), -1)
    middles = (edges[:-1] + edges[1:]) / 2
    is_closed = _within(closed_s, middles)
    is_open = np.array([_within(f.opens_s, middles) | (not len(f.opens_s)) for f in flows])
    is_open = is_open.reshape(len(flows), -1)
    for k, (begin, end) in enumerate(itertools.pairwise(edges)):
        waiting += after[:, k] - (before[:, k] if k else 0)
        inflow = (before[:, k + 1] - after[:, k]) / (end - begin)
        tap = 0.0 if is_closed[k] else per_second
        now = begin
        while now < end:
            out = _outflow([rank & is_open[:, k] for rank in ranks], waiting, inflow, tap)
            falling = (out > inflow) & (waiting > 0)
            step = end - now
            if falling.any():
                step = min(step, float((waiting[falling] / (out - inflow)[falling]).min()))
            waiting += (inflow - out) * step
            waiting[waiting < _NOTHING] = 0
            gone += out * step
            now = end if step == end - now else now + step
            last[out > 0] = now
            moments.append(now)
            left.append(gone.copy())
    whole = np.array([flow.units for flow in flows])
    last[waiting > _NOTHING] = np.inf
    last[after[:, -1] < whole - _NOTHING] = np.inf
    out_of = np.array(left).reshape(len(moments), -1)
    found = []
    for k, flow in enumerate(flows):
        if flow.units <= 0:
            found.append(Drained(math.nan, math.nan))
        elif math.isinf(last[k]):
            found.append(Drained(math.inf, math.inf))
        else:
            found.append(Drained(float(last[k]), _longest(flow, np.array(moments), out_of[:, k])))
    return found


def _longest(flow: Flow, moments: _Numbers, gone: _Numbers) -> float:
    """Return the longest time between the coming and the leaving of a unit, in order."""
    # Right before and right after each unit at which one of the two curves has a corner.
    tiny = 1e-9 * flow.units
    corners = np.concatenate([flow.came, gone])
    units = np.clip(np.concatenate([corners - tiny, corners + tiny]), tiny, flow.units - tiny)
    comes = flow.at_s[np.searchsorted(flow.came, units, "left").clip(0, len(flow.at_s) - 1)]
    rising = np.r_[True, np.diff(flow.came) > 0]
    comes = np.minimum(comes, np.interp(units, flow.came[rising], flow.at_s[rising]))
    moves = np.r_[np.diff(gone) > 0, True] | np.r_[True, np.diff(gone) > 0]
    return float((np.interp(units, gone[moves], moments[moves]) - comes).max())


def _came(flow: Flow, moments: _Numbers, side: Literal["left", "right"]) -> _Numbers:
    """Return what has come right before moments, or right after."""
    place = np.searchsorted(flow.at_s, moments, side)
    inside = (place > 0) & (place < len(flow.at_s))
    came = np.where(place == 0, 0.0, flow.came[-1])
    low, high = place[inside] - 1, place[inside]
    gone = (moments[inside] - flow.at_s[low]) / (flow.at_s[high] - flow.at_s[low])
    came[inside] = flow.came[low] + gone * (flow.came[high] - flow.came[low])
    return came


def _outflow(
    ranks: Sequence[npt.NDArray[np.bool_]], waiting: _Numbers, inflow: _Numbers, tap: float
) -> _Numbers:
    """Return the units of each flow that leave per second; `ranks` are those that may, in order."""
    out = np.zeros(len(waiting))
    for rank in ranks:
        # Who has nothing waiting gives on what comes.
        wants = np.where(waiting > 0, np.inf, inflow)
        weight = np.where(rank, waiting + inflow, 0)
        if tap <= 0 or not weight.any():
            continue
        out += np.minimum(tap * weight / weight.sum(), wants)
        if (rank & (waiting > 0)).any():
            return out
        tap -= out[rank].sum()
    return out


def _within(spans: _Numbers, moments: _Numbers) -> npt.NDArray[np.bool_]:
    """Return which moments are within one of some spans."""
    begun = np.searchsorted(np.sort(spans[:, 0]), moments, "right")
    ended = np.searchsorted(np.sort(spans[:, 1]), moments, "right")
    within: npt.NDArray[np.bool_] = begun > ended
    return within
