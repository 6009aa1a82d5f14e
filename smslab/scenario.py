"""Scenarios: who sends what, through which senders and carriers, to which recipients.

Frozen dataclasses and nothing else: no engine code. What is sent is in :mod:`smslab.demand`, what
it goes through in :mod:`smslab.supply`; here they are put together, and on their way from and to
TOML.
"""

from __future__ import annotations

import datetime as dt
import html
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import tomli_w

from smslab import calendars
from smslab.demand import (
    Campaign,
    Conversation,
    Demand,
    Fallback,
    Hours,
    Inbound,
    Poisson,
    Reading,
    Schedule,
)
from smslab.errors import ScenarioError, nearest
from smslab.fields import (
    LARGEST,
    SMALLEST,
    check,
    check_between,
    check_types,
    from_table,
    replaced,
    to_table,
)
from smslab.goal import Goal
from smslab.kernels.simulation import SECOND
from smslab.supply import (
    MOST_QUEUES,
    Account,
    Carrier,
    Causes,
    Handset,
    Limited,
    Outage,
    Sender,
    Zone,
)

__all__ = [
    "Account",
    "Campaign",
    "Carrier",
    "Causes",
    "Conversation",
    "Fallback",
    "Goal",
    "Handset",
    "Hours",
    "Inbound",
    "Outage",
    "Poisson",
    "Reading",
    "Scenario",
    "Schedule",
    "Sender",
    "Zone",
]


_READING: Final = Reading()

#: More is a slip of the pen.
_MOST_WAITS: Final = 100

#: A year and a day.
_LONGEST_H: Final = 366 * 24


@dataclass(frozen=True, kw_only=True, repr=False)
class Scenario:
    """Everything that decides what becomes of the messages.

    Parameters
    ----------
    name : str
        What the scenario is called in reports.
    start : datetime, optional
        Moment 0, with its offset from UTC; results are shown as clock times where it is given.
        Without it, the clocks of every time zone show midnight on a Monday.
    horizon_h : float
        Hours that are simulated; what is not final then is pending. Default 72: the longest
        time after which receipts are given up (AWS, messaging events, read 2026-11).
    traffic : tuple of Campaign, Poisson, Schedule or Inbound
        The messages.
    account : Account, optional
        The limits of the account that all messages pass; none if left out.
    senders : tuple of Sender
        The numbers that they leave from.
    carriers : tuple of Carrier
        The networks that take them.
    resubmit_s : tuple of float
        Waits in seconds after which a message is submitted again that a carrier answered with a
        temporary error; one that fails once more has failed. Default twice 30 s (Jasmin's default
        for a system error).
    zones : tuple of Zone
        Where recipients live, as far as hours of the day matter; all in the zone of the start if
        empty.
    handset : Handset, optional
        When handsets are off, beyond what each carrier says of its messages.
    reading : Reading
        When recipients look.
    goals : tuple of Goal
        What is to be reached; :func:`smslab.plan` looks for a capacity that does. Those of some
        messages only name one of the traffic.
    about : str
        What the scenario is for, in a sentence or more.

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Scenario, Sender
    >>> scenario = Scenario(
    ...     traffic=(Campaign(messages=3000),),
    ...     senders=(Sender(mps=10, numbers=2),),
    ... )
    >>> run = smslab.simulate(scenario, rng=1)
    >>> int(run.messages["sent_s"].max())
    149
    """

    name: str = "scenario"
    start: dt.datetime | None = None
    horizon_h: float = 72.0
    traffic: tuple[Campaign | Poisson | Schedule | Inbound, ...] = (Campaign(),)
    account: Account | None = None
    senders: tuple[Sender, ...] = (Sender(),)
    carriers: tuple[Carrier, ...] = (Carrier(),)
    resubmit_s: tuple[float, ...] = (30.0, 30.0)
    zones: tuple[Zone, ...] = ()
    handset: Handset | None = None
    reading: Reading = _READING
    goals: tuple[Goal, ...] = ()
    about: str = ""

    def __post_init__(self) -> None:
        check_types(self)
        check_between(self, SMALLEST, _LONGEST_H, "horizon_h")
        for field in ("traffic", "senders", "carriers"):
            check(bool(getattr(self, field)), field, "one or more", [])
        if self.start is not None:
            self._check_start(self.start)
        for field, names in (
            ("senders", [sender.name for sender in self.senders]),
            ("carriers", [f"{c.country} {c.name}" if c.name else "" for c in self.carriers]),
            ("traffic", [traffic.name for traffic in self.traffic]),
            ("zones", [zone.name for zone in self.zones]),
        ):
            double = next((name for name in names if names.count(name) > 1), None)
            check(double is None, field, "of different names", double)
            empty = not all(name.strip() for name in names)
            check(not empty, field, "of names that are not empty", "")
            odd = next((name for name in names if not _is_text(name)), None)
            check(odd is None, field, "of names without half a surrogate pair", odd)
        check(
            len(self.resubmit_s) <= _MOST_WAITS and all(0 <= w <= LARGEST for w in self.resubmit_s),
            "resubmit_s",
            f"{_MOST_WAITS} waits of 0 s or more at most",
            self.resubmit_s,
        )
        names = [traffic.name for traffic in self.traffic]
        check("all" not in names, "traffic", "of other names: 'all' stands for all of it", "all")
        queues = sum(s.numbers for s in self.senders if s.pool == "sticky")
        check(
            queues <= MOST_QUEUES, "senders", f"of {MOST_QUEUES:,} sticky numbers at most", queues
        )
        for position, traffic in enumerate(self.traffic):
            self._check_traffic(f"traffic[{position}]", traffic)
        for position, carrier in enumerate(self.carriers):
            self._check_carrier(f"carriers[{position}]", carrier)
        for position, goal in enumerate(self.goals):
            wrong = isinstance(goal.where, str) and goal.where not in names
            check(not wrong, f"goals[{position}].where", f"one of {names}", goal.where)
        self._check_room()

    def _check_start(self, start: dt.datetime) -> None:
        shown = start.isoformat()
        offset = start.utcoffset()
        must = "a moment with its offset, such as 2026-11-23T10:00:00-05:00"
        check(offset is not None and not offset % dt.timedelta(minutes=1), "start", must, shown)
        check(2 <= start.year < 9000, "start", "from the year 2 on, before the year 9000", shown)
        # As TOML has it: a fixed offset, and nothing below a microsecond.
        assert offset is not None
        fixed = dt.datetime.combine(start.date(), start.time(), dt.timezone(offset))
        object.__setattr__(self, "start", fixed)

    def _check_traffic(self, where: str, traffic: Demand) -> None:
        senders = [sender.name for sender in self.senders]
        if traffic.sender is not None and traffic.sender not in senders:
            raise ScenarioError(
                f"{where}.sender must be one of {senders}; not "
                f"{traffic.sender!r}.{nearest(traffic.sender, senders)}"
            )
        if traffic.end_s > self.horizon_h * 3600:
            raise ScenarioError(
                f"{where} ends {traffic.end_s:g} s after the start, past the "
                f"horizon of {self.horizon_h:g} h; raise horizon_h"
            )
        known = [zone.name for zone in self.zones]
        wrong = next((zone for zone in traffic.zones if zone not in known), None)
        if wrong is not None:
            raise ScenarioError(
                f"{where}.zones must be among the scenario's zones, {known}; not {wrong!r}."
                f"{nearest(wrong, known)}"
            )
        if traffic.country and not self.serving(traffic.country):
            raise ScenarioError(
                f"{where}.country: no carrier serves {traffic.country}; give one that country, or "
                "none"
            )
        horizon = round(self.horizon_h * 3600 * SECOND)
        for zone in list(traffic.zones) or self.zone_names:
            if traffic.allowed_hours:
                opens = calendars.open_hours(traffic.allowed_hours, zone, self.start, horizon)
                if not len(opens) or opens[0, 0] >= horizon:
                    raise ScenarioError(
                        f"{where}.allowed_hours: not open before the horizon"
                        + ("" if zone is None else f" in {zone}")
                        + "; raise horizon_h, or allow more hours"
                    )
            if isinstance(traffic, Campaign) and traffic.local and zone is not None:
                self._check_local(where, traffic, zone)

    def _check_carrier(self, where: str, carrier: Carrier) -> None:
        others = [c.name for c in self.carriers if c != carrier and self._shares(c, carrier)]
        if carrier.failover and carrier.failover not in others:
            raise ScenarioError(
                f"{where}.failover must be another carrier of the same country ({others}); not "
                f"{carrier.failover!r}.{nearest(carrier.failover, others)}"
            )
        closed = [
            (round(o.from_h * 3600), round((o.from_h + o.hours) * 3600)) for o in carrier.outages
        ]
        left = calendars.without(closed)
        if left[0, 0] >= self.horizon_h * 3600 and not carrier.failover:
            raise ScenarioError(
                f"{where}.outages: nothing but outages before the horizon of {self.horizon_h:g} h; "
                "name a failover"
            )

    def _check_local(self, where: str, campaign: Campaign, zone: str) -> None:
        shift = self.shift(zone, campaign.start_s) / SECOND
        if campaign.start_s + shift < 0:
            raise ScenarioError(
                f"{where}.start_s must be {-shift:g} or more, since that hour is past in {zone}; "
                f"not {campaign.start_s:g}"
            )
        if campaign.end_s + shift >= self.horizon_h * 3600:
            raise ScenarioError(
                f"{where} ends {campaign.end_s + shift:g} s after the start in {zone}, not before "
                f"the horizon of {self.horizon_h:g} h; raise horizon_h"
            )

    def summary(self) -> str:
        """Return what is sent, through what, and what is to be reached."""
        lines = [f"Sends   {_sent(traffic)}" for traffic in self.traffic]
        lines += [f"From    {_from(sender)}" for sender in self.senders]
        carriers = [f"{c.name} {c.country}".strip() or "any carrier" for c in self.carriers]
        lines.append(f"To      {', '.join(carriers)}")
        for goal in self.goals:
            where = f" ({goal.where})" if goal.where else ""
            lines.append(f"Goal    {goal.text}{where}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Scenario {self.name!r}>\n{self.summary()}"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"

    @property
    def zone_names(self) -> list[str | None]:
        """The time zones of the recipients; None for the one of the start."""
        return [zone.name for zone in self.zones] or [None]

    def serving(self, country: str | None) -> list[int]:
        """Return the carriers that serve a country: its own, else the general ones.

        Parameters
        ----------
        country : str or None
            ISO 3166-1 alpha-2; None or empty where not known: then, without a general carrier, it
            may be any.

        Returns
        -------
        list of int
            Positions in the scenario's carriers; empty where none serves the country.
        """
        own = [k for k, c in enumerate(self.carriers) if country and c.country == country]
        general = [k for k, c in enumerate(self.carriers) if not c.country]
        if not country and not general:
            return list(range(len(self.carriers)))
        return own or general

    def countries_of(self, traffic: Demand) -> list[str]:
        """Return the countries that a traffic goes to, as far as they are known.

        Parameters
        ----------
        traffic : Demand
            One of the scenario's traffic.

        Returns
        -------
        list of str
            Its own, or those of the carriers that may serve it, in order.
        """
        if traffic.country:
            return [traffic.country]
        return sorted({self.carriers[k].country for k in self.serving(None)} - {""})

    @staticmethod
    def _shares(one: Carrier, other: Carrier) -> bool:
        return one.country in ("", other.country)

    def _check_room(self) -> None:
        """Tell of queues and days that no message of the traffic fits into."""
        everything: list[tuple[str, Limited, list[Demand]]] = [
            (f"carriers[{k}]", carrier, list(self.traffic))
            for k, carrier in enumerate(self.carriers)
        ]
        first = self.senders[0].name
        for k, sender in enumerate(self.senders):
            own: list[Demand] = [t for t in self.traffic if (t.sender or first) == sender.name]
            everything.append((f"senders[{k}]", sender, own))
        if self.account is not None:
            everything.append(("account", self.account, list(self.traffic)))
        for where, limited, traffic in everything:
            for item in traffic:
                most = 1 if limited.per == "message" else _largest(item)
                for field in ("queue_limit", "daily_cap"):
                    room = getattr(limited, field)
                    if room and room < most:
                        raise ScenarioError(
                            f"{where}.{field} must be {most} or more, since {item.name!r} has "
                            f"messages of {most} segments; not {room}"
                        )

    def shift(self, zone: str, at_s: float) -> int:
        """Return how much later it is some hour in a time zone than where the scenario starts.

        Parameters
        ----------
        zone : str
            One of the scenario's zones.
        at_s : float
            When it is that hour there, in seconds after the start.

        Returns
        -------
        int
            Microseconds; less than 0 for zones in the east.
        """
        if self.start is None:
            return 0
        return calendars.zone_shift(zone, self.start + dt.timedelta(seconds=at_s))

    def sender_of(self, traffic: Demand) -> Sender:
        """Return the sender of one of the scenario's traffic.

        Parameters
        ----------
        traffic : Demand
            Which.

        Returns
        -------
        Sender
            The one that it names, or the first.
        """
        return next(s for s in self.senders if traffic.sender in (None, s.name))

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """Return the scenario with other values.

        Parameters
        ----------
        changes : dict of str to object
            Values by their path: names of fields with dots between them; an item of a list by its
            name or its number, such as ``senders.short_code.mps``, ``carriers[0].share`` or
            ``carriers[AT&T].share``.

        Returns
        -------
        Scenario

        Raises
        ------
        ScenarioError
            If a path leads nowhere, or a value is out of range.

        Examples
        --------
        >>> from smslab.scenario import Scenario
        >>> Scenario().changed({"senders[0].mps": 100}).senders[0].mps
        100.0
        """
        scenario = self
        for path, value in changes.items():
            scenario = replaced(scenario, str(path), value)
        return scenario

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a scenario from a TOML file.

        Parameters
        ----------
        path : str or Path
            The file; its keys are the fields of this class, and each of ``[[traffic]]`` has a
            ``kind``: ``campaign``, ``poisson``, ``schedule`` or ``inbound``.

        Raises
        ------
        ScenarioError
            If the file cannot be read or a field is unknown or out of range; the field is named.
        """
        try:
            table = tomllib.loads(Path(path).read_text("utf-8-sig"))
        except OSError as error:
            raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise ScenarioError(f"{path}: not UTF-8 (byte {error.start})") from None
        except (ValueError, RecursionError) as error:
            raise ScenarioError(f"{path}: not TOML: {error}") from None
        try:
            return from_table(cls, table)
        except ScenarioError as error:
            raise ScenarioError(f"{path}: {error}") from None

    def to_toml(self, path: str | Path) -> None:
        """Write the scenario to a TOML file that :meth:`from_toml` reads back as an equal one.

        Parameters
        ----------
        path : str or Path
            The file.
        """
        Path(path).write_text(tomli_w.dumps(to_table(self)), "utf-8")


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _largest(traffic: Demand) -> int:
    """Return the segments of the largest message of a traffic, as far as it tells them."""
    sizes = [1 if traffic.texts else len(traffic.segment_shares)]
    if isinstance(traffic, Schedule):
        sizes += traffic.segments
    if traffic.conversation is not None:
        sizes.append(traffic.conversation.answer_segments)
    return max(sizes)


def _sent(traffic: Campaign | Poisson | Schedule) -> str:
    if isinstance(traffic, Campaign):
        many = "the list" if traffic.messages is None else f"{traffic.messages:,} messages"
        when = f"over {traffic.over_h:g} h" if traffic.over_h else "at once"
    elif isinstance(traffic, Schedule):
        many, when = f"{len(traffic.times_s):,} messages", "at given times"
    else:
        many = f"{traffic.rate_per_s:g} messages a second"
        when = f"at random, for {traffic.duration_s / 3600:g} h"
    return f"{traffic.name}: {many} {when} ({traffic.kind}, {traffic.message_class})"


def _from(sender: Sender) -> str:
    rate = "no limit" if sender.mps is None else f"{sender.mps:g} {sender.per}s/s"
    each = " each" if sender.numbers > 1 else ""
    kind = f" ({sender.type})" if sender.type else ""
    numbers = f"{sender.numbers} number{'s' * (sender.numbers > 1)}"
    return f"{sender.name}{kind}: {numbers}, {rate}{each}"
