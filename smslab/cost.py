"""Cost of messages: exact in integers, per message and by group."""

from __future__ import annotations

import html
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from smslab.billing import Billing
from smslab.columns import COLUMNS
from smslab.errors import InputError, OptionError, nearest
from smslab.ledger import HasLedger, Ledger, category
from smslab.messages import UNKNOWN_COUNTRY, carriers, examine, places
from smslab.numbering import country_code
from smslab.outcome import NEVER, Reason, Status
from smslab.rates import MICRO, RateCard
from smslab.segment_prices import SegmentPrices, coded, combined, segment_prices
from smslab.text import Texts

__all__ = ["Bill", "column_of", "cost", "is_charged"]

NO_PRICE: Final = "no price for the country"
NO_SEGMENTS: Final = "segments not known"
NO_STATUS: Final = "status not known"

#: What 64 bits hold.
_MOST: Final = int(np.iinfo(np.int64).max)

_Micro = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Bill:
    """What messages cost.

    Parameters
    ----------
    rates : RateCard
        The prices.
    table : DataFrame
        What is known of each message.
    prices : SegmentPrices
        The price of a segment of each.
    cost_micro : ndarray of int64, shape (n,)
        What each costs, in millionths of the currency's unit; 0 where that is not known.
    problem : Categorical of str, shape (n,)
        Why that is not known, or the message cannot be sent; null where it is.
    known : ndarray of bool, shape (n,)
        Whether the cost is known.
    given : DataFrame, optional
        The table that the messages were given in: its other columns can be grouped by.
    """

    rates: RateCard
    table: pd.DataFrame
    prices: SegmentPrices
    cost_micro: _Micro
    problem: pd.Categorical[str]
    known: npt.NDArray[np.bool_]
    given: pd.DataFrame | None = field(default=None)

    def __len__(self) -> int:
        return len(self.cost_micro)

    @cached_property
    def messages(self) -> pd.DataFrame:
        """One row per message, with the index of the messages.

        What is known of each (for a list: ``text``, the columns of :func:`smslab.segment`,
        ``country``, ``carrier``, ``sendable``; for a run or a log also its sender and status),
        and

        ``problem`` : str, null where there is none
        ``price`` and ``carrier_fee`` : Float64, per segment, in the card's currency
        ``basis`` and ``fee_basis`` : category, which rate was used for the price and for the fee:
        ``carrier``, ``Other``, ``country minimum``, ``another sender type``, ``any country`` or
        ``none``
        ``cost`` : Float64, in the card's currency
        ``cost_micro`` : Int64, the same, exact, in millionths
        ``billed`` : Float64, what a log says was charged

        A row whose cost is not known has null money, never 0.
        """
        index = self.table.index
        columns: dict[str, Any] = {
            "problem": pd.Series(self.problem, index).astype("str"),
            "price": self._money(self.prices.price_micro) / MICRO,
            "carrier_fee": self._money(self.prices.carrier_fee_micro) / MICRO,
            "basis": self.prices.basis,
            "fee_basis": self.prices.fee_basis,
            "cost": self._money(self.cost_micro) / MICRO,
            "cost_micro": self._money(self.cost_micro),
        }
        return self.table.assign(**columns)

    def _money(self, micro: _Micro) -> pd.Series[int]:
        return pd.Series(pd.arrays.IntegerArray(micro, ~self.known), self.table.index)

    @property
    def total_micro(self) -> int:
        """Cost of all messages whose cost is known, in millionths, exact."""
        return _total(self.cost_micro)

    @property
    def total(self) -> Decimal:
        """The same in the currency's unit."""
        return Decimal(self.total_micro) / MICRO

    @property
    def unpriced(self) -> pd.DataFrame:
        """The rows of :attr:`messages` whose cost is not known, each with its problem."""
        return self.messages[~self.known]

    def by(self, *names: str) -> pd.DataFrame:
        """Add up by groups.

        Parameters
        ----------
        *names : str
            Columns of :attr:`messages`, or of the table that the messages were given in.

        Returns
        -------
        pandas.DataFrame
            One row per group (index `names`; what is not known is a group too): ``messages``,
            ``segments``, ``cost`` (float64, in the card's currency), ``cost_micro`` (exact),
            ``unpriced`` (messages whose cost is not known, which it leaves out), and for a log
            ``billed`` (float64), what it says was charged.

        Raises
        ------
        OptionError
            If there is no such column, or its cells are no labels.
        """
        if not names:
            raise OptionError("by() needs the name of a column, such as 'country'")
        codes, groups = self._groups(names)
        size = len(groups)
        segments = self.table["segments"].fillna(0).to_numpy(np.int64)
        result = pd.DataFrame(
            {
                "messages": np.bincount(codes, minlength=size),
                "segments": _sums(codes, segments, size),
            },
            index=groups,
        )
        micro = _sums(codes, self.cost_micro, size)
        result["cost"] = [int(value) / MICRO for value in micro]
        result["cost_micro"] = micro
        result["unpriced"] = np.bincount(codes, ~self.known, size).astype(np.int64)
        if "billed" in self.table:
            billed = self.table["billed"].fillna(0).to_numpy(np.float64)
            result["billed"] = np.bincount(codes, billed, size)
        return result.sort_values("cost", ascending=False, kind="stable")

    def _groups(self, names: tuple[str, ...]) -> tuple[npt.NDArray[np.intp], pd.Index[Any]]:
        """Return the group of each message, and the groups."""
        kinds = [coded(self._column(name)) for name in names]
        which, found = combined(kinds, len(self))
        places = np.unravel_index(found, [len(values) + 1 for _, values in kinds])
        labels = [
            [None if p == 0 else values[p - 1] for p in place]
            for place, (_, values) in zip(places, kinds, strict=True)
        ]
        if len(names) == 1:
            return which, pd.Index(labels[0], name=names[0])
        return which, pd.MultiIndex.from_arrays(labels, names=names)

    def _column(self, name: str) -> pd.Series[Any] | pd.Categorical[str]:
        own = {"problem": self.problem, "basis": self.prices.basis}
        own["fee_basis"] = self.prices.fee_basis
        if str(name) in own:
            return own[name]
        frames = [frame for frame in (self.table, self.given) if frame is not None]
        return column_of(name, frames, also=own)

    def to_pandas(self) -> pd.DataFrame:
        """Return :attr:`messages`."""
        return self.messages

    def summary(self) -> str:
        """Return the total, what was billed, and what has no price, in words."""
        code = self.rates.currency
        lines = [f"{code} {self.total:,.2f} for {int(self.known.sum()):,} messages"]
        both = self.known
        if "billed" in self.table:
            both = self.known & self.table["billed"].notna().to_numpy()
        if "billed" in self.table and both.any():
            billed = float(self.table["billed"].to_numpy(np.float64, na_value=0)[both].sum())
            ours = _total(self.cost_micro[both]) / MICRO
            lines.append(
                f"the log says {billed:,.2f} for {int(both.sum()):,} of them, by the card "
                f"{ours:,.2f} ({billed - ours:+,.2f})"
            )
        counts = pd.Series(self.problem)[~self.known].value_counts()
        problems = sorted((-n, str(what)) for what, n in counts.items() if n)
        lines += [f"{-n:,} without a cost: {what}" for n, what in problems]
        return "\n".join(lines)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Give :attr:`messages` to Arrow, polars, DuckDB and others, by the Arrow C interface."""
        return self.messages.__arrow_c_stream__(requested_schema)

    def _repr_html_(self) -> str:
        lines = "<br>".join(html.escape(line) for line in self.summary().splitlines())
        table = self.by("country").head(10) if "country" in self.table else pd.DataFrame()
        return f"<p>{lines}</p>{table.to_html(border=0)}"

    def __repr__(self) -> str:
        return self.summary()


def column_of(
    name: str, frames: Sequence[pd.DataFrame], *, also: Iterable[str] = ()
) -> pd.Series[Any]:
    """Find a column to group by.

    Parameters
    ----------
    name : str
        Its name.
    frames : sequence of DataFrame
        Where it is looked for; the first that has it is taken.
    also : iterable of str
        What else can be grouped by.

    Returns
    -------
    Series

    Raises
    ------
    OptionError
        If there is no such column or more than one, or its cells are lists or the like.
    """
    if not isinstance(name, Hashable):
        raise OptionError(f"by() takes names, as in by('country', 'carrier'); not {name!r}")
    frame = next((frame for frame in frames if name in frame), None)
    if frame is None:
        known = [str(each) for each in (*(n for frame in frames for n in frame), *also)]
        raise OptionError(f"no column {name!r} to group by.{nearest(str(name), known)}")
    if list(frame).count(name) > 1:
        raise OptionError(f"more than one column is called {name!r}; rename one")
    column: pd.Series[Any] = frame[name]
    try:
        if column.dtype == np.object_:
            pd.factorize(column)
    except TypeError:
        raise OptionError(
            f"column {name!r} cannot be grouped by: its cells are lists or the like"
        ) from None
    return column


#: Sums below this fit 64 bits whatever they are made of.
_SAFE: Final = float(2**62)


def _total(micro: _Micro) -> int:
    if float(np.abs(micro).max(initial=0)) * len(micro) < _SAFE:
        return int(micro.sum())
    return sum(micro.tolist())


def _sums(codes: npt.NDArray[Any], values: _Micro, size: int) -> npt.NDArray[Any]:
    """Add up by group, exactly: in 64 bits where the sums fit, else in Python's integers."""
    fits = float(np.abs(values).max(initial=0)) * len(values) < _SAFE
    sums = np.zeros(size, np.int64 if fits else object)
    np.add.at(sums, codes, values if fits else values.astype(object))
    return sums


def cost(
    messages: pd.DataFrame | Texts | HasLedger,
    rates: RateCard | None = None,
    *,
    country: str | None = None,
    sender_type: str | None = None,
) -> Bill:
    """Say what each message costs.

    Of a list, what it costs if all of it is sent; of a run or a log, what its outcomes are charged
    by the card's billing rules (:class:`smslab.rates.Billing`).

    Parameters
    ----------
    messages : DataFrame, anything that :func:`smslab.segment` takes, a Run, or a Log
        A table with the column ``text`` and, where there are, ``to``, ``country`` and
        ``carrier``; or the texts alone. A table with ``segments`` and without ``text`` is not
        segmented again.
    rates : RateCard, optional
        The prices; :meth:`RateCard.bundled` if not given.
    country : str, optional
        ISO 3166-1 alpha-2 code of the rows that name none, and of numbers without a calling
        code.
    sender_type : str, optional
        ``10dlc``, ``short_code``, ``toll_free`` …: carrier fees may depend on it. That of a run's
        senders where they have one.

    Returns
    -------
    Bill
        ``messages`` (a row each), ``by("country", ...)``, ``total``, ``unpriced``.

    Raises
    ------
    InputError
        If the table has neither a column ``text`` nor ``segments``, or one of them twice, if
        segments are no counts, or `country` is no country.
    OptionError
        If `sender_type` is no text.

    Examples
    --------
    >>> import smslab
    >>> bill = smslab.cost(["Hello", "Grüße aus Köln 😀"], country="DE")
    >>> bill
    USD 0.22 for 2 messages
    >>> bill.messages[["encoding", "segments", "cost"]]
      encoding  segments   cost
    0    GSM-7         1  0.112
    1    UCS-2         1  0.112
    >>> bill.by("encoding")[["messages", "cost_micro"]]
              messages  cost_micro
    encoding
    GSM-7            1      112000
    UCS-2            1      112000
    """
    rates = RateCard.bundled() if rates is None else rates
    if not isinstance(rates, RateCard):
        raise TypeError(
            f"rates must be a RateCard; not {rates!r:.60}. RateCard.read(path) reads one"
        )
    if not isinstance(sender_type, str | None):
        raise OptionError(f"sender_type must be a text such as '10dlc'; not {sender_type!r:.60}")
    default = None if country is None else country_code(country)
    if not isinstance(messages, pd.DataFrame) and isinstance(messages, HasLedger):
        return _of_ledger(messages.ledger, rates, default, sender_type)
    if isinstance(messages, pd.DataFrame) and "text" not in messages and "segments" in messages:
        return _of_segments(messages, rates, default, sender_type)
    table = examine(messages, country=default)
    given = messages if isinstance(messages, pd.DataFrame) else None
    prices = segment_prices(table["country"], table["carrier"], rates, sender_type=sender_type)
    problem = table.pop("problem")
    unpriced = pd.Series(~prices.priced, table.index) & problem.isna()
    reason = np.where(table["country"].isna(), UNKNOWN_COUNTRY, NO_PRICE)
    problem = problem.mask(unpriced, reason)
    known = prices.priced & table["sendable"].to_numpy()
    segments = table["segments"].fillna(0).to_numpy(np.int64)
    return Bill(
        rates=rates,
        table=table,
        prices=prices,
        cost_micro=np.where(known, _charges(segments, prices), 0),
        problem=pd.Categorical(problem),
        known=known,
        given=given,
    )


def _charges(segments: npt.NDArray[Any], prices: SegmentPrices) -> _Micro:
    """Multiply segments by their prices, in millionths."""
    highest = int((prices.price_by_code + prices.fee_by_code).max(initial=0))
    most = int(segments.max(initial=0))
    if most * highest > _MOST:
        raise InputError(
            f"a message of {most:,} segments is too dear to be added up; check its count"
        )
    micro: _Micro = segments * prices.total_micro
    return micro


def is_charged(
    billing: Billing,
    taken: npt.NDArray[np.bool_],
    status: npt.NDArray[np.int8],
    reason: npt.NDArray[np.int8],
) -> npt.NDArray[np.bool_]:
    """Say which messages are charged by their segments.

    Parameters
    ----------
    billing : Billing
        The rules.
    taken : ndarray of bool, shape (n,)
        Whether a carrier took each.
    status, reason : ndarray of int8, shape (n,)
        Codes of :class:`~smslab.outcome.Status` and :class:`~smslab.outcome.Reason`.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    charged = taken & billing.sent
    charged &= (status != Status.UNDELIVERED) | billing.undelivered
    charged &= (status != Status.EXPIRED) | billing.expired
    charged |= (status == Status.FAILED) & billing.failed
    charged |= (reason == Reason.DAILY_CAP) & billing.daily_cap
    return charged


def _of_segments(
    messages: pd.DataFrame, rates: RateCard, default: str | None, sender_type: str | None
) -> Bill:
    """Price a table whose segments are counted."""
    for name in ("segments", *COLUMNS):
        if list(messages.columns).count(name) > 1:
            raise InputError(f"messages has more than one column {name!r}; rename one")
    segments = messages["segments"]
    if not pd.api.types.is_integer_dtype(segments.dtype) or (segments.fillna(0) < 0).any():
        raise InputError(
            "column 'segments' must hold whole numbers, 0 or more; segment(texts) counts them"
        )
    if pd.api.types.is_unsigned_integer_dtype(segments.dtype) and (segments > _MOST).any():
        raise InputError(
            f"column 'segments' must hold numbers up to {_MOST:,}; not {segments.max():,}"
        )
    place, wrong = places(messages, default)
    carrier = carriers(messages)
    prices = segment_prices(place, carrier, rates, sender_type=sender_type)
    counts = segments.to_numpy(np.int64, na_value=0)
    problem = _problems(place, prices.priced, no_segments=counts == 0)
    if wrong is not None and (cannot := wrong.notna() & (wrong != UNKNOWN_COUNTRY)).any():
        told = pd.Series(problem, messages.index).astype("str")
        problem = pd.Categorical(told.mask(cannot, wrong))
    known = problem.codes < 0
    micro = _charges(counts, prices)
    micro[~known] = 0
    return Bill(
        rates=rates,
        table=pd.DataFrame({"segments": segments, "country": place, "carrier": carrier}),
        prices=prices,
        cost_micro=micro,
        problem=problem,
        known=known,
        given=messages,
    )


def _problems(
    place: pd.Series[Any] | pd.Categorical[str],
    priced: npt.NDArray[np.bool_],
    *,
    no_segments: npt.NDArray[np.bool_],
    no_status: npt.NDArray[np.bool_] | None = None,
) -> pd.Categorical[str]:
    """Say why a cost is not known; the first of the reasons counts."""
    names = [NO_STATUS, NO_SEGMENTS, UNKNOWN_COUNTRY, NO_PRICE]
    codes = np.full(len(priced), -1, np.int8)
    codes[~priced] = names.index(NO_PRICE)
    if not priced.all():
        codes[~priced & pd.isna(place)] = names.index(UNKNOWN_COUNTRY)
    codes[no_segments] = names.index(NO_SEGMENTS)
    if no_status is not None:
        codes[no_status] = names.index(NO_STATUS)
    return pd.Categorical.from_codes(codes, categories=pd.Index(names))


def _of_ledger(
    ledger: Ledger,
    rates: RateCard,
    default: str | None,
    sender_type: str | None,
) -> Bill:
    """Price what became of messages, by the billing rules of the card."""
    status = ledger.status
    place = _with_default(ledger.labels["country"], default)
    types = ledger.labels.get("sender_type")
    received = status == Status.RECEIVED
    prices = segment_prices(
        place,
        ledger.labels["carrier"],
        rates,
        sender_type=sender_type if types is None or sender_type else types,
        inbound=received,
    )
    charged = is_charged(rates.billing, ledger.taken, status, ledger.reason) | received
    micro = np.where(charged, _charges(ledger.segments, prices), 0)
    failed = (status == Status.FAILED) & ~charged
    micro[failed] = rates.failed_message_micro
    campaign = ledger.labels["campaign"]
    by_campaign = np.array(
        [round(ledger.email_cost.get(name, 0) * MICRO) for name in campaign.categories] + [0]
    )
    email = np.where(ledger.emailed_us != NEVER, by_campaign[campaign.codes], 0)
    no_price, no_segments = charged & ~prices.priced, charged & (ledger.segments == 0)
    no_status = status < 0
    known = ~(no_price | no_segments | no_status)
    micro = np.where(known, micro + email, 0)
    table = pd.DataFrame(
        {**ledger.labels, "country": place, "segments": ledger.segments}
        | {"status": category(status, Status), "charged": charged},
        index=pd.Index(ledger.names, name="message"),
    )
    if ledger.billed is not None:
        table["billed"] = pd.array(ledger.billed, "Float64")
    return Bill(
        rates=rates,
        table=table,
        prices=prices,
        cost_micro=micro,
        problem=_problems(
            place, ~no_price, no_segments=no_segments & ~no_status, no_status=no_status
        ),
        known=known,
    )


def _with_default(place: pd.Categorical[str], default: str | None) -> pd.Categorical[str]:
    if default is None or (place.codes >= 0).all():
        return place
    wider = place if default in place.categories else place.add_categories([default])
    filled: pd.Categorical[str] = wider.fillna(default)
    return filled
