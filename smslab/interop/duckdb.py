"""DuckDB: functions of texts for SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from smslab.segmentation import segment
from smslab.smart import smart_encode

try:
    import duckdb
except ImportError:
    from smslab.errors import MissingExtraError

    raise MissingExtraError("duckdb", "smslab.interop.duckdb") from None

__all__ = ["register"]


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a connection the functions ``sms_encoding``, ``sms_segments`` and ``sms_smart``.

    They take a text and return its encoding, its segments, and the text with look-alikes where
    these save segments, as of :func:`smslab.segment` and :func:`smslab.smart_encode`.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        The connection.

    Examples
    --------
    >>> import duckdb
    >>> from smslab.interop.duckdb import register
    >>> connection = duckdb.connect()
    >>> register(connection)
    >>> connection.sql("SELECT sms_encoding('Grüße 😀'), sms_segments('Hello')").fetchall()
    [('UCS-2', 1)]
    """
    functions: dict[str, tuple[Callable[[Any], pa.Array], str]] = {
        "sms_encoding": (_encodings, "VARCHAR"),
        "sms_segments": (_segments, "INTEGER"),
        "sms_smart": (_smart, "VARCHAR"),
    }
    for name, (function, kind) in functions.items():
        connection.create_function(  # type: ignore[call-overload]  # it knows no Arrow arrays
            name, function, ["VARCHAR"], kind, type="arrow", null_handling="special"
        )


def _encodings(texts: Any) -> pa.Array:
    return pa.array(segment(texts)["encoding"].astype("str"), pa.string())


def _segments(texts: Any) -> pa.Array:
    return pa.array(segment(texts)["segments"], pa.int32())


def _smart(texts: Any) -> pa.Array:
    return pa.array(smart_encode(texts), pa.string())
