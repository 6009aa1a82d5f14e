"""How every command of the command line is set up."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_command"]


def add_command(
    to: Any, name: str, run: Any, say: str, more: str = "", *, epilog: str, ending: str = ""
) -> Any:
    """Add a command.

    Parameters
    ----------
    to : argparse sub-parsers
        Where it is added.
    name : str
        Its name.
    run : callable
        What it does with the options.
    say : str
        What it is for, in a line of the list of commands.
    more : str
        What its own help says beside that.
    epilog, ending : str
        What stands at the end of its help: for all commands, and for this one.

    Returns
    -------
    argparse.ArgumentParser
    """
    command = to.add_parser(
        name,
        help=say,
        description=f"{say[0].upper()}{say[1:]}. {more}".rstrip(),
        epilog=f"{epilog}{ending}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command
