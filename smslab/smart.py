"""Smart encoding: look-alikes that keep a text in the GSM-7 alphabet, where that saves segments.

The rules: a text is changed only as a whole, if the result is wholly in the target alphabet and
takes fewer segments; links, e-mail addresses and codes are left alone; a number keeps its value;
no visible character is dropped; to do it again changes nothing more.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab import characters
from smslab.alphabets import DEFAULT, GSM7_DEFAULT, LOCKING_SHIFT, SINGLE_SHIFT
from smslab.coding import ENCODINGS, Coding, Counts, count
from smslab.errors import MissingExtraError, OptionError
from smslab.lookalikes import (
    CONDITIONS,
    LEVELS,
    PROFILES,
    Lookalike,
    check_level,
    lookalikes,
    table,
    version,
)
from smslab.pieces import each
from smslab.segmentation import nullable
from smslab.text import Texts, as_distinct, check_utf8, index_of

__all__ = [
    "LEVELS",
    "PROFILES",
    "TARGETS",
    "Change",
    "Repair",
    "repair",
    "smart_encode",
    "smart_report",
    "table",
    "version",
]

#: Alphabets to bring a text into. ``ASCII`` is what GSM-7 and ASCII have in common in one septet
#: and at one code, for routes that garble the rest.
TARGETS: Final = ("GSM-7", "ASCII")

_ASCII: Final = frozenset(c for c, code in GSM7_DEFAULT.items() if c.isascii() and ord(c) == code)


class Change(NamedTuple):
    """A character and what stands in its place.

    Parameters
    ----------
    position : int
        Its index in the composed text (NFC).
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
    r"|[^\s/@]+\.(?:[a-z]{2}|com|net|org|info|biz|app|dev|shop|store|online|site|link|page)\.?"
    r"(?:[/?#:].*)?",
    re.DOTALL,
)
_EMAIL: Final = re.compile(r"[^@]+@[^@]+\.[^@]+", re.DOTALL)
_CODE: Final = re.compile(
    r"(?=[^0-9]*[0-9])(?=[^A-Z]*[A-Z])[A-Z0-9]+(?:[^\sA-Za-z0-9]+[A-Z0-9]+)+", re.DOTALL
)
_TIME_OF_DAY: Final = re.compile(r"[0-9]{1,2}(?:[:.][0-9]{2})?[AP]M")
_CODE_LETTERS: Final = 6

#: A word with a character beyond ASCII: others stay as they are anyway.
_WORD: Final = re.compile(r"(?<!\S)[^\s\x80-\U0010FFFF]*+[^\s\x00-\x7F]\S*")


def _protected(text: str) -> list[tuple[int, int, str]]:
    """Find the links, e-mail addresses and codes of a text: start, end and kind."""
    spans = []
    for match in _WORD.finditer(text):
        word = match.group().strip(_EDGES)
        if word.isascii():
            continue
        kind = ""
        if _LINK.fullmatch(word) or "://" in word:
            kind = "a link"
        elif _EMAIL.fullmatch(word):
            kind = "an e-mail address"
        elif _CODE.fullmatch(word) and not _TIME_OF_DAY.search(word):
            letters = sum(character.isascii() and character.isalnum() for character in word)
            kind = "a code" if letters >= _CODE_LETTERS else ""
        if kind:
            start = match.start() + match.group().index(word)
            spans.append((start, start + len(word), kind))
    return spans


def _check_target(target: str) -> None:
    if target not in TARGETS:
        raise OptionError(f"target must be one of {', '.join(TARGETS)}; not {target!r}")


@functools.cache
def _alphabet(target: str, languages: tuple[str, ...]) -> frozenset[str]:
    if target == "ASCII":
        return _ASCII
    names = (DEFAULT, *languages)
    shifts = [shift.get(name, {}) for shift in (LOCKING_SHIFT, SINGLE_SHIFT) for name in names]
    return frozenset(character for shift in shifts for character in shift.values())


@functools.cache
def _outside(target: str, languages: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"[^{re.escape(''.join(sorted(_alphabet(target, languages))))}]")


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
    _check_target(target)
    return _repaired(text, level, target, tuple(Coding(languages=tuple(languages)).languages or ()))


def _repaired(text: str, level: str, target: str, languages: tuple[str, ...]) -> Repair:
    alphabet = _alphabet(target, languages)
    known = lookalikes(level)
    if level in PROFILES:
        changes = tuple(
            Change(place, c, known[c].replacement) for place, c in enumerate(text) if c in known
        )
        result = "".join(known[c].replacement if c in known else c for c in text)
        return Repair(
            result, changes, dict.fromkeys(sorted({*result} - alphabet), "not in the table")
        )
    text = unicodedata.normalize("NFC", text)
    strange = [match.start() for match in _outside(target, languages).finditer(text)]
    spans = _protected(text) if strange else []
    pieces = []
    changes_: list[Change] = []
    blocking: dict[str, str] = {}
    done = 0
    for place in strange:
        character = text[place]
        before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
        found = known.get(character)
        if found is None and level == "translit" and character.isalpha():
            found = _transliterated(character)
        reason = ""
        if found is None:
            reason = _no_lookalike(character)
        elif not alphabet.issuperset(found.replacement):
            reason = f"{found.replacement!r} is not in the alphabet either"
        elif not CONDITIONS[found.condition][0](before, after):
            reason = CONDITIONS[found.condition][1]
        for start, end, kind in spans:
            if start <= place < end:
                reason = f"in {kind}"
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


def _no_lookalike(character: str) -> str:
    higher = lookalikes(LEVELS[-1]).get(character)
    return "no look-alike" if higher is None else f"a look-alike from level {higher.level} on"


def _transliterated(character: str) -> Lookalike | None:
    try:
        from anyascii import anyascii  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError("translit", "level 'translit'") from None
    found: str = anyascii(character)
    return Lookalike("translit", found, "") if found else None


class _Outcome(NamedTuple):
    """What became of the texts: `text` with the changes that were made, and the candidates."""

    text: pa.ChunkedArray
    before: Counts
    after: Counts
    places: npt.NDArray[np.int64]  # rows of the candidates
    repairs: list[Repair]
    used: npt.NDArray[np.bool_]  # whether that of the candidate was taken
    codes: npt.NDArray[np.int32] | None


def _smart(
    texts: Texts,
    level: str,
    only_if_cheaper: bool,
    target: str,
    coding: Coding,
    errors: str,
    executor: Executor | None,
    *,
    in_detail: bool,
) -> _Outcome:
    check_level(level)
    _check_target(target)
    chunks, codes = as_distinct(texts, errors)
    array = pa.chunked_array(chunks, pa.large_string())
    before = count(chunks, coding, executor)
    wanted = before.encoding == ENCODINGS.index("UCS-2")
    for chunk in chunks:
        # A malformed text counts as UCS-2.
        check_utf8(chunk, offsets_only=not wanted.any())
    if target == "ASCII":
        pattern = "[^" + re.escape("".join(sorted(_ASCII))) + "]"
        wanted = pc.fill_null(pc.match_substring_regex(array, pattern), False).to_numpy()
    elif only_if_cheaper:
        wanted = wanted & (before.segments > 1)
    places = np.flatnonzero(wanted)
    if not len(places):
        nothing = np.zeros(0, np.bool_)
        return _Outcome(array, before, before, places, [], nothing, codes)
    candidates = array.take(pa.array(places)).to_pylist()
    languages = tuple(coding.languages or ())
    work = [
        (candidates[first : first + _AT_ONCE], level, target, languages, in_detail)
        for first in range(0, len(candidates), _AT_ONCE)
    ]
    repairs = [item for piece in each(_repair_all, work, executor) for item in piece]
    proposed = pa.array([item.text for item in repairs], pa.large_string())
    now = before.at(places.astype(np.int32))
    then = count([proposed], coding)
    fewer = then.segments < now.segments
    used = fewer if only_if_cheaper else then.segments <= now.segments
    if level in PROFILES:
        used = used | (not only_if_cheaper)
    else:
        used = used & np.array([not item.blocking for item in repairs])
        # Composition loses nothing: it is taken wherever it saves, in UCS-2 too.
        composed = [unicodedata.normalize("NFC", text) for text in candidates]
        saves = count([pa.array(composed, pa.large_string())], coding).segments < now.segments
        for place in np.flatnonzero(saves & ~used):
            repairs[place] = Repair(composed[place], (), repairs[place].blocking)
        used = used | saves
    changed = np.array([item.text for item in repairs], object)[used]
    mask = np.zeros(len(array), np.bool_)
    mask[places[used]] = True
    result = pc.replace_with_mask(
        array.combine_chunks(), pa.array(mask), pa.array(changed, pa.large_string())
    )
    result = pa.chunked_array([result]) if isinstance(result, pa.Array) else result
    return _Outcome(result, before, count(result.chunks, coding), places, repairs, used, codes)


#: Texts that a worker looks at before it hands them back.
_AT_ONCE: Final = 4096


def _repair_all(
    texts: list[str], level: str, target: str, languages: tuple[str, ...], in_detail: bool
) -> list[Repair]:
    """Repair texts; where it is not asked what is in the way, leave off at what surely is."""
    if in_detail or level in PROFILES or level == "translit":
        return [_repaired(text, level, target, languages) for text in texts]
    known = _alphabet(target, languages) | lookalikes(level).keys()
    repairs = []
    for text in texts:
        composed = unicodedata.normalize("NFC", text)
        if known.issuperset(composed):
            repairs.append(_repaired(composed, level, target, languages))
        else:
            repairs.append(Repair(composed, (), {"": "not looked at in detail"}))
    return repairs


def smart_encode(
    texts: Texts,
    *,
    level: str = "typographic",
    only_if_cheaper: bool = True,
    target: str = "GSM-7",
    languages: str | Sequence[str] | None = None,
    reference_bits: int = 8,
    concatenation: bool = True,
    errors: str = "strict",
    executor: Executor | None = None,
) -> pd.Series[Any]:
    """Replace characters by look-alikes where that saves segments; leave all other texts alone.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        The texts.
    level : str
        What may be changed; each level contains those before it:

        ``nfc`` : letters and their accents composed into one character
        ``invisible`` : characters that cannot be seen dropped, every exotic blank one blank
        ``typographic`` : quotes, dashes, ellipses, bullets, full-width and ornate letters
        ``accents`` : the nearest letter of GSM-7, Greek in capitals
        ``symbols`` : ``™ © ° ½ ₹ →`` and the like, written out
        ``translit`` : letters of other scripts in Latin ones, by the extra ``translit``

        or ``twilio-1.3.0``: that provider's own table, without our rules; equal to what it sends
        with ``only_if_cheaper=False``.
    only_if_cheaper : bool
        False to change every text that comes into the alphabet, if it takes no more segments.
    target : str
        ``GSM-7``, or ``ASCII`` for routes that garble what GSM-7 has beyond it; then with
        ``only_if_cheaper=False``.
    languages : None, ``auto`` or list of str
        As of :func:`smslab.segment`: characters of these tables stay.
    reference_bits : int
        As of :func:`smslab.segment`, like all further ones.
    concatenation : bool
        As of :func:`smslab.segment`.
    errors : str
        As of :func:`smslab.segment`.
    executor : concurrent.futures.Executor, optional
        As of :func:`smslab.segment`; processes help where many texts have to be changed.

    Returns
    -------
    pandas.Series of str
        The texts, with the index of `texts`. To encode them again changes nothing.

    Raises
    ------
    TypeError, TextError, ValueError
        As of :func:`smslab.segment`; ValueError also for an unknown `level` or `target`.
    MissingExtraError
        If ``translit`` needs the library anyascii, and it is not installed.

    Notes
    -----
    A text is changed only if the result is wholly in the target alphabet and takes fewer
    segments; one exception loses nothing: letters are composed where that alone saves a segment.
    :func:`smart_report` says what was changed and what stands in the way.

    Examples
    --------
    >>> import smslab
    >>> text = "Don’t miss it – today only… " + "x" * 60
    >>> smslab.smart_encode([text, "short’s fine", "見て’" * 20]).str[:26].tolist()
    ["Don't miss it - today only", 'short’s fine', '見て’見て’見て’見て’見て’見て’見て’見て’見て']
    """
    coding = Coding(languages=languages, reference_bits=reference_bits, concatenation=concatenation)
    found = _smart(texts, level, only_if_cheaper, target, coding, errors, executor, in_detail=False)
    text = found.text if found.codes is None else _taken(found.text, found.codes)
    index = index_of(texts, len(text))
    name = texts.name if isinstance(texts, pd.Series) else None
    return pd.Series(text, index=index, name=name, dtype="str")


def _taken(values: pa.ChunkedArray, codes: npt.NDArray[np.int32]) -> pa.ChunkedArray:
    return values.take(pa.array(codes, mask=codes < 0))


def smart_report(
    texts: Texts,
    *,
    level: str = "typographic",
    only_if_cheaper: bool = True,
    target: str = "GSM-7",
    languages: str | Sequence[str] | None = None,
    reference_bits: int = 8,
    concatenation: bool = True,
    errors: str = "strict",
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Say what :func:`smart_encode` does to each text, what it saves and what stands in the way.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        The texts.
    level : str
        As of :func:`smart_encode`, like all further ones.
    only_if_cheaper : bool
        As of :func:`smart_encode`.
    target : str
        As of :func:`smart_encode`.
    languages : None, ``auto`` or list of str
        As of :func:`smart_encode`.
    reference_bits : int
        As of :func:`smart_encode`.
    concatenation : bool
        As of :func:`smart_encode`.
    errors : str
        As of :func:`smart_encode`.
    executor : concurrent.futures.Executor, optional
        As of :func:`smart_encode`.

    Returns
    -------
    pandas.DataFrame
        One row per text, with the index of `texts`:

        ``text`` : str, as :func:`smart_encode` gives it
        ``changed`` : boolean
        ``replaced`` : Int32, characters that were replaced or dropped
        ``positions`` : list of int32, where they stood in the composed text
        ``changes`` : str, which ones by what and how often; null if none
        ``blocking`` : str, the characters that keep the text as it is and why; null if none.
        Only texts that could become cheaper are looked at.
        ``encoding_before``, ``encoding_after`` : category
        ``segments_before``, ``segments_after`` : Int32

    Raises
    ------
    TypeError, TextError, ValueError, MissingExtraError
        As of :func:`smart_encode`.

    Examples
    --------
    >>> import smslab
    >>> report = smslab.smart_report(["“Free” " * 15, "見て’ " * 20])
    >>> report[["changed", "replaced", "segments_before", "segments_after"]]
       changed  replaced  segments_before  segments_after
    0     True        30                2               1
    1    False         0                2               2
    >>> report["changes"][0], report["blocking"][1]
    ('“ → " × 15, ” → " × 15', '見, て: no look-alike')
    """
    coding = Coding(languages=languages, reference_bits=reference_bits, concatenation=concatenation)
    found = _smart(texts, level, only_if_cheaper, target, coding, errors, executor, in_detail=True)
    rows = len(found.text)
    changed = np.zeros(rows, np.bool_)
    changed[found.places[found.used]] = True
    replaced = np.zeros(rows, np.int32)
    positions = np.full(rows, None, object)
    positions[:] = [[]] * rows
    changes, blocking = np.full(rows, None, object), np.full(rows, None, object)
    for place, item, used in zip(found.places, found.repairs, found.used, strict=True):
        blocking[place] = _reasons(item.blocking) or None
        if used:
            replaced[place] = len(item.changes)
            positions[place] = [change.position for change in item.changes]
            changes[place] = _summary(item.changes) or "composed letters"
    before, after = found.before, found.after
    names = pd.Index(ENCODINGS)
    integers = pd.ArrowDtype(pa.list_(pa.int32()))
    frame = pd.DataFrame(
        {
            "text": pd.Series(found.text, dtype="str"),
            "changed": nullable(changed, before.null),
            "replaced": nullable(replaced, before.null),
            "positions": pd.Series(pa.array(positions, pa.list_(pa.int32())), dtype=integers),
            "changes": pd.Series(changes, dtype="str"),
            "blocking": pd.Series(blocking, dtype="str"),
            "encoding_before": pd.Categorical.from_codes(before.encoding, names),
            "encoding_after": pd.Categorical.from_codes(after.encoding, names),
            "segments_before": nullable(before.segments, before.null),
            "segments_after": nullable(after.segments, before.null),
        }
    )
    if found.codes is not None:
        frame = frame.reindex(pd.Index(found.codes).where(found.codes >= 0, rows))
    return frame.set_axis(index_of(texts, len(frame)))


def _summary(changes: Sequence[Change]) -> str:
    counts: dict[str, int] = {}
    for change in changes:
        shown = f"{characters.shown(change.character)} → {change.replacement or 'nothing'}"
        counts[shown] = counts.get(shown, 0) + 1
    return ", ".join(f"{shown} × {times}" for shown, times in counts.items())


def _reasons(blocking: dict[str, str]) -> str:
    by_reason: dict[str, list[str]] = {}
    for character, reason in blocking.items():
        by_reason.setdefault(reason, []).append(characters.shown(character))
    return "; ".join(f"{', '.join(these)}: {reason}" for reason, these in by_reason.items())
