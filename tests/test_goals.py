import datetime as dt
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import smslab
from smslab import Goal
from smslab.errors import OptionError
from smslab.rates import Rate, RateCard
from smslab.scenario import Campaign, Poisson, Scenario, Sender


@pytest.fixture(scope="module")
def run():
    scenario = Scenario(
        start=dt.datetime(2026, 11, 25, 18, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        traffic=(
            Campaign(name="offers", messages=3000),
            Poisson(name="otp", rate_per_s=1, duration_s=600, priority=0),
        ),
        senders=(Sender(mps=10),),
    )
    return smslab.simulate(scenario, rng=1)


@pytest.mark.parametrize(
    ("text", "figure", "target"),
    [
        ("delivered >= 95 %", "delivered", 0.95),
        ("Delivered>=0.95", "delivered", 0.95),
        ("p95 delay <= 10 s", "delay_p95", 10),
        ("p99 wait < 1.5 min", "wait_p99", 90),
        ("opt-out <= 1.2%", "opted_out", 0.012),
        ("read within 5 min >= 80 %", "read_5_min", 0.8),
        ("within 10 s > 90 %", "within_10_s", 0.9),
        ("finish <= 3 h", "finish_s", 10_800),
        ("finish <= 20:30", "finish_s", 73_800),
        ("cost <= 1,500.50 EUR", "cost", 1500.5),
        ("cost per delivered < .02", "cost_per_delivered", 0.02),
        ("cost < 12,345,678 usd", "cost", 12_345_678),
        ("throughput >= 100 /s", "throughput", 100),
        ("cause invalid number <= 2 %", "cause_invalid_number", 0.02),
        ("messages >= 10", "messages", 10),
    ],
)
def test_what_goals_say(text, figure, target):
    goal = Goal(text)
    assert (goal.figure, goal.target) == (figure, pytest.approx(target))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("fast", "a goal is a figure, a sign and a number"),
        ("delivered = 95 %", "a goal is a figure"),
        ("delivred >= 95 %", "Did you mean 'delivered'"),
        ("delay <= 10 s", "no figure 'delay'.*Delays need a percentile"),
        ("p95 delay <= 10", "a time needs a unit"),
        ("delivered >= 95", "a share is 0 to 1, or 0 to 100 %"),
        ("delivered >= 10 s", "a share is 0 to 1"),
        ("delivered >= 20:00", "is a time of the day"),
        ("p95 delay <= 20:00", "is a time of the day"),
        ("finish <= 25:00", "is a time of the day"),
        ("messages >= 10 s", "messages has no unit 's'"),
        *((f"cost <= {value}", "commas part thousands") for value in ("0,02", "1,50", "1,5000")),
        *((f"cost <= {value}", "commas part thousands") for value in ("0,020", ",5", "1000,000")),
        ("cost <= 10 s", "'s' is no currency"),
        ("cost <= 10 %", "'%' is no currency"),
        (None, "a goal is a figure"),
    ],
)
def test_what_is_no_goal(text, says):
    with pytest.raises(OptionError, match=says):
        smslab.evaluate(Goal(text), None)


def test_verdicts(run):
    goals = [
        Goal("delivered >= 90 %"),
        Goal("delivered >= 99.99 %"),
        Goal("p95 delay <= 11 s", where="otp"),
        Goal("p95 delay <= 60 s", where="offers"),
        Goal("cause daily cap <= 0 %"),
        Goal("finish <= 17:00"),
    ]
    found = smslab.evaluate(goals, run)
    table = found.table
    assert table["verdict"].tolist() == ["met", "missed", "undecided", "missed", "met", "met"]
    assert table["where"].tolist() == ["", "", "otp", "offers", "", ""]
    low, value, high = table.loc[2, ["low", "value", "high"]]
    assert low < 11 < high or low < value <= 11
    assert table.loc[0, "margin"] == pytest.approx(table.loc[0, "value"] - 0.9)
    # The next 17:00 after 18:00 is tomorrow's.
    assert table.loc[5, "target"] == 23 * 3600
    assert not found
    assert smslab.evaluate(goals[0], run)
    assert "missed    p95 delay <= 60 s (offers)" in found.summary()
    assert "<li>met" in found._repr_html_()


def test_replications(run):
    many = smslab.replicate(run.scenario, 20, rng=1)
    goals = [Goal("delivered >= 90 %"), Goal("p95 delay <= 60 s", where="offers")]
    assert smslab.evaluate(goals, many).table["verdict"].tolist() == ["met", "missed"]
    with pytest.raises(OptionError, match="wait_p95 is not known of these messages"):
        smslab.evaluate(Goal("p95 wait <= 1 s"), many)
    with pytest.raises(OptionError, match="only campaigns are known"):
        smslab.evaluate(Goal("delivered >= 90 %", where={"carrier": "A"}), many)


def test_whom_a_goal_is_for(run):
    by_label = Goal("delivered >= 90 %", where={"carrier": "Other", "campaign": "otp"})
    assert smslab.evaluate(by_label, run)
    with pytest.raises(OptionError, match="Did you mean 'otp'"):
        smslab.evaluate(Goal("delivered >= 90 %", where="opt"), run)
    with pytest.raises(OptionError, match="no label 'carier'"):
        smslab.evaluate(Goal("delivered >= 90 %", where={"carier": "A"}), run)


@pytest.mark.parametrize("where", [{"carrier": None}, {5: "A"}, 5, ["otp"]])
def test_whom_a_goal_cannot_be_for(where):
    with pytest.raises(OptionError, match="where must be the name of a campaign, or labels"):
        Goal("delivered >= 90 %", where=where)


@pytest.mark.parametrize("goals", ["delivered >= 90 %", ["delivered >= 90 %"], None, 5])
def test_what_are_no_goals(run, goals):
    with pytest.raises(OptionError, match="goals must be a Goal, or several"):
        smslab.evaluate(goals, run)


def test_a_goal_is_in_the_currency_of_the_figures(run):
    dollars = RateCard("card", "USD", (Rate(country="US", price_micro=10_000),))
    for text in ("cost <= 100", "cost <= 100 usd", "cost per delivered <= 0.02 USD"):
        assert smslab.evaluate(Goal(text), run, rates=dollars, country="US")
    with pytest.raises(OptionError, match="the figures are in USD, not in EUR"):
        smslab.evaluate(Goal("cost <= 100 EUR"), run, rates=dollars, country="US")
    log = SimpleNamespace(ledger=replace(run.ledger, billed=np.full(len(run), 0.01)))
    assert smslab.evaluate(Goal("cost <= 100"), log)
    with pytest.raises(OptionError, match="in a currency that nobody names, not in EUR"):
        smslab.evaluate(Goal("cost <= 100 EUR"), log)


def test_a_time_of_the_day_needs_a_start():
    scenario = Scenario(traffic=(Campaign(messages=10),))
    with pytest.raises(OptionError, match="give the scenario one"):
        smslab.evaluate(Goal("finish <= 20:00"), smslab.simulate(scenario, rng=1))
