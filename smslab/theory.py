"""Closed forms of queueing theory: waits and capacities that need no simulation.

Rates are per second and times are seconds, or any other unit of time throughout. `load` is the
work offered, in Erlang: rate times mean service time.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, Final

from smslab.errors import OptionError

__all__ = [
    "drain_time",
    "erlang_b",
    "erlang_c",
    "md1_wait_quantile",
    "md1_wait_within",
    "mg1_wait",
    "mmc_wait",
    "mmc_wait_quantile",
    "mmc_wait_within",
    "priority_waits",
    "rate_for",
    "servers_for",
]

#: Nobody has more people or numbers.
_MOST_SERVERS: Final = 1_000_000


def drain_time(units: float, per_second: float) -> float:
    """Return how long it takes until so many units have left.

    Parameters
    ----------
    units : float
        Segments, or messages.
    per_second : float
        Units that leave per second.

    Returns
    -------
    float
        Seconds.

    Examples
    --------
    >>> from smslab import theory
    >>> theory.drain_time(100_000 * 1.43, 20)
    7150.0
    """
    _check(units=(units, 0), per_second=(per_second, None))
    return units / per_second


def rate_for(units: float, seconds: float) -> float:
    """Return the units per second with which so many units have left in time.

    Parameters
    ----------
    units : float
        Segments, or messages.
    seconds : float
        The time, in seconds.

    Returns
    -------
    float

    Examples
    --------
    >>> from smslab import theory
    >>> theory.rate_for(143_000, 7150)
    20.0
    """
    _check(units=(units, 0), seconds=(seconds, None))
    return units / seconds


def erlang_b(servers: int, load: float) -> float:
    """Return the share that finds all servers busy where nobody waits (M/G/c/c).

    Parameters
    ----------
    servers : int
        How many.
    load : float
        In Erlang.

    Returns
    -------
    float
        A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in
        automatic telephone exchanges", 1917, by the recursion over servers.

    Examples
    --------
    >>> from smslab import theory
    >>> round(theory.erlang_b(8, 5), 10)
    0.0700478522
    """
    _check(servers=(servers, 0), load=(load, 0))
    blocked = 1.0
    for server in range(1, servers + 1):
        blocked = load * blocked / (server + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Return the share that has to wait in an M/M/c queue.

    Parameters
    ----------
    servers : int
        How many.
    load : float
        In Erlang.

    Returns
    -------
    float
        1 where the load is as much as the servers can take, or more (Erlang 1917).

    Examples
    --------
    >>> from smslab import theory
    >>> round(theory.erlang_c(5, 4), 6)
    0.554113
    """
    _check(servers=(servers, 0), load=(load, 0))
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return blocked / (1 - load / servers * (1 - blocked))


def mmc_wait(rate: float, service: float, servers: int = 1) -> float:
    """Return the mean wait in an M/M/c queue.

    Parameters
    ----------
    rate : float
        Arrivals per second.
    service : float
        Mean service time, in seconds.
    servers : int
        How many.

    Returns
    -------
    float
        Seconds; infinite where the servers cannot keep up.

    Examples
    --------
    >>> from smslab import theory
    >>> round(theory.mmc_wait(7, 1 / 10), 6), round(theory.mmc_wait(4, 1, 5), 6)
    (0.233333, 0.554113)
    """
    _check(rate=(rate, 0), service=(service, None), servers=(servers, 1))
    load = rate * service
    if load >= servers:
        return math.inf
    return erlang_c(servers, load) * service / (servers - load)


def mmc_wait_within(rate: float, service: float, servers: int, wait: float) -> float:
    """Return the share that waits no longer than so long in an M/M/c queue.

    Parameters
    ----------
    rate : float
        Arrivals per second.
    service : float
        Mean service time, in seconds.
    servers : int
        How many.
    wait : float
        Seconds.

    Returns
    -------
    float
        0 where the servers cannot keep up.
    """
    _check(rate=(rate, 0), service=(service, None), servers=(servers, 1), wait=(wait, 0))
    load = rate * service
    if load >= servers:
        return 0.0
    return 1 - erlang_c(servers, load) * math.exp(-(servers - load) * wait / service)


def mmc_wait_quantile(rate: float, service: float, servers: int, share: float) -> float:
    """Return the wait that a share of the arrivals stays within in an M/M/c queue.

    Parameters
    ----------
    rate : float
        Arrivals per second.
    service : float
        Mean service time, in seconds.
    servers : int
        How many.
    share : float
        The share, such as 0.95.

    Returns
    -------
    float
        Seconds; 0 where that share does not wait, infinite where the servers cannot keep up.

    Examples
    --------
    >>> from smslab import theory
    >>> round(theory.mmc_wait_quantile(4, 1, 5, 0.95), 6)
    2.405345
    """
    _check(rate=(rate, 0), service=(service, None), servers=(servers, 1))
    _check_share(share)
    load = rate * service
    if load >= servers:
        return math.inf
    waiting = erlang_c(servers, load)
    if waiting <= 1 - share:
        return 0.0
    return math.log(waiting / (1 - share)) * service / (servers - load)


def servers_for(rate: float, service: float, wait: float, share: float | None = None) -> int:
    """Return the smallest number of servers of an M/M/c queue that keeps waits short.

    Parameters
    ----------
    rate : float
        Arrivals per second.
    service : float
        Mean service time, in seconds.
    wait : float
        Seconds.
    share : float, optional
        The share of arrivals that waits no longer; the mean wait is meant if not given.

    Returns
    -------
    int

    Examples
    --------
    >>> from smslab import theory
    >>> theory.servers_for(4, 1, 0.1), theory.servers_for(4, 1, 1, share=0.95)
    (7, 6)
    """
    _check(rate=(rate, 0), service=(service, None), wait=(wait, 0))
    if share is not None and not 0 < share < 1:
        raise OptionError(f"share must be over 0 and less than 1; not {share!r}")
    if share is None and wait == 0 < rate:
        raise OptionError("wait must be over 0: with no number of servers nobody ever waits")
    if rate * service >= _MOST_SERVERS:
        raise OptionError(f"rate x service must be less than {_MOST_SERVERS:,} servers can do")
    load = rate * service
    servers = max(1, math.ceil(load))
    blocked = erlang_b(servers, load)
    while True:
        if load < servers:
            waiting = blocked / (1 - load / servers * (1 - blocked))
            if share is None:
                is_enough = waiting * service / (servers - load) <= wait
            else:
                is_enough = waiting * math.exp(-(servers - load) * wait / service) <= 1 - share
            if is_enough:
                return servers
        servers += 1
        blocked = load * blocked / (servers + load * blocked)


def mg1_wait(rate: float, service: float, second_moment: float) -> float:
    """Return the mean wait in an M/G/1 queue (Pollaczek and Khinchine).

    Parameters
    ----------
    rate : float
        Arrivals per second.
    service : float
        Mean service time, in seconds.
    second_moment : float
        Mean of its square, in seconds squared.

    Returns
    -------
    float
        Seconds; infinite where the server cannot keep up.

    Examples
    --------
    Segments 1 to 4 with shares .70, .20, .07 and .03, 4 messages a second at 10 segments a second:

    >>> from smslab import theory
    >>> round(theory.mg1_wait(4, 0.143, 0.0261), 7)
    0.1219626
    """
    _check(
        rate=(rate, 0), service=(service, None), second_moment=(second_moment, service * service)
    )
    load = rate * service
    return rate * second_moment / (2 * (1 - load)) if load < 1 else math.inf


def md1_wait_within(rate: float, service: float, wait: float) -> float:
    """Return the share that waits no longer than so long in an M/D/1 queue.

    Parameters
    ----------
    rate : float
        Arrivals per second.
    service : float
        Service time, in seconds.
    wait : float
        Seconds.

    Returns
    -------
    float
        0 where the server cannot keep up. Erlang's sum (1909) in a form in which nothing cancels
        (G. J. Franx, "A simple solution for the M/D/c waiting time distribution", Operations
        Research Letters 29, 2001).

    Examples
    --------
    >>> from smslab import theory
    >>> round(theory.md1_wait_within(7, 0.1, 0.25), 7)
    0.8522961
    """
    _check(rate=(rate, 0), service=(service, None), wait=(wait, 0))
    load = rate * service
    if load >= 1:
        return 0.0
    whole, rest = divmod(wait, service)
    most = int(whole) + 1
    shares = _md1_shares(load, most)
    # Who comes waits no longer if, `service - rest` before, no more of them waited than can be
    # served by then, less those that came meanwhile.
    mean = rate * (service - rest)
    total, poisson = 0.0, math.exp(-mean)
    for came in range(most):
        if poisson < _NOTHING and came > mean:
            break
        total += poisson * shares[min(most - came, len(shares) - 1)]
        poisson *= mean / (came + 1)
    return min(total, 1.0)


def _md1_shares(load: float, most: int) -> list[float]:
    """Return the shares of time with at most 0, 1, 2 … in an M/D/1 system, until that is all.

    By the recursion of V. Ramaswami ("A stable recursion for the steady state vector in Markov
    chains of M/G/1 type", 1988), in which nothing is subtracted.
    """
    arrivals = [math.exp(-load)]
    while len(arrivals) < 3 or arrivals[-1] > _NOTHING:
        arrivals.append(arrivals[-1] * load / len(arrivals))
    at_least = [math.fsum(arrivals[n:]) for n in range(1, len(arrivals))]
    states = [1 - load]
    shares = [1 - load]
    for n in range(1, most + 1):
        inflow = states[0] * (at_least[n - 1] if n <= len(at_least) else 0.0)
        for back in range(2, min(n, len(at_least)) + 1):
            inflow += states[n + 1 - back] * at_least[back - 1]
        states.append(inflow / (1 - at_least[0]))
        shares.append(shares[-1] + states[-1])
        if 1 - shares[-1] < _NOTHING or states[-1] < _NOTHING:
            break
    return shares


def md1_wait_quantile(rate: float, service: float, share: float) -> float:
    """Return the wait that a share of the arrivals stays within in an M/D/1 queue.

    Parameters
    ----------
    rate : float
        Arrivals per second.
    service : float
        Service time, in seconds.
    share : float
        The share, such as 0.95.

    Returns
    -------
    float
        Seconds; 0 where that share does not wait, infinite where the server cannot keep up.

    Examples
    --------
    >>> from smslab import theory
    >>> round(theory.md1_wait_quantile(7, 0.1, 0.95), 6)
    0.41029
    """
    _check_share(share)
    if rate * service >= 1:
        return math.inf
    low, high = 0.0, service
    if md1_wait_within(rate, service, low) >= share:
        return low
    while md1_wait_within(rate, service, high) < share:
        low, high = high, 2 * high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (
            (low, middle) if md1_wait_within(rate, service, middle) >= share else (middle, high)
        )
    return high


def priority_waits(*classes: tuple[float, float, float]) -> list[float]:
    """Return the mean waits of classes that one server takes by priority, without interruption.

    Parameters
    ----------
    *classes : tuple of float
        Of each class, the first to be served first: arrivals per second, mean service time in
        seconds, and the mean of its square in seconds squared.

    Returns
    -------
    list of float
        Seconds, infinite for classes that the server does not get round to. A. Cobham, "Priority
        assignment in waiting line problems", Operations Research 2, 1954.

    Examples
    --------
    Codes before offers, 3 and 4 messages a second, exponential service at 10 a second:

    >>> from smslab import theory
    >>> [round(wait, 6) for wait in theory.priority_waits((3, 0.1, 0.02), (4, 0.1, 0.02))]
    [0.1, 0.333333]
    """
    waits, rest, before = [], 0.0, 0.0
    for each in classes:
        if len(each) != 3:
            raise OptionError(f"a class must be a rate and two moments; not {each!r:.80}")
        rate, service, second = each
        _check(rate=(rate, 0), service=(service, None), second_moment=(second, service * service))
        # Of work that is too much, only what there is time for is ever under way.
        load = rate * service
        share = min(1.0, (1 - min(before, 1.0)) / load) if load else 1.0
        rest += share * rate * second / 2
        before += load
    before = 0.0
    for rate, service, _ in classes:
        load = before + rate * service
        waits.append(rest / ((1 - before) * (1 - load)) if load < 1 else math.inf)
        before = load
    return waits


#: Less than a double can tell from 1.
_NOTHING: Final = 1e-17

#: More do not make a double more exact.
_HALVINGS: Final = 60


def _check_share(share: float) -> None:
    if not 0 <= share < 1:
        raise OptionError(f"share must be 0 or more, less than 1; not {share!r}")


def _check(**values: tuple[Any, float | None]) -> None:
    """Check each value against its least; None for over 0."""
    for name, (value, least) in values.items():
        number = float(value) if isinstance(value, Real) else math.nan
        if name == "servers" and not number.is_integer():
            raise OptionError(f"servers must be a whole number; not {value!r:.60}")
        if least is None:
            is_fine, must = 0 < number < math.inf, "over 0"
        else:
            # Moments are computed, and rounded.
            is_fine, must = least * (1 - 1e-9) <= number < math.inf, f"{least:g} or more"
        if not is_fine:
            raise OptionError(f"{name} must be {must}, and finite; not {value!r:.60}")
