"""Plan: the cheapest of several capacities with which a scenario meets its goals."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from smslab.check import check
from smslab.errors import OptionError
from smslab.estimate import list_cost
from smslab.goal import Goal
from smslab.goals import shown_value
from smslab.markup import headed
from smslab.progress import Progress, shown
from smslab.rates import RateCard
from smslab.replications import allowed_misses
from smslab.scenario import Scenario
from smslab.search import Search
from smslab.simulate import Seed, seeds
from smslab.summary import ALL
from smslab.sweep import Cell, Trial, cells_of, goals_of, trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Cost", "Plan", "plan"]

#: What a capacity costs: prices by path, a rate card, or a function of the scenario.
Cost: TypeAlias = Mapping[str, float] | RateCard | Callable[[Scenario], float]


@dataclass(frozen=True, eq=False, kw_only=True)
class Plan:
    """The cheapest capacity that meets every goal, and what surrounds it.

    Parameters
    ----------
    scenario : Scenario
        The scenario with that capacity and these goals; where none meets them all, with the one
        that comes nearest.
    settings : dict of str to object
        What was varied, and the values chosen, by path.
    is_met : bool
        Whether every goal is met.
    misses, replications : int
        In how many of how many replications some goal is missed.
    confidence : float
        The share of new campaigns that are to meet every goal.
    goals : DataFrame
        One row per goal: ``goal``, ``where``, ``target``, ``value`` (mean over the replications),
        ``worst`` (what a new campaign is not worse than, with the confidence), ``margin`` (of the
        worst, in the units of the figure; negative on the bad side), ``met`` (share of
        replications), ``next`` (the value at the next dearer capacity; NaN if there is none),
        ``before`` (that at the next cheaper one, of the replications that were run there).
    table : DataFrame
        One row per capacity that was simulated, the cheapest first: the varied paths, ``cost``,
        ``runs``, ``misses``, ``meets`` (boolean; null where it is not decided), ``chosen`` (bool),
        the mean of each goal's figure (by the goal's text), and of ``delivered``,
        ``sending_done_s``, ``finish_s`` and ``messages_cost`` (NaN without rates).
    next_cost : float
        What the next dearer capacity costs; NaN if there is none.
    notes : tuple of str
        What else is to be said: what binds, what contradicts, what is not monotone, and what
        :func:`smslab.check` finds of the chosen capacity.
    complete : bool
        Whether the search came to its end; False after an interruption.
    """

    scenario: Scenario
    settings: dict[str, Any]
    is_met: bool
    misses: int
    replications: int
    confidence: float
    goals: pd.DataFrame
    table: pd.DataFrame
    next_cost: float
    notes: tuple[str, ...]
    complete: bool

    def __bool__(self) -> bool:
        return self.is_met

    def front(self, figure: str = "sending_done_s") -> pd.DataFrame:
        """Return the capacities that are best for their cost (Pareto front).

        Parameters
        ----------
        figure : str
            A column of :attr:`table` of which less is better.

        Returns
        -------
        pandas.DataFrame
            The rows of :attr:`table` of which no other is both cheaper and better.

        Raises
        ------
        OptionError
            If there is no such column.
        """
        if figure not in self.table:
            raise OptionError(f"figure must be one of {list(self.table)}; not {figure!r}")
        ordered = self.table.sort_values(["cost", figure], kind="stable")
        best = ordered[figure].cummin().shift(fill_value=math.inf)
        return ordered[ordered[figure] < best]

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the time that each capacity takes against its cost.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if not given.

        Returns
        -------
        Axes
            The time is that of the first goal for one; when the last message leaves if there is
            none.
        """
        from smslab import plot  # noqa: PLC0415  (matplotlib takes long to load)

        timed = next((goal for goal in self.scenario.goals if goal.is_time), None)
        figure, target_s = "sending_done_s", None
        if timed is not None:
            figure, target_s = timed.title, timed.seconds(self.scenario.start)
        return plot.trade_off(
            self.table,
            figure,
            front=self.front(figure),
            chosen=self.table.index[self.table["chosen"]][0],
            target_s=target_s,
            ax=ax,
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`table`."""
        return self.table

    @property
    def chosen(self) -> str:
        """The chosen values, in words."""
        return str(Cell(self.settings, self.scenario))

    def summary(self) -> str:
        """Return the answer, how much room there is, what binds, and what the next step buys."""
        done = self.replications - self.misses
        head = f"{self.chosen}: all goals met in {done} of {self.replications} campaigns"
        if not self.is_met:
            head = f"no allowed capacity meets every goal; nearest: {head}"
        lines = [f"{head}, cost {self._costs()}"]
        for row in self.goals.to_dict("records"):
            goal = Goal(row["goal"])
            where = f" ({row['where']})" if row["where"] else ""
            value, worst, margin = (
                shown_value(goal, float(row[n])) for n in ("value", "worst", "margin")
            )
            line = f"  {row['goal']}{where}: {value}, at worst {worst}, margin {margin}"
            if not math.isnan(row["next"]):
                line += f"; next step {shown_value(goal, float(row['next']))}"
            lines.append(line)
        lines += [f"  {note}" for note in self.notes]
        if not self.complete:
            lines.append("  interrupted: a cheaper one may do")
        return "\n".join(lines)

    def _costs(self) -> str:
        """Write the cost, and that of the next step."""
        found = self.table.loc[self.table["chosen"], "cost"].iloc[0]
        return f"{found:,.6g}" + (
            "" if math.isnan(self.next_cost) else f" (next step {self.next_cost:,.6g})"
        )

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return headed(self.summary()) + self.table.to_html(border=0)


def plan(
    scenario: Scenario,
    goals: Goal | str | Iterable[Goal | str] | None = None,
    *,
    vary: Mapping[str, Iterable[Any]],
    cost: Cost | None = None,
    rates: RateCard | None = None,
    replications: int = 20,
    confidence: float = 0.95,
    rng: Seed = None,
    executor: Executor | None = None,
    progress: Progress = None,
) -> Plan:
    """Find the cheapest capacity with which a scenario meets every goal.

    A capacity meets the goals if so many replications do that a new campaign does with the
    confidence: of 20 replications all, for a new one would then be the worst of 21 with
    probability 1/21 (Wilks 1941). The replications are the same for every capacity (common random
    numbers), so that this holds for the capacity that is chosen too. One that fails is left after
    its first replications.

    Where the varied number and all goals go one way with cost, as five of the capacities tell, the
    search halves the range; where one does not, every capacity is tried from the cheapest on, and a
    note says so. An interruption (Ctrl-C) returns
    what is known until then.

    Parameters
    ----------
    scenario : Scenario
        What is sent.
    goals : Goal, str, or iterable of these, optional
        What is to be met, in each campaign; the scenario's goals if not given.
    vary : dict of str to iterable
        Allowed values by their path in the scenario, such as
        ``{"senders.short_code.numbers": range(1, 21)}``, as of :func:`smslab.sweep`. Of several
        paths every combination is allowed.
    cost : mapping, RateCard or callable, optional
        What a capacity costs: prices per unit of varied paths, such as
        ``{"senders[0].numbers": 1.15}``; a rate card, for a month's numbers and the list price of
        all segments; or a function of the scenario. If not given, units per second that the
        senders can take or, where these are the same and one number is varied, such as agents,
        that number; of equal cost, the first in the order of `vary`.
    rates : RateCard, optional
        The prices for goals of cost; :attr:`Plan.table` then has ``messages_cost``.
    replications : int
        How often a capacity is simulated that may do.
    confidence : float
        The share of new campaigns that are to meet every goal. Default 0.95, for which 19
        replications are the least.
    rng : None, int, SeedSequence or Generator
        Seed.
    executor : concurrent.futures.Executor, optional
        Where replications run; here if not given.
    progress : None, True, or callable
        True shows a bar; a function is called with (done, total) replications, of which the total
        is a guess.

    Returns
    -------
    Plan
        True if every goal is met.

    Raises
    ------
    ScenarioError
        If a path leads nowhere, or a value is out of range.
    OptionError
        If there are no goals, nothing to vary, too few replications for the confidence, or a cost
        is none.

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Scenario, Sender
    >>> scenario = Scenario(traffic=(Campaign(messages=36_000),), senders=(Sender(mps=10),))
    >>> smslab.plan(scenario, "last leaves <= 20 min", vary={"senders[0].numbers": range(1, 9)},
    ...     rng=1)
    senders[0].numbers = 3: all goals met in 20 of 20 campaigns, cost 30 (next step 40)
      last leaves <= 20 min: 20 min 0 s, at worst 20 min 0 s, margin 0.1 s; next step 15 min 0 s
      binds: last leaves <= 20 min, missed at senders[0].numbers = 2 by 10 min 0 s
      estimate: last leaves after 20 min 0 s; sender sets the pace (fluid)
    """
    wanted = goals_of(scenario, goals)
    if not wanted:
        raise OptionError("goals must name one goal, such as 'finish <= 20:00'; there are none")
    allowed = allowed_misses(replications, confidence)
    for goal in wanted:
        goal.seconds(scenario.start)
    cells = cells_of(scenario, vary)
    costs = [_cost_of(cell, cost) for cell in cells]
    if cost is None and len(vary) == 1 and len(set(costs)) == 1:
        costs = _by_value(cells, costs)
    drawn = seeds(rng, replications)
    search = _Capacities(cells, costs, wanted, rates, drawn, allowed, executor)
    complete = True
    try:
        for _ in shown(search.run(), progress, search.expected, "replications"):
            pass
    except KeyboardInterrupt:
        complete = False
        if not any(search.trials.values()):
            raise
    return _found(search, confidence, complete)


def _by_value(cells: Sequence[Cell], costs: list[float]) -> list[float]:
    """Return the varied numbers as costs, where senders take the same with all of them."""
    values = [value for cell in cells for value in cell.settings.values()]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return [float(value) for value in values]
    return costs


def _cost_of(cell: Cell, cost: Cost | None) -> float:
    if cost is None:
        found = math.fsum(sender.rate for sender in cell.scenario.senders)
    elif isinstance(cost, RateCard):
        found = list_cost(cell.scenario, cost)
    elif isinstance(cost, Mapping):
        unknown = next((path for path in cost if path not in cell.settings), None)
        if unknown is not None:
            raise OptionError(
                f"cost[{unknown!r}]: no such path is varied; there are {list(cell.settings)}"
            )
        try:
            found = math.fsum(price * cell.settings[path] for path, price in cost.items())
        except TypeError:
            raise OptionError(
                f"cost by path needs numbers, prices and values; of {cell} the cost is {dict(cost)}"
            ) from None
    elif callable(cost):
        found = cost(cell.scenario)
    else:
        raise OptionError(
            f"cost must be prices by path, a RateCard or a function; not {cost!r:.80}"
        )
    try:
        number = float(found)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise OptionError(f"cost must be a number; of {cell} it is {found!r:.80}")
    return number


def _chains(cells: Sequence[Cell], costs: Sequence[float]) -> tuple[str, list[list[int]]]:
    """Return the path with the most values, and cells that differ in it only, cheapest first."""
    paths = list(cells[0].settings)
    long = max(paths, key=lambda path: len({str(cell.settings[path]) for cell in cells}))
    chains: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        others = str({path: value for path, value in cell.settings.items() if path != long})
        chains.setdefault(others, []).append(place)
    ordered = [sorted(chain, key=lambda place: costs[place]) for chain in chains.values()]
    return long, ordered


def _goes_one_way(values: Sequence[Any]) -> bool:
    """Return whether values are numbers that rise, or fall, from one to the next."""
    if not all(isinstance(value, int | float) and not math.isnan(value) for value in values):
        return False
    pairs = list(pairwise(values))
    return all(a <= b for a, b in pairs) or all(a >= b for a, b in pairs)


def _of_cell(cell: Cell, seed: int, goals: Sequence[Goal], rates: RateCard | None) -> Trial:
    return trial(cell.scenario, seed, goals, rates)


class _Capacities(Search[Trial]):
    """The search of a plan, which also looks at what surrounds what it found."""

    def __init__(
        self,
        cells: list[Cell],
        costs: list[float],
        goals: list[Goal],
        rates: RateCard | None,
        seeds: list[int],
        allowed: int,
        executor: Executor | None,
    ) -> None:
        call = functools.partial(_of_cell, goals=goals, rates=rates)
        long, chains = _chains(cells, costs)
        ordered = [_goes_one_way([cells[at].settings[long] for at in chain]) for chain in chains]
        super().__init__(call, cells, costs, chains, ordered, seeds, allowed, executor)
        self.goals = goals

    def run(self) -> Iterator[Trial]:
        """Search; then see what a step further would buy, or how far off the nearest is."""
        yield from super().run()
        every = range(len(self.seeds))
        yield from self.simulate(self.chosen, every)
        following = self.neighbour(self.chosen, 1)
        if self.best is not None and following is not None:
            yield from self.simulate(following, every)
        if self.best is None:
            # Which goals the cheapest and the dearest meet, each by itself.
            for place in {self.tried[0], self.tried[-1]}:
                yield from self.simulate(place, every)

    @property
    def chosen(self) -> int:
        """The cell that was found; if none, the one that comes nearest to the goals."""
        return min(self.tried, key=self._shortfall) if self.best is None else self.best

    def _shortfall(self, place: int) -> tuple[int, float, float]:
        """Return how many goals are missed in a replication, by how much, and the cost."""
        first = self.trials[place][min(self.trials[place])]
        start = self.cells[place].scenario.start
        by = 0.0
        for goal, value, met in zip(self.goals, first.reached, first.met, strict=True):
            if not met:
                scale = abs(goal.seconds(start)) or 1.0
                by += 1.0 if math.isnan(value) else -goal.margin(value, start) / scale
        return first.met.count(False), by, self.costs[place]


def _found(search: _Capacities, confidence: float, complete: bool) -> Plan:
    """Sum up a search."""
    chosen = search.chosen
    following = search.neighbour(chosen, 1)
    scenario = search.cells[chosen].scenario
    scenario = scenario.changed({"goals": tuple(search.goals)})
    notes = [
        f"not monotone: {search.goals[goal].title} does not go one way with cost; all were tried "
        "from the cheapest on"
        for goal in dict.fromkeys(search.mixed)
    ]
    if not search.is_ordered(chosen):
        notes.append(
            "all were tried from the cheapest on until one did: what is varied does not go one way "
            "with cost"
        )
    if search.best is None:
        notes += _why_not(search)
    else:
        notes += _binding(search, chosen)
    looked = check(scenario)
    notes += [f"estimate: {looked.estimate.summary().splitlines()[0]}"]
    notes += [
        f"check: {found.where}: {found.what} ({found.source})"
        for found in looked.findings
        if found.severity in ("lost", "rule", "limit")
    ]
    return Plan(
        scenario=scenario,
        settings=search.cells[chosen].settings,
        is_met=search.best is not None,
        misses=search.misses(chosen),
        replications=len(search.trials[chosen]),
        confidence=confidence,
        goals=_goals_table(search, chosen),
        table=_table(search),
        next_cost=math.nan if following is None else search.costs[following],
        notes=tuple(notes),
        complete=complete,
    )


def _values(search: _Capacities, place: int | None, goal: int) -> list[float]:
    """Return the values of a goal's figure in the replications of a cell; never is infinite."""
    done = search.trials.get(place, {}) if place is not None else {}
    never = math.inf if search.goals[goal].is_time else math.nan
    values = [trial.reached[goal] for trial in done.values()]
    return [never if math.isnan(value) else value for value in values]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def _goals_table(search: _Capacities, chosen: int) -> pd.DataFrame:
    rows = []
    for place, goal in enumerate(search.goals):
        values = _values(search, chosen, place)
        start = search.cells[chosen].scenario.start
        # The worst first; what is not known is the worst of all.
        ordered = sorted(
            values, key=lambda v: -math.inf if math.isnan(v) else goal.margin(v, start)
        )
        worst = ordered[min(search.allowed, len(ordered) - 1)]
        met = [trial.met[place] for trial in search.trials[chosen].values()]
        rows.append(
            {
                "goal": goal.text,
                "where": "" if goal.where is None else str(goal.where),
                "target": goal.seconds(start),
                "value": _mean(values),
                "worst": worst,
                "margin": goal.margin(worst, start),
                "met": _mean([float(each) for each in met]),
                "next": _mean(_values(search, search.neighbour(chosen, 1), place)),
                "before": _mean(_values(search, search.neighbour(chosen, -1), place)),
            }
        )
    return pd.DataFrame(rows)


def _table(search: _Capacities) -> pd.DataFrame:
    rows = []
    for place in search.tried:
        done = list(search.trials[place].values())
        row = {
            **search.cells[place].labels,
            "cost": search.costs[place],
            "runs": len(done),
            "misses": search.misses(place),
            "meets": search.meets(place),
            "chosen": place == search.chosen,
            **{g.title: _mean(_values(search, place, k)) for k, g in enumerate(search.goals)},
        }
        for figure in ("delivered", "sending_done_s", "finish_s"):
            row[figure] = _mean([trial.figures[ALL][figure] for trial in done])
        row["messages_cost"] = _mean([t.figures[ALL].get("cost", math.nan) for t in done])
        rows.append(row)
    return pd.DataFrame(rows).astype({"meets": "boolean"})


def _binding(search: _Capacities, chosen: int) -> list[str]:
    """Say which goals are missed a step before, and what is missed beyond."""
    notes = []
    before = search.neighbour(chosen, -1)
    if before is not None and search.meets(before) is False:
        for number in _missed(search, before):
            goal = search.goals[number]
            missed = [
                trial.margins[number]
                for trial in search.trials[before].values()
                if not trial.met[number]
            ]
            by = "" if math.isnan(_mean(missed)) else f" by {shown_value(goal, -_mean(missed))}"
            notes.append(f"binds: {goal.title}, missed at {search.cells[before]}{by}")
    chain = next(chain for chain in search.chains if chosen in chain)
    for place in chain[chain.index(chosen) + 1 :]:
        if search.meets(place) is False:
            titles = [search.goals[number].title for number in _missed(search, place)]
            notes.append(f"dearer is not better: {search.cells[place]} misses {', '.join(titles)}")
            break
    return notes


def _misses(search: _Capacities, place: int, goal: int) -> int:
    return sum(not trial.met[goal] for trial in search.trials[place].values())


def _missed(search: _Capacities, place: int) -> list[int]:
    """Return the goals that a cell misses too often; if only all together do, those most missed."""
    misses = [_misses(search, place, goal) for goal in range(len(search.goals))]
    most = min(search.allowed + 1, max(misses))
    return [goal for goal, count in enumerate(misses) if count >= most]


def _why_not(search: _Capacities) -> list[str]:
    """Say what is in the way where no cell meets every goal."""
    notes = []
    met: list[str] = []
    for number, goal in enumerate(search.goals):
        decided = {
            place: _misses(search, place, number) <= search.allowed
            for place in search.tried
            if len(search.trials[place]) == len(search.seeds)
            or _misses(search, place, number) > search.allowed
        }
        good = [place for place, is_good in decided.items() if is_good]
        if good:
            met.append(f"{goal.title} with {search.cells[good[0]]}")
            continue
        start = search.cells[search.tried[0]].scenario.start
        best = {place: _mean(_values(search, place, number)) for place in search.tried}
        known = [place for place in search.tried if not math.isnan(best[place])]
        if known:
            top = max(known, key=lambda place: goal.margin(best[place], start))
            value = shown_value(goal, best[top])
            notes.append(f"{goal.title}: missed; {value} at best, with {search.cells[top]}")
        else:
            notes.append(f"{goal.title}: missed, its figure is not known anywhere")
    if not notes:
        notes.append(f"the goals contradict each other: {'; '.join(met)}; not together")
    return notes
