"""Both engines on ten thousand nasty scenarios, compared row by row: make verify."""

import argparse
import time
from collections import Counter

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from nasty import scenarios

from smslab import verify
from smslab.outcome import Reason, Status
from smslab.simulate import run_once, seeds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=10_000)
    options = parser.parse_args()
    counted = Counter()
    start = time.perf_counter()

    @settings(
        max_examples=options.scenarios,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios, st.integers(0, 2**32))
    def engines_agree(scenario, seed):
        found = verify(scenario, rng=seed)
        assert found, found.differences
        counted["scenarios"] += 1
        counted["messages"] += found.messages
        run = run_once(scenario, seeds(seed, 1)[0])
        counted.update(f"  {Status(k).name}" for k in np.unique(run.status))
        counted.update(f"  by {Reason(k).name}" for k in np.unique(run.reason))

    engines_agree()
    print(f"{counted.pop('scenarios'):,} scenarios, {counted.pop('messages'):,} messages:")
    print("  the compiled engine = the reference engine, in every row and column")
    print("scenarios with messages that are")
    for name, count in sorted(counted.items()):
        print(f"{name:<20} {count:>7,}")
    print(f"in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
