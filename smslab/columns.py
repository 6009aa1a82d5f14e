"""Columns of a list of messages: which holds the text, the number, the country, the carrier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import pyarrow as pa

from smslab.errors import InputError, nearest

__all__ = ["COLUMNS", "NESTED", "NULLABLE", "check_kinds", "find_columns"]

#: Names under which a column is found where none is given, in the order of preference.
_USUAL: Final = {
    "text": (
        *("text", "body", "message", "messagetext", "content", "sms", "smstext", "msg"),
        *("nachricht", "texto", "mensaje", "mensagem", "texte", "testo", "messaggio"),
    ),
    "to": (
        *("to", "phone", "phonenumber", "phoneno", "number", "recipient", "msisdn", "mobile"),
        *("mobilenumber", "mobileno", "mobilephone", "cell", "cellphone", "tonumber", "tel"),
        *("telephone", "telefon", "telefonnummer", "handy", "handynummer", "mobilnummer"),
        *("telefono", "teléfono", "celular", "móvil", "movil", "téléphone", "telefone"),
        *("telemóvel", "cellulare"),
    ),
    "country": ("country", "iso2", "countryiso", "countryiso2", "tocountry"),
    "carrier": ("carrier", "network", "operator"),
    "time_zone": ("timezone", "tz"),
}

#: The columns of a table of messages that smslab knows by name.
COLUMNS: Final = ("text", "to", "country", "carrier")

_CALLED: Final = {"text": "the text", "to": "the phone number"}


#: Integers stay integers beside nulls.
NULLABLE: Final = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}

#: What a field of strings is marked with that are JSON of lists or objects.
NESTED: Final = {b"smslab": b"nested"}


def find_columns(
    source: str,
    names: Sequence[str],
    given: Mapping[str, str | None],
    *,
    needed: Sequence[str] = ("text",),
    roles: Sequence[str] = COLUMNS,
) -> dict[str, str]:
    """Find which column holds what.

    Parameters
    ----------
    source : str
        What has the columns, for errors.
    names : sequence of str
        Its columns.
    given : dict of str to (str or None)
        Columns that are named, by role.
    needed : sequence of str
        Roles without which nothing can be done.
    roles : sequence of str
        What is looked for: also ``time_zone``, where it is asked for.

    Returns
    -------
    dict of str to str
        By role, of those that are there.

    Raises
    ------
    InputError
        If a named or a needed column is not there, or is not the only one.
    """
    found: dict[str, str] = {}
    for role in roles:
        named = given.get(role)
        if named is not None and named not in names:
            raise InputError(
                f"{source}: no column {named!r}; it has {list(names)}.{nearest(named, names)}"
            )
        name = _usual_column(source, names, role) if named is None else named
        if name is None or (named is None and name in found.values()):
            continue
        if names.count(name) > 1:
            raise InputError(f"{source}: two columns are called {name!r}; rename one")
        if name in found.values():
            raise InputError(f"{source}: column {name!r} cannot be the text and the number at once")
        found[role] = name
    for role in needed:
        if role not in found:
            raise InputError(
                f"{source}: no column looks like {_CALLED[role]}; it has {list(names)}."
                f"{nearest(role, names)} Name it: --{role} COLUMN"
            )
    return found


def check_kinds(source: str, columns: Mapping[str, str], schema: pa.Schema) -> None:
    """Make sure that columns hold what they are for.

    Parameters
    ----------
    source : str
        What has the columns, for errors.
    columns : dict of str to str
        By role.
    schema : pyarrow.Schema
        Their types.

    Raises
    ------
    InputError
        If one holds no strings; phone numbers may be numbers too.
    """
    strings = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    for role, name in columns.items():
        kind = given = schema.field(name).type
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        fitting = (*strings, pa.types.is_null, *(numbers if role == "to" else ()))
        if not any(fits(kind) for fits in fitting):
            must = "numbers or strings" if role == "to" else "strings"
            raise InputError(f"{source}: column {name!r} is {given}; it must hold {must}")
        if (schema.field(name).metadata or {}).items() >= NESTED.items():
            raise InputError(f"{source}: {name!r} has lists or objects; it must hold strings")


def _usual_column(source: str, names: Sequence[str], role: str) -> str | None:
    for usual in _USUAL[role]:
        same = sorted({name for name in names if _plain(name) == usual})
        if len(same) > 1 and usual not in same:
            raise InputError(f"{source}: columns {same} could each be the {role}; name one")
        if same:
            return usual if usual in same else same[0]
    return None


def _plain(name: str) -> str:
    """Fold a column name: small letters and digits alone."""
    return "".join(filter(str.isalnum, name.casefold()))
