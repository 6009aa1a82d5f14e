"""Key figures of a simulated run."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from smslab import rules
from smslab.results import NEVER, Run, Status
from smslab.traffic import SECOND

__all__ = ["kpis"]


def kpis(run: Run, *, campaign: str | None = None) -> dict[str, float]:
    """Compute the key figures of a run.

    Parameters
    ----------
    run : Run
        One replication.
    campaign : str, optional
        Name of the traffic to look at; all of it if not given.

    Returns
    -------
    dict of str to float
        ``messages``, ``segments`` : counts

        ``sending_done_s`` : when the last message that was sent had left, in seconds after the
        start

        ``landed_95_s`` : when 95 % of the delivered messages had landed

        ``finish_s`` : when the last delivered message landed

        ``delivered``, ``undelivered``, ``expired``, ``failed``, ``pending`` : shares of all
        messages; they add up to 1

        ``confirmed`` : share of all messages with a receipt that says delivered

        ``read_5_min`` : share of the delivered messages that were looked at within five minutes
        of landing

        Times and ``read_5_min`` are NaN where nothing was sent or delivered.
    """
    rows = np.ones(len(run), np.bool_)
    if campaign is not None:
        names = [traffic.name for traffic in run.scenario.traffic]
        rows = run.traffic.campaign == names.index(campaign)
    status = run.status[rows]
    count = len(status)
    delivered = status == Status.DELIVERED
    sent_us = run.sent_us[rows]
    landed_us = run.final_us[rows][delivered]
    read_after_us = run.read_us[rows][delivered] - landed_us
    shares = {state.name.lower(): _mean(status == state) if count else math.nan for state in Status}
    return {
        "messages": float(count),
        "segments": float(run.traffic.segments[rows].sum()),
        "sending_done_s": _last_s(sent_us[sent_us != NEVER]),
        "landed_95_s": _landed_s(landed_us, 0.95),
        "finish_s": _last_s(landed_us),
        "delivered": shares["delivered"],
        "undelivered": shares["undelivered"],
        "expired": shares["expired"],
        "failed": shares["failed"],
        "pending": shares["pending"],
        "confirmed": _mean(delivered & (run.receipt_us[rows] != NEVER)),
        "read_5_min": _mean(read_after_us <= rules.READ_AT_ONCE_S * SECOND),
    }


def _mean(flags: npt.NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else math.nan


def _last_s(times_us: npt.NDArray[np.int64]) -> float:
    return float(times_us.max()) / SECOND if len(times_us) else math.nan


def _landed_s(landed_us: npt.NDArray[np.int64], share: float) -> float:
    if not len(landed_us):
        return math.nan
    rank = math.ceil(share * len(landed_us)) - 1
    return float(np.partition(landed_us, rank)[rank]) / SECOND
