"""Commands of the command line for planning."""

from __future__ import annotations

import argparse
import functools
import math
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from smslab.cli_command import add_command
from smslab.errors import InputError

if TYPE_CHECKING:
    from smslab.rates import RateCard
    from smslab.scenario import Scenario

__all__ = ["add_planning_commands"]

#: A range of more values than this is a slip of the pen.
_MOST_VALUES: Final = 100_000


def add_planning_commands(commands: Any, epilog: str) -> None:
    """Add the commands ``plan``, ``check`` and ``scenarios``.

    Parameters
    ----------
    commands : argparse sub-parsers
        Where they are added.
    epilog : str
        What stands at the end of their help.
    """
    add = functools.partial(add_command, commands, epilog=epilog)

    plan = add(
        "plan",
        _plan,
        "the cheapest capacity that meets the goals, or the latest start",
        "With --start it looks for the latest start of a campaign instead.",
        ending="1 where no capacity, or no start, meets the goals\n",
    )
    plan.add_argument(
        "--goal",
        metavar="GOAL",
        action="append",
        help="such as 'finish <= 20:00' or 'codes: p95 delay <= 10 s'; repeatable; those of the "
        "scenario if not given",
    )
    plan.add_argument(
        "--vary",
        metavar="PATH=VALUES",
        action="append",
        default=[],
        help="what is allowed: senders[0].numbers=1:20, senders[0].mps=10:100:10 (by tens), "
        "senders[0].mps=1,5,25; repeatable",
    )
    plan.add_argument(
        "--cost",
        metavar="PATH=PRICE",
        action="append",
        default=[],
        help="price of a unit of what is varied, such as senders[0].numbers=1.15; repeatable; "
        "units per second if not given",
    )
    plan.add_argument(
        "--rates",
        metavar="CARD",
        help="prices, or 'bundled' for public list prices: for goals of cost and, without --cost, "
        "as the cost",
    )
    plan.add_argument(
        "--start",
        metavar="CAMPAIGN",
        nargs="?",
        const="",
        help="the latest start of a campaign, by name if there are several",
    )
    plan.add_argument(
        "--replications",
        metavar="N",
        type=int,
        default=20,
        help="how often a capacity is simulated that may do (default 20)",
    )
    plan.add_argument(
        "--confidence",
        metavar="SHARE",
        type=float,
        default=0.95,
        help="share of new campaigns that are to meet every goal (default 0.95)",
    )
    plan.add_argument(
        "--seed", metavar="N", type=int, default=0, help="same seed, same result (default 0)"
    )
    plan.add_argument("-o", "--output", metavar="OUT", help="what was tried: .csv or .parquet")
    plan.add_argument("--picture", metavar="OUT.png", help="cost and time of what was tried")
    check = add(
        "check",
        _check,
        "what of a scenario cannot fit, and which limits and rules it meets",
        "Not legal advice.",
        ending="1 where messages will be lost or a rule is broken\n",
    )
    check.add_argument("-o", "--output", metavar="OUT", help=".csv or .parquet")
    for command in (plan, check):
        command.add_argument(
            "scenario", metavar="S.toml", help="the scenario, or the name of a ready-made one"
        )
    scenarios = add("scenarios", _scenarios, "ready-made scenarios, by use case")
    scenarios.add_argument("name", metavar="NAME", nargs="?", help="one of them, described")
    scenarios.add_argument("-o", "--output", metavar="S.toml", help="where to write its file")


def _goal(text: str) -> Any:
    from smslab.goal import Goal

    where, colon, rest = text.partition(":")
    # "finish <= 20:00" has a colon too.
    if colon and not any(sign in where for sign in "<>"):
        return Goal(rest.strip(), where=where.strip())
    return Goal(text)


def _values(text: str) -> tuple[str, list[Any]]:
    path, equals, values = text.partition("=")
    wrong = InputError(
        f"--vary must be like senders[0].numbers=1:20, senders[0].mps=10:100:10 or "
        f"senders[0].mps=1,5,25; not {text!r}"
    )
    if not equals or not path.strip() or not values.strip():
        raise wrong
    if ":" not in values:
        return path.strip(), [_value(value) for value in values.split(",")]
    parts = [_value(part) for part in values.split(":")]
    if len(parts) not in (2, 3) or not all(isinstance(part, int | float) for part in parts):
        raise wrong
    first, last = parts[:2]
    step = parts[2] if len(parts) == 3 else 1
    if not (math.isfinite(first) and math.isfinite(last) and step > 0 and first <= last):
        raise wrong
    count = math.floor((last - first) / step + 1e-9) + 1
    if count > _MOST_VALUES:
        raise InputError(f"--vary {text}: more than {_MOST_VALUES:,} values")
    return path.strip(), [first + place * step for place in range(count)]


def _varied(options: argparse.Namespace) -> dict[str, list[Any]]:
    """Return what is varied; values of a path that is given again are added."""
    found: dict[str, list[Any]] = {}
    for path, values in map(_values, options.vary):
        known = found.setdefault(path, [])
        known += [value for value in values if value not in known]
    return found


def _value(text: str) -> Any:
    word = text.strip()
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(word.lower(), word)


def _prices(options: argparse.Namespace) -> dict[str, float]:
    found = {}
    for text in options.cost:
        path, _, price = text.partition("=")
        try:
            found[path.strip()] = float(price)
        except ValueError:
            raise InputError(f"--cost must be like senders[0].numbers=1.15; not {text!r}") from None
    return found


def _card(options: argparse.Namespace) -> RateCard | None:
    from smslab.rates import RateCard

    if options.rates is None:
        return None
    return RateCard.bundled() if options.rates == "bundled" else RateCard.read(options.rates)


def _plan(options: argparse.Namespace) -> int:
    from smslab.plan import plan
    from smslab.scenarios import named_or_read

    scenario = named_or_read(options.scenario)
    if options.seed < 0:
        raise InputError(f"--seed must be 0 or more; not {options.seed}")
    if options.start is not None:
        return _start(scenario, options)
    if not options.vary:
        raise InputError("--vary says what is allowed, such as --vary 'senders[0].numbers=1:20'")
    rates = _card(options)
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        found = plan(
            scenario,
            None if options.goal is None else [_goal(text) for text in options.goal],
            vary=_varied(options),
            cost=_prices(options) or rates,
            rates=rates,
            replications=options.replications,
            confidence=options.confidence,
            rng=options.seed,
            executor=executor,
            progress=sys.stderr.isatty() or None,
        )
    _write(found.table, options)
    if options.picture is not None:
        _draw(found, options.picture)
    print(found.summary())
    return 0 if found else 1


def _draw(found: Any, path: str) -> None:
    from matplotlib.figure import Figure

    from smslab.output import write_whole

    drawn = Figure(figsize=(8, 5), layout="constrained")
    found.plot(ax=drawn.subplots())
    folder, name = os.path.split(path)
    with write_whole(folder or ".", [name]) as (picture,):
        try:
            drawn.savefig(picture, dpi=110, format=name.rpartition(".")[2])
        except ValueError as error:
            raise InputError(f"{path}: {str(error).splitlines()[0]}") from None


def _start(scenario: Scenario, options: argparse.Namespace) -> int:
    from smslab.start import latest_start

    for name in ("vary", "goal", "cost", "rates", "picture"):
        if getattr(options, name):
            raise InputError(f"--start takes no --{name}")
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        found = latest_start(
            scenario,
            options.start or None,
            replications=options.replications,
            confidence=options.confidence,
            rng=options.seed,
            executor=executor,
            progress=sys.stderr.isatty() or None,
        )
    _write(found.curve, options)
    print(found.summary())
    return 0 if found else 1


def _check(options: argparse.Namespace) -> int:
    from smslab.check import check
    from smslab.scenarios import named_or_read

    found = check(named_or_read(options.scenario))
    _write(found.to_pandas(), options)
    print(found.summary())
    print(found.estimate.summary())
    return 0 if found else 1


def _write(frame: Any, options: argparse.Namespace) -> None:
    from smslab.output import check_apart, write_table

    if options.output is None:
        return
    check_apart(options.output, options.scenario)
    write_table(frame, options.output)


def _scenarios(options: argparse.Namespace) -> None:
    from smslab.scenarios import describe, names

    if options.name is None:
        if options.output is not None:
            raise InputError("-o needs the name of a scenario")
        for name in names():
            about = describe(name).scenario.about.split(". ")[0].rstrip(".")
            print(f"{name:<22} {about}")
        return
    found = describe(options.name)
    print(found.summary())
    if options.output is not None:
        _write_new(options.output, found.toml)


def _write_new(path: str, text: str) -> None:
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path}: is there already; choose another output") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
