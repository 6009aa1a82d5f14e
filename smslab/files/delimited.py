"""CSV and TSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from smslab.errors import InputError
from smslab.files.batches import MOST_UNREADABLE, in_batches, octets_in_hex
from smslab.files.encodings import utf8_of
from smslab.kernels import quotes
from smslab.output import guarded

__all__ = ["DelimitedSink", "DelimitedSource"]

#: A row of a text file has at most so many octets.
_LONGEST_ROW: Final = 16 << 20

_STRING: Final = pa.large_string()

_BLANK_LINES: Final = re.compile(r"[\r\n]+")

_DELIMITERS: Final = {"csv": ",", "tsv": "\t"}


class DelimitedSource:
    """A CSV or TSV file: a header, and cells that are all strings.

    Parameters
    ----------
    name : str
        The file's name.
    kind : str
        ``csv`` or ``tsv``.
    file : binary file
        What is in it.
    octets : int
        Its size; 0 where it is not known.
    encoding, delimiter : str or None
        Found out where None.
    raw : binary file, optional
        The file that tells how far it is.

    Raises
    ------
    InputError
        If it is no such file.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        file: Any,
        octets: int,
        encoding: str | None,
        delimiter: str | None,
        raw: Any = None,
    ) -> None:
        self.name, self.octets, self._raw = name, octets, raw
        self.unreadable: list[tuple[int, str, str]] = []
        self._file, sample, self.notes, self.guesses = utf8_of(name, file, encoding)
        self._delimiter = delimiter or ("\t" if kind == "tsv" else _delimiter(sample))
        if self._delimiter not in (",", "\t") and delimiter is None:
            self.notes.append(f"cells are parted by {self._delimiter!r}")
        self._quotes = _Quotes(self._file, self._delimiter)
        blank = _BLANK_LINES.match(sample)
        self._reader = self._opened(
            _header(name, sample, self._delimiter), len(blank[0].splitlines()) if blank else 0
        )
        self.schema: pa.Schema = self._reader.schema

    def _opened(self, names: list[str], blank_lines: int) -> pa_csv.CSVStreamingReader:
        # In a file of one column an empty line is an empty cell.
        parse = pa_csv.ParseOptions(
            delimiter=self._delimiter,
            newlines_in_values=True,
            ignore_empty_lines=len(names) > 1,
            invalid_row_handler=self._skip,
        )
        # "NA" is Namibia and "null" a text: no cell of a CSV file is a null.
        convert = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, _STRING),
            null_values=[],
            strings_can_be_null=False,
        )
        read = pa_csv.ReadOptions(block_size=_LONGEST_ROW, use_threads=False, skip_rows=blank_lines)
        try:
            return pa_csv.open_csv(self._quotes, read, parse, convert)
        except pa.ArrowInvalid as error:
            raise self._wrong(error) from None

    def _check_quotes(self) -> None:
        if self._quotes.is_open:
            raise InputError(
                f"{self.name}: the quote that is opened in line {self._quotes.opened} is never "
                "closed; all behind it would be one cell"
            )
        strays, line = self._quotes.strays
        if strays:
            self.guesses.append(
                f"has {strays:,} quotes inside quoted cells that are not doubled, the first in "
                f"line {line}: look at what became of it"
            )

    def _skip(self, row: Any) -> str:
        what = f"has {row.actual_columns} cells, the header {row.expected_columns}"
        self.unreadable.append((row.number or 0, what, row.text))
        return "error" if len(self.unreadable) > MOST_UNREADABLE else "skip"

    def _wrong(self, error: Exception) -> InputError:
        fault = str(error).splitlines()[0]
        if "straddl" in fault or self._quotes.is_open:
            return InputError(
                f"{self.name}: a row is longer than {_LONGEST_ROW >> 20} MB, or the quote that is "
                f"opened in line {self._quotes.opened} is never closed"
            )
        if "UTF8" in fault or "UTF-8" in fault:
            return InputError(
                f"{self.name}: is UTF-8 at its beginning and not all over ({fault}); name its "
                "encoding with --encoding, such as cp1252"
            )
        return InputError(f"{self.name}: cannot be read as CSV: {fault}")

    def read_octets(self) -> int:
        """Return how many octets of the file have been read."""
        return int(self._raw.tell()) if self._raw is not None else 0

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Go through the rows, at most so many at once."""
        yield from in_batches(self._blocks(), rows, self.schema)

    def _blocks(self) -> Iterator[pa.RecordBatch]:
        while True:
            try:
                yield self._reader.read_next_batch()
            except StopIteration:
                self._check_quotes()
                return
            except pa.ArrowInvalid as error:
                raise self._wrong(error) from None


class _Quotes(io.RawIOBase):
    """A CSV file that takes note of its quotes as it is read: pyarrow does not say of any."""

    def __init__(self, file: Any, delimiter: str) -> None:
        self._file = file
        self._delimiter = np.frombuffer(delimiter.encode()[-1:], np.uint8)
        self._ended = False
        self._state = np.array([quotes.FIELD_BEGINS, 1, 0, 0, 0, 0])

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        octets = self._file.read(len(buffer) - 1)
        if len(octets) < len(buffer) - 1 and not self._ended:
            # A header alone is no CSV to pyarrow without the end of its line.
            self._ended = True
            last = octets[-1:] or bytes([self._state[5]])
            octets += b"" if last in (b"\n", b"\r") else b"\n"
        buffer[: len(octets)] = octets
        quotes.quotes_kernel(np.frombuffer(octets, np.uint8), self._delimiter, self._state)
        return len(octets)

    @property
    def is_open(self) -> bool:
        """Whether a quote is open."""
        return bool(self._state[0] == quotes.QUOTED)

    @property
    def opened(self) -> int:
        """The line in which the last one was opened."""
        return int(self._state[2])

    @property
    def strays(self) -> tuple[int, int]:
        """How many quotes stand inside a quoted cell and are not doubled; the first one's line."""
        return int(self._state[3]), int(self._state[4])


def _delimiter(sample: str) -> str:
    """Choose the delimiter that parts the header into most columns."""

    def columns(delimiter: str) -> int:
        try:
            lines = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
            return len(next(filter(None, lines), []))
        except csv.Error:
            return 0

    return max(",;\t|", key=columns)


def _header(name: str, sample: str, delimiter: str) -> list[str]:
    try:
        lines = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        names = next(filter(None, lines), [])
    except csv.Error as error:
        raise InputError(f"{name}: its header cannot be read: {error}") from None
    if not names:
        raise InputError(f"{name}: is empty")
    return names


class DelimitedSink:
    """A CSV or TSV file.

    Parameters
    ----------
    file : binary file
        Where to.
    kind : str
        ``csv`` or ``tsv``.
    schema : pyarrow.Schema
        Columns of the batches.
    guard : bool
        As of :func:`smslab.output.write_table`.
    """

    def __init__(self, file: Any, kind: str, schema: pa.Schema, *, guard: bool) -> None:
        options = pa_csv.WriteOptions(delimiter=_DELIMITERS[kind], quoting_style="needed")
        self._schema, self._guard = _shown_schema(schema, guard=guard), guard
        self._writer = pa_csv.CSVWriter(file, self._schema, write_options=options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, table: pa.Table) -> None:
        """Write a batch."""
        columns = [
            self._shown(column, field.type)
            for column, field in zip(octets_in_hex(table).columns, self._schema, strict=True)
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))

    def _shown(self, column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
        if pa.types.is_nested(column.type):
            texts = [None if value is None else str(value) for value in column.to_pylist()]
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
