"""Workbooks: Excel's, and OpenDocument's to be read."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa

from smslab.errors import InputError, MissingExtraError
from smslab.files.batches import in_batches
from smslab.files.encodings import check_expansion

try:
    import python_calamine as calamine
    import xlsxwriter
except ImportError:
    raise MissingExtraError("excel", "workbooks") from None

__all__ = ["ExcelSink", "ExcelSource"]

_STRING: Final = pa.large_string()

#: Rows that become a table at once.
_ROWS: Final = 10_000


class ExcelSource:
    """A sheet of a workbook: a header, and cells as they are shown, all strings.

    Parameters
    ----------
    name : str
        The file's name.
    raw : binary file
        The file.
    octets : int
        Its size.
    sheet : str or None
        The sheet; the first if None.

    Raises
    ------
    InputError
        If it is no workbook, has no such sheet or no header, or expands without end.
    """

    def __init__(self, name: str, raw: Any, octets: int, sheet: str | None) -> None:
        self.name, self.octets = name, octets
        self.unreadable: list[tuple[int, str, str]] = []
        self.notes: list[str] = []
        self.guesses: list[str] = []
        if zipfile.is_zipfile(raw):
            with zipfile.ZipFile(raw) as parts:
                check_expansion(name, octets, sum(part.file_size for part in parts.infolist()))
        raw.seek(0)
        try:
            book = calamine.load_workbook(raw)
        except (calamine.CalamineError, OSError) as error:
            raise InputError(f"{name}: not a whole and valid workbook: {error}") from None
        sheets = book.sheet_names
        if sheet is not None and sheet not in sheets:
            raise InputError(f"{name}: has no sheet {sheet!r}; it has {sheets}")
        if sheet is None and len(sheets) > 1:
            self.guesses.append(f"has the sheets {sheets}: the first is read")
        try:
            chosen = book.get_sheet_by_name(sheet or sheets[0])
            self._rows, self._left = chosen.iter_rows(), (chosen.start or (0, 0))[1]
            names = self._header()
        except calamine.CalamineError as error:
            raise InputError(f"{name}: its sheet cannot be read: {error}") from None
        self.schema: pa.Schema = pa.schema([(name, _STRING) for name in names])
        self._done = 0

    def _header(self) -> list[str]:
        for cells in self._rows:
            names = [_shown(cell) or "" for cell in cells]
            if any(names):
                # A column without a name is one all the same, as long as something is in it.
                return [
                    name or f"column {_letters(self._left + at)}" for at, name in enumerate(names)
                ]
        raise InputError(f"{self.name}: the sheet is empty")

    def read_octets(self) -> int:
        """Return how far it is; a workbook is read as a whole before."""
        return self.octets if self._done else 0

    def batches(self, rows: int) -> Iterator[pa.Table]:
        """Go through the rows, at most so many at once; empty ones are passed over."""
        yield from in_batches(self._blocks(), rows, self.schema)

    def _blocks(self) -> Iterator[pa.Table]:
        width = len(self.schema)
        columns: list[list[str | None]] = [[] for _ in range(width)]
        for cells in self._rows:
            shown = [_shown(cell) for cell in cells]
            if not any(shown):
                continue
            for column, cell in zip(columns, shown, strict=True):
                column.append(cell)
            if len(columns[0]) == _ROWS:
                yield pa.table([pa.array(c, _STRING) for c in columns], schema=self.schema)
                columns = [[] for _ in range(width)]
        self._done = 1
        yield pa.table([pa.array(c, _STRING) for c in columns], schema=self.schema)


def _shown(cell: Any) -> str | None:
    """Return a cell as text: whole numbers without decimals, as a phone number is meant."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def _letters(at: int) -> str:
    """Return what a spreadsheet calls a column."""
    letters = ""
    while at >= 0:
        letters = chr(ord("A") + at % 26) + letters
        at = at // 26 - 1
    return letters


#: What a sheet and a cell of Excel hold (support.microsoft.com, Excel specifications and limits).
_MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 16_384
_MOST_CHARACTERS: Final = 32_767
#: Digits of a number that Excel keeps.
_EXACT: Final = 10**15


class ExcelSink:
    """An Excel workbook of one sheet; texts are texts, and never formulas or links.

    Parameters
    ----------
    target : Path or binary file
        Where to.
    schema : pyarrow.Schema
        Columns of the batches.

    Raises
    ------
    InputError
        If the columns or rows are more than Excel has, or a text is longer than a cell.
    """

    def __init__(self, target: Path | Any, schema: pa.Schema) -> None:
        if len(schema) > _MOST_COLUMNS:
            raise InputError(f"Excel has {_MOST_COLUMNS:,} columns; write CSV or Parquet instead")
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "use_zip64": True,
        }
        self._book = xlsxwriter.Workbook(
            str(target) if isinstance(target, Path) else target, options
        )
        # The same list gives the same bytes.
        self._book.set_properties({"created": dt.datetime(2000, 1, 1)})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._sheet = self._book.add_worksheet()
        self._rows = 1
        for place, name in enumerate(schema.names):
            self._sheet.write_string(0, place, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            # Closed all the same, for its temporary files; it goes nowhere.
            self._book.filename = io.BytesIO()
        try:
            self._book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise error.args[0] from None

    def write(self, table: pa.Table) -> None:
        """Write a batch."""
        if self._rows + len(table) > _MOST_ROWS:
            raise InputError(
                f"a sheet of Excel has {_MOST_ROWS:,} rows, one of them the header; write CSV or "
                "Parquet instead"
            )
        columns = [column.to_pylist() for column in table.columns]
        for cells in zip(*columns, strict=True):
            for place, cell in enumerate(cells):
                if cell is not None:
                    self._write(place, cell)
            self._rows += 1

    def _write(self, place: int, cell: Any) -> None:
        if isinstance(cell, bool):
            self._sheet.write_boolean(self._rows, place, cell)
        elif isinstance(cell, int | float) and abs(cell) < _EXACT:
            self._sheet.write_number(self._rows, place, cell)
        elif isinstance(cell, dt.datetime) and cell.year >= 1900:
            # Excel knows no zones: what has one is in UTC, as its column says elsewhere.
            self._sheet.write_datetime(self._rows, place, cell.replace(tzinfo=None), self._moment)
        else:
            text = cell.hex() if isinstance(cell, bytes) else str(cell)
            if len(text.encode("utf-16-le")) // 2 > _MOST_CHARACTERS:
                raise InputError(
                    f"row {self._rows} has a text of {len(text):,} characters; a cell of Excel "
                    f"holds {_MOST_CHARACTERS:,}: write CSV or Parquet instead"
                )
            self._sheet.write_string(self._rows, place, text)
