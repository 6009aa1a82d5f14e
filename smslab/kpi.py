"""Key figures of a run, a log or many replications, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab import intervals, rules
from smslab.cost import cost
from smslab.errors import OptionError, nearest
from smslab.figures import answered_us
from smslab.ledger import HasLedger, Ledger, ledger_of
from smslab.outcome import NEVER, Keyword, Reason, Status
from smslab.rates import MICRO, RateCard
from smslab.replications import Replications
from smslab.segment_prices import coded, combined
from smslab.summary import ALL

__all__ = ["kpis"]

_SECOND_US: Final = 1_000_000

#: Percentiles of delays.
_SHARES: Final = (0.5, 0.9, 0.95, 0.99)

#: From when to when a stage of the way takes.
_STAGES: Final = {
    "wait": ("queued_us", "sent_us"),
    "network": ("sent_us", "final_us"),
    "receipt": ("final_us", "receipt_us"),
    "delay": ("queued_us", "final_us"),
}

_STATES: Final = ("delivered", "undelivered", "expired", "failed", "pending")

_MOST_GROUPS: Final = 100_000


class _Figure(NamedTuple):
    """A figure, its interval, its unit, and of how many messages it is."""

    value: float
    low: float
    high: float
    unit: str
    of: int


def kpis(
    source: HasLedger | Replications,
    *,
    by: str | Sequence[str] | None = None,
    freq: str | None = None,
    rates: RateCard | None = None,
    country: str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compute the key figures of messages, from a simulated run or a provider's log alike.

    Parameters
    ----------
    source : Run, Log or Replications
        The messages. Of replications the figures are those of ``estimates()``, with intervals that
        hold the next replication.
    by : str or sequence of str, optional
        Labels to group by: ``campaign``, ``sender``, ``carrier``, ``country``, ``encoding`` …
    freq : str, optional
        Length of time, as pandas knows it, to group by the time of being queued (of being sent
        where that is not known): ``"1h"``, ``"1D"`` … The groups are called ``time``, the
        interval's beginning, or ``time_s``, in seconds, where nobody knows when it all starts.
    rates : RateCard, optional
        Prices, for figures of cost; of a log without it what the log says was charged.
    country : str, optional
        Country of messages whose country is not known, for prices.
    confidence : float
        Share of the intervals that hold the true figure, where messages fare independently.

    Returns
    -------
    pandas.DataFrame
        One row per group and figure (index: the groups, ``figure``; where a label is not known
        that is a group too), with the columns ``value``,
        ``low``, ``high`` (float64; NaN where there is no interval), ``unit`` and ``of`` (how many
        messages the figure is of):

        ``messages``, ``segments``, ``received``, ``answers`` : counts; ``received`` came from
        people, ``answers`` were sent for replies, and both count nowhere else

        ``segments_per_message`` : mean

        ``throughput``, ``throughput_peak`` : messages a second that carriers took, on the whole and
        in the busiest second (minute, where times are minutes)

        ``delivered``, ``undelivered``, ``expired``, ``failed``, ``pending``, ``unknown`` : shares
        of all messages by status

        ``cause_...`` : shares of all messages that did not arrive for a reason

        ``confirmed``, ``within_10_s``, ``replied``, ``opted_out``, ``emailed``, ``converted`` :
        shares of all messages; ``read_5_min`` of the delivered

        ``wait_p50`` … ``wait_p99``, ``network_...``, ``receipt_...``, ``delay_...`` : percentiles,
        in seconds, of the time from queued to taken by a carrier, from there to the handset, from
        there to the receipt, and from queued to the handset, of the messages that arrived (all that
        were taken, for ``wait``)

        ``answer_p50`` … ``answer_p99`` : percentiles, in seconds, of the time from a reply to the
        landing of its answer

        ``sending_done_s``, ``landed_p95_s``, ``finish_s`` : when the last message left, 95 % of
        the delivered and all of them had landed, in seconds after the start

        ``cost``, ``cost_per_sent``, ``cost_per_delivered``, ``cost_per_read``,
        ``cost_per_converted``, ``unpriced`` : money, of messages whose cost is known, and how many
        others there are

        What a log does not tell (reading, replies, conversion) is left out.

        Shares have Wilson intervals, percentiles those of order statistics, wider by what times
        are rounded to; ``cost_per_...`` follow the interval of what they are per.

    Raises
    ------
    OptionError
        If there is no such label, `freq` is no length of time, or `confidence` no share.
    TypeError
        If `source` keeps no messages.

    Notes
    -----
    Sources: Wilson (1927) for shares, David and Nagaraja (2003) for percentiles, as of
    :mod:`smslab.intervals`; ten seconds are the target of Twilio's Health Score for one-time
    passwords, five minutes that of the SimpleTexting survey (both read 2026).

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Scenario, Sender
    >>> scenario = Scenario(traffic=(Campaign(messages=1000),), senders=(Sender(mps=10),))
    >>> figures = smslab.kpis(smslab.simulate(scenario, rng=1))
    >>> figures.loc[["throughput", "delivered", "network_p95"]].round(3)
                  value    low    high        unit    of
    figure
    throughput   10.000    NaN     NaN  messages/s  1000
    delivered     0.995  0.988   0.998       share  1000
    network_p95  10.441  9.789  11.392           s   995
    """
    intervals.check_confidence(confidence)
    if isinstance(source, Replications):
        return _of_replications(source, by, freq)
    ledger = ledger_of(source)
    money = _money(source, rates, country)
    columns = _columns(ledger, by, freq)
    if not columns:
        return _table(ledger, money, confidence).rename_axis("figure")
    keys, tables = [], []
    for key, rows in _groups(columns, len(ledger)):
        own = None if money is None else money.only(rows)
        tables.append(_table(ledger.only(rows), own, confidence))
        keys.append(key)
    # Without a group the columns are those of any table, with no rows.
    found = pd.concat(tables or [_table(ledger, money, confidence).iloc[:0]])
    lengths = [len(table) for table in tables]
    levels = [pd.Series([key[n] for key in keys]).repeat(lengths) for n in range(len(columns))]
    names = [*columns, "figure"]
    found.index = pd.MultiIndex.from_arrays([*levels, found.index], names=names)
    return found


def _table(ledger: Ledger, money: _Money | None, confidence: float) -> pd.DataFrame:
    figures = dict(_figures(ledger, money, confidence))
    return pd.DataFrame.from_dict(figures, orient="index", columns=list(_Figure._fields))


def _of_replications(
    many: Replications, by: str | Sequence[str] | None, freq: str | None
) -> pd.DataFrame:
    if freq is not None or by not in (None, "campaign"):
        raise OptionError("replications keep no messages: group them by 'campaign' or not at all")
    campaigns = [t.name for t in many.scenario.traffic]
    tables = {}
    for name in [ALL] if by is None else campaigns:
        # Of a scenario with one campaign, all messages are its messages.
        table = many.estimates(name if len(campaigns) > 1 else ALL)[["value", "low", "high"]]
        table["unit"] = ["s" if figure.endswith("_s") else "" for figure in table.index]
        table["of"] = len(many)
        tables[name] = table
    if by is None:
        return tables[ALL].rename_axis("figure")
    return pd.concat(list(tables.values()), keys=list(tables), names=["campaign", "figure"])


@dataclass(frozen=True)
class _Money:
    """What each message cost, in millionths, and where that is known."""

    micro: npt.NDArray[np.int64]
    known: npt.NDArray[np.bool_]
    currency: str

    def only(self, rows: npt.NDArray[Any]) -> _Money:
        return _Money(self.micro[rows], self.known[rows], self.currency)


def _money(source: HasLedger, rates: RateCard | None, country: str | None) -> _Money | None:
    if rates is not None:
        bill = cost(source, rates, country=country)
        return _Money(bill.cost_micro, bill.known, rates.currency)
    ledger = source.ledger
    if ledger.billed is None or np.isnan(ledger.billed).all():
        return None
    known = ~np.isnan(ledger.billed)
    micro = np.rint(np.where(known, ledger.billed, 0) * MICRO).astype(np.int64)
    return _Money(micro, known, ledger.currency)


def _columns(
    ledger: Ledger, by: str | Sequence[str] | None, freq: str | None
) -> dict[str, pd.Categorical[Any]]:
    """Return what is grouped by."""
    if not isinstance(by, Iterable | None):
        raise OptionError(f"by must be the name of a label, or several; not {by!r}")
    columns: dict[str, pd.Categorical[Any]] = {}
    for name in [by] if isinstance(by, str) else list(by or ()):
        if name not in ledger.labels:
            known = [label for label, values in ledger.labels.items() if len(values.categories)]
            hint = nearest(str(name), known)
            raise OptionError(f"by must be some of {known}; not {name!r}.{hint}")
        columns[name] = ledger.labels[name]
    if freq is not None:
        time = pd.Categorical(_intervals(ledger, freq))
        columns["time_s" if ledger.start is None else "time"] = time
    return columns


def _groups(
    columns: dict[str, pd.Categorical[Any]], rows: int
) -> Iterator[tuple[tuple[Any, ...], npt.NDArray[np.intp]]]:
    """Go through the groups as (labels, rows), in the order of the labels; null is the last."""
    kinds = []
    for codes, labels in map(coded, columns.values()):
        kinds.append((np.where(codes < 0, len(labels), codes), [*labels, None]))
    which, found = combined(kinds, rows)
    if len(found) > _MOST_GROUPS:
        raise OptionError(f"{len(found):,} groups are too many; take a longer freq")
    places = np.unravel_index(found, [len(labels) + 1 for _, labels in kinds])
    rows_of = pd.Series(which).groupby(which).indices
    for number, place in enumerate(zip(*places, strict=True)):
        key = tuple(labels[at - 1] for at, (_, labels) in zip(place, kinds, strict=True))
        yield key, np.asarray(rows_of[number])


def _intervals(ledger: Ledger, freq: str) -> Any:
    """Return the beginning of the interval in which each message was queued."""
    try:
        step = pd.Timedelta(freq)
        seconds = step.total_seconds()
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise OptionError(f"freq must be a length of time such as '1h'; not {freq!r}")
    micros = np.where(ledger.queued_us == NEVER, ledger.sent_us, ledger.queued_us)
    times_s = np.where(micros == NEVER, np.nan, micros / _SECOND_US)
    if ledger.start is None:
        return np.floor(times_s / seconds) * seconds
    return (pd.Timestamp(ledger.start) + pd.to_timedelta(times_s, unit="s")).floor(step)


def _figures(
    ledger: Ledger, money: _Money | None, confidence: float
) -> Iterator[tuple[str, _Figure]]:
    asked = ledger.asked
    received = int(np.count_nonzero(ledger.status == Status.RECEIVED))
    answers = int(np.count_nonzero(ledger.is_answer))
    answers_us = answered_us(ledger, ledger.names)
    if not asked.all():
        ledger = ledger.only(asked)
    whole = len(ledger)

    def count(name: str, value: float, unit: str = "messages") -> tuple[str, _Figure]:
        return name, _Figure(float(value), math.nan, math.nan, unit, whole)

    yield count("messages", whole)
    segments = ledger.segments[ledger.segments > 0].astype(np.float64)
    yield count("segments", segments.sum(), "segments")
    yield count("received", received)
    yield count("answers", answers)
    total, squares = float(segments.sum()), float((segments**2).sum())
    ends = intervals.mean(total, squares, len(segments), confidence)
    value = total / len(segments) if len(segments) else math.nan
    yield "segments_per_message", _Figure(value, *ends, "segments", len(segments))
    yield from _throughput(ledger)

    delivered = ledger.status == Status.DELIVERED
    landed = delivered & (ledger.final_us != NEVER)
    yield from _outcomes(ledger, confidence)
    yield from _recipients(ledger, landed, received, confidence)
    yield from _delays(ledger, landed, confidence)
    if len(answers_us):
        rounded = ledger.resolution_s.get("final", 0.0)
        yield from _quantiles("answer", answers_us, _SHARES, confidence, rounded)
    yield from _ends(ledger, landed, confidence)
    if money is not None:
        per = {"sent": ledger.taken, "delivered": delivered}
        others = {"read": landed & (ledger.read_us != NEVER)}
        others["converted"] = ledger.converted_us != NEVER
        per |= {n: flags for n, flags in others.items() if flags.any() or not ledger.from_log}
        yield from _costs(money if asked.all() else money.only(asked), per, confidence)


def _share(flags: npt.NDArray[np.bool_], of: int, confidence: float) -> _Figure:
    found = int(np.count_nonzero(flags))
    value = found / of if of else math.nan
    return _Figure(value, *intervals.wilson(found, of, confidence), "share", of)


def _outcomes(ledger: Ledger, confidence: float) -> Iterator[tuple[str, _Figure]]:
    """Count the states, and the causes of what did not arrive."""
    whole = len(ledger)
    for state in _STATES:
        yield state, _share(ledger.status == Status[state.upper()], whole, confidence)
    yield "unknown", _share(ledger.status < 0, whole, confidence)
    lost = ledger.status != Status.DELIVERED
    for reason in Reason:
        because = lost & (ledger.reason == reason)
        if reason is not Reason.NONE and because.any():
            yield f"cause_{reason.name.lower()}", _share(because, whole, confidence)


def _recipients(
    ledger: Ledger, landed: npt.NDArray[np.bool_], received: int, confidence: float
) -> Iterator[tuple[str, _Figure]]:
    """Count what recipients got in time and did about it, as far as that is known."""
    whole = len(ledger)
    delivered = ledger.status == Status.DELIVERED
    confirmed = delivered & (ledger.receipt_us != NEVER)
    yield "confirmed", _share(confirmed, whole, confidence)
    timed = landed & (ledger.queued_us != NEVER)
    if timed.any() or not delivered.any():
        in_time = ledger.final_us - ledger.queued_us <= rules.OTP_TARGET_S * _SECOND_US
        yield "within_10_s", _share(timed & in_time, whole, confidence)
    has_reads = ledger.read_us != NEVER
    if has_reads.any() or not ledger.from_log:
        at_once = ledger.read_us - ledger.final_us <= rules.READ_AT_ONCE_S * _SECOND_US
        flags = landed & has_reads & at_once
        yield "read_5_min", _share(flags, int(delivered.sum()), confidence)
    replied = ledger.replied_us != NEVER
    if replied.any() or received or not ledger.from_log:
        yield "replied", _share(replied, whole, confidence)
    if not (replied & (ledger.keyword == Keyword.NONE)).any():
        yield "opted_out", _share(ledger.keyword == Keyword.STOP, whole, confidence)
    for name in ("emailed", "converted"):
        flags = getattr(ledger, f"{name}_us") != NEVER
        if flags.any() or not ledger.from_log:
            yield name, _share(flags, whole, confidence)


def _throughput(ledger: Ledger) -> Iterator[tuple[str, _Figure]]:
    sent = ledger.sent_us[ledger.sent_us != NEVER]
    slot_s = max(1.0, ledger.resolution_s.get("sent", 0.0))
    rate = peak = math.nan
    if len(sent):
        first, last = int(sent.min()), int(sent.max())
        if last > first:
            rate = (len(sent) - 1) / ((last - first) / _SECOND_US)
        slots = (sent - first) // round(slot_s * _SECOND_US)
        peak = float(np.unique(slots, return_counts=True)[1].max()) / slot_s
    for name, value in (("throughput", rate), ("throughput_peak", peak)):
        yield name, _Figure(value, math.nan, math.nan, "messages/s", len(sent))


def _delays(
    ledger: Ledger, landed: npt.NDArray[np.bool_], confidence: float
) -> Iterator[tuple[str, _Figure]]:
    for stage, (begin, end) in _STAGES.items():
        if stage == "receipt" and ledger.from_log:
            continue  # a log knows the receipt's time alone
        started, ended = getattr(ledger, begin), getattr(ledger, end)
        rows = (started != NEVER) & (ended != NEVER)
        if stage != "wait":
            rows &= landed
        taken_us = ended[rows] - started[rows]
        rounded = sum(ledger.resolution_s.get(b.removesuffix("_us"), 0.0) for b in (begin, end))
        yield from _quantiles(stage, taken_us, _SHARES, confidence, rounded)


def _quantiles(
    stage: str,
    times_us: npt.NDArray[np.int64],
    shares: Sequence[float],
    confidence: float,
    rounded_s: float,
) -> Iterator[tuple[str, _Figure]]:
    size = len(times_us)
    ranks = {share: intervals.rank(share, size) for share in shares}
    ends = {share: intervals.quantile_ranks(share, size, confidence) for share in shares}
    wanted = {*ranks.values()}.union(*ends.values())
    inside = sorted(r for r in wanted if 0 <= r < size)
    ordered = np.partition(times_us, inside) if inside else times_us

    def seconds(place: int) -> float:
        return float(ordered[place]) / _SECOND_US if 0 <= place < size else math.nan

    for share in shares:
        low, high = (seconds(end) for end in ends[share])
        yield (
            f"{stage}_p{round(100 * share)}",
            _Figure(seconds(ranks[share]), _below(low, rounded_s), high + rounded_s, "s", size),
        )


def _below(time_s: float, rounded_s: float) -> float:
    """Return the least that a rounded delay may stand for; that is below 0 only if it is itself."""
    earliest = time_s - rounded_s
    return max(earliest, 0.0) if time_s >= 0 else earliest


def _ends(
    ledger: Ledger, landed: npt.NDArray[np.bool_], confidence: float
) -> Iterator[tuple[str, _Figure]]:
    sent, landed_us = ledger.sent_us[ledger.sent_us != NEVER], ledger.final_us[landed]

    def last(times_us: npt.NDArray[np.int64]) -> _Figure:
        value = float(times_us.max()) / _SECOND_US if len(times_us) else math.nan
        return _Figure(value, math.nan, math.nan, "s", len(times_us))

    yield "sending_done_s", last(sent)
    [(_, most)] = _quantiles("", landed_us, (0.95,), confidence, 0.0)
    # When so many had landed is what happened, and no estimate of anything.
    yield "landed_p95_s", most._replace(low=math.nan, high=math.nan)
    yield "finish_s", last(landed_us)


def _costs(
    money: _Money, per: dict[str, npt.NDArray[np.bool_]], confidence: float
) -> Iterator[tuple[str, _Figure]]:
    whole = int(money.known.sum())
    total = int(money.micro[money.known].sum()) / MICRO
    yield "cost", _Figure(total, math.nan, math.nan, money.currency, whole)
    for name, flags in per.items():
        found = int(np.count_nonzero(flags & money.known))
        low, high = intervals.wilson(found, whole, confidence)

        def each(share: float) -> float:
            return total / (share * whole) if share > 0 else math.inf

        value = total / found if found else math.nan
        bounds = (each(high), each(low)) if whole else (math.nan, math.nan)
        yield f"cost_per_{name}", _Figure(value, *bounds, money.currency, found)
    missing = len(money.known) - whole
    yield "unpriced", _Figure(float(missing), math.nan, math.nan, "messages", len(money.known))
