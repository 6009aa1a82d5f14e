"""Cost of messages: exact in integers, per message."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab.errors import RateCardError
from smslab.messages import UNKNOWN_COUNTRY, examine
from smslab.rates import BASES, MICRO, RateCard
from smslab.text import Texts

__all__ = ["NO_PRICE", "SegmentPrices", "cost", "segment_prices"]

NO_PRICE = "no price for the country"


class SegmentPrices(NamedTuple):
    """Prices of one segment for each of n messages, in millionths of the currency's unit."""

    price_micro: npt.NDArray[np.int64]
    carrier_fee_micro: npt.NDArray[np.int64]
    basis: pd.Categorical[str]
    fee_basis: pd.Categorical[str]
    priced: npt.NDArray[np.bool_]

    @property
    def total_micro(self) -> npt.NDArray[np.int64]:
        """Price and carrier fee of one segment."""
        return self.price_micro + self.carrier_fee_micro


def segment_prices(
    country: pd.Series[Any],
    carrier: pd.Series[Any],
    rates: RateCard,
    *,
    sender_type: str | None = None,
) -> SegmentPrices:
    """Look up the price of one segment for each message.

    Parameters
    ----------
    country, carrier : Series of str, shape (n,)
        Destination of each message; null where not known.
    rates : RateCard
        The prices.
    sender_type : str, optional
        Type of the sender.

    Returns
    -------
    SegmentPrices
        Prices are 0 and ``priced`` is False where the card has none.
    """
    countries, country_names = pd.factorize(country)
    carriers, carrier_names = pd.factorize(carrier)
    pairs = (countries + 1) * (len(carrier_names) + 1) + carriers + 1
    codes, distinct = pd.factorize(pairs)
    price = np.zeros(len(distinct), np.int64)
    fee = np.zeros(len(distinct), np.int64)
    basis = np.full((2, len(distinct)), None, object)
    for position, pair in enumerate(distinct):
        place, network = divmod(int(pair), len(carrier_names) + 1)
        if not place:
            continue
        try:
            found = rates.price(
                country_names[place - 1],
                carrier=carrier_names[network - 1] if network else None,
                sender_type=sender_type,
            )
        except RateCardError:
            continue
        price[position] = found.segment_micro
        fee[position] = found.carrier_fee_micro
        basis[:, position] = found.basis, found.fee_basis
    return SegmentPrices(
        price[codes],
        fee[codes],
        pd.Categorical(basis[0, codes], categories=list(BASES)),
        pd.Categorical(basis[1, codes], categories=list(BASES)),
        pd.notna(basis[0])[codes],
    )


def cost(
    messages: pd.DataFrame | Texts,
    rates: RateCard | None = None,
    *,
    country: str | None = None,
    sender_type: str | None = None,
) -> pd.DataFrame:
    """Say what each message costs if it is sent.

    Parameters
    ----------
    messages : DataFrame, or anything that :func:`smslab.segment` takes
        A table with the column ``text`` and, where there are, ``to``, ``country`` and
        ``carrier``; or the texts alone.
    rates : RateCard, optional
        The prices; :meth:`RateCard.bundled` if not given.
    country : str, optional
        ISO 3166-1 alpha-2 code of the rows that name none, and of numbers without a calling
        code.
    sender_type : str, optional
        ``10dlc``, ``short_code``, ``toll_free`` …: carrier fees may depend on it.

    Returns
    -------
    pandas.DataFrame
        With the index of `messages`: ``text``, the columns of :func:`smslab.segment`,
        ``country``, ``carrier``, ``problem`` (str, null where there is none), ``sendable`` (bool),
        and

        ``price`` and ``carrier_fee`` : Float64, per segment, in the card's currency
        ``basis`` and ``fee_basis`` : category, which rate was used for the price and for the fee:
        ``carrier``, ``Other``, ``country minimum``, ``another sender type`` or ``none``
        ``cost`` : Float64, segments x (price + fee), in the card's currency
        ``cost_micro`` : Int64, the same, exact, in millionths

        A row that cannot be sent or has no price has a problem and null money, never 0. Sum
        ``cost_micro`` for an exact total.

    Raises
    ------
    InputError
        If the table has no column ``text``, or `country` is no country.

    Examples
    --------
    >>> import smslab
    >>> bill = smslab.cost(["Hello", "Grüße aus Köln 😀"], country="DE")
    >>> bill[["encoding", "segments", "cost"]]
      encoding  segments   cost
    0    GSM-7         1  0.112
    1    UCS-2         1  0.112
    """
    rates = RateCard.bundled() if rates is None else rates
    if not isinstance(rates, RateCard):
        raise TypeError(
            f"rates must be a RateCard; not {rates!r:.60}. RateCard.read(path) reads one"
        )
    result = examine(messages, country=country)
    prices = segment_prices(result["country"], result["carrier"], rates, sender_type=sender_type)
    unpriced = pd.Series(~prices.priced, result.index) & result["problem"].isna()
    reason = np.where(result["country"].isna(), UNKNOWN_COUNTRY, NO_PRICE)
    result["problem"] = result["problem"].mask(unpriced, reason)
    charged = pd.Series(prices.priced, result.index) & result["sendable"]
    cost_micro = (result["segments"].astype("Int64") * prices.total_micro).where(charged)
    for name, micro in (("price", prices.price_micro), ("carrier_fee", prices.carrier_fee_micro)):
        result[name] = (pd.Series(micro, result.index, "Int64") / MICRO).where(charged)
    result["basis"] = prices.basis
    result["fee_basis"] = prices.fee_basis
    result["cost"] = cost_micro / MICRO
    result["cost_micro"] = cost_micro
    return result
