"""Commands of the command line for lists of any size in files."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import functools
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smslab.cli_command import add_command
from smslab.errors import InputError, OptionError

if TYPE_CHECKING:
    from smslab.bulk import FileReport

__all__ = ["add_bulk_commands", "languages_of"]


def add_bulk_commands(commands: Any, epilog: str) -> None:
    """Add the commands ``prepare``, ``segment`` and ``sample``.

    Parameters
    ----------
    commands : argparse sub-parsers
        Where they are added.
    epilog : str
        What stands at the end of their help.
    """
    add = functools.partial(add_command, commands, epilog=epilog)

    prepare = add(
        "prepare",
        _prepare,
        "clean a list: numbers, opt-outs, duplicates, template, encoding, hours, prices",
        "Every row comes out once.",
    )
    segment = add(
        "segment",
        _segment,
        "how each text is encoded and how many segments it takes",
        "Columns are added to those of the list.",
    )
    sample = add("sample", _sample, "a made-up list")
    for command in (segment, prepare):
        command.add_argument(
            "file",
            metavar="IN",
            help=".csv, .tsv, .jsonl (also .gz, .zst) or .parquet; - for the standard input",
        )
    sample.add_argument("--rows", metavar="N", type=int, default=2000, help="default 2000")
    sample.add_argument("--seed", metavar="N", type=int, default=2026, help="default 2026")
    sample.add_argument("-o", "--output", metavar="OUT", required=True, help=".csv, .parquet ...")
    prepare.add_argument("--to", metavar="COL", help="column of the phone numbers")
    prepare.add_argument("--country", metavar="CC", help="country of national numbers")
    prepare.add_argument("--opt-outs", metavar="FILE", help="numbers that nothing is sent to")
    prepare.add_argument(
        "--template", metavar="TEXT", help="text of all, with {fields}, {field:20} for a limit"
    )
    prepare.add_argument("--smart", metavar="LEVEL", help="look-alikes that save segments")
    prepare.add_argument(
        "--quiet-hours",
        metavar="H-H",
        help="such as 21-8, or marketing: hours of each country; with --start",
    )
    prepare.add_argument(
        "--start", metavar="TIME", help="from when on it is sent: 2026-11-26T10:00-05:00"
    )
    prepare.add_argument("--rates", metavar="CARD", help="prices; 'list' for public list prices")
    prepare.add_argument("--sender-type", metavar="TYPE", help="10dlc, short_code, toll_free ...")
    prepare.add_argument(
        "--duplicates",
        metavar="BY",
        default="number",
        help="number (default), 'number and text', or none",
    )
    prepare.add_argument("--max-segments", metavar="N", type=int, default=255, help="default 255")
    for command in (segment, prepare):
        command.add_argument("--text", metavar="COL", help="column of the texts")
        command.add_argument("--languages", metavar="CODES", help="national tables: auto, or tr,es")
    segment.add_argument(
        "--reference-bits",
        metavar="N",
        type=int,
        default=8,
        help="of the reference number that joins parts: 8 or 16 (default 8)",
    )
    segment.add_argument(
        "--no-concatenation",
        dest="concatenation",
        action="store_false",
        help="for a network that does not join parts",
    )
    for command in (segment, prepare):
        command.add_argument(
            "-o", "--output", metavar="OUT", default="-", help="of the same kinds; CSV if not given"
        )
        command.add_argument("--resume", action="store_true", help="go on where it was stopped")
        command.add_argument("--workers", metavar="N", type=int, default=1, help="threads")
        command.add_argument(
            "--batch-rows", metavar="N", type=int, default=100_000, help="default 100000"
        )
        command.add_argument("--encoding", metavar="NAME", help="of a text file: utf-8, cp1252 ...")
        command.add_argument("--delimiter", metavar="CHAR", help="between cells of a CSV file")
        command.add_argument(
            "--no-guard",
            dest="guard",
            action="store_false",
            help="leave texts as they are that a spreadsheet would take for formulas",
        )


def languages_of(codes: str | None) -> str | list[str] | None:
    """Read the languages of national tables, as the option has them.

    Parameters
    ----------
    codes : str or None
        ``auto``, or codes with commas between them.

    Returns
    -------
    str, list of str or None
        As of :func:`smslab.segment`.
    """
    if codes is None or codes == "auto":
        return codes
    return [code.strip() for code in codes.split(",")]


@contextlib.contextmanager
def _resumable(options: argparse.Namespace) -> Iterator[None]:
    """Say how to go on where a run was interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        if options.output != "-":
            print("\nsmslab: the same command with --resume goes on", file=sys.stderr)
        raise


def _files(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "text": options.text,
        "encoding": options.encoding,
        "delimiter": options.delimiter,
        "batch_rows": options.batch_rows,
        "workers": options.workers,
        "resume": options.resume,
        "guard": options.guard,
        "progress": _progress() if sys.stderr.isatty() else None,
    }


def _segment(options: argparse.Namespace) -> None:
    from smslab.bulk import segment_file

    with _resumable(options):
        report = segment_file(
            options.file,
            options.output,
            languages=languages_of(options.languages),
            reference_bits=options.reference_bits,
            concatenation=options.concatenation,
            **_files(options),
        )
    _say(report)


def _sample(options: argparse.Namespace) -> None:
    from smslab.bulk import sample_file

    if options.seed < 0:
        raise OptionError(f"seed must be 0 or more; not {options.seed}")
    sample_file(options.output, options.rows, rng=options.seed)
    print(Path(options.output), file=sys.stderr)


def _prepare(options: argparse.Namespace) -> None:
    from smslab.bulk import numbers_in, prepare_file
    from smslab.output import check_apart
    from smslab.rates import RateCard

    if options.output != "-":
        check_apart(options.output, options.opt_outs, options.rates)
    rates = None
    if options.rates is not None:
        rates = RateCard.bundled() if options.rates == "list" else RateCard.read(options.rates)
    with _resumable(options):
        report = prepare_file(
            options.file,
            options.output,
            to=options.to,
            rates=rates,
            country=options.country,
            opt_outs=None if options.opt_outs is None else numbers_in(options.opt_outs),
            template=options.template,
            smart=options.smart,
            languages=languages_of(options.languages),
            quiet_hours=_quiet_hours(options.quiet_hours),
            start=_moment(options.start),
            sender_type=options.sender_type,
            duplicates=options.duplicates,
            max_segments=options.max_segments,
            **_files(options),
        )
    _say(report)


def _quiet_hours(text: str | None) -> str | tuple[float, float] | None:
    if text is None or "-" not in text:
        return text
    try:
        begin, end = map(float, text.split("-"))
    except ValueError:
        raise OptionError(
            f"--quiet-hours must be such as 21-8, or marketing; not {text!r}"
        ) from None
    return begin, end


def _moment(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"--start must be a moment such as 2026-11-26T10:00-05:00; not {text!r}"
        ) from None


def _say(report: FileReport) -> None:
    # What is written to the standard output is the result.
    print(report.summary(), file=sys.stderr if report.output == "-" else sys.stdout)
    if report.output != "-":
        print(Path(report.output), file=sys.stderr)


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
