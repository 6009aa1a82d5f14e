"""Text files of any encoding and compression as UTF-8."""

from __future__ import annotations

import codecs
import gzip
import io
from typing import Any, Final

import pyarrow as pa

from smslab.errors import InputError

__all__ = ["Expanded", "check_expansion", "utf8_of"]

#: How much of a file is looked at to find out how it is written.
_SNIFFED: Final = 4 << 20
#: What expands to more than this many times its size, and more than a gigabyte, is a trap.
_EXPANSION: Final = 1000
_LARGE: Final = 1 << 30


def check_expansion(name: str, octets: int, expanded: int) -> None:
    """Refuse a compressed file that is a trap.

    Parameters
    ----------
    name : str
        The file's name.
    octets : int
        Its size.
    expanded : int
        The size of what is in it, as far as is known.

    Raises
    ------
    InputError
        If it expands to more than a gigabyte, and to more than 1000 times its size.
    """
    if expanded > max(octets * _EXPANSION, _LARGE):
        raise InputError(
            f"{name}: expands to more than {_EXPANSION:,} times its size; decompress it first if "
            "that is meant"
        )


class Expanded(io.RawIOBase):
    """A compressed file as what is in it; one that expands without end is refused.

    Parameters
    ----------
    name : str
        The file's name.
    raw : binary file
        The file.
    compression : str
        ``gzip`` or ``zstd``.
    octets : int
        Its size.
    """

    def __init__(self, name: str, raw: Any, compression: str, octets: int) -> None:
        self._name, self._octets = name, octets
        self._file: Any = (
            gzip.GzipFile(fileobj=raw)
            if compression == "gzip"
            else pa.CompressedInputStream(pa.PythonFile(raw), "zstd")
        )
        self._done = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read so much as there is room for."""
        try:
            octets = self._file.read(len(buffer))
        except (OSError, EOFError, pa.ArrowException) as error:
            raise InputError(
                f"{self._name}: cannot be decompressed: {str(error).splitlines()[0]}; get the file "
                "once more"
            ) from None
        self._done += len(octets)
        check_expansion(self._name, self._octets, self._done)
        buffer[: len(octets)] = octets
        return len(octets)


def _encoding_of(name: str, start: bytes, whole: bool) -> tuple[str, list[str], list[str]]:
    """Find out how a text file is encoded: by Python's name, what is so, and what is guessed."""
    for mark, marked in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return marked, [] if marked == "utf-8-sig" else [f"is {marked.upper()}"], []
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=whole)
    except UnicodeDecodeError as error:
        octet = start[error.start]
        line = start.count(b"\n", 0, error.start) + 1
        shown = start.decode("utf-8", "surrogateescape")
        wrong = sum("\udc80" <= character <= "\udcff" for character in shown)
        beyond = len(shown) - sum(map(str.isascii, shown)) - wrong
        if beyond > wrong:
            raise InputError(
                f"{name}: is UTF-8 but for {wrong:,} octets, the first in line {line} "
                f"(0x{octet:02X}): mend it, or name its encoding"
            ) from None
        guess = (
            f"is not UTF-8 (line {line} has the octet 0x{octet:02X}): read as Windows-1252; name "
            "another encoding if that is wrong"
        )
        return "cp1252", [], [guess]
    return "utf-8", [], []


def utf8_of(name: str, file: Any, encoding: str | None) -> tuple[Any, str, list[str], list[str]]:
    """Find out how a text file is encoded.

    Parameters
    ----------
    name : str
        The file's name.
    file : binary file
        The file, which may come in small pieces.
    encoding : str or None
        Found out where None.

    Returns
    -------
    tuple of binary file, str and two lists of str
        The file as UTF-8 from its beginning on, its first octets as text, what was found out, and
        what was guessed.

    Raises
    ------
    InputError
        If it is empty, or not in the encoding.
    """
    start = _first(file)
    while start.startswith(codecs.BOM_UTF8 * 2):
        start = start.removeprefix(codecs.BOM_UTF8)
    if not start:
        raise InputError(f"{name}: is empty")
    marked = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    if encoding is None and not marked and b"\0" in start[:1000]:
        raise InputError(f"{name}: is no text; is it a spreadsheet or compressed?")
    whole = len(start) < _SNIFFED
    found = encoding or ""
    notes: list[str] = []
    guesses: list[str] = []
    if encoding is None:
        found, notes, guesses = _encoding_of(name, start, whole)
    try:
        sample = codecs.getincrementaldecoder(found)().decode(start, final=whole)
    except UnicodeError as error:
        is_guess = encoding is None and bool(guesses)
        what = "neither UTF-8 nor Windows-1252: name its encoding" if is_guess else f"not {found}"
        raise InputError(f"{name}: is {what}: {error}") from None
    joined: io.BufferedReader[Any] = io.BufferedReader(_Joined(start, file), 1 << 20)
    if codecs.lookup(found).name not in ("utf-8", "utf-8-sig"):
        joined = io.BufferedReader(_Recoded(name, joined, found), 1 << 20)
    return joined, sample.removeprefix("\ufeff"), notes, guesses


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
