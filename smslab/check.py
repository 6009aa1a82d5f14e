"""Check of a scenario before it is simulated: what cannot fit, and which rules it meets."""

from __future__ import annotations

import datetime as dt
import math
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from smslab import calendars
from smslab.demand import Demand, Hours
from smslab.estimate import (
    Estimate,
    arrivals,
    carrier_shares,
    estimate,
    stations,
    units_of,
)
from smslab.figures import duration
from smslab.kernels.simulation import SECOND
from smslab.markup import listed
from smslab.regulations import (
    SenderLimit,
    marketing_hours,
    sender_limits,
    sender_rule,
    states_with_hours,
)
from smslab.scenario import Campaign, Inbound, Poisson, Scenario
from smslab.supply import Carrier, Limited, Sender

__all__ = ["Check", "Finding", "check"]

#: The worst first: messages are lost; a rule is broken; a published limit is passed; it takes days;
#: worth knowing.
SEVERITIES: Final = ("lost", "rule", "limit", "late", "note")

_SCENARIO: Final = "the scenario's own figures"

#: Longest times in the queues of providers, in hours.
_QUEUES: Final = (
    ("Plivo", 3, "Plivo, Messaging API FAQ, read 2026-11"),
    ("Telnyx", 4, "developers.telnyx.com, rate limiting, 2026"),
    ("Twilio", 10, "Twilio error page 30001, read 2026-11"),
)

_DAY_S: Final = 86_400.0

#: Where T-Mobile's day ends (Bird, "daily caps").
_PACIFIC: Final = "America/Los_Angeles"

#: What counts segments.
_SEGMENTS: Final = Limited()
_WEEK: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was found.

    Parameters
    ----------
    severity : str
        One of :data:`SEVERITIES`.
    where : str
        The field of the scenario.
    what : str
        What it is, in a sentence, with its figures.
    source : str
        Where the limit or rule stands.
    as_of : str
        Date of the source, where it has one.
    """

    severity: str
    where: str
    what: str
    source: str = _SCENARIO
    as_of: str = ""


@dataclass(frozen=True, eq=False)
class Check:
    """What was found in a scenario.

    Parameters
    ----------
    findings : tuple of Finding
        The worst first.
    estimate : Estimate
        The instant estimate that it was found by.
    """

    findings: tuple[Finding, ...]
    estimate: Estimate

    def __bool__(self) -> bool:
        return not any(found.severity in ("lost", "rule") for found in self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def to_pandas(self) -> pd.DataFrame:
        """Return one row per finding: ``severity``, ``where``, ``what``, ``source``, ``as_of``."""
        names = ["severity", "where", "what", "source", "as_of"]
        rows = [tuple(getattr(found, name) for name in names) for found in self.findings]
        return pd.DataFrame(rows, columns=pd.Index(names))

    def summary(self) -> str:
        """Return the findings, a line each."""
        lines = [
            f"{f.severity:<5} {f.where}: {f.what} ({f.source}{', ' * bool(f.as_of)}{f.as_of})"
            for f in self.findings
        ]
        return "\n".join(lines) or "nothing found that does not fit"

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return listed(self.summary().splitlines())


def check(scenario: Scenario) -> Check:
    """Tell at once what of a scenario cannot fit, and which limits and rules it meets.

    Looked at are the scenario's own rates, queues, validity, caps and hours, by the fluid model of
    :func:`smslab.estimate`; rates and caps that providers and networks publish; and countries'
    rules of senders, answers, parts and hours of marketing. What is not known of a country gives
    no finding. None of it is legal advice.

    Parameters
    ----------
    scenario : Scenario
        The scenario.

    Returns
    -------
    Check
        False if messages will be lost or a rule is broken.

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Scenario, Sender
    >>> offer = Campaign(name="offer", messages=50_000, validity_h=10)
    >>> print(smslab.check(Scenario(traffic=(offer,), senders=(Sender(mps=1),))))
    lost  traffic[offer].validity_h: waits up to 13 h 53 min at 1/s of sender and may wait 10 h:
          about 28 % fail in the queue (the scenario's own figures)
    """
    estimated = estimate(scenario)
    found = [
        *_capacity(scenario, estimated),
        *_queues(scenario, estimated),
        *_rooms(scenario),
        *_caps(scenario),
        *_published_rates(scenario),
        *_ten_dlc(scenario),
        *_countries(scenario),
        *_hours(scenario, estimated),
    ]
    ordered = sorted(dict.fromkeys(found), key=lambda one: SEVERITIES.index(one.severity))
    return Check(tuple(ordered), estimated)


def _path(traffic: Demand) -> str:
    return f"traffic[{traffic.name}]"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %") if share >= 0.01 else "less than 1 %"


def _capacity(scenario: Scenario, estimated: Estimate) -> Iterator[Finding]:
    """Find what is too busy for a time, and what is not done by the horizon."""
    table = estimated.table
    for station, rows in table.groupby("station", sort=False):
        busy = float(rows["busy"].sum())
        if busy >= 1:
            names = ", ".join(rows.loc[rows["busy"] > 0, "traffic"])
            yield Finding(
                severity="late",
                where=str(station),
                what=f"{names} bring {_percent(busy)} of what it can take in the busiest hour",
            )
    for row in table[np.isinf(table["done_s"])].to_dict("records"):
        yield Finding(
            severity="lost",
            where=f"traffic[{row['traffic']}]",
            what=f"not all has passed {row['station']} by the horizon of {scenario.horizon_h:g} h",
        )


def _queues(scenario: Scenario, estimated: Estimate) -> Iterator[Finding]:
    """Find what waits longer than it may."""
    by_name = {traffic.name: traffic for traffic in scenario.traffic}
    for row in estimated.table.to_dict("records"):
        traffic = by_name.get(str(row["traffic"]))
        longest_s = float(row["longest_s"])
        if traffic is None or math.isnan(longest_s):
            continue
        place = f"{_number(float(row['per_second']))}/s of {row['station']}"
        if math.isinf(longest_s):
            longest_s = float(row["units"]) / float(row["per_second"])
        if longest_s > traffic.validity_h * 3600 + 1:
            what = (
                f"waits up to {duration(longest_s)} at {place} and may wait "
                f"{traffic.validity_h:g} h: "
            )
            at_once = isinstance(traffic, Campaign) and not traffic.over_h
            if at_once and not traffic.allowed_hours:
                share = 1 - traffic.validity_h * 3600 / longest_s
                what += f"about {_percent(share)} fail in the queue"
            else:
                what += "what waits longer fails in the queue"
            yield Finding(severity="lost", where=f"{_path(traffic)}.validity_h", what=what)
            continue
        for provider, hours, source in _QUEUES:
            if longest_s > hours * 3600 and not traffic.allowed_hours:
                yield Finding(
                    severity="limit",
                    where=_path(traffic),
                    what=f"waits up to {duration(longest_s)}; {provider} keeps messages {hours} h",
                    source=source,
                )


def _rooms(scenario: Scenario) -> Iterator[Finding]:
    """Find what there is no room for to wait."""
    for where, _, limited, parts in stations(scenario):
        if limited.queue_limit is None or limited.mps is None:
            continue
        for item, share in parts:
            if not isinstance(item, Campaign) or item.over_h or item.allowed_hours:
                continue
            # What comes no faster than it leaves does not wait.
            inflow = _inflow(scenario, item, limited) * share
            units = arrivals(item)[1][-1] * share * units_of(item, limited)[0]
            waiting = (
                units * max(1 - limited.rate / inflow, 0.0) if math.isfinite(inflow) else units
            )
            room = limited.queue_limit * limited.queues
            if waiting > room:
                yield Finding(
                    severity="lost",
                    where=f"{where}.queue_limit",
                    what=(
                        f"{item.name} brings {_number(units)} {limited.per}s, of which "
                        f"{_number(waiting)} wait at once and {room:,} may: about "
                        f"{_percent((waiting - room) / units)} fail"
                    ),
                )


def _inflow(scenario: Scenario, traffic: Demand, limited: Limited) -> float:
    """Return the units per second that what stands before a limit lets through at most."""
    before: list[Limited] = []
    if limited is not scenario.account:
        before += [] if scenario.account is None else [scenario.account]
    if isinstance(limited, Carrier):
        before.append(scenario.sender_of(traffic))
    own = units_of(traffic, limited)[0]
    messages = (each.rate / max(units_of(traffic, each)[0], 1e-9) for each in before)
    return min(messages, default=math.inf) * own


def _on_a_day(
    scenario: Scenario,
    parts: Sequence[tuple[Demand, float]],
    limited: Limited,
    hour: float,
    zone: str,
) -> float:
    """Return the most units that come to a limit on one day, from an hour of a clock on."""
    horizon = round(scenario.horizon_h * 3600 * SECOND)
    ends = calendars.day_ends(hour, zone, scenario.start, horizon) / SECOND
    total = np.zeros(len(ends))
    for traffic, share in parts:
        at_s, came = arrivals(traffic)
        if len(at_s) and share:
            # What comes right as a day ends is the next one's.
            by_then = np.interp(ends - 1e-6, at_s, came, left=0.0)
            units = np.diff(by_then, prepend=0.0) * share * units_of(traffic, limited)[0]
            # In a day no more can come than what stands before lets through.
            total += np.minimum(units, _inflow(scenario, traffic, limited) * share * _DAY_S)
    return float(total.max())


def _caps(scenario: Scenario) -> Iterator[Finding]:
    """Find what is over a daily cap of the scenario."""
    for where, _, limited, parts in stations(scenario):
        if limited.daily_cap is None:
            continue
        cap = limited.daily_cap * limited.queues
        units = _on_a_day(scenario, parts, limited, limited.cap_reset_h, limited.cap_zone)
        if units > cap:
            fails = limited.over_cap == "fail"
            yield Finding(
                severity="lost" if fails else "late",
                where=f"{where}.daily_cap",
                what=(
                    f"{_number(units)} {limited.per}s come on a day and {cap:,} may pass: about "
                    + (
                        f"{_percent(1 - cap / units)} fail"
                        if fails
                        else f"{math.ceil(units / cap)} days are needed"
                    )
                ),
            )


def _applies(limit: SenderLimit, sender: Sender, countries: set[str]) -> bool:
    is_own = limit.sender_type == sender.type and not limit.carrier
    return is_own and (not limit.country or not countries or limit.country in countries)


def _published_rates(scenario: Scenario) -> Iterator[Finding]:
    """Find rates that are higher than providers publish."""
    for sender in scenario.senders:
        own = [t for t in scenario.traffic if scenario.sender_of(t) is sender]
        countries = {code for traffic in own for code in scenario.countries_of(traffic)}
        limits = [limit for limit in sender_limits() if _applies(limit, sender, countries)]
        if not limits or sender.mps is None:
            continue
        highest = max(limits, key=lambda limit: limit.per_second)
        if sender.mps > highest.per_second:
            others = ", ".join(
                f"{limit.provider} {limit.per_second:g}"
                for limit in sorted(limits, key=lambda limit: -limit.per_second)
            )
            yield Finding(
                severity="limit",
                where=f"senders[{sender.name}].mps",
                what=(
                    f"{sender.mps:g} {sender.per}s/s of a {sender.type} number; published defaults "
                    f"are {others} a second"
                ),
                source=highest.source,
                as_of=highest.as_of,
            )


def _ten_dlc(scenario: Scenario) -> Iterator[Finding]:
    """Tell what AT&T's classes and T-Mobile's tiers do to 10DLC traffic."""
    tiers = [limit for limit in sender_limits() if limit.carrier and limit.tier]
    for place, carrier in enumerate(scenario.carriers):
        name = carrier.name.casefold()
        own = [t for t in tiers if t.carrier.casefold() == name and not t.provider]
        if not own or carrier.country not in ("", "US"):
            continue
        senders = [(t, scenario.sender_of(t)) for t in scenario.traffic]
        ten_dlc = [(t, sender) for t, sender in senders if sender.type == "10dlc"]
        parts = [(t, carrier_shares(scenario, t).get(place, 0.0)) for t, _ in ten_dlc]
        pairs = list(zip(ten_dlc, parts, strict=True))
        units = _on_a_day(scenario, parts, _SEGMENTS, 0.0, _PACIFIC)
        if not units:
            continue
        own.sort(key=lambda tier: -tier.per_second)
        where = f"carriers[{carrier.name}]"
        if own[0].within_s == _DAY_S:
            yield from _daily_tiers(where, carrier, own, units)
        else:
            times = ", ".join(f"{tier.tier} {duration(units / tier.per_second)}" for tier in own)
            through = {sender.name: sender.rate * part for (_, sender), (_, part) in pairs}
            rate = min(math.fsum(through.values()), carrier.rate)
            yield Finding(
                severity="limit" if rate > own[0].per_second else "note",
                where=f"{where}.mps",
                what=f"{_number(units)} segments of 10DLC take, by class of the campaign: {times}",
                source=own[0].source,
                as_of=own[0].as_of,
            )


def _daily_tiers(
    where: str, carrier: Limited, tiers: list[SenderLimit], units: float
) -> Iterator[Finding]:
    fitting = [tier for tier in tiers if units <= tier.limit]
    days = math.ceil(units / tiers[0].limit)
    what = f"{_number(units)} segments of 10DLC come on a day; "
    if fitting:
        least = fitting[-1]
        what += f"the brand's tier must be {least.tier} ({least.limit:,.0f} a day) or higher"
    else:
        what += (
            f"even the tier {tiers[0].tier} takes {tiers[0].limit:,.0f} a brand and day: "
            f"{days} days, or another type of sender"
        )
    if carrier.daily_cap is None:
        what += "; the scenario has no daily cap there"
    severity = "note" if fitting else "limit"
    if fitting and carrier.daily_cap is None and len(fitting) < len(tiers):
        severity = "limit"
    yield Finding(
        severity=severity,
        where=f"{where}.daily_cap",
        what=what,
        source=f"{tiers[0].source}; begins anew at midnight Pacific (Bird docs)",
        as_of=tiers[0].as_of,
    )


def _countries(scenario: Scenario) -> Iterator[Finding]:
    """Find senders, answers and long texts that countries do not take."""
    for traffic in scenario.traffic:
        sender = scenario.sender_of(traffic)
        for country in scenario.countries_of(traffic):
            rule = sender_rule(country)
            where = _path(traffic)
            if sender.type == "10dlc" and country not in ("US", ""):
                yield Finding(
                    severity="rule",
                    where=where,
                    what=f"{country}: 10DLC numbers are for the United States",
                    source="10DLC is registered with the US networks (The Campaign Registry)",
                )
            if rule is None:
                continue
            known = getattr(rule, sender.type, "") if sender.type in _RULED else ""
            kind = sender.type.replace("_", " ")
            said = []
            if known in ("no", "inbound_only"):
                said.append(("rule", where, f"{kind} senders are not supported"))
            elif known == "registration":
                said.append(("note", where, f"{kind} senders need registration"))
            if rule.two_way == "no" and _expects_answers(traffic):
                said.append(("rule", f"{where}.conversation", "recipients cannot answer"))
            for severity, place, what in said:
                yield Finding(
                    severity=severity,
                    where=place,
                    what=f"{country}: {what}",
                    source=rule.source,
                    as_of=rule.as_of,
                )
            shares = units_of(traffic, Sender())[0]
            if rule.concatenation in ("no", "partial") and shares > 1:
                note = f" ({rule.concatenation_note})" if rule.concatenation_note else ""
                yield Finding(
                    severity="rule" if rule.concatenation == "no" else "note",
                    where=where,
                    what=f"{country}: parts of long texts may arrive apart{note}",
                    source=rule.concatenation_source,
                )


#: Types of sender that the rules of countries speak of.
_RULED: Final = ("alphanumeric", "short_code", "long_code")


def _expects_answers(traffic: Demand) -> bool:
    return isinstance(traffic, Inbound) or traffic.conversation is not None


def _hours(scenario: Scenario, estimated: Estimate) -> Iterator[Finding]:
    """Find marketing that may leave at hours at which it must not."""
    done = estimated.table.groupby("traffic")["done_s"].max().to_dict()
    for traffic in scenario.traffic:
        if traffic.message_class != "marketing" or isinstance(traffic, Inbound):
            continue
        allowed = calendars.minutes_of(traffic.allowed_hours)
        for country in scenario.countries_of(traffic):
            known = marketing_hours(country)
            if known is None:
                continue
            where = f"{_path(traffic)}.allowed_hours"
            if not known.hours:
                yield Finding(
                    severity="rule",
                    where=where,
                    what=f"{country}: {known.note}",
                    source=known.source,
                )
                continue
            if (allowed & ~calendars.minutes_of(known.hours)).any():
                leaves_s = float(done.get(traffic.name, traffic.end_s))
                inside = _leaves_within(scenario, traffic, leaves_s, known.hours)
                said = f"{country}: marketing may go {_said(known.hours)}"
                note = f" ({known.note})" if known.note else ""
                yield Finding(
                    severity="note" if inside else "rule",
                    where=where,
                    what=(
                        f"{said}{note}; it does because of its start only"
                        if inside
                        else f"{said}{note}; this may leave at other times"
                    ),
                    source=known.source,
                )
            elif country == "US":
                yield from _states(where, allowed)


def _states(where: str, allowed: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Iterator[Finding]:
    narrower = []
    source = ""
    for state in states_with_hours():
        known = marketing_hours("US", state)
        if known is not None and (allowed & ~calendars.minutes_of(known.hours)).any():
            narrower.append(f"{state} {_said(known.hours)}")
            source = known.source
    if narrower:
        yield Finding(
            severity="note",
            where=where,
            what=f"US: narrower hours in {'; '.join(narrower)}",
            source=source,
        )


def _said(hours: tuple[Hours, ...]) -> str:
    spans = []
    for item in hours:
        first, last = _WEEK[item.days[0]], _WEEK[item.days[-1]]
        days = "" if len(item.days) == 7 else f" {first}" + f" to {last}" * (last != first)
        spans.append(f"{_clock(item.from_h)} to {_clock(item.to_h)}{days}")
    return ", ".join(spans)


def _clock(hour: float) -> str:
    return f"{math.floor(hour)}:{round(hour % 1 * 60):02d}"


def _leaves_within(
    scenario: Scenario, traffic: Demand, done_s: float, hours: tuple[Hours, ...]
) -> bool:
    """Return whether a traffic leaves within hours in all of its zones, as it is planned."""
    if scenario.start is None or not math.isfinite(done_s) or traffic.allowed_hours:
        return False
    begin_s = float(arrivals(traffic)[0][0]) if len(arrivals(traffic)[0]) else 0.0
    if isinstance(traffic, Poisson) or done_s - begin_s >= 7 * _DAY_S:
        return False
    within = calendars.minutes_of(hours)
    is_local = isinstance(traffic, Campaign) and traffic.local
    for zone in list(traffic.zones) or scenario.zone_names:
        shift_s = scenario.shift(zone, begin_s) / SECOND if is_local and zone is not None else 0.0
        clock = scenario.start.tzinfo if zone is None else zoneinfo.ZoneInfo(zone)
        begin = (scenario.start + dt.timedelta(seconds=begin_s + shift_s)).astimezone(clock)
        first = begin.weekday() * 1440 + begin.hour * 60 + begin.minute
        minutes = (
            np.arange(first, first + math.ceil((done_s - begin_s) / 60) + 1) % calendars.WEEK_MIN
        )
        if not within[minutes].all():
            return False
    return True
