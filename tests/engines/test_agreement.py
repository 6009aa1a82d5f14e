"""The compiled engine says, row by row, what the reference engine says."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nasty import scenarios

from smslab import verify


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios, st.integers(0, 2**32))
def test_engines_agree_row_by_row(scenario, seed):
    found = verify(scenario, rng=seed)
    assert found, found.differences
