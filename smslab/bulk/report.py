"""What became of a list that went from file to file."""

from __future__ import annotations

import dataclasses
import html
from typing import Final

import pandas as pd

__all__ = ["FileReport", "unreadable_path"]

#: Rows that could not be read which are shown.
_SHOWN: Final = 3


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FileReport:
    """What became of the rows of a file.

    Parameters
    ----------
    output : str or None
        The result; None where nothing was written.
    rows : int
        Rows that were read.
    report : pandas.DataFrame
        As :attr:`smslab.Prepared.report` of what was prepared, as :meth:`smslab.Bill.by` of what
        was priced; else ``encoding``, ``texts`` and ``segments``.
    unreadable : pandas.DataFrame
        Rows that could not be read, which are in no output: ``row`` (from 1, the header counted,
        blank lines not), ``problem`` and ``content``.
    words : tuple of str
        The report in words, a line each.
    notes : tuple of str
        What was found out of the file, and guessed.
    """

    output: str | None
    rows: int
    report: pd.DataFrame
    unreadable: pd.DataFrame
    words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`report`."""
        return self.report

    def summary(self) -> str:
        """Return it in words."""
        lines = [*self.words, *self.notes]
        if len(self.unreadable):
            kept = self.output is not None and self.output != "-"
            where = f" and are in {unreadable_path(str(self.output))}" if kept else ""
            lines.append(f"{len(self.unreadable):,} rows could not be read{where}:")
            for row, problem, content in self.unreadable.head(_SHOWN).itertuples(index=False):
                lines.append(f"row {row} {problem}: {content[:60]!r}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return f"{self.report.to_html(index=False, border=0)}{notes}"


def unreadable_path(output: str) -> str:
    """Return where rows are written that could not be read.

    Parameters
    ----------
    output : str
        The result.

    Returns
    -------
    str
    """
    return f"{output}.unreadable.csv"
