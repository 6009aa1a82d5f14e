import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smslab.errors import OptionError
from smslab.intervals import check_confidence, mean, quantile_ranks, rank, wilson


def test_wilson_by_the_textbook():
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
    for count, of, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(count, of, 0.95) == pytest.approx((low, high), abs=5e-5)
    assert wilson(20, 20, 0.95)[1] == 1
    assert all(map(math.isnan, wilson(0, 0, 0.95)))


@given(st.floats(0.01, 1), st.integers(1, 1000))
def test_rank_is_the_smallest_value_with_the_share(share, of):
    place = rank(share, of)
    assert (place + 1) / of >= share - 1e-8
    assert place == 0 or place / of < share


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("of", [1, 10, 100, 1000, 30_000])
def test_ranks_hold_the_quantile_as_often_as_they_say(share, of):
    low, high = quantile_ranks(share, of, 0.95)
    assert -1 <= low <= high <= of
    # The number of values below the quantile is binomial: count how often the ranks hold it.
    counts = np.random.default_rng(1).binomial(of, share, 200_000)
    held = ((counts > low) & (counts <= high)).mean()
    assert held >= 0.945
    assert (counts <= low).mean() <= 0.027
    assert (counts > high).mean() <= 0.027


def test_large_numbers_agree_with_small_ones():
    exact = quantile_ranks(0.95, 19_999, 0.95)
    near = quantile_ranks(0.95, 20_000, 0.95)
    assert np.abs(np.subtract(exact, near)).max() <= 3


def test_mean():
    values = np.array([1.0, 2, 3, 4])
    low, high = mean(values.sum(), (values**2).sum(), 4, 0.95)
    half = 1.959964 * values.std(ddof=1) / 2
    assert (low, high) == pytest.approx((2.5 - half, 2.5 + half), abs=1e-6)
    assert math.isnan(mean(1, 1, 1, 0.95)[0])


@pytest.mark.parametrize("confidence", [0, 1, 2, -0.5, math.nan, "0.95", None, [0.9]])
def test_what_is_no_confidence(confidence):
    with pytest.raises(OptionError, match="confidence must be a number between 0 and 1"):
        check_confidence(confidence)


def test_any_number_is_a_confidence():
    for confidence in (0.5, np.float32(0.9)):
        check_confidence(confidence)
