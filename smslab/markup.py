"""HTML of results in notebooks: lines as a list, escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable

__all__ = ["headed", "listed"]


def listed(lines: Iterable[str]) -> str:
    """Return lines as the items of a list.

    Parameters
    ----------
    lines : iterable of str
        The lines, not yet escaped.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> from smslab.markup import listed
    >>> listed(["1 < 2"])
    '<ul><li>1 &lt; 2</li></ul>'
    """
    return f"<ul>{''.join(f'<li>{html.escape(line.strip())}</li>' for line in lines)}</ul>"


def headed(text: str) -> str:
    r"""Return a first line in bold, and the lines under it as a list.

    Parameters
    ----------
    text : str
        The lines, not yet escaped.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> from smslab.markup import headed
    >>> headed("All fits\n  by far")
    '<p><b>All fits</b></p><ul><li>by far</li></ul>'
    """
    first, *lines = text.splitlines()
    return f"<p><b>{html.escape(first)}</b></p>{listed(lines)}"
