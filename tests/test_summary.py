"""Replications of which no row is kept: the same messages, block after block."""

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nasty import scenarios

import smslab
from smslab.engines import compiled
from smslab.scenario import Campaign, Conversation, Fallback, Poisson, Scenario, Schedule, Sender
from smslab.traffic import Blocks, Traffic, generate

not_local = scenarios.filter(lambda s: not any(getattr(t, "local", False) for t in s.traffic))


def columns(items, kind):
    for field in fields(kind):
        values = [getattr(item, field.name) for item in items]
        if isinstance(values[0], np.ndarray):
            yield field.name, np.concatenate(values)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(not_local, st.integers(0, 2**32), st.sampled_from([1, 7, 50, 1000]))
def test_blocks_hold_the_same_messages(scenario, seed, size):
    traffic = generate(scenario, seed)
    blocks = Blocks(scenario, seed, size)
    parts = list(blocks)
    assert blocks.messages == len(traffic.queued_us)
    times = [at for part, _ in parts for at in part.queued_us.tolist()]
    assert times == sorted(times)
    order = np.argsort(np.concatenate([numbers for _, numbers in parts]))
    for name, got in columns([part for part, _ in parts], Traffic):
        expected = getattr(traffic, name)
        assert np.array_equal(got[order] if len(got) else got, expected), name


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(not_local, st.integers(0, 2**32), st.sampled_from([1, 7, 50, 1000]))
def test_messages_fare_the_same_when_no_row_is_kept(scenario, seed, size):
    whole = compiled.run(scenario, generate(scenario, seed), seed)
    parts = list(compiled.stream(scenario, Blocks(scenario, seed, size), seed))
    order = np.argsort(np.concatenate([numbers for _, numbers in parts]))
    assert len(order) == len(whole.status)
    outcomes = [outcome for outcome, _ in parts]
    for name, got in columns(outcomes, type(whole)):
        assert np.array_equal(got[order], getattr(whole, name)), name
    assert np.array_equal(
        np.concatenate([outcome.traffic.carrier for outcome in outcomes])[order],
        whole.traffic.carrier,
    )


SCENARIO = Scenario(
    name="<both>",
    traffic=(
        Campaign(
            name="offers",
            messages=30_000,
            over_h=1,
            conversation=Conversation(agents=3),
            conversion=0.1,
        ),
        Poisson(name="codes", rate_per_s=3, duration_s=3600, fallback=Fallback(after_s=5)),
        Schedule(name="alerts", times_s=(9.0, 3.0, 3.0)),
    ),
    senders=(Sender(mps=12),),
)


def test_figures_are_those_of_the_rows():
    found = smslab.simulate(SCENARIO, rng=4, keep="summary")
    run = smslab.simulate(SCENARIO, rng=4)
    assert len(found) == len(run)
    quantiles = ("landed_95_s", "delay_50_s", "delay_95_s")
    for name, rows in (("all", run), ("offers", run.of("offers")), ("codes", run.of("codes"))):
        figures, expected = found.figures_of(name), rows.figures()
        for figure in quantiles:
            assert figures.pop(figure) == pytest.approx(expected.pop(figure), rel=0.011)
        if name != "all":
            # An answer belongs to nobody's rows, but is counted with its traffic.
            figures.pop("answers"), expected.pop("answers")
        # What it answers is not kept.
        for figure in ("answer_50_s", "answer_95_s"):
            assert math.isnan(figures.pop(figure))
            assert expected.pop(figure) > 0 or name == "codes"
        assert figures == expected
    assert repr(found).startswith("<Summary of '<both>': ")
    assert "&lt;both&gt;" in found._repr_html_()
    assert found.to_pandas() is found.figures
    with pytest.raises(ValueError, match="traffic must be one of"):
        found.figures_of("nothing")


def test_progress_counts_messages():
    seen = []
    found = smslab.simulate(
        SCENARIO, rng=1, keep="summary", progress=lambda *done: seen.append(done)
    )
    assert seen[-1][0] == len(found)
    assert seen[-1][1] == found.figures_of()["messages"]


def test_nothing_to_send():
    empty = Scenario(traffic=(Campaign(messages=0),))
    assert smslab.simulate(empty, keep="summary").summary() == "0 messages"


@pytest.mark.parametrize(
    ("scenario", "arguments", "says"),
    [
        (SCENARIO, {"keep": "row"}, "keep must be one of rows, summary; not 'row'. Did you mean"),
        (SCENARIO, {"keep": "summary", "engine": "reference"}, "engine='reference' needs keep"),
        (SCENARIO, {"keep": "summary", "processes": [print]}, "processes needs keep='rows'"),
        (
            Scenario(traffic=(Campaign(name="x", messages=5, local=True),)),
            {"keep": "summary"},
            "traffic.x.local needs keep='rows'",
        ),
        (Scenario(), {"keep": "summary"}, r"traffic\[0\].messages: missing"),
    ],
)
def test_what_needs_rows_is_refused(scenario, arguments, says):
    with pytest.raises(ValueError, match=says):
        smslab.simulate(scenario, **arguments)
