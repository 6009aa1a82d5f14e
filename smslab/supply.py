"""What messages go through: account, senders, carriers, handsets, each with its limits.

Frozen dataclasses and nothing else. Units stand in the names; where a default has no source, its
docstring says "our choice".
"""

from __future__ import annotations

import math
import zoneinfo
from dataclasses import dataclass
from typing import Final

from smslab.errors import ScenarioError, nearest
from smslab.fields import (
    LARGEST,
    SMALLEST,
    check,
    check_between,
    check_choice,
    check_country,
    check_types,
)

__all__ = [
    "MOST_QUEUES",
    "Account",
    "Carrier",
    "Causes",
    "Handset",
    "Limited",
    "Outage",
    "Sender",
    "Zone",
]

LIMITERS: Final = ("spacing", "window", "bucket")
UNITS: Final = ("segment", "message")
OVER_CAP: Final = ("fail", "hold")
POOLS: Final = ("least_loaded", "sticky")

#: More units than any queue or day holds.
_MOST: Final = 10**12


@dataclass(frozen=True, kw_only=True)
class Limited:
    """What takes messages at a limited rate, keeps others waiting, and has a daily cap.

    Of the messages that wait, those of the lowest priority number go first, and of these who came
    first. Who must wait and finds `queue_limit` units waiting already fails.

    Parameters
    ----------
    mps : float, optional
        Units per second; unlimited if None or infinite.
    limiter : str
        What `mps` means: ``spacing``, one unit every 1/`mps` seconds, and a message of k segments
        takes k/`mps` ("a 3-segment message takes 3 s" on a Twilio long code); ``window``,
        `mps` x `window_s` units in each window, as soon as they come (Plivo: "the first 5 are
        dispatched simultaneously, the remaining 5 in the next interval"); ``bucket``, a token
        bucket of `burst` units that fills with `mps`; a message of more units waits until it is
        full, and owes the rest. Times are whole microseconds, so that rates over some ten thousand
        a second are not exact; of a window, whole units count.
    per : str
        What is counted, here and in `queue_limit` and `daily_cap`: each ``segment`` or each
        ``message``.
    window_s : float
        Length of a window, in seconds.
    burst : int
        Units that a full bucket lets through at once.
    queue_limit : int, optional
        Units that may wait; any number if None.
    daily_cap : int, optional
        Units a day; any number if None.
    over_cap : str
        What becomes of messages over the cap: they ``fail``, or it ``hold`` s them until the day
        ends.
    cap_reset_h : float
        Hour of the day at which the cap begins anew.
    cap_zone : str
        Time zone of that hour.
    """

    mps: float | None = None
    limiter: str = "spacing"
    per: str = "segment"
    window_s: float = 1.0
    burst: int = 1
    queue_limit: int | None = None
    daily_cap: int | None = None
    over_cap: str = "fail"
    cap_reset_h: float = 0.0
    cap_zone: str = "UTC"

    def __post_init__(self) -> None:
        check_types(self)
        if self.mps == math.inf:
            object.__setattr__(self, "mps", None)
        if self.mps is not None:
            check_between(self, SMALLEST, LARGEST, "mps")
        check_choice(self, "limiter", LIMITERS)
        check_choice(self, "per", UNITS)
        check_choice(self, "over_cap", OVER_CAP)
        check_between(self, 1e-3, LARGEST, "window_s")
        check_between(self, 1, _MOST, "burst")
        for name in ("queue_limit", "daily_cap"):
            if getattr(self, name) is not None:
                check_between(self, 0 if name == "queue_limit" else 1, _MOST, name)
        check(
            0 <= self.cap_reset_h < 24, "cap_reset_h", "0 or more, less than 24", self.cap_reset_h
        )
        check_zone(self.cap_zone, "cap_zone")
        if self.mps is not None and self.limiter == "window":
            units = self.mps * self.window_s
            must = f"1 to {_MOST:,} units; with less than one the window never opens"
            check(1 - 1e-9 <= units <= _MOST, "mps x window_s", must, units)

    @property
    def rate(self) -> float:
        """Units per second of all its numbers together; infinite if unlimited."""
        return math.inf if self.mps is None else self.mps

    @property
    def queues(self) -> int:
        """How many queues it has, each with limits of its own."""
        return 1


def check_zone(name: str, field: str) -> None:
    """Make sure that there is such a time zone.

    Parameters
    ----------
    name : str
        Its IANA name, such as ``America/Chicago``.
    field : str
        The field in question.

    Raises
    ------
    ScenarioError
        If there is none.
    """
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = nearest(name, sorted(zoneinfo.available_timezones()))
        raise ScenarioError(
            f"{field} must be the name of a time zone such as 'America/Chicago'; not "
            f"{name!r:.80}.{hint}"
        ) from None


@dataclass(frozen=True, kw_only=True)
class Account(Limited):
    """The account at the platform, which all messages pass before their sender.

    Parameters
    ----------
    mps : float
        Units per second. Default 5: Plivo's limit for SMS (Messaging API FAQ, read 2026-11).
    limiter, per, window_s, burst, queue_limit, daily_cap, over_cap, cap_reset_h, cap_zone : object
        As of :class:`Limited`. Default: each message counts, as at Plivo.
    """

    mps: float | None = 5.0
    per: str = "message"


@dataclass(frozen=True, kw_only=True)
class Sender(Limited):
    """A number, or a pool of equal numbers.

    Parameters
    ----------
    name : str
        What the sender is called in results.
    mps : float
        Units per second of one number. Default 1: a US long code at Twilio (error page 30001,
        read 2026-11).
    numbers : int
        How many numbers the pool has. Default 1.
    type : str
        ``10dlc``, ``short_code``, ``toll_free``, ``long_code`` …, as rate cards call it; empty
        for any.
    pool : str
        ``least_loaded``: all numbers share one queue, and who is free first takes the next
        message (a window or bucket is that of all together); ``sticky``: each recipient always
        gets the same number, and each number has a queue, limits and cap of its own.
    limiter, per, window_s, burst, queue_limit, daily_cap, over_cap, cap_reset_h, cap_zone : object
        As of :class:`Limited`.
    """

    name: str = "sender"
    mps: float | None = 1.0
    numbers: int = 1
    type: str = ""
    pool: str = "least_loaded"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between(self, 1, 1_000_000, "numbers")
        check_choice(self, "pool", POOLS)
        check(
            self.pool != "sticky" or self.numbers <= MOST_QUEUES,
            "numbers",
            f"{MOST_QUEUES:,} at most in a sticky pool",
            self.numbers,
        )

    @property
    def rate(self) -> float:
        """Units per second of all its numbers together; infinite if unlimited."""
        return super().rate * self.numbers

    @property
    def queues(self) -> int:
        """How many queues it has, each with limits of its own: one a number of a sticky pool."""
        return self.numbers if self.pool == "sticky" else 1


#: Queues that one scenario may have.
MOST_QUEUES: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A time in which a carrier takes nothing.

    Parameters
    ----------
    from_h : float
        Begin, in hours after the scenario's start.
    hours : float
        How long it lasts.
    """

    from_h: float
    hours: float

    def __post_init__(self) -> None:
        check_types(self)
        check_between(self, 0, LARGEST, "from_h")
        check_between(self, SMALLEST, LARGEST, "hours")


@dataclass(frozen=True, kw_only=True)
class Causes:
    """Why messages fail for good, as weights on any scale.

    The order is that of CLX, "Improving message deliverability" (about 2016: invalid numbers,
    then technical, then other); the figures are our choice.

    Parameters
    ----------
    invalid_number : float
        There is no such number, or it takes no messages.
    filtered : float
        The network takes the text for spam.
    blocked : float
        The recipient, the network or the country bars the sender.
    unknown : float
        The receipt gives no cause.
    """

    invalid_number: float = 0.6
    filtered: float = 0.2
    blocked: float = 0.1
    unknown: float = 0.1

    def __post_init__(self) -> None:
        check_types(self)
        check_between(self, 0, LARGEST, "invalid_number", "filtered", "blocked", "unknown")
        check(sum(self.weights) > 0, "invalid_number", "over 0, or another weight", 0)

    @property
    def weights(self) -> tuple[float, float, float, float]:
        """The four weights in the order of the fields."""
        return (self.invalid_number, self.filtered, self.blocked, self.unknown)

    @property
    def edges(self) -> tuple[float, float, float]:
        """The shares of the first, the first two and the first three causes."""
        invalid, filtered, blocked, _ = (weight / sum(self.weights) for weight in self.weights)
        return (invalid, invalid + filtered, invalid + filtered + blocked)


@dataclass(frozen=True, kw_only=True)
class Carrier(Limited):
    """A mobile network: how it takes messages in and what becomes of them.

    Of the messages that it accepts, a share fails for good at once, a share is delivered at the
    first attempt, and for the rest the handset is away: these are tried again on the schedule
    until the handset is back or the validity ends. The defaults are the profile of application
    to person traffic of a transactional kind; :meth:`profile` has others.

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
        Units per second that it takes in; unlimited if left out.
    window : int, optional
        Messages that may be under way to it without its answer (SMPP window); unlimited if left
        out. ClickSend and others allow 10.
    ack_ms : float
        Milliseconds until it answers. Default 100 (our choice).
    submit_failure : float
        Share of submissions that it answers with a temporary error; see
        :attr:`Scenario.resubmit_s`. Default 0.
    outages : tuple of Outage
        When it takes nothing.
    outage_every_h, outage_mean_h : float, optional
        Mean hours between outages that come at random, and of their length, both exponential.
    failover : str
        Name of the carrier that takes the messages that reach this one in an outage, or its own
        failover if it has an outage too; without one they wait.
    first_attempt : float
        Share of messages delivered at the first attempt. Default 0.98 (fixed-side termination,
        ETSI EMTEL slides, ITU-T workshop, 2006-10).
    permanent_failure : float
        Share that fails for good: bad number, blocked, filtered. Default 0.003 (99.7 % of
        transactional traffic arrives: CLX, "Improving message deliverability", about 2016).
    causes : Causes
        Why these fail.
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
    limiter, per, window_s, burst, queue_limit, daily_cap, over_cap, cap_reset_h, cap_zone : object
        As of :class:`Limited`. What is over a carrier's cap was sent: it is charged and
        undelivered (Bird, "Throughput and daily caps", error 106).
    """

    name: str = "Other"
    share: float = 1.0
    country: str = ""
    window: int | None = None
    ack_ms: float = 100.0
    submit_failure: float = 0.0
    outages: tuple[Outage, ...] = ()
    outage_every_h: float | None = None
    outage_mean_h: float = 1.0
    failover: str = ""
    first_attempt: float = 0.98
    permanent_failure: float = 0.003
    causes: Causes = Causes()
    latency_median_s: float = 3.5
    latency_sigma: float = 0.6
    away_mean_s: float = 1800.0
    retry_s: tuple[float, ...] = (120.0, 300.0, 600.0, 1800.0)
    validity_h: float = 10.0
    receipt_missing: float = 0.02
    receipt_median_s: float = 4.0
    receipt_sigma: float = 0.6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between(self, SMALLEST, LARGEST, "share")
        check_country(self)
        if self.window is not None:
            check_between(self, 1, 10_000, "window")
        check_between(self, SMALLEST, LARGEST, "ack_ms")
        if self.outage_every_h is not None:
            check_between(self, 1e-2, LARGEST, "outage_every_h")
        check_between(self, 1e-3, LARGEST, "outage_mean_h")
        shares = ("first_attempt", "permanent_failure", "receipt_missing", "submit_failure")
        check_between(self, 0, 1, *shares)
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

    @classmethod
    def profile(cls, profile: str, **fields: object) -> Carrier:
        """Return a carrier that fares as messages were measured to fare somewhere.

        Parameters
        ----------
        profile : str
            ``a2p_transactional``, the default of :class:`Carrier`; ``a2p_marketing_clean`` (95 %
            arrive in the end) and ``a2p_marketing_first_send`` (85 %; both Burst SMS, help page
            44001076747); ``a2p_mixed_global`` (90 %; CLX, about 2016); ``p2p_2006`` (62 % at
            once, 98 % in the end, 6 to 8 s; ETSI EMTEL slides, 2006-10) and ``us_2001_best``
            (84 % within 30 s; Mspect test, Computerworld, 2001), both for validation. What the
            sources leave open is our choice.
        **fields : object
            Further fields of the carrier, which win over the profile's.

        Returns
        -------
        Carrier

        Raises
        ------
        ScenarioError
            If there is no such profile.

        Examples
        --------
        >>> from smslab.supply import Carrier
        >>> Carrier.profile("p2p_2006", name="lab").first_attempt
        0.62
        """
        if profile not in _PROFILES:
            raise ScenarioError(
                f"profile must be one of {', '.join(_PROFILES)}; not {profile!r}."
                f"{nearest(str(profile), _PROFILES)}"
            )
        values: dict[str, object] = {**_PROFILES[profile], **fields}
        return cls(**values)  # type: ignore[arg-type]  # the fields say what they take


def _profile(
    first: float, failure: float, median: float, sigma: float, validity: float, missing: float
) -> dict[str, float]:
    return {
        "first_attempt": first,
        "permanent_failure": failure,
        "latency_median_s": median,
        "latency_sigma": sigma,
        "validity_h": validity,
        "receipt_missing": missing,
    }


_PROFILES: Final = {
    "a2p_transactional": _profile(0.98, 0.003, 3.5, 0.6, 10, 0.02),
    "a2p_marketing_clean": _profile(0.93, 0.05, 3.5, 0.8, 4, 0.02),
    "a2p_marketing_first_send": _profile(0.83, 0.15, 3.5, 0.8, 4, 0.02),
    "a2p_mixed_global": _profile(0.87, 0.1, 3.5, 1.0, 10, 0.1),
    "p2p_2006": _profile(0.62, 0.02, 7, 0.35, 24, 0),
    "us_2001_best": _profile(1.0, 0, 7, 1.46, 24, 0),
}


@dataclass(frozen=True, kw_only=True)
class Handset:
    """When handsets are off, as a state of each recipient: what is sent meanwhile waits.

    Times on and off are exponential. A recipient's messages find the same state, so that their
    delays hang together.

    Parameters
    ----------
    off_share : float
        Share of handsets that are off at a time. Default 0.03 (our choice: no source found).
    off_mean_h : float
        Mean hours that one stays off. Default 2 (our choice).
    redelivered_on_return : bool
        Whether a message is tried again as soon as the handset is back ("Alert SC"; RingRing
        documentation), or only on the carrier's schedule.
    """

    off_share: float = 0.03
    off_mean_h: float = 2.0
    redelivered_on_return: bool = True

    def __post_init__(self) -> None:
        check_types(self)
        check(0 <= self.off_share < 1, "off_share", "0 or more, less than 1", self.off_share)
        check_between(self, 0.01, LARGEST, "off_mean_h")


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A time zone and how many of the recipients live in it.

    Parameters
    ----------
    name : str
        IANA name, such as ``America/Chicago``.
    share : float
        Weight among the zones; any scale. Default 1.
    """

    name: str
    share: float = 1.0

    def __post_init__(self) -> None:
        check_types(self)
        check_zone(self.name, "name")
        check_between(self, SMALLEST, LARGEST, "share")
