"""Key figures of a simulated run."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab import rules
from smslab.kernels.simulation import SECOND
from smslab.ledger import Ledger
from smslab.outcome import NEVER, Keyword, Status
from smslab.results import Results

__all__ = ["Tally", "answered_us", "duration", "figures_of"]


def figures_of(run: Results) -> dict[str, float]:
    """Compute the key figures of a run.

    Parameters
    ----------
    run : Run
        One replication, or :meth:`Run.of <smslab.results.Results.of>` one of its campaigns.

    Returns
    -------
    dict of str to float
        ``messages``, ``segments`` : counts

        ``sending_done_s`` : when the last message that was sent had left, in seconds after the
        start

        ``landed_95_s`` : when 95 % of the delivered messages had landed

        ``finish_s`` : when the last delivered message landed

        ``delay_50_s``, ``delay_95_s`` : within what time from being queued half and 95 % of the
        delivered messages had landed

        ``within_10_s`` : share of all messages that landed within 10 s of being queued, Twilio's
        target for one-time passwords (Health Score, read 2026-11)

        ``delivered``, ``undelivered``, ``expired``, ``failed``, ``pending`` : shares of all
        messages; they add up to 1

        ``confirmed`` : share of all messages with a receipt that says delivered

        ``read_5_min`` : share of the delivered messages that were looked at within five minutes
        of landing

        ``replied``, ``opted_out``, ``emailed``, ``converted`` : shares of all messages that were
        answered, answered by an opt-out, followed by an e-mail, and that led to what they ask for

        ``answers``, ``received`` : how many answers to replies were sent, and how many messages
        came from people; they count nowhere else

        ``answer_50_s``, ``answer_95_s`` : within what time from the reply half and 95 % of the
        answers that were delivered had landed; NaN in a summary, which keeps no replies

        Times and ``read_5_min`` are NaN where nothing was sent or delivered.
    """
    tally = Tally()
    tally.add(run)
    asked = run.asked
    delivered = asked.status == Status.DELIVERED
    landed_us = asked.final_us[delivered]
    delay_us = landed_us - asked.traffic.queued_us[delivered]
    answers_us = answered_us(run, run.numbers)
    return tally.figures() | {
        "landed_95_s": _landed_s(landed_us, 0.95),
        "delay_50_s": _landed_s(delay_us, 0.5),
        "delay_95_s": _landed_s(delay_us, 0.95),
        **{f"answer_{p}_s": _landed_s(answers_us, p / 100) for p in (50, 95)},
    }


def answered_us(run: Results | Ledger, names: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the time from the reply to the landing of each delivered answer.

    Parameters
    ----------
    run : Results or Ledger
        Messages, with their answers.
    names : ndarray of int64, shape (n,)
        Their numbers.

    Returns
    -------
    ndarray of int64
        Microseconds; without answers to replies that are not among the messages.
    """
    landed = run.answer_to != NEVER
    if not landed.any():
        return np.empty(0, np.int64)
    landed &= (run.status == Status.DELIVERED) & (run.final_us != NEVER)
    places = pd.Index(names).get_indexer(pd.Index(run.answer_to[landed]))
    replied = np.where(places >= 0, run.replied_us[places], NEVER)
    answered: npt.NDArray[np.int64] = (run.final_us[landed] - replied)[replied != NEVER]
    return answered


#: Times in a histogram are known to 1 %: each bin is 2 % wide, from a millisecond on.
_WIDTH = math.log(1.02)
_BINS = 1500


class _Histogram:
    """Times of which no more is kept than how many are about as long."""

    def __init__(self) -> None:
        self.counts = np.zeros(_BINS, np.int64)

    def add(self, times_us: npt.NDArray[np.int64]) -> None:
        bins = (np.log(np.maximum(times_us, 1000) / 1000) / _WIDTH).astype(np.int64)
        self.counts += np.bincount(np.minimum(bins, _BINS - 1), minlength=_BINS)

    def quantile_s(self, share: float) -> float:
        total = int(self.counts.sum())
        if not total:
            return math.nan
        place = int(np.searchsorted(np.cumsum(self.counts), math.ceil(share * total)))
        return math.exp((place + 0.5) * _WIDTH) / 1000


class Tally:
    """Figures of messages that come one part after another, of which nothing else is kept."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._last_us = {"sending_done_s": NEVER, "finish_s": NEVER}
        self._landed, self._delay = _Histogram(), _Histogram()

    def add(self, part: Results) -> None:
        """Count a part of a replication's messages.

        Parameters
        ----------
        part : Results
            The part; each message once.
        """
        run = part.asked
        delivered = run.status == Status.DELIVERED
        landed_us = run.final_us[delivered]
        delay_us = landed_us - run.traffic.queued_us[delivered]
        read_after_us = run.read_us[delivered] - landed_us
        counts = {
            "messages": len(run),
            "segments": int(run.traffic.segments.sum()),
            "within_10_s": _count(delay_us <= rules.OTP_TARGET_S * SECOND),
            **{state.name.lower(): _count(run.status == state) for state in Status},
            "confirmed": _count(delivered & (run.receipt_us != NEVER)),
            "read_5_min": _count(read_after_us <= rules.READ_AT_ONCE_S * SECOND),
            "replied": _count(run.replied_us != NEVER),
            "opted_out": _count(run.keyword == Keyword.STOP),
            "emailed": _count(run.emailed_us != NEVER),
            "converted": _count(run.converted_us != NEVER),
            "answers": _count(part.answers.sent_us != NEVER),
            "received": _count(part.status == Status.RECEIVED),
        }
        for name, count in counts.items():
            self._counts[name] = self._counts.get(name, 0) + count
        for name, times_us in (("sending_done_s", run.sent_us), ("finish_s", landed_us)):
            self._last_us[name] = max(self._last_us[name], int(times_us.max(initial=NEVER)))
        self._landed.add(landed_us)
        self._delay.add(delay_us)

    def figures(self) -> dict[str, float]:
        """Return the figures of :func:`figures_of`; ``landed_95_s`` and delays are known to 1 %.

        Returns
        -------
        dict of str to float
        """
        counts = self._counts
        whole = counts.get("messages", 0)

        def share(name: str, of: int) -> float:
            return counts[name] / of if of else math.nan

        def last_s(name: str) -> float:
            last = self._last_us[name]
            return math.nan if last == NEVER else last / SECOND

        of_all = ("confirmed", "replied", "opted_out", "emailed", "converted")
        states = ("delivered", "undelivered", "expired", "failed", "pending")
        return {
            "messages": float(whole),
            "segments": float(counts.get("segments", 0)),
            "sending_done_s": last_s("sending_done_s"),
            "landed_95_s": self._landed.quantile_s(0.95),
            "finish_s": last_s("finish_s"),
            "delay_50_s": self._delay.quantile_s(0.5),
            "delay_95_s": self._delay.quantile_s(0.95),
            **{name: share(name, whole) for name in ("within_10_s", *states, *of_all)},
            "read_5_min": share("read_5_min", counts.get("delivered", 0)),
            "answers": float(counts.get("answers", 0)),
            "received": float(counts.get("received", 0)),
            "answer_50_s": math.nan,
            "answer_95_s": math.nan,
        }


def _count(flags: npt.NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(flags))


def _landed_s(landed_us: npt.NDArray[np.int64], share: float) -> float:
    if not len(landed_us):
        return math.nan
    rank = math.ceil(share * len(landed_us)) - 1
    return float(np.partition(landed_us, rank)[rank]) / SECOND


def duration(seconds: float) -> str:
    """Write a time span in its two largest units.

    Parameters
    ----------
    seconds : float
        The span; infinite or NaN where it never ends.

    Returns
    -------
    str

    Examples
    --------
    >>> from smslab.figures import duration
    >>> duration(5.06), duration(90), duration(10_080), duration(float("inf"))
    ('5.1 s', '1 min 30 s', '2 h 48 min', 'never')
    """
    if not math.isfinite(seconds):
        return "never"
    whole = round(seconds)
    for name, size, smaller, small in (("d", 86400, "h", 3600), ("h", 3600, "min", 60)):
        if whole >= size:
            return f"{whole // size} {name} {whole % size // small} {smaller}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{seconds:.1f} s"
