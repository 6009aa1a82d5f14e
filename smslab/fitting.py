"""Fitting: how a carrier delivers, from the delays and ends of its messages.

The model is that of :class:`smslab.supply.Carrier`: a share of messages fails for good at once, a
share is delivered at the first attempt, the rest finds the handset away and is tried again on the
carrier's schedule until it is back or the validity ends; what a log shows of it comes with the
delay of the receipt, or not at all. Its parameters are those of greatest likelihood of the counts
in cells (what became of messages, in how long), and their intervals those of the information.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["PARAMETERS", "Cells", "Fit", "fit"]

_Floats = npt.NDArray[np.float64]

#: What is fitted, in this order.
PARAMETERS: Final = (
    "permanent_failure",
    "first_attempt",
    "receipt_missing",
    "latency_median_s",
    "latency_sigma",
    "away_mean_s",
    "receipt_median_s",
    "receipt_sigma",
)
_SHARES: Final = frozenset({"permanent_failure", "first_attempt", "receipt_missing"})

#: Where sums of log-normal times are tabulated, in seconds.
_GRID: Final = np.geomspace(1e-3, 1e6, 900)

#: Standard normal variates and their weights: the trapezoidal rule is exact to ten digits here.
_NODES: Final = np.linspace(-6.5, 6.5, 131)
_WEIGHTS: Final = np.exp(-(_NODES**2) / 2) / np.exp(-(_NODES**2) / 2).sum()
_PHASES, _PHASE_WEIGHTS = np.polynomial.legendre.leggauss(8)

_STEPS: Final = 60
_SMALLEST: Final = 1e-12

#: The normal curve in steps so small that a line between them is right to seven digits.
_FURTHEST: Final = 8.5
_PER_UNIT: Final = 1000
_NORMAL: Final = np.array(
    [
        0.5 * math.erfc(-z / (_PER_UNIT * math.sqrt(2)))
        for z in range(round(-_FURTHEST * _PER_UNIT), round(_FURTHEST * _PER_UNIT) + 2)
    ]
)


def _normal(z: _Floats) -> _Floats:
    """Return the share of a standard normal variate below each value."""
    place = (np.clip(z, -_FURTHEST, _FURTHEST) + _FURTHEST) * _PER_UNIT
    whole = place.astype(np.int64)
    low = _NORMAL[whole]
    below: _Floats = low + (place - whole) * (_NORMAL[whole + 1] - low)
    return below


@dataclass(frozen=True, eq=False)
class Cells:
    """How many messages ended how, and when.

    Parameters
    ----------
    edges : ndarray of float64, shape (k + 1,)
        Bounds of delays from being sent, in seconds; the first 0, the last infinite.
    delivered, undelivered : ndarray of float64, shape (k,)
        How many receipts came with each delay.
    expired, without : float
        How many expired, and of how many no receipt came.
    resolution_s : float
        What the times are rounded down to, so that delays are known to that much.
    """

    edges: _Floats
    delivered: _Floats
    undelivered: _Floats
    expired: float
    without: float
    resolution_s: float

    @property
    def counts(self) -> _Floats:
        """All counts in one row."""
        return np.concatenate([self.delivered, self.undelivered, [self.expired, self.without]])


@dataclass(frozen=True, eq=False)
class Fit:
    """Parameters of greatest likelihood.

    Parameters
    ----------
    estimates : dict of str to float
        By the names of :data:`PARAMETERS`.
    bounds : dict of str to (float, float)
        Their intervals; those that were held have none.
    errors : dict of str to float
        Standard errors of the logarithms of times, and of the logits of shares, by what is
        expected or by what is seen, whichever says less; very large where that is nothing.
    expected : ndarray of float64
        What the model expects in the cells of :attr:`Cells.counts`.
    likelihood : float
        Logarithm of the likelihood of the counts, but for a constant.
    """

    estimates: dict[str, float]
    bounds: dict[str, tuple[float, float]]
    errors: dict[str, float]
    expected: _Floats
    likelihood: float


def fit(
    cells: Cells,
    begin: dict[str, float],
    free: frozenset[str],
    retry_s: tuple[float, ...],
    validity_s: float,
    z: float,
) -> Fit:
    """Find the parameters of greatest likelihood by Fisher scoring.

    Parameters
    ----------
    cells : Cells
        The counts.
    begin : dict of str to float
        Where to begin, by the names of :data:`PARAMETERS`; what is not free stays there.
    free : frozenset of str
        What is fitted.
    retry_s : tuple of float
        Waits between attempts; the last repeats.
    validity_s : float
        How long the carrier keeps a message.
    z : float
        Half the width of the intervals in standard deviations.

    Returns
    -------
    Fit
    """
    names = [name for name in PARAMETERS if name in free]
    counts, size = cells.counts, cells.counts.sum()
    times = _retries(retry_s, validity_s)

    def chances(theta: _Floats) -> _Floats:
        values = begin | {n: _natural(n, t) for n, t in zip(names, theta, strict=True)}
        return np.maximum(_chances(cells, values, times), _SMALLEST)

    def slopes(theta: _Floats) -> _Floats:
        return np.array(
            [
                (chances(theta + step) - chances(theta - step)) / (2 * _NUDGE)
                for step in np.eye(len(names)) * _NUDGE
            ]
        )

    theta = np.array([_free(name, begin[name]) for name in names])
    likelihood = float(counts @ np.log(chances(theta)))
    if not names:
        return Fit(begin, {}, {}, size * chances(theta), likelihood)
    for _ in range(_STEPS):
        here, slope = chances(theta), slopes(theta)
        information = size * (slope / here) @ slope.T
        step = np.linalg.lstsq(information, slope @ (counts / here), rcond=1e-12)[0]
        step = np.clip(step, -1, 1)
        better = None
        while np.abs(step).max() > _CLOSE:
            found = float(counts @ np.log(chances(theta + step)))
            if found >= likelihood:
                better = found
                break
            step = step / 2
        if better is None:
            break
        theta, gained = theta + step, better - likelihood
        likelihood = better
        if gained < _CLOSE and np.abs(step).max() < math.sqrt(_CLOSE):
            break
    here, slope = chances(theta), slopes(theta)
    spread = _errors(size * (slope / here) @ slope.T)
    seen = _errors((slope * (counts / here**2)) @ slope.T)
    values = begin | {n: _natural(n, t) for n, t in zip(names, theta, strict=True)}
    bounds: dict[str, tuple[float, float]] = {
        name: (_natural(name, t - z * s), _natural(name, t + z * s))
        for name, t, s in zip(names, theta, spread, strict=True)
    }
    errors: dict[str, float] = {
        name: float(s) for name, s in zip(names, np.maximum(spread, seen), strict=True)
    }
    return Fit(values, bounds, errors, size * chances(theta), likelihood)


def _errors(information: _Floats) -> _Floats:
    """Return standard errors; where the likelihood is flat they are large, not endless or 0."""
    errors: _Floats = np.sqrt(
        np.diag(np.linalg.inv(information + _FAINT * np.eye(len(information))))
    )
    return errors


_NUDGE: Final = 1e-4
_CLOSE: Final = 1e-8
_FAINT: Final = 1e-6
_FAR: Final = 30.0


def _free(name: str, value: float) -> float:
    """Bring a parameter to a scale without ends."""
    if name in _SHARES:
        share = min(max(value, 1e-6), 1 - 1e-6)
        return math.log(share / (1 - share))
    return math.log(max(value, 1e-6))


def _natural(name: str, theta: float) -> float:
    theta = min(max(theta, -_FAR), _FAR)
    return 1 / (1 + math.exp(-theta)) if name in _SHARES else math.exp(theta)


def _retries(retry_s: tuple[float, ...], validity_s: float) -> _Floats:
    """Return when attempts after the first are made, in seconds after it."""
    times: list[float] = []
    time = 0.0
    while True:
        time += retry_s[min(len(times), len(retry_s) - 1)]
        if time > validity_s:
            return np.array(times)
        times.append(time)


def _chances(cells: Cells, values: dict[str, float], retries: _Floats) -> _Floats:
    """Return the chance of each cell."""
    failing = values["permanent_failure"]
    at_once = values["first_attempt"]
    # The two shares are of all messages; the scale lets them add up to more than there is.
    over = max(failing + at_once - 1, 0)
    at_once -= over
    away = max(1 - failing - at_once, 0)
    back_by = 1 - np.exp(-retries / values["away_mean_s"])
    shares = np.diff(back_by, prepend=0.0)
    seen = 1 - values["receipt_missing"]
    alone = _receipt(values)
    both = _sum(values)
    delivered = at_once * _between(cells, both, np.zeros(1), np.ones(1))
    if len(retries) and away > 0:
        delivered = delivered + away * _between(cells, both, retries, shares)
    undelivered = failing * _between(cells, alone, np.zeros(1), np.ones(1))
    expired = away * (1 - (back_by[-1] if len(retries) else 0.0))
    return np.concatenate(
        [seen * delivered, seen * undelivered, [seen * expired, values["receipt_missing"]]]
    )


def _receipt(values: dict[str, float]) -> _Floats:
    """Return the share of receipts within each time of the grid."""
    if not values["receipt_median_s"]:
        return np.ones(len(_GRID))
    return _normal(np.log(_GRID / values["receipt_median_s"]) / values["receipt_sigma"])


def _sum(values: dict[str, float]) -> _Floats:
    """Return the share of messages whose receipt is there within each time of the grid."""
    median, sigma = values["latency_median_s"], values["latency_sigma"]
    if not values["receipt_median_s"]:
        return _normal(np.log(_GRID / median) / sigma)
    waits = values["receipt_median_s"] * np.exp(values["receipt_sigma"] * _NODES)
    left = _GRID[:, np.newaxis] - waits
    logs = np.log(np.maximum(left, 1e-300) / median) / sigma
    within: _Floats = _normal(logs) @ _WEIGHTS
    return within


def _between(cells: Cells, table: _Floats, begins: _Floats, shares: _Floats) -> _Floats:
    """Return the chance of each delay, of times that begin at some moments with some shares."""
    edges = cells.edges[np.isfinite(cells.edges)]
    grid = np.log(_GRID)

    def within(times: _Floats) -> _Floats:
        after = times[:, np.newaxis] - begins
        found = np.interp(np.log(np.maximum(after, 1e-9)), grid, table, left=0.0, right=1.0)
        return (found * (after > 0)) @ shares

    if cells.resolution_s:
        # Both ends are rounded down: what is seen is an average over one step of the clock.
        phases = (_PHASES - 1) / 2 * cells.resolution_s
        below = sum(
            (
                w / 2 * within(edges + phase)
                for phase, w in zip(phases, _PHASE_WEIGHTS, strict=True)
            ),
            np.zeros(len(edges)),
        )
    else:
        below = within(edges)
    if len(edges) < len(cells.edges):
        below = np.append(below, shares.sum())
    below[0] = 0.0
    return np.diff(below)
