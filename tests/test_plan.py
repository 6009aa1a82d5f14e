"""plan and sweep, against textbook answers and against trying everything."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes

import smslab
from smslab import theory
from smslab.errors import OptionError, ScenarioError
from smslab.scenario import (
    Campaign,
    Carrier,
    Conversation,
    Hours,
    Inbound,
    Poisson,
    Scenario,
    Sender,
)

#: A carrier that takes no time and loses nothing.
AT_ONCE = Carrier(
    first_attempt=1, permanent_failure=0, latency_median_s=1e-6, latency_sigma=0, receipt_missing=0
)
BURST = Scenario(traffic=(Campaign(messages=3600),), senders=(Sender(mps=1),))


@pytest.mark.parametrize("limit_s", [100, 300, 601])
def test_rate_of_a_burst_is_segments_over_time(limit_s):
    found = smslab.plan(
        BURST, f"last leaves <= {limit_s} s", vary={"senders[0].mps": range(1, 101)}, rng=1
    )
    # The last of them leaves when all but one have.
    assert found.settings == {"senders[0].mps": math.ceil(3599 / limit_s)}
    assert found.settings["senders[0].mps"] == math.ceil(theory.rate_for(3599, limit_s))


def answered_within(rate, service, servers, time):
    """Share of answers done within a time in M/M/c: wait and service together."""
    load = rate * service
    waits = theory.erlang_c(servers, load)
    spare = servers - load
    alone = 1 - math.exp(-time / service)
    if math.isclose(spare, 1):
        return alone - waits * time / service * math.exp(-time / service)
    both = math.exp(-spare * time / service) - math.exp(-time / service)
    return alone - waits * both / (1 - spare)


@pytest.mark.parametrize(("load", "wait"), [(4.0, 3.2), (7.6, 3.5), (12.3, 3.3)])
def test_agents_are_as_many_as_erlang_c_says(load, wait):
    """The smallest c with which 95 % have their answer within a time, of a long day."""
    handling_s = 60.0
    talk = Conversation(
        agents=1, handling_mean_s=handling_s, stop_share=0, help_share=0, answer_after_s=0
    )
    scenario = Scenario(
        traffic=(Inbound(rate_per_s=load / handling_s, duration_s=200 * 3600, conversation=talk),),
        senders=(Sender(mps=None),),
        carriers=(AT_ONCE,),
        horizon_h=300,
    )
    goal = f"p95 answer <= {wait * handling_s:g} s"
    textbook = next(
        c
        for c in range(math.floor(load) + 1, 99)
        if answered_within(load / handling_s, handling_s, c, wait * handling_s) >= 0.95
    )
    path = "traffic[0].conversation.agents"
    found = smslab.plan(
        scenario, goal, vary={path: range(1, 41)}, cost={path: 20}, rng=1, replications=19
    )
    assert found.settings == {path: textbook}
    assert found.table["cost"].max() <= 800


@pytest.mark.parametrize("limit_s", [0.3, 1.0, 4.0])
def test_rate_for_codes_is_that_of_m_d_1(limit_s):
    codes = Poisson(rate_per_s=7, duration_s=40_000)
    scenario = Scenario(traffic=(codes,), senders=(Sender(mps=1),), carriers=(AT_ONCE,))
    rates = [7 + step / 4 for step in range(1, 60)]
    textbook = next(r for r in rates if theory.md1_wait_quantile(7, 1 / r, 0.95) <= limit_s)
    found = smslab.plan(
        scenario, f"p95 delay <= {limit_s} s", vary={"senders[0].mps": rates}, rng=1
    )
    # A new day meets it with 95 %: that takes a step more than a day on average, at most two.
    assert 0 <= rates.index(found.settings["senders[0].mps"]) - rates.index(textbook) <= 2


MIXED = Scenario(
    traffic=(
        Poisson(name="codes", rate_per_s=0.5, duration_s=600),
        Campaign(name="offers", messages=900, segment_shares=(0.5, 0.5), priority=0),
    ),
    senders=(Sender(mps=1),),
)


@settings(max_examples=25, deadline=None)
@given(
    goals=st.lists(
        st.sampled_from(
            [
                "last leaves <= 10 min",
                "last leaves <= 4 min",
                "last leaves >= 3 min",
                "p95 delay <= 5 min",
                "p50 delay <= 20 s",
                "delivered >= 99.5 %",
                "delivered >= 98 %",
                "within_10_s >= 20 %",
                "within_10_s <= 60 %",
            ]
        ),
        min_size=1,
        max_size=3,
        unique=True,
    ),
    numbers=st.lists(st.integers(1, 4), min_size=1, max_size=3, unique=True),
    rates=st.lists(st.integers(1, 16), min_size=1, max_size=9, unique=True),
    seed=st.integers(0, 3),
    replications=st.sampled_from([19, 39]),
)
def test_no_cheaper_one_would_do(goals, numbers, rates, seed, replications):
    """Against every combination, simulated as often."""
    vary = {"senders[0].numbers": numbers, "senders[0].mps": rates}
    found = smslab.plan(MIXED, goals, vary=vary, rng=seed, replications=replications)
    tried = smslab.sweep(MIXED, vary, goals=goals, rng=seed, replications=replications)
    enough = {
        cell.settings["senders[0].numbers"] * cell.settings["senders[0].mps"]
        for cell, trials in zip(tried.cells, tried.trials, strict=True)
        if sum(not all(trial.met) for trial in trials) <= (replications + 1) // 20 - 1
    }
    assert bool(found) == bool(enough)
    if enough:
        sender = found.scenario.senders[0]
        assert sender.numbers * sender.mps == min(enough)
        assert (found.replications, found.misses <= (replications + 1) // 20 - 1) == (
            replications,
            True,
        )


def test_what_surrounds_the_answer():
    found = smslab.plan(
        BURST,
        ["last leaves <= 10 min", "delivered >= 98 %"],
        vary={"senders[0].numbers": range(1, 21)},
        cost={"senders[0].numbers": 1.15},
        rates=smslab.RateCard.bundled(),
        rng=1,
    )
    assert found
    assert found.scenario.senders[0].numbers == 6
    assert [goal.text for goal in found.scenario.goals] == list(found.goals["goal"])
    leaves = found.goals.iloc[0]
    assert leaves[["value", "next", "margin", "before"]].tolist() == [599, 514, 1, 719]
    assert leaves["met"] == 1
    text = found.summary()
    assert "binds: last leaves <= 10 min, missed at senders[0].numbers = 5 by 1 min 59 s" in text
    assert "delivered >= 98 %, missed" not in text
    assert "estimate: last leaves after 10 min 0 s; sender sets the pace (fluid)" in text
    table = found.table
    assert table["cost"].is_monotonic_increasing
    assert table.loc[table["chosen"], "cost"].tolist() == pytest.approx([6 * 1.15])
    assert table.loc[table["senders[0].numbers"] == 5, "meets"].tolist() == [False]
    front = found.front()
    assert len(front) == len(table)
    assert front["sending_done_s"].is_monotonic_decreasing
    with pytest.raises(OptionError, match="figure must be one of"):
        found.front("finnish_s")
    assert isinstance(found.plot(), Axes)
    assert found.to_pandas() is table


def test_the_kind_of_sender_by_a_rate_card():
    scenario = Scenario(
        traffic=(Campaign(messages=30_000, country="US"),),
        goals=(smslab.Goal("last leaves <= 1 h"),),
    )
    kinds = [
        Sender(name="short code", type="short_code", mps=100),
        Sender(name="toll free", type="toll_free", mps=3),
        Sender(name="fast toll free", type="toll_free", mps=25),
    ]
    found = smslab.plan(scenario, vary={"senders[0]": kinds}, cost=smslab.RateCard.bundled(), rng=1)
    assert found.chosen == "senders[0] = fast toll free, mps 25, type toll_free"
    assert found.table["senders[0]"].tolist()[-1] == "short code, mps 100, type short_code"


def test_goals_that_cannot_be_met():
    vary = {"senders[0].mps": range(1, 101)}
    found = smslab.plan(BURST, ["delivered >= 99.99 %", "last leaves <= 1 min"], vary=vary, rng=1)
    assert not found
    assert found.settings == {"senders[0].mps": 60}
    text = found.summary()
    assert "no allowed capacity meets every goal; nearest: senders[0].mps = 60" in text
    assert "delivered >= 99.99 %: missed; 99." in text
    assert "last leaves <= 1 min: missed" not in text
    # What does not depend on what is varied might be met anywhere: all were tried.
    assert len(found.table) == 100


def test_goals_that_contradict():
    vary = {"senders[0].mps": range(1, 101)}
    goals = ["last leaves <= 1 min", "last leaves >= 10 min"]
    text = smslab.plan(BURST, goals, vary=vary, rng=1).summary()
    assert "the goals contradict each other: last leaves <= 1 min with senders[0].mps = " in text
    assert "last leaves >= 10 min with senders[0].mps = 1; not together" in text


def test_a_window_of_a_single_capacity():
    goals = ["last leaves <= 100 s", "last leaves >= 98 s"]
    found = smslab.plan(BURST, goals, vary={"senders[0].mps": range(1, 101)}, rng=1)
    assert found.settings == {"senders[0].mps": 36}
    assert "dearer is not better: senders[0].mps = 37 misses last leaves >= 98 s" in found.summary()


def test_values_that_do_not_go_one_way_with_cost():
    slow = [1000.0, 10.0, 1000.0, 10.0, 1000.0, 10.0]
    found = smslab.plan(
        BURST.changed({"senders[0].mps": 100}),
        "p50 delay <= 2 min",
        vary={"carriers[0].latency_median_s": slow},
        cost=lambda scenario: 1,
        rng=1,
    )
    assert found.settings == {"carriers[0].latency_median_s": 10}
    assert "what is varied does not go one way with cost" in found.summary()
    price = {1: 1, 50: 1.5, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6}
    found = smslab.plan(
        BURST.changed({"traffic[0].messages": 1000}),
        "last leaves <= 30 s",
        vary={"senders[0].mps": list(price)},
        cost=lambda scenario: price[scenario.senders[0].mps],
        rng=1,
    )
    assert found.settings == {"senders[0].mps": 50}


def test_goals_that_do_not_go_one_way_with_cost():
    """A text that may wait a quarter of an hour, before hours that begin at ten."""
    offer = Campaign(messages=500, validity_h=0.25, allowed_hours=(Hours(from_h=10, to_h=10.5),))
    scenario = Scenario(
        start=smslab.scenarios.load("marketing").start.replace(hour=8),
        traffic=(offer,),
        senders=(Sender(mps=10),),
    )
    vary = {"traffic[0].start_s": range(0, 45_000, 900)}
    found = smslab.plan(scenario, "failed <= 1 %", vary=vary, cost={"traffic[0].start_s": 1}, rng=1)
    assert found.settings == {"traffic[0].start_s": 7200}
    assert "not monotone: failed <= 1 % does not go one way with cost" in found.summary()


def test_of_equal_cost_the_first():
    vary = {"senders[0].mps": [10, 5], "senders[0].numbers": [1, 2, 3, 4]}
    scenario = BURST.changed({"traffic[0].messages": 1000})
    found = smslab.plan(scenario, "last leaves <= 60 s", vary=vary, rng=1)
    assert found.settings == {"senders[0].mps": 10, "senders[0].numbers": 2}


def test_people_cost_what_they_are():
    talk = Conversation(agents=1, handling_mean_s=60, stop_share=0, help_share=0)
    scenario = Scenario(traffic=(Inbound(rate_per_s=0.05, duration_s=36_000, conversation=talk),))
    path = "traffic[0].conversation.agents"
    both = [
        smslab.plan(scenario, "p50 answer <= 2 min", vary={path: agents}, rng=1)
        for agents in (range(3, 12), range(11, 2, -1))
    ]
    assert both[0].settings == both[1].settings
    assert f"cost {both[0].settings[path]} (next step" in both[0].summary()


def test_types_of_sender_that_do_not_exist():
    scenario = BURST.changed({"traffic[0].country": "US"})
    kinds = [Sender(type="toll-free", mps=100), Sender(type="short_code", mps=100)]
    with pytest.raises(OptionError, match=r"called 'toll-free'; .* Did you mean 'toll_free'"):
        smslab.plan(
            scenario,
            "last leaves <= 1 h",
            vary={"senders[0]": kinds},
            cost=smslab.RateCard.bundled(),
            rng=1,
        )


def test_what_a_check_finds_of_the_answer():
    scenario = BURST.changed({"senders[0].type": "toll_free", "traffic[0].country": "US"})
    found = smslab.plan(
        scenario, "last leaves <= 1 min", vary={"senders[0].mps": [3, 25, 100]}, rng=1
    )
    assert "check: senders[sender].mps: 100 segments/s of a toll_free number" in found.summary()


def test_notes_count_the_misses_that_are_allowed():
    scenario = BURST.changed({"traffic[0].messages": 1000, "senders[0].mps": 10})
    found = smslab.plan(
        scenario,
        ["delivered >= 99.45 %", "last leaves <= 60 s"],
        vary={"senders[0].mps": [10, 20, 30]},
        replications=99,
        confidence=0.9,
        rng=1,
    )
    assert found.settings == {"senders[0].mps": 20}
    assert 0 < found.misses <= 9
    assert "binds: last leaves <= 60 s" in found.summary()
    assert "binds: delivered" not in found.summary()


def test_a_goal_in_another_currency():
    scenario = BURST.changed({"traffic[0].country": "US"})
    fields = {"vary": {"senders[0].mps": [10]}, "rates": smslab.RateCard.bundled(), "rng": 1}
    assert smslab.plan(scenario, "cost <= 100 USD", **fields)
    with pytest.raises(OptionError, match="in USD, not in EUR"):
        smslab.plan(scenario, "cost <= 100 EUR", **fields)


def test_an_executor_finds_the_same():
    vary = {"senders[0].numbers": [1, 2, 3], "senders[0].mps": range(1, 9)}
    goals = ["p95 delay <= 3 min", "delivered >= 98 %"]
    alone = smslab.plan(MIXED, goals, vary=vary, rng=1)
    with ThreadPoolExecutor(2) as executor:
        together = smslab.plan(MIXED, goals, vary=vary, rng=1, executor=executor)
        tried = smslab.sweep(MIXED, vary, goals=goals, rng=1, replications=3, executor=executor)
    assert repr(alone) == repr(together)
    assert alone.table.equals(together.table)
    assert tried.table.equals(smslab.sweep(MIXED, vary, goals=goals, rng=1, replications=3).table)


def interrupt(at):
    def progress(done, total):
        assert total > 0
        if done == at:
            raise KeyboardInterrupt

    return progress


def test_an_interruption_returns_what_is_known():
    vary = {"senders[0].mps": range(1, 41)}
    found = smslab.plan(BURST, "last leaves <= 5 min", vary=vary, rng=1, progress=interrupt(12))
    assert not found.complete
    assert "interrupted: a cheaper one may do" in found.summary()
    assert found.table["runs"].sum() == 12
    tried = smslab.sweep(BURST, vary, replications=5, rng=1, progress=interrupt(12))
    assert not tried.complete
    assert [len(trials) for trials in tried.trials] == [5, 5, 2]
    assert "3 combinations, 12 replications, interrupted" in repr(tried)
    with pytest.raises(KeyboardInterrupt):
        smslab.plan(BURST, "last leaves <= 5 min", vary=vary, rng=1, executor=Interrupted())


class Interrupted(ThreadPoolExecutor):
    def submit(self, *task):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"goals": ()}, OptionError, "goals must name one goal"),
        ({"goals": None}, OptionError, "goals must name one goal"),
        ({"goals": "fast"}, OptionError, "a goal is a figure, a sign and a number"),
        ({"goals": "finish <= 20:00"}, OptionError, "a time of the day needs a start"),
        ({"vary": {}}, OptionError, "vary must be paths and their values"),
        ({"vary": {"senders[0].mps": 5}}, OptionError, r"\['senders\[0\].mps'\] must be a list"),
        ({"vary": {"senders[0].mps": "12"}}, OptionError, "must be a list of values"),
        ({"vary": {"senders[0].mps": []}}, OptionError, "must have a value; it is empty"),
        ({"vary": {"senders[0].mpps": [1]}}, ScenarioError, "Did you mean 'mps'"),
        ({"vary": {"sender[0].mps": [1]}}, ScenarioError, "Did you mean 'senders'"),
        ({"vary": {"senders[0].mps": [-1]}}, ScenarioError, "mps must be between"),
        ({"vary": {"senders[0].mps": range(1, 10**6)}}, OptionError, "100,000 combinations"),
        ({"replications": 18}, OptionError, "must be 19 or more for a confidence of 0.95"),
        ({"confidence": 0.99}, OptionError, "must be 99 or more for a confidence of 0.99"),
        ({"confidence": 95}, OptionError, "confidence must be over 0 and less than 1"),
        ({"cost": {"senders[0].number": 1}}, OptionError, "no such path is varied"),
        ({"cost": lambda scenario: None}, OptionError, "cost must be a number; of senders"),
        ({"cost": 5}, OptionError, "cost must be prices by path"),
        ({"cost": {"senders[0].mps": "1"}}, OptionError, "cost by path needs numbers"),
        (
            {"vary": {"senders[0]": [Sender()]}, "cost": {"senders[0]": 1}},
            OptionError,
            "cost by path needs numbers",
        ),
        ({"cost": smslab.RateCard.bundled()}, OptionError, "has a country, so that no price"),
        ({"goals": "cost <= 5"}, OptionError, "cost is not known"),
        ({"goals": smslab.Goal("delivered > 1 %", where="x")}, Exception, "x"),
    ],
)
def test_bad_input(fields, error, says):
    plain = {"goals": "last leaves <= 5 min", "vary": {"senders[0].mps": [10, 20]}}
    with pytest.raises(error, match=says):
        smslab.plan(BURST, **(plain | {"rng": 1} | fields))


def test_names_are_escaped():
    scenario = Scenario(
        traffic=(Campaign(name="<b>", messages=10),), senders=(Sender(name="<i>", mps=1),)
    )
    goal = smslab.Goal("delivered >= 1 %", where="<b>")
    for found in (
        smslab.plan(scenario, goal, vary={"senders[0].mps": [1, 2]}, rng=1),
        smslab.sweep(scenario, {"senders[0].mps": [1, 2]}, goals=goal, replications=2, rng=1),
    ):
        assert "<b>" not in found._repr_html_().replace("<p><b>", "")
        assert "<i>" not in found._repr_html_()


def test_sweep():
    vary = {"senders[0].mps": [5, 50], "senders[0].numbers": [1, 2, 3]}
    found = smslab.sweep(
        MIXED.changed({"traffic[codes].country": "US", "traffic[offers].country": "US"}),
        vary,
        goals="p95 delay <= 1 min",
        rates=smslab.RateCard.bundled(),
        replications=19,
        rng=3,
    )
    table = found.table
    assert table.index.names == list(vary)
    assert len(table) == len(found) == 6
    many = smslab.replicate(
        MIXED.changed({"senders[0].mps": 50, "senders[0].numbers": 2}), 19, rng=3
    )
    row = table.loc[(50, 2)]
    for figure, values in many.estimates().iterrows():
        assert row[figure].tolist() == pytest.approx(values.tolist(), nan_ok=True)
    assert found.of("codes").loc[(50, 2), ("delivered", "value")] == pytest.approx(
        many.estimates("codes").loc["delivered", "value"]
    )
    assert (table["cost", "low"] <= table["cost", "value"]).all()
    assert (table["unpriced", "value"] == 0).all()
    assert table["all goals", "met"].tolist() == [0, 0, 0, 1, 1, 1]
    with pytest.raises(OptionError, match="traffic must be one of"):
        found.figures("news")
    single = smslab.sweep(BURST, {"senders[0].mps": [9]}, replications=2, rng=1)
    assert single.of("campaign").equals(single.table)
    unknown = smslab.sweep(BURST, {"senders[0].mps": [9]}, rates=smslab.RateCard.bundled(), rng=1)
    assert math.isnan(unknown.table["cost", "value"].iloc[0])
    assert unknown.table["unpriced", "value"].iloc[0] == 3600
