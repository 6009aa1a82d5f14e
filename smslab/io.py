"""Files of messages in: CSV, Parquet and JSON Lines; files of results out, whole or not at all."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from smslab.errors import InputError, nearest

__all__ = ["read_messages", "write_whole"]

#: Names under which a column is found where none is given, in the order of preference.
_USUAL: Final = {
    "text": ("text", "body", "message", "content", "sms", "msg"),
    "to": ("to", "phone", "number", "recipient", "msisdn", "mobile", "phone_number", "to_number"),
    "country": ("country", "iso2", "country_code", "to_country"),
    "carrier": ("carrier", "network", "operator"),
}
_READABLE: Final = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson")


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
        with its number from 1 (the header not counted) as the index ``row``.

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
        raise InputError(f"{path}: unknown kind of file; must end in one of {', '.join(_READABLE)}")
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


def _columns(path: Path, names: Sequence[str], wanted: dict[str, str | None]) -> dict[str, str]:
    """Find which column of the file holds what; the text is a must."""
    folded = {name.strip().casefold(): name for name in reversed(names)}
    found: dict[str, str] = {}
    for role, given in wanted.items():
        if given is not None:
            if given not in names:
                raise InputError(
                    f"{path}: no column {given!r}; it has {list(names)}.{nearest(given, names)}"
                )
            found[role] = given
            continue
        usual = next((folded[name] for name in _USUAL[role] if name in folded), None)
        if usual is not None and usual not in found.values():
            found[role] = usual
    if "text" not in found:
        raise InputError(
            f"{path}: no column looks like the text; it has {list(names)}."
            f"{nearest('text', names)} Name it: --text COLUMN"
        )
    return found


def _read_csv(path: Path, wanted: dict[str, str | None]) -> pd.DataFrame:
    with path.open("rb") as file:
        start = file.read(1 << 16)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path}: is UTF-16; save it as CSV UTF-8")
    header = start.decode("utf-8-sig", "replace").split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count) if path.suffix.lower() == ".csv" else "\t"
    names = next(csv.reader([header.rstrip("\r")], delimiter=delimiter), [])
    double = next((name for name in names if names.count(name) > 1), None)
    columns = _columns(path, names, wanted)
    if double is not None and double in columns.values():
        raise InputError(f"{path}: two columns are called {double!r}; rename one")
    try:
        table = pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(use_threads=False),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=len(names) > 1
            ),
            convert_options=pa_csv.ConvertOptions(
                include_columns=list(columns.values()),
                column_types={name: pa.large_string() for name in columns.values()},
                # "NA" is Namibia and "null" a text.
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise InputError(f"{path}: {_csv_fault(path, str(error))}") from None
    return _frame(table, columns)


def _csv_fault(path: Path, fault: str) -> str:
    if "UTF8" in fault:
        octets = path.read_bytes()
        try:
            octets.decode("utf-8")
        except UnicodeDecodeError as error:
            line = octets.count(b"\n", 0, error.start) + 1
            return (
                f"not UTF-8: line {line} has the byte 0x{octets[error.start]:02X}; "
                "save it as CSV UTF-8"
            )
    return f"not a CSV table: {fault.splitlines()[0]}"


def _read_parquet(path: Path, wanted: dict[str, str | None]) -> pd.DataFrame:
    try:
        file = pq.ParquetFile(path)
        columns = _columns(path, file.schema_arrow.names, wanted)
        table = file.read(columns=list(columns.values()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(
            f"{path}: not a whole Parquet file: {str(error).splitlines()[0]}"
        ) from None
    for role, name in columns.items():
        kind = table.schema.field(name).type
        if pa.types.is_nested(kind) or (role == "text" and pa.types.is_binary(kind)):
            raise InputError(f"{path}: column {name!r} is {kind}; it must hold one string a row")
    return _frame(table, columns)


def _read_json_lines(path: Path, wanted: dict[str, str | None]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    names: dict[str, None] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except json.JSONDecodeError as error:
                    raise InputError(f"{path}: line {number} is not JSON: {error.msg}") from None
                if not isinstance(row, dict):
                    raise InputError(f"{path}: line {number} is not a JSON object")
                rows.append(row)
                names.update(dict.fromkeys(row))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 (byte 0x{error.object[error.start]:02X})") from None
    if not rows:
        raise InputError(f"{path}: is empty")
    columns = _columns(path, list(names), wanted)
    arrays = []
    for role, name in columns.items():
        values = [row.get(name) for row in rows]
        if role != "text":
            values = [value if value is None else str(value) for value in values]
        for number, value in enumerate(values, 1):
            if value is not None and not isinstance(value, str):
                raise InputError(
                    f"{path}: object {number}: {name!r} must be a string or null; not {value!r:.60}"
                )
        try:
            arrays.append(pa.array(values, pa.large_string()))
        except UnicodeEncodeError as error:
            raise InputError(
                f"{path}: a value of {name!r} has half a surrogate pair (\\u"
                f"{ord(error.object[error.start]):04x}), which no encoding can hold"
            ) from None
    return _frame(pa.table(arrays, names=list(columns.values())), columns)


def _frame(table: pa.Table, columns: dict[str, str]) -> pd.DataFrame:
    frame = {}
    for role, name in columns.items():
        column = table.column(name)
        if role != "to" and not pa.types.is_large_string(column.type):
            column = column.cast(pa.large_string())
        frame[role] = column.to_pandas()
    return pd.DataFrame(frame)


@contextlib.contextmanager
def write_whole(folder: str | Path, names: Sequence[str]) -> Iterator[list[Path]]:
    """Write files aside and put all of them in place at the end, or none of them.

    Parameters
    ----------
    folder : str or Path
        Where the files go; made if it is not there.
    names : sequence of str
        Their names.

    Yields
    ------
    list of Path
        Where to write each; moved into `folder` when the block ends well.

    Raises
    ------
    InputError
        If the folder cannot be written to.
    """
    folder = Path(folder)
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".smslab-", dir=folder) as aside:
            yield [Path(aside, name) for name in names]
            for name in names:
                os.replace(Path(aside, name), folder / name)
    except OSError as error:
        _remove_empty(missing)
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from None
    except BaseException:
        _remove_empty(missing)
        raise


def _remove_empty(folders: Sequence[Path]) -> None:
    for place in folders:
        with contextlib.suppress(OSError):
            place.rmdir()
