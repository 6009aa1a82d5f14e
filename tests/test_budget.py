import numpy as np
import pandas as pd
import pytest

import smslab
from smslab import Channel
from smslab.billing import BILLING
from smslab.errors import OptionError
from smslab.rates import Rate
from smslab.scenario import Campaign, Carrier, Scenario, Sender

TEXTS = ["Don’t miss it – half price on everything, in all our shops, today only!"] * 300
WAY = Scenario(
    traffic=(Campaign(),),
    senders=(Sender(mps=100, type="10dlc"),),
    carriers=(Carrier(name="AT&T"), Carrier(name="T-Mobile")),
)


@pytest.fixture(scope="module")
def plan():
    return smslab.forecast(
        TEXTS, WAY, country="US", rng=1, uncertain={"rates": (0.9, 1.1)}, replications=40
    )


def test_what_keeps_a_budget(plan):
    costs = plan.replications["cost"]
    limit = float(costs.median())
    found = smslab.budget(plan, limit)
    assert found.exceeding == (costs > limit).mean()
    assert found.low < found.exceeding < found.high
    assert found.expected == pytest.approx(costs.mean())
    best = found.options.iloc[0]
    assert found.options.index[0].startswith("smart encoding")
    # Two segments become one.
    assert best["segments"] == 300
    assert best["saving"] == pytest.approx(costs.mean() / 2, rel=1e-6)
    assert best["exceeding"] == 0
    assert "would still cost more" in found.summary()
    assert "smart encoding" in found._repr_html_()
    assert smslab.budget(plan, 10_000).exceeding == 0
    for limit in (-1, float("nan"), float("inf")):
        with pytest.raises(OptionError, match="limit must be an amount"):
            smslab.budget(plan, limit)


def test_nothing_saves_where_there_is_nothing_to_save():
    plan = smslab.forecast(["hello"] * 50, smslab.scenarios.load(), country="DE", rng=1)
    assert "nothing that was tried saves money" in smslab.budget(plan, 1).summary()


def test_messages_without_a_price_are_not_free():
    texts = pd.DataFrame({"text": TEXTS[:100], "country": ["US"] * 75 + ["DE"] * 25})
    card = smslab.RateCard("card", "USD", (Rate(country="US", price_micro=10_000),))
    way = Scenario(traffic=(Campaign(),), senders=(Sender(mps=100),))
    plan = smslab.forecast(texts, way, card, rng=1)
    found = smslab.budget(plan, 100)
    assert found.unpriced == 25
    assert "without what 25 messages cost that have no price" in found.summary()
    table = smslab.channels(plan, Channel(name="e-mail", cost=0.01, arriving=1, read=1))
    assert table["unpriced"].tolist() == [25, 0]
    mean = plan.replications.mean()
    assert table.loc["SMS", "per_delivered"] == pytest.approx(mean["cost"] / 75 / mean["delivered"])
    nowhere = smslab.forecast(texts.iloc[75:], way, card, rng=1)
    found = smslab.budget(nowhere, 100)
    assert found.unpriced == 25
    assert np.isnan([found.expected, found.exceeding, found.low, found.high]).all()
    assert found.summary() == "not known: none of 25 messages has a price"
    assert "not known" in found._repr_html_()
    assert smslab.channels(nowhere).loc["SMS", ["cost", "per_delivered"]].isna().all()


def test_arguments_of_another_kind(plan):
    for wrong in ("10", None, [10]):
        with pytest.raises(OptionError, match="limit must be an amount"):
            smslab.budget(plan, wrong)
        with pytest.raises(OptionError, match="cost must be 0 or more"):
            Channel(name="x", cost=wrong, arriving=1, read=1)
        with pytest.raises(OptionError, match="arriving must be a share"):
            Channel(name="x", cost=1, arriving=wrong, read=1)
    with pytest.raises(OptionError, match="confidence must be a number"):
        smslab.budget(plan, 10, confidence=2)
    with pytest.raises(OptionError, match="the others must be Channels"):
        smslab.channels(plan, 5)
    with pytest.raises(OptionError, match="uncertain must be a dict"):
        smslab.forecast(TEXTS, WAY, country="US", uncertain=["volume"])


def test_channels(plan):
    mail = Channel(name="e-mail", cost=0.0001, arriving=0.9, read=0.5, replied=0.1)
    table = smslab.channels(plan, mail)
    assert table.loc["e-mail", "cost"] == pytest.approx(0.03)
    assert table.loc["e-mail", "per_answered"] == pytest.approx(0.0001 / 0.9 / 0.5 / 0.1)
    mean = plan.replications.mean()
    assert table.loc["SMS", "per_delivered"] == pytest.approx(
        mean["cost"] / 300 / mean["delivered"]
    )
    assert np.isnan(table.loc["SMS", "per_answered"])
    with pytest.raises(OptionError, match="read must be a share"):
        Channel(name="x", cost=1, arriving=1, read=80)
    with pytest.raises(OptionError, match="cost must be 0 or more"):
        Channel(name="x", cost=-1, arriving=1, read=1)


def test_uncertain_inputs_widen_the_interval():
    certain, uncertain = (
        smslab.forecast(TEXTS, WAY, country="US", rng=1, uncertain=what, replications=40)
        for what in (None, {"volume": (0.5, 2.5), "carriers[0].permanent_failure": (0, 0.01)})
    )
    assert certain.drawn.empty
    width = [
        plan.estimates.loc["cost", "high"] - plan.estimates.loc["cost", "low"]
        for plan in (certain, uncertain)
    ]
    assert width[1] > 10 * width[0]
    volume = uncertain.drawn["volume"]
    assert volume.between(0.5, 2.5).all()
    assert uncertain.replications["messages"].tolist() == [round(300 * v) for v in volume]
    # What each row is expected to cost adds up to the whole.
    assert uncertain.messages["expected_cost"].sum() == pytest.approx(
        uncertain.replications["cost"].mean()
    )
    assert "Uncertain" in uncertain.summary()
    row = uncertain.estimates.loc["cost"]
    assert row["low"] <= row["p10"] <= row["p50"] <= row["p90"] <= row["high"]
    for wrong in ({"volume": (0, 0)}, {"rates": (-2, -1)}, {"volume": (1, 10_000)}):
        with pytest.raises(OptionError, match="must give factors above 0"):
            smslab.forecast(TEXTS, WAY, country="US", rng=3, uncertain=wrong)


def test_groups():
    table = pd.DataFrame(
        {
            "text": ["a", "b" * 200, "c", None],
            "country": ["US", "US", "DE", "US"],
            "template": list("xyxx"),
        }
    )
    plan = smslab.forecast(table, smslab.scenarios.load(), rng=1)
    by = plan.by("country")
    assert by["messages"].to_dict() == {"DE": 1, "US": 3}
    assert by["segments"].to_dict() == {"DE": 1, "US": 3}
    assert by["share"].sum() == pytest.approx(1)
    assert plan.by("template", "country")["expected_cost"].sum() == pytest.approx(
        plan.replications["cost"].mean()
    )
    with pytest.raises(OptionError, match="Did you mean 'template'"):
        plan.by("templat")
    with pytest.raises(OptionError, match="needs the name of a column"):
        plan.by()
    with pytest.raises(OptionError, match="no column 7"):
        plan.by(7)
    with pytest.raises(OptionError, match="takes names, as in"):
        plan.by(["country"])
    plan = smslab.forecast(table.assign(tags=[["x"]] * 4), smslab.scenarios.load(), rng=1)
    with pytest.raises(OptionError, match="'tags' cannot be grouped by"):
        plan.by("tags")


def test_billing_rules_hold_for_forecasts():
    scenario = Scenario(
        traffic=(Campaign(),),
        senders=(Sender(mps=100),),
        carriers=(Carrier(first_attempt=0, permanent_failure=0.5, validity_h=0.01),),
    )
    card = smslab.RateCard("card", "USD", (smslab.rates.Rate(country="US", price_micro=1_000_000),))
    costs = {}
    for name in ("Plivo", "Alibaba"):
        own = smslab.RateCard("card", "USD", card.rates, BILLING[name])
        plan = smslab.forecast(["hello"] * 1000, scenario, own, country="US", rng=1)
        costs[name] = plan.replications["cost"].mean()
        bill = smslab.cost(plan.run, own, country="US")
        assert float(bill.total) == plan.replications["cost"][0]
    assert costs["Plivo"] == 1000
    assert costs["Alibaba"] == pytest.approx(500, abs=30)  # what expires is free


def test_categories_are_as_good_as_texts():
    table = pd.DataFrame({"text": ["a", "b"], "country": ["US", "DE"], "carrier": ["AT&T", None]})
    for columns in (["country"], ["country", "carrier"]):
        coded = table.astype(dict.fromkeys(columns, "category"))
        found, plain = (smslab.forecast(t, smslab.scenarios.load(), rng=1) for t in (coded, table))
        pd.testing.assert_frame_equal(found.by("country"), plain.by("country"))
