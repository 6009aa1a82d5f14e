"""Outcome of a simulation: what an engine says of each message, as columns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from smslab.traffic import Traffic

__all__ = ["NEVER", "Keyword", "Outcome", "Reason", "Stage", "Status"]

#: The time of what did not happen.
NEVER: Final = -1


class Status(IntEnum):
    """What became of a message by the end of the simulation."""

    PENDING = 0  #: not final at the horizon
    FAILED = 1  #: never left the platform; not charged as sent
    UNDELIVERED = 2  #: the carrier took it and it failed for good
    EXPIRED = 3  #: the carrier took it and its validity ended
    DELIVERED = 4  #: it reached the handset
    RECEIVED = 5  #: it came from a person: nothing was to be sent


class Reason(IntEnum):
    """Why a message did not arrive."""

    NONE = 0
    EXPIRED_QUEUE = 1  #: its validity ended before it left the platform
    NO_ROUTE = 2  #: no carrier of the scenario serves the recipient's country
    ABSENT = 3  #: the handset stayed away
    INVALID_NUMBER = 4  #: no such number, or one that takes no messages
    FILTERED = 5  #: taken for spam
    BLOCKED = 6  #: barred by the recipient, the network or the country
    UNKNOWN = 7  #: failed for good, and the receipt does not say why
    QUEUE_FULL = 8  #: too many waited already
    DAILY_CAP = 9  #: over what a sender or carrier takes in a day
    OPTED_OUT = 10  #: the recipient has opted out
    SUBMIT_FAILED = 11  #: the carrier answered each submission with a temporary error
    # What follows stands in logs alone.
    SENDER_REFUSED = 12  #: the sender is wrong, not registered, or not allowed there
    ACCOUNT = 13  #: no credit, a spending limit, or an account that is closed
    INVALID_MESSAGE = 14  #: too long, empty, or malformed
    CANCELED = 15  #: taken back by who sent it


class Stage(IntEnum):
    """Where a message passes, one after the other."""

    ACCOUNT = 0
    SENDER = 1
    CARRIER = 2


class Keyword(IntEnum):
    """What a recipient wrote back."""

    NONE = 0
    STOP = 1  #: opt out
    HELP = 2
    START = 3  #: opt in again
    TEXT = 4  #: anything else


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome:
    """What an engine says of the messages of one replication, as columns of n rows.

    Times are int64 microseconds after the scenario's start, :data:`NEVER` where the thing did
    not happen.

    Parameters
    ----------
    traffic : Traffic
        The messages: those that went in, and the answers to replies behind them; each with the
        carrier that took it at last.
    entered_us : ndarray of int64, shape (n,)
        When it came to the last queue that it came to.
    stage : ndarray of int8, shape (n,)
        How far it came: codes of :class:`Stage`.
    sent_us : ndarray of int64, shape (n,)
        When the carrier had taken the last segment: from then on the message is charged.
    final_us : ndarray of int64, shape (n,)
        When the status became final; for delivered messages, when the handset had it.
    replied_us : ndarray of int64, shape (n,)
        When the recipient wrote back.
    keyword : ndarray of int8, shape (n,)
        What: codes of :class:`Keyword`.
    answer_to : ndarray of int32, shape (n,)
        The message whose reply this one answers; :data:`NEVER` for messages of the traffic.
    submissions : ndarray of int16, shape (n,)
        How often the message was submitted to a carrier.
    attempts : ndarray of int32, shape (n,)
        Delivery attempts of the carrier.
    status, reason : ndarray of int8, shape (n,)
        Codes of :class:`Status` and :class:`Reason`.
    """

    traffic: Traffic
    entered_us: npt.NDArray[np.int64]
    stage: npt.NDArray[np.int8]
    sent_us: npt.NDArray[np.int64]
    final_us: npt.NDArray[np.int64]
    replied_us: npt.NDArray[np.int64]
    keyword: npt.NDArray[np.int8]
    answer_to: npt.NDArray[np.int32]
    submissions: npt.NDArray[np.int16]
    attempts: npt.NDArray[np.int32]
    status: npt.NDArray[np.int8]
    reason: npt.NDArray[np.int8]
