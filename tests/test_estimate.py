"""The instant estimate, beside theory and beside what a simulation finds."""

import datetime as dt
import math

import numpy as np
import pytest

import smslab
from smslab import theory
from smslab.fluid import Flow, drain
from smslab.scenario import (
    Account,
    Campaign,
    Carrier,
    Conversation,
    Hours,
    Inbound,
    Outage,
    Poisson,
    Scenario,
    Schedule,
    Sender,
    Zone,
)

NEVER = np.empty((0, 2))
START = dt.datetime(2026, 11, 26, 10, tzinfo=dt.timezone(dt.timedelta(hours=-5)))


def burst(units, at_s=0.0, **fields):
    return Flow(at_s=np.full(2, at_s), came=np.array([0.0, units]), **fields)


def flat(rate, until_s, **fields):
    return Flow(at_s=np.array([0.0, until_s]), came=np.array([0.0, rate * until_s]), **fields)


def done(flows, per_second, closed_s, horizon_s):
    return [drained.done_s for drained in drain(flows, per_second, closed_s, horizon_s)]


def test_drain():
    assert done([burst(143_000)], 20, NEVER, 1e6) == [7150]
    assert done([flat(5, 100)], 10, NEVER, 1e6) == [100]
    assert done([burst(1000, priority=2), flat(4, 3600)], 10, NEVER, 1e6) == pytest.approx(
        [1000 / 6, 3600]
    )
    opens = np.array([[3600, 3650], [7200, 9000]])
    assert done([burst(1000, opens_s=opens)], 10, NEVER, 1e6) == [7250]
    assert done([burst(1000)], 10, np.array([[10, 20]]), 1e6) == [110]
    assert done([burst(1000)], 10, NEVER, 50) == [math.inf]
    assert math.isnan(done([burst(0)], 10, NEVER, 50)[0])
    assert done([burst(1000, 500.0), burst(10)], 10, NEVER, 1e6) == [600, 1]


@pytest.mark.parametrize(
    ("flow", "closed_s", "longest_s"),
    [
        (burst(1000), NEVER, 100),
        (flat(5, 100), NEVER, 0),
        (flat(20, 100), NEVER, 100),
        (flat(1, 100), np.array([[10, 20]]), 10),
        (burst(1000, opens_s=np.array([[3600, 3650], [7200, 9000]])), NEVER, 7250),
        (burst(1000), np.array([[0, 1e7]]), math.inf),
    ],
)
def test_longest_wait(flow, closed_s, longest_s):
    assert drain([flow], 10, closed_s, 1e6)[0].longest_s == pytest.approx(longest_s, abs=1e-3)


PACES = {
    "burst": Scenario(
        traffic=(Campaign(messages=50_000, segment_shares=(0.7, 0.2, 0.07, 0.03)),),
        senders=(Sender(mps=20, numbers=3),),
    ),
    "account": Scenario(
        traffic=(Campaign(messages=20_000, segment_shares=(0.5, 0.5)),),
        account=Account(mps=5),
        senders=(Sender(mps=100),),
    ),
    "carrier in an outage": Scenario(
        traffic=(Campaign(messages=50_000),),
        senders=(Sender(mps=100),),
        carriers=(
            Carrier(name="A", share=0.6, mps=20, outages=(Outage(from_h=0.1, hours=0.5),)),
            Carrier(name="B", share=0.4),
        ),
    ),
    "profile": Scenario(
        traffic=(
            Campaign(name="a", messages=40_000, over_h=3, profile=(1, 5, 2)),
            Poisson(name="b", rate_per_s=1.5, duration_s=4 * 3600),
        ),
        senders=(Sender(mps=5),),
    ),
    "hours and zones": Scenario(
        start=START,
        horizon_h=72,
        traffic=(Campaign(messages=200_000, validity_h=72, allowed_hours=(Hours(),)),),
        zones=(Zone(name="America/New_York"), Zone(name="America/Los_Angeles", share=0.5)),
        senders=(Sender(mps=4),),
    ),
    "local": Scenario(
        start=START,
        traffic=(Campaign(messages=10_000, local=True),),
        zones=(Zone(name="America/New_York"), Zone(name="America/Los_Angeles")),
        senders=(Sender(mps=10),),
    ),
    "schedule": Scenario(
        traffic=(
            Schedule(times_s=tuple(float(k // 4) for k in range(4000)), segments=(1, 2) * 2000),
        ),
        senders=(Sender(mps=3),),
    ),
}


@pytest.mark.parametrize("name", PACES)
def test_last_leaves_when_it_does_in_a_simulation(name):
    scenario = PACES[name]
    run = smslab.simulate(scenario, rng=1)
    assert smslab.estimate(scenario).sending_done_s == pytest.approx(
        run.figures()["sending_done_s"], rel=0.02
    )


WAITS = {
    "M/D/1": ((Poisson(rate_per_s=7, duration_s=50_000),), Sender(mps=10)),
    "M/G/1": (
        (Poisson(rate_per_s=4, duration_s=50_000, segment_shares=(0.7, 0.2, 0.07, 0.03)),),
        Sender(mps=10),
    ),
    "M/G/1 by priority": (
        (
            Poisson(name="codes", rate_per_s=3, duration_s=50_000),
            Poisson(name="news", rate_per_s=4, duration_s=50_000, priority=1),
        ),
        Sender(mps=10),
    ),
    "M/D/1 beside a campaign": (
        (
            Poisson(name="codes", rate_per_s=3, duration_s=50_000),
            Campaign(name="offers", messages=1_000_000, validity_h=30, segment_shares=(0.5, 0.5)),
        ),
        Sender(mps=10),
    ),
    "M/D/1 of each number": (
        (Poisson(rate_per_s=8, duration_s=50_000, recipients=100_000),),
        Sender(mps=1, numbers=10, pool="sticky"),
    ),
    "M/G/c, approximate": ((Poisson(rate_per_s=8, duration_s=50_000),), Sender(mps=1, numbers=10)),
}


@pytest.mark.parametrize("model", WAITS)
def test_waits_are_those_of_a_simulation(model):
    traffic, sender = WAITS[model]
    scenario = Scenario(traffic=traffic, senders=(sender,))
    table = smslab.estimate(scenario).table
    run = smslab.simulate(scenario, rng=1)
    for item in traffic:
        row = table[table["traffic"] == item.name].iloc[0]
        if isinstance(item, Poisson):
            part = run.of(item.name).messages
            # A message has left with its last segment, and waited until its first.
            further = (part["segments"] - 1) / sender.mps
            wait = (part["sent_s"] - part["queued_s"] - further).mean()
            assert row["model"] == model.removesuffix(" of each number")
            assert row["wait_s"] == pytest.approx(wait, rel=0.1)
            assert row["busy"] == pytest.approx(
                item.rate_per_s * run.of(item.name).messages["segments"].mean() / 10, rel=0.05
            )
        else:
            assert math.isnan(row["wait_s"])


def test_agents():
    talk = Conversation(agents=5, handling_mean_s=60, stop_share=0.05, help_share=0.05)
    inbound = Inbound(rate_per_s=4 / 60 / 0.9, duration_s=36_000, conversation=talk)
    found = smslab.estimate(Scenario(traffic=(inbound,), senders=(Sender(mps=10),)))
    row = found.table[found.table["station"] == "5 agents"].iloc[0]
    assert row["busy"] == pytest.approx(0.8)
    assert row["wait_s"] == pytest.approx(theory.mmc_wait(4, 1, 5) * 60)
    assert "inbound at 5 agents: 80% busy at most, mean wait then 33.2 s (M/M/c)" in found.summary()


def test_what_sets_the_pace():
    assert smslab.estimate(PACES["account"]).bottleneck == "account"
    assert smslab.estimate(PACES["carrier in an outage"]).bottleneck == "A"
    free = smslab.estimate(Scenario(traffic=(Campaign(messages=9),), senders=(Sender(mps=None),)))
    assert (free.bottleneck, free.sending_done_s) == ("", 0)
    assert "no station has a limit" in free.summary()
    late = smslab.estimate(
        Scenario(traffic=(Campaign(messages=10**6),), senders=(Sender(mps=1),), horizon_h=24)
    )
    assert late.sending_done_s == math.inf
    assert "not all leave before the horizon of 24 h; sender sets the pace" in late.summary()
    swamped = smslab.estimate(
        Scenario(traffic=(Poisson(rate_per_s=2, duration_s=60),), senders=(Sender(mps=1),))
    )
    assert "mean wait then without end" in swamped.summary()
    assert "<li>" in swamped._repr_html_()


def test_codes_behind_a_campaign_wait_for_all_of_it():
    codes = Poisson(name="codes", rate_per_s=2, duration_s=3600)
    offers = Campaign(name="offers", messages=10_000, priority=0)
    scenario = Scenario(traffic=(codes, offers), senders=(Sender(mps=10),))
    found = smslab.estimate(scenario)
    row = found.table[found.table["traffic"] == "codes"].iloc[0]
    part = smslab.simulate(scenario, rng=1).of("codes").messages
    assert math.isnan(row["wait_s"])
    assert row["longest_s"] == pytest.approx((part["sent_s"] - part["queued_s"]).max(), rel=0.05)
    assert "codes at sender: waits up to 1" in found.summary()
