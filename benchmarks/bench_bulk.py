"""Bulk work: its time against pyarrow's, against plain pandas, and on Dask; its memory over rows.

Each measurement is a fresh process; what is compared takes turns. Prints a table, and JSON with
--json. The lists are made up (`smslab sample`) and lie in a temporary folder.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import re
import statistics
import sys
import tempfile
import time
from importlib import resources
from pathlib import Path

import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from common import python, versions
from distributed import Client, LocalCluster
from matplotlib.axes import Axes

import smslab
from smslab.interop.dask import prepare as of_dask
from smslab.numbering import countries, zones
from smslab.sending_hours import SendingHours
from smslab.style import drawn

START = dt.datetime(2026, 11, 26, 20, tzinfo=dt.UTC)


def copy(folder: Path, rows: int) -> None:
    """Read and write what segment_file wrote, by pyarrow alone."""
    file = pq.ParquetFile(folder / f"counted-{rows}.parquet")
    with pq.ParquetWriter(folder / "copy.parquet", file.schema_arrow) as writer:
        for batch in file.iter_batches(100_000):
            writer.write_batch(batch)


def segment(folder: Path, rows: int) -> None:
    """Segment Parquet to Parquet."""
    smslab.segment_file(folder / f"list-{rows}.parquet", folder / f"counted-{rows}.parquet")


def options(folder: Path, rows: int) -> dict[str, object]:
    """Return every step of a preparation but the validation of numbers."""
    listed = pq.ParquetFile(folder / f"list-{rows}.parquet").read_row_group(0).to_pandas()
    return {
        "country": "US",
        "opt_outs": listed["to"].dropna().head(10_000),
        "smart": "typographic",
        "quiet_hours": (21, 8),
        "start": START,
        "rates": smslab.RateCard.bundled(),
    }


def prepare(folder: Path, rows: int) -> None:
    """Prepare Parquet to Parquet, on one thread."""
    out = folder / f"prepared-{rows}.parquet"
    smslab.prepare_file(folder / f"list-{rows}.parquet", out, **options(folder, rows))


def calling_codes() -> dict[str, str]:
    """Return the country of each prefix."""
    table = resources.files("smslab").joinpath("data", "calling_codes.csv").read_text("utf-8")
    return {row["prefix"]: row["country"] for row in csv.DictReader(table.splitlines())}


def frame(folder: Path, rows: int) -> None:
    """Prepare a DataFrame, on one thread."""
    smslab.prepare(LISTED[0], **LISTED[1])


#: The frame and its options, read before the clock starts.
LISTED: list[object] = []


GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà\f^{}\\[~]|€"
)
DOUBLE = set("\f^{}\\[~]|€")
LOOKALIKES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "…": "..."})


def plain_segments(text: str) -> int:
    """Count segments as one does in plain Python."""
    if GSM.issuperset(text):
        units = len(text) + sum(character in DOUBLE for character in text)
        return 1 if units <= 160 else -(-units // 153)
    units = len(text.encode("utf-16-le")) // 2
    return 1 if units <= 70 else -(-units // 67)


def plain(folder: Path, rows: int) -> None:
    """Prepare the same list the plain pandas way: a function per row, and pandas' own methods."""
    given = options(folder, rows)
    card = given["rates"]
    prefixes = calling_codes()
    prices = {c: card.price(c).total_micro for c in card.countries}
    frame = pq.read_table(folder / f"list-{rows}.parquet").to_pandas()

    def e164(value: object) -> str | None:
        if not isinstance(value, str):
            return None
        digits = re.sub(r"^00|\D", "", value)
        if not re.match(r"^(\+|00)?[0-9][0-9 ().-]*$", value) or not 7 <= len(digits) <= 15:
            return None
        if digits[0] == "1" and len(digits) != 11:
            return None
        return digits

    def country(digits: object) -> str | None:
        if not isinstance(digits, str):
            return None
        return next((prefixes[digits[:n]] for n in range(7, 0, -1) if digits[:n] in prefixes), None)

    def smart(text: object) -> object:
        if not isinstance(text, str):
            return text
        changed = text.translate(LOOKALIKES)
        better = GSM.issuperset(changed) and plain_segments(changed) < plain_segments(text)
        return changed if better else text

    frame["number"] = frame["to"].map(e164)
    frame["country"] = frame["number"].map(country)
    out = {e164(value) for value in given["opt_outs"]}
    frame["sendable"] = frame["country"].notna() & ~frame["number"].isin(out)
    frame["sendable"] &= frame["text"].fillna("").str.strip() != ""
    frame["sent"] = frame["text"].map(smart)
    frame["segments"] = frame["sent"].map(plain_segments, na_action="ignore")
    kept = frame[frame["sendable"]]
    frame.loc[kept.index[kept["number"].duplicated()], "sendable"] = False
    frame["cost"] = frame["segments"] * frame["country"].map(prices) / 1e6
    zones = {c: _earliest(c) for c in frame["country"].dropna().unique()}
    frame["send_at"] = frame["country"].map(zones)
    frame.to_parquet(folder / f"plain-{rows}.parquet")


def _earliest(country: str) -> dt.datetime:
    """Return the moment by a clock of the country: plainer than by that of the number."""
    place = next((k for k, names in enumerate(zones()) if len(names) == 1), 0)
    hours = SendingHours((21, 8), START)
    seconds = hours.earliest_s([countries().index(country)], [place])[0]
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC)


def dask(folder: Path, rows: int, workers: int) -> float:
    """Prepare Parquet to Parquet on so many workers of one thread; the start is not counted."""
    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.run(warm)
        client.run(pa.set_cpu_count, 1)  # a worker is one core, whatever pyarrow finds free
        begin = time.perf_counter()
        listed = dd.read_parquet(folder / f"list-{rows}.parquet", split_row_groups=4)
        of_dask(listed, **options(folder, rows)).to_parquet(folder / "dask", write_index=False)
        return time.perf_counter() - begin


def warm() -> None:
    """Compile what a preparation needs."""
    from smslab import prepare, sample  # noqa: PLC0415  (the worker's own)

    prepare(sample(1000), country="US", smart="typographic")


def memory(what: str) -> float:
    """Return the memory of this process, in MB: VmRSS for now, VmHWM for the most so far."""
    # The resource module's would be that of whoever started this one, if that was larger.
    return int(re.search(rf"{what}:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def curve(folder: Path, rows: int, what: str) -> list[tuple[int, float]]:
    """Return the memory that a process takes, in MB, after so many rows."""
    seen: list[tuple[int, float]] = []

    def look(done: int, *_: int) -> None:
        seen.append((done, memory("VmRSS")))

    path, out = folder / f"list-{rows}.parquet", folder / "curve.parquet"
    if what == "segment":
        smslab.segment_file(path, out, progress=look)
    else:
        smslab.prepare_file(path, out, progress=look, **options(folder, rows))
    return seen


def draw(curves: dict[str, list[tuple[int, float]]], path: str) -> None:
    """Draw memory over rows."""

    def picture(ax: Axes) -> None:
        for name, seen in curves.items():
            millions, memory = zip(
                *[(rows / 1e6, megabytes) for rows, megabytes in seen], strict=True
            )
            ax.plot(millions, memory, label=name)
        ax.set(xlabel="million rows", ylabel="MB", ylim=(0, None), title="Memory of the process")
        ax.legend()

    Path(path).write_bytes(drawn(picture, dpi=110))


def measured(what: str, folder: Path, rows: int) -> tuple[float, float]:
    """Run one of the above in a fresh process; return its seconds and its peak memory in MB."""
    _, words = python(__file__, "--run", what, "--folder", folder, "--rows", str(rows))
    return float(words[-2]), float(words[-1])


def run(what: str, folder: Path, rows: int) -> None:
    """Do one of the above after a first call that compiles, and print what it took."""
    if what.startswith("curve"):
        print(json.dumps(curve(folder, rows, what.partition("-")[2]), separators=(",", ":")))
        return
    if what.startswith("dask"):
        seconds = dask(folder, rows, int(what[4:]))
    else:
        tiny = folder / "list-1000.parquet"
        if not tiny.exists():
            smslab.sample_file(tiny, 1000)
        if what in ("segment", "prepare"):
            globals()[what](folder, 1000)
        if what == "frame":
            table = pq.read_table(folder / f"list-{rows}.parquet").to_pandas()
            LISTED[:] = [table, options(folder, rows)]
            smslab.prepare(table.head(1000), **LISTED[1])
        begin = time.perf_counter()
        globals()[what](folder, rows)
        seconds = time.perf_counter() - begin
    print(seconds, memory("VmHWM"))


def agreement(folder: Path, rows: int) -> float:
    """Return the share of rows in which the plain way comes to the same: kept, and its parts."""
    plain_, ours = (
        pd.read_parquet(folder / f"{name}-{rows}.parquet") for name in ("plain", "prepared")
    )
    sendable = ours["sms_status"] != "rejected"
    same = sendable == plain_["sendable"]
    same &= ~sendable | (ours["sms_segments"] == plain_["segments"])
    return float(same.mean())


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of which the median is taken")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--json", metavar="FILE", help="where to write the figures too")
    parser.add_argument("--picture", metavar="PNG", help="where to draw the memory over rows")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run:
        run(chosen.run, chosen.folder, chosen.rows)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures = compared(folder, chosen.rows, chosen.runs)
        if chosen.picture:
            curves = {}
            for what in ("segment", "prepare"):
                words = ["--run", f"curve-{what}", "--folder", folder, "--rows", str(chosen.rows)]
                curves[f"{what}_file"] = json.loads(python(__file__, *words)[1][-1])
            draw(curves, chosen.picture)
    for what, value in figures.items():
        print(f"{what:<74} {value:12,.2f}")
    found = versions(["smslab", "numpy", "pandas", "pyarrow", "numba", "dask", "distributed"])
    print(", ".join(f"{name} {version}" for name, version in found.items()))
    if chosen.json:
        Path(chosen.json).write_text(json.dumps(figures | found, indent=2), "utf-8")


def compared(folder: Path, rows: int, runs: int) -> dict[str, float]:
    """Measure all of it."""
    sizes = [rows // 10, rows]
    figures: dict[str, float] = {}
    for size in sizes:
        smslab.sample_file(folder / f"list-{size}.parquet", size)

    def medians(whats: list[str], size: int) -> list[tuple[float, float]]:
        found = [[measured(what, folder, size) for what in whats] for _ in range(runs)]
        return [
            tuple(statistics.median(values) for values in zip(*column, strict=True))
            for column in zip(*found, strict=True)
        ]

    for size in sizes:
        (ours, peak), (theirs, _) = medians(["segment", "copy"], size)
        print(f"segment {size:,}", file=sys.stderr)
        figures[f"segment, Parquet to Parquet, {size:,} rows, s"] = ours
        figures[f"pyarrow's read and write of the same columns, {size:,} rows, s"] = theirs
        figures[f"segment over pyarrow, {size:,} rows"] = ours / theirs
        figures[f"segment, peak memory, {size:,} rows, MB"] = peak
    small = sizes[0]
    (ours, _), (theirs, _), (inside, _) = medians(["prepare", "plain", "frame"], small)
    figures[f"prepare, a DataFrame, {small:,} rows, rows/s"] = small / inside
    figures[f"prepare, Parquet to Parquet, {small:,} rows, rows/s"] = small / ours
    figures[f"plain pandas, Parquet to Parquet, {small:,} rows, rows/s"] = small / theirs
    figures["prepare over plain pandas, Parquet to Parquet"] = theirs / ours
    figures["rows in which both come to the same, %"] = 100 * agreement(folder, small)
    ((big, peak),) = medians(["prepare"], rows)
    figures[f"prepare, {rows:,} rows, rows/s"] = rows / big
    figures[f"prepare, peak memory, {rows:,} rows, MB"] = peak
    (two, _), (one, _) = medians(["dask2", "dask1"], rows)
    figures[f"Dask, prepare, 2 workers of one core, {rows:,} rows, s"] = two
    figures[f"Dask, prepare, 1 worker of one core, {rows:,} rows, s"] = one
    figures["one worker over two"] = one / two
    figures["prepare_file on one thread over two workers"] = big / two
    return figures


if __name__ == "__main__":
    main()
