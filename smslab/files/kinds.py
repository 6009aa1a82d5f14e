"""Kinds of files, by the end of their name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from smslab.errors import InputError

__all__ = ["ENDINGS", "kind_of"]

#: Kinds by the end of the name, without that of the compression.
_KINDS: Final = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xlsb": "excel",
    ".xls": "excel",
    ".ods": "excel",
}
_COMPRESSIONS: Final = {".gz": "gzip", ".zst": "zstd"}

#: What the names of lists may end in, as it is told to users.
ENDINGS: Final = ", ".join((*_KINDS, *(f".csv{end}" for end in _COMPRESSIONS)))


def kind_of(path: str) -> tuple[str, str]:
    """Tell what a file is by the end of its name.

    Parameters
    ----------
    path : str
        Its name.

    Returns
    -------
    tuple of two str
        ``csv``, ``tsv``, ``jsonl``, ``parquet`` or ``excel``; and ``gzip``, ``zstd`` or nothing.

    Raises
    ------
    InputError
        If the end is unknown.

    Examples
    --------
    >>> from smslab.files.kinds import kind_of
    >>> kind_of("list.csv.gz")
    ('csv', 'gzip')
    """
    name = Path(path).name.lower()
    compression = next((c for end, c in _COMPRESSIONS.items() if name.endswith(end)), "")
    if compression:
        name = name.rpartition(".")[0]
    kind = _KINDS.get(Path(name).suffix)
    if kind is None:
        raise InputError(
            f"{path}: unknown kind of file; must end in one of {ENDINGS}, or be - alone"
        )
    if compression and kind in ("parquet", "excel"):
        raise InputError(f"{path}: {kind} is compressed inside; decompress the file")
    return kind, compression
