"""Speed of money and logs: bills, key figures and a provider's log, beside the plain pandas way.

``make bench``, or this script. The plain way is what a careful analyst writes: a merge with the
price list for the bill, ``value_counts`` and ``quantile`` for the figures, ``read_csv`` and
``to_datetime`` for the log; it gives no fall-back of prices, no intervals and no reasons. What both
give is compared. Contenders run in turn, round after round after a warm-up; figures are medians.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from common import python, timed, versions

import smslab
from smslab.ledger import Ledger
from smslab.outcome import NEVER, Reason, Status

ROWS = 10_000_000
LOG_ROWS = 1_000_000

MEMORY = """
import sys
import pandas, pyarrow.csv, smslab
import smslab.logs
def peak():
    with open("/proc/self/status") as lines:
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
before = peak()
log = smslab.read_log(sys.argv[1])
print(peak() - before)
"""


class Source:
    """Messages that are made up, as a run or a log would give them."""

    def __init__(self, rows: int) -> None:
        random = np.random.default_rng(1)

        def label(names: list[str]) -> pd.Categorical:
            codes = random.integers(0, len(names), rows).astype(np.int16)
            return pd.Categorical.from_codes(codes, categories=pd.Index(names))

        queued = np.sort(random.integers(0, 3_600_000_000, rows))
        sent = queued + random.integers(0, 10_000_000, rows)
        final = sent + (random.lognormal(1.25, 0.6, rows) * 1e6).astype(np.int64)
        delivered = random.random(rows) < 0.95
        never = np.full(rows, NEVER)
        self.ledger = Ledger(
            queued_us=queued,
            sent_us=sent,
            final_us=final,
            receipt_us=final + 4_000_000,
            read_us=np.where(delivered, final + 60_000_000, NEVER),
            replied_us=never,
            emailed_us=never,
            converted_us=never,
            taken=np.ones(rows, np.bool_),
            status=np.where(delivered, Status.DELIVERED, Status.UNDELIVERED).astype(np.int8),
            reason=np.where(delivered, Reason.NONE, Reason.INVALID_NUMBER).astype(np.int8),
            keyword=np.zeros(rows, np.int8),
            segments=random.integers(1, 4, rows, dtype=np.int32),
            answer_to=never,
            names=np.arange(rows),
            labels={
                "campaign": label(["offers"]),
                "sender": label(["short code"]),
                "carrier": label(list("ABCD")),
                "country": label(list(smslab.RateCard.bundled().countries)),
            },
        )


def bill(rows: int, rounds: int) -> dict[str, float]:
    """Price counted segments."""
    ledger = Source(rows).ledger
    card = smslab.RateCard.bundled()
    table = pd.DataFrame({"segments": ledger.segments, **ledger.labels})
    prices = pd.DataFrame(
        [(c, card.price(c).total_micro) for c in card.countries], columns=["country", "micro"]
    )

    def plain() -> Any:
        merged = table.merge(prices, on="country", how="left")
        return (merged["segments"] * merged["micro"]).sum()

    contenders = {"smslab": lambda: smslab.cost(table, card), "plain": plain}
    found = race(contenders, rounds)
    assert smslab.cost(table, card).total_micro == plain()
    return {name: rows / seconds for name, seconds in found.items()}


def figures(rows: int, rounds: int) -> dict[str, float]:
    """Compute key figures, seconds."""
    source = Source(rows)
    ledger = source.ledger
    table = pd.DataFrame(
        {
            "status": pd.Categorical.from_codes(ledger.status, [s.name for s in Status]),
            **{n: getattr(ledger, f"{n}_us") / 1e6 for n in ("queued", "sent", "final", "read")},
        }
    )

    def plain() -> Any:
        landed = table[table["status"] == "DELIVERED"]
        shares = table["status"].value_counts(normalize=True)
        stages = {
            "wait": table["sent"] - table["queued"],
            "network": landed["final"] - landed["sent"],
            "delay": landed["final"] - landed["queued"],
        }
        quantiles = {n: s.quantile([0.5, 0.9, 0.95, 0.99]) for n, s in stages.items()}
        return shares, quantiles, (landed["read"] - landed["final"] <= 300).mean()

    found = race({"smslab": lambda: smslab.kpis(source), "plain": plain}, rounds)
    ours, (shares, quantiles, _) = smslab.kpis(source)["value"], plain()
    assert abs(ours["delivered"] - shares["DELIVERED"]) < 1e-9
    assert abs(ours["network_p95"] - quantiles["network"][0.95]) < 1e-3
    return found


def log(rows: int, rounds: int) -> dict[str, float]:
    """Read a log of Plivo, seconds; and the memory that takes, in sizes of the file."""
    random = np.random.default_rng(2)
    times = np.sort(random.integers(0, 3_600_000_000, rows)) + 1_795_600_000_000_000
    status = random.choice(["delivered", "undelivered", "sent"], rows, p=[0.93, 0.05, 0.02])
    failed = status == "undelivered"
    numbers = random.permutation(rows)
    table = pd.DataFrame(
        {
            "Message UUID": [f"5b40a428-bfc7-4daf-9d06-{n:012x}" for n in range(rows)],
            "From": "14155550100",
            "To": [f"1202{n:07d}" for n in numbers],
            "To Country ISO2": random.choice(["US", "CA"], rows),
            "Direction": "outbound",
            "Message Time": pd.to_datetime(times, unit="us", utc=True).astype("str"),
            "Status": status,
            "Error Code": np.where(failed, "50", "000"),
            "Error Reason": np.where(failed, "Invalid Destination Number", ""),
            "Units": random.integers(1, 3, rows),
            "Rate Per Unit (USD)": "0.00650",
            "Carrier Surcharge Per Unit (USD)": "0.00300",
            "Total Charge Per Unit (USD)": "0.00950",
            "Total Charge (USD)": "0.00950",
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log.csv")
        table.to_csv(path, index=False)
        del table

        def plain() -> Any:
            frame = pd.read_csv(path, dtype={"Error Code": "str"})
            frame["Message Time"] = pd.to_datetime(
                frame["Message Time"], format="ISO8601", utc=True
            )
            return frame

        found = race({"smslab": lambda: smslab.read_log(path), "plain": plain}, rounds)
        assert len(smslab.read_log(path)) == len(plain())
        size = path.stat().st_size
        memory = [float(python("-c", MEMORY, path)[1][0]) / size for _ in range(rounds)]
    return found | {"memory": statistics.median(memory), "mb": size / 1e6}


def race(contenders: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each, run in turn after a warm-up."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, call in contenders.items():
            took, _ = timed(call)
            if turn:
                seconds[name].append(took)
    return {name: statistics.median(times) for name, times in seconds.items()}


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description="Speed of smslab's bills, figures and logs.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the warm-up")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    found: dict[str, Any] = {"versions": versions(("smslab", "pandas", "pyarrow", "numpy"))}
    print(*(f"{name} {version}" for name, version in found["versions"].items()), sep=", ")
    found["bill"] = bill(ROWS, options.rounds)
    ours, plain = found["bill"]["smslab"], found["bill"]["plain"]
    print(f"cost, {ROWS:,} rows: {ours / 1e6:.1f} M/s, x {ours / plain:.1f} of a merge")
    found["figures"] = figures(ROWS, options.rounds)
    ours, plain = found["figures"]["smslab"], found["figures"]["plain"]
    print(f"kpis, {ROWS:,} rows: {ours:.2f} s, x {plain / ours:.1f} of value_counts and quantile")
    found["log"] = log(LOG_ROWS, options.rounds)
    ours, plain = found["log"]["smslab"], found["log"]["plain"]
    print(
        f"read_log, {LOG_ROWS:,} rows, {found['log']['mb']:.0f} MB: {ours:.2f} s, "
        f"x {plain / ours:.1f} of read_csv; {found['log']['memory']:.1f} times the file in memory"
    )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
