"""When a message may be sent at the earliest, on the clocks of everywhere its number may be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from smslab import calendars
from smslab.demand import Hours
from smslab.errors import OptionError
from smslab.numbering import countries, zones
from smslab.regulations import marketing_hours

__all__ = ["MARKETING", "SendingHours"]

#: Hours in which marketing may be sent in each country.
MARKETING: Final = "marketing"

_SECOND_US: Final = 1_000_000
_HORIZON_US: Final = 15 * 86_400 * _SECOND_US

#: What 64 bits of microseconds since 1970 hold, and time zones have rules for.
_FIRST_YEAR: Final = 1971
_LAST_YEAR: Final = 2199

Quiet = str | tuple[float, float]


class SendingHours:
    """Hours of the day in which messages may be sent.

    Parameters
    ----------
    quiet : tuple of float, or str
        Hour from which and hour until which nothing is sent, such as ``(21, 8)``; or
        ``marketing``: the hours that each country has for marketing, as of
        :func:`smslab.regulations.marketing_hours`.
    start : datetime
        From when on messages are sent, with its offset from UTC.

    Raises
    ------
    OptionError
        If `quiet` is no such hours, or `start` has no offset.

    Examples
    --------
    >>> import datetime as dt
    >>> from smslab.numbering import countries, zones
    >>> from smslab.sending_hours import SendingHours
    >>> hours = SendingHours((21, 8), dt.datetime(2026, 11, 26, 4, tzinfo=dt.UTC))
    >>> place = zones().index(("Europe/Paris",))
    >>> earliest = hours.earliest_s([countries().index("FR")], [place])
    >>> dt.datetime.fromtimestamp(int(earliest[0]), dt.UTC).isoformat()
    '2026-11-26T07:00:00+00:00'
    """

    def __init__(self, quiet: Quiet, start: dt.datetime | None) -> None:
        if not isinstance(start, dt.datetime) or start.utcoffset() is None:
            raise OptionError(
                "start must be a moment with its offset, such as "
                "datetime(2026, 11, 26, 10, tzinfo=UTC), where there are quiet hours; not "
                f"{start!r}"
            )
        if not _FIRST_YEAR <= start.year <= _LAST_YEAR:
            raise OptionError(
                f"start must be in the years {_FIRST_YEAR} to {_LAST_YEAR}; not {start.isoformat()}"
            )
        self._start = start
        self._hours = None if quiet == MARKETING else _without(quiet)
        self._known: dict[tuple[int, tuple[str, ...]], int] = {}

    def earliest_s(
        self,
        country: Sequence[int] | npt.NDArray[np.int16],
        place: Sequence[int] | npt.NDArray[np.int16],
        known: Sequence[tuple[str, ...]] | None = None,
    ) -> npt.NDArray[np.int64]:
        """Return when each message may be sent at the earliest.

        Parameters
        ----------
        country, place : ndarray of int16, shape (n,)
            Places in :func:`smslab.numbering.countries` and in `known`; -1 where not known.
        known : sequence of tuple of str, optional
            Time zones that a number may be in, together where it may be in several; those of
            :func:`smslab.numbering.zones` if not given.

        Returns
        -------
        ndarray of int64, shape (n,)
            Seconds since 1970; -1 where there is no such moment in the next fortnight, or nobody
            knows what the clock says there. Where a country's hours are not known that is the
            start.
        """
        known = zones() if known is None else known
        wide = len(known) + 1
        both = (np.asarray(country, np.int64) + 1) * wide + np.asarray(place, np.int64) + 1
        # There are few pairs, and most of a list are of the same: each is looked up once.
        earliest = np.full((len(countries()) + 1) * wide, -1, np.int64)
        there = np.zeros(len(earliest), np.bool_)
        there[both] = True
        for pair in np.flatnonzero(there).tolist():
            at = pair % wide - 1
            earliest[pair] = self._earliest(pair // wide - 1, known[at] if at >= 0 else ())
        return earliest[both]

    def _earliest(self, country: int, names: tuple[str, ...]) -> int:
        if (country, names) not in self._known:
            self._known[country, names] = self._looked_up(country, names)
        return self._known[country, names]

    def _looked_up(self, country: int, names: tuple[str, ...]) -> int:
        start_s = int(self._start.timestamp())
        hours = self._hours
        if hours is None:
            rule = marketing_hours(countries()[country]) if country >= 0 else None
            if rule is None:
                return start_s
            hours = rule.hours
        if not names or not hours:
            return -1
        spans = [(0, _HORIZON_US)]
        for zone in names:
            spans = _common(
                spans, calendars.open_hours(hours, zone, self._start, _HORIZON_US).tolist()
            )
        # Nobody sends at a fraction of a second before the hour.
        return start_s + -(-spans[0][0] // _SECOND_US) if spans else -1


def _without(quiet: object) -> tuple[Hours, ...]:
    """Return the hours that are not quiet."""
    if (
        not isinstance(quiet, Sequence)
        or isinstance(quiet, str)
        or len(quiet) != 2
        or not all(isinstance(hour, int | float) and 0 <= hour <= 24 for hour in quiet)
        or quiet[0] == quiet[1]
    ):
        raise OptionError(
            "quiet_hours must be the hours from which and until which nothing is sent, such as "
            f"(21, 8), or {MARKETING!r}; not {quiet!r}"
        )
    begin, end = map(float, quiet)
    open_ = [(end, begin)] if end < begin else [(0.0, begin), (end, 24.0)]
    return tuple(Hours(from_h=a, to_h=b) for a, b in open_ if a < b)


def _common(one: list[tuple[int, int]], other: list[list[int]]) -> list[tuple[int, int]]:
    """Return the times that lie in both, in order."""
    both = ((max(begin, opens), min(end, closes)) for begin, end in one for opens, closes in other)
    return sorted((begin, end) for begin, end in both if begin < end)
