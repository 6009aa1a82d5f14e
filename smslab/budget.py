"""Budget: how likely a forecast goes over it, what would bring it under, and other channels."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
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
        Mean cost over the replications; NaN where no message has a price.
    exceeding, low, high : float
        Share of campaigns that cost more, and its interval; NaN where no message has a price.
    unpriced : int
        How many messages of the list have no price: what they cost is in none of the figures.
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
    unpriced: int
    options: pd.DataFrame

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`options`."""
        return self.options

    def summary(self) -> str:
        """Return it in words."""
        if math.isnan(self.expected):
            return f"not known: none of {self.unpriced:,} messages has a price"
        lines = [
            f"{self.currency} {self.expected:,.2f} expected of {self.limit:,.2f}: "
            f"{self.exceeding:.0%} of campaigns cost more ({self.low:.0%} to {self.high:.0%})"
        ]
        if self.unpriced:
            lines[0] += f", without what {self.unpriced:,} messages cost that have no price"
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
        If `limit` is no amount, 0 or more, or `confidence` no share.

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
    if not _is_amount(limit):
        raise OptionError(f"limit must be an amount, 0 or more; not {limit!r}")
    intervals.check_confidence(confidence)
    sent, unpriced = _counts(plan)
    costs = _costs(plan)
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
    known = len(costs) if sent > unpriced else 0
    low, high = intervals.wilson(over, known, confidence)
    return Budget(
        limit=float(limit),
        currency=plan.rates.currency,
        expected=float(costs.mean()),
        exceeding=over / known if known else math.nan,
        low=low,
        high=high,
        unpriced=unpriced,
        options=options.sort_values("saving", ascending=False, kind="stable"),
    )


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and bool(0 <= value < math.inf)


def _counts(plan: Forecast) -> tuple[int, int]:
    """Count the messages of the list that can be sent, and those of them without a price."""
    sent = plan.messages[plan.messages["sendable"]]
    return len(sent), int(sent["cost_micro"].isna().sum())


def _costs(plan: Forecast) -> npt.NDArray[np.float64]:
    """Return the costs of the replications; NaN where no message has a price."""
    sent, unpriced = _counts(plan)
    costs = plan.replications["cost"].to_numpy(np.float64)
    return costs if sent > unpriced else np.full(len(costs), math.nan)


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
            if not _is_amount(value) or value > 1:
                raise OptionError(f"{self.name}: {share} must be a share, 0 to 1; not {value!r}")
        if not _is_amount(self.cost):
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
        One row per channel (``SMS`` first): ``cost`` of all with a price, ``per_delivered``,
        ``per_read`` (within five minutes, for texts) and ``per_answered`` of these (float64, in
        the card's currency; NaN where there are none), and ``unpriced``: how many messages of the
        list have no price.

    Raises
    ------
    OptionError
        If one of the others is no Channel.

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
    for other in others:
        if not isinstance(other, Channel):
            raise OptionError(f"the others must be Channels: Channel(name=...); not {other!r:.60}")
    mean = plan.replications.mean()
    sent = float(mean["messages"])
    sendable, unpriced = _counts(plan)
    priced = sent * (1 - unpriced / sendable)
    delivered = priced * mean["delivered"]
    counts = [("SMS", _costs(plan).mean(), delivered, delivered * mean["read_5_min"])]
    answered = [priced * mean["replied"]]
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
    table["unpriced"] = [unpriced] + [0] * len(others)
    return table.set_index("channel")
