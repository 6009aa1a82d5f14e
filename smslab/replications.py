"""Replications: a scenario simulated many times, its figures with intervals, and two compared."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar

import numpy as np
import pandas as pd

from smslab.errors import OptionError
from smslab.estimate import estimate
from smslab.figures import duration, figures_of
from smslab.kernels.simulation import SECOND
from smslab.outcome import Status
from smslab.progress import Progress, shown
from smslab.run import Run
from smslab.scenario import Campaign, Scenario
from smslab.simulate import Seed, check_engine, run_once, seeds
from smslab.summary import ALL
from smslab.traffic import Load

__all__ = [
    "CONFIDENCE",
    "Comparison",
    "Replications",
    "Uncertain",
    "allowed_misses",
    "check_replications",
    "compare",
    "coverage",
    "drawn_inputs",
    "each",
    "estimates",
    "figures_by_traffic",
    "replicate",
]

#: What is not known of an input: the bounds between which it is as likely anywhere, or a function
#: that draws it.
Uncertain: TypeAlias = tuple[float, float] | Callable[[np.random.Generator], float]

#: The share of new replications that an interval aims to hold.
CONFIDENCE: Final = 0.9

_MOST: Final = 100_000

Result = TypeVar("Result")


def _rank(replications: int) -> int:
    """Return how many figures are cut off at each end of the sorted replications, plus one."""
    return max(1, math.floor((replications + 1) * (1 - CONFIDENCE) / 2 + 1e-9))


def _bounds(values: pd.Series[float]) -> tuple[float, float]:
    """Return the ends of the interval that holds the next value."""
    ordered = values.sort_values().to_numpy()
    rank = _rank(len(ordered))
    low, high = ordered[[rank - 1, -rank]] if len(ordered) else (math.nan, math.nan)
    return float(low), float(high)


def check_replications(replications: int) -> None:
    """Make sure that a number of replications can be run.

    Parameters
    ----------
    replications : int
        The number.

    Raises
    ------
    ValueError
        If it is less than 1 or more than anybody waits for.
    """
    if not 1 <= replications <= _MOST:
        raise OptionError(f"replications must be 1 or more, {_MOST:,} at most; not {replications}")


def allowed_misses(replications: int, confidence: float) -> int:
    """Return how many replications may miss what a new one is to meet with a confidence.

    Of n replications r - 1 may: a new one is worse than the r-th worst with probability r / (n + 1)
    (Wilks, Annals of Mathematical Statistics 12, 1941).

    Parameters
    ----------
    replications : int
        How many there are.
    confidence : float
        The probability with which a new one is to meet it.

    Returns
    -------
    int

    Raises
    ------
    OptionError
        If there are too few replications for the confidence, or one of the two is out of range.

    Examples
    --------
    >>> from smslab.replications import allowed_misses
    >>> allowed_misses(20, 0.95), allowed_misses(100, 0.95)
    (0, 4)
    """
    check_replications(replications)
    if not 0 < confidence < 1:
        raise OptionError(f"confidence must be over 0 and less than 1; not {confidence!r}")
    allowed = math.floor((replications + 1) * (1 - confidence) + 1e-9) - 1
    if allowed < 0:
        least = math.ceil(1 / (1 - confidence) - 1 - 1e-9)
        raise OptionError(
            f"replications must be {least} or more for a confidence of {confidence:g}; not "
            f"{replications}"
        )
    return allowed


def coverage(replications: int) -> float:
    """Return the share of new replications that the intervals of so many hold.

    From n replications, the interval between the r-th smallest and the r-th largest figure holds
    the next one with probability (n + 1 - 2r) / (n + 1), whatever its distribution (Wilks, Annals
    of Mathematical Statistics 12, 1941). The largest r with 90 % is taken, and r = 1 where there
    are too few replications for that.

    Parameters
    ----------
    replications : int
        How many.

    Returns
    -------
    float
    """
    return (replications + 1 - 2 * _rank(replications)) / (replications + 1)


def estimates(figures: pd.DataFrame) -> pd.DataFrame:
    """Sum up the figures of replications.

    Parameters
    ----------
    figures : DataFrame
        One row per replication, one column per figure; times end in ``_s``.

    Returns
    -------
    pandas.DataFrame
        One row per figure: ``value``, the mean, for times the median, where one that never comes
        is later than all others; ``low`` and ``high``, between which a new replication falls with
        the probability that :func:`coverage` says.
    """
    rows = {}
    for figure in figures.columns:
        is_time = str(figure).endswith("_s")
        # A time that never comes is later than all others; a share of nothing says nothing.
        values = figures[figure].fillna(math.inf) if is_time else figures[figure].dropna()
        value = values.median() if is_time else values.mean()
        rows[figure] = (float(value), *_bounds(values))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["value", "low", "high"])


def _of(figures: pd.DataFrame, traffic: str) -> pd.DataFrame:
    rows: pd.DataFrame = figures[figures.index.get_level_values("traffic") == traffic]
    return rows.droplevel("traffic")


@dataclass(frozen=True, eq=False, kw_only=True)
class Replications:
    """A scenario simulated many times.

    Parameters
    ----------
    scenario : Scenario
        What was simulated.
    figures : pandas.DataFrame
        One row per replication and traffic (index ``replication``, ``traffic``, where ``all``
        stands for all messages), one column per figure of :func:`smslab.figures.figures_of`.
    with_known_inputs : pandas.DataFrame or None
        The same with all inputs as the scenario has them, where some were uncertain.
    inputs : pandas.DataFrame
        One row per replication, one column per uncertain input: what was drawn.
    landed : pandas.DataFrame
        One row per replication, one column per share of all messages (0.01 to 1): when, in
        seconds after the start, so many had landed; NaN where so many never did.
    """

    scenario: Scenario
    figures: pd.DataFrame
    with_known_inputs: pd.DataFrame | None
    inputs: pd.DataFrame
    landed: pd.DataFrame

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def coverage(self) -> float:
        """Share of new replications that the intervals hold, as :func:`coverage` says."""
        return coverage(len(self))

    def estimates(self, traffic: str = ALL) -> pd.DataFrame:
        """Return the figures with their intervals.

        Parameters
        ----------
        traffic : str
            Name of one of the scenario's traffic; all messages if not given.

        Returns
        -------
        pandas.DataFrame
            One row per figure: ``value``, ``low`` and ``high`` as of :func:`estimates`; where
            inputs are uncertain, also ``low_known`` and ``high_known``, the interval that chance
            alone would give.

        Raises
        ------
        ValueError
            If there is no such traffic.
        """
        names = self.figures.index.unique("traffic")
        if traffic not in names:
            raise OptionError(f"traffic must be one of {list(names)}; not {traffic!r}")
        table = estimates(_of(self.figures, traffic))
        if self.with_known_inputs is not None:
            known = estimates(_of(self.with_known_inputs, traffic))
            table[["low_known", "high_known"]] = known[["low", "high"]]
        return table

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`figures`."""
        return self.figures

    def summary(self) -> str:
        """Return the figures that people ask for first, in words."""
        table = self.estimates()
        lines = [f"{len(self):,} replications, {100 * self.coverage:.1f} % intervals"]
        for name, figure in (("Delivered", "delivered"), ("Read in 5 min", "read_5_min")):
            value, low, high = 100 * table.loc[figure, ["value", "low", "high"]]
            lines.append(f"{name:<14} {value:.1f} % ({low:.1f} to {high:.1f})")
        for name, figure in (("Last leaves", "sending_done_s"), ("Last lands", "finish_s")):
            value, low, high = map(duration, table.loc[figure, ["value", "low", "high"]])
            lines.append(f"{name:<14} {value} ({low} to {high})")
        if all(
            not isinstance(t, Campaign) or t.messages is not None for t in self.scenario.traffic
        ):
            lines.append(f"{'Estimate':<14} {estimate(self.scenario).summary().splitlines()[0]}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Replications of {self.scenario.name!r}: {self.summary()}>"

    def _repr_html_(self) -> str:
        name = html.escape(self.scenario.name)
        head = f"<p>{name}: {len(self):,} replications, {100 * self.coverage:.1f} % intervals</p>"
        last = html.escape(self.summary().splitlines()[-1])
        return f"{head}{self.estimates().to_html(border=0)}<p>{last}</p>"


def replicate(
    scenario: Scenario,
    n: int = 20,
    *,
    rng: Seed = None,
    uncertain: Mapping[str, Uncertain] | None = None,
    engine: str = "auto",
    load: Load | None = None,
    executor: Executor | None = None,
    progress: Progress = None,
) -> Replications:
    """Simulate a scenario many times.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    n : int
        How often; 19 or more give 90 % intervals.
    rng : None, int, SeedSequence or Generator
        Seed; the first replication is that of :func:`smslab.simulate`.
    uncertain : dict of str to (float, float) or callable, optional
        Inputs that are not known, by their path in the scenario, such as
        ``{"carriers[0].first_attempt": (0.9, 0.97)}``: each replication draws them anew, evenly
        between the bounds or by a function of a random generator. Then the scenario is simulated
        as it stands too, to tell chance from ignorance.
    engine : str
        As of :func:`smslab.simulate`.
    load : Load, optional
        List of messages for the campaign that has no number of messages.
    executor : concurrent.futures.Executor, optional
        Where replications run; here if not given. Threads serve, for the compiled engine needs
        no lock. The results are the same.
    progress : None, True, or callable
        True shows a bar; a function is called with (done, total).

    Returns
    -------
    Replications

    Raises
    ------
    ScenarioError
        If a path leads nowhere, a drawn value is out of range, or a campaign has neither a number
        of messages nor a list.
    ValueError
        If `n` is less than 1.

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Scenario, Sender
    >>> scenario = Scenario(traffic=(Campaign(messages=1000),), senders=(Sender(mps=10),))
    >>> many = smslab.replicate(scenario, rng=1, uncertain={"senders[0].mps": (8, 12)})
    >>> many.estimates().loc[["sending_done_s", "delivered"]].round(3)
                      value     low     high  low_known  high_known
    sending_done_s  103.639  83.427  120.304     99.900        99.9
    delivered         0.997   0.994    1.000      0.994         1.0
    """
    check_replications(n)
    check_engine(engine)
    chosen = seeds(rng, n)
    drawn = [drawn_inputs(uncertain or {}, seed) for seed in chosen]
    inputs = pd.DataFrame(drawn, index=pd.RangeIndex(n, name="replication"))
    varied = [scenario.changed(row) for row in drawn]
    pairs = list(zip(varied, chosen, strict=True))
    if uncertain:
        pairs += [(scenario, seed) for seed in chosen]
    tasks = [(*pair, load, engine) for pair in pairs]
    running = each(_figures, tasks, executor)
    found = list(shown(running, progress, len(tasks), "replications"))
    figures = [parts for parts, _ in found]
    return Replications(
        scenario=scenario,
        figures=_table(figures[:n]),
        with_known_inputs=_table(figures[n:]) if uncertain else None,
        inputs=inputs,
        landed=pd.DataFrame(
            [landed for _, landed in found[:n]],
            index=inputs.index,
            columns=pd.Index(_SHARES, name="share"),
        ),
    )


def drawn_inputs(uncertain: Mapping[str, Uncertain], seed: int) -> dict[str, Any]:
    """Draw the uncertain inputs of a replication from its seed.

    Parameters
    ----------
    uncertain : dict of str to (float, float) or callable
        As of :func:`replicate`.
    seed : int
        Seed of the replication.

    Returns
    -------
    dict of str to object
        What was drawn, by the same names.

    Raises
    ------
    OptionError
        If a range is none.
    """
    row = {}
    for path, how in uncertain.items():
        generator = np.random.default_rng([seed, *str(path).encode()])
        if callable(how):
            row[path] = how(generator)
            continue
        try:
            low, high = map(float, how)
        except (TypeError, ValueError):
            low = high = math.nan
        if not -math.inf < low <= high < math.inf:
            raise OptionError(
                f"uncertain[{path!r}] must be two bounds, the lower first, or a function of a "
                f"random generator; not {how!r:.80}"
            )
        row[path] = generator.uniform(low, high)
    return row


#: Shares of the messages for which it is noted when so many had landed.
_SHARES: Final = tuple(share / 100 for share in range(1, 101))

_Figures: TypeAlias = tuple[dict[str, dict[str, float]], list[float]]


def figures_by_traffic(run: Run) -> dict[str, dict[str, float]]:
    """Return the figures of a run, of all its messages and of each traffic.

    Parameters
    ----------
    run : Run
        One replication.

    Returns
    -------
    dict of str to dict of str to float
        By name of the traffic, ``all`` for all of it; of :func:`smslab.figures.figures_of`.
    """
    names = [traffic.name for traffic in run.scenario.traffic]
    if len(names) > 1:
        # Asked for here, these are drawn once for all parts.
        _ = run.receipt_us, run.read_us, run.emailed_us, run.converted_us
    parts = {name: figures_of(run.of(name)) for name in names} if len(names) > 1 else {}
    return {ALL: figures_of(run), **parts}


def _figures(scenario: Scenario, seed: int, load: Load | None, engine: str) -> _Figures:
    """Simulate one replication; return its figures, in all and of each traffic, and a curve."""
    run = run_once(scenario, seed, load, engine)
    asked = run.asked
    ranks = np.ceil(np.array(_SHARES) * len(asked)).astype(np.int64) - 1
    landed = asked.final_us[asked.status == Status.DELIVERED]
    reached = ranks[(ranks >= 0) & (ranks < len(landed))]
    curve = np.full(len(_SHARES), math.nan)
    if len(reached):
        curve[: len(reached)] = np.partition(landed, np.unique(reached))[reached] / SECOND
    return figures_by_traffic(run), curve.tolist()


def each(
    call: Callable[..., Result],
    tasks: Sequence[tuple[Any, ...]],
    executor: Executor | None = None,
) -> Iterator[Result]:
    """Call a function for each of many tasks, and yield what it returns, in their order.

    Parameters
    ----------
    call : callable
        The function.
    tasks : sequence of tuple
        Its arguments.
    executor : concurrent.futures.Executor, optional
        Where it runs; here, one after the other, if not given. What has not begun is cancelled
        when nobody asks for more.

    Yields
    ------
    object
        What it returns.
    """
    if executor is None:
        for task in tasks:
            yield call(*task)
        return
    futures = [executor.submit(call, *task) for task in tasks]
    try:
        for future in futures:
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


def _table(figures: Sequence[dict[str, dict[str, float]]]) -> pd.DataFrame:
    return pd.concat(
        {
            place: pd.DataFrame.from_dict(parts, orient="index")
            for place, parts in enumerate(figures)
        },
        names=["replication", "traffic"],
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison:
    """Two scenarios simulated with the same random numbers.

    Parameters
    ----------
    a, b : Replications
        The two.
    """

    a: Replications
    b: Replications

    @property
    def differences(self) -> pd.DataFrame:
        """B less a: one row per replication and traffic that both have, one column per figure."""
        both = self.a.figures.index.intersection(self.b.figures.index)
        return self.b.figures.loc[both] - self.a.figures.loc[both]

    def estimates(self, traffic: str = ALL) -> pd.DataFrame:
        """Return the differences with their intervals.

        Parameters
        ----------
        traffic : str
            Name of a traffic that both scenarios have; all messages if not given.

        Returns
        -------
        pandas.DataFrame
            One row per figure: ``a`` and ``b``, the values of the two; ``difference``, the mean of
            b less a over the replications, ``low`` and ``high`` as of :func:`estimates`. NaN where
            one of the two has no such figure, such as a time that never comes.

        Raises
        ------
        ValueError
            If one of the two has no such traffic.
        """
        table = pd.DataFrame(
            {"a": self.a.estimates(traffic)["value"], "b": self.b.estimates(traffic)["value"]}
        )
        for figure, values in _of(self.differences, traffic).items():
            # A time that never comes in one of the two has no difference.
            bounds = _bounds(values) if values.notna().all() else (math.nan, math.nan)
            table.loc[figure, ["difference", "low", "high"]] = (values.mean(skipna=False), *bounds)
        return table

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`differences`."""
        return self.differences

    def __repr__(self) -> str:
        names = f"{self.a.scenario.name!r} and {self.b.scenario.name!r}"
        return f"<Comparison of {names}: {len(self.a):,} replications>\n{self.estimates()}"

    def _repr_html_(self) -> str:
        names = f"{self.a.scenario.name} (a) and {self.b.scenario.name} (b)"
        head = f"<p>{html.escape(names)}: {len(self.a):,} replications, paired</p>"
        return head + self.estimates().to_html(border=0)


def compare(
    a: Scenario,
    b: Scenario,
    n: int = 20,
    *,
    rng: Seed = None,
    load: Load | None = None,
    executor: Executor | None = None,
    progress: Progress = None,
) -> Comparison:
    """Simulate two scenarios with the same random numbers, and look at the differences.

    What the two have in common is drawn alike, so that the differences show what the scenarios
    differ in and not chance (common random numbers): the same row of traffic at the same place in
    both fares alike as far as nothing else is different.

    Parameters
    ----------
    a, b : Scenario
        The two.
    n : int
        How often each is simulated.
    rng : None, int, SeedSequence or Generator
        Seed.
    load : Load, optional
        As of :func:`replicate`, like all further ones.
    executor : concurrent.futures.Executor, optional
        As of :func:`replicate`.
    progress : None, True, or callable
        As of :func:`replicate`; it counts those of `a`, then those of `b`.

    Returns
    -------
    Comparison

    Raises
    ------
    ScenarioError, ValueError
        As of :func:`replicate`.

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Scenario, Sender
    >>> offers = Campaign(messages=500)
    >>> slow, fast = (
    ...     Scenario(traffic=(offers,), senders=(Sender(mps=mps),)) for mps in (5, 10)
    ... )
    >>> smslab.compare(slow, fast, rng=1).estimates().loc[["sending_done_s", "delivered"]]
                          a        b  difference   low  high
    sending_done_s  99.8000  49.9000       -49.9 -49.9 -49.9
    delivered        0.9966   0.9966         0.0   0.0   0.0
    """
    seed = int(np.random.default_rng(rng).integers(0, 2**63))
    first, second = (
        replicate(scenario, n, rng=seed, load=load, executor=executor, progress=progress)
        for scenario in (a, b)
    )
    return Comparison(a=first, b=second)
