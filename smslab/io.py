"""Files in: messages from CSV, Parquet and JSON Lines; parts from CSV and Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from smslab.columns import check_kinds, find_columns
from smslab.errors import InputError, nearest

__all__ = ["read_messages", "read_parts"]


def read_messages(
    path: str | Path, *, text: str | None = None, to: str | None = None
) -> pd.DataFrame:
    """Read a list of messages from a file.

    Parameters
    ----------
    path : str or Path
        ``.csv`` or ``.tsv`` (UTF-8 with a header; comma, semicolon or tab), ``.parquet``, or
        ``.jsonl`` / ``.ndjson`` (one JSON object a line).
    text, to : str, optional
        Columns of the texts and of the phone numbers. If not given, the usual names are looked
        for; the columns ``country`` and ``carrier`` are taken where there are such.

    Returns
    -------
    pandas.DataFrame
        ``text`` and, where found, ``to``, ``country`` and ``carrier``; every row of the file,
        with its number from 1 (the header not counted) as the index ``row``. Its ``attrs`` tell
        under ``columns`` which column of the file each was.

    Raises
    ------
    InputError
        If the file cannot be read, is empty, is not UTF-8, or lacks the column.
    """
    path = Path(path)
    readers: dict[str, Callable[[Path, dict[str, str | None]], pd.DataFrame]] = {
        ".csv": _read_csv,
        ".tsv": _read_csv,
        ".parquet": _read_parquet,
        ".jsonl": _read_json_lines,
        ".ndjson": _read_json_lines,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: unknown kind of file; must end in one of {', '.join(readers)}")
    wanted = {"text": text, "to": to, "country": None, "carrier": None}
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder; pass a file")
        if path.stat().st_size == 0:
            raise InputError(f"{path}: is empty")
        table = reader(path, wanted)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    if table.empty:
        raise InputError(f"{path}: has columns but no rows")
    table.index = pd.RangeIndex(1, len(table) + 1, name="row")
    return table


def _read_csv(path: Path, wanted: dict[str, str | None]) -> pd.DataFrame:
    with path.open("rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            raise InputError(f"{path}: is UTF-16; save it as CSV UTF-8")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file)
            file.seek(0)
            records = _records(path, file, delimiter)
            names = next(records, None)
            if names is None:
                raise InputError(f"{path}: is empty")
            columns = find_columns(str(path), names, wanted)
            places = [names.index(name) for name in columns.values()]
            cells: list[list[str]] = [[] for _ in places]
            for record in records:
                for column, place in zip(cells, places, strict=True):
                    column.append(record[place])
    except UnicodeDecodeError:
        raise InputError(f"{path}: {_not_utf8(path)}") from None
    # "NA" is Namibia and "null" a text: no cell of a CSV file is a null.
    arrays = [pa.array(column, pa.large_string()) for column in cells]
    return _frame(pa.table(arrays, names=list(columns)), columns)


def _delimiter(file: TextIO) -> str:
    """Choose the delimiter that parts the header into most columns."""

    def columns(delimiter: str) -> int:
        file.seek(0)
        try:
            return len(next(filter(None, csv.reader(file, delimiter=delimiter)), []))
        except csv.Error:
            return 0

    return max(",;\t", key=columns)


def _records(path: Path, file: TextIO, delimiter: str) -> Iterator[list[str]]:
    """Go through the records of a CSV file, the header first; each has the header's width."""
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    width = 0
    line = 1
    try:
        for record in reader:
            cells = record
            if not cells and width == 1:
                cells = [""]  # in a file of one column an empty line is an empty cell
            if cells:
                if width and len(cells) != width:
                    raise InputError(
                        f"{path}: line {line} has {len(cells)} cells, the header {width}; "
                        f"put quotes around a text that holds {delimiter!r}"
                    )
                width = len(cells)
                yield cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path}: line {line}: {error}; a quote that opens a cell must be closed, and doubled "
            "inside it"
        ) from None


def _not_utf8(path: Path) -> str:
    octets = path.read_bytes()
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        octet = octets[error.start]
        return f"not UTF-8: line {line} has the byte 0x{octet:02X}; save it as UTF-8"
    return "not UTF-8"


def _read_parquet(path: Path, wanted: dict[str, str | None]) -> pd.DataFrame:
    try:
        file = pq.ParquetFile(path)
        columns = find_columns(str(path), file.schema_arrow.names, wanted)
        table = file.read(columns=list(columns.values()))
        table.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, UnicodeDecodeError) as error:
        fault = str(error).splitlines()[0]
        raise InputError(f"{path}: not a whole and valid Parquet file: {fault}") from None
    check_kinds(str(path), columns, table.schema)
    table = table.select(list(columns.values())).rename_columns(list(columns))
    return _frame(table, columns)


def _read_json_lines(path: Path, wanted: dict[str, str | None]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    names: dict[str, None] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line, object_pairs_hook=_object)
                except InputError as error:
                    raise InputError(f"{path}: line {number}: {error}") from None
                except (ValueError, RecursionError) as error:
                    fault = getattr(error, "msg", "a number or a nest of brackets is too long")
                    raise InputError(f"{path}: line {number} is not JSON: {fault}") from None
                if not isinstance(row, dict):
                    raise InputError(f"{path}: line {number} is not a JSON object")
                rows.append(row)
                lines.append(number)
                names.update(dict.fromkeys(row))
    except UnicodeDecodeError:
        raise InputError(f"{path}: {_not_utf8(path)}") from None
    if not rows:
        raise InputError(f"{path}: is empty")
    columns = find_columns(str(path), list(names), wanted)
    arrays = []
    for role, name in columns.items():
        values = [row.get(name) for row in rows]
        for line_number, value in zip(lines, values, strict=True):
            number_too = role == "to" and type(value) in (int, float)
            if value is not None and not isinstance(value, str) and not number_too:
                raise InputError(
                    f"{path}: line {line_number}: {name!r} must be a string; not {value!r:.60}"
                )
        try:
            texts = [None if value is None else str(value) for value in values]
            arrays.append(pa.array(texts, pa.large_string()))
        except UnicodeEncodeError as error:
            point = ord(error.object[error.start])
            raise InputError(
                f"{path}: a value of {name!r} has half a surrogate pair (\\u{point:04x}), which no "
                "encoding can hold"
            ) from None
    return _frame(pa.table(arrays, names=list(columns)), columns)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise InputError("a name stands twice in one object")
    return values


def _frame(table: pa.Table, columns: dict[str, str]) -> pd.DataFrame:
    frame = {}
    for role in table.column_names:
        column = table.column(role)
        if role != "to" or pa.types.is_null(column.type) or pa.types.is_decimal(column.type):
            column = column.cast(pa.large_string())
        frame[role] = column.to_pandas()
    result = pd.DataFrame(frame)
    result.attrs["columns"] = columns
    return result


def read_parts(path: str | Path, by: Sequence[str] = ()) -> pd.DataFrame:
    """Read the parts of messages from a file, as :func:`smslab.output.write_table` writes them.

    Parameters
    ----------
    path : str or Path
        ``.csv`` (octets in hexadecimal digits) or ``.parquet``.
    by : sequence of str
        Further columns to read.

    Returns
    -------
    pandas.DataFrame
        What :func:`smslab.decode` takes: of the columns that it knows those that the file has.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, or has other values where octets or numbers
        should be.
    """
    path = Path(path)
    kind = path.suffix.lower()
    readers = {".csv": _parts_of_csv, ".parquet": _parts_of_parquet}
    if kind not in readers:
        raise InputError(f"{path}: unknown kind of file; must end in one of {', '.join(readers)}")
    try:
        frame = readers[kind](path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    for name in ("user_data", "data_coding", *by):
        if name not in frame.columns:
            names = [str(column) for column in frame.columns]
            raise InputError(f"{path}: no column {name!r}; it has {names}.{nearest(name, names)}")
    return frame[[name for name in dict.fromkeys((*_PART, *by)) if name in frame.columns]]


#: The columns of parts that :func:`smslab.decode` knows.
_PART: Final = ("user_data", "data_coding", "udl", "udh", "udhi", "message")

_BINARY: Final = pd.ArrowDtype(pa.large_binary())

_OCTETS: Final = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_null)
_NUMBERS: Final = (pa.types.is_integer, pa.types.is_floating, pa.types.is_null)
_FITTING: Final = {
    "user_data": _OCTETS,
    "udh": _OCTETS,
    "data_coding": _NUMBERS,
    "udl": _NUMBERS,
}


def _parts_of_parquet(path: Path) -> pd.DataFrame:
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        fault = str(error).splitlines()[0]
        raise InputError(f"{path}: not a whole and valid Parquet file: {fault}") from None
    for field in table.schema:
        fits = _FITTING.get(field.name)
        if fits is not None and not any(fit(field.type) for fit in fits):
            must = "octets" if fits is _OCTETS else "whole numbers"
            raise InputError(f"{path}: column {field.name!r} is {field.type}; it must hold {must}")
    octets = {pa.binary(): _BINARY, pa.large_binary(): _BINARY}
    frame: pd.DataFrame = table.to_pandas(types_mapper=octets.get)
    return frame


def _parts_of_csv(path: Path) -> pd.DataFrame:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = _delimiter(file)
            file.seek(0)
            records = _records(path, file, delimiter)
            names = next(records, [])
            frame = pd.DataFrame(list(records), columns=names, dtype="str")
    except UnicodeDecodeError:
        raise InputError(f"{path}: {_not_utf8(path)}") from None
    null = frame.get("data_coding", pd.Series(dtype="str")) == ""
    for name in ("user_data", "udh"):
        if name in frame.columns:
            cells = enumerate(frame[name], 1)
            octets = pd.Series(
                [_octets(path, name, row, cell) for row, cell in cells], dtype=_BINARY
            )
            # The part of a null text has no data coding.
            frame[name] = octets.mask(null.to_numpy())
    if "udhi" in frame.columns:
        frame["udhi"] = frame["udhi"].str.casefold().isin(["true", "1", "yes"])
    for name in ("data_coding", "udl"):
        if name in frame.columns:
            frame[name] = _whole_numbers(path, name, frame[name])
    return frame


def _octets(path: Path, name: str, row: int, cell: str) -> bytes:
    try:
        return bytes.fromhex(cell)
    except ValueError:
        raise InputError(
            f"{path}: row {row}: {name} must be hexadecimal digits; not {cell!r:.40}"
        ) from None


#: Of a number that fits 64 bits.
_MOST_DIGITS: Final = 19


def _whole_numbers(path: Path, name: str, cells: pd.Series[Any]) -> pd.Series[Any]:
    for row, cell in enumerate(cells, 1):
        if cell and not (cell.isascii() and cell.isdecimal() and len(cell) < _MOST_DIGITS):
            raise InputError(f"{path}: row {row}: {name} must be a whole number; not {cell!r:.40}")
    return pd.to_numeric(cells.where(cells != "", None)).astype("Int64")
