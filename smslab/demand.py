"""What is to be sent: campaigns and other traffic, and how recipients answer.

Frozen dataclasses and nothing else. Units stand in the names; where a default has no source, its
docstring says "our choice".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from smslab import keywords, rules
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
    "MESSAGE_CLASSES",
    "Campaign",
    "Conversation",
    "Demand",
    "Fallback",
    "Hours",
    "Inbound",
    "Poisson",
    "Reading",
    "Schedule",
]

#: What a message is for. An opt-out covers the class of the message that it answers.
MESSAGE_CLASSES: Final = ("marketing", "transactional", "otp")

#: More messages than a machine can hold are a slip of the pen.
MOST_MESSAGES: Final = 100_000_000


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Hours of the day, on some days of the week, in the recipient's time zone.

    Parameters
    ----------
    from_h, to_h : float
        Hours of the day, 0 to 24; a message may start at `from_h`, and not at `to_h` any more.
        Default 8 to 21: US federal law for marketing (Twilio, error 30610, read 2026-11).
    days : tuple of int
        Days of the week, 0 for Monday to 6 for Sunday. Default all.
    """

    from_h: float = 8.0
    to_h: float = 21.0
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)

    def __post_init__(self) -> None:
        check_types(self)
        check_between(self, 0, 24, "from_h", "to_h")
        check(self.from_h < self.to_h, "to_h", f"after from_h ({self.from_h:g})", self.to_h)
        check(
            bool(self.days) and all(0 <= day <= 6 for day in self.days),
            "days",
            "one or more of 0 (Monday) to 6 (Sunday)",
            self.days,
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
class Conversation:
    """What recipients write back, and what they get for an answer.

    A reply with an opt-out keyword blocks, from that moment on, what has not yet left the sender
    for the recipient, from the same sender in the same message class; one with an opt-in keyword
    allows it again. Answers are messages of their own, which use the sender's capacity and go by
    the carrier that took the message.

    Parameters
    ----------
    reply_share : float
        Share of those who read a message that write back. Default 0.1 (our choice).
    reply_median_s, reply_sigma : float
        Log-normal time from reading to the reply. Default 90 s and 1 (our choice; "within one or
        two minutes" say 51 % of those who reply, SimpleTexting survey, 2022).
    stop_share, help_share, start_share : float
        Shares of the replies that are a keyword to opt out, for help, and to opt in; the rest is
        free text. Default 0.05, 0.01 and 0 (our choice: so 0.5 % of the readers opt out, below the
        1 % that Twilio's Health Score asks for).
    answered : bool
        Whether keywords are answered by a message. Default True.
    text_answered : bool
        Whether free text is answered at once too, where there are no agents, as by a service that
        takes codes. Default False.
    agents : int
        People who answer free text. Default 0.
    handling_mean_s : float
        Mean of the exponential time that an agent takes for an answer. Default 120 (our choice).
    answer_after_s : float
        Seconds until an automatic answer is on its way. Default 1 (our choice).
    answer_segments : int
        Segments of an answer. Default 1.
    answer_priority : int
        Priority of answers. Default 0, before every campaign (our choice).
    """

    reply_share: float = 0.1
    reply_median_s: float = 90.0
    reply_sigma: float = 1.0
    stop_share: float = 0.05
    help_share: float = 0.01
    start_share: float = 0.0
    answered: bool = True
    text_answered: bool = False
    agents: int = 0
    handling_mean_s: float = 120.0
    answer_after_s: float = 1.0
    answer_segments: int = 1
    answer_priority: int = 0

    def __post_init__(self) -> None:
        check_types(self)
        shares = ("stop_share", "help_share", "start_share")
        check_between(self, 0, 1, "reply_share", *shares)
        total = math.fsum(getattr(self, name) for name in shares)
        check(total <= 1 + 1e-9, " + ".join(shares), "1 at most", total)
        check_between(self, SMALLEST, LARGEST, "reply_median_s", "handling_mean_s")
        check_between(self, 0, 10, "reply_sigma")
        check_between(self, 0, LARGEST, "answer_after_s")
        check_between(self, 0, 100_000, "agents")
        check_between(self, 1, rules.MAX_SEGMENTS, "answer_segments")

    @classmethod
    def of_replies(
        cls, texts: Sequence[str], *, languages: Sequence[str] = ("en", "fr"), **fields: Any
    ) -> Self:
        """Return a conversation with the shares of keywords that replies have.

        Parameters
        ----------
        texts : sequence of str
            The replies.
        languages : sequence of str
            Whose keywords are listened to, as of :func:`smslab.keywords.meaning`.
        **fields : object
            Further fields of the conversation.

        Returns
        -------
        Conversation

        Raises
        ------
        ValueError
            If there are no texts, or no keywords of a language.

        Examples
        --------
        >>> from smslab.demand import Conversation
        >>> Conversation.of_replies(["STOP", "Thanks!", "stop ", "?"], agents=2).stop_share
        0.5
        """
        check(len(texts) > 0, "texts", "one reply or more", texts)
        means = [keywords.meaning(text, languages) for text in texts]
        stop, help_, start = (means.count(word) / len(means) for word in ("stop", "help", "start"))
        return cls(stop_share=stop, help_share=help_, start_share=start, **fields)


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """An e-mail to those for whom no receipt says delivered in time.

    Parameters
    ----------
    after_s : float
        Seconds after the message was queued. Default 30 (our choice). Who has opted out gets none.
    median_s, sigma : float
        Log-normal time until the e-mail is in the mailbox. Default 5 s and 0.8 (our choice).
    arriving : float
        Share of e-mails that arrive. Default 0.97 (our choice).
    cost : float
        Price of an e-mail, in the currency of the rate card. Default 0.0001: Amazon SES, USD 0.10
        a thousand (its price page, read 2026).
    """

    after_s: float = 30.0
    median_s: float = 5.0
    sigma: float = 0.8
    arriving: float = 0.97
    cost: float = 0.0001

    def __post_init__(self) -> None:
        check_types(self)
        check_between(self, 0, LARGEST, "after_s", "cost")
        check_between(self, SMALLEST, LARGEST, "median_s")
        check_between(self, 0, 10, "sigma")
        check_between(self, 0, 1, "arriving")


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What all traffic has in common.

    Parameters
    ----------
    name : str
        What the traffic is called in results.
    segment_shares : tuple of float
        Shares of messages with 1, 2, 3 … segments. Default: all have one (our choice).
    texts : tuple of str
        Texts, of which each message takes one at random, in place of `segment_shares`.
    message_class : str
        One of :data:`MESSAGE_CLASSES`.
    priority : int
        Lower numbers are sent first.
    validity_h : float
        Hours that a message may wait, for its sender and then for its carrier to take it; one
        that has not started by then fails. Default 10: Twilio's default validity period of
        36,000 s (error page 30001, read 2026-11).
    sender : str, optional
        Name of the sender; the scenario's first if left out.
    country : str
        ISO 3166-1 alpha-2 code of all its recipients, which the carriers of that country serve;
        those of the whole scenario if empty.
    zones : tuple of str
        The scenario's time zones that its recipients live in; all of them if empty.
    allowed_hours : tuple of Hours
        When messages may leave their sender, in the recipient's time zone; those that would start
        at another time are held and come back to their queue, in the order of their numbers within
        each priority. Any time if empty.
    conversation : Conversation, optional
        What recipients write back; nothing if left out.
    fallback : Fallback, optional
        The e-mail after it; none if left out.
    conversion : float
        Share of those who read the message, or its e-mail, that do what it asks for. Default 0.
    """

    kind: ClassVar[str]

    name: str
    segment_shares: tuple[float, ...] = (1.0,)
    texts: tuple[str, ...] = ()
    message_class: str = "marketing"
    priority: int = 2
    validity_h: float = 10.0
    sender: str | None = None
    country: str = ""
    zones: tuple[str, ...] = ()
    allowed_hours: tuple[Hours, ...] = ()
    conversation: Conversation | None = None
    fallback: Fallback | None = None
    conversion: float = 0.0

    def __post_init__(self) -> None:
        check_types(self)
        check_between(self, SMALLEST, LARGEST, "validity_h")
        check_between(self, -1000, 1000, "priority")
        check_between(self, 0, 1, "conversion")
        check_choice(self, "message_class", MESSAGE_CLASSES)
        check_country(self)
        shares = self.segment_shares
        check(
            0 < len(shares) <= rules.MAX_SEGMENTS
            and all(0 <= share <= 1 for share in shares)
            and math.isclose(math.fsum(shares), 1, abs_tol=1e-9),
            "segment_shares",
            f"1 to {rules.MAX_SEGMENTS} shares that add up to 1",
            shares,
        )
        check(
            not self.texts or shares == (1.0,),
            "segment_shares",
            "left out where there are texts",
            shares,
        )

    @property
    def end_s(self) -> float:
        """When the last message comes at the latest, in seconds after the scenario's start."""
        raise NotImplementedError


#: Hours that a profile may have, and how far its weights may be apart.
_MOST_HOURS: Final = 366 * 24
_SPREAD: Final = 1_000_000


def _check_profile(traffic: Campaign | Poisson) -> None:
    profile = traffic.profile
    most = max(profile, default=1)
    check(
        len(profile) <= _MOST_HOURS
        and 0 < most <= LARGEST
        and all(weight == 0 or most / _SPREAD <= weight for weight in profile),
        "profile",
        f"{_MOST_HOURS:,} weights at most, one of them over 0, none negative or less than a "
        f"{_SPREAD:,}th of the largest",
        profile,
    )
    hours = traffic.over_h if isinstance(traffic, Campaign) else traffic.duration_s / 3600
    within = profile[: math.ceil(hours)]
    check(not within or sum(within) > 0, "profile", "over 0 somewhere in the window", within)


@dataclass(frozen=True, kw_only=True)
class Campaign(Demand):
    """A fixed number of messages, released at once or over a window.

    Parameters
    ----------
    messages : int, optional
        How many; left out, the campaign takes the list that is given to
        :func:`smslab.forecast`.
    start_s : float
        Release of the first message, in seconds after the scenario's start. Default 0.
    over_h : float
        Hours over which the messages are released evenly; 0 releases them at once. Default 0.
    profile : tuple of float
        How busy each hour of the window is, as weights from its first hour on, which begin anew
        after the last; evenly if empty.
    local : bool
        Whether each time zone gets its messages at the same time of its clocks, that of
        `start_s` in the zone of the scenario's start. Default False.
    name, segment_shares, texts, message_class, priority, validity_h, sender : object
        As of :class:`Demand`. Default priority 2 (our choice).
    country, zones, allowed_hours, conversation, fallback, conversion : object
        As of :class:`Demand`.
    """

    kind: ClassVar[str] = "campaign"

    name: str = "campaign"
    messages: int | None = None
    start_s: float = 0.0
    over_h: float = 0.0
    profile: tuple[float, ...] = ()
    local: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between(self, 0, LARGEST, "start_s", "over_h")
        _check_profile(self)
        if self.messages is not None:
            check_between(self, 0, MOST_MESSAGES, "messages")

    @property
    def end_s(self) -> float:
        """Release of the last message at the latest, but for `local`; in seconds."""
        return self.start_s + self.over_h * 3600


@dataclass(frozen=True, kw_only=True)
class Poisson(Demand):
    """Messages at random moments, such as one-time passwords.

    Parameters
    ----------
    rate_per_s : float
        Messages per second; with a `profile`, on average over a whole one.
    duration_s : float
        How long they come, in seconds.
    start_s : float
        First moment, in seconds after the scenario's start. Default 0.
    profile : tuple of float
        How the rate goes up and down from hour to hour, as of :class:`Campaign`; 24 weights make
        a daily rhythm.
    recipients : int, optional
        Recipients, of whom each message goes to one at random; one of its own if left out.
    name, segment_shares, texts, message_class, priority, validity_h, sender : object
        As of :class:`Demand`. Default priority 0, before every campaign, and class ``otp``
        (our choice).
    country, zones, allowed_hours, conversation, fallback, conversion : object
        As of :class:`Demand`.
    """

    kind: ClassVar[str] = "poisson"

    name: str = "poisson"
    rate_per_s: float
    duration_s: float
    start_s: float = 0.0
    profile: tuple[float, ...] = ()
    recipients: int | None = None
    message_class: str = "otp"
    priority: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_between(self, 0, LARGEST, "start_s")
        check_between(self, SMALLEST, LARGEST, "rate_per_s", "duration_s")
        _check_profile(self)
        if self.recipients is not None:
            check_between(self, 1, MOST_MESSAGES, "recipients")
        # A window that ends before its profile may have the busiest hours only.
        busiest = max(self.profile) * len(self.profile) / sum(self.profile) if self.profile else 1
        is_whole = not self.profile or self.duration_s >= len(self.profile) * 3600
        expected = self.rate_per_s * self.duration_s * (1 if is_whole else busiest)
        must = f"{MOST_MESSAGES:,} at most"
        check(expected <= MOST_MESSAGES, "rate_per_s x duration_s", must, expected)

    @property
    def end_s(self) -> float:
        """Last moment of a message, in seconds after the scenario's start."""
        return self.start_s + self.duration_s


@dataclass(frozen=True, kw_only=True)
class Inbound(Poisson):
    """Messages that people send at random moments, and that are answered.

    Each is received at once and counts as a reply: the conversation says what it is and what it
    gets for an answer, which is a message of its own; `reply_share` plays no part.

    Parameters
    ----------
    conversation : Conversation
        Shares of keywords and free text, answers, agents.
    rate_per_s, duration_s, start_s, profile, recipients : object
        As of :class:`Poisson`; recipients are those who write.
    name, segment_shares, texts, message_class, priority, validity_h, sender : object
        As of :class:`Demand`; validity and sender are those of the answers. Default class
        ``transactional`` (our choice).
    country, zones : object
        As of :class:`Demand`.
    allowed_hours, fallback, conversion : object
        Have no meaning here.
    """

    kind: ClassVar[str] = "inbound"

    name: str = "inbound"
    message_class: str = "transactional"
    conversation: Conversation | None = Conversation(text_answered=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self.conversation is not None, "conversation", "given", None)
        for field in ("allowed_hours", "fallback", "conversion"):
            value = getattr(self, field)
            check(not value, field, "left out of inbound traffic", value)


@dataclass(frozen=True, kw_only=True)
class Schedule(Demand):
    """Messages at given moments, such as those of a log.

    Parameters
    ----------
    times_s : tuple of float
        Moment of each message, in seconds after the scenario's start.
    segments : tuple of int
        Segments of each, in place of `segment_shares`.
    name, segment_shares, texts, message_class, priority, validity_h, sender : object
        As of :class:`Demand`. Default priority 1 and class ``transactional`` (our choice).
    country, zones, allowed_hours, conversation, fallback, conversion : object
        As of :class:`Demand`.
    """

    kind: ClassVar[str] = "schedule"

    name: str = "schedule"
    times_s: tuple[float, ...]
    segments: tuple[int, ...] = ()
    message_class: str = "transactional"
    priority: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        for field, values in (("times_s", self.times_s), ("segments", self.segments)):
            low, high = (0.0, LARGEST) if field == "times_s" else (1, rules.MAX_SEGMENTS)
            wrong = next((value for value in values if not low <= value <= high), None)
            check(wrong is None, field, f"from {low:g} to {high:,g}", wrong)
        check(
            not self.segments or len(self.segments) == len(self.times_s),
            "segments",
            f"one for each of {len(self.times_s)} times",
            len(self.segments),
        )

    @property
    def end_s(self) -> float:
        """Last moment, in seconds after the scenario's start."""
        return max(self.times_s, default=0.0)
