"""Aftermath: what follows from the outcome of messages and takes no capacity.

Receipts, reading, e-mails in the place of messages that did not arrive in time, and what
recipients do for it. All times are int64 microseconds after the scenario's start.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from smslab.demand import Demand
from smslab.kernels import simulation
from smslab.kernels.simulation import FIRST, ticks
from smslab.outcome import NEVER, Outcome, Reason, Status
from smslab.scenario import Scenario

__all__ = ["conversions", "emails", "reads", "receipts"]

_Times = npt.NDArray[np.int64]


def _horizon(scenario: Scenario) -> int:
    return round(scenario.horizon_h * 3600 * simulation.SECOND)


def receipts(scenario: Scenario, seed: int, keys: _Times, outcome: Outcome) -> _Times:
    """Say when the receipts of messages come.

    Parameters
    ----------
    scenario : Scenario
        What was simulated.
    seed : int
        Seed of the replication.
    keys : ndarray of int64, shape (n,)
        Keys of their draws, as of :func:`smslab.kernels.simulation.key_of`.
    outcome : Outcome
        What became of them.

    Returns
    -------
    ndarray of int64, shape (n,)
        NEVER where none comes before the horizon.
    """
    came = np.full(len(keys), NEVER, np.int64)
    has_final = (outcome.sent_us != NEVER) & (outcome.final_us != NEVER)
    for position, carrier in enumerate(scenario.carriers):
        rows = np.flatnonzero(has_final & (outcome.traffic.carrier == position))
        drawn = simulation.uniforms_of(seed, simulation.RECEIPT, keys[rows])
        rows = rows[drawn >= carrier.receipt_missing]
        delay = simulation.lognormals_us(
            seed,
            simulation.RECEIPT_DELAY,
            keys[rows],
            FIRST,
            carrier.receipt_median_s,
            carrier.receipt_sigma,
        )
        came[rows] = outcome.final_us[rows] + delay
    came[came >= _horizon(scenario)] = NEVER
    return came


def reads(scenario: Scenario, seed: int, keys: _Times, outcome: Outcome) -> _Times:
    """Say when recipients look at the messages that were delivered.

    Parameters
    ----------
    scenario, seed, keys, outcome : object
        As of :func:`receipts`.

    Returns
    -------
    ndarray of int64, shape (n,)
        NEVER where the message was not delivered; may be past the horizon.
    """
    looked = np.full(len(keys), NEVER, np.int64)
    rows = np.flatnonzero(outcome.status == Status.DELIVERED)
    reading = scenario.reading
    looked[rows] = outcome.final_us[rows] + simulation.lognormals_us(
        seed, simulation.READING, keys[rows], FIRST, reading.median_s, reading.sigma
    )
    return looked


def emails(
    scenario: Scenario, seed: int, keys: _Times, outcome: Outcome, receipt_us: _Times
) -> tuple[_Times, _Times]:
    """Say when the e-mails in the place of messages are sent, and when they land.

    Parameters
    ----------
    scenario, seed, keys, outcome : object
        As of :func:`receipts`.
    receipt_us : ndarray of int64, shape (n,)
        When the receipts of the messages came.

    Returns
    -------
    tuple of two ndarrays of int64, shape (n,)
        NEVER where none was sent, or where it was lost.
    """
    sent, landed = np.full((2, len(keys)), NEVER, np.int64)
    horizon = _horizon(scenario)
    for traffic, own in _each(scenario, outcome):
        fallback = traffic.fallback
        if fallback is None:
            continue
        due = outcome.traffic.queued_us[own] + ticks(fallback.after_s)
        receipt = receipt_us[own]
        arrived = outcome.status[own] == Status.DELIVERED
        is_known = arrived & (receipt != NEVER) & (receipt <= due)
        # Who has opted out gets no e-mail either.
        is_missed = ~is_known & (due < horizon) & (outcome.reason[own] != Reason.OPTED_OUT)
        rows, due = own[is_missed], due[is_missed]
        sent[rows] = due
        lands = due + simulation.lognormals_us(
            seed, simulation.EMAIL_DELAY, keys[rows], FIRST, fallback.median_s, fallback.sigma
        )
        drawn = simulation.uniforms_of(seed, simulation.EMAIL, keys[rows])
        landed[rows] = np.where((drawn < fallback.arriving) & (lands < horizon), lands, NEVER)
    return sent, landed


def conversions(
    scenario: Scenario,
    seed: int,
    keys: _Times,
    outcome: Outcome,
    read_us: _Times,
    landed_us: _Times,
) -> _Times:
    """Say when recipients look, at the message or its e-mail, who do what it asks for.

    Parameters
    ----------
    scenario, seed, keys, outcome : object
        As of :func:`receipts`.
    read_us, landed_us : ndarray of int64, shape (n,)
        When the messages were read, and when their e-mails landed.

    Returns
    -------
    ndarray of int64, shape (n,)
        NEVER where they do not.
    """
    converted = np.full(len(keys), NEVER, np.int64)
    reading = scenario.reading
    for traffic, own in _each(scenario, outcome):
        if not traffic.conversion:
            continue
        drawn = simulation.uniforms_of(seed, simulation.CONVERSION, keys[own])
        rows = own[drawn < traffic.conversion]
        delay = simulation.lognormals_us(
            seed, simulation.READING, keys[rows], FIRST + 1, reading.median_s, reading.sigma
        )
        read, landed = read_us[rows], landed_us[rows]
        by_email = np.where(landed == NEVER, simulation.FAR, landed + delay)
        first = np.minimum(np.where(read == NEVER, simulation.FAR, read), by_email)
        converted[rows] = np.where(first >= _horizon(scenario), NEVER, first)
    return converted


def _each(scenario: Scenario, outcome: Outcome) -> Iterator[tuple[Demand, _Times]]:
    """Go through the traffic, with the rows of its messages, answers left out."""
    for position, traffic in enumerate(scenario.traffic):
        own = (outcome.traffic.campaign == position) & (outcome.answer_to == NEVER)
        yield traffic, np.flatnonzero(own)
