"""Simulation of a scenario: one replication, or the seeds of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Final, TypeAlias

import numpy as np

from smslab.engines import compiled, reference
from smslab.engines.reference import Process
from smslab.errors import OptionError, nearest
from smslab.run import Run
from smslab.scenario import Scenario
from smslab.traffic import Load, generate

__all__ = ["ENGINES", "Seed", "check_engine", "run_once", "seeds", "simulate"]

#: What ``rng=`` takes, by SPEC 7 of Scientific Python.
Seed: TypeAlias = int | np.random.SeedSequence | np.random.Generator | None

#: Engines: the compiled one but where there are processes of the user's, that one, the SimPy one.
ENGINES: Final = ("auto", "compiled", "reference")


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


def simulate(
    scenario: Scenario,
    *,
    rng: Seed = None,
    engine: str = "auto",
    load: Load | None = None,
    processes: Sequence[Process] = (),
) -> Run:
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
    load : Load, optional
        List of messages for the campaign that has no number of messages.
    processes : sequence of callable
        Your own processes in the environment of the reference engine: each is called with its
        :class:`~smslab.engines.reference.Simulation` and returns a generator of SimPy events, with
        times in microseconds.

    Returns
    -------
    Run
        One row per message.

    Raises
    ------
    ScenarioError
        If a campaign has neither a number of messages nor a list.
    ValueError
        If `engine` is unknown, or is ``compiled`` and there are `processes`.

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
    seed = seeds(rng, 1)[0]
    return run_once(scenario, seed, load, engine, processes)


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
    columns = {field.name: getattr(outcome, field.name) for field in fields(outcome)}
    return Run(**columns, scenario=scenario, seed=seed)
