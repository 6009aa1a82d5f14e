"""Coverage of intervals: how often they hold the truth, over a thousand campaigns.

``make verify``, or this script; `--campaigns` for less. Forecasts aim at 90 %, key figures and
calibrations at 95 %. The limits are the aim and about three standard errors of a thousand trials.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
from collections.abc import Callable
from pathlib import Path

from test_calibrate import TRUTH, value_of

import smslab
from smslab.fields import replaced
from smslab.scenario import Campaign, Carrier, Scenario, Sender

FORECAST = (0.87, 0.93)
FIGURES = (0.93, 0.97)

#: Figures whose intervals are looked at.
SHARES = ("delivered", "undelivered", "confirmed", "read_5_min", "cause_invalid_number")
DELAYS = ("network_p50", "network_p90", "network_p95", "network_p99", "receipt_p95")


def forecasts(campaigns: int) -> dict[str, float]:
    """Say how often the interval of a forecast holds what a campaign then does."""
    scenario = Scenario(
        traffic=(Campaign(),),
        senders=(Sender(mps=5, type="10dlc"),),
        # Carriers with different fees: what a message costs depends on whose it is.
        carriers=tuple(
            Carrier(name=name, first_attempt=0.85, permanent_failure=0.1, validity_h=4)
            for name in ("AT&T", "T-Mobile")
        ),
    )
    texts = ["one"] * 200 + ["two " * 60] * 100
    held: dict[str, int] = {}
    for turn in range(campaigns):
        plan = smslab.forecast(texts, scenario, country="US", rng=turn)
        truth = smslab.forecast(
            texts, scenario, country="US", rng=1_000_000 + turn, replications=1
        ).replications.iloc[0]
        for figure in ("cost", "finish_s", "landed_95_s", "delivered", "read_5_min"):
            low, high = plan.estimates.loc[figure, ["low", "high"]]
            held[figure] = held.get(figure, 0) + bool(low <= truth[figure] <= high)
    return {figure: count / campaigns for figure, count in held.items()}


def figures(campaigns: int) -> dict[str, float]:
    """Say how often the interval of a key figure holds that of all campaigns."""
    scenario = Scenario(
        traffic=(Campaign(messages=2000),),
        senders=(Sender(mps=None),),
        carriers=(Carrier(first_attempt=0.85, permanent_failure=0.1),),
    )
    whole = smslab.simulate(replaced(scenario, "traffic[0].messages", 4_000_000), rng=0)
    truth = smslab.kpis(whole)["value"]
    held = dict.fromkeys([*SHARES, *DELAYS], 0)
    for turn in range(campaigns):
        table = smslab.kpis(smslab.simulate(scenario, rng=turn + 1))
        for figure in held:
            low, high = table.loc[figure, ["low", "high"]]
            held[figure] += bool(low <= truth[figure] <= high)
    return {figure: count / campaigns for figure, count in held.items()}


def calibrations(campaigns: int) -> dict[str, float]:
    """Say how often the interval of a parameter holds the one that was simulated."""
    truth = replaced(TRUTH, "traffic", TRUTH.traffic[:1])
    truth = replaced(truth, "senders", TRUTH.senders[:1])
    held: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log.csv")
        for turn in range(campaigns):
            smslab.write_log(smslab.simulate(truth, rng=turn), path, "plivo-callbacks")
            until = (TRUTH.start or dt.datetime.now(dt.UTC)) + dt.timedelta(days=3)
            found = smslab.calibrate(smslab.read_log(path), until=until.isoformat())
            table = found.parameters
            for name, row in table[table["low"].notna()].iterrows():
                inside = row["low"] <= value_of(truth, name) <= row["high"]
                held[name] = held.get(name, 0) + bool(inside)
    return {name: count / campaigns for name, count in held.items()}


def report(name: str, found: dict[str, float], low: float, high: float) -> bool:
    """Print how often each interval held the truth; say whether all are within the limits."""
    fine = True
    for figure, share in found.items():
        within = low <= share <= high
        fine &= within
        print(
            f"{name:<12} {figure:<36} {share:7.1%}  {'' if within else f'not {low:.0%}-{high:.0%}'}"
        )
    return fine


def main() -> int:
    """Run all three; the exit status is 1 where an interval holds the truth too seldom or often."""
    parser = argparse.ArgumentParser(description="Coverage of smslab's intervals.")
    parser.add_argument("--campaigns", type=int, default=1000)
    options = parser.parse_args()
    jobs: list[tuple[str, Callable[[int], dict[str, float]], int, tuple[float, float]]] = [
        ("figures", figures, options.campaigns, FIGURES),
        ("forecast", forecasts, options.campaigns, FORECAST),
        # A tenth of the trials: three standard errors are wider.
        ("calibration", calibrations, options.campaigns // 10, (0.88, 1.0)),
    ]
    fine = [report(name, job(count), *limits) for name, job, count, limits in jobs]
    return 0 if all(fine) else 1


if __name__ == "__main__":
    raise SystemExit(main())
