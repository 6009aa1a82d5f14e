"""The compiled engine says, row by row, what the reference engine says."""

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from nasty import scenarios

from smslab import verify
from smslab.errors import ScenarioError


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(st.data(), st.integers(0, 2**32))
def test_engines_agree_row_by_row(data, seed):
    try:
        scenario = data.draw(scenarios)
    except ScenarioError:
        assume(False)
    found = verify(scenario, rng=seed)
    assert found, found.differences
