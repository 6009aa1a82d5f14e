"""Instant estimate of a scenario: how busy everything is, and when the last message leaves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab import calendars, theory
from smslab.demand import Demand
from smslab.errors import OptionError, nearest
from smslab.figures import duration
from smslab.fluid import Flow, drain
from smslab.kernels.simulation import SECOND
from smslab.markup import listed
from smslab.rates import MICRO, RateCard
from smslab.scenario import Campaign, Conversation, Inbound, Poisson, Scenario, Schedule
from smslab.supply import Carrier, Limited, Sender
from smslab.traffic import profile_curve, segment_shares

__all__ = [
    "Estimate",
    "Station",
    "arrivals",
    "carrier_shares",
    "estimate",
    "list_cost",
    "stations",
    "units_of",
]

_Numbers = npt.NDArray[np.float64]

#: Moments that a schedule is thinned out to.
_MOMENTS: Final = 1000

#: Types of sender, as rate cards call them.
_TYPES: Final = frozenset({"10dlc", "short_code", "toll_free", "long_code", "alphanumeric"})

#: Units per second of a carrier that takes any number, but for its outages.
_NO_LIMIT: Final = 1e9


@dataclass(frozen=True, eq=False)
class Estimate:
    """What can be said of a scenario without a simulation.

    Parameters
    ----------
    scenario : Scenario
        Of which.
    table : DataFrame
        One row per station (``account``, a sender, a carrier, or the agents of a traffic) and
        traffic that passes it: ``units`` (float64: segments or messages that come), ``per_second``
        (float64: that can leave), ``busy`` (float64: share of that which the busiest hour of all
        random traffic takes), ``done_s`` (float64: when the last has left, in seconds after the
        start, by the fluid model; infinite past the horizon, NaN where nothing comes),
        ``longest_s`` (float64: the longest that one waits there, in order, by the same), ``wait_s``
        (float64: mean wait of random traffic in its busiest hour, NaN of other traffic) and
        ``model`` (str: how the wait was found).
    """

    scenario: Scenario
    table: pd.DataFrame

    @property
    def sending_done_s(self) -> float:
        """When the last message has passed the slowest station, in seconds after the start.

        Answers to inbound messages do not count, as in the figures of a run. 0 where no station
        has a limit, NaN where nothing comes.
        """
        inbound = [t.name for t in self.scenario.traffic if isinstance(t, Inbound)]
        asked = self.table[~self.table["traffic"].isin(inbound)]
        return float(asked["done_s"].max()) if len(asked) else 0.0

    @property
    def bottleneck(self) -> str:
        """The station that is done last, of those equally late the busiest; empty if none waits."""
        if not len(self.table):
            return ""
        last = self.table[self.table["done_s"] >= self.sending_done_s - 1]
        last = last if len(last) else self.table
        # Where nobody waits, the traffic itself sets the pace.
        last = last[(last["longest_s"] >= 1) | last["longest_s"].isna()]
        if not len(last):
            return ""
        return str(last.sort_values("busy", ascending=False, kind="stable")["station"].iloc[0])

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`table`."""
        return self.table

    def summary(self) -> str:
        """Return it in words."""
        lines = []
        if len(self.table):
            last = f"last leaves after {duration(self.sending_done_s)}"
            if math.isnan(self.sending_done_s):
                return "nothing is sent: the scenario has no messages"
            if math.isinf(self.sending_done_s):
                last = f"not all leave before the horizon of {self.scenario.horizon_h:g} h"
            pace = self.bottleneck or "the traffic itself"
            lines.append(f"{last}; {pace} sets the pace (fluid)")
        for row in self.table[self.table["wait_s"].notna()].to_dict("records"):
            wait_s = float(row["wait_s"])
            wait = duration(wait_s) if wait_s >= 1 else f"{1000 * wait_s:.0f} ms"
            wait = wait if math.isfinite(wait_s) else "without end"
            lines.append(
                f"{row['traffic']} at {row['station']}: {row['busy']:.0%} busy at most, mean wait "
                f"then {wait} ({row['model']})"
            )
        behind = self.table[self.table["wait_s"].isna() & (self.table["busy"] > 0)]
        for row in behind[behind["longest_s"] >= 1].to_dict("records"):
            longest = duration(float(row["longest_s"]))
            lines.append(f"{row['traffic']} at {row['station']}: waits up to {longest} (fluid)")
        return "\n".join(lines) or "nothing waits: no station has a limit"

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return listed(self.summary().splitlines()) + self.table.to_html(border=0)


def estimate(scenario: Scenario) -> Estimate:
    """Estimate a scenario at once, by closed forms.

    When everything has left is found by a fluid model of each station: units that come, and leave
    at the station's rate, by priority, in the hours that are allowed. The waits of traffic at
    random moments are those of M/G/1 by priority (Cobham 1954), of M/M/c for agents, and for
    several numbers those of M/M/c times (1 + cv²) / 2 (Lee and Longton 1959), beside a campaign
    those of one sender as fast as all together. Daily caps, windows, outages at random, failover,
    retries and answers to campaigns are left to the simulation.

    Parameters
    ----------
    scenario : Scenario
        The scenario. A campaign without a number of messages counts as none.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Poisson, Scenario, Sender
    >>> codes = Poisson(name="codes", rate_per_s=3, duration_s=3600)
    >>> offers = Campaign(name="offers", messages=36_000)
    >>> smslab.estimate(Scenario(traffic=(codes, offers), senders=(Sender(mps=10),)))
    last leaves after 1 h 18 min; sender sets the pace (fluid)
    codes at sender: 30% busy at most, mean wait then 71 ms (M/D/1 beside a campaign)
    """
    horizon_s = scenario.horizon_h * 3600
    rows: list[dict[str, object]] = []
    for _, name, limited, parts in stations(scenario):
        closed_s = _closed_s(limited)
        if limited.mps is None and not len(closed_s):
            continue
        rate = min(limited.rate, _NO_LIMIT)
        flows = [_flows(scenario, traffic, limited, share) for traffic, share in parts]
        every = [flow for each in flows for flow in each]
        drained = iter(drain(every, rate, closed_s, horizon_s))
        for row, each in zip(_rows(name, limited, parts), flows, strict=True):
            row["units"] = sum(flow.units for flow in each)
            found = [next(drained) for _ in each]
            for column, values in zip(
                ("done_s", "longest_s"), zip(*found, strict=True), strict=True
            ):
                row[column] = float(np.fmax.reduce(values))
            rows.append(row)
    rows += [row for traffic in scenario.traffic for row in _agents(traffic)]
    columns = ["station", "traffic", "units", "per_second", "busy", "done_s"]
    columns += ["longest_s", "wait_s", "model"]
    return Estimate(scenario, pd.DataFrame(rows, columns=pd.Index(columns)))


def list_cost(scenario: Scenario, rates: RateCard) -> float:
    """Return what a scenario costs by the list: a month's numbers, and all segments.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    rates : RateCard
        The prices. Of several prices of a number, the lowest; numbers of a type without one are
        free.

    Returns
    -------
    float
        In the card's currency. All that is sent counts, as if all of it arrived; answers and
        inbound messages do not.

    Raises
    ------
    OptionError
        If neither a carrier nor what goes to it has a country, or a sender is of a type that does
        not exist.
    RateCardError
        If a country has no price.

    Examples
    --------
    >>> import smslab
    >>> from smslab.estimate import list_cost
    >>> list_cost(smslab.scenarios.load("marketing"), smslab.RateCard.bundled())
    1876.5
    """
    total, countries = 0.0, set()
    for traffic in scenario.traffic:
        if isinstance(traffic, Inbound):
            continue
        kind = scenario.sender_of(traffic).type or None
        shares = segment_shares(traffic)
        segments = float(arrivals(traffic)[1][-1]) * float(shares @ np.arange(1, len(shares) + 1))
        for k, share in carrier_shares(scenario, traffic).items():
            carrier = scenario.carriers[k]
            country = carrier.country or traffic.country
            if not country:
                raise OptionError(
                    f"cost: neither carrier {carrier.name!r} nor {traffic.name!r} has a country, "
                    "so that no price is known; give one a country, or give another cost"
                )
            price = rates.price(country, carrier=carrier.name, sender_type=kind)
            total += segments * share * price.total_micro / MICRO
            countries.add(country)
    for sender in scenario.senders:
        known = sorted({rate.sender_type for rate in rates.rates if rate.sender_type} | _TYPES)
        if sender.type and sender.type not in known:
            raise OptionError(
                f"cost: no type of sender is called {sender.type!r}; known are {', '.join(known)}."
                f"{nearest(sender.type, known)}"
            )
        fixed = rates.fixed(sender_type=sender.type) if sender.type else pd.DataFrame()
        if len(fixed):
            monthly = fixed[(fixed["kind"] == "number_monthly") & fixed["country"].isin(countries)]
            total += sender.numbers * float(monthly.groupby("country")["price"].min().sum())
    return total


#: A traffic, and the share of it that passes a station.
_Part: TypeAlias = tuple[Demand, float]

#: Messages per second, the mean of their service time in seconds, and of its square.
_Class: TypeAlias = tuple[float, float, float]


class Station(NamedTuple):
    """What has limits: the account, a sender or a carrier.

    Parameters
    ----------
    where : str
        Its path in the scenario.
    name : str
        Its own name.
    limited : Limited
        Its limits.
    parts : list of (Demand, float)
        The traffic that passes it, and what share of it.
    """

    where: str
    name: str
    limited: Limited
    parts: list[_Part]


def stations(scenario: Scenario) -> Iterator[Station]:
    """Go through what has limits and what passes it, in the order of passing.

    Parameters
    ----------
    scenario : Scenario
        The scenario.

    Yields
    ------
    Station
        Those that nothing passes are left out of the carriers.
    """
    every: list[_Part] = [(traffic, 1.0) for traffic in scenario.traffic]
    if scenario.account is not None:
        yield Station("account", "account", scenario.account, every)
    for sender in scenario.senders:
        own = [part for part in every if scenario.sender_of(part[0]) is sender]
        yield Station(f"senders[{sender.name}]", sender.name, sender, own)
    reached = [carrier_shares(scenario, traffic) for traffic in scenario.traffic]
    for k, carrier in enumerate(scenario.carriers):
        shares = zip(scenario.traffic, reached, strict=True)
        shared: list[_Part] = [(traffic, of[k]) for traffic, of in shares if k in of]
        if shared:
            name = f"{carrier.name} {carrier.country}".rstrip()
            yield Station(f"carriers[{carrier.name}]", name, carrier, shared)


def _closed_s(limited: Limited) -> _Numbers:
    """Return when a carrier takes nothing and what comes waits: with a failover, never."""
    outages = limited.outages if isinstance(limited, Carrier) and not limited.failover else ()
    closed = [(o.from_h * 3600, (o.from_h + o.hours) * 3600) for o in outages]
    return np.array(closed, np.float64).reshape(-1, 2)


def carrier_shares(scenario: Scenario, traffic: Demand) -> dict[int, float]:
    """Return what share of a traffic goes to each carrier.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    traffic : Demand
        One of its traffic.

    Returns
    -------
    dict of int to float
        By position in the scenario's carriers; those that get none are left out.
    """
    choices = scenario.serving(traffic.country)
    total = math.fsum(scenario.carriers[k].share for k in choices)
    return {k: scenario.carriers[k].share / total for k in choices}


def arrivals(traffic: Demand) -> tuple[_Numbers, _Numbers]:
    """Return how the messages of a traffic come.

    Parameters
    ----------
    traffic : Demand
        The traffic; of messages at random, what is expected.

    Returns
    -------
    tuple of ndarray of float64
        Moments, in seconds after the scenario's start, the same one twice where much comes at
        once; and how many messages have come by then.
    """
    if isinstance(traffic, Campaign):
        whole = float(traffic.messages or 0)
        if not traffic.over_h:
            return np.full(2, traffic.start_s), np.array([0.0, whole])
        grid_s, busy = profile_curve(traffic.profile or (1.0,), traffic.over_h * 3600)
        return traffic.start_s + grid_s, whole * busy / busy[-1]
    if isinstance(traffic, Schedule):
        times = np.sort(np.array(traffic.times_s, np.float64))
        ends = np.unique(np.linspace(0, len(times), _MOMENTS).astype(np.int64))[1:]
        moments = times[ends - 1]
        return np.repeat(moments, 2), np.ravel([[0, *ends[:-1]], ends], "F").astype(np.float64)
    assert isinstance(traffic, Poisson)
    grid_s, busy = profile_curve(traffic.profile or (1.0,), traffic.duration_s)
    return traffic.start_s + grid_s, traffic.rate_per_s * busy


def _flows(scenario: Scenario, traffic: Demand, limited: Limited, share: float) -> list[Flow]:
    """Return what a traffic brings to a station, by time zone where that matters."""
    at_s, came = arrivals(traffic)
    came = came * share * units_of(traffic, limited)[0]
    lived_in = traffic.zones or [zone.name for zone in scenario.zones]
    by_zone = traffic.allowed_hours or (isinstance(traffic, Campaign) and traffic.local)
    zones = [zone for zone in scenario.zones if by_zone and zone.name in lived_in]
    total = math.fsum(zone.share for zone in zones)
    flows = []
    places: list[tuple[str | None, float]] = [(z.name, z.share / total) for z in zones]
    for name, part in places or [(None, 1.0)]:
        shift_s = 0.0
        if isinstance(traffic, Campaign) and traffic.local and name is not None:
            shift_s = scenario.shift(name, traffic.start_s) / SECOND
        opens_s = np.empty((0, 2))
        if traffic.allowed_hours:
            horizon = round(scenario.horizon_h * 3600 * SECOND)
            opens = calendars.open_hours(traffic.allowed_hours, name, scenario.start, horizon)
            opens_s = opens / SECOND
        flows.append(
            Flow(
                at_s=at_s + shift_s,
                came=came * part,
                priority=_priority(traffic),
                opens_s=opens_s,
            )
        )
    return flows


def _priority(traffic: Demand) -> int:
    if isinstance(traffic, Inbound) and traffic.conversation is not None:
        return traffic.conversation.answer_priority
    return traffic.priority


def units_of(traffic: Demand, limited: Limited) -> tuple[float, float]:
    """Return what the messages of a traffic count for where something is limited.

    Parameters
    ----------
    traffic : Demand
        The traffic; of inbound messages, their answers count.
    limited : Limited
        The account, sender or carrier.

    Returns
    -------
    tuple of float
        Mean units of a message, and the mean of their square.
    """
    if isinstance(traffic, Inbound) and traffic.conversation is not None:
        share = _answered(traffic.conversation)
        each = 1 if limited.per == "message" else traffic.conversation.answer_segments
        return share * each, share * each**2
    if limited.per == "message":
        return 1.0, 1.0
    shares = segment_shares(traffic)
    sizes = np.arange(1, len(shares) + 1)
    return float(shares @ sizes), float(shares @ sizes**2)


def _free_text(conversation: Conversation) -> float:
    """Return the share of the replies that are no keyword."""
    return max(1 - conversation.stop_share - conversation.help_share - conversation.start_share, 0)


def _answered(conversation: Conversation) -> float:
    free = _free_text(conversation)
    by_people = conversation.text_answered or conversation.agents > 0
    return (1 - free) * conversation.answered + free * by_people


def _busiest(traffic: Demand) -> float:
    """Return the messages per second of a random traffic in its busiest hour."""
    at_s, came = arrivals(traffic)
    return float((np.diff(came) / np.diff(at_s)).max())


def _rows(name: str, limited: Limited, parts: Sequence[_Part]) -> list[dict[str, object]]:
    """Return a row for each traffic at a station: how busy it is, how long random traffic waits."""
    if limited.mps is None:
        blank = {"station": name, "per_second": math.inf, "busy": 0.0, "model": ""}
        return [{**blank, "traffic": t.name, "wait_s": math.nan} for t, _ in parts]
    # Each queue has its part of the numbers and of the messages.
    own = limited.queues
    rate = limited.rate / own
    numbers = limited.numbers // own if isinstance(limited, Sender) else 1
    random: dict[str, _Class] = {}
    beside: tuple[int, _Class] | None = None
    for traffic, share in parts:
        mean, second = units_of(traffic, limited)
        if isinstance(traffic, Poisson):
            if mean:
                random[traffic.name] = (
                    _busiest(traffic) * share / own,
                    mean / rate,
                    second / rate**2,
                )
        elif arrivals(traffic)[1][-1] > 0 and (not beside or _priority(traffic) <= beside[0]):
            beside = _priority(traffic), (0.0, mean / rate, second / rate**2)
    spaced = limited.limiter == "spacing"
    waits = _waits(random, [t for t, _ in parts], beside, numbers) if spaced else {}
    rows: list[dict[str, object]] = []
    for traffic, _ in parts:
        arriving, service, _ = random.get(traffic.name, (0.0, 0.0, 0.0))
        wait_s, model = waits.get(traffic.name, (math.nan, ""))
        rows.append(
            {
                **{"station": name, "traffic": traffic.name, "per_second": limited.rate},
                **{"busy": arriving * service, "wait_s": wait_s, "model": model},
            }
        )
    return rows


def _waits(
    random: dict[str, _Class],
    traffic: Sequence[Demand],
    campaign: tuple[int, _Class] | None,
    numbers: int,
) -> dict[str, tuple[float, str]]:
    """Return the mean wait of each random traffic, and the model that it is of.

    What does not come before a campaign waits behind all of it: that is the fluid model's.
    """
    last, beside = campaign or (math.inf, None)
    ranks = sorted({_priority(t) for t in traffic if t.name in random and _priority(t) < last})
    if not ranks:
        return {}
    names = [[t.name for t in traffic if t.name in random and _priority(t) == r] for r in ranks]
    classes = [_pooled([random[name] for name in group]) for group in names]
    busy = math.fsum(rate * service for rate, service, _ in classes)
    if beside is None and numbers > 1 and len(classes) == 1:
        rate, service, second = classes[0]
        of_one = service * numbers
        factor = second / service**2 / 2
        waits = [theory.mmc_wait(rate, of_one, numbers) * factor]
        model = "M/G/c, approximate"
    else:
        # The campaign takes all that is left.
        rest = [] if beside is None or busy >= 1 else [((1 - busy) / beside[1], *beside[1:])]
        waits = theory.priority_waits(*classes, *rest)
        is_constant = all(math.isclose(second, first**2) for _, first, second in classes)
        model = "M/D/1" if is_constant and len(classes) == 1 else "M/G/1"
        model += " by priority" if len(classes) > 1 else ""
        model += " beside a campaign" if rest else ""
        model += ", approximate" if numbers > 1 else ""
    return {
        name: (wait, model) for group, wait in zip(names, waits, strict=False) for name in group
    }


def _pooled(classes: Sequence[_Class]) -> _Class:
    rate = math.fsum(each[0] for each in classes)
    first, second = (math.fsum(c[0] * c[k] for c in classes) / rate for k in (1, 2))
    return rate, first, second


def _agents(traffic: Demand) -> list[dict[str, object]]:
    """Return a row for the people who answer, where their work comes at random."""
    talk = traffic.conversation
    if talk is None or not talk.agents or not isinstance(traffic, Inbound):
        return []
    rate = _busiest(traffic) * _free_text(talk)
    return [
        {
            "station": f"{talk.agents} agents",
            "traffic": traffic.name,
            "units": float(arrivals(traffic)[1][-1]) * _free_text(talk),
            "per_second": talk.agents / talk.handling_mean_s,
            "busy": rate * talk.handling_mean_s / talk.agents,
            "done_s": math.nan,
            "longest_s": math.nan,
            "wait_s": theory.mmc_wait(rate, talk.handling_mean_s, talk.agents),
            "model": "M/M/c",
        }
    ]
