"""Simulation of a scenario: one replication, or the seeds of many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, overload

import numpy as np
import pandas as pd

from smslab.engines import compiled, reference
from smslab.engines.reference import Process
from smslab.errors import OptionError, ScenarioError, nearest
from smslab.figures import Tally
from smslab.progress import Progress, shown
from smslab.results import Results
from smslab.run import Run
from smslab.scenario import Campaign, Scenario
from smslab.summary import ALL, Summary
from smslab.traffic import Blocks, Load, columns_of, first_rows, generate

__all__ = ["ENGINES", "KEEPS", "Seed", "check_engine", "run_once", "seeds", "simulate"]

#: What ``rng=`` takes, by SPEC 7 of Scientific Python.
Seed: TypeAlias = int | np.random.SeedSequence | np.random.Generator | None

#: Engines: the compiled one but where there are processes of the user's, that one, the SimPy one.
ENGINES: Final = ("auto", "compiled", "reference")

#: What is kept of the messages.
KEEPS: Final = ("rows", "summary")

#: Messages that are drawn at once where no rows are kept.
_BLOCK: Final = 1 << 16


def seeds(rng: Seed, replications: int) -> list[int]:
    """Return the seeds of so many replications; the first is the one of :func:`simulate`.

    Parameters
    ----------
    rng : None, int, SeedSequence or Generator
        Where they come from.
    replications : int
        How many.

    Returns
    -------
    list of int
        Each from 0 to 2**63 - 1.
    """
    generator = np.random.default_rng(rng)
    return [int(seed) for seed in generator.integers(0, 2**63, size=replications)]


@overload
def simulate(
    scenario: Scenario,
    *,
    rng: Seed = ...,
    engine: str = ...,
    keep: Literal["rows"] = ...,
    load: Load | None = ...,
    processes: Sequence[Process] = ...,
) -> Run: ...


@overload
def simulate(
    scenario: Scenario,
    *,
    rng: Seed = ...,
    engine: str = ...,
    keep: Literal["summary"],
    progress: Progress = ...,
) -> Summary: ...


def simulate(
    scenario: Scenario,
    *,
    rng: Seed = None,
    engine: str = "auto",
    keep: str = "rows",
    load: Load | None = None,
    processes: Sequence[Process] = (),
    progress: Progress = None,
) -> Run | Summary:
    """Simulate one replication of a scenario.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    rng : None, int, SeedSequence or Generator
        Seed; the same seed gives the same run, on every engine.
    engine : str
        ``compiled``, millions of messages a second; ``reference``, readable SimPy, some ten
        thousands; ``auto``, the compiled one unless there are `processes`.
    keep : str
        ``rows``: everything, some 70 bytes a message while it runs; ``summary``: the figures alone,
        and memory for no more messages than wait or are under way at once, on the compiled engine.
    load : Load, optional
        List of messages for the campaign that has no number of messages.
    processes : sequence of callable
        Your own processes in the environment of the reference engine: each is called with its
        :class:`~smslab.engines.reference.Simulation` and returns a generator of SimPy events, with
        times in microseconds. At any moment they come before the messages.
    progress : None, True, or callable
        With ``keep="summary"``: True shows a bar; a function is called with (done, total) messages.

    Returns
    -------
    Run or Summary
        One row per message, or the figures.

    Raises
    ------
    ScenarioError
        If a campaign has neither a number of messages nor a list.
    ValueError
        If `engine` or `keep` is unknown, `engine` is ``compiled`` and there are `processes`, or
        only figures are to be kept of what needs all rows; it is named.

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Scenario, Sender
    >>> scenario = Scenario(traffic=(Campaign(messages=1000),), senders=(Sender(mps=5),))
    >>> smslab.simulate(scenario, rng=7)
    <Run of 'scenario': 1,000 messages: 997 delivered, 3 undelivered>
    """
    check_engine(engine)
    if processes and engine == "compiled":
        raise OptionError("processes run on engine='reference' only; the compiled one has no SimPy")
    if keep not in KEEPS:
        raise OptionError(
            f"keep must be one of {', '.join(KEEPS)}; not {keep!r}.{nearest(str(keep), KEEPS)}"
        )
    seed = seeds(rng, 1)[0]
    if keep == "rows":
        return run_once(scenario, seed, load, engine, processes)
    _check_streams(scenario, engine, load, processes)
    return _summarised(scenario, seed, progress)


def _check_streams(
    scenario: Scenario, engine: str, load: Load | None, processes: Sequence[Process]
) -> None:
    """Refuse what needs all rows at once."""
    local = [t.name for t in scenario.traffic if isinstance(t, Campaign) and t.local]
    for what, is_asked in (
        (f"traffic.{local[0]}.local" if local else "", bool(local)),
        ("load", load is not None),
        ("processes", bool(processes)),
        ("engine='reference'", engine == "reference"),
    ):
        if is_asked:
            raise OptionError(f"{what} needs keep='rows'; keep='summary' has no rows")
    for position, traffic in enumerate(scenario.traffic):
        if isinstance(traffic, Campaign) and traffic.messages is None:
            raise ScenarioError(f"traffic[{position}].messages: missing; say how many")


def _summarised(scenario: Scenario, seed: int, progress: Progress) -> Summary:
    blocks = Blocks(scenario, seed, _BLOCK)
    tallies = {ALL: Tally()}
    if len(scenario.traffic) > 1:
        tallies |= {traffic.name: Tally() for traffic in scenario.traffic}
    counted = compiled.stream(scenario, blocks, seed)
    for outcome, numbers in shown(
        counted, progress, blocks.messages, "messages", lambda part: len(part[1])
    ):
        part = Results(
            **columns_of(outcome),
            traffic=outcome.traffic,
            scenario=scenario,
            seed=seed,
            first=tuple(blocks.first.tolist()),
            selected=numbers,
        )
        for name, tally in tallies.items():
            tally.add(part if name == ALL else part.of(name))
    figures = {name: tally.figures() for name, tally in tallies.items()}
    table = pd.DataFrame.from_dict(figures, orient="index").rename_axis("traffic")
    return Summary(scenario=scenario, seed=seed, figures=table)


def check_engine(engine: str) -> None:
    """Make sure that there is such an engine.

    Parameters
    ----------
    engine : str
        One of :data:`ENGINES`.

    Raises
    ------
    ValueError
        If it is not.
    """
    if engine not in ENGINES:
        raise OptionError(
            f"engine must be one of {', '.join(ENGINES)}; not {engine!r}."
            f"{nearest(str(engine), ENGINES)}"
        )


def run_once(
    scenario: Scenario,
    seed: int,
    load: Load | None = None,
    engine: str = "auto",
    processes: Sequence[Process] = (),
) -> Run:
    """Simulate the replication of one seed.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    seed : int
        Seed of the replication.
    load : Load, optional
        As of :func:`simulate`, like all further ones.
    engine : str
        As of :func:`simulate`, and known.
    processes : sequence of callable
        As of :func:`simulate`.

    Returns
    -------
    Run
    """
    traffic = generate(scenario, seed, load)
    if engine == "reference" or processes:
        outcome = reference.run(scenario, traffic, seed, processes)
    else:
        outcome = compiled.run(scenario, traffic, seed)
    first = tuple(first_rows(scenario, traffic).tolist())
    return Run(
        **columns_of(outcome),
        traffic=outcome.traffic,
        scenario=scenario,
        seed=seed,
        first=first,
    )
