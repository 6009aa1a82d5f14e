"""Search for the cheapest of many cells with which so many replications meet all goals."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from itertools import pairwise
from typing import Any, Final, Generic, Protocol, TypeVar

from smslab.replications import each

__all__ = ["Search"]


class _Looked(Protocol):
    @property
    def met(self) -> tuple[bool, ...]:
        """Whether each goal is met."""

    @property
    def margins(self) -> tuple[float, ...]:
        """How far each is on the good side; NaN where that is not known."""


Tried = TypeVar("Tried", bound=_Looked)

#: Cells of a chain that are looked at first, to see how goals go with cost.
_PROBES: Final = 5


class Search(Generic[Tried]):
    """A search, with what was simulated for it.

    The same seeds are used for every cell, so that what one replication needs, all of its cells
    tell alike; a cell that fails is left after its first replications.

    Parameters
    ----------
    call : callable
        Simulates one replication of a cell: takes the cell and a seed, and returns something with
        ``met``, a tuple of bool: whether each goal is met; and ``margins``, a tuple of float: how
        far each is on the good side.
    cells : sequence of object
        What is allowed; a cell is named by its place in it.
    costs : sequence of float
        What each costs.
    chains : sequence of list of int
        Cells that differ in one thing, the cheapest first: where the goals of a chain go one way
        with cost, it is halved, and else all of it is tried.
    ordered : sequence of bool
        Of each chain, whether that thing goes one way with cost too; all of it is tried if not.
    seeds : sequence of int
        Those of the replications.
    allowed : int
        How many replications of a cell may miss a goal.
    executor : concurrent.futures.Executor, optional
        Where replications run; here if not given.
    """

    def __init__(
        self,
        call: Callable[[Any, int], Tried],
        cells: Sequence[Any],
        costs: Sequence[float],
        chains: Sequence[list[int]],
        ordered: Sequence[bool],
        seeds: Sequence[int],
        allowed: int,
        executor: Executor | None = None,
    ) -> None:
        self.call, self.cells, self.costs, self.seeds = call, cells, costs, seeds
        self.allowed, self.executor = allowed, executor
        #: Chains in the order of their cheapest cell.
        by_cost = sorted(range(len(chains)), key=lambda at: (costs[chains[at][0]], chains[at][0]))
        self.chains = [chains[at] for at in by_cost]
        self._ordered = [ordered[at] for at in by_cost]
        #: By cell: its replications, by their number.
        self.trials: dict[int, dict[int, Tried]] = {}
        #: The cheapest cell that meets the goals, as far as is known.
        self.best: int | None = None
        #: Goals that do not go one way with cost.
        self.mixed: list[int] = []
        halvings = math.ceil(math.log2(max(map(len, chains)) + 1))
        #: Replications that it may take, in all: a guess.
        self.expected = 2 * len(seeds) + len(chains) * (_PROBES + halvings)

    def run(self) -> Iterator[Tried]:
        """Search all chains.

        Yields
        ------
        object
            What the call returns of each replication, as it is done.
        """
        for chain, is_ordered in zip(self.chains, self._ordered, strict=True):
            # Of equal cost, the first of all cells.
            cheaper = [
                place
                for place in chain
                if self.best is None
                or (self.costs[place], place) < (self.costs[self.best], self.best)
            ]
            if cheaper:
                look = self._first if is_ordered else self._scan
                found = yield from look(cheaper)
                self.best = self.best if found is None else found

    @property
    def tried(self) -> list[int]:
        """The cells of which there is a replication, the cheapest first."""
        tried = [place for place, trials in self.trials.items() if trials]
        return sorted(tried, key=lambda place: self.costs[place])

    def neighbour(self, place: int, step: int) -> int | None:
        """Return the cell beside one in its chain.

        Parameters
        ----------
        place : int
            The cell.
        step : int
            1 for the next dearer one, -1 for the next cheaper one.

        Returns
        -------
        int or None
            None at the end of the chain.
        """
        chain = next(chain for chain in self.chains if place in chain)
        at = chain.index(place) + step
        return chain[at] if 0 <= at < len(chain) else None

    def is_ordered(self, place: int) -> bool:
        """Return whether what differs in a cell's chain goes one way with cost.

        Parameters
        ----------
        place : int
            The cell.
        """
        at = next(at for at, chain in enumerate(self.chains) if place in chain)
        return self._ordered[at]

    def misses(self, place: int) -> int:
        """Return how many of the replications of a cell miss a goal.

        Parameters
        ----------
        place : int
            The cell.
        """
        return sum(not all(done.met) for done in self.trials.get(place, {}).values())

    def meets(self, place: int) -> bool | None:
        """Return whether a cell meets the goals; None where its replications leave it open.

        Parameters
        ----------
        place : int
            The cell.
        """
        if self.misses(place) > self.allowed:
            return False
        return True if len(self.trials.get(place, {})) == len(self.seeds) else None

    def simulate(self, place: int, replications: Iterable[int]) -> Iterator[Tried]:
        """Simulate those of some replications of a cell that were not yet.

        Parameters
        ----------
        place : int
            The cell.
        replications : iterable of int
            Their numbers.

        Yields
        ------
        object
            What the call returns of each.
        """
        done = self.trials.setdefault(place, {})
        missing = [number for number in replications if number not in done]
        tasks = [(self.cells[place], self.seeds[number]) for number in missing]
        for number, found in zip(missing, each(self.call, tasks, self.executor), strict=True):
            done[number] = found
            yield found

    def _test(self, place: int) -> Iterator[Tried]:
        """Simulate a cell until it is decided whether it meets the goals."""
        # Those that missed a goal elsewhere are the first to miss it here.
        every = range(len(self.seeds))
        missed = [sum(not all(t[n].met) for t in self.trials.values() if n in t) for n in every]
        order = sorted(every, key=lambda number: -missed[number])
        begin, size = 0, 1
        while begin < len(order) and self.meets(place) is None:
            yield from self.simulate(place, order[begin : begin + size])
            begin, size = begin + size, 2 * size

    def _first(self, chain: Sequence[int]) -> Generator[Tried, None, int | None]:
        """Find the first cell of a chain that meets the goals."""
        last = len(chain) - 1
        probes = sorted({round(k * last / (_PROBES - 1)) for k in range(_PROBES)})
        for at in probes:
            yield from self.simulate(chain[at], [0])
        rising, falling = [], []
        for goal in range(len(self.trials[chain[0]][0].met)):
            met = [self.trials[chain[at]][0].met[goal] for at in probes]
            if not any(met):
                if not self._leads_up(chain, probes, goal):
                    self.mixed.append(goal)
                    return (yield from self._scan(chain))
                # One replication may miss all; then the dearest cell decides.
                return (
                    (yield from self._around(chain, last, careful=True)) if self.allowed else None
                )
            if sorted(met) == met:
                rising += [goal] * (not all(met))
            elif sorted(met, reverse=True) == met:
                falling.append(goal)
            else:
                self.mixed.append(goal)
                return (yield from self._scan(chain))
        low, high = -1, 0
        if rising:
            enough = [self._met_alone(chain[at], rising) for at in probes].index(True)
            low, high = probes[enough - 1], probes[enough]
        while high - low > 1:
            middle = (low + high) // 2
            yield from self.simulate(chain[middle], [0])
            if self._met_alone(chain[middle], rising):
                high = middle
            else:
                low = middle
        return (yield from self._around(chain, high, careful=bool(falling)))

    def _leads_up(self, chain: Sequence[int], probes: Sequence[int], goal: int) -> bool:
        """Return whether a goal that no probe meets comes nearer, or goes away, with cost."""
        if len(probes) == len(chain):
            return True
        margins = [self.trials[chain[at]][0].margins[goal] for at in probes]
        known = [-math.inf if math.isnan(margin) else margin for margin in margins]
        rises = [later > sooner for sooner, later in pairwise(known)]
        falls = [later < sooner for sooner, later in pairwise(known)]
        return all(rises) or all(falls)

    def _met_alone(self, place: int, goals: Sequence[int]) -> bool:
        """Return whether the first replication of a cell meets some of the goals."""
        return all(self.trials[place][0].met[goal] for goal in goals)

    def _scan(self, chain: Sequence[int]) -> Generator[Tried, None, int | None]:
        for place in chain:
            yield from self._test(place)
            if self.meets(place):
                return place
        return None

    def _around(
        self, chain: Sequence[int], at: int, *, careful: bool
    ) -> Generator[Tried, None, int | None]:
        """Find the first cell that meets the goals, from the one that does in one replication."""
        yield from self._test(chain[at])
        step = 1
        if self.meets(chain[at]):
            bad, good = -1, at
            while bad < 0 < good:
                probe = max(good - step, 0)
                yield from self._test(chain[probe])
                if self.meets(chain[probe]):
                    good, step = probe, 2 * step
                else:
                    bad = probe
        else:
            bad = good = at
            while bad == good:
                if bad == len(chain) - 1:
                    return None
                good = min(bad + step, len(chain) - 1)
                yield from self._test(chain[good])
                if not self.meets(chain[good]):
                    # Where a goal is lost with cost, what meets all may be a single cell.
                    bad, step = good, 1 if careful else 2 * step
        while good - bad > 1:
            middle = (bad + good) // 2
            yield from self._test(chain[middle])
            if self.meets(chain[middle]):
                good = middle
            else:
                bad = middle
        return chain[good]
