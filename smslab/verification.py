"""Verification: both engines on the same messages, compared row by row."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from smslab.engines import compiled, reference
from smslab.errors import OptionError
from smslab.outcome import Outcome
from smslab.scenario import Scenario
from smslab.simulate import Seed, seeds
from smslab.traffic import Load, Traffic, columns_of, generate, picked

__all__ = ["Verification", "verify"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Verification:
    """Whether the compiled engine says what the reference engine says.

    Parameters
    ----------
    messages : int
        Messages that were compared, answers included.
    differences : pandas.DataFrame
        One row per difference: ``message``, ``column``, ``reference``, ``compiled``; empty where
        the engines agree.
    """

    messages: int
    differences: pd.DataFrame

    def __bool__(self) -> bool:
        return self.differences.empty

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`differences`."""
        return self.differences

    def summary(self) -> str:
        """Return the result in words."""
        if self:
            return f"{self.messages:,} messages: the engines agree in every row and column"
        rows = self.differences["message"].nunique()
        columns = ", ".join(self.differences["column"].unique())
        return f"{self.messages:,} messages: the engines differ in {rows:,} of them: {columns}"

    def __repr__(self) -> str:
        return f"<Verification: {self.summary()}>"

    def _repr_html_(self) -> str:
        table = "" if self else self.differences.head(20).to_html(index=False, border=0)
        return f"<p>{html.escape(self.summary())}</p>{table}"


def verify(
    scenario: Scenario, n: int = 100_000, *, rng: Seed = None, load: Load | None = None
) -> Verification:
    """Run both engines on a scenario and compare them row by row.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    n : int
        How many messages of the traffic at most: those that come first.
    rng : None, int, SeedSequence or Generator
        Seed.
    load : Load, optional
        List of messages for the campaign that has no number of messages.

    Returns
    -------
    Verification
        True where the engines agree.

    Raises
    ------
    ScenarioError
        If a campaign has neither a number of messages nor a list.
    ValueError
        If `n` is less than 1.

    Examples
    --------
    >>> import smslab
    >>> from smslab.scenario import Campaign, Scenario
    >>> smslab.verify(Scenario(traffic=(Campaign(messages=500),)), rng=1)
    <Verification: 500 messages: the engines agree in every row and column>
    """
    if n < 1:
        raise OptionError(f"n must be 1 or more; not {n!r}")
    seed = seeds(rng, 1)[0]
    traffic = _first(generate(scenario, seed, load), n)
    slow = reference.run(scenario, traffic, seed)
    fast = compiled.run(scenario, traffic, seed)
    return Verification(messages=len(slow.status), differences=_differences(slow, fast))


def _first(traffic: Traffic, n: int) -> Traffic:
    """Return the messages that come first, in their order."""
    if len(traffic.queued_us) <= n:
        return traffic
    rows = np.sort(np.argsort(traffic.queued_us, kind="stable")[:n])
    return replace(traffic, **picked(traffic, rows))


def _differences(slow: Outcome, fast: Outcome) -> pd.DataFrame:
    found = []
    theirs = columns_of(fast) | columns_of(fast.traffic)
    for name, expected in (columns_of(slow) | columns_of(slow.traffic)).items():
        got = theirs[name]
        rows = max(len(expected), len(got))
        both = [pd.Series(values, dtype="Int64").reindex(range(rows)) for values in (expected, got)]
        differ = ~(both[0].eq(both[1]).fillna(False) | (both[0].isna() & both[1].isna()))
        found.append(
            pd.DataFrame(
                {
                    "message": np.flatnonzero(differ),
                    "column": name,
                    "reference": both[0][differ].array,
                    "compiled": both[1][differ].array,
                }
            )
        )
    return pd.concat(found, ignore_index=True)
