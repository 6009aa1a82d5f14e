"""Logs out: a run or a log as a provider would write it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab.cost import cost
from smslab.errors import OptionError, nearest
from smslab.ledger import HasLedger, Ledger, category, ledger_of
from smslab.log_formats import meanings
from smslab.logs import Log
from smslab.outcome import NEVER, Keyword, Reason, Status
from smslab.output import write_csv, write_table, write_whole
from smslab.rates import MICRO, RateCard

__all__ = ["write_log"]

#: What people write, where a run knows no more than what it meant.
_REPLIES: Final = {
    Keyword.STOP: "STOP",
    Keyword.HELP: "HELP",
    Keyword.START: "START",
    Keyword.TEXT: "Yes please",
}

#: The words of Plivo and Twilio for a status: what expired is undelivered there.
_WORDS: Final = {
    Status.PENDING: "queued",
    Status.FAILED: "failed",
    Status.UNDELIVERED: "undelivered",
    Status.EXPIRED: "undelivered",
    Status.DELIVERED: "delivered",
    Status.RECEIVED: "received",
}

#: Formats that name no currency.
_IN_DOLLARS: Final = ("plivo", "plivo-callbacks")

_Texts = npt.NDArray[np.object_]


def write_log(
    source: HasLedger,
    path: str | Path,
    format: str = "smslab",
    *,
    start: dt.datetime | None = None,
    rates: RateCard | None = None,
    country: str | None = None,
) -> None:
    """Write what became of messages as a provider's log would show it.

    Parameters
    ----------
    source : Run or Log
        The messages. Of a run is written what a provider would know: a final status when its
        receipt came, replies as messages that came in. A run has no numbers of recipients: they
        are made up and begin with +999, which no country has.
    path : str or Path
        The file.
    format : str
        ``smslab`` (``.csv`` or ``.parquet``), ``plivo`` (message records as downloaded, CSV),
        ``plivo-callbacks`` (the last callback of each message, CSV), ``twilio`` (as of the console,
        CSV) or ``twilio-api`` (JSON Lines, as of the bulk export).
    start : datetime, optional
        When the times begin, with a zone; that of the scenario or the log if not given.
    rates, country : object
        As of :func:`smslab.kpis`: prices to write; what a log says was charged without them.

    Raises
    ------
    OptionError
        If there is no such format, nobody knows when the times begin, or amounts in another
        currency than USD are to go to a format of Plivo, which holds no other.
    InputError
        If the file cannot be written.
    """
    if format not in _WRITERS:
        raise OptionError(
            f"format must be one of {', '.join(_WRITERS)}; not {format!r}."
            f"{nearest(format, _WRITERS)}"
        )
    ledger = ledger_of(source).observed()
    begin = start or ledger.start
    if begin is None or begin.tzinfo is None:
        raise OptionError(
            "a log needs to know when it begins: give the scenario a start, or pass start=, with "
            "its zone"
        )
    messages = source.messages if isinstance(source, Log) else None
    charge, currency = np.full(len(ledger), np.nan), np.full(len(ledger), "", object)
    if rates is not None:
        bill = cost(source, rates, country=country)
        charge = np.where(bill.known, bill.cost_micro / MICRO, np.nan)
        currency[:] = rates.currency
    elif messages is not None:
        charge = messages["charge"].to_numpy(np.float64, na_value=np.nan)
        currency = messages["currency"].to_numpy(object, na_value="")
    if format in _IN_DOLLARS:
        _check_dollars(format, currency[~np.isnan(charge)])
    _WRITERS[format](_Lines(ledger, begin, charge, currency, messages), Path(path))


def _check_dollars(format: str, currencies: _Texts) -> None:
    others = sorted({name or "a currency that is not named" for name in currencies} - {"USD"})
    if others:
        raise OptionError(
            f"format {format!r} holds amounts in USD; these are in {', '.join(others)}. Write them "
            "as 'smslab' or 'twilio', which name the currency, or pass rates= in USD"
        )


class _Lines:
    """The messages of a log as columns of texts."""

    def __init__(
        self,
        ledger: Ledger,
        begin: dt.datetime,
        charge: npt.NDArray[np.float64],
        currency: _Texts,
        messages: pd.DataFrame | None,
    ) -> None:
        self.ledger, self._begin, self._messages = ledger, begin, messages
        self.charge, self.currency = charge, currency
        self.received = ledger.status == Status.RECEIVED
        own = np.array([f"message-{name}" for name in ledger.names.tolist()], object)
        whom = np.where(ledger.is_answer, ledger.answer_to, ledger.names)
        people = np.array([f"+999{name:09d}" for name in whom.tolist()], object)
        platform = self.label("sender")
        self.columns: dict[str, _Texts] = {
            "id": own,
            "campaign": self.label("campaign"),
            "sender": np.where(self.received, people, platform),
            "to": np.where(self.received, platform, people),
            "country": self.label("country"),
            "carrier": self.label("carrier"),
        }
        if messages is not None:
            # A log knows its own names and numbers.
            self.columns["sender"] = platform
            for name, made_up in (("id", own), ("to", "")):
                given = messages[name].to_numpy(object, na_value="")
                self.columns[name] = np.where(given == "", made_up, given)

    @property
    def texts(self) -> _Texts:
        """What was written, where a log has it."""
        if self._messages is None:
            return np.full(len(self.ledger), "", object)
        written: _Texts = self._messages["text"].to_numpy(object, na_value="")
        return written

    def label(self, name: str) -> _Texts:
        """Return a label of each message; empty where there is none."""
        values = self.ledger.labels.get(name)
        if values is None:
            return np.full(len(self.ledger), "", object)
        names: _Texts = np.array([*map(str, values.categories), ""], object)
        labels: _Texts = names[values.codes]
        return labels

    def times(self, name: str, pattern: str) -> _Texts:
        """Return times as texts; empty where the thing did not happen."""
        micros = getattr(self.ledger, f"{name}_us")
        moments = pd.Timestamp(self._begin).tz_convert("UTC") + pd.to_timedelta(
            np.where(micros == NEVER, 0, micros), unit="us"
        )
        texts = pd.DatetimeIndex(moments).strftime(pattern).to_numpy(object)
        written: _Texts = np.where(micros == NEVER, "", texts)
        return written

    def words(self, provider: str) -> tuple[_Texts, _Texts]:
        """Return the provider's word for the status and its code for the reason."""
        ledger = self.ledger
        words = np.full(len(ledger), "", object)
        for status, word in _WORDS.items():
            words[ledger.status == status] = word
        words[(ledger.status == Status.PENDING) & ledger.taken] = "sent"
        codes = np.full(len(ledger), "", object)
        known = meanings(provider, "error")
        for reason in Reason:
            rows = ledger.reason == reason
            if reason is Reason.NONE or not rows.any():
                continue
            fits = [code for code, m in known.items() if m.reason is reason]
            expired = [code for code in fits if known[code].status is Status.EXPIRED]
            plain = [code for code in fits if known[code].status is not Status.EXPIRED]
            other = next((c for c, m in known.items() if m.reason is Reason.UNKNOWN), "")
            codes[rows] = (plain or [other])[0]
            codes[rows & (ledger.status == Status.EXPIRED)] = (expired or plain or [other])[0]
        return words, codes

    def with_replies(self, table: dict[str, Any], replies: dict[str, Any]) -> pd.DataFrame:
        """Put the replies behind the messages, as messages that came in.

        `replies` has the columns of `table` that are filled in for them.
        """
        own = pd.DataFrame(table)
        if self._messages is not None:
            return own  # the replies of a log are messages in it
        rows = np.flatnonzero(self.ledger.replied_us != NEVER)
        filled = {n: v[rows] if isinstance(v, np.ndarray) else v for n, v in replies.items()}
        came = pd.DataFrame(dict.fromkeys(own, "") | filled, index=pd.RangeIndex(len(rows)))
        return pd.concat([own, came], ignore_index=True) if len(rows) else own

    @property
    def replied(self) -> _Texts:
        """What was written back; texts that say it, where only the meaning is known."""
        return np.array([_REPLIES.get(Keyword(k), "") for k in self.ledger.keyword], object)


def _smslab(lines: _Lines, path: Path) -> None:
    ledger = lines.ledger
    shown = "%Y-%m-%dT%H:%M:%S.%f+00:00"
    status = np.asarray(category(ledger.status, Status), object)
    frame = pd.DataFrame(
        {
            **lines.columns,
            "segments": ledger.segments,
            "status": np.where((ledger.status == Status.PENDING) & ledger.taken, "sent", status),
            "reason": category(ledger.reason, Reason),
            **{n: lines.times(n, shown) for n in ("queued", "sent", "final", "receipt")},
            **{n: lines.times(n, shown) for n in ("read", "replied")},
            "reply": category(ledger.keyword, Keyword),
            "direction": np.where(lines.received, "inbound", "outbound"),
            "charge": lines.charge,
            "currency": lines.currency,
            "text": lines.texts,
        }
    )
    write_table(frame, path)


def _plivo(lines: _Lines, path: Path) -> None:
    ledger, columns = lines.ledger, lines.columns
    words, codes = lines.words("Plivo")
    shown = "%Y-%m-%d %H:%M:%S.%f+00:00"
    each = lines.charge / np.maximum(ledger.segments, 1)
    table = {
        "Message UUID": columns["id"],
        "From": columns["sender"],
        "To": columns["to"],
        "To Country ISO2": columns["country"],
        "Direction": np.where(lines.received, "inbound", "outbound"),
        "Message Time": lines.times("queued", shown),
        "Status": words,
        "Error Code": np.where(codes == "", "000", codes),
        "Error Reason": np.asarray(category(ledger.reason, Reason), object),
        "Units": ledger.segments,
        "Rate Per Unit (USD)": _money(each),
        "Carrier Surcharge Per Unit (USD)": _money(np.where(np.isnan(each), np.nan, 0.0)),
        "Total Charge Per Unit (USD)": _money(each),
        "Total Charge (USD)": _money(lines.charge),
    }
    replies = {
        "Message UUID": columns["id"] + "-reply",
        "From": columns["to"],
        "To": columns["sender"],
        "Direction": "inbound",
        "Message Time": lines.times("replied", shown),
        "Status": "received",
        "Units": 1,
    }
    _write(lines.with_replies(table, replies), path)


def _plivo_callbacks(lines: _Lines, path: Path) -> None:
    ledger, columns = lines.ledger, lines.columns
    words, codes = lines.words("Plivo")
    shown = "%Y-%m-%d %H:%M:%S.%f"
    table = {
        "MessageUUID": columns["id"],
        "To": columns["to"],
        "From": columns["sender"],
        "Type": "sms",
        "Status": words,
        "Units": ledger.segments,
        "TotalAmount": _money(lines.charge),
        "MCC": "",
        "MNC": "",
        "ErrorCode": np.where(codes == "", "000", codes),
        "Direction": np.where(lines.received, "inbound", "outbound"),
        "MessageTime": lines.times("queued", shown),
        "QueuedTime": lines.times("queued", shown),
        "SentTime": lines.times("sent", shown),
        "DeliveryReportTime": lines.times("final", shown),
    }
    replies = {
        "MessageUUID": columns["id"] + "-reply",
        "From": columns["to"],
        "To": columns["sender"],
        "Direction": "inbound",
        "Status": "received",
        "Units": 1,
        "MessageTime": lines.times("replied", shown),
    }
    _write(lines.with_replies(table, replies), path)


def _twilio_table(lines: _Lines, shown: str) -> pd.DataFrame:
    ledger, columns = lines.ledger, lines.columns
    words, codes = lines.words("Twilio")
    updated = np.where(
        lines.times("final", shown) == "", lines.times("sent", shown), lines.times("final", shown)
    )
    table = {
        "from": columns["sender"],
        "to": columns["to"],
        "body": lines.texts,
        "status": words,
        "date_created": lines.times("queued", shown),
        "date_sent": lines.times("sent", shown),
        "date_updated": updated,
        "num_segments": ledger.segments.astype(str).astype(object),
        "error_code": codes,
        "sid": columns["id"],
        "direction": np.where(lines.received, "inbound", "outbound-api"),
        "price": _money(-lines.charge),
        "price_unit": lines.currency,
    }
    came = lines.times("replied", shown)
    replies = {
        "from": columns["to"],
        "to": columns["sender"],
        "body": lines.replied,
        "status": "received",
        "date_created": came,
        "date_sent": came,
        "date_updated": came,
        "num_segments": "1",
        "sid": columns["id"] + "-reply",
        "direction": "inbound",
    }
    return lines.with_replies(table, replies)


def _twilio(lines: _Lines, path: Path) -> None:
    table = _twilio_table(lines, "%Y-%m-%dT%H:%M:%SZ")
    names = {
        **{"from": "From", "to": "To", "body": "Body", "status": "Status"},
        **{"date_sent": "SentDate", "num_segments": "NumSegments", "error_code": "ErrorCode"},
        **{"sid": "Sid", "direction": "Direction", "price": "Price", "price_unit": "PriceUnit"},
    }
    frame = table[list(names)].rename(columns=names)
    frame.insert(5, "ApiVersion", "2010-04-01")
    frame.insert(8, "AccountSid", "")
    _write(frame, path)


def _twilio_api(lines: _Lines, path: Path) -> None:
    table = _twilio_table(lines, "%Y-%m-%dT%H:%M:%SZ")
    with write_whole(path.parent, [path.name]) as (aside,), aside.open("w") as file:
        for record in table.to_dict("records"):
            kept = {name: None if value == "" else value for name, value in record.items()}
            file.write(json.dumps(kept) + "\n")


def _money(amounts: npt.NDArray[np.float64]) -> _Texts:
    return np.array(["" if np.isnan(a) else f"{a:.6f}" for a in amounts.tolist()], object)


def _write(frame: pd.DataFrame, path: Path) -> None:
    texts = frame.astype({name: "str" for name in frame if frame[name].dtype == object})
    with write_whole(path.parent, [path.name]) as (aside,):
        write_csv(texts, aside)


_WRITERS: Final[dict[str, Callable[[_Lines, Path], None]]] = {
    "smslab": _smslab,
    "plivo": _plivo,
    "plivo-callbacks": _plivo_callbacks,
    "twilio": _twilio,
    "twilio-api": _twilio_api,
}
