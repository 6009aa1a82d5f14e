"""The reference engine: SimPy, one callback a step, readable, the oracle of every other engine.

The life of a message::

    queued -> account -> sender -> carrier -> sent -> attempt, attempt, … -> final
       |         |          |         |  ^                  |                  |
    no route   validity ends, queue   |  submitted again  rejected,          read
               full, over the cap,    temporary error     absent too long      |
               opted out                                                     reply -> answer

Time is in integer microseconds. Events at the same time are ordered by a key of the model,
(class, number), never by the order of scheduling; the number is that of the message or of the
station. Every random number is drawn by key; see :mod:`smslab.kernels.simulation`.
"""

from __future__ import annotations

import heapq
import typing
from collections.abc import Callable, Generator, Sequence
from enum import IntEnum
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import simpy
from simpy.events import EventPriority

from smslab.demand import Conversation, Inbound
from smslab.errors import OptionError
from smslab.kernels import simulation
from smslab.kernels.simulation import FAR
from smslab.layout import Layout, Station, lay_out
from smslab.outcome import NEVER, Keyword, Outcome, Reason, Stage, Status
from smslab.scenario import Scenario
from smslab.traffic import Traffic, first_rows, needs_recipients

__all__ = ["Process", "Simulation", "run"]

_Callback: TypeAlias = Callable[[int], None]

#: A user's own process in the environment of the simulation.
Process: TypeAlias = "Callable[[Simulation], Generator[simpy.Event, Any, Any]]"


class _Order(IntEnum):
    """Classes of events, in the order in which those of the same time happen.

    SimPy's own, such as those of a user's processes, have 0 and 1 and come before.
    """

    RETURN = 1  #: a message comes back to its sender
    WAKE = 2  #: a station may take the next message
    ATTEMPT = 3  #: a carrier has a message, or tries it again
    REPLY = 4
    ARRIVAL = 5  #: a message comes to the platform or to its next station


def next_open(opens: npt.NDArray[np.int64], time: int) -> int:
    """Return the first moment from a time on at which something is open; FAR where there is none.

    Parameters
    ----------
    opens : ndarray of int64, shape (n, 2)
        When it is open; always where empty.
    time : int
        The time.
    """
    if not len(opens):
        return time
    place = int(np.searchsorted(opens[:, 1], time, side="right"))
    return max(time, int(opens[place, 0])) if place < len(opens) else FAR


class _Queue:
    """A station: the state of its limits, and the messages that wait for it."""

    def __init__(self, number: int, station: Station) -> None:
        self.number = number
        self.station = station
        self.limited = station.limited
        self.limiter = station.limited.limiter if station.mps else None
        self.interval = simulation.held_us(1, station.mps) if station.mps else 0
        #: When each number, and each place in the window to a carrier, is free again.
        self.numbers = [0] * station.numbers
        self.in_flight = [0] * station.in_flight
        self.bucket_full = 0
        self.window = 0
        self.in_window = 0
        self.day = 0
        self.in_day = 0
        #: Priority, order of coming, message.
        self.waiting: list[tuple[int, int, int]] = []
        self.units_waiting = 0
        self.came = 0
        self.wake = FAR

    def ready(self, units: int, now: int) -> int:
        """Return when so many units can start if nothing else does before."""
        station = self.station
        if self.limiter == "window" or len(station.day_ends):
            self._turn_over(now)
        time = now
        if self.limiter == "spacing":
            time = max(time, self.numbers[0])
        elif self.limiter == "bucket":
            spare = max(station.burst - units, 0)
            time = max(time, self.bucket_full - simulation.held_us(spare, station.mps))
        elif self.limiter and self.in_window and self.in_window + units > station.window_units:
            room = station.window_units
            # A message larger than a window starts in an empty one.
            windows = min(-(-self.in_window // room), -(-(self.in_window + units - room) // room))
            time = max(time, (self.window + windows) * station.window_us)
        if self.in_flight:
            time = max(time, self.in_flight[0])
        if len(station.opens):
            time = next_open(station.opens, time)
        if self.limited.over_cap == "hold" and self.is_over_cap(units) and self.in_day:
            day_end = int(station.day_ends[self.day])
            if time < day_end:
                time = next_open(station.opens, day_end)
        return time

    def _turn_over(self, now: int) -> None:
        """Begin the window and the day that it is by now."""
        window = now // self.station.window_us
        if window > self.window:
            gone = (window - self.window) * self.station.window_units
            self.in_window = max(0, self.in_window - gone)
            self.window = window
        while len(self.station.day_ends) and self.station.day_ends[self.day] <= now:
            self.day += 1
            self.in_day = 0

    def is_over_cap(self, units: int) -> bool:
        """Say whether so many units more are over the daily cap."""
        cap = self.limited.daily_cap
        return cap is not None and self.in_day + units > cap

    def start(self, units: int, now: int) -> int:
        """Start so many units; return how much later the last of them leaves."""
        station = self.station
        spread = 0
        if self.limiter == "spacing":
            held = self.interval if units == 1 else simulation.held_us(units, station.mps)
            heapq.heapreplace(self.numbers, now + held)
            spread = max(held - self.interval, 0)
        elif self.limiter == "bucket":
            self.bucket_full = max(self.bucket_full, now) + simulation.held_us(units, station.mps)
        elif self.limiter == "window":
            self.in_window += units
        if self.in_flight:
            heapq.heapreplace(self.in_flight, now + station.ack_us)
        self.in_day += units
        return spread


class Simulation:
    """One replication while it runs; a user's own processes get it to look and to step in.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    traffic : Traffic
        The messages.
    seed : int
        Seed of the replication.
    """

    def __init__(self, scenario: Scenario, traffic: Traffic, seed: int) -> None:
        self.scenario = scenario
        #: SimPy's environment; its times are integers, in microseconds.
        self.env = simpy.Environment(initial_time=0)
        self._seed = seed
        self._now = 0
        self._layout: Layout = lay_out(scenario, seed)
        self._queues = [_Queue(k, station) for k, station in enumerate(self._layout.stations)]
        self._queued: list[int] = traffic.queued_us.tolist()
        self._campaign: list[int] = traffic.campaign.tolist()
        self._segments: list[int] = traffic.segments.tolist()
        self._carrier: list[int] = traffic.carrier.tolist()
        self._recipient: list[int] = traffic.recipient.tolist()
        self._zone: list[int] = traffic.zone.tolist()
        self._priority = [scenario.traffic[c].priority for c in self._campaign]
        validity = [simulation.ticks(t.validity_h * 3600) for t in scenario.traffic]
        self._validity = validity
        campaign = traffic.campaign.astype(np.int64)
        rows_of = np.arange(len(campaign)) - first_rows(scenario, traffic)[campaign]
        self._rows_of: list[int] = rows_of.tolist()
        self._keys: list[int] = simulation.key_of(campaign, rows_of).tolist()
        self._deadline = [
            t + validity[c] for t, c in zip(self._queued, self._campaign, strict=True)
        ]
        rows = len(self._queued)
        self._entered = [NEVER] * rows
        self._stage = [Stage.ACCOUNT] * rows
        self._sent = [NEVER] * rows
        self._final = [NEVER] * rows
        self._replied = [NEVER] * rows
        self._keyword = [Keyword.NONE] * rows
        self._attempts = [0] * rows
        self._submissions = [0] * rows
        self._status = [Status.PENDING] * rows
        self._reason = [Reason.NONE] * rows
        self._answer_to = [NEVER] * rows
        self._returning: set[int] = set()
        self._opted_out: set[tuple[int, int]] = set()
        self._agents = [
            [0] * (0 if t.conversation is None else t.conversation.agents) for t in scenario.traffic
        ]
        self._arrivals = iter(np.argsort(traffic.queued_us, kind="stable").tolist())

    @property
    def now_us(self) -> int:
        """The time in microseconds; SimPy keeps the integers that it is given."""
        return typing.cast("int", self.env.now)

    def backlog(self, name: str) -> int:
        """Return how many messages wait at a sender, a carrier, or the ``account``.

        Parameters
        ----------
        name : str
            Name of the sender or carrier.
        """
        return sum(
            len(queue.waiting)
            for queue in self._queues
            if getattr(queue.limited, "name", "account") == name
        )

    def count(self, status: Status) -> int:
        """Return how many messages have a final status by now that is `status`.

        Parameters
        ----------
        status : Status
            Which.
        """
        now = self.now_us
        return sum(
            s is status and NEVER < final <= now
            for s, final in zip(self._status, self._final, strict=True)
        )

    def opt_out(self, recipient: int, traffic: str) -> None:
        """Block what is still to be sent to a recipient of one traffic's sender and class.

        Parameters
        ----------
        recipient : int
            Number of the recipient; the scenario must have a conversation, zones or handsets, else
            recipients have no numbers.
        traffic : str
            Name of the traffic.

        Raises
        ------
        ValueError
            If there is no such traffic, or recipients have no numbers.
        """
        names = [t.name for t in self.scenario.traffic]
        if traffic not in names:
            raise OptionError(f"traffic must be one of {names}; not {traffic!r}")
        if not needs_recipients(self.scenario):
            raise OptionError("recipients have no numbers; give the scenario a conversation")
        self._opted_out.add((self._layout.scopes[names.index(traffic)], recipient))

    def _run(self, processes: Sequence[Process]) -> None:
        for process in processes:
            self.env.process(process(self))
        self._next_arrival()
        self.env.run(until=self._layout.horizon)
        for queue in self._queues:
            self._returning.update(message for _, _, message in queue.waiting)
        for message in self._returning:
            if self._deadline[message] < self._layout.horizon:
                self._expire(message)

    def _at(self, time: int, order: _Order, number: int, callback: _Callback) -> None:
        event = simpy.Event(self.env)
        event._ok = True
        event._value = (callback, number)
        event.callbacks = [self._happen]
        self.env.schedule(event, EventPriority((order << 48) | number), time - self._now)

    def _happen(self, event: simpy.Event) -> None:
        self._now = int(self.env.now)
        callback, number = event._value
        callback(number)

    # On the platform

    def _next_arrival(self) -> None:
        message = next(self._arrivals, None)
        if message is not None:
            self._at(self._queued[message], _Order.ARRIVAL, message, self._arrive)

    def _arrive(self, message: int) -> None:
        if isinstance(self.scenario.traffic[self._campaign[message]], Inbound):
            self._end(message, self._now, Status.RECEIVED, Reason.NONE)
            self._reply(message)
        elif self._carrier[message] < 0:
            self._end(message, self._now, Status.FAILED, Reason.NO_ROUTE)
        elif self._is_opted_out(message):
            self._end(message, self._now, Status.FAILED, Reason.OPTED_OUT)
        else:
            self._enter(message, Stage.ACCOUNT)
        self._next_arrival()

    def _enter(self, message: int, stage: Stage, *, returns: bool = False) -> None:
        """Go to the first station from a stage on that there is."""
        if stage == Stage.ACCOUNT and self._layout.account < 0:
            stage = Stage.SENDER
        first, copies = self._layout.senders[self._campaign[message]]
        self._stage[message] = stage
        if stage == Stage.SENDER and first < 0:
            # Nothing is limited there, but hours and opt-outs matter all the same.
            if self._is_let_go(message):
                self._enter(message, Stage.CARRIER, returns=returns)
            return
        if stage == Stage.ACCOUNT:
            self._put(self._queues[self._layout.account], message, returns)
        elif stage == Stage.SENDER:
            if copies > 1:
                drawn = simulation.uniform(
                    self._seed, simulation.NUMBER, self._recipient[message], 0
                )
                first += int(drawn * copies)
            self._put(self._queues[first], message, returns)
        else:
            carrier = self._carrier[message]
            if self._layout.failover[carrier] >= 0:
                carrier = self._carrier[message] = self._in_operation(carrier)
            station = self._layout.carriers[carrier]
            if station < 0:
                self._submit(message)
            else:
                self._put(self._queues[station], message, returns)

    def _in_operation(self, carrier: int) -> int:
        """Return the first in operation of a carrier and its failovers; it itself if none is."""
        now, one = self._now, carrier
        for _ in self._layout.failover:
            if one < 0 or next_open(self._layout.outages[one], now) == now:
                break
            one = self._layout.failover[one]
        else:
            one = -1
        return carrier if one < 0 else one

    def _put(self, queue: _Queue, message: int, returns: bool) -> None:
        """Let a message come to a queue; of those that come back at once, who is first starts."""
        now = self._now
        self._entered[message] = now
        units = queue.station.units(self._segments[message])
        limit = queue.limited.queue_limit
        if limit is not None and queue.units_waiting + units > limit:
            self._drop_late(queue)
        priority = self._priority[message]
        if not queue.waiting or priority < queue.waiting[0][0]:
            time = queue.ready(units, now)
            if time == now and not returns:
                self._begin(queue, message)
                return
        else:
            time = FAR
        if limit is not None and queue.units_waiting + units > limit:
            self._end(message, now, Status.FAILED, Reason.QUEUE_FULL)
            return
        queue.came += 1
        queue.units_waiting += units
        heapq.heappush(queue.waiting, (priority, queue.came, message))
        if queue.waiting[0][2] == message:
            self._wake_at(queue, time)

    def _is_late(self, message: int) -> bool:
        now = self._now
        return self._deadline[message] < now and self._entered[message] < now

    def _drop_late(self, queue: _Queue) -> None:
        """Let those expire who are first in line and too late: others may have their room."""
        while queue.waiting and self._is_late(queue.waiting[0][2]):
            message = heapq.heappop(queue.waiting)[2]
            queue.units_waiting -= queue.station.units(self._segments[message])
            self._expire(message)

    def _wake_at(self, queue: _Queue, time: int) -> None:
        queue.wake = time
        if time < self._layout.horizon:
            self._at(time, _Order.WAKE, queue.number, self._wake)

    def _wake(self, number: int) -> None:
        queue = self._queues[number]
        if queue.wake != self._now:
            return  # it was put off
        queue.wake = FAR
        now = self._now
        while queue.waiting:
            self._drop_late(queue)
            if not queue.waiting:
                return
            message = queue.waiting[0][2]
            units = queue.station.units(self._segments[message])
            time = queue.ready(units, now)
            if time > now:
                self._wake_at(queue, time)
                return
            heapq.heappop(queue.waiting)
            queue.units_waiting -= units
            self._begin(queue, message)

    def _begin(self, queue: _Queue, message: int) -> None:
        """Start a message at a station that is ready for it."""
        now = self._now
        stage = self._stage[message]
        if stage == Stage.SENDER and not self._is_let_go(message):
            return
        units = queue.station.units(self._segments[message])
        if queue.limited.over_cap == "fail" and queue.is_over_cap(units):
            if stage == Stage.CARRIER:
                self._sent[message] = now
                self._submissions[message] += 1
                self._end(message, now, Status.UNDELIVERED, Reason.DAILY_CAP)
            else:
                self._end(message, now, Status.FAILED, Reason.DAILY_CAP)
            return
        done = now + queue.start(units, now)
        if stage == Stage.CARRIER and done == now:
            self._submit(message)
        elif stage == Stage.CARRIER:
            self._at(done, _Order.ATTEMPT, message, self._submit)
        else:
            following = _AFTER[stage]
            self._stage[message] = following
            self._at(done, _Order.ARRIVAL, message, lambda number: self._enter(number, following))

    def _is_let_go(self, message: int) -> bool:
        """Say whether a message may leave its sender now; if not, it has ended or comes back."""
        now = self._now
        if self._is_opted_out(message):
            self._end(message, now, Status.FAILED, Reason.OPTED_OUT)
            return False
        zone = self._zone[message] if self._zone else 0
        if self._answer_to[message] != NEVER:
            return True
        opens = next_open(self._layout.hours[self._campaign[message]][zone], now)
        if opens > now:
            self._return_at(message, opens, now)
            return False
        return True

    def _is_opted_out(self, message: int) -> bool:
        if not self._opted_out or self._answer_to[message] != NEVER:
            return False
        scope = self._layout.scopes[self._campaign[message]]
        return (scope, self._recipient[message]) in self._opted_out

    def _return_at(self, message: int, time: int, since: int) -> None:
        """Let a message come back to its sender at a time."""
        self._entered[message] = since
        self._returning.add(message)
        if time < self._layout.horizon:
            self._at(time, _Order.RETURN, message, self._come_back)

    def _come_back(self, message: int) -> None:
        self._returning.discard(message)
        if self._deadline[message] < self._now:
            self._expire(message)
        else:
            self._enter(message, Stage.SENDER, returns=True)

    def _expire(self, message: int) -> None:
        # The last segment may leave a station after the deadline that the first one met.
        time = max(self._deadline[message], self._entered[message])
        self._end(message, time, Status.FAILED, Reason.EXPIRED_QUEUE)

    # At the carrier

    def _submit(self, message: int) -> None:
        carrier = self.scenario.carriers[self._carrier[message]]
        now = self._now
        key = self._keys[message]
        before = self._submissions[message]
        self._submissions[message] = before + 1
        drawn = simulation.uniform(self._seed, simulation.SUBMISSION, key, before)
        if drawn < carrier.submit_failure:
            waits = self.scenario.resubmit_s
            if before == len(waits):
                self._end(message, now, Status.FAILED, Reason.SUBMIT_FAILED)
            else:
                self._return_at(message, now + simulation.ticks(waits[before]), now)
            return
        self._sent[message] = now
        self._attempts[message] = 1
        drawn = simulation.uniform(self._seed, simulation.OUTCOME, key, 0)
        if drawn < carrier.permanent_failure:
            self._end(message, now, Status.UNDELIVERED, self._cause(message))
        elif drawn < carrier.permanent_failure + carrier.first_attempt:
            self._attempt(message, now)
        else:
            away = simulation.exponential_us(
                self._seed, simulation.AWAY, key, 0, carrier.away_mean_s
            )
            self._attempt(message, now + away)

    def _cause(self, message: int) -> Reason:
        edges = self.scenario.carriers[self._carrier[message]].causes.edges
        key = self._keys[message]
        drawn = simulation.uniform(self._seed, simulation.CAUSE, key, 0)
        return CAUSES[sum(drawn >= edge for edge in edges)]

    def _attempt(self, message: int, back: int) -> None:
        """Try a message that cannot be delivered before the time `back`."""
        now = self._now
        off_until = NEVER
        handset = self.scenario.handset
        if handset is not None:
            off_until = simulation.off_until(
                self._seed,
                self._recipient[message],
                now,
                handset.off_share,
                handset.off_mean_h * 3600,
            )
        if now >= back and off_until < 0:
            self._deliver(message)
            return
        carrier = self.scenario.carriers[self._carrier[message]]
        waits = carrier.retry_s
        time = now + simulation.ticks(waits[min(self._attempts[message], len(waits)) - 1])
        if handset is not None and handset.redelivered_on_return and off_until >= 0:
            time = min(time, off_until)
        validity_ends = self._sent[message] + simulation.ticks(carrier.validity_h * 3600)
        if time > validity_ends:
            self._end(message, validity_ends, Status.EXPIRED, Reason.ABSENT)
            return

        def again(number: int) -> None:
            self._attempts[number] += 1
            self._attempt(number, back)

        self._at(time, _Order.ATTEMPT, message, again)

    def _deliver(self, message: int) -> None:
        carrier = self.scenario.carriers[self._carrier[message]]
        time = self._now + simulation.lognormal_us(
            self._seed,
            simulation.LATENCY,
            self._keys[message],
            self._attempts[message] - 1,
            carrier.latency_median_s,
            carrier.latency_sigma,
        )
        if self._end(message, time, Status.DELIVERED, Reason.NONE):
            self._plan_reply(message, time)

    def _end(self, message: int, time: int, status: Status, reason: Reason) -> bool:
        """Make a status final, unless it would be after the horizon; say whether it is."""
        if time >= self._layout.horizon:
            return False
        self._final[message] = time
        self._status[message] = status
        self._reason[message] = reason
        return True

    # Replies and answers

    def _plan_reply(self, message: int, landed: int) -> None:
        reading = self.scenario.reading
        talk = self.scenario.traffic[self._campaign[message]].conversation
        if talk is None or self._answer_to[message] != NEVER:
            return
        key = self._keys[message]
        if simulation.uniform(self._seed, simulation.REPLY, key, 0) < talk.reply_share:
            read = landed + simulation.lognormal_us(
                self._seed, simulation.READING, key, 0, reading.median_s, reading.sigma
            )
            time = read + simulation.lognormal_us(
                self._seed,
                simulation.REPLY_DELAY,
                key,
                0,
                talk.reply_median_s,
                talk.reply_sigma,
            )
            if time < self._layout.horizon:
                self._at(time, _Order.REPLY, message, self._reply)

    def _reply(self, message: int) -> None:
        campaign = self._campaign[message]
        talk = self.scenario.traffic[campaign].conversation
        assert talk is not None
        now = self._now
        key = self._keys[message]
        keyword = _keyword(talk, simulation.uniform(self._seed, simulation.KEYWORD, key, 0))
        self._replied[message] = now
        self._keyword[message] = keyword
        mark = (self._layout.scopes[campaign], self._recipient[message])
        if keyword is Keyword.STOP:
            self._opted_out.add(mark)
        elif keyword is Keyword.START:
            self._opted_out.discard(mark)
        if keyword is not Keyword.TEXT:
            if talk.answered:
                self._answer(message, now + simulation.ticks(talk.answer_after_s), talk)
        elif self._agents[campaign]:
            free = self._agents[campaign]
            done = max(now, free[0]) + simulation.exponential_us(
                self._seed, simulation.HANDLING, key, 0, talk.handling_mean_s
            )
            heapq.heapreplace(free, done)
            self._answer(message, done, talk)
        elif talk.text_answered:
            self._answer(message, now + simulation.ticks(talk.answer_after_s), talk)

    def _answer(self, message: int, time: int, talk: Conversation) -> None:
        """Put an answer into the traffic."""
        if time >= self._layout.horizon:
            return
        answer = len(self._queued)
        campaign = self._campaign[message]
        new: list[tuple[list[Any], Any]] = [
            (self._queued, time),
            (self._campaign, campaign),
            (self._segments, talk.answer_segments),
            (self._carrier, self._carrier[message]),
            (self._recipient, self._recipient[message]),
            (self._priority, talk.answer_priority),
            (self._deadline, time + self._validity[campaign]),
            (self._entered, NEVER),
            (self._stage, Stage.ACCOUNT),
            (self._sent, NEVER),
            (self._final, NEVER),
            (self._replied, NEVER),
            (self._keyword, Keyword.NONE),
            (self._attempts, 0),
            (self._submissions, 0),
            (self._status, Status.PENDING),
            (self._reason, Reason.NONE),
            (self._answer_to, message),
            (self._keys, simulation.key_of(campaign, self._rows_of[message], is_answer=True)),
            (self._rows_of, NEVER),
        ]
        if self._zone:
            new.append((self._zone, self._zone[message]))
        for column, value in new:
            column.append(value)
        self._at(time, _Order.ARRIVAL, answer, lambda number: self._enter(number, Stage.ACCOUNT))

    def _result(self) -> Outcome:
        def column(values: list[Any], kind: type[np.generic]) -> Any:
            return np.array(values, kind)

        return Outcome(
            traffic=Traffic(
                column(self._queued, np.int64),
                column(self._campaign, np.int16),
                column(self._segments, np.int32),
                column(self._carrier, np.int16),
                column(self._recipient, np.int64),
                column(self._zone, np.int16),
            ),
            entered_us=column(self._entered, np.int64),
            stage=column(self._stage, np.int8),
            sent_us=column(self._sent, np.int64),
            final_us=column(self._final, np.int64),
            replied_us=column(self._replied, np.int64),
            keyword=column(self._keyword, np.int8),
            answer_to=column(self._answer_to, np.int32),
            submissions=column(self._submissions, np.int16),
            attempts=column(self._attempts, np.int32),
            status=column(self._status, np.int8),
            reason=column(self._reason, np.int8),
        )


_AFTER: Final = {Stage.ACCOUNT: Stage.SENDER, Stage.SENDER: Stage.CARRIER}

#: Reasons of permanent failure, in the order of :class:`smslab.supply.Causes`.
CAUSES: Final = (Reason.INVALID_NUMBER, Reason.FILTERED, Reason.BLOCKED, Reason.UNKNOWN)


def _keyword(talk: Conversation, drawn: float) -> Keyword:
    if drawn < talk.stop_share:
        return Keyword.STOP
    if drawn < talk.stop_share + talk.help_share:
        return Keyword.HELP
    if drawn < talk.stop_share + talk.help_share + talk.start_share:
        return Keyword.START
    return Keyword.TEXT


def run(
    scenario: Scenario, traffic: Traffic, seed: int, processes: Sequence[Process] = ()
) -> Outcome:
    """Run one replication.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    traffic : Traffic
        The messages, from :func:`smslab.traffic.generate`.
    seed : int
        Seed of the replication.
    processes : sequence of callable
        A user's own processes: each is called with the :class:`Simulation` and returns a generator
        of SimPy events.

    Returns
    -------
    Outcome
        One row per message; answers come after the messages of the traffic.
    """
    simulated = Simulation(scenario, traffic, seed)
    simulated._run(processes)
    return simulated._result()
