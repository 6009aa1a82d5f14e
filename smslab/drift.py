"""Drift: how prices have changed from one rate card to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

__all__ = ["OTHER", "Drift"]

#: The carrier of a price that holds for every carrier without one of its own.
OTHER: Final = "Other"


@dataclass(frozen=True)
class Drift:
    """How prices have changed from one card to another.

    Parameters
    ----------
    old, new, currency : str
        Names of the cards, and in what their prices are.
    countries : DataFrame
        By country: ``old`` and ``new`` (float64, price of a segment to a carrier without a row of
        its own, NaN where a card has none), ``change`` (new / old - 1), ``old_basis`` and
        ``new_basis`` (as of :class:`Price`), and ``weight`` where a campaign was given.
    """

    old: str
    new: str
    currency: str
    countries: pd.DataFrame

    @property
    def common(self) -> pd.DataFrame:
        """The countries for whose other carriers both cards have a price."""
        bases = self.countries[["old_basis", "new_basis"]]
        return self.countries[(bases == OTHER).all(axis=1)]

    def summary(self) -> str:
        """Return the drift in words."""
        table = self.countries
        both = table["old"].notna() & table["new"].notna()
        change = self.common["change"]
        changed = change[change != 0]
        lines = [
            f"{self.old} -> {self.new}, {self.currency} a segment",
            f"{len(self.common)} countries with a price for other carriers in both: "
            f"{len(changed) / max(len(change), 1):.1%} changed",
        ]
        if len(changed):
            ups, downs = int((changed > 0).sum()), int((changed < 0).sum())
            lines[-1] += f", {ups} up, {downs} down; median {changed.median():+.1%} of those"
        if rest := int(both.sum()) - len(self.common):
            lines.append(f"{rest} more by their cheapest carrier in one or both")
        for name, missing in (("old", table["old"].isna()), ("new", table["new"].isna())):
            if missing.any():
                lines.append(f"not in the {name} one: {', '.join(table.index[missing])}")
        if "weight" in table:
            sent = table[both & (table["weight"] > 0)]
            before, after = ((sent["weight"] * sent[side]).sum() for side in ("old", "new"))
            part = f" ({after / before - 1:+.1%})" if before else ""
            lines.append(f"the campaign: {before:,.2f} -> {after:,.2f}{part}")
            left = table.index[~both & (table["weight"] > 0)]
            if len(left):
                lines.append(f"without a price in one of them: {', '.join(left)}")
        return "\n".join(lines)

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`countries`."""
        return self.countries

    def _repr_html_(self) -> str:
        return self.countries.to_html(na_rep="-")

    def __repr__(self) -> str:
        return self.summary()
