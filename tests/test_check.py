"""What a check finds, each finding beside what a simulation of the same does."""

import datetime as dt

import pytest

import smslab
from smslab.regulations import marketing_hours, sender_limits, sender_rule, states_with_hours
from smslab.scenario import (
    Account,
    Campaign,
    Carrier,
    Conversation,
    Hours,
    Outage,
    Poisson,
    Scenario,
    Schedule,
    Sender,
    Zone,
)

US = {"country": "US"}
NEW_YORK = dt.datetime(2026, 11, 27, 10, tzinfo=dt.timezone(dt.timedelta(hours=-5)))


def found(scenario):
    return [(f.severity, f.where, f.what) for f in smslab.check(scenario).findings]


def only(scenario, where):
    rows = [row for row in found(scenario) if row[1] == where]
    assert len(rows) == 1, found(scenario)
    return rows[0]


def lost(scenario):
    figures = smslab.simulate(scenario, rng=1).figures()
    return figures["failed"] + figures["pending"] + figures["undelivered"]


def test_nothing_to_find():
    scenario = Scenario(traffic=(Campaign(messages=100),), senders=(Sender(mps=10),))
    assert found(scenario) == []
    assert smslab.check(scenario)
    assert repr(smslab.check(scenario)) == "nothing found that does not fit"


def test_longer_than_it_may_wait():
    scenario = Scenario(
        traffic=(Campaign(messages=50_000, segment_shares=(0.5, 0.5)),), senders=(Sender(mps=1),)
    )
    severity, where, what = only(scenario, "traffic[campaign].validity_h")
    assert (severity, where) == ("lost", "traffic[campaign].validity_h")
    assert "waits up to 20 h 50 min at 1/s of sender and may wait 10 h: about 52 % fail" in what
    assert lost(scenario) == pytest.approx(0.52, abs=0.01)
    assert not smslab.check(scenario)


def test_queues_of_providers():
    scenario = Scenario(traffic=(Campaign(messages=15_000),), senders=(Sender(mps=1),))
    rows = [row for row in found(scenario) if row[0] == "limit"]
    assert [row[2] for row in rows] == [
        "waits up to 4 h 10 min; Plivo keeps messages 3 h",
        "waits up to 4 h 10 min; Telnyx keeps messages 4 h",
    ]
    assert smslab.check(scenario)


def test_no_room_to_wait():
    scenario = Scenario(
        traffic=(Campaign(messages=1000),), senders=(Sender(mps=10, queue_limit=400),)
    )
    _, _, what = only(scenario, "senders[sender].queue_limit")
    assert "1,000 segments, of which 1,000 wait at once and 400 may: about 60 % fail" in what
    assert lost(scenario) == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize(("over", "severity"), [("fail", "lost"), ("hold", "late")])
def test_daily_cap(over, severity):
    carrier = Carrier(daily_cap=2000, over_cap=over, share=1)
    campaign = Campaign(messages=5000, start_s=3600, validity_h=72)
    scenario = Scenario(traffic=(campaign,), senders=(Sender(mps=50),), carriers=(carrier,))
    row = only(scenario, "carriers[Other].daily_cap")
    assert row[0] == severity
    says = "about 60 % fail" if over == "fail" else "about 3 days are needed"
    assert f"5,000 segments come on a day and 2,000 may pass: {says}" in row[2]
    if over == "fail":
        assert lost(scenario) == pytest.approx(0.6, abs=0.02)
    # On two days it fits.
    spread = Campaign(messages=5000, start_s=12 * 3600, over_h=30, validity_h=72)
    assert not found(scenario.changed({"traffic[0]": spread, "carriers[0].daily_cap": 4000}))


def test_too_much_at_random():
    codes = Poisson(name="codes", rate_per_s=1, duration_s=86_400, profile=(1, 5, 1, 1))
    scenario = Scenario(traffic=(codes,), senders=(Sender(mps=2),))
    severity, _, what = only(scenario, "sender")
    assert severity == "late"
    assert "codes bring 125 % of what it can take in the busiest hour" in what
    swamped = scenario.changed({"senders[0].mps": 1, "horizon_h": 24})
    assert any("by the horizon of 24 h" in row[2] for row in found(swamped))


def test_account_counts_messages():
    scenario = Scenario(
        traffic=(Campaign(messages=200_000, segment_shares=(0, 1)),),
        account=Account(mps=5),
        senders=(Sender(mps=None),),
    )
    assert (
        "waits up to 11 h 6 min at 5/s of account"
        in only(scenario, "traffic[campaign].validity_h")[2]
    )


NOON = dt.datetime(2026, 11, 27, 12, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
SHIFTED = (Zone(name="America/New_York"), Zone(name="America/Los_Angeles"))
B = Carrier(name="B", share=1e-6)

#: What a check says will be lost, and what a simulation loses.
LOST = {
    "hours that have passed": (
        Scenario(
            start=NOON,
            traffic=(Campaign(messages=99, validity_h=1, allowed_hours=(Hours(to_h=9),)),),
            senders=(Sender(mps=10),),
        ),
        1.0,
    ),
    "schedule": (
        Scenario(
            traffic=(Schedule(times_s=(0.0,) * 5000, validity_h=0.1),), senders=(Sender(mps=1),)
        ),
        0.93,
    ),
    "rush": (
        Scenario(
            traffic=(
                Campaign(messages=36_000, over_h=10, profile=(100,) + (1,) * 9, validity_h=0.5),
            ),
            senders=(Sender(mps=1.2),),
        ),
        0.74,
    ),
    "outage": (
        Scenario(
            traffic=(Campaign(messages=900, validity_h=1),),
            senders=(Sender(mps=10),),
            carriers=(Carrier(outages=(Outage(from_h=0, hours=10),)),),
        ),
        1.0,
    ),
    "codes": (
        Scenario(
            traffic=(Poisson(rate_per_s=20, duration_s=600, validity_h=0.05),),
            senders=(Sender(mps=10),),
        ),
        0.35,
    ),
}

#: What gets through, whatever its figures look like.
KEPT = {
    "room behind a slow account": Scenario(
        traffic=(Campaign(messages=5000),),
        account=Account(mps=1),
        senders=(Sender(mps=10, queue_limit=100),),
    ),
    "room behind a slow sender": Scenario(
        traffic=(Campaign(messages=5000),),
        senders=(Sender(mps=1),),
        carriers=(Carrier(mps=10, queue_limit=100),),
    ),
    "room of each number": Scenario(
        traffic=(Campaign(messages=1000),),
        senders=(Sender(mps=1, numbers=10, pool="sticky", queue_limit=200),),
    ),
    "local": Scenario(
        start=NEW_YORK,
        traffic=(Campaign(messages=100, local=True, validity_h=2, country="US"),),
        senders=(Sender(mps=10),),
        zones=SHIFTED,
    ),
    "cap behind a slow sender": Scenario(
        traffic=(Campaign(messages=100_000, validity_h=40),),
        senders=(Sender(mps=1),),
        carriers=(Carrier(daily_cap=90_000),),
    ),
    "short rush": Scenario(
        traffic=(Poisson(rate_per_s=20, duration_s=60),), senders=(Sender(mps=10),)
    ),
    "failover": Scenario(
        traffic=(Campaign(messages=1000),),
        senders=(Sender(mps=10),),
        carriers=(
            Carrier(name="A", mps=10, outages=(Outage(from_h=0, hours=100),), failover="B"),
            B,
        ),
    ),
}


@pytest.mark.parametrize("name", LOST)
def test_what_will_be_lost(name):
    scenario, share = LOST[name]
    assert lost(scenario) == pytest.approx(share, abs=0.05)
    assert not smslab.check(scenario), found(scenario)


@pytest.mark.parametrize("name", KEPT)
def test_what_gets_through(name):
    assert lost(KEPT[name]) < 0.02
    assert smslab.check(KEPT[name]), found(KEPT[name])


def test_nothing_to_send():
    said = smslab.estimate(smslab.scenarios.load("campaign")).summary()
    assert said == "nothing is sent: the scenario has no messages"


def test_two_campaigns_of_one_sender():
    one = ten_dlc(9000, mps=60.0)
    two = one.changed({"traffic": (*one.traffic, Campaign(name="more", messages=9000))})
    assert only(one, "carriers[AT&T].mps")[0] == only(two, "carriers[AT&T].mps")[0] == "note"


def ten_dlc(messages, mps=75.0, **carrier):
    return Scenario(
        traffic=(Campaign(messages=messages, message_class="transactional", validity_h=72),),
        senders=(Sender(name="10DLC", type="10dlc", mps=mps),),
        carriers=(Carrier(name="T-Mobile", **US, **carrier), Carrier(name="AT&T", **US)),
    )


def test_tiers_of_t_mobile():
    severity, _, what = only(ten_dlc(500_000), "carriers[T-Mobile].daily_cap")
    assert severity == "limit"
    assert "250,000 segments of 10DLC come on a day; even the tier Top (A/B) takes 200,000" in what
    assert "2 days, or another type of sender; the scenario has no daily cap there" in what
    severity, _, what = only(ten_dlc(60_000, daily_cap=40_000), "carriers[T-Mobile].daily_cap")
    assert severity == "note"
    assert "the brand's tier must be High mid (C/D) (40,000 a day) or higher" in what
    other = ten_dlc(500_000).changed({"senders[0].type": "short_code"})
    assert not [row for row in found(other) if "T-Mobile" in row[1]]


def test_classes_of_at_t():
    severity, _, what = only(ten_dlc(18_000), "carriers[AT&T].mps")
    assert severity == "note"
    assert "9,000 segments of 10DLC take, by class of the campaign: A/B 2 min 0 s, C/D" in what
    assert only(ten_dlc(18_000, mps=200.0), "carriers[AT&T].mps")[0] == "limit"


def test_rates_that_no_provider_publishes():
    scenario = Scenario(
        traffic=(Campaign(messages=10, message_class="otp", **US),),
        senders=(Sender(name="toll-free", type="toll_free", mps=50),),
    )
    assert only(scenario, "senders[toll-free].mps") == (
        "limit",
        "senders[toll-free].mps",
        "50 segments/s of a toll_free number; published defaults are Telnyx 20, AWS 3, "
        "SignalWire 3 a second",
    )


def abroad(country, **fields):
    sender = Sender(type=fields.pop("type", "alphanumeric"), mps=1)
    plain = {"messages": 10, "message_class": "transactional", "country": country}
    return Scenario(traffic=(Campaign(**(plain | fields)),), senders=(sender,))


def test_rules_of_countries():
    assert only(abroad("CN"), "traffic[campaign]")[0] == "rule"
    assert (
        "CN: alphanumeric senders are not supported" in only(abroad("CN"), "traffic[campaign]")[2]
    )
    assert only(abroad("AE"), "traffic[campaign]") == (
        "note",
        "traffic[campaign]",
        "AE: alphanumeric senders need registration",
    )
    answers = abroad("AD", conversation=Conversation())
    assert only(answers, "traffic[campaign].conversation")[2] == "AD: recipients cannot answer"
    long = abroad("TN", texts=("x" * 161,), type="")
    assert "TN: parts of long texts may arrive apart" in only(long, "traffic[campaign]")[2]
    assert found(abroad("TN", texts=("x" * 160,), type="")) == []
    assert (
        "10DLC numbers are for the United States"
        in only(abroad("GB", type="10dlc"), "traffic[campaign]")[2]
    )


def test_hours_of_marketing():
    where = "traffic[campaign].allowed_hours"
    france = abroad("FR", message_class="marketing")
    severity, _, what = only(france, where)
    assert severity == "rule"
    assert "FR: marketing may go 8:00 to 22:00 Monday to Saturday" in what
    assert "this may leave at other times" in what
    days = (0, 1, 2, 3, 4, 5)
    fits = france.changed({"traffic[0].allowed_hours": (Hours(from_h=9, to_h=20, days=days),)})
    assert found(fits) == []
    sundays = france.changed({"traffic[0].allowed_hours": (Hours(from_h=9, to_h=20),)})
    assert only(sundays, where)[0] == "rule"
    assert "prohibited" in only(abroad("TR", message_class="marketing"), where)[2]
    assert found(france.changed({"traffic[0].message_class": "otp"})) == []


def test_hours_that_only_the_start_keeps():
    where = "traffic[campaign].allowed_hours"
    zones = (Zone(name="America/New_York"), Zone(name="America/Chicago"))
    scenario = Scenario(
        start=NEW_YORK,
        traffic=(Campaign(messages=3600, **US),),
        senders=(Sender(type="short_code", mps=10),),
        zones=zones,
    )
    severity, _, what = only(scenario, where)
    assert (severity, "it does because of its start only" in what) == ("note", True)
    west = scenario.changed({"zones": (Zone(name="America/Los_Angeles"),)})
    assert only(west, where)[0] == "rule"
    late = scenario.changed({"traffic[0].start_s": 10.9 * 3600})
    assert only(late, where)[0] == "rule"
    hours = scenario.changed({"traffic[0].allowed_hours": (Hours(),)})
    severity, _, what = only(hours, where)
    assert severity == "note"
    assert "US: narrower hours in CT 9:00 to 20:00; FL 8:00 to 20:00" in what


def test_table():
    table = smslab.check(ten_dlc(500_000)).to_pandas()
    assert list(table) == ["severity", "where", "what", "source", "as_of"]
    assert (table["source"] != "").all()
    nasty = ten_dlc(500_000).changed({"senders[0].name": "<b>", "senders[0].mps": 0.1})
    assert "<b>" not in smslab.check(nasty)._repr_html_()


def test_every_row_has_a_source():
    assert all(limit.source for limit in sender_limits())
    assert {limit.per for limit in sender_limits()} == {"segment", "message"}
    for country in ("US", "FR", "TR", "BR"):
        assert marketing_hours(country).source
    assert marketing_hours("BR").hours[1] == Hours(from_h=8, to_h=14, days=(5,))
    assert marketing_hours("XX") is None
    assert sender_rule("XX") is None
    assert sender_rule("FR").source
    assert "TX" in states_with_hours()
    assert len(states_with_hours()) == 8
