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
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab import characters
from smslab.coding import ENCODINGS, UCS2, Coding, Counts, check_counted, count
from smslab.kernels.lookalikes import hopeless_kernel
from smslab.lookalikes import LEVELS, PROFILES, check_level, table, version
from smslab.pieces import each
from smslab.repair import (
    ASCII,
    TARGETS,
    Change,
    Repair,
    check_target,
    compose,
    hopeless,
    repair,
    repair_all,
)
from smslab.rewording import Reworded, reword
from smslab.segmentation import nullable
from smslab.text import Texts, as_distinct, index_of, named, one, replaced, views

__all__ = [
    "LEVELS",
    "PROFILES",
    "TARGETS",
    "Change",
    "Outcome",
    "Repair",
    "improve",
    "repair",
    "smart_encode",
    "smart_report",
    "table",
    "version",
]

#: Texts that a worker looks at before it hands them back.
_AT_ONCE: Final = 4096

_STRING: Final = pa.large_string()


class Outcome(NamedTuple):
    """What became of texts.

    Parameters
    ----------
    text : pyarrow.ChunkedArray
        The texts with the changes that were made, a dictionary's once each.
    before, after : Counts
        Of them, without and with the changes.
    places : ndarray of int64
        Rows of the candidates: of texts that could become cheaper.
    repairs : dict of int to Repair
        What could be done with candidates, by their number; of all where it was asked in detail.
    reworded : Reworded or None
        What was done with the others, word by word.
    used : ndarray of bool
        Whether it was done.
    codes : ndarray of int32, or None
        Where there is a dictionary: for each text its place in it.
    """

    text: pa.ChunkedArray
    before: Counts
    after: Counts
    places: npt.NDArray[np.int64]
    repairs: dict[int, Repair]
    reworded: Reworded | None
    used: npt.NDArray[np.bool_]
    codes: npt.NDArray[np.int32] | None

    def changes(self) -> tuple[npt.NDArray[np.int64], pa.DictionaryArray]:
        """Return the rows that were changed, and what was changed in each."""
        numbers = np.flatnonzero(self.used)
        rows = self.places[numbers]
        as_whole = [number for number in numbers.tolist() if number in self.repairs]
        told = [_summary(self.repairs[number].changes) for number in as_whole]
        if self.reworded is None:
            return rows, pa.array(told, _STRING).dictionary_encode()
        words, changes = self.reworded.of(numbers), self.reworded.changes
        summaries = [
            _summary([c for word in np.frombuffer(each, np.int32) for c in changes[word]])
            for each in words.dictionary.to_pylist()
        ]
        codes = words.indices.to_numpy().astype(np.int32)
        codes[np.isin(numbers, as_whole)] = len(summaries) + np.arange(len(as_whole))
        return rows, named(codes, [*summaries, *told])


def improve(
    texts: Texts,
    level: str,
    coding: Coding,
    *,
    only_if_cheaper: bool = True,
    target: str = "GSM-7",
    errors: str = "strict",
    executor: Executor | None = None,
    in_detail: bool = False,
) -> Outcome:
    """Replace characters as :func:`smart_encode` does, and count the texts before and after.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        The texts.
    level, only_if_cheaper, target, errors, executor : object
        As of :func:`smart_encode`.
    coding : Coding
        How the texts may be encoded.
    in_detail : bool
        Whether it is asked what stands in the way of texts that stay.

    Returns
    -------
    Outcome

    Raises
    ------
    TypeError, TextError, ValueError, MissingExtraError
        As of :func:`smart_encode`.
    """
    check_level(level)
    check_target(target)
    chunks, codes = as_distinct(texts, errors)
    array = pa.chunked_array(chunks, _STRING)
    before = count(chunks, coding, executor)
    check_counted(chunks, before)
    wanted = before.encoding == UCS2
    if target == "ASCII":
        pattern = "[^" + re.escape("".join(sorted(ASCII))) + "]"
        wanted = pc.fill_null(pc.match_substring_regex(array, pattern), False).to_numpy()
    elif only_if_cheaper:
        wanted = wanted & (before.segments > 1)
    languages = tuple(coding.languages or ())
    by_words = not in_detail and level not in PROFILES and level != "translit"
    if by_words:
        wanted = _hopeful(chunks, wanted, hopeless(level, target, languages))
    places = np.flatnonzero(wanted)
    if not len(places):
        nothing = np.zeros(0, np.bool_)
        return Outcome(array, before, before, places, {}, None, nothing, codes)
    candidates = array.take(pa.array(places)).combine_chunks()
    found = _proposed(candidates, level, target, languages, executor, by_words=by_words)
    proposed = found.text
    now = before.at(places.astype(np.int32))
    then = count([proposed], coding)
    fewer = then.segments < now.segments
    used = fewer if only_if_cheaper else then.segments <= now.segments
    if level in PROFILES:
        used = used | (not only_if_cheaper)
    else:
        used = used & ~found.blocked & (then.encoding != UCS2)
        proposed, used = _composed(found, candidates, used, now.segments, coding)
    used = used & pc.not_equal(proposed, candidates).to_numpy(zero_copy_only=False)
    changed = proposed.filter(pa.array(used))
    rows = places[used]
    result = pa.chunked_array([replaced(one(array.chunks), rows, changed)])
    after = Counts(*(column.copy() for column in before))
    for column, values in zip(after, count([changed], coding), strict=True):
        column[rows] = values
    return Outcome(result, before, after, places, found.repairs, found.reworded, used, codes)


def _hopeful(
    chunks: list[pa.LargeStringArray],
    wanted: npt.NDArray[np.bool_],
    kinds: npt.NDArray[np.uint8],
) -> npt.NDArray[np.bool_]:
    """Return which of the wanted texts something can be done for, as far as is seen at once."""
    left = wanted.copy()
    first = 0
    for chunk in chunks:
        part = left[first : first + len(chunk)]
        doubtful = np.empty(len(chunk), np.bool_)
        hopeless_kernel(*views(chunk), kinds, part, doubtful)
        rows = np.flatnonzero(doubtful)
        texts = chunk.take(pa.array(rows)).to_pylist()
        part[rows] = [not unicodedata.is_normalized("NFC", text) for text in texts]
        first += len(chunk)
    return left


class _Proposed(NamedTuple):
    """What could be done with n candidates."""

    text: pa.LargeStringArray
    blocked: npt.NDArray[np.bool_]
    repairs: dict[int, Repair]  # of those that were looked at as a whole
    reworded: Reworded | None  # of the others


def _proposed(
    candidates: pa.LargeStringArray,
    level: str,
    target: str,
    languages: tuple[str, ...],
    executor: Executor | None,
    *,
    by_words: bool,
) -> _Proposed:
    """Repair candidates word by word where that can be done, else as a whole."""
    reworded = reword(candidates, level, target, languages) if by_words else None
    whole = np.ones(len(candidates), np.bool_) if reworded is None else reworded.whole
    numbers = np.flatnonzero(whole)
    texts = candidates.take(pa.array(numbers)).to_pylist()
    work = [
        (texts[first : first + _AT_ONCE], level, target, languages)
        for first in range(0, len(texts), _AT_ONCE)
    ]
    found = [item for piece in each(repair_all, work, executor) for item in piece]
    text = pa.array([item.text for item in found], _STRING)
    blocked = np.zeros(len(candidates), np.bool_)
    if reworded is not None:
        text = replaced(reworded.text, numbers, text)
        blocked |= reworded.blocked
    blocked[numbers] = [bool(item.blocking) for item in found]
    return _Proposed(text, blocked, dict(zip(numbers.tolist(), found, strict=True)), reworded)


def _composed(
    found: _Proposed,
    candidates: pa.LargeStringArray,
    used: npt.NDArray[np.bool_],
    segments: npt.NDArray[Any],
    coding: Coding,
) -> tuple[pa.LargeStringArray, npt.NDArray[np.bool_]]:
    """Propose composed texts where nothing else helps: that loses nothing, and may save in UCS-2.

    Those that were looked at word by word are composed already.
    """
    left = [number for number in found.repairs if not used[number]]
    texts = [candidates[number].as_py() for number in left]
    composed = {
        number: compose(text)
        for number, text in zip(left, texts, strict=True)
        if not unicodedata.is_normalized("NFC", text)
    }
    numbers = np.array(list(composed), np.int64)
    saves = count([pa.array(composed.values(), _STRING)], coding).segments < segments[numbers]
    better = numbers[saves]
    used = used.copy()
    used[better] = True
    chosen = better.tolist()
    for number in chosen:
        found.repairs[number] = Repair(composed[number], (), found.repairs[number].blocking)
    instead = pa.array([composed[number] for number in chosen], _STRING)
    return replaced(found.text, better, instead), used


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
    found = improve(
        texts,
        level,
        coding,
        only_if_cheaper=only_if_cheaper,
        target=target,
        errors=errors,
        executor=executor,
    )
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
    found = improve(
        texts,
        level,
        coding,
        only_if_cheaper=only_if_cheaper,
        target=target,
        errors=errors,
        executor=executor,
        in_detail=True,
    )
    rows = len(found.text)
    changed = np.zeros(rows, np.bool_)
    changed[found.places[found.used]] = True
    times = np.zeros(rows, np.int32)
    positions = np.full(rows, None, object)
    for row in np.flatnonzero(~found.before.null):
        positions[row] = []
    changes, blocking = np.full(rows, None, object), np.full(rows, None, object)
    rows_of = zip(found.places, found.repairs.values(), found.used, strict=True)
    for place, item, used in rows_of:
        blocking[place] = _reasons(item.blocking) or None
        if used:
            times[place] = len(item.changes)
            positions[place] = [change.position for change in item.changes]
            changes[place] = _summary(item.changes)
    before, after = found.before, found.after
    names = pd.Index(ENCODINGS)
    integers = pd.ArrowDtype(pa.list_(pa.int32()))
    frame = pd.DataFrame(
        {
            "text": pd.Series(found.text, dtype="str"),
            "changed": nullable(changed, before.null),
            "replaced": nullable(times, before.null),
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
    counts: dict[tuple[str, str], int] = {}
    for change in changes:
        what = change.character, change.replacement
        counts[what] = counts.get(what, 0) + 1
    listed = ", ".join(f"{_shown(*what)} × {times}" for what, times in counts.items())
    return listed or "composed letters"


@functools.cache
def _shown(character: str, replacement: str) -> str:
    return f"{characters.shown(character)} → {replacement or 'nothing'}"


def _reasons(blocking: dict[str, str]) -> str:
    by_reason: dict[str, list[str]] = {}
    for character, reason in blocking.items():
        by_reason.setdefault(reason, []).append(characters.shown(character))
    return "; ".join(f"{', '.join(these)}: {reason}" for reason, these in by_reason.items())
