"""Audit of a list of texts: which characters cost segments, and what would repair them."""

from __future__ import annotations

import html
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from smslab import characters, rules
from smslab.alphabets import DEFAULT, GSM7_EXTENSION, LOCKING_SHIFT, SINGLE_SHIFT
from smslab.coding import ENCODINGS, UCS2, Coding, Counts, check_counted, count, part
from smslab.errors import InputError, OptionError
from smslab.lookalikes import LEVELS, check_level, lookalikes
from smslab.rates import MICRO, RateCard
from smslab.repair import compose, repair
from smslab.text import Texts, as_chunks, as_distinct, check_utf8, index_of

__all__ = ["Audit", "audit", "lint"]

_Array: TypeAlias = npt.NDArray[Any]


#: Texts that are looked at together, so that memory stays small.
_AT_ONCE: Final = 50_000

#: A letter of one septet, to count a text without the character that costs.
_PLAIN: Final = "x"


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What the characters of a list of texts cost.

    Parameters
    ----------
    texts : float
        Texts, each by its weight.
    segments : float
        Segments that they take.
    avoidable : float
        Segments that they would take less with a letter of one septet in place of each of these
        characters.
    characters : pandas.DataFrame
        One row per character that costs, the dearest first; columns as :func:`audit` says.
    price : float or None
        Price of a segment.
    currency : str
        Its currency, empty where it is not known.
    """

    texts: float
    segments: float
    avoidable: float
    characters: pd.DataFrame
    price: float | None
    currency: str

    def to_pandas(self) -> pd.DataFrame:
        """Return the table of characters.

        Returns
        -------
        pandas.DataFrame
        """
        return self.characters

    def summary(self) -> str:
        """Return the headline in words.

        Returns
        -------
        str
        """
        share = self.avoidable / self.segments if self.segments else 0.0
        line = (
            f"{_number(self.texts)} texts, {_number(self.segments)} segments; "
            f"{_number(self.avoidable)} of them ({share:.1%}) for {len(self.characters):,} "
            f"character{'s' * (len(self.characters) != 1)}"
        )
        if self.price is not None:
            line += f", {self.currency} {self.avoidable * self.price:,.2f}".replace("  ", " ")
        return line

    def __str__(self) -> str:
        if self.characters.empty:
            return self.summary()
        return f"{self.summary()}\n{_shown(self.characters).to_string(index=False)}"

    def _repr_html_(self) -> str:
        """Show the dearest characters; what comes from the texts is escaped."""
        table = _shown(self.characters).to_html(index=False, escape=True, border=0)
        return f"<p>{html.escape(self.summary())}</p>{table}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _shown(table: pd.DataFrame, rows: int = 20) -> pd.DataFrame:
    table = table.head(rows).copy()
    table["character"] = table["character"].map(characters.shown)
    replacement = table["replacement"]
    table["replacement"] = replacement.map(repr, na_action="ignore").fillna("")
    table["level"] = table["level"].fillna("")
    for name in ("texts", "count", "segments", "alone"):
        table[name] = table[name].map(_number)
    if "cost" in table.columns:
        table["cost"] = table["cost"].map("{:,.2f}".format)
    return table


def audit(
    texts: Texts,
    weights: Any = None,
    rates: RateCard | float | None = None,
    *,
    country: str | None = None,
    languages: str | Sequence[str] | None = None,
    reference_bits: int = 8,
    concatenation: bool = True,
    errors: str = "strict",
    executor: Executor | None = None,
) -> Audit:
    """Rank the characters of a list of texts by the segments that they cost.

    Characters that force UCS-2 cost; in a text where none does, those of the extension table. The
    text costs what it takes beyond the same text with a letter of one septet in place of each of
    them; they share that equally.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        The texts; nulls are left out.
    weights : array of numbers, shape (n,), optional
        How often each text is sent, for example the recipients of a template; once if not given.
    rates : RateCard or float, optional
        The price of a segment, or a card that tells it for `country`.
    country : str, optional
        ISO 3166-1 alpha-2; with a card, and only then.
    languages : None, ``auto`` or list of str
        As of :func:`smslab.segment`, like all further ones.
    reference_bits : int
        As of :func:`smslab.segment`.
    concatenation : bool
        As of :func:`smslab.segment`.
    errors : str
        As of :func:`smslab.segment`.
    executor : concurrent.futures.Executor, optional
        As of :func:`smslab.segment`.

    Returns
    -------
    Audit
        Its ``characters`` has one row per character, the dearest first:

        ``character``, ``code_point``, ``name`` : str
        ``texts`` : float, texts in which it costs, each by its weight
        ``count`` : float, how often it stands in them, likewise
        ``segments`` : float, its share of the segments that they cost
        ``alone`` : float, segments of the texts in which it alone is to blame: what is saved by
        this repair and no other
        ``cost`` : float, of its segments; with `rates` only
        ``level``, ``replacement`` : str, the first level of :func:`smslab.smart_encode` that
        replaces it, and by what; null where none does
        ``example`` : label of the first text in which it costs

    Raises
    ------
    TypeError, TextError, ValueError
        As of :func:`smslab.segment`.
    InputError
        If `weights` do not fit the texts, or are negative or no numbers.
    RateCardError
        If the card has no price for the country.

    Examples
    --------
    >>> import smslab
    >>> found = smslab.audit(["It’s here – now! " * 5, "It’s " * 15, "plain"], rates=0.01)
    >>> found.characters[["character", "texts", "segments", "alone", "cost", "level"]]
      character  texts  segments  alone   cost        level
    0         ’    2.0       1.5    1.0  0.015  typographic
    1         –    1.0       0.5    0.0  0.005  typographic
    """
    coding = Coding(languages=languages, reference_bits=reference_bits, concatenation=concatenation)
    chunks, codes = as_distinct(texts, errors)
    counts = count(chunks, coding, executor)
    rows = len(counts.null)
    labels = index_of(texts, rows if codes is None else len(codes)).to_flat_index()
    weight = _weights(weights, len(labels))
    origin = np.arange(len(labels))
    if codes is not None:
        # A text of the dictionary weighs what its rows weigh; it comes from the first of them.
        held = codes >= 0
        weight = np.bincount(codes[held], weight[held], rows)
        origin = np.full(rows, len(labels))
        np.minimum.at(origin, codes[held], np.flatnonzero(held))
    price, currency = _price(rates, country)
    check_counted(chunks, counts)
    array = pa.chunked_array(chunks, pa.large_string())
    kinds = (_culprits(counts), _doubles(counts))
    found = [some for kind in kinds for some in _costly(array, kind, counts, coding)]
    nothing = (np.empty(0, np.int64),) * 5
    columns = zip(nothing, *found, strict=True)
    row, point, times, extra, sharing = (np.concatenate(column) for column in columns)
    # In a text without any cost a character costs nothing: it is left out.
    costs = extra > 0
    row, point, times, extra, sharing = (
        column[costs] for column in (row, point, times, extra, sharing)
    )
    points, place = np.unique(point, return_inverse=True)

    def total(values: _Array) -> _Array:
        return np.bincount(place, values * weight[row], len(points))

    letters = [chr(point) for point in points]
    first = np.full(len(points), len(labels))
    np.minimum.at(first, place, origin[row])
    known = lookalikes(LEVELS[-1])
    table = pd.DataFrame(
        {
            "character": pd.Series(letters, dtype="str"),
            "code_point": pd.Series([characters.code_point(c) for c in letters], dtype="str"),
            "name": pd.Series([characters.name(c) for c in letters], dtype="str"),
            "texts": total(np.ones(len(row))),
            "count": total(times),
            "segments": total(extra / np.maximum(sharing, 1)),
            "alone": total(extra * (sharing == 1)),
            "level": pd.Series(
                [known[c].level if c in known else None for c in letters], dtype="str"
            ),
            "replacement": pd.Series(
                [known[c].replacement if c in known else None for c in letters], dtype="str"
            ),
            "example": labels[first],
        }
    )
    if price is not None:
        table.insert(7, "cost", table["segments"] * price)
    once = np.unique(row, return_index=True)[1]
    return Audit(
        texts=float(weight[~counts.null].sum()),
        segments=float((counts.segments * weight).sum()),
        avoidable=float((extra[once] * weight[row[once]]).sum()),
        characters=table.sort_values(
            ["segments", "count", "code_point"], ascending=[False, False, True], ignore_index=True
        ),
        price=price,
        currency=currency,
    )


def _weights(weights: Any, rows: int) -> _Array:
    if weights is None:
        return np.ones(rows)
    try:
        found = np.asarray(weights, np.float64)
    except (TypeError, ValueError):
        raise InputError("weights must be numbers, one for each text") from None
    if found.shape != (rows,):
        raise InputError(
            f"weights must be one for each of {rows} texts; their shape is {found.shape}"
        )
    wrong = np.flatnonzero(~(np.isfinite(found) & (found >= 0)))
    if len(wrong):
        raise InputError(f"weights must be 0 or more; row {wrong[0]} has {found[wrong[0]]}")
    return found


def _price(rates: RateCard | float | None, country: str | None) -> tuple[float | None, str]:
    if rates is None:
        if country is not None:
            raise InputError("country is used with rates: rates=smslab.RateCard.bundled()")
        return None, ""
    if isinstance(rates, RateCard):
        if not isinstance(country, str):
            raise InputError("with a rate card, country must be given: country='US'")
        return rates.price(country.upper()).total_micro / MICRO, rates.currency
    try:
        price = float(rates)
    except (TypeError, ValueError):
        price = -1.0
    if not 0 <= price < float("inf"):
        raise InputError(f"rates must be a card or a price of 0 or more; not {rates!r}")
    return price, ""


def _culprits(counts: Counts) -> _Array:
    return np.flatnonzero(counts.encoding == UCS2)


def _doubles(counts: Counts) -> _Array:
    is_gsm = counts.encoding == ENCODINGS.index("GSM-7")
    return np.flatnonzero(is_gsm & (counts.units > counts.characters) & (counts.segments > 1))


def _costly(
    array: pa.ChunkedArray, places: _Array, counts: Counts, coding: Coding
) -> list[tuple[_Array, ...]]:
    """Find the characters that cost, in texts of one kind.

    Returns arrays with an entry for each character of each text: row, code point, how often it
    stands there, segments that the text costs, how many characters share them.
    """
    found: list[tuple[_Array, ...]] = []
    for first in range(0, len(places), _AT_ONCE):
        rows = places[first : first + _AT_ONCE]
        texts = array.take(pa.array(rows)).to_pylist()
        is_ucs = counts.encoding[rows[0]] == UCS2
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        points = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).astype(np.int64)
        row = np.repeat(np.arange(len(texts)), lengths)
        is_costly = _costs(points, row, counts.locking[rows], is_ucs, coding)
        keys, times = np.unique(row[is_costly] * 0x110000 + points[is_costly], return_counts=True)
        row, point = keys // 0x110000, keys % 0x110000
        # The text with a plain letter in the place of each of them.
        plain = dict.fromkeys(np.unique(point).tolist(), _PLAIN)
        cheap = pa.array([text.translate(plain) for text in texts], pa.large_string())
        extra = counts.segments[rows] - count([cheap], coding).segments
        sharing = np.bincount(row, minlength=len(texts))
        found.append((rows[row], point, times, extra[row], sharing[row]))
    return found


def _costs(points: _Array, row: _Array, locking: _Array, is_ucs: bool, coding: Coding) -> _Array:
    """Say of each character whether it costs in its text."""
    names = (DEFAULT, *(coding.languages or ()))
    if not is_ucs:
        # What is not in the locking table of its text takes two septets.
        costs = np.zeros(len(points), np.bool_)
        order = tuple(SINGLE_SHIFT)
        for table in np.unique(locking):
            here = [ord(c) for c in LOCKING_SHIFT[order[table]].values()]
            costs |= (locking[row] == table) & ~np.isin(points, here)
        return costs
    every = {
        ord(character)
        for name in names
        for shift in (LOCKING_SHIFT, SINGLE_SHIFT)
        for character in shift.get(name, {}).values()
    }
    costs = ~np.isin(points, list(every))
    # Each is in some table, but no pair of tables has all: then what the default ones lack costs.
    blameless = np.ones(int(row.max(initial=-1)) + 1, np.bool_)
    blameless[row[costs]] = False
    default = [ord(c) for c in (*LOCKING_SHIFT[DEFAULT].values(), *GSM7_EXTENSION)]
    return costs | (blameless[row] & ~np.isin(points, default))


def lint(
    texts: Texts,
    *,
    max_segments: int = 1,
    level: str = "symbols",
    languages: str | Sequence[str] | None = None,
    reference_bits: int = 8,
    concatenation: bool = True,
    errors: str = "strict",
    executor: Executor | None = None,
) -> pd.DataFrame:
    r"""Find the texts of over so many segments, and say what is to be done: a check of templates.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        The texts.
    max_segments : int
        Segments that a text may have, 1 or more.
    level : str
        Repairs to suggest, as of :func:`smslab.smart_encode`.
    languages : None, ``auto`` or list of str
        As of :func:`smslab.segment`, like all further ones.
    reference_bits : int
        As of :func:`smslab.segment`.
    concatenation : bool
        As of :func:`smslab.segment`.
    errors : str
        As of :func:`smslab.segment`.
    executor : concurrent.futures.Executor, optional
        As of :func:`smslab.segment`.

    Returns
    -------
    pandas.DataFrame
        Empty where all is well. Else a row for each character that makes a text too long, or one
        row for a text that is too long by itself:

        ``message`` : label of the text
        ``segments`` : int, that it takes
        ``position`` : Int32, index of the character in the text; null for the text itself
        ``character``, ``code_point``, ``name`` : str, likewise
        ``repair`` : str, what to do

    Raises
    ------
    TypeError, TextError, ValueError
        As of :func:`smslab.smart_encode`; ValueError also if `max_segments` is less than 1.

    Examples
    --------
    >>> import smslab
    >>> found = smslab.lint(["short", "It’s " * 15, "x" * 170])
    >>> found[["message", "segments", "position", "character"]].iloc[[0, -1]]
        message  segments  position character
    0         1         2         2         ’
    15        2         2      <NA>       NaN
    >>> found["repair"].unique().tolist()
    ['replace by "\'" (level typographic)', 'shorten by 10 septets']
    """
    if int(max_segments) != max_segments or max_segments < 1:
        raise OptionError(f"max_segments must be 1 or more, and whole; not {max_segments!r}")
    coding = Coding(languages=languages, reference_bits=reference_bits, concatenation=concatenation)
    check_level(level)
    chunks = as_chunks(texts, errors)
    counts = count(chunks, coding, executor)
    array = pa.chunked_array(chunks, pa.large_string())
    index = index_of(texts, len(counts.null)).to_flat_index()
    findings: list[tuple[Any, ...]] = []
    for row in np.flatnonzero(counts.segments > max_segments).tolist():
        for chunk in array.slice(row, 1).chunks:
            check_utf8(chunk)
        text = array[row].as_py()
        segments = int(counts.segments[row])
        points = np.array([ord(character) for character in text], np.int64)
        is_ucs = bool(counts.encoding[row] == UCS2)
        costs = _costs(points, np.zeros_like(points), counts.locking[[row]], is_ucs, coding)
        plain = "".join(_PLAIN if cost else c for c, cost in zip(text, costs, strict=True))
        least = int(count([pa.array([plain], pa.large_string())], coding).segments[0])
        if least < segments:
            advice = _advice(text, level, coding)
            for position in np.flatnonzero(costs).tolist():
                character = text[position]
                of_it = (character, characters.code_point(character), characters.name(character))
                findings.append((index[row], segments, position, *of_it, advice[character]))
        if least > max_segments:
            over = _over(plain if least < segments else text, max_segments, coding)
            findings.append((index[row], segments, None, None, None, None, over))
    columns = ["message", "segments", "position", "character", "code_point", "name", "repair"]
    frame = pd.DataFrame(findings, columns=columns)
    kinds = dict.fromkeys(columns[3:], "str") | {"segments": "int64", "position": "Int32"}
    return frame.astype(kinds)


_REWRITE: Final = "write it otherwise, or take it out"


def _advice(text: str, level: str, coding: Coding) -> dict[str, str]:
    """Say for each character of a text what to do with it, if it costs."""
    languages = () if coding.languages is None else tuple(coding.languages)
    found = repair(text, level, languages=languages)
    advice = dict.fromkeys(text, _REWRITE)
    composed = compose(text)
    for character in text:
        if character not in composed:
            advice[character] = "compose it with the letter before it (level nfc)"
    for character, reason in found.blocking.items():
        advice[character] = f"{_REWRITE}: {reason}"
    known = lookalikes(level)
    for change in found.changes:
        of_level = known[change.character].level if change.character in known else level
        verb = f"replace by {change.replacement!r}" if change.replacement else "drop it"
        if change.character not in found.blocking:
            advice[change.character] = f"{verb} (level {of_level})"
    return advice


def _over(text: str, max_segments: int, coding: Coding) -> str:
    """Say by how much a text is too long."""
    chunk = pa.array([text], pa.large_string())
    counts = count([chunk], coding)
    units = part(chunk, counts, coding).units
    over = int(units[max_segments:].sum())
    if max_segments == 1:
        # Alone it needs no header that joins parts.
        tables = int(counts.locking[0] > 0) + int(counts.single[0] > 0)
        is_ucs = counts.encoding[0] == UCS2
        header = rules.header_octets(None, tables)
        over = int(units.sum()) - (rules.code_units(header) if is_ucs else rules.septets(header))
    return f"shorten by {over:,} {'UTF-16 code units' if counts.encoding[0] == UCS2 else 'septets'}"
