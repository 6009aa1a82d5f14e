import dataclasses
import datetime as dt
import zoneinfo

import nasty
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smslab.errors import ScenarioError
from smslab.scenario import Campaign, Carrier, Poisson, Reading, Scenario, Schedule, Sender
from smslab.traffic import Load, generate

shares = st.lists(st.floats(0.01, 1), min_size=1, max_size=5).map(
    lambda weights: tuple(w / sum(weights) for w in weights)
)
campaigns = st.builds(
    Campaign,
    name=st.just("a campaign"),
    messages=st.none() | st.integers(0, 100),
    segment_shares=shares,
    over_h=st.floats(0, 10),
    priority=st.integers(-3, 9),
)
poissons = st.builds(
    Poisson, name=st.just("codes"), rate_per_s=st.floats(0.1, 10), duration_s=st.floats(1, 1000)
)
scenarios = st.builds(
    Scenario,
    name=st.text(max_size=20),
    start=st.none() | st.just(dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)),
    traffic=st.tuples(campaigns, poissons),
    senders=st.tuples(st.builds(Sender, mps=st.floats(0.1, 1000), numbers=st.integers(1, 9))),
    carriers=st.tuples(
        st.builds(Carrier, mps=st.none() | st.floats(1, 100), country=st.sampled_from(["", "US"]))
    ),
    reading=st.builds(Reading, median_s=st.floats(1, 1000)),
)


@given(scenario=scenarios | nasty.scenarios)
def test_toml_both_ways(tmp_path_factory, scenario):
    path = tmp_path_factory.mktemp("toml") / "scenario.toml"
    scenario.to_toml(path)
    assert Scenario.from_toml(path) == scenario


@pytest.mark.parametrize(
    "start",
    [
        dt.datetime(2026, 11, 1, 1, 30, tzinfo=zoneinfo.ZoneInfo("America/New_York")),
        pd.Timestamp("2026-10-31T00:00:00-04:00"),
        dt.datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("America/New_York")),
    ],
)
def test_a_start_has_a_fixed_offset(tmp_path, start):
    scenario = Scenario(start=start)
    assert type(scenario.start) is dt.datetime
    assert type(scenario.start.tzinfo) is dt.timezone
    assert scenario.start.utcoffset() == start.utcoffset()
    scenario.to_toml(tmp_path / "s.toml")
    again = Scenario.from_toml(tmp_path / "s.toml")
    assert again == scenario
    assert again.start.isoformat() == scenario.start.isoformat()


def test_infinite_is_unlimited():
    assert Sender(mps=float("inf")) == Sender(mps=None)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[[senders]]\nmsp = 1", r"senders\[0\].msp: unknown field. Did you mean 'mps'"),
        ("horizon = 1", "horizon: unknown field. Did you mean 'horizon_h'"),
        ("[[senders]]\nmps = 'fast'", r"senders\[0\].mps must be of type float; not 'fast'"),
        ("[[senders]]\nmps = true", "must be of type float; not True"),
        ("[[senders]]\nmps = -inf", "mps must be between 1e-06 and 1e"),
        ("[[senders]]\nmps = nan", "mps must be between 1e-06 and 1e"),
        ("[[senders]]\nnumbers = 1.5", "must be of type int; not 1.5"),
        ("[[traffic]]\nkind = 'posson'", "Did you mean 'poisson'"),
        (
            "[[traffic]]\nname = 'x'",
            "kind must be one of campaign, poisson, schedule, inbound; not None",
        ),
        ("[[traffic]]\nkind = 'poisson'\nrate_per_s = 1", r"traffic\[0\].duration_s: missing"),
        ("[[traffic]]\nkind = 'campaign'\nmessages = -1", "messages must be between 0 and"),
        ("[[traffic]]\nkind = 'campaign'\nsegment_shares = [0.5]", "add up to 1"),
        ("[[traffic]]\nkind = 'campaign'\nsender = 'x'", "sender must be one of"),
        ("[[traffic]]\nkind = 'campaign'\nover_h = 99", "past the horizon of 72 h"),
        ("[[carriers]]\nfirst_attempt = 0.9\npermanent_failure = 0.2", "1 at most"),
        ("[[carriers]]\nreceipt_missing = 2", "receipt_missing must be between 0 and 1; not 2"),
        ("[[carriers]]\ncountry = 'UK'", "ISO 3166-1"),
        ("[[carriers]]\nretry_s = []", "one or more waits"),
        ("[[carriers]]\nretry_s = [0.0]", "at least 1 s"),
        ("[[carriers]]\n[[carriers]]", "different names"),
        ("senders = 3", "senders must be a list; not 3"),
        ("senders = [3]", r"senders\[0\] must be a table; not 3"),
        ("senders = []", "senders must be one or more"),
        ("start = 2026-01-01T00:00:00", "with its offset"),
        ("start = 9999-12-31T23:59:00Z", "before the year 9000"),
        ("[[senders]]\nname = ' '", "names that are not empty"),
        ("horizon_h = 99999", "horizon_h must be between 1e-06 and 8,784"),
        ("a =", "not TOML"),
        ("[" * 5000, "not TOML"),
        ("horizon_h = " + "9" * 5000, "not TOML"),
        ("horizon_h = " + "9" * 400, "horizon_h must be of type float"),
        ("[[traffic]]\nkind = ['campaign']", r"kind must be one of .* not \['campaign'\]"),
        ("[[traffic]]\nkind = 'campaign'\nmessages = 99999999999", "messages must be between"),
        ("[[traffic]]\nkind = 'campaign'\nmessages = 1.5", "messages must be of type int"),
        ("[[traffic]]\nkind = 'poisson'\nrate_per_s = 1e6\nduration_s = 1e6", "100,000,000 at"),
        ("[[senders]]\nmps = 1e-305", "mps must be between"),
        ("[[carriers]]\nvalidity_h = 1e305", "validity_h must be between"),
        ("[[carriers]]\nretry_s = [1e305]", "one or more waits"),
        ("[reading]\nsigma = 99", "reading.sigma must be between 0 and 10"),
        ("[[senders]]\nlimiter = 'leaky'", r"senders\[0\].limiter must be one of spacing, window"),
        ("[[senders]]\nper = 'segments'", r"per must be one of .* Did you mean 'segment'"),
        ("[[senders]]\npool = 'stiky'", "Did you mean 'sticky'"),
        (
            "[[senders]]\nmps = 0.1\nlimiter = 'window'",
            "with less than one the window never opens; not 0.1",
        ),
        ("[[senders]]\nnumbers = 5000\npool = 'sticky'", "1,000 at most in a sticky pool"),
        ("[[senders]]\ncap_zone = 'America/Chicgo'", "Did you mean 'America/Chicago'"),
        ("[[senders]]\ncap_reset_h = 24", "0 or more, less than 24"),
        ("[[senders]]\nburst = 0", "burst must be between 1 and"),
        ("[account]\nqueue_limit = -1", "account.queue_limit must be between 0 and"),
        (
            "[[traffic]]\nkind = 'campaign'\nsegment_shares = [0, 0, 1]\n"
            "[[senders]]\nqueue_limit = 2",
            r"senders\[0\].queue_limit must be 3 or more, since 'campaign' has messages of 3",
        ),
        (
            "[[traffic]]\nkind = 'campaign'\nsegment_shares = [0, 1]\n[[carriers]]\ndaily_cap = 1",
            r"carriers\[0\].daily_cap must be 2 or more",
        ),
        ("[[carriers]]\nfailover = 'x'", r"carriers\[0\].failover must be another carrier"),
        ("[[carriers]]\noutages = [{from_h = 0, hours = 99}]", "nothing but outages"),
        ("[[carriers]]\noutages = [{from_h = 0}]", r"outages\[0\].hours: missing"),
        ("[carriers]\nname = 'x'", "carriers must be a list"),
        ("[[carriers]]\n[carriers.causes]\nblocked = -1", "causes.blocked must be between"),
        ("[[zones]]\nname = 'Mars'", r"zones\[0\].name must be the name of a time zone"),
        ("[[zones]]\nname = 'UTC'\n[[zones]]\nname = 'UTC'", "zones must be of different names"),
        ("[handset]\noff_share = 1", "off_share must be 0 or more, less than 1"),
        ("resubmit_s = [-1.0]", "resubmit_s must be 100 waits of 0 s or more at most"),
        (
            "[[traffic]]\nkind = 'campaign'\nallowed_hours = [{from_h = 21, to_h = 8}]",
            r"traffic\[0\].allowed_hours\[0\].to_h must be after from_h \(21\); not 8",
        ),
        (
            "horizon_h = 3\n[[traffic]]\nkind = 'campaign'\nallowed_hours = [{from_h = 8}]",
            r"traffic\[0\].allowed_hours: not open before the horizon; raise horizon_h",
        ),
        (
            "[[traffic]]\nkind = 'campaign'\nallowed_hours = [{days = [7]}]",
            "one or more of 0 .Monday. to 6",
        ),
        (
            "start = 2026-11-23T10:00:00Z\n[[traffic]]\nkind = 'campaign'\nlocal = true\n"
            "[[zones]]\nname = 'Asia/Tokyo'",
            "start_s must be 32400 or more, since that hour is past in Asia/Tokyo; not 0",
        ),
        ("[[traffic]]\nkind = 'campaign'\nlocal = 1", "local must be of type bool; not 1"),
        ("[[traffic]]\nkind = 'campaign'\nmessage_class = 'ads'", "message_class must be one of"),
        ("[[traffic]]\nkind = 'campaign'\nprofile = [0, 0]", "one of them over 0"),
        ("[[traffic]]\nkind = 'campaign'\ntexts = ['a']\nsegment_shares = [0, 1]", "left out"),
        (
            "[[traffic]]\nkind = 'campaign'\n[traffic.conversation]\nstop_share = 0.9\n"
            "help_share = 0.2",
            r"conversation.stop_share \+ help_share \+ start_share must be 1 at most",
        ),
        ("[[traffic]]\nkind = 'campaign'\n[traffic.fallback]\ncost = -1", "fallback.cost must be"),
        (
            "[[traffic]]\nkind = 'inbound'\nrate_per_s = 1\nduration_s = 9\nconversion = 0.5",
            "conversion must be left out of inbound traffic; not 0.5",
        ),
        ("[[traffic]]\nkind = 'schedule'\ntimes_s = [-1]", "times_s must be from 0 to"),
        ("[[traffic]]\nkind = 'schedule'\ntimes_s = [1]\nsegments = [1, 2]", "one for each of 1"),
        ("[[traffic]]\nkind = 'schedule'\ntimes_s = [1]\nsegments = [0]", "segments must be from"),
    ],
)
def test_bad_toml(tmp_path, toml, says):
    path = tmp_path / "s.toml"
    path.write_text(toml)
    with pytest.raises(ScenarioError, match=says) as caught:
        Scenario.from_toml(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Sender(mps="fast"), "mps must be of type float; not 'fast'"),
        (lambda: Sender(mps=True), "mps must be of type float; not True"),
        (lambda: Sender(numbers=1.5), "numbers must be of type int; not 1.5"),
        (lambda: Campaign(priority="high"), "priority must be of type int"),
        (lambda: Scenario(name=5), "name must be of type str; not 5"),
        (lambda: Campaign(messages=10**5000), "messages must be .*; not a number of over 4,300"),
        (
            lambda: Scenario(start=dt.datetime(1, 1, 1, tzinfo=dt.UTC)),
            "start must be from the year 2 on",
        ),
        (
            lambda: Scenario(
                start=dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(seconds=3661)))
            ),
            "start must be a moment with its offset",
        ),
        (lambda: Scenario(traffic=(Campaign(name="all"),)), "'all' stands for all of it"),
        (lambda: Scenario(senders=(Sender(name="\ud800"),)), "without half a surrogate pair"),
        (lambda: Scenario(carriers=(Carrier(name="", country="US"),)), "that are not empty"),
        (lambda: Scenario(resubmit_s=(1.0,) * 101), "100 waits"),
        (
            lambda: Scenario(
                senders=tuple(Sender(name=n, numbers=600, pool="sticky") for n in "ab")
            ),
            "senders must be of 1,000 sticky numbers at most; not 1200",
        ),
        (
            lambda: Scenario(
                traffic=(Schedule(times_s=(0,), segments=(5,)),), senders=(Sender(daily_cap=3),)
            ),
            r"senders\[0\].daily_cap must be 5 or more",
        ),
        (lambda: Campaign(over_h=5, profile=(5e-324, 0, 1)), "profile must be .* less than a"),
        (lambda: Campaign(over_h=0.5, profile=(0, 1)), "profile must be over 0 somewhere in the"),
        (
            lambda: Poisson(rate_per_s=1e5, duration_s=900, profile=(1.0, *(0.0,) * 23)),
            "rate_per_s x duration_s must be 100,000,000 at most",
        ),
        (lambda: Sender(limiter="window", mps=1e9, window_s=1e9), "mps x window_s must be 1 to"),
        (lambda: Scenario(start="2026-01-01"), "start must be of type datetime"),
        (lambda: Scenario(senders="abc"), "senders must be a list; not 'abc'"),
        (
            lambda: Scenario(traffic=(Sender(),)),
            "must be of type Campaign or Poisson or Schedule or Inbound",
        ),
    ],
)
def test_wrong_types_in_python(make, says):
    with pytest.raises(ScenarioError, match=says):
        make()


def test_lists_and_whole_numbers_are_taken():
    scenario = Scenario(senders=[Sender(mps=np.int64(5))], horizon_h=3)
    assert scenario == Scenario(senders=(Sender(mps=5.0),), horizon_h=3.0)


def test_toml_with_a_byte_order_mark(tmp_path):
    (tmp_path / "s.toml").write_text("\ufeffname = 'x'", "utf-8")
    assert Scenario.from_toml(tmp_path / "s.toml").name == "x"


def test_unreadable_toml(tmp_path):
    with pytest.raises(ScenarioError, match="cannot be read"):
        Scenario.from_toml(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes("name = 'é'".encode("latin-1"))
    with pytest.raises(ScenarioError, match="not UTF-8"):
        Scenario.from_toml(tmp_path / "latin.toml")


def load(rows, country="US", carrier=None):
    return Load(
        np.ones(rows, np.int32), np.full(rows, country, object), np.full(rows, carrier, object)
    )


def test_campaign_release():
    def released(**campaign):
        return generate(Scenario(traffic=(Campaign(messages=4, **campaign),)), 1).queued_us

    assert released().tolist() == [0, 0, 0, 0]
    assert released(start_s=1.5).tolist() == [1_500_000] * 4
    assert released(over_h=1).tolist() == [0, 900_000_000, 1_800_000_000, 2_700_000_000]


def test_long_release_of_many():
    campaign = Campaign(messages=1_000_000, over_h=8784)
    queued = generate(Scenario(horizon_h=8784, traffic=(campaign,)), 1).queued_us
    exact = [row * 8784 * 3600 * 10**6 // 10**6 for row in (0, 1, 999_999)]
    assert queued[[0, 1, -1]].tolist() == exact
    assert (np.diff(queued) > 0).all()


def test_poisson_is_poisson():
    traffic = Poisson(rate_per_s=5, duration_s=2000, start_s=100)
    counts = [len(generate(Scenario(traffic=(traffic,)), seed).queued_us) for seed in range(200)]
    assert np.mean(counts) == pytest.approx(10_000, abs=4 * 100 / 200**0.5)
    assert np.var(counts) == pytest.approx(10_000, rel=0.4)
    times = generate(Scenario(traffic=(traffic,)), 1).queued_us
    assert (np.diff(times) >= 0).all()
    assert times[0] >= 100e6
    assert times[-1] < 2100e6


def test_segment_shares():
    campaign = Campaign(messages=100_000, segment_shares=(0.7, 0.2, 0.07, 0.03))
    segments = generate(Scenario(traffic=(campaign,)), 3).segments
    assert np.bincount(segments)[1:] / 1e5 == pytest.approx([0.7, 0.2, 0.07, 0.03], abs=0.006)


def test_carriers_by_country_share_and_name():
    carriers = (
        Carrier(name="A", country="US", share=3),
        Carrier(name="B", country="US", share=1),
        Carrier(name="Other"),
    )
    scenario = Scenario(carriers=carriers)
    us = generate(scenario, 1, load(40_000)).carrier
    assert np.bincount(us, minlength=3) / 40_000 == pytest.approx([0.75, 0.25, 0], abs=0.01)
    assert set(generate(scenario, 1, load(10, "DE")).carrier) == {2}
    assert set(generate(scenario, 1, load(10, None)).carrier) == {2}
    assert set(generate(scenario, 1, load(10, carrier="b")).carrier) == {1}
    only_us = dataclasses.replace(scenario, carriers=carriers[:2])
    assert set(generate(only_us, 1, load(10, "DE")).carrier) == {-1}
    assert set(generate(only_us, 1, load(99, None)).carrier) == {0, 1}


def test_a_list_needs_one_campaign_that_takes_it():
    with pytest.raises(ScenarioError, match="say how many, or pass a list"):
        generate(Scenario(), 1)
    full = Scenario(traffic=(Campaign(messages=1),))
    with pytest.raises(ScenarioError, match="the scenario has 0"):
        generate(full, 1, load(1))
    two = Scenario(traffic=(Campaign(name="a"), Campaign(name="b")))
    with pytest.raises(ScenarioError, match="the scenario has 2"):
        generate(two, 1, load(1))
