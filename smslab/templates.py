"""Templates: one text with fields, and a table of contacts that fills them in."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from smslab.errors import InputError, TextError, nearest
from smslab.numbering import as_strings

__all__ = ["render"]

_PIECE: Final = re.compile(r"\{\{|\}\}|\{(?P<field>[^{}]*)\}|[{}]")


def render(template: str, contacts: pd.DataFrame) -> pd.Series[str]:
    """Fill in the fields of a template for each contact.

    Parameters
    ----------
    template : str
        The text; ``{name}`` stands for the column ``name`` of the contacts, ``{{`` and ``}}`` for
        braces. Nothing in it, or in the contacts, is evaluated.
    contacts : DataFrame
        A row a recipient.

    Returns
    -------
    Series of str
        With the index of `contacts`. A text with a field that is missing or blank is null, so that
        nobody is greeted by no name: :func:`smslab.cost` and :func:`smslab.forecast` report it.

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
    result = pd.Series("", contacts.index, dtype="str")
    place = 0
    names = [str(name) for name in contacts.columns]
    for piece in _PIECE.finditer(template):
        result = result + template[place : piece.start()]
        place = piece.end()
        field = piece["field"]
        if field is None:
            if len(piece[0]) == 1:
                raise TextError(
                    f"template: a brace alone at position {piece.start()}; write {{{{ or }}}} for "
                    "a brace that is to be seen"
                )
            result = result + piece[0][0]
            continue
        name = field.strip()
        if names.count(name) != 1:
            what = "more than one column" if name in names else "no column"
            raise InputError(
                f"template: {{{field}}}: the contacts have {what} {name!r}; they have {names}."
                f"{nearest(name, names)}"
            )
        column = contacts[contacts.columns[names.index(name)]]
        if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
            column = column.astype("Int64")  # whole numbers that nulls have made floats
        values = as_strings(column)
        result = result + values.where(values.str.strip() != "").set_axis(contacts.index)
    return result + template[place:]
