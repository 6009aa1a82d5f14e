"""The compiled engine: a scenario as flat arrays, run by one kernel.

It gives, row by row, what the reference engine gives.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from smslab.demand import Demand, Inbound
from smslab.kernels import simulation
from smslab.kernels.simulation import Model, compact_kernel, simulate_kernel, ticks
from smslab.layout import Layout, Station, lay_out
from smslab.memory import unwritten
from smslab.outcome import NEVER, Keyword, Outcome, Reason, Stage, Status
from smslab.scenario import Scenario
from smslab.supply import Carrier
from smslab.traffic import Blocks, Traffic, first_rows, needs_recipients

__all__ = ["run", "stream"]

_LOG: Final = logging.getLogger("smslab")

_Array: TypeAlias = npt.NDArray[Any]

_LIMITERS: Final = {
    "spacing": simulation.SPACING,
    "window": simulation.WINDOW,
    "bucket": simulation.BUCKET,
}


class _Pool:
    """Arrays one after the other in one, each known by where it begins and ends."""

    def __init__(self, *shape: int) -> None:
        self.parts: list[_Array] = [np.empty((0, *shape), np.int64)]
        self.size = 0

    def add(self, values: npt.ArrayLike) -> tuple[int, int]:
        part = np.asarray(values, np.int64).reshape(-1, *self.parts[0].shape[1:])
        self.parts.append(part)
        self.size += len(part)
        return self.size - len(part), self.size

    def all(self) -> _Array:
        return np.concatenate(self.parts)


def run(scenario: Scenario, traffic: Traffic, seed: int) -> Outcome:
    """Run one replication.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    traffic : Traffic
        The messages, from :func:`smslab.traffic.generate`.
    seed : int
        Seed of the replication.

    Returns
    -------
    Outcome
        One row per message; answers come after the messages of the traffic.
    """
    messages = len(traffic.queued_us)
    first = first_rows(scenario, traffic)
    replies = _most_replies(scenario, traffic, seed, first)
    people = int(traffic.recipient.max(initial=-1)) + 1 if replies else 0
    model = _model(scenario, seed, _tables(messages + replies), messages, people, first)
    _fill(model, traffic, 0, replies > 0)
    queued = traffic.queued_us
    is_sorted = bool((queued[1:] >= queued[:-1]).all())
    order = np.empty(0, np.int64) if is_sorted else np.argsort(queued, kind="stable")
    model.general[simulation.IS_LAST] = True
    with _announced():
        if messages < _LONG:
            simulate_kernel(model, order)
        else:
            _run_aside(model, order)
    return _outcome(model, scenario, slice(int(model.general[simulation.ROWS])), replies > 0)


@contextlib.contextmanager
def _announced() -> Iterator[None]:
    """Say so if the engine has to be compiled, which is once after it was installed."""

    def say() -> None:
        if not simulate_kernel.signatures:
            _LOG.warning("compiling the engine: once, some seconds")

    timer = threading.Timer(1.0, say)
    timer.daemon = True
    if not simulate_kernel.signatures:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


#: From so many messages on, a run takes so long that people want to interrupt it.
_LONG: Final = 500_000


def _run_aside(model: Model, order: _Array) -> None:
    """Run in a thread, so that an interrupt comes through and stops it."""
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(simulate_kernel, model, order)
        try:
            while not running.done():
                wait([running], timeout=0.1)
        finally:
            model.general[simulation.STOPPED] = not running.done()
    running.result()


def stream(scenario: Scenario, blocks: Blocks, seed: int) -> Iterator[tuple[Outcome, _Array]]:
    """Run one replication and keep only the messages that are under way.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    blocks : Blocks
        Its messages.
    seed : int
        Seed of the replication.

    Yields
    ------
    tuple of Outcome and ndarray of int64
        Messages that are over, and their numbers: rows as of :func:`run`, in another order.
    """
    talks = any(_reply_share(traffic) for traffic in scenario.traffic)
    people = blocks.people if talks else 0
    model = _model(scenario, seed, _tables(0), blocks.messages, people, blocks.first)
    live = 0
    source = iter(blocks)
    block = next(source, None)
    while block is not None:
        following = next(source, None)
        traffic, numbers = block
        rows = live + len(numbers)
        # Each may be replied to, and the reply answered.
        model = _with_room(model, live, 2 * rows)
        model.numbers[live:rows] = numbers
        _fill(model, traffic, live, talks)
        model.general[simulation.IS_LAST] = following is None
        with _announced():
            simulate_kernel(model, np.empty(0, np.int64))
        rows = int(model.general[simulation.ROWS])
        place = np.empty(rows, np.int64)
        live = compact_kernel(model, place)
        is_over = (place == NEVER) | (following is None)
        yield _outcome(model, scenario, is_over, talks), model.numbers[:rows][is_over]
        for table in (model.times, model.counts, model.places, model.codes, model.numbers):
            table[..., :live] = table[..., :rows][..., place != NEVER]
        block = following


def _with_room(model: Model, live: int, rows: int) -> Model:
    """Return a model with room for so many rows; what is live is kept."""
    if len(model.numbers) >= rows:
        return model
    new = _tables(2 * rows) | {"numbers": unwritten(2 * rows, np.int64)}
    for name, table in new.items():
        kept = int(model.general[simulation.EVENTS]) if name == "events" else live
        table[..., :kept] = getattr(model, name)[..., :kept]
    return model._replace(**new)


def _outcome(
    model: Model, scenario: Scenario, rows: slice | npt.NDArray[np.bool_], talks: bool
) -> Outcome:
    """Return what the model says of some of its rows."""
    used = int(model.general[simulation.ROWS])
    times, counts, places, codes = (
        [row[:used][rows] for row in table]
        for table in (model.times, model.counts, model.places, model.codes)
    )
    size = len(codes[simulation.STATUS])

    def of_replies(values: _Array, otherwise: int) -> Any:
        # Nobody has written there where nobody replies.
        return values if talks else np.broadcast_to(values.dtype.type(otherwise), size)

    nobody, nowhere = np.empty(0, np.int64), np.empty(0, np.int16)
    return Outcome(
        traffic=Traffic(
            times[simulation.QUEUED],
            places[simulation.CAMPAIGN],
            counts[simulation.SEGMENT_COUNT],
            places[simulation.CARRIER_NUMBER],
            times[simulation.RECIPIENT_NUMBER] if needs_recipients(scenario) else nobody,
            places[simulation.ZONE_NUMBER] if len(scenario.zones) > 1 else nowhere,
        ),
        entered_us=times[simulation.ENTERED],
        stage=codes[simulation.STAGE],
        sent_us=times[simulation.SENT],
        final_us=times[simulation.FINAL],
        replied_us=of_replies(times[simulation.REPLIED], NEVER),
        keyword=of_replies(codes[simulation.KEYWORD_CODE], Keyword.NONE),
        answer_to=of_replies(counts[simulation.ANSWER_TO], NEVER),
        submissions=places[simulation.SUBMISSIONS],
        attempts=counts[simulation.ATTEMPTS],
        status=codes[simulation.STATUS],
        reason=codes[simulation.REASON],
    )


def _most_replies(
    scenario: Scenario, traffic: Traffic, seed: int, first: npt.NDArray[np.int64]
) -> int:
    """Return how many messages would be replied to if all were read; 0 also means: none can be."""
    shares = np.array([_reply_share(traffic) for traffic in scenario.traffic])
    if not shares.any():
        return 0
    campaign = traffic.campaign.astype(np.int64)
    rows = np.arange(len(campaign)) - first[campaign]
    drawn = simulation.uniforms_of(seed, simulation.REPLY, simulation.key_of(campaign, rows))
    return int((drawn < shares[campaign]).sum())


def _reply_share(traffic: Demand) -> float:
    if isinstance(traffic, Inbound):
        return 1.0
    return 0.0 if traffic.conversation is None else traffic.conversation.reply_share


def _model(
    scenario: Scenario,
    seed: int,
    tables: dict[str, _Array],
    messages: int,
    people: int,
    first: _Array,
) -> Model:
    layout = lay_out(scenario, seed)
    heaps, opens, instants = _Pool(), _Pool(2), _Pool()
    stations = [_station(station, heaps, opens, instants) for station in layout.stations]
    priorities = sorted(
        {t.priority for t in scenario.traffic}
        | {t.conversation.answer_priority for t in scenario.traffic if t.conversation}
    )
    resubmit = instants.add([ticks(wait) for wait in scenario.resubmit_s])
    carriers = [
        [
            layout.carriers[k],
            layout.failover[k],
            *opens.add(layout.outages[k]),
            *instants.add([ticks(wait) for wait in carrier.retry_s]),
        ]
        for k, carrier in enumerate(scenario.carriers)
    ]
    return Model(
        **tables,
        numbers=np.empty(0, np.int64),
        stations=np.array(stations, np.int64).reshape(-1, simulation.STATION_COLUMNS),
        mps=np.array([station.mps for station in layout.stations], np.float64),
        wakes=np.full(len(stations), simulation.FAR, np.int64),
        lines=np.full((len(stations), len(priorities), 2), NEVER, np.int64),
        traffic=np.array(
            [
                [*_demand(t, layout, k, priorities, heaps), first[k]]
                for k, t in enumerate(scenario.traffic)
            ],
            np.int64,
        ),
        talk=np.array([_talk(t) for t in scenario.traffic], np.float64),
        hours=np.array(
            [[opens.add(hours) for hours in by_zone] for by_zone in layout.hours], np.int64
        ),
        carriers=np.array(carriers, np.int64),
        fate=np.array([_fate(carrier) for carrier in scenario.carriers], np.float64),
        people=np.array(_people(scenario), np.float64),
        opted_out=np.zeros((max(layout.scopes) + 1, people), np.bool_),
        general=np.array(
            [
                *(layout.account, layout.horizon, seed, 0, *resubmit),
                *(0, 0, 0, messages, simulation.FAR, 0, 0, False, False),
            ],
            np.int64,
        ),
        heaps=heaps.all(),
        opens=opens.all(),
        instants=instants.all(),
    )


def _tables(room: int) -> dict[str, _Array]:
    """Make room for so many messages."""
    return {
        "times": unwritten((6, room), np.int64),
        "counts": unwritten((4, room), np.int32),
        "places": unwritten((4, room), np.int16),
        "codes": unwritten((4, room), np.int8),
        "events": np.empty((3, room + 1), np.int64),
    }


def _fill(model: Model, traffic: Traffic, first: int, talks: bool) -> None:
    """Write messages into the rows from one on; all behind are ready for answers.

    Memory that is never touched costs nothing: what only replies need is not filled without them.
    """
    end = first + len(traffic.queued_us)
    times, counts, places, codes = model.times, model.counts, model.places, model.codes
    times[simulation.QUEUED, first:end] = traffic.queued_us
    counts[simulation.SEGMENT_COUNT, first:end] = traffic.segments
    places[simulation.CAMPAIGN, first:end] = traffic.campaign
    places[simulation.CARRIER_NUMBER, first:end] = traffic.carrier
    if len(traffic.recipient):
        times[simulation.RECIPIENT_NUMBER, first:end] = traffic.recipient
    if len(traffic.zone):
        places[simulation.ZONE_NUMBER, first:end] = traffic.zone
    for row in (simulation.ENTERED, simulation.SENT, simulation.FINAL):
        times[row, first:] = NEVER
    counts[simulation.ATTEMPTS, first:] = 0
    places[simulation.SUBMISSIONS, first:] = 0
    codes[simulation.STATUS, first:] = Status.PENDING
    codes[simulation.REASON, first:] = Reason.NONE
    codes[simulation.STAGE, first:] = Stage.ACCOUNT
    if talks:
        times[simulation.REPLIED, first:] = NEVER
        counts[simulation.ANSWER_TO, first:] = NEVER
        codes[simulation.KEYWORD_CODE, first:] = Keyword.NONE
    general = model.general
    general[simulation.CAME] = first
    general[simulation.MESSAGES] = general[simulation.ROWS] = end


def _station(station: Station, heaps: _Pool, opens: _Pool, instants: _Pool) -> list[int]:
    """Put a station in the order that the kernel knows; it begins empty."""
    limited = station.limited
    limiter = _LIMITERS[limited.limiter] if station.mps else simulation.UNLIMITED
    row = [0] * simulation.STATION_COLUMNS
    row[: simulation.FULL] = [
        limiter,
        limited.per == "message",
        station.burst,
        station.window_units,
        station.window_us,
        simulation.held_us(1, station.mps) if station.mps else 0,
        station.ack_us,
        -1 if limited.queue_limit is None else limited.queue_limit,
        -1 if limited.daily_cap is None else limited.daily_cap,
        limited.over_cap == "hold",
        *heaps.add(np.zeros(station.numbers)),
        *heaps.add(np.zeros(station.in_flight)),
        *opens.add(station.opens),
        instants.add(station.day_ends)[0],
    ]
    return row


def _demand(
    traffic: Demand, layout: Layout, position: int, priorities: Sequence[int], heaps: _Pool
) -> list[int]:
    talk = traffic.conversation
    return [
        *layout.senders[position],
        layout.scopes[position],
        ticks(traffic.validity_h * 3600),
        priorities.index(traffic.priority),
        priorities.index(traffic.priority if talk is None else talk.answer_priority),
        *heaps.add(np.zeros(0 if talk is None else talk.agents)),
        isinstance(traffic, Inbound),
    ]


def _talk(traffic: Demand) -> list[float]:
    talk = traffic.conversation
    if talk is None:
        return [0.0] * 10
    return [
        talk.reply_share,
        talk.reply_median_s,
        talk.reply_sigma,
        talk.stop_share,
        talk.stop_share + talk.help_share,
        talk.stop_share + talk.help_share + talk.start_share,
        ticks(talk.answer_after_s) if talk.answered else -1,
        talk.answer_segments,
        talk.handling_mean_s,
        ticks(talk.answer_after_s) if talk.text_answered else -1,
    ]


def _fate(carrier: Carrier) -> list[float]:
    return [
        carrier.submit_failure,
        carrier.permanent_failure,
        carrier.permanent_failure + carrier.first_attempt,
        carrier.away_mean_s,
        ticks(carrier.validity_h * 3600),
        carrier.latency_median_s,
        carrier.latency_sigma,
        *carrier.causes.edges,
    ]


def _people(scenario: Scenario) -> list[float]:
    handset, reading = scenario.handset, scenario.reading
    off = [0.0, 1.0, 0.0]
    if handset is not None:
        off = [handset.off_share, handset.off_mean_h * 3600, handset.redelivered_on_return]
    return [*off, reading.median_s, reading.sigma]
