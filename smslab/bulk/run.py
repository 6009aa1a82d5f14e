"""Bulk work: a list from a source through a step into a sink, in constant memory."""

from __future__ import annotations

import collections
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from smslab.bulk.journal import Journal
from smslab.bulk.sinks import open_sink
from smslab.bulk.sources import Source, kind_of
from smslab.errors import InputError, OptionError

__all__ = ["Step", "process"]


class Step(Protocol):
    """What is done with each batch."""

    #: The columns that it adds.
    schema: pa.Schema

    def look(self, table: pa.Table) -> Any:
        """Do what can be done at once for several batches."""
        ...

    def settle(self, looked: Any) -> pa.Table:
        """Do what has to be done in order, and return the added columns."""
        ...

    def replay(self, added: pa.Table) -> None:
        """Take note of a batch that was settled by an earlier run."""
        ...


def process(
    source: Source,
    step: Step,
    output: str,
    *,
    job: Mapping[str, Any],
    batch_rows: int,
    workers: int = 1,
    resume: bool = False,
    guard: bool = True,
    progress: Callable[[int, int, int], None] | None = None,
) -> int:
    """Take a list through a step.

    Parameters
    ----------
    source : Source
        The list.
    step : Step
        What is done.
    output : str
        Path of the result, of a kind of :data:`~smslab.bulk.sources.KINDS`; ``-`` for CSV to the
        standard output.
    job : dict
        What is done with what, as JSON has it: only the same job can go on.
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

    Returns
    -------
    int
        Rows.

    Raises
    ------
    InputError
        If the input cannot be read or the output not be written.
    OptionError
        If `batch_rows` or `workers` is less than 1.
    """
    for name, value in (("batch_rows", batch_rows), ("workers", workers)):
        if value < 1:
            raise OptionError(f"{name} must be 1 or more; not {value}")
    if output == "-":
        return _through(
            source, step, sys.stdout.buffer, ("csv", ""), None, batch_rows, workers, guard, progress
        )
    kind = kind_of(output)
    try:
        with Journal(Path(output), job, resume=resume) as journal:
            rows = _through(
                source, step, journal.aside, kind, journal, batch_rows, workers, guard, progress
            )
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
    batch_rows: int,
    workers: int,
    guard: bool,
    progress: Callable[[int, int, int], None] | None,
) -> int:
    schema = pa.schema([*source.schema, *step.schema])
    rows = 0
    with open_sink(target, *kind, schema, guard=guard) as sink:
        for table, added in _settled(source.batches(batch_rows), step, journal, workers):
            sink.write(pa.Table.from_arrays([*table.columns, *added.columns], schema=schema))
            rows += len(table)
            if progress is not None:
                progress(rows, source.read_octets(), source.octets)
    return rows


def _settled(
    batches: Iterator[pa.Table], step: Step, journal: Journal | None, workers: int
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Go through the batches with what the step adds, those of an earlier run first."""
    for number in range(journal.finished if journal is not None else 0):
        assert journal is not None
        table, added = next(batches), journal.read(number)
        step.replay(added)
        yield table, added
    for table, looked in _looked(batches, step, workers):
        added = step.settle(looked)
        if journal is not None:
            journal.add(added)
        yield table, added


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
