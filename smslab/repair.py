"""Repair of one text: look-alikes for what is outside the alphabet, as far as the rules allow.

Links, e-mail addresses and codes are left alone; a number keeps its value; no visible character
is dropped.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from smslab.alphabets import DEFAULT, GSM7_DEFAULT, LOCKING_SHIFT, SINGLE_SHIFT
from smslab.coding import Coding
from smslab.errors import MissingExtraError, OptionError
from smslab.kernels.lookalikes import BLOCKS, COMPOSES, FINE
from smslab.lookalikes import CONDITIONS, LEVELS, PROFILES, Lookalike, check_level, lookalikes

__all__ = [
    "ASCII",
    "TARGETS",
    "Change",
    "Repair",
    "alphabet_of",
    "check_target",
    "compose",
    "composing",
    "hopeless",
    "repair",
    "repair_all",
]

#: Alphabets to bring a text into. ``ASCII`` is what GSM-7 and ASCII have in common in one septet
#: and at one code, for routes that garble the rest.
TARGETS: Final = ("GSM-7", "ASCII")

#: The characters of the target ``ASCII``.
ASCII: Final = frozenset(c for c, code in GSM7_DEFAULT.items() if c.isascii() and ord(c) == code)


class Change(NamedTuple):
    """A character and what stands in its place.

    Parameters
    ----------
    position : int
        Its index in the composed text, as of :func:`compose`.
    character : str
        The character.
    replacement : str
        What stands in its place; empty where it is left out.
    """

    position: int
    character: str
    replacement: str


@dataclass(frozen=True)
class Repair:
    """What a level can do for a text.

    Parameters
    ----------
    text : str
        The text as far as it could be changed.
    changes : tuple of Change
        What was changed beside the composition of letters and accents.
    blocking : dict of str to str
        The characters that are still outside the alphabet, each with the reason.
    """

    text: str
    changes: tuple[Change, ...] = ()
    blocking: dict[str, str] = field(default_factory=dict)


# Words that lead somewhere or are typed in: a look-alike in them would be another one.
_EDGES: Final = "“”‘’\"'«»‹›„‚()[]{}<>,;:!?"
_LINK: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://.*|www\..*"
    # A host alone is told by its end; with a port or a path behind it, by its form.
    r"|[^\s/@]+\.(?:[a-z]{2}|com|net|org|info|biz|app|dev|shop|store|online|site|link|page)\.?"
    r"(?:[/?#:].*)?"
    r"|(?:[^\s/@:]+\.(?:[^\W\d_]{2,}|xn--[a-z0-9-]+)\.?|localhost|[0-9]+(?:\.[0-9]+){3})"
    r"(?::[0-9]+)?[/?#].*",
    re.DOTALL | re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"[^@]+@[^@]+\.[^@]+", re.DOTALL)
#: Before a code in the same word: ``Code:AB12``, ``PIN=4711``.
_LABEL: Final = re.compile(r"[^\W\d_]+[:=]")
_TIMES_OF_DAY: Final = re.compile(
    r"[0-9]{1,2}(?:[:.][0-9]{2})?(?:[AP]M)?(?:[^\sA-Za-z0-9]+[0-9]{1,2}(?:[:.][0-9]{2})?[AP]M)+"
)
_CODE_LETTERS: Final = 6


def _is_code(word: str) -> bool:
    """Say whether a word is capitals and digits in a row, as of a voucher: joined or not."""
    label = _LABEL.match(word)
    word = word[label.end() if label else 0 :].strip(".…")
    letters = [character for character in word if character.isalnum()]
    return (
        len(letters) >= _CODE_LETTERS
        and word[0].isalnum()
        and word[-1].isalnum()
        and all(character.isupper() or character.isdecimal() for character in letters)
        and any(character.isupper() for character in letters)
        and any(character.isdecimal() for character in letters)
        and not _TIMES_OF_DAY.fullmatch(word)
    )


#: A word with a character beyond ASCII: others stay as they are anyway.
_WORD: Final = re.compile(r"(?<!\S)[^\s\x80-\U0010FFFF]*+[^\s\x00-\x7F]\S*")


def _protected(text: str) -> list[tuple[int, int, str]]:
    """Find the links, e-mail addresses and codes of a text: start, end and kind."""
    spans = []
    for match in _WORD.finditer(text):
        word = match.group().strip(_EDGES)
        if word.isascii():
            continue
        # As it will be when it is composed: then it is still protected.
        composed = unicodedata.normalize("NFC", word)
        kind = ""
        if _LINK.fullmatch(composed) or "://" in word:
            kind = "a link"
        elif _EMAIL.fullmatch(composed):
            kind = "an e-mail address"
        elif _is_code(composed):
            kind = "a code"
        if kind:
            start = match.start() + match.group().index(word)
            spans.append((start, start + len(word), kind))
    return spans


def compose(text: str) -> str:
    """Compose letters and their accents, but for links, e-mail addresses and codes.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    str
        In normal form C outside of what is left alone (Unicode Standard Annex 15).
    """
    if unicodedata.is_normalized("NFC", text):
        return text
    pieces, done = [], 0
    for start, end, _ in _protected(text):
        pieces += [unicodedata.normalize("NFC", text[done:start]), text[start:end]]
        done = end
    return "".join(pieces) + unicodedata.normalize("NFC", text[done:])


def check_target(target: str) -> None:
    """Make sure that there is such a target.

    Parameters
    ----------
    target : str
        One of :data:`TARGETS`.

    Raises
    ------
    ValueError
        If it is not.
    """
    if target not in TARGETS:
        raise OptionError(f"target must be one of {', '.join(TARGETS)}; not {target!r}")


@functools.cache
def alphabet_of(target: str, languages: tuple[str, ...]) -> frozenset[str]:
    """Return the characters of an alphabet.

    Parameters
    ----------
    target : str
        One of :data:`TARGETS`.
    languages : tuple of str
        Languages whose national tables belong to it.

    Returns
    -------
    frozenset of str
    """
    if target == "ASCII":
        return ASCII
    names = (DEFAULT, *languages)
    shifts = [shift.get(name, {}) for shift in (LOCKING_SHIFT, SINGLE_SHIFT) for name in names]
    return frozenset(character for shift in shifts for character in shift.values())


@functools.cache
def _outside(target: str, languages: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"[^{re.escape(''.join(sorted(alphabet_of(target, languages))))}]")


def repair(
    text: str, level: str = "typographic", *, target: str = "GSM-7", languages: Sequence[str] = ()
) -> Repair:
    """Bring one text into an alphabet as far as a level can, whether or not it pays.

    Parameters
    ----------
    text : str
        The text.
    level : str
        One of :data:`LEVELS` or :data:`PROFILES`.
    target : str
        One of :data:`TARGETS`.
    languages : sequence of str
        Languages whose national tables belong to the alphabet.

    Returns
    -------
    Repair

    Raises
    ------
    TypeError
        If `text` is no string, or `languages` no sequence.
    ValueError
        If `level`, `target` or a language is unknown.
    MissingExtraError
        If level ``translit`` needs the library anyascii, and it is not installed.

    Examples
    --------
    >>> import smslab
    >>> smslab.smart.repair("“10²” at www.example.org/a…b", "symbols").blocking
    {'…': 'in a link'}
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a string; not {type(text).__name__}")
    check_level(level)
    check_target(target)
    return _repaired(text, level, target, tuple(Coding(languages=tuple(languages)).languages or ()))


def _repaired(text: str, level: str, target: str, languages: tuple[str, ...]) -> Repair:
    alphabet = alphabet_of(target, languages)
    known = lookalikes(level)
    if level in PROFILES:
        changes = tuple(
            Change(place, c, known[c].replacement) for place, c in enumerate(text) if c in known
        )
        result = "".join(known[c].replacement if c in known else c for c in text)
        return Repair(
            result, changes, dict.fromkeys(sorted({*result} - alphabet), "not in the table")
        )
    text = compose(text)
    strange = [match.start() for match in _outside(target, languages).finditer(text)]
    spans = deque(_protected(text) if strange else ())
    pieces = []
    changes_: list[Change] = []
    blocking: dict[str, str] = {}
    done = 0
    for place in strange:
        character = text[place]
        found = known.get(character)
        before = after = ""
        if found is not None and found.condition:
            before, after = _neighbours(text, place, known)
        if found is None and level == "translit" and character.isalpha():
            found = _transliterated(character)
        reason = ""
        if found is None:
            reason = _no_lookalike(character)
        elif not alphabet.issuperset(found.replacement):
            reason = f"{found.replacement!r} is not in the alphabet either"
        elif not CONDITIONS[found.condition][0](before, after):
            reason = CONDITIONS[found.condition][1]
        while spans and spans[0][1] <= place:
            spans.popleft()
        if spans and spans[0][0] <= place:
            reason = f"in {spans[0][2]}"
        if found is None or reason:
            blocking[character] = reason
            continue
        replacement = found.replacement
        if found.condition == "apart":
            replacement = " " * before.isalnum() + replacement + " " * after.isalnum()
        changes_.append(Change(place, character, replacement))
        pieces += [text[done:place], replacement]
        done = place + 1
    return Repair("".join(pieces) + text[done:], tuple(changes_), blocking)


def _neighbours(text: str, place: int, known: dict[str, Lookalike]) -> tuple[str, str]:
    """Return the characters beside one that will be there still: what is dropped does not part."""

    def first(places: range) -> str:
        for at in places:
            found = known.get(text[at])
            if found is None or found.replacement or found.condition:
                return text[at]
        return ""

    return first(range(place - 1, -1, -1)), first(range(place + 1, len(text)))


def _no_lookalike(character: str) -> str:
    higher = lookalikes(LEVELS[-1]).get(character)
    return "no look-alike" if higher is None else f"a look-alike from level {higher.level} on"


def _transliterated(character: str) -> Lookalike | None:
    try:
        from anyascii import anyascii  # noqa: PLC0415  (an extra)
    except ImportError:
        raise MissingExtraError("translit", "level 'translit'") from None
    found: str = anyascii(character)
    return Lookalike("translit", found, "") if found else None


def repair_all(
    texts: list[str], level: str, target: str, languages: tuple[str, ...]
) -> list[Repair]:
    """Repair texts.

    Parameters
    ----------
    texts : list of str
        The texts.
    level : str
        As of :func:`repair`.
    target : str
        As of :func:`repair`.
    languages : tuple of str
        As of :func:`repair`, known to be right.

    Returns
    -------
    list of Repair
    """
    return [_repaired(text, level, target, languages) for text in texts]


@functools.cache
def hopeless(level: str, target: str, languages: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Return what each character is to a repair, for the kernel that finds hopeless texts.

    Parameters
    ----------
    level : str
        As of :func:`repair`, not a profile, and not ``translit``.
    target : str
        As of :func:`repair`.
    languages : tuple of str
        As of :func:`repair`, known to be right.

    Returns
    -------
    ndarray of uint8
        By code point, of the two lowest planes: ``FINE``, ``BLOCKS`` or ``COMPOSES``.
    """
    kinds = composing().copy()
    for character in alphabet_of(target, languages) | lookalikes(level).keys():
        kinds[ord(character)] = FINE if kinds[ord(character)] == BLOCKS else COMPOSES
    return kinds


@functools.cache
def composing() -> npt.NDArray[np.uint8]:
    """Return which characters may change when a text is composed (Unicode Annex 15).

    Marks, the letters of Hangul, and what composition replaces even on its own.

    Returns
    -------
    ndarray of uint8
        By code point, of the two lowest planes: ``COMPOSES``, and ``BLOCKS`` for the others.
    """
    kinds = np.full(0x20000, BLOCKS, np.uint8)
    for point in range(0x20000):
        character = chr(point)
        if (
            unicodedata.category(character) in ("Mn", "Mc", "Me")
            or 0x1100 <= point <= 0x11FF
            or not unicodedata.is_normalized("NFC", character)
        ):
            kinds[point] = COMPOSES
    return kinds
