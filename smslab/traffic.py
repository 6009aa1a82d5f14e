"""Traffic: the messages of a scenario as columns, the same for every engine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab.errors import ScenarioError
from smslab.kernels import draws
from smslab.scenario import Campaign, Poisson, Scenario

__all__ = ["SECOND", "Load", "Traffic", "generate", "serving"]

#: Ticks of the integer clock in a second: microseconds.
SECOND = 1_000_000


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
    """

    queued_us: npt.NDArray[np.int64]
    campaign: npt.NDArray[np.int16]
    segments: npt.NDArray[np.int32]
    carrier: npt.NDArray[np.int16]


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
        Messages in the order of the scenario's traffic; those of a list in the list's order.

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
        else:
            rows = len(load.segments) if load and traffic.messages is None else traffic.messages
            queued.append(_campaign_us(traffic, rows or 0))
    sizes = [len(times) for times in queued]
    campaign = np.repeat(np.arange(len(sizes), dtype=np.int16), sizes)
    drawn = draws.uniforms(seed, draws.SEGMENTS, len(campaign))
    segments = np.empty(len(campaign), np.int32)
    country = np.full(len(campaign), None, object)
    network = np.full(len(campaign), None, object)
    first = 0
    for position, (traffic, rows) in enumerate(zip(scenario.traffic, sizes, strict=True)):
        place = slice(first, first + rows)
        if load is not None and position in takers:
            segments[place] = load.segments
            country[place] = load.country
            network[place] = load.carrier
        else:
            segments[place] = _pick(traffic.segment_shares, drawn[place]) + 1
        first += rows
    return Traffic(
        np.concatenate(queued), campaign, segments, _carriers(scenario, country, network, seed)
    )


def _campaign_us(campaign: Campaign, rows: int) -> npt.NDArray[np.int64]:
    start = round(campaign.start_s * SECOND)
    over = round(campaign.over_h * 3600 * SECOND)
    # row * over // rows in two steps, since the product may not fit 64 bits
    whole, rest = divmod(over, max(rows, 1))
    row = np.arange(rows, dtype=np.int64)
    return start + row * whole + row * rest // max(rows, 1)


def _poisson_us(poisson: Poisson, seed: int, position: int) -> npt.NDArray[np.int64]:
    expected = poisson.rate_per_s * poisson.duration_s
    rows = int(expected + 10 * expected**0.5 + 10)
    gaps = draws.exponentials(seed, draws.ARRIVAL, rows, position) / poisson.rate_per_s
    times = poisson.start_s + np.cumsum(gaps)
    times = times[times < poisson.end_s]
    return np.rint(times * SECOND).astype(np.int64)


def _pick(weights: tuple[float, ...], drawn: npt.NDArray[np.float64]) -> npt.NDArray[np.int16]:
    edges = np.cumsum(weights)
    picked = np.searchsorted(edges / edges[-1], drawn, side="right")
    return np.minimum(picked, len(weights) - 1).astype(np.int16)


def _carriers(
    scenario: Scenario,
    country: npt.NDArray[np.object_],
    network: npt.NDArray[np.object_],
    seed: int,
) -> npt.NDArray[np.int16]:
    """Find each recipient's carrier: the named one, else a draw by share."""
    drawn = draws.uniforms(seed, draws.CARRIER, len(country))
    carrier = np.full(len(country), -1, np.int16)
    codes, names = pd.factorize(country)
    networks, network_names = pd.factorize(network)
    for code, name in [(-1, None), *enumerate(names)]:
        choices = serving(scenario, name)
        rows = codes == code
        if choices and rows.any():
            shares = tuple(scenario.carriers[k].share for k in choices)
            carrier[rows] = np.array(choices, np.int16)[_pick(shares, drawn[rows])]
        for choice in choices:
            named = scenario.carriers[choice].name
            for position, network_name in enumerate(network_names):
                if network_name.casefold() == named.casefold():
                    carrier[rows & (networks == position)] = choice
    return carrier


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
