"""The command line: one thin sub-command a public function."""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

from smslab import __version__
from smslab.cli_bulk import add_bulk_commands
from smslab.cli_command import add_coding_options, add_command, coding_of
from smslab.cli_files import LISTS, add_reading_options, reading_of
from smslab.cli_money import add_money_commands
from smslab.cli_plan import add_planning_commands
from smslab.errors import GuessWarning, InputError, SmslabError

if TYPE_CHECKING:
    import pandas as pd

    from smslab.forecast import Forecast
    from smslab.rates import RateCard
    from smslab.replications import Replications
    from smslab.run import Run
    from smslab.scenario import Scenario

__all__ = ["main"]

REPORT: Final = "report.html"
ROWS: Final = "report-messages.csv"
SIMULATION: Final = ("messages.parquet", "series.csv", "figures.csv", "simulation.png")

_EPILOG: Final = """\
exit status: 0 when it was done, 2 for bad input (one line says what and where), 130 when
interrupted
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
        Exit status: 0; 1 where lint finds something; 2 for bad input or an output that cannot be
        written; 130 when interrupted.
    """
    if sys.stdout is None:
        print("smslab: output: is closed", file=sys.stderr)
        return 2
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    status: int | None = 0
    try:
        with _warnings_in_a_line():
            status = options.run(options)
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
    return status or 0


@contextlib.contextmanager
def _warnings_in_a_line() -> Iterator[None]:
    def show(message: Warning | str, *_: object, **__: object) -> None:
        print(f"smslab: {' '.join(str(message).split())}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", GuessWarning)
        warnings.showwarning = show
        yield


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say on one line what is wrong."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
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
    forecast.add_argument("file", metavar="FILE", help=LISTS)
    add_reading_options(forecast)
    forecast.add_argument("--text", metavar="COL", help="column of the texts")
    forecast.add_argument("--to", metavar="COL", help="column of the phone numbers")
    forecast.add_argument(
        "--country",
        metavar="CC",
        help="country (ISO 3166-1 alpha-2) of rows that name none and of national numbers",
    )
    forecast.add_argument(
        "--scenario",
        metavar="S.toml",
        help="how it is sent, a file or the name of a ready-made scenario; a usual "
        "way if not given",
    )
    forecast.add_argument(
        "--rates", metavar="CARD.csv", help="prices; public list prices if not given"
    )
    forecast.add_argument(
        "--uncertain",
        metavar="WHAT=LOW:HIGH",
        action="append",
        default=[],
        help="an input that is not known, drawn anew each time: volume, rates (as factors), or a "
        "path in the scenario such as carriers[0].first_attempt; repeatable",
    )
    forecast.add_argument("--budget", metavar="AMOUNT", type=float, help="is it enough, what helps")
    forecast.add_argument("--by", metavar="COL", action="append", help="cost by this; repeatable")
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
    _add_simulation_commands(commands)
    add_planning_commands(commands, _EPILOG)
    add_money_commands(commands, _EPILOG)
    add_bulk_commands(commands, _EPILOG)
    _add_text_commands(commands)
    dashboard = commands.add_parser(
        "dashboard",
        help="the widgets as a page in the browser",
        description="Serve the widgets as a page in the browser, to this machine only, until "
        "interrupted. Needs the extra: pip install 'smslab[dashboard]'.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    dashboard.add_argument("file", metavar="FILE", nargs="?", help="list of messages to calculate")
    dashboard.add_argument("--port", metavar="N", type=int, default=8866, help="(default 8866)")
    dashboard.add_argument(
        "--no-browser", dest="browser", action="store_false", help="open no browser"
    )
    dashboard.set_defaults(run=_dashboard)
    return parser


def _add_simulation_commands(commands: argparse._SubParsersAction[_Parser]) -> None:
    simulate = commands.add_parser(
        "simulate",
        help="simulate a scenario",
        description="Simulate a scenario: what share arrives, and when. Its campaigns say how "
        f"many messages they have. With -o it writes {', '.join(SIMULATION)}.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    simulate.add_argument(
        "--engine",
        default="auto",
        help="compiled or reference, which gives the same and takes long (default compiled)",
    )
    simulate.add_argument(
        "--replications",
        metavar="N",
        type=int,
        default=20,
        help="how often (default 20; 19 or more give 90 %% intervals)",
    )
    simulate.add_argument("-o", "--output", metavar="DIR", help="folder of the results")
    simulate.set_defaults(run=_simulate)
    verify = commands.add_parser(
        "verify",
        help="run both engines on a scenario and compare them",
        description="Run both engines on a scenario and compare them row by row.",
        epilog=f"{_EPILOG}1 where they differ\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verify.add_argument(
        "--messages", metavar="N", type=int, default=100_000, help="how many (default 100,000)"
    )
    verify.set_defaults(run=_verify)
    for command in (simulate, verify):
        command.add_argument(
            "scenario", metavar="S.toml", help="the scenario, or the name of a ready-made one"
        )
        command.add_argument(
            "--seed", metavar="N", type=int, default=0, help="same seed, same result (default 0)"
        )


def _add_text_commands(commands: argparse._SubParsersAction[_Parser]) -> None:
    add = functools.partial(add_command, commands, epilog=_EPILOG)

    decode = add(
        "decode",
        _decode,
        "texts out of parts",
        "FILE has the columns user_data, data_coding, udl and udh or udhi, as encode writes them.",
    )
    explain = add("explain", _explain, "one text, character by character, and what would help")
    audit = add("audit", _audit, "which characters of a list cost segments")
    lint = add(
        "lint",
        _lint,
        "check that no text is too long",
        "Exit status 1 if one is: made for a check of templates.",
    )
    bench = add("bench", _bench, "how fast texts are segmented and encoded on this machine")

    explain.add_argument("text", metavar="TEXT", help="the text")
    decode.add_argument("file", metavar="FILE", help=LISTS)
    decode.add_argument(
        "--by", metavar="COL", action="append", help="column that tells messages apart; repeatable"
    )
    bench.add_argument("file", metavar="FILE", nargs="?", help="texts; made up if not given")
    for command in (audit, lint):
        command.add_argument("file", metavar="FILE", help=LISTS)
    for command in (audit, lint, bench):
        command.add_argument("--text", metavar="COL", help="column of the texts")
        add_reading_options(command)
    for command in (explain, audit, lint):
        add_coding_options(command)
    decode.add_argument(
        "--packing", default="packed", help="packed (default) or unpacked, as SMPP takes it"
    )
    for command in (decode, audit, lint):
        command.add_argument(
            "-o", "--output", metavar="OUT", help=".csv or .parquet; printed as CSV if not given"
        )
        command.add_argument(
            "--no-guard",
            dest="guard",
            action="store_false",
            help="leave texts as they are that a spreadsheet would take for formulas",
        )
    audit.add_argument("--price", metavar="P", type=float, help="of a segment")
    audit.add_argument(
        "--country", metavar="CC", help="take the public list price of this country for a segment"
    )
    lint.add_argument(
        "--max-segments", metavar="N", type=int, default=1, help="that a text may take (default 1)"
    )
    lint.add_argument("--level", default="symbols", help="repairs to suggest (default symbols)")


def _dashboard(options: argparse.Namespace) -> int:
    from smslab.dashboard import serve

    return serve(options.port, options.file, browser=options.browser)


def _demo(options: argparse.Namespace) -> None:
    from smslab.sample import sample

    _report(options, sample(), None, None)


def _forecast(options: argparse.Namespace) -> None:
    from smslab.io import read_messages
    from smslab.rates import RateCard
    from smslab.scenarios import named_or_read

    scenario = None if options.scenario is None else named_or_read(options.scenario)
    rates = None if options.rates is None else RateCard.read(options.rates)
    messages = read_messages(options.file, text=options.text, to=options.to, **reading_of(options))
    _report(
        options, messages, scenario, rates, country=options.country, uncertain=_uncertain(options)
    )


def _uncertain(options: argparse.Namespace) -> dict[str, tuple[float, float]]:
    found = {}
    for text in options.uncertain:
        name, _, ends = text.partition("=")
        low, _, high = ends.partition(":")
        try:
            found[name.strip()] = (float(low), float(high))
        except ValueError:
            raise InputError(
                f"--uncertain must be like volume=0.9:1.2 or carriers[0].first_attempt=0.9:0.97; "
                f"not {text!r}"
            ) from None
    return found


def _report(
    options: argparse.Namespace,
    messages: pd.DataFrame,
    scenario: Scenario | None,
    rates: RateCard | None,
    *,
    country: str | None = None,
    uncertain: dict[str, tuple[float, float]] | None = None,
) -> None:
    from smslab.budget import budget
    from smslab.forecast import forecast
    from smslab.output import write_whole
    from smslab.scenarios import load

    _check_seed(options.seed)
    _keep_inputs(options)
    result = forecast(
        messages,
        scenario or load(),
        rates,
        country=country,
        replications=options.replications,
        rng=options.seed,
        uncertain=uncertain,
        progress=sys.stderr.isatty() or None,
    )
    by = [result.by(name) for name in getattr(options, "by", None) or ()]
    limit = getattr(options, "budget", None)
    kept = None if limit is None else budget(result, limit)
    with write_whole(options.output, [REPORT, ROWS]) as (page, rows):
        result.to_html(page)
        _rows(result).to_csv(rows, lineterminator="\n")
    print(result.summary())
    print()
    read = messages.attrs.get("columns")
    if read is not None:
        columns = ", ".join(f"{role} from {name!r}" for role, name in read.items())
        print(f"{'Columns':<12} {columns}{'' if 'to' in read else '; no phone numbers'}")
    if kept is not None:
        first, *others = kept.summary().splitlines()
        print(f"{'Budget':<12} {first}", *(f"{'':<12} {line}" for line in others), sep="\n")
    print(f"{'Report':<12} {os.path.join(options.output, REPORT)}")
    print(f"{'Per row':<12} {os.path.join(options.output, ROWS)}")
    for table in by:
        print()
        print(table.reset_index().fillna({table.index.name: "?"}).round(4).to_string(index=False))


def _keep_inputs(options: argparse.Namespace) -> None:
    """Refuse to write over a file that is read."""
    from smslab.output import check_apart

    inputs = [getattr(options, source, None) for source in ("file", "scenario", "rates")]
    for name in (REPORT, ROWS):
        target = os.path.join(options.output, name)
        check_apart(target, *inputs, instead="another folder with -o")


def _rows(forecast: Forecast) -> pd.DataFrame:
    columns = ["encoding", "characters", "units", "segments", "country", "expected_cost", "problem"]
    rows = forecast.messages[columns].rename_axis("row")
    return rows.rename(
        columns={"expected_cost": f"expected_cost_{forecast.rates.currency.lower()}"}
    )


def _simulate(options: argparse.Namespace) -> None:
    from smslab.goals import evaluate
    from smslab.replications import replicate
    from smslab.scenarios import named_or_read
    from smslab.simulate import simulate

    scenario = named_or_read(options.scenario)
    _check_seed(options.seed)
    many = replicate(
        scenario,
        options.replications,
        rng=options.seed,
        engine=options.engine,
        progress=sys.stderr.isatty() or None,
    )
    if options.output is not None:
        run = simulate(scenario, rng=options.seed, engine=options.engine)
        _write_simulation(run, many, options)
    print(many.summary())
    if scenario.goals:
        print(evaluate(scenario.goals, many).summary())


def _write_simulation(run: Run, many: Replications, options: argparse.Namespace) -> None:
    """Write the first replication, the figures of all, and pictures of both."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from smslab import plot
    from smslab.output import write_csv, write_whole
    from smslab.style import drawn

    with write_whole(options.output, SIMULATION) as (messages, series, figures, picture):
        pq.write_table(pa.Table.from_pandas(run.messages.reset_index()), messages)
        write_csv(run.series().reset_index(), series)
        write_csv(many.figures.reset_index(), figures)
        charts = [
            lambda ax: plot.backlog(run, ax=ax),
            lambda ax: plot.states(run, ax=ax),
            lambda ax: plot.throughput(run, ax=ax),
            lambda ax: plot.fan(many, ax=ax),
        ]
        picture.write_bytes(drawn(*charts, columns=2, dpi=110))
    for name in SIMULATION:
        print(os.path.join(options.output, name), file=sys.stderr)


def _verify(options: argparse.Namespace) -> int:
    from smslab.scenarios import named_or_read
    from smslab.verification import verify

    _check_seed(options.seed)
    found = verify(named_or_read(options.scenario), options.messages, rng=options.seed)
    print(found.summary())
    if not found:
        print(found.differences.head(20).to_string(index=False))
    return 0 if found else 1


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise InputError(f"seed must be 0 or more; not {seed}")


def _texts(options: argparse.Namespace) -> pd.Series[Any]:
    from smslab.io import read_messages

    messages = read_messages(options.file, text=options.text, **reading_of(options))
    texts: pd.Series[Any] = messages["text"]
    return texts


def _write(frame: pd.DataFrame, options: argparse.Namespace) -> None:
    from smslab.output import check_apart, write_csv, write_table

    if options.output is None:
        write_csv(frame, sys.stdout, guard=options.guard)
        return
    check_apart(options.output, options.file)
    write_table(frame, options.output, guard=options.guard)


def _decode(options: argparse.Namespace) -> None:
    from smslab.decoding import decode
    from smslab.io import read_parts

    parts = read_parts(options.file, options.by or ())
    messages = decode(parts, packing=options.packing, by=options.by)
    _write(messages, options)
    bad = int(messages["problem"].count())
    print(f"{len(messages):,} messages, {bad:,} with a problem", file=sys.stderr)


def _explain(options: argparse.Namespace) -> None:
    from smslab.explain import explain

    print(explain(options.text, **coding_of(options)))


def _audit(options: argparse.Namespace) -> None:
    from smslab.audit import audit
    from smslab.rates import RateCard

    if options.price is not None and options.country is not None:
        raise InputError("--price and --country exclude each other")
    rates = options.price if options.country is None else RateCard.bundled()
    found = audit(_texts(options), rates=rates, country=options.country, **coding_of(options))
    if options.output is None:
        print(found)
    else:
        _write(found.characters, options)
        print(found.summary())


def _lint(options: argparse.Namespace) -> int:
    from smslab.audit import lint

    found = lint(
        _texts(options),
        max_segments=options.max_segments,
        level=options.level,
        **coding_of(options),
    )
    if options.output is not None:
        _write(found, options)
    else:
        for row in found.itertuples():
            where = f"{options.file}: row {row.message}: {row.segments} segments"
            what = ""
            if isinstance(row.character, str):
                what = f"position {row.position}: {row.code_point} {row.name}: "
            print(f"{where}: {what}{row.repair}")
    return 1 if len(found) else 0


def _bench(options: argparse.Namespace) -> None:
    from smslab.bench import bench
    from smslab.sample import sample

    texts = sample()["text"] if options.file is None else _texts(options)
    table = bench(texts.dropna())
    table["texts_per_s"] = table["texts_per_s"].map("{:,.0f}".format)
    table["mb_per_s"] = table["mb_per_s"].map("{:,.0f}".format)
    print(table.to_string())
