from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

import smslab
from smslab.fields import replaced
from smslab.figures import figures_of
from smslab.replications import coverage, estimates
from smslab.scenario import Campaign, Carrier, Hours, Poisson, Scenario, Sender
from smslab.simulate import run_once, seeds

SCENARIO = Scenario(
    name="both",
    traffic=(
        Campaign(name="offers", messages=300),
        Poisson(name="codes", rate_per_s=1, duration_s=60),
    ),
    senders=(Sender(name="short.code", mps=10),),
    carriers=(
        Carrier(name="AT&T", first_attempt=0.9, permanent_failure=0.05),
        Carrier(name="Other"),
    ),
)


def test_figures_are_those_of_the_seeds():
    many = smslab.replicate(SCENARIO, 5, rng=3)
    for place, seed in enumerate(seeds(3, 5)):
        run = run_once(SCENARIO, seed, engine="reference")
        figures = many.figures.loc[place]
        assert figures.loc["all"].to_dict() == pytest.approx(figures_of(run), nan_ok=True)
        assert figures.loc["codes"].to_dict() == pytest.approx(
            figures_of(run.of("codes")), nan_ok=True
        )
        landed = many.landed.loc[place]
        final = np.sort(run.final_us[run.status == 4]) / 1e6
        assert landed[0.5] == final[int(np.ceil(0.5 * len(run))) - 1]
        assert np.isnan(landed[1.0])
    assert len(many) == 5
    assert many.coverage == pytest.approx(4 / 6)
    assert many.with_known_inputs is None
    assert "5 replications, 66.7 % intervals" in repr(many)
    assert "<td>" in many._repr_html_()


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_the_same_on_every_executor(pool):
    uncertain = {"senders[0].mps": (5, 15), "carriers[AT&T].first_attempt": (0.8, 0.9)}
    here = smslab.replicate(SCENARIO, 4, rng=3, uncertain=uncertain)
    with pool(2) as executor:
        there = smslab.replicate(SCENARIO, 4, rng=3, uncertain=uncertain, executor=executor)
    pd.testing.assert_frame_equal(here.figures, there.figures)
    pd.testing.assert_frame_equal(here.inputs, there.inputs)
    pd.testing.assert_frame_equal(here.landed, there.landed)
    assert here.with_known_inputs is not None
    pd.testing.assert_frame_equal(here.with_known_inputs, there.with_known_inputs)


def test_ignorance_widens_the_interval():
    uncertain = {
        "senders[0].mps": (2, 20),
        "carriers[0].permanent_failure": lambda generator: 0.1 * generator.beta(1, 2),
    }
    many = smslab.replicate(SCENARIO, 39, rng=3, uncertain=uncertain)
    table = many.estimates()
    row = table.loc["sending_done_s"]
    assert row["high"] - row["low"] > 5 * (row["high_known"] - row["low_known"])
    assert many.inputs["senders[0].mps"].between(2, 20).all()
    bad = table.loc["undelivered"]
    assert bad["high"] - bad["low"] > bad["high_known"] - bad["low_known"]
    # Chance alone is what it is without the uncertainty.
    alone = smslab.replicate(SCENARIO, 39, rng=3).estimates()
    assert (alone["low"] == table["low_known"]).all()


def test_inputs_keep_their_types():
    uncertain = {
        "senders[0].numbers": lambda generator: int(generator.integers(1, 5)),
        "carriers[0].first_attempt": (0.9, 0.95),
    }
    many = smslab.replicate(SCENARIO, 3, rng=1, uncertain=uncertain)
    assert many.inputs["senders[0].numbers"].dtype == "int64"


def test_progress_counts():
    seen = []
    smslab.replicate(SCENARIO, 3, rng=1, progress=lambda *done: seen.append(done))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_compare_shows_the_difference_and_not_the_chance():
    faster = replaced(SCENARIO, "senders.0.mps", 20)
    found = smslab.compare(SCENARIO, faster, 10, rng=1)
    same = smslab.compare(SCENARIO, SCENARIO, 10, rng=1)
    assert (same.differences.fillna(0) == 0).all(axis=None)
    table = found.estimates("offers")
    assert table.loc["sending_done_s", "difference"] == pytest.approx(
        table.loc["sending_done_s", "b"] - table.loc["sending_done_s", "a"], rel=0.05
    )
    assert table.loc["sending_done_s", "high"] < 0
    assert table.loc["delivered", "difference"] == 0
    assert "offers" not in repr(found)
    assert "<td>" in found._repr_html_()
    assert found.to_pandas().equals(found.differences)


def test_a_larger_campaign_leaves_other_draws_alone():
    def beside(messages):
        return Scenario(
            traffic=(
                Campaign(name="x", messages=messages),
                Campaign(name="y", messages=200, conversion=0.1, sender="two"),
                Poisson(name="z", rate_per_s=1, duration_s=60, sender="two"),
            ),
            senders=(Sender(name="one", mps=100), Sender(name="two", mps=100)),
        )

    found = smslab.compare(beside(100), beside(5000), 10, rng=1)
    for name in ("y", "z"):
        assert (found.estimates(name)["difference"].dropna() == 0).all()


def test_a_time_that_never_comes_has_no_difference():
    never = replaced(SCENARIO, "traffic.codes.validity_h", 0.1)
    never = replaced(never, "traffic.codes.allowed_hours", (Hours(from_h=20),))
    table = smslab.compare(SCENARIO, never, 3, rng=1).estimates("codes")
    assert table.loc["sending_done_s", ["difference", "low"]].isna().all()


def test_estimates():
    figures = pd.DataFrame({"finish_s": [3.0, np.nan, 1.0], "delivered": [0.5, np.nan, 0.9]})
    table = estimates(figures)
    assert table.loc["finish_s"].tolist() == [3, 1, np.inf]
    assert table.loc["delivered"].tolist() == [0.7, 0.5, 0.9]
    assert [coverage(n) for n in (1, 19, 20, 39)] == pytest.approx([0, 0.9, 19 / 21, 0.9])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"n": 0}, "replications must be 1 or more"),
        ({"engine": "fast"}, "engine must be one of"),
        ({"uncertain": {"sender[0].mps": (1, 2)}}, "no field 'sender'; known: .*Did you mean"),
        ({"uncertain": {"senders[0].msp": (1, 2)}}, "no field 'msp'"),
        ({"uncertain": {"senders[3].mps": (1, 2)}}, r"no '3' there; there are \['short.code'\]"),
        ({"uncertain": {"carriers[0].first_attempt": (2, 3)}}, "first_attempt must be between"),
        ({"uncertain": {"": (2, 3)}}, "path must name a field"),
        (
            {"uncertain": {"horizon_h": (12, 8)}},
            "'horizon_h'.* must be two bounds, the lower first",
        ),
        ({"uncertain": {"horizon_h": (8,)}}, "must be two bounds"),
        ({"uncertain": {"horizon_h": 5}}, "must be two bounds"),
        ({"uncertain": {"horizon_h": (1, float("inf"))}}, "must be two bounds"),
        ({"uncertain": {"horizon_h.x": (2, 3)}}, "no field 'x'"),
    ],
)
def test_wrong_arguments(arguments, says):
    with pytest.raises(ValueError, match=says):
        smslab.replicate(SCENARIO, **{"rng": 1} | arguments)


def test_unknown_traffic():
    many = smslab.replicate(SCENARIO, 1, rng=1)
    with pytest.raises(ValueError, match="traffic must be one of"):
        many.estimates("nothing")
