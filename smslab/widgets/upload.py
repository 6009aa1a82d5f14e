"""Files that are uploaded to a widget."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import ipywidgets

from smslab.errors import InputError, SmslabError

__all__ = ["UPLOAD_NOTE", "Upload", "read_uploaded"]

#: The dashboard takes more in one piece, and says so.
_MOST_OCTETS: Final = 100_000_000

#: Jupyter's server closes the connection on a message of more than 10 MB, and says nothing.
UPLOAD_NOTE: Final = (
    "In a notebook 10 MB can be uploaded, in smslab dashboard 100 MB; what is larger, and never "
    "shows up here, can be read from the disk."
)

T = TypeVar("T")


def read_uploaded(name: str, content: bytes, read: Callable[[Path], T]) -> T:
    """Read what was uploaded as if it were a file.

    Parameters
    ----------
    name : str
        Its name, of which the ending counts.
    content : bytes
        What is in it.
    read : callable
        Reads a file of a path.

    Returns
    -------
    object
        What `read` returns.

    Raises
    ------
    SmslabError
        If it is too large, or cannot be read.
    """
    if len(content) > _MOST_OCTETS:
        raise InputError(
            f"{name}: has {len(content):,} octets, and {_MOST_OCTETS:,} can be uploaded; read it "
            "from the disk in a notebook or on the command line"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"upload{Path(name).suffix.lower()}"
        path.write_bytes(content)
        try:
            return read(path)
        except SmslabError as error:
            raise type(error)(str(error).replace(str(path), name)) from None


class Upload(ipywidgets.FileUpload):  # type: ignore[misc]  # ipywidgets has no types
    """A button to upload one file.

    Parameters
    ----------
    name : str
        What the button says.
    endings : str
        Endings of files that are offered, with commas between them.
    """

    def __init__(self, name: str, endings: str) -> None:
        wide = ipywidgets.Layout(width="auto", align_self="flex-start")
        super().__init__(accept=endings, multiple=False, description=name, layout=wide)

    def read(self, read: Callable[[Path], Any]) -> Any:
        """Read the file; None if there is none.

        Parameters
        ----------
        read : callable
            As of :func:`read_uploaded`.
        """
        if not self.value:
            return None
        return read_uploaded(self.value[0]["name"], bytes(self.value[0]["content"]), read)
