"""Files in: messages from lists of every kind; parts from CSV and Parquet."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from smslab.columns import check_kinds, find_columns
from smslab.errors import GuessWarning, InputError, nearest
from smslab.files.batches import Source
from smslab.files.sources import Reading, open_source

__all__ = ["read_messages", "read_parts"]

#: Rows that are read at once.
_ROWS: Final = 1 << 18


def read_messages(
    path: str | Path,
    *,
    text: str | None = None,
    to: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> pd.DataFrame:
    """Read a list of messages from a file.

    Parameters
    ----------
    path : str or Path
        ``.csv`` or ``.tsv`` with a header, ``.jsonl`` (one JSON object a line), each also with
        ``.gz`` or ``.zst`` behind, ``.parquet``, or a workbook such as ``.xlsx`` (extra
        ``excel``); ``-`` for CSV from the standard input.
    text, to : str, optional
        Columns of the texts and of the phone numbers. If not given, the usual names are looked
        for; the columns ``country`` and ``carrier`` are taken where there are such.
    encoding : str, optional
        Of a text file, as Python calls it; found out if not given, with a warning where it is not
        UTF-8.
    delimiter : str, optional
        Between the cells of a CSV file; found out if not given.
    sheet : str, optional
        Of a workbook; the first if not given.

    Returns
    -------
    pandas.DataFrame
        ``text`` and, where found, ``to``, ``country`` and ``carrier``; every row of the file,
        with its number from 1 (the header not counted) as the index ``row``. Its ``attrs`` tell
        under ``columns`` which column of the file each was.

    Raises
    ------
    InputError
        If the file cannot be read, is empty, or lacks the column, or a row of it cannot be read;
        :func:`smslab.prepare_file` keeps such rows aside and goes on.
    OptionError
        If there is no such encoding, or the delimiter is not one character.

    Warns
    -----
    GuessWarning
        What was found out of the file and may be wrong, such as the encoding of what is not UTF-8.
    """
    reading = Reading(encoding=encoding, delimiter=delimiter, sheet=sheet)
    with open_source(path, reading) as source:
        wanted = {"text": text, "to": to, "country": None, "carrier": None}
        columns = find_columns(source.name, source.schema.names, wanted)
        check_kinds(source.name, columns, source.schema)
        table = _whole(source, list(columns.values()))
    for guess in source.guesses:
        warnings.warn(f"{source.name} {guess}", GuessWarning, stacklevel=2)
    if not len(table):
        raise InputError(f"{source.name}: has columns but no rows")
    frame = {}
    for role, column in zip(columns, table.columns, strict=True):
        kind = column.type
        is_text = role != "to" or pa.types.is_null(kind) or pa.types.is_decimal(kind)
        frame[role] = (column.cast(pa.large_string()) if is_text else column).to_pandas()
    messages = pd.DataFrame(frame)
    messages.index = pd.RangeIndex(1, len(messages) + 1, name="row")
    messages.attrs["columns"] = columns
    return messages


def read_parts(path: str | Path, by: Sequence[str] = ()) -> pd.DataFrame:
    """Read the parts of messages from a file, as :func:`smslab.output.write_table` writes them.

    Parameters
    ----------
    path : str or Path
        As of :func:`read_messages`; octets are written in hexadecimal digits where there are none.
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
    with open_source(path) as source:
        schema = source.schema
        for name in ("user_data", "data_coding", *by):
            if name not in schema.names:
                names = schema.names
                raise InputError(
                    f"{path}: no column {name!r}; it has {names}.{nearest(name, names)}"
                )
        chosen = [name for name in dict.fromkeys((*_PART, *by)) if name in schema.names]
        table = _whole(source, chosen)
    octets = {pa.binary(): _BINARY, pa.large_binary(): _BINARY}
    frame: pd.DataFrame = table.to_pandas(types_mapper=octets.get)
    texts = {field.name for field in table.schema if pa.types.is_large_string(field.type)}
    # The part of a null text has no data coding.
    null = frame["data_coding"].isna() | (frame["data_coding"].astype("str") == "")
    for name in [name for name in chosen if name in _FITTING]:
        kind = schema.field(name).type
        if name in texts:
            written = frame[name].fillna("")
            if name in _WRITTEN_IN_HEX:
                cells = [_octets(path, name, row, cell) for row, cell in enumerate(written, 1)]
                frame[name] = pd.Series(cells, dtype=_BINARY).mask(null.to_numpy())
            else:
                frame[name] = _whole_numbers(path, name, written)
        elif not any(fit(kind) for fit in _FITTING[name]):
            must = "octets" if name in _WRITTEN_IN_HEX else "whole numbers"
            raise InputError(f"{path}: column {name!r} is {kind}; it must hold {must}")
    if "udhi" in texts:
        frame["udhi"] = frame["udhi"].str.casefold().isin(["true", "1", "yes"])
    return frame


def _whole(source: Source, columns: Sequence[str]) -> pa.Table:
    """Read columns of a list that has no row that cannot be read."""
    schema = pa.schema([source.schema.field(name) for name in columns])
    batches = [table.select(columns) for table in source.batches(_ROWS)]
    if source.unreadable:
        row, problem, content = source.unreadable[0]
        raise InputError(f"{source.name}: row {row} {problem}: {content[:60]!r}")
    table = pa.concat_tables([schema.empty_table(), *batches])
    try:
        table.validate(full=True)
    except pa.ArrowInvalid as error:
        raise InputError(f"{source.name}: {str(error).splitlines()[0]}") from None
    return table


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
_WRITTEN_IN_HEX: Final = ("user_data", "udh")


def _octets(path: str | Path, name: str, row: int, cell: str) -> bytes:
    try:
        return bytes.fromhex(cell)
    except ValueError:
        raise InputError(
            f"{path}: row {row}: {name} must be hexadecimal digits; not {cell!r:.40}"
        ) from None


#: Of a number that fits 64 bits.
_MOST_DIGITS: Final = 19


def _whole_numbers(path: str | Path, name: str, cells: pd.Series[Any]) -> pd.Series[Any]:
    for row, cell in enumerate(cells, 1):
        if cell and not (cell.isascii() and cell.isdecimal() and len(cell) < _MOST_DIGITS):
            raise InputError(f"{path}: row {row}: {name} must be a whole number; not {cell!r:.40}")
    return pd.to_numeric(cells.where(cells != "", None)).astype("Int64")
