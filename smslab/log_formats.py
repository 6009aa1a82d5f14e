"""Formats of logs: under which names providers put what, and what their words and codes mean."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final, NamedTuple

from smslab.outcome import Reason, Status

__all__ = ["FORMATS", "INBOUND", "LogFormat", "Meaning", "folded", "meanings"]

#: Directions of messages that came from people.
INBOUND: Final = frozenset({"inbound", "incoming", "mo"})


@dataclass(frozen=True, kw_only=True)
class LogFormat:
    """How a provider writes what became of a message.

    Parameters
    ----------
    name : str
        What the format is called.
    provider : str
        Whose words and codes are used, as :func:`meanings` knows it.
    marks : frozenset of str
        Folded names of columns by which the format is known.
    columns : mapping of str to tuple of str
        By what smslab calls it, the folded names of its columns, the best first.
    digits : str
        What ten or twelve digits are: ``date`` (YYMMDDhhmm or with seconds) or ``epoch``.
    currency : str
        Of charges in a log that names none.
    """

    name: str
    provider: str
    marks: frozenset[str]
    columns: Mapping[str, tuple[str, ...]]
    digits: str = "epoch"
    currency: str = ""


#: Times among the columns of a format. ``updated`` is the last change of the status, ``event``
#: when the status of the record was reached.
TIMES: Final = ("queued", "sent", "final", "receipt", "read", "replied", "updated", "event")

FORMATS: Final = (
    LogFormat(
        name="smslab",
        provider="smslab",
        marks=frozenset({"queued", "sent", "final", "status", "segments"}),
        columns={
            **{name: (name,) for name in ("id", "campaign", "sender", "to", "country", "carrier")},
            **{name: (name,) for name in ("segments", "encoding", "status", "reason", "code")},
            **{name: (name,) for name in ("queued", "sent", "final", "receipt", "read", "replied")},
            **{name: (name,) for name in ("reply", "direction", "charge", "currency", "text")},
        },
    ),
    LogFormat(
        name="plivo",
        provider="Plivo",
        marks=frozenset({"messageuuid"}),
        columns={
            "id": ("parentmessageuuid", "messageuuid"),
            "campaign": ("tendlccampaignid", "powerpackuuid", "powerpackid"),
            "sender": ("fromnumber", "from"),
            "to": ("tonumber", "to"),
            "country": ("destinationcountryiso2", "tocountryiso2"),
            "mcc": ("mcc",),
            "mnc": ("mnc",),
            "segments": ("units",),
            "direction": ("messagedirection", "direction"),
            "status": ("messagestate", "status"),
            "code": ("errorcode",),
            "queued": ("queuedtime", "messagetime", "time"),
            "sent": ("senttime", "messagesenttime"),
            "receipt": ("deliveryreporttime",),
            "updated": ("messageupdatedtime",),
            "charge": ("totalchargeusd", "totalamount", "messagecharge", "amount"),
        },
        currency="USD",
    ),
    LogFormat(
        name="twilio",
        provider="Twilio",
        marks=frozenset({"sid", "status", "numsegments"}),
        columns={
            "id": ("sid",),
            "campaign": ("messagingservicesid",),
            "sender": ("from",),
            "to": ("to",),
            "segments": ("numsegments",),
            "direction": ("direction",),
            "status": ("status",),
            "code": ("errorcode",),
            "queued": ("datecreated",),
            "sent": ("datesent", "sentdate"),
            "updated": ("dateupdated",),
            "charge": ("price",),
            "currency": ("priceunit",),
            "text": ("body",),
        },
    ),
    LogFormat(
        name="telnyx",
        provider="Telnyx",
        marks=frozenset({"receivedat", "completedat", "parts"}),
        columns={
            "id": ("id",),
            "campaign": ("tcrcampaignid", "messagingprofileid"),
            "sender": ("from.phonenumber", "from"),
            "to": ("to.phonenumber", "to"),
            "carrier": ("to.carrier",),
            "segments": ("parts",),
            "encoding": ("encoding",),
            "direction": ("direction",),
            "status": ("to.status", "status"),
            "code": ("errors.code",),
            "queued": ("receivedat",),
            "sent": ("sentat",),
            "updated": ("completedat",),
            "charge": ("cost.amount",),
            "currency": ("cost.currency",),
            "text": ("text",),
        },
    ),
    LogFormat(
        name="aws",
        provider="AWS",
        marks=frozenset({"eventtype", "messageid", "messagestatus"}),
        columns={
            "id": ("messageid",),
            "campaign": ("messagetype",),
            "sender": ("originationphonenumber",),
            "to": ("destinationphonenumber",),
            "country": ("isocountrycode",),
            "mcc": ("mcc",),
            "mnc": ("mnc",),
            "segments": ("totalmessageparts",),
            "encoding": ("messageencoding",),
            "status": ("messagestatus",),
            "code": ("messagestatus",),
            "queued": ("messagerequesttimestamp",),
            "event": ("eventtimestamp",),
            "charge": ("totalmessageprice",),
            "fee": ("totalcarrierfee",),
        },
        currency="USD",
    ),
    LogFormat(
        name="vonage",
        provider="Vonage",
        marks=frozenset({"msisdn", "messageid", "scts"}),
        columns={
            "id": ("messageid",),
            "sender": ("to",),  # of the receipt, which goes back
            "to": ("msisdn",),
            "mccmnc": ("networkcode",),
            "status": ("status",),
            "code": ("errcode",),
            # `scts` is in the local time of nobody knows whom.
            "receipt": ("messagetimestamp",),
            "charge": ("price",),
        },
        digits="date",
        currency="EUR",
    ),
    LogFormat(
        name="smpp",
        provider="SMPP",
        marks=frozenset({"id", "stat", "donedate"}),
        columns={
            "id": ("id",),
            "sender": ("orig",),
            "to": ("dest",),
            "segments": ("sub",),
            "status": ("stat",),
            "code": ("err",),
            "sent": ("submitdate",),
            "final": ("donedate",),
        },
        digits="date",
    ),
)


def folded(name: str) -> str:
    """Fold the name of a column: small letters, digits, and the dots of names within names.

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    str
    """
    return "".join(c for c in name.casefold() if c.isalnum() or c == ".")


class Meaning(NamedTuple):
    """What a word or a code of a provider means."""

    status: Status | None
    taken: bool
    reason: Reason


#: Statuses of the table: what each is here, and whether a carrier took the message.
_STATUSES: Final[dict[str, tuple[Status | None, bool]]] = {
    "": (None, False),
    "pending": (Status.PENDING, False),
    "sent": (Status.PENDING, True),
    "failed": (Status.FAILED, False),
    "undelivered": (Status.UNDELIVERED, True),
    "expired": (Status.EXPIRED, True),
    "delivered": (Status.DELIVERED, True),
    "received": (Status.RECEIVED, False),
}


@functools.cache
def meanings(provider: str, field: str) -> dict[str, Meaning]:
    """Return what the words and codes of a provider mean.

    Parameters
    ----------
    provider : str
        ``Twilio``, ``Plivo`` …; ``smslab`` for our own words.
    field : str
        ``status`` for words, ``error`` for codes.

    Returns
    -------
    dict of str to Meaning
        By word or code in small letters.
    """
    if provider == "smslab":
        words = {s.name.lower(): _STATUSES.get(s.name.lower(), (s, True)) for s in Status}
        words |= {"sent": _STATUSES["sent"]}
        return {word: Meaning(*known, Reason.NONE) for word, known in words.items()}
    file = resources.files("smslab").joinpath("data", "delivery_codes.csv")
    with file.open("r", encoding="utf-8") as lines:
        return {
            row["code"].casefold(): Meaning(
                *_STATUSES[row["status"]],
                # A carrier gives up when the handset has been away for too long.
                Reason.ABSENT
                if row["reason"] == "expired"
                else Reason[row["reason"].upper() or "NONE"],
            )
            for row in csv.DictReader(lines)
            if (row["provider"], row["field"]) == (provider, field)
        }
