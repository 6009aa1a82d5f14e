"""Options of the commands that read lists, and go through them from file to file."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smslab.bulk import FileReport

__all__ = [
    "LISTS",
    "add_file_options",
    "add_reading_options",
    "files_of",
    "reading_of",
    "resumable",
    "say",
]

#: What a list may be.
LISTS = ".csv, .tsv, .jsonl (also .gz, .zst), .parquet or .xlsx; - for CSV from the standard input"


def add_reading_options(command: Any) -> None:
    """Add how a list is read.

    Parameters
    ----------
    command : argparse.ArgumentParser
        Where they are added.
    """
    command.add_argument("--encoding", metavar="NAME", help="of a text file: utf-8, cp1252 ...")
    command.add_argument("--delimiter", metavar="CHAR", help="between cells of a CSV file")
    command.add_argument("--sheet", metavar="NAME", help="of a workbook")


def reading_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of how a list is read.

    Parameters
    ----------
    options : argparse.Namespace
        The options of the command.

    Returns
    -------
    dict of str to object
        As :func:`smslab.read_messages` takes it.
    """
    return {name: getattr(options, name) for name in ("encoding", "delimiter", "sheet")}


def add_file_options(command: Any, output: str | None) -> None:
    """Add how a list is gone through, from file to file.

    Parameters
    ----------
    command : argparse.ArgumentParser
        Where they are added.
    output : str or None
        Where the result goes if that is not said; None for nowhere.
    """
    told = "of the same kinds" + ("; CSV if not given" if output == "-" else "")
    command.add_argument("-o", "--output", metavar="OUT", default=output, help=told)
    command.add_argument("--resume", action="store_true", help="go on where it was stopped")
    command.add_argument("--workers", metavar="N", type=int, default=1, help="threads")
    command.add_argument(
        "--batch-rows", metavar="N", type=int, default=100_000, help="default 100000"
    )
    add_reading_options(command)
    command.add_argument(
        "--no-guard",
        dest="guard",
        action="store_false",
        help="leave texts as they are that a spreadsheet would take for formulas",
    )


def files_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of how a list is gone through.

    Parameters
    ----------
    options : argparse.Namespace
        The options of the command.

    Returns
    -------
    dict of str to object
        As :func:`smslab.prepare_file` takes it.
    """
    names = ("text", "batch_rows", "workers", "resume", "guard")
    progress = _progress() if sys.stderr.isatty() else None
    said = {name: getattr(options, name) for name in names}
    return reading_of(options) | said | {"progress": progress}


@contextlib.contextmanager
def resumable(options: argparse.Namespace) -> Iterator[None]:
    """Say how to go on where a run is interrupted.

    Parameters
    ----------
    options : argparse.Namespace
        The options of the command.
    """
    try:
        yield
    except KeyboardInterrupt:
        if options.output not in (None, "-"):
            print("\nsmslab: the same command with --resume goes on", file=sys.stderr)
        raise


def say(report: FileReport) -> None:
    """Print what became of a list.

    Parameters
    ----------
    report : FileReport
        It.
    """
    # What is written to the standard output is the result.
    print(report.summary(), file=sys.stderr if report.output == "-" else sys.stdout)
    if report.output not in (None, "-"):
        print(Path(str(report.output)), file=sys.stderr)


def _progress() -> Callable[[int, int, int], None]:
    """Return what shows on the terminal how far it got."""
    begin = time.monotonic()

    def show(rows: int, done: int, total: int) -> None:
        taken = max(time.monotonic() - begin, 1e-9)
        left = ""
        if 0 < done <= total:
            seconds = round(taken * (total - done) / done)
            left = f", {seconds // 60}:{seconds % 60:02d} left"
        print(f"\r{rows:,} rows, {rows / taken:,.0f} rows/s{left}   ", end="", file=sys.stderr)
        if done >= total > 0:
            print(file=sys.stderr)

    return show
