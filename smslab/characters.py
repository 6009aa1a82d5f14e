"""Characters as they are shown to people."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["code_point", "name", "shown"]

_UNSEEN: Final = {"Cc": "control", "Cf": "format", "Zl": "line", "Zp": "paragraph", "Zs": "space"}


def code_point(character: str) -> str:
    """Return the code point as ``U+0041``.

    Parameters
    ----------
    character : str
        One character.

    Returns
    -------
    str
    """
    return f"U+{ord(character):04X}"


def name(character: str) -> str:
    """Return the Unicode name, or the code point where there is none.

    Parameters
    ----------
    character : str
        One character.

    Returns
    -------
    str
    """
    return unicodedata.name(character, code_point(character))


def shown(character: str) -> str:
    """Show a character; one that cannot be seen as its kind in brackets.

    Parameters
    ----------
    character : str
        One character.

    Returns
    -------
    str
    """
    kind = unicodedata.category(character)
    if kind in _UNSEEN:
        return f"[{_UNSEEN[kind]}]"
    # A mark needs something to stand on.
    return f"◌{character}" if kind in ("Mn", "Me") else character
