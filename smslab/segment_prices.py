"""Prices of a segment for many messages: each combination of labels is looked up once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab.errors import RateCardError
from smslab.rates import BASES, RateCard

__all__ = ["SegmentPrices", "coded", "combined", "segment_prices"]

Micro: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SegmentPrices:
    """Prices of one segment for each of n messages, in millionths of the currency's unit.

    Parameters
    ----------
    codes : ndarray of integers, shape (n,)
        Which row of the table each message has.
    price_by_code, fee_by_code : ndarray of int64
        The table: price and carrier fee; 0 where the card has none.
    basis_by_code, fee_basis_by_code : list of str or None
        How they were found, None where the card has no price.
    """

    codes: npt.NDArray[Any]
    price_by_code: Micro
    fee_by_code: Micro
    basis_by_code: list[str | None]
    fee_basis_by_code: list[str | None]

    @property
    def price_micro(self) -> Micro:
        """Price of a segment of each message."""
        return _taken(self.price_by_code, self.codes)

    @property
    def carrier_fee_micro(self) -> Micro:
        """Carrier fee on a segment of each message."""
        return _taken(self.fee_by_code, self.codes)

    @property
    def total_micro(self) -> Micro:
        """Price and carrier fee of a segment of each message."""
        return _taken(self.price_by_code + self.fee_by_code, self.codes)

    @property
    def priced(self) -> npt.NDArray[np.bool_]:
        """Whether the card has a price for each message."""
        return _taken(np.array([b is not None for b in self.basis_by_code], np.bool_), self.codes)

    @property
    def basis(self) -> pd.Categorical[str]:
        """How the price of each message was found."""
        return self._category(self.basis_by_code)

    @property
    def fee_basis(self) -> pd.Categorical[str]:
        """How the carrier fee of each message was found."""
        return self._category(self.fee_basis_by_code)

    def _category(self, bases: list[str | None]) -> pd.Categorical[str]:
        places = np.array([-1 if b is None else BASES.index(b) for b in bases], np.int8)
        return pd.Categorical.from_codes(places[self.codes], categories=pd.Index(BASES))


def _taken(by_code: npt.NDArray[Any], codes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = by_code[codes]
    return values


def segment_prices(
    country: pd.Series[Any] | pd.Categorical[str],
    carrier: pd.Series[Any] | pd.Categorical[str],
    rates: RateCard,
    *,
    sender_type: pd.Categorical[str] | str | None = None,
    inbound: npt.NDArray[np.bool_] | None = None,
) -> SegmentPrices:
    """Look up the price of one segment for each message.

    Parameters
    ----------
    country, carrier : Series or Categorical of str, shape (n,)
        Destination of each message; null where not known.
    rates : RateCard
        The prices.
    sender_type : Categorical of str, shape (n,), or str, optional
        Type of the sender.
    inbound : ndarray of bool, shape (n,), optional
        Which messages came in.

    Returns
    -------
    SegmentPrices
    """
    types = sender_type if isinstance(sender_type, pd.Categorical) else None
    kinds = [coded(country), coded(carrier)]
    kinds.append((np.zeros(1, np.int8), [sender_type]) if types is None else coded(types))
    kinds.append((np.zeros(1, np.int8) if inbound is None else inbound, [False, True]))
    sizes = [len(names) + 1 for _, names in kinds]
    codes, present = combined(kinds, len(country))
    money = np.zeros((2, len(present)), np.int64)
    bases: list[list[str | None]] = [[None] * len(present) for _ in range(2)]
    for position, found_at in enumerate(zip(*np.unravel_index(present, sizes), strict=True)):
        labels: list[Any] = [
            None if at == 0 else names[at - 1]
            for at, (_, names) in zip(found_at, kinds, strict=True)
        ]
        place, network, kind, incoming = labels
        if place is None:
            continue
        try:
            found = rates.price(place, carrier=network, sender_type=kind, inbound=bool(incoming))
        except RateCardError:
            continue
        money[:, position] = found.segment_micro, found.carrier_fee_micro
        bases[0][position], bases[1][position] = found.basis, found.fee_basis
    return SegmentPrices(codes, *money, *bases)


Coded: TypeAlias = tuple[npt.NDArray[Any], list[Any]]


def combined(kinds: Sequence[Coded], rows: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Give numbers to the combinations of labels that there are.

    Parameters
    ----------
    kinds : sequence of (ndarray, list)
        Of each label its codes (or one for all rows) and names.
    rows : int
        How many rows there are.

    Returns
    -------
    tuple of two ndarrays
        The number of each row's combination, and by number its place in the table of all
        combinations, in which each label has a place more, the first, for what is not known.
    """
    sizes = [len(names) + 1 for _, names in kinds]
    cells = math.prod(sizes)
    codes: npt.NDArray[Any] = np.zeros(rows, np.int32 if cells < 1 << 31 else np.int64)
    for (place, _), size in zip(kinds, sizes, strict=True):
        codes *= size
        codes += place if len(place) == rows else int(place[0])
        codes += 1
    if cells > max(rows, 1 << 20):
        present, codes = np.unique(codes, return_inverse=True)
        return codes, present
    present = np.flatnonzero(np.bincount(codes, minlength=1))
    number = np.zeros(cells, np.int32)
    number[present] = np.arange(len(present))
    return number[codes], present


def coded(values: pd.Series[Any] | pd.Categorical[str]) -> Coded:
    """Return the codes of labels, -1 for null, and the names that they stand for.

    Parameters
    ----------
    values : Series or Categorical
        The labels.

    Returns
    -------
    tuple of ndarray and list
    """
    if isinstance(values, pd.Series) and isinstance(values.dtype, pd.CategoricalDtype):
        values = values.array
    if isinstance(values, pd.Categorical):
        return values.codes, list(values.categories)
    codes, names = pd.factorize(values)
    return codes, list(names)
