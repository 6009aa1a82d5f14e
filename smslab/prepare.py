"""A list made ready to be sent: each row sendable, changed, or rejected with the reason."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from smslab import rules
from smslab.columns import NULLABLE
from smslab.preparation import Preparation
from smslab.rates import RateCard
from smslab.text import Texts

__all__ = ["Prepared", "prepare", "summary_of"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Prepared:
    """A list, each row of it as it can be sent, changed or rejected.

    Parameters
    ----------
    messages : pandas.DataFrame
        The list as it was, every row and column, with the columns of :func:`prepare` behind.
    report : pandas.DataFrame
        One row per status and reason: ``status``, ``reason``, ``rows``, ``segments``, and with
        rates ``cost`` (in their currency) and ``unpriced`` (rows without a price).
    columns : dict of str to str
        Which column of the list is the text, the number, the country, the carrier.
    currency : str
        Of the costs; empty where there are none.
    notes : tuple of str
        What else should be known.
    """

    messages: pd.DataFrame
    report: pd.DataFrame
    columns: Mapping[str, str]
    currency: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.messages)

    @cached_property
    def sendable(self) -> pd.DataFrame:
        """What can be sent, for :func:`smslab.cost`, :func:`smslab.forecast` and the like.

        ``to`` in E.164, ``text``, ``country`` and, where there is one, ``carrier``.
        """
        rows = self.messages[self.messages["sms_status"] != "rejected"]
        found = {"to": rows["sms_number"], "text": rows["sms_text"]}
        found["country"] = rows["sms_country"].astype("str")
        if "carrier" in self.columns:
            found["carrier"] = rows[self.columns["carrier"]]
        return pd.DataFrame(found)

    @cached_property
    def rejected(self) -> pd.DataFrame:
        """The rows that cannot be sent; ``sms_reason`` says why."""
        return self.messages[self.messages["sms_status"] == "rejected"]

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`messages`."""
        return self.messages

    def summary(self) -> str:
        """Return how many rows came to what, in words."""
        return summary_of(self.report, self.currency, self.notes)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        return f"{self.report.to_html(index=False, border=0)}{notes}"


def summary_of(report: pd.DataFrame, currency: str, notes: Sequence[str]) -> str:
    """Write a report in words.

    Parameters
    ----------
    report : DataFrame
        As :attr:`Prepared.report`.
    currency : str
        Of the costs; empty where there are none.
    notes : sequence of str
        What else should be known.

    Returns
    -------
    str
        A line for each status and reason, and what is left to send.
    """
    kept = report[report["status"] != "rejected"]
    rows_ = int(report["rows"].sum())
    lines = [f"{rows_:,} row{'s' * (rows_ != 1)}, {kept['rows'].sum():,} of them can be sent"]
    if currency:
        money = f"{currency} {kept['cost'].sum():,.2f}"
        unpriced = int(kept["unpriced"].sum())
        lines.append(f"cost      {money}" + (f", {unpriced:,} have no price" * (unpriced > 0)))
    lines[1:1] = [f"segments  {kept['segments'].sum():,}"]
    for status, reason, rows in zip(
        report["status"], report["reason"], report["rows"], strict=True
    ):
        lines.append(f"{status:9} {rows:>11,}{'  ' * bool(reason)}{reason}")
    return "\n".join([*lines, *notes])


def prepare(
    messages: pd.DataFrame | Any,
    *,
    text: str | None = None,
    to: str | None = None,
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
) -> Prepared:
    """Prepare a list to be sent: every row comes out once, sendable, changed or rejected.

    Numbers are completed to E.164, opt-outs and duplicates taken out, a template filled in,
    look-alikes put in where they save segments, segments counted, prices and the earliest allowed
    moment looked up. A row is rejected for the first of these reasons: its number, an opt-out, a
    field of the template, its text, too many segments, and only then as a duplicate of a row that
    can be sent.

    Parameters
    ----------
    messages : DataFrame, Arrow table or polars DataFrame
        The list: numbers and texts, and where there are such the columns ``country`` (ISO 3166-1
        alpha-2; it wins over that of the number), ``carrier`` and ``timezone`` (a name of the IANA
        database; it wins over those of the number); any further columns.
    text, to : str, optional
        Columns of the texts and of the phone numbers; the usual names are looked for if not given.
    country : str, optional
        ISO 3166-1 alpha-2 code of the country of national numbers in rows that name none.
    opt_outs : Series, list or iterable of str or int, optional
        Numbers that nothing is sent to.
    template : str, optional
        The text of all, as of :func:`smslab.render`, in place of a column of texts.
    smart : str, optional
        A level of :func:`smslab.smart_encode`.
    languages : None, ``auto`` or list of str
        As of :func:`smslab.segment`.
    validate : bool
        Whether numbers that nobody can have are rejected, and what answers a number is looked up;
        needs the extra ``phone``, and takes about 15 microseconds for each number.
    quiet_hours : tuple of float, or str, optional
        Hour from which and until which nothing is sent, such as ``(21, 8)``, by the clocks of
        everywhere that a number may be; or ``marketing``: outside each country's hours for
        marketing.
    start : datetime, optional
        From when on messages are sent, with its offset; needed with `quiet_hours`.
    rates : RateCard, optional
        Prices.
    sender_type : str, optional
        As of :func:`smslab.cost`.
    duplicates : str
        What makes a row a duplicate: the same ``number``, ``number and text``, or ``none``. The
        first is kept.
    max_segments : int
        Segments that a message may have.

    Returns
    -------
    Prepared
        Its ``messages`` have these columns behind those of the list:

        ``sms_status`` : category, ``sendable``, ``changed`` or ``rejected``
        ``sms_reason`` : category, why it is rejected or changed
        ``sms_number`` : str, E.164 with its ``+``; null where it is none
        ``sms_country`` : category, ISO 3166-1 alpha-2
        ``sms_time_zone`` : category, name of the IANA database; null where it may be one of several
        ``sms_number_type`` : category, ``mobile``, ``fixed line`` …; null without `validate`
        ``sms_text`` : str, what is to be sent
        ``sms_changes`` : str, which characters were replaced by what, and how often
        ``sms_encoding`` : category, ``GSM-7`` or ``UCS-2``; ``sms_segments`` : Int32
        ``sms_cost`` : float64, in the currency of `rates`
        ``sms_send_at`` : when it may be sent at the earliest, UTC, to the second
        ``sms_first_row`` : Int64, number (from 1) of the row that it repeats

    Raises
    ------
    InputError
        If a column is missing or there twice, or `country` is none.
    OptionError
        If an option is none of those above.
    TextError
        If the template has a brace alone, or a text half a surrogate pair.

    Notes
    -----
    Sources: ITU-T E.164 (11/2010); prefixes, trunk prefixes and time zones as in libphonenumber's
    metadata (2026-11). Where a mobile prefix may be in several zones of a country, the moment is
    allowed in all of them. It takes 15 to 30 octets of memory for every number that is kept,
    25 to 50 with texts.

    Examples
    --------
    >>> import pandas as pd
    >>> import smslab
    >>> contacts = pd.DataFrame(
    ...     {
    ...         "phone": ["(202) 555-0123", "+44 7700 900123", "2025550123", "n/a"],
    ...         "name": ["Ann", "Zoë", "Ann", "Bob"],
    ...     }
    ... )
    >>> prepared = smslab.prepare(contacts, template="Hi {name}", country="US")
    >>> prepared.messages[["sms_number", "sms_country", "sms_text", "sms_reason"]]
          sms_number sms_country sms_text          sms_reason
    0   +12025550123          US   Hi Ann                 NaN
    1  +447700900123          GB   Hi Zoë                 NaN
    2   +12025550123          US   Hi Ann           duplicate
    3            NaN          US   Hi Bob  not a phone number
    >>> prepared
    4 rows, 2 of them can be sent
    segments  2
    sendable            2
    rejected            1  duplicate
    rejected            1  not a phone number
    """
    if not isinstance(messages, pd.DataFrame):
        if not hasattr(messages, "__arrow_c_stream__"):
            raise TypeError(f"messages must be a table; not {type(messages).__name__}")
        messages = pa.table(messages).to_pandas(types_mapper=NULLABLE.get)
    preparation = Preparation(
        country=country,
        opt_outs=opt_outs,
        template=template,
        smart=smart,
        languages=languages,
        validate=validate,
        quiet_hours=quiet_hours,
        start=start,
        rates=rates,
        sender_type=sender_type,
        duplicates=duplicates,
        max_segments=max_segments,
    )
    names = [str(name) for name in messages.columns]
    columns = preparation.columns_of("messages", names, {"text": text, "to": to})
    chosen = {key: messages.iloc[:, names.index(name)] for key, name in columns.items()}
    added = preparation.add(chosen, len(messages)).to_pandas(types_mapper=NULLABLE.get)
    return Prepared(
        messages=pd.concat([messages, added.set_axis(messages.index)], axis=1),
        report=preparation.report(),
        columns={key: name for key, name in columns.items() if key in ("text", "to", "carrier")},
        currency="" if rates is None else rates.currency,
        notes=tuple(preparation.notes),
    )
