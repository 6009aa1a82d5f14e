"""Steps of bulk work: to segment, encode and price texts, and to prepare lists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab.coding import ENCODINGS, Coding, Counts, count
from smslab.cost import Bill, cost
from smslab.encoding import encode
from smslab.errors import InputError, OptionError, TextError
from smslab.preparation import ADDED, Looked, Preparation
from smslab.prepare import summary_of
from smslab.rates import MICRO, RateCard
from smslab.tables import TABLES
from smslab.text import as_chunks, named

__all__ = ["Encode", "Prepare", "Price", "Segment", "column_of"]


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


_STRING: Final = pa.large_string()
_NAMES: Final = pa.dictionary(pa.int8(), _STRING)


class _Beside:
    """A step whose result is the list with columns added, row by row."""

    #: The columns that are added.
    added: pa.Schema

    def schema(self, source: str, of: pa.Schema) -> pa.Schema:
        """Return the columns of the result."""
        return _with_added(source, of, self.added)

    def joined(self, table: pa.Table, added: pa.Table) -> pa.Table:
        """Put what was found beside the batch."""
        return _beside(table, added)


def _beside(table: pa.Table, added: pa.Table) -> pa.Table:
    columns = [*table.columns, *added.columns]
    return pa.table(columns, [*table.column_names, *added.column_names])


def _with_added(source: str, of: pa.Schema, added: pa.Schema) -> pa.Schema:
    there = [name for name in added.names if name in of.names]
    if there:
        raise InputError(f"{source}: has a column {there[0]!r} already; rename or drop it")
    return pa.schema([*of, *added])


class _Tally:
    """How many texts there are of each encoding, and their segments."""

    def __init__(self) -> None:
        self._counts: dict[str | None, tuple[int, int]] = {}

    def add(self, encoding: Any, segments: Any) -> None:
        """Add a batch."""
        table = pa.table({"encoding": encoding, "segments": segments})
        found = table.group_by("encoding").aggregate([("segments", "count"), ("segments", "sum")])
        for item in found.to_pylist():
            name = item["encoding"]
            texts, total = self._counts.get(name, (0, 0))
            counts = item["segments_count"], item["segments_sum"] or 0
            self._counts[name] = texts + counts[0], total + counts[1]

    def report(self) -> pd.DataFrame:
        """Return it as a table."""
        rows = [(name, *self._counts.get(name, (0, 0))) for name in ENCODINGS]
        return pd.DataFrame(rows, columns=pd.Index(["encoding", "texts", "segments"]))

    def words(self, rows: int) -> list[str]:
        """Return it in words."""
        report = self.report()
        lines = [f"{rows:,} rows, {report['segments'].sum():,} segments"]
        for encoding, texts in zip(report["encoding"], report["texts"], strict=True):
            lines.append(f"{encoding:9} {texts:>11,}")
        nulls = rows - int(report["texts"].sum())
        return [*lines, f"{'null':9} {nulls:>11,}"] if nulls else lines


class Segment(_Beside):
    """Count the segments of texts.

    Parameters
    ----------
    text : str
        The column of the texts.
    coding : Coding
        How they may be encoded.
    """

    added = pa.schema(
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
        self._tally = _Tally()

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
        found = pa.Table.from_arrays(columns, schema=self.added)
        self._note(found)
        return found

    def replay(self, table: pa.Table, added: pa.Table) -> None:
        """Take note of a batch of an earlier run."""
        self._note(added)

    def _note(self, added: pa.Table) -> None:
        self._tally.add(added["sms_encoding"].cast(_STRING), added["sms_segments"])

    def report(self) -> pd.DataFrame:
        """Return how many texts there are of each encoding, and their segments."""
        return self._tally.report()

    def words(self, rows: int) -> list[str]:
        """Return it in words."""
        return self._tally.words(rows)


class Encode:
    """Encode texts: a row per part, with the columns of its message but for the text.

    Parameters
    ----------
    text : str
        The column of the texts.
    reference : int or None
        As of :func:`smslab.encode`.
    **options : object
        As of :func:`smslab.encode`.
    """

    added = pa.schema(
        [
            ("message", pa.int64()),
            ("part", pa.int32()),
            ("parts", pa.int32()),
            ("data_coding", pa.uint8()),
            ("udh", pa.large_binary()),
            ("user_data", pa.large_binary()),
            ("udl", pa.int32()),
        ]
    )

    def __init__(self, text: str, reference: int | None, **options: Any) -> None:
        encode([], reference=reference, **options)  # what is wrong with them is said at once
        self._text, self._options = text, options
        self._bits = int(options.get("reference_bits", 8))
        self._reference = reference or 0
        self._rows = 0
        self._tally = _Tally()

    def schema(self, source: str, of: pa.Schema) -> pa.Schema:
        """Return the columns of the result."""
        return _with_added(source, pa.schema([f for f in of if f.name != self._text]), self.added)

    def look(self, table: pa.Table) -> pa.Table:
        """Return the batch: the reference of a part depends on all texts before it."""
        return table

    def settle(self, looked: pa.Table) -> pa.Table:
        """Encode a batch."""
        texts = pa.chunked_array(as_chunks(looked.column(self._text)), _STRING)
        try:
            frame = encode(texts, reference=self._reference, **self._options)
        except TextError as error:
            before = self._rows + 1
            told = re.sub(r"row (\d+)", lambda row: f"row {int(row[1]) + before}", str(error))
            raise TextError(told) from None
        frame["message"] += self._rows + 1
        found = pa.Table.from_pandas(frame, preserve_index=False).cast(self.added)
        self._note(found)
        self._rows += len(looked)
        return found

    def replay(self, table: pa.Table, added: pa.Table) -> None:
        """Take note of a batch of an earlier run."""
        self._note(added)
        self._rows += len(table)

    def _note(self, added: pa.Table) -> None:
        first = added.filter(pc.equal(pc.fill_null(added["part"], 1), 1))
        several = pc.sum(pc.greater(pc.fill_null(first["parts"], 1), 1)).as_py() or 0
        self._reference = (self._reference + several) % (1 << self._bits)
        names = pc.if_else(pc.equal(first["data_coding"], 0), ENCODINGS[0], ENCODINGS[1])
        self._tally.add(names, first["parts"])

    def joined(self, table: pa.Table, added: pa.Table) -> pa.Table:
        """Repeat the columns of each message beside its parts."""
        messages = added["message"].to_numpy()
        rows = table.drop_columns([self._text])
        if len(messages):
            rows = rows.take(pa.array(messages - messages[0]))
        return _beside(rows, added)

    def report(self) -> pd.DataFrame:
        """Return how many texts there are of each encoding, and their parts."""
        return self._tally.report()

    def words(self, rows: int) -> list[str]:
        """Return it in words."""
        return self._tally.words(rows)


_SUMS: Final = ["messages", "segments", "cost_micro", "unpriced"]


class Price(_Beside):
    """Say what each message costs.

    Parameters
    ----------
    columns : dict of str to str
        The column of the list by its role: ``text``, and where there are such ``to``, ``country``
        and ``carrier``.
    rates : RateCard
        Prices.
    country, sender_type : str or None
        As of :func:`smslab.cost`.
    by : sequence of str
        What is added up by, as of :meth:`smslab.Bill.by`.
    """

    added = pa.schema(
        [
            ("sms_country", pa.dictionary(pa.int16(), _STRING)),
            ("sms_encoding", _NAMES),
            ("sms_segments", pa.int32()),
            ("sms_cost", pa.float64()),
            ("sms_problem", pa.dictionary(pa.int16(), _STRING)),
        ]
    )

    def __init__(
        self,
        columns: Mapping[str, str],
        rates: RateCard,
        country: str | None,
        sender_type: str | None,
        by: Sequence[str],
    ) -> None:
        self._columns, self._rates = columns, rates
        self._by = list(dict.fromkeys(by)) or ["country"]
        clash = next((name for name in self._by if name in (*_SUMS, "cost")), None)
        if clash is not None:
            raise OptionError(f"{clash!r} cannot be added up by: a sum is called so")
        self._options = {"country": country, "sender_type": sender_type}
        cost([], rates, **self._options)  # what is wrong with them is said at once
        self._groups = _summed([], self._by)
        self._problems: dict[str, int] = {}

    def look(self, table: pa.Table) -> Bill:
        """Price a batch."""
        known = {role: column_of(table, name) for role, name in self._columns.items()}
        others = [name for name in self._by if name in table.column_names and name not in known]
        known |= {name: column_of(table, name) for name in others}
        return cost(pd.DataFrame(known), self._rates, **self._options)

    def settle(self, looked: Bill) -> pa.Table:
        """Add up a batch, and return the columns."""
        self._groups = _summed([self._groups, looked.by(*self._by).reset_index()], self._by)
        for problem, rows in pd.Series(looked.problem)[~looked.known].value_counts().items():
            self._problems[str(problem)] = self._problems.get(str(problem), 0) + int(rows)
        table = looked.table
        columns = [
            pa.array(table["country"], _STRING).dictionary_encode(),
            pa.array(table["encoding"]),
            pa.array(table["segments"]),
            pa.array(looked.cost_micro / MICRO, mask=~looked.known),
            pa.array(looked.problem),
        ]
        found = zip(columns, self.added, strict=True)
        return pa.Table.from_arrays([c.cast(field.type) for c, field in found], schema=self.added)

    def replay(self, table: pa.Table, added: pa.Table) -> None:
        """Take note of a batch of an earlier run: what is added up by may be in the list alone."""
        self.settle(self.look(table))

    def report(self) -> pd.DataFrame:
        """Return what each group costs, the dearest first."""
        found = self._groups.sort_values(self._by, key=lambda names: names.astype("str"))
        found = found.sort_values("cost_micro", ascending=False, kind="stable", ignore_index=True)
        return found.assign(cost=[int(micro) / MICRO for micro in found["cost_micro"]])

    def words(self, rows: int) -> list[str]:
        """Return it in words."""
        without = sum(self._problems.values())
        micro = sum(map(int, self.report()["cost_micro"]))
        lines = [f"{self._rates.currency} {micro / MICRO:,.2f} for {rows - without:,} messages"]
        problems = sorted(self._problems.items(), key=lambda item: (-item[1], item[0]))
        return lines + [f"{count_:,} without a cost: {what}" for what, count_ in problems]


def _summed(groups: Sequence[pd.DataFrame], by: Sequence[str]) -> pd.DataFrame:
    """Add up the same groups of several batches, exactly."""
    if not groups:
        return pd.DataFrame(columns=pd.Index([*by, *_SUMS]))
    joined = pd.concat(groups, ignore_index=True)
    return joined.groupby(list(by), sort=False, dropna=False)[_SUMS].sum().reset_index()


class Prepare(_Beside):
    """Prepare a list.

    Parameters
    ----------
    preparation : Preparation
        What is done.
    columns : dict of str to str
        As of :meth:`~smslab.preparation.Preparation.columns_of`.
    currency : str
        Of the costs; empty where there are none.
    """

    added = ADDED

    def __init__(self, preparation: Preparation, columns: Mapping[str, str], currency: str) -> None:
        self._preparation, self._columns, self._currency = preparation, columns, currency

    def look(self, table: pa.Table) -> Looked:
        """Look at a batch, whatever came before it."""
        chosen = {key: column_of(table, name) for key, name in self._columns.items()}
        return self._preparation.look(chosen, len(table))

    def settle(self, looked: Looked) -> pa.Table:
        """Find duplicates, and return the columns."""
        return self._preparation.settle(looked)

    def replay(self, table: pa.Table, added: pa.Table) -> None:
        """Take note of a batch of an earlier run."""
        self._preparation.replay(added)

    def report(self) -> pd.DataFrame:
        """Return how many rows came to what."""
        return self._preparation.report()

    def words(self, rows: int) -> list[str]:
        """Return it in words."""
        return [summary_of(self.report(), self._currency, self._preparation.notes)]
