"""The dashboard: the widgets as a page in the browser, served by Voila on this machine."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from smslab.errors import InputError, MissingExtraError

__all__ = ["serve"]

#: Lists are uploaded in one piece: more than the widget takes, so that it can say so.
_MOST_OCTETS: Final = 1 << 30

_CELL: Final = """\
import smslab
from smslab.widgets import tabs

tabs({arguments})
"""


def serve(port: int = 8866, file: str | None = None, *, browser: bool = True) -> int:
    """Serve the dashboard until it is interrupted.

    Parameters
    ----------
    port : int
        The port; only this machine can reach it.
    file : str, optional
        A list of messages for the calculator, as of :func:`smslab.read_messages`.
    browser : bool
        Whether a browser is opened.

    Returns
    -------
    int
        Exit status of the server.

    Raises
    ------
    MissingExtraError
        If Voila is not installed.
    InputError
        If the file cannot be read, or the port is none.
    """
    if importlib.util.find_spec("voila") is None:
        raise MissingExtraError("dashboard", "the dashboard")
    if not 1 <= port <= 65_535:
        raise InputError(f"port must be 1 to 65535; not {port}")
    arguments = ""
    if file is not None:
        from smslab.io import read_messages  # noqa: PLC0415  (only where there is a file)

        read_messages(file)
        arguments = f"smslab.read_messages({str(Path(file).resolve())!r})"
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "smslab.ipynb"
        page.write_text(json.dumps(_notebook(_CELL.format(arguments=arguments))), "utf-8")
        command = [sys.executable, "-m", "voila", str(page), f"--port={port}"]
        command += ["--Voila.ip=127.0.0.1", "--theme=light"]
        if not browser:
            command.append("--no-browser")
        # Voila takes numbers of its settings from a file only, and looks for one where it starts.
        settings = {"Voila": {"tornado_settings": {"websocket_max_message_size": _MOST_OCTETS}}}
        (Path(folder) / "voila.json").write_text(json.dumps(settings), "utf-8")
        return subprocess.call(command, cwd=folder)


def _notebook(cell: str) -> dict[str, object]:
    code = {
        **{"cell_type": "code", "id": "dashboard", "metadata": {}, "source": cell},
        **{"execution_count": None, "outputs": []},
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "title": "smslab"}
    return {"cells": [code], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
