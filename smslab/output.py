"""Files out: results as CSV or Parquet, whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from smslab.errors import InputError

__all__ = [
    "FORMULA_BEGINNINGS",
    "SIGNED_NUMBER",
    "check_apart",
    "guarded",
    "write_csv",
    "write_table",
    "write_whole",
]

#: What spreadsheets take for the beginning of a formula (OWASP, CSV injection).
FORMULA_BEGINNINGS: Final = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")

#: Numbers, which are no formulas although they begin like one; a regular expression.
SIGNED_NUMBER: Final = r"[+-][0-9][0-9. ]*"


def check_apart(
    output: str | Path, *inputs: str | Path | None, instead: str = "another output"
) -> None:
    """Refuse to write over a file that is read.

    Parameters
    ----------
    output : str or Path
        What is to be written.
    *inputs : str or Path
        What is read; what is None, or no file, is passed over.
    instead : str
        What to choose.

    Raises
    ------
    InputError
        If one of them is the output.
    """
    for path in inputs:
        if path is None or not os.path.exists(output) or not os.path.exists(path):
            continue
        if os.path.samefile(output, path):
            raise InputError(f"{path}: would be written over; choose {instead}")


def write_table(frame: pd.DataFrame, path: str | Path, *, guard: bool = True) -> None:
    """Write a result to a file, whole or not at all.

    Parameters
    ----------
    frame : DataFrame
        The result; its index is written where it has a name.
    path : str or Path
        ``.csv`` (octets in hexadecimal digits) or ``.parquet``.
    guard : bool
        Whether a text in a CSV file that a spreadsheet would take for a formula gets an
        apostrophe in front; names of columns too.

    Raises
    ------
    InputError
        If the kind of file is unknown or it cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise InputError(f"{path}: unknown kind of file; must end in one of .csv, .parquet")
    with write_whole(path.parent, [path.name]) as (aside,):
        if suffix == ".parquet":
            named = frame.reset_index() if frame.index.name is not None else frame
            pq.write_table(pa.Table.from_pandas(named, preserve_index=False), aside)
        else:
            write_csv(frame, aside, guard=guard)


def write_csv(frame: pd.DataFrame, target: Path | TextIO, *, guard: bool = True) -> None:
    """Write a result as CSV.

    Parameters
    ----------
    frame : DataFrame
        As of :func:`write_table`.
    target : Path or text file
        Where to.
    guard : bool
        As of :func:`write_table`.
    """
    table = frame.reset_index() if frame.index.name is not None else frame.copy()
    for name, kind in table.dtypes.items():
        column = table[name]
        if kind == pd.ArrowDtype(pa.large_binary()):
            table[name] = column.map(bytes.hex, na_action="ignore")
        elif guard and isinstance(kind, (pd.StringDtype, pd.CategoricalDtype)):
            table[name] = _guarded(column.astype("str"))
    if guard:
        table.columns = _guarded(pd.Series(table.columns.astype("str")))
    table.to_csv(target, index=False, lineterminator="\n", encoding="utf-8")


def guarded(texts: Any) -> Any:
    """Put an apostrophe before what a spreadsheet would take for a formula.

    Parameters
    ----------
    texts : Arrow array of large_string
        The texts.

    Returns
    -------
    Arrow array of large_string
    """
    # A number, of a phone or any other, does nothing.
    beginnings = "".join(FORMULA_BEGINNINGS)
    is_formula = pc.and_(
        pc.match_substring_regex(texts, f"^[{re.escape(beginnings)}]"),
        pc.invert(pc.match_substring_regex(texts, f"^(?:{SIGNED_NUMBER})$")),
    )
    apostrophe, nothing = pa.scalar("'", texts.type), pa.scalar("", texts.type)
    return pc.if_else(is_formula, pc.binary_join_element_wise(apostrophe, texts, nothing), texts)


def _guarded(texts: pd.Series[Any]) -> pd.Series[Any]:
    return pd.Series(guarded(pa.array(texts, pa.large_string())), texts.index, dtype="str")


@contextlib.contextmanager
def write_whole(folder: str | Path, names: Sequence[str]) -> Iterator[list[Path]]:
    """Write files aside and put them in place when all of them are whole.

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
        blocked = next((folder / name for name in names if (folder / name).is_dir()), None)
        if blocked is not None:
            raise IsADirectoryError(errno.EISDIR, f"{blocked.name} is a folder")
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
