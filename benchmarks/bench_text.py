"""Speed of the text functions, side by side with other packages and with what the memory allows.

``make bench``, or this script with ``--setup`` once, which puts the other packages into
``benchmarks/.peers`` in the versions named below, and then without it.

On each corpus all contenders read the same texts in turn, round after round after a warm-up; the
tables show medians. smslab reads all texts, in one thread unless a row says otherwise; its peers
read the first ones, as many as take about a second. Freeing the answers is not timed. Only like
work is compared, and so are the answers.
"""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from common import HERE, PEERS, install, python, timed, versions
from corpora import CORPORA, corpus

import smslab

PYPI = {"smsutil": "1.1.3", "sms-toolkit": "1.0.9", "gsm0338": "1.1.0"}
NPM = {
    "sms-segments-calculator": "1.3.0",
    "split-sms": "0.1.7",
    "@trt2/gsm-charset-utils": "1.0.13",
}
#: A peer reads at most so many texts.
PEER_ROWS = 200_000
START_UPS = 5

EXTENSION = frozenset("\f^{}\\[~]|€")
GSM7 = EXTENSION | frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

CALL = """
import time
start = time.perf_counter()
import smslab
segment = smslab.segment
loaded = time.perf_counter()
segment(["Your code is 1234"])
print(time.perf_counter() - loaded, time.perf_counter() - start)
"""

MEMORY = """
import sys, pandas as pd, pyarrow as pa, smslab
def status(key):
    with open("/proc/self/status") as lines:
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(key))
with pa.OSFile(sys.argv[1]) as file:
    texts = pd.Series(pa.ipc.open_file(file).read_all()[0], dtype="str")
smslab.segment(texts[:1000])
with open("/proc/self/clear_refs", "w") as peak:
    peak.write("5")
before = status("VmRSS")
frame = smslab.segment(texts)
print(status("VmHWM") - before, frame.memory_usage(index=False, deep=True).sum())
"""

#: Runs once and returns the seconds and the answers.
Run = Callable[[], tuple[float, Any]]


class Contender(NamedTuple):
    """What runs in turn with the others."""

    table: str
    name: str
    rows: int
    run: Run


def set_up() -> None:
    """Install the peers into their folder."""
    install(*(f"{name}=={version}" for name, version in PYPI.items()))
    if npm := shutil.which("npm"):
        pins = [f"{name}@{version}" for name, version in NPM.items()]
        subprocess.run([npm, "install", "--no-audit", "--prefix", PEERS, *pins], check=True)
    else:
        print("left out: the npm peers, for npm is not there")


def plain_python(text: str) -> int:
    """Count segments exactly, in plain Python: the careful way without a package."""
    if GSM7.issuperset(text):
        widths = [2 if c in EXTENSION else 1 for c in text]
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


def ours(corpus_name: str, array: pa.LargeStringArray) -> Iterator[Contender]:
    """Return smslab's functions and the bounds."""
    series, listed = pd.Series(array, dtype="str"), array.to_pylist()
    size = pc.sum(pc.binary_length(array)).as_py()
    octets = np.frombuffer(array.buffers()[2], np.uint8, size)
    words, target = octets[: size // 8 * 8].view(np.uint64), np.ones_like(octets)
    bare = {"packing": "unpacked", "concatenation": False}
    calls: dict[tuple[str, str], Callable[[], Any]] = {
        ("count", "smslab.segment"): partial(smslab.segment, series),
        ("count", "smslab.segment, from Arrow"): partial(smslab.segment, array),
        ("count", "smslab.segment, from list"): partial(smslab.segment, listed),
        ("count", "smslab.segment, 2 threads"): partial(
            smslab.segment, series, executor=ThreadPoolExecutor(2)
        ),
        ("bound", "memcpy, fresh memory"): octets.copy,
        ("bound", "memcpy, same memory"): partial(np.copyto, target, octets),
        ("bound", "read: sum as uint64"): words.sum,
        ("bound", "pyarrow utf8_length"): partial(pc.utf8_length, array),
        ("octets", "smslab.encode, unpacked, no UDH"): partial(smslab.encode, series, **bare),
        ("more", "smslab.encode, packed"): partial(smslab.encode, series),
        ("more", "smslab.split"): partial(smslab.split, series),
        ("more", "smslab.decode"): partial(smslab.decode, smslab.encode(series)),
    }
    if corpus_name != "mixed":
        call = partial(smslab.segment, series, languages="auto")
        calls["more", 'smslab.segment, languages="auto"'] = call
    if corpus_name != "unicode":
        calls["more", "smslab.smart_encode"] = partial(smslab.smart_encode, series)
    for (table, name), call in calls.items():
        yield Contender(table, name, len(array), partial(timed, call))


def in_python(texts: list[str]) -> Iterator[tuple[str, str, Callable[[int], Run]]]:
    """Return the Python peers: table, name, and a run on the first rows."""
    series = pd.Series(texts, dtype="str")

    def each(function: Callable[[str], Any]) -> Callable[[int], Run]:
        return lambda rows: partial(timed, lambda: [function(text) for text in texts[:rows]])

    yield (
        "count",
        "pandas .map(plain Python)",
        lambda rows: partial(timed, partial(series[:rows].map, plain_python)),
    )
    if not (PEERS / "python").exists():
        print("left out: the PyPI peers, which --setup installs")
        return
    smsutil, toolkit, gsm0338 = map(importlib.import_module, ("smsutil", "sms_toolkit", "gsm0338"))
    codec = gsm0338.Codec()

    def codec_or_utf16(text: str) -> bytes:
        try:
            return codec.encode(text)[0]
        except UnicodeEncodeError:
            return text.encode("utf-16-be")

    yield "count", "smsutil", each(lambda text: len(smsutil.split(text).parts))
    yield "count", "sms-toolkit", each(lambda text: toolkit.profile_message(text)["num_segments"])
    yield "octets", "smsutil.encode", each(smsutil.encode)
    yield "octets", "gsm0338, else UTF-16", each(codec_or_utf16)


@contextmanager
def in_node(texts: list[str]) -> Iterator[list[tuple[str, str, Callable[[int], Run]]]]:
    """Start node and give the npm peers as :func:`in_python` does."""
    node = shutil.which("node")
    if not node or not (PEERS / "node_modules").exists():
        print("left out: the npm peers, which --setup installs where node and npm are")
        yield []
        return
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 1, "text": True}
    with subprocess.Popen([node, HERE / "peers.mjs", PEERS], **pipes) as process:
        print(json.dumps(texts), file=process.stdin)

        def run(name: str, rows: int) -> tuple[float, Any]:
            print(name, rows, file=process.stdin)
            seconds, counts = json.loads(process.stdout.readline())
            return seconds, counts

        yield [("count", name, partial(partial, run, name)) for name in NPM]


def about_a_second(table: str, name: str, run_on: Callable[[int], Run], rows: int) -> Contender:
    """Give a peer as many texts as it takes about a second for."""
    few = min(200, rows)
    seconds = min(run_on(few)()[0] for _ in range(2))
    enough = max(few, min(rows, int(few / seconds)))
    return Contender(table, name, enough, run_on(enough))


def smslab_octets(array: pa.LargeStringArray) -> list[bytes]:
    """Return what the peers that encode should answer."""
    octets = [b""] * len(array)
    parts = smslab.encode(array, packing="unpacked", concatenation=False)
    for message, part in zip(parts["message"], parts["user_data"], strict=True):
        octets[message] += part
    return octets


def compete(corpus_name: str, array: pa.LargeStringArray, runs: int) -> pd.DataFrame:
    """Run all contenders in turn and return a row for each."""
    texts = array[:PEER_ROWS].to_pylist()
    truth = {"count": smslab.segment(texts)["segments"], "octets": smslab_octets(array[:PEER_ROWS])}
    with in_node(texts) as npm:
        peers = [about_a_second(*peer, len(texts)) for peer in (*in_python(texts), *npm)]
        contenders = [*ours(corpus_name, array), *peers]
        seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
        equal: dict[str, float] = {}
        for turn in range(runs + 1):
            for contender in contenders:
                taken, answer = contender.run()
                if turn:
                    seconds[contender.name].append(taken)
                elif contender in peers:
                    same = [a == b for a, b in zip(truth[contender.table], answer, strict=False)]
                    equal[contender.name] = sum(same) / contender.rows
                del answer
    frame = pd.DataFrame(
        [contender[:3] for contender in contenders], columns=["table", "name", "rows"]
    )
    frame["per_s"] = frame["rows"] / frame["name"].map(seconds).map(statistics.median)
    memcpy = frame.loc[frame["name"].str.startswith("memcpy"), "per_s"].max()
    frame["of_memcpy"] = frame["per_s"] / memcpy
    first = frame.groupby("table")["per_s"].first()
    first["bound"], first["more"] = first["count"], np.nan
    frame["x"] = frame["table"].map(first) / frame["per_s"]
    frame["equal"] = frame["name"].map(equal)
    order = frame["table"].map(["count", "bound", "octets", "more"].index)
    return frame.iloc[order.argsort(kind="stable")]


def start_up() -> dict[str, float]:
    """Return seconds in fresh processes, medians."""
    seconds: dict[str, list[float]] = {}
    whole = {"python -c pass": ("-c", "pass"), "import smslab": ("-c", "import smslab")}
    whole["smslab --help"] = ("-m", "smslab", "--help")
    with tempfile.TemporaryDirectory() as warm:
        python("-c", CALL, cache=warm)
        for _ in range(START_UPS):
            for name, arguments in whole.items():
                seconds.setdefault(f"{name}: process", []).append(python(*arguments)[0])
            with tempfile.TemporaryDirectory() as cold:
                for kind, cache in (("cold", cold), ("warm", warm)):
                    process, printed = python("-c", CALL, cache=cache)
                    parts = {"call": printed[0], "imports and call": printed[1], "process": process}
                    for part, figure in parts.items():
                        name = f"first smslab.segment, {kind} cache: {part}"
                        seconds.setdefault(name, []).append(float(figure))
    return {name: statistics.median(figures) for name, figures in seconds.items()}


def memory(array: pa.LargeStringArray) -> dict[str, float]:
    """Return the bytes a message that ``segment`` adds at its peak, and those of its frame."""
    if not Path("/proc/self/clear_refs").exists():
        print("left out: memory, which is read from Linux's /proc")
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path, table = Path(folder) / "texts.arrow", pa.table({"text": array})
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        peak, frame = python("-c", MEMORY, path)[1]
    return {"added": int(peak) / len(array), "frame": int(frame) / len(array)}


def takes_part() -> dict[str, str]:
    """Name everything that takes part, as far as it is there."""
    found = versions(("smslab", "numba", "numpy", "pandas", "pyarrow", *PYPI))
    for name in NPM:
        with suppress(FileNotFoundError):
            manifest = PEERS / "node_modules" / name / "package.json"
            found[name] = json.loads(manifest.read_text())["version"]
    with suppress(FileNotFoundError):
        found["node"] = subprocess.check_output(["node", "--version"], text=True).strip()
    return found


def times(ratio: float) -> str:
    """Write a ratio in about three digits."""
    return "" if np.isnan(ratio) else f"{ratio:,.{0 if ratio >= 100 else 1 if ratio >= 10 else 2}f}"


def markdown(rates: dict[str, pd.DataFrame]) -> str:
    """Lay out the table for the README: all corpora side by side."""
    lines = [f"| M messages/s (x: smslab over it) | {' | '.join(rates)} |"]
    lines.append("|---|" + "---:|" * len(rates))
    rows: dict[str, dict[str, str]] = {}
    for corpus_name, frame in rates.items():
        for row in frame.itertuples():
            ratio = "" if np.isnan(row.x) else f" (x {times(row.x)})"
            rows.setdefault(row.name, {})[corpus_name] = f"{row.per_s / 1e6:.3g}{ratio}"
    for name, cells in rows.items():
        lines.append(f"| {name} | {' | '.join(cells.get(column, '') for column in rates)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description="Speed of smslab's text functions and of peers.")
    parser.add_argument("--setup", action="store_true", help="install the peers, run nothing")
    parser.add_argument("--rows", type=int, default=1_000_000, help="messages a corpus")
    parser.add_argument("--runs", type=int, default=5, help="rounds after the warm-up")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--markdown", type=Path, help="file for the table of the README")
    options = parser.parse_args()
    if options.setup:
        return set_up()
    sys.path.append(str(PEERS / "python"))  # last: only what is nowhere else comes from there
    figures: dict[str, Any] = {"versions": takes_part(), "start_up_s": start_up(), "corpora": {}}
    print(*(f"{name} {version}" for name, version in figures["versions"].items()), sep=", ")
    print(f"\nStart-up, seconds, median of {START_UPS}")
    print(*(f"{s:8.3f}  {name}" for name, s in figures["start_up_s"].items()), sep="\n")
    rates = {}
    formats = {"rows": "{:,}".format, "of_memcpy": "{:.4f}".format}
    formats |= {"per_s": lambda rate: f"{rate / 1e6:.4f} M"}
    formats |= {"x": times, "equal": lambda e: "exact" if e == 1 else f"{e:.3%}"}
    for name in CORPORA:
        array = corpus(name, options.rows)
        counts = smslab.segment(array)
        about = {
            "bytes": pc.mean(pc.binary_length(array)).as_py(),
            "gsm7": (counts["encoding"] == "GSM-7").mean(),
            "segments": counts["segments"].mean(),
            **{f"{what} bytes": figure for what, figure in memory(array).items()},
        }
        print(f"\n{name}, {options.rows:,} messages, mean:", end=" ")
        print(*(f"{what} {figure:.2f}" for what, figure in about.items()), sep=", ")
        rates[name] = frame = compete(name, array, options.runs)
        print(frame.to_string(index=False, formatters=formats, na_rep=""))
        figures["corpora"][name] = about | {"rates": json.loads(frame.to_json(orient="records"))}
    print("\nx: how many times as fast the first of the table is (bound: as smslab.segment)")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    if options.markdown:
        options.markdown.write_text(markdown(rates))


if __name__ == "__main__":
    main()
