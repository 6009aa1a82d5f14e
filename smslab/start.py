"""Start planning: the latest start with which a campaign ends in every recipient's hours."""

from __future__ import annotations

import datetime as dt
import functools
import math
import zoneinfo
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab import calendars
from smslab.demand import Hours
from smslab.errors import OptionError, nearest
from smslab.estimate import estimate
from smslab.kernels.simulation import SECOND
from smslab.markup import headed
from smslab.outcome import NEVER, Reason, Status
from smslab.progress import Progress, shown
from smslab.regulations import marketing_hours, states_with_hours
from smslab.replications import allowed_misses
from smslab.results import Results
from smslab.scenario import Campaign, Scenario
from smslab.search import Search
from smslab.simulate import Seed, run_once, seeds

__all__ = ["StartPlan", "latest_start"]


@dataclass(frozen=True, eq=False, kw_only=True)
class StartPlan:
    """When a campaign may start at the latest.

    Parameters
    ----------
    scenario : Scenario
        The scenario with that start, and the hours that it keeps to; with the earliest start
        where none fits.
    campaign : str
        Name of the campaign.
    start : datetime or None
        The latest start, by the clock of the scenario's start; None where no start of the day
        fits.
    confidence : float
        The share of new campaigns that fit with it.
    zones : DataFrame
        One row per time zone (index ``zone``): ``messages`` (float64, expected), ``opens`` and
        ``closes`` (datetime with the zone's offset: the first day on which it is still open at the
        scenario's start, and not before that), ``last_leaves`` (the same, of the
        day; the latest of all replications at the start), ``next_day`` (float64, mean share of the
        zone's messages that do not leave on the day), ``split_start`` (datetime: the latest start
        of the zone's part if the parts are sent one after the other, by the fluid model) and
        ``split_late`` (float64: the share of the part that does not fit then).
    curve : DataFrame
        One row per start that was simulated: ``start`` (datetime), ``runs``, ``next_day`` (float64,
        mean share of all messages that do not leave on the day).
    notes : tuple of str
        Whose hours were taken.
    """

    scenario: Scenario
    campaign: str
    start: dt.datetime | None
    confidence: float
    zones: pd.DataFrame
    curve: pd.DataFrame
    notes: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.start is not None

    def split(self) -> Scenario:
        """Return the scenario with the campaign split by zone, each part at its latest start.

        Returns
        -------
        Scenario
        """
        places = [traffic.name for traffic in self.scenario.traffic]
        position = places.index(self.campaign)
        whole = self.scenario.traffic[position]
        assert isinstance(whole, Campaign)
        assert self.scenario.start is not None
        counts = _apportioned(whole.messages or 0, self.zones["messages"].tolist())
        parts = [
            replace(
                whole,
                name=f"{whole.name}, {row['zone']}",
                messages=count,
                zones=(row["zone"],) if self.scenario.zones else (),
                start_s=max((row["split_start"] - self.scenario.start).total_seconds(), 0.0),
                over_h=whole.over_h * count / max(whole.messages or 0, 1),
            )
            for row, count in zip(self.zones.reset_index().to_dict("records"), counts, strict=True)
        ]
        traffic = list(self.scenario.traffic)
        traffic[position : position + 1] = parts
        goals = tuple(
            goal for goal in self.scenario.goals if goal.labels.get("campaign") != self.campaign
        )
        return replace(self.scenario, traffic=tuple(traffic), goals=goals)

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`zones`."""
        return self.zones

    def summary(self) -> str:
        """Return the start, and what it means in each zone."""
        if self.start is None:
            first = self.curve.iloc[0]
            lines = [
                f"{self.campaign}: no start of the day fits; of one at {first['start']:%H:%M} "
                f"{first['next_day']:.1%} does not leave on the day"
            ]
        else:
            lines = [f"{self.campaign}: start at {self.start:%Y-%m-%d %H:%M %z} at the latest"]
        if len(self.zones) > 1:
            lines[0] += "; zone by zone: each part alone, by the same clock"
        for zone, row in self.zones.iterrows():
            leaves = row["last_leaves"]
            last = "nothing leaves" if pd.isna(leaves) else f"last leaves {leaves:%H:%M}"
            late = f", {row['next_day']:.1%} not on the day" if row["next_day"] else ""
            part = f"; zone by zone from {row['split_start']:%H:%M}"
            part += f", {row['split_late']:.0%} too late" if row["split_late"] else ""
            lines.append(
                f"  {zone}: open {row['opens']:%H:%M} to {row['closes']:%H:%M}, {last}{late}{part}"
            )
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return headed(self.summary()) + self.curve.to_html(border=0, index=False)


def latest_start(
    scenario: Scenario,
    campaign: str | None = None,
    *,
    step_min: float = 5.0,
    late: float = 0.0,
    replications: int = 20,
    confidence: float = 0.95,
    rng: Seed = None,
    executor: Executor | None = None,
    progress: Progress = None,
) -> StartPlan:
    """Find the latest start with which a campaign leaves within every recipient's hours, in a day.

    The day is that of the scenario's start, and the hours are those that the campaign allows or,
    without any, those in which its countries allow marketing, by the clocks of each time zone:
    Sundays, and days on which the clocks change, are as they are there. Public holidays are not
    known. Other traffic is sent along, and takes its part of the capacity.

    Starts are tried from the opening of the first zone to the closing of the last. One fits if, in
    so many replications that a new campaign does with the confidence (see :func:`smslab.plan`), no
    more than a share of the messages does not leave on the day. Where that does not go one way with
    the start, every start is tried, the latest first.

    Parameters
    ----------
    scenario : Scenario
        What is sent; with a start.
    campaign : str, optional
        Name of the campaign; the first if not given.
    step_min : float
        Minutes between the starts that are tried.
    late : float
        The share of the messages that may leave on another day, or not at all. Default 0.
    replications, confidence, rng, executor, progress : object
        As of :func:`smslab.plan`.

    Returns
    -------
    StartPlan
        False if no start of the day fits.

    Raises
    ------
    OptionError
        If the scenario has no start or no such campaign, no hours are known, or one of the others
        is out of range.

    Examples
    --------
    >>> import smslab
    >>> smslab.latest_start(smslab.scenarios.load("marketing"), rng=1)
    offer: start at 2026-11-27 20:25 -0500 at the latest; zone by zone: each part alone, by the
    same clock
      America/New_York: open 10:00 to 21:00, last leaves 20:58; zone by zone from 20:44
      America/Chicago: open 09:00 to 21:00, last leaves 19:58; zone by zone from 21:50
      America/Denver: open 08:00 to 21:00, last leaves 18:58; zone by zone from 22:57
      America/Los_Angeles: open 08:00 to 21:00, last leaves 17:58; zone by zone from 23:54
      public holidays are not known
    """
    allowed = allowed_misses(replications, confidence)
    if not 0.1 <= _number(step_min) <= 24 * 60:
        raise OptionError(f"step_min must be 0.1 to 1,440 minutes; not {step_min!r}")
    if not 0 <= _number(late) < 1:
        raise OptionError(f"late must be a share, 0 or more and less than 1; not {late!r}")
    name = _name_of(scenario, campaign)
    planned = _Day(scenario, name)
    first = max(min(planned.opens_s.values()), 0.0)
    count = math.floor((max(planned.closes_s.values()) - first) / (60 * step_min)) + 1
    starts = [first + 60 * step_min * place for place in range(count)]
    # The later the cheaper.
    order = list(range(count))[::-1]
    search: Search[_Leaving] = Search(
        functools.partial(_leaving, planned, late),
        starts,
        [-start_s for start_s in starts],
        [order],
        [True],
        seeds(rng, replications),
        allowed,
        executor,
    )
    for _ in shown(search.run(), progress, search.expected, "replications"):
        pass
    # The day's curve, and all replications of what was found.
    chosen = 0 if search.best is None else search.best
    for place in {chosen, *np.linspace(0, count - 1, min(count, _CURVE)).astype(int).tolist()}:
        for _ in search.simulate(place, range(replications) if place == chosen else [0]):
            pass
    return _found(planned, search, chosen, confidence)


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else math.nan


#: Starts of a day that are looked at for its curve.
_CURVE: Final = 13


def _name_of(scenario: Scenario, campaign: str | None) -> str:
    if scenario.start is None:
        raise OptionError("start: missing; hours of the day need a scenario with a start")
    names = [t.name for t in scenario.traffic if isinstance(t, Campaign)]
    if not names:
        raise OptionError("traffic: no campaign, and only campaigns have a start")
    if campaign is not None and campaign not in names:
        raise OptionError(
            f"campaign must be one of {names}; not {campaign!r}.{nearest(str(campaign), names)}"
        )
    return campaign or names[0]


class _Day:
    """The campaign, and the day of each time zone.

    Parameters
    ----------
    scenario : Scenario
        What is sent.
    name : str
        Name of the campaign.
    """

    def __init__(self, scenario: Scenario, name: str) -> None:
        assert scenario.start is not None
        self.start, self.name = scenario.start, name
        whole = next(traffic for traffic in scenario.traffic if traffic.name == name)
        assert isinstance(whole, Campaign)
        hours, self.notes = _hours_of(scenario, whole)
        self.scenario = _with(scenario, name, allowed_hours=hours, local=False)
        self.notes = (*self.notes, "public holidays are not known")
        self.messages = whole.messages or 0
        self.over_s = whole.over_h * 3600
        self.zones = list(whole.zones) or scenario.zone_names
        weights = {zone.name: zone.share for zone in scenario.zones}
        lived_in = {zone: weights.get(str(zone), 1.0) for zone in self.zones}
        total = math.fsum(lived_in.values())
        #: By zone, what share of the recipients lives there.
        self.shares = {zone: weight / total for zone, weight in lived_in.items()}
        horizon = round(scenario.horizon_h * 3600 * SECOND)
        #: By zone, when its day opens and closes, in seconds after the scenario's start.
        self.opens_s: dict[str | None, float] = {}
        self.closes_s: dict[str | None, float] = {}
        for zone in self.zones:
            spans = calendars.open_hours(hours, zone, scenario.start, horizon) / SECOND
            self.opens_s[zone] = float(spans[0, 0])
            midnight = self.clock(float(spans[0, 0]), zone).replace(
                hour=0, minute=0, second=0, microsecond=0
            ) + dt.timedelta(days=1)
            ends_s = (midnight.astimezone(dt.UTC) - scenario.start).total_seconds()
            day = midnight - dt.timedelta(days=1)
            if day.date() != self.clock(0.0, zone).date():
                self.notes = (
                    *self.notes,
                    f"closed until {day:%A, %Y-%m-%d} in {zone or 'the zone'}",
                )
            of_day = spans[spans[:, 0] < ends_s]
            self.closes_s[zone] = min(float(of_day[-1, 1]), ends_s)

    def clock(self, after_s: float, zone: str | None) -> dt.datetime:
        """Return a moment by the clock of a zone; None for that of the start."""
        moment = self.start + dt.timedelta(seconds=after_s)
        return moment if zone is None else moment.astimezone(zoneinfo.ZoneInfo(zone))

    def at(self, start_s: float) -> Scenario:
        """Return the scenario with the campaign at a start."""
        return _with(self.scenario, self.name, start_s=start_s)


def _with(scenario: Scenario, name: str, **fields: Any) -> Scenario:
    """Return a scenario with other fields of one of its traffic."""
    traffic = [replace(t, **fields) if t.name == name else t for t in scenario.traffic]
    return replace(scenario, traffic=tuple(traffic))


def _hours_of(scenario: Scenario, whole: Campaign) -> tuple[tuple[Hours, ...], tuple[str, ...]]:
    """Return the hours in which a campaign may leave, and whose they are."""
    if whole.allowed_hours:
        return whole.allowed_hours, ()
    countries = scenario.countries_of(whole)
    known = {country: marketing_hours(country) for country in countries}
    ruled = {country: found for country, found in known.items() if found is not None}
    for country, found in ruled.items():
        if not found.hours:
            raise OptionError(f"{country}: {found.note} ({found.source})")
    if not ruled:
        raise OptionError(
            f"traffic[{whole.name}].allowed_hours: missing, and no hours of marketing are known "
            f"for {', '.join(countries) or 'a scenario without countries'}; give the campaign some"
        )
    within = np.logical_and.reduce([calendars.minutes_of(f.hours) for f in ruled.values()])
    hours = calendars.hours_of(within)
    if not hours:
        raise OptionError(
            f"traffic[{whole.name}]: {', '.join(ruled)} have no hour of marketing in common; plan "
            "each country on its own"
        )
    notes = [f"hours of {country}: {found.source}" for country, found in ruled.items()]
    unknown = [country for country in countries if country not in ruled]
    if unknown:
        notes.insert(
            0, f"no hours are known of {', '.join(unknown)}: those of the others are taken"
        )
    if "US" in ruled:
        notes.append(f"{', '.join(states_with_hours())} have narrower hours: see smslab.check")
    return hours, tuple(notes)


@dataclass(frozen=True)
class _Leaving:
    """What becomes of a campaign at a start, in one replication.

    Parameters
    ----------
    met : tuple of bool
        Whether enough leaves on the day.
    margins : tuple of float
        By what share more than that does.
    late : float
        Share of the messages that does not.
    late_by_zone, last_s : list of float
        The share in each zone, and when the last that does leaves, in seconds after the scenario's
        start; NaN where none does.
    """

    met: tuple[bool, ...]
    margins: tuple[float, ...]
    late: float
    late_by_zone: list[float]
    last_s: list[float]


def _leaving(planned: _Day, most_late: float, start_s: float, seed: int) -> _Leaving:
    """Simulate a campaign at a start."""
    run = run_once(planned.at(start_s), seed).of(planned.name).asked
    zone = run.traffic.zone
    names = planned.scenario.zone_names
    places = [names.index(name) for name in planned.zones]
    closes_us = np.array([round(planned.closes_s[z] * SECOND) for z in planned.zones], np.int64)
    of_zone = np.full(len(names), closes_us[0], np.int64)
    of_zone[places] = closes_us
    limit = of_zone[zone] if len(zone) else np.full(len(run), closes_us[0])
    has_left = (run.sent_us != NEVER) & (run.sent_us < limit)
    # What fails for other reasons than time would not leave at any start.
    in_time = has_left | ((run.sent_us == NEVER) & ~_is_for_time(run))
    late_by_zone, last_s = [], []
    for place in places:
        own = zone == place if len(zone) else np.ones(len(run), np.bool_)
        late_by_zone.append(float((~in_time[own]).mean()) if own.any() else 0.0)
        leaves = run.sent_us[own & has_left]
        last_s.append(float(leaves.max()) / SECOND if len(leaves) else math.nan)
    late = float((~in_time).mean()) if len(run) else 0.0
    return _Leaving((late <= most_late,), (most_late - late,), late, late_by_zone, last_s)


def _is_for_time(run: Results) -> npt.NDArray[np.bool_]:
    """Return which messages have not left because time was short."""
    reasons = (Reason.EXPIRED_QUEUE, Reason.QUEUE_FULL)
    short: npt.NDArray[np.bool_] = (run.status == Status.PENDING) | np.isin(run.reason, reasons)
    return short


def _found(planned: _Day, search: Search[_Leaving], chosen: int, confidence: float) -> StartPlan:
    starts: Sequence[float] = search.cells
    here = [search.trials[chosen][number] for number in sorted(search.trials[chosen])]
    rows = []
    split = _split(planned)
    for place, zone in enumerate(planned.zones):
        lasts = [one.last_s[place] for one in here if not math.isnan(one.last_s[place])]
        begin_s, too_late = split[zone]
        rows.append(
            {
                "zone": zone or f"UTC{planned.start:%z}",
                "messages": planned.messages * planned.shares[zone],
                "opens": planned.clock(planned.opens_s[zone], zone),
                "closes": planned.clock(planned.closes_s[zone], zone),
                "last_leaves": planned.clock(max(lasts), zone) if lasts else pd.NaT,
                "next_day": math.fsum(one.late_by_zone[place] for one in here) / len(here),
                "split_start": planned.clock(begin_s, None),
                "split_late": too_late,
            }
        )
    curve = [
        {
            "start": planned.clock(starts[place], None),
            "runs": len(search.trials[place]),
            "next_day": float(np.mean([one.late for one in search.trials[place].values()])),
        }
        for place in sorted(search.tried)
    ]
    return StartPlan(
        scenario=planned.at(starts[chosen]),
        campaign=planned.name,
        start=None if search.best is None else planned.clock(starts[chosen], None),
        confidence=confidence,
        zones=pd.DataFrame(rows, dtype=object)
        .set_index("zone")
        .astype({"messages": float, "next_day": float, "split_late": float}),
        curve=pd.DataFrame(curve),
        notes=planned.notes,
    )


def _split(planned: _Day) -> dict[str | None, tuple[float, float]]:
    """Return by zone when its part starts at the latest, one after the other, and what is late.

    From the last to close on backwards: each part ends when the next one starts, or its zone
    closes.
    """
    alone = planned.scenario.changed(
        {
            "traffic": tuple(t for t in planned.scenario.traffic if t.name == planned.name),
            "goals": (),
        }
    )
    table = estimate(
        alone.changed({"traffic[0].allowed_hours": (), "traffic[0].start_s": 0.0})
    ).table
    takes_s = float((table["units"] / table["per_second"]).max()) if len(table) else 0.0
    takes_s = max(takes_s, planned.over_s)
    found = {}
    following_s = math.inf
    for zone in sorted(planned.zones, key=lambda zone: -planned.closes_s[zone]):
        part_s = takes_s * planned.shares[zone]
        begin_s = min(planned.closes_s[zone], following_s) - part_s
        early_s = max(planned.opens_s[zone], 0.0) - begin_s
        late = min(early_s / part_s, 1.0) if early_s > 0 and part_s else 0.0
        # Whole minutes, since a tandem of stations takes a little longer than its slowest one.
        following_s = max(math.floor(begin_s / 60) * 60.0, planned.opens_s[zone], 0.0)
        found[zone] = (following_s, late)
    return found


def _apportioned(whole: int, parts: Sequence[float]) -> list[int]:
    """Return whole numbers near some parts that add up to a whole."""
    ends = [round(end / max(math.fsum(parts), 1e-300) * whole) for end in accumulate(parts)]
    return [end - begin for begin, end in pairwise([0, *ends])]
