"""How commands of the command line are set up, and the options that several have."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_coding_options", "add_command", "coding_of", "languages_of"]


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


def add_coding_options(command: Any) -> None:
    """Add how texts may be encoded.

    Parameters
    ----------
    command : argparse.ArgumentParser
        Where they are added.
    """
    command.add_argument(
        "--languages",
        metavar="CODES",
        help="national tables that may be used: auto, or codes such as tr,es",
    )
    command.add_argument(
        "--reference-bits",
        metavar="N",
        type=int,
        default=8,
        help="of the reference number that joins parts: 8 or 16 (default 8)",
    )
    command.add_argument(
        "--no-concatenation",
        dest="concatenation",
        action="store_false",
        help="for a network that does not join parts",
    )


def coding_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of how texts may be encoded.

    Parameters
    ----------
    options : argparse.Namespace
        The options of the command.

    Returns
    -------
    dict of str to object
        As :func:`smslab.segment` takes it.
    """
    return {
        "languages": languages_of(options.languages),
        "reference_bits": options.reference_bits,
        "concatenation": options.concatenation,
    }


def languages_of(codes: str | None) -> str | list[str] | None:
    """Read the languages of national tables, as the option has them.

    Parameters
    ----------
    codes : str or None
        ``auto``, or codes with commas between them.

    Returns
    -------
    str, list of str or None
        As of :func:`smslab.segment`.
    """
    if codes is None or codes == "auto":
        return codes
    return [code.strip() for code in codes.split(",")]
