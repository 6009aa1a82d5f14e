"""Budget: how likely a forecast goes over it, what would bring it under, and other channels."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from smslab import intervals
from smslab.cost import Bill, cost
from smslab.errors import OptionError
from smslab.forecast import Forecast
from smslab.segmentation import segment
from smslab.smart import smart_encode

__all__ = ["Budget", "Channel", "budget", "channels"]

#: Levels of smart encoding that are tried, from the gentlest on.
_LEVELS: Final = ("typographic", "symbols")


@dataclass(frozen=True, eq=False)
class Budget:
    """How a forecast stands to a budget.

    Parameters
    ----------
    limit : float
        The budget.
    currency : str
        In what.
    expected : float
        Mean cost over the replications.
    exceeding, low, high : float
        Share of campaigns that cost more, and its interval.
    options : DataFrame
        What would save money, the most first (index ``option``): ``saving`` (float64, expected,
        in the currency), ``cost`` (float64, what is expected then), ``segments`` (int64, of the
        list), ``exceeding`` (share of campaigns that would still cost more).
    """

    limit: float
    currency: str
    expected: float
    exceeding: float
    low: float
    high: float
    options: pd.DataFrame

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`options`."""
        return self.options

    def summary(self) -> str:
        """Return it in words."""
        lines = [
            f"{self.currency} {self.expected:,.2f} expected of {self.limit:,.2f}: "
            f"{self.exceeding:.0%} of campaigns cost more ({self.low:.0%} to {self.high:.0%})"
        ]
        for option, row in self.options.iterrows():
            saving, still = row["saving"], row["exceeding"]
            lines.append(f"{option}: saves {saving:,.2f}, {still:.0%} would still cost more")
        if self.options.empty:
            lines.append("nothing that was tried saves money")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        first = html.escape(self.summary().splitlines()[0])
        return f"<p>{first}</p>{self.options.to_html(border=0)}"


def budget(plan: Forecast, limit: float, *, confidence: float = 0.95) -> Budget:
    """Say how likely a campaign goes over a budget, and what would bring it under.

    Tried are smart encoding, national language tables (where the provider has them), and the
    other types of sender on the card. The hour of sending changes no price of a card.

    Parameters
    ----------
    plan : Forecast
        The forecast.
    limit : float
        The budget, in the currency of its card.
    confidence : float
        Of the interval of the share of campaigns that cost more.

    Returns
    -------
    Budget

    Raises
    ------
    OptionError
        If `limit` is no amount, 0 or more.

    Examples
    --------
    >>> import smslab
    >>> texts = ["Don’t miss it – half price on everything, in all our shops, today only!"] * 500
    >>> plan = smslab.forecast(texts, smslab.scenarios.load(), country="US", rng=1)
    >>> smslab.budget(plan, 10).options[["segments", "exceeding"]]
                                 segments  exceeding
    option
    smart encoding, typographic       500        0.0
    smart encoding, symbols           500        0.0
    """
    if not 0 <= limit < math.inf:
        raise OptionError(f"limit must be an amount, 0 or more; not {limit!r}")
    costs = plan.replications["cost"].to_numpy(np.float64)
    over = int((costs > limit).sum())
    now = _whole(plan, plan.messages["segments"], plan.sender_type)
    rows = {}
    for option, bill in _options(plan):
        ratio = bill.total_micro / now.total_micro if now.total_micro else 1.0
        # Another bill that leaves messages without a price is no saving.
        if ratio < 1 and bill.known.sum() >= now.known.sum():
            then = costs * ratio
            segments = int(bill.table["segments"].sum())
            saving = float(costs.mean() - then.mean())
            rows[option] = (saving, float(then.mean()), segments, float((then > limit).mean()))
    names = ["saving", "cost", "segments", "exceeding"]
    options = pd.DataFrame.from_dict(rows, orient="index", columns=names).rename_axis("option")
    low, high = intervals.wilson(over, len(costs), confidence)
    return Budget(
        limit=float(limit),
        currency=plan.rates.currency,
        expected=float(costs.mean()),
        exceeding=over / len(costs),
        low=low,
        high=high,
        options=options.sort_values("saving", ascending=False, kind="stable"),
    )


def _whole(plan: Forecast, segments: pd.Series[Any], sender_type: str | None) -> Bill:
    """Price what can be sent of the list."""
    sent = plan.messages["sendable"].to_numpy()
    table = pd.DataFrame(
        {
            "segments": segments.to_numpy(np.int64, na_value=0)[sent],
            "country": plan.messages["country"].array[sent],
            "carrier": plan.messages["carrier"].array[sent],
        }
    )
    return cost(table, plan.rates, sender_type=sender_type)


def _options(plan: Forecast) -> Iterator[tuple[str, Bill]]:
    texts = plan.messages["text"]
    own = plan.sender_type
    for level in _LEVELS:
        repaired = smart_encode(texts, level=level)
        yield f"smart encoding, {level}", _whole(plan, segment(repaired)["segments"], own)
    national = segment(texts, languages="auto")["segments"]
    yield "national language tables", _whole(plan, national, own)
    for other in sorted({rate.sender_type for rate in plan.rates.rates if rate.sender_type}):
        if other != own:
            yield f"sender type {other}", _whole(plan, plan.messages["segments"], other)


@dataclass(frozen=True, kw_only=True)
class Channel:
    """Another way to reach the same people.

    Parameters
    ----------
    name : str
        What it is called.
    cost : float
        Price of a message, in the currency of the card.
    arriving : float
        Share of messages that arrive.
    read : float
        Share of those that arrive that are read.
    replied : float
        Share of those that are read that are answered.
    """

    name: str
    cost: float
    arriving: float
    read: float
    replied: float = 0.0

    def __post_init__(self) -> None:
        for share in ("arriving", "read", "replied"):
            value = getattr(self, share)
            if not 0 <= value <= 1:
                raise OptionError(f"{self.name}: {share} must be a share, 0 to 1; not {value!r}")
        if not 0 <= self.cost < math.inf:
            raise OptionError(f"{self.name}: cost must be 0 or more; not {self.cost!r}")


def channels(plan: Forecast, *others: Channel) -> pd.DataFrame:
    """Compare a forecast with other channels, per message that arrives, is read and is answered.

    Parameters
    ----------
    plan : Forecast
        The forecast of text messages.
    *others : Channel
        The others.

    Returns
    -------
    pandas.DataFrame
        One row per channel (``SMS`` first): ``cost`` of all, ``per_delivered``, ``per_read``
        (within five minutes, for texts) and ``per_answered`` (float64, in the card's currency; NaN
        where there are none).

    Examples
    --------
    >>> import smslab
    >>> from smslab.budget import Channel
    >>> texts = ["Your parcel is ready: code 4711"] * 900
    >>> plan = smslab.forecast(texts, smslab.scenarios.load(), country="US", rng=1)
    >>> mail = Channel(name="e-mail", cost=0.0001, arriving=0.97, read=0.2)
    >>> smslab.channels(plan, mail)[["per_delivered", "per_read"]].round(4)
             per_delivered  per_read
    channel
    SMS             0.0132    0.0163
    e-mail          0.0001    0.0005
    """
    mean = plan.replications.mean()
    sent = float(mean["messages"])
    delivered = sent * mean["delivered"]
    counts = [("SMS", mean["cost"], delivered, delivered * mean["read_5_min"])]
    answered = [sent * mean["replied"]]
    for other in others:
        arrived = sent * other.arriving
        counts.append((other.name, sent * other.cost, arrived, arrived * other.read))
        answered.append(arrived * other.read * other.replied)
    table = pd.DataFrame(
        [
            (name, whole, *(whole / n if n > 0 else math.nan for n in (arrived, read, replies)))
            for (name, whole, arrived, read), replies in zip(counts, answered, strict=True)
        ],
        columns=["channel", "cost", "per_delivered", "per_read", "per_answered"],
    )
    return table.set_index("channel")
