"""Goals: targets for key figures, and whether a run, a log or replications meet them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from smslab.errors import OptionError, nearest
from smslab.figures import duration
from smslab.goal import Goal
from smslab.kpi import kpis
from smslab.ledger import HasLedger, ledger_of
from smslab.markup import listed
from smslab.rates import RateCard
from smslab.replications import Replications
from smslab.run import Run
from smslab.summary import ALL

__all__ = ["Evaluation", "evaluate", "measured", "shown_value"]

#: Figures of replications that are called otherwise than those of messages.
_OF_REPLICATIONS: Final = {
    "delay_p50": "delay_50_s",
    "delay_p95": "delay_95_s",
    "answer_p50": "answer_50_s",
    "answer_p95": "answer_95_s",
    "landed_p95_s": "landed_95_s",
}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Whether goals are met.

    Parameters
    ----------
    table : DataFrame
        One row per goal: ``goal`` and ``where`` (str), ``target``, ``value``, ``low``, ``high``
        (float64), ``margin`` (float64: how far the value is on the good side, negative on the bad
        one), and ``verdict`` (category): ``met`` or ``missed`` where the whole interval is on one
        side, else ``undecided``.
    """

    table: pd.DataFrame

    def __bool__(self) -> bool:
        return bool((self.table["verdict"] == "met").all())

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`table`."""
        return self.table

    def summary(self) -> str:
        """Return the goals and their verdicts, a line each."""
        lines = []
        for row in self.table.to_dict("records"):
            goal = Goal(row["goal"])
            where = f" ({row['where']})" if row["where"] else ""
            value, low, high, margin = (
                shown_value(goal, row[name]) for name in ("value", "low", "high", "margin")
            )
            ends = "" if math.isnan(row["low"]) else f" ({low} to {high})"
            lines.append(
                f"{row['verdict']:<9} {row['goal']}{where}: {value}{ends}, margin {margin}"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return listed(self.summary().splitlines())

    def __repr__(self) -> str:
        return self.summary()


def shown_value(goal: Goal, number: float) -> str:
    """Write a value of a goal's figure.

    Parameters
    ----------
    goal : Goal
        The goal.
    number : float
        The value, or a difference of two.

    Returns
    -------
    str
    """
    if math.isnan(number):
        return "-"
    if goal.is_share:
        return f"{100 * number:.2f} %"
    if goal.is_time:
        return f"-{duration(-number)}" if number < 0 else duration(number)
    return f"{number:,.4g}"


def evaluate(
    goals: Goal | Iterable[Goal],
    source: HasLedger | Replications,
    *,
    rates: RateCard | None = None,
    country: str | None = None,
    confidence: float = 0.95,
) -> Evaluation:
    """Say which goals a run, a log or replications meet.

    Parameters
    ----------
    goals : Goal or iterable of Goal
        The goals.
    source : Run, Log or Replications
        What is looked at.
    rates, country, confidence : object
        As of :func:`smslab.kpis`.

    Returns
    -------
    Evaluation
        True if all goals are met.

    Raises
    ------
    OptionError
        If messages that a goal is for do not exist, a figure is not known of them, or it is in
        another currency than the goal.

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Scenario, Sender
    >>> scenario = Scenario(traffic=(Campaign(messages=1000),), senders=(Sender(mps=10),))
    >>> goals = [smslab.Goal("delivered >= 95 %"), smslab.Goal("p95 network <= 5 s")]
    >>> smslab.evaluate(goals, smslab.simulate(scenario, rng=1))
    met       delivered >= 95 %: 99.50 % (98.83 % to 99.79 %), margin 4.50 %
    missed    p95 network <= 5 s: 10.4 s (9.8 s to 11.4 s), margin -5.4 s
    """
    chosen = list(goals) if isinstance(goals, Iterable) else [goals]
    rows = []
    known: dict[tuple[tuple[str, str], ...], tuple[pd.DataFrame, dt.datetime | None]] = {}
    for goal in chosen:
        if not isinstance(goal, Goal):
            raise OptionError(f"goals must be a Goal, or several; not {goals!r:.60}")
        messages = tuple(sorted(goal.labels.items()))
        if messages not in known:
            known[messages] = _figures_of(goal, source, rates, country, confidence)
        table, start = known[messages]
        name = goal.figure
        if isinstance(source, Replications):
            name = _OF_REPLICATIONS.get(name, name)
        if name not in table.index:
            if not name.startswith("cause_"):
                raise OptionError(
                    f"goal {goal.text!r}: {goal.figure} is not known of these messages"
                    + ("; give rates" if goal.figure.startswith("cost") else "")
                )
            value, low, high = 0.0, 0.0, 0.0
        else:
            value, low, high = map(float, table.loc[name, ["value", "low", "high"]])
            _check_currency(goal, str(table.loc[name, "unit"]))
        target = goal.seconds(start)
        ends = [value if math.isnan(end) else end for end in (low, high)]
        verdicts = {goal.is_met(end, start) for end in (*ends, value)}
        verdict = "undecided"
        if not math.isnan(value) and len(verdicts) == 1:
            verdict = "met" if verdicts.pop() else "missed"
        margin = goal.margin(value, start)
        where = goal.where if isinstance(goal.where, str) else _written(goal.where)
        rows.append((goal.text, where or "", target, value, low, high, margin, verdict))
    names = ["goal", "where", "target", "value", "low", "high", "margin", "verdict"]
    found = pd.DataFrame(rows, columns=pd.Index(names))
    found["verdict"] = pd.Categorical(found["verdict"], ["met", "missed", "undecided"])
    return Evaluation(found)


def measured(
    goal: Goal,
    run: Run,
    figures: Mapping[str, Mapping[str, float]],
    rates: RateCard | None = None,
) -> float:
    """Return the value that a run has of a goal's figure.

    Parameters
    ----------
    goal : Goal
        The goal.
    run : Run
        One replication.
    figures : dict of str to dict of str to float
        Its figures by traffic, as of :func:`smslab.replications.figures_by_traffic`: what is
        among them is not computed again.
    rates : RateCard, optional
        The prices, for goals of cost.

    Returns
    -------
    float
        NaN where there is none, such as a time that never comes.

    Raises
    ------
    OptionError
        As of :func:`evaluate`.
    """
    name = _OF_REPLICATIONS.get(goal.figure, goal.figure)
    if goal.where is None or isinstance(goal.where, str):
        known = figures.get(goal.where or ALL, {})
        # A goal in a currency is looked at with its figures' currency.
        if name in known and not goal.currency:
            return known[name]
    return float(evaluate(goal, run, rates=rates).table["value"].iloc[0])


def _written(where: Mapping[str, str] | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in (where or {}).items())


class _Part:
    """Some messages of a run or a log."""

    def __init__(self, ledger: Any) -> None:
        self.ledger = ledger


def _figures_of(
    goal: Goal,
    source: HasLedger | Replications,
    rates: RateCard | None,
    country: str | None,
    confidence: float,
) -> tuple[pd.DataFrame, dt.datetime | None]:
    where = goal.labels
    if isinstance(source, Replications):
        if where and set(where) != {"campaign"}:
            raise OptionError(f"goal {goal.text!r}: of replications only campaigns are known")
        table = kpis(source, by="campaign" if where else None)
        if where:
            names = table.index.unique("campaign")
            _check_label(goal, "campaign", where["campaign"], names)
            table = table.loc[[where["campaign"]]].droplevel("campaign")
        return table, source.scenario.start
    ledger = ledger_of(source)
    for name, value in where.items():
        if name not in ledger.labels:
            raise OptionError(
                f"goal {goal.text!r}: no label {name!r}.{nearest(name, ledger.labels)}"
            )
        label = ledger.labels[name]
        _check_label(goal, name, value, label.categories)
        ledger = ledger.only(label == value)
    part = _Part(ledger)
    return kpis(part, rates=rates, country=country, confidence=confidence), ledger.start


def _check_currency(goal: Goal, unit: str) -> None:
    if goal.currency and goal.currency != unit:
        raise OptionError(
            f"goal {goal.text!r}: the figures are in {unit or 'a currency that nobody names'}, "
            f"not in {goal.currency}; give rates in {goal.currency} (RateCard.convert), or a goal "
            "without a currency"
        )


def _check_label(goal: Goal, name: str, value: str, known: Iterable[Any]) -> None:
    names = [str(each) for each in known]
    if value not in names:
        raise OptionError(
            f"goal {goal.text!r}: no {name} is called {value!r}; there are {names[:20]}."
            f"{nearest(value, names)}"
        )
