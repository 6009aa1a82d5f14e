"""One model of sending, written for each simulator: what the engines are compared on.

Poisson messages of one to four segments pass a sender and one of three carriers, first come first
served; one in twenty submissions fails and is tried again after 30, 60 and 120 seconds; who has not
started after 120 seconds fails. All read the same draws, so that all must say the same of every
message: its submissions and when the carrier had it, or -1.

A sender starts a message of k segments and is free again k intervals later; the last segment leaves
one interval before. Where a simulator can only let a customer go when the server is free, it goes
an interval later, and this is taken off again where it matters.
"""

from __future__ import annotations

import collections
import functools
import random
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from smslab.kernels import simulation
from smslab.kernels.simulation import FIRST, SECOND
from smslab.scenario import Carrier, Poisson, Scenario, Sender
from smslab.traffic import generate

RATE = 100.0
SENDER_MPS = 160
CARRIERS = (("a", 0.45, 80, 2.5), ("b", 0.35, 60, 3.0), ("c", 0.2, 36, 4.0))
FAILURE = 0.05
WAITS_S = (30, 60, 120)
VALIDITY_S = 120


def scenario(messages: int) -> Scenario:
    """Return the model as a scenario with about so many messages."""
    return Scenario(
        horizon_h=8784,
        traffic=(
            Poisson(
                rate_per_s=RATE,
                duration_s=messages / RATE,
                segment_shares=(0.7, 0.2, 0.07, 0.03),
                validity_h=VALIDITY_S / 3600,
            ),
        ),
        senders=(Sender(mps=SENDER_MPS),),
        carriers=tuple(
            Carrier(
                name=name,
                share=share,
                mps=mps,
                latency_median_s=median_s,
                latency_sigma=0.8,
                submit_failure=FAILURE,
                first_attempt=1,
                permanent_failure=0,
            )
            for name, share, mps, median_s in CARRIERS
        ),
        resubmit_s=tuple(map(float, WAITS_S)),
    )


class Draws(NamedTuple):
    """What is drawn for the messages; times in whole microseconds."""

    queued: list[int]
    segments: list[int]
    carrier: list[int]
    fails: list[list[bool]]


def draw(messages: int, seed: int) -> Draws:
    """Draw the messages as smslab does."""
    traffic = generate(scenario(messages), seed)
    rows = np.arange(len(traffic.queued_us))
    drawn = [
        [simulation.uniform(seed, simulation.SUBMISSION, m, FIRST + k) < FAILURE for k in range(4)]
        for m in rows.tolist()
    ]
    return Draws(
        traffic.queued_us.tolist(), traffic.segments.tolist(), traffic.carrier.tolist(), drawn
    )


class Answer:
    """What became of the messages."""

    def __init__(self, rows: int) -> None:
        self.submissions = [0] * rows
        self.sent = [-1] * rows

    def submit(self, draws: Draws, message: int, now: int) -> int:
        """Hand a message to its carrier; return when it comes again, or -1."""
        tried = self.submissions[message]
        self.submissions[message] = tried + 1
        if not draws.fails[message][tried]:
            self.sent[message] = now
        elif tried < len(WAITS_S):
            return now + WAITS_S[tried] * SECOND
        return -1


def held_us(segments: int, mps: int) -> int:
    """Return the time that segments take, in whole microseconds."""
    return round(segments * SECOND / mps)


def simpy_reneging(draws: Draws) -> Answer:
    """SimPy as its manual shows it: a process per message, which waits for its turn or its end."""
    return simpy_processes(draws, reneges=True)


def simpy_processes(draws: Draws, *, reneges: bool = False) -> Answer:
    """SimPy, a process per message, resources with queues; who comes too late sees it then."""
    import simpy  # noqa: PLC0415  (a peer: only where it runs)

    env = simpy.Environment(initial_time=0)
    answer = Answer(len(draws.queued))
    stages = [(simpy.Resource(env), SENDER_MPS)]
    stages += [(simpy.Resource(env), mps) for _, _, mps, _ in CARRIERS]

    def message(number: int) -> Any:
        deadline = draws.queued[number] + VALIDITY_S * SECOND
        while True:
            for place in (0, 1 + draws.carrier[number]):
                station, mps = stages[place]
                came = env.now
                request = station.request()
                if reneges and not request.triggered:
                    # Half an event after the deadline: who is served at it is served.
                    yield request | env.timeout(max(deadline - env.now, 0) + 0.5)
                    if not request.triggered:
                        request.cancel()
                        return
                else:
                    yield request
                if deadline < env.now and came < env.now:
                    station.release(request)
                    return
                held, interval = held_us(draws.segments[number], mps), held_us(1, mps)
                free = env.timeout(held)
                free.callbacks.append(lambda _, s=station, r=request: s.release(r))
                if held > interval:
                    yield env.timeout(held - interval)
            again = answer.submit(draws, number, env.now)
            if again < 0:
                return
            yield env.timeout(again - env.now)
            if deadline < env.now:
                return

    def source() -> Any:
        for number, queued in enumerate(draws.queued):
            yield env.timeout(queued - env.now)
            env.process(message(number))

    env.process(source())
    env.run()
    return answer


def simpy_callbacks(draws: Draws) -> Answer:
    """SimPy without processes: a state machine per queue, callbacks on timeouts."""
    import simpy  # noqa: PLC0415  (a peer: only where it runs)

    env = simpy.Environment(initial_time=0)
    answer = Answer(len(draws.queued))
    deadlines = [queued + VALIDITY_S * SECOND for queued in draws.queued]

    def at(time: int, call: Any) -> None:
        env.timeout(time - env.now).callbacks.append(lambda _: call())

    class Queue:
        def __init__(self, mps: int) -> None:
            self.held = [held_us(k, mps) for k in range(5)]
            self.is_free = True
            self.line: collections.deque[tuple[int, int]] = collections.deque()

        def put(self, number: int) -> None:
            self.line.append((number, env.now))
            if self.is_free:
                self.serve()

        def serve(self) -> None:
            self.is_free = True
            while self.line:
                number, came = self.line.popleft()
                if deadlines[number] < env.now and came < env.now:
                    continue
                held = self.held[draws.segments[number]]
                self.is_free = False
                at(env.now + held, self.serve)
                spread = held - self.held[1]
                if spread:
                    at(env.now + spread, functools.partial(leave, self, number))
                else:
                    leave(self, number)
                return

    sender, *carriers = [Queue(SENDER_MPS), *(Queue(mps) for _, _, mps, _ in CARRIERS)]

    def leave(queue: Queue, number: int) -> None:
        if queue is sender:
            carriers[draws.carrier[number]].put(number)
            return
        again = answer.submit(draws, number, env.now)
        if again >= 0:
            at(again, lambda: deadlines[number] >= env.now and sender.put(number))

    numbers = iter(range(len(draws.queued)))

    def arrive(number: int) -> None:
        following = next(numbers, None)
        if following is not None:
            at(draws.queued[following], lambda: arrive(following))
        sender.put(number)

    first = next(numbers)
    at(draws.queued[first], lambda: arrive(first))
    env.run()
    return answer


def ciw_nodes(draws: Draws) -> Answer:
    """Ciw: a node for the sender, for each carrier, and for waits; routers and reneging."""
    import ciw  # noqa: PLC0415  (a peer: only where it runs)

    answer = Answer(len(draws.queued))
    deadlines = [queued + VALIDITY_S * SECOND for queued in draws.queued]
    gaps = np.diff(np.array([0, *draws.queued])) / SECOND
    wait_node = 2 + len(CARRIERS)
    again_s: dict[int, float] = {}

    class Service(ciw.dists.Distribution):
        def __init__(self, mps: int) -> None:
            self.mps = mps

        def sample(self, t: float | None = None, ind: Any = None) -> float:
            return held_us(draws.segments[ind.id_number - 1], self.mps) / SECOND

    class Wait(ciw.dists.Distribution):
        def sample(self, t: float | None = None, ind: Any = None) -> float:
            return again_s[ind.id_number - 1] - t

    class Patience(ciw.dists.Distribution):
        def __init__(self, late_us: int) -> None:
            self.late_us = late_us

        def sample(self, t: float | None = None, ind: Any = None) -> float:
            due = (deadlines[ind.id_number - 1] + self.late_us) / SECOND
            return max(due - t, 0) + 5e-7

    class ToCarrier(ciw.routing.NodeRouting):
        def next_node(self, ind: Any) -> Any:
            return self.simulation.nodes[2 + draws.carrier[ind.id_number - 1]]

    class AfterCarrier(ciw.routing.NodeRouting):
        def next_node(self, ind: Any) -> Any:
            number = ind.id_number - 1
            late = LATE_US[draws.carrier[number]]
            now = round(self.simulation.current_time * SECOND) - late
            again = answer.submit(draws, number, now)
            if again < 0 or deadlines[number] < again:
                return self.simulation.nodes[-1]
            again_s[number] = again / SECOND
            return self.simulation.nodes[wait_node]

    # Who goes when the server is free goes so much later than the last segment.
    late_sender = held_us(1, SENDER_MPS)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*gaps.tolist(), float("inf")])]
        + [None] * (len(CARRIERS) + 1),
        service_distributions=[
            Service(SENDER_MPS),
            *(Service(mps) for _, _, mps, _ in CARRIERS),
            Wait(),
        ],
        number_of_servers=[1] * (1 + len(CARRIERS)) + [float("inf")],
        reneging_time_distributions=[Patience(0)]
        + [Patience(late_sender)] * len(CARRIERS)
        + [None],
        routing=ciw.routing.NetworkRouting(
            [ToCarrier(), *(AfterCarrier() for _ in CARRIERS), ciw.routing.Direct(to=1)]
        ),
    )
    simulated = ciw.Simulation(network)
    simulated.simulate_until_max_time(draws.queued[-1] / SECOND + 1000)
    return answer


def salabim_components(draws: Draws) -> Answer:
    """salabim, yieldless: a component per message, resources with queues."""
    import salabim as sim  # noqa: PLC0415  (a peer: only where it runs)

    random.seed(0)
    env = sim.Environment(trace=False, yieldless=False)
    answer = Answer(len(draws.queued))
    stages = [(sim.Resource("sender"), SENDER_MPS)]
    stages += [(sim.Resource(name), mps) for name, _, mps, _ in CARRIERS]
    for station, _ in stages:
        for monitor in station.all_monitors():
            monitor.monitor(False)

    class Message(sim.Component):
        def setup(self, number: int) -> None:
            self.number = number

        def process(self) -> Any:
            number = self.number
            deadline = draws.queued[number] + VALIDITY_S * SECOND
            carrier = draws.carrier[number]
            while True:
                late = 0
                for place in (0, 1 + carrier):
                    station, mps = stages[place]
                    came = env.now()
                    yield self.request(station)
                    waited = env.now() > came
                    if waited and deadline + late + 0.5 < env.now() * SECOND:
                        self.release(station)
                        return
                    yield self.hold(held_us(draws.segments[number], mps) / SECOND)
                    self.release(station)
                    late += held_us(1, mps)
                again = answer.submit(draws, number, round(env.now() * SECOND) - late)
                if again < 0 or deadline < again:
                    return
                yield self.hold(till=again / SECOND)

    class Source(sim.Component):
        def process(self) -> Any:
            for number, queued in enumerate(draws.queued):
                yield self.hold(till=queued / SECOND)
                Message("", number=number)

    Source()
    env.run()
    return answer


LATE_US = tuple(held_us(1, SENDER_MPS) + held_us(1, mps) for _, _, mps, _ in CARRIERS)


def same(answer: Answer, submissions: npt.NDArray[Any], sent: npt.NDArray[Any]) -> int:
    """Count the messages of which a simulator says what smslab says, to a microsecond."""
    mine = np.array([answer.submissions, answer.sent])
    close = np.abs(mine[1] - sent) <= 1
    return int(((mine[0] == submissions) & close).sum())
