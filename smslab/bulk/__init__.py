"""Lists of any size in files: prepared or segmented batch by batch, resumed after a kill."""

from __future__ import annotations

import dataclasses
import hashlib
import html
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from smslab import __version__
from smslab.bulk.run import process
from smslab.bulk.sinks import open_sink
from smslab.bulk.sources import BATCH_ROWS, Source, kind_of, open_source
from smslab.bulk.steps import Prepare, Segment, column_of
from smslab.coding import Coding
from smslab.columns import COLUMNS, check_kinds, find_columns
from smslab.errors import InputError
from smslab.output import check_apart, write_table, write_whole
from smslab.preparation import Preparation
from smslab.prepare import summary_of
from smslab.rates import RateCard
from smslab.sample import SAMPLE_SCHEMA, sample_blocks
from smslab.simulate import Seed

__all__ = ["FileReport", "numbers_in", "prepare_file", "sample_file", "segment_file"]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FileReport:
    """What became of the rows of a file.

    Parameters
    ----------
    output : str
        The result.
    rows : int
        Rows in it.
    report : pandas.DataFrame
        As :attr:`smslab.Prepared.report`, or of what was segmented ``encoding``, ``texts`` and
        ``segments``.
    unreadable : pandas.DataFrame
        Rows that could not be read, which are in no output: ``row`` (from 1, the header counted),
        ``problem`` and ``content``.
    notes : tuple of str
        What was found out of the file, and what else should be known.
    currency : str
        Of costs; empty where there are none.
    """

    output: str
    rows: int
    report: pd.DataFrame
    unreadable: pd.DataFrame
    notes: tuple[str, ...] = ()
    currency: str = ""

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`report`."""
        return self.report

    def summary(self) -> str:
        """Return it in words."""
        notes = list(self.notes)
        if len(self.unreadable):
            row, problem = self.unreadable.loc[0, ["row", "problem"]]
            notes.append(
                f"{len(self.unreadable):,} rows could not be read and are in "
                f"{unreadable_path(self.output)}: row {row} {problem}"
            )
        if "status" in self.report:
            return summary_of(self.report, self.currency, notes)
        lines = [f"{self.rows:,} rows, {self.report['segments'].sum():,} segments"]
        for encoding, texts in zip(self.report["encoding"], self.report["texts"], strict=True):
            lines.append(f"{encoding:9} {texts:>11,}")
        return "\n".join([*lines, *notes])

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


def prepare_file(
    path: str | Path,
    output: str | Path,
    *,
    text: str | None = None,
    to: str | None = None,
    rates: RateCard | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    batch_rows: int = BATCH_ROWS,
    workers: int = 1,
    resume: bool = False,
    guard: bool = True,
    progress: Callable[[int, int, int], None] | None = None,
    **options: Any,
) -> FileReport:
    """Prepare a list of any size, from a file into a file.

    Memory does not grow with the list, but for 27 to 53 octets a number that duplicates are found
    by. A run that was stopped, by a kill or a full disk, goes on with `resume` where it was, and
    ends with the same bytes. What JSON Lines hold beside strings is carried along as strings.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv``, ``.jsonl``, each also with ``.gz`` or ``.zst`` behind, or ``.parquet``;
        ``-`` for CSV from the standard input.
    output : str or Path
        Of the same kinds; ``-`` for CSV to the standard output. It is written aside and put in its
        place when it is whole.
    text, to : str, optional
        As of :func:`smslab.prepare`.
    rates : RateCard, optional
        As of :func:`smslab.prepare`.
    encoding : str, optional
        Of a text file, as Python calls it; found out if not given.
    delimiter : str, optional
        Between the cells of a CSV file; found out if not given.
    batch_rows : int
        Rows that are looked at together.
    workers : int
        Threads.
    resume : bool
        Whether to go on where the same job was stopped.
    guard : bool
        Whether texts in a CSV file that a spreadsheet would take for formulas get an apostrophe.
    progress : callable, optional
        Called with rows done, octets of the input read, and octets in all (0 if not known).
    **options : object
        As of :func:`smslab.prepare`.

    Returns
    -------
    FileReport

    Raises
    ------
    InputError
        If the input cannot be read, lacks a column, or the output cannot be written.
    OptionError, TextError
        As of :func:`smslab.prepare`.

    Examples
    --------
    >>> import os, tempfile
    >>> import smslab
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     listed = os.path.join(folder, "list.csv")
    ...     smslab.sample(1000).to_csv(listed, index=False)
    ...     smslab.prepare_file(listed, os.path.join(folder, "ready.parquet"), country="US")
    1,000 rows, 981 of them can be sent
    segments  1,666
    sendable          981
    rejected           13  duplicate
    rejected            2  empty text
    rejected            1  no number
    rejected            1  not a phone number
    rejected            1  number too short
    rejected            1  unknown calling code
    """
    preparation = Preparation(rates=rates, **options)
    _check_output(path, output)
    with open_source(path, encoding=encoding, delimiter=delimiter) as source:
        columns = preparation.columns_of(source.name, source.schema.names, {"text": text, "to": to})
        # A field of a template may be called text, and hold anything.
        roles = [role for role in COLUMNS if role != "text" or role in preparation.needed]
        known = {role: columns[role] for role in roles if role in columns}
        check_kinds(source.name, known, source.schema)
        job = _job("prepare", source, output, batch_rows, guard) | {
            "columns": columns,
            "options": {name: _told(value) for name, value in sorted(options.items())},
            "rates": _told(rates),
        }
        rows = process(
            source,
            Prepare(preparation, columns),
            str(output),
            job=job,
            batch_rows=batch_rows,
            workers=workers,
            resume=resume,
            guard=guard,
            progress=progress,
        )
    currency = "" if rates is None else rates.currency
    return _reported(source, output, rows, preparation.report(), preparation.notes, currency)


def segment_file(
    path: str | Path,
    output: str | Path,
    *,
    text: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    batch_rows: int = BATCH_ROWS,
    workers: int = 1,
    resume: bool = False,
    guard: bool = True,
    progress: Callable[[int, int, int], None] | None = None,
    **coding: Any,
) -> FileReport:
    """Count the segments of a list of any size, from a file into a file.

    Parameters
    ----------
    path, output, text, encoding, delimiter, batch_rows, workers, resume, guard, progress : object
        As of :func:`prepare_file`.
    **coding : object
        As of :func:`smslab.segment`.

    Returns
    -------
    FileReport
        The output has the list's columns, and ``sms_encoding``, ``sms_characters``, ``sms_units``
        and ``sms_segments`` behind them.

    Raises
    ------
    InputError
        As of :func:`prepare_file`.
    ValueError
        As of :func:`smslab.segment`.
    """
    _check_output(path, output)
    with open_source(path, encoding=encoding, delimiter=delimiter) as source:
        columns = find_columns(source.name, source.schema.names, {"text": text})
        check_kinds(source.name, {"text": columns["text"]}, source.schema)
        there = [name for name in Segment.schema.names if name in source.schema.names]
        if there:
            raise InputError(f"{source.name}: has a column {there[0]!r} already; drop it")
        job = _job("segment", source, output, batch_rows, guard) | {
            "text": columns["text"],
            "options": {name: _told(value) for name, value in sorted(coding.items())},
        }
        step = Segment(columns["text"], Coding(**coding))
        rows = process(
            source,
            step,
            str(output),
            job=job,
            batch_rows=batch_rows,
            workers=workers,
            resume=resume,
            guard=guard,
            progress=progress,
        )
    return _reported(source, output, rows, step.report(), (), "")


def _check_output(path: str | Path, output: str | Path) -> None:
    if str(output) != "-":
        check_apart(output, None if str(path) == "-" else path)


def _job(
    what: str, source: Source, output: str | Path, batch_rows: int, guard: bool
) -> dict[str, Any]:
    """Return what has to be the same for a stopped run to go on."""
    stat = os.stat(source.name) if os.path.exists(source.name) else None
    return {
        "what": what,
        "version": __version__,
        "input": os.path.abspath(source.name),
        "size": None if stat is None else stat.st_size,
        "changed": None if stat is None else stat.st_mtime_ns,
        "output": os.path.abspath(output),
        "batch_rows": batch_rows,
        "guard": guard,
    }


def _told(value: Any) -> Any:
    """Return an option as JSON has it; what is large as what tells it apart."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.astuple(value)
    if isinstance(value, pd.Series):
        value = value.tolist()
    return hashlib.sha256(repr(value).encode("utf-8", "replace")).hexdigest()


def _reported(
    source: Source,
    output: str | Path,
    rows: int,
    report: pd.DataFrame,
    notes: Sequence[str],
    currency: str,
) -> FileReport:
    names = pd.Index(["row", "problem", "content"])
    unreadable = pd.DataFrame(source.unreadable, columns=names)
    if len(unreadable) and str(output) != "-":
        write_table(unreadable, unreadable_path(str(output)))
    return FileReport(
        output=str(output),
        rows=rows,
        report=report,
        unreadable=unreadable,
        notes=tuple(f"{source.name} {note}" for note in source.notes) + tuple(notes),
        currency=currency,
    )


def sample_file(output: str | Path, rows: int, *, rng: Seed = 2026) -> None:
    """Write a made-up list of any length, as of :func:`smslab.sample`.

    Parameters
    ----------
    output : str or Path
        As of :func:`prepare_file`.
    rows : int
        How many messages.
    rng : None, int, SeedSequence or Generator
        Seed.

    Raises
    ------
    InputError
        If the file cannot be written.
    OptionError
        If `rows` is less than 0.
    """
    path = Path(output)
    kind = kind_of(str(path))
    blocks = sample_blocks(rows, rng=rng)
    with (
        write_whole(path.parent, [path.name]) as (aside,),
        open_sink(aside, *kind, SAMPLE_SCHEMA, guard=True) as sink,
    ):
        for block in blocks:
            sink.write(block)


def numbers_in(path: str | Path, to: str | None = None) -> pd.Series[Any]:
    """Read the column of phone numbers of a file, such as a list of opt-outs.

    Parameters
    ----------
    path : str or Path
        As of :func:`prepare_file`; a file of one column needs no name for it.
    to : str, optional
        The column.

    Returns
    -------
    Series
        The numbers.

    Raises
    ------
    InputError
        If it cannot be read, or no column is told.
    """
    with open_source(path) as source:
        names = source.schema.names
        if to is None and len(names) == 1:
            to = names[0]
        name = find_columns(source.name, names, {"to": to}, needed=("to",))["to"]
        parts = [column_of(table, name) for table in source.batches(1 << 20)]
    return pd.concat(parts, ignore_index=True) if parts else pd.Series([], dtype="str")
