"""What every list in a file is: rows in batches, and what is known of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final, Protocol

import pyarrow as pa

__all__ = ["BATCH_ROWS", "MOST_UNREADABLE", "Sink", "Source", "in_batches", "octets_in_hex"]

#: Rows that are looked at together.
BATCH_ROWS: Final = 100_000
#: A batch ends before it has so many rows where they are long.
_BATCH_OCTETS: Final = 256 << 20
#: A file with more rows that cannot be read is another kind of file.
MOST_UNREADABLE: Final = 1000


class Source(Protocol):
    """A list that is read batch by batch."""

    name: str
    #: Columns and their types.
    schema: pa.Schema
    #: What was found out of how it is written.
    notes: list[str]
    #: What was found out and may be wrong, known at the end of the rows.
    guesses: list[str]
    #: Rows that could not be read: their number in the file, what is wrong, and what stands there.
    unreadable: list[tuple[int, str, str]]
    #: Size of the input in octets; 0 where it is not known.
    octets: int

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Go through the rows, at most so many at once, always the same ones together."""
        ...

    def read_octets(self) -> int:
        """Return how many octets of the input have been read."""
        ...


class Sink(Protocol):
    """Where batches go."""

    def write(self, table: pa.Table) -> None:
        """Write a batch."""
        ...


def in_batches(
    tables: Iterator[pa.RecordBatch | pa.Table], rows: int, schema: pa.Schema
) -> Iterator[pa.Table]:
    """Cut tables of any size into batches of so many rows, and fewer where they are long.

    Parameters
    ----------
    tables : iterator of RecordBatch or Table
        The rows.
    rows : int
        How many there are in a batch at most.
    schema : pyarrow.Schema
        Their columns.

    Yields
    ------
    pyarrow.Table
    """
    kept: list[pa.Table] = []
    count = octets = 0
    for batch in tables:
        table = batch if isinstance(batch, pa.Table) else pa.Table.from_batches([batch], schema)
        while len(table):
            part = table.slice(0, rows - count)
            table = table.slice(len(part))
            kept.append(part)
            count += len(part)
            octets += part.nbytes
            if count == rows or octets > _BATCH_OCTETS:
                yield pa.concat_tables(kept)
                kept, count, octets = [], 0, 0
    if kept:
        yield pa.concat_tables(kept)


def _hex(value: bytes | uuid.UUID) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def octets_in_hex(table: pa.Table) -> pa.Table:
    """Write octets as hexadecimal digits, for what has no way to write them.

    Parameters
    ----------
    table : pyarrow.Table
        The rows.

    Returns
    -------
    pyarrow.Table
    """
    of_octets = (
        *(pa.types.is_binary, pa.types.is_large_binary),
        *(pa.types.is_binary_view, pa.types.is_fixed_size_binary),
    )
    for place, field in enumerate(table.schema):
        kind = field.type
        kind = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if any(fits(kind) for fits in of_octets):
            values = table.column(place).to_pylist()
            texts = [None if value is None else _hex(value) for value in values]
            table = table.set_column(place, field.name, pa.array(texts, pa.large_string()))
    return table
