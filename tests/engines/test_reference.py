"""The reference engine against queueing theory, against rules of the road, and against itself."""

import heapq
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smslab.engines import reference
from smslab.kernels.simulation import SECOND
from smslab.outcome import NEVER, Reason, Status
from smslab.scenario import Campaign, Carrier, Poisson, Scenario, Sender
from smslab.simulate import simulate
from smslab.traffic import Traffic, generate

#: Every message arrives at once: queues are seen alone.
PLAIN = Carrier(first_attempt=1, permanent_failure=0, receipt_missing=0)


ROWS = 2_000_000


def arrivals(rate, rows=ROWS):
    gaps = np.random.default_rng(1).exponential(1 / rate, rows)
    return np.rint(np.cumsum(gaps) * SECOND).astype(np.int64)


def lindley(arrival, held):
    """When each starts at one server, first come first served, in integers and without events."""
    done = np.cumsum(held) + np.maximum.accumulate(arrival - np.cumsum(held) + held)
    return done - held


def simulated(arrival, segments, *, rows=60_000, **parts):
    """When the engine starts the first so many of the same messages at the last queue."""
    campaign = Campaign(messages=rows, validity_h=8784)
    scenario = Scenario(horizon_h=8784, traffic=(campaign,), **{"carriers": (PLAIN,)} | parts)
    none = np.zeros(rows, np.int16)
    traffic = Traffic(arrival[:rows], none, segments[:rows].astype(np.int32), none)
    run = reference.run(scenario, traffic, 1)
    last = scenario.carriers[0].mps or scenario.senders[0].mps
    return run.sent_us - np.rint((segments[:rows] - 1) * (SECOND / last)).astype(np.int64)


def check(arrival, start, *, mean, rel=0.02):
    wait = (start - arrival) / SECOND
    assert wait.mean() == pytest.approx(mean, rel=rel)
    return wait


def test_m_m_1():
    """Wq = rho / (mu - lambda); P(W > t) = rho exp(-(mu - lambda) t)."""
    arrival = arrivals(7)
    held = np.rint(np.random.default_rng(2).exponential(0.1 * SECOND, ROWS)).astype(np.int64) + 1
    start = lindley(arrival, held)
    wait = check(arrival, start, mean=0.7 / 3)
    assert np.quantile(wait, 0.95) == pytest.approx(math.log(0.7 / 0.05) / 3, rel=0.02)
    # A segment of one microsecond makes the message's length its service time.
    assert (simulated(arrival, held, senders=(Sender(mps=SECOND),)) == start[:60_000]).all()


def test_m_d_1():
    """Wq = rho D / 2 (1 - rho) = 0.1166667; P(W <= 0.25) = 0.8522961; p95 = 0.4102898."""
    arrival, segments = arrivals(7), np.ones(ROWS, np.int64)
    start = lindley(arrival, segments * SECOND // 10)
    wait = check(arrival, start, mean=0.1166667)
    assert (wait <= 0.25).mean() == pytest.approx(0.8522961, abs=0.004)
    assert np.quantile(wait, 0.95) == pytest.approx(0.4102898, rel=0.02)
    assert (simulated(arrival, segments, senders=(Sender(mps=10),)) == start[:60_000]).all()


def test_m_g_1_with_segments():
    """Pollaczek and Khinchine: lambda E[S2] / 2 (1 - rho) = 0.1219626."""
    arrival = arrivals(4)
    segments = np.random.default_rng(3).choice([1, 2, 3, 4], ROWS, p=[0.7, 0.2, 0.07, 0.03])
    start = lindley(arrival, segments * SECOND // 10)
    check(arrival, start, mean=0.1219626)
    assert (simulated(arrival, segments, senders=(Sender(mps=10),)) == start[:60_000]).all()


def test_m_m_5_of_a_pool_of_numbers():
    """Erlang C = 0.554113, so Wq = C / (c mu - lambda) = 0.554113 at 4/s, mu = 1, c = 5."""
    rows = 1_000_000
    arrival = arrivals(4, rows)
    held = np.rint(np.random.default_rng(4).exponential(SECOND, rows)).astype(np.int64) + 1
    free = [0] * 5
    start = np.empty(rows, np.int64)
    for row, (time, span) in enumerate(zip(arrival.tolist(), held.tolist(), strict=True)):
        start[row] = max(time, free[0])
        heapq.heapreplace(free, int(start[row]) + span)
    wait = check(arrival, start, mean=0.554113, rel=0.03)
    assert (wait > 0).mean() == pytest.approx(0.554113, rel=0.01)
    pool = (Sender(mps=SECOND, numbers=5),)
    assert (simulated(arrival, held, senders=pool) == start[:60_000]).all()


def test_sender_then_carrier():
    """Friedman: in a row of constant servers the whole wait is that at the slower one."""
    arrival, segments = arrivals(6), np.ones(ROWS, np.int64)
    start = lindley(lindley(arrival, segments * SECOND // 10), segments * 120_000)
    check(arrival, start, mean=0.1542857)
    carriers = (Carrier(mps=1 / 0.12, first_attempt=1, permanent_failure=0),)
    ours = simulated(arrival, segments, senders=(Sender(mps=10),), carriers=carriers)
    assert (ours == start[:60_000]).all()


def test_two_classes_by_priority():
    """Cobham for M/D/1: the first class waits W0 / (1 - r1), W0 = lambda D2 / 2.

    With equal service times, priorities change who starts at a moment, not the moments.
    """
    codes = Poisson(name="codes", rate_per_s=3, duration_s=20_000, priority=0)
    offers = Poisson(name="offers", rate_per_s=4, duration_s=20_000, priority=2)
    scenario = Scenario(traffic=(codes, offers), senders=(Sender(mps=10),), carriers=(PLAIN,))
    run = simulate(scenario, rng=2)
    arrival = np.sort(run.traffic.queued_us)
    start = lindley(arrival, np.full(len(run), SECOND // 10))
    assert (np.sort(run.sent_us) == start).all()
    wait = (run.sent_us - run.traffic.queued_us) / SECOND
    assert wait[run.traffic.campaign == 0].mean() == pytest.approx(0.035 / 0.7, rel=0.03)


def test_burst_leaves_on_the_tick_and_the_rest_expires():
    scenario = Scenario(traffic=(Campaign(messages=40_000),), senders=(Sender(mps=1),))
    run = simulate(scenario, rng=1)
    # Ten hours at one a second, the deadline included.
    assert run.count(Status.FAILED) == 40_000 - 36_001
    assert (run.sent_us[:36_001] == np.arange(36_001) * SECOND).all()
    assert (run.reason[36_001:] == Reason.EXPIRED_QUEUE).all()
    assert (run.final_us[36_001:] == 36_000 * SECOND).all()
    free = Scenario(traffic=(Campaign(messages=100_000, validity_h=72),), senders=(Sender(mps=1),))
    assert simulate(free, rng=1).sent_us.max() == 99_999 * SECOND


def test_a_message_that_starts_in_time_is_sent_whole():
    campaign = Campaign(messages=3, segment_shares=(0.0, 0.0, 1.0), validity_h=3 / 3600)
    scenario = Scenario(traffic=(campaign,), senders=(Sender(mps=1),), carriers=(PLAIN,))
    run = simulate(scenario, rng=1)
    assert run.sent_us.tolist() == [2 * SECOND, 5 * SECOND, NEVER]
    assert run.final_us[2] == 3 * SECOND
    busy = Carrier(mps=0.2, first_attempt=1, permanent_failure=0)
    run = simulate(Scenario(traffic=(campaign,), senders=(Sender(mps=1),), carriers=(busy,)), rng=1)
    # The second reaches the busy carrier past its deadline: it fails there, then.
    assert run.sent_us.tolist() == [12 * SECOND, NEVER, NEVER]
    assert run.final_us[1:].tolist() == [5 * SECOND, 3 * SECOND]


def test_segments_are_spaced_one_by_one():
    campaign = Campaign(messages=3, segment_shares=(0.0, 0.0, 1.0))
    scenario = Scenario(traffic=(campaign,), senders=(Sender(mps=1),), carriers=(PLAIN,))
    assert simulate(scenario, rng=1).messages["sent_s"].tolist() == [2, 5, 8]


@pytest.mark.parametrize("seed", [1, 2])
def test_profile_of_2006(seed):
    """62 % at once, 98 % in the end, 36.7 % of the delivered over a minute (ETSI slides)."""
    carrier = Carrier(
        first_attempt=0.62,
        permanent_failure=0.02,
        latency_median_s=7,
        latency_sigma=0.35,
        validity_h=24,
    )
    scenario = Scenario(
        traffic=(Campaign(messages=60_000),), senders=(Sender(mps=1e6),), carriers=(carrier,)
    )
    run = simulate(scenario, rng=seed)
    delivered = run.status == Status.DELIVERED
    delay = (run.final_us - run.sent_us)[delivered] / SECOND
    assert delivered.mean() == pytest.approx(0.98, abs=0.005)
    assert (delay > 60).mean() == pytest.approx(0.36 / 0.98, abs=0.01)
    first = delay[run.attempts[delivered] == 1]
    assert np.median(first) == pytest.approx(7, rel=0.03)


def test_default_profile_delays():
    scenario = Scenario(traffic=(Campaign(messages=60_000),), senders=(Sender(mps=1e6),))
    run = simulate(scenario, rng=3)
    first = (run.status == Status.DELIVERED) & (run.attempts == 1)
    delay = (run.final_us - run.sent_us)[first] / SECOND
    assert np.median(delay) == pytest.approx(3.5, rel=0.03)
    assert np.quantile(delay, 0.95) == pytest.approx(9.4, rel=0.03)
    read = (run.read_us - run.final_us)[first] / SECOND
    assert (read <= 300).mean() == pytest.approx(0.805, abs=0.01)
    assert (run.receipt_us[first] == NEVER).mean() == pytest.approx(0.02, abs=0.005)


def test_retries_follow_the_schedule_until_the_validity_ends():
    carrier = Carrier(
        first_attempt=0,
        permanent_failure=0,
        away_mean_s=3600,
        latency_median_s=1e-6,
        latency_sigma=0,
        validity_h=1,
    )
    scenario = Scenario(
        traffic=(Campaign(messages=5000),), senders=(Sender(mps=1e6),), carriers=(carrier,)
    )
    run = simulate(scenario, rng=5)
    delivered = run.status == Status.DELIVERED
    minutes = np.rint((run.final_us - run.sent_us)[delivered] / SECOND / 60)
    assert set(minutes) == {2, 7, 17, 47}
    assert delivered.mean() == pytest.approx(1 - math.exp(-47 / 60), abs=0.02)
    expired = run.status == Status.EXPIRED
    assert ((run.final_us - run.sent_us)[expired] == 3600 * SECOND).all()
    assert (run.attempts[expired] == 5).all()
    assert (run.reason[expired] == Reason.ABSENT).all()


def test_pending_at_the_horizon():
    scenario = Scenario(
        traffic=(Campaign(messages=7200, validity_h=10),), senders=(Sender(mps=1),), horizon_h=1
    )
    run = simulate(scenario, rng=1)
    assert (run.sent_us != NEVER).sum() == 3600
    assert run.count(Status.PENDING) >= 3600
    assert run.final_us.max() < 3600 * SECOND


def test_no_route():
    from smslab.traffic import Load

    scenario = Scenario(carriers=(Carrier(country="US"),))
    load = Load(np.ones(2, np.int32), np.array(["US", "DE"], object), np.full(2, None, object))
    run = simulate(scenario, rng=1, load=load)
    assert run.status[1] == Status.FAILED
    assert run.reason[1] == Reason.NO_ROUTE
    assert run.sent_us[1] == NEVER
    assert run.messages["carrier"].isna().tolist() == [False, True]


scenarios = st.builds(
    lambda messages, over, rate, mps, numbers, carrier_mps, validity, horizon, shares: Scenario(
        horizon_h=horizon,
        traffic=(
            Campaign(messages=messages, over_h=over, validity_h=validity, segment_shares=shares),
            Poisson(rate_per_s=rate, duration_s=600, validity_h=validity),
        ),
        senders=(Sender(mps=mps, numbers=numbers),),
        carriers=(
            Carrier(name="A", mps=carrier_mps, first_attempt=0.5, permanent_failure=0.2),
            Carrier(name="B", validity_h=0.1, first_attempt=0.3),
        ),
    ),
    messages=st.integers(0, 300),
    over=st.sampled_from([0.0, 0.1]),
    rate=st.sampled_from([0.05, 0.5]),
    mps=st.sampled_from([0.5, 1.0, 3.0, 10.0]),
    numbers=st.integers(1, 3),
    carrier_mps=st.sampled_from([None, 0.5, 2.0]),
    validity=st.sampled_from([0.01, 0.05, 10.0]),
    horizon=st.sampled_from([0.2, 24.0]),
    shares=st.sampled_from([(1.0,), (0.5, 0.3, 0.2)]),
)


@settings(max_examples=60, deadline=None)
@given(scenarios, st.integers(0, 2**32))
def test_invariants(scenario, seed):
    run = simulate(scenario, rng=seed)
    queued, sent, final = run.traffic.queued_us, run.sent_us, run.final_us
    assert sum(run.count(status) for status in Status) == len(run)
    pending = run.status == Status.PENDING
    assert ((final == NEVER) == pending).all()
    was_sent = sent != NEVER
    assert (sent[was_sent] >= queued[was_sent]).all()
    assert ((run.status == Status.FAILED) <= ~was_sent).all()
    assert (np.isin(run.status, [Status.DELIVERED, Status.EXPIRED]) <= was_sent).all()
    done = was_sent & ~pending
    assert (final[done] >= sent[done]).all()
    assert (final < scenario.horizon_h * 3600 * SECOND).all()
    assert ((run.attempts > 0) == was_sent).all()
    assert ((run.read_us != NEVER) == (run.status == Status.DELIVERED)).all()
    assert ((run.receipt_us == NEVER) | (run.receipt_us >= final)).all()
    assert ((run.reason == Reason.NONE) == np.isin(run.status, [0, Status.DELIVERED])).all()


@settings(max_examples=20, deadline=None)
@given(scenarios, st.integers(0, 2**32))
def test_same_seed_same_rows(scenario, seed):
    first, second = simulate(scenario, rng=seed), simulate(scenario, rng=seed)
    assert first.messages.equals(second.messages)


def test_more_capacity_never_delays_a_message():
    """Common random numbers: the same seed at two rates differs by the rate alone."""
    slow, fast = (
        simulate(
            Scenario(
                traffic=(Poisson(rate_per_s=8, duration_s=2000),),
                senders=(Sender(mps=mps),),
                carriers=(PLAIN,),
            ),
            rng=9,
        )
        for mps in (9, 12)
    )
    assert (slow.traffic.queued_us == fast.traffic.queued_us).all()
    assert (fast.final_us <= slow.final_us).all()


@pytest.mark.parametrize("at", ["sender", "carrier"])
def test_a_freed_place_goes_to_who_waits_before_a_new_arrival(at):
    """At one moment a place is freed first; an urgent message that arrives then comes next."""
    offers = Campaign(name="offers", messages=2, priority=2)
    code = Campaign(name="code", messages=1, priority=0, start_s=1)
    limits = {"sender": (1, None), "carrier": (1e6, 1)}[at]
    scenario = Scenario(
        traffic=(offers, code),
        senders=(Sender(mps=limits[0]),),
        carriers=(Carrier(mps=limits[1], first_attempt=1, permanent_failure=0),),
    )
    queued = np.array([0, 0, SECOND])
    none = np.zeros(3, np.int16)
    traffic = Traffic(queued, np.array([0, 0, 1], np.int16), np.ones(3, np.int32), none)
    run = reference.run(scenario, traffic, 1)
    assert run.sent_us.tolist() == [0, SECOND, 2 * SECOND]


def test_who_waits_behind_the_urgent_expires_at_the_deadline():
    """Nobody comes to serve it before the horizon, and it fails all the same."""
    urgent = Campaign(name="codes", messages=7200, priority=0)
    patient = Campaign(name="offers", messages=5, priority=2, validity_h=0.5)
    scenario = Scenario(
        horizon_h=1, traffic=(urgent, patient), senders=(Sender(mps=1),), carriers=(PLAIN,)
    )
    run = simulate(scenario, rng=1).of("offers")
    assert (run.status == Status.FAILED).all()
    assert (run.final_us == 1800 * SECOND).all()


def test_no_receipt_past_the_horizon():
    slow = Carrier(first_attempt=1, permanent_failure=0, receipt_missing=0, receipt_median_s=30)
    scenario = Scenario(
        horizon_h=0.01,
        traffic=(Campaign(messages=500),),
        senders=(Sender(mps=1e6),),
        carriers=(slow,),
    )
    run = simulate(scenario, rng=1)
    came = run.receipt_us != NEVER
    assert 0 < came.sum() < run.count(Status.DELIVERED)
    assert run.receipt_us.max() < 36 * SECOND


def test_ties_are_settled_by_message_number():
    """Two senders feed one carrier at the same moments: the lower number goes first."""
    scenario = Scenario(
        traffic=(
            Campaign(name="a", messages=50, sender="x"),
            Campaign(name="b", messages=50, sender="y"),
        ),
        senders=(Sender(name="y", mps=1), Sender(name="x", mps=1)),
        carriers=(Carrier(mps=1, first_attempt=1, permanent_failure=0),),
    )
    run = reference.run(scenario, generate(scenario, 1), 1)
    assert run.sent_us[:50].tolist() == [2 * i * SECOND for i in range(50)]
    assert run.sent_us[50:].tolist() == [(2 * i + 1) * SECOND for i in range(50)]
