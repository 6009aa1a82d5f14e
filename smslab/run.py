"""One simulated replication, as tables."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab.kernels.simulation import SECOND
from smslab.kpi import kpis
from smslab.outcome import NEVER, Keyword, Reason, Status
from smslab.results import Results

__all__ = ["Run"]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Run(Results):
    """One simulated replication.

    Parameters
    ----------
    scenario, seed, numbers : object
        As of :class:`~smslab.results.Results`; :attr:`messages` shows times in seconds.
    traffic, sent_us, final_us, replied_us, keyword, answer_to : object
        As of :class:`~smslab.outcome.Outcome`.
    submissions, attempts, status, reason : object
        As of :class:`~smslab.outcome.Outcome`.
    """

    @property
    def messages(self) -> pd.DataFrame:
        """One row per message.

        ``campaign``, ``sender``, ``carrier``, ``status`` and ``reason`` are categories,
        ``segments`` and ``attempts`` integers; ``queued_s``, ``sent_s``, ``final_s``,
        ``receipt_s``, ``read_s``, ``replied_s``, ``emailed_s``, ``email_landed_s`` and
        ``converted_s`` are float64 seconds after the start, NaN where it did not happen.
        ``carrier`` is null for a message without a route, ``reason`` for one without a cause of
        failure, ``reply`` (what was written back) for one without a reply, and ``answer_to`` (the
        message whose reply it answers) for all but answers.
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
                "replied_s": _seconds(self.replied_us),
                "reply": _category(self.keyword - 1, [k.name.lower() for k in Keyword][1:]),
                "answer_to": pd.arrays.IntegerArray(
                    self.answer_to.astype(np.int32), self.answer_to == NEVER
                ),
                "emailed_s": _seconds(self.emailed_us),
                "email_landed_s": _seconds(self.email_landed_us),
                "converted_s": _seconds(self.converted_us),
                "submissions": self.submissions,
                "attempts": self.attempts,
                "status": _category(self.status, [s.name.lower() for s in Status]),
                "reason": _category(self.reason - 1, [r.name.lower() for r in Reason][1:]),
            },
            index=pd.RangeIndex(len(self), name="message"),
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`messages`."""
        return self.messages

    def kpis(self) -> dict[str, float]:
        """Return the key figures, as :func:`smslab.kpis` does."""
        return kpis(self)

    def summary(self) -> str:
        """Return how many messages ended in which status, in words."""
        states = [s for s in reversed(Status) if self.count(s)]
        counts = ", ".join(f"{self.count(s):,} {s.name.lower()}" for s in states)
        return f"{len(self):,} messages" + (f": {counts}" if counts else "")

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
