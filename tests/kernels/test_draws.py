import math
from statistics import NormalDist

import numpy as np
import pytest

from smslab.kernels import simulation as draws


def test_values_are_fixed_for_ever():
    """A change of these changes every simulation that anybody has run."""
    assert draws.uniform(0, 1, 0, 0) == pytest.approx(UNIFORM_0_1_0_0, abs=0)
    assert draws.uniform(2026, 5, 123_456, 3) == pytest.approx(UNIFORM_2026, abs=0)


UNIFORM_0_1_0_0 = 0.5026230818294767
UNIFORM_2026 = 0.5157566609782364


def test_vector_and_scalar_agree():
    drawn = draws.uniforms_of(7, 3, np.arange(50))
    assert drawn.tolist() == [draws.uniform(7, 3, i, 0) for i in range(50)]
    times = np.empty(50)
    draws.passing(7, 2, 0, 0.0, 1.0, times)
    gaps = [draws.exponential(7, draws.ARRIVAL, i, 2) for i in range(50)]
    assert times.tolist() == np.cumsum(gaps).tolist()


def test_normal_is_the_quantile_of_the_uniform():
    for message in range(3000):
        p = draws.uniform(1, 2, message, 0)
        assert draws.normal(1, 2, message, 0) == pytest.approx(NormalDist().inv_cdf(p), abs=1e-9)


@pytest.mark.parametrize("p", [1e-300, 1e-20, 1e-12, 1e-9, 0.001, 0.07, 0.08, 0.3, 0.5])
def test_quantile_of_the_normal(p):
    assert draws.normal_quantile(p) == pytest.approx(NormalDist().inv_cdf(p), abs=1e-9)
    if p > 1e-9:
        assert draws.normal_quantile(1 - p) == pytest.approx(-NormalDist().inv_cdf(p), abs=1e-6)


@pytest.mark.parametrize(("seed", "stream"), [(0, 1), (1, 1), (2**63 - 1, 9)])
def test_uniform_is_uniform(seed, stream):
    drawn = np.sort(draws.uniforms_of(seed, stream, np.arange(200_000)))
    gap = np.abs(drawn - (np.arange(200_000) + 0.5) / 200_000).max()
    assert gap < 1.95 / math.sqrt(200_000)  # Kolmogorov-Smirnov at 0.001
    assert drawn[0] > 0
    assert drawn[-1] < 1


def test_streams_attempts_seeds_and_neighbours_are_independent():
    messages = np.arange(100_000)
    base = draws.uniforms_of(5, 4, messages)
    others = [
        draws.uniforms_of(6, 4, messages),
        draws.uniforms_of(5, 5, messages),
        np.array([draws.uniform(5, 4, i, 1) for i in range(100_000)]),
        np.roll(base, 1),
    ]
    for other in others:
        assert abs(np.corrcoef(base, other)[0, 1]) < 4 / math.sqrt(100_000)
