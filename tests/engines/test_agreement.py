"""The compiled engine says, row by row, what the reference engine says."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nasty import scenarios

from smslab import verify
from smslab.scenario import Carrier, Scenario, Schedule, Sender


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios, st.integers(0, 2**32))
def test_engines_agree_row_by_row(scenario, seed):
    found = verify(scenario, rng=seed)
    assert found, found.differences


def test_who_is_submitted_again_at_once_comes_back_after_others():
    # Those that come first have the higher numbers, which say who is first at the same time.
    times = tuple(range(76, -1, -4))
    scenario = Scenario(
        traffic=(Schedule(name="alerts", times_s=times, segment_shares=(0.5, 0.5)),),
        senders=(Sender(name="one"),),
        carriers=(Carrier(name="a", mps=0.5, submit_failure=0.4),),
        resubmit_s=(0.0, 4.0),
    )
    for seed in range(40):
        found = verify(scenario, rng=seed)
        assert found, found.differences
