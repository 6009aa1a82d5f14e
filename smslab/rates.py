"""Rate cards: what a segment costs by country, carrier and type of sender."""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from importlib import resources
from numbers import Real
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd

from smslab.billing import BILLING, Billing
from smslab.drift import OTHER, Drift
from smslab.errors import OptionError, RateCardError
from smslab.price_lists import PriceList, instead_of, read_price_list
from smslab.rate import (
    CARRIER_FEE,
    FAILED_MESSAGE_FEE,
    INBOUND,
    INBOUND_CARRIER_FEE,
    KINDS,
    MICRO,
    OUTBOUND,
    Rate,
    network_code,
    rate_of,
)

__all__ = ["BASES", "MICRO", "Price", "Rate", "RateCard"]

LOWEST: Final = "country minimum"
OTHER_SENDER: Final = "another sender type"
ANYWHERE: Final = "any country"

#: How a price was found, from the best way to the worst.
BASES: Final = ("carrier", OTHER, LOWEST, OTHER_SENDER, ANYWHERE, "none")


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one segment to a country and carrier costs, and which rows say so.

    Parameters
    ----------
    segment_micro, carrier_fee_micro : int
        The provider's price and the carrier's fee on top, per segment, in millionths of the
        currency's unit.
    basis : str
        How the price was found: ``carrier``, ``Other``, ``country minimum``, ``another sender
        type`` where the card has none for this type or for any, or ``any country``.
    fee_basis : str
        The same for the fee; ``none`` where the card has no fee for the country.
    rates : tuple of Rate
        The rows that were used.
    """

    segment_micro: int
    carrier_fee_micro: int
    basis: str
    fee_basis: str
    rates: tuple[Rate, ...]

    @property
    def total_micro(self) -> int:
        """Price and fee of one segment, in millionths of the currency's unit."""
        return self.segment_micro + self.carrier_fee_micro


@dataclass(frozen=True)
class RateCard:
    """The prices of one provider in one currency.

    Parameters
    ----------
    name : str
        What the card is called in reports.
    currency : str
        ISO 4217 code.
    rates : tuple of Rate
        The rows.
    billing : Billing
        Which outcomes are charged.
    notes : tuple of str
        What was noticed when the card was read: rows that were left out, names that were mended.

    Examples
    --------
    >>> import smslab
    >>> card = smslab.RateCard.bundled()
    >>> card
    RateCard('Twilio list prices 2026-05-25', USD, 224 countries)
    >>> card.price("US", carrier="Verizon", sender_type="10dlc").total_micro
    12800
    >>> print(card.explain(country="US", carrier="Verizon", sender_type="10dlc"))
    US, Verizon, 10dlc: USD 0.0128 a segment
      price  0.0083  for other carriers (2026-05-25, Twilio SMSPricing.csv, public list (copy ...)
      fee    0.0045  of the carrier (2026-05-26, Volt help, Carrier Fee Snapshot by Carrier ...)
    """

    name: str
    currency: str
    rates: tuple[Rate, ...]
    billing: Billing = field(default_factory=Billing)
    notes: tuple[str, ...] = ()

    @classmethod
    @functools.cache
    def bundled(cls) -> RateCard:
        """Return the card that comes with smslab: public list prices and carrier fees.

        Prices by country are Twilio's public list of 2026-05-25; fees of US carriers are those
        of 2026-05-26, of Canadian ones and Puerto Rico's of 2026-02-23; each row holds its
        source. They are list prices, before tax and discount: read your own card for a bill.
        """
        with resources.as_file(resources.files("smslab").joinpath("data", "rates.csv")) as path:
            card = cls.read(path)
        return replace(card, name="Twilio list prices 2026-05-25", billing=BILLING["Twilio"])

    @classmethod
    def read(
        cls,
        path: str | Path,
        format: str = "auto",
        *,
        currency: str | None = None,
        exchange: Mapping[str, Any] | None = None,
        valid_from: dt.date | str | None = None,
    ) -> RateCard:
        """Read a card from a file: the price list of a provider, or one of your own.

        Parameters
        ----------
        path : str or Path
            CSV (UTF-8, comma separated) or JSON. A card of your own is CSV with the columns
            ``country`` (ISO 3166-1 alpha-2, or ``*`` for every country without a row), ``price``
            (at most six decimals) and ``currency``,
            and any of ``carrier``, ``mcc``, ``mnc``, ``sender_type``, ``kind`` (see
            :data:`KINDS`), ``item``, ``from_segments``, ``valid_from`` (ISO date), ``source``.
        format : str
            ``smslab`` (your own), ``twilio`` (SMSPricing.csv), ``twilio-api`` and ``plivo``
            (answers of their pricing APIs, one country, a list of them, or one a line),
            ``seven.io`` (JSON), ``didww``, ``messagebird``, or ``table``: a CSV or JSON table in
            which columns are found by name. ``auto`` finds out.
        currency : str, optional
            ISO 4217 code of the card. Prices in another currency need `exchange`. If not given,
            that of the list; for a list that names none, the one that the provider publishes in.
        exchange : mapping of str to number or str, optional
            By currency, what one unit of it is worth in `currency`.
        valid_from : date or ISO string, optional
            Day of a list that has no dates.

        Returns
        -------
        RateCard
            A provider's row that cannot be used is left out, and of rows that are about the same
            the dearest is kept; ``notes`` has a line for each.

        Raises
        ------
        RateCardError
            If the file cannot be read, a row of a card of your own is wrong (the line is named),
            nothing is left of a list, or currencies are missing or mixed.
        OptionError
            If there is no such format, or another option is of the wrong kind.
        """
        path = Path(path)
        usual = _currency(currency) if currency is not None else ""
        table = read_price_list(path, format)
        rates, notes = _checked(path, table, _day(valid_from))
        if not rates:
            hint = f" ({notes[0]})" if notes else ""
            raise RateCardError(f"{path}: no rates; it needs one row a country{hint}")
        own, usual = usual, table.currency or usual
        if not all(found.currency for found in rates):
            if not usual:
                raise RateCardError(
                    f"{path}: the list names no currency; say it: currency='EUR' or another"
                )
            notes.append(f"the list names no currency: taken as {usual}")
        codes = dict.fromkeys(found.currency or usual for found in rates)
        if not own and len(codes) > 1:
            raise RateCardError(
                f"{path}: more than one currency: {', '.join(codes)}; use a card for each, or give "
                "`currency` and `exchange`"
            )
        own = own or next(iter(codes))
        kept = _distinct(path, rates, table.strict, notes)
        exchanged = tuple(
            _exchanged(found.rate, found.currency or usual, own, exchange) for found in kept
        )
        notes += _vanished([found.rate for found in kept], exchanged, own)
        billing = BILLING.get(table.provider, Billing())
        return cls(path.stem, own, exchanged, billing, tuple(notes))

    def convert(self, currency: str, exchange: Mapping[str, Any]) -> RateCard:
        """Return the card in another currency.

        Parameters
        ----------
        currency : str
            ISO 4217 code.
        exchange : mapping of str to number or str
            By currency, what one unit of it is worth in `currency`: ``{"USD": "0.86"}``.

        Returns
        -------
        RateCard
            With prices rounded to the millionth, half to even; ``notes`` says how many of them
            are 0 by that.

        Raises
        ------
        RateCardError
            If `exchange` has no rate for the card's currency, or one that is not above 0.
        OptionError
            If `currency` is no code, or `exchange` no mapping.
        """
        code = _currency(currency)
        rates = tuple(_exchanged(rate, self.currency, code, exchange) for rate in self.rates)
        notes = (*self.notes, *_vanished(self.rates, rates, code))
        return replace(self, currency=code, rates=rates, notes=notes)

    def at(self, day: dt.date | str | None = None, *, segments: int = 0) -> RateCard:
        """Return the card as it holds on a day, for a number of segments a month.

        Where a card has prices of several days or tiers, look-ups take the newest of the first
        tier; ask here for others. The tier that a month reaches holds for all its segments.

        Parameters
        ----------
        day : date or ISO string, optional
            The day; the newest prices if not given. Rows without a date hold always.
        segments : int
            Segments a month.

        Returns
        -------
        RateCard
            With one row of each subject, which holds from the first segment on.
        """
        limit = _day(day) or dt.date.max
        best: dict[tuple[str, ...], Rate] = {}
        for rate in sorted(
            self.rates, key=lambda r: (r.valid_from or dt.date.min, r.from_segments)
        ):
            if (rate.valid_from or dt.date.min) <= limit and rate.from_segments <= segments:
                best[rate.subject] = replace(rate, from_segments=0)
        return replace(self, rates=tuple(best.values()))

    @functools.cached_property
    def _by_country(self) -> dict[tuple[str, str], list[Rate]]:
        table: dict[tuple[str, str], list[Rate]] = {}
        for rate in self.at().rates:
            table.setdefault((rate.kind, rate.country), []).append(rate)
        return table

    @functools.cached_property
    def countries(self) -> tuple[str, ...]:
        """ISO 3166-1 alpha-2 codes of the countries that the card prices, sorted."""
        found = (country for kind, country in self._by_country if kind == OUTBOUND)
        return tuple(sorted(filter(None, found)))

    @property
    def failed_message_micro(self) -> int:
        """Fee for a message that fails before it is sent, in millionths; 0 without such a row."""
        rows = self._by_country.get((FAILED_MESSAGE_FEE, ""), [])
        return rows[0].price_micro if rows else 0

    def names(self, country: str, carrier: str) -> bool:
        """Say whether the card has a rate of its own for a carrier of a country.

        Parameters
        ----------
        country : str
            ISO 3166-1 alpha-2.
        carrier : str
            The carrier, as of :meth:`price`.

        Returns
        -------
        bool
        """
        return any(
            _is_of(rate, carrier)
            for kind in (OUTBOUND, CARRIER_FEE)
            for rate in self._by_country.get((kind, country), [])
        )

    def price(
        self,
        country: str,
        *,
        carrier: str | None = None,
        sender_type: str | None = None,
        inbound: bool = False,
    ) -> Price:
        """Look up what one segment costs.

        A rate of the carrier comes first, then the one for ``Other`` carriers, then the lowest
        of the country; among them the rate for the sender's type before the one for any type.
        Rates for another type of sender are taken only where there are no such rates, and those
        for any country where there are none of the country.

        Parameters
        ----------
        country : str
            ISO 3166-1 alpha-2.
        carrier : str, optional
            The recipient's carrier, as the card spells it (case does not matter), or its mobile
            country and network code in digits, such as ``310260``.
        sender_type : str, optional
            ``10dlc``, ``short_code``, ``toll_free`` …
        inbound : bool
            For a message that comes in.

        Returns
        -------
        Price

        Raises
        ------
        RateCardError
            If the card has no price for the country.
        """
        kinds = (INBOUND, INBOUND_CARRIER_FEE) if inbound else (OUTBOUND, CARRIER_FEE)
        found, fee = (
            _choose(self._by_country.get((kind, country), []), carrier, sender_type)
            for kind in kinds
        )
        if found is None and (anywhere := self._by_country.get((kinds[0], ""))):
            found = min(anywhere, key=lambda rate: rate.price_micro), ANYWHERE
        if found is None:
            what = "inbound price" if inbound else "price"
            raise RateCardError(
                f"{self.name}: no {what} for country {country!r}; add a row to the card"
            )
        return Price(
            segment_micro=found[0].price_micro,
            carrier_fee_micro=0 if fee is None else fee[0].price_micro,
            basis=found[1],
            fee_basis="none" if fee is None else fee[1],
            rates=(found[0],) if fee is None else (found[0], fee[0]),
        )

    def explain(
        self,
        *,
        country: str,
        carrier: str | None = None,
        sender_type: str | None = None,
        inbound: bool = False,
    ) -> str:
        """Say what one segment costs, and which rows of the card say so.

        Parameters
        ----------
        country, carrier, sender_type, inbound : object
            As of :meth:`price`.

        Returns
        -------
        str
            A line with the price, one for each row that was used, and what the card charges for
            a message that fails.

        Raises
        ------
        RateCardError
            If the card has no price for the country.
        """
        found = self.price(country, carrier=carrier, sender_type=sender_type, inbound=inbound)
        about = ", ".join(filter(None, (country, carrier, sender_type)))
        total = _shown(found.total_micro)
        lines = [f"{about}: {self.currency} {total} a segment{' received' * inbound}"]
        bases = (("price", found.basis), ("fee", found.fee_basis))
        for (what, basis), rate in zip(bases, found.rates, strict=False):
            origin = ", ".join(filter(None, (str(rate.valid_from or ""), rate.source)))
            lines.append(
                f"  {what:<6} {_shown(rate.price_micro)}  {_BASIS[basis]} ({_short(origin)})"
            )
        return "\n".join(lines)

    def fixed(
        self,
        country: str | None = None,
        *,
        sender_type: str | None = None,
    ) -> pd.DataFrame:
        """List what is paid whatever is sent: numbers, registration, campaigns.

        Parameters
        ----------
        country : str, optional
            ISO 3166-1 alpha-2; all countries if not given.
        sender_type : str, optional
            All types if not given.

        Returns
        -------
        pandas.DataFrame
            One row a price: ``country``, ``sender_type``, ``kind``, ``item``, ``price`` (float64,
            in the card's currency), ``per`` (``month`` or ``once``), ``valid_from``, ``source``.
        """
        rows = [
            (
                *(r.country, r.sender_type, r.kind, r.item, float(r.price), KINDS[r.kind]),
                *(r.valid_from, r.source),
            )
            for r in self.at().rates
            if KINDS[r.kind] in ("month", "once")
            and country in (None, r.country)
            and sender_type in (None, r.sender_type)
        ]
        names = ["country", "sender_type", "kind", "item", "price", "per", "valid_from", "source"]
        return pd.DataFrame(rows, columns=pd.Index(names))

    def compare(
        self, new: RateCard, *, weights: Mapping[str, float] | pd.Series[float] | None = None
    ) -> Drift:
        """Say how prices have changed between this card and a newer one.

        Parameters
        ----------
        new : RateCard
            The newer card, in the same currency.
        weights : mapping or Series of str to number, optional
            Segments by country: what a campaign sends.

        Returns
        -------
        Drift

        Raises
        ------
        RateCardError
            If the currencies differ.
        OptionError
            If `new` is no card, or `weights` are not numbers, 0 or more, by country.
        """
        if not isinstance(new, RateCard):
            raise OptionError(f"a card is compared with another RateCard; not {new!r:.60}")
        if self.currency != new.currency:
            raise RateCardError(
                f"{self.name} is in {self.currency}, {new.name} in {new.currency}; bring them "
                f"together: new.convert({self.currency!r}, {{{new.currency!r}: ...}})"
            )
        sent = _weights(weights)
        rows = {}
        for country in sorted({*self.countries, *new.countries, *sent}):
            prices = [
                card.price(country) if country in card.countries else None for card in (self, new)
            ]
            money = [math.nan if p is None else p.segment_micro / MICRO for p in prices]
            bases = [None if p is None else p.basis for p in prices]
            rows[country] = (*money, *bases, sent.get(country, 0.0))
        table = pd.DataFrame.from_dict(
            rows, orient="index", columns=["old", "new", "old_basis", "new_basis", "weight"]
        ).rename_axis("country")
        change = (table["new"] / table["old"] - 1).where(table["new"] != table["old"], 0.0)
        table.insert(2, "change", change)
        if not sent:
            del table["weight"]
        return Drift(self.name, new.name, self.currency, table)

    def __repr__(self) -> str:
        noted = f", {len(self.notes)} notes" if self.notes else ""
        return f"RateCard({self.name!r}, {self.currency}, {len(self.countries)} countries{noted})"


_BASIS: Final = {
    "carrier": "of the carrier",
    OTHER: "for other carriers",
    LOWEST: "the lowest of the country: no row for the carrier or for others",
    OTHER_SENDER: "for another sender type: no row for this one",
    ANYWHERE: "for any country: no row for this one",
}

_SOURCE_WIDTH: Final = 60


def _short(text: str) -> str:
    if len(text) <= _SOURCE_WIDTH:
        return text
    return f"{text[:_SOURCE_WIDTH].rpartition(' ')[0].rstrip('(,')} ..."


def _shown(micro: int) -> str:
    return f"{Decimal(micro) / MICRO:f}".rstrip("0").rstrip(".") if micro else "0"


def _is_of(rate: Rate, carrier: str) -> bool:
    """Say whether a rate is the one of a carrier, by its name or by its codes in digits."""
    if carrier.isdecimal() and rate.mcc and rate.mnc:
        mcc, mnc = carrier[: len(rate.mcc)], carrier[len(rate.mcc) :]
        return mcc == rate.mcc and network_code(mnc) == rate.mnc
    return rate.carrier.casefold() == carrier.casefold()


def _choose(
    rates: list[Rate], carrier: str | None, sender_type: str | None
) -> tuple[Rate, str] | None:
    """Find the rate of the carrier, else of others, else the lowest; the sender's type first."""

    def cheapest(named: Callable[[Rate], bool], sender_types: str | None) -> Rate | None:
        found = [
            rate
            for rate in rates
            if sender_types in (None, rate.sender_type.casefold()) and named(rate)
        ]
        return min(found, key=lambda rate: rate.price_micro, default=None)

    ways: list[tuple[str, Callable[[Rate], bool]]] = [
        (OTHER, _is_other),
        (LOWEST, lambda rate: True),
    ]
    if carrier:
        ways.insert(0, ("carrier", lambda rate: _is_of(rate, carrier)))
    types: list[str | None] = [sender_type.casefold(), ""] if sender_type else ["", None]
    tries = [(basis, named, kind) for basis, named in ways for kind in types]
    # A rate for another type of sender is better than none, and comes last.
    for basis, named, kind in [*tries, *((OTHER_SENDER, named, None) for _, named in ways)]:
        rate = cheapest(named, kind)
        if rate is not None:
            return rate, basis
    return None


def _is_other(rate: Rate) -> bool:
    return rate.carrier.casefold() == OTHER.casefold() and not rate.mnc


class _Found(NamedTuple):
    """A rate of a list: where it stands, and its currency, empty where the list names none."""

    where: str
    rate: Rate
    currency: str


def _checked(path: Path, table: PriceList, day: dt.date | None) -> tuple[list[_Found], list[str]]:
    """Make the rates of a list, and what is to be noted of it."""
    rates: list[_Found] = []
    left_out: list[str] = []
    single: dict[str, str] = {}
    for row in table.rows:
        try:
            rates.append(_Found(row.where, *rate_of(row.cells, day)))
        except RateCardError as error:
            if table.strict:
                raise RateCardError(f"{path}: {row.where}: {error}") from None
            left_out.append(f"{row.where}: left out: {error}{instead_of(row.cells)}")
        if len(mnc := row.cells.get("mnc", "")) == 1:
            single[mnc] = network_code(mnc)
    read_as = ", ".join(f"{mnc!r} as {code!r}" for mnc, code in sorted(single.items()))
    one_digit = [f"network codes of one digit were read as two: {read_as}"] if single else []
    return rates, [*table.notes, *left_out, *one_digit]


def _distinct(path: Path, rates: Iterable[_Found], strict: bool, notes: list[str]) -> list[_Found]:
    """Keep one rate of a subject, day and tier."""
    kept: dict[tuple[Any, ...], _Found] = {}
    for found in rates:
        rate = found.rate
        key = (*rate.subject, rate.valid_from, rate.from_segments)
        first = kept.setdefault(key, found)
        if first is found:
            continue
        about = ", ".join(filter(None, (rate.kind, rate.country, rate.carrier, rate.sender_type)))
        if strict:
            raise RateCardError(
                f"{path}: {found.where} is about the same ({about}) as {first.where}; keep one of "
                "them"
            )
        if first.rate.price_micro != rate.price_micro:
            kept[key] = max(first, found, key=lambda f: f.rate.price_micro)
            notes.append(
                f"{found.where}: another price of the same ({about}) as {first.where}; the dearer "
                f"of {_shown(first.rate.price_micro)} and {_shown(rate.price_micro)} is kept"
            )
    return list(kept.values())


def _weights(given: Mapping[str, float] | pd.Series[float] | None) -> dict[str, float]:
    """Add up segments by the code of the country."""
    if not isinstance(given, Mapping | pd.Series | None):
        raise OptionError(f"weights must be segments by country, a dict; not {given!r:.60}")
    sent: dict[str, float] = {}
    pairs: Any = {} if given is None else given
    for country, segments in pairs.items():
        number = float(segments) if isinstance(segments, Real) else math.nan
        if not isinstance(country, str) or not 0 <= number < math.inf:
            raise OptionError(
                "weights must be numbers of segments, 0 or more, by country, such as {'US': 100}; "
                f"not {country!r:.60}: {segments!r:.60}"
            )
        sent[country.upper()] = sent.get(country.upper(), 0.0) + number
    return sent


def _currency(code: Any) -> str:
    if not isinstance(code, str) or not re.fullmatch("[A-Za-z]{3}", code):
        raise OptionError(
            f"currency must be a code of three letters such as 'EUR'; not {code!r:.60}"
        )
    return code.upper()


def _vanished(before: Sequence[Rate], after: Sequence[Rate], currency: str) -> list[str]:
    """Note the prices that an exchange rate has made nothing of."""
    gone = sum(
        old.price_micro > new.price_micro == 0 for old, new in zip(before, after, strict=True)
    )
    if not gone:
        return []
    return [f"{gone:,} prices are 0 in {currency}: less than half a millionth; check the exchange"]


def _exchanged(rate: Rate, own: str, currency: str, exchange: Mapping[str, Any] | None) -> Rate:
    if own == currency:
        return rate
    if not isinstance(exchange, Mapping | None):
        raise OptionError(
            f"exchange must be a dict, such as {{{own!r}: '0.86'}}; not {exchange!r:.60}"
        )
    worth = {str(code).upper(): value for code, value in (exchange or {}).items()}
    if own not in worth:
        raise RateCardError(
            f"prices are in {own}, the card is to be in {currency}; say what one {own} is worth: "
            f"exchange={{{own!r}: ...}}"
        )
    try:
        factor = Decimal(str(worth[own]))
    except InvalidOperation:
        factor = Decimal("NaN")
    if not (factor.is_finite() and factor > 0):
        raise RateCardError(f"exchange[{own!r}] must be a number above 0; not {worth[own]!r}")
    micro = (Decimal(rate.price_micro) * factor).to_integral_value(ROUND_HALF_EVEN)
    return replace(rate, price_micro=int(micro))


def _day(day: dt.date | str | None) -> dt.date | None:
    if isinstance(day, dt.datetime):
        return day.date()
    if day is None or isinstance(day, dt.date):
        return day
    try:
        return dt.date.fromisoformat(day)
    except (TypeError, ValueError):
        raise OptionError(f"a day must be a date such as 2026-05-25; not {day!r:.60}") from None
