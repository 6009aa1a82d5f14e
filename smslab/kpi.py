"""Key figures of a simulated run."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from smslab import rules
from smslab.kernels.simulation import SECOND
from smslab.outcome import NEVER, Keyword, Status
from smslab.results import Results

__all__ = ["kpis"]


def kpis(run: Results) -> dict[str, float]:
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

        ``answers`` : how many answers to replies were sent; they count nowhere else

        Times and ``read_5_min`` are NaN where nothing was sent or delivered.
    """
    answers = int((run.answers.sent_us != NEVER).sum())
    run = run.asked
    delivered = run.status == Status.DELIVERED
    landed_us = run.final_us[delivered]
    read_after_us = run.read_us[delivered] - landed_us
    delay_us = landed_us - run.traffic.queued_us[delivered]
    shares = {state.name.lower(): _mean(run.status == state) for state in Status}
    return {
        "messages": float(len(run)),
        "segments": float(run.traffic.segments.sum()),
        "sending_done_s": _last_s(run.sent_us[run.sent_us != NEVER]),
        "landed_95_s": _landed_s(landed_us, 0.95),
        "finish_s": _last_s(landed_us),
        "delay_50_s": _landed_s(delay_us, 0.5),
        "delay_95_s": _landed_s(delay_us, 0.95),
        "within_10_s": _share(int((delay_us <= rules.OTP_TARGET_S * SECOND).sum()), len(run)),
        "delivered": shares["delivered"],
        "undelivered": shares["undelivered"],
        "expired": shares["expired"],
        "failed": shares["failed"],
        "pending": shares["pending"],
        "confirmed": _mean(delivered & (run.receipt_us != NEVER)),
        "read_5_min": _mean(read_after_us <= rules.READ_AT_ONCE_S * SECOND),
        "replied": _mean(run.replied_us != NEVER),
        "opted_out": _mean(run.keyword == Keyword.STOP),
        "emailed": _mean(run.emailed_us != NEVER),
        "converted": _mean(run.converted_us != NEVER),
        "answers": float(answers),
    }


def _mean(flags: npt.NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else math.nan


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _last_s(times_us: npt.NDArray[np.int64]) -> float:
    return float(times_us.max()) / SECOND if len(times_us) else math.nan


def _landed_s(landed_us: npt.NDArray[np.int64], share: float) -> float:
    if not len(landed_us):
        return math.nan
    rank = math.ceil(share * len(landed_us)) - 1
    return float(np.partition(landed_us, rank)[rank]) / SECOND
