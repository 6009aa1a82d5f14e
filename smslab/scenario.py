"""Scenarios: who sends what, through which senders and carriers, to which recipients.

Frozen dataclasses and nothing else: no engine code. Units stand in the names; where a default
has no source, its docstring says "our choice".
"""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import ClassVar, Final, Self

import tomli_w

from smslab import rules
from smslab.errors import ScenarioError, nearest
from smslab.fields import (
    LARGEST,
    SMALLEST,
    check,
    check_between,
    check_types,
    from_table,
    to_table,
)
from smslab.numbering import known_countries

__all__ = ["Campaign", "Carrier", "Poisson", "Reading", "Scenario", "Sender"]


#: A year and a day.
_LONGEST_H: Final = 366 * 24

#: More messages than a machine can hold are a slip of the pen.
_MOST_MESSAGES: Final = 100_000_000


def _check_traffic(traffic: Campaign | Poisson) -> None:
    check_types(traffic)
    check_between(traffic, 0, LARGEST, "start_s")
    check_between(traffic, SMALLEST, LARGEST, "validity_h")
    shares = traffic.segment_shares
    check(
        0 < len(shares) <= rules.MAX_SEGMENTS
        and all(0 <= share <= 1 for share in shares)
        and math.isclose(math.fsum(shares), 1, abs_tol=1e-9),
        "segment_shares",
        f"1 to {rules.MAX_SEGMENTS} shares that add up to 1",
        shares,
    )


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A fixed number of messages, released at once or evenly over a window.

    Parameters
    ----------
    name : str
        What the campaign is called in results.
    messages : int, optional
        How many; left out, the campaign takes the list that is given to
        :func:`smslab.forecast`.
    segment_shares : tuple of float
        Shares of messages with 1, 2, 3 … segments, for a campaign without a list. Default: all
        have one segment (our choice).
    start_s : float
        Release of the first message, in seconds after the scenario's start. Default 0.
    over_h : float
        Hours over which the messages are released evenly; 0 releases them at once. Default 0.
    priority : int
        Lower numbers are sent first. Default 2, marketing (our choice).
    validity_h : float
        Hours that a message may wait, for its sender and then for its carrier to take it; one
        that has not started by then fails. Default 10: Twilio's default validity period of
        36,000 s (error page 30001, read 2026-11).
    sender : str, optional
        Name of the sender; the scenario's first if left out.
    """

    kind: ClassVar[str] = "campaign"

    name: str = "campaign"
    messages: int | None = None
    segment_shares: tuple[float, ...] = (1.0,)
    start_s: float = 0.0
    over_h: float = 0.0
    priority: int = 2
    validity_h: float = 10.0
    sender: str | None = None

    def __post_init__(self) -> None:
        _check_traffic(self)
        check_between(self, 0, LARGEST, "over_h")
        if self.messages is not None:
            check_between(self, 0, _MOST_MESSAGES, "messages")

    @property
    def end_s(self) -> float:
        """Release of the last message at the latest, in seconds after the scenario's start."""
        return self.start_s + self.over_h * 3600


@dataclass(frozen=True, kw_only=True)
class Poisson:
    """Messages at random moments at a constant rate, such as one-time passwords.

    Parameters
    ----------
    name : str
        What the traffic is called in results.
    rate_per_s : float
        Messages per second.
    duration_s : float
        How long they come, in seconds.
    start_s : float
        First moment, in seconds after the scenario's start. Default 0.
    segment_shares : tuple of float
        Shares of messages with 1, 2, 3 … segments. Default: all have one (our choice).
    priority : int
        Lower numbers are sent first. Default 0, before every campaign (our choice).
    validity_h : float
        As for :class:`Campaign`. Default 10.
    sender : str, optional
        Name of the sender; the scenario's first if left out.
    """

    kind: ClassVar[str] = "poisson"

    name: str = "poisson"
    rate_per_s: float
    duration_s: float
    start_s: float = 0.0
    segment_shares: tuple[float, ...] = (1.0,)
    priority: int = 0
    validity_h: float = 10.0
    sender: str | None = None

    def __post_init__(self) -> None:
        _check_traffic(self)
        check_between(self, SMALLEST, LARGEST, "rate_per_s", "duration_s")
        expected = self.rate_per_s * self.duration_s
        must = f"{_MOST_MESSAGES:,} at most"
        check(expected <= _MOST_MESSAGES, "rate_per_s x duration_s", must, expected)

    @property
    def end_s(self) -> float:
        """Last moment of a message, in seconds after the scenario's start."""
        return self.start_s + self.duration_s


@dataclass(frozen=True, kw_only=True)
class Sender:
    """A number, or a pool of equal numbers that share one queue.

    Each number sends one segment every 1/`mps` seconds; a message of k segments holds it for
    k/`mps`. This is spacing, as Twilio describes its limits ("a 3-segment message takes 3 s").
    Of the messages that wait, those of the lowest priority number go first; a number that is
    idle takes the first message that comes.

    Parameters
    ----------
    name : str
        What the sender is called in results.
    mps : float
        Segments per second of one number. Default 1: a US long code at Twilio (error page
        30001, read 2026-11).
    numbers : int
        How many numbers the pool has. Default 1.
    type : str
        ``10dlc``, ``short_code``, ``toll_free``, ``long_code`` …, as rate cards call it; empty
        for any.
    """

    name: str = "sender"
    mps: float = 1.0
    numbers: int = 1
    type: str = ""

    def __post_init__(self) -> None:
        check_types(self)
        check_between(self, SMALLEST, LARGEST, "mps")
        check_between(self, 1, 1_000_000, "numbers")


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """A mobile network: how it takes messages in and what becomes of them.

    Of the messages that it accepts, a share fails for good at once, a share is delivered at the
    first attempt, and for the rest the handset is away: these are tried again on the schedule
    until the handset is back or the validity ends. The defaults are the profile of application
    to person traffic of a transactional kind.

    Parameters
    ----------
    name : str
        The network, spelled as on the rate card.
    share : float
        Weight of the network among those of the same country; any scale. Default 1.
    country : str
        ISO 3166-1 alpha-2 code of the recipients that it serves; empty for those of every
        country that has no carrier of its own.
    mps : float, optional
        Segments per second that it takes in; unlimited if left out.
    first_attempt : float
        Share of messages delivered at the first attempt. Default 0.98 (fixed-side termination,
        ETSI EMTEL slides, ITU-T workshop, 2006-10).
    permanent_failure : float
        Share that fails for good: bad number, blocked, filtered. Default 0.003 (99.7 % of
        transactional traffic arrives: CLX, "Improving message deliverability", about 2016).
    latency_median_s, latency_sigma : float
        Log-normal time from an attempt to the handset. Default 3.5 s (half of ETSI's 6 to 8 s)
        and 0.6 (our choice: 95 % within 9.4 s, under the 10 s target of Twilio's Health Score).
    away_mean_s : float
        Mean of the exponential time that a handset stays away after a failed first attempt.
        Default 1800 (our choice: no source found).
    retry_s : tuple of float
        Waits between attempts in seconds; the last repeats. Default 2, 5, 10, 30 minutes (Sun
        Java System Messaging Server 6 administration guide, 2005).
    validity_h : float
        Hours that the network keeps a message. Default 10 (as the platform's validity period).
    receipt_missing : float
        Share of final states for which no receipt comes. Default 0.02 (our choice).
    receipt_median_s, receipt_sigma : float
        Log-normal time from the final state to its receipt. Default 4 s (ETSI: round trip of 10
        to 12 s less 6 to 8 s) and 0.6 (our choice).
    """

    name: str = "Other"
    share: float = 1.0
    country: str = ""
    mps: float | None = None
    first_attempt: float = 0.98
    permanent_failure: float = 0.003
    latency_median_s: float = 3.5
    latency_sigma: float = 0.6
    away_mean_s: float = 1800.0
    retry_s: tuple[float, ...] = (120.0, 300.0, 600.0, 1800.0)
    validity_h: float = 10.0
    receipt_missing: float = 0.02
    receipt_median_s: float = 4.0
    receipt_sigma: float = 0.6

    def __post_init__(self) -> None:
        check_types(self)
        check_between(self, SMALLEST, LARGEST, "share")
        if self.country:
            check(
                self.country in known_countries(),
                "country",
                "an ISO 3166-1 alpha-2 code such as 'US', or empty",
                self.country,
            )
        if self.mps is not None:
            check_between(self, SMALLEST, LARGEST, "mps")
        check_between(self, 0, 1, "first_attempt", "permanent_failure", "receipt_missing")
        check(
            self.first_attempt + self.permanent_failure <= 1 + 1e-9,
            "first_attempt + permanent_failure",
            "1 at most",
            self.first_attempt + self.permanent_failure,
        )
        times = ("latency_median_s", "away_mean_s", "validity_h", "receipt_median_s")
        check_between(self, SMALLEST, LARGEST, *times)
        check_between(self, 0, 10, "latency_sigma", "receipt_sigma")
        check(
            bool(self.retry_s) and all(1 <= wait <= LARGEST for wait in self.retry_s),
            "retry_s",
            "one or more waits of at least 1 s",
            self.retry_s,
        )


@dataclass(frozen=True, kw_only=True)
class Reading:
    """When a delivered message is looked at: a log-normal delay after delivery.

    Parameters
    ----------
    median_s, sigma : float
        Default 110 s and 1.16: the curve through "over 30 % within 60 s" and "80.5 % within
        five minutes" (SimpleTexting survey, 2023: stated habit of 1,400 people, awake).
    """

    median_s: float = 110.0
    sigma: float = 1.16

    def __post_init__(self) -> None:
        check_types(self)
        check_between(self, SMALLEST, LARGEST, "median_s")
        check_between(self, 0, 10, "sigma")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Everything that decides what becomes of the messages.

    Parameters
    ----------
    name : str
        What the scenario is called in reports.
    start : datetime, optional
        Moment 0, with its offset from UTC; results are shown as clock times where it is given.
    horizon_h : float
        Hours that are simulated; what is not final then is pending. Default 72: the longest
        time after which receipts are given up (AWS, messaging events, read 2026-11).
    traffic : tuple of Campaign or Poisson
        The messages.
    senders : tuple of Sender
        The numbers that they leave from.
    carriers : tuple of Carrier
        The networks that take them.
    reading : Reading
        When recipients look.

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
    traffic: tuple[Campaign | Poisson, ...] = (Campaign(),)
    senders: tuple[Sender, ...] = (Sender(),)
    carriers: tuple[Carrier, ...] = (Carrier(),)
    reading: Reading = Reading()

    def __post_init__(self) -> None:
        check_types(self)
        check_between(self, SMALLEST, _LONGEST_H, "horizon_h")
        for field in ("traffic", "senders", "carriers"):
            check(bool(getattr(self, field)), field, "one or more", [])
        if self.start is not None:
            check(self.start.year < 9000, "start", "before the year 9000", self.start.isoformat())
            check(
                self.start.utcoffset() is not None,
                "start",
                "a moment with its offset, such as 2026-11-23T10:00:00-05:00",
                self.start.isoformat(),
            )
        for field, names in (
            ("senders", [sender.name for sender in self.senders]),
            ("carriers", [f"{carrier.country} {carrier.name}" for carrier in self.carriers]),
            ("traffic", [traffic.name for traffic in self.traffic]),
        ):
            double = next((name for name in names if names.count(name) > 1), None)
            check(double is None, field, "of different names", double)
            check(all(name.strip() for name in names), field, "of names that are not empty", "")
        senders = [sender.name for sender in self.senders]
        for position, traffic in enumerate(self.traffic):
            if traffic.sender is not None and traffic.sender not in senders:
                raise ScenarioError(
                    f"traffic[{position}].sender must be one of {senders}; not "
                    f"{traffic.sender!r}.{nearest(traffic.sender, senders)}"
                )
            if traffic.end_s > self.horizon_h * 3600:
                raise ScenarioError(
                    f"traffic[{position}] ends {traffic.end_s:g} s after the start, past the "
                    f"horizon of {self.horizon_h:g} h; raise horizon_h"
                )

    def sender_of(self, traffic: Campaign | Poisson) -> Sender:
        """Return the sender of one of the scenario's traffic.

        Parameters
        ----------
        traffic : Campaign or Poisson
            Which.

        Returns
        -------
        Sender
            The one that it names, or the first.
        """
        return next(s for s in self.senders if traffic.sender in (None, s.name))

    @classmethod
    def bundled(cls, name: str = "campaign") -> Self:
        """Return a scenario that comes with smslab.

        Parameters
        ----------
        name : str
            ``campaign``: a marketing list, sent from one 10DLC number to the carriers of the
            United States and, for other countries, to a general one.
        """
        folder = resources.files("smslab").joinpath("scenarios")
        names = sorted(file.name.removesuffix(".toml") for file in folder.iterdir())
        if name not in names:
            raise ScenarioError(
                f"scenario must be one of {', '.join(names)}; not {name!r}.{nearest(name, names)}"
            )
        with resources.as_file(folder.joinpath(f"{name}.toml")) as path:
            return cls.from_toml(path)

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a scenario from a TOML file.

        Parameters
        ----------
        path : str or Path
            The file; its keys are the fields of this class, and each of ``[[traffic]]`` has a
            ``kind``: ``campaign`` or ``poisson``.

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
