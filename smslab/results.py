"""Results of a simulation: one row per message, as columns."""

from __future__ import annotations

import html
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab.errors import ScenarioError, nearest
from smslab.scenario import Scenario
from smslab.traffic import SECOND, Traffic

__all__ = ["NEVER", "Reason", "Run", "Status"]

#: The time of what did not happen.
NEVER: Final = -1


class Status(IntEnum):
    """What became of a message by the end of the simulation."""

    PENDING = 0  #: not final at the horizon
    FAILED = 1  #: never left the platform; not charged as sent
    UNDELIVERED = 2  #: the carrier took it and it failed for good
    EXPIRED = 3  #: the carrier took it and its validity ended
    DELIVERED = 4  #: it reached the handset


class Reason(IntEnum):
    """Why a message did not arrive."""

    NONE = 0
    EXPIRED_QUEUE = 1  #: its validity ended before it left the platform
    NO_ROUTE = 2  #: no carrier of the scenario serves the recipient's country
    REJECTED = 3  #: permanent failure: bad number, blocked, filtered
    ABSENT = 4  #: the handset stayed away


@dataclass(frozen=True, eq=False)
class Run:
    """One simulated replication.

    Times are int64 microseconds after the scenario's start, :data:`NEVER` where the thing did
    not happen; :attr:`messages` shows them in seconds.

    Parameters
    ----------
    scenario : Scenario
        What was simulated.
    seed : int
        Seed of the replication.
    traffic : Traffic
        The messages that went in.
    sent_us : ndarray of int64, shape (n,)
        When the carrier had taken the last segment: from then on the message is charged.
    final_us : ndarray of int64, shape (n,)
        When the status became final; for delivered messages, when the handset had it.
    receipt_us : ndarray of int64, shape (n,)
        When the receipt came.
    read_us : ndarray of int64, shape (n,)
        When the recipient looked; this may be past the horizon.
    attempts : ndarray of int32, shape (n,)
        Delivery attempts of the carrier.
    status, reason : ndarray of int8, shape (n,)
        Codes of :class:`Status` and :class:`Reason`.
    """

    scenario: Scenario
    seed: int
    traffic: Traffic
    sent_us: npt.NDArray[np.int64]
    final_us: npt.NDArray[np.int64]
    receipt_us: npt.NDArray[np.int64]
    read_us: npt.NDArray[np.int64]
    attempts: npt.NDArray[np.int32]
    status: npt.NDArray[np.int8]
    reason: npt.NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.status)

    @property
    def messages(self) -> pd.DataFrame:
        """One row per message.

        ``campaign``, ``sender``, ``carrier``, ``status`` and ``reason`` are categories,
        ``segments`` and ``attempts`` integers; ``queued_s``, ``sent_s``, ``final_s``,
        ``receipt_s`` and ``read_s`` are float64 seconds after the start, NaN where it did not
        happen. ``carrier`` is null for a message without a route, ``reason`` for one without a
        cause of failure.
        """
        names = [traffic.name for traffic in self.scenario.traffic]
        senders = [sender.name for sender in self.scenario.senders]
        carriers = [carrier.name for carrier in self.scenario.carriers]
        carrier_names = list(dict.fromkeys(carriers))
        by_name = np.array([*(carrier_names.index(name) for name in carriers), -1])
        sender_of = np.array(
            [senders.index(self.scenario.sender_of(t).name) for t in self.scenario.traffic]
        )
        return pd.DataFrame(
            {
                "campaign": _category(self.traffic.campaign, names),
                "sender": _category(sender_of[self.traffic.campaign], senders),
                "carrier": _category(by_name[self.traffic.carrier], carrier_names),
                "segments": self.traffic.segments,
                "queued_s": _seconds(self.traffic.queued_us),
                "sent_s": _seconds(self.sent_us),
                "final_s": _seconds(self.final_us),
                "receipt_s": _seconds(self.receipt_us),
                "read_s": _seconds(self.read_us),
                "attempts": self.attempts,
                "status": _category(self.status, [s.name.lower() for s in Status]),
                "reason": _category(self.reason - 1, [r.name.lower() for r in Reason][1:]),
            },
            index=pd.RangeIndex(len(self), name="message"),
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`messages`."""
        return self.messages

    def of(self, campaign: str) -> Run:
        """Return the part of the run that belongs to one traffic of the scenario.

        Parameters
        ----------
        campaign : str
            Name of the traffic.

        Returns
        -------
        Run
            With the messages of that traffic alone, numbered from 0.

        Raises
        ------
        ScenarioError
            If the scenario has no such traffic.
        """
        names = [traffic.name for traffic in self.scenario.traffic]
        if campaign not in names:
            raise ScenarioError(
                f"campaign must be one of {names}; not {campaign!r}.{nearest(campaign, names)}"
            )
        rows = self.traffic.campaign == names.index(campaign)

        def part(item: Run | Traffic) -> dict[str, Any]:
            columns = {field.name: getattr(item, field.name) for field in fields(item)}
            return {name: c[rows] for name, c in columns.items() if isinstance(c, np.ndarray)}

        return replace(self, traffic=replace(self.traffic, **part(self.traffic)), **part(self))

    def summary(self) -> str:
        """Return how many messages ended in which status, in words."""
        states = [s for s in reversed(Status) if self.count(s)]
        counts = ", ".join(f"{self.count(s):,} {s.name.lower()}" for s in states)
        return f"{len(self):,} messages" + (f": {counts}" if counts else "")

    def count(self, status: Status) -> int:
        """Return how many messages ended with `status`."""
        return int(np.count_nonzero(self.status == status))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give :attr:`messages` to Arrow, polars, DuckDB and others, by the Arrow C interface."""
        return self.messages.__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self)[1:-1])}</p>{self.messages.head().to_html()}"

    def __repr__(self) -> str:
        return f"<Run of {self.scenario.name!r}: {self.summary()}>"


def _seconds(times_us: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.where(times_us == NEVER, np.nan, times_us / SECOND)


def _category(codes: npt.NDArray[Any], names: list[str]) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(codes, categories=pd.Index(names))
