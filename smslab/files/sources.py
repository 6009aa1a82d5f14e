"""Sources: lists of any size, read batch by batch."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from smslab.errors import InputError, OptionError
from smslab.files.batches import Source
from smslab.files.delimited import DelimitedSource
from smslab.files.encodings import Expanded
from smslab.files.json_lines import JsonLinesSource
from smslab.files.kinds import kind_of
from smslab.files.parquet import ParquetSource

__all__ = ["Reading", "open_source"]

_NOT_OF_FILES: Final = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a file is read, where it does not tell itself.

    Parameters
    ----------
    encoding : str, optional
        Of a text file, as Python calls it; found out if not given.
    delimiter : str, optional
        Between the cells of a CSV file; found out if not given.
    sheet : str, optional
        Of a workbook; the first if not given.

    Raises
    ------
    OptionError
        If Python knows no such encoding, or the delimiter is not one character.
    """

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.encoding is not None:
            try:
                "".encode(self.encoding)  # some that Python knows are not of texts
                name = codecs.lookup(self.encoding).name.replace("-", "_")
            except LookupError:
                name = ""
            if not name or name in _NOT_OF_FILES:
                raise OptionError(
                    f"encoding must be one of text files that Python knows; not {self.encoding!r}"
                )
        delimiter = self.delimiter
        is_one = delimiter is None or (len(delimiter) == 1 and delimiter.isascii())
        if not is_one or (delimiter or "") in ('"', "\r", "\n"):
            raise OptionError(
                f"delimiter must be one ASCII character such as ';'; not {delimiter!r}"
            )


@contextlib.contextmanager
def open_source(path: str | Path, reading: Reading | None = None) -> Iterator[Source]:
    """Open a list until the block ends.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv``, ``.jsonl`` and ``.ndjson``, each also with ``.gz`` or ``.zst`` behind,
        ``.parquet``, or a workbook (``.xlsx``, ``.xlsm``, ``.xlsb``, ``.xls``, ``.ods``); ``-`` for
        CSV from the standard input.
    reading : Reading, optional
        How it is read.

    Yields
    ------
    Source

    Raises
    ------
    InputError
        If it cannot be read.
    MissingExtraError
        If it is a workbook and what reads them is not installed.
    """
    path, reading = str(path), reading or Reading()
    encoding, delimiter = reading.encoding, reading.delimiter
    if path == "-" and sys.stdin is None:
        raise InputError("standard input: is closed")
    if path == "-":
        yield DelimitedSource("standard input", "csv", sys.stdin.buffer, 0, encoding, delimiter)
        return
    kind, compression = kind_of(path)
    with contextlib.ExitStack() as stack:
        try:
            if os.path.isdir(path):
                raise InputError(f"{path}: is a folder; pass a file")
            if os.path.exists(path) and not os.path.isfile(path):
                raise InputError(f"{path}: is no file; pass it on to the standard input, -")
            octets = os.path.getsize(path)
            if not octets:
                raise InputError(f"{path}: is empty")
            raw = stack.enter_context(open(path, "rb"))
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
        file: Any = Expanded(path, raw, compression, octets) if compression else raw
        if kind == "parquet":
            yield ParquetSource(path, raw, octets)
        elif kind == "jsonl":
            yield JsonLinesSource(path, file, raw, octets, encoding)
        elif kind == "excel":
            from smslab.files.excel import ExcelSource  # noqa: PLC0415  (an extra)

            yield ExcelSource(path, raw, octets, reading.sheet)
        else:
            yield DelimitedSource(path, kind, file, octets, encoding, delimiter, raw)
