"""Fields of dataclasses: their checks, and their way from and to TOML.

A dataclass that can stand beside others in a list tells itself apart by the class variable
``kind``, which is a key of its table.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import numbers
import re
import typing
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from smslab.errors import ScenarioError, SmslabError, nearest
from smslab.numbering import known_countries

__all__ = [
    "LARGEST",
    "SMALLEST",
    "check",
    "check_between",
    "check_choice",
    "check_country",
    "check_types",
    "from_table",
    "replaced",
    "to_table",
]

T = TypeVar("T")

#: Bounds of times and rates: in integer microseconds all between them is far from overflow.
SMALLEST: Final = 1e-6
LARGEST: Final = 1e9


def check(condition: bool, field: str, must: str, got: object) -> None:
    """Raise a :class:`ScenarioError` unless a condition holds.

    Parameters
    ----------
    condition : bool
        What has to hold.
    field : str
        The field in question.
    must : str
        What the field must be, in words.
    got : object
        What it is.
    """
    if not condition:
        raise ScenarioError(f"{field} must be {must}; not {_said(got)}")


def _said(value: object) -> str:
    try:
        return f"{value!r:.80}"
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "a number of over 4,300 digits"


def check_between(item: Any, low: float, high: float, *names: str) -> None:
    """Raise a :class:`ScenarioError` unless fields lie between two bounds, these included.

    Parameters
    ----------
    item : dataclass
        Whose fields are checked.
    low, high : float
        The bounds.
    *names : str
        The fields.
    """
    for name in names:
        value = getattr(item, name)
        check(low <= value <= high, name, f"between {low:,g} and {high:,g}", value)


def check_choice(item: Any, name: str, choices: Sequence[str]) -> None:
    """Raise a :class:`ScenarioError` unless a field is one of so many words.

    Parameters
    ----------
    item : dataclass
        Whose field is checked.
    name : str
        The field.
    choices : sequence of str
        The words.
    """
    value = getattr(item, name)
    if value not in choices:
        raise ScenarioError(
            f"{name} must be one of {', '.join(choices)}; not {value!r:.80}."
            f"{nearest(value, choices)}"
        )


def check_country(item: Any) -> None:
    """Raise a :class:`ScenarioError` unless the field ``country`` is a code, or empty.

    Parameters
    ----------
    item : dataclass
        Whose field is checked.
    """
    must = "an ISO 3166-1 alpha-2 code such as 'US', or empty"
    check(not item.country or item.country in known_countries(), "country", must, item.country)


def _hints(cls: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def check_types(item: Any) -> None:
    """Check every field of a dataclass against its annotation; a whole number is a float too.

    Parameters
    ----------
    item : dataclass
        What is checked; a list becomes a tuple, an integer in the place of a float a float.
    """
    for name, hint in _hints(type(item)).items():
        object.__setattr__(item, name, _typed(hint, getattr(item, name), name))


def _typed(hint: Any, value: Any, field: str) -> Any:
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, (tuple, list)):
            raise ScenarioError(f"{field} must be a list; not {value!r:.80}")
        inner = typing.get_args(hint)[0]
        return tuple(_typed(inner, item, f"{field}[{k}]") for k, item in enumerate(value))
    options = typing.get_args(hint) or (hint,)
    kinds = tuple(option for option in options if option is not type(None))
    if value is None and len(kinds) < len(options):
        return None
    if isinstance(value, bool) == (kinds == (bool,)):
        if kinds == (float,) and isinstance(value, numbers.Real):
            with contextlib.suppress(OverflowError):
                return float(value)
        if kinds == (int,) and isinstance(value, numbers.Integral):
            return int(value)
        if isinstance(value, kinds):
            return value
    names = " or ".join(kind.__name__ for kind in kinds)
    raise ScenarioError(f"{field} must be of type {names}; not {value!r:.80}")


def from_table(cls: type[T], table: dict[str, Any], where: str = "") -> T:
    """Make a dataclass of a table of TOML.

    Parameters
    ----------
    cls : type
        The dataclass.
    table : dict
        The table.
    where : str
        What stands before the names of fields in errors.

    Returns
    -------
    object
        An instance of `cls`.

    Raises
    ------
    ScenarioError
        If a field is unknown, missing, of a wrong type or out of range; it is named.
    """
    fields = {f.name: f for f in dataclasses.fields(typing.cast("Any", cls)) if f.init}
    for key in table:
        if key not in fields:
            raise ScenarioError(
                f"{where}{key}: unknown field.{nearest(key, fields)} Known: {', '.join(fields)}"
            )
    for name, field in fields.items():
        if name not in table and field.default is dataclasses.MISSING:
            raise ScenarioError(f"{where}{name}: missing; {cls.__name__} needs it")
    hints = _hints(cls)
    values = {key: _from_value(hints[key], table[key], f"{where}{key}") for key in table}
    try:
        return cls(**values)
    except SmslabError as error:
        raise ScenarioError(f"{where}{error}") from None


def _from_value(hint: Any, value: Any, where: str) -> Any:
    """Turn the tables of a TOML value into dataclasses; these check the rest."""
    options = typing.get_args(hint) or (hint,)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, list):
            return value
        return tuple(_from_value(options[0], v, f"{where}[{k}]") for k, v in enumerate(value))
    if not any(dataclasses.is_dataclass(option) for option in options):
        return value
    if not isinstance(value, dict):
        raise ScenarioError(f"{where} must be a table; not {value!r:.80}")
    kinds = {getattr(option, "kind", None): option for option in options}
    if len(kinds) == 1:
        return from_table(options[0], value, f"{where}.")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        raise ScenarioError(
            f"{where}.kind must be one of {', '.join(map(str, kinds))}; not {kind!r:.80}."
            f"{nearest(str(kind), map(str, kinds))}"
        )
    fields = {key: item for key, item in value.items() if key != "kind"}
    return from_table(kinds[kind], fields, f"{where}.")


def to_table(item: Any) -> dict[str, Any]:
    """Make a table for TOML of a dataclass.

    What is None is left out; where that would bring a default back, it is infinite: TOML has no
    null, and a limit that is None is none.

    Parameters
    ----------
    item : dataclass
        What is turned into a table.

    Returns
    -------
    dict
    """
    table: dict[str, Any] = {"kind": item.kind} if hasattr(item, "kind") else {}
    for field in dataclasses.fields(item):
        value = getattr(item, field.name)
        if dataclasses.is_dataclass(value):
            value = to_table(value)
        elif isinstance(value, tuple):
            value = [to_table(v) if dataclasses.is_dataclass(v) else v for v in value]
        if value is None and field.default is not None:
            value = math.inf
        if value is not None and field.init:
            table[field.name] = value
    return table


def replaced(item: T, path: str, value: Any) -> T:
    """Return a dataclass with another value of one field, however deep in it.

    Parameters
    ----------
    item : dataclass
        What is changed; it stays as it is.
    path : str
        Where: names of fields with dots between them; an item of a list by its name or its
        number, such as ``senders.short_code.mps``, ``carriers[0].share`` or
        ``carriers[AT&T].share``.
    value : object
        The new value.

    Returns
    -------
    dataclass

    Raises
    ------
    ScenarioError
        If the path leads nowhere or the value is out of range.
    """
    steps = [name or number for name, number in re.findall(r"([^.\[\]]+)|\[([^\]]*)\]", path)]
    if not steps:
        raise ScenarioError(f"path must name a field, such as 'senders[0].mps'; not {path!r}")
    try:
        return typing.cast("T", _replaced(item, steps, value))
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None


def _replaced(item: Any, steps: Sequence[str], value: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(item, tuple):
        names = [str(getattr(one, "name", place)) for place, one in enumerate(item)]
        if step not in names and not (step.isdecimal() and int(step) < len(item)):
            raise ScenarioError(f"no {step!r} there; there are {names}.{nearest(step, names)}")
        place = names.index(step) if step in names else int(step)
        changed = _replaced(item[place], rest, value)
        return (*item[:place], changed, *item[place + 1 :])
    known = [field.name for field in dataclasses.fields(item)] if _is_item(item) else []
    if step not in known:
        raise ScenarioError(f"no field {step!r}; known: {', '.join(known)}.{nearest(step, known)}")
    return dataclasses.replace(item, **{step: _replaced(getattr(item, step), rest, value)})


def _is_item(item: object) -> bool:
    return dataclasses.is_dataclass(item) and not isinstance(item, type)
