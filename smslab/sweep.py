"""Sweep: a scenario simulated with every combination of some values, on the same random numbers."""

from __future__ import annotations

import dataclasses
import html
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from smslab.cost import cost
from smslab.errors import OptionError
from smslab.goal import Goal
from smslab.goals import measured
from smslab.progress import Progress, shown
from smslab.rates import RateCard
from smslab.replications import check_replications, coverage, each, estimates, figures_by_traffic
from smslab.scenario import Scenario
from smslab.simulate import Seed, run_once, seeds
from smslab.summary import ALL

__all__ = ["Cell", "Sweep", "Trial", "cells_of", "goals_of", "sweep", "trial"]

#: More than anybody waits for.
_MOST_CELLS: Final = 100_000


@dataclass(frozen=True)
class Cell:
    """One combination of values.

    Parameters
    ----------
    settings : dict of str to object
        Values by their path in the scenario.
    scenario : Scenario
        The scenario with them.
    """

    settings: dict[str, Any]
    scenario: Scenario

    @property
    def labels(self) -> dict[str, Any]:
        """The values as tables show them: a sender or the like by what is not its default."""
        return {path: _label(value) for path, value in self.settings.items()}

    def __str__(self) -> str:
        return ", ".join(f"{path} = {_short(value)}" for path, value in self.labels.items())


def _label(value: Any) -> Any:
    if not dataclasses.is_dataclass(value):
        return value
    given = {field: getattr(value, field.name) for field in dataclasses.fields(value)}
    shown = {field.name: item for field, item in given.items() if item != field.default}
    name = str(shown.pop("name", ""))
    parts = [f"{field} {_short(item)}" for field, item in shown.items()]
    return ", ".join(filter(None, [name, *parts]))


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value!s:.60}"


@dataclass(frozen=True)
class Trial:
    """What is kept of one replication of a cell.

    Parameters
    ----------
    figures : dict of str to dict of str to float
        As of :func:`smslab.replications.figures_by_traffic`; with rates, those of ``all`` have
        ``cost``, in the card's currency, and how many messages are ``unpriced``.
    reached : tuple of float
        Of each goal, the value of its figure; NaN where there is none.
    met : tuple of bool
        Whether each goal is met.
    margins : tuple of float
        How far each is on the good side, in the units of its figure; NaN where there is no value.
    """

    figures: dict[str, dict[str, float]]
    reached: tuple[float, ...]
    met: tuple[bool, ...]
    margins: tuple[float, ...]


def trial(
    scenario: Scenario, seed: int, goals: Sequence[Goal] = (), rates: RateCard | None = None
) -> Trial:
    """Simulate one replication, and look at goals.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    seed : int
        Seed of the replication.
    goals : sequence of Goal
        The goals.
    rates : RateCard, optional
        What the messages cost.

    Returns
    -------
    Trial
    """
    run = run_once(scenario, seed)
    figures = figures_by_traffic(run)
    if rates is not None:
        bill = cost(run, rates)
        figures[ALL]["cost"] = float(bill.total) if bill.known.any() else math.nan
        figures[ALL]["unpriced"] = float((~bill.known).sum())
    values = tuple(measured(goal, run, figures, rates) for goal in goals)
    pairs = list(zip(goals, values, strict=True))
    met = tuple(goal.is_met(value, scenario.start) for goal, value in pairs)
    margins = tuple(goal.margin(value, scenario.start) for goal, value in pairs)
    return Trial(figures, values, met, margins)


def cells_of(scenario: Scenario, vary: Mapping[str, Iterable[Any]]) -> list[Cell]:
    """Return every combination of values, the last path changing fastest.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    vary : dict of str to iterable
        Values by their path in the scenario, as of :meth:`Scenario.changed
        <smslab.scenario.Scenario.changed>`.

    Returns
    -------
    list of Cell

    Raises
    ------
    ScenarioError
        If a path leads nowhere or a value is out of range.
    OptionError
        If there is nothing to vary, or too much.
    """
    given: Any = vary
    if not isinstance(given, Mapping) or not given:
        raise OptionError(
            "vary must be paths and their values, such as {'senders[0].mps': [10, 20, 50]}; not "
            f"{vary!r:.80}"
        )
    choices: list[list[Any]] = []
    for path, values in given.items():
        if not np.iterable(values) or isinstance(values, str):
            raise OptionError(f"vary[{path!r}] must be a list of values; not {values!r:.80}")
        choices.append(
            [value.item() if isinstance(value, np.generic) else value for value in values]
        )
        if not choices[-1]:
            raise OptionError(f"vary[{path!r}] must have a value; it is empty")
    count = math.prod(map(len, choices))
    if count > _MOST_CELLS:
        raise OptionError(f"vary must have {_MOST_CELLS:,} combinations at most; it has {count:,}")
    found = []
    for combination in itertools.product(*choices):
        values = dict(zip(map(str, vary), combination, strict=True))
        found.append(Cell(values, scenario.changed(values)))
    return found


def goals_of(scenario: Scenario, goals: Goal | str | Iterable[Goal | str] | None) -> list[Goal]:
    """Return goals as such: those of a scenario where none are given, texts as goals.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    goals : Goal, str, or iterable of these, or None
        What is given.

    Returns
    -------
    list of Goal

    Raises
    ------
    OptionError
        If a text is no goal.
    """
    if goals is None:
        return list(scenario.goals)
    given = [goals] if isinstance(goals, Goal | str) else list(goals)
    return [goal if isinstance(goal, Goal) else Goal(goal) for goal in given]


@dataclass(frozen=True, eq=False, kw_only=True)
class Sweep:
    """A scenario simulated with many combinations of values.

    Parameters
    ----------
    scenario : Scenario
        What was varied.
    cells : list of Cell
        The combinations that were simulated, in order.
    goals : list of Goal
        The goals that were looked at.
    trials : list of list of Trial
        Of each cell, its replications.
    complete : bool
        Whether all of it was simulated; False after an interruption.
    """

    scenario: Scenario
    cells: list[Cell]
    goals: list[Goal]
    trials: list[list[Trial]]
    complete: bool

    def __len__(self) -> int:
        return len(self.cells)

    @cached_property
    def index(self) -> pd.MultiIndex:
        """The varied values of each cell, a level per path."""
        labels = pd.DataFrame([cell.labels for cell in self.cells])
        return pd.MultiIndex.from_frame(labels)

    def figures(self, traffic: str = ALL) -> pd.DataFrame:
        """Return the figures of every replication.

        Parameters
        ----------
        traffic : str
            Name of one of the scenario's traffic; all messages if not given.

        Returns
        -------
        pandas.DataFrame
            One row per cell and replication (index: the varied paths, ``replication``), one column
            per figure of :func:`smslab.figures.figures_of`, and ``cost`` where rates were given.

        Raises
        ------
        OptionError
            If there is no such traffic.
        """
        known = list(self.trials[0][0].figures) if self.trials else [ALL]
        if [t.name for t in self.scenario.traffic] == [traffic]:
            traffic = ALL
        if traffic not in known:
            raise OptionError(f"traffic must be one of {known}; not {traffic!r}")
        rows = [t.figures[traffic] for trials in self.trials for t in trials]
        places = [
            (*cell, replication)
            for cell, trials in zip(self.index, self.trials, strict=True)
            for replication in range(len(trials))
        ]
        names = [*self.index.names, "replication"]
        return pd.DataFrame(rows, pd.MultiIndex.from_tuples(places, names=names))

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row per cell (index: the varied paths), with intervals.

        Columns are pairs: each figure, also ``cost`` where rates were given, with its ``value``,
        ``low`` and ``high`` as of :func:`smslab.replications.estimates`; each goal's text with
        ``met``, the share of replications that meet it; and (``all goals``, ``met``).
        """
        return self.of(ALL)

    def of(self, traffic: str) -> pd.DataFrame:
        """Return :attr:`table` with the figures of one traffic.

        Parameters
        ----------
        traffic : str
            Its name.

        Returns
        -------
        pandas.DataFrame
        """
        figures = self.figures(traffic)
        sizes = [len(trials) for trials in self.trials]
        ends = list(itertools.accumulate(sizes))
        rows = []
        for end, size, trials in zip(ends, sizes, self.trials, strict=True):
            found = estimates(figures.iloc[end - size : end])
            row: dict[tuple[str, str], float] = {}
            for figure, values in found.to_dict("index").items():
                row |= {(str(figure), str(kind)): value for kind, value in values.items()}
            met = np.array([t.met for t in trials], np.bool_).reshape(len(trials), -1)
            for place, goal in enumerate(self.goals):
                row[goal.title, "met"] = float(met[:, place].mean())
            if self.goals:
                row["all goals", "met"] = float(met.all(axis=1).mean())
            rows.append(row)
        pairs = list(rows[0]) if rows else [("all goals", "met")]
        columns = pd.MultiIndex.from_tuples(pairs, names=["figure", "is"])
        return pd.DataFrame([list(row.values()) for row in rows], self.index, columns)

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`table`."""
        return self.table

    def summary(self) -> str:
        """Return how much was simulated, and the figures that people ask for first."""
        runs = sum(map(len, self.trials))
        note = "" if self.complete else ", interrupted"
        head = f"{len(self):,} combinations, {runs:,} replications{note}"
        if not len(self):
            return head
        size = max(map(len, self.trials))
        wanted = [(name, "value") for name in ("delivered", "sending_done_s", "finish_s", "cost")]
        wanted += [(goal.title, "met") for goal in self.goals] + [("all goals", "met")]
        most = {pair[0]: self.table[pair] for pair in wanted if pair in self.table}
        return f"{head}, {coverage(size):.1%} intervals\n{pd.DataFrame(most).round(4).to_string()}"

    def __repr__(self) -> str:
        return f"<Sweep of {self.scenario.name!r}: {self.summary()}>"

    def _repr_html_(self) -> str:
        head = html.escape(f"{self.scenario.name}: {self.summary().splitlines()[0]}")
        return f"<p>{head}</p>{self.table.to_html(border=0)}"


def sweep(
    scenario: Scenario,
    vary: Mapping[str, Iterable[Any]],
    *,
    goals: Goal | str | Iterable[Goal | str] | None = None,
    rates: RateCard | None = None,
    replications: int = 20,
    rng: Seed = None,
    executor: Executor | None = None,
    progress: Progress = None,
) -> Sweep:
    """Simulate a scenario with every combination of some values.

    All combinations get the same random numbers, so that what differs between them is what the
    values do and not chance. An interruption (Ctrl-C) returns what is done until then.

    Parameters
    ----------
    scenario : Scenario
        What is varied.
    vary : dict of str to iterable
        Values by their path in the scenario, such as ``{"senders.short_code.mps": [50, 100]}``; a
        value may be a whole sender: ``{"senders[0]": [Sender(...), Sender(...)]}``.
    goals : Goal, str, or iterable of these, optional
        What is looked at in each; the scenario's goals if not given.
    rates : RateCard, optional
        What the messages cost: the figures then have ``cost``, and how many messages are
        ``unpriced``.
    replications : int
        How often each combination is simulated; 19 or more give 90 % intervals.
    rng : None, int, SeedSequence or Generator
        Seed; the replications of each combination are those of :func:`smslab.replicate`.
    executor : concurrent.futures.Executor, optional
        Where replications run; here if not given. Two threads take half the time on two cores.
    progress : None, True, or callable
        True shows a bar; a function is called with (done, total).

    Returns
    -------
    Sweep

    Raises
    ------
    ScenarioError
        If a path leads nowhere, or a value is out of range.
    OptionError
        If there is nothing to vary, or a goal is none.

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Scenario, Sender
    >>> scenario = Scenario(traffic=(Campaign(messages=1000),), senders=(Sender(mps=10),))
    >>> found = smslab.sweep(scenario, {"senders[0].mps": [10, 20]}, goals="p95 delay <= 1 min",
    ...     rng=1)
    >>> found.table[[("sending_done_s", "value"), ("all goals", "met")]]
    figure         sending_done_s all goals
    is                      value       met
    senders[0].mps
    10                      99.90       0.0
    20                      49.95       1.0
    """
    check_replications(replications)
    cells = cells_of(scenario, vary)
    chosen = goals_of(scenario, goals)
    drawn = seeds(rng, replications)
    tasks = [(cell.scenario, seed, chosen, rates) for cell in cells for seed in drawn]
    found: list[Trial] = []
    complete = True
    try:
        # One by one: what is done by the time of an interruption is kept.
        for done in shown(each(trial, tasks, executor), progress, len(tasks), "replications"):
            found += [done]
    except KeyboardInterrupt:
        complete = False
    parts = [found[at : at + replications] for at in range(0, len(found), replications)]
    return Sweep(
        scenario=scenario,
        cells=cells[: len(parts)],
        goals=chosen,
        trials=parts,
        complete=complete,
    )
