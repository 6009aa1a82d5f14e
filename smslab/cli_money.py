"""Commands of the command line for money and logs."""

from __future__ import annotations

import argparse
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smslab.cli_command import add_command
from smslab.cli_files import LISTS, add_file_options, files_of, resumable, say
from smslab.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from smslab.logs import Log
    from smslab.rates import RateCard

__all__ = ["add_money_commands"]


def add_money_commands(commands: Any, epilog: str) -> None:
    """Add the commands ``cost``, ``kpis``, ``calibrate`` and ``rates``.

    Parameters
    ----------
    commands : argparse sub-parsers
        Where they are added.
    epilog : str
        What stands at the end of their help.
    """
    add = functools.partial(add_command, commands, epilog=epilog)

    cost = add(
        "cost",
        _cost,
        "what a list costs if it is sent, or what a log was charged",
        "With -o the list is written with its costs, or with --by the sums (.csv, .parquet).",
    )
    cost.add_argument("file", metavar="FILE", help=f"a log with --log, or a list: {LISTS}")
    add_file_options(cost, None)
    cost.add_argument("--text", metavar="COL", help="column of the texts")
    cost.add_argument("--to", metavar="COL", help="column of the phone numbers")
    cost.add_argument("--log", action="store_true", help="FILE is a provider's log")
    cost.add_argument("--sender-type", metavar="TYPE", help="10dlc, short_code, toll_free ...")

    kpis = add(
        "kpis",
        _kpis,
        "key figures of a provider's log, with intervals",
        "Exit status 1 if a goal is not met.",
    )
    kpis.add_argument("--freq", metavar="SPAN", help="by intervals of time too: 1h, 1D ...")
    kpis.add_argument(
        "--goal",
        metavar="GOAL",
        action="append",
        default=[],
        help="such as 'delivered >= 95 %%' or 'p95 delay <= 10 s'; repeatable",
    )

    calibrate = add("calibrate", _calibrate, "a scenario out of a provider's log")
    calibrate.add_argument("--base", metavar="S.toml", help="scenario for what a log does not tell")
    calibrate.add_argument("--until", metavar="TIME", help="when the log was taken, with its zone")
    calibrate.add_argument("-o", "--output", metavar="S.toml", help="where to write the scenario")

    rates = commands.add_parser("rates", help="price lists: compare two of them")
    of_rates = rates.add_subparsers(title="commands", required=True, metavar="COMMAND")
    compare = add_command(
        *(of_rates, "compare", _compare, "how prices have changed between two lists"),
        epilog=epilog,
    )
    compare.add_argument("old", metavar="OLD", help="rate card or price list of a provider")
    compare.add_argument("new", metavar="NEW", help="a newer one")
    compare.add_argument(
        "--messages", metavar="FILE", help="list of messages, whose countries are the weights"
    )
    compare.add_argument("--country", metavar="CC", help="country of rows that name none")

    for command in (kpis, calibrate):
        command.add_argument("log", metavar="LOG", help="CSV, Parquet, JSON ... of a provider")
    for command in (cost, kpis, calibrate):
        command.add_argument(
            "--format", default="auto", help="of a log: plivo, twilio ... (default: found out)"
        )
        command.add_argument(
            "--timezone", metavar="ZONE", default="UTC", help="of times that name none (UTC)"
        )
    for command in (cost, kpis):
        command.add_argument("--rates", metavar="CARD", help="prices, or a provider's price list")
        command.add_argument("--country", metavar="CC", help="country of rows that name none")
        command.add_argument("--by", metavar="COLS", help="group by these, such as country,carrier")
    for command in (kpis, compare):
        command.add_argument("-o", "--output", metavar="OUT", help=".csv or .parquet")


def _log(options: argparse.Namespace, path: str) -> Log:
    from smslab.log_reading import read_log

    log = read_log(path, options.format, timezone=options.timezone)
    print(log.summary(), file=sys.stderr)
    return log


def _rates(options: argparse.Namespace) -> RateCard:
    from smslab.rates import RateCard

    if options.rates is None:
        return RateCard.bundled()
    return _card(options.rates)


def _card(path: str) -> RateCard:
    from smslab.rates import RateCard

    card = RateCard.read(path)
    for note in card.notes:
        print(f"{path}: {note}", file=sys.stderr)
    return card


def _names(options: argparse.Namespace) -> list[str]:
    return [name.strip() for name in (options.by or "").split(",") if name.strip()]


def _write(frame: pd.DataFrame, options: argparse.Namespace, *inputs: str | None) -> None:
    from smslab.output import check_apart, write_table

    check_apart(options.output, *inputs)
    write_table(frame, options.output)


def _cost(options: argparse.Namespace) -> None:
    names = _names(options)
    if options.log:
        _cost_of_log(options, names)
        return
    from smslab.bulk import cost_file
    from smslab.output import check_apart

    if options.output is not None:
        check_apart(options.output, options.rates)
        if names and Path(options.output).suffix.lower() not in (".csv", ".parquet"):
            raise InputError(f"{options.output}: sums go into .csv or .parquet")
    with resumable(options):
        report = cost_file(
            options.file,
            None if names else options.output,
            to=options.to,
            rates=_rates(options),
            country=options.country,
            sender_type=options.sender_type,
            by=names,
            **files_of(options),
        )
    say(report)
    if names:
        _print_sums(report.report, names)
        if options.output is not None:
            _write(report.report, options, options.file)


def _cost_of_log(options: argparse.Namespace, names: list[str]) -> None:
    from smslab.cost import cost

    log = _log(options, options.file)
    bill = cost(log, _rates(options), country=options.country, sender_type=options.sender_type)
    table = bill.by(*names).reset_index() if names else bill.messages
    if options.output is not None:
        _write(table, options, options.file, options.rates)
    print(bill.summary())
    if names:
        _print_sums(table, names)


def _print_sums(table: pd.DataFrame, names: list[str]) -> None:
    shown = table.drop(columns="cost_micro").fillna(dict.fromkeys(names, "?"))
    print(shown.to_string(index=False))


def _kpis(options: argparse.Namespace) -> int:
    from smslab.goal import Goal
    from smslab.goals import evaluate
    from smslab.kpi import kpis

    goals = [Goal(text) for text in options.goal]
    log = _log(options, options.log)
    rates = None if options.rates is None and options.country is None else _rates(options)
    table = kpis(
        log, by=_names(options) or None, freq=options.freq, rates=rates, country=options.country
    )
    if options.output is None:
        print(table.to_string(na_rep="", float_format="{:.4g}".format))
    else:
        _write(table.reset_index(), options, options.log, options.rates)
    if not goals:
        return 0
    found = evaluate(goals, log, rates=rates, country=options.country)
    print(found.summary())
    return 0 if found else 1


def _calibrate(options: argparse.Namespace) -> None:
    from smslab.calibrate import calibrate
    from smslab.output import check_apart
    from smslab.scenario import Scenario

    base = None if options.base is None else Scenario.from_toml(options.base)
    found = calibrate(_log(options, options.log), base, until=options.until)
    if options.output is not None:
        check_apart(options.output, options.log, options.base)
        found.scenario.to_toml(options.output)
    print(found.summary())


def _compare(options: argparse.Namespace) -> None:
    from smslab.io import read_messages
    from smslab.messages import examine

    old, new = _card(options.old), _card(options.new)
    weights = None
    if options.messages is not None:
        table = examine(read_messages(options.messages), country=options.country)
        segments = table[table["sendable"]].groupby("country")["segments"].sum()
        weights = {str(country): float(count) for country, count in segments.items()}
    drift = old.compare(new, weights=weights)
    if options.output is not None:
        _write(drift.countries, options, options.old, options.new, options.messages)
    print(drift.summary())
