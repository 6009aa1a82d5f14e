"""Aftermath: what follows from the outcome of messages and takes no capacity.

E-mails in the place of messages that did not arrive in time, and what recipients do for it.
"""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import numpy.typing as npt

from smslab.demand import Fallback
from smslab.kernels import simulation
from smslab.kernels.simulation import FIRST, ticks
from smslab.results import NEVER, Outcome, Status
from smslab.run import Run
from smslab.scenario import Scenario

__all__ = ["finish"]

_Times = npt.NDArray[np.int64]


def finish(scenario: Scenario, seed: int, outcome: Outcome) -> Run:
    """Add to an engine's outcome what follows from it.

    Parameters
    ----------
    scenario : Scenario
        What was simulated.
    seed : int
        Seed of the replication.
    outcome : Outcome
        Of the engine.

    Returns
    -------
    Run
    """
    rows = len(outcome.status)
    horizon = round(scenario.horizon_h * 3600 * simulation.SECOND)
    nowhere = np.broadcast_to(np.int64(NEVER), rows)
    emailed = landed = converted = nowhere
    if any(traffic.fallback for traffic in scenario.traffic):
        emailed, landed = nowhere.copy(), nowhere.copy()
    if any(traffic.conversion for traffic in scenario.traffic):
        converted = nowhere.copy()
    for position, traffic in enumerate(scenario.traffic):
        if traffic.fallback is None and not traffic.conversion:
            continue
        own = (outcome.traffic.campaign == position) & (outcome.answer_to == NEVER)
        messages = np.flatnonzero(own)
        if traffic.fallback is not None:
            when = _emails(traffic.fallback, outcome, messages, seed, horizon)
            emailed[messages], landed[messages] = when
        if traffic.conversion:
            drawn = simulation.uniforms(seed, simulation.CONVERSION, rows)[messages]
            looked = _looked(scenario, outcome.read_us[messages], landed[messages], messages, seed)
            converted[messages] = np.where(drawn < traffic.conversion, looked, NEVER)
    columns = {field.name: getattr(outcome, field.name) for field in fields(Outcome)}
    return Run(
        **columns,
        scenario=scenario,
        seed=seed,
        emailed_us=emailed,
        email_landed_us=landed,
        converted_us=converted,
    )


def _emails(
    fallback: Fallback, outcome: Outcome, messages: _Times, seed: int, horizon: int
) -> tuple[_Times, _Times]:
    """Say when e-mails are sent and when they land."""
    due = outcome.traffic.queued_us[messages] + ticks(fallback.after_s)
    receipt = outcome.receipt_us[messages]
    arrived = outcome.status[messages] == Status.DELIVERED
    is_known = arrived & (receipt != NEVER) & (receipt <= due)
    is_sent = ~is_known & (due < horizon) & (outcome.traffic.queued_us[messages] < horizon)
    sent = np.where(is_sent, due, NEVER)
    delay = simulation.lognormals_us(
        seed, simulation.EMAIL_DELAY, messages, FIRST, fallback.median_s, fallback.sigma
    )
    drawn = simulation.uniforms(seed, simulation.EMAIL, len(outcome.status))[messages]
    arrives = is_sent & (drawn < fallback.arriving) & (due + delay < horizon)
    return sent, np.where(arrives, due + delay, NEVER)


def _looked(
    scenario: Scenario, read: _Times, landed: _Times, messages: _Times, seed: int
) -> _Times:
    """Say when recipients look first, at the message or at the e-mail."""
    delay = simulation.lognormals_us(
        seed,
        simulation.READING,
        messages,
        FIRST + 1,
        scenario.reading.median_s,
        scenario.reading.sigma,
    )
    by_email = np.where(landed == NEVER, simulation.FAR, landed + delay)
    first = np.minimum(np.where(read == NEVER, simulation.FAR, read), by_email)
    return np.where(first == simulation.FAR, NEVER, first)
