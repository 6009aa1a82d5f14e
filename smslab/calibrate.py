"""Calibration: a scenario out of a log, with how sure each of its figures is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab import intervals
from smslab.delivery import Deliveries, Findings
from smslab.errors import InputError, OptionError
from smslab.kpi import kpis
from smslab.ledger import HasLedger, Ledger, ledger_of
from smslab.markup import listed
from smslab.outcome import NEVER, Keyword, Reason, Status
from smslab.scenario import Campaign, Conversation, Poisson, Scenario, Sender
from smslab.simulate import Seed, simulate

__all__ = ["Calibration", "calibrate", "differences"]

_SECOND_US: Final = 1_000_000

#: What a scenario holds: a year.
_LONGEST_H: Final = 366 * 24

#: What comes within a second is a burst.
_BURST_US: Final = _SECOND_US

#: A share of messages that wait, below which a sender shows no limit.
_SEEN_WAITING: Final = 0.05

_HOURS: Final = 24


@dataclass(frozen=True, eq=False, kw_only=True)
class Calibration:
    """A scenario out of a log.

    Parameters
    ----------
    scenario : Scenario
        What the log says, as a scenario; what it does not say is as in the base.
    parameters : DataFrame
        One row per figure that was found (index ``path``, its place in the scenario): ``value``,
        ``low``, ``high`` (float64; NaN where the figure was read off and not estimated), ``of``
        (how many messages say it), ``how``.
    delays : DataFrame
        Receipts by carrier, outcome and delay, of the log and as the model expects them:
        ``carrier``, ``outcome``, ``from_s``, ``to_s``, ``observed``, ``expected``.
    ledger : Ledger
        The messages of the log.
    confidence : float
        Share of the intervals that hold the true figure, if the model is right.
    notes : tuple of str
        What the log does not tell, and what was assumed.
    """

    scenario: Scenario
    parameters: pd.DataFrame
    delays: pd.DataFrame
    ledger: Ledger
    confidence: float
    notes: tuple[str, ...] = ()

    def compare(self, *, rng: Seed = None) -> pd.DataFrame:
        """Simulate the scenario once and say where it and the log differ.

        Parameters
        ----------
        rng : None, int, SeedSequence or Generator
            Seed.

        Returns
        -------
        DataFrame
            As of :func:`differences`.
        """
        return differences(simulate(self.scenario, rng=rng), self)

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`parameters`."""
        return self.parameters

    def summary(self) -> str:
        """Return the figures that were found and what was assumed, in words."""
        lines = [f"{len(self.ledger):,} messages, {self.confidence:.0%} intervals"]
        for path, row in self.parameters.iterrows():
            ends = "" if math.isnan(row["low"]) else f" ({row['low']:.4g} to {row['high']:.4g})"
            lines.append(f"{path:<36} {row['value']:.4g}{ends}  {row['how']}")
        return "\n".join([*lines, *self.notes])

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return self.parameters.to_html(border=0) + listed(self.notes)


def calibrate(
    log: HasLedger,
    base: Scenario | None = None,
    *,
    until: str | pd.Timestamp | None = None,
    confidence: float = 0.95,
) -> Calibration:
    """Make a scenario out of a log: traffic, senders, and how carriers deliver.

    How a carrier delivers is a mixture, as in the simulation: what fails for good, what arrives at
    the first attempt, and what has to wait for a handset; each with the delay of its receipt.

    Parameters
    ----------
    log : Log or Run
        The messages; of a run is looked at what a provider's log would show.
    base : Scenario, optional
        What the log does not tell: retry schedule, how fast people read … The defaults if not
        given.
    until : str or Timestamp, optional
        When the log was taken: what has no final status then is still under way or lost its
        receipt. The last moment of the log if not given.
    confidence : float
        Share of the intervals that hold the true figure, if the model is right.

    Returns
    -------
    Calibration

    Raises
    ------
    InputError
        If the log has no messages that were to be sent, or goes on for more than a year.
    OptionError
        If `base` is no scenario, or `confidence` no share.

    Notes
    -----
    Delays of 0 or 60 s, as logs in whole minutes have them, stand for all between: what is seen
    is compared with what such a clock would show. A retry schedule cannot be seen in a log, nor
    what becomes of messages between two receipts.

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Carrier, Scenario, Sender
    >>> truth = Scenario(
    ...     traffic=(Campaign(messages=20_000),),
    ...     senders=(Sender(mps=50),),
    ...     carriers=(Carrier(first_attempt=0.9, permanent_failure=0.06),),
    ... )
    >>> found = smslab.calibrate(smslab.simulate(truth, rng=1))
    >>> found.parameters.loc[["carriers[0].permanent_failure"], ["value", "low", "high"]].round(3)
                                   value    low   high
    path
    carriers[0].permanent_failure  0.059  0.056  0.062
    """
    intervals.check_confidence(confidence)
    if not isinstance(base, Scenario | None):
        raise OptionError(f"base must be a Scenario; not {base!r:.60}")
    observed = _given_up(ledger_of(log).observed())
    ledger = observed.only(observed.asked)
    if not len(ledger):
        raise InputError("the log has no messages that were to be sent")
    _check_span(ledger)
    work = _Calibrator(observed, ledger, base or Scenario(), confidence)
    end_us = _last_us(ledger)
    if until is not None:
        if ledger.start is None:
            raise InputError("until needs a log that knows when it begins")
        end_us = int((_moment(until) - pd.Timestamp(ledger.start)) // pd.Timedelta(microseconds=1))
    return work.calibrate(end_us)


def differences(run: HasLedger, log: HasLedger) -> pd.DataFrame:
    """Say where a run and a log differ.

    Parameters
    ----------
    run : Run
        A simulation; what a provider's log would show of it is looked at.
    log : Log, Calibration or Run
        What really happened.

    Returns
    -------
    DataFrame
        One row per figure of :func:`smslab.kpis`: ``run`` and ``log`` (their values),
        ``difference`` (run - log), and ``agree``: whether their intervals meet, null where there
        are none.
    """
    tables = [kpis(_Observed(ledger_of(source))) for source in (run, log)]
    both = tables[0].index.intersection(tables[1].index, sort=False)
    ours, theirs = (table.loc[both] for table in tables)
    apart = (ours["low"] > theirs["high"]) | (theirs["low"] > ours["high"])
    agree = (~apart).astype("boolean").mask(ours["low"].isna() | theirs["low"].isna())
    table = {"run": ours["value"], "log": theirs["value"]}
    return pd.DataFrame(table | {"difference": ours["value"] - theirs["value"], "agree": agree})


def _moment(until: str | pd.Timestamp) -> pd.Timestamp:
    try:
        moment = pd.Timestamp(until)
        if moment.tzinfo is not None:
            return moment
    except (TypeError, ValueError):
        pass
    raise InputError(
        f"until must be a time with its zone, such as 2026-11-25T20:00+00:00; not {until!s}"
    )


def _given_up(ledger: Ledger) -> Ledger:
    """Count as expired what was undelivered because the handset stayed away.

    Some providers have no other word for it.
    """
    away = (ledger.status == Status.UNDELIVERED) & (ledger.reason == Reason.ABSENT)
    return replace(ledger, status=np.where(away, Status.EXPIRED, ledger.status).astype(np.int8))


class _Observed:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger.observed()


def _check_span(ledger: Ledger) -> None:
    longest_us = _LONGEST_H * 3600 * _SECOND_US
    times = np.stack([ledger.queued_us, ledger.sent_us, ledger.final_us])
    late = int((times.max(axis=0) > longest_us).sum())
    if late:
        last = f"{times.max() / _SECOND_US / 86400:,.0f} days"
        first = "" if ledger.start is None else f", at {ledger.start:%Y-%m-%d %H:%M}"
        raise InputError(
            f"{late:,} of {len(ledger):,} messages have times over a year after the first{first}, "
            f"up to {last} after it; a scenario holds a year: leave out the times that are wrong, "
            "or calibrate from a part of the log"
        )


def _last_us(ledger: Ledger) -> int:
    times = (ledger.queued_us, ledger.sent_us, ledger.final_us)
    return max(int(time.max(initial=0)) for time in times)


class _Calibrator:
    def __init__(
        self, everything: Ledger, ledger: Ledger, base: Scenario, confidence: float
    ) -> None:
        # Answers take their turn at the sender as well.
        self._outbound = everything.only(everything.status != Status.RECEIVED)
        self._ledger, self._base, self._findings = ledger, base, Findings(confidence)

    def calibrate(self, end_us: int) -> Calibration:
        ledger, base = self._ledger, self._base
        senders, sender_of = self._senders()
        traffic = self._traffic(senders, sender_of)
        deliveries = Deliveries(ledger, base.carriers, self._findings, end_us)
        carriers = deliveries.carriers()
        last_h = _last_us(ledger) / _SECOND_US / 3600
        longest_h = max(carrier.validity_h for carrier in carriers)
        ends_h = max(each.end_s for each in traffic) / 3600
        horizon_h = max(base.horizon_h, ends_h, last_h + longest_h)
        scenario = replace(
            base,
            name="calibrated",
            start=ledger.start,
            horizon_h=float(min(math.ceil(horizon_h), _LONGEST_H)),
            traffic=traffic,
            senders=senders,
            carriers=carriers,
        )
        return Calibration(
            scenario=scenario,
            parameters=pd.DataFrame(self._findings.parameters).set_index("path"),
            delays=deliveries.delays,
            ledger=ledger,
            confidence=self._findings.confidence,
            notes=tuple(dict.fromkeys(self._findings.notes)),
        )

    # Traffic

    def _traffic(
        self, senders: tuple[Sender, ...], sender_of: npt.NDArray[Any]
    ) -> tuple[Campaign | Poisson, ...]:
        ledger = self._ledger
        label = ledger.labels["campaign"]
        if not len(label.categories):
            label = pd.Categorical(["campaign"] * len(ledger))
        traffic: list[Campaign | Poisson] = []
        for code, name in _parts(label, "other"):
            rows = np.flatnonzero(label.codes == code)
            path = f"traffic[{len(traffic)}]"
            one = ledger.only(rows)
            places = np.bincount(sender_of[rows], minlength=len(senders))
            common: dict[str, Any] = {
                "name": name,
                "segment_shares": self._segments(path, one),
                "sender": senders[int(places.argmax())].name,
                "conversation": self._conversation(path, one),
            }
            if (places > 0).sum() > 1:
                self._findings.notes.append(
                    f"{name!r} went by several senders: the scenario takes the most frequent"
                )
            traffic.append(self._arrivals(path, one, common))
        return tuple(traffic)

    def _arrivals(self, path: str, one: Ledger, common: dict[str, Any]) -> Campaign | Poisson:
        size = len(one)
        known = one.queued_us if (one.queued_us != NEVER).any() else one.sent_us
        times = np.sort(known[known != NEVER])
        begin_s = float(times[0]) / _SECOND_US if len(times) else 0.0
        span_us = int(times[-1] - times[0]) if len(times) else 0
        nothing = (math.nan, math.nan)
        if span_us <= _BURST_US:
            self._findings.note(f"{path}.messages", size, nothing, size, "counted: a burst")
            return Campaign(messages=size, start_s=begin_s, **common)
        span_s = span_us / _SECOND_US
        longest_s = _LONGEST_H * 3600 - begin_s
        gaps = np.diff(times) / _SECOND_US
        if gaps.std() < gaps.mean() / 2:
            # Evenly spread messages have gaps that are all alike, random ones have not.
            self._findings.note(f"{path}.messages", size, nothing, size, "counted: evenly spread")
            over_h = self._findings.note(
                f"{path}.over_h",
                min(span_s * size / (size - 1), longest_s) / 3600,
                nothing,
                size,
                "read off",
            )
            return Campaign(messages=size, start_s=begin_s, over_h=over_h, **common)
        half = self._findings.z * math.sqrt(size)
        duration_s = min(span_s * (size + 1) / (size - 1), longest_s)
        ends = (max(size - half, 0) / duration_s, (size + half) / duration_s)
        rate = self._findings.note(
            f"{path}.rate_per_s", size / duration_s, ends, size, "counted: at random"
        )
        begin_s = max(begin_s - span_s / (size - 1), 0.0)
        profile = _profile((times - times[0]) / _SECOND_US, duration_s, self._findings.confidence)
        if profile:
            self._findings.notes.append(
                f"{common['name']!r} is busier in some hours: see {path}.profile"
            )
        return Poisson(
            rate_per_s=rate, start_s=begin_s, duration_s=duration_s, profile=profile, **common
        )

    def _segments(self, path: str, one: Ledger) -> tuple[float, ...]:
        counts = np.bincount(one.segments)[1:]
        of = int(counts.sum())
        if not of:
            self._findings.notes.append("the log does not tell segments: taken as one a message")
            return (1.0,)
        shares = [
            self._findings.share(f"{path}.segment_shares[{n}]", int(count), of)
            for n, count in enumerate(counts)
        ]
        return tuple(shares)

    def _conversation(self, path: str, one: Ledger) -> Conversation | None:
        delivered = one.status == Status.DELIVERED
        replied = delivered & (one.replied_us != NEVER)
        found = int(replied.sum())
        if not found:
            return None
        # Who reads looks at it sooner or later.
        fields: dict[str, Any] = {
            "reply_share": self._findings.share(
                f"{path}.conversation.reply_share", found, int(delivered.sum())
            )
        }
        told = one.keyword[replied & (one.keyword != Keyword.NONE)]
        if not len(told):
            self._findings.notes.append(
                "the log does not tell what replies say: shares as by default"
            )
        for name, keyword in (
            *(("stop_share", Keyword.STOP), ("help_share", Keyword.HELP)),
            ("start_share", Keyword.START),
        ):
            if not len(told):
                break
            said = int((told == keyword).sum())
            fields[name] = self._findings.share(f"{path}.conversation.{name}", said, len(told))
        timed = replied & (one.final_us != NEVER)
        if not timed.any():
            self._findings.notes.append(
                "the log does not tell how soon replies come: as by default"
            )
            return Conversation(**fields)
        after_s = (one.replied_us[timed] - one.final_us[timed]) / _SECOND_US
        fields["reply_median_s"] = self._findings.note(
            f"{path}.conversation.reply_median_s",
            max(float(np.median(after_s)) - self._base.reading.median_s, 1.0),
            (math.nan, math.nan),
            int(timed.sum()),
            "median from receipt to reply, less that of reading in the base",
        )
        return Conversation(**fields)

    # Senders

    def _senders(self) -> tuple[tuple[Sender, ...], npt.NDArray[Any]]:
        ledger = self._ledger
        label = ledger.labels["sender"]
        parts = list(_parts(label, "sender"))
        senders: list[Sender] = []
        place = np.zeros(len(ledger), np.int64)
        for code, name in parts:
            place[label.codes == code] = len(senders)
            sent = self._outbound.labels["sender"]
            own = sent.codes == (-1 if code < 0 else sent.categories.get_loc(name))
            mps = self._rate(f"senders[{len(senders)}].mps", self._outbound.only(own))
            senders.append(Sender(name=name, mps=mps))
        return tuple(senders), place

    def _rate(self, path: str, one: Ledger) -> float | None:
        """Find the segments a second of a sender from the time between messages that waited."""
        rows = np.flatnonzero((one.sent_us != NEVER) & (one.queued_us != NEVER))
        order = rows[np.argsort(one.sent_us[rows], kind="stable")]
        sent, queued = one.sent_us[order], one.queued_us[order]
        waited = queued[1:] < sent[:-1]
        gaps = np.diff(sent)
        if not len(rows):
            self._findings.notes.append("the log has no times of sending: senders have no limit")
            return None
        if waited.mean() < _SEEN_WAITING if len(waited) else True:
            self._findings.notes.append(
                "hardly a message waited for its sender: senders have no limit"
            )
            return None
        # A message has left when its last segment has: the time before it is that of its own.
        segments = np.maximum(one.segments[order][1:], 1)[waited]
        of = len(segments)
        mean_s = float(gaps[waited].sum() / segments.sum() / _SECOND_US)
        spread = float(np.std(gaps[waited] / _SECOND_US - segments * mean_s)) * math.sqrt(of)
        # Times are whole microseconds.
        half = self._findings.z * spread / float(segments.sum()) + 1e-6 / math.sqrt(of)
        ends = (1 / (mean_s + half), 1 / max(mean_s - half, mean_s / 1000))
        return self._findings.note(
            path, 1 / mean_s, ends, of, "from the time between those that waited"
        )


def _parts(label: pd.Categorical[str], other: str) -> Iterator[tuple[int, str]]:
    """Go through the labels that there are, as (code, name)."""
    for code in np.unique(label.codes):
        yield int(code), other if code < 0 else str(label.categories[code])


def _profile(
    times_s: npt.NDArray[np.float64], span_s: float, confidence: float
) -> tuple[float, ...]:
    """Return how busy each hour is, where that differs by more than chance; else nothing."""
    hours = math.ceil(span_s / 3600)
    if hours < 2 or len(times_s) < 5 * hours:
        return ()
    counts = np.bincount((times_s // 3600).astype(np.int64), minlength=hours)[:hours]
    lengths = np.full(hours, 1.0)
    lengths[-1] = max(span_s / 3600 - (hours - 1), 1e-9)
    expected = len(times_s) * lengths / lengths.sum()
    chi2 = float(((counts - expected) ** 2 / expected).sum())
    # Wilson and Hilferty: the cube root of chi squared over its degrees is about normal.
    degrees = hours - 1
    spread = math.sqrt(2 / (9 * degrees))
    if ((chi2 / degrees) ** (1 / 3) - (1 - spread**2)) / spread < NormalDist().inv_cdf(confidence):
        return ()
    weights = counts / lengths
    return tuple(float(w) for w in np.where(counts > 0, weights / weights.max(), 0))
