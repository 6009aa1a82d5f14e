"""Layout: the stations of a scenario and the way of each message through them, for every engine.

A message passes its account, its sender and its carrier, each a station where something is
limited; a station without any limit is left out. All times are int64 microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smslab import calendars
from smslab.kernels import simulation
from smslab.kernels.simulation import SECOND
from smslab.scenario import Scenario
from smslab.supply import Carrier, Limited, Sender

__all__ = ["Layout", "Station", "lay_out"]

_HOUR = 3600 * SECOND

_ALWAYS = np.empty((0, 2), np.int64)
_NEVER_ENDS = np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class Station:
    """Where messages wait for a limit.

    Parameters
    ----------
    limited : Limited
        The account, sender or carrier that it is of.
    mps : float
        Units per second of one number (``spacing``) or of all; 0 where unlimited.
    numbers : int
        How many numbers space messages beside each other.
    burst, window_units, window_us : int
        Units of a full bucket, units of a window, and its length.
    in_flight, ack_us : int
        Messages that may be without an answer, 0 for any number, and when it comes.
    opens : ndarray of int64, shape (n, 2)
        When it is open; always where empty.
    day_ends : ndarray of int64
        When its daily cap begins anew; empty without a cap.
    """

    limited: Limited
    mps: float
    numbers: int
    burst: int
    window_units: int
    window_us: int
    in_flight: int
    ack_us: int
    opens: npt.NDArray[np.int64]
    day_ends: npt.NDArray[np.int64]

    def units(self, segments: int) -> int:
        """Return what a message counts for.

        Parameters
        ----------
        segments : int
            Its segments.
        """
        return 1 if self.limited.per == "message" else segments


@dataclass(frozen=True, eq=False)
class Layout:
    """What an engine needs to know of a scenario beside its figures.

    Parameters
    ----------
    stations : list of Station
        All of them.
    account : int
        Station of the account; -1 where it has no limit.
    senders : list of (int, int)
        By traffic: first station of its sender and how many it has, by recipient; (-1, 1) where it
        has no limit.
    carriers : list of int
        By carrier: its station; -1 where it has no limit.
    failover : list of int
        By carrier: the one that takes its messages in an outage; -1 for none.
    outages : list of ndarray of int64, shape (n, 2)
        By carrier: when it is in operation; always where empty.
    hours : list of list of ndarray of int64, shape (n, 2)
        By traffic and zone: when messages may leave; always where empty.
    scopes : list of int
        By traffic: what an opt-out covers; traffic of the same number is covered together.
    horizon : int
        End of the simulation.
    """

    stations: list[Station]
    account: int
    senders: list[tuple[int, int]]
    carriers: list[int]
    failover: list[int]
    outages: list[npt.NDArray[np.int64]]
    hours: list[list[npt.NDArray[np.int64]]]
    scopes: list[int]
    horizon: int


def lay_out(scenario: Scenario, seed: int) -> Layout:
    """Lay out the stations of a replication.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    seed : int
        Seed of the replication, for outages at random.

    Returns
    -------
    Layout
    """
    horizon = round(scenario.horizon_h * _HOUR)
    stations: list[Station] = []

    def add(limited: Limited, opens: npt.NDArray[np.int64] = _ALWAYS, copies: int = 1) -> int:
        """Add the stations of a limit; return the first, -1 where nothing is limited."""
        in_flight = isinstance(limited, Carrier) and limited.window is not None
        if limited.mps is None and limited.daily_cap is None and not in_flight and not len(opens):
            return -1
        stations.extend([_station(scenario, limited, opens, horizon)] * copies)
        return len(stations) - copies

    account = -1 if scenario.account is None else add(scenario.account)
    copies = {sender.name: sender.queues for sender in scenario.senders}
    first = {sender.name: add(sender, copies=copies[sender.name]) for sender in scenario.senders}
    outages = [_outages(carrier, k, seed, horizon) for k, carrier in enumerate(scenario.carriers)]
    carriers = [
        add(carrier, opens) for carrier, opens in zip(scenario.carriers, outages, strict=True)
    ]
    own = [scenario.sender_of(traffic).name for traffic in scenario.traffic]
    scopes = [(name, t.message_class) for name, t in zip(own, scenario.traffic, strict=True)]
    return Layout(
        stations=stations,
        account=account,
        senders=[(first[name], copies[name] if first[name] >= 0 else 1) for name in own],
        carriers=carriers,
        failover=[_failover(scenario, k) for k in range(len(scenario.carriers))],
        outages=outages,
        hours=[
            [
                calendars.open_hours(t.allowed_hours, zone, scenario.start, horizon)
                if t.allowed_hours
                else _ALWAYS
                for zone in scenario.zone_names
            ]
            for t in scenario.traffic
        ],
        scopes=[sorted(set(scopes)).index(scope) for scope in scopes],
        horizon=horizon,
    )


def _station(
    scenario: Scenario, limited: Limited, opens: npt.NDArray[np.int64], horizon: int
) -> Station:
    shared = isinstance(limited, Sender) and limited.pool == "least_loaded"
    numbers = limited.numbers if isinstance(limited, Sender) and shared else 1
    mps = limited.mps or 0.0
    together = 1 if limited.limiter == "spacing" else numbers
    window = limited.window or 0 if isinstance(limited, Carrier) else 0
    day_ends = _NEVER_ENDS
    if limited.daily_cap is not None:
        day_ends = calendars.day_ends(
            limited.cap_reset_h, limited.cap_zone, scenario.start, horizon
        )
    return Station(
        limited=limited,
        mps=mps * together,
        numbers=numbers if limited.limiter == "spacing" else 1,
        burst=limited.burst * together,
        window_units=int(mps * limited.window_s * together + 1e-9),
        window_us=round(limited.window_s * SECOND),
        in_flight=window,
        ack_us=round(limited.ack_ms * 1000) if isinstance(limited, Carrier) else 0,
        opens=opens,
        day_ends=day_ends,
    )


def _outages(carrier: Carrier, position: int, seed: int, horizon: int) -> npt.NDArray[np.int64]:
    """Return when a carrier is in operation; nothing where it has no outages."""
    closed = [
        (round(o.from_h * _HOUR), round((o.from_h + o.hours) * _HOUR)) for o in carrier.outages
    ]
    if carrier.outage_every_h is not None:
        begin = turn = 0
        while begin < horizon:
            between, length = (
                simulation.exponential_us(
                    seed, simulation.OUTAGE, position, turn + k, mean_h * 3600
                )
                for k, mean_h in enumerate((carrier.outage_every_h, carrier.outage_mean_h))
            )
            begin += between
            closed.append((begin, begin + length))
            begin += length
            turn += 2
    return calendars.without(closed) if closed else _ALWAYS


def _failover(scenario: Scenario, position: int) -> int:
    carrier = scenario.carriers[position]
    places = [
        k
        for k, other in enumerate(scenario.carriers)
        if k != position
        and other.name == carrier.failover
        and other.country in (carrier.country, "")
    ]
    own = [k for k in places if scenario.carriers[k].country == carrier.country]
    return (own or places or [-1])[0]
