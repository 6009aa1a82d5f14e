"""Speed of ``segment``: side by side with plain Python and with what the memory allows.

All read the same million texts (about 100 bytes each, one in five with a character outside
GSM-7, seeded) and run in turn, five times; the table shows medians and ratios, versions first.
Run it by ``make bench``; ``--json FILE`` keeps the figures.
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

ROWS = 1_000_000
RUNS = 5
GSM7 = set(GSM7_DEFAULT) | set(GSM7_EXTENSION)


def corpus(rows: int) -> list[str]:
    """Make up texts: words of a small vocabulary, 60 to 140 characters."""
    rng = np.random.default_rng(20260)
    words = np.array(
        [
            "your",
            "order",
            "code",
            "is",
            "ready",
            "call",
            "us",
            "at",
            "noon",
            "tomorrow",
            "[A7]",
            "10:30",
            "€5",
        ]
    )
    odd = np.array(["’", "–", "ç", "🎉"])
    texts = [" ".join(words[rng.integers(len(words), size=18)]) for _ in range(rows // 100)]
    texts = [t + odd[rng.integers(4)] if rng.random() < 0.2 else t for t in texts]
    return [texts[i] for i in rng.integers(len(texts), size=rows)]


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


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    texts = corpus(ROWS)
    series = pd.Series(texts, dtype="str")
    array = pa.array(texts, pa.large_string())
    octets = np.frombuffer(array.buffers()[2], np.uint8)
    contenders: dict[str, Callable[[], Any]] = {
        "smslab.segment, pandas str": lambda: smslab.segment(series),
        "smslab.segment, list": lambda: smslab.segment(texts),
        "pandas .map(plain Python), 1/10 of the rows": lambda: series[: ROWS // 10].map(
            plain_python
        ),
        "bound: pyarrow utf8_length": lambda: pc.utf8_length(array),
        "bound: copy of the bytes": octets.copy,
    }
    expected = series[:2000].map(plain_python)
    assert (smslab.segment(series[:2000])["segments"] == expected).all()
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for run in range(RUNS + 1):
        for name, call in contenders.items():
            start = time.perf_counter()
            call()
            if run:
                seconds[name].append(time.perf_counter() - start)
    versions = {
        "smslab": smslab.__version__,
        "Python": platform.python_version(),
        "numba": numba.__version__,
        "numpy": np.__version__,
        "pandas": pd.__version__,
        "pyarrow": pa.__version__,
    }
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    print(f"{ROWS:,} texts, {len(octets) / ROWS:.0f} bytes each, median of {RUNS} runs\n")
    rates = {
        name: (ROWS // 10 if "1/10" in name else ROWS) / statistics.median(times)
        for name, times in seconds.items()
    }
    first = rates["smslab.segment, pandas str"]
    for name, rate in rates.items():
        print(f"{name:<45} {rate / 1e6:8.2f} M texts/s   segment is {first / rate:8.2f} times")
    if options.json:
        options.json.write_text(json.dumps({"versions": versions, "texts_per_s": rates}, indent=1))


if __name__ == "__main__":
    main()
