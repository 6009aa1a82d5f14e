import dataclasses
import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from test_figures import run_of

import smslab
from smslab.errors import OptionError
from smslab.outcome import Status
from smslab.rates import Rate, RateCard
from smslab.scenario import Campaign, Carrier, Conversation, Poisson, Scenario, Sender


@pytest.fixture(scope="module")
def busy():
    scenario = Scenario(
        start=dt.datetime(2026, 11, 25, 10, tzinfo=dt.UTC),
        traffic=(
            Campaign(
                name="offers",
                messages=2000,
                segment_shares=(0.5, 0.5),
                conversation=Conversation(reply_share=0.2, stop_share=0.5),
            ),
            Poisson(name="codes", rate_per_s=0.5, duration_s=3600, priority=0),
        ),
        senders=(Sender(mps=5),),
        carriers=(
            Carrier(name="A", share=0.7, first_attempt=0.85, permanent_failure=0.1),
            Carrier(name="B", share=0.3),
        ),
    )
    return smslab.simulate(scenario, rng=3)


def test_figures_by_hand():
    run = run_of(
        status=[Status.DELIVERED] * 3 + [Status.UNDELIVERED, Status.FAILED, Status.PENDING],
        sent_s=[1, 2, 3, 50, None, None],
        final_s=[10, 20, 30, 60, 70, None],
        receipt_s=[11, None, 31, 61, None, None],
        read_s=[310, 321, 40, None, None, None],
        segments=[1, 2, 3, 1, 1, 1],
    )
    table = smslab.kpis(run)
    value = table["value"]
    assert value["messages"] == 6
    assert value["segments"] == 9
    assert value["segments_per_message"] == 1.5
    assert value["delivered"] == 3 / 6
    assert value["throughput"] == pytest.approx(3 / 49)
    assert value["throughput_peak"] == 1
    assert value["confirmed"] == 2 / 6
    assert value["within_10_s"] == 1 / 6
    assert value["read_5_min"] == 2 / 3
    assert table["of"]["read_5_min"] == 3
    assert (value["wait_p50"], value["wait_p95"]) == (2, 50)
    assert (value["network_p50"], value["delay_p99"]) == (18, 30)
    assert (value["receipt_p50"], table["of"]["receipt_p50"]) == (1, 2)
    assert (value["sending_done_s"], value["finish_s"]) == (50, 30)
    assert table.loc["delivered", ["low", "high"]].tolist() == pytest.approx(
        [0.1876, 0.8124], abs=1e-4
    )


def test_it_agrees_with_the_figures_of_a_run(busy):
    table, figures = smslab.kpis(busy)["value"], busy.figures()
    same = set(table.index) & set(figures)
    assert len(same) > 15
    for name in same:
        assert table[name] == pytest.approx(figures[name]), name
    assert table["delay_p95"] == figures["delay_95_s"]
    assert table["landed_p95_s"] == figures["landed_95_s"]


def test_groups_add_up(busy):
    whole = smslab.kpis(busy)["value"]
    for by, freq in (("campaign", None), (["campaign", "carrier"], None), (None, "10min")):
        table = smslab.kpis(busy, by=by, freq=freq)["value"]
        table = table.reset_index().pivot_table(
            "value", list(table.index.names[:-1]), "figure", dropna=False
        )
        for name in ("messages", "segments", "answers"):
            assert table[name].sum() == whole[name]
        delivered = (table["delivered"] * table["messages"]).sum()
        assert delivered == pytest.approx(whole["delivered"] * whole["messages"])
    times = smslab.kpis(busy, freq="10min").index.unique("time")
    assert times[0] == pd.Timestamp("2026-11-25 10:00", tz="UTC")


class Labelled:
    """Messages of a run, with other labels."""

    def __init__(self, run, **labels):
        given = {name: pd.Categorical(values) for name, values in labels.items()}
        self.ledger = dataclasses.replace(run.ledger, labels=run.ledger.labels | given)


@pytest.mark.parametrize("freq", [None, "1min"])
@pytest.mark.parametrize("by", ["carrier", ["carrier", "campaign"], ["campaign", "carrier"]])
def test_messages_whose_label_is_not_known_are_a_group(by, freq):
    run = run_of([Status.DELIVERED] * 4, [1] * 4, [2] * 4, [3] * 4, [None] * 4)
    part = Labelled(run, carrier=["b", None, "a", None], campaign=["x", "x", None, "x"])
    counts = smslab.kpis(part, by=by, freq=freq)["value"].xs("messages", level="figure")
    assert counts.sum() == 4
    by_carrier = counts.groupby("carrier", dropna=False).sum()
    assert by_carrier.index.tolist()[:2] == ["a", "b"]
    assert by_carrier.tolist() == [1, 1, 2]
    assert pd.isna(counts.index.get_level_values(0)[-1])


def test_groups_of_nothing_known_and_of_nothing():
    run = run_of([Status.DELIVERED] * 2, [1] * 2, [2] * 2, [3] * 2, [None] * 2)
    whole, none = smslab.kpis(run), Labelled(run, carrier=[None, None])
    table = smslab.kpis(none, by="carrier")
    assert table.index.names == ["carrier", "figure"]
    pd.testing.assert_frame_equal(table.droplevel("carrier"), whole)
    none.ledger = none.ledger.only(np.zeros(2, bool))
    nothing = smslab.kpis(none, by=["carrier", "campaign"])
    assert nothing.index.names == ["carrier", "campaign", "figure"]
    assert len(nothing) == 0
    assert nothing.dtypes.equals(whole.dtypes)


def test_intervals_of_negative_delays_hold_them():
    sent_s = np.arange(100.0)
    run = run_of([Status.DELIVERED] * 100, sent_s, sent_s - 7, sent_s, [None] * 100)
    run = Labelled(run)
    for rounded_s in (0.0, 1.0, 60.0):
        times = {"sent": rounded_s, "final": rounded_s}
        run.ledger = dataclasses.replace(run.ledger, resolution_s=times)
        figure = smslab.kpis(run).loc["network_p50"]
        assert figure["value"] == -7
        assert figure["low"] == -7 - 2 * rounded_s
        assert figure["high"] == -7 + 2 * rounded_s


def test_costs(busy):
    rates = RateCard("card", "EUR", (Rate(country="US", price_micro=10_000),))
    table = smslab.kpis(busy, rates=rates, country="US")
    asked = busy.asked.messages
    sent = asked[asked["sent_s"].notna()]
    cost = sent["segments"].sum() * 0.01
    assert table["value"]["cost"] == pytest.approx(cost)
    assert table["unit"]["cost"] == "EUR"
    assert table["value"]["unpriced"] == 0
    per = table.loc["cost_per_delivered"]
    assert per["value"] == pytest.approx(cost / (asked["status"] == "delivered").sum())
    assert per["low"] < per["value"] < per["high"]
    nowhere = smslab.kpis(busy, rates=rates)["value"]
    assert nowhere["unpriced"] == sent["segments"].count()
    assert nowhere["cost"] == 0


def test_replications(busy):
    many = smslab.replicate(busy.scenario, 20, rng=1)
    table = smslab.kpis(many)
    pd.testing.assert_frame_equal(
        table[["value", "low", "high"]], many.estimates(), check_names=False
    )
    assert set(smslab.kpis(many, by="campaign").index.unique("campaign")) == {"offers", "codes"}
    with pytest.raises(OptionError, match="replications keep no messages"):
        smslab.kpis(many, by="carrier")


def test_nothing_at_all():
    table = smslab.kpis(run_of([], [], [], [], []))
    assert table["value"]["messages"] == 0
    for name in ("delivered", "delay_p95", "throughput", "finish_s", "segments_per_message"):
        assert math.isnan(table["value"][name])


def test_what_cannot_be(busy):
    with pytest.raises(OptionError, match="Did you mean 'carrier'"):
        smslab.kpis(busy, by="carier")
    with pytest.raises(OptionError, match="by must be the name of a label"):
        smslab.kpis(busy, by=5)
    with pytest.raises(OptionError, match="not 5"):
        smslab.kpis(busy, by=[5])
    for freq in ("x", "0s", "-1h"):
        with pytest.raises(OptionError, match="freq must be a length of time"):
            smslab.kpis(busy, freq=freq)
    with pytest.raises(OptionError, match="confidence must be a number between"):
        smslab.kpis(busy, confidence=95)


def test_an_interval_grows_with_its_confidence(busy):
    narrow, wide = (smslab.kpis(busy, confidence=c) for c in (0.8, 0.99))
    for name in ("delivered", "network_p90", "segments_per_message"):
        assert wide.loc[name, "low"] < narrow.loc[name, "low"] < narrow.loc[name, "value"]
        assert wide.loc[name, "high"] > narrow.loc[name, "high"] > narrow.loc[name, "value"]


def test_shares_are_shares(busy):
    table = smslab.kpis(busy)
    shares = table[table["unit"] == "share"]
    assert shares["value"].between(0, 1).all()
    assert ((shares["low"] <= shares["value"]) & (shares["value"] <= shares["high"])).all()
    causes = table["value"].filter(like="cause_").sum()
    others = ("undelivered", "expired", "failed")
    assert causes == pytest.approx(table["value"][list(others)].sum())
    assert np.isclose(table["value"][["delivered", *others, "pending", "unknown"]].sum(), 1)


def test_what_keeps_no_messages(busy):
    summary = smslab.simulate(busy.scenario, rng=1, keep="summary")
    for call in (
        lambda: smslab.kpis(summary),
        lambda: smslab.evaluate(smslab.Goal("delivered >= 0"), summary),
        lambda: smslab.calibrate(summary),
        lambda: smslab.differences(summary, busy),
        lambda: smslab.write_log(summary, "x.csv"),
    ):
        with pytest.raises(TypeError, match="a Run or a Log is needed"):
            call()


def test_answers_are_as_fast_as_figures_say():
    run = smslab.simulate(smslab.scenarios.load("two_way_support"), rng=1)
    table = smslab.kpis(run, by="campaign")
    for name in ("day", "night"):
        figures = run.of(name).figures()
        row = table.loc[(name, "answer_p95")]
        assert row["value"] == figures["answer_95_s"]
        assert row["low"] <= row["value"] <= row["high"]
        assert row["of"] == (run.of(name).answers.status == Status.DELIVERED).sum()
    assert ("notices", "answer_p95") not in table.index
    goals = [smslab.Goal(f"p95 answer <= {minutes} min", where="day") for minutes in (5, 9)]
    assert smslab.evaluate(goals, run).table["verdict"].tolist() == ["missed", "met"]
    many = smslab.replicate(run.scenario, 3, rng=1)
    assert smslab.evaluate(goals, many).table["verdict"].tolist() == ["missed", "met"]
