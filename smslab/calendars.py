"""Times of the clock on the scenario's time axis: when something is open, when a day ends.

All results are int64 microseconds after the scenario's start. A scenario without a start begins on
a Monday at midnight, in every time zone.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from smslab.demand import Hours
from smslab.kernels.simulation import SECOND

__all__ = [
    "WEEK_MIN",
    "day_ends",
    "hours_of",
    "minutes_of",
    "open_hours",
    "without",
    "zone_shift",
]

_DAY = 24 * 3600 * SECOND

#: A Monday.
_SOME_MONDAY = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)


def open_hours(
    hours: Sequence[Hours], zone: str | None, start: dt.datetime | None, horizon: int
) -> npt.NDArray[np.int64]:
    """Return when one of several hours of the day is open.

    Parameters
    ----------
    hours : sequence of Hours
        The hours.
    zone : str or None
        Time zone of the clock; None for the one of `start`.
    start : datetime or None
        Moment 0.
    horizon : int
        End of the time axis, in microseconds.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        When it opens and when it closes, in order, apart from each other.
    """
    spans = [
        (_at(day, item.from_h, start), _at(day, item.to_h, start))
        for day in _days(zone, start, horizon)
        for item in hours
        if day.weekday() in item.days
    ]
    # Hours that the clocks leave out do not come.
    return _joined((max(opens, 0), closes) for opens, closes in spans if closes > max(opens, 0))


def day_ends(
    hour: float, zone: str, start: dt.datetime | None, horizon: int
) -> npt.NDArray[np.int64]:
    """Return when the days end that begin at an hour of the clock.

    Parameters
    ----------
    hour : float
        Hour of the day.
    zone : str
        Time zone of the clock.
    start : datetime or None
        Moment 0.
    horizon : int
        End of the time axis, in microseconds.

    Returns
    -------
    ndarray of int64
        Moments after 0, in order; the last is past the horizon.
    """
    ends = [_at(day, hour, start) for day in _days(zone, start, horizon)]
    return np.array([end for end in ends if end > 0], np.int64)


def without(closed: Iterable[tuple[int, int]]) -> npt.NDArray[np.int64]:
    """Return the times that are left when others are taken out.

    Parameters
    ----------
    closed : iterable of (int, int)
        Begin and end of what is taken out.

    Returns
    -------
    ndarray of int64, shape (n, 2)
        Times that are left, in order; the last never ends.
    """
    borders = np.minimum(_joined(closed).ravel(), _FOREVER)
    left = np.concatenate([[0], borders, [_FOREVER + 1]]).reshape(-1, 2)
    return left[left[:, 0] < left[:, 1]]


_FOREVER = 10**15


#: Minutes of a week.
WEEK_MIN: Final = 7 * 1440


def minutes_of(hours: Sequence[Hours]) -> npt.NDArray[np.bool_]:
    """Return which minutes of the week are within hours of the day.

    Parameters
    ----------
    hours : sequence of Hours
        The hours; all minutes are within none.

    Returns
    -------
    ndarray of bool, shape (10080,)
        From Monday at midnight on.
    """
    within = np.full(WEEK_MIN, not hours)
    for item in hours:
        for day in item.days:
            begin, end = round(item.from_h * 60), round(item.to_h * 60)
            within[day * 1440 + begin : day * 1440 + end] = True
    return within


def hours_of(within: npt.NDArray[np.bool_]) -> tuple[Hours, ...]:
    """Return the hours of the day that minutes of the week make up, as :func:`minutes_of` has them.

    Parameters
    ----------
    within : ndarray of bool, shape (10080,)
        Which minutes.

    Returns
    -------
    tuple of Hours
        Days with the same hours together.
    """
    days: dict[tuple[float, float], list[int]] = {}
    for day, minutes in enumerate(within.reshape(7, 1440)):
        edges = np.flatnonzero(np.diff(minutes.astype(np.int8), prepend=0, append=0))
        for begin, end in edges.reshape(-1, 2).tolist():
            days.setdefault((begin / 60, end / 60), []).append(day)
    return tuple(Hours(from_h=b, to_h=e, days=tuple(d)) for (b, e), d in days.items())


def zone_shift(zone: str, moment: dt.datetime) -> int:
    """Return how much later clocks of a zone show what those of an offset show at a moment.

    Parameters
    ----------
    zone : str
        The time zone.
    moment : datetime
        The moment, with the offset.

    Returns
    -------
    int
        Microseconds; less than 0 for zones east of the start's.
    """
    here = moment.utcoffset()
    there = moment.replace(tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset()
    assert here is not None
    assert there is not None
    return (here - there) // dt.timedelta(microseconds=1)


def _days(zone: str | None, start: dt.datetime | None, horizon: int) -> list[dt.datetime]:
    """Return midnights by the clock of a zone, from the day before the start to past the end."""
    if start is None:
        first = _SOME_MONDAY
    else:
        first = start.astimezone(start.tzinfo if zone is None else zoneinfo.ZoneInfo(zone))
    first = first.replace(hour=0, minute=0, second=0, microsecond=0)
    return [first + dt.timedelta(days=day) for day in range(-1, horizon // _DAY + 3)]


def _at(day: dt.datetime, hour: float, start: dt.datetime | None) -> int:
    """Return the moment at which the clock shows an hour on a day, or passes over it."""
    shown = day + dt.timedelta(hours=hour)
    late, early = (shown.replace(fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    # Of an hour that the clocks leave out, one is read by the offset before, one by that after.
    while late - early > dt.timedelta(0) and late.astimezone(day.tzinfo) != shown:
        middle = early + (late - early) / 2
        if late - early <= dt.timedelta(microseconds=1):
            break
        if middle.astimezone(day.tzinfo).utcoffset() == early.astimezone(day.tzinfo).utcoffset():
            early = middle
        else:
            late = middle
    return (late - (start or _SOME_MONDAY)) // dt.timedelta(microseconds=1)


def _joined(spans: Iterable[tuple[int, int]]) -> npt.NDArray[np.int64]:
    """Put spans in order, those that touch or overlap as one."""
    joined: list[list[int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([begin, end])
    return np.array(joined, np.int64).reshape(-1, 2)
