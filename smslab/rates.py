"""Rate cards: what a segment costs by country, carrier and type of sender."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

from smslab.errors import RateCardError, nearest
from smslab.numbering import known_countries

__all__ = ["MICRO", "Price", "Rate", "RateCard"]

#: Money is exact inside: integers of a millionth of the currency's unit.
MICRO: Final = 1_000_000
_DECIMALS: Final = 6

#: Dearer than any segment in any currency; products of prices and segments then fit 64 bits.
_HIGHEST_PRICE: Final = 100_000

OTHER: Final = "Other"
LOWEST: Final = "country minimum"
OTHER_SENDER: Final = "another sender type"

#: How a price was found, from the best way to the worst.
BASES: Final = ("carrier", OTHER, LOWEST, OTHER_SENDER, "none")

OUTBOUND: Final = "outbound"
CARRIER_FEE: Final = "outbound_carrier_fee"
FAILED_MESSAGE_FEE: Final = "failed_message_fee"
_KINDS: Final = (OUTBOUND, CARRIER_FEE, FAILED_MESSAGE_FEE)

_REQUIRED: Final = ("country", "price", "currency")
_COLUMNS: Final = (*_REQUIRED, "carrier", "sender_type", "kind", "valid_from", "source")


@dataclass(frozen=True, kw_only=True)
class Rate:
    """One row of a rate card.

    Parameters
    ----------
    country : str
        ISO 3166-1 alpha-2; empty for a fee that is the same everywhere.
    price_micro : int
        Price in millionths of the currency's unit: per segment for ``outbound`` and
        ``outbound_carrier_fee``, per message for ``failed_message_fee``.
    carrier : str
        The recipient's carrier; ``Other`` for every carrier without a row of its own.
    sender_type : str
        ``10dlc``, ``short_code``, ``toll_free``, ``long_code`` …; empty for any.
    kind : str
        ``outbound``, ``outbound_carrier_fee`` or ``failed_message_fee``.
    valid_from : datetime.date, optional
        Day from which the price holds, or the day of the list.
    source : str
        Where the figure was read.
    """

    country: str
    price_micro: int
    carrier: str = OTHER
    sender_type: str = ""
    kind: str = OUTBOUND
    valid_from: dt.date | None = None
    source: str = ""

    def __post_init__(self) -> None:
        micro = self.price_micro
        if type(micro) is not int or not 0 <= micro <= _HIGHEST_PRICE * MICRO:
            raise RateCardError(
                f"price_micro must be an integer, 0 to {_HIGHEST_PRICE * MICRO:,} millionths; "
                f"not {micro!r:.40}"
            )


@dataclass(frozen=True, kw_only=True)
class Price:
    """What one segment to a country and carrier costs, and which rows say so.

    Parameters
    ----------
    segment_micro, carrier_fee_micro : int
        The provider's price and the carrier's fee on top, per segment, in millionths of the
        currency's unit.
    basis : str
        How the price was found: ``carrier``, ``Other``, ``country minimum`` or ``another sender
        type``, where the card has none for this type or for any.
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

    Examples
    --------
    >>> import smslab
    >>> card = smslab.RateCard.bundled()
    >>> card
    RateCard('Twilio list prices 2026-05-25', USD, 224 countries)
    >>> card.price("US", carrier="Verizon", sender_type="10dlc").total_micro
    12800
    """

    name: str
    currency: str
    rates: tuple[Rate, ...]

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
        return cls("Twilio list prices 2026-05-25", card.currency, card.rates)

    @classmethod
    def read(cls, path: str | Path) -> RateCard:
        """Read a card from a CSV file.

        Parameters
        ----------
        path : str or Path
            UTF-8, comma separated, with the columns ``country`` (ISO 3166-1 alpha-2),
            ``price`` (per segment, at most six decimals) and ``currency``, and any of
            ``carrier``, ``sender_type``, ``kind``, ``valid_from`` (ISO date) and ``source``.

        Raises
        ------
        RateCardError
            If the file cannot be read or a row is wrong; the line is named.
        """
        path = Path(path)
        try:
            lines = path.read_text("utf-8-sig").splitlines(keepends=True)
        except OSError as error:
            raise RateCardError(f"{path}: cannot be read: {error.strerror}") from None
        except UnicodeDecodeError as error:
            raise RateCardError(
                f"{path}: not UTF-8 (byte {error.start}); save it as CSV UTF-8"
            ) from None
        rates: list[Rate] = []
        currencies: dict[str, int] = {}
        lines_by_key: dict[tuple[str, ...], int] = {}
        for line, cells in _rows(path, lines):
            rate = _rate(cells, f"{path}: line {line}")
            key = (rate.kind, rate.country, rate.carrier.casefold(), rate.sender_type.casefold())
            if key in lines_by_key:
                raise RateCardError(
                    f"{path}: line {line}: same kind, country, carrier and sender type as line "
                    f"{lines_by_key[key]}; keep one of them"
                )
            lines_by_key[key] = line
            currencies.setdefault(cells["currency"].upper(), line)
            rates.append(rate)
        if not rates:
            raise RateCardError(f"{path}: no rates; it needs one row a country")
        if len(currencies) > 1:
            found = ", ".join(f"{code} (line {line})" for code, line in currencies.items())
            raise RateCardError(f"{path}: more than one currency: {found}; use a card for each")
        return cls(path.stem, next(iter(currencies)), tuple(rates))

    @functools.cached_property
    def _by_country(self) -> dict[tuple[str, str], list[Rate]]:
        table: dict[tuple[str, str], list[Rate]] = {}
        for rate in self.rates:
            table.setdefault((rate.kind, rate.country), []).append(rate)
        return table

    @functools.cached_property
    def countries(self) -> tuple[str, ...]:
        """ISO 3166-1 alpha-2 codes of the countries that the card prices, sorted."""
        return tuple(sorted(country for kind, country in self._by_country if kind == OUTBOUND))

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
            The carrier; case does not matter.

        Returns
        -------
        bool
        """
        return any(
            rate.carrier.casefold() == carrier.casefold()
            for kind in (OUTBOUND, CARRIER_FEE)
            for rate in self._by_country.get((kind, country), [])
        )

    def price(
        self, country: str, *, carrier: str | None = None, sender_type: str | None = None
    ) -> Price:
        """Look up what one segment costs.

        A rate of the carrier comes first, then the one for ``Other`` carriers, then the lowest
        of the country; among them the rate for the sender's type before the one for any type.
        Rates for another type of sender are taken only where there are no such rates.

        Parameters
        ----------
        country : str
            ISO 3166-1 alpha-2.
        carrier : str, optional
            The recipient's carrier, as the card spells it; case does not matter.
        sender_type : str, optional
            ``10dlc``, ``short_code``, ``toll_free`` …

        Returns
        -------
        Price

        Raises
        ------
        RateCardError
            If the card has no price for the country.
        """
        found = _choose(self._by_country.get((OUTBOUND, country), []), carrier, sender_type)
        if found is None:
            raise RateCardError(
                f"{self.name}: no price for country {country!r}; add a row to the card"
            )
        fee = _choose(self._by_country.get((CARRIER_FEE, country), []), carrier, sender_type)
        return Price(
            segment_micro=found[0].price_micro,
            carrier_fee_micro=0 if fee is None else fee[0].price_micro,
            basis=found[1],
            fee_basis="none" if fee is None else fee[1],
            rates=(found[0],) if fee is None else (found[0], fee[0]),
        )

    def __repr__(self) -> str:
        return f"RateCard({self.name!r}, {self.currency}, {len(self.countries)} countries)"


def _choose(
    rates: list[Rate], carrier: str | None, sender_type: str | None
) -> tuple[Rate, str] | None:
    """Find the rate of the carrier, else of others, else the lowest; the sender's type first."""

    def cheapest(names: str | None, sender_types: str | None) -> Rate | None:
        found = [
            rate
            for rate in rates
            if names in (None, rate.carrier.casefold())
            and sender_types in (None, rate.sender_type.casefold())
        ]
        return min(found, key=lambda rate: rate.price_micro, default=None)

    names: list[tuple[str, str | None]] = [(OTHER, OTHER.casefold()), (LOWEST, None)]
    if carrier:
        names.insert(0, ("carrier", carrier.casefold()))
    types: list[str | None] = [sender_type.casefold(), ""] if sender_type else ["", None]
    ways = [(basis, name, kind) for basis, name in names for kind in types]
    # A rate for another type of sender is better than none, and comes last.
    for basis, name, kind in [*ways, *((OTHER_SENDER, name, None) for _, name in names)]:
        rate = cheapest(name, kind)
        if rate is not None:
            return rate, basis
    return None


def _rows(path: Path, lines: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Go through the rows of a card as (line, cells by column)."""
    reader = csv.reader(lines, strict=True)
    try:
        columns = [name.strip().casefold() for name in next(reader, [])]
        for column in _REQUIRED:
            if column not in columns:
                hint = nearest(column, columns)
                if any(";" in name for name in columns):
                    hint = " Part the columns by commas, not semicolons."
                raise RateCardError(f"{path}: no column {column!r}; it has {columns}.{hint}")
        for column in _COLUMNS:
            if columns.count(column) > 1:
                raise RateCardError(f"{path}: two columns are called {column!r}; keep one")
        for row in reader:
            if row and len(row) != len(columns):
                raise RateCardError(
                    f"{path}: line {reader.line_num} has {len(row)} cells, the header "
                    f"{len(columns)}; write prices with a decimal point"
                )
            if row:
                cells = dict(zip(columns, (cell.strip() for cell in row), strict=True))
                yield reader.line_num, {name: cells.get(name, "") for name in _COLUMNS}
    except csv.Error as error:
        raise RateCardError(f"{path}: line {reader.line_num}: {error}") from None


def _rate(cells: dict[str, str], where: str) -> Rate:
    kind = cells["kind"] or OUTBOUND
    if kind not in _KINDS:
        raise RateCardError(
            f"{where}: kind must be one of {', '.join(_KINDS)}; not {kind!r}."
            f"{nearest(kind, _KINDS)}"
        )
    country = cells["country"].upper()
    if kind == FAILED_MESSAGE_FEE:
        if country:
            raise RateCardError(
                f"{where}: a failed_message_fee holds everywhere; empty its country"
            )
    elif country not in known_countries():
        raise RateCardError(
            f"{where}: country must be an ISO 3166-1 alpha-2 code such as 'US'; "
            f"not {cells['country']!r}.{nearest(country, known_countries())}"
        )
    if not re.fullmatch(r"[A-Za-z]{3}", cells["currency"]):
        raise RateCardError(
            f"{where}: currency must be a code of three letters such as 'USD'; "
            f"not {cells['currency']!r}"
        )
    try:
        valid_from = dt.date.fromisoformat(cells["valid_from"]) if cells["valid_from"] else None
    except ValueError:
        raise RateCardError(
            f"{where}: valid_from must be a date such as 2026-05-25; not {cells['valid_from']!r}"
        ) from None
    return Rate(
        country=country,
        price_micro=_micro(cells["price"], where),
        carrier=cells["carrier"] or OTHER,
        sender_type=cells["sender_type"],
        kind=kind,
        valid_from=valid_from,
        source=cells["source"],
    )


def _micro(price: str, where: str) -> int:
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?|\.[0-9]+", price):
        raise RateCardError(
            f"{where}: price must be a number such as 0.0083, zero or more, with a decimal point; "
            f"not {price!r:.40}"
        )
    units, _, decimals = price.partition(".")
    if decimals[_DECIMALS:].strip("0"):
        raise RateCardError(
            f"{where}: price may have six decimals at most; not {price!r:.40}; round it"
        )
    if len(units.lstrip("0")) > len(str(_HIGHEST_PRICE)) or int(units or 0) >= _HIGHEST_PRICE:
        raise RateCardError(f"{where}: price must be below {_HIGHEST_PRICE:,}; not {price!r:.40}")
    return int(units or 0) * MICRO + int(decimals[:_DECIMALS].ljust(_DECIMALS, "0"))
