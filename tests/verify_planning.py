"""How often new campaigns miss the goals of a plan; some minutes (make verify).

A plan for 95 % may miss in one of twenty new campaigns at most. Two hundred plans, each of new
seeds, are checked with new campaigns: each of them with many, which is the long run of its
capacity.
"""

from __future__ import annotations

import functools
import math
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import smslab
from smslab.scenario import Campaign, Carrier, Poisson, Scenario, Sender
from smslab.sweep import trial

PLANS = 200
CHECKS = 100

#: Goals near what chance decides, over a fine grid, so that no step leaves much room.
CASES = {
    "codes beside an offer, p95 delay": (
        Scenario(
            traffic=(
                Poisson(name="codes", rate_per_s=4, duration_s=900),
                Campaign(name="offer", messages=3000, segment_shares=(0.6, 0.4), priority=0),
            ),
            senders=(Sender(mps=5),),
        ),
        [smslab.Goal("p95 delay <= 3 min", where="codes")],
        {"senders[0].mps": [5 + step / 20 for step in range(400)]},
    ),
    "last lands, with retries": (
        Scenario(
            traffic=(Campaign(messages=2000),),
            senders=(Sender(mps=1),),
            carriers=(Carrier(first_attempt=0.9, away_mean_s=300),),
        ),
        [smslab.Goal("p95 landed <= 30 min"), smslab.Goal("delivered >= 99 %")],
        {"senders[0].mps": [1 + step / 100 for step in range(400)]},
    ),
}


def main() -> None:
    """Plan and check; exit status 1 if plans miss more often than they say."""
    is_fine = True
    with ThreadPoolExecutor(2) as executor:
        for name, (scenario, goals, vary) in CASES.items():
            missed = []
            for seed in range(PLANS):
                found = smslab.plan(
                    scenario, goals, vary=vary, rng=seed, replications=20, executor=executor
                )
                if not found:
                    continue
                seeds = np.random.default_rng([seed, 1]).integers(0, 2**63, CHECKS).tolist()
                check = functools.partial(trial, found.scenario, goals=goals)
                checks = executor.map(check, seeds)
                missed.append(sum(not all(checked.met) for checked in checks) / CHECKS)
            share, plans = float(np.mean(missed)), len(missed)
            error = float(np.std(missed)) / math.sqrt(plans)
            is_fine &= share <= 0.05 + 2 * error and plans >= PLANS / 2
            print(
                f"{name}: {plans} plans, a new campaign misses in {share:.1%} +- {error:.1%} "
                "(5 % at most)"
            )
    sys.exit(not is_fine)


if __name__ == "__main__":
    main()
