"""Speed of the simulation, side by side with SimPy, Ciw and salabim on one model.

``make bench``, or this script with ``--setup`` once, which puts the other packages into
``benchmarks/.peers``, and then without it. The model is that of ``sms_like.py``, written for each;
all read the same draws and must say the same of every message. Drawing is counted for smslab and
not for its peers. Contenders run in turn, round after round after a warm-up; figures are medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import sms_like
from common import HERE, PEERS, install, python, timed, versions

import smslab
from smslab.engines import compiled
from smslab.scenario import (
    Campaign,
    Carrier,
    Conversation,
    Fallback,
    Hours,
    Outage,
    Poisson,
    Scenario,
    Sender,
    Zone,
)
from smslab.simulate import run_once
from smslab.traffic import generate

PYPI = {"ciw": "3.2.7", "salabim": "26.0.9"}
SEED = 5

#: Which function of `sms_like` runs what, and how many messages it is given.
CONTENDERS = {
    "SimPy, process per message, reneging": ("simpy_reneging", 100_000),
    "SimPy, process per message": ("simpy_processes", 100_000),
    "SimPy, callbacks": ("simpy_callbacks", 100_000),
    "Ciw": ("ciw_nodes", 10_000),
    "salabim": ("salabim_components", 10_000),
}

MEMORY = """
import sys
sys.path.insert(0, sys.argv[1])
import sms_like
from smslab.simulate import run_once
def status(key):
    with open("/proc/self/status") as lines:
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(key))
run_once(sms_like.scenario(1000), 1)
before = status("VmRSS")
run = run_once(sms_like.scenario(10_000_000), 1)
print(status("VmHWM") - before, status("VmHWM"), len(run))
"""

FIRST = """
import time
start = time.perf_counter()
import smslab
from smslab.scenario import Campaign, Scenario
loaded = time.perf_counter()
smslab.simulate(Scenario(traffic=(Campaign(messages=1000),)), rng=1)
print(time.perf_counter() - loaded, time.perf_counter() - start)
"""


def set_up() -> None:
    """Install the peers into their folder; what they need else is there already, or is small."""
    pins = [f"{name}=={version}" for name, version in PYPI.items()]
    install(*pins, "networkx", "greenlet", needs=False)


def rich(messages: int) -> Scenario:
    """Return three classes of traffic with hours, caps, an outage, replies and fallback."""
    fate = {"first_attempt": 0.93, "permanent_failure": 0.05, "validity_h": 4.0}
    talk = Conversation(agents=20)
    return Scenario(
        horizon_h=72,
        traffic=(
            Campaign(
                name="offers",
                messages=messages * 7 // 10,
                over_h=8,
                segment_shares=(0.7, 0.2, 0.1),
                allowed_hours=(Hours(),),
                conversation=talk,
                validity_h=48,
            ),
            Poisson(
                name="codes",
                rate_per_s=messages * 0.2 / 28_800,
                duration_s=28_800,
                fallback=Fallback(),
                validity_h=0.1,
            ),
            Poisson(
                name="notes",
                rate_per_s=messages * 0.1 / 28_800,
                duration_s=28_800,
                message_class="transactional",
                priority=1,
                conversion=0.2,
            ),
        ),
        senders=(Sender(mps=messages / 20_000, queue_limit=messages),),
        carriers=(
            Carrier(name="a", share=3, mps=messages / 60_000, failover="b", **fate),
            Carrier(name="b", share=3, daily_cap=messages // 3, over_cap="hold", **fate),
            Carrier(name="c", share=4, outages=(Outage(from_h=2, hours=1),), **fate),
        ),
        zones=(Zone(name="America/New_York", share=6), Zone(name="America/Los_Angeles", share=4)),
    )


def compete(rounds: int) -> list[dict[str, Any]]:
    """Run all contenders on the model in turn; return a row for each."""
    sizes = sorted({size for _, size in CONTENDERS.values()})
    draws = {size: sms_like.draw(size, SEED) for size in sizes}
    ours = {
        size: compiled.run(sms_like.scenario(size), generate(sms_like.scenario(size), SEED), SEED)
        for size in sizes
    }
    calls: dict[str, tuple[Callable[[], Any], int]] = {}
    for name, (function, size) in CONTENDERS.items():
        try:
            call = getattr(sms_like, function)
            answer = call(draws[size])
        except ImportError:
            print(f"left out: {name}, which --setup installs")
            continue
        rows = len(draws[size].queued)
        same = sms_like.same(answer, ours[size].submissions, ours[size].sent_us)
        if same < rows:
            print(f"{name} differs in {rows - same:,} of {rows:,} messages")
        calls[name] = (lambda call=call, size=size: call(draws[size])), rows
    for name, engine, size in (
        ("smslab, reference", "reference", 100_000),
        ("smslab, compiled, 1e6", "compiled", 1_000_000),
        ("smslab, compiled, 1e7", "compiled", 10_000_000),
    ):
        model = sms_like.scenario(size)
        calls[name] = (lambda m=model, e=engine: run_once(m, SEED, engine=e)), size
    model = rich(1_000_000)
    calls["smslab, compiled, rich scenario, 1e6"] = (lambda: run_once(model, SEED)), 1_000_000
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, (call, _) in calls.items():
            taken, answer = timed(call)
            del answer
            if turn:
                seconds[name].append(taken)
    rates = {name: calls[name][1] / statistics.median(taken) for name, taken in seconds.items()}
    base = rates["SimPy, process per message"]
    return [
        {"name": name, "messages": calls[name][1], "per_s": rate, "x": rate / base}
        for name, rate in rates.items()
    ]


def threads(rounds: int) -> float:
    """Return how many times as fast four replications are on two threads."""
    model = sms_like.scenario(1_000_000)
    ratios = []
    with ThreadPoolExecutor(2) as two:
        for turn in range(rounds + 1):
            one_s, _ = timed(lambda: smslab.replicate(model, 4, rng=SEED))
            two_s, _ = timed(lambda: smslab.replicate(model, 4, rng=SEED, executor=two))
            if turn:
                ratios.append(one_s / two_s)
    return statistics.median(ratios)


def first_calls() -> dict[str, float]:
    """Return seconds of a first simulation in fresh processes."""
    with tempfile.TemporaryDirectory() as cache:
        cold, *warm = [
            [float(word) for word in python("-c", FIRST, cache=cache)[1]] for _ in range(6)
        ]
    found = {"cold cache: call": cold[0], "cold cache: imports and call": cold[1]}
    found["warm cache: call"] = statistics.median(call for call, _ in warm)
    found["warm cache: imports and call"] = statistics.median(both for _, both in warm)
    return found


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description="Speed of smslab's simulation and of peers.")
    parser.add_argument("--setup", action="store_true", help="install the peers, run nothing")
    parser.add_argument("--rounds", type=int, default=3, help="rounds after the warm-up")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    if options.setup:
        return set_up()
    sys.path.append(str(PEERS / "python"))  # last: only what is nowhere else comes from there
    figures: dict[str, Any] = {"versions": versions(("smslab", "simpy", "numba", "numpy", *PYPI))}
    print(*(f"{name} {version}" for name, version in figures["versions"].items()), sep=", ")
    figures["rates"] = compete(options.rounds)
    print(f"\n{'':<40}{'messages':>12}{'per second':>14}{'x':>8}")
    for row in figures["rates"]:
        print(f"{row['name']:<40}{row['messages']:>12,}{row['per_s']:>14,.0f}{row['x']:>8.3g}")
    figures["two threads"] = threads(options.rounds)
    print(f"\n{figures['two threads']:.2f} times as fast: four replications on two threads")
    figures["first_s"] = first_calls()
    print(
        *(f"{s:.2f} s  first simulation, {name}" for name, s in figures["first_s"].items()),
        sep="\n",
    )
    if Path("/proc/self/status").exists():
        added, peak, rows = map(float, python("-c", MEMORY, HERE)[1])
        figures["bytes a message"] = added / rows
        print(f"{added / rows:.0f} bytes a message at the peak of 1e7, {peak / 1e9:.2f} GB in all")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
