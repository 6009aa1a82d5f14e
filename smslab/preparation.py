"""Preparation: numbers, opt-outs, templates, encoding, hours, prices and duplicates of rows.

A list may come batch by batch; each row comes out once.
"""

from __future__ import annotations

import datetime as dt
import functools
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab import rules
from smslab.coding import ENCODINGS, Coding, Counts, count
from smslab.columns import COLUMNS, find_columns
from smslab.errors import InputError, OptionError
from smslab.lookalikes import check_level
from smslab.messages import EMPTY_TEXT, NO_TEXT, UNKNOWN_COUNTRY, carriers
from smslab.numbering import (
    PROBLEMS,
    Located,
    as_strings,
    countries,
    country_code,
    e164,
    locate,
    zones,
)
from smslab.rates import MICRO, RateCard
from smslab.seen import Seen, fingerprints
from smslab.segment_prices import segment_prices
from smslab.sending_hours import SendingHours
from smslab.smart import improve
from smslab.templates import Template
from smslab.text import Texts, are_blank, as_chunks, named, one

__all__ = ["ADDED", "Looked", "Preparation"]

#: What a row can come to.
STATUSES: Final = ("sendable", "changed", "rejected")

_AT_ONCE: Final = 1 << 16

#: The role of a list's own column of time zones.
TIME_ZONE: Final = "time_zone"

DUPLICATES: Final = ("number", "number and text", "none")

UNKNOWN_ZONE: Final = "unknown time zone"
NOT_IN_USE: Final = "number not in use"
FIXED_LINE: Final = "fixed line"
OPTED_OUT: Final = "opted out"
DUPLICATE: Final = "duplicate"
SMART: Final = "smart encoding"

_STRING: Final = pa.large_string()
_NAMES: Final = pa.dictionary(pa.int16(), _STRING)

#: The columns that are added to a list.
ADDED: Final = pa.schema(
    [
        ("sms_status", _NAMES),
        ("sms_reason", _NAMES),
        ("sms_number", _STRING),
        ("sms_country", _NAMES),
        ("sms_time_zone", _NAMES),
        ("sms_number_type", _NAMES),
        ("sms_text", _STRING),
        ("sms_changes", _STRING),
        ("sms_encoding", _NAMES),
        ("sms_segments", pa.int32()),
        ("sms_cost", pa.float64()),
        ("sms_send_at", pa.timestamp("s", "UTC")),
        ("sms_first_row", pa.int64()),
    ]
)


class Looked(NamedTuple):
    """What is known of n rows without those before them."""

    rejected: npt.NDArray[np.int16]  # place in `reasons`; -1 for not
    reasons: list[str]
    number: npt.NDArray[np.int64]
    country: npt.NDArray[np.int16]
    zone: npt.NDArray[np.int16]  # place in `zones`; -1 where not known
    zones: Sequence[tuple[str, ...]]
    number_type: npt.NDArray[np.int16]  # place in `number_types`; -1 where not asked or known
    number_types: Sequence[str]
    text: pa.LargeStringArray
    changed: npt.NDArray[np.int64]  # rows, in order
    changes: pa.DictionaryArray  # what was changed in each of them
    counts: Counts
    price_micro: npt.NDArray[np.int64]  # of all segments; -1 where there is no price
    send_at_s: npt.NDArray[np.int64]  # seconds since 1970; -1 where not asked or not known


@dataclass(frozen=True, kw_only=True)
class _Options:
    country: str | None
    opt_outs: Seen
    template: Template | None
    smart: str | None
    coding: Coding
    hours: SendingHours | None
    validate: bool
    rates: RateCard | None
    sender_type: str | None
    most_segments: int

    def look(self, columns: Mapping[str, pd.Series[Any]], rows: int) -> Looked:
        """Look at rows, whatever came before them."""
        reasons: list[str] = []
        rejected = np.full(rows, -1, np.int16)

        def reject(flags: npt.NDArray[np.bool_], reason: str) -> None:
            found = flags & (rejected < 0)
            if found.any():
                rejected[found] = len(reasons)
                reasons.append(reason)

        located, country, is_strange = self._located(columns)
        reject(is_strange & (located.problem > 0), UNKNOWN_COUNTRY)
        for place in np.unique(located.problem):
            if place:
                reject(located.problem == place, PROBLEMS[place])
        zone, known_zones, strange = _zones_of(columns, located.zones)
        if self.hours is not None:
            reject(strange, UNKNOWN_ZONE)
        number_type = np.full(rows, -1, np.int16)
        types: Sequence[str] = ()
        if self.validate:
            from smslab import validation  # noqa: PLC0415  (an extra)

            types = validation.NUMBER_TYPES
            number_type = validation.number_types(located.number)
            reject(number_type < 0, NOT_IN_USE)
        if self.opt_outs:
            reject(self.opt_outs.have(located.number), OPTED_OUT)
        if self.template is None:
            text = one(as_chunks(columns["text"]))
        else:
            text, problem, problems = self.template.fill(columns, rows)
            for place, what in enumerate(problems):
                reject(problem == place, what)
        reject(_flags(pc.is_null(text)), NO_TEXT)
        reject(are_blank(text), EMPTY_TEXT)
        changed, changes = np.empty(0, np.int64), pa.array([], _STRING).dictionary_encode()
        if self.smart is None:
            counts = count([text], self.coding)
        else:
            found = improve(text, self.smart, self.coding)
            text, counts = one(found.text.chunks), found.after
            changed, changes = found.changes()
        reject(counts.segments > self.most_segments, f"over {self.most_segments} segments")
        price_micro = np.full(rows, -1, np.int64)
        if self.rates is not None:
            names = pd.Categorical.from_codes(country, pd.Index(countries()), validate=False)
            carrier = pd.Categorical(carriers(pd.DataFrame(dict(columns), copy=False)))
            prices = segment_prices(
                pd.Series(names), pd.Series(carrier), self.rates, sender_type=self.sender_type
            )
            price_micro[prices.priced] = (counts.segments * prices.total_micro)[prices.priced]
        send_at_s = np.full(rows, -1, np.int64)
        if self.hours is not None:
            send_at_s = self.hours.earliest_s(country, zone, known_zones)
        return Looked(
            rejected,
            reasons,
            located.number,
            country,
            zone,
            known_zones,
            number_type,
            types,
            text,
            changed,
            changes,
            counts,
            price_micro,
            send_at_s,
        )

    def _located(
        self, columns: Mapping[str, pd.Series[Any]]
    ) -> tuple[Located, npt.NDArray[np.int16], npt.NDArray[np.bool_]]:
        """Return where each number leads, the country (that of the row wins), and which is none."""
        default = -1 if self.country is None else countries().index(self.country)
        if "country" not in columns:
            located = locate(columns["to"], self.country)
            country = np.where(located.country < 0, default, located.country).astype(np.int16)
            return located, country, np.zeros(len(country), np.bool_)
        codes, names = pd.factorize(as_strings(columns["country"]))
        upper = [str(name).strip().upper() for name in names]
        # Where a country stands in the row, the default is that of others.
        known = [countries().index(n) if n in countries() else -1 if n else default for n in upper]
        own = np.array([*known, default], np.int16)[codes]
        located = locate(columns["to"], own)
        is_strange = np.array([bool(n) and n not in countries() for n in upper] + [False])[codes]
        return located, np.where(own < 0, located.country, own).astype(np.int16), is_strange


class Preparation:
    """A list that is prepared batch by batch; options as of :func:`prepare`.

    Parameters
    ----------
    **options : object
        As of :func:`prepare`.

    """

    def __init__(
        self,
        *,
        country: str | None = None,
        opt_outs: Texts | None = None,
        template: str | None = None,
        smart: str | None = None,
        languages: str | Sequence[str] | None = None,
        validate: bool = False,
        quiet_hours: str | tuple[float, float] | None = None,
        start: dt.datetime | None = None,
        rates: RateCard | None = None,
        sender_type: str | None = None,
        duplicates: str = "number",
        max_segments: int = rules.MAX_SEGMENTS,
    ) -> None:
        if smart is not None:
            check_level(smart)
        if duplicates not in DUPLICATES:
            raise OptionError(f"duplicates must be one of {DUPLICATES}; not {duplicates!r}")
        if not 1 <= max_segments <= rules.MAX_SEGMENTS:
            raise OptionError(
                f"max_segments must be 1 to {rules.MAX_SEGMENTS}; not {max_segments!r}"
            )
        if rates is not None and not isinstance(rates, RateCard):
            raise TypeError(f"rates must be a RateCard; not {rates!r:.60}")
        if validate:
            import smslab.validation  # noqa: F401, PLC0415  (said at once if it is not there)
        default = None if country is None else country_code(country)
        self._notes: list[str] = []
        self._fixed_lines = 0
        self._options = _Options(
            country=default,
            opt_outs=self._numbers_of(opt_outs, default),
            template=None if template is None else Template.parse(template),
            smart=smart,
            coding=Coding(languages=languages),
            validate=validate,
            hours=None if quiet_hours is None else SendingHours(quiet_hours, start),
            rates=rates,
            sender_type=sender_type,
            most_segments=max_segments,
        )
        self._by_text = duplicates == "number and text"
        self._seen = None if duplicates == "none" else Seen(by_text=self._by_text)
        self._counts: dict[tuple[str, str], npt.NDArray[np.int64]] = {}

    @property
    def notes(self) -> list[str]:
        """What should be known of the options, and of the rows that can be sent."""
        lines = f"{self._fixed_lines:,} of them are fixed lines, where few networks deliver texts"
        return [*self._notes, lines] if self._fixed_lines else self._notes

    @property
    def needed(self) -> tuple[str, ...]:
        """The roles without which nothing can be prepared."""
        return ("to",) if self._options.template is not None else ("text", "to")

    def _numbers_of(self, opt_outs: Texts | None, country: str | None) -> Seen:
        seen = Seen()
        if opt_outs is None:
            return seen
        if isinstance(opt_outs, str | bytes):
            raise TypeError("opt_outs must be several numbers, such as a list; not one text")
        if isinstance(opt_outs, pd.DataFrame):
            raise TypeError("opt_outs must be numbers; pass the column of the table that has them")
        numbers = opt_outs if isinstance(opt_outs, pd.Series) else pd.Series(list(opt_outs))
        located = locate(numbers, country)
        unclear = int(np.count_nonzero(located.problem))
        if unclear:
            first = numbers.iloc[int(np.flatnonzero(located.problem)[0])]
            self._notes.append(
                f"{unclear:,} of {len(numbers):,} opt-outs are no numbers that can be compared, "
                f"the first {first!r}: give them their country's code"
            )
        seen.first_rows(located.number[located.problem == 0])
        return seen

    def columns_of(
        self, source: str, names: Sequence[str], given: Mapping[str, str | None]
    ) -> dict[str, str]:
        """Find the columns that are needed.

        Parameters
        ----------
        source : str
            What has the columns, for errors.
        names : sequence of str
            Its columns.
        given : dict of str to (str or None)
            Columns that are named, by role.

        Returns
        -------
        dict of str to str
            The column of the list by the name under which :meth:`add` wants it.

        Raises
        ------
        InputError
            If a column is missing, or stands there already that is to be added.
        """
        there = [name for name in ADDED.names if name in names]
        if there:
            raise InputError(
                f"{source}: has a column {there[0]!r}, as what was prepared before; prepare the "
                "list that it was made of, or drop it"
            )
        roles = (*COLUMNS, TIME_ZONE)
        found = find_columns(source, names, given, needed=self.needed, roles=roles)
        template = self._options.template
        if template is None:
            return found
        found.pop("text", None)
        template.check(names)
        # A field may have the name of a role, and hold something else.
        fields = {field.name for field in template.fields}
        clash = {role for role, name in found.items() if role in fields and name != role}
        if clash:
            raise InputError(f"{source}: column {sorted(clash)[0]!r} is a field; rename it")
        return found | {name: name for name in fields}

    def add(self, columns: Mapping[str, pd.Series[Any]], rows: int) -> pa.Table:
        """Prepare the next rows.

        Parameters
        ----------
        columns : dict of str to Series, shape (n,)
            ``text``, ``to``, ``country`` and ``carrier`` where there are such, and the fields of
            the template.
        rows : int
            How many there are.

        Returns
        -------
        pyarrow.Table
            A row each, of the schema :data:`ADDED`.
        """
        # Pieces that fit a cache take two thirds of the time of all at once.
        pieces = []
        for first in range(0, max(rows, 1), _AT_ONCE):
            cut = {name: column.iloc[first : first + _AT_ONCE] for name, column in columns.items()}
            pieces.append(self.settle(self.look(cut, min(_AT_ONCE, rows - first))))
        return pa.concat_tables(pieces).unify_dictionaries()

    def look(self, columns: Mapping[str, pd.Series[Any]], rows: int) -> Looked:
        """Do what needs no rows before these; several threads may.

        Parameters
        ----------
        columns : dict of str to Series, shape (n,)
            As of :meth:`add`.
        rows : int
            How many there are.

        Returns
        -------
        Looked
        """
        return self._options.look(columns, rows)

    def settle(self, found: Looked) -> pa.Table:
        """Find duplicates among what is left, count, and make columns.

        Parameters
        ----------
        found : Looked
            The next rows.

        Returns
        -------
        pyarrow.Table
            As of :meth:`add`.
        """
        rejected, reasons = found.rejected.copy(), list(found.reasons)
        first_row = np.full(len(rejected), -1, np.int64)
        if self._seen is not None:
            first_row = self._first_rows(found.number, found.text, rejected < 0)
            double = first_row >= 0
            if double.any():
                rejected[double] = len(reasons)
                reasons.append(DUPLICATE)
        is_out = rejected >= 0
        what = np.full(len(rejected), -1, np.int32)
        what[found.changed] = found.changes.indices.to_numpy()
        what[is_out] = -1
        changed = what >= 0
        status = np.where(is_out, 2, np.where(changed, 1, 0)).astype(np.int16)
        reason = np.where(changed, len(reasons), rejected).astype(np.int16)
        reasons.append(SMART)
        priced = ~is_out & (found.price_micro >= 0)
        null = found.counts.null
        columns = [
            named(status, STATUSES),
            named(reason, reasons),
            e164(found.number),
            named(found.country, countries()),
            named(*_alone(found.zone, found.zones)),
            named(found.number_type, found.number_types),
            found.text,
            named(what, found.changes.dictionary.to_pylist()).cast(_STRING),
            named(np.where(null, -1, found.counts.encoding).astype(np.int16), ENCODINGS),
            pa.array(found.counts.segments, pa.int32(), mask=null),
            pa.array(found.price_micro / MICRO, pa.float64(), mask=~priced),
            pa.array(found.send_at_s, mask=is_out | (found.send_at_s < 0)).cast(
                pa.timestamp("s", "UTC")
            ),
            pa.array(first_row + 1, pa.int64(), mask=first_row < 0),
        ]
        added = pa.Table.from_arrays(columns, schema=ADDED)
        self._count(added)
        return added

    def _first_rows(
        self, number: npt.NDArray[np.int64], text: pa.LargeStringArray, kept: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.int64]:
        assert self._seen is not None
        return self._seen.first_rows(number, fingerprints(text) if self._by_text else None, kept)

    def replay(self, added: pa.Table) -> None:
        """Take note of rows that were prepared before, by another of the same options.

        Parameters
        ----------
        added : pyarrow.Table
            What :meth:`settle` returned for the next rows.
        """
        if self._seen is not None:
            digits = pc.utf8_slice_codeunits(added.column("sms_number"), 1)
            number = pc.fill_null(digits.cast(pa.int64()), 0).to_numpy()
            kept = pc.not_equal(added.column("sms_status").cast(_STRING), "rejected").to_numpy()
            self._first_rows(number, one(added.column("sms_text").chunks), kept)
        self._count(added)

    def _count(self, added: pa.Table) -> None:
        sums = pa.table(
            {
                "status": added.column("sms_status"),
                "reason": added.column("sms_reason"),
                "segments": added.column("sms_segments"),
                "micro": pc.round(pc.multiply(added.column("sms_cost"), MICRO)).cast(pa.int64()),
                "unpriced": pc.is_null(added.column("sms_cost")).cast(pa.int64()),
            }
        ).group_by(["status", "reason"])
        wanted = [("segments", "sum"), ("micro", "sum"), ("unpriced", "sum"), ("unpriced", "count")]
        for item in sums.aggregate(wanted).to_pylist():
            name = item["status"], item["reason"] or ""
            counts = [item[f"{column}_{how}"] or 0 for column, how in wanted]
            self._counts[name] = self._counts.get(name, np.zeros(4, np.int64)) + counts
        if self._options.validate:
            fixed = pc.equal(added.column("sms_number_type").cast(_STRING), FIXED_LINE)
            kept = pc.not_equal(added.column("sms_status").cast(_STRING), "rejected")
            self._fixed_lines += pc.sum(pc.and_(fixed, kept)).as_py() or 0

    def report(self) -> pd.DataFrame:
        """Return how many rows came to what, as :attr:`Prepared.report`."""
        order = sorted(self._counts, key=lambda name: (STATUSES.index(name[0]), name[1]))
        rows = []
        for status, reason in order:
            segments, micro, unpriced, count_ = self._counts[status, reason].tolist()
            unpriced = 0 if status == "rejected" else unpriced
            rows.append((status, reason, count_, segments, micro / MICRO, unpriced))
        names = ["status", "reason", "rows", "segments", "cost", "unpriced"]
        found = pd.DataFrame(rows, columns=pd.Index(names))
        if self._options.rates is None:
            found = found.drop(columns=["cost", "unpriced"])
        return found


def _zones_of(
    columns: Mapping[str, pd.Series[Any]], zone: npt.NDArray[np.int16]
) -> tuple[npt.NDArray[np.int16], Sequence[tuple[str, ...]], npt.NDArray[np.bool_]]:
    """Put the time zones that stand in the rows before those of the numbers; say which are none."""
    known = zones()
    if TIME_ZONE not in columns:
        return zone, known, np.zeros(len(zone), np.bool_)
    codes, found = pd.factorize(as_strings(columns[TIME_ZONE]))
    names = [str(name).strip() for name in found]
    is_zone = [name in _zone_names() for name in names]
    own = [(name,) for name, is_one in zip(names, is_zone, strict=True) if is_one]
    places = np.append(np.where(is_zone, len(known) + np.cumsum(is_zone) - 1, -1), -1)
    given = places[codes].astype(np.int16)
    is_there = np.array([*(bool(name) for name in names), False])
    strange = is_there[codes] & (given < 0)
    return np.where(given < 0, zone, given).astype(np.int16), (*known, *own), strange


@functools.cache
def _zone_names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _alone(
    zone: npt.NDArray[np.int16], known: Sequence[tuple[str, ...]]
) -> tuple[npt.NDArray[np.int16], list[str]]:
    """Return the time zones of rows that are in one alone."""
    is_one = np.array([*(len(names) == 1 for names in known), False])
    distinct = list(dict.fromkeys(names[0] for names in known if len(names) == 1))
    places = {name: place for place, name in enumerate(distinct)}
    codes = np.array([places.get(names[0], -1) for names in known] + [-1], np.int16)
    codes[~is_one] = -1
    return codes[zone], distinct


def _flags(column: pa.Array) -> npt.NDArray[np.bool_]:
    flags: npt.NDArray[np.bool_] = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return flags
