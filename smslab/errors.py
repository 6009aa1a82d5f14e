"""The exceptions that smslab raises on bad input.

Each message says what is wrong, where, what was got, and what to do::

    SmslabError
    ├── InputError       a file or a table of messages cannot be used (also a ValueError)
    ├── TextError        a text cannot be encoded, or is not a text (also a ValueError)
    ├── OptionError      an option has a value that there is not (also a ValueError)
    ├── RateCardError    a rate card cannot be read or lacks something (also a ValueError)
    ├── ScenarioError    a scenario field is unknown or out of range (also a ValueError)
    └── MissingExtraError    a feature needs a library that is not there (also an ImportError)

What was guessed of a file is told by a ``GuessWarning``.
A wrong Python type is a plain ``TypeError``, as everywhere in Python.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "GuessWarning",
    "InputError",
    "MissingExtraError",
    "OptionError",
    "RateCardError",
    "ScenarioError",
    "SmslabError",
    "TextError",
]


class SmslabError(Exception):
    """Base of every exception that smslab raises on purpose."""


class InputError(SmslabError, ValueError):
    """A file or a table of messages cannot be used."""


class OptionError(SmslabError, ValueError):
    """An option has a value that there is not, or that is out of range."""


class TextError(SmslabError, ValueError):
    """A text cannot be encoded."""


class RateCardError(SmslabError, ValueError):
    """A rate card cannot be read or lacks what was asked of it."""


class ScenarioError(SmslabError, ValueError):
    """A scenario field is unknown, missing or out of range."""


class MissingExtraError(SmslabError, ImportError):
    """A feature needs a library that an extra of the package installs.

    Parameters
    ----------
    extra : str
        The extra.
    feature : str
        What needs it.
    """

    def __init__(self, extra: str, feature: str) -> None:
        super().__init__(extra, feature)

    def __str__(self) -> str:
        extra, feature = self.args
        return f"{feature} needs the extra: pip install 'smslab[{extra}]'"


class GuessWarning(UserWarning):
    """What a file does not tell was guessed, such as its encoding."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the known name nearest to `name`, or nothing."""
    names = {str(k).casefold(): str(k) for k in known}
    found = difflib.get_close_matches(name.casefold(), names, n=1)
    return f" Did you mean {names[found[0]]!r}?" if found else ""
