"""Sources: lists of messages of any size, read batch by batch."""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from smslab.errors import InputError, OptionError

__all__ = ["BATCH_ROWS", "KINDS", "Source", "kind_of", "open_source"]

#: Rows that are looked at together.
BATCH_ROWS: Final = 100_000
#: A batch ends before it has so many rows where they are long.
_BATCH_OCTETS: Final = 256 << 20

#: Kinds of files by the end of their name, without that of the compression.
KINDS: Final = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_COMPRESSIONS: Final = {".gz": "gzip", ".zst": "zstd"}

#: A row of a text file has at most so many octets.
_LONGEST_ROW: Final = 16 << 20
#: How much of a file is looked at to find out how it is written.
_SNIFFED: Final = 4 << 20
#: What expands to more than this many times its size, and more than a gigabyte, is a trap.
_EXPANSION: Final = 1000
_LARGE: Final = 1 << 30

_STRING: Final = pa.large_string()

#: A file with more rows that cannot be read is another kind of file.
_MOST_UNREADABLE: Final = 1000


class Source(Protocol):
    """A list that is read batch by batch."""

    name: str
    #: Columns and their types.
    schema: pa.Schema
    #: What was found out of how it is written, and what should be known of its rows.
    notes: list[str]
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


def kind_of(path: str) -> tuple[str, str]:
    """Tell what a file is by the end of its name.

    Parameters
    ----------
    path : str
        Its name.

    Returns
    -------
    tuple of two str
        One of the values of :data:`KINDS`, and ``gzip``, ``zstd`` or nothing.

    Raises
    ------
    InputError
        If the end is unknown.
    """
    name = Path(path).name.lower()
    compression = next((c for end, c in _COMPRESSIONS.items() if name.endswith(end)), "")
    if compression:
        name = name.rpartition(".")[0]
    kind = KINDS.get(Path(name).suffix)
    if kind is None:
        ends = ", ".join((*KINDS, *(f".csv{end}" for end in _COMPRESSIONS)))
        raise InputError(f"{path}: unknown kind of file; must end in one of {ends}")
    if compression and kind == "parquet":
        raise InputError(f"{path}: {kind} is compressed inside; decompress the file")
    return kind, compression


@contextlib.contextmanager
def open_source(
    path: str | Path, *, encoding: str | None = None, delimiter: str | None = None
) -> Iterator[Source]:
    """Open a list until the block ends.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv``, ``.jsonl`` and ``.ndjson``, each also with ``.gz`` or ``.zst`` behind,
        or ``.parquet``; ``-`` for CSV from the standard input.
    encoding : str, optional
        Of a text file; found out if not given.
    delimiter : str, optional
        Between the cells of a CSV file; found out if not given.

    Yields
    ------
    Source

    Raises
    ------
    InputError
        If it cannot be read.
    """
    path = str(path)
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise OptionError(f"encoding must be one that Python knows; not {encoding!r}") from None
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        raise OptionError(f"delimiter must be one character such as ';'; not {delimiter!r}")
    if path == "-":
        yield _Csv("standard input", "csv", sys.stdin.buffer, 0, encoding, delimiter)
        return
    kind, compression = kind_of(path)
    with contextlib.ExitStack() as stack:
        try:
            if os.path.isdir(path):
                raise InputError(f"{path}: is a folder; pass a file")
            octets = os.path.getsize(path)
            if not octets:
                raise InputError(f"{path}: is empty")
            raw = stack.enter_context(open(path, "rb"))
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
        file: Any = _Expanded(path, raw, compression, octets) if compression else raw
        if kind == "parquet":
            yield _Parquet(path, raw, octets)
        elif kind == "jsonl":
            yield _JsonLines(path, file, raw, octets, encoding)
        else:
            yield _Csv(path, kind, file, octets, encoding, delimiter, raw)


def _in_batches(
    tables: Iterator[pa.RecordBatch | pa.Table], rows: int, schema: pa.Schema
) -> Iterator[pa.Table]:
    """Cut tables of any size into batches of so many rows, and fewer where they are long."""
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


class _Expanded(io.RawIOBase):
    """A compressed file as what is in it; one that expands without end is refused."""

    def __init__(self, name: str, raw: Any, compression: str, octets: int) -> None:
        self._name = name
        self._most = max(octets * _EXPANSION, _LARGE)
        self._file: Any = (
            gzip.GzipFile(fileobj=raw)
            if compression == "gzip"
            else pa.CompressedInputStream(pa.PythonFile(raw), "zstd")
        )
        self._done = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            octets = self._file.read(len(buffer))
        except (OSError, EOFError, pa.ArrowException) as error:
            raise InputError(
                f"{self._name}: cannot be decompressed: {str(error).splitlines()[0]}; get the file "
                "once more"
            ) from None
        self._done += len(octets)
        if self._done > self._most:
            raise InputError(
                f"{self._name}: expands to more than {_EXPANSION:,} times its size; decompress it "
                "first if that is meant"
            )
        buffer[: len(octets)] = octets
        return len(octets)


def _encoding_of(start: bytes, whole: bool) -> tuple[str, str]:
    """Find out how a text file is encoded: by Python's name, and what to say of it."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return name, "" if name == "utf-8-sig" else f"is {name.upper()}"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=whole)
    except UnicodeDecodeError as error:
        octet = start[error.start]
        line = start.count(b"\n", 0, error.start) + 1
        return "cp1252", (
            f"is not UTF-8 (line {line} has the octet 0x{octet:02X}): read as Windows-1252; name "
            "another with --encoding"
        )
    return "utf-8", ""


def _text(name: str, file: Any, encoding: str | None) -> tuple[Any, str, str]:
    """Return a file as UTF-8 from its beginning on, its first octets as text, and a note."""
    start = _first(file)
    if not start:
        raise InputError(f"{name}: is empty")
    whole = len(start) < _SNIFFED
    found, note = (encoding, "") if encoding is not None else _encoding_of(start, whole)
    try:
        sample = codecs.getincrementaldecoder(found)().decode(start, final=whole)
    except UnicodeError as error:
        raise InputError(f"{name}: is not {found}: {error}") from None
    joined: io.BufferedReader[Any] = io.BufferedReader(_Joined(start, file), 1 << 20)
    if codecs.lookup(found).name not in ("utf-8", "utf-8-sig"):
        joined = io.BufferedReader(_Recoded(name, joined, found), 1 << 20)
    return joined, sample.removeprefix("\ufeff"), note


def _first(file: Any) -> bytes:
    """Read the beginning of a file that may come in small pieces."""
    pieces, count = [], 0
    while count < _SNIFFED:
        piece = file.read(_SNIFFED - count)
        if not piece:
            break
        pieces.append(piece)
        count += len(piece)
    return b"".join(pieces)


class _Joined(io.RawIOBase):
    """Octets that were read already, and then the rest."""

    def __init__(self, start: bytes, file: Any) -> None:
        self._start, self._file = memoryview(start), file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._start:
            octets = self._file.read(len(buffer))
        else:
            octets, self._start = self._start[: len(buffer)], self._start[len(buffer) :]
        buffer[: len(octets)] = octets
        return len(octets)


class _Recoded(io.RawIOBase):
    """A text file of any encoding as UTF-8."""

    def __init__(self, name: str, file: Any, encoding: str) -> None:
        self._name, self._encoding = name, encoding
        self._text = io.TextIOWrapper(file, encoding, newline="")
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            try:
                self._left = self._text.read(1 << 18).encode("utf-8")
            except UnicodeError as error:
                raise InputError(f"{self._name}: is not {self._encoding}: {error}") from None
        octets, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(octets)] = octets
        return len(octets)


class _Csv:
    """A CSV or TSV file: a header, and cells that are all strings."""

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
        self._file, sample, note = _text(name, file, encoding)
        self.notes = [note] if note else []
        if "\0" in sample[:1000]:
            raise InputError(f"{name}: is no text; is it a spreadsheet or compressed?")
        self._delimiter = delimiter or ("\t" if kind == "tsv" else _delimiter(sample))
        if self._delimiter not in (",", "\t") and delimiter is None:
            self.notes.append(f"cells are parted by {self._delimiter!r}")
        self._reader = self._opened(_header(name, sample, self._delimiter))
        self.schema: pa.Schema = self._reader.schema

    def _opened(self, names: list[str]) -> pa_csv.CSVStreamingReader:
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
        read = pa_csv.ReadOptions(block_size=_LONGEST_ROW, use_threads=False)
        try:
            return pa_csv.open_csv(self._file, read, parse, convert)
        except pa.ArrowInvalid as error:
            raise self._wrong(error) from None

    def _skip(self, row: Any) -> str:
        what = f"has {row.actual_columns} cells, the header {row.expected_columns}"
        self.unreadable.append((row.number or 0, what, row.text))
        return "error" if len(self.unreadable) > _MOST_UNREADABLE else "skip"

    def _wrong(self, error: Exception) -> InputError:
        fault = str(error).splitlines()[0]
        if "straddl" in fault:
            return InputError(
                f"{self.name}: a row is longer than {_LONGEST_ROW >> 20} MB, or a quote is opened "
                "and never closed"
            )
        if "UTF8" in fault or "UTF-8" in fault:
            return InputError(
                f"{self.name}: is UTF-8 at its beginning and not all over ({fault}); name its "
                "encoding with --encoding, such as cp1252"
            )
        return InputError(f"{self.name}: cannot be read as CSV: {fault}")

    def read_octets(self) -> int:
        return int(self._raw.tell()) if self._raw is not None else 0

    def batches(self, rows: int) -> Iterator[pa.Table]:
        yield from _in_batches(self._blocks(), rows, self.schema)

    def _blocks(self) -> Iterator[pa.RecordBatch]:
        while True:
            try:
                yield self._reader.read_next_batch()
            except StopIteration:
                return
            except pa.ArrowInvalid as error:
                raise self._wrong(error) from None


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


class _Parquet:
    """A Parquet file: row group by row group, with its own types."""

    def __init__(self, name: str, raw: Any, octets: int) -> None:
        self.name, self.octets = name, octets
        self.notes: list[str] = []
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
        return self.octets * self._done // max(int(self._file.metadata.num_rows), 1)

    def batches(self, rows: int) -> Iterator[pa.Table]:
        yield from _in_batches(self._blocks(rows), rows, self.schema)

    def _blocks(self, rows: int) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._file.iter_batches(batch_size=min(rows, 1 << 16)):
                batch.validate()
                self._done += len(batch)
                yield batch
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            raise self._wrong(error) from None


class _JsonLines:
    """A JSON object a line; columns are the names in the first of them."""

    def __init__(self, name: str, file: Any, raw: Any, octets: int, encoding: str | None) -> None:
        self.name, self.octets, self._raw = name, octets, raw
        self.unreadable: list[tuple[int, str, str]] = []
        self._file, sample, note = _text(name, file, encoding)
        self.notes = [note] if note else []
        names: dict[str, None] = {}
        for line in sample.splitlines()[:-1] or [sample]:
            found = _object_of(line)
            if isinstance(found, dict):
                names.update(dict.fromkeys(map(str, found)))
        if not names:
            raise InputError(f"{name}: has no line with a JSON object")
        self.schema = pa.schema([(column, _STRING) for column in names])

    def read_octets(self) -> int:
        return int(self._raw.tell())

    def batches(self, rows: int) -> Iterator[pa.Table]:
        yield from _in_batches(self._blocks(), rows, self.schema)

    def _blocks(self) -> Iterator[pa.Table]:
        columns: dict[str, list[str | None]] = {name: [] for name in self.schema.names}
        count = 0
        for number, octets in enumerate(self._file, 1):
            line = octets.decode("utf-8", "backslashreplace").removeprefix("\ufeff")
            if not line.strip():
                continue
            found = _object_of(line)
            if not isinstance(found, dict):
                self._skip(number, "is no JSON object", line)
                continue
            strange = next((name for name in found if name not in columns), None)
            if strange is not None:
                raise InputError(
                    f"{self.name}: line {number} has {strange!r}, which no line at the beginning "
                    "has; put an object with all names first"
                )
            cells = {name: _as_text(found.get(name)) for name in columns}
            if not _is_utf8(octets) or not all(map(_is_whole, cells.values())):
                self._skip(number, "is not UTF-8, or has half a surrogate pair", line)
                continue
            for name, cell in cells.items():
                columns[name].append(cell)
            count += 1
            if count == 10_000:
                yield pa.table(columns, self.schema)
                columns = {name: [] for name in self.schema.names}
                count = 0
        yield pa.table(columns, self.schema)

    def _skip(self, number: int, what: str, line: str) -> None:
        self.unreadable.append((number, what, line.rstrip("\r\n")))
        if len(self.unreadable) > _MOST_UNREADABLE:
            raise InputError(
                f"{self.name}: more than {_MOST_UNREADABLE:,} lines cannot be read: the last {what}"
            )


def _as_text(value: Any) -> str | None:
    return value if isinstance(value, str) or value is None else json.dumps(value)


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_whole(text: str | None) -> bool:
    """Say whether a text can be written: half a surrogate pair cannot."""
    try:
        (text or "").encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _object_of(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
