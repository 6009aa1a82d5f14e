"""Time of a plan and of a sweep, as medians of several runs.

No other package plans a sending of text messages: what is compared is the search with trying every
capacity, by the same engine. Prints a table, and JSON with --json.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pandas as pd

import smslab
from smslab.scenario import Campaign, Poisson, Scenario, Sender


def campaign(messages: int) -> Scenario:
    """Return an offer beside codes, on one sender."""
    return Scenario(
        horizon_h=72,
        traffic=(
            Poisson(name="codes", rate_per_s=1, duration_s=6 * 3600),
            Campaign(name="offer", messages=messages, segment_shares=(0.8, 0.2), validity_h=24),
        ),
        senders=(Sender(mps=1, type="short_code"),),
    )


GOALS = [
    smslab.Goal("last leaves <= 5 h", where="offer"),
    smslab.Goal("p95 delay <= 15 s", where="codes"),
]


def seconds(call: Callable[[], object], runs: int) -> float:
    """Return the median time of a call."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main() -> None:
    """Time both, and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken")
    parser.add_argument("--json", metavar="FILE", help="where to write the figures too")
    options = parser.parse_args()
    big, small = campaign(1_000_000), campaign(100_000)
    capacity = {"senders[0].mps": range(10, 210)}
    grid = {"senders[0].mps": range(10, 110)}
    smslab.plan(campaign(1000), GOALS, vary=capacity, rng=1)
    figures = {}
    with ThreadPoolExecutor(2) as executor:

        def plan() -> object:
            return smslab.plan(big, GOALS, vary=capacity, replications=20, rng=1, executor=executor)

        def sweep() -> object:
            return smslab.sweep(small, grid, goals=GOALS, replications=10, rng=1, executor=executor)

        found = plan()
        assert isinstance(found, smslab.Plan)
        figures["plan, 1 M messages, 200 capacities, 2 goals, 20 replications, s"] = seconds(
            plan, options.runs
        )
        figures["replications that it simulated"] = float(found.table["runs"].sum())
        figures["replications that trying every capacity would take"] = 200 * 20.0
        figures["sweep, 100 capacities x 10 replications x 100,000 messages, s"] = seconds(
            sweep, options.runs
        )
    for name, value in figures.items():
        print(f"{name:<70} {value:10,.1f}")
    print(found.summary())
    versions = {
        "smslab": smslab.__version__,
        "python": platform.python_version(),
        "numba": numba.__version__,
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "machine": platform.machine(),
    }
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(figures | versions, file, indent=2)


if __name__ == "__main__":
    main()
