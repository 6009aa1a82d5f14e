"""Parquet, with its own types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from smslab.errors import InputError
from smslab.files.batches import in_batches

__all__ = ["ParquetSink", "ParquetSource"]


class ParquetSource:
    """A Parquet file: row group by row group, with its own types.

    Parameters
    ----------
    name : str
        The file's name.
    raw : binary file
        The file.
    octets : int
        Its size.

    Raises
    ------
    InputError
        If it is no whole and valid Parquet file.
    """

    def __init__(self, name: str, raw: Any, octets: int) -> None:
        self.name, self.octets = name, octets
        self.notes: list[str] = []
        self.guesses: list[str] = []
        self.unreadable: list[tuple[int, str, str]] = []
        try:
            self._file = pq.ParquetFile(raw, pre_buffer=False)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise self._wrong(error) from None
        self.schema: pa.Schema = self._file.schema_arrow
        self._done = 0

    def _wrong(self, error: Exception) -> InputError:
        fault = str(error).splitlines()[0]
        return InputError(f"{self.name}: not a whole and valid Parquet file: {fault}")

    def read_octets(self) -> int:
        """Return how many octets of the file have been read."""
        return self.octets * self._done // max(int(self._file.metadata.num_rows), 1)

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Go through the rows, at most so many at once."""
        yield from in_batches(self._blocks(rows), rows, self.schema)

    def _blocks(self, rows: int) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._file.iter_batches(batch_size=min(rows, 1 << 16)):
                batch.validate(full=True)  # texts that are no UTF-8 end a process further on
                self._done += len(batch)
                yield batch
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise self._wrong(error) from None


class ParquetSink:
    """A Parquet file, a row group for each batch.

    Parameters
    ----------
    target : Path or binary file
        Where to.
    schema : pyarrow.Schema
        Columns of the batches.
    """

    def __init__(self, target: Path | Any, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(target, schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, table: pa.Table) -> None:
        """Write a batch."""
        self._writer.write_table(table)
