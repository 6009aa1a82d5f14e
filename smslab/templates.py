"""Templates: one text with fields, and a table of contacts that fills them in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab.errors import InputError, TextError, nearest
from smslab.numbering import as_strings

__all__ = ["Field", "Filled", "Template", "render"]

_PIECE: Final = re.compile(r"\{\{|\}\}|\{(?P<field>[^{}]*)\}|[{}]")
_FIELD: Final = re.compile(r"(?P<name>.*?)(?::(?P<most>[0-9]{1,5}))?")

_STRING: Final = pa.large_string()


class Field(NamedTuple):
    """A place in a template that a column fills in.

    Parameters
    ----------
    name : str
        The column.
    most : int or None
        Most characters that its values may have.
    """

    name: str
    most: int | None = None


class Filled(NamedTuple):
    """Texts, and what kept a template from being filled in.

    Parameters
    ----------
    text : pyarrow.LargeStringArray
        Null where something is wrong.
    problem : ndarray of int, shape (n,)
        Place in `problems`; -1 for none.
    problems : list of str
        What is wrong.
    """

    text: pa.LargeStringArray
    problem: npt.NDArray[np.int16]
    problems: list[str]


@dataclass(frozen=True)
class Template:
    """A text with fields.

    Parameters
    ----------
    pieces : tuple of str or Field
        What it is put together of.
    """

    pieces: tuple[str | Field, ...]

    @classmethod
    def parse(cls, template: str) -> Template:
        """Read a template.

        Parameters
        ----------
        template : str
            As of :func:`render`.

        Returns
        -------
        Template

        Raises
        ------
        TextError
            If a brace is alone.
        """
        if not isinstance(template, str):
            raise TypeError(f"template must be a string; not {type(template).__name__}")
        if any("\ud800" <= character <= "\udfff" for character in template):
            raise TextError(f"template has half a surrogate pair: {template!a}")
        pieces: list[str | Field] = []
        place = 0
        for piece in _PIECE.finditer(template):
            pieces.append(template[place : piece.start()])
            place = piece.end()
            if piece["field"] is None and len(piece[0]) == 1:
                raise TextError(
                    f"template: a brace alone at position {piece.start()}; write {{{{ or }}}} for "
                    "a brace that is to be seen"
                )
            if piece["field"] is None:
                pieces.append(piece[0][0])
            else:
                field = _FIELD.fullmatch(piece["field"])
                assert field is not None
                most = None if field["most"] is None else int(field["most"])
                pieces.append(Field(field["name"].strip(), most))
        pieces.append(template[place:])
        return cls(tuple(piece for piece in pieces if piece != ""))

    @property
    def fields(self) -> list[Field]:
        """The fields, each once."""
        return list(dict.fromkeys(piece for piece in self.pieces if isinstance(piece, Field)))

    def check(self, names: Sequence[str]) -> None:
        """Make sure that there is a column for every field.

        Parameters
        ----------
        names : sequence of str
            Of the columns.

        Raises
        ------
        InputError
            If there is none, or more than one.
        """
        for field in self.fields:
            if names.count(field.name) != 1:
                what = "more than one column" if field.name in names else "no column"
                raise InputError(
                    f"template: {{{field.name}}}: the contacts have {what} {field.name!r}; they "
                    f"have {list(names)}.{nearest(field.name, names)}"
                )

    def fill(self, columns: Mapping[str, pd.Series[Any]], rows: int) -> Filled:
        """Fill in the fields.

        Parameters
        ----------
        columns : dict of str to Series
            A column for each field.
        rows : int
            How many there are.

        Returns
        -------
        Filled
        """
        problems: list[str] = []
        problem = np.full(rows, -1, np.int16)
        values = {
            name: _values(columns[name]) for name in dict.fromkeys(f.name for f in self.fields)
        }
        for name, value in values.items():
            blank = pc.equal(pc.utf8_trim_whitespace(value), "")
            wrong = [(pc.is_null(value), f"field {name!r} is missing")]
            wrong.append((blank, f"field {name!r} is blank"))
            limits = {field.most for field in self.fields if field.name == name}
            most = min((limit for limit in limits if limit is not None), default=None)
            if most is not None:
                over = pc.greater(pc.utf8_length(value), most)
                wrong.append((over, f"field {name!r} is longer than {most}"))
            for flags, what in wrong:
                found = pc.fill_null(flags, False).to_numpy(zero_copy_only=False) & (problem < 0)
                if found.any():
                    problem[found] = len(problems)
                    problems.append(what)
        pieces = [
            pa.scalar(piece, _STRING) if isinstance(piece, str) else values[piece.name]
            for piece in self.pieces
        ]
        if not values:
            whole = "".join(piece for piece in self.pieces if isinstance(piece, str))
            text = pa.repeat(pa.scalar(whole, _STRING), rows)
        else:
            text = pc.binary_join_element_wise(*pieces, pa.scalar("", _STRING))
        if problems:
            text = pc.if_else(pa.array(problem < 0), text, pa.scalar(None, _STRING))
        return Filled(text, problem, problems)


def _values(column: pd.Series[Any]) -> pa.LargeStringArray:
    found = pa.array(as_strings(column), _STRING)
    if pd.api.types.is_float_dtype(column):
        # Nulls make floats of whole numbers; what a value becomes must not depend on others.
        found = pc.replace_substring_regex(found, r"\.0$", "")
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def render(template: str, contacts: pd.DataFrame) -> pd.Series[str]:
    """Fill in the fields of a template for each contact.

    Parameters
    ----------
    template : str
        The text; ``{name}`` stands for the column ``name`` of the contacts, ``{name:20}`` for
        values of at most 20 characters, ``{{`` and ``}}`` for braces. Nothing in it, or in the
        contacts, is evaluated.
    contacts : DataFrame
        A row a recipient.

    Returns
    -------
    Series of str
        With the index of `contacts`. A text with a field that is missing, blank or too long is
        null, so that nobody is greeted by no name: :func:`smslab.cost` and
        :func:`smslab.forecast` report it, :func:`smslab.prepare` says why.

    Raises
    ------
    TextError
        If a brace is alone.
    InputError
        If the contacts lack the column of a field.

    Examples
    --------
    >>> import pandas as pd
    >>> import smslab
    >>> contacts = pd.DataFrame({"name": ["Zoë", "Yu", None], "code": [7, 42, 1]})
    >>> smslab.render("{name}, your code is {code}", contacts).tolist()
    ['Zoë, your code is 7', 'Yu, your code is 42', nan]
    """
    parsed = Template.parse(template)
    names = [str(name) for name in contacts.columns]
    parsed.check(names)
    columns = {
        field.name: contacts[contacts.columns[names.index(field.name)]] for field in parsed.fields
    }
    return pd.Series(parsed.fill(columns, len(contacts)).text, contacts.index, dtype="str")
