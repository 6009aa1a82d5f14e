"""Moments: times as providers write them, as microseconds of one clock."""

from __future__ import annotations

import zoneinfo
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab.errors import OptionError

__all__ = ["NO_TIME", "Moments", "read_moments", "zone_of"]

#: What stands for a time that is not there or cannot be read.
NO_TIME: Final = np.iinfo(np.int64).min

_ISO: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]"
_WITH_ZONE: Final = r"(Z|UTC|GMT|[+-][0-9]{2}(:?[0-9]{2})?)$"
_RFC_2822: Final = r"^[A-Za-z]{3}, *[0-9]{1,2} "
_DIGITS: Final = r"^[0-9]{10}$|^[0-9]{12,13}$|^[0-9]{16}$"
_WITH_FRACTION: Final = r"[0-9]:[0-9]{2}\.[0-9]*[1-9]"
_WITH_SECONDS: Final = r":[0-9]{2}:[0-9]{2}"

_MINUTE_S: Final = 60.0

#: So many different times at full minutes are no chance: the clock shows minutes.
_MANY_MINUTES: Final = 20
_SECOND_US: Final = 1_000_000


class Moments(NamedTuple):
    """Times of n records.

    Parameters
    ----------
    micros : ndarray of int64, shape (n,)
        Microseconds after 1970 in UTC; :data:`NO_TIME` where there is none.
    unreadable : ndarray of bool, shape (n,)
        Where something stands that is no time.
    naive : int
        How many named no zone.
    resolution_s : float
        What they are rounded to: 60, 1, or 0 for fractions of a second.
    """

    micros: npt.NDArray[np.int64]
    unreadable: npt.NDArray[np.bool_]
    naive: int
    resolution_s: float


def zone_of(name: str) -> zoneinfo.ZoneInfo:
    """Return a time zone by its name.

    Parameters
    ----------
    name : str
        As of the IANA database: ``UTC``, ``America/New_York`` …

    Returns
    -------
    ZoneInfo

    Raises
    ------
    OptionError
        If there is no such zone.
    """
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise OptionError(
            f"timezone must be a name such as 'UTC' or 'America/New_York'; not {name!r:.60}"
        ) from None


def read_moments(texts: pa.ChunkedArray, zone: zoneinfo.ZoneInfo, digits: str) -> Moments:
    """Read a column of times: ISO 8601, RFC 2822, digits of a date, or seconds after 1970.

    Parameters
    ----------
    texts : ChunkedArray of large_string
        The times; null and blank ones are missing.
    zone : ZoneInfo
        Zone of times that name none. An hour that comes twice is taken as its first, one that is
        skipped as the moment after.
    digits : str
        What ten digits are: ``date`` or ``epoch``.

    Returns
    -------
    Moments
    """
    texts = pc.utf8_trim_whitespace(texts.combine_chunks())
    given = pc.not_equal(pc.fill_null(texts, ""), "").to_numpy(zero_copy_only=False)
    micros = np.full(len(texts), NO_TIME, np.int64)
    naive = 0
    minutes, fractions = True, False
    for pattern in (_ISO, _RFC_2822, _DIGITS):
        fits = _matches(texts, pattern)
        if not fits.any():
            continue
        part = texts if fits.all() else texts.filter(pa.array(fits))
        if pattern == _DIGITS:
            found, has_zone, whole_minutes = _digits(part, digits)
            minutes &= whole_minutes
        else:
            found = _iso(part) if pattern == _ISO else _rfc_2822(part)
            has_zone = _matches(part, _WITH_ZONE)
            minutes &= not _matches(part, _WITH_SECONDS).any()
            fractions |= bool(_matches(part, _WITH_FRACTION).any())
        lost = found == NO_TIME
        local = ~has_zone & ~lost
        naive += int(local.sum())
        if local.any() and zone.key != "UTC":
            found[local] = _localized(found[local], zone)
        micros[fits] = found
    read_ones = micros[micros != NO_TIME]
    fractions |= bool((read_ones % _SECOND_US != 0).any())
    if not (fractions or minutes) and (read_ones % (60 * _SECOND_US) == 0).all():
        minutes = len(np.unique(read_ones)) >= _MANY_MINUTES
    resolution = 0.0 if fractions else _MINUTE_S if minutes and len(read_ones) else 1.0
    return Moments(micros, given & (micros == NO_TIME), naive, resolution)


def _matches(texts: pa.Array, pattern: str) -> npt.NDArray[np.bool_]:
    found: npt.NDArray[np.bool_] = pc.fill_null(
        pc.match_substring_regex(texts, pattern), False
    ).to_numpy(zero_copy_only=False)
    return found


def _micros(moments: Any) -> npt.NDArray[np.int64]:
    times = pd.DatetimeIndex(moments).as_unit("us")
    micros = np.array(times.asi8)
    micros[times.isna()] = NO_TIME
    return micros


def _iso(texts: pa.Array) -> npt.NDArray[np.int64]:
    plain = pc.replace_substring_regex(texts, r" ?(UTC|GMT)$", "Z")
    plain = pc.replace_substring_regex(plain, r" ([+-][0-9]{2}(:?[0-9]{2})?)Z?$", r"\1")
    series = pd.Series(plain, dtype="str")
    return _micros(pd.to_datetime(series, format="ISO8601", utc=True, errors="coerce"))


def _rfc_2822(texts: pa.Array) -> npt.NDArray[np.int64]:
    plain = pc.replace_substring_regex(texts, r"(UTC|GMT)$", "+0000")
    has_zone = _matches(plain, r"[+-][0-9]{4}$")
    series = pd.Series(plain, dtype="str")
    series = series.where(has_zone, series + " +0000")
    found = pd.to_datetime(series, format="%a, %d %b %Y %H:%M:%S %z", utc=True, errors="coerce")
    return _micros(found)


def _digits(
    texts: pa.Array, kind: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], bool]:
    """Read digits; say as well which of them know their zone, and whether all are minutes."""
    length = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    is_date = np.isin(length, (10, 12)) if kind == "date" else length == 12
    micros = np.full(len(texts), NO_TIME, np.int64)
    if is_date.any():
        dates = pd.Series(texts.filter(pa.array(is_date)), dtype="str")
        seconds = dates.where(dates.str.len() == len("YYMMDDhhmmss"), dates + "00")
        found = pd.to_datetime(seconds, format="%y%m%d%H%M%S", utc=True, errors="coerce")
        micros[is_date] = _micros(found)
    # Seconds after 1970 have ten digits too; many of them would be odd months, hours or minutes.
    short = is_date & (length == len("YYMMDDhhmm"))
    begin = pc.starts_with(texts, "1").to_numpy(zero_copy_only=False)
    odd = short & begin & (micros == NO_TIME)
    if odd.sum() > short.sum() / 4:
        is_date &= ~short
    numbers = texts.filter(pa.array(~is_date)).cast(pa.int64()).to_numpy(zero_copy_only=False)
    unit = np.select([length[~is_date] == n for n in (10, 13, 16)], [_SECOND_US, 1000, 1])
    micros[~is_date] = numbers * unit
    return micros, ~is_date, bool((is_date & (length == len("YYMMDDhhmm"))).all())


def _localized(micros: npt.NDArray[np.int64], zone: zoneinfo.ZoneInfo) -> npt.NDArray[np.int64]:
    local = pd.DatetimeIndex(micros.view("datetime64[us]"))
    first = np.ones(len(local), np.bool_)
    return _micros(local.tz_localize(zone, ambiguous=first, nonexistent="shift_forward"))
