"""One text explained: every character, what it takes, what forces UCS-2 and what would help."""

from __future__ import annotations

import html
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from smslab import characters, rules
from smslab.alphabets import DEFAULT, LOCKING_SHIFT, SINGLE_SHIFT
from smslab.coding import Coding
from smslab.errors import TextError
from smslab.lookalikes import LEVELS
from smslab.repair import repair

__all__ = ["Character", "Explanation", "Suggestion", "explain"]


@dataclass(frozen=True, kw_only=True)
class Character:
    """One character of a text.

    Parameters
    ----------
    character : str
        The character.
    name : str
        Its Unicode name, or its code point where it has none.
    alphabet : str
        ``locking`` (the default alphabet or that of a language; one septet), ``single`` (the
        extension table or that of a language; two septets), or ``UCS-2``, which this character
        forces. Of a text in UCS-2, the first two tell what the character would be without those
        that force it.
    units : int
        What it takes in this text: septets or UTF-16 code units.
    part : int
        The part it goes into, from 1.
    """

    character: str
    name: str
    alphabet: str
    units: int
    part: int

    @property
    def code_point(self) -> str:
        """The code point as ``U+0041``."""
        return characters.code_point(self.character)


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A text by look-alikes that takes fewer segments.

    Parameters
    ----------
    level : str
        The first level of :func:`smslab.smart_encode` that takes as few.
    text : str
        The text that it makes.
    segments : int
        What that takes.
    """

    level: str
    text: str
    segments: int


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """How one text is encoded, character by character.

    Parameters
    ----------
    text : str
        The text.
    encoding : str
        ``GSM-7`` or ``UCS-2``.
    locking, single : str or None
        The tables: ``default`` or a language; None for UCS-2.
    units : int
        Septets or UTF-16 code units.
    segments : int
        Parts.
    free : int
        Units that still fit into the last part.
    characters : tuple of Character
        Every character, in order.
    repair : Suggestion or None
        What smart encoding would make of it, if that saves a segment.
    """

    text: str
    encoding: str
    locking: str | None
    single: str | None
    units: int
    segments: int
    free: int
    characters: tuple[Character, ...] = field(repr=False)
    repair: Suggestion | None

    @property
    def culprits(self) -> dict[str, int]:
        """The characters that force UCS-2 and how often each stands in the text."""
        counts: dict[str, int] = {}
        for item in self.characters:
            if item.alphabet == "UCS-2":
                counts[item.character] = counts.get(item.character, 0) + 1
        return counts

    @property
    def parts(self) -> list[str]:
        """The text of each part."""
        texts = [""] * self.segments
        for item in self.characters:
            texts[item.part - 1] += item.character
        return texts

    def _headline(self) -> tuple[str, str]:
        tables = [
            f"{shift} {table}"
            for shift, table in (("locking", self.locking), ("single", self.single))
            if table not in (None, DEFAULT)
        ]
        encoding = f"{self.encoding} ({', '.join(tables)})" if tables else self.encoding
        return encoding, f"{self.segments} segment{'s' if self.segments > 1 else ''}"

    def __str__(self) -> str:
        encoding, segments = self._headline()
        lines = [
            f"{encoding}, {len(self.characters)} characters, {self.units} units, {segments}, "
            f"{self.free} units free"
        ]
        lines += [
            f"  {characters.shown(item)} {characters.code_point(item)} {characters.name(item)} "
            f"x {count} forces UCS-2"
            for item, count in self.culprits.items()
        ]
        if self.segments > 1:
            lines += [
                f"  part {number}: {text!r}" for number, text in enumerate(self.parts, start=1)
            ]
        if self.repair is not None:
            lines.append(
                f"  smart encoding, level {self.repair.level}: {self.repair.segments} "
                f"segment{'s' if self.repair.segments > 1 else ''}: {self.repair.text!r}"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Show the parts, the characters that force UCS-2 marked; the text is escaped."""
        encoding, segments = self._headline()
        parts = []
        for number in range(1, self.segments + 1):
            letters = [item for item in self.characters if item.part == number]
            units = sum(item.units for item in letters)
            body = "".join(_marked(item) for item in letters)
            parts.append(
                f"<tr><th style='vertical-align:top'>Part {number}</th>"
                f"<td style='white-space:pre-wrap;overflow-wrap:anywhere;text-align:left'>"
                f"{body}</td>"
                f"<td style='vertical-align:top;white-space:nowrap'>{units} units</td></tr>"
            )
        rows = "".join(
            f"<li>{html.escape(characters.shown(character))} {characters.code_point(character)} "
            f"{html.escape(characters.name(character))} × {count}</li>"
            for character, count in self.culprits.items()
        )
        why = f"<p>These characters force UCS-2:</p><ul>{rows}</ul>" if rows else ""
        if self.repair is not None:
            why += (
                f"<p class='smslab-repair'>Smart encoding, level {self.repair.level}: "
                f"<b>{self.repair.segments} segment{'s' if self.repair.segments > 1 else ''}</b>"
                f"<br><span style='white-space:pre-wrap'>{html.escape(self.repair.text)}</span></p>"
            )
        return (
            f"<p class='smslab-count'><b>{encoding}</b>, {len(self.characters)} characters, "
            f"{self.units} units, <b>{segments}</b>, {self.free} units free</p>"
            f"<table>{''.join(parts)}</table>{why}"
        )


def explain(
    text: str,
    *,
    languages: str | Sequence[str] | None = None,
    reference_bits: int = 8,
    concatenation: bool = True,
) -> Explanation:
    """Say how one text is encoded, character by character, and what would make it cheaper.

    Parameters
    ----------
    text : str
        The text.
    languages : None, ``auto`` or list of str
        As of :func:`smslab.segment`, like all further ones.
    reference_bits : int
        As of :func:`smslab.segment`.
    concatenation : bool
        As of :func:`smslab.segment`.

    Returns
    -------
    Explanation

    Raises
    ------
    TypeError
        If `text` is no string.
    TextError
        If the text has a lone surrogate.
    ValueError
        If `reference_bits` or a language is unknown.

    Notes
    -----
    Source: as for :func:`smslab.segment`, of which this is the plain Python counterpart for a
    single text: nothing has to be compiled.

    Examples
    --------
    >>> import smslab
    >>> print(smslab.explain("Don’t miss it"))
    UCS-2, 13 characters, 13 units, 1 segment, 57 units free
      ’ U+2019 RIGHT SINGLE QUOTATION MARK x 1 forces UCS-2
    >>> found = smslab.explain("Don’t miss it – " * 5)
    >>> found.segments, found.repair.level, found.repair.segments
    (2, 'typographic', 1)
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a string; not {type(text).__name__}. For many: segment()")
    for position, character in enumerate(text):
        if "\ud800" <= character <= "\udfff":
            raise TextError(
                f"the text has the lone surrogate {characters.code_point(character)} at index "
                f"{position}, which no encoding can hold"
            )
    coding = Coding(languages=languages, reference_bits=reference_bits, concatenation=concatenation)
    names = (DEFAULT, *(coding.languages or ()))
    plan = _cheapest(text, names, coding)
    locking, single = _alphabets(DEFAULT, DEFAULT)
    if plan.locking is not None and plan.single is not None:
        locking, single = _alphabets(plan.locking, plan.single)
    known = locking | single
    if plan.encoding == "UCS-2" and len(names) > 1:
        # What no table has; where each has some table, what the default ones lack.
        every = known.union(*(table for pair in _pairs(names) for table in _alphabets(*pair)))
        known = every if set(text) - every else known
    return Explanation(
        text=text,
        encoding=plan.encoding,
        locking=plan.locking,
        single=plan.single,
        units=sum(plan.widths),
        segments=plan.segments,
        free=plan.free,
        characters=tuple(
            Character(
                character=character,
                name=characters.name(character),
                alphabet=_kind(character, locking, known),
                units=width,
                part=part,
            )
            for character, width, part in zip(text, plan.widths, plan.parts, strict=True)
        ),
        repair=_suggestion(text, plan, names, coding),
    )


def _kind(character: str, locking: frozenset[str], known: frozenset[str]) -> str:
    if character in locking:
        return "locking"
    return "single" if character in known else "UCS-2"


class _Plan(NamedTuple):
    """A way to encode a text: widths and numbers of part of its characters."""

    encoding: str
    locking: str | None
    single: str | None
    widths: list[int]
    parts: list[int]
    free: int
    octets: int

    @property
    def segments(self) -> int:
        return self.parts[-1] if self.parts else 1


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (locking, single)
        for locking, single in itertools.product(names, names)
        if locking in LOCKING_SHIFT
    ]


def _alphabets(locking: str, single: str) -> tuple[frozenset[str], frozenset[str]]:
    return (
        frozenset(LOCKING_SHIFT[locking].values()),
        frozenset(SINGLE_SHIFT[single].values()),
    )


def _cheapest(text: str, names: Sequence[str], coding: Coding) -> _Plan:
    letters = set(text)
    plans = []
    for locking, single in _pairs(sorted(names, key=tuple(SINGLE_SHIFT).index)):
        one, two = _alphabets(locking, single)
        if letters <= one | two:
            widths = [1 if character in one else 2 for character in text]
            tables = (locking != DEFAULT) + (single != DEFAULT)
            plans.append(_plan("GSM-7", locking, single, widths, tables, coding))
            if set(widths) <= {1} and locking == single == DEFAULT:
                break
    if not plans or (plans[0].locking, plans[0].single) != (DEFAULT, DEFAULT):
        widths = [2 if character > "\uffff" else 1 for character in text]
        plans.insert(0, _plan("UCS-2", None, None, widths, 0, coding))
    return min(plans, key=lambda plan: (plan.segments, plan.octets))


def _plan(
    encoding: str,
    locking: str | None,
    single: str | None,
    widths: list[int],
    tables: int,
    coding: Coding,
) -> _Plan:
    is_gsm = encoding == "GSM-7"
    room_of = rules.septets if is_gsm else rules.code_units
    header = rules.header_octets(None, tables)
    if sum(widths) > room_of(header):
        header = rules.header_octets(coding.joining_bits, tables)
    room = room_of(header)
    parts = []
    filled = [0]
    for width in widths:
        if filled[-1] + width > room:
            filled.append(0)
        filled[-1] += width
        parts.append(len(filled))
    before = rules.septets(0) - room if is_gsm else header
    octets = sum(-(-(before + used) * 7 // 8) if is_gsm else before + 2 * used for used in filled)
    return _Plan(encoding, locking, single, widths, parts, room - filled[-1], octets)


def _suggestion(text: str, plan: _Plan, names: Sequence[str], coding: Coding) -> Suggestion | None:
    if plan.encoding != "UCS-2" or plan.segments == 1:
        return None
    best = None
    least = plan.segments
    for level in LEVELS[:-1]:
        found = repair(text, level, languages=names[1:])
        segments = _cheapest(found.text, names, coding).segments
        if segments < least and not found.blocking:
            best = Suggestion(level=level, text=found.text, segments=segments)
            least = segments
    return best


def _marked(item: Character) -> str:
    title = html.escape(f"{item.code_point} {item.name}, {item.units} units", quote=True)
    if item.alphabet == "UCS-2":
        shown = html.escape(characters.shown(item.character))
        return f"<mark class='smslab-culprit' title='{title}'>{shown}</mark>"
    if item.alphabet == "single" and item.units == 2:
        return f"<u title='{title}'>{html.escape(item.character)}</u>"
    return html.escape(item.character)
