"""Sinks: results of any size, written batch by batch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from smslab.files.batches import Sink
from smslab.files.delimited import DelimitedSink
from smslab.files.json_lines import JsonLinesSink
from smslab.files.parquet import ParquetSink

__all__ = ["open_sink"]


@contextlib.contextmanager
def open_sink(
    target: Path | Any, kind: str, compression: str, schema: pa.Schema, *, guard: bool
) -> Iterator[Sink]:
    """Open what batches are written to.

    Parameters
    ----------
    target : Path or binary file
        Where to.
    kind, compression : str
        As of :func:`smslab.files.kinds.kind_of`.
    schema : pyarrow.Schema
        Columns of the batches.
    guard : bool
        As of :func:`smslab.output.write_table`; a workbook needs none, for its texts are texts.

    Yields
    ------
    Sink
        It is whole when the block ends.

    Raises
    ------
    MissingExtraError
        If it is a workbook and what writes them is not installed.
    """
    with contextlib.ExitStack() as stack:
        if kind == "parquet":
            yield stack.enter_context(ParquetSink(target, schema))
            return
        if kind == "excel":
            from smslab.files.excel import ExcelSink  # noqa: PLC0415  (an extra)

            yield stack.enter_context(ExcelSink(target, schema))
            return
        file: Any = target
        if isinstance(target, Path):
            file = stack.enter_context(pa.OSFile(str(target), "wb"))
        if compression:
            file = stack.enter_context(pa.CompressedOutputStream(file, compression))
        if kind == "jsonl":
            yield JsonLinesSink(file, schema)
        else:
            yield stack.enter_context(DelimitedSink(file, kind, schema, guard=guard))
