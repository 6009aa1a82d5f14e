"""The latest start, against arithmetic, days of odd length, and a simulation of what it says."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import smslab
from smslab import calendars
from smslab.errors import OptionError
from smslab.scenario import Campaign, Hours, Poisson, Scenario, Sender, Zone


def at(text):
    return dt.datetime.fromisoformat(text)


def scenario(start="2026-11-27T06:00:00-05:00", zones=("America/New_York",), **fields):
    plain = {"name": "offer", "messages": 3600, "validity_h": 72}
    plain["allowed_hours"] = (Hours(from_h=9, to_h=20),)
    return Scenario(
        start=at(start),
        horizon_h=100,
        traffic=(Campaign(**(plain | fields)),),
        senders=(Sender(mps=1),),
        zones=tuple(Zone(name=zone) for zone in zones),
    )


def test_an_hour_before_it_closes():
    found = smslab.latest_start(scenario(), rng=1, step_min=1)
    assert found
    assert found.start == at("2026-11-27T19:00:00-05:00")
    row = found.zones.loc["America/New_York"]
    assert row["closes"] == at("2026-11-27T20:00:00-05:00")
    assert row["last_leaves"] == at("2026-11-27T19:59:59-05:00")
    assert (row["messages"], row["next_day"]) == (3600, 0)
    assert found.scenario.traffic[0].start_s == 13 * 3600
    later = found.curve[found.curve["start"] > found.start]
    assert (later["next_day"] > 0).all()
    # Half an hour later, half of it falls to the next day.
    half = smslab.latest_start(scenario(), rng=1, step_min=30, late=0.5)
    assert half.start == at("2026-11-27T19:30:00-05:00")
    assert half.zones["next_day"].tolist() == [0.5]


def test_the_first_zone_to_close_decides():
    zones = ("America/New_York", "America/Chicago", "America/Los_Angeles")
    found = smslab.latest_start(scenario(zones=zones, messages=7200), rng=1)
    assert found.start == at("2026-11-27T18:00:00-05:00")
    assert found.zones["last_leaves"].max() < at("2026-11-27T20:00:00-05:00")
    # 2,400 s a part, each until its own zone closes.
    assert [moment.isoformat() for moment in found.zones["split_start"]] == [
        "2026-11-27T19:20:00-05:00",
        "2026-11-27T20:20:00-05:00",
        "2026-11-27T22:20:00-05:00",
    ]
    split = found.split()
    run = smslab.simulate(split, rng=1)
    closes = [20, 21, 23]
    for part, zone, closing in zip(split.traffic, zones, closes, strict=True):
        assert part.zones == (zone,)
        assert run.of(part.name).figures()["sending_done_s"] <= (closing - 6) * 3600
    assert sum(part.messages for part in split.traffic) == 7200


def test_parts_that_close_together_go_one_after_the_other():
    zones = ("America/New_York", "America/Toronto")
    found = smslab.latest_start(scenario(zones=zones), rng=1)
    starts = sorted(moment.isoformat() for moment in found.zones["split_start"])
    assert starts == ["2026-11-27T19:00:00-05:00", "2026-11-27T19:30:00-05:00"]


def test_too_much_for_a_day():
    found = smslab.latest_start(scenario(messages=79_200), rng=1)
    assert not found
    assert found.start is None
    assert found.zones["next_day"].tolist() == [0.5]
    assert found.zones["split_late"].tolist() == [0.5]
    assert "no start of the day fits; of one at 09:00 50.0% does not leave" in found.summary()
    short = smslab.latest_start(scenario(messages=79_200, validity_h=5), rng=1)
    assert short.zones["next_day"].iloc[0] == pytest.approx(1 - 5 / 22, abs=0.01)


@pytest.mark.parametrize(
    ("start", "zone", "hours", "latest"),
    [
        # The clocks go back at 2 in the night: the day has 25 hours.
        ("2026-11-01T00:00:00-04:00", "America/New_York", (0, 3), "2026-11-01T02:00:00-05:00"),
        # They go forward: from 1 to 4 are two hours.
        ("2026-03-08T00:00:00-05:00", "America/New_York", (1, 4), "2026-03-08T03:00:00-04:00"),
        ("2026-10-25T00:00:00+02:00", "Europe/Berlin", (8, 20), "2026-10-25T19:00:00+01:00"),
        # It is Saturday in Tokyo already.
        ("2026-11-27T12:00:00-05:00", "Asia/Tokyo", (9, 20), "2026-11-28T19:00:00+09:00"),
    ],
)
def test_days_of_zones(start, zone, hours, latest):
    opens = (Hours(from_h=hours[0], to_h=hours[1]),)
    found = smslab.latest_start(scenario(start, (zone,), allowed_hours=opens), rng=1)
    assert found.start == at(latest)
    assert found.zones["last_leaves"].iloc[0] < found.zones["closes"].iloc[0]


def test_a_day_on_which_it_is_closed():
    """France has no marketing on Sundays: a campaign of Sunday is Monday's."""
    sunday = scenario(
        "2026-11-29T08:00:00+01:00", ("Europe/Paris",), allowed_hours=(), country="FR"
    )
    found = smslab.latest_start(sunday, rng=1)
    assert found.start == at("2026-11-30T21:00:00+01:00")
    assert found.scenario.traffic[0].allowed_hours == (
        Hours(from_h=8, to_h=22, days=(0, 1, 2, 3, 4, 5)),
    )
    assert any("hours of FR: Bird docs" in note for note in found.notes)


def test_hours_that_countries_have_in_common():
    both = scenario(allowed_hours=()).changed(
        {
            "carriers": tuple(
                smslab.scenario.Carrier(name=code, country=code) for code in ("AU", "MX", "ZW")
            )
        }
    )
    found = smslab.latest_start(both, rng=1)
    assert found.scenario.traffic[0].allowed_hours == (Hours(from_h=11, to_h=18),)
    assert "no hours are known of ZW: those of the others are taken" in found.notes


@pytest.mark.parametrize(
    ("hours", "opens"),
    [((2, 2.5), None), ((1, 2.5), (1, 2)), ((2.5, 8), (2, 7)), ((0, 3), (0, 2)), ((1, 4), (1, 3))],
)
def test_hours_that_the_clocks_leave_out(hours, opens):
    """On 2026-03-08 the clocks of New York go from 2 to 3: hours after midnight, as they pass."""
    start, day = at("2026-03-08T00:00:00-05:00"), 23 * 3600 * 10**6
    span = Hours(from_h=hours[0], to_h=hours[1])
    found = calendars.open_hours((span,), "America/New_York", start, day) / 3.6e9
    first = found[found[:, 0] < 22]
    assert first.tolist() == ([] if opens is None else [list(opens)])


def test_minutes_of_a_week():
    hours = (Hours(from_h=9, to_h=12.5, days=(0, 2)), Hours(from_h=8, to_h=24, days=(5,)))
    assert calendars.hours_of(calendars.minutes_of(hours)) == hours
    assert calendars.minutes_of(hours).sum() == 2 * 210 + 960
    assert calendars.minutes_of(()).all()
    assert calendars.hours_of(np.zeros(calendars.WEEK_MIN, np.bool_)) == ()


@pytest.mark.parametrize(
    ("zones", "fields", "latest"),
    [
        # The two open one after the other: whoever waits for the second is lost.
        (
            ("America/New_York", "America/Chicago"),
            {"messages": 100, "validity_h": 0.2, "allowed_hours": (Hours(from_h=9, to_h=9.5),)},
            None,
        ),
        (("America/New_York",), {"messages": 100, "validity_h": 0.2}, "19:55"),
    ],
)
def test_what_may_not_wait(zones, fields, latest):
    found = smslab.latest_start(scenario(zones=zones, **fields), rng=1)
    assert (found.start and f"{found.start:%H:%M}") == latest
    if not found:
        assert (found.curve["next_day"] > 0).all()


def test_a_window_of_starts_in_the_middle_of_the_day():
    opens = (Hours(from_h=10, to_h=12), Hours(from_h=18, to_h=21))
    zones = ("America/New_York", "America/Chicago")
    waits = scenario(zones=zones, messages=100, validity_h=1.2, allowed_hours=(opens[0],))
    found = smslab.latest_start(waits, rng=1)
    assert f"{found.start:%H:%M}" == "11:55"
    both = scenario(zones=zones, messages=100, validity_h=0.2, allowed_hours=opens)
    assert f"{smslab.latest_start(both, rng=1).start:%H:%M}" == "20:55"


def test_a_campaign_over_hours_is_split_into_shorter_ones():
    zones = ("America/New_York", "America/Chicago")
    found = smslab.latest_start(scenario(zones=zones, messages=500, over_h=4), rng=1)
    starts = [f"{moment:%H:%M}" for moment in found.zones["split_start"]]
    assert starts == ["17:00", "19:00"]
    split = found.split()
    assert [part.over_h for part in split.traffic] == [2, 2]
    run = smslab.simulate(split, rng=1)
    assert run.of(split.traffic[0].name).figures()["sending_done_s"] <= 14 * 3600


def test_names_with_brackets():
    odd = scenario(name="of [x]").changed(
        {"goals": (smslab.Goal("finish <= 20:00", {"campaign": "of [x]"}),)}
    )
    found = smslab.latest_start(odd, rng=1)
    assert found.start == at("2026-11-27T19:00:00-05:00")
    assert found.split().goals == ()


def test_other_traffic_takes_its_part():
    codes = Poisson(name="codes", rate_per_s=0.5, duration_s=24 * 3600)
    plain = scenario()
    busy = plain.changed({"traffic": (codes, *plain.traffic)})
    found = smslab.latest_start(busy, "offer", rng=1, step_min=10)
    assert found.start <= at("2026-11-27T18:00:00-05:00")
    with ThreadPoolExecutor(2) as executor:
        again = smslab.latest_start(busy, "offer", rng=1, step_min=10, executor=executor)
    assert repr(again) == repr(found)
    assert again.curve.equals(found.curve)


def test_without_zones_the_clock_is_that_of_the_start():
    found = smslab.latest_start(scenario(zones=()), rng=1)
    assert found.zones.index.tolist() == ["UTC-0500"]
    assert found.start == at("2026-11-27T19:00:00-05:00")
    assert found.split().traffic[0].zones == ()
    assert "<li>" in found._repr_html_()


@pytest.mark.parametrize(
    ("change", "fields", "says"),
    [
        ({"start": None}, {}, "start: missing"),
        ({}, {"campaign": "ofer"}, "Did you mean 'offer'"),
        ({"traffic": (Poisson(rate_per_s=1, duration_s=9),)}, {}, "no campaign"),
        ({"traffic[0].allowed_hours": ()}, {}, "no hours of marketing are known for a scenario"),
        (
            {"traffic[0].allowed_hours": (), "traffic[0].country": "TR"},
            {},
            "TR: promotional international traffic prohibited",
        ),
        ({}, {"step_min": 0}, "step_min must be"),
        ({}, {"step_min": "5"}, "step_min must be"),
        ({}, {"late": 5}, "late must be a share"),
        ({}, {"replications": 5}, "replications must be 19 or more"),
    ],
)
def test_bad_input(change, fields, says):
    with pytest.raises(OptionError, match=says):
        smslab.latest_start(scenario().changed(change), rng=1, **fields)
