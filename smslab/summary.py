"""Summary of a replication of which no message is kept."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
import pandas as pd

from smslab.errors import OptionError
from smslab.scenario import Scenario

__all__ = ["ALL", "Summary"]

#: All messages together, beside each traffic by its name.
ALL = "all"


@dataclass(frozen=True, eq=False, kw_only=True)
class Summary:
    """What is known of a replication when no message of it is kept.

    Parameters
    ----------
    scenario : Scenario
        What was simulated.
    seed : int
        Seed of the replication.
    figures : pandas.DataFrame
        One row per traffic (index ``traffic``, where ``all`` stands for all messages), one column
        per figure of :func:`smslab.figures.figures_of`; ``landed_95_s`` and delays are known to
        1 %.
    """

    scenario: Scenario
    seed: int
    figures: pd.DataFrame

    def __len__(self) -> int:
        figures = self.figures_of()
        return int(figures["messages"] + figures["answers"])

    def figures_of(self, traffic: str = ALL) -> dict[str, float]:
        """Return the key figures, as :func:`smslab.figures.figures_of` does.

        Parameters
        ----------
        traffic : str
            Name of one of the scenario's traffic; all messages if not given.

        Returns
        -------
        dict of str to float

        Raises
        ------
        ValueError
            If there is no such traffic.
        """
        if traffic not in self.figures.index:
            names = list(self.figures.index)
            raise OptionError(f"traffic must be one of {names}; not {traffic!r}")
        row = self.figures.loc[traffic].to_numpy(np.float64)
        return dict(zip(self.figures.columns, row.tolist(), strict=True))

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`figures`."""
        return self.figures

    def summary(self) -> str:
        """Return what share of the messages ended in which state, in words."""
        figures = self.figures_of()
        states = ("delivered", "expired", "undelivered", "failed", "pending")
        shares = ", ".join(f"{figures[s]:.1%} {s}" for s in states if figures[s] > 0)
        return f"{int(figures['messages']):,} messages" + (f": {shares}" if shares else "")

    def __repr__(self) -> str:
        return f"<Summary of {self.scenario.name!r}: {self.summary()}>"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self)[1:-1])}</p>{self.figures.T.to_html(border=0)}"
