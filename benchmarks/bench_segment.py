"""Speed of ``segment``: side by side with plain Python and with what the memory allows.

Three corpora of 200,000 made-up texts each, seeded: ``ascii``, ``mixed`` (four in five are GSM-7,
some of them with accents, brackets or the euro sign) and ``unicode`` (several scripts and emoji).
All contenders read the same texts in turn, five times after a warm-up, in one thread; the table
shows medians and ratios, versions first. Run it by ``make bench``; ``--json FILE`` keeps the
figures.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

import smslab
from smslab.alphabets import GSM7_DEFAULT, GSM7_EXTENSION

ROWS = 200_000
RUNS = 5
GSM7 = set(GSM7_DEFAULT) | set(GSM7_EXTENSION)

ASCII = [
    *("your", "order", "code", "is", "ready", "call", "us", "at"),
    *("noon", "tomorrow", "10:30", "see", "you", "in", "the", "shop"),
]
WESTERN = ["Grüße", "déjà", "[A7]", "5€", "señor", "ready", "today"]
OTHER = ["don’t", "–", "façade", "🎉"]
SCRIPTS = ["明天见", "你好吗", "привет", "завтра", "سلام", "नमस्ते", "γειά", "🎉", "ok"]


def corpora(rows: int) -> dict[str, list[str]]:
    """Make up the texts: 5 to 30 words each."""
    generator = np.random.default_rng(20260)

    def texts(kinds: list[tuple[float, list[str]]]) -> list[str]:
        chosen = generator.choice(len(kinds), rows, p=[share for share, _ in kinds])
        lengths = generator.integers(5, 31, rows)
        return [
            " ".join(generator.choice(kinds[kind][1], size=size))
            for kind, size in zip(chosen, lengths, strict=True)
        ]

    return {
        "ascii": texts([(1.0, ASCII)]),
        "mixed": texts([(0.6, ASCII), (0.2, ASCII + WESTERN), (0.2, ASCII + OTHER)]),
        "unicode": texts([(1.0, SCRIPTS)]),
    }


def plain_python(text: str) -> int:
    """Count segments exactly, in plain Python: the careful way without a package."""
    if GSM7.issuperset(text):
        widths = [2 if c in GSM7_EXTENSION else 1 for c in text]
        single, room = 160, 153
    else:
        widths = [2 if c > "\uffff" else 1 for c in text]
        single, room = 70, 67
    if sum(widths) <= single:
        return 1
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts


def medians(texts: list[str]) -> tuple[float, dict[str, float]]:
    """Return the bytes a text and each contender's texts per second."""
    series = pd.Series(texts, dtype="str")
    array = pa.array(texts, pa.large_string())
    octets = np.frombuffer(array.buffers()[2], np.uint8)
    some = series[: ROWS // 20]
    assert (smslab.segment(some)["segments"] == some.map(plain_python)).all()
    contenders: dict[str, tuple[int, Callable[[], Any]]] = {
        "smslab.segment, pandas str": (ROWS, lambda: smslab.segment(series)),
        "smslab.segment, list": (ROWS, lambda: smslab.segment(texts)),
        "pandas .map(plain Python)": (len(some), lambda: some.map(plain_python)),
        "bound: pyarrow utf8_length": (ROWS, lambda: pc.utf8_length(array)),
        "bound: copy of the bytes": (ROWS, octets.copy),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for run in range(RUNS + 1):
        for name, (_, call) in contenders.items():
            start = time.perf_counter()
            call()
            if run:
                seconds[name].append(time.perf_counter() - start)
    rates = {name: contenders[name][0] / statistics.median(t) for name, t in seconds.items()}
    return len(octets) / ROWS, rates


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    versions = {
        "smslab": smslab.__version__,
        "Python": platform.python_version(),
        "numba": numba.__version__,
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "pyarrow": pa.__version__,
    }
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    figures = {}
    for name, texts in corpora(ROWS).items():
        size, rates = medians(texts)
        figures[name] = rates
        first = rates["smslab.segment, pandas str"]
        print(f"\n{name}: {ROWS:,} texts, {size:.0f} bytes each, median of {RUNS} runs")
        for contender, rate in rates.items():
            print(f"  {contender:<28} {rate / 1e6:8.2f} M texts/s  x {first / rate:8.2f}")
    print("\nx: how many times as fast smslab.segment from a pandas column is")
    if options.json:
        options.json.write_text(
            json.dumps({"versions": versions, "texts_per_s": figures}, indent=1)
        )


if __name__ == "__main__":
    main()
