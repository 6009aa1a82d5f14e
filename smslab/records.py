"""Records of files: CSV, JSON, forms and receipts, each as a table of strings.

What one line or object holds is a record; nothing is said yet of what its columns mean.
"""

from __future__ import annotations

import contextlib
import csv
import decimal
import gzip
import io
import itertools
import json
import re
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from smslab.errors import InputError

__all__ = ["Records", "read_records", "records_of"]

_STRING: Final = pa.large_string()

#: How ZIP archives (a new workbook is one) and old workbooks begin.
_ZIP: Final = b"PK\x03\x04"
_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Records:
    """Records of a file.

    Parameters
    ----------
    name : str
        What the file is called in messages.
    table : pyarrow.Table
        Columns of large_string; null where a record lacks the column.
    rows : ndarray of int64, shape (n,)
        Which record of the file each row is, from 1.
    faults : list of (int, str, str)
        Records that are not as they should be: number, what is wrong, and their text.
    is_csv : bool
        Whether it is CSV, where spreadsheets look for formulas.
    """

    name: str
    table: pa.Table
    rows: npt.NDArray[np.int64]
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    is_csv: bool = False


def records_of(frame: pd.DataFrame) -> Records:
    """Take the records of a table.

    Parameters
    ----------
    frame : DataFrame
        A row a record; columns of any type, and levels of the index that have a name.

    Returns
    -------
    Records

    Raises
    ------
    InputError
        If two columns have the same name.
    """
    levels = [name for name in frame.index.names if name is not None and name not in frame]
    if levels:
        others = [name for name in frame.index.names if name not in levels]
        frame = frame.reset_index(others, drop=True) if others else frame
        frame = frame.reset_index()
    names = [_whole(str(name)) for name in frame.columns]
    double = [name for name in names if names.count(name) > 1]
    if double:
        raise InputError(f"the table has more than one column {double[0]!r}; rename one")
    columns = [_of_series(frame[name]) for name in frame.columns]
    table = pa.Table.from_arrays(columns, names=names)
    return Records("the table", table, np.arange(1, len(frame) + 1))


def _of_series(column: pd.Series[Any]) -> pa.ChunkedArray:
    try:
        array = pa.chunked_array([pa.array(column, from_pandas=True)])
    except (pa.ArrowException, OverflowError, TypeError, UnicodeEncodeError, ValueError):
        array = None  # values of several types, or that Arrow has none for
    if array is None or (column.dtype == object and pa.types.is_timestamp(array.type)):
        # Arrow would take the zone of the first time for all of them.
        texts = column.astype("object").map(_as_text, na_action="ignore")
        return pa.chunked_array([pa.array(texts.to_numpy(object), _STRING, from_pandas=True)])
    return _as_strings(array)


def _as_text(value: object) -> str | None:
    if isinstance(value, float) and abs(value) < _EXACT and value.is_integer():
        value = int(value)
    return _whole(str(value))


#: From here on not every whole number is a float.
_EXACT: Final = 1 << 53


def _as_strings(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write values as texts; whole numbers without a point, whatever their type."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", "UTC" if kind.tz else None), safe=False)
    elif pa.types.is_floating(kind):
        column = column.cast(pa.float64())
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)
        is_whole = pc.and_(pc.less(pc.abs(column), _EXACT), pc.equal(pc.floor(column), column))
        wholes = pc.if_else(is_whole, column, pa.scalar(None, pa.float64()))
        return pc.coalesce(wholes.cast(pa.int64()).cast(_STRING), column.cast(_STRING))
    try:
        return column.cast(_STRING)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, _STRING)])


def read_records(path: Path) -> Records:
    """Read the records of a file.

    Parameters
    ----------
    path : Path
        CSV (comma, semicolon or tab), Parquet, JSON (an object, a list, or a list inside an
        object), JSON Lines, lines of URL-encoded forms, or lines of SMPP receipts; ``.gz`` too.

    Returns
    -------
    Records

    Raises
    ------
    InputError
        If the file cannot be read or is none of these.
    """
    try:
        with pa.input_stream(str(path), compression=_compression(path)) as file:
            head = bytes(file.read(1 << 16))
        if head[:4] == b"PAR1":
            return _parquet(path)
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise InputError(f"{path}: is UTF-16; save it as UTF-8")
        is_workbook = b"xl/" in head or path.suffix.lower() == ".xlsx"
        if head.startswith(_WORKBOOK) or (head.startswith(_ZIP) and is_workbook):
            raise InputError(
                f"{path}: is an Excel workbook; save the sheet as CSV, or pass it as a table: "
                "pandas.read_excel(path, dtype=str)"
            )
        if head.startswith(_ZIP):
            raise InputError(f"{path}: is a ZIP archive; unpack it, and read the file in it")
        if not head.strip():
            return Records(str(path), pa.table({}), np.empty(0, np.int64))
        lines = head.removeprefix(b"\xef\xbb\xbf").lstrip().splitlines()
        first = lines[0].decode("utf-8", "replace")
        for fits, read in (
            (first[:1] in ("{", "["), _json),
            (_RECEIPT.search(first) or _COMMA_RECEIPT.fullmatch(first), _receipts),
            (_FORM.match(first), _forms),
        ):
            if fits:
                return read(path, _text(path))
        return _csv(path, head.decode("utf-8-sig", "replace"))
    except (OSError, EOFError, zlib.error) as error:
        if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
        raise InputError(f"{path}: cannot be read to its end: {error}") from None


def _compression(path: Path) -> str | None:
    with path.open("rb") as file:
        return "gzip" if file.read(2) == b"\x1f\x8b" else None


def _octets(path: Path) -> pa.Buffer:
    """Return what a file holds, checked to be UTF-8."""
    if _compression(path) is None:
        octets = pa.memory_map(str(path)).read_buffer()
    else:
        octets = pa.py_buffer(gzip.decompress(path.read_bytes()))
    ends = pa.py_buffer(np.array([0, octets.size], np.int64))
    try:
        pa.Array.from_buffers(_STRING, 1, [None, ends, octets]).validate(full=True)
    except pa.ArrowInvalid:
        _decoded(path, octets.to_pybytes())
    return octets


def _text(path: Path) -> str:
    text: str = _octets(path).to_pybytes().decode("utf-8-sig")
    return text


def _decoded(path: Path, octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}: not UTF-8: line {line} has the byte 0x{octets[error.start]:02X}; save it as "
            "UTF-8"
        ) from None


def _parquet(path: Path) -> Records:
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        fault = str(error).splitlines()[0]
        raise InputError(f"{path}: not a whole and valid Parquet file: {fault}") from None
    names = table.column_names
    double = [name for name in names if names.count(name) > 1]
    if double:
        raise InputError(f"{path}: two columns are called {double[0]!r}; rename one")
    texts = [_as_strings(column) for column in table.columns]
    return Records(
        str(path), pa.Table.from_arrays(texts, names=names), np.arange(1, len(table) + 1)
    )


#: How lines end. Other characters that Python takes for an end may be within a text.
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def _csv(path: Path, head: str) -> Records:
    skipped, delimiter, names, rows = _header(head)
    columns = {str(place): name for place, name in enumerate(names) if name}
    if not columns:
        raise InputError(f"{path}: not a CSV file with a header")
    double = [name for name in columns.values() if names.count(name) > 1]
    if double:
        raise InputError(f"{path}: two columns are called {double[0]!r}; rename one")
    if not rows and len(head) < 1 << 16:
        table = pa.Table.from_arrays([pa.array([], _STRING)] * len(columns), list(columns.values()))
        return Records(str(path), table, np.empty(0, np.int64))
    faulty: list[tuple[int, str, str]] = []

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        says = f"left out: {row.actual_columns} cells, the header has {row.expected_columns}"
        faulty.append((int(row.number) - skipped, says, row.text))
        return "skip"

    octets = _octets(path)
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(octets),
            # With one thread the number of a faulty row is known.
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False,
                block_size=1 << 24,
                skip_rows=skipped,
                column_names=[str(place) for place in range(len(names))],
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(columns, _STRING),
                include_columns=list(columns),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if "straddling" in str(error):
            line = _longest_quote(octets.to_pybytes().decode())
            raise InputError(
                f"{path}: the quote that opens in line {line} is not closed for "
                "16 MB; close it or take it away"
            ) from None
        raise InputError(f"{path}: not a valid CSV file: {str(error).splitlines()[0]}") from None
    numbers = np.arange(1, len(table) + len(faulty) + 1)
    kept = numbers[~np.isin(numbers, [row for row, *_ in faulty])]
    faults = _with_quoted_lines(path, table, kept, faulty, delimiter * (len(names) - 1))
    return Records(str(path), table.rename_columns(list(columns.values())), kept, faults, True)


#: What Excel takes for the name of the delimiter.
_DELIMITER: Final = re.compile(r'"?sep=(.)"?[,;\t]*', re.IGNORECASE)


def _header(head: str) -> tuple[int, str, list[str], bool]:
    """Find lines to skip, delimiter and names of the columns, and whether rows follow.

    Cells without a name behind the last column are those of delimiters at the end of the lines.
    """
    before, named = 0, ""
    for line in _LINE_END.split(head):
        delimiter = _DELIMITER.fullmatch(line)
        if line.strip(" ,;\t") and not delimiter:
            break
        before, named = before + 1, delimiter[1] if delimiter else named
    rest = "\n".join(_LINE_END.split(head)[before:])
    found = {mark: _first_rows(rest, mark) for mark in named or ",;\t"}
    delimiter_ = max(found, key=lambda mark: len(found[mark][1]))
    lines, names, row = found[delimiter_]
    names = [name.strip() for name in names]
    more = len(row) - len(names)
    if more > 0 and not any(row[len(names) :]):
        names += [""] * more
    elif row and more < 0 and not any(names[more:]):
        names = names[:more]
    return before + lines, delimiter_, names, bool(row)


def _first_rows(text: str, delimiter: str) -> tuple[int, list[str], list[str]]:
    """Return how many lines the first row has, that row, and the next that is not empty."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        first = next(reader, [])
        lines = reader.line_num
        return lines, first, next(filter(None, reader), [])
    except csv.Error:
        return 0, [], []


def _with_quoted_lines(
    path: Path,
    table: pa.Table,
    rows: npt.NDArray[np.int64],
    faulty: list[tuple[int, str, str]],
    delimiters: str,
) -> list[tuple[int, str, str]]:
    """Tell where a cell holds what may be rows, as a quote that is not closed swallows them."""
    found = [(row, f"{says}; ", text, text) for row, says, text in faulty if "\n" in text]
    faults = [fault for fault in faulty if "\n" not in fault[2]]
    for column in table.columns if delimiters else ():
        if not any(b"\n" in _content(chunk) for chunk in column.chunks):
            continue
        many = pc.greater_equal(pc.count_substring(column, delimiters[0]), len(delimiters))
        places = np.flatnonzero(pc.and_(many, pc.match_substring(column, "\n")))
        for place in places.tolist():
            cell = column[place].as_py()
            begin = '"' + cell.partition('"')[0][:200]
            if any(line.count(delimiters[0]) >= len(delimiters) for line in cell.split("\n")[1:]):
                found.append((int(rows[place]), "", begin, cell))
    everything = _text(path) if found else ""
    at, first = 0, 1
    for row, says, begin, text in sorted(found):
        quote = re.search(r'"[^"]*\n', begin)
        opens = everything.find(begin, at) + (quote.start() if quote else 0)
        first += everything.count("\n", at, opens)
        at, last = opens, first + text.rstrip("\r\n").count("\n")
        lines = (
            f"lines {first} to {last} are in quotes; if they are rows, close the quote that opens "
            f"in line {first}"
        )
        faults.append((row, says + lines, text[:200]))
    return faults


def _content(chunk: pa.Array) -> bytes:
    content = chunk.buffers()[2]
    return b"" if content is None else content.to_pybytes()


def _longest_quote(text: str) -> int:
    """Return the line where the longest cell in quotes begins."""
    cells = re.finditer(r'(?<![^,;\t\r\n])"[^"]*+(?:""[^"]*+)*+', text)
    longest = max(cells, key=lambda cell: cell.end() - cell.start())
    return text.count("\n", 0, longest.start()) + 1


def _json(path: Path, text: str) -> Records:
    try:
        found = [(item, "") for item in _unfold(json.loads(text))]
    except RecursionError:
        raise InputError(f"{path}: not JSON: brackets are nested too deep") from None
    except ValueError as error:
        found = []
        for line in filter(str.strip, text.split("\n")):
            try:
                found += [(item, "") for item in _unfold(json.loads(line))]
            except (ValueError, RecursionError):
                found.append((None, line))
        if all(line for _, line in found):
            raise InputError(f"{path}: not JSON: {error}") from None
    kept: list[tuple[int, dict[str, str | None]]] = []
    faults: list[tuple[int, str, str]] = []
    number = itertools.count(1)
    for item, line in found:
        if isinstance(item, dict):
            kept += [(next(number), dict(_flat(one))) for one in _to_each(_payload(item))]
        else:
            what = "not JSON" if line else "not a JSON object"
            faults.append((next(number), f"left out: {what}", line or str(item)))
    return _of_objects(path, kept, faults)


#: Under which names providers put the list of their records.
_LISTS: Final = ("objects", "messages", "data", "records", "results")


def _unfold(document: Any) -> list[Any]:
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        for name in _LISTS:
            if isinstance(document.get(name), list):
                return list(document[name])
    return [document]


def _payload(item: dict[str, Any]) -> dict[str, Any]:
    """Take what a webhook is about out of its envelope."""
    for name in ("data", "payload"):
        if isinstance(item.get(name), dict):
            item = item[name]
    return item


def _to_each(item: dict[str, Any]) -> list[dict[str, Any]]:
    """Make a record for each recipient of a message that has several, with its share of the cost.

    Telnyx charges by recipient and writes the sum (developers.telnyx.com, group messaging, read
    2026-11).
    """
    recipients = item.get("to")
    if not isinstance(recipients, list) or not all(isinstance(one, dict) for one in recipients):
        return [item]
    cost = item.get("cost")
    if isinstance(cost, dict) and len(recipients) > 1:
        with contextlib.suppress(ArithmeticError):  # what is no amount is told later
            share = decimal.Decimal(str(cost.get("amount"))) / len(recipients)
            item = item | {"cost": cost | {"amount": str(share)}}
    return [item | {"to": one} for one in recipients] or [item]


def _flat(item: dict[str, Any], within: str = "") -> Iterator[tuple[str, str | None]]:
    """Go through the values of an object and of those within it, by dotted names."""
    for name, given in item.items():
        value = given
        while isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict):
            yield from _flat(value, f"{within}{name}.")
        elif value is None or value == []:
            yield f"{within}{name}", None
        elif isinstance(value, bool):
            yield f"{within}{name}", str(value).lower()
        else:
            yield f"{within}{name}", str(value)


#: The beginning of a URL-encoded form: a name and a sign of equality, without blanks.
_FORM: Final = re.compile(r"(?!sep=.$)[\w.-]+=[^\s,;]*(&[\w.-]+=|$)")


def _forms(path: Path, text: str) -> Records:
    lines = enumerate(_LINE_END.split(text), 1)
    forms = ((number, _form(line)) for number, line in lines if line.strip())
    return _of_objects(path, forms, [])


def _form(line: str) -> dict[str, str | None]:
    return dict(urllib.parse.parse_qsl(line.strip(" \t").lstrip("?"), keep_blank_values=True))


_RECEIPT: Final = re.compile(r"\bid:\S* .*\bstat:", re.IGNORECASE)
_NAMES: Final = "(id|sub|dlvrd|submit date|done date|stat|err):"
_RECEIPT_FIELD: Final = re.compile(rf"(?<!\S){_NAMES}\s*((?!{_NAMES})\S*)", re.IGNORECASE)

#: STATUS,STATUS TS,ACCEPTED TS,ERROR,DEST,ORIG,RESERVED
_COMMA_RECEIPT: Final = re.compile(r"(\d\d),(\d{10}),(\d{10}),(\d*),(\d+),(\d+),(.*)")
_COMMA_FIELDS: Final = ("stat", "done date", "submit date", "err", "dest", "orig", "id")


def _receipts(path: Path, text: str) -> Records:
    found: list[tuple[int, dict[str, str | None]]] = []
    faults: list[tuple[int, str, str]] = []
    for number, line in enumerate(_LINE_END.split(text), 1):
        commas = _COMMA_RECEIPT.fullmatch(line.strip())
        head = re.split(r"\btext:", line, maxsplit=1, flags=re.IGNORECASE)[0]
        if commas:
            found.append((number, dict(zip(_COMMA_FIELDS, commas.groups(), strict=True))))
        elif _RECEIPT.search(line):
            fields = {name.lower(): value for name, value, _ in _RECEIPT_FIELD.findall(head)}
            found.append((number, fields))
        elif line.strip():
            faults.append((number, "left out: not a receipt", line))
    return _of_objects(path, found, faults)


def _of_objects(
    path: Path,
    objects: Iterable[tuple[int, dict[str, str | None]]],
    faults: list[tuple[int, str, str]],
) -> Records:
    numbered = list(objects)
    names = dict.fromkeys(name for _, item in numbered for name in item)
    columns = [
        pa.array(
            [None if (text := item.get(name)) is None else _whole(text) for _, item in numbered],
            _STRING,
        )
        for name in names
    ]
    table = pa.Table.from_arrays(columns, names=[_whole(name) for name in names])
    return Records(str(path), table, np.array([n for n, _ in numbered], np.int64), faults)


def _whole(text: str) -> str:
    """Put a question mark for half a surrogate pair, which no encoding can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
