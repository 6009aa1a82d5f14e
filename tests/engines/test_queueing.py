"""The compiled engine against theory, at run lengths that only a compiled engine makes cheap.

`pytest -s` prints the table: model, theory, simulated, half width of the 99.9 % interval.
"""

import math

import numpy as np
import pytest

from smslab.engines import compiled
from smslab.kernels.simulation import SECOND
from smslab.outcome import Reason, Status
from smslab.scenario import Campaign, Carrier, Handset, Poisson, Scenario, Sender
from smslab.simulate import run_once
from smslab.traffic import Traffic, generate

ROWS = 400_000
REPLICATIONS = 10
#: Student's t with nine degrees of freedom, 99.9 %.
T = 4.781

PLAIN = Carrier(first_attempt=1, permanent_failure=0, receipt_missing=0)
PATIENT = Campaign(messages=ROWS, validity_h=8784)


def check(model, theory, values, *, narrow):
    """The theory lies in the interval of the replications, and that is narrow."""
    mean = np.mean(values)
    half = T * np.std(values, ddof=1) / math.sqrt(len(values))
    print(f"\n{model:<40} {theory:>12.6g} {mean:>12.6g} +- {half:.2g}", end="")
    assert half <= narrow * theory
    assert abs(mean - theory) <= half


def each(replications=REPLICATIONS):
    for seed in range(replications):
        yield seed, np.random.default_rng(seed)


def arrivals(generator, rate, rows=ROWS):
    return np.rint(np.cumsum(generator.exponential(1 / rate, rows)) * SECOND).astype(np.int64)


def exponential(generator, mean_s, rows=ROWS):
    return np.rint(generator.exponential(mean_s * SECOND, rows)).astype(np.int64) + 1


def run(seed, queued, service, *, campaign=None, **parts):
    """Run messages whose segments are their service times: a million go in a second."""
    rows = len(queued)
    none = np.zeros(rows, np.int16)
    parts = {"traffic": (PATIENT,), "carriers": (PLAIN,)} | parts
    traffic = Traffic(
        queued, none if campaign is None else campaign, service.astype(np.int32), none
    )
    return compiled.run(Scenario(horizon_h=8784, **parts), traffic, seed)


def waits(found, queued, service):
    """Seconds from coming to starting; the last microsecond of service is when it is sent."""
    return (found.sent_us - (service - 1) - queued) / SECOND


def pool(numbers=1, **fields):
    return (Sender(mps=SECOND, numbers=numbers, **fields),)


def test_m_m_1():
    """Wq = rho / (mu - lambda)."""
    values = []
    for seed, generator in each():
        queued, service = arrivals(generator, 7), exponential(generator, 0.1)
        values.append(waits(run(seed, queued, service, senders=pool()), queued, service).mean())
    check("M/M/1 7, 10: Wq", 0.7 / 3, values, narrow=0.02)


def test_m_d_1():
    means, quick = [], []
    for seed, generator in each():
        queued, service = arrivals(generator, 7), np.full(ROWS, SECOND // 10)
        wait = waits(run(seed, queued, service, senders=pool()), queued, service)
        means.append(wait.mean())
        quick.append((wait <= 0.25).mean())
    check("M/D/1 7, 0.1: Wq", 0.1166667, means, narrow=0.02)
    check("M/D/1 7, 0.1: P(W <= 0.25)", 0.8522961, quick, narrow=0.01)


def test_m_g_1_of_segments():
    """Pollaczek and Khinchine."""
    values = []
    for seed, generator in each():
        queued = arrivals(generator, 4)
        service = generator.choice([1, 2, 3, 4], ROWS, p=[0.7, 0.2, 0.07, 0.03]) * SECOND // 10
        values.append(waits(run(seed, queued, service, senders=pool()), queued, service).mean())
    check("M/G/1 segments, 4/s, 10 MPS: Wq", 0.1219626, values, narrow=0.02)


def test_m_m_5():
    means, delayed = [], []
    for seed, generator in each():
        queued, service = arrivals(generator, 4), exponential(generator, 1)
        wait = waits(run(seed, queued, service, senders=pool(5)), queued, service)
        means.append(wait.mean())
        delayed.append((wait > 0).mean())
    check("M/M/5 4, 1: Wq", 0.554113, means, narrow=0.05)
    check("M/M/5 4, 1: Erlang C", 0.554113, delayed, narrow=0.02)


@pytest.mark.parametrize("service", ["exponential", "constant"])
def test_no_room_to_wait(service):
    """Erlang's loss formula B(8, 5), whatever the service times."""
    values = []
    for seed, generator in each():
        queued = arrivals(generator, 5)
        times = exponential(generator, 1) if service == "exponential" else np.full(ROWS, SECOND)
        found = run(seed, queued, times, senders=pool(8, queue_limit=0))
        values.append((found.reason == Reason.QUEUE_FULL).mean())
    check(f"Erlang B(8, 5), {service}", 0.0700478522, values, narrow=0.03)


@pytest.mark.parametrize(
    ("service", "theory"), [("constant", 0.0587641), ("exponential", 0.1353502)]
)
def test_validity(service, theory):
    """Who waits over 0.3 s leaves: M/D/1+D and M/M/1+D at 8/s, 0.1 s."""
    campaign = Campaign(messages=ROWS, validity_h=0.3 / 3600)
    values = []
    for seed, generator in each():
        queued = arrivals(generator, 8)
        times = np.full(ROWS, SECOND // 10)
        if service == "exponential":
            times = exponential(generator, 0.1)
        found = run(seed, queued, times, senders=pool(), traffic=(campaign,))
        values.append((found.reason == Reason.EXPIRED_QUEUE).mean())
    check(f"validity 0.3 s, {service}: P(expired)", theory, values, narrow=0.03)


def test_two_priorities():
    """Cobham: W0 / (1 - r1), and that / (1 - r), at 3/s before 4/s."""
    first = Campaign(name="codes", messages=1, validity_h=8784, priority=0)
    second = Campaign(name="offers", messages=1, validity_h=8784, priority=2)
    values = []
    for seed, generator in each():
        queued, service = arrivals(generator, 7), exponential(generator, 0.1)
        campaign = (generator.random(ROWS) < 4 / 7).astype(np.int16)
        found = run(
            seed, queued, service, campaign=campaign, senders=pool(), traffic=(first, second)
        )
        wait = waits(found, queued, service)
        values.append([wait[campaign == k].mean() for k in (0, 1)])
    for k, theory in enumerate((0.1, 1 / 3)):
        check(f"two priorities: Wq of class {k}", theory, np.array(values)[:, k], narrow=0.03)


def test_two_constant_servers_in_a_row():
    """Friedman: the whole wait is that at the slower one."""
    slow = Carrier(mps=1 / 0.12, first_attempt=1, permanent_failure=0)
    values = []
    for seed, generator in each():
        queued, one = arrivals(generator, 6), np.ones(ROWS, np.int64)
        found = run(seed, queued, one, senders=(Sender(mps=10),), carriers=(slow,))
        values.append(((found.sent_us - queued) / SECOND).mean())
    check("sender 10, carrier 8.33, 6/s: W", 0.1542857, values, narrow=0.02)


def test_token_bucket():
    """P(no delay) is P(W <= (b - 1) / r) of M/D/1."""
    bucket = Sender(mps=10, limiter="bucket", burst=3)
    values = []
    for seed, generator in each():
        queued, one = arrivals(generator, 7), np.ones(ROWS, np.int64)
        values.append((run(seed, queued, one, senders=(bucket,)).sent_us == queued).mean())
    check("bucket of 3 at 10/s, 7/s: P(no delay)", 0.7936719, values, narrow=0.01)


def test_m_m_1_from_empty():
    """Kolmogorov: E N(1) = 1.5913204 at 7/s, 10/s; a thousand queues of sticky numbers."""
    values = []
    for seed, generator in each(40):
        rows = 8000
        queued, service = arrivals(generator, 7000, rows), exponential(generator, 0.1, rows)
        none = np.zeros(rows, np.int16)
        traffic = Traffic(queued, none, service.astype(np.int32), none, np.arange(rows))
        scenario = Scenario(
            traffic=(PATIENT,), senders=pool(1000, pool="sticky"), carriers=(PLAIN,)
        )
        found = compiled.run(scenario, traffic, seed)
        values.append(((queued <= SECOND) & (found.sent_us >= SECOND)).sum() / 1000)
    check("M/M/1 7, 10 from empty: E N(1)", 1.5913204, values, narrow=0.03)


def test_submissions_that_fail():
    """1 - p^(K + 1) get through in (1 - p^(K + 1)) / (1 - p) submissions: p = 0.1, K = 2."""
    carrier = Carrier(submit_failure=0.1, first_attempt=1, permanent_failure=0)
    campaign = Campaign(messages=ROWS)
    scenario = Scenario(traffic=(campaign,), senders=(Sender(mps=1e6),), carriers=(carrier,))
    through, tried = [], []
    for seed in range(REPLICATIONS):
        found = run_once(scenario, seed)
        through.append((found.status == Status.DELIVERED).mean())
        tried.append(found.submissions.mean())
    check("submissions, p = 0.1, K = 2: through", 0.999, through, narrow=0.001)
    check("submissions, p = 0.1, K = 2: tried", 1.11, tried, narrow=0.002)


def test_burst():
    """A burst takes N E[segments] / MPS, with standard deviation sqrt(N Var) / MPS."""
    campaign = Campaign(messages=100_000, segment_shares=(0.7, 0.2, 0.07, 0.03))
    scenario = Scenario(traffic=(campaign,), senders=(Sender(mps=20),), carriers=(PLAIN,))
    last = [run_once(scenario, seed).sent_us.max() / SECOND for seed in range(40)]
    check("burst of 100,000 at 20 MPS: drained", 7150, last, narrow=0.003)
    assert np.std(last) == pytest.approx(11.9, rel=0.35)


def test_busy_and_quiet_hours():
    """A rate of 6/s that is 2, 6 and 10 from hour to hour."""
    busy = Poisson(rate_per_s=6, duration_s=6 * 3600, profile=(1, 3, 5))
    counts = []
    for seed in range(REPLICATIONS):
        queued = generate(Scenario(traffic=(busy,)), seed).queued_us
        counts.append(np.bincount(queued // (3600 * SECOND), minlength=6))
    for hour, theory in enumerate((7200, 21_600, 36_000, 7200, 21_600, 36_000)):
        check(f"hour {hour}: messages", theory, np.array(counts)[:, hour], narrow=0.04)


def test_handsets_that_are_off():
    """The share that is off finds its state in equilibrium, at any time."""
    handset = Handset(off_share=0.1, off_mean_h=0.5)
    campaign = Campaign(messages=ROWS, over_h=10)
    scenario = Scenario(
        traffic=(campaign,), senders=(Sender(mps=1e6),), carriers=(PLAIN,), handset=handset
    )
    missed, gone = [], []
    for seed in range(REPLICATIONS):
        found = run_once(scenario, seed)
        again = found.attempts > 1
        missed.append(again.mean())
        tried = found.final_us - found.sent_us
        gone.append((tried[again & (found.status == Status.DELIVERED)] / SECOND / 3600).mean())
    check("handsets off: share of second attempts", 0.1, missed, narrow=0.02)
    # On its return it is tried: what is left of an exponential time, and the latency.
    latency_h = 3.5 * math.exp(0.6**2 / 2) / 3600
    check("handsets off: hours until delivery", 0.5 + latency_h, gone, narrow=0.05)
