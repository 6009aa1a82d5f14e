"""JSON Lines: a JSON object a line."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from smslab.columns import NESTED, NULLABLE
from smslab.errors import InputError
from smslab.files.batches import MOST_UNREADABLE, in_batches, octets_in_hex
from smslab.files.encodings import utf8_of

__all__ = ["JsonLinesSink", "JsonLinesSource"]

_STRING: Final = pa.large_string()

#: The first line has to be shorter, for the names of the columns.
_LONGEST_LINE: Final = 4 << 20


class JsonLinesSource:
    """A JSON object a line; columns are the names in the first of them.

    What is no string is carried along as the JSON that it is.

    Parameters
    ----------
    name : str
        The file's name.
    file : binary file
        What is in it.
    raw : binary file
        The file that tells how far it is.
    octets : int
        Its size.
    encoding : str or None
        Found out where None.

    Raises
    ------
    InputError
        If it is no such file.
    """

    def __init__(self, name: str, file: Any, raw: Any, octets: int, encoding: str | None) -> None:
        self.name, self.octets, self._raw = name, octets, raw
        self.unreadable: list[tuple[int, str, str]] = []
        self._file, sample, self.notes, self.guesses = utf8_of(name, file, encoding)
        nested: dict[str, int] = {}
        first = ""
        if "\n" not in sample and len(sample.encode()) >= _LONGEST_LINE:
            raise InputError(f"{name}: its first line is longer than {_LONGEST_LINE >> 20} MB")
        for number, line in enumerate(sample.split("\n")[:-1] or [sample], 1):
            found, problem = _object_of(line)
            if problem and line.strip():
                first = first or f"; line {number} {problem}"
            for column, value in found.items():
                is_nested = isinstance(value, list | dict)
                nested[column] = nested.get(column, 0) + (1 if is_nested else -(value is not None))
        if not nested:
            raise InputError(f"{name}: has no line with a JSON object{first}")
        fields = [pa.field(column, _STRING) for column in nested]
        self._nested = {column for column, more in nested.items() if more > 0}
        self.schema = pa.schema(
            [f.with_metadata(NESTED) if f.name in self._nested else f for f in fields]
        )

    def _is_new(self, name: str, value: Any) -> bool:
        return isinstance(value, list | dict) and name not in self._nested

    def read_octets(self) -> int:
        """Return how many octets of the file have been read."""
        return int(self._raw.tell())

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Go through the rows, at most so many at once."""
        yield from in_batches(self._blocks(), rows, self.schema)

    def _blocks(self) -> Iterator[pa.Table]:
        columns: dict[str, list[str | None]] = {name: [] for name in self.schema.names}
        count = 0
        for number, octets in enumerate(self._file, 1):
            line = octets.decode("utf-8", "backslashreplace").removeprefix("\ufeff")
            if not line.strip():
                continue
            found, problem = _object_of(line)
            if problem:
                self._skip(number, problem, line)
                continue
            strange = next((name for name in found if name not in columns), None)
            if strange is not None:
                raise InputError(
                    f"{self.name}: line {number} has {strange!r}, which no line at the beginning "
                    "has; put an object with all names first"
                )
            nested = next((name for name in found if self._is_new(name, found[name])), None)
            if nested is not None:
                self._skip(number, f"has a list or an object where {nested!r} is a text", line)
                continue
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
        if len(self.unreadable) > MOST_UNREADABLE:
            raise InputError(
                f"{self.name}: more than {MOST_UNREADABLE:,} lines cannot be read: the last {what}"
            )


class _Number(str):
    """A number as it is written."""


def _as_text(value: Any) -> str | None:
    if isinstance(value, list | dict):
        return _written(value)
    return value if isinstance(value, str) or value is None else json.dumps(value)


def _written(value: Any) -> str:
    """Write what was read as JSON again."""
    if isinstance(value, _Number):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        pairs = (f"{json.dumps(k, ensure_ascii=False)}: {_written(v)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    return json.dumps(value, ensure_ascii=False)


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


def _object_of(line: str) -> tuple[dict[str, Any], str]:
    """Read a line: the object, and what is wrong with it."""
    try:
        # A number stays as it is written: 1.10 is no 1.1, and 64 bits hold few digits.
        found = json.loads(line, object_pairs_hook=_object, parse_float=_Number, parse_int=_Number)
    except InputError as error:
        return {}, str(error)
    except (ValueError, RecursionError):
        return {}, "is not JSON"
    if isinstance(found, dict) and not all(map(_is_whole, found)):
        return {}, "has a name with half a surrogate pair"
    return (found, "") if isinstance(found, dict) else ({}, "is no JSON object")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise InputError("has a name twice in one object")
    return values


class JsonLinesSink:
    """A JSON object a line.

    Parameters
    ----------
    file : binary file
        Where to.
    schema : pyarrow.Schema
        Columns of the batches.

    Raises
    ------
    InputError
        If two columns have one name.
    """

    def __init__(self, file: Any, schema: pa.Schema) -> None:
        self._file = file
        double = next((name for name in schema.names if schema.names.count(name) > 1), None)
        if double is not None:
            raise InputError(f"two columns are called {double!r}, which no JSON object can have")

    def write(self, table: pa.Table) -> None:
        """Write a batch."""
        table = octets_in_hex(table)
        if not all(map(_is_exact, table.columns)):
            rows = map(_finite, table.to_pylist())
            lines = "".join(json.dumps(r, ensure_ascii=False, default=_plain) + "\n" for r in rows)
        else:
            frame = table.to_pandas(types_mapper=NULLABLE.get)
            lines = frame.to_json(
                orient="records", lines=True, force_ascii=False, date_format="iso"
            )
        self._file.write(lines.encode())


def _is_exact(column: pa.ChunkedArray) -> bool:
    """Say whether pandas writes a column as it is: it rounds numbers and times."""
    kind = column.type
    if pa.types.is_floating(kind):
        return pa.types.is_float64(kind) and bool(
            pc.all(
                pc.or_(pc.equal(pc.round(column, _DECIMALS), column), pc.is_nan(column)),
                min_count=0,
            ).as_py()
        )
    if pa.types.is_timestamp(kind):
        return kind.unit in ("s", "ms")
    is_other = pa.types.is_nested(kind) or pa.types.is_temporal(kind)
    return not is_other and not pa.types.is_decimal(kind)


#: Digits behind the point that pandas writes.
_DECIMALS: Final = 10


def _finite(value: Any) -> Any:
    """Put null in the place of what JSON has no number for, as pandas does."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return list(map(_finite, value))
    return {k: _finite(v) for k, v in value.items()} if isinstance(value, dict) else value


def _plain(value: Any) -> str:
    """Write what JSON has no way to write, times as pandas does."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo is None else value.astimezone(dt.UTC)
        is_fine = value.microsecond % 1000 or getattr(value, "nanosecond", 0)
        text = moment.isoformat() if is_fine else moment.isoformat(timespec="milliseconds")
        return text.replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
