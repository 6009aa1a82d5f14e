"""Forecast of a campaign: segments, cost, finish and delivery, each with an interval."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab import report
from smslab.cost import column_of, cost, is_charged
from smslab.errors import InputError, OptionError
from smslab.figures import duration, figures_of
from smslab.outcome import NEVER, Status
from smslab.progress import Progress, shown
from smslab.rates import LOWEST, MICRO, OTHER_SENDER, RateCard
from smslab.replications import (
    Uncertain,
    check_replications,
    coverage,
    drawn_inputs,
    estimates,
)
from smslab.run import Run
from smslab.scenario import Campaign, Scenario
from smslab.segment_prices import SegmentPrices, segment_prices
from smslab.simulate import Seed, run_once, seeds
from smslab.text import Texts
from smslab.traffic import Load

__all__ = ["Forecast", "forecast"]

#: Countries that the summary names; the rest is put together.
_COUNTRIES: Final = 5

#: Ways to a price that the summary tells of.
_GUESSES: Final = [LOWEST, OTHER_SENDER]

#: Nobody sends, or pays, a thousand times as much as planned.
_LARGEST_FACTOR: Final = 1000

_NO_CARRIER: Final = "no carrier of the scenario"

#: Smaller shares would be rounded to nothing.
_SMALLEST_SHARE: Final = 0.0005

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
        :func:`smslab.figures.figures_of`.
    run : Run
        The first replication, message by message, with all the scenario's traffic; the pictures
        show its part that is the list.
    drawn : DataFrame
        One row per replication, one column per uncertain input: what was drawn.
    given : DataFrame or None
        The table that the messages were given in: its other columns can be grouped by.
    guessed : int
        How many messages were sent in that replication at the lowest price or fee of their
        country, or at that of another type of sender, because the card has no better one.
    """

    messages: pd.DataFrame
    scenario: Scenario
    rates: RateCard
    replications: pd.DataFrame
    run: Run
    drawn: pd.DataFrame
    given: pd.DataFrame | None
    guessed: int

    @property
    def sender_type(self) -> str | None:
        """Type of the sender of the list; None where the scenario has none."""
        return self.scenario.sender_of(_taker(self.scenario)).type or None

    @property
    def coverage(self) -> float:
        """Share of new campaigns that the intervals hold if the scenario is right.

        As :func:`smslab.replications.coverage` says.
        """
        return coverage(len(self.replications))

    @property
    def estimates(self) -> pd.DataFrame:
        """One row per figure: ``unit``, ``value``, ``low``, ``high``, ``p10``, ``p50``, ``p90``.

        The last three are what one of ten campaigns stays below, half, and nine of ten. The value
        is the mean of the replications, for times their median. Shares are of the
        messages that can be sent, ``read_5_min`` of those that arrive; times are seconds after
        the start, infinite where nothing is sent or arrives; ``cost`` is in the currency of the
        card and leaves out rows without a price.
        """
        figures = self.replications[list(_UNITS)]
        table = estimates(figures)
        ordered = np.sort(figures.fillna(math.inf).to_numpy(), axis=0)
        for share in (0.1, 0.5, 0.9):
            place = math.ceil(share * len(ordered) - 1e-9) - 1
            table[f"p{round(100 * share)}"] = ordered[max(place, 0)]
        units = [unit or self.rates.currency for unit in _UNITS.values()]
        table.insert(0, "unit", units)
        return table

    def by(self, *names: str) -> pd.DataFrame:
        """Add up what is expected, by groups.

        Parameters
        ----------
        *names : str
            Columns of :attr:`messages` (``country``, ``carrier``, ``encoding`` …), or of the table
            that the messages were given in, such as the name of a template.

        Returns
        -------
        pandas.DataFrame
            One row per group (what is not known is a group too): ``messages``, ``segments`` (of
            those that can be sent), ``expected_cost`` (float64, in the card's currency) and
            ``share`` (float64) of the whole cost.

        Raises
        ------
        OptionError
            If there is no such column, or its cells are no labels.
        """
        if not names:
            raise OptionError("by() needs the name of a column, such as 'country'")
        frames = [frame for frame in (self.messages, self.given) if frame is not None]
        table = pd.DataFrame({name: column_of(name, frames).array for name in names})
        sent = self.messages["sendable"].to_numpy()
        table["segments"] = self.messages["segments"].where(sent, 0).to_numpy(np.int64, na_value=0)
        money = self.messages["expected_cost"].to_numpy(np.float64, na_value=0)
        table["expected_cost"] = money
        grouped = table.groupby(list(names), dropna=False, observed=True)
        found = grouped.sum()
        found.insert(0, "messages", grouped.size())
        found["share"] = found["expected_cost"] / max(money.sum(), 1e-12)
        return found.sort_values("expected_cost", ascending=False, kind="stable")

    @property
    def problems(self) -> pd.Series[int]:
        """How many rows of the list have each problem, the most frequent first."""
        return _ranked(self.messages["problem"]).rename("rows")

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`estimates`."""
        return self.estimates

    def summary(self) -> str:
        """Return the forecast as a short text: the four questions first."""
        return "\n".join(f"{name:<12} {answer}".rstrip() for name, answer in self.answers())

    def answers(self) -> report.Answers:
        """Return the questions and their answers, in words."""
        sent = self.messages[self.messages["sendable"]]
        kinds = ", ".join(
            f"{encoding} {count:,} ({_percent(count / len(sent))})"
            for encoding, count in sent["encoding"].value_counts(sort=False).items()
        )
        segments = int(sent["segments"].sum())
        after = f" {self.scenario.start:%z}" if self.scenario.start else " after the start"
        share = float(self.replications["pending"].mean())
        horizon = f"{self.scenario.horizon_h:g} h"
        pending = f"; {_percent(share)} still pending after {horizon}" if share else ""
        other_states = ", ".join(
            f"{state} {self._say(state, _percent)}"
            for state in ("undelivered", "expired", "failed", "pending")
        )
        return [
            ("Encoding", f"{kinds}; {segments:,} segments, {segments / len(sent):.3f} a message"),
            ("Cost", self._cost(int(sent["cost_micro"].notna().sum()), len(sent)) + pending),
            ("Last lands", self._say("finish_s", self._moment, after) + pending),
            ("Arrive", f"{self._say('delivered', _percent)} of {len(sent):,} messages"),
            ("", ""),
            ("Last leaves", self._say("sending_done_s", self._moment, after)),
            (
                "95 % landed",
                f"{self._say('landed_95_s', self._moment, after)}, of those that arrive",
            ),
            ("Otherwise", other_states),
            ("Confirmed", f"{self._say('confirmed', _percent)} by a receipt"),
            ("Read", f"{self._say('read_5_min', _percent)} of the arrived within five minutes"),
            ("", ""),
            *self._list_answers(sent),
            *self._uncertain(),
            (
                "Basis",
                f"scenario {self.scenario.name!r}, rates {self.rates.name!r}, "
                f"{len(self.replications)} replications, {_percent(self.coverage)} intervals",
            ),
        ]

    def _uncertain(self) -> report.Answers:
        """Say between what the uncertain inputs were drawn."""
        ranges = [
            f"{name} {self.drawn[name].min():.4g} to {self.drawn[name].max():.4g}"
            for name in self.drawn
        ]
        return [("Uncertain", ", ".join(ranges))] if ranges else []

    def _list_answers(self, sent: pd.DataFrame) -> report.Answers:
        """Say what is in the list: rows, problems, countries, and fees that are a guess."""
        left_out = len(self.messages) - len(sent)
        size = f"{len(self.messages):,} in the list"
        countries = _ranked(sent["country"].fillna("unknown"))
        most = [f"{country} {count:,}" for country, count in countries.head(_COUNTRIES).items()]
        if len(countries) > _COUNTRIES:
            rest = countries.iloc[_COUNTRIES:]
            most.append(f"{len(rest)} others {int(rest.sum()):,}")
        answers = [("Rows", f"{size}, {left_out:,} of them cannot be sent" if left_out else size)]
        answers += [("", f"{count:,} x {problem}") for problem, count in self.problems.items()]
        answers.append(("Countries", ", ".join(most)))
        if self.guessed:
            answers.append(
                (
                    "Rates",
                    f"{self.guessed:,} messages at the lowest rate of their country: the card has "
                    "none for their carrier or sender type",
                )
            )
        return answers

    def _cost(self, priced: int, sent: int) -> str:
        if not priced:
            return f"not known: none of {sent:,} messages has a price"
        cost = f"{self.rates.currency} {self._say('cost', '{:,.2f}'.format)}"
        return cost if priced == sent else f"{cost}, and {sent - priced:,} messages without a price"

    def _say(self, figure: str, show: Callable[[float], str], after: str = "") -> str:
        """Write a figure and, where it varies, its interval."""
        value, low, high = map(float, self.estimates.loc[figure, ["value", "low", "high"]])
        if math.isnan(value):
            return "-"
        if show(low) == show(high):
            return show(value) + after * math.isfinite(value)
        ends = [show(end) for end in (low, high)]
        day = show(value)[:11] if self.scenario.start else ""
        if day and all(end.startswith(day) for end in ends):
            ends = [end.removeprefix(day) for end in ends]
        return f"{show(value)}{after * math.isfinite(value)} ({ends[0]} to {ends[1]})"

    def to_html(self, path: str | Path) -> None:
        """Write a self-contained HTML report with pictures; every text in it is escaped.

        Parameters
        ----------
        path : str or Path
            The file.
        """
        run = self.run.of(_taker(self.scenario).name).asked
        page = report.page(self.answers(), self.messages, run, self.rates)
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
        if math.isinf(seconds):
            return "never"
        if self.scenario.start is not None:
            moment = self.scenario.start + dt.timedelta(seconds=round(seconds))
            return f"{moment:%Y-%m-%d %H:%M:%S}"
        return duration(seconds)


def _ranked(values: pd.Series[Any]) -> pd.Series[int]:
    """Count values, the most frequent first, equally frequent ones by name."""
    return values.value_counts().sort_index().sort_values(ascending=False, kind="stable")


def _percent(share: float) -> str:
    if 0 < share < _SMALLEST_SHARE:
        return "<0.1 %"
    return ">99.9 %" if 1 - _SMALLEST_SHARE < share < 1 else f"{100 * share:.1f} %"


def forecast(
    messages: pd.DataFrame | Texts,
    scenario: Scenario,
    rates: RateCard | None = None,
    *,
    country: str | None = None,
    replications: int = 20,
    rng: Seed = None,
    uncertain: Mapping[str, Uncertain] | None = None,
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
    uncertain : dict of str to (float, float) or callable, optional
        Inputs that are not known, drawn anew in each replication: by their path in the scenario as
        of :func:`smslab.replicate`, ``volume`` (how many times as many messages are sent: some
        rows of the list, or some of them more often), and ``rates`` (how many times as dear it
        is): ``{"volume": (0.9, 1.2), "rates": (1, 1.1)}``.
    progress : None, True, or callable
        True shows a bar; a function is called with (done, total).

    Returns
    -------
    Forecast

    Raises
    ------
    InputError
        If the table has no column ``text``, no row can be sent, or `country` is no country.
    ValueError
        If `replications` is less than 1.
    OptionError
        If `uncertain` is no dict, or names or gives what there is not.
    ScenarioError
        If not exactly one campaign of the scenario takes a list.

    Examples
    --------
    >>> import smslab
    >>> texts = ["Your parcel is ready: code 4711"] * 900 + ["Your parcel is ready 📦"] * 100
    >>> plan = smslab.forecast(texts, smslab.scenarios.load(), country="US", rng=1)
    >>> plan.estimates.loc[["segments", "cost"], ["value", "low", "high"]].round(2)
                value      low     high
    segments  1000.00  1000.00  1000.00
    cost        12.51    12.48    12.54
    """
    check_replications(replications)
    if not isinstance(scenario, Scenario):
        raise TypeError(
            f"scenario must be a Scenario; not {scenario!r:.60}. smslab.scenarios.load() returns "
            "one, Scenario.from_toml(path) reads one"
        )
    if not isinstance(uncertain, Mapping | None):
        raise OptionError(
            f"uncertain must be a dict, such as {{'volume': (0.9, 1.2)}}; not {uncertain!r:.60}"
        )
    rates = RateCard.bundled() if rates is None else rates
    campaign = _taker(scenario)
    sender = scenario.sender_of(campaign)
    priced = cost(messages, rates, country=country, sender_type=sender.type or None).messages
    _leave_out_unserved(priced, scenario)
    if not priced["sendable"].any():
        reasons = ", ".join(f"{n:,} x {p}" for p, n in _ranked(priced["problem"]).items())
        raise InputError(f"none of {len(priced):,} rows can be sent: {reasons or 'empty list'}")
    sendable = priced[priced["sendable"]]
    segments = sendable["segments"].to_numpy(np.int32)
    place, network = (sendable[name].astype("object").to_numpy() for name in ("country", "carrier"))
    prices = _by_carrier(sendable, scenario, rates, sender.type or None)
    segment_micro = np.stack([p.total_micro for p in prices])
    has_price = np.stack([p.priced for p in prices])
    guesses = np.stack([p.basis.isin(_GUESSES) | p.fee_basis.isin(_GUESSES) for p in prices])
    charged_micro = np.zeros(len(sendable), np.int64)
    figures, drawn = [], []
    first: tuple[Run, int] | None = None
    for seed in shown(seeds(rng, replications), progress, replications, "replications"):
        inputs = drawn_inputs(uncertain or {}, seed)
        drawn.append(dict(inputs))
        rows = _rows_sent(len(sendable), inputs.pop("volume", 1.0), seed)
        dearer = _factor("rates", inputs.pop("rates", 1.0))
        load = Load(segments[rows], place[rows], network[rows])
        run = run_once(scenario.changed(inputs), seed, load)
        money = _charged_micro(
            run, campaign.name, segment_micro[:, rows], has_price[:, rows], rates
        )
        if dearer != 1:
            money = np.rint(money * dearer).astype(np.int64)
        np.add.at(charged_micro, rows, money)
        part = run.of(campaign.name).asked
        if first is None:
            guessed = _of_carriers(part, guesses[:, rows]) & (part.sent_us != NEVER)
            first = run, int(guessed.sum())
        # Python's integers: no sum of any list overflows.
        figures.append({"cost": sum(money.tolist()) / MICRO, **figures_of(part)})
    assert first is not None
    expected = pd.Series(charged_micro / (MICRO * replications), sendable.index, "Float64")
    priced["expected_cost"] = pd.Series(np.nan, priced.index, "Float64")
    priced.loc[priced["sendable"], "expected_cost"] = expected.to_numpy()
    priced["expected_cost"] = priced["expected_cost"].where(priced["cost_micro"].notna())
    return Forecast(
        messages=priced,
        scenario=scenario,
        rates=rates,
        replications=pd.DataFrame(figures),
        run=first[0],
        drawn=pd.DataFrame(drawn),
        given=messages if isinstance(messages, pd.DataFrame) else None,
        guessed=first[1],
    )


def _factor(name: str, value: Any) -> float:
    if not (isinstance(value, (int, float)) and 0 < value < _LARGEST_FACTOR):
        raise OptionError(f"uncertain[{name!r}] must give factors above 0; not {value!r:.80}")
    return float(value)


def _rows_sent(rows: int, volume: Any, seed: int) -> npt.NDArray[np.int64]:
    """Choose which rows of the list are sent: all, some, or all and some of them once more."""
    count = max(round(rows * _factor("volume", volume)), 1)
    whole, rest = divmod(count, rows)
    again = np.tile(np.arange(rows), whole)
    if not rest:
        return again
    chosen = np.random.default_rng([seed, *b"volume of the list"]).permutation(rows)[:rest]
    return np.concatenate([again, np.sort(chosen)])


def _taker(scenario: Scenario) -> Campaign:
    takers = [t for t in scenario.traffic if isinstance(t, Campaign) and t.messages is None]
    # `generate` refuses any other number of takers and says why.
    return takers[0] if takers else Campaign()


def _leave_out_unserved(priced: pd.DataFrame, scenario: Scenario) -> None:
    """Mark the messages to countries that no carrier of the scenario serves."""
    codes, names = pd.factorize(priced["country"])
    unserved = [code for code, name in enumerate(names) if not scenario.serving(name)]
    rows = np.isin(codes, unserved) & priced["sendable"]
    priced.loc[rows, "problem"] = _NO_CARRIER
    priced.loc[rows, "sendable"] = False
    for column in ("price", "carrier_fee", "cost", "cost_micro"):
        priced.loc[rows, column] = pd.NA


def _by_carrier(
    sendable: pd.DataFrame, scenario: Scenario, rates: RateCard, sender_type: str | None
) -> list[SegmentPrices]:
    """Price a segment of each message for each carrier of the scenario.

    A carrier that stands in the row and on the card goes before the one of the scenario.
    """
    country, carrier = sendable["country"], sendable["carrier"]
    on_card = np.zeros(len(sendable), np.bool_)
    for place, name in sendable[["country", "carrier"]].drop_duplicates().dropna().to_numpy():
        if rates.names(place, name):
            on_card |= ((country == place) & (carrier == name)).to_numpy()
    own = carrier.where(on_card)
    return [
        segment_prices(country, own.fillna(network.name), rates, sender_type=sender_type)
        for network in scenario.carriers
    ]


def _of_carriers(run: Run, table: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Take from a table, a row a carrier, the value of the carrier that each message went to."""
    values: npt.NDArray[Any] = table[run.traffic.carrier, np.arange(len(run))]
    return values


def _charged_micro(
    run: Run,
    campaign: str,
    segment_micro: npt.NDArray[np.int64],
    has_price: npt.NDArray[np.bool_],
    rates: RateCard,
) -> npt.NDArray[np.int64]:
    """Say what a run charges for each message of the list.

    A message costs its segments by the billing rules of the card; a failed one the failed-message
    fee. One that is still pending before it was sent costs nothing yet, nor does one without a
    price. What answers and e-mails to the same recipient cost is added.
    """
    part, answers = run.of(campaign).asked, run.answers
    first = int(part.numbers[0])
    charged = np.zeros(len(part), np.int64)
    answered = answers.answer_to - first
    own = (answered >= 0) & (answered < len(part))
    for sent, rows in ((part, np.arange(len(part))), (answers, np.where(own, answered, 0))):
        carrier = sent.traffic.carrier
        money = sent.traffic.segments.astype(np.int64) * segment_micro[carrier, rows]
        taken = sent.sent_us != NEVER
        charged_by_segment = is_charged(rates.billing, taken, sent.status, sent.reason)
        money[~charged_by_segment] = 0
        failed = (sent.status == Status.FAILED) & ~charged_by_segment
        money[failed] = rates.failed_message_micro
        money[~has_price[carrier, rows]] = 0
        is_of_list = own if sent is answers else slice(None)
        np.add.at(charged, rows[is_of_list], money[is_of_list])
    fallback = next(t.fallback for t in run.scenario.traffic if t.name == campaign)
    if fallback is not None:
        charged[part.emailed_us != NEVER] += round(fallback.cost * MICRO)
    return charged
