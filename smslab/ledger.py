"""Ledger: what is known of each message, of a simulated run or of a provider's log alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab.outcome import NEVER, Keyword, Reason, Status

__all__ = ["HasLedger", "Ledger", "category", "ledger_of"]

_Times = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Ledger:
    """What is known of n messages, as columns.

    Times are int64 microseconds after a common start, :data:`~smslab.outcome.NEVER` where the
    thing did not happen or is not known.

    Parameters
    ----------
    queued_us, sent_us, final_us, receipt_us : ndarray of int64, shape (n,)
        When it came to the platform, when a carrier had taken it, when its status became final,
        when the receipt came.
    read_us, replied_us, emailed_us, converted_us : ndarray of int64, shape (n,)
        When it was looked at, answered, followed by an e-mail, and led to what it asks for.
    taken : ndarray of bool, shape (n,)
        Whether a carrier took it.
    status : ndarray of int8, shape (n,)
        Codes of :class:`~smslab.outcome.Status`; -1 where not known.
    reason, keyword : ndarray of int8, shape (n,)
        Codes of :class:`~smslab.outcome.Reason` and :class:`~smslab.outcome.Keyword`.
    segments : ndarray of int32, shape (n,)
        Segments; 0 where not known.
    answer_to : ndarray of int64, shape (n,)
        Name of the message whose reply it answers; NEVER for those that were asked for.
    names : ndarray of int64, shape (n,)
        Numbers by which the run or the log calls its messages.
    billed : ndarray of float64, shape (n,), or None
        What a log says was charged; NaN where it says nothing. None for a run, and for a log with
        several currencies.
    currency : str
        In what.
    labels : mapping of str to Categorical, each of shape (n,)
        ``campaign``, ``sender``, ``carrier`` and, where known, ``sender_type``, ``country`` and
        ``encoding``.
    start : datetime, optional
        When the times begin, with its zone.
    resolution_s : mapping of str to float
        By column, what its times are rounded to, in seconds; 0 for times as they are.
    email_cost : mapping of str to float
        By campaign, what an e-mail in a message's place costs.
    from_log : bool
        Whether it is what a log shows.
    final_is_receipt : bool
        Whether final times are those of receipts, for nothing else is known.
    """

    queued_us: _Times
    sent_us: _Times
    final_us: _Times
    receipt_us: _Times
    read_us: _Times
    replied_us: _Times
    emailed_us: _Times
    converted_us: _Times
    taken: npt.NDArray[np.bool_]
    status: npt.NDArray[np.int8]
    reason: npt.NDArray[np.int8]
    keyword: npt.NDArray[np.int8]
    segments: npt.NDArray[np.int32]
    answer_to: npt.NDArray[np.int64]
    names: npt.NDArray[np.int64]
    labels: Mapping[str, pd.Categorical[str]]
    billed: npt.NDArray[np.float64] | None = None
    currency: str = ""
    start: dt.datetime | None = None
    resolution_s: Mapping[str, float] = field(default_factory=dict)
    email_cost: Mapping[str, float] = field(default_factory=dict)
    from_log: bool = False
    final_is_receipt: bool = False

    def __len__(self) -> int:
        return len(self.status)

    @property
    def is_answer(self) -> npt.NDArray[np.bool_]:
        """Which messages answer replies."""
        answers: npt.NDArray[np.bool_] = self.answer_to != NEVER
        return answers

    @property
    def asked(self) -> npt.NDArray[np.bool_]:
        """Which messages were asked to be sent: no answers, nothing received."""
        asked: npt.NDArray[np.bool_] = ~self.is_answer & (self.status != Status.RECEIVED)
        return asked

    def observed(self) -> Ledger:
        """Return what a provider's log shows of these messages.

        A final status is known when the receipt comes, and not without; when something was read
        or what came of it is not known.

        Returns
        -------
        Ledger
        """
        if self.from_log:
            return self
        waiting = self.taken & (self.receipt_us == NEVER)
        never = np.full(len(self), NEVER, np.int64)
        return replace(
            self,
            final_us=np.where(self.taken, self.receipt_us, self.final_us),
            status=np.where(waiting, Status.PENDING, self.status).astype(np.int8),
            reason=np.where(waiting, Reason.NONE, self.reason).astype(np.int8),
            read_us=never,
            emailed_us=never,
            converted_us=never,
            from_log=True,
            final_is_receipt=True,
        )

    def only(self, rows: npt.NDArray[Any]) -> Ledger:
        """Return the ledger of some messages.

        Parameters
        ----------
        rows : ndarray of bool or int64
            Which.

        Returns
        -------
        Ledger
        """
        columns = {
            name: value[rows] for name, value in vars(self).items() if isinstance(value, np.ndarray)
        }
        labels = {name: label[rows] for name, label in self.labels.items()}
        return replace(self, labels=labels, **columns)


@runtime_checkable
class HasLedger(Protocol):
    """A run, a log, or anything else that knows of messages."""

    @property
    def ledger(self) -> Ledger:
        """What is known of each message."""
        ...


def ledger_of(source: HasLedger) -> Ledger:
    """Return the ledger of a run or a log.

    Parameters
    ----------
    source : Run, Log or anything else with a ledger
        The messages.

    Returns
    -------
    Ledger

    Raises
    ------
    TypeError
        If it has none.
    """
    if not isinstance(source, HasLedger):
        raise TypeError(
            f"a Run or a Log is needed, with its messages; not {source!r:.60}. simulate() returns "
            "a run, read_log() a log; keep='summary' keeps no messages"
        )
    return source.ledger


def category(codes: npt.NDArray[Any], kind: type[Status | Reason | Keyword]) -> pd.Categorical[str]:
    """Write codes as categories named like their kinds, in small letters.

    Parameters
    ----------
    codes : ndarray of integers
        The codes; those that there are not are null, and so is what is called NONE.
    kind : type
        Whose codes these are.

    Returns
    -------
    Categorical
    """
    named = [member for member in kind if member.name != "NONE"]
    place = np.full(max(named) + 2, -1, np.int8)
    place[named] = np.arange(len(named))
    return pd.Categorical.from_codes(
        place[codes], categories=pd.Index([member.name.lower() for member in named])
    )
