"""Goals: targets for key figures, and whether a run, a log or replications meet them."""

from __future__ import annotations

import datetime as dt
import html
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from smslab.errors import OptionError, nearest
from smslab.figures import duration
from smslab.kpi import kpis
from smslab.ledger import HasLedger, ledger_of
from smslab.rates import RateCard
from smslab.replications import Replications

__all__ = ["Evaluation", "Goal", "evaluate"]

#: Other names of figures of :func:`smslab.kpis`.
_ALIASES: Final = {
    "finish": "finish_s",
    "last_lands": "finish_s",
    "last_leaves": "sending_done_s",
    "sending_done": "sending_done_s",
    "read_within_5_min": "read_5_min",
    "within_10s": "within_10_s",
    "opt_out": "opted_out",
    "optout": "opted_out",
    "reply": "replied",
    "conversion": "converted",
    "delivery": "delivered",
    "delivery_rate": "delivered",
}

#: Figures of replications that are called otherwise than those of messages.
_OF_REPLICATIONS: Final = {
    "delay_p50": "delay_50_s",
    "delay_p95": "delay_95_s",
    "landed_p95_s": "landed_95_s",
}

#: Commas part the thousands of a number, and nothing else.
_WITH_COMMAS: Final = re.compile(r"[1-9]\d{0,2}(,\d{3})+(\.\d+)?")

#: Figures that may be asked for.
_SHARES: Final = (
    *("delivered", "undelivered", "expired", "failed", "pending", "unknown", "confirmed"),
    *("within_10_s", "read_5_min", "replied", "opted_out", "emailed", "converted"),
)
_DELAYS: Final = tuple(
    f"{stage}_p{share}"
    for stage in ("wait", "network", "receipt", "delay")
    for share in (50, 90, 95, 99)
)
_TIMES: Final = (*_DELAYS, "sending_done_s", "landed_p95_s", "finish_s")
_NUMBERS: Final = (
    *("messages", "segments", "segments_per_message", "throughput", "throughput_peak"),
    *("cost", "cost_per_sent", "cost_per_delivered", "cost_per_read", "cost_per_converted"),
)

_SIGNS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_SECONDS: Final = {
    **{"s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0},
    **{"min": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hour": 3600.0},
    **{"hours": 3600.0, "d": 86400.0, "day": 86400.0, "days": 86400.0, "ms": 0.001},
}

_TEXT: Final = re.compile(
    r"\s*(?:p(?P<percentile>50|90|95|99)\s+)?(?P<figure>[a-z][a-z0-9 _-]*?)"
    r"\s*(?P<sign><=|>=|<|>)\s*"
    r"(?P<value>\d{1,2}:\d{2}|[\d,]*\.?\d+)\s*(?P<unit>%|/\s*s|[a-z]*)\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Goal:
    """A target for a key figure.

    Parameters
    ----------
    text : str
        A figure of :func:`smslab.kpis`, ``<=``, ``>=``, ``<`` or ``>``, and a number with its
        unit: ``"delivered >= 95 %"``, ``"p95 delay <= 10 s"``, ``"finish <= 20:00"`` (by the
        clock of the scenario's start), ``"cost per delivered <= 0.02"``.
    where : str or mapping of str to str, optional
        Messages that it is for: the name of a campaign, or labels such as
        ``{"carrier": "Verizon"}``; all if not given.
    figure, sign, target, clock, currency : object
        What the text says: found out, not given. `target` is in seconds for times, a share for
        shares; `clock` is True for a time of the day; `currency` is empty where none is named.

    Raises
    ------
    OptionError
        If the text is no goal, or `where` names no messages.

    Examples
    --------
    >>> import smslab
    >>> smslab.Goal("p95 delay <= 10 s", where="otp")
    Goal('p95 delay <= 10 s', where='otp')
    """

    text: str
    where: str | Mapping[str, str] | None = None
    figure: str = field(init=False, repr=False)
    sign: str = field(init=False, repr=False)
    target: float = field(init=False, repr=False)
    clock: bool = field(init=False, repr=False)
    currency: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = _TEXT.fullmatch(str(self.text))
        if parts is None:
            raise OptionError(
                f"a goal is a figure, a sign and a number, such as 'delivered >= 95 %' or 'p95 "
                f"delay <= 10 s'; not {self.text!r}"
            )
        if not all(isinstance(each, str) for pair in self.labels.items() for each in pair):
            raise OptionError(
                f"goal {self.text!r}: where must be the name of a campaign, or labels such as "
                f"{{'carrier': 'Verizon'}}; not {self.where!r}"
            )
        name = re.sub(r"[\s_-]+", "_", parts["figure"].lower())
        if parts["percentile"]:
            name = f"{name}_p{parts['percentile']}"
        name = _ALIASES.get(name, name)
        known = (*_SHARES, *_TIMES, *_NUMBERS)
        if name not in known and not name.startswith("cause_"):
            raise OptionError(
                f"goal {self.text!r}: no figure {name!r}.{nearest(name, known)} Delays need a "
                "percentile: 'p95 delay'"
            )
        target, clock = self._target(parts["value"], parts["unit"].lower(), name)
        currency = parts["unit"].upper() if name.startswith("cost") else ""
        for attribute, value in (
            *(("figure", name), ("sign", parts["sign"]), ("target", target), ("clock", clock)),
            ("currency", currency),
        ):
            object.__setattr__(self, attribute, value)

    @property
    def labels(self) -> dict[str, str]:
        """What the messages that it is for are called, by label."""
        if self.where is None:
            return {}
        return dict(self.where) if isinstance(self.where, Mapping) else {"campaign": self.where}

    def _target(self, value: str, unit: str, name: str) -> tuple[float, bool]:
        if ":" in value:
            hours, minutes = map(int, value.split(":"))
            if not name.endswith("_s") or name not in _TIMES or hours > 23 or minutes > 59:
                raise OptionError(
                    f"goal {self.text!r}: {value} is a time of the day; only finish, last leaves "
                    "and landed can have one"
                )
            return hours * 3600.0 + minutes * 60.0, True
        if "," in value and not _WITH_COMMAS.fullmatch(value):
            raise OptionError(
                f"goal {self.text!r}: commas part thousands, as in 1,500; write {value} with a "
                "decimal point, such as 0.02"
            )
        number = float(value.replace(",", ""))
        if name in _TIMES:
            if unit not in _SECONDS:
                raise OptionError(f"goal {self.text!r}: a time needs a unit: s, min, h or d")
            return number * _SECONDS[unit], False
        if name in _SHARES or name.startswith("cause_"):
            share = number / 100 if unit == "%" else number
            if unit not in ("", "%") or not 0 <= share <= 1:
                raise OptionError(
                    f"goal {self.text!r}: a share is 0 to 1, or 0 to 100 %; not {value} {unit}"
                )
            return share, False
        rate = name.startswith("throughput") and unit.replace(" ", "") == "/s"
        if name.startswith("cost") and unit and (unit in _SECONDS or not unit.isalpha()):
            raise OptionError(
                f"goal {self.text!r}: {unit!r} is no currency; write a code such as EUR"
            )
        if unit and not rate and not name.startswith("cost"):
            raise OptionError(f"goal {self.text!r}: {name} has no unit {unit!r}")
        return number, False

    def seconds(self, start: dt.datetime | None) -> float:
        """Return the target; one by the clock in seconds after the start.

        Parameters
        ----------
        start : datetime or None
            When the times of the figures begin.

        Returns
        -------
        float

        Raises
        ------
        OptionError
            If the target is a time of the day and nobody knows when it all starts.
        """
        if not self.clock:
            return self.target
        if start is None:
            raise OptionError(
                f"goal {self.text!r}: a time of the day needs a start: give the scenario one"
            )
        midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
        after = self.target - (start - midnight).total_seconds()
        return after if after > 0 else after + 86400.0

    def __repr__(self) -> str:
        where = "" if self.where is None else f", where={self.where!r}"
        return f"Goal({self.text!r}{where})"


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
                _shown(goal, row[name]) for name in ("value", "low", "high", "margin")
            )
            ends = "" if math.isnan(row["low"]) else f" ({low} to {high})"
            lines.append(
                f"{row['verdict']:<9} {row['goal']}{where}: {value}{ends}, margin {margin}"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(f"<li>{html.escape(line)}</li>" for line in self.summary().splitlines())
        return f"<ul>{rows}</ul>"

    def __repr__(self) -> str:
        return self.summary()


def _shown(goal: Goal, number: float) -> str:
    if math.isnan(number):
        return "-"
    if goal.figure in _SHARES or goal.figure.startswith("cause_"):
        return f"{100 * number:.2f} %"
    if goal.figure in _TIMES:
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
    for goal in chosen:
        if not isinstance(goal, Goal):
            raise OptionError(f"goals must be a Goal, or several; not {goals!r:.60}")
        table, start = _figures_of(goal, source, rates, country, confidence)
        name = goal.figure
        if isinstance(source, Replications):
            name = _OF_REPLICATIONS.get(name, name)
        if name not in table.index:
            if not name.startswith("cause_"):
                raise OptionError(
                    f"goal {goal.text!r}: {goal.figure} is not known of these messages"
                )
            value, low, high = 0.0, 0.0, 0.0
        else:
            value, low, high = map(float, table.loc[name, ["value", "low", "high"]])
            _check_currency(goal, str(table.loc[name, "unit"]))
        target = goal.seconds(start)
        holds = _SIGNS[goal.sign]
        ends = [value if math.isnan(end) else end for end in (low, high)]
        verdicts = {holds(end, target) for end in (*ends, value)}
        verdict = "undecided"
        if not math.isnan(value) and len(verdicts) == 1:
            verdict = "met" if verdicts.pop() else "missed"
        margin = value - target if goal.sign.startswith(">") else target - value
        where = goal.where if isinstance(goal.where, str) else _written(goal.where)
        rows.append((goal.text, where or "", target, value, low, high, margin, verdict))
    names = ["goal", "where", "target", "value", "low", "high", "margin", "verdict"]
    found = pd.DataFrame(rows, columns=pd.Index(names))
    found["verdict"] = pd.Categorical(found["verdict"], ["met", "missed", "undecided"])
    return Evaluation(found)


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
