"""Steps of bulk work: to segment texts, and to prepare lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from smslab.coding import ENCODINGS, Coding, Counts, count
from smslab.preparation import ADDED, Looked, Preparation
from smslab.tables import TABLES
from smslab.text import as_chunks, named

__all__ = ["Prepare", "Segment", "column_of"]


def column_of(table: pa.Table, name: str) -> pd.Series[Any]:
    """Return a column of a table as pandas has it: strings as they are, integers with nulls.

    Parameters
    ----------
    table : pyarrow.Table
        The table.
    name : str
        The column.

    Returns
    -------
    Series
    """
    column = table.column(name)
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    as_written = (
        *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
        *(pa.types.is_null, pa.types.is_integer, pa.types.is_decimal),
    )
    if any(fits(kind) for fits in as_written):
        return pd.Series(column.cast(pa.large_string()), dtype="str")
    return pd.Series(column.to_pandas())


_NAMES: Final = pa.dictionary(pa.int8(), pa.large_string())


class Segment:
    """Count the segments of texts.

    Parameters
    ----------
    text : str
        The column of the texts.
    coding : Coding
        How they may be encoded.
    """

    schema = pa.schema(
        [
            ("sms_encoding", _NAMES),
            ("sms_locking", _NAMES),
            ("sms_single", _NAMES),
            ("sms_characters", pa.int32()),
            ("sms_units", pa.int32()),
            ("sms_segments", pa.int32()),
            ("sms_free", pa.uint8()),
        ]
    )

    def __init__(self, text: str, coding: Coding) -> None:
        self._text, self._coding = text, coding
        self._counts: dict[str, tuple[int, int]] = {}

    def look(self, table: pa.Table) -> Counts:
        """Count the texts of a batch."""
        return count(as_chunks(table.column(self._text)), self._coding)

    def settle(self, looked: Counts) -> pa.Table:
        """Return the counts as columns."""
        null = looked.null if looked.null.any() else None
        labels = ((looked.encoding, ENCODINGS), (looked.locking, TABLES), (looked.single, TABLES))
        columns = [named(codes, names) for codes, names in labels]
        numbers = (looked.characters, looked.units, looked.segments, looked.free)
        columns += [pa.array(values, mask=null) for values in numbers]
        found = pa.Table.from_arrays(columns, schema=self.schema)
        self.replay(found)
        return found

    def replay(self, added: pa.Table) -> None:
        """Add up a batch."""
        found = added.group_by("sms_encoding").aggregate(
            [("sms_encoding", "count"), ("sms_segments", "sum")]
        )
        for item in found.to_pylist():
            name = item["sms_encoding"]
            texts, segments = self._counts.get(name, (0, 0))
            counts = item["sms_encoding_count"], item["sms_segments_sum"] or 0
            self._counts[name] = texts + counts[0], segments + counts[1]

    def report(self) -> pd.DataFrame:
        """Return how many texts there are of each encoding, and their segments."""
        rows = [(name, *self._counts.get(name, (0, 0))) for name in ENCODINGS]
        return pd.DataFrame(rows, columns=pd.Index(["encoding", "texts", "segments"]))


class Prepare:
    """Prepare a list.

    Parameters
    ----------
    preparation : Preparation
        What is done.
    columns : dict of str to str
        As of :meth:`~smslab.preparation.Preparation.columns_of`.
    """

    schema = ADDED

    def __init__(self, preparation: Preparation, columns: Mapping[str, str]) -> None:
        self._preparation, self._columns = preparation, columns

    def look(self, table: pa.Table) -> Looked:
        """Look at a batch, whatever came before it."""
        chosen = {key: column_of(table, name) for key, name in self._columns.items()}
        return self._preparation.look(chosen, len(table))

    def settle(self, looked: Looked) -> pa.Table:
        """Find duplicates, and return the columns."""
        return self._preparation.settle(looked)

    def replay(self, added: pa.Table) -> None:
        """Take note of a batch of an earlier run."""
        self._preparation.replay(added)
