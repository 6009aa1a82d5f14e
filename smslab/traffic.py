"""Traffic: the messages of a scenario as columns, the same for every engine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab import demand, rules
from smslab.errors import ScenarioError
from smslab.kernels import simulation
from smslab.kernels.simulation import SECOND
from smslab.memory import unwritten
from smslab.scenario import Campaign, Poisson, Scenario, Schedule
from smslab.segmentation import segment

__all__ = [
    "Blocks",
    "Load",
    "Traffic",
    "columns_of",
    "first_rows",
    "generate",
    "needs_recipients",
    "picked",
    "profile_curve",
    "segment_shares",
]

_Rows: TypeAlias = npt.NDArray[np.int64]


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


def columns_of(item: Any) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of a dataclass that holds some.

    Parameters
    ----------
    item : dataclass
        Say, a :class:`Traffic` or a :class:`smslab.outcome.Outcome`.

    Returns
    -------
    dict of str to ndarray
        By name; fields that are not arrays are left out.
    """
    values = {field.name: getattr(item, field.name) for field in fields(item)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def picked(item: Any, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return some rows of the columns of a dataclass; a column that is empty stays so.

    Parameters
    ----------
    item : dataclass
        As of :func:`columns_of`.
    rows : ndarray of int64 or bool
        Which rows, in which order.

    Returns
    -------
    dict of str to ndarray
        By name.
    """
    return {name: v[rows] if len(v) else v for name, v in columns_of(item).items()}


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
    parts: list[Traffic] = []
    numbered = _Numbering(scenario, 0 if load is None else len(load.segments))
    for position, demanded in enumerate(scenario.traffic):
        rows = len(load.segments) if load and position in takers else None
        chunks = list(_queued(demanded, seed, position, rows, _WHOLE))
        queued = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
        part = numbered.piece(scenario, seed, position, queued, np.arange(len(queued)))
        if load is not None and position in takers:
            carrier = _carriers_of_list(scenario, load, part.carrier, seed, position)
            part = replace(part, segments=load.segments.astype(np.int32), carrier=carrier)
        parts.append(part)
        numbered.pass_over(demanded, len(queued))
    return _joined(parts)


def first_rows(scenario: Scenario, traffic: Traffic) -> _Rows:
    """Return the number of the first message of each traffic.

    Parameters
    ----------
    scenario : Scenario
        What is sent.
    traffic : Traffic
        The messages.

    Returns
    -------
    ndarray of int64
    """
    campaign, places = traffic.campaign, np.arange(len(scenario.traffic), dtype=np.int16)
    if (campaign[1:] >= campaign[:-1]).all():
        return np.searchsorted(campaign, places)
    return np.array([int(np.argmax(campaign == place)) for place in places], np.int64)


class Blocks:
    """The messages of one replication block after block, in the order of coming.

    To go through it gives each block as a :class:`Traffic`, and the numbers that its messages have
    in that of :func:`generate`.

    Parameters
    ----------
    scenario : Scenario
        What is sent; none of its campaigns takes a list or is local.
    seed : int
        Seed of the replication.
    size : int
        Messages that are drawn at once.
    """

    def __init__(self, scenario: Scenario, seed: int, size: int) -> None:
        self.size = size
        numbered = _Numbering(scenario, 0)
        self._streams = []
        first = []
        for position, traffic in enumerate(scenario.traffic):
            rows = sum(len(times) for times in _queued(traffic, seed, position, None, size))
            self._streams.append(_Stream(scenario, seed, position, size, copy(numbered)))
            first.append(numbered.first)
            numbered.pass_over(traffic, rows)
        #: Number of the first message of each traffic.
        self.first = np.array(first, np.int64)
        #: How many messages there are, and how many recipients.
        self.messages, self.people = numbered.first, numbered.own

    def __iter__(self) -> Iterator[tuple[Traffic, _Rows]]:
        streams = self._streams
        while streams:
            for stream in streams:
                stream.fill()
            # What may still come is not before the last of any stream that goes on.
            bounds = [stream.last for stream in streams if not stream.is_over]
            taken = [stream.take(min(bounds) if bounds else None) for stream in streams]
            streams = [stream for stream in streams if len(stream.queued) or not stream.is_over]
            traffic = _joined([part for part, _ in taken])
            numbers = np.concatenate([rows for _, rows in taken])
            order = np.lexsort((numbers, traffic.queued_us))
            yield Traffic(**picked(traffic, order)), numbers[order]


#: More than there are messages.
_WHOLE = 1 << 60


#: Country and time zones of recipients.
_Audience: TypeAlias = tuple[str, tuple[str, ...]]


def _audience(traffic: demand.Demand) -> _Audience:
    return traffic.country, traffic.zones


class _Numbering:
    """Where the messages of a traffic begin, in the numbers of messages and of recipients."""

    def __init__(self, scenario: Scenario, listed: int) -> None:
        self.first = 0
        # Row k of every campaign for the same people goes to recipient k of these; other traffic
        # has people of its own behind.
        sizes: dict[_Audience, int] = {}
        for traffic in scenario.traffic:
            size = 0
            if isinstance(traffic, Campaign):
                size = listed if traffic.messages is None else traffic.messages
            elif isinstance(traffic, Poisson):
                size = traffic.recipients or 0
            who = _audience(traffic)
            sizes[who] = max(sizes.get(who, 0), size)
        self.base: dict[_Audience, int] = {}
        self.own = 0
        for who, size in sizes.items():
            self.base[who] = self.own
            self.own += size

    def pass_over(self, traffic: demand.Demand, rows: int) -> None:
        """Go on to the next traffic."""
        self.first += rows
        drawn = isinstance(traffic, Poisson) and traffic.recipients is not None
        if not isinstance(traffic, Campaign) and not drawn:
            self.own += rows

    def piece(
        self, scenario: Scenario, seed: int, position: int, queued: _Rows, rows: _Rows
    ) -> Traffic:
        """Draw what is to be known of some rows of a traffic."""
        traffic = scenario.traffic[position]
        keys = simulation.key_of(position, rows)
        recipient, zone = np.empty(0, np.int64), np.empty(0, np.int16)
        if needs_recipients(scenario):
            recipient = self._recipients(traffic, seed, rows, keys)
        if len(scenario.zones) > 1:
            lived_in = traffic.zones or [place.name for place in scenario.zones]
            edges = _edges(tuple(z.share * (z.name in lived_in) for z in scenario.zones))
            zone = simulation.picks(seed, simulation.ZONE, recipient, edges)
        if isinstance(traffic, Campaign) and traffic.local and scenario.zones:
            # The hour of the start, on the clocks of the zone.
            shifts = np.array(
                [scenario.shift(place.name, traffic.start_s) for place in scenario.zones], np.int64
            )
            queued = queued + (shifts[zone] if len(zone) else shifts[0])
        return Traffic(
            queued,
            np.full(len(rows), position, np.int16),
            _segments(traffic, seed, rows, keys),
            _drawn_carriers(scenario, traffic.country, keys, seed),
            recipient,
            zone,
        )

    def _recipients(self, traffic: demand.Demand, seed: int, rows: _Rows, keys: _Rows) -> _Rows:
        """Say whom each message goes to."""
        base = self.base[_audience(traffic)]
        if isinstance(traffic, Campaign):
            return base + rows
        if isinstance(traffic, Poisson) and traffic.recipients is not None:
            drawn = simulation.uniforms_of(seed, simulation.RECIPIENT, keys)
            return base + (drawn * traffic.recipients).astype(np.int64)
        return self.own + rows


class _Stream:
    """The messages of one traffic, some at a time."""

    def __init__(
        self, scenario: Scenario, seed: int, position: int, size: int, numbered: _Numbering
    ) -> None:
        self.source = _queued(scenario.traffic[position], seed, position, None, size)
        self.scenario, self.seed, self.position = scenario, seed, position
        self.numbered = numbered
        self.drawn = 0
        self.queued = self.rows = np.empty(0, np.int64)
        self.is_over = False

    @property
    def last(self) -> tuple[int, int]:
        """Time and number of the last message at hand."""
        return int(self.queued[-1]), self.numbered.first + int(self.rows[-1])

    def fill(self) -> None:
        """Have some messages at hand, if there are any."""
        while not len(self.queued) and not self.is_over:
            following = next(self.source, None)
            self.is_over = following is None
            if following is not None:
                order = np.argsort(following, kind="stable")
                self.queued, self.rows = following[order], self.drawn + order
                self.drawn += len(following)

    def take(self, bound: tuple[int, int] | None) -> tuple[Traffic, _Rows]:
        """Take the messages up to a time and a number: all if there is no bound."""
        count = len(self.queued)
        if bound is not None:
            before, ties = np.searchsorted(self.queued, [bound[0], bound[0] + 1])
            row = bound[1] - self.numbered.first
            count = int(before + np.searchsorted(self.rows[before:ties], row, side="right"))
        queued, self.queued = self.queued[:count], self.queued[count:]
        rows, self.rows = self.rows[:count], self.rows[count:]
        part = self.numbered.piece(self.scenario, self.seed, self.position, queued, rows)
        return part, self.numbered.first + rows


def _joined(parts: Sequence[Traffic]) -> Traffic:
    if len(parts) == 1:
        return parts[0]
    columns = [columns_of(part) for part in parts]
    return Traffic(**{name: np.concatenate([c[name] for c in columns]) for name in columns[0]})


def _queued(
    traffic: demand.Demand, seed: int, position: int, rows: int | None, size: int
) -> Iterator[_Rows]:
    """Say when the messages of a traffic come, so many at a time; microseconds."""
    if isinstance(traffic, Poisson):
        yield from _poisson_us(traffic, seed, position, size)
    elif isinstance(traffic, Schedule):
        yield np.rint(np.array(traffic.times_s, np.float64) * SECOND).astype(np.int64)
    elif isinstance(traffic, Campaign):
        total = rows if rows is not None else traffic.messages or 0
        for first in range(0, max(total, 1), min(size, max(total, 1))):
            yield _campaign_us(traffic, np.arange(first, min(first + size, total)), total)


def _campaign_us(campaign: Campaign, row: _Rows, rows: int) -> _Rows:
    start = round(campaign.start_s * SECOND)
    over = round(campaign.over_h * 3600 * SECOND)
    if campaign.profile and over:
        grid_s, busy = profile_curve(campaign.profile, campaign.over_h * 3600)
        times_s = np.interp(row / max(rows, 1) * busy[-1], busy, grid_s)
        profiled: _Rows = start + np.rint(times_s * SECOND).astype(np.int64)
        return profiled
    # row * over // rows in two steps, since the product may not fit 64 bits
    whole, rest = divmod(over, max(rows, 1))
    queued: _Rows = start + row * whole + row * rest // max(rows, 1)
    return queued


def _poisson_us(poisson: Poisson, seed: int, position: int, size: int) -> Iterator[_Rows]:
    grid_s, busy = profile_curve(poisson.profile or (1.0,), poisson.duration_s)
    expected = poisson.rate_per_s * float(busy[-1])
    # At once it is rarely more than this; if it is, the rest comes with the next.
    size = min(size, int(expected + 10 * expected**0.5 + 10))
    first, last = 0, 0.0
    while True:
        passed = unwritten(size, np.float64)
        simulation.passing(seed, position, first, last, poisson.rate_per_s, passed)
        first, last = first + size, float(passed[-1])
        if poisson.profile:
            # At the constant rate, time runs as the profile is busy.
            passed = np.interp(passed[passed < busy[-1]], busy, grid_s)
        passed += poisson.start_s
        times = passed[: np.searchsorted(passed, poisson.end_s)]
        is_over = len(times) < size
        times *= SECOND
        yield np.rint(times, out=times).astype(np.int64)
        if is_over:
            return


def profile_curve(
    profile: tuple[float, ...], length_s: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Sum up an hourly profile whose weights are 1 on average.

    Parameters
    ----------
    profile : tuple of float
        Weights of the hours.
    length_s : float
        How long it lasts, in seconds; after its last hour the profile begins anew.

    Returns
    -------
    tuple of ndarray of float64
        Moments in seconds, and for how many seconds of a mean hour has come by then.
    """
    hours = np.arange(math.ceil(length_s / 3600))
    weights = np.array(profile)[hours % len(profile)] / np.mean(profile)
    grid_s = np.append(hours * 3600.0, length_s)
    busy = np.append(0.0, np.cumsum(weights * np.diff(grid_s)))
    return grid_s, busy


def segment_shares(traffic: demand.Demand) -> npt.NDArray[np.float64]:
    """Return the shares of a traffic's messages with 1, 2, 3 … segments.

    Parameters
    ----------
    traffic : Demand
        Which.

    Returns
    -------
    ndarray of float64

    Raises
    ------
    ScenarioError
        If one of its texts takes too many.
    """
    if isinstance(traffic, Schedule) and traffic.segments:
        counts = np.array(traffic.segments)
    elif traffic.texts:
        counts = _segments_of_texts(traffic)
    else:
        return np.array(traffic.segment_shares)
    return np.bincount(counts)[1:] / len(counts)


def _segments(traffic: demand.Demand, seed: int, rows: _Rows, keys: _Rows) -> npt.NDArray[np.int32]:
    if isinstance(traffic, Schedule) and traffic.segments:
        return np.array(traffic.segments, np.int32)[rows]
    if traffic.texts:
        counts = _segments_of_texts(traffic)
        edges = _edges((1.0,) * len(counts))
        return counts[simulation.picks(seed, simulation.SEGMENTS, keys, edges)].astype(np.int32)
    if len(traffic.segment_shares) == 1:
        return np.ones(len(rows), np.int32)
    picked = simulation.picks(seed, simulation.SEGMENTS, keys, _edges(traffic.segment_shares))
    return picked.astype(np.int32) + 1


def _segments_of_texts(traffic: demand.Demand) -> npt.NDArray[np.int32]:
    counts = _counted(traffic.texts)
    most = int(counts.max())
    if most > rules.MAX_SEGMENTS:
        raise ScenarioError(
            f"traffic {traffic.name!r}: texts must take {rules.MAX_SEGMENTS} segments at most; "
            f"one takes {most}"
        )
    return counts


@lru_cache(maxsize=256)
def _counted(texts: tuple[str, ...]) -> npt.NDArray[np.int32]:
    """Count the segments of texts, once for all replications."""
    return segment(list(texts))["segments"].to_numpy(np.int32)


def _edges(weights: tuple[float, ...]) -> npt.NDArray[np.float64]:
    edges: npt.NDArray[np.float64] = np.cumsum(weights) / np.sum(weights)
    edges[-1] = 1.0
    return edges


def needs_recipients(scenario: Scenario) -> bool:
    """Say whether anything depends on who the recipients are.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.

    Returns
    -------
    bool
    """
    return (
        len(scenario.zones) > 1
        or scenario.handset is not None
        or any(sender.pool == "sticky" for sender in scenario.senders)
        or any(traffic.conversation is not None for traffic in scenario.traffic)
    )


def _carriers_of_list(
    scenario: Scenario, load: Load, drawn: npt.NDArray[np.int16], seed: int, position: int
) -> npt.NDArray[np.int16]:
    """Find each recipient's carrier: the named one, else a draw by share in the country."""
    carrier = drawn.copy()
    keys = simulation.key_of(position, np.arange(len(carrier)))
    networks, network_names = pd.factorize(load.carrier)
    codes, names = pd.factorize(load.country)
    for code, name in [(-1, None), *enumerate(names)]:
        of_country = codes == code
        if not of_country.any():
            continue
        if name is not None:
            carrier[of_country] = _drawn_carriers(scenario, name, keys[of_country], seed)
        for choice in scenario.serving(name):
            named = scenario.carriers[choice].name
            for network, network_name in enumerate(network_names):
                if network_name.casefold() == named.casefold():
                    carrier[of_country & (networks == network)] = choice
    return carrier


def _drawn_carriers(
    scenario: Scenario, country: str | None, keys: _Rows, seed: int
) -> npt.NDArray[np.int16]:
    choices = scenario.serving(country)
    if not choices:
        return np.full(len(keys), -1, np.int16)
    if len(choices) == 1:
        return np.full(len(keys), choices[0], np.int16)
    edges = _edges(tuple(scenario.carriers[k].share for k in choices))
    return np.array(choices, np.int16)[simulation.picks(seed, simulation.CARRIER, keys, edges)]
