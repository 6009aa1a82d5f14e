"""Sinks: results of any size, written batch by batch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from smslab.output import guarded

__all__ = ["Sink", "open_sink"]

_DELIMITERS: Final = {"csv": ",", "tsv": "\t"}


class Sink(Protocol):
    """Where batches go."""

    def write(self, table: pa.Table) -> None:
        """Write a batch."""
        ...


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
        As of :func:`smslab.bulk.sources.kind_of`.
    schema : pyarrow.Schema
        Columns of the batches.
    guard : bool
        As of :func:`smslab.output.write_table`.

    Yields
    ------
    Sink
        It is whole when the block ends.
    """
    with contextlib.ExitStack() as stack:
        if kind == "parquet":
            yield _Parquet(stack.enter_context(pq.ParquetWriter(target, schema)))
            return
        file: Any = target
        if isinstance(target, Path):
            file = stack.enter_context(pa.OSFile(str(target), "wb"))
        if compression:
            file = stack.enter_context(pa.CompressedOutputStream(file, compression))
        if kind == "jsonl":
            yield _JsonLines(file)
            return
        options = pa_csv.WriteOptions(delimiter=_DELIMITERS[kind], quoting_style="needed")
        shown = _shown_schema(schema, guard=guard)
        writer = stack.enter_context(pa_csv.CSVWriter(file, shown, write_options=options))
        yield _Csv(writer, shown, guard=guard)


class _Parquet:
    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table)


class _Csv:
    def __init__(self, writer: pa_csv.CSVWriter, schema: pa.Schema, *, guard: bool) -> None:
        self._writer, self._schema, self._guard = writer, schema, guard

    def write(self, table: pa.Table) -> None:
        columns = [
            self._shown(column, field.type)
            for column, field in zip(table.columns, self._schema, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))

    def _shown(self, column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
        if pa.types.is_nested(column.type):
            texts = [None if value is None else str(value) for value in column.to_pylist()]
            return pa.chunked_array([pa.array(texts, kind)])
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            texts = [None if value is None else value.hex() for value in column.to_pylist()]
            return pa.chunked_array([pa.array(texts, kind)])
        column = column.cast(kind)
        return guarded(column) if self._guard and kind == pa.large_string() else column


def _shown_schema(schema: pa.Schema, *, guard: bool) -> pa.Schema:
    """Return what a text file shows of columns: strings for what it has no way to write."""

    def shown(kind: pa.DataType) -> pa.DataType:
        plain = (
            pa.types.is_integer,
            pa.types.is_floating,
            pa.types.is_boolean,
            pa.types.is_decimal,
        )
        if any(fits(kind) for fits in (*plain, pa.types.is_temporal)):
            return kind
        return pa.large_string()

    names = pa.array(schema.names, pa.large_string())
    if guard:
        names = guarded(names)
    kinds = [shown(field.type) for field in schema]
    return pa.schema(list(zip(names.to_pylist(), kinds, strict=True)))


class _JsonLines:
    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, table: pa.Table) -> None:
        frame = table.to_pandas(types_mapper=_NULLABLE.get)
        lines = frame.to_json(orient="records", lines=True, force_ascii=False, date_format="iso")
        self._file.write(lines.encode())


#: Integers stay integers beside nulls.
_NULLABLE: Final = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}
