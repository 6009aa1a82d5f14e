"""Logs in: what a provider says became of messages, whatever its names and units."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab import keywords
from smslab.amounts import read_amounts, read_numbers
from smslab.errors import InputError, OptionError, nearest
from smslab.ledger import category
from smslab.log_formats import FORMATS, INBOUND, TIMES, LogFormat, folded, meanings
from smslab.logs import Log, of_codes
from smslab.moments import NO_TIME, read_moments, zone_of
from smslab.numbering import country_of, known_countries
from smslab.outcome import NEVER, Keyword, Reason, Status
from smslab.output import FORMULA_BEGINNINGS, SIGNED_NUMBER
from smslab.records import Records, read_records, records_of

__all__ = ["read_log"]

_SECOND_US: Final = 1_000_000

#: What goes to somebody so soon after a message from there answers it (our choice).
_ANSWERED_WITHIN_S: Final = 600

#: The first message was sent in 1992; years of two digits end with 2068.
_FIRST_US, _LAST_US = (
    int(pd.Timestamp(year, tz="UTC").timestamp()) * _SECOND_US
    for year in ("1992-01-01", "2069-01-01")
)

#: Segments count in one octet (3GPP TS 23.040).
_MOST_SEGMENTS: Final = 255

#: No message costs more, in any currency (our choice).
_MOST_CHARGED: Final = 1e6

#: What floats and spreadsheets make of a long number.
_CUT_SHORT: Final = r"[0-9]([.,][0-9]+)?[eE]\+[0-9]+"

#: What stands where there is no id.
_NO_ID: Final = rf"(?i)^(n/?a|nan|null|none|nil|-+|{_CUT_SHORT})$"

#: Ids of so many octets are none of these, as are most ids; a search takes its time.
_LONG_ID: Final = 25

#: What `write_csv` puts an apostrophe before, and what not.
_GUARDED: Final = f"^'({'|'.join(map(re.escape, FORMULA_BEGINNINGS))})"
_NOT_GUARDED: Final = f"^'{SIGNED_NUMBER}$"

#: How far a status is on its way; of several records of a message the one that is furthest counts.
_PROGRESS: Final = {
    Status.PENDING: 0,
    Status.DELIVERED: 2,
    Status.RECEIVED: 2,
    Status.EXPIRED: 3,
    Status.UNDELIVERED: 4,
    Status.FAILED: 5,
}


def read_log(
    source: str | Path | pd.DataFrame, format: str = "auto", *, timezone: str = "UTC"
) -> Log:
    """Read what a provider says became of messages.

    Parameters
    ----------
    source : str, Path or DataFrame
        A file (CSV, Parquet, JSON, JSON Lines, lines of URL-encoded callbacks or of SMPP receipts,
        also as ``.gz``), or a table with the provider's columns.
    format : str
        ``plivo`` (message records as downloaded or e-mailed, API, callbacks), ``twilio`` (API,
        console, bulk export), ``telnyx``, ``aws`` (events), ``vonage`` (receipts), ``smpp``
        (receipts), or ``smslab``, our own. ``auto`` finds out by the columns.
    timezone : str
        Zone of times that name none, as of the IANA database.

    Returns
    -------
    Log
        Several records of a message (events, receipts of parts, exports that overlap) are one row,
        with the status that is furthest on its way.

    Raises
    ------
    InputError
        If the file cannot be read, or its columns are those of no format.
    OptionError
        If there is no such format or zone.
    TypeError
        If it is no path and no table, or the format no text.

    Notes
    -----
    Sources of the formats: help.plivo.com 360041302132 and plivo.com/docs (message object, status
    callbacks), twilio.com/docs (message resource, bulk export), developers.telnyx.com (message),
    docs.aws.amazon.com/sms-voice (event format), Vonage's delivery receipts, SMPP 3.4 appendix B;
    all read 2026-11. The meaning of words and codes is in ``data/delivery_codes.csv``, row by row
    with its source.

    Examples
    --------
    >>> import pandas as pd
    >>> import smslab
    >>> table = pd.DataFrame(
    ...     {
    ...         "Message UUID": ["a", "b"],
    ...         "To": ["+12025550123", "+12025550124"],
    ...         "Message Time": ["2026-11-25 10:00:00+00:00", "2026-11-25 10:00:07+00:00"],
    ...         "Status": ["delivered", "undelivered"],
    ...         "Error Code": ["000", "50"],
    ...         "Units": [1, 2],
    ...     }
    ... )
    >>> log = smslab.read_log(table)
    >>> log.messages[["country", "segments", "queued_s", "status", "reason"]]
        country  segments  queued_s       status          reason
    row
    1        US         1       0.0    delivered             NaN
    2        US         2       7.0  undelivered  invalid_number
    """
    if not isinstance(source, str | Path | pd.DataFrame):
        raise TypeError(f"source must be a path or a DataFrame; not {source!r:.60}")
    if not isinstance(format, str):
        raise TypeError(f"format must be a str such as 'plivo'; not {format!r:.60}")
    zone = zone_of(timezone)
    known = {layout.name: layout for layout in FORMATS}
    if format != "auto" and format not in known:
        raise OptionError(
            f"format must be 'auto' or one of {', '.join(known)}; not {format!r}."
            f"{nearest(format, known)}"
        )
    records = records_of(source) if isinstance(source, pd.DataFrame) else read_records(Path(source))
    reader = _Reader(records, _recognized(records) if format == "auto" else known[format])
    del records  # most columns are not needed any more
    return reader.read(zone)


def _recognized(records: Records) -> LogFormat:
    if not records.table.num_columns:
        raise InputError(
            f"{records.name}: is empty, so that its format is not known; name it: format='plivo'"
        )
    names = {folded(name) for name in records.table.column_names}
    for layout in FORMATS:
        if layout.marks <= names:
            return layout
    raise InputError(
        f"{records.name}: the columns are those of no log that is known "
        f"({', '.join(f.name for f in FORMATS)}); it has {records.table.column_names}. Rename "
        "them, or name the format: format='plivo'"
    )


class _Reader:
    """Makes a log of records, and keeps what it notices."""

    def __init__(self, records: Records, layout: LogFormat) -> None:
        self._faults, self._layout = records.faults, layout
        self._rows = records.rows
        self._problems: list[tuple[npt.NDArray[np.int64], str, list[str | None], str]] = []
        self._notes: list[str] = []
        self._by_name: dict[str, pa.ChunkedArray] = {}
        roles = {name: role for role, names in layout.columns.items() for name in names}
        guarded = 0
        for title, column in zip(records.table.column_names, records.table.columns, strict=True):
            if (name := folded(title)) not in roles:
                continue
            bare, taken = _without_guards(column) if records.is_csv else (column, 0)
            guarded += taken
            whole = bare if roles[name] in ("campaign", "text") else _without_fractions(bare)
            before = self._by_name.get(name)
            self._by_name[name] = (
                whole if before is None else pc.coalesce(_without_blanks(before), whole)
            )
        if guarded:
            self._notes.append(
                f"texts with an apostrophe before a formula: {guarded:,}, taken without it"
            )
        if records.table.num_columns and not self._by_name:
            raise InputError(
                f"{records.name}: none of its columns is one of a log of {layout.name}: "
                f"{records.table.column_names}"
            )

    def read(self, zone: Any) -> Log:
        """Read all columns, put records of the same message together, and count times from 0."""
        times, resolution_s = self._times(zone)
        status, taken, reason = self._outcomes()
        columns: dict[str, Any] = {
            "id": self._ids(),
            "campaign": self._category("campaign"),
            "sender": self._category("sender"),
            "to": self._recipients(),
            "carrier": self._carrier(),
            "encoding": self._category("encoding"),
            "segments": self._segments(),
            "reply": self._category("reply"),
            "state": self._category("status"),
            "code": self._category("code"),
            **self._money(),
            "text": self._string("text"),
            "status": status,
            "reason": reason,
            "taken": taken,
        }
        frame = pd.DataFrame(columns, index=pd.Index(self._rows, name="row"))
        frame["country"] = self._country(frame["to"].where(status != Status.RECEIVED))
        for name, micros in times.items():
            frame[name] = micros
        has_final = self._layout.name != "smslab" and (frame["final"] != NO_TIME).any()
        frame = self._final_times(frame)
        frame = self._together(frame)
        frame["charge"] = frame["charge"].add(frame["fee"], fill_value=0)
        if unpriced := int((~frame["priced"]).sum()):
            self._notes.append(
                f"records without a price: {unpriced:,}; providers fill it in later: read again "
                "then"
            )
        self._tell_early(frame, resolution_s)
        start_us = _start(frame)
        for name in ("queued", "sent", "final", "receipt", "read", "replied"):
            happened = frame[name].to_numpy()
            there = happened != NO_TIME
            frame[f"{name}_s"] = np.where(there, (happened - start_us) / _SECOND_US, np.nan)
        frame = self._with_replies(frame)
        final = resolution_s.get("final", resolution_s.get("receipt"))
        if final is not None:
            resolution_s["final"] = final
        log = Log(
            messages=_arranged(frame),
            start=pd.Timestamp(start_us, unit="us", tz="UTC"),
            format=self._layout.name,
            resolution_s=resolution_s,
            final_is_receipt=not has_final,
            problems=self._problem_table(),
            notes=tuple(self._notes),
        )
        if len(log.currencies) < 2:
            return log
        counts = ", ".join(
            f"{n:,} in {name or 'none that is named'}" for name, n in log.currencies.items()
        )
        several = (
            f"charges in several currencies: {counts}; they are not added up: read the records of "
            "one currency alone, or convert them"
        )
        return replace(log, notes=(*log.notes, several))

    def _column(self, role: str) -> pa.ChunkedArray | None:
        """Return the column of a role; where it has several, the first that is filled in."""
        found = [
            self._by_name[name]
            for name in self._layout.columns.get(role, ())
            if name in self._by_name
        ]
        if not found:
            return None
        filled = [_without_blanks(column) for column in found]
        return filled[0] if len(filled) == 1 else pc.coalesce(*filled)

    def _string(self, role: str) -> pd.Series[str]:
        column = self._column(role)
        index = pd.Index(self._rows)
        if column is None:
            return pd.Series(None, index, "str")
        return pd.Series(column, dtype="str").set_axis(index)

    def _ids(self) -> pd.Series[str]:
        ids, column = self._string("id"), self._column("id")
        if column is None:
            return ids
        bare = pc.utf8_trim_whitespace(pc.fill_null(column, ""))
        none = np.zeros(len(ids), np.bool_)
        if pc.any(pc.less(pc.binary_length(bare), _LONG_ID)).as_py():
            none |= pc.match_substring_regex(bare, _NO_ID).to_numpy()
        self._told(none, "id", ids, "not an id: kept as a message of its own")
        none |= pc.equal(bare, "").to_numpy()
        return ids.mask(none) if none.any() else ids

    def _recipients(self) -> pd.Series[str]:
        numbers, column = self._string("to"), self._column("to")
        if column is None or not pc.any(pc.match_substring_regex(column, "[eE][+]")).as_py():
            return numbers
        cut = pc.fill_null(pc.match_substring_regex(column, f"^{_CUT_SHORT}$"), False).to_numpy()
        self._told(cut, "to", numbers, "digits are lost: have the column as text")
        return numbers.mask(cut)

    def _category(self, role: str) -> pd.Categorical[str]:
        column = self._column(role)
        if column is None:
            return _nothing(len(self._rows))
        coded = pc.utf8_trim_whitespace(column).combine_chunks().dictionary_encode()
        codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        names = pd.Index(coded.dictionary.to_pandas(), dtype="str")
        return pd.Categorical.from_codes(codes, categories=names)

    def _told(self, wrong: npt.NDArray[np.bool_], column: str, values: Any, problem: str) -> None:
        if wrong.any():
            rows = np.flatnonzero(wrong)
            shown = [None if pd.isna(v) else str(v) for v in np.asarray(values, object)[rows]]
            self._problems.append((self._rows[rows], column, shown, problem))

    def _times(self, zone: Any) -> tuple[dict[str, npt.NDArray[np.int64]], dict[str, float]]:
        times: dict[str, npt.NDArray[np.int64]] = {}
        resolution_s: dict[str, float] = {}
        naive = 0
        for role in TIMES:
            column = self._column(role)
            if column is None:
                times[role] = np.full(len(self._rows), NO_TIME, np.int64)
                continue
            found = read_moments(column, zone, self._layout.digits)
            micros = found.micros
            odd = (micros != NO_TIME) & ((micros < _FIRST_US) | (micros >= _LAST_US))
            times[role] = np.where(odd, NO_TIME, micros)
            naive += found.naive
            self._told(found.unreadable, role, column.to_pandas(), "not a time")
            self._told(odd, role, column.to_pandas(), "not a time between 1992 and 2068")
            if (times[role] != NO_TIME).any():
                resolution_s[role] = found.resolution_s
            for name in self._layout.columns[role]:
                self._by_name.pop(name, None)
        if naive:
            self._notes.append(f"times without a zone: {naive:,}, taken as {zone.key}")
        updated = resolution_s.pop("updated", None) or resolution_s.pop("event", None)
        if updated is not None:
            resolution_s.setdefault("final", updated)
        for role, seconds in resolution_s.items():
            if seconds >= 60:
                self._notes.append(f"{role} times are whole minutes: delays are known to a minute")
        return times, resolution_s

    def _outcomes(
        self,
    ) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_], npt.NDArray[np.int8]]:
        provider = self._layout.provider
        words = self._category("status")
        known = meanings(provider, "status")
        found = [known.get(word.casefold()) for word in words.categories]
        status = of_codes(
            words.codes, [-1 if m is None or m.status is None else m.status for m in found], -1
        )
        taken = of_codes(words.codes, [m is not None and m.taken for m in found], False)
        reason = of_codes(
            words.codes, [Reason.NONE if m is None else m.reason for m in found], Reason.NONE
        )
        self._told(status == -1, "status", words, "status not known")
        status, reason = self._coded(status, reason)
        if (own := self._column("reason")) is not None and provider == "smslab":
            names = {r.name.lower(): int(r) for r in Reason}
            texts = pd.Series(own, dtype="str").str.strip().str.lower()
            reason = texts.map(names).fillna(Reason.NONE).to_numpy(np.int8)
        direction = self._category("direction")
        inbound = np.isin(
            direction.codes,
            [code for code, word in enumerate(direction.categories) if word.casefold() in INBOUND],
        )
        status[inbound] = Status.RECEIVED
        taken[inbound] = False
        reason[inbound] = Reason.NONE
        failed = np.isin(status, (Status.FAILED, Status.UNDELIVERED)) & (reason == Reason.NONE)
        reason[failed] = Reason.UNKNOWN
        reason[(status == Status.EXPIRED) & (reason == Reason.NONE)] = Reason.ABSENT
        return status.astype(np.int8), taken.astype(np.bool_), reason.astype(np.int8)

    def _coded(
        self, status: npt.NDArray[np.int8], reason: npt.NDArray[np.int8]
    ) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
        """Take the reason from the error code, where a message has one and did not arrive."""
        codes = self._category("code")
        known = meanings(self._layout.provider, "error")
        found = [
            known.get(code.casefold()) or known.get(code.lstrip("0")) for code in codes.categories
        ]
        failed = np.isin(status, (Status.FAILED, Status.UNDELIVERED, Status.EXPIRED))
        by_code = of_codes(
            codes.codes, [Reason.NONE if m is None else m.reason for m in found], Reason.NONE
        )
        reason = np.where(failed & (by_code != Reason.NONE), by_code, reason).astype(np.int8)
        expired = of_codes(
            codes.codes,
            [m is not None and m.status is Status.EXPIRED for m in found],
            False,
        )
        status = np.where(expired & (status == Status.UNDELIVERED), Status.EXPIRED, status)
        fine = [not code.strip("0") for code in codes.categories]
        strange = of_codes(
            codes.codes, [m is None and not f for m, f in zip(found, fine, strict=True)], False
        )
        if known:
            self._told(strange & failed, "code", codes, "error code not known: reason unknown")
        return status.astype(np.int8), reason

    def _carrier(self) -> pd.Categorical[str]:
        for role in ("carrier", "mccmnc"):
            if self._column(role) is not None:
                return self._category(role)
        mcc, mnc = self._column("mcc"), self._column("mnc")
        if mcc is None or mnc is None:
            return _nothing(len(self._rows))
        # An MNC of one digit lost its zero in a spreadsheet.
        padded = pc.if_else(pc.equal(pc.utf8_length(mnc), 1), pc.utf8_lpad(mnc, 2, "0"), mnc)
        digits = pc.binary_join_element_wise(mcc, padded, pa.scalar("", mcc.type))
        return pd.Categorical(pd.Series(digits, dtype="str"))

    def _country(self, numbers: pd.Series[str]) -> pd.Categorical[str]:
        given = self._category("country")
        if len(given.categories):
            places = _renamed(given, str.upper)
            strange = ~np.isin(places.categories, list(known_countries()))
            wrong = of_codes(places.codes, list(strange), False)
            self._told(wrong, "country", given, "no such country")
            return places
        return pd.Categorical(country_of(_international(numbers))["country"])

    def _segments(self) -> pd.Series[int]:
        column = self._column("segments")
        index = pd.Index(self._rows)
        if column is None:
            return pd.Series(pd.NA, index, "Int32")
        values = read_numbers(column)
        whole = (values == np.floor(values)) & (values >= 0) & (values <= _MOST_SEGMENTS)
        given = pc.is_valid(column).to_numpy()
        self._told(given & ~whole, "segments", column.to_pandas(), "not a number of segments")
        kept = np.where(whole & (values > 0), values, 0).astype(np.int32)
        return pd.Series(pd.arrays.IntegerArray(kept, kept == 0), index)

    def _money(self) -> dict[str, Any]:
        """Return what was charged, fees that come on top, and in which currency."""
        currency = self._currency()
        money: dict[str, Any] = {}
        for role in ("charge", "fee"):
            column = self._column(role)
            if column is None:
                nothing = np.zeros(len(self._rows))
                money[role] = pd.arrays.FloatingArray(nothing, nothing == 0)
                continue
            given = pc.is_valid(column).to_numpy()
            values, units = read_amounts(column)
            # Twilio writes what it takes from the balance: a negative number.
            values = np.abs(values)
            wrong = given & ~(values < _MOST_CHARGED)
            unread = given & np.isnan(values)
            self._told(unread, role, column.to_pandas(), "not an amount")
            self._told(wrong & ~unread, role, column.to_pandas(), "no message costs that much")
            if (named := units != "").any():
                known = currency.astype(object)
                other = named & ~pd.isna(known) & (known != units)
                self._told(other, role, column.to_pandas(), "not in the currency of the record")
                wrong |= other
                currency = pd.Categorical(
                    np.where(named & pd.isna(known), units, np.asarray(known))
                )
            missing = ~given | wrong
            money[role] = pd.arrays.FloatingArray(np.where(missing, 0.0, values), missing)
            if role == "charge":
                money["priced"] = given
        return {"priced": True} | money | {"currency": currency}

    def _currency(self) -> pd.Categorical[str]:
        if self._column("currency") is not None or not self._layout.currency:
            return _renamed(self._category("currency"), str.upper)
        return pd.Categorical([self._layout.currency]).repeat(len(self._rows))

    def _final_times(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Say when the status became final, from what the log has instead."""
        is_final = frame["status"].isin(
            [Status.DELIVERED, Status.UNDELIVERED, Status.EXPIRED, Status.FAILED]
        )
        final = frame["final"].to_numpy(copy=True)
        for instead in ("receipt", "updated", "event"):
            final = np.where(final == NO_TIME, frame[instead], final)
        frame["final"] = np.where(is_final, final, NO_TIME)
        receipt = np.where(frame["receipt"] == NO_TIME, frame["final"], frame["receipt"])
        frame["receipt"] = np.where(is_final & frame["taken"], receipt, NO_TIME)
        accepted = frame["taken"] & ~is_final & (frame["sent"] == NO_TIME)
        frame["sent"] = np.where(accepted, frame["event"], frame["sent"])
        frame["taken"] = frame["taken"] | (
            (frame["sent"] != NO_TIME) & (frame["status"] == Status.PENDING)
        )
        received = (frame["status"] == Status.RECEIVED) & (frame["queued"] == NO_TIME)
        frame["queued"] = np.where(received, frame["sent"], frame["queued"])
        return frame

    def _keys(self, frame: pd.DataFrame) -> npt.NDArray[np.int64]:
        """Give records of one id and one recipient the same number, those without an id -1."""
        codes, names = pd.factorize(frame["id"])
        ids = codes.astype(np.int64)
        if len(names) == np.count_nonzero(ids >= 0):
            return ids
        again = (ids >= 0) & pd.Series(ids).duplicated(keep=False).to_numpy()
        keys = ids * (len(frame) + 1)
        keys[ids < 0] = -1
        parts = frame[again]
        numbers = pd.factorize(_digits_of(parts["to"]).fillna(parts["to"]))[0].astype(np.int64)
        first, last = np.full(len(frame), len(frame)), np.full(len(frame), -1)
        there = numbers >= 0
        np.minimum.at(first, ids[again][there], numbers[there])
        np.maximum.at(last, ids[again][there], numbers[there])
        apart = (last > first)[ids[again]]
        keys[again] += np.where(apart, numbers + 1, 0)
        wrong = again.copy()
        wrong[again] = apart
        self._told(wrong, "id", frame["id"], "records of this id go to several numbers: kept apart")
        return keys

    def _together(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Make one row of the records of a message."""
        keys = self._keys(frame)
        again = (keys >= 0) & pd.Series(keys).duplicated(keep=False).to_numpy()
        if not again.any():
            return frame
        parts, keys = frame[again], keys[again]
        progress = parts["status"].map({int(k): v for k, v in _PROGRESS.items()}).fillna(-1)
        progress = progress.mask((parts["status"] == Status.PENDING) & parts["taken"], 1)
        order = np.lexsort((np.arange(len(parts)), progress))
        grouped = parts.iloc[order].groupby(keys[order], sort=False, observed=True)
        # `last` takes of each column the last that is filled in.
        merged = grouped.last()
        for name in ("queued", "sent", "final", "receipt", "read", "replied"):
            merged[name] = grouped[name].max()
        early = parts["queued"].where(parts["queued"] != NO_TIME, np.iinfo(np.int64).max)
        merged["queued"] = early.groupby(keys, sort=False).min().reindex(merged.index)
        merged["queued"] = merged["queued"].where(
            merged["queued"] != np.iinfo(np.int64).max, NO_TIME
        )
        for name in ("taken", "priced"):
            merged[name] = grouped[name].any()
        rows = parts.index.to_series().groupby(keys, sort=False).min()
        merged = merged.set_index(pd.Index(rows.reindex(merged.index), name="row"))
        merged = merged.astype(frame.dtypes.to_dict())
        self._notes.append(
            f"records put together: {len(parts):,}, about {len(merged):,} of the messages, each "
            "with the status that is furthest on its way"
        )
        return pd.concat([frame[~again], merged[frame.columns]]).sort_index(kind="stable")

    def _tell_early(self, frame: pd.DataFrame, resolution_s: dict[str, float]) -> None:
        """Note receipts that came before the message was sent, more than rounding explains."""
        source = "sent" if (frame["sent"] != NO_TIME).any() else "queued"
        rounded_s = resolution_s.get("final", resolution_s.get("receipt", 0.0))
        slack_us = round(max(rounded_s - resolution_s.get(source, 0.0), 0.0) * _SECOND_US)
        before, final = frame[source], frame["final"]
        there = (before != NO_TIME) & (final != NO_TIME)
        early = int((there & (final < before - slack_us)).sum())
        if early:
            self._notes.append(
                f"receipts dated before their message was {source}: {early:,}, kept; their delays "
                "are negative"
            )

    def _with_replies(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Find to which message each that was received replies, and which answers it in turn.

        A reply is to the last message to that number; what goes there soon after is an answer.
        """
        frame["answer_to"] = NEVER
        received = frame["status"] == Status.RECEIVED
        if not received.any() or not (~received).any():
            return frame
        sent_at = frame["sent_s"].fillna(frame["queued_s"])
        numbers = _digits_of(frame["to"].where(~received, frame["sender"].astype("str")))
        table = pd.DataFrame({"at": sent_at, "number": numbers, "row": np.arange(len(frame))})
        table = table.dropna(subset=["at", "number"]).sort_values("at", kind="stable")
        from_people = received.to_numpy()[table["row"]]
        replies = pd.merge_asof(
            table[from_people], table[~from_people], on="at", by="number", suffixes=("", "_of")
        ).dropna(subset=["row_of"])
        replies = replies.drop_duplicates("row_of")
        where = replies["row_of"].to_numpy(np.int64)
        replied, words = frame["replied_s"].to_numpy(copy=True), np.full(len(frame), None, object)
        replied[where] = replies["at"]
        texts = frame["text"].iloc[replies["row"].to_numpy(np.int64)]
        words[where] = [keywords.meaning(t) if isinstance(t, str) else None for t in texts]
        if texts.isna().all() and len(texts):
            self._notes.append("replies have no text: who opts out cannot be told")
        frame["replied_s"] = replied
        frame["reply"] = pd.Categorical(words)
        answers = pd.merge_asof(
            table[~from_people],
            table[from_people],
            on="at",
            by="number",
            suffixes=("", "_of"),
            tolerance=_ANSWERED_WITHIN_S,
            allow_exact_matches=False,
        ).dropna(subset=["row_of"])
        asked = replies.set_index("row")["row_of"].reindex(answers["row_of"]).fillna(-1)
        answer_to = np.full(len(frame), NEVER, np.int64)
        to = np.where(asked >= 0, asked, answers["row_of"]).astype(np.int64)
        answer_to[answers["row"].to_numpy(np.int64)] = frame.index.to_numpy()[to]
        frame["answer_to"] = answer_to
        return frame

    def _problem_table(self) -> pd.DataFrame:
        faults: list[tuple[int, str, str | None, str]] = [
            (number, "record", text, says) for number, says, text in self._faults
        ]
        for rows, column, values, problem in self._problems:
            faults += [
                (int(row), column, value, problem) for row, value in zip(rows, values, strict=True)
            ]
        table = pd.DataFrame(faults, columns=["row", "column", "value", "problem"])
        return table.sort_values("row", kind="stable", ignore_index=True)


def _without_blanks(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Put null for empty texts."""
    blank = pc.equal(column, "")
    return (
        pc.if_else(blank, pa.scalar(None, column.type), column) if pc.any(blank).as_py() else column
    )


def _without_fractions(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write whole numbers without the fraction that a column of floats gave them."""
    if not pc.any(pc.ends_with(column, ".0")).as_py():
        return column
    return pc.replace_substring_regex(column, r"^([0-9]+)\.0$", r"\1")


def _without_guards(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    """Take the apostrophes away that keep spreadsheets from formulas; say how many."""
    if not pc.any(pc.starts_with(column, "'")).as_py():
        return column, 0
    guarded = pc.and_not(
        pc.match_substring_regex(column, _GUARDED), pc.match_substring_regex(column, _NOT_GUARDED)
    )
    bare = pc.if_else(guarded, pc.utf8_slice_codeunits(column, 1), column)
    return bare, int(pc.sum(guarded).as_py())


def _nothing(rows: int) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(
        np.full(rows, -1, np.int8), categories=pd.Index([], dtype="str")
    )


def _renamed(values: pd.Categorical[str], name: Callable[[str], str]) -> pd.Categorical[str]:
    """Rename categories; those that get the same name become one."""
    names = [name(category) for category in values.categories]
    place = {name: code for code, name in enumerate(dict.fromkeys(names))}
    codes = of_codes(values.codes, [place[name] for name in names], -1, np.int64)
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(place), dtype="str"))


def _international(numbers: pd.Series[str]) -> pd.Series[str]:
    """Put a plus before numbers of nothing but digits: logs have no national numbers."""
    return numbers.str.replace(r"^([0-9]{7,15})$", r"+\1", regex=True)


def _digits_of(numbers: pd.Series[str]) -> pd.Series[str]:
    digits = numbers.str.replace(r"[^0-9]", "", regex=True)
    return digits.where(digits != "")


def _start(frame: pd.DataFrame) -> int:
    first = [frame[name][frame[name] != NO_TIME].min() for name in ("queued", "sent", "final")]
    found = [int(moment) for moment in first if pd.notna(moment)]
    return min(found, default=0)


def _arranged(frame: pd.DataFrame) -> pd.DataFrame:
    """Put the columns in the order of a run's, those that no log has filled with nothing."""
    nothing = pd.Series(np.nan, frame.index, "float64")
    none = pd.arrays.IntegerArray(np.zeros(len(frame), np.int32), np.ones(len(frame), np.bool_))
    words = [k.name.lower() for k in Keyword if k is not Keyword.NONE]
    return pd.DataFrame(
        {
            **{name: frame[name] for name in ("campaign", "sender", "carrier", "segments")},
            **{f"{name}_s": frame[f"{name}_s"] for name in ("queued", "sent", "final", "receipt")},
            **{f"{name}_s": frame[f"{name}_s"] for name in ("read", "replied")},
            "reply": pd.Categorical(frame["reply"].astype("str").str.lower(), categories=words),
            "answer_to": pd.arrays.IntegerArray(
                frame["answer_to"].to_numpy(np.int64), frame["answer_to"].to_numpy() == NEVER
            ),
            **{f"{name}_s": nothing for name in ("emailed", "email_landed", "converted")},
            "submissions": none,
            "attempts": none,
            "status": category(frame["status"].to_numpy(np.int8), Status),
            "reason": category(frame["reason"].to_numpy(np.int8), Reason),
            **{name: frame[name] for name in ("id", "to", "country", "encoding", "state", "code")},
            **{name: frame[name] for name in ("taken", "charge", "currency", "text")},
        },
        index=frame.index,
    )
