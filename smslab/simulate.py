"""Simulation of a scenario: one replication, or the seeds of many."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from smslab.engines import reference
from smslab.results import Run
from smslab.scenario import Scenario
from smslab.traffic import Load, generate

__all__ = ["Seed", "seeds", "simulate"]

#: What ``rng=`` takes, by SPEC 7 of Scientific Python.
Seed: TypeAlias = int | np.random.SeedSequence | np.random.Generator | None


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


def simulate(scenario: Scenario, *, rng: Seed = None, load: Load | None = None) -> Run:
    """Simulate one replication of a scenario.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    rng : None, int, SeedSequence or Generator
        Seed; the same seed gives the same run.
    load : Load, optional
        List of messages for the campaign that has no number of messages.

    Returns
    -------
    Run
        One row per message.

    Raises
    ------
    ScenarioError
        If a campaign has neither a number of messages nor a list.

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Scenario, Sender
    >>> scenario = Scenario(traffic=(Campaign(messages=1000),), senders=(Sender(mps=5),))
    >>> smslab.simulate(scenario, rng=7)
    <Run of 'scenario': 1,000 messages: 997 delivered, 3 undelivered>
    """
    seed = seeds(rng, 1)[0]
    return reference.run(scenario, generate(scenario, seed, load), seed)
