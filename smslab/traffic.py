"""Traffic: the messages of a scenario as columns, the same for every engine."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab import demand
from smslab.errors import ScenarioError
from smslab.kernels import simulation
from smslab.kernels.simulation import SECOND
from smslab.memory import unwritten
from smslab.scenario import Campaign, Poisson, Scenario, Schedule
from smslab.segmentation import segment

__all__ = ["Load", "Traffic", "generate", "serving"]


@dataclass(frozen=True)
class Load:
    """A list of messages that a campaign sends.

    Parameters
    ----------
    segments : ndarray of int32, shape (n,)
        Segments of each message.
    country : ndarray of object, shape (n,)
        ISO 3166-1 alpha-2 code of each recipient; null where not known.
    carrier : ndarray of object, shape (n,)
        Name of each recipient's carrier; null where not known. A name that the scenario does
        not have counts as not known.
    """

    segments: npt.NDArray[np.int32]
    country: npt.NDArray[np.object_]
    carrier: npt.NDArray[np.object_]


@dataclass(frozen=True)
class Traffic:
    """The messages of one replication, as columns of n rows; a row's number is its name.

    Parameters
    ----------
    queued_us : ndarray of int64
        When each message enters the platform, in microseconds after the start.
    campaign : ndarray of int16
        Position in the scenario's traffic.
    segments : ndarray of int32
        Segments.
    carrier : ndarray of int16
        Position in the scenario's carriers; -1 where none serves the recipient's country.
    recipient : ndarray of int64
        Number of the recipient; empty where nothing depends on it.
    zone : ndarray of int16
        Position in the scenario's zones; empty where it has one or none.
    """

    queued_us: npt.NDArray[np.int64]
    campaign: npt.NDArray[np.int16]
    segments: npt.NDArray[np.int32]
    carrier: npt.NDArray[np.int16]
    recipient: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    zone: npt.NDArray[np.int16] = field(default_factory=lambda: np.empty(0, np.int16))


def generate(scenario: Scenario, seed: int, load: Load | None = None) -> Traffic:
    """Lay out the messages of one replication.

    Parameters
    ----------
    scenario : Scenario
        What is sent.
    seed : int
        Seed of the replication.
    load : Load, optional
        The list for the campaign that has no number of messages.

    Returns
    -------
    Traffic
        In the order of the scenario's traffic; those of a list in the list's order.

    Raises
    ------
    ScenarioError
        If a campaign needs a list and there is none, or there is one and no campaign, or more
        than one, that takes it.
    """
    takers = [
        position
        for position, traffic in enumerate(scenario.traffic)
        if isinstance(traffic, Campaign) and traffic.messages is None
    ]
    if load is None and takers:
        raise ScenarioError(
            f"traffic[{takers[0]}].messages: missing; say how many, or pass a list to forecast()"
        )
    if load is not None and len(takers) != 1:
        raise ScenarioError(
            "a list of messages needs exactly one campaign without `messages` to take it; the "
            f"scenario has {len(takers)}"
        )
    queued: list[npt.NDArray[np.int64]] = []
    for position, traffic in enumerate(scenario.traffic):
        if isinstance(traffic, Poisson):
            queued.append(_poisson_us(traffic, seed, position))
        elif isinstance(traffic, Schedule):
            queued.append(np.rint(np.array(traffic.times_s, np.float64) * SECOND).astype(np.int64))
        else:
            rows = len(load.segments) if load and traffic.messages is None else traffic.messages
            queued.append(_campaign_us(traffic, rows or 0))
    sizes = [len(times) for times in queued]
    segments = []
    first = 0
    for position, (traffic, rows) in enumerate(zip(scenario.traffic, sizes, strict=True)):
        if load is not None and position in takers:
            segments.append(load.segments.astype(np.int32))
        else:
            segments.append(_segments(traffic, seed, first, rows))
        first += rows
    queued_us = np.concatenate(queued)
    recipient = _recipients(scenario, sizes, seed)
    zone = np.empty(0, np.int16)
    if len(scenario.zones) > 1:
        zone = _of_recipient(tuple(z.share for z in scenario.zones), recipient, seed)
    _shift_to_zones(scenario, queued_us, sizes, zone)
    return Traffic(
        queued_us,
        np.repeat(np.arange(len(sizes), dtype=np.int16), sizes),
        np.concatenate(segments),
        _carriers(scenario, sizes, takers, load, seed),
        recipient,
        zone,
    )


def _campaign_us(campaign: Campaign, rows: int) -> npt.NDArray[np.int64]:
    start = round(campaign.start_s * SECOND)
    over = round(campaign.over_h * 3600 * SECOND)
    row = np.arange(rows, dtype=np.int64)
    if campaign.profile and over:
        grid_s, busy = _busy(campaign.profile, campaign.over_h * 3600)
        times_s = np.interp(row / max(rows, 1) * busy[-1], busy, grid_s)
        profiled: npt.NDArray[np.int64] = start + np.rint(times_s * SECOND).astype(np.int64)
        return profiled
    # row * over // rows in two steps, since the product may not fit 64 bits
    whole, rest = divmod(over, max(rows, 1))
    queued: npt.NDArray[np.int64] = start + row * whole + row * rest // max(rows, 1)
    return queued


def _poisson_us(poisson: Poisson, seed: int, position: int) -> npt.NDArray[np.int64]:
    if poisson.profile:
        return _profiled_us(poisson, seed, position)
    times = unwritten(_most(poisson.rate_per_s * poisson.duration_s), np.int64)
    rows = simulation.arrivals_us(
        seed, position, poisson.rate_per_s, poisson.start_s, poisson.end_s, times
    )
    drawn: npt.NDArray[np.int64] = times[:rows]
    return drawn


def _profiled_us(poisson: Poisson, seed: int, position: int) -> npt.NDArray[np.int64]:
    """Let time run as the profile is busy, at a constant rate."""
    grid_s, busy = _busy(poisson.profile, poisson.duration_s)
    rows = _most(poisson.rate_per_s * float(busy[-1]))
    gaps = simulation.exponentials(seed, simulation.ARRIVAL, rows, position)
    passed = np.cumsum(gaps / poisson.rate_per_s)
    times = poisson.start_s + np.interp(passed[passed < busy[-1]], busy, grid_s)
    times_us: npt.NDArray[np.int64] = np.rint(times * SECOND).astype(np.int64)
    return times_us


def _most(expected: float) -> int:
    """Return more messages than come of a Poisson process of so many in all human experience."""
    return int(expected + 10 * expected**0.5 + 10)


def _busy(
    profile: tuple[float, ...], length_s: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Sum up an hourly profile of mean 1: moments in seconds, and what has come until each."""
    hours = np.arange(math.ceil(length_s / 3600))
    weights = np.array(profile)[hours % len(profile)] / np.mean(profile)
    grid_s = np.append(hours * 3600.0, length_s)
    busy = np.append(0.0, np.cumsum(weights * np.diff(grid_s)))
    return grid_s, busy


def _segments(traffic: demand.Demand, seed: int, first: int, rows: int) -> npt.NDArray[np.int32]:
    if isinstance(traffic, Schedule) and traffic.segments:
        return np.array(traffic.segments, np.int32)
    if traffic.texts:
        counts = segment(list(traffic.texts))["segments"].to_numpy(np.int32)
        edges = _edges((1.0,) * len(counts))
        picked = simulation.picks(seed, simulation.SEGMENTS, first, rows, edges)
        return counts[picked].astype(np.int32)
    if len(traffic.segment_shares) == 1:
        return np.ones(rows, np.int32)
    edges = _edges(traffic.segment_shares)
    return simulation.picks(seed, simulation.SEGMENTS, first, rows, edges).astype(np.int32) + 1


def _edges(weights: tuple[float, ...]) -> npt.NDArray[np.float64]:
    edges: npt.NDArray[np.float64] = np.cumsum(weights) / np.sum(weights)
    edges[-1] = 1.0
    return edges


def _recipients(scenario: Scenario, sizes: list[int], seed: int) -> npt.NDArray[np.int64]:
    """Say whom each message goes to: row k of every campaign to k, others to their own people."""
    if not _needs_recipients(scenario):
        return np.empty(0, np.int64)
    parts = []
    campaigns = [isinstance(traffic, Campaign) for traffic in scenario.traffic]
    first, own = (
        0,
        max([0, *(n for n, is_campaign in zip(sizes, campaigns, strict=True) if is_campaign)]),
    )
    for traffic, rows in zip(scenario.traffic, sizes, strict=True):
        if isinstance(traffic, Campaign):
            part = np.arange(rows, dtype=np.int64)
        elif isinstance(traffic, Poisson) and traffic.recipients is not None:
            drawn = simulation.uniforms(seed, simulation.RECIPIENT, first + rows)[first:]
            part = (drawn * traffic.recipients).astype(np.int64)
        else:
            part = np.arange(own, own + rows, dtype=np.int64)
            own += rows
        parts.append(part)
        first += rows
    return np.concatenate(parts)


def _needs_recipients(scenario: Scenario) -> bool:
    return (
        len(scenario.zones) > 1
        or scenario.handset is not None
        or any(sender.pool == "sticky" for sender in scenario.senders)
        or any(traffic.conversation is not None for traffic in scenario.traffic)
    )


def _of_recipient(
    shares: tuple[float, ...], recipient: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.int16]:
    people = int(recipient.max(initial=-1)) + 1
    drawn = simulation.picks(seed, simulation.ZONE, 0, people, _edges(shares))
    return drawn[recipient]


def _shift_to_zones(
    scenario: Scenario,
    queued_us: npt.NDArray[np.int64],
    sizes: list[int],
    zone: npt.NDArray[np.int16],
) -> None:
    """Move the messages of local campaigns to the hour of their zones."""
    shifts = np.array([scenario.shift(name) for name in scenario.zone_names if name], np.int64)
    ends = np.cumsum(sizes)
    for traffic, rows, end in zip(scenario.traffic, sizes, ends, strict=True):
        if isinstance(traffic, Campaign) and traffic.local and len(shifts):
            place = slice(end - rows, end)
            queued_us[place] += shifts[zone[place]] if len(zone) else shifts[0]


def _carriers(
    scenario: Scenario, sizes: list[int], takers: list[int], load: Load | None, seed: int
) -> npt.NDArray[np.int16]:
    """Find each recipient's carrier: the named one, else a draw by share."""
    rows = sum(sizes)
    carrier = _drawn_carriers(scenario, None, 0, rows, seed)
    if load is None:
        return carrier
    first = sum(sizes[: takers[0]])
    own = carrier[first : first + len(load.segments)]
    networks, network_names = pd.factorize(load.carrier)
    codes, names = pd.factorize(load.country)
    for code, name in [(-1, None), *enumerate(names)]:
        of_country = codes == code
        if not of_country.any():
            continue
        if name is not None:
            own[of_country] = _drawn_carriers(scenario, name, first, len(own), seed)[of_country]
        for choice in serving(scenario, name):
            named = scenario.carriers[choice].name
            for position, network_name in enumerate(network_names):
                if network_name.casefold() == named.casefold():
                    own[of_country & (networks == position)] = choice
    return carrier


def _drawn_carriers(
    scenario: Scenario, country: str | None, first: int, rows: int, seed: int
) -> npt.NDArray[np.int16]:
    choices = serving(scenario, country)
    if not choices:
        return np.full(rows, -1, np.int16)
    edges = _edges(tuple(scenario.carriers[k].share for k in choices))
    if len(choices) == 1:
        return np.full(rows, choices[0], np.int16)
    return np.array(choices, np.int16)[
        simulation.picks(seed, simulation.CARRIER, first, rows, edges)
    ]


def serving(scenario: Scenario, country: str | None) -> list[int]:
    """Return the carriers that serve a country: its own, else the general ones.

    Parameters
    ----------
    scenario : Scenario
        Whose carriers.
    country : str or None
        ISO 3166-1 alpha-2; None where not known: then, without a general carrier, it may be any.

    Returns
    -------
    list of int
        Positions in the scenario's carriers; empty where none serves the country.
    """
    own = [k for k, c in enumerate(scenario.carriers) if country and c.country == country]
    general = [k for k, c in enumerate(scenario.carriers) if not c.country]
    if country is None and not general:
        return list(range(len(scenario.carriers)))
    return own or general
