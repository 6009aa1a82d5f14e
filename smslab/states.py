"""States: how many messages are in which state at some times, of a run or a log alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab.errors import OptionError
from smslab.kernels.simulation import SECOND
from smslab.outcome import NEVER, Status

__all__ = ["states_at"]

_Times = npt.NDArray[np.int64]


def states_at(
    at: float | Sequence[float] | None,
    *,
    queued_us: _Times,
    sent_us: _Times,
    final_us: _Times,
    read_us: _Times,
    status: npt.NDArray[np.int8],
) -> pd.DataFrame:
    """Count how many messages are in each state at some times.

    Parameters
    ----------
    at : float, sequence of float, or None
        Times in seconds after the start; a hundred even ones up to the last event if None.
    queued_us, sent_us, final_us, read_us : ndarray of int64, shape (n,)
        When each message came, was taken by a carrier, ended and was looked at; NEVER where it
        did not.
    status : ndarray of int8, shape (n,)
        Codes of :class:`~smslab.outcome.Status`.

    Returns
    -------
    pandas.DataFrame
        As of :meth:`smslab.Run.states`.

    Raises
    ------
    OptionError
        If `at` is no time.
    """
    last = max(int(final_us.max(initial=0)), int(sent_us.max(initial=0)), SECOND)
    moments = np.linspace(0, last / SECOND, 100) if at is None else _moments(at)
    times = np.floor(moments * SECOND).astype(np.int64)

    def by_then(happened: _Times) -> _Times:
        return np.searchsorted(np.sort(happened[happened != NEVER]), times, side="right")

    ended = {
        state.name.lower(): by_then(final_us[status == state])
        for state in Status
        if state is not Status.PENDING
    }
    queued, sent = by_then(queued_us), by_then(sent_us)
    counts = {
        "to_come": len(status) - queued,
        "queued": queued - sent - ended["failed"] - ended["received"],
        "sent": sent - ended["delivered"] - ended["undelivered"] - ended["expired"],
        **ended,
        "read": by_then(read_us),
    }
    shown = moments if at is None else np.atleast_1d(np.asarray(at))
    return pd.DataFrame(counts, index=pd.Index(shown, name="time_s"))


def _moments(at: float | Sequence[float]) -> npt.NDArray[np.float64]:
    try:
        moments = np.atleast_1d(np.asarray(at, np.float64))
    except (TypeError, ValueError):
        moments = np.full(1, math.nan)
    if moments.ndim > 1 or not (np.abs(moments) < 1e9).all():
        raise OptionError(f"at must be a time in seconds, or several; not {at!r:.80}")
    return moments
