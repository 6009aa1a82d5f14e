"""Commands of the command line for lists of any size in files."""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import sys
from pathlib import Path
from typing import Any

from smslab.cli_command import add_coding_options, add_command, coding_of, languages_of
from smslab.cli_files import LISTS, add_file_options, files_of, resumable, say
from smslab.errors import InputError, OptionError

__all__ = ["add_bulk_commands"]


def add_bulk_commands(commands: Any, epilog: str) -> None:
    """Add the commands ``prepare``, ``segment``, ``encode`` and ``sample``.

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
    encode = add(
        "encode",
        _encode,
        "the octets of every part",
        "A row per part: the columns of the list but for the text, and those of the part.",
    )
    sample = add("sample", _sample, "a made-up list")
    for command in (segment, encode, prepare):
        command.add_argument("file", metavar="IN", help=LISTS)
        command.add_argument("--text", metavar="COL", help="column of the texts")
    sample.add_argument("--rows", metavar="N", type=int, default=2000, help="default 2000")
    sample.add_argument("--seed", metavar="N", type=int, default=2026, help="default 2026")
    sample.add_argument("-o", "--output", metavar="OUT", required=True, help=".csv, .parquet ...")
    prepare.add_argument("--to", metavar="COL", help="column of the phone numbers")
    prepare.add_argument("--country", metavar="CC", help="country of national numbers")
    prepare.add_argument("--opt-outs", metavar="FILE", help="numbers that nothing is sent to")
    prepare.add_argument("--opt-outs-to", metavar="COL", help="column of the numbers in that file")
    prepare.add_argument(
        "--template", metavar="TEXT", help="text of all, with {fields}, {field:20} for a limit"
    )
    prepare.add_argument("--smart", metavar="LEVEL", help="look-alikes that save segments")
    prepare.add_argument(
        "--validate", action="store_true", help="reject numbers that nobody can have (extra phone)"
    )
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
    prepare.add_argument("--languages", metavar="CODES", help="national tables: auto, or tr,es")
    for command in (segment, encode):
        add_coding_options(command)
    encode.add_argument(
        "--packing", default="packed", help="packed (default) or unpacked, as SMPP takes it"
    )
    encode.add_argument(
        "--reference", metavar="N", type=int, help="reference number of the first long text"
    )
    for command in (segment, encode, prepare):
        add_file_options(command, "-")


def _segment(options: argparse.Namespace) -> None:
    from smslab.bulk import segment_file

    with resumable(options):
        report = segment_file(
            options.file,
            options.output,
            **coding_of(options),
            **files_of(options),
        )
    say(report)


def _encode(options: argparse.Namespace) -> None:
    from smslab.bulk import encode_file

    with resumable(options):
        report = encode_file(
            options.file,
            options.output,
            reference=options.reference,
            packing=options.packing,
            **coding_of(options),
            **files_of(options),
        )
    say(report)


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
    opt_outs = None
    if options.opt_outs is not None:
        opt_outs = numbers_in(options.opt_outs, options.opt_outs_to)
    rates = None
    if options.rates is not None:
        rates = RateCard.bundled() if options.rates == "list" else RateCard.read(options.rates)
    with resumable(options):
        report = prepare_file(
            options.file,
            options.output,
            to=options.to,
            rates=rates,
            country=options.country,
            opt_outs=opt_outs,
            template=options.template,
            smart=options.smart,
            languages=languages_of(options.languages),
            validate=options.validate,
            quiet_hours=_quiet_hours(options.quiet_hours),
            start=_moment(options.start),
            sender_type=options.sender_type,
            duplicates=options.duplicates,
            max_segments=options.max_segments,
            **files_of(options),
        )
    say(report)


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
