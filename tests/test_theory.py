"""The closed forms, against reference values, each other, and sums written out plainly."""

import math

import pytest

from smslab import theory
from smslab.errors import OptionError


def test_reference_values():
    """Values computed elsewhere, with more digits."""
    assert theory.erlang_b(8, 5) == pytest.approx(0.0700478522, abs=1e-10)
    assert theory.erlang_c(5, 4) == pytest.approx(0.554113, abs=1e-6)
    assert theory.mmc_wait(4, 1, 5) == pytest.approx(0.554113, abs=1e-6)
    assert theory.mmc_wait(7, 0.1) == pytest.approx(0.233333, abs=1e-6)
    assert theory.mmc_wait_quantile(7, 0.1, 1, 0.95) == pytest.approx(0.879686, abs=1e-6)
    assert theory.mmc_wait_quantile(4, 1, 5, 0.95) == pytest.approx(2.405345, abs=1e-6)
    assert theory.mg1_wait(7, 0.1, 0.01) == pytest.approx(0.1166667, abs=1e-7)
    assert theory.mg1_wait(4, 0.143, 0.0261) == pytest.approx(0.1219626, abs=1e-7)
    assert theory.md1_wait_within(7, 0.1, 0.25) == pytest.approx(0.8522961, abs=1e-7)
    assert theory.md1_wait_quantile(7, 0.1, 0.95) == pytest.approx(0.4102898, abs=1e-7)
    # What validity, and a token bucket of 3 tokens, are computed from.
    assert theory.md1_wait_within(8, 0.1, 0.3) == pytest.approx(0.7620995, abs=1e-7)
    assert theory.md1_wait_within(7, 0.1, 0.2) == pytest.approx(0.7936719, abs=1e-7)


def erlangs_sum(rate, service, wait):
    return (1 - rate * service) * math.fsum(
        (-rate * (wait - k * service)) ** k
        / math.factorial(k)
        * math.exp(rate * (wait - k * service))
        for k in range(math.floor(wait / service + 1e-12) + 1)
    )


@pytest.mark.parametrize("rate", [0.5, 5, 9])
@pytest.mark.parametrize("wait", [0, 0.05, 0.1, 0.17, 0.4, 1.03])
def test_m_d_1_is_erlangs_sum(rate, wait):
    found = theory.md1_wait_within(rate, 0.1, wait)
    assert found == pytest.approx(erlangs_sum(rate, 0.1, wait), abs=1e-9)


def test_m_d_1_far_out():
    """Where the sum that is written out cancels to nothing."""
    mean, wait = theory.mg1_wait(9.9, 0.1, 0.01), 0.0
    step, area = 0.5, 0.0
    while theory.md1_wait_within(9.9, 0.1, wait) < 1 - 1e-9:
        area += step * (1 - theory.md1_wait_within(9.9, 0.1, wait + step / 2))
        wait += step
    assert area == pytest.approx(mean, rel=1e-3)


@pytest.mark.parametrize(("rate", "wait"), [(4, 0.1), (4, 0.554), (30, 0.01), (0.5, 3)])
def test_smallest_number_of_servers(rate, wait):
    servers = theory.servers_for(rate, 1, wait)
    assert theory.mmc_wait(rate, 1, servers) <= wait
    assert servers == 1 or theory.mmc_wait(rate, 1, servers - 1) > wait
    servers = theory.servers_for(rate, 1, wait, share=0.95)
    assert theory.mmc_wait_within(rate, 1, servers, wait) >= 0.95
    assert servers == 1 or theory.mmc_wait_within(rate, 1, servers - 1, wait) < 0.95


def test_priorities():
    assert theory.priority_waits((3, 0.1, 0.02), (4, 0.1, 0.02)) == pytest.approx([0.1, 1 / 3])
    assert theory.priority_waits((7, 0.1, 0.02)) == pytest.approx([theory.mmc_wait(7, 0.1)])
    # Codes wait for the rest of one offer at most, however many there are.
    assert theory.priority_waits((3, 0.1, 0.01), (1e6, 0.1, 0.01)) == pytest.approx(
        [0.05 / 0.7, math.inf]
    )


def test_overload_of_a_lower_class():
    """Half the time goes to long messages of the first class, and half to short ones."""
    found = theory.priority_waits((0.5, 1, 1), (20, 0.1, 0.01))
    assert found == pytest.approx([(0.5 / 2 + 0.5 * 0.1 / 2) / 0.5, math.inf])


def test_many_servers_at_once():
    assert theory.servers_for(9e5, 1, 1e-6) > 9e5


def test_too_much():
    assert theory.erlang_c(5, 5) == 1
    for found in (
        theory.mmc_wait(5, 1, 5),
        theory.mg1_wait(10, 0.1, 0.01),
        theory.mmc_wait_quantile(5, 1, 5, 0.5),
        theory.md1_wait_quantile(10, 0.1, 0.5),
    ):
        assert found == math.inf
    assert theory.md1_wait_within(10, 0.1, 1) == theory.mmc_wait_within(5, 1, 5, 1) == 0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: theory.drain_time(1, 0), "per_second must be over 0, and finite; not 0"),
        (lambda: theory.rate_for(-1, 1), "units must be 0 or more, and finite; not -1"),
        (lambda: theory.mmc_wait(1, math.nan), "service must be over 0"),
        (lambda: theory.mg1_wait(1, 0.1, 0.001), "second_moment must be 0.01 or more"),
        (lambda: theory.servers_for(1, 1, 0), "wait must be over 0"),
        (lambda: theory.servers_for(1, 1, 1, share=95), "share must be over 0 and less than 1"),
        (lambda: theory.mmc_wait_quantile(1, 1, 2, 1), "share must be 0 or more, less than 1"),
        (lambda: theory.servers_for(1e9, 1, 1), "servers can do"),
        (lambda: theory.erlang_b(2.5, 1), "servers must be a whole number; not 2.5"),
        (lambda: theory.erlang_c("a", 1), "servers must be a whole number"),
        (lambda: theory.priority_waits((0.5, 1)), "a class must be a rate and two moments"),
        (lambda: theory.mg1_wait(1e-300, 1e300, 1e300), "second_moment must be"),
    ],
)
def test_bad_values(call, says):
    with pytest.raises(OptionError, match=says):
        call()
