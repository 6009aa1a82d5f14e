"""The gallery: ready-made scenarios, one per use case, with the source of every figure."""

from __future__ import annotations

import html
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from smslab.errors import ScenarioError, nearest
from smslab.fields import from_table
from smslab.scenario import Scenario

__all__ = ["Description", "describe", "load", "named_or_read", "names"]


def names() -> list[str]:
    """Return the names of the scenarios, in order.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from smslab import scenarios
    >>> "one_time_passwords" in scenarios.names()
    True
    """
    folder = resources.files(__name__)
    files = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    return [name.removesuffix(".toml") for name in files]


def load(name: str = "campaign", **changes: Any) -> Scenario:
    """Return a scenario of the gallery.

    Parameters
    ----------
    name : str
        One of :func:`names`. ``campaign``, the default, takes the list that is given to
        :func:`smslab.forecast`; the others bring their messages along.
    **changes : object
        Other values, by their path in the scenario, as of :meth:`Scenario.changed
        <smslab.scenario.Scenario.changed>`.

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioError
        If there is no such scenario, a path leads nowhere or a value is out of range.

    Examples
    --------
    >>> from smslab import scenarios
    >>> scenarios.load("marketing", horizon_h=24).horizon_h
    24.0
    >>> faster = scenarios.load("marketing", **{"senders[0].mps": 200})
    """
    return describe(name).scenario.changed(changes)


def named_or_read(name: str) -> Scenario:
    """Return a scenario of the gallery, or of a file.

    Parameters
    ----------
    name : str
        Path of a TOML file, or one of :func:`names`; a file of that name wins.

    Returns
    -------
    Scenario

    Raises
    ------
    ScenarioError
        If there is neither, or the file cannot be read.
    """
    if not Path(name).exists() and not name.endswith(".toml"):
        return load(name)
    return Scenario.from_toml(name)


def describe(name: str) -> Description:
    """Tell what a scenario of the gallery is for, and where its figures are from.

    Parameters
    ----------
    name : str
        One of :func:`names`.

    Returns
    -------
    Description

    Raises
    ------
    ScenarioError
        If there is no such scenario.
    """
    known = names()
    if name not in known:
        raise ScenarioError(
            f"scenario must be one of {', '.join(known)}; not {name!r}.{nearest(str(name), known)}"
        )
    text = resources.files(__name__).joinpath(f"{name}.toml").read_text("utf-8")
    scenario = from_table(Scenario, tomllib.loads(text))
    return Description(name=name, scenario=scenario, toml=text)


@dataclass(frozen=True, eq=False, kw_only=True)
class Description:
    """What a scenario of the gallery is for.

    Parameters
    ----------
    name : str
        Its name in the gallery.
    scenario : Scenario
        The scenario.
    toml : str
        Its file: every figure with its source, or with "our choice".
    """

    name: str
    scenario: Scenario
    toml: str

    def summary(self) -> str:
        """Return what it is for, what is sent, through what, and what is to be reached."""
        return f"{self.scenario.about}\n\n{self.scenario.summary()}"

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        figures = f"<details><summary>Figures and sources</summary><pre>{html.escape(self.toml)}"
        return f"<pre>{html.escape(self.summary())}</pre>{figures}</pre></details>"
