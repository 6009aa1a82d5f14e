"""What the event loop shares with the rest, and the pieces of it that stand alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smslab.engines.reference import next_open
from smslab.kernels import simulation
from smslab.outcome import NEVER, Keyword, Reason, Stage, Status
from smslab.supply import LIMITERS


def test_codes_are_those_of_the_outcome():
    for kind in (Status, Reason, Stage):
        for member in kind:
            if kind is Reason and member > Reason.SUBMIT_FAILED:
                continue  # stands in logs alone
            name = {"NONE": "NO_REASON"}.get(member.name, member.name)
            assert getattr(simulation, f"_{name}") == member, name
    for member in Keyword:
        name = {"NONE": "NO_KEYWORD"}.get(member.name, member.name)
        assert getattr(simulation, f"_{name}") == member, name
    assert simulation.NEVER == NEVER
    assert {name.upper() for name in LIMITERS} <= set(dir(simulation))


@pytest.mark.parametrize(("units", "mps"), [(1, 3.0), (7, 3.0), (2, 1e6), (5, 160.0), (1, 1e9)])
def test_held_is_the_nearest_microsecond(units, mps):
    assert simulation.held_us(units, mps) == round(units * 1_000_000 / mps)


def test_far_times_are_cut():
    assert simulation.ticks(1e300) == simulation.FAR
    assert simulation.lognormal_us(1, 1, 1, 0, 1e9, 10.0) <= simulation.FAR


@given(
    st.lists(st.integers(0, 100), max_size=8, unique=True).map(sorted),
    st.integers(0, 110),
)
def test_next_open(borders, time):
    opens = np.array(borders[: len(borders) // 2 * 2], np.int64).reshape(-1, 2)
    got = next_open(opens, time)
    if not len(opens):
        assert got == time
        return
    moments = [t for t in range(time, 111) if any(a <= t < b for a, b in opens)]
    assert got == (moments[0] if moments else simulation.FAR)


def test_handsets_go_on_and_off():
    """On and off by turns: off until a moment at which it is on."""
    share, mean_s = 0.4, 100.0
    for recipient in range(20):
        for time in range(0, 10**9, 37_000_000):
            back = simulation.off_until(3, recipient, time, share, mean_s)
            if back >= 0:
                assert back > time
                assert simulation.off_until(3, recipient, back, share, mean_s) == -1
    assert simulation.off_until(3, 1, 5, 0.0, 100.0) == -1


def test_keys_are_apart():
    rows = np.arange(1000)
    keys = [simulation.key_of(k, rows, is_answer=a) for k in range(3) for a in (False, True)]
    assert len(np.unique(np.concatenate(keys))) == 6000
    assert (keys[0] == rows).all()
