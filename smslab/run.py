"""One simulated replication, as tables."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab.errors import OptionError
from smslab.figures import figures_of
from smslab.kernels.simulation import SECOND
from smslab.layout import lay_out
from smslab.ledger import Ledger, category
from smslab.outcome import NEVER, Keyword, Reason, Stage, Status
from smslab.results import Results
from smslab.scenario import Carrier, Scenario, Sender
from smslab.states import states_at

__all__ = ["Run"]

_Times: TypeAlias = npt.NDArray[np.int64]
_Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Run(Results):
    """One simulated replication.

    Parameters
    ----------
    scenario, seed, first, selected : object
        As of :class:`~smslab.results.Results`; :attr:`messages` shows times in seconds.
    traffic, entered_us, stage, sent_us, final_us, replied_us, keyword, answer_to : object
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
        carrier_names, by_name = _names_of_carriers(self.scenario)
        sender_of = _sender_of(self.scenario)
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
                "reply": category(self.keyword, Keyword),
                "answer_to": pd.arrays.IntegerArray(
                    self.answer_to.astype(np.int32), self.answer_to == NEVER
                ),
                "emailed_s": _seconds(self.emailed_us),
                "email_landed_s": _seconds(self.email_landed_us),
                "converted_s": _seconds(self.converted_us),
                "submissions": self.submissions,
                "attempts": self.attempts,
                "status": category(self.status, Status),
                "reason": category(self.reason, Reason),
            },
            index=pd.RangeIndex(len(self), name="message")
            if self.selected is None
            else pd.Index(self.numbers, name="message"),
        )

    @cached_property
    def ledger(self) -> Ledger:
        """What is known of each message, for :func:`smslab.kpis` and :func:`smslab.cost`."""
        campaigns = [traffic.name for traffic in self.scenario.traffic]
        senders = [sender.name for sender in self.scenario.senders]
        carriers, carrier = _names_of_carriers(self.scenario)
        types = list(dict.fromkeys(sender.type for sender in self.scenario.senders if sender.type))
        type_of = np.array(
            [types.index(s.type) if s.type else -1 for s in self.scenario.senders], np.int64
        )
        countries, country = _countries(self.scenario)
        sender = _sender_of(self.scenario)[self.traffic.campaign]
        return Ledger(
            queued_us=self.traffic.queued_us,
            sent_us=self.sent_us,
            final_us=self.final_us,
            receipt_us=self.receipt_us,
            read_us=self.read_us,
            replied_us=self.replied_us,
            emailed_us=self.emailed_us,
            converted_us=self.converted_us,
            taken=self.sent_us != NEVER,
            status=self.status,
            reason=self.reason,
            keyword=self.keyword,
            segments=self.traffic.segments,
            answer_to=self.answer_to.astype(np.int64),
            names=self.numbers,
            labels={
                "campaign": _category(self.traffic.campaign, campaigns),
                "sender": _category(sender, senders),
                "sender_type": _category(type_of[sender], types),
                "carrier": _category(carrier[self.traffic.carrier], carriers),
                "country": _category(
                    country[self.traffic.campaign, self.traffic.carrier], countries
                ),
            },
            start=self.scenario.start,
            email_cost={t.name: t.fallback.cost for t in self.scenario.traffic if t.fallback},
        )

    @property
    def events(self) -> pd.DataFrame:
        """What happened, one row per event, in the order of time and message.

        ``time_s`` : float64, seconds after the start; ``message`` : int64; ``event`` : category:
        ``queued``, ``sent``, the final states, ``receipt``, ``read``, ``replied``, ``emailed``,
        ``email_landed``, ``converted``.
        """
        moments = {"queued": self.traffic.queued_us, "sent": self.sent_us}
        for status in Status:
            if status is not Status.PENDING:
                moments[status.name.lower()] = np.where(self.status == status, self.final_us, NEVER)
        moments |= {
            "receipt": self.receipt_us,
            "read": self.read_us,
            "replied": self.replied_us,
            "emailed": self.emailed_us,
            "email_landed": self.email_landed_us,
            "converted": self.converted_us,
        }
        happened = [np.flatnonzero(times != NEVER) for times in moments.values()]
        sizes = [len(rows) for rows in happened]
        rows = np.concatenate(happened)
        times = np.concatenate(
            [times[where] for times, where in zip(moments.values(), happened, strict=True)]
        )
        kinds = np.repeat(np.arange(len(sizes)), sizes)
        order = np.lexsort((kinds, rows, times))
        return pd.DataFrame(
            {
                "time_s": times[order] / SECOND,
                "message": self.numbers[rows[order]],
                "event": _category(kinds[order], list(moments)),
            }
        )

    def states(self, at: float | Sequence[float] | None = None) -> pd.DataFrame:
        """Count how many messages are in each state at some times: the live view.

        Parameters
        ----------
        at : float or sequence of float, optional
            Times in seconds after the start; a hundred even ones up to the last event if not
            given.

        Returns
        -------
        pandas.DataFrame
            One row per time (index ``time_s``), and columns of int64 that add up to all messages:
            ``to_come``, ``queued`` (on the platform), ``sent`` (a carrier has it), ``delivered``,
            ``undelivered``, ``expired``, ``failed``, ``received`` (from people); and ``read``, of
            those delivered.
        """
        return states_at(
            at,
            queued_us=self.traffic.queued_us,
            sent_us=self.sent_us,
            final_us=self.final_us,
            read_us=self.read_us,
            status=self.status,
        )

    def series(self, freq: str | float = "1min") -> pd.DataFrame:
        """Return backlog, rate and utilisation of each sender and carrier over time.

        Parameters
        ----------
        freq : str or float
            Length of an interval: as pandas knows it, such as ``"5min"``, or in seconds.

        Returns
        -------
        pandas.DataFrame
            One row per interval and node (index ``time_s``, the interval's end, and ``node``):

            ``kind`` : category, ``sender`` or ``carrier``
            ``backlog`` : int64, messages that wait there, for a sender or the account before it,
            at the interval's end
            ``messages_per_s``, ``segments_per_s`` : float64, what left there in the interval, of
            messages that were sent in the end
            ``utilisation`` : float64, that rate in the share of what is allowed; NaN where nothing
            limits it

        Raises
        ------
        ValueError
            If `freq` is no length of time.
        """
        step = _step_s(freq)
        last = max(int(self.sent_us.max(initial=0)), int(self.traffic.queued_us.max(initial=0)))
        rows = last / (step * SECOND) * (len(self.scenario.senders) + len(self.scenario.carriers))
        if rows > _MOST_ROWS:
            raise OptionError(
                f"freq is too short: {freq!r} gives {rows:,.0f} rows; take a longer one"
            )
        edges = np.arange(1, last // int(step * SECOND) + 2) * step
        ends = np.rint(edges * SECOND).astype(np.int64)
        # Who has come to a carrier's queue has left its sender.
        has_queue = np.array([station >= 0 for station in lay_out(self.scenario, 0).carriers])
        at_carrier = (self.stage == Stage.CARRIER) & has_queue[self.traffic.carrier]
        at_carrier &= self.entered_us != NEVER
        left = np.where(self.sent_us != NEVER, self.sent_us, self.final_us)
        left_sender = np.where(at_carrier, self.entered_us, left)
        owner = _sender_of(self.scenario)[self.traffic.campaign]
        nodes: list[tuple[Sender | Carrier, str, _Flags, _Times, float | None]] = []
        for place, sender in enumerate(self.scenario.senders):
            own = owner == place
            came, gone = self.traffic.queued_us[own], left_sender[own]
            rate = sender.mps and sender.mps * sender.numbers
            nodes.append((sender, "sender", own, _backlog(came, gone, ends), rate))
        for place, carrier in enumerate(self.scenario.carriers):
            own = self.traffic.carrier == place
            here = own & at_carrier
            backlog = _backlog(self.entered_us[here], left[here], ends)
            nodes.append((carrier, "carrier", own, backlog, carrier.mps))
        tables = {}
        names = _node_names([node for node, *_ in nodes])
        for name, (node, kind, own, backlog, mps) in zip(names, nodes, strict=True):
            sent = own & (self.sent_us != NEVER)
            when = left_sender if kind == "sender" else self.sent_us
            slot = np.searchsorted(ends, when[sent], side="right")
            per_s = np.bincount(slot, minlength=len(ends))[: len(ends)] / step
            segments = np.bincount(slot, self.traffic.segments[sent], len(ends))[: len(ends)] / step
            counted = per_s if node.per == "message" else segments
            tables[kind, name] = pd.DataFrame(
                {
                    "backlog": backlog,
                    "messages_per_s": per_s,
                    "segments_per_s": segments,
                    "utilisation": counted / mps if mps else math.nan,
                },
                index=pd.Index(edges, name="time_s"),
            )
        table = pd.concat(tables, names=["kind", "node"]).reset_index("kind")
        table["kind"] = table["kind"].astype("category")
        return table.swaplevel().sort_index(level="time_s", sort_remaining=False)

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`messages`."""
        return self.messages

    def figures(self) -> dict[str, float]:
        """Return the key figures, as :func:`smslab.figures.figures_of` does."""
        return figures_of(self)

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


def _countries(scenario: Scenario) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the countries, and by traffic and carrier which it is; -1 where not known."""
    carriers = [carrier.country for carrier in scenario.carriers]
    # A carrier for all countries says less than a traffic for one; the last is no carrier.
    found = [[c or t.country for c in [*carriers, ""]] for t in scenario.traffic]
    names = list(dict.fromkeys(name for row in found for name in row if name))
    places = [[names.index(name) if name else -1 for name in row] for row in found]
    return names, np.array(places, np.int64)


def _names_of_carriers(scenario: Scenario) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the names of the carriers, each once, and by carrier the place of its name."""
    carriers = [carrier.name for carrier in scenario.carriers]
    names = list(dict.fromkeys(carriers))
    return names, np.array([*(names.index(name) for name in carriers), -1])


def _sender_of(scenario: Scenario) -> npt.NDArray[np.int64]:
    """Return by traffic the place of its sender."""
    names = [sender.name for sender in scenario.senders]
    return np.array([names.index(scenario.sender_of(t).name) for t in scenario.traffic])


#: Rows of a series; more is a slip of the pen.
_MOST_ROWS: Final = 5_000_000


def _node_names(nodes: Sequence[Sender | Carrier]) -> list[str]:
    """Return names that tell apart carriers of the same name in different countries."""
    names = [node.name for node in nodes if isinstance(node, Carrier)]
    return [
        f"{node.name} ({node.country or 'other'})"
        if isinstance(node, Carrier) and names.count(node.name) > 1
        else node.name
        for node in nodes
    ]


def _step_s(freq: str | float) -> float:
    try:
        step = pd.Timedelta(freq).total_seconds() if isinstance(freq, str) else float(freq)
    except (TypeError, ValueError):
        step = math.nan
    if not 1e-3 <= step <= 1e9:
        raise OptionError(
            f"freq must be a length of time such as '5min', or seconds from 0.001 on; not {freq!r}"
        )
    return step


def _backlog(
    came: npt.NDArray[np.int64], gone: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Count who is there at the ends of intervals."""
    inside = np.searchsorted(np.sort(came), ends, side="right")
    return inside - np.searchsorted(np.sort(gone[gone != NEVER]), ends, side="right")


def _seconds(times_us: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.where(times_us == NEVER, np.nan, times_us / SECOND)


def _category(codes: npt.NDArray[Any], names: list[str]) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(codes, categories=pd.Index(names))
