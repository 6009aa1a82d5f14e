"""Logs: what providers say became of messages, in the columns of a simulated run."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab.ledger import Ledger
from smslab.outcome import NEVER, Keyword, Reason, Status
from smslab.states import states_at

__all__ = ["Log", "of_codes"]

_SECOND_US: Final = 1_000_000


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Log:
    """What a provider says became of messages.

    Parameters
    ----------
    messages : DataFrame
        One row per message (index ``row``, its record in the file), with the columns of
        :attr:`Run.messages <smslab.run.Run.messages>`; what the log does not tell is null. A log
        knows when a receipt came and not when the handset had the message: ``final_s`` is the
        time in the receipt where it has one, else that of the receipt. Then

        ``id``, ``to`` : str; ``country`` : category, ISO 3166-1 alpha-2
        ``encoding`` : category, as the provider writes it
        ``state`` : category, the provider's word for the status
        ``code`` : category, the provider's error code
        ``taken`` : bool, whether a carrier took it
        ``charge`` : Float64, what was charged, null where that is not known (yet)
        ``currency`` : category
        ``text`` : str

        ``carrier`` is a name or, where the log has codes, the digits of mobile country and
        network code.
    start : Timestamp
        When the times begin: the first moment of the log, in UTC.
    format : str
        The format that was read.
    resolution_s : dict of str to float
        By column of times, what they are rounded to, in seconds; 0 for fractions of a second.
    final_is_receipt : bool
        Whether ``final_s`` is when the receipt came, and not a time in it.
    problems : DataFrame
        What could not be read: ``row``, ``column``, ``value`` and ``problem``. Messages whose
        status is not known are kept, with a null status; records without any shape are not.
    notes : tuple of str
        What else is worth knowing: zones that were assumed, records that were put together.
    """

    messages: pd.DataFrame
    start: pd.Timestamp
    format: str
    resolution_s: dict[str, float] = field(default_factory=dict)
    final_is_receipt: bool = True
    problems: pd.DataFrame
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.messages)

    @cached_property
    def currencies(self) -> dict[str, int]:
        """How many charges are in which currency; ``""`` where none is named."""
        charged = self.messages["currency"][self.messages["charge"].notna()]
        counts = charged.value_counts()
        unnamed = int(charged.isna().sum())
        named = {str(name): int(n) for name, n in counts.items() if n}
        return named | ({"": unnamed} if unnamed else {})

    @cached_property
    def ledger(self) -> Ledger:
        """What is known of each message, for :func:`smslab.kpis` and :func:`smslab.cost`.

        What was charged in several currencies is no amount of any, and is left out.
        """
        frame = self.messages
        billed = frame["charge"].to_numpy(np.float64, na_value=np.nan)
        labels = ("campaign", "sender", "carrier", "country", "encoding")
        return Ledger(
            queued_us=_micros(frame["queued_s"]),
            sent_us=_micros(frame["sent_s"]),
            final_us=_micros(frame["final_s"]),
            receipt_us=_micros(frame["receipt_s"]),
            read_us=_micros(frame["read_s"]),
            replied_us=_micros(frame["replied_s"]),
            emailed_us=_micros(frame["emailed_s"]),
            converted_us=_micros(frame["converted_s"]),
            taken=frame["taken"].to_numpy(),
            status=_codes(frame["status"], Status, -1),
            reason=_codes(frame["reason"], Reason, Reason.NONE),
            keyword=_codes(frame["reply"], Keyword, Keyword.NONE),
            segments=frame["segments"].fillna(0).to_numpy(np.int32),
            answer_to=frame["answer_to"].to_numpy(np.int64, na_value=NEVER),
            names=frame.index.to_numpy(np.int64),
            billed=billed if len(self.currencies) < 2 else None,
            currency=next(iter(self.currencies), "") if len(self.currencies) < 2 else "",
            labels={name: pd.Categorical(frame[name]) for name in labels},
            start=self.start.to_pydatetime(),
            resolution_s=self.resolution_s,
            from_log=True,
            final_is_receipt=self.final_is_receipt,
        )

    def states(self, at: float | Sequence[float] | None = None) -> pd.DataFrame:
        """Count how many messages are in each state at some times.

        Parameters
        ----------
        at : float or sequence of float, optional
            As of :meth:`smslab.Run.states`.

        Returns
        -------
        pandas.DataFrame
            As of :meth:`smslab.Run.states`. A message whose time of coming is not known comes when
            it is sent, and one whose time of sending is not known is sent when it ends; what has no
            time at all stays to come.
        """
        known = self.ledger
        left = np.isin(known.status, (Status.DELIVERED, Status.UNDELIVERED, Status.EXPIRED))
        unseen = left & (known.sent_us == NEVER)
        sent_us = np.where(unseen, known.final_us, known.sent_us)
        at_once = np.where(sent_us == NEVER, known.final_us, sent_us)
        return states_at(
            at,
            queued_us=np.where(known.queued_us == NEVER, at_once, known.queued_us),
            sent_us=sent_us,
            final_us=known.final_us,
            read_us=known.read_us,
            status=known.status,
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`messages`."""
        return self.messages

    def summary(self) -> str:
        """Return how many messages the log has in which status, and what is to be known, in words.

        Returns
        -------
        str
        """
        counts = self.messages["status"].value_counts()
        states = ", ".join(f"{n:,} {name}" for name, n in counts.items() if n)
        unknown = int(self.messages["status"].isna().sum())
        lines = [f"{len(self):,} messages ({self.format})" + (f": {states}" if states else "")]
        if unknown:
            lines.append(f"{unknown:,} with a status that is not known")
        times = self.messages[["queued_s", "sent_s", "final_s"]]
        if not times.notna().any(axis=None):
            lines += ["no times"] if len(self) else []
        else:
            last = self.start + pd.Timedelta(seconds=_last_s(self.messages))
            lines.append(f"from {self.start:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC")
        about = self.problems["column"] + ": " + self.problems["problem"]
        lines += [f"{n:,} x {what}" for what, n in about.value_counts().items()]
        return "\n".join([*lines, *self.notes])

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give :attr:`messages` to Arrow, polars, DuckDB and others, by the Arrow C interface."""
        return self.messages.__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        lines = "<br>".join(html.escape(line) for line in self.summary().splitlines())
        return f"<p>{lines}</p>{self.messages.head().to_html()}"

    def __repr__(self) -> str:
        return self.summary()


def _last_s(frame: pd.DataFrame) -> float:
    last = frame[["queued_s", "sent_s", "final_s"]].max().max()
    return 0.0 if np.isnan(last) else float(last)


def of_codes(
    codes: npt.NDArray[Any], values: list[Any], other: Any, dtype: Any = None
) -> npt.NDArray[Any]:
    """Take values by codes.

    Parameters
    ----------
    codes : ndarray of integers
        The codes; -1 for none.
    values : list
        By code.
    other : object
        For code -1.
    dtype : dtype, optional
        Of the result; bool or int8, as `other` is, if not given.

    Returns
    -------
    ndarray
    """
    kind = dtype or (np.bool_ if isinstance(other, bool) else np.int8)
    taken: npt.NDArray[Any] = np.array([*values, other], kind)[codes]
    return taken


def _micros(seconds: pd.Series[float]) -> npt.NDArray[np.int64]:
    values = seconds.to_numpy(np.float64)
    there = ~np.isnan(values)
    micros = np.full(len(values), NEVER, np.int64)
    micros[there] = np.rint(values[there] * _SECOND_US)
    return micros


def _codes(
    column: pd.Series[Any], kind: type[Status | Reason | Keyword], missing: int
) -> npt.NDArray[np.int8]:
    values = [kind[str(name).upper()] for name in column.cat.categories]
    return of_codes(column.cat.codes.to_numpy(), values, missing)
