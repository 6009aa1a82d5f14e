"""Bulk work: a list from a source through a step into a sink, in constant memory."""

from __future__ import annotations

import collections
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa

from smslab.bulk.journal import Journal
from smslab.errors import InputError, OptionError
from smslab.files.batches import BATCH_ROWS, Source
from smslab.files.kinds import kind_of
from smslab.files.sinks import open_sink

__all__ = ["Step", "Work", "process"]


class Step(Protocol):
    """What is done with each batch."""

    def schema(self, source: str, of: pa.Schema) -> pa.Schema:
        """Return the columns of the result, of a list with these."""
        ...

    def look(self, table: pa.Table) -> Any:
        """Do what can be done at once for several batches."""
        ...

    def settle(self, looked: Any) -> pa.Table:
        """Do what has to be done in order, and return what was found."""
        ...

    def replay(self, table: pa.Table, added: pa.Table) -> None:
        """Take note of a batch that was settled by an earlier run."""
        ...

    def joined(self, table: pa.Table, added: pa.Table) -> pa.Table:
        """Return the rows of the result."""
        ...

    def report(self) -> pd.DataFrame:
        """Return what came of all batches."""
        ...

    def words(self, rows: int) -> list[str]:
        """Return it in words, a line each."""
        ...


@dataclass(frozen=True, kw_only=True)
class Work:
    """How a list is gone through.

    Parameters
    ----------
    batch_rows : int
        Rows that are looked at together.
    workers : int
        Threads that look at batches.
    resume : bool
        Whether to go on where the same job was stopped.
    guard : bool
        As of :func:`smslab.output.write_table`.
    progress : callable, optional
        Called with rows done, octets of the input read, and octets in all (0 if not known).

    Raises
    ------
    OptionError
        If `batch_rows` or `workers` is less than 1.
    """

    batch_rows: int = BATCH_ROWS
    workers: int = 1
    resume: bool = False
    guard: bool = True
    progress: Callable[[int, int, int], None] | None = None

    def __post_init__(self) -> None:
        for name, value in (("batch_rows", self.batch_rows), ("workers", self.workers)):
            if value < 1:
                raise OptionError(f"{name} must be 1 or more; not {value}")


def process(
    source: Source, step: Step, output: str | None, work: Work, job: Mapping[str, Any]
) -> int:
    """Take a list through a step.

    Parameters
    ----------
    source : Source
        The list.
    step : Step
        What is done.
    output : str or None
        Path of the result, of a kind of :func:`~smslab.files.kinds.kind_of`; ``-`` for CSV to the
        standard output; None where nothing is written.
    work : Work
        How it is gone through.
    job : dict
        What is done with what, as JSON has it: only the same job can go on.

    Returns
    -------
    int
        Rows.

    Raises
    ------
    InputError
        If the input cannot be read or the output not be written.
    """
    if output is None:
        step.schema(source.name, source.schema)
        return sum(len(table) for table, _ in _settled(source, step, None, work))
    if output == "-":
        return _through(source, step, sys.stdout.buffer, ("csv", ""), None, work)
    kind = kind_of(output)
    if kind[0] == "excel" and Path(output).suffix.lower() != ".xlsx":
        raise InputError(f"{output}: can be read and not written; choose .xlsx")
    try:
        with Journal(Path(output), job, resume=work.resume) as journal:
            rows = _through(source, step, journal.aside, kind, journal, work)
            journal.publish()
    except OSError as error:
        what = error.strerror or str(error).splitlines()[0]
        raise InputError(f"{output}: cannot be written: {what}") from None
    return rows


def _through(
    source: Source,
    step: Step,
    target: Any,
    kind: tuple[str, str],
    journal: Journal | None,
    work: Work,
) -> int:
    schema = step.schema(source.name, source.schema)
    rows = 0
    with open_sink(target, *kind, schema, guard=work.guard) as sink:
        for table, added in _settled(source, step, journal, work):
            sink.write(step.joined(table, added).cast(schema))
            rows += len(table)
    return rows


def _settled(
    source: Source, step: Step, journal: Journal | None, work: Work
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Go through the batches with what the step found, those of an earlier run first."""
    batches = source.batches(work.batch_rows)
    rows = 0
    for number in range(journal.finished if journal is not None else 0):
        assert journal is not None
        table, added = next(batches, None), journal.read(number)
        if table is None:
            raise InputError(f"{source.name}: is shorter than it was; begin without resume")
        step.replay(table, added)
        yield table, added
        rows = _told(rows, table, source, work)
    for table, looked in _looked(batches, step, work.workers):
        added = step.settle(looked)
        if journal is not None:
            journal.add(added)
        yield table, added
        rows = _told(rows, table, source, work)


def _told(rows: int, table: pa.Table, source: Source, work: Work) -> int:
    """Tell how far it is."""
    rows += len(table)
    if work.progress is not None:
        work.progress(rows, source.read_octets(), source.octets)
    return rows


def _looked(
    batches: Iterator[pa.Table], step: Step, workers: int
) -> Iterator[tuple[pa.Table, Any]]:
    """Look at batches, several at once, and hand them on in order."""
    if workers == 1:
        for table in batches:
            yield table, step.look(table)
        return
    with ThreadPoolExecutor(workers) as pool:
        pending: collections.deque[tuple[pa.Table, Future[Any]]] = collections.deque()
        for table in batches:
            pending.append((table, pool.submit(step.look, table)))
            if len(pending) > workers:
                first, looked = pending.popleft()
                yield first, looked.result()
        for first, looked in pending:
            yield first, looked.result()
