"""The reference engine: SimPy, one callback a step, readable, the oracle of every other engine.

The life of a message::

    queued -> sender's queue -> carrier's queue -> sent -> attempt, attempt, … -> final
       |            |                 |                        |
       no route     validity ends     validity ends            rejected, absent too long

Time is in integer microseconds. Events at the same time are ordered by a key of the model,
(class, message), never by the order of scheduling. Every random number is drawn by key; see
:mod:`smslab.kernels.draws`.
"""

from __future__ import annotations

import heapq
import math
import typing
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import numpy as np
import simpy
from simpy.events import EventPriority

from smslab.kernels import draws
from smslab.results import NEVER, Reason, Run, Status
from smslab.scenario import Scenario
from smslab.traffic import SECOND, Traffic

__all__ = ["run"]

_HOUR = 3600 * SECOND

#: A draw from a long tail is cut here, some thirty years, so that integers do not overflow.
_FAR = 10**15


class _Order(IntEnum):
    """Classes of events, in the order in which those of the same time happen."""

    CARRIER_FREED = 0
    SENDER_FREED = 1
    ATTEMPT = 2
    ARRIVAL = 3


class _Step(simpy.Event):
    """A callback at a time, ordered among its equals by class and message."""

    def __init__(
        self,
        env: simpy.Environment,
        time: int,
        order: _Order,
        message: int,
        callback: Callable[[int], None],
    ) -> None:
        super().__init__(env)
        self._ok = True
        self._value = message
        self.callbacks = [lambda event: callback(event.value)]
        env.schedule(self, EventPriority((order << 48) | message), time - env.now)


class _Queue:
    """Messages that wait, by priority and first come first served, for numbers that space them.

    A number is held for as many intervals as the message has segments; the last segment leaves
    one interval before the number is free again. A message may start at its deadline, not after;
    one that need not wait is never too late.
    """

    def __init__(
        self,
        engine: _Engine,
        freed: _Order,
        mps: float | None,
        numbers: int,
        done: Callable[[int, int], None],
    ) -> None:
        self.engine = engine
        self.freed = freed
        self.mps = mps
        self.interval = 0 if mps is None else round(SECOND / mps)
        self.idle = numbers
        self.done = done
        self.waiting: list[tuple[int, int, int]] = []

    def put(self, message: int) -> None:
        now = self.engine.now
        heapq.heappush(self.waiting, (self.engine.priority[message], now, message))
        self.serve()

    def serve(self) -> None:
        now = self.engine.now
        while self.idle and self.waiting:
            _, entered, message = heapq.heappop(self.waiting)
            if self.engine.deadline[message] < now and entered < now:
                self.engine.expire_in_queue(message, entered)
                continue
            segments = self.engine.segments[message]
            held = 0 if self.mps is None else round(segments * SECOND / self.mps)
            spread = held - self.interval
            if held:
                self.idle -= 1
                _Step(self.engine.env, now + held, self.freed, message, self.free)
            self.done(message, now + max(spread, 0))

    def free(self, _message: int) -> None:
        self.idle += 1
        self.serve()


class _Engine:
    """The state of one replication while it runs."""

    def __init__(self, scenario: Scenario, traffic: Traffic, seed: int) -> None:
        self.scenario = scenario
        self.seed = seed
        self.env = simpy.Environment(initial_time=0)
        self.horizon = round(scenario.horizon_h * _HOUR)
        rows = len(traffic.queued_us)
        queued: list[int] = traffic.queued_us.tolist()
        campaign: list[int] = traffic.campaign.tolist()
        self.segments: list[int] = traffic.segments.tolist()
        self.carrier: list[int] = traffic.carrier.tolist()
        validity = [round(t.validity_h * _HOUR) for t in scenario.traffic]
        self.deadline = [t + validity[c] for t, c in zip(queued, campaign, strict=True)]
        self.priority = [scenario.traffic[c].priority for c in campaign]
        self.sent = [NEVER] * rows
        self.final = [NEVER] * rows
        self.receipt = [NEVER] * rows
        self.read = [NEVER] * rows
        self.attempts = [0] * rows
        self.status = [Status.PENDING] * rows
        self.reason = [Reason.NONE] * rows

        self.senders = {
            sender.name: _Queue(
                self, _Order.SENDER_FREED, sender.mps, sender.numbers, self.leave_sender
            )
            for sender in scenario.senders
        }
        self.sender_of = [self.senders[scenario.sender_of(t).name] for t in scenario.traffic]
        self.carriers = [
            _Queue(self, _Order.CARRIER_FREED, carrier.mps, 1, self.accept)
            for carrier in scenario.carriers
        ]
        self.campaign = campaign
        self.queued = queued
        self.arrivals = iter(np.argsort(traffic.queued_us, kind="stable").tolist())

    @property
    def now(self) -> int:
        """The time in microseconds; SimPy keeps the integers that it is given."""
        return typing.cast("int", self.env.now)

    def run(self) -> None:
        self.next_arrival()
        self.env.run(until=self.horizon)
        for queue in (*self.senders.values(), *self.carriers):
            for _, entered, message in queue.waiting:
                if self.deadline[message] < self.horizon:
                    self.expire_in_queue(message, entered)

    def next_arrival(self) -> None:
        message = next(self.arrivals, None)
        if message is not None:
            _Step(self.env, self.queued[message], _Order.ARRIVAL, message, self.arrive)

    def arrive(self, message: int) -> None:
        if self.carrier[message] < 0:
            self.end(message, self.now, Status.FAILED, Reason.NO_ROUTE)
        else:
            self.sender_of[self.campaign[message]].put(message)
        self.next_arrival()

    def leave_sender(self, message: int, time: int) -> None:
        _Step(self.env, time, _Order.ARRIVAL, message, self.carriers[self.carrier[message]].put)

    def accept(self, message: int, time: int) -> None:
        _Step(self.env, time, _Order.ATTEMPT, message, self.first_attempt)

    def first_attempt(self, message: int) -> None:
        carrier = self.scenario.carriers[self.carrier[message]]
        now = self.now
        self.sent[message] = now
        self.attempts[message] = 1
        drawn = draws.uniform(self.seed, draws.OUTCOME, message, 0)
        if drawn < carrier.permanent_failure:
            self.end(message, now, Status.UNDELIVERED, Reason.REJECTED)
        elif drawn < carrier.permanent_failure + carrier.first_attempt:
            self.deliver(message)
        else:
            away = draws.exponential(self.seed, draws.AWAY, message, 0) * carrier.away_mean_s
            self.retry(message, now + _ticks(away))

    def retry(self, message: int, back: int) -> None:
        """Plan the next attempt; `back` is when the handset can be reached again."""
        carrier = self.scenario.carriers[self.carrier[message]]
        waits = carrier.retry_s
        time = self.now + _ticks(waits[min(self.attempts[message], len(waits)) - 1])
        validity_ends = self.sent[message] + round(carrier.validity_h * _HOUR)
        if time > validity_ends:
            self.end(message, validity_ends, Status.EXPIRED, Reason.ABSENT)
        else:
            _Step(
                self.env, time, _Order.ATTEMPT, message, lambda number: self.attempt(number, back)
            )

    def attempt(self, message: int, back: int) -> None:
        self.attempts[message] += 1
        if self.now < back:
            self.retry(message, back)
        else:
            self.deliver(message)

    def deliver(self, message: int) -> None:
        carrier = self.scenario.carriers[self.carrier[message]]
        attempt = self.attempts[message] - 1
        latency = self.lognormal(
            draws.LATENCY, message, attempt, carrier.latency_median_s, carrier.latency_sigma
        )
        time = self.now + latency
        if self.end(message, time, Status.DELIVERED, Reason.NONE):
            reading = self.scenario.reading
            self.read[message] = time + self.lognormal(
                draws.READING, message, 0, reading.median_s, reading.sigma
            )

    def end(self, message: int, time: int, status: Status, reason: Reason) -> bool:
        """Make a status final, unless it would be after the horizon; say whether it is."""
        if time >= self.horizon:
            return False
        self.final[message] = time
        self.status[message] = status
        self.reason[message] = reason
        if self.sent[message] != NEVER:
            carrier = self.scenario.carriers[self.carrier[message]]
            if draws.uniform(self.seed, draws.RECEIPT, message, 0) >= carrier.receipt_missing:
                receipt = time + self.lognormal(
                    draws.RECEIPT_DELAY, message, 0, carrier.receipt_median_s, carrier.receipt_sigma
                )
                if receipt < self.horizon:
                    self.receipt[message] = receipt
        return True

    def expire_in_queue(self, message: int, entered: int) -> None:
        # The last segment may leave the sender after the deadline that the first one met.
        time = max(self.deadline[message], entered)
        self.end(message, time, Status.FAILED, Reason.EXPIRED_QUEUE)

    def lognormal(
        self, stream: int, message: int, attempt: int, median_s: float, sigma: float
    ) -> int:
        drawn = draws.normal(self.seed, stream, message, attempt)
        return _ticks(median_s * math.exp(sigma * drawn))


def _ticks(seconds: float) -> int:
    """Round a drawn time to the clock: the one place where that is done."""
    return min(round(seconds * SECOND), _FAR)


def run(scenario: Scenario, traffic: Traffic, seed: int) -> Run:
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
    Run
        One row per message.
    """
    engine = _Engine(scenario, traffic, seed)
    engine.run()

    def column(values: list[Any], kind: type[np.generic]) -> Any:
        return np.array(values, kind)

    return Run(
        scenario=scenario,
        seed=seed,
        traffic=traffic,
        sent_us=column(engine.sent, np.int64),
        final_us=column(engine.final, np.int64),
        receipt_us=column(engine.receipt, np.int64),
        read_us=column(engine.read, np.int64),
        attempts=column(engine.attempts, np.int32),
        status=column(engine.status, np.int8),
        reason=column(engine.reason, np.int8),
    )
