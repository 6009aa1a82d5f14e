"""Audit of one text: every character, what it takes, and what forces UCS-2."""

from __future__ import annotations

import html
import unicodedata
from dataclasses import dataclass
from typing import Final

from smslab import rules
from smslab.alphabets import GSM7_DEFAULT, GSM7_EXTENSION
from smslab.errors import TextError

__all__ = ["Character", "Explanation", "explain"]

_UNPRINTABLE: Final = {"Cc": "control", "Cf": "format", "Zl": "line", "Zp": "paragraph", "Zs": ""}


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
        ``default``, ``extension`` (GSM-7, two septets) or ``UCS-2``.
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
        return f"U+{ord(self.character):04X}"


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """How one text is encoded, character by character.

    Parameters
    ----------
    text : str
        The text.
    encoding : str
        ``GSM-7`` or ``UCS-2``.
    units : int
        Septets or UTF-16 code units.
    segments : int
        Parts.
    characters : tuple of Character
        Every character, in order.
    """

    text: str
    encoding: str
    units: int
    segments: int
    characters: tuple[Character, ...]

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

    def __str__(self) -> str:
        lines = [
            f"{self.encoding}, {len(self.characters)} characters, {self.units} units, "
            f"{self.segments} segment{'s' if self.segments > 1 else ''}"
        ]
        lines += [
            f"  {_shown(item)} U+{ord(item):04X} {_name(item)} x {count} forces UCS-2"
            for item, count in self.culprits.items()
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Show the parts, the characters that force UCS-2 marked; the text is escaped."""
        culprits = self.culprits
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
            f"<li>{html.escape(_shown(character))} "
            f"U+{ord(character):04X} {html.escape(_name(character))} × {count}</li>"
            for character, count in culprits.items()
        )
        why = f"<p>These characters force UCS-2:</p><ul>{rows}</ul>" if rows else ""
        return (
            f"<p class='smslab-count'><b>{self.encoding}</b>, {len(self.characters)} characters, "
            f"{self.units} units, <b>{self.segments} segment"
            f"{'s' if self.segments > 1 else ''}</b></p>"
            f"<table>{''.join(parts)}</table>{why}"
        )


def explain(text: str) -> Explanation:
    """Say how one text is encoded, character by character.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    Explanation

    Raises
    ------
    TypeError
        If `text` is no string.
    TextError
        If the text has a lone surrogate.

    Notes
    -----
    Source: as for :func:`smslab.segment`, of which this is the plain Python counterpart for a
    single text.

    Examples
    --------
    >>> import smslab
    >>> print(smslab.explain("Don’t miss it"))
    UCS-2, 13 characters, 13 units, 1 segment
      ’ U+2019 RIGHT SINGLE QUOTATION MARK x 1 forces UCS-2
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a string; not {type(text).__name__}. For many: segment()")
    alphabets = [_alphabet(character) for character in text]
    if "UCS-2" in alphabets:
        encoding = "UCS-2"
        single = rules.code_units(0)
        widths = [len(_utf16(character, i)) // 2 for i, character in enumerate(text)]
    else:
        encoding = "GSM-7"
        single = rules.septets(0)
        widths = [1 if alphabet == "default" else 2 for alphabet in alphabets]
    units = sum(widths)
    header = rules.header_octets(8)
    several = rules.septets(header) if encoding == "GSM-7" else rules.code_units(header)
    room = single if units <= single else several
    part, used = 1, 0
    characters = []
    for character, alphabet, width in zip(text, alphabets, widths, strict=True):
        if used + width > room:
            part, used = part + 1, 0
        used += width
        characters.append(
            Character(
                character=character,
                name=_name(character),
                alphabet=alphabet,
                units=width,
                part=part,
            )
        )
    return Explanation(
        text=text,
        encoding=encoding,
        units=units,
        segments=part,
        characters=tuple(characters),
    )


def _alphabet(character: str) -> str:
    if character in GSM7_DEFAULT:
        return "default"
    return "extension" if character in GSM7_EXTENSION else "UCS-2"


def _utf16(character: str, position: int) -> bytes:
    try:
        return character.encode("utf-16-be")
    except UnicodeEncodeError:
        raise TextError(
            f"the text has the lone surrogate U+{ord(character):04X} at index {position}, which "
            "no encoding can hold"
        ) from None


def _name(character: str) -> str:
    return unicodedata.name(character, f"U+{ord(character):04X}")


def _shown(character: str) -> str:
    """Show a character; one that cannot be seen as its kind in brackets."""
    kind = unicodedata.category(character)
    return f"[{_UNPRINTABLE[kind] or 'space'}]" if kind in _UNPRINTABLE else character


def _marked(item: Character) -> str:
    title = html.escape(f"{item.code_point} {item.name}, {item.units} units", quote=True)
    if item.alphabet == "UCS-2":
        shown = html.escape(_shown(item.character))
        return f"<mark class='smslab-culprit' title='{title}'>{shown}</mark>"
    if item.alphabet == "extension" and item.units == 2:
        return f"<u title='{title}'>{html.escape(item.character)}</u>"
    return html.escape(item.character)
