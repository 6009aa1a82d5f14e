"""The journal: finished batches of work that is not over, so that it can go on after a kill."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from smslab.errors import InputError, SmslabError

__all__ = ["Journal"]


class Journal:
    """A folder beside an output that holds what is finished of it, until all is.

    Parameters
    ----------
    output : Path
        The output; links are followed.
    job : dict
        What is done with what, as JSON has it: only the same job can go on.
    resume : bool
        Whether to go on where the same job was stopped; else begin anew.

    Attributes
    ----------
    aside : Path
        Where the output is written until it is whole.
    finished : int
        Batches that are there already.

    Raises
    ------
    InputError
        If the folder cannot be written to, another run writes the same output, or what was
        stopped was another job.
    """

    def __init__(self, output: Path, job: Mapping[str, Any], *, resume: bool) -> None:
        self._output = Path(os.path.realpath(output))
        self._folder = self._output.with_name(f".{self._output.name}.smslab")
        self.aside = self._folder / "output"
        self._job = json.dumps(job, sort_keys=True, ensure_ascii=True)
        self._resume = resume
        self.finished = 0
        self._lock: Any = None

    def __enter__(self) -> Self:
        if self._output.is_dir():
            raise InputError(f"{self._output}: is a folder; choose another output")
        if self._output.exists() and not self._output.is_file():
            raise InputError(f"{self._output}: is no file; write to - and pass that on")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self._folder / "lock")
        if self._lock is None:
            raise InputError(f"{self._output}: another run is writing it")
        file = self._folder / "job.json"
        if self._resume and file.exists():
            if file.read_text("utf-8") != self._job:
                self._lock.close()
                raise InputError(
                    f"{self._output}: what was stopped had another input or other options; begin "
                    "anew without --resume"
                )
            while self._batch(self.finished).exists():
                self.finished += 1
            if self.finished and not self._is_whole(self.finished - 1):
                self.finished -= 1  # cut by whatever stopped the machine
        else:
            for path in self._folder.glob("batch-*"):
                path.unlink()
            file.write_text(self._job, "utf-8")
        return self

    def _batch(self, number: int) -> Path:
        return self._folder / f"batch-{number:06d}.arrow"

    def _is_whole(self, number: int) -> bool:
        try:
            self.read(number)
        except (pa.ArrowInvalid, OSError):
            return False
        return True

    def read(self, number: int) -> pa.Table:
        """Read a finished batch.

        Parameters
        ----------
        number : int
            Its number, from 0.

        Returns
        -------
        pyarrow.Table
        """
        with pa.OSFile(str(self._batch(number)), "rb") as file:
            return pa.ipc.open_file(file).read_all()

    def add(self, table: pa.Table) -> None:
        """Keep a batch that is finished.

        Parameters
        ----------
        table : pyarrow.Table
            The batch.
        """
        path = self._batch(self.finished)
        aside = path.with_suffix(".part")
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with (
            pa.OSFile(str(aside), "wb") as file,
            pa.ipc.new_file(file, table.schema, options=options) as writer,
        ):
            writer.write_table(table)
        os.replace(aside, path)
        self.finished += 1

    def publish(self) -> None:
        """Put the output in its place; nothing has to go on any more."""
        os.replace(self.aside, self._output)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # What is wrong with the input stays wrong; a full disk or an interrupt does not.
        if kind is None or issubclass(kind, SmslabError):
            shutil.rmtree(self._folder, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                self.aside.unlink()
        if self._lock is not None:
            self._lock.close()


def _locked(path: Path) -> Any:
    """Lock a file until it is closed; None if another process has it. Windows has no such locks."""
    file = path.open("w")
    try:
        import fcntl  # noqa: PLC0415  (not on Windows)
    except ImportError:
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
