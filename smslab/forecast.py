"""Forecast of a campaign: segments, cost, finish and delivery, each with an interval."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab import report
from smslab.cost import NO_PRICE, cost, segment_prices
from smslab.engines import reference
from smslab.errors import InputError
from smslab.kpi import kpis
from smslab.messages import UNKNOWN_COUNTRY
from smslab.rates import MICRO, RateCard
from smslab.results import NEVER, Run, Status
from smslab.scenario import Campaign, Scenario
from smslab.simulate import Seed, seeds
from smslab.text import Texts
from smslab.traffic import Load, generate

__all__ = ["Forecast", "Progress", "forecast"]

#: None, True for a progress bar, or a function that is called with (done, total).
Progress: TypeAlias = bool | Callable[[int, int], None] | None

#: The share of new campaigns that an interval aims to hold.
CONFIDENCE: Final = 0.9

_UNITS: Final = {
    "segments": "segments",
    "cost": "",
    "sending_done_s": "s",
    "landed_95_s": "s",
    "finish_s": "s",
    "delivered": "share",
    "undelivered": "share",
    "expired": "share",
    "failed": "share",
    "pending": "share",
    "confirmed": "share",
    "read_5_min": "share",
}


@dataclass(frozen=True, eq=False)
class Forecast:
    """What is to be expected of a campaign.

    Parameters
    ----------
    messages : DataFrame
        Every row of the list, with what :func:`smslab.cost` says of it, and ``expected_cost``
        (Float64): the mean over the replications of what it was charged, by the carrier that it
        went to. These add up to the forecast's cost.
    scenario : Scenario
        How it is sent.
    rates : RateCard
        What it costs.
    replications : DataFrame
        One row per replication, one column per figure: ``segments``, ``cost`` and those of
        :func:`smslab.kpi.kpis`.
    run : Run
        The first replication, message by message; the pictures show it.
    """

    messages: pd.DataFrame
    scenario: Scenario
    rates: RateCard
    replications: pd.DataFrame
    run: Run

    @property
    def coverage(self) -> float:
        """Share of new campaigns that the intervals hold if the scenario is right.

        From n replications, the interval between the r-th smallest and the r-th largest figure
        holds the next one with probability (n + 1 - 2r) / (n + 1), whatever its distribution
        (Wilks, Annals of Mathematical Statistics 12, 1941). The largest r with 90 % is taken,
        and r = 1 where there are too few replications for that.
        """
        replications = len(self.replications)
        return (replications + 1 - 2 * _rank(replications)) / (replications + 1)

    @property
    def estimates(self) -> pd.DataFrame:
        """One row per figure: ``unit``, ``value``, ``low`` and ``high``.

        The value is the mean of the replications, for times their median. Shares are of the
        messages that are sent, ``read_5_min`` of those that arrive; times are seconds after the
        start; ``cost`` is in the currency of the card and leaves out rows without a price, which
        :attr:`problems` counts.
        """
        rank = _rank(len(self.replications))
        rows = {}
        for figure, unit in _UNITS.items():
            values = np.sort(self.replications[figure].to_numpy())
            rows[figure] = (
                unit or self.rates.currency,
                float(np.median(values) if unit == "s" else np.mean(values)),
                float(values[rank - 1]),
                float(values[-rank]),
            )
        return pd.DataFrame.from_dict(
            rows, orient="index", columns=["unit", "value", "low", "high"]
        )

    @property
    def problems(self) -> pd.Series[int]:
        """How many rows of the list have each problem, the most frequent first."""
        counts = self.messages["problem"].value_counts()
        return counts.sort_index().sort_values(ascending=False, kind="stable").rename("rows")

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`estimates`."""
        return self.estimates

    def summary(self) -> str:
        """Return the forecast as a short text: the four questions first."""
        return "\n".join(f"{name:<12} {answer}".rstrip() for name, answer in self.answers())

    def answers(self) -> report.Answers:
        """Return the questions and their answers, in words."""
        estimates = self.estimates
        sendable = int(self.messages["sendable"].sum())
        encodings = self.messages["encoding"].value_counts(sort=False)
        segments = int(self.messages["segments"].sum())
        counted = int(self.messages["segments"].notna().sum())
        kinds = ", ".join(
            f"{encoding} {count:,} ({_percent(count / max(counted, 1))})"
            for encoding, count in encodings.items()
        )
        mean = f"{segments / counted:.3f}" if counted else "-"

        def say(figure: str, show: Callable[[float], str], after: str = "") -> str:
            value, low, high = map(float, estimates.loc[figure, ["value", "low", "high"]])
            if math.isnan(value):
                return "-"
            interval = f" ({show(low)} to {show(high)})" if show(low) != show(high) else ""
            return f"{show(value)}{after}{interval}"

        after = "" if self.scenario.start else " after the start"
        other_states = ", ".join(
            f"{state} {say(state, _percent)}"
            for state in ("undelivered", "expired", "failed", "pending")
        )
        answers = [
            ("Encoding", f"{kinds}; {segments:,} segments, {mean} a message"),
            ("Cost", f"{self.rates.currency} {say('cost', '{:,.2f}'.format)}"),
            ("Last lands", say("finish_s", self._moment, after)),
            ("Arrive", f"{say('delivered', _percent)} of {sendable:,} sent"),
            ("", ""),
            ("All sent", say("sending_done_s", self._moment, after)),
            ("95 % landed", say("landed_95_s", self._moment, after)),
            ("Otherwise", other_states),
            ("Confirmed", f"{say('confirmed', _percent)} by a receipt"),
            ("Read", f"{say('read_5_min', _percent)} of the arrived within five minutes"),
            ("", ""),
        ]
        left_out = len(self.messages) - sendable
        not_sent = f"{left_out:,} of them not sent" if left_out else "all of them sent"
        answers.append(("Rows", f"{len(self.messages):,} in the list, {not_sent}"))
        unpriced = int(self.messages["problem"].isin([NO_PRICE, UNKNOWN_COUNTRY]).sum())
        if unpriced:
            answers.append(("No price", f"{unpriced:,} rows are sent but not in the cost"))
        answers += [("", f"{rows:,} x {problem}") for problem, rows in self.problems.items()]
        answers.append(
            (
                "Basis",
                f"scenario {self.scenario.name!r}, rates {self.rates.name!r}, "
                f"{len(self.replications)} replications, {_percent(self.coverage)} intervals",
            )
        )
        return answers

    def to_html(self, path: str | Path) -> None:
        """Write a self-contained HTML report with pictures; every text in it is escaped.

        Parameters
        ----------
        path : str or Path
            The file.
        """
        page = report.page(self.answers(), self.messages, self.run, self.rates)
        Path(path).write_text(page, "utf-8")

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give :attr:`estimates` to Arrow, polars, DuckDB and others, by the Arrow C interface."""
        estimates = self.estimates.rename_axis("figure").reset_index()
        return estimates.__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        return report.answers_table(self.answers())

    def __repr__(self) -> str:
        return self.summary()

    def _moment(self, seconds: float) -> str:
        if self.scenario.start is not None:
            moment = self.scenario.start + dt.timedelta(seconds=round(seconds))
            return moment.strftime("%Y-%m-%d %H:%M:%S %z")
        return duration(seconds)


def duration(seconds: float) -> str:
    """Write a time span in its two largest units."""
    whole = round(seconds)
    for name, size, smaller, small in (("d", 86400, "h", 3600), ("h", 3600, "min", 60)):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // small} {smaller}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{seconds:.1f} s"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _rank(replications: int) -> int:
    """Return how many figures are cut off at each end of the sorted replications, plus one."""
    return max(1, math.floor((replications + 1) * (1 - CONFIDENCE) / 2 + 1e-9))


def forecast(
    messages: pd.DataFrame | Texts,
    scenario: Scenario,
    rates: RateCard | None = None,
    *,
    country: str | None = None,
    replications: int = 20,
    rng: Seed = None,
    progress: Progress = None,
) -> Forecast:
    """Forecast what sending a list of messages will cost and when how many will arrive.

    The list is segmented and priced, the scenario is simulated so many times with it, and each
    figure is given with the interval that holds the next campaign's with at least 90 %
    probability, as far as the scenario is right.

    Parameters
    ----------
    messages : DataFrame, or anything that :func:`smslab.segment` takes
        A table with the column ``text`` and, where there are, ``to``, ``country`` and
        ``carrier``; or the texts alone.
    scenario : Scenario
        How the list is sent; one of its campaigns has no number of messages and takes the list.
    rates : RateCard, optional
        The prices; :meth:`RateCard.bundled` if not given.
    country : str, optional
        ISO 3166-1 alpha-2 code of the rows that name none, and of numbers without a calling
        code.
    replications : int
        How often the scenario is simulated; 19 or more give 90 % intervals.
    rng : None, int, SeedSequence or Generator
        Seed; the same seed gives the same forecast.
    progress : None, True, or callable
        True shows a bar; a function is called with (done, total).

    Returns
    -------
    Forecast

    Raises
    ------
    InputError
        If the table has no column ``text``, no row can be sent, or `country` is no country.
    ScenarioError
        If not exactly one campaign of the scenario takes a list.

    Examples
    --------
    >>> import smslab
    >>> texts = ["Your parcel is ready: code 4711"] * 900 + ["Your parcel is ready 📦"] * 100
    >>> plan = smslab.forecast(texts, smslab.Scenario.bundled(), country="US", rng=1)
    >>> plan.estimates.loc[["segments", "cost"], ["value", "low", "high"]].round(2)
                value      low     high
    segments  1000.00  1000.00  1000.00
    cost        12.51    12.48    12.54
    """
    if replications < 1:
        raise InputError(f"replications must be 1 or more; not {replications}")
    rates = RateCard.bundled() if rates is None else rates
    campaign = _taker(scenario)
    sender = next(s for s in scenario.senders if campaign.sender in (None, s.name))
    priced = cost(messages, rates, country=country, sender_type=sender.type or None)
    if not priced["sendable"].any():
        reasons = ", ".join(f"{n:,} x {p}" for p, n in priced["problem"].value_counts().items())
        raise InputError(f"none of {len(priced):,} rows can be sent: {reasons or 'empty list'}")
    sendable = priced[priced["sendable"]]
    load = Load(
        sendable["segments"].to_numpy(np.int32),
        sendable["country"].astype("object").to_numpy(),
        sendable["carrier"].astype("object").to_numpy(),
    )
    segment_micro = _by_carrier(sendable, scenario, rates, sender.type or None)
    charged_micro = np.zeros(len(sendable), np.int64)
    figures = []
    first: Run | None = None
    for seed in _shown(seeds(rng, replications), progress):
        run = reference.run(scenario, generate(scenario, seed, load), seed)
        first = first or run
        run_micro = _charged_micro(run, scenario.traffic.index(campaign), segment_micro, rates)
        charged_micro += run_micro
        figures.append({"cost": int(run_micro.sum()) / MICRO, **kpis(run, campaign=campaign.name)})
    assert first is not None
    expected = pd.Series(charged_micro / (MICRO * replications), sendable.index, "Float64")
    priced["expected_cost"] = pd.Series(np.nan, priced.index, "Float64")
    priced.loc[priced["sendable"], "expected_cost"] = expected.to_numpy()
    priced["expected_cost"] = priced["expected_cost"].where(priced["cost_micro"].notna())
    return Forecast(priced, scenario, rates, pd.DataFrame(figures), first)


def _taker(scenario: Scenario) -> Campaign:
    takers = [t for t in scenario.traffic if isinstance(t, Campaign) and t.messages is None]
    # `generate` refuses any other number of takers and says why.
    return takers[0] if takers else Campaign()


def _by_carrier(
    sendable: pd.DataFrame, scenario: Scenario, rates: RateCard, sender_type: str | None
) -> npt.NDArray[np.int64]:
    """Price a segment of each message (columns) for each carrier of the scenario (rows)."""
    return np.stack(
        [
            segment_prices(
                sendable["country"],
                sendable["carrier"].fillna(carrier.name),
                rates,
                sender_type=sender_type,
            ).total_micro
            for carrier in scenario.carriers
        ]
    )


def _charged_micro(
    run: Run, campaign: int, segment_micro: npt.NDArray[np.int64], rates: RateCard
) -> npt.NDArray[np.int64]:
    """Say what a run charges for each message of the list.

    A sent message costs its segments, whatever becomes of it; a failed one the failed-message
    fee. One that is still pending before it was sent costs nothing yet.
    """
    rows = np.flatnonzero(run.traffic.campaign == campaign)
    price = segment_micro[run.traffic.carrier[rows], np.arange(len(rows))]
    charged = run.traffic.segments[rows].astype(np.int64) * price
    charged[run.sent_us[rows] == NEVER] = 0
    charged[run.status[rows] == Status.FAILED] = rates.failed_message_micro
    return charged


def _shown(items: list[int], progress: Progress) -> Iterator[Any]:
    """Go through the items and show how far it got."""
    if progress is True:
        from tqdm.auto import tqdm  # noqa: PLC0415  (0.1 s of import, only for a bar)

        bar: Iterable[int] = tqdm(items, desc="replications", leave=False)
        yield from bar
        return
    for done, item in enumerate(items, 1):
        yield item
        if callable(progress):
            progress(done, len(items))
