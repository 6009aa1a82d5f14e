"""The command line: one thin sub-command a public function."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from smslab import __version__
from smslab.errors import InputError, SmslabError

if TYPE_CHECKING:
    import pandas as pd

    from smslab.forecast import Forecast
    from smslab.rates import RateCard
    from smslab.scenario import Scenario

__all__ = ["main"]

REPORT: Final = "report.html"
ROWS: Final = "report-messages.csv"

_EPILOG: Final = """\
exit status: 0 when the forecast was made, 2 for bad input (one line says what and where),
130 when interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``smslab``; those of the process if not given.

    Returns
    -------
    int
        Exit status: 0; 2 for bad input or an output that cannot be written; 130 when
        interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
        sys.stdout.flush()
    except SmslabError as error:
        print(f"smslab: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except OSError as error:
        # What is still in the buffer would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 0  # the reader has seen enough
        print(f"smslab: output: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("smslab: interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smslab",
        description="Know what a text message campaign costs, when it lands and how much of it "
        "arrives, before it is sent.",
    )
    parser.add_argument("--version", action="version", version=f"smslab {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        help="forecast a made-up campaign",
        description="Forecast a made-up campaign of 2,000 messages and write its report.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    demo.set_defaults(run=_demo)

    forecast = commands.add_parser(
        "forecast",
        help="forecast a list of messages",
        description="Forecast a list of messages: encoding, cost, finish and delivery, with "
        f"intervals. Writes {REPORT} and {ROWS}, which lists every row with its segments, cost "
        "and problem.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    forecast.add_argument("file", metavar="FILE", help="CSV, TSV, Parquet or JSON Lines")
    forecast.add_argument("--text", metavar="COL", help="column of the texts")
    forecast.add_argument("--to", metavar="COL", help="column of the phone numbers")
    forecast.add_argument(
        "--country",
        metavar="CC",
        help="country (ISO 3166-1 alpha-2) of rows that name none and of national numbers",
    )
    forecast.add_argument(
        "--scenario", metavar="S.toml", help="how it is sent; a usual way if not given"
    )
    forecast.add_argument(
        "--rates", metavar="CARD.csv", help="prices; public list prices if not given"
    )
    forecast.set_defaults(run=_forecast)

    for command in (demo, forecast):
        command.add_argument(
            "--replications",
            metavar="N",
            type=int,
            default=20,
            help="how often it is simulated (default 20; 19 or more give 90 %% intervals)",
        )
        command.add_argument(
            "--seed", metavar="N", type=int, default=0, help="same seed, same result (default 0)"
        )
        command.add_argument(
            "-o",
            "--output",
            metavar="DIR",
            default=".",
            help="folder of the report (default: here)",
        )
    return parser


def _demo(options: argparse.Namespace) -> None:
    from smslab.sample import sample

    _report(options, sample(), None, None)


def _forecast(options: argparse.Namespace) -> None:
    from smslab.io import read_messages
    from smslab.rates import RateCard
    from smslab.scenario import Scenario

    scenario = None if options.scenario is None else Scenario.from_toml(options.scenario)
    rates = None if options.rates is None else RateCard.read(options.rates)
    messages = read_messages(options.file, text=options.text, to=options.to)
    _report(options, messages, scenario, rates, country=options.country)


def _report(
    options: argparse.Namespace,
    messages: pd.DataFrame,
    scenario: Scenario | None,
    rates: RateCard | None,
    *,
    country: str | None = None,
) -> None:
    from smslab.forecast import forecast
    from smslab.io import write_whole
    from smslab.scenario import Scenario

    if options.seed < 0:
        raise InputError(f"seed must be 0 or more; not {options.seed}")
    _keep_inputs(options)
    result = forecast(
        messages,
        scenario or Scenario.bundled(),
        rates,
        country=country,
        replications=options.replications,
        rng=options.seed,
        progress=sys.stderr.isatty() or None,
    )
    with write_whole(options.output, [REPORT, ROWS]) as (page, rows):
        result.to_html(page)
        _rows(result).to_csv(rows, lineterminator="\n")
    print(result.summary())
    print()
    read = messages.attrs.get("columns")
    if read is not None:
        columns = ", ".join(f"{role} from {name!r}" for role, name in read.items())
        print(f"{'Columns':<12} {columns}{'' if 'to' in read else '; no phone numbers'}")
    print(f"{'Report':<12} {os.path.join(options.output, REPORT)}")
    print(f"{'Per row':<12} {os.path.join(options.output, ROWS)}")


def _keep_inputs(options: argparse.Namespace) -> None:
    """Refuse to write over a file that is read."""
    for name in (REPORT, ROWS):
        target = os.path.join(options.output, name)
        for source in ("file", "scenario", "rates"):
            path = getattr(options, source, None)
            if path and os.path.exists(target) and os.path.samefile(path, target):
                raise InputError(f"{path}: would be written over; choose another folder with -o")


def _rows(forecast: Forecast) -> pd.DataFrame:
    columns = ["encoding", "characters", "units", "segments", "country", "expected_cost", "problem"]
    rows = forecast.messages[columns].rename_axis("row")
    return rows.rename(
        columns={"expected_cost": f"expected_cost_{forecast.rates.currency.lower()}"}
    )
