"""Simulation: random numbers by key, and the event loop of the compiled engine.

Random numbers: the same (seed, stream, message, attempt) gives the same number. A number depends
on nothing but its key, so the order in which an engine asks, the number of other messages and the
chunking do not change it. The key is mixed by three rounds of the splitmix64 finaliser (Steele,
Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014); the normal quantile
is algorithm AS 241, PPND16 (Wichura, Applied Statistics 37, 1988), exact to about 16 digits.

The event loop says what :mod:`smslab.engines.reference` says, without events where nobody reacts
to them: a station that is free takes a message at once, one that is busy is woken when it is free
and somebody waits, and what comes after the last station is written down ahead.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from smslab.kernels import inner, kernel

_Array: TypeAlias = npt.NDArray[Any]

#: A stream or an attempt, of Python's or numpy's type.
_Int: TypeAlias = int | np.int64

# One stream a quantity, so that changing one leaves the draws of the others as they are.
(
    ARRIVAL,
    SEGMENTS,
    CARRIER,
    OUTCOME,
    LATENCY,
    AWAY,
    RECEIPT,
    RECEIPT_DELAY,
    READING,
    RECIPIENT,
    ZONE,
    NUMBER,
    CAUSE,
    SUBMISSION,
    HANDSET,
    OUTAGE,
    REPLY,
    REPLY_DELAY,
    KEYWORD,
    HANDLING,
    EMAIL,
    EMAIL_DELAY,
    CONVERSION,
) = np.arange(1, 24, dtype=np.int64)

#: Number of what happens but once. Numbers of numpy's types, since of Python's numba compiles every
#: function anew for each constant.
FIRST: Final = np.int64(0)

# Coefficients of AS 241, highest power first.
_A = (
    2509.0809287301226727,
    33430.575583588128105,
    67265.770927008700853,
    45921.953931549871457,
    13731.693765509461125,
    1971.5909503065514427,
    133.14166789178437745,
    3.387132872796366608,
)
_B = (
    5226.495278852854561,
    28729.085735721942674,
    39307.89580009271061,
    21213.794301586595867,
    5394.1960214247511077,
    687.1870074920579083,
    42.313330701600911252,
    1.0,
)
_C = (
    7.7454501427834140764e-4,
    0.0227238449892691845833,
    0.24178072517745061177,
    1.27045825245236838258,
    3.64784832476320460504,
    5.7694972214606914055,
    4.6303378461565452959,
    1.42343711074968357734,
)
_D = (
    1.05075007164441684324e-9,
    5.475938084995344946e-4,
    0.0151986665636164571966,
    0.14810397642748007459,
    0.68976733498510000455,
    1.6763848301838038494,
    2.05319162663775882187,
    1.0,
)
_E = (
    2.01033439929228813265e-7,
    2.71155556874348757815e-5,
    0.0012426609473880784386,
    0.026532189526576123093,
    0.29656057182850489123,
    1.7848265399172913358,
    5.4637849111641143699,
    6.6579046435011037772,
)
_F = (
    2.04426310338993978564e-15,
    1.4215117583164458887e-7,
    1.8463183175100546818e-5,
    7.868691311456132591e-4,
    0.0148753612908506148525,
    0.13692988092273580531,
    0.59983220655588793769,
    1.0,
)


@kernel
def _mix(value: np.uint64) -> np.uint64:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@kernel
def uniform(seed: int, stream: _Int, message: int, attempt: _Int) -> float:
    """Draw from the open interval (0, 1).

    Parameters
    ----------
    seed : int
        Seed of the replication, 0 or more.
    stream : int
        Which quantity is drawn: one of this file's constants.
    message : int
        Number of the message.
    attempt : int
        Number of the attempt; also what tells two campaigns' arrivals apart.
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    key = _mix(np.uint64(seed) + golden * (np.uint64(stream) + np.uint64(1)))
    key = _mix(key + golden * (np.uint64(message) + np.uint64(1)))
    key = _mix(key + golden * (np.uint64(attempt) + np.uint64(1)))
    # 52 bits and a half step: neither 0 nor 1 can come out, and each value is exact.
    return (np.float64(key >> np.uint64(12)) + 0.5) * 2.0**-52


@kernel
def exponential(seed: int, stream: _Int, message: int, attempt: _Int) -> float:
    """Draw an exponential number with mean 1; parameters as in :func:`uniform`."""
    return -math.log(uniform(seed, stream, message, attempt))


@kernel
def _horner(coefficients: tuple[float, ...], x: float) -> float:
    value = 0.0
    for coefficient in coefficients:
        value = value * x + coefficient
    return value


@kernel
def normal_quantile(p: float) -> float:
    """Return the standard normal quantile of `p`, which is between 0 and 1, these excluded."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _horner(_A, r) / _horner(_B, r)
    r = math.sqrt(-math.log(min(p, 1.0 - p)))
    if r <= 5.0:
        tail = _horner(_C, r - 1.6) / _horner(_D, r - 1.6)
    else:
        tail = _horner(_E, r - 5.0) / _horner(_F, r - 5.0)
    return -tail if q < 0.0 else tail


@kernel
def normal(seed: int, stream: _Int, message: int, attempt: _Int) -> float:
    """Draw a standard normal number; parameters as in :func:`uniform`."""
    return normal_quantile(uniform(seed, stream, message, attempt))


@kernel
def uniforms_of(
    seed: int, stream: _Int, messages: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Draw :func:`uniform` for so many messages, attempt 0."""
    out = np.empty(len(messages), np.float64)
    for row, message in enumerate(messages):
        out[row] = uniform(seed, stream, message, FIRST)
    return out


@kernel
def passing(
    seed: int,
    attempt: _Int,
    first: int,
    passed: float,
    rate_per_s: float,
    out: npt.NDArray[np.float64],
) -> None:
    """Draw when the messages of a Poisson process come, in seconds.

    Parameters
    ----------
    seed, attempt : int
        As in :func:`uniform`.
    first : int
        Number of the first message in its process.
    passed : float
        When the message before it came.
    rate_per_s : float
        The rate.
    out : ndarray of float64
        Output.
    """
    for row in range(len(out)):
        passed += exponential(seed, ARRIVAL, first + row, attempt) / rate_per_s
        out[row] = passed


_FEW: Final = 16


@kernel
def picks(
    seed: int, stream: _Int, messages: npt.NDArray[np.int64], edges: npt.NDArray[np.float64]
) -> npt.NDArray[np.int16]:
    """Draw by shares, for so many messages.

    Parameters
    ----------
    seed, stream : int
        As in :func:`uniform`.
    messages : ndarray of int64
        Numbers of the messages.
    edges : ndarray of float64, shape (k,)
        Sums of the shares up to each; the last is 1.
    """
    out = np.empty(len(messages), np.int16)
    last = len(edges) - 1
    for row, message in enumerate(messages):
        drawn = uniform(seed, stream, message, FIRST)
        if last <= _FEW:
            # Without a branch for the processor to guess.
            low = 0
            for edge in edges[:last]:
                low += edge <= drawn
            out[row] = low
        else:
            out[row] = np.searchsorted(edges[:last], drawn, side="right")
    return out


#: Where the traffic stands in a key, and what marks answers.
_TRAFFIC: Final = 40
_ANSWER: Final = 1 << 39


def key_of(traffic: Any, row: Any, *, is_answer: Any = False) -> Any:
    """Return the keys of draws of messages: what is drawn for one depends on nothing else.

    Parameters
    ----------
    traffic : int or ndarray of int64
        Position of the traffic in the scenario.
    row : int or ndarray of int64
        Row of the message in its traffic; of the one that is answered, for an answer.
    is_answer : bool or ndarray of bool
        Whether it is one.

    Returns
    -------
    int or ndarray of int64
    """
    keys = row if isinstance(traffic, int) and not traffic else (traffic << _TRAFFIC) + row
    return keys if is_answer is False else keys + _ANSWER * is_answer


#: Ticks of the integer clock in a second: microseconds.
SECOND: Final = 1_000_000

#: A time that never comes, some thirty years ahead: longer draws are cut here.
FAR: Final = 10**15


@kernel
def ticks(seconds: float) -> int:
    """Round a time in seconds to the clock: the one place where that is done."""
    return int(np.rint(min(seconds * 1e6, 1e15)))


@kernel
def exponential_us(seed: int, stream: _Int, message: int, attempt: _Int, mean_s: float) -> int:
    """Draw an exponential time in microseconds; parameters as in :func:`uniform`."""
    return ticks(mean_s * exponential(seed, stream, message, attempt))


@kernel
def lognormal_us(
    seed: int, stream: _Int, message: int, attempt: _Int, median_s: float, sigma: float
) -> int:
    """Draw a log-normal time in microseconds; parameters as in :func:`uniform`."""
    return ticks(median_s * math.exp(sigma * normal(seed, stream, message, attempt)))


@kernel
def lognormals_us(
    seed: int,
    stream: _Int,
    messages: npt.NDArray[np.int64],
    attempt: _Int,
    median_s: float,
    sigma: float,
) -> npt.NDArray[np.int64]:
    """Draw :func:`lognormal_us` for so many messages."""
    out = np.empty(len(messages), np.int64)
    for row, message in enumerate(messages):
        out[row] = lognormal_us(seed, stream, message, attempt, median_s, sigma)
    return out


@kernel
def held_us(units: int, mps: float) -> int:
    """Return the time that so many units take at a rate, in microseconds."""
    return ticks(units / mps)


@kernel
def off_until(seed: int, recipient: int, time: int, off_share: float, off_mean_s: float) -> int:
    """Return when a recipient's handset that is off at a time comes back; -1 where it is on.

    Times on and off are exponential and in equilibrium at moment 0.
    """
    if off_share <= 0.0:
        return -1
    on_mean_s = off_mean_s * (1.0 - off_share) / off_share
    is_off = uniform(seed, HANDSET, recipient, FIRST) < off_share
    end = 0
    turn = FIRST + 1
    while True:
        end += exponential_us(seed, HANDSET, recipient, turn, off_mean_s if is_off else on_mean_s)
        if end > time:
            return end if is_off else -1
        is_off = not is_off
        turn += 1


# What the event loop shares with its engine: codes of `smslab.outcome`, as a test checks.
NEVER: Final = -1
_PENDING, _FAILED, _UNDELIVERED, _EXPIRED, _DELIVERED, _RECEIVED = np.arange(6, dtype=np.int8)
(
    _NO_REASON,
    _EXPIRED_QUEUE,
    _NO_ROUTE,
    _ABSENT,
    _INVALID_NUMBER,
    _FILTERED,
    _BLOCKED,
    _UNKNOWN,
    _QUEUE_FULL,
    _DAILY_CAP,
    _OPTED_OUT,
    _SUBMIT_FAILED,
) = np.arange(12, dtype=np.int8)
_NO_KEYWORD, _STOP, _HELP, _START, _TEXT = range(5)

#: Kinds of limiters.
UNLIMITED, SPACING, WINDOW, BUCKET = range(4)

#: Stages of a message's way.
_ACCOUNT, _SENDER, _CARRIER = range(3)

# Classes of events, in the order in which those of the same time happen. What a carrier does is
# written down ahead and needs no event; who is submitted again at once comes back after it.
_RETURN, _WAKE, _RETURN_AT_ONCE, _REPLY, _ARRIVAL = np.arange(5)
_SHIFT: Final = 48
_NUMBER: Final = (1 << _SHIFT) - 1

# Rows of `Model.times`, `Model.counts`, `Model.places` and `Model.codes`.
QUEUED, SENT, FINAL, REPLIED, ENTERED, RECIPIENT_NUMBER = range(6)
SEGMENT_COUNT, ATTEMPTS, ANSWER_TO, BEHIND = range(4)
CAMPAIGN, CARRIER_NUMBER, ZONE_NUMBER, SUBMISSIONS = range(4)
STATUS, REASON, KEYWORD_CODE, STAGE = range(4)

# Columns of `Model.stations`: what it is, and from FULL on what it is like by now.
(
    LIMITER,
    PER_MESSAGE,
    BURST,
    WINDOW_UNITS,
    WINDOW_US,
    INTERVAL_US,
    ACK_US,
    QUEUE_LIMIT,
    DAILY_CAP,
    HOLDS,
    NUMBERS,
    NUMBERS_END,
    FLIGHT,
    FLIGHT_END,
    OPENS,
    OPENS_END,
    DAY_ENDS,
    FULL,
    WINDOW_NUMBER,
    IN_WINDOW,
    DAY,
    IN_DAY,
    WAITING,
    STATION_COLUMNS,
) = range(24)

# Columns of `Model.traffic`, `Model.talk`, `Model.carriers`, `Model.fate`.
SENDER, COPIES, SCOPE, VALIDITY, LEVEL, ANSWER_LEVEL, AGENTS, AGENTS_END, IS_INBOUND, FIRST_ROW = (
    range(10)
)
(
    REPLY_SHARE,
    REPLY_MEDIAN,
    REPLY_SIGMA,
    STOP_EDGE,
    HELP_EDGE,
    START_EDGE,
    ANSWER_AFTER,
    ANSWER_SEGMENTS,
    HANDLING_MEAN,
    TEXT_AFTER,
) = range(10)
STATION, FAILOVER, OUTAGES, OUTAGES_END, RETRIES, RETRIES_END = range(6)
(
    SUBMIT_FAILURE,
    FAILURE,
    REACHED,
    AWAY_MEAN,
    NETWORK_VALIDITY,
    LATENCY_MEDIAN,
    LATENCY_SIGMA,
    CAUSE_EDGES,
) = range(8)

# Entries of `Model.general` and `Model.people`.
(
    ACCOUNT,
    HORIZON,
    SEED,
    MESSAGES,
    RESUBMIT,
    RESUBMIT_END,
    EVENTS,
    CAME,
    ROWS,
    NUMBERS_GIVEN,
    HAND_TIME,
    HAND_KEY,
    HAND_ROW,
    IS_LAST,
    STOPPED,
) = range(15)
OFF_SHARE, OFF_MEAN, ON_RETURN, READ_MEDIAN, READ_SIGMA = range(5)


class Model(NamedTuple):
    """All that the event loop works on; few arrays, since each costs time to compile.

    A message is known by its row. Its number, which orders events, is that of its row, unless
    `numbers` says otherwise: then rows are used again when messages are over.
    """

    times: _Array  # int64 (6, rows)
    counts: _Array  # int32 (4, rows)
    places: _Array  # int16 (4, rows)
    codes: _Array  # int8 (4, rows)
    stations: _Array  # int64 (stations, 23)
    mps: _Array  # float64 (stations,)
    wakes: _Array  # int64 (stations,): when somebody who waits can start
    lines: _Array  # int64 (stations, levels, 2): who waits first and last
    heaps: _Array  # int64: when numbers, places in windows and agents are free, heap after heap
    opens: _Array  # int64 (n, 2): open hours, of stations, carriers and traffic
    instants: _Array  # int64: ends of days of stations, waits of carriers and of submissions
    traffic: _Array  # int64 (traffic, 10)
    talk: _Array  # float64 (traffic, 10)
    hours: _Array  # int64 (traffic, zones, 2): a range of `opens`
    carriers: _Array  # int64 (carriers, 6)
    fate: _Array  # float64 (carriers, 10): the last three are edges of causes
    people: _Array  # float64 (5,)
    opted_out: _Array  # bool (scopes, recipients); empty where nobody replies
    events: _Array  # int64 (3, rows + 1): time, key and row, a heap; a row has one ahead at most
    numbers: _Array  # int64 (rows,), or empty
    general: _Array  # int64 (15,); the first event is in its hand or on top of the heap


@inner
def _number(m: Model, message: int) -> int:
    return int(m.numbers[message]) if len(m.numbers) else message


@inner
def _push(m: Model, time: int, kind: np.int64, message: int) -> None:
    """Keep an event of a message; its class and the message's number are its key.

    The nearest one is kept in hand, out of the heap: most are over before another comes.
    """
    key = int(kind << _SHIFT | _number(m, message))
    row = message
    near, near_key = m.general[HAND_TIME], m.general[HAND_KEY]
    if time < near or (time == near and key < near_key):
        held = m.general[HAND_ROW]
        m.general[HAND_TIME] = time
        m.general[HAND_KEY] = key
        m.general[HAND_ROW] = row
        if near == FAR:
            return
        time, key, row = near, near_key, held
    events = m.events
    place = m.general[EVENTS]
    m.general[EVENTS] = place + 1
    while place:
        above = (place - 1) >> 1
        if events[0, above] < time or (events[0, above] == time and events[1, above] < key):
            break
        for k in range(3):
            events[k, place] = events[k, above]
        place = above
    events[0, place] = time
    events[1, place] = key
    events[2, place] = row


@inner
def _pop(m: Model) -> None:
    """Take the first event out of the heap."""
    events = m.events
    size = m.general[EVENTS] - 1
    m.general[EVENTS] = size
    time, key, row = events[0, size], events[1, size], events[2, size]
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size:
            gap = events[0, below + 1] - events[0, below]
            if gap < 0 or (gap == 0 and events[1, below + 1] < events[1, below]):
                below += 1
        if time < events[0, below] or (time == events[0, below] and key < events[1, below]):
            break
        for k in range(3):
            events[k, place] = events[k, below]
        place = below
    events[0, place] = time
    events[1, place] = key
    events[2, place] = row


@inner
def _replace(heap: npt.NDArray[np.int64], first: int, end: int, value: int) -> None:
    """Put a larger value in the place of the smallest of a heap within an array."""
    size = end - first
    place = 0
    while True:
        below = 2 * place + 1
        if below >= size:
            break
        if below + 1 < size and heap[first + below + 1] < heap[first + below]:
            below += 1
        if value <= heap[first + below]:
            break
        heap[first + place] = heap[first + below]
        place = below
    heap[first + place] = value


@inner
def _next_open(opens: npt.NDArray[np.int64], first: int, end: int, time: int) -> int:
    """Return the first open moment from a time on; FAR where there is none."""
    if first == end:
        return time
    low, high = first, end
    while low < high:
        middle = (low + high) >> 1
        if opens[middle, 1] <= time:
            low = middle + 1
        else:
            high = middle
    return max(time, int(opens[low, 0])) if low < end else FAR


@inner
def _ready(m: Model, s: int, units: int, now: int) -> int:
    """Return when so many units can start at a station if nothing else does before."""
    st = m.stations[s]
    limiter = st[LIMITER]
    time = now
    if limiter == SPACING:
        time = max(time, int(m.heaps[st[NUMBERS]]))
    elif limiter == BUCKET:
        spare = max(int(st[BURST]) - units, 0)
        time = max(time, int(st[FULL]) - held_us(spare, m.mps[s]))
    elif limiter == WINDOW:
        room = int(st[WINDOW_UNITS])
        window = now // int(st[WINDOW_US])
        if window > st[WINDOW_NUMBER]:
            st[IN_WINDOW] = max(0, int(st[IN_WINDOW]) - (window - int(st[WINDOW_NUMBER])) * room)
            st[WINDOW_NUMBER] = window
        used = int(st[IN_WINDOW])
        if used and used + units > room:
            # A message larger than a window starts in an empty one.
            windows = min(-(-used // room), -(-(used + units - room) // room))
            time = max(time, (window + windows) * int(st[WINDOW_US]))
    if st[FLIGHT] < st[FLIGHT_END]:
        time = max(time, int(m.heaps[st[FLIGHT]]))
    time = _next_open(m.opens, st[OPENS], st[OPENS_END], time)
    cap = st[DAILY_CAP]
    if cap >= 0:
        while m.instants[st[DAY_ENDS] + st[DAY]] <= now:
            st[DAY] += 1
            st[IN_DAY] = 0
        if st[HOLDS] and st[IN_DAY] and st[IN_DAY] + units > cap:
            day_end = int(m.instants[st[DAY_ENDS] + st[DAY]])
            if time < day_end:
                time = _next_open(m.opens, st[OPENS], st[OPENS_END], day_end)
    return time


@inner
def _take(m: Model, s: int, units: int, now: int) -> int:
    """Start so many units at a station; return how much later the last of them leaves."""
    st = m.stations[s]
    limiter = st[LIMITER]
    spread = 0
    if limiter == SPACING:
        held = int(st[INTERVAL_US]) if units == 1 else held_us(units, m.mps[s])
        _replace(m.heaps, st[NUMBERS], st[NUMBERS_END], now + held)
        if units > 1:
            spread = max(held - int(st[INTERVAL_US]), 0)
    elif limiter == BUCKET:
        st[FULL] = max(int(st[FULL]), now) + held_us(units, m.mps[s])
    elif limiter == WINDOW:
        st[IN_WINDOW] += units
    if st[FLIGHT] < st[FLIGHT_END]:
        _replace(m.heaps, st[FLIGHT], st[FLIGHT_END], now + st[ACK_US])
    st[IN_DAY] += units
    return spread


@inner
def _units(m: Model, s: int, message: int) -> int:
    return 1 if m.stations[s, PER_MESSAGE] else int(m.counts[SEGMENT_COUNT, message])


@inner
def _is_answer(m: Model, message: int) -> bool:
    return bool(m.opted_out.shape[1] > 0 and m.counts[ANSWER_TO, message] != NEVER)


@inner
def _key(m: Model, message: int) -> int:
    """Return the key of a message's draws; see :func:`key_of`."""
    campaign = int(m.places[CAMPAIGN, message])
    first = int(m.traffic[campaign, FIRST_ROW])
    if _is_answer(m, message):
        return campaign << _TRAFFIC | _ANSWER | int(m.counts[ANSWER_TO, message]) - first
    return campaign << _TRAFFIC | _number(m, message) - first


@inner
def _deadline(m: Model, message: int) -> int:
    return int(m.times[QUEUED, message] + m.traffic[m.places[CAMPAIGN, message], VALIDITY])


@inner
def _fail(m: Model, message: int, time: int, reason: np.int8) -> None:
    """Let a message end that no carrier has, unless it would be after the horizon."""
    if time < m.general[HORIZON]:
        m.times[FINAL, message] = time
        m.codes[STATUS, message] = _FAILED
        m.codes[REASON, message] = reason


@inner
def _end(m: Model, message: int, time: int, status: np.int8, reason: np.int8) -> bool:
    """Let a sent message end, unless it would be after the horizon; say whether it does."""
    if time >= m.general[HORIZON]:
        return False
    m.times[FINAL, message] = time
    m.codes[STATUS, message] = status
    m.codes[REASON, message] = reason
    return True


@inner
def _expire(m: Model, message: int) -> None:
    # The last segment may leave a station after the deadline that the first one met.
    time = max(_deadline(m, message), int(m.times[ENTERED, message]))
    _fail(m, message, time, _EXPIRED_QUEUE)


@inner
def _is_opted_out(m: Model, message: int) -> bool:
    if m.opted_out.shape[1] == 0 or _is_answer(m, message):
        return False
    scope = m.traffic[m.places[CAMPAIGN, message], SCOPE]
    return bool(m.opted_out[scope, m.times[RECIPIENT_NUMBER, message]])


@inner
def _is_let_go(m: Model, message: int, now: int) -> bool:
    """Say whether a message may leave its sender now; if not, it has ended or comes back."""
    if _is_opted_out(m, message):
        _fail(m, message, now, _OPTED_OUT)
        return False
    zone = m.places[ZONE_NUMBER, message] if m.hours.shape[1] > 1 else 0
    hours = m.hours[m.places[CAMPAIGN, message], zone]
    if hours[0] == hours[1] or _is_answer(m, message):
        return True
    time = _next_open(m.opens, hours[0], hours[1], now)
    if time > now:
        m.times[ENTERED, message] = now
        _push(m, time, _RETURN, message)
        return False
    return True


@inner
def _begin(m: Model, s: int, message: int, now: int) -> int:
    """Start a message at a station that is ready; return when a carrier has it, or NEVER."""
    stage = m.codes[STAGE, message]
    if stage == _SENDER and not _is_let_go(m, message, now):
        return NEVER
    units = _units(m, s, message)
    cap = m.stations[s, DAILY_CAP]
    if cap >= 0 and not m.stations[s, HOLDS] and m.stations[s, IN_DAY] + units > cap:
        if stage == _CARRIER:
            m.times[SENT, message] = now
            m.places[SUBMISSIONS, message] += 1
            _end(m, message, now, _UNDELIVERED, _DAILY_CAP)
        else:
            _fail(m, message, now, _DAILY_CAP)
        return NEVER
    done = now + _take(m, s, units, now)
    if stage == _CARRIER:
        return done
    m.codes[STAGE, message] = stage + 1
    _push(m, done, _ARRIVAL, message)
    return NEVER


@inner
def _first_level(m: Model, s: int) -> int:
    """Return the level of who is next at a station, or how many levels there are."""
    level = 0
    while level < m.lines.shape[1] and m.lines[s, level, 0] < 0:
        level += 1
    return level


@inner
def _is_late(m: Model, message: int, now: int) -> bool:
    return bool(_deadline(m, message) < now and m.times[ENTERED, message] < now)


@inner
def _take_out(m: Model, s: int, level: int, message: int) -> None:
    """Take the first of a line out of it."""
    m.lines[s, level, 0] = m.counts[BEHIND, message]
    m.stations[s, WAITING] -= _units(m, s, message)


@inner
def _drop_late(m: Model, s: int, now: int) -> int:
    """Let those expire who are first in line and too late; return the level of who is first."""
    while True:
        level = _first_level(m, s)
        if level == m.lines.shape[1]:
            return level
        message = int(m.lines[s, level, 0])
        if not _is_late(m, message, now):
            return level
        _take_out(m, s, level, message)
        _expire(m, message)


@inner
def _must_wait(m: Model, s: int, message: int, now: int, returns: bool) -> bool:
    """Say whether a message that comes to a station cannot start; then it waits, or has ended.

    Of those that come back at the same time, who is first starts: they wait for one another.
    """
    m.times[ENTERED, message] = now
    units = _units(m, s, message)
    limit = m.stations[s, QUEUE_LIMIT]
    if limit >= 0 and m.stations[s, WAITING] + units > limit:
        _drop_late(m, s, now)
    level = m.traffic[m.places[CAMPAIGN, message], LEVEL + _is_answer(m, message)]
    is_first = level < _first_level(m, s)
    if is_first:
        time = _ready(m, s, units, now)
        if time == now and not returns:
            return False
    if limit >= 0 and m.stations[s, WAITING] + units > limit:
        _fail(m, message, now, _QUEUE_FULL)
        return True
    m.stations[s, WAITING] += units
    line = m.lines[s, level]
    m.counts[BEHIND, message] = -1
    if line[0] < 0:
        line[0] = message
    else:
        m.counts[BEHIND, line[1]] = message
    line[1] = message
    if is_first:
        m.wakes[s] = time
    return True


@inner
def _next_to_start(m: Model, s: int, now: int) -> int:
    """Take the next message out of the line that can start at a station, or none: NEVER."""
    level = _drop_late(m, s, now)
    if level == m.lines.shape[1]:
        return NEVER
    message = int(m.lines[s, level, 0])
    time = _ready(m, s, _units(m, s, message), now)
    if time > now:
        m.wakes[s] = time
        return NEVER
    _take_out(m, s, level, message)
    return message


@inner
def _in_operation(m: Model, carrier: int, now: int) -> int:
    """Return the first in operation of a carrier and its failovers; it itself if none is."""
    one = carrier
    for _ in range(len(m.carriers)):
        if one < 0:
            break
        first, end = m.carriers[one, OUTAGES], m.carriers[one, OUTAGES_END]
        if _next_open(m.opens, first, end, now) == now:
            return one
        one = int(m.carriers[one, FAILOVER])
    return carrier


@inner
def _station_from(m: Model, message: int, stage: int, now: int) -> int:
    """Return the station of a message from a stage on; NEVER where none is left, or it is held."""
    if stage == _ACCOUNT:
        m.codes[STAGE, message] = _ACCOUNT
        if m.general[ACCOUNT] >= 0:
            return int(m.general[ACCOUNT])
    traffic = m.traffic[m.places[CAMPAIGN, message]]
    if stage <= _SENDER:
        m.codes[STAGE, message] = _SENDER
        s = int(traffic[SENDER])
        if s >= 0:
            if traffic[COPIES] > 1:
                recipient = m.times[RECIPIENT_NUMBER, message]
                s += int(uniform(m.general[SEED], NUMBER, recipient, FIRST) * traffic[COPIES])
            return s
        # Nothing is limited there, but hours and opt-outs matter all the same.
        if not _is_let_go(m, message, now):
            return NEVER
    m.codes[STAGE, message] = _CARRIER
    carrier = m.places[CARRIER_NUMBER, message]
    if m.carriers[carrier, FAILOVER] >= 0:
        carrier = _in_operation(m, carrier, now)
        m.places[CARRIER_NUMBER, message] = carrier
    return int(m.carriers[carrier, STATION])


@inner
def _attempt(m: Model, message: int, key: int, time: int, back: int) -> None:
    """Write down the attempts of a carrier from a time on; before `back` all fail."""
    seed, horizon = m.general[SEED], m.general[HORIZON]
    carrier = m.places[CARRIER_NUMBER, message]
    fate = m.fate[carrier]
    validity_ends = time + int(fate[NETWORK_VALIDITY])
    first, end = m.carriers[carrier, RETRIES], m.carriers[carrier, RETRIES_END]
    attempts = 1
    now = time
    while True:
        off = NEVER
        if m.people[OFF_SHARE] > 0.0:
            recipient = m.times[RECIPIENT_NUMBER, message]
            off = off_until(seed, recipient, now, m.people[OFF_SHARE], m.people[OFF_MEAN])
        if now >= back and off < 0:
            break
        retry = now + int(m.instants[min(first + attempts, end) - 1])
        if off >= 0 and m.people[ON_RETURN] > 0.0:
            retry = min(retry, off)
        if retry > validity_ends or retry >= horizon:
            m.counts[ATTEMPTS, message] = attempts
            if retry > validity_ends:
                _end(m, message, validity_ends, _EXPIRED, _ABSENT)
            return
        now = retry
        attempts += 1
    m.counts[ATTEMPTS, message] = attempts
    landed = now + lognormal_us(
        seed, LATENCY, key, attempts - 1, fate[LATENCY_MEDIAN], fate[LATENCY_SIGMA]
    )
    if not _end(m, message, landed, _DELIVERED, _NO_REASON):
        return
    talk = m.talk[m.places[CAMPAIGN, message]]
    share = 0.0 if _is_answer(m, message) else talk[REPLY_SHARE]
    if share > 0.0 and uniform(seed, REPLY, key, FIRST) < share:
        reply = landed + lognormal_us(
            seed, READING, key, FIRST, m.people[READ_MEDIAN], m.people[READ_SIGMA]
        )
        reply += lognormal_us(seed, REPLY_DELAY, key, FIRST, talk[REPLY_MEDIAN], talk[REPLY_SIGMA])
        if reply < horizon:
            _push(m, reply, _REPLY, message)


@inner
def _submit(m: Model, message: int, time: int, now: int) -> None:
    """Write down what becomes of a message that a carrier has at a time, now or later."""
    if time >= m.general[HORIZON]:
        return
    seed, key = m.general[SEED], _key(m, message)
    fate = m.fate[m.places[CARRIER_NUMBER, message]]
    before = FIRST + m.places[SUBMISSIONS, message]
    m.places[SUBMISSIONS, message] = before + 1
    failure = fate[SUBMIT_FAILURE]
    if failure > 0.0 and uniform(seed, SUBMISSION, key, before) < failure:
        if before == m.general[RESUBMIT_END] - m.general[RESUBMIT]:
            _fail(m, message, time, _SUBMIT_FAILED)
        else:
            m.times[ENTERED, message] = time
            wait = int(m.instants[m.general[RESUBMIT] + before])
            at_once = wait == 0 and time > now
            _push(m, time + wait, _RETURN_AT_ONCE if at_once else _RETURN, message)
        return
    m.times[SENT, message] = time
    drawn = uniform(seed, OUTCOME, key, FIRST)
    if drawn < fate[FAILURE]:
        m.counts[ATTEMPTS, message] = 1
        drawn = uniform(seed, CAUSE, key, FIRST)
        cause = int(_INVALID_NUMBER)
        for k in range(CAUSE_EDGES, CAUSE_EDGES + 3):
            cause += drawn >= fate[k]
        _end(m, message, time, _UNDELIVERED, np.int8(cause))
        return
    back = time
    if drawn >= fate[REACHED]:
        back += exponential_us(seed, AWAY, key, FIRST, fate[AWAY_MEAN])
    _attempt(m, message, key, time, back)


@inner
def _reply(m: Model, message: int, now: int) -> None:
    """Take in what a recipient wrote back, and put the answer into the traffic."""
    seed, key = m.general[SEED], _key(m, message)
    campaign = m.places[CAMPAIGN, message]
    talk = m.talk[campaign]
    drawn = uniform(seed, KEYWORD, key, FIRST)
    keyword = _TEXT
    for k in range(3):
        if drawn < talk[START_EDGE - k]:
            keyword = _START - k
    m.times[REPLIED, message] = now
    m.codes[KEYWORD_CODE, message] = keyword
    if keyword in (_STOP, _START):
        scope = m.traffic[campaign, SCOPE]
        m.opted_out[scope, m.times[RECIPIENT_NUMBER, message]] = keyword == _STOP
    first, end = m.traffic[campaign, AGENTS], m.traffic[campaign, AGENTS_END]
    time = FAR
    if keyword != _TEXT:
        if talk[ANSWER_AFTER] >= 0.0:
            time = now + int(talk[ANSWER_AFTER])
    elif first < end:
        time = max(now, int(m.heaps[first]))
        time += exponential_us(seed, HANDLING, key, FIRST, talk[HANDLING_MEAN])
        _replace(m.heaps, first, end, time)
    elif talk[TEXT_AFTER] >= 0.0:
        time = now + int(talk[TEXT_AFTER])
    if time >= m.general[HORIZON]:
        return
    answer = int(m.general[ROWS])
    m.general[ROWS] = answer + 1
    m.times[QUEUED, answer] = time
    m.places[CAMPAIGN, answer] = campaign
    m.counts[SEGMENT_COUNT, answer] = int(talk[ANSWER_SEGMENTS])
    m.places[CARRIER_NUMBER, answer] = m.places[CARRIER_NUMBER, message]
    m.times[RECIPIENT_NUMBER, answer] = m.times[RECIPIENT_NUMBER, message]
    m.places[ZONE_NUMBER, answer] = m.places[ZONE_NUMBER, message]
    m.counts[ANSWER_TO, answer] = _number(m, message)
    if len(m.numbers):
        m.numbers[answer] = m.general[NUMBERS_GIVEN]
    m.general[NUMBERS_GIVEN] += 1
    m.codes[STAGE, answer] = _ACCOUNT
    _push(m, time, _ARRIVAL, answer)


@inner
def _next_event(m: Model, order: npt.NDArray[np.int64]) -> tuple[int, int, int]:
    """Return time, key and row of the next event.

    That is a station to wake, one in hand or in the heap, or who comes.
    """
    time, key, row = FAR, 0, NEVER
    for s in range(len(m.wakes)):
        if m.wakes[s] < time:
            time, key, row = int(m.wakes[s]), int(_WAKE << _SHIFT | s), s
    at, of = int(m.general[HAND_TIME]), int(m.general[HAND_KEY])
    if at < time or (at == time and of < key):
        time, key, row = at, of, int(m.general[HAND_ROW])
    if m.general[EVENTS]:
        at, of = int(m.events[0, 0]), int(m.events[1, 0])
        if at < time or (at == time and of < key):
            time, key, row = at, of, int(m.events[2, 0])
    come = int(m.general[CAME])
    if come < m.general[MESSAGES]:
        message = int(order[come]) if len(order) else come
        at = int(m.times[QUEUED, message])
        of = int(_ARRIVAL << _SHIFT | _number(m, message))
        if at < time or (at == time and of < key):
            time, key, row = at, of, message
    return time, key, row


@inner
def _loop(m: Model, order: npt.NDArray[np.int64]) -> None:
    """Let one event happen after the other until the horizon, or until all have come."""
    while m.general[IS_LAST] or m.general[CAME] < m.general[MESSAGES]:
        if m.general[STOPPED]:
            return
        time, key, message = _next_event(m, order)
        if time >= m.general[HORIZON]:
            break
        kind = key >> _SHIFT
        # A station is woken and starts one after the other; or a message comes and goes on.
        s, stage = NEVER, NEVER
        if kind == _WAKE:
            s = message
            m.wakes[s] = FAR
        else:
            is_new = False
            if m.general[HAND_TIME] == time and m.general[HAND_KEY] == key:
                m.general[HAND_TIME] = FAR
            elif m.general[EVENTS] and m.events[0, 0] == time and m.events[1, 0] == key:
                _pop(m)
            else:
                is_new = True
            if is_new:
                m.general[CAME] += 1
                stage = _ACCOUNT
                if m.traffic[m.places[CAMPAIGN, message], IS_INBOUND]:
                    stage = NEVER
                    m.times[FINAL, message] = time
                    m.codes[STATUS, message] = _RECEIVED
                    _reply(m, message, time)
                elif m.places[CARRIER_NUMBER, message] < 0:
                    stage = NEVER
                    _fail(m, message, time, _NO_ROUTE)
                elif _is_opted_out(m, message):
                    stage = NEVER
                    _fail(m, message, time, _OPTED_OUT)
            elif kind == _ARRIVAL:
                stage = m.codes[STAGE, message]
            elif kind == _REPLY:
                _reply(m, message, time)
            elif _deadline(m, message) < time:
                _expire(m, message)
            else:
                stage = _SENDER
            if stage == NEVER:
                continue
        while True:
            done = NEVER
            if kind == _WAKE:
                message = _next_to_start(m, s, time)
                if message == NEVER:
                    break
            else:
                returns = kind in (_RETURN, _RETURN_AT_ONCE)
                s = _station_from(m, message, stage, time)
                if s == NEVER and m.codes[STAGE, message] == _CARRIER:
                    done = time
                if s == NEVER or _must_wait(m, s, message, time, returns):
                    s = NEVER
            if s != NEVER:
                done = _begin(m, s, message, time)
            if done != NEVER:
                _submit(m, message, done, time)
            if kind != _WAKE:
                break


@inner
def _expire_held(m: Model, key: int, message: int) -> None:
    if key >> _SHIFT in (_RETURN, _RETURN_AT_ONCE) and _deadline(m, message) < m.general[HORIZON]:
        _expire(m, message)


@inner
def _close(m: Model) -> None:
    """Let those expire by the horizon who still wait or are held."""
    for s in range(len(m.wakes)):
        for level in range(m.lines.shape[1]):
            message = int(m.lines[s, level, 0])
            while message != NEVER:
                if _deadline(m, message) < m.general[HORIZON]:
                    _expire(m, message)
                message = int(m.counts[BEHIND, message])
    if m.general[HAND_TIME] != FAR:
        _expire_held(m, int(m.general[HAND_KEY]), int(m.general[HAND_ROW]))
    for event in range(m.general[EVENTS]):
        _expire_held(m, int(m.events[1, event]), int(m.events[2, event]))


@kernel
def simulate_kernel(m: Model, order: npt.NDArray[np.int64]) -> None:
    """Run one replication, or go on with it until all messages of a block have come.

    Parameters
    ----------
    m : Model
        The layout, the messages and room for answers; results are written there.
    order : ndarray of int64, shape (messages,)
        The messages in the order in which they come; empty where that is their own.
    """
    _loop(m, order)
    if m.general[IS_LAST]:
        _close(m)


@kernel
def compact_kernel(m: Model, place: npt.NDArray[np.int64]) -> int:
    """Give new rows to the messages that are not over, in their order, from 0 on.

    Parameters
    ----------
    m : Model
        What is simulated; what refers to rows is changed, the rows are not moved.
    place : ndarray of int64, shape (rows,)
        Output: the new row of each, NEVER for those that are over.

    Returns
    -------
    int
        How many are not over.
    """
    place[:] = NEVER
    lines = m.lines.reshape(-1, 2)
    for line in lines:
        message = int(line[0])
        while message != NEVER:
            place[message] = 0
            message = int(m.counts[BEHIND, message])
    held = m.general[HAND_TIME] != FAR
    if held:
        place[m.general[HAND_ROW]] = 0
    for event in range(m.general[EVENTS]):
        place[m.events[2, event]] = 0
    live = 0
    for row in range(len(place)):
        if place[row] != NEVER:
            place[row] = live
            live += 1
    for line in lines:
        message = int(line[0])
        while message != NEVER:
            behind = int(m.counts[BEHIND, message])
            if behind != NEVER:
                m.counts[BEHIND, message] = place[behind]
            message = behind
        if line[0] != NEVER:
            line[0] = place[line[0]]
            line[1] = place[line[1]]
    if held:
        m.general[HAND_ROW] = place[m.general[HAND_ROW]]
    for event in range(m.general[EVENTS]):
        m.events[2, event] = place[m.events[2, event]]
    return live
