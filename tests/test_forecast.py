import dataclasses
import datetime as dt
import re

import matplotlib as mpl
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import smslab
from smslab import report
from smslab.figures import duration
from smslab.rates import Rate, RateCard
from smslab.scenario import Campaign, Carrier, Conversation, Fallback, Poisson, Scenario, Sender
from smslab.simulate import run_once, seeds, simulate
from smslab.traffic import Load

TEXTS = ["Hello"] * 300 + ["Hello 😀" * 20] * 100
FAST = Scenario(senders=(Sender(mps=50),))


@pytest.fixture(scope="module")
def plan():
    return smslab.forecast(TEXTS, FAST, country="DE", replications=20, rng=4)


def test_figures_are_those_of_the_runs(plan):
    load = Load(
        np.array([1] * 300 + [3] * 100, np.int32),
        np.full(400, "DE", object),
        np.full(400, None, object),
    )
    for seed, (_, figures) in zip(seeds(4, 20), plan.replications.iterrows(), strict=True):
        run = simulate_seed(FAST, seed, load)
        assert figures["finish_s"] == run["final_s"][run["status"] == "delivered"].max()
        assert figures["delivered"] == (run["status"] == "delivered").mean()
        charged = run["segments"][run["sent_s"].notna()].sum() * 112_000 / 1e6
        assert figures["cost"] == pytest.approx(charged, abs=1e-9)


def simulate_seed(scenario, seed, load):
    return run_once(scenario, seed, load, "reference").messages


def test_estimates_hold_the_middle_and_the_ends(plan):
    estimates = plan.estimates
    for figure, row in estimates.iterrows():
        values = plan.replications[figure]
        centre = values.median() if row["unit"] == "s" else values.mean()
        assert row["value"] == pytest.approx(centre)
        assert row["low"] == values.min()
        assert row["high"] == values.max()
    states = ["delivered", "undelivered", "expired", "failed", "pending"]
    assert plan.replications[states].sum(axis=1).to_numpy() == pytest.approx(1)
    assert estimates.loc["segments", "value"] == 600
    assert plan.messages["expected_cost"].sum() == pytest.approx(estimates.loc["cost", "value"])


def test_results_go_to_arrow_and_to_notebooks(plan):
    table = pa.table(plan)
    assert table.column_names == ["figure", "unit", "value", "low", "high", "p10", "p50", "p90"]
    assert table["figure"].to_pylist() == list(plan.estimates.index)
    rows = pa.table(plan.run)
    assert rows.num_rows == 400
    assert "final_s" in rows.column_names
    assert "400 messages" in plan.run._repr_html_()
    assert plan.run.summary() in repr(plan.run)
    assert repr(plan) == plan.summary()
    assert plan.to_pandas().equals(plan.estimates)


def test_same_seed_same_forecast(plan, tmp_path):
    again = smslab.forecast(TEXTS, FAST, country="DE", replications=20, rng=4)
    pd.testing.assert_frame_equal(again.replications, plan.replications)
    plan.to_html(tmp_path / "a.html")
    again.to_html(tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    other = smslab.forecast(TEXTS, FAST, country="DE", replications=20, rng=5)
    assert not other.replications.equals(plan.replications)


def test_simulate_is_the_first_replication(plan):
    load = Load(
        np.array([1] * 300 + [3] * 100, np.int32),
        np.full(400, "DE", object),
        np.full(400, None, object),
    )
    assert simulate(FAST, rng=4, load=load).messages.equals(plan.run.messages)


@pytest.mark.parametrize(
    ("replications", "rank"), [(1, 1), (18, 1), (19, 1), (20, 1), (39, 2), (99, 5)]
)
def test_intervals_are_order_statistics(replications, rank):
    scenario = Scenario(carriers=(Carrier(first_attempt=0.5, permanent_failure=0.5),))
    plan = smslab.forecast(["a"] * 20, scenario, country="US", replications=replications, rng=1)
    values = np.sort(plan.replications["delivered"])
    row = plan.estimates.loc["delivered"]
    assert (row["low"], row["high"]) == (values[rank - 1], values[-rank])
    assert plan.coverage == pytest.approx((replications + 1 - 2 * rank) / (replications + 1))
    if replications >= 19:
        assert plan.coverage >= 0.9


def test_intervals_hold_the_next_campaign():
    """Twenty replications are said to hold (20 + 1 - 2) / (20 + 1) of the campaigns to come."""
    scenario = Scenario(
        senders=(Sender(mps=1e6),),
        carriers=(Carrier(first_attempt=0.7, permanent_failure=0.2, away_mean_s=7200),),
    )

    def plan(replications, rng):
        return smslab.forecast(
            ["a"] * 60, scenario, country="US", replications=replications, rng=rng
        )

    held = []
    for trial in range(150):
        estimate = plan(20, trial).estimates.loc["finish_s"]
        truth = plan(1, 10_000 + trial).replications["finish_s"].iloc[0]
        held.append(estimate["low"] <= truth <= estimate["high"])
    assert np.mean(held) == pytest.approx(19 / 21, abs=3 * (0.09 / 150) ** 0.5)


def test_failed_messages_cost_their_fee_and_no_segment():
    card = RateCard(
        "card",
        "EUR",
        (
            Rate(country="US", price_micro=10_000),
            Rate(country="", price_micro=1000, kind="failed_message_fee"),
        ),
    )
    scenario = Scenario(traffic=(Campaign(validity_h=1 / 360),), senders=(Sender(mps=1),))
    plan = smslab.forecast(["a"] * 100, scenario, card, country="US", replications=3, rng=1)
    # Ten seconds at one a second, the deadline included: eleven leave.
    assert plan.estimates.loc["cost", "value"] == pytest.approx(11 * 0.01 + 89 * 0.001)
    assert plan.estimates.loc["failed", "value"] == pytest.approx(0.89)
    assert plan.estimates.loc["cost", "unit"] == "EUR"


def test_what_has_not_left_by_the_horizon_costs_nothing():
    scenario = Scenario(horizon_h=1 / 360, senders=(Sender(mps=1),))
    plan = smslab.forecast(["a"] * 100, scenario, country="DE", replications=2, rng=1)
    assert plan.estimates.loc["cost", "value"] == pytest.approx(10 * 0.112)
    assert plan.estimates.loc["pending", "value"] >= 0.9


def test_unpriced_rows_cost_nothing_and_the_rows_add_up():
    table = pd.DataFrame({"text": "a", "country": ["US"] * 50 + ["ZZ"] * 50})
    scenario = Scenario(traffic=(Campaign(validity_h=0.01),), senders=(Sender(mps=1),))
    plan = smslab.forecast(table, scenario, replications=2, rng=1)
    assert plan.messages["expected_cost"].isna().sum() == 50
    total = plan.messages["expected_cost"].sum()
    assert total == pytest.approx(plan.estimates.loc["cost", "value"])
    nothing = smslab.forecast(["a", "b"], FAST, replications=2, rng=1)
    assert "Cost         not known: none of 2 messages has a price" in nothing.summary()


def test_sums_do_not_overflow():
    card = RateCard("card", "USD", (Rate(country="US", price_micro=10**11),))
    plan = smslab.forecast(["a" * 39_000] * 1000, FAST, card, country="US", replications=1, rng=1)
    sent = plan.run.messages["sent_s"].notna().sum()
    assert plan.estimates.loc["cost", "value"] == sent * 255 * 100_000


def test_a_time_that_never_comes():
    scenario = Scenario(carriers=(Carrier(first_attempt=0.5, permanent_failure=0.5),))
    plan = smslab.forecast(["a"], scenario, country="US", replications=30, rng=1)
    finish = plan.estimates.loc["finish_s"]
    assert np.isfinite(finish["low"])
    assert np.isinf(finish["high"])
    assert " to never)" in plan.summary()
    lost = Scenario(carriers=(Carrier(first_attempt=0, permanent_failure=1),))
    plan = smslab.forecast(["a"], lost, country="US", replications=3, rng=1)
    assert "Last lands   never\n" in plan.summary()
    assert "Read         - of" in plan.summary()
    plan._repr_html_()


def test_pictures_show_the_list_alone(tmp_path, monkeypatch):
    traffic = (Poisson(name="codes", rate_per_s=40, duration_s=60), Campaign())
    plan = smslab.forecast(
        TEXTS, Scenario(traffic=traffic, senders=(Sender(mps=50),)), country="DE", rng=1
    )
    part = plan.run.of("campaign")
    assert len(part) == 400
    assert len(plan.run) > 2000
    assert part.messages["segments"].tolist() == [1] * 300 + [3] * 100
    assert set(part.messages["campaign"]) == {"campaign"}
    with pytest.raises(smslab.ScenarioError, match="Did you mean 'campaign'"):
        plan.run.of("campain")
    shown = []
    monkeypatch.setattr(report, "page", lambda *parts: shown.append(parts) or "")
    plan.to_html(tmp_path / "r.html")
    assert shown[0][2].messages.equals(part.messages)


def test_guessed_rates_are_told():
    plan = smslab.forecast(["a"] * 20, FAST, country="CA", replications=2, rng=1)
    assert plan.guessed == 20
    assert "20 messages at the lowest rate of their country" in plan.summary()
    plan = smslab.forecast(["a"] * 20, smslab.scenarios.load(), country="US", rng=1)
    assert plan.guessed == 0
    networks = (
        Rate(country="US", carrier="AT&T", price_micro=10_000),
        Rate(country="US", carrier="Verizon", price_micro=500_000),
    )
    card = RateCard("card", "USD", networks)
    late = dataclasses.replace(FAST, traffic=(Campaign(validity_h=0.001),))
    plan = smslab.forecast(["a"] * 300, late, card, country="US", replications=1, rng=1)
    assert plan.guessed == plan.run.messages["sent_s"].notna().sum() < 300


def test_countries_that_no_carrier_serves_are_listed():
    scenario = Scenario(carriers=(Carrier(country="US"),))
    table = pd.DataFrame({"text": "a", "country": ["DE", "US", "CA", None]})
    plan = smslab.forecast(table, scenario, replications=1, rng=1)
    assert plan.problems.to_dict() == {"no carrier of the scenario": 2, "unknown country": 1}
    assert plan.messages["sendable"].tolist() == [False, True, False, True]
    assert plan.messages["cost_micro"].notna().tolist() == [False, True, False, False]
    with pytest.raises(smslab.InputError, match="2 x no carrier of the scenario"):
        smslab.forecast(["a", "b"], scenario, country="DE")


def test_small_shares_and_what_is_pending_are_told():
    rare = Scenario(
        senders=(Sender(mps=1e6),),
        carriers=(Carrier(first_attempt=0.9997, permanent_failure=3e-4),),
    )
    summary = smslab.forecast(["a"] * 20_000, rare, country="US", replications=1, rng=1).summary()
    assert "Arrive       >99.9 % of" in summary
    assert "undelivered <0.1 %" in summary
    short = Scenario(senders=(Sender(mps=1),), horizon_h=0.01)
    summary = smslab.forecast(["a"] * 1000, short, country="US", replications=1, rng=1).summary()
    for line in summary.splitlines()[1:3]:
        assert re.search(r"; 9\d\.\d % still pending after 0.01 h$", line)


def test_wrong_types():
    with pytest.raises(TypeError, match=r"scenario must be a Scenario; not 's.toml'"):
        smslab.forecast(["a"], "s.toml", country="US")


def test_nobodys_own_plot_settings_change_the_report(plan, tmp_path):
    plan.to_html(tmp_path / "a.html")
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "none", "axes.facecolor": "red"}):
        plan.to_html(tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_carrier_of_the_row_decides_fee_and_network():
    table = pd.DataFrame(
        {"text": "a", "country": "US", "carrier": ["AT&T"] * 50 + ["Boost"] * 50 + [""] * 100}
    )
    plan = smslab.forecast(table, smslab.scenarios.load(), replications=4, rng=1)
    at_t = plan.messages["expected_cost"].iloc[:50]
    assert (at_t == 0.0083 + 0.0035).all()
    assert (plan.run.messages["carrier"].iloc[:50] == "AT&T").all()
    assert plan.messages["expected_cost"].iloc[50:].drop_duplicates().size > 1


def test_other_traffic_takes_capacity_but_is_not_counted():
    busy = Scenario(
        traffic=(
            Poisson(name="codes", rate_per_s=40, duration_s=60, priority=0),
            Campaign(),
        ),
        senders=(Sender(mps=50),),
    )
    alone = smslab.forecast(TEXTS, FAST, country="DE", replications=3, rng=1)
    beside = smslab.forecast(TEXTS, busy, country="DE", replications=3, rng=1)
    assert (beside.replications["messages"] == 400).all()
    assert beside.estimates.loc["cost", "value"] == alone.estimates.loc["cost", "value"]
    assert (
        beside.estimates.loc["sending_done_s", "value"]
        > alone.estimates.loc["sending_done_s", "value"] * 2
    )


def test_rows_that_are_not_sent_are_counted_and_listed():
    table = pd.DataFrame(
        {"text": ["ok", None, "", "ok", "ok"], "to": ["+12025550123"] * 3 + ["x", "+5351234567"]}
    )
    plan = smslab.forecast(table, FAST, replications=2, rng=1)
    assert plan.problems.to_dict() == {
        "empty text": 1,
        "no price for the country": 1,
        "no text": 1,
        "not a phone number": 1,
    }
    summary = plan.summary()
    assert "5 in the list, 3 of them cannot be sent" in summary
    assert "USD 0.01, and 1 messages without a price" in summary
    assert "Encoding     GSM-7 2 (100.0 %), UCS-2 0 (0.0 %); 2 segments" in summary
    assert "Countries    CU 1, US 1" in summary
    assert len(plan.messages) == 5
    assert len(plan.run) == 2


def test_nothing_to_send_is_an_error():
    with pytest.raises(smslab.InputError, match="none of 2 rows can be sent: 2 x no text"):
        smslab.forecast([None, None], FAST, country="US")
    with pytest.raises(smslab.InputError, match="empty list"):
        smslab.forecast([], FAST)
    with pytest.raises(smslab.OptionError, match=r"replications must be 1 or more, .* not 0"):
        smslab.forecast(["a"], FAST, replications=0)


def test_scenario_without_a_place_for_the_list():
    scenario = Scenario(traffic=(Campaign(messages=5),))
    with pytest.raises(smslab.ScenarioError, match="exactly one campaign"):
        smslab.forecast(["a"], scenario, country="US")


def test_summary_shows_clock_times_where_the_start_is_known(plan):
    assert "after the start" in plan.summary()
    start = dt.datetime(2026, 11, 23, 10, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
    dated = smslab.forecast(
        TEXTS, dataclasses.replace(FAST, start=start), country="DE", replications=2, rng=1
    )
    assert "Last leaves  2026-11-23 10:00:12 -0500\n" in dated.summary()
    assert "after the start" not in dated.summary()


def test_progress(capsys):
    smslab.forecast(["a"], FAST, country="US", replications=2, progress=True)
    assert "replications" in capsys.readouterr().err
    seen = []
    smslab.forecast(
        ["a"], FAST, country="US", replications=3, progress=lambda *step: seen.append(step)
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_every_text_is_escaped(tmp_path):
    nasty = "<script>alert('x')</script>" + '"><img src=x onerror=alert(1)>'
    card = RateCard(nasty, "USD", (Rate(country="US", price_micro=1, source=nasty),))
    scenario = dataclasses.replace(FAST, name=nasty)
    table = pd.DataFrame({"text": ["ok", nasty], "to": ["+12025550123", nasty]}, index=["a", nasty])
    plan = smslab.forecast(table, scenario, card, replications=2, rng=1)
    plan.to_html(tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    for part in (page, plan._repr_html_()):
        assert "<script" not in part
        assert "<img src=x" not in part
    assert page.count("&lt;script&gt;") >= 5
    assert not re.findall(r"(?:src|href)=[\"'](?!data:)", page)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (59.4, "59.4 s"),
        (59.96, "1 min 0 s"),
        (3599.7, "1 h 0 min"),
        (3661, "1 h 1 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_answers_and_emails_are_paid():
    talk = Conversation(reply_share=1, stop_share=0, help_share=1, answer_segments=2)
    everybody = Carrier(first_attempt=1, permanent_failure=0)
    quick = Fallback(after_s=0, cost=0.01)
    for campaign, extra in ((Campaign(conversation=talk), 2), (Campaign(fallback=quick), None)):
        scenario = Scenario(
            traffic=(campaign, Poisson(rate_per_s=1, duration_s=60, conversation=talk)),
            senders=(Sender(mps=1000),),
            carriers=(everybody,),
        )
        plan = smslab.forecast(["hello"] * 50, scenario, country="DE", replications=3, rng=1)
        price = float(smslab.cost(["hello"], country="DE").total)
        expected = 50 * price * (1 + extra) if extra else 50 * (price + 0.01)
        assert plan.estimates.loc["cost", "value"] == pytest.approx(expected)
        assert plan.messages["expected_cost"].sum() == pytest.approx(expected)
        assert plan.replications["messages"].tolist() == [50] * 3
