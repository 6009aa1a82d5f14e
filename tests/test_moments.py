import datetime as dt
import zoneinfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smslab.errors import OptionError
from smslab.moments import NO_TIME, read_moments, zone_of

UTC = zone_of("UTC")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def read(*texts, zone=UTC, digits="epoch"):
    return read_moments(pa.chunked_array([list(texts)], pa.large_string()), zone, digits)


def micros(moment):
    return (moment - EPOCH) // dt.timedelta(microseconds=1)


zones = st.integers(-14 * 60, 14 * 60).map(lambda m: dt.timezone(dt.timedelta(minutes=m)))
moments = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2080, 1, 1), timezones=zones)


@given(st.lists(moments, min_size=1, max_size=20))
def test_every_way_to_write_a_time(chosen):
    expected = [micros(moment) for moment in chosen]
    whole = [value - value % 1_000_000 for value in expected]
    ways = [
        (lambda m: m.isoformat(), expected),
        (lambda m: m.isoformat(" "), expected),
        (lambda m: f"{m:%Y-%m-%d %H:%M:%S.%f %z}", expected),
        (lambda m: f"{m:%Y-%m-%dT%H:%M:%S%z}", whole),
        (lambda m: f"{m.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S.%f} UTC", expected),
        (lambda m: f"{m.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}", expected),
        (lambda m: f"{m.astimezone(dt.UTC):%a, %d %b %Y %H:%M:%S} +0000", whole),
        (lambda m: f"{m:%a, %d %b %Y %H:%M:%S %z}", whole),
        (lambda m: f"{m.astimezone(dt.UTC):%a, %d %b %Y %H:%M:%S} GMT", whole),
    ]
    for write, value in ways:
        found = read(*[write(moment) for moment in chosen])
        assert found.micros.tolist() == value
        assert found.naive == 0
        assert not found.unreadable.any()
    # One column may hold all of them.
    mixed = read(*[write(chosen[0]) for write, _ in ways])
    assert mixed.micros.tolist() == [value[0] for _, value in ways]


def test_digits():
    noon = dt.datetime(2026, 11, 25, 12, 30, 45, 123456, tzinfo=dt.UTC)
    stamp = micros(noon)
    assert read(str(stamp)).micros[0] == stamp
    assert read(str(stamp // 1000)).micros[0] == stamp - 456
    assert read(str(stamp // 1_000_000)).micros[0] == stamp - 123_456
    assert read("2611251230", digits="date").micros[0] == micros(noon.replace(second=0)) - 123_456
    assert read("261125123045", digits="date").micros[0] == stamp - 123_456


def test_seconds_after_1970_among_dates():
    moments = [dt.datetime(2026, 11, 25, 12, n, tzinfo=dt.UTC) for n in (0, 1, 30)]
    seconds = [str(micros(moment) // 1_000_000) for moment in moments]
    found = read(*seconds, digits="date")
    assert found.micros.tolist() == [micros(moment) for moment in moments]
    assert found.naive == 0
    # One that is neither makes no seconds of dates.
    mixed = read(*["2611251200"] * 5, "1999999999", digits="date")
    assert mixed.micros.tolist() == [micros(moments[0])] * 5 + [NO_TIME]


def test_zones_of_hours_only():
    noon = micros(dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC))
    times = ["2026-07-01 12:00:00+00", "2026-07-01 07:00:00.000-05", "2026-07-01T13:00 +01"]
    found = read(*times, zone=zone_of("Asia/Tokyo"))
    assert found.micros.tolist() == [noon] * 3
    assert found.naive == 0


def test_naive_times_are_of_the_zone():
    zone = zone_of("America/New_York")
    found = read("2026-07-01 12:00:00", "2026-07-01 12:00:00Z", zone=zone)
    hours = (found.micros - micros(dt.datetime(2026, 7, 1, tzinfo=dt.UTC))) / 3.6e9
    assert hours.tolist() == [16, 12]
    assert found.naive == 1
    # The hour that comes twice is the first one, the one that does not come the moment after.
    odd = read("2026-11-01 01:30:00", "2026-03-08 02:30:00", zone=zone).micros
    assert odd.tolist() == [
        micros(dt.datetime(2026, 11, 1, 1, 30, tzinfo=zoneinfo.ZoneInfo("America/New_York"))),
        micros(dt.datetime(2026, 3, 8, 7, 0, tzinfo=dt.UTC)),
    ]


def test_what_is_no_time():
    found = read("", None, "yesterday", "2026-13-01 00:00:00Z", "25/11/2026 10:00", "  ")
    assert (found.micros == NO_TIME).all()
    assert found.unreadable.tolist() == [False, False, True, True, True, False]
    assert len(read().micros) == 0


@pytest.mark.parametrize(
    ("texts", "seconds"),
    [
        (["2026-11-25T10:00:00.5Z", "2026-11-25T10:00:00Z"], 0),
        (["2026-11-25T10:00:00Z"], 1),
        (["2026-11-25T10:00:00.000Z"], 1),
        (["2026-11-25 10:00"], 60),
        (["2611251230"], 60),
        (["261125123000"], 1),
        (["Thu, 30 Jul 2015 20:12:31 +0000"], 1),
        ([f"2026-11-25T10:{minute}:00Z" for minute in range(10, 30)], 60),
        (["2026-11-25T10:00:00Z"] * 50, 1),
    ],
)
def test_what_times_are_rounded_to(texts, seconds):
    assert read(*texts, digits="date").resolution_s == seconds


def test_unknown_zone():
    for name in ("Atlantis", "", "../etc/passwd", None):
        with pytest.raises(OptionError, match="timezone must be a name"):
            zone_of(name)


def test_times_keep_their_order():
    times = np.sort(np.random.default_rng(1).integers(0, 2 * 10**15, 1000))
    texts = [(EPOCH + dt.timedelta(microseconds=int(t))).isoformat() for t in times]
    assert read(*texts).micros.tolist() == times.tolist()
