"""Delivery: carriers of a scenario out of the messages of a log."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab import intervals
from smslab.fitting import PARAMETERS, Cells, Fit, fit
from smslab.ledger import Ledger
from smslab.outcome import NEVER, Reason, Status
from smslab.scenario import Carrier
from smslab.supply import Causes

__all__ = ["Deliveries", "Findings", "Parameter"]

_SECOND_US: Final = 1_000_000

#: Carriers with fewer messages are put together.
_FEWEST: Final = 200

#: Fewer failures say nothing of how long their receipts take, fewer late ones nothing of when
#: handsets come back.
_FEW: Final = 20

#: Bins of delays, in seconds.
_EDGES: Final = np.concatenate([[0.0], np.geomspace(0.2, 40_000, 140), [math.inf]])

#: What carriers say in the end.
_ENDS: Final = (Status.UNDELIVERED, Status.EXPIRED, Status.DELIVERED)

#: A standard error of a logarithm: the 95 % interval would go from a twentieth to twenty times.
_UNTOLD: Final = 1.5

#: The middle 95 % of delays with this sigma differ by five orders of magnitude: none are so.
_WIDEST_SIGMA: Final = 3

#: What is given up first where not all can be told: shapes of delays, then how long they are.
_LEAST_TOLD: Final = (
    *("receipt_sigma", "latency_sigma", "away_mean_s", "receipt_median_s", "latency_median_s"),
    *("first_attempt", "permanent_failure", "receipt_missing"),
)


class Parameter(NamedTuple):
    """A figure of the scenario: where it stands, its interval, and what it is from."""

    path: str
    value: float
    low: float
    high: float
    of: int
    how: str


class Findings:
    """Collects what is found in a log.

    Parameters
    ----------
    confidence : float
        Share of the intervals that hold the true figure.
    """

    def __init__(self, confidence: float) -> None:
        self.confidence = confidence
        self.z = NormalDist().inv_cdf(0.5 + confidence / 2)
        self.parameters: list[Parameter] = []
        self.notes: list[str] = []

    def note(self, path: str, value: float, ends: tuple[float, float], of: int, how: str) -> float:
        """Keep a figure.

        Parameters
        ----------
        path : str
            Its place in the scenario.
        value : float
            The figure.
        ends : tuple of float
            Its interval.
        of : int
            How many messages say it.
        how : str
            What it is from.

        Returns
        -------
        float
            The figure.
        """
        self.parameters.append(Parameter(path, value, *ends, of, how))
        return value

    def share(self, path: str, count: int, of: int, how: str = "counted") -> float:
        """Keep a share of messages.

        Parameters
        ----------
        path : str
            Its place in the scenario.
        count, of : int
            How many of how many.
        how : str
            What it is from.

        Returns
        -------
        float
            The share.
        """
        ends = intervals.wilson(count, of, self.confidence)
        return self.note(path, count / of if of else 0.0, ends, of, how)


class Deliveries:
    """Finds how carriers deliver.

    Parameters
    ----------
    ledger : Ledger
        The messages.
    carriers : tuple of Carrier
        What a log does not tell is as of these.
    findings : Findings
        Where figures and notes are kept.
    end_us : int
        When the log was taken.
    """

    def __init__(
        self, ledger: Ledger, carriers: tuple[Carrier, ...], findings: Findings, end_us: int
    ) -> None:
        self._ledger, self._base, self._findings = ledger, carriers, findings
        self._end_us = end_us
        self._cells: list[pd.DataFrame] = []

    @property
    def delays(self) -> pd.DataFrame:
        """Receipts by carrier, outcome and delay, of the log and as the model expects them."""
        return pd.concat(self._cells, ignore_index=True) if self._cells else pd.DataFrame()

    def carriers(self) -> tuple[Carrier, ...]:
        """Find the carriers.

        Returns
        -------
        tuple of Carrier
            Each with at least 200 messages, and one for all others.
        """
        ledger, label = self._ledger, self._ledger.labels["carrier"]
        self._note_what_the_model_leaves_out()
        counts = np.bincount(label.codes[label.codes >= 0], minlength=len(label.categories))
        named = [code for code, count in enumerate(counts) if count >= _FEWEST]
        groups = [(str(label.categories[code]), label.codes == code) for code in named]
        rest = ~np.isin(label.codes, named)
        if rest.any() or not groups:
            groups.append(("Other", rest))
        carriers: list[Carrier] = []
        for name, flags in groups:
            path = f"carriers[{len(carriers)}]"
            whole = int(np.count_nonzero(flags))
            share = 1.0
            if len(groups) > 1:
                share = self._findings.share(f"{path}.share", whole, len(ledger))
            base = next((c for c in self._base if c.name == name), self._base[0])
            own = replace(base, name=name, share=share, country="")
            carriers.append(self._delivery(path, own, ledger.only(flags)))
        return tuple(carriers)

    def _note(self, note: str) -> None:
        self._findings.notes.append(note)

    def _note_what_the_model_leaves_out(self) -> None:
        failed = int(np.count_nonzero(self._ledger.status == Status.FAILED))
        unknown = int(np.count_nonzero(self._ledger.status < 0))
        if failed:
            self._note(
                f"{failed:,} messages failed before a carrier had them: they are part of the "
                "traffic, and nothing in the scenario makes them fail"
            )
        if unknown:
            self._note(
                f"{unknown:,} messages have no status that is known: they are part of the traffic, "
                "and say nothing of carriers"
            )

    def _delivery(self, path: str, base: Carrier, one: Ledger) -> Carrier:
        """Fit how a carrier delivers."""
        ended = one.taken & np.isin(one.status, _ENDS)
        if not ended.any():
            self._note(f"{path}: no message has a final status: all is as in the base")
            return base
        sent = one.taken & (one.sent_us != NEVER)
        timed = ended & sent & (one.final_us != NEVER)
        if not timed.any():
            return self._ends_alone(path, base, one)
        rows = sent & (timed | ~ended)
        if left := int(np.count_nonzero(ended & ~timed)):
            self._note(
                f"{path}: {left:,} messages without a time of sending or of their end are left out"
            )
        one = one.only(rows & self._settled(rows, timed, one.sent_us, base.validity_h))
        causes = self._causes(path, base, one)
        expired = one.status == Status.EXPIRED
        validity_h = base.validity_h
        if expired.any():
            waits_s = (one.final_us[expired] - one.sent_us[expired]) / _SECOND_US
            validity_h = self._findings.note(
                f"{path}.validity_h",
                max((float(np.median(waits_s)) - base.receipt_median_s) / 3600, 1e-3),
                (math.nan, math.nan),
                int(expired.sum()),
                "median of those that expired, less a receipt's",
            )
        cells = _cells(one)
        if cells.resolution_s >= 1:
            self._note(
                f"times are rounded to {cells.resolution_s:g} s: delays are fitted as such a clock "
                "shows them"
            )
        found = self._fitted(path, cells, base, validity_h, has_receipt=one.final_is_receipt)
        for name, (low, high) in found.bounds.items():
            of = int(cells.counts.sum())
            value = found.estimates[name]
            self._findings.note(f"{path}.{name}", value, (low, high), of, "likelihood")
        self._keep(base.name, cells, found)
        values: dict[str, Any] = dict(found.estimates)
        if not one.final_is_receipt:
            values |= {n: getattr(base, n) for n in ("receipt_median_s", "receipt_sigma")}
        # As in the model: who fails for good is not reached at the first attempt.
        values["first_attempt"] = min(values["first_attempt"], 1 - values["permanent_failure"])
        return replace(base, causes=causes, validity_h=validity_h, **values)

    def _settled(
        self,
        rows: npt.NDArray[np.bool_],
        timed: npt.NDArray[np.bool_],
        sent_us: npt.NDArray[np.int64],
        validity_h: float,
    ) -> npt.NDArray[np.bool_]:
        """Say which messages were sent so early that their end must have come."""
        for hours in (validity_h, 1.0, -math.inf):
            settled: npt.NDArray[np.bool_] = sent_us <= self._end_us - hours * 3600 * _SECOND_US
            if (settled & timed).any() and (settled & rows).sum() >= rows.sum() / 2:
                break
        if hours != validity_h:
            self._note(
                "the log ends before the carriers had given up: what was still under way counts as "
                "without a receipt; pass until= if the log was taken later"
            )
        return settled

    def _fitted(
        self, path: str, cells: Cells, base: Carrier, validity_h: float, *, has_receipt: bool
    ) -> Fit:
        counts = cells.counts.sum()
        ended = round(counts - cells.without)
        begin = {name: float(getattr(base, name)) for name in PARAMETERS}
        free = set(PARAMETERS)
        middle = np.sqrt(np.maximum(cells.edges[:-1], 0.1) * np.minimum(cells.edges[1:], 1e5))
        failed = cells.undelivered.sum()
        begin["permanent_failure"] = max(failed / counts, 0.5 / counts)
        begin["receipt_missing"] = max(cells.without / counts, 0.5 / counts)
        begin["first_attempt"] = float(cells.delivered[middle < base.retry_s[0]].sum() / counts)
        if not has_receipt:
            begin |= {"receipt_median_s": 0.0, "receipt_sigma": 0.0}
            free -= {"receipt_median_s", "receipt_sigma"}
        elif failed >= _FEW:
            begin["receipt_median_s"] = _usual(cells, cells.undelivered, begin["receipt_sigma"])
        else:
            free -= {"receipt_median_s", "receipt_sigma"}
            self._note(
                f"{path}: too few failures to tell the receipt's delay from the message's: the "
                "receipt's is that of the base"
            )
        early = np.where(middle < base.retry_s[0], cells.delivered, 0)
        late = cells.delivered[middle >= base.retry_s[0]].sum() + cells.expired
        if early.any():
            both = _usual(cells, early, begin["latency_sigma"])
            begin["latency_median_s"] = max(both - begin["receipt_median_s"], both / 10)
        if late < _FEW:
            free -= {"away_mean_s"}
            self._note(
                f"{path}: too few messages had to wait for a handset: how long is as in the base"
            )
        # Shares of nothing and of all have no slope: they are counted.
        counted = {
            "permanent_failure": (round(failed), ended, failed in (0, ended)),
            "receipt_missing": (round(cells.without), round(counts), not cells.without),
            "first_attempt": (round(early.sum()), ended, not late or not early.any()),
        }
        for name, (count, of, is_counted) in counted.items():
            if is_counted:
                free -= {name}
                begin[name] = self._findings.share(f"{path}.{name}", count, of)
        if not late:
            # Whoever does not fail is reached at once, whatever the share that fails.
            begin["first_attempt"] = 1.0
        if not early.any() and not late:
            free -= {"latency_median_s", "latency_sigma"}
            self._note(f"{path}: nothing was delivered: delays are as in the base")
        return self._told(path, cells, base, begin, free, validity_h)

    def _told(
        self,
        path: str,
        cells: Cells,
        base: Carrier,
        begin: dict[str, float],
        free: set[str],
        validity_h: float,
    ) -> Fit:
        """Fit what the log tells; what it does not is held as in the base, one after the other."""
        z = self._findings.z
        starts = [begin, begin | {"latency_sigma": begin["latency_sigma"] * 1.6}]
        while True:
            fits = [
                fit(cells, start, frozenset(free), base.retry_s, validity_h * 3600, z)
                for start in starts
            ]
            found = max(fits, key=lambda found: found.likelihood)
            untold = [name for name in _LEAST_TOLD if name in free and not _is_told(found, name)]
            if not untold:
                return found
            name = untold[0]
            free = free - {name}
            begin = begin | {name: float(getattr(base, name))}
            starts = [begin]
            self._note(f"{path}.{name}: not told by this log: as in the base")

    def _ends_alone(self, path: str, base: Carrier, one: Ledger) -> Carrier:
        """Take from a log without times of sending what became of messages, and no delays."""
        missing_time = "final status" if (one.sent_us != NEVER).any() else "sending"
        self._note(
            f"the log has no times of {missing_time}: delays are those of the base, and what was "
            "not delivered at the first attempt cannot be told"
        )
        taken = one.only(one.taken)
        of = len(taken)
        failed = int((taken.status == Status.UNDELIVERED).sum())
        missing = int((taken.status == Status.PENDING).sum())
        failure = self._findings.share(f"{path}.permanent_failure", failed, of - missing)
        receipt = self._findings.share(f"{path}.receipt_missing", missing, of)
        return replace(
            base,
            causes=self._causes(path, base, taken),
            permanent_failure=failure,
            receipt_missing=receipt,
            first_attempt=min(base.first_attempt, 1 - failure),
        )

    def _causes(self, path: str, base: Carrier, one: Ledger) -> Causes:
        reasons = one.reason[one.status == Status.UNDELIVERED]
        of = len(reasons)
        if not of:
            return base.causes
        known = ("invalid_number", "filtered", "blocked")
        counts = {name: int((reasons == Reason[name.upper()]).sum()) for name in known}
        counts["unknown"] = of - sum(counts.values())
        return Causes(
            **{
                name: self._findings.share(f"{path}.causes.{name}", count, of)
                for name, count in counts.items()
            }
        )

    def _keep(self, carrier: str, cells: Cells, found: Fit) -> None:
        width = len(cells.delivered)
        for outcome, begin in (("delivered", 0), ("undelivered", width)):
            part = slice(begin, begin + width)
            self._cells.append(
                pd.DataFrame(
                    {
                        "carrier": carrier,
                        "outcome": outcome,
                        "from_s": cells.edges[:-1],
                        "to_s": cells.edges[1:],
                        "observed": cells.counts[part],
                        "expected": found.expected[part],
                    }
                )
            )


def _is_told(found: Fit, name: str) -> bool:
    wide = name.endswith("_sigma") and found.estimates[name] > _WIDEST_SIGMA
    return found.errors[name] <= _UNTOLD and not wide


def _usual(cells: Cells, counts: npt.NDArray[np.float64], sigma: float) -> float:
    """Guess the median of log-normal times from their counts."""
    if cells.resolution_s > 1:
        # Times that are rounded down at both ends have the mean of the true ones.
        begins = cells.edges[:-1]
        mean_s = float(begins @ counts) / max(float(counts.sum()), 1)
        return max(mean_s, 0.2) / math.exp(sigma**2 / 2)
    below = np.cumsum(counts)
    at = int(np.searchsorted(below, below[-1] / 2)) if below[-1] else 0
    return math.sqrt(max(cells.edges[at], 0.1) * min(cells.edges[at + 1], 1e5))


def _cells(one: Ledger) -> Cells:
    resolution = max(one.resolution_s.get(name, 0.0) for name in ("sent", "final"))
    delays = (one.final_us - one.sent_us) / _SECOND_US
    edges = _EDGES
    if resolution:
        finite = np.ceil(_EDGES[:-1] / resolution) * resolution
        edges = np.append(np.unique(finite), math.inf)

    def counted(status: Status) -> npt.NDArray[np.float64]:
        rows = (one.status == status) & (one.final_us != NEVER)
        return np.histogram(np.maximum(delays[rows], 0), edges)[0].astype(np.float64)

    return Cells(
        edges=edges,
        delivered=counted(Status.DELIVERED),
        undelivered=counted(Status.UNDELIVERED),
        expired=float(np.count_nonzero(one.status == Status.EXPIRED)),
        without=float(np.count_nonzero(one.status == Status.PENDING)),
        resolution_s=resolution,
    )
