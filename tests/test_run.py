import datetime as dt

import numpy as np
import pytest

import smslab
from smslab.errors import ScenarioError
from smslab.outcome import NEVER, Status
from smslab.scenario import (
    Campaign,
    Carrier,
    Conversation,
    Fallback,
    Hours,
    Poisson,
    Scenario,
    Sender,
    Zone,
)

SCENARIO = Scenario(
    traffic=(
        Campaign(name="offers", messages=2000, segment_shares=(0.6, 0.4), validity_h=0.1),
        Poisson(name="codes", rate_per_s=1, duration_s=300, conversation=Conversation()),
    ),
    senders=(Sender(name="one", mps=4, numbers=2),),
    carriers=(
        Carrier(name="A", mps=5, submit_failure=0.1),
        Carrier(name="B", per="message", mps=10),
    ),
)


@pytest.fixture(scope="module")
def run():
    return smslab.simulate(SCENARIO, rng=2)


def test_states_add_up_at_any_time(run):
    table = run.states([0, 1, 60.5, 3600, 1e6])
    states = table.drop(columns="read")
    assert (states.sum(axis=1) == len(run)).all()
    assert (states >= 0).all(axis=None)
    for at, row in table.iterrows():
        us = at * 1e6
        final = (run.final_us != NEVER) & (run.final_us <= us)
        assert row["delivered"] == (final & (run.status == Status.DELIVERED)).sum()
        sent = (run.sent_us != NEVER) & (run.sent_us <= us)
        assert row["sent"] == (sent & ~final).sum()
        assert row["read"] == ((run.read_us != NEVER) & (run.read_us <= us)).sum()
    assert len(run.states()) == 100
    assert run.states(5).index.tolist() == [5]
    for wrong in ("x", [[1, 2]], float("nan"), 1e300):
        with pytest.raises(ValueError, match="at must be a time in seconds, or several"):
            run.states(wrong)


def test_series_count_what_the_messages_say(run):
    table = run.series("1min")
    assert table.index.names == ["time_s", "node"]
    sender, a, b = (table.xs(name, level="node") for name in ("one", "A", "B"))
    was_sent = run.sent_us != NEVER
    for node, place in ((a, 0), (b, 1)):
        own = was_sent & (run.traffic.carrier == place)
        assert node["messages_per_s"].sum() * 60 == pytest.approx(own.sum())
        segments = run.traffic.segments[own].sum()
        assert node["segments_per_s"].sum() * 60 == pytest.approx(segments)
    assert sender["utilisation"].max() <= 1 + 8 / 60 / 8
    # One in ten submissions fails: of those the last counts.
    assert sender["utilisation"].iloc[0] == pytest.approx(0.9, abs=0.05)
    assert np.allclose(b["utilisation"], b["messages_per_s"] / 10)
    waiting = run.traffic.queued_us <= 60e6
    left = np.where(was_sent, run.sent_us, run.final_us)
    at_carrier = was_sent & (run.entered_us <= 60e6) & (left > 60e6)
    gone = (left != NEVER) & (left <= 60e6)
    assert sender["backlog"].iloc[0] == (waiting & ~gone & ~at_carrier).sum()
    assert (table["backlog"] >= 0).all()
    assert sender["backlog"].iloc[-1] == 0
    every_second = run.series(1.0)
    assert len(every_second) > 50 * len(table)
    for wrong in ("soon", 0, None):
        with pytest.raises(ValueError, match="freq must be a length of time"):
            run.series(wrong)


def test_who_waits_at_a_carrier_is_counted_there():
    """Also those that are not sent in the end."""
    slow = Carrier(name="X", mps=1, country="US", share=1e9)
    other = Carrier(name="X", country="GB", share=1e-6)
    scenario = Scenario(
        horizon_h=1,
        traffic=(Campaign(messages=10_000, validity_h=0.5),),
        senders=(Sender(name="s", mps=100),),
        carriers=(slow, other),
    )
    found = smslab.simulate(scenario, rng=1)
    with pytest.raises(ValueError, match="freq is too short"):
        found.series(0.001)
    table = found.series(600)["backlog"].unstack()
    assert table.columns.tolist() == ["X (GB)", "X (US)", "s"]
    assert table["s"].tolist() == [0] * len(table)
    assert table["X (US)"].tolist()[:2] == [10_000 - 601, 10_000 - 1201]


def test_events_are_in_order(run):
    events = run.events
    assert events["time_s"].is_monotonic_increasing
    counts = events["event"].value_counts()
    assert counts["queued"] == len(run)
    assert counts["delivered"] == run.count(Status.DELIVERED)
    assert counts["replied"] == (run.replied_us != NEVER).sum()
    of_one = events[events["message"] == 3]["event"].tolist()
    assert of_one[0] == "queued"


def test_messages_tell_of_replies_and_emails():
    traffic = Campaign(
        messages=300, conversation=Conversation(reply_share=1), fallback=Fallback(after_s=1)
    )
    run = smslab.simulate(Scenario(traffic=(traffic,), senders=(Sender(mps=50),)), rng=1)
    rows = run.messages
    answers = rows["answer_to"].notna()
    assert answers.sum() == len(run.answers) > 5
    assert (rows.loc[rows["answer_to"][answers], "reply"] != "text").all()
    assert rows["emailed_s"].notna().sum() > 250
    assert rows["emailed_s"][answers].isna().all()
    assert len(run.asked) == 300
    assert run.figures()["messages"] == 300
    assert run.figures()["answers"] == len(run.answers)
    assert len(run.of("campaign").asked) == 300
    assert run.of("campaign").figures() == run.figures()


def test_what_is_drawn_on_demand_is_the_same_in_parts(run):
    part = run.of("codes")
    rows = part.numbers
    assert (part.read_us == run.read_us[rows]).all()
    assert (part.receipt_us == run.receipt_us[rows]).all()


def test_verify_names_differences():
    found = smslab.verify(SCENARIO, 500, rng=1)
    assert found
    assert found.messages >= 500
    assert "agree in every row" in repr(found)
    assert found._repr_html_().startswith("<p>")
    assert found.to_pandas().empty
    with pytest.raises(ValueError, match="n must be 1 or more"):
        smslab.verify(SCENARIO, 0)


def test_verify_finds_a_fault(monkeypatch):
    from smslab import verification

    slow = verification.reference.run

    def wrong(*arguments):
        outcome = slow(*arguments)
        outcome.attempts[7] += 1
        return outcome

    monkeypatch.setattr(verification.reference, "run", wrong)
    found = smslab.verify(SCENARIO, 500, rng=1)
    assert not found
    assert found.differences[["message", "column"]].to_numpy().tolist() == [[7, "attempts"]]
    assert "differ in 1 of them: attempts" in repr(found)
    assert "<td>" in found._repr_html_()


JAPAN_AND_US = {
    "start": dt.datetime.fromisoformat("2026-11-23T00:00:00+00:00"),
    "zones": (Zone(name="Asia/Tokyo"), Zone(name="America/Denver"), Zone(name="America/Chicago")),
    "senders": (Sender(mps=None),),
}


def test_country_and_zones_of_a_traffic():
    hours = (Hours(from_h=9, to_h=12),)
    scenario = Scenario(
        traffic=(
            Campaign(name="jp", messages=300, country="JP", zones=("Asia/Tokyo",)),
            Campaign(
                name="us",
                messages=900,
                country="US",
                zones=("America/Denver", "America/Chicago"),
                allowed_hours=hours,
                validity_h=24,
            ),
            Campaign(name="any", messages=900),
        ),
        carriers=(
            Carrier(name="Docomo", country="JP"),
            Carrier(name="T-Mobile", country="US"),
            Carrier(name="AT&T", country="US", share=3),
            Carrier(name="Other"),
        ),
        **JAPAN_AND_US,
    )
    run = smslab.simulate(scenario, rng=1)
    bill = smslab.cost(run)
    assert set(run.of("jp").messages["carrier"]) == {"Docomo"}
    shares = run.of("us").messages["carrier"].value_counts(normalize=True)
    assert shares["AT&T"] == pytest.approx(0.75, abs=0.05)
    assert set(run.of("any").messages["carrier"]) == {"Other"}
    assert bill.by("country").index.tolist()[:2] == ["JP", "US"]
    # 9 o'clock in Chicago and in Denver.
    assert sorted(set(run.of("us").messages["sent_s"])) == [15 * 3600, 16 * 3600]
    people = {name: set(run.of(name).traffic.recipient.tolist()) for name in ("jp", "us", "any")}
    assert not people["jp"] & people["us"]
    assert not people["us"] & people["any"]


def test_country_of_a_traffic_that_a_general_carrier_serves():
    scenario = Scenario(traffic=(Campaign(messages=10, country="JP"),))
    run = smslab.simulate(scenario, rng=1)
    assert set(run.ledger.labels["country"]) == {"JP"}
    assert smslab.cost(run).total > 0


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"country": "Japan"}, r"country must be an ISO 3166-1 alpha-2 code.*not 'Japan'"),
        ({"country": "FR"}, r"traffic\[0\].country: no carrier serves FR"),
        ({"zones": ("Asia/Tokio",)}, r"traffic\[0\].zones must be .*Did you mean 'Asia/Tokyo'"),
    ],
)
def test_country_and_zones_that_are_none(fields, says):
    with pytest.raises(ScenarioError, match=says):
        Scenario(traffic=(Campaign(**fields),), carriers=(Carrier(country="JP"),), **JAPAN_AND_US)
