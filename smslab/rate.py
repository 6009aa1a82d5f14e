"""Rates: one price each, checked."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from smslab.drift import OTHER
from smslab.errors import RateCardError, nearest
from smslab.numbering import known_countries
from smslab.price_lists import ANY_COUNTRY, CARD_COLUMNS

__all__ = ["KINDS", "MICRO", "Rate", "network_code", "rate_of"]

#: Money is exact inside: integers of a millionth of the currency's unit.
MICRO: Final = 1_000_000
_DECIMALS: Final = 6

#: Dearer than any segment in any currency; products of prices and segments then fit 64 bits.
_HIGHEST_PRICE: Final = 100_000

OUTBOUND: Final = "outbound"
INBOUND: Final = "inbound"
CARRIER_FEE: Final = "outbound_carrier_fee"
INBOUND_CARRIER_FEE: Final = "inbound_carrier_fee"
FAILED_MESSAGE_FEE: Final = "failed_message_fee"

#: What a price is for, and per what it is.
KINDS: Final = {
    OUTBOUND: "segment",
    INBOUND: "segment",
    CARRIER_FEE: "segment",
    INBOUND_CARRIER_FEE: "segment",
    FAILED_MESSAGE_FEE: "message",
    "number_monthly": "month",
    "campaign_monthly": "month",
    "account_monthly": "month",
    "registration_once": "once",
}


@dataclass(frozen=True, kw_only=True)
class Rate:
    """One row of a rate card.

    Parameters
    ----------
    country : str
        ISO 3166-1 alpha-2; empty for what is the same everywhere.
    price_micro : int
        Price in millionths of the currency's unit, per what :data:`KINDS` says.
    carrier : str
        The recipient's carrier; ``Other`` for every carrier without a row of its own.
    mcc, mnc : str
        Mobile country and network code of that carrier, where the list has them. A network code
        has two or three digits, which are not the same networks (ITU-T E.212): ``01`` is not
        ``001``. One digit is taken as two.
    sender_type : str
        ``10dlc``, ``short_code``, ``toll_free``, ``long_code`` …; empty for any.
    kind : str
        What the price is for: a key of :data:`KINDS`.
    item : str
        Which one, where there are several of a kind: ``brand``, ``vetting``, ``standard`` …
    from_segments : int
        Segments a month from which on the price holds.
    valid_from : datetime.date, optional
        Day from which the price holds, or the day of the list.
    source : str
        Where the figure was read.
    """

    country: str
    price_micro: int
    carrier: str = OTHER
    mcc: str = ""
    mnc: str = ""
    sender_type: str = ""
    kind: str = OUTBOUND
    item: str = ""
    from_segments: int = 0
    valid_from: dt.date | None = None
    source: str = ""

    def __post_init__(self) -> None:
        micro = self.price_micro
        if type(micro) is not int or not 0 <= micro <= _HIGHEST_PRICE * MICRO:
            raise RateCardError(
                f"price_micro must be an integer, 0 to {_HIGHEST_PRICE * MICRO:,} millionths; "
                f"not {micro!r:.40}"
            )
        object.__setattr__(self, "mnc", network_code(self.mnc))

    @property
    def price(self) -> Decimal:
        """The price in the currency's unit."""
        return Decimal(self.price_micro) / MICRO

    @property
    def subject(self) -> tuple[str, ...]:
        """What the price is of: one price of a subject holds at a time."""
        network = (self.carrier.casefold(), self.mcc, self.mnc)
        return (self.kind, self.country, *network, self.sender_type.casefold(), self.item)


def network_code(digits: str) -> str:
    """Return a mobile network code as ITU-T E.212 has it: a number's lost zero comes back.

    Parameters
    ----------
    digits : str
        The code, or nothing.

    Returns
    -------
    str
    """
    return digits.zfill(2) if digits else ""


def rate_of(given: Mapping[str, str], day: dt.date | None) -> tuple[Rate, str]:
    """Check the cells of a price.

    Parameters
    ----------
    given : mapping of str to str
        By the names of :data:`~smslab.price_lists.CARD_COLUMNS`.
    day : date or None
        From when on a price without a date holds.

    Returns
    -------
    tuple of Rate and str
        The rate and its currency, empty where the cells name none.

    Raises
    ------
    RateCardError
        If a cell is wrong.
    """
    cells = {name: given.get(name, "") for name in CARD_COLUMNS}
    kind = cells["kind"] or OUTBOUND
    if kind not in KINDS:
        raise RateCardError(
            f"kind must be one of {', '.join(KINDS)}; not {kind!r}.{nearest(kind, KINDS)}"
        )
    country = cells["country"].upper().removeprefix(ANY_COUNTRY)
    anywhere = cells["country"] == ANY_COUNTRY or KINDS[kind] in ("month", "once")
    if kind == FAILED_MESSAGE_FEE:
        if country:
            raise RateCardError("a failed_message_fee holds everywhere; empty its country")
    elif country not in known_countries() and not (anywhere and not country):
        raise RateCardError(
            "country must be an ISO 3166-1 alpha-2 code such as 'US'; "
            f"not {cells['country']!r}.{nearest(country, known_countries())}"
        )
    if cells["currency"] and not re.fullmatch(r"[A-Za-z]{3}", cells["currency"]):
        raise RateCardError(
            f"currency must be a code of three letters such as 'USD'; not {cells['currency']!r}"
        )
    for name in ("mcc", "mnc", "from_segments"):
        if cells[name] and not re.fullmatch("[0-9]{1,15}", cells[name]):
            raise RateCardError(f"{name} must be digits; not {cells[name]!r:.40}")
    try:
        valid_from = dt.date.fromisoformat(cells["valid_from"]) if cells["valid_from"] else day
    except ValueError:
        raise RateCardError(
            f"valid_from must be a date such as 2026-05-25; not {cells['valid_from']!r}"
        ) from None
    rate = Rate(
        country=country,
        price_micro=_micro(cells["price"]),
        carrier=cells["carrier"] or OTHER,
        mcc=cells["mcc"],
        mnc=cells["mnc"],
        sender_type=cells["sender_type"],
        kind=kind,
        item=cells["item"],
        from_segments=int(cells["from_segments"] or 0),
        valid_from=valid_from,
        source=cells["source"],
    )
    return rate, cells["currency"].upper()


def _micro(price: str) -> int:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?|\.[0-9]+", price):
        raise RateCardError(
            "price must be a number such as 0.0083, zero or more, with a decimal point; "
            f"not {price!r:.40}"
        )
    units, _, decimals = price.partition(".")
    if decimals[_DECIMALS:].strip("0"):
        raise RateCardError(f"price may have six decimals at most; not {price!r:.40}; round it")
    if len(units.lstrip("0")) > len(str(_HIGHEST_PRICE)) or int(units or 0) >= _HIGHEST_PRICE:
        raise RateCardError(f"price must be below {_HIGHEST_PRICE:,}; not {price!r:.40}")
    return int(units or 0) * MICRO + int(decimals[:_DECIMALS].ljust(_DECIMALS, "0"))
