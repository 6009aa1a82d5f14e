"""Records of files: CSV, JSON, forms and receipts, each as a table of strings.

What one line or object holds is a record; nothing is said yet of what its columns mean.
"""

from __future__ import annotations

import csv
import gzip
import io
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
import pyarrow.csv
import pyarrow.parquet as pq

from smslab.errors import InputError

__all__ = ["Records", "read_records", "records_of"]

_STRING: Final = pa.large_string()


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
        Records that could not be read: number, what is wrong, and their text.
    """

    name: str
    table: pa.Table
    rows: npt.NDArray[np.int64]
    faults: list[tuple[int, str, str]] = field(default_factory=list)


def records_of(frame: pd.DataFrame) -> Records:
    """Take the records of a table.

    Parameters
    ----------
    frame : DataFrame
        A row a record; columns of any type.

    Returns
    -------
    Records

    Raises
    ------
    InputError
        If two columns have the same name.
    """
    names = [str(name) for name in frame.columns]
    double = [name for name in names if names.count(name) > 1]
    if double:
        raise InputError(f"the table has more than one column {double[0]!r}; rename one")
    columns = [_as_strings(frame[name]) for name in frame.columns]
    table = pa.Table.from_arrays(columns, names=names)
    return Records("the table", table, np.arange(1, len(frame) + 1))


def _as_strings(column: pd.Series[Any]) -> pa.Array:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert("UTC")
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        aware = isinstance(column.dtype, pd.DatetimeTZDtype)
        texts = column.dt.strftime(f"%Y-%m-%dT%H:%M:%S.%f{'+00:00' * aware}")
        return pa.array(texts.to_numpy(object), _STRING, from_pandas=True)
    if pd.api.types.is_float_dtype(column.dtype):
        values = column.astype("Float64")
        whole = (values == values.round()).fillna(True).all()
        column = values.round().astype("Int64") if whole else values
    texts = column.astype("object").map(str, na_action="ignore")
    return pa.array(texts.to_numpy(object), _STRING, from_pandas=True)


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
        If the file cannot be read, is empty, or is none of these.
    """
    try:
        with pa.input_stream(str(path), compression=_compression(path)) as file:
            head = bytes(file.read(1 << 16))
        if head[:4] == b"PAR1":
            return _parquet(path)
        if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise InputError(f"{path}: is UTF-16; save it as UTF-8")
        if not head.strip():
            raise InputError(f"{path}: is empty")
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


def _text(path: Path) -> str:
    octets = path.read_bytes()
    if octets[:2] == b"\x1f\x8b":
        octets = gzip.decompress(octets)
    return _decoded(path, octets.removeprefix(b"\xef\xbb\xbf"))


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
    records = records_of(table.to_pandas())
    return Records(str(path), records.table, records.rows)


def _csv(path: Path, head: str) -> Records:
    delimiter = max(",;\t", key=lambda mark: len(_header(head, mark)))
    names = _header(head, delimiter)
    double = [name for name in names if names.count(name) > 1]
    if double:
        raise InputError(f"{path}: two columns are called {double[0]!r}; rename one")
    if len(head) < 1 << 16 and len(head.strip().splitlines()) == 1:
        table = pa.Table.from_arrays([pa.array([], _STRING)] * len(names), names=names)
        return Records(str(path), table, np.empty(0, np.int64))
    faults: list[tuple[int, str, str]] = []

    def skip(row: pyarrow.csv.InvalidRow) -> str:
        says = f"{row.actual_columns} cells, the header has {row.expected_columns}"
        faults.append((int(row.number) - 1, says, row.text))
        return "skip"

    try:
        table = pyarrow.csv.read_csv(
            pa.input_stream(str(path), compression=_compression(path)),
            # With one thread the number of a faulty row is known.
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=1 << 24),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, _STRING), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        _text(path)  # says where, if it is not UTF-8
        raise InputError(f"{path}: not a valid CSV file: {str(error).splitlines()[0]}") from None
    numbers = np.arange(1, len(table) + len(faults) + 1)
    rows = numbers[~np.isin(numbers, [row for row, *_ in faults])]
    return Records(str(path), table.rename_columns([n.strip() for n in names]), rows, faults)


def _header(head: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(head, newline=None), delimiter=delimiter), [])
    except csv.Error:
        return []


def _json(path: Path, text: str) -> Records:
    faults: list[tuple[int, str, str]] = []
    try:
        found = list(enumerate(_unfold(json.loads(text)), 1))
    except RecursionError:
        raise InputError(f"{path}: not JSON: brackets are nested too deep") from None
    except ValueError as error:
        found = []
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                found += [(number, item) for item in _unfold(json.loads(line))]
            except (ValueError, RecursionError):
                faults.append((number, "not JSON", line))
        if not found:
            raise InputError(f"{path}: not JSON: {error}") from None
    kept: list[tuple[int, dict[str, str | None]]] = []
    for number, item in found:
        if isinstance(item, dict):
            kept.append((number, dict(_flat(item))))
        else:
            faults.append((number, "not a JSON object", str(item)))
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
_FORM: Final = re.compile(r"[\w.-]+=[^\s,;]*(&[\w.-]+=|$)")


def _forms(path: Path, text: str) -> Records:
    forms = ((n, _form(line)) for n, line in enumerate(text.splitlines(), 1) if line.strip())
    return _of_objects(path, forms, [])


def _form(line: str) -> dict[str, str | None]:
    return dict(urllib.parse.parse_qsl(line.strip().lstrip("?"), keep_blank_values=True))


_RECEIPT: Final = re.compile(r"\bid:\S* .*\bstat:\w+", re.IGNORECASE)
_RECEIPT_FIELD: Final = re.compile(
    r"(id|sub|dlvrd|submit date|done date|stat|err):\s*(\S*)", re.IGNORECASE
)

#: STATUS,STATUS TS,ACCEPTED TS,ERROR,DEST,ORIG,RESERVED
_COMMA_RECEIPT: Final = re.compile(r"(\d\d),(\d{10}),(\d{10}),(\d*),(\d+),(\d+),(.*)")
_COMMA_FIELDS: Final = ("stat", "done date", "submit date", "err", "dest", "orig", "id")


def _receipts(path: Path, text: str) -> Records:
    found: list[tuple[int, dict[str, str | None]]] = []
    faults: list[tuple[int, str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        commas = _COMMA_RECEIPT.fullmatch(line.strip())
        head = re.split(r"\btext:", line, maxsplit=1, flags=re.IGNORECASE)[0]
        if commas:
            found.append((number, dict(zip(_COMMA_FIELDS, commas.groups(), strict=True))))
        elif _RECEIPT.search(line):
            fields = {name.lower(): value for name, value in _RECEIPT_FIELD.findall(head)}
            found.append((number, fields))
        elif line.strip():
            faults.append((number, "not a receipt", line))
    return _of_objects(path, found, faults)


def _of_objects(
    path: Path,
    objects: Iterable[tuple[int, dict[str, str | None]]],
    faults: list[tuple[int, str, str]],
) -> Records:
    numbered = list(objects)
    names = dict.fromkeys(name for _, item in numbered for name in item)
    columns = [
        pa.array([_whole(item.get(name)) for _, item in numbered], _STRING) for name in names
    ]
    table = pa.Table.from_arrays(columns, names=list(names))
    return Records(str(path), table, np.array([n for n, _ in numbered], np.int64), faults)


def _whole(text: str | None) -> str | None:
    """Put a question mark for half a surrogate pair, which no encoding can hold."""
    return text if text is None else text.encode("utf-8", "replace").decode("utf-8")
