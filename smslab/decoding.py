"""Decoding of parts: texts out of the octets that came over the air."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab import tables
from smslab.coding import ENCODINGS
from smslab.encoding import PACKINGS
from smslab.errors import InputError, OptionError, nearest
from smslab.kernels import unpacking
from smslab.kernels.unpacking import begins_kernel, decode_kernel, join_parts_kernel
from smslab.segmentation import column, nullable
from smslab.text import views

__all__ = ["PROBLEMS", "decode"]

_Array: TypeAlias = npt.NDArray[Any]

#: What can be wrong with a part, in the order of the kernel's constants.
PROBLEMS: Final = (
    None,
    "the header is longer than the user data, or an element than the header",
    "the header's count or number of the part is wrong",
    "the header names a national language that there is not",
    "udl does not fit the octets",
    "UCS-2 of an odd number of octets",
    "data coding is 8-bit data or compressed text",
    "an octet is no septet; were they packed?",
    "a surrogate without its partner",
)
_OTHER_HEADER: Final = "user_data does not begin with udh"
_AMBIGUOUS: Final = "several messages have this reference at once; name more columns in by="


def decode(
    parts: Any, *, packing: str = "packed", by: str | Sequence[str] | None = None
) -> pd.DataFrame:
    """Put the texts of messages together from their parts.

    Parts may come in any order, interleaved and more than once. Parts belong together that have
    the same reference number, the same number of parts, and the same in the columns `by`. What
    cannot be decoded is reported in its row; the others are decoded.

    Parameters
    ----------
    parts : DataFrame, Arrow table, or object with the Arrow C interface
        One row per part, as of :func:`smslab.encode`:

        ``user_data`` : bytes, header included
        ``data_coding`` : TP-Data-Coding-Scheme, 0 to 255
        ``udl`` : TP-UDL; needed for packed septets, where it alone tells a final ``@``
        ``udh`` : bytes, not empty where the user data begins with a header; or ``udhi`` : bool
    packing : str
        How septets are packed: ``packed`` or ``unpacked``.
    by : str or sequence of str, optional
        Columns that tell messages apart beside their reference number, such as the two phone
        numbers. If not given, ``message`` where there is such a column.

    Returns
    -------
    pandas.DataFrame
        One row per message, in the order of their first parts: the columns `by`, and

        ``text`` : str, null where there is a problem
        ``encoding`` : category, ``GSM-7`` or ``UCS-2``: UCS-2 if a part is
        ``reference`` : Int32, null where the message has no such number
        ``parts`` : Int32, how many the message has
        ``received`` : Int32, how many different ones are there
        ``duplicates`` : Int32, how many came once more; they are left out
        ``problem`` : str, null where there is none

        A part whose user data is null is a message of its own, null and without a problem.

    Raises
    ------
    TypeError
        If `parts` is no table, or a column holds other values than it should.
    InputError
        If a column is missing, or one of `by` holds values that cannot be told apart.
    ValueError
        If `packing` is unknown.

    Notes
    -----
    Where a part comes again with other octets, a new message with an old reference number has
    begun; where it comes again with the same octets, it is a duplicate, unless such a new message
    lacks it. Where several messages are open and it cannot be told to which a part belongs, all
    of them are reported. Numbers of eight bits come round soon: name what tells senders and
    recipients apart in `by`.

    Reserved data codings mean the default alphabet, as the standard says. A concatenation element
    with an impossible number and an unknown national language are reported, where a handset would
    ignore the element and show what is wrong.

    Source: 3GPP TS 23.038 V18.0.0, 4, 6.1.2.1 and 6.2.1 (what a table lacks is shown as the
    standard says); 3GPP TS 23.040 V18.0.0, 9.2.3.24.

    Examples
    --------
    >>> import smslab
    >>> parts = smslab.encode(["Grüße " * 40, "short"])
    >>> smslab.decode(parts[::-1])[["message", "parts", "problem"]]
       message  parts problem
    0        1      1     NaN
    1        0      2     NaN
    >>> smslab.decode(parts[1:])["problem"].tolist()
    ['part 1 is missing', nan]
    """
    if packing not in PACKINGS:
        raise OptionError(f"packing must be one of {', '.join(PACKINGS)}; not {packing!r}")
    frame = _frame(parts)
    keys = _keys(frame, by)
    user_data = _octets(frame, "user_data")
    rows = len(user_data)
    null = user_data.is_null().to_numpy(zero_copy_only=False)
    header, other = _has_header(frame, user_data)
    problem, is_ucs = np.empty(rows, np.int8), np.empty(rows, np.bool_)
    joining = np.empty((4, rows), np.int64)
    places = np.empty(rows + 1, np.int64)
    offsets, data = views(user_data)
    code_units = np.empty(len(data) * 8 // 7 + 2 * rows, np.uint16)
    decode_kernel(
        offsets,
        data,
        header & ~null,
        _numbers(frame, "data_coding", null),
        _numbers(frame, "udl", null),
        packing == "packed",
        tables.LOCKING_POINTS,
        tables.SINGLE_POINTS,
        problem,
        is_ucs,
        joining,
        places,
        code_units,
    )
    if "udl" not in frame.columns and unpacking.WRONG_LENGTH in problem:
        _need(frame, "udl")
    words = np.array(PROBLEMS, object)[problem]
    words[other] = _OTHER_HEADER
    words[null] = None
    # A part that cannot be read is a message of its own.
    joining[:, pd.notna(words)] = [[0], [-1], [1], [1]]
    read = _Parts(joining, words, null, is_ucs, places, code_units)
    return _texts(frame, keys, read, _belonging(frame, keys, read, user_data))


#: The columns of the result.
_COLUMNS: Final = (
    *("text", "encoding", "reference", "parts"),
    *("received", "duplicates", "problem"),
)


def _frame(parts: Any) -> pd.DataFrame:
    if isinstance(parts, pd.DataFrame):
        return parts
    if hasattr(parts, "__arrow_c_stream__") and not isinstance(parts, pd.Series):
        frame: pd.DataFrame = pa.table(parts).to_pandas(types_mapper=_binary)
        return frame
    raise TypeError(
        f"parts must be a table of parts, such as of smslab.encode(); not {type(parts).__name__}"
    )


def _binary(kind: pa.DataType) -> pd.ArrowDtype | None:
    return pd.ArrowDtype(kind) if pa.types.is_large_binary(kind) else None


def _keys(frame: pd.DataFrame, by: str | Sequence[str] | None) -> list[str]:
    if by is None:
        return ["message"] if "message" in frame.columns else []
    if not isinstance(by, Iterable):
        raise TypeError(f"by must be a column or a list of columns; not {by!r:.60}")
    keys = [by] if isinstance(by, str) else list(by)
    for key in keys:
        _need(frame, key)
        if key in _COLUMNS:
            raise InputError(f"by: column {key!r} has a name of the result; rename it")
    return keys


def _need(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in frame.columns:
        names = [str(column) for column in frame.columns]
        raise InputError(
            f"parts must have a column {name!r}; they have {names}.{nearest(name, names)}"
        )
    found: pd.Series[Any] = frame[name]
    if found.ndim > 1:
        raise InputError(f"parts have more than one column {name!r}; rename one")
    return found


def _octets(frame: pd.DataFrame, name: str) -> pa.LargeBinaryArray:
    values = _need(frame, name)
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TypeError(f"{name} must be bytes: {error}") from None
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    kind = array.type
    if not (pa.types.is_null(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise TypeError(
            f"{name} must be bytes, got values of type {kind}; hexadecimal digits become bytes by "
            f"parts[{name!r}].map(bytes.fromhex)"
        )
    octets = array.cast(pa.large_binary())
    try:
        octets.validate(full=True)
    except pa.ArrowInvalid as error:
        raise InputError(f"{name} is not well-formed: {error}; make it anew") from None
    return octets


def _has_header(frame: pd.DataFrame, user_data: pa.LargeBinaryArray) -> tuple[_Array, _Array]:
    """Say which user data begin with a header, and which do not though they should."""
    if "udh" not in frame.columns:
        flags = _need(frame, "udhi").fillna(False)
        wrong = np.flatnonzero(~flags.isin([True, False]).to_numpy(np.bool_))
        if len(wrong):
            row = int(wrong[0])
            raise InputError(f"udhi must be True or False; row {row} has {flags.iloc[row]!r}")
        told = flags.to_numpy(np.bool_)
        return told, np.zeros(len(told), np.bool_)
    headers = _octets(frame, "udh")
    named = pc.fill_null(pc.binary_length(headers), 0).to_numpy() > 0
    begins = np.empty(len(headers), np.bool_)
    begins_kernel(*views(user_data), *views(headers), begins)
    other = named & ~begins & user_data.is_valid().to_numpy(zero_copy_only=False)
    return named & ~other, other


def _numbers(frame: pd.DataFrame, name: str, null: _Array) -> _Array:
    if name == "udl" and name not in frame.columns:
        return np.full(len(frame), -1)
    values = _need(frame, name)
    if pd.api.types.is_complex_dtype(values):
        raise TypeError(f"{name} must be whole numbers, got values of type {values.dtype}")
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    if name == "data_coding":
        wrong = ~null & ~np.isin(numbers, np.arange(256))
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise InputError(f"data_coding must be 0 to 255; row {row} has {values.iloc[row]!r}")
        return np.where(null, 0, numbers).astype(np.int64)
    # A length that is no whole number, or beyond all measure, fits no octets.
    fits = (numbers == np.floor(numbers)) & (numbers >= 0) & (numbers < _TOO_LONG)
    lengths = np.where(fits, numbers, _TOO_LONG).astype(np.int64)
    lengths[values.isna().to_numpy(np.bool_)] = -1
    return lengths


_TOO_LONG: Final = 10**9


class _Parts(NamedTuple):
    """What was read of the parts; an entry for each of them."""

    joining: _Array  # bits of the reference number, the number, parts of the message, which one
    problem: _Array  # words, or None
    null: _Array
    is_ucs: _Array
    places: _Array  # where the text of each begins in `code_units`
    code_units: _Array

    @property
    def number(self) -> _Array:
        """Which part of its message each is, from 1."""
        number: _Array = self.joining[3]
        return number


class _Belonging(NamedTuple):
    """Where the parts belong; an entry for each of them."""

    message: _Array  # equal for the parts of one message
    is_duplicate: _Array
    is_ambiguous: _Array


def _belonging(
    frame: pd.DataFrame, keys: list[str], parts: _Parts, user_data: pa.LargeBinaryArray
) -> _Belonging:
    rows = len(parts.null)
    several = parts.joining[0] > 0
    table = pd.DataFrame({k: parts.joining[k] for k in range(3)})
    for place, key in enumerate(keys):
        try:
            table[f"by {place}"] = pd.factorize(frame[key], use_na_sentinel=False)[0]
        except TypeError as error:
            raise InputError(f"by: the values of column {key!r} cannot tell: {error}") from None
    group = table.groupby(list(table.columns), sort=False).ngroup().to_numpy().copy()
    # A part that stands alone is a message of its own.
    group[~several] = np.arange(rows)[~several] + rows
    found = _Belonging(group.copy(), np.zeros(rows, np.bool_), np.zeros(rows, np.bool_))
    pairs = pd.DataFrame({"group": group, "number": parts.number})
    again = pairs.duplicated().to_numpy()
    shared = np.flatnonzero(np.isin(group, group[again]))
    for _, places in pd.Series(shared).groupby(group[shared]):
        for sharing in _tell_apart(places.tolist(), parts, user_data):
            found.message[sharing.places] = 2 * rows + sharing.places[0]
            found.is_duplicate[sharing.duplicates] = True
            found.is_ambiguous[sharing.places] = sharing.is_ambiguous
    return found


class _Sharing:
    """One of the messages that have the same reference number."""

    def __init__(self) -> None:
        self.places: list[int] = []
        self.duplicates: list[int] = []
        self.is_ambiguous = False


class _SharedReference:
    """The messages of one reference number, told apart by the octets and the order of parts."""

    def __init__(self, parts: int) -> None:
        self.messages: list[_Sharing] = []
        self._holders: dict[tuple[int, bytes], _Sharing] = {}
        # By number of the part: the messages that lack it, and how many were marked for it.
        self._lacking: dict[int, dict[_Sharing, None]] = {n: {} for n in range(1, parts + 1)}
        self._doubted = dict.fromkeys(self._lacking, 0)
        # What came again, by number of the part and octets.
        self._again: dict[int, dict[bytes, list[int]]] = {}

    def add(self, place: int, number: int, octets: bytes) -> None:
        """Give a part to the message that it goes with, as far as that can be told by now."""
        if (number, octets) in self._holders:
            self._again.setdefault(number, {}).setdefault(octets, []).append(place)
            return
        lacking = self._lacking[number]
        if not lacking:
            self.messages.append(_Sharing())
            for waiting in self._lacking.values():
                waiting[self.messages[-1]] = None
        elif len(lacking) > 1:
            for message in self.messages[self._doubted[number] :]:
                message.is_ambiguous |= message in lacking
            self._doubted[number] = len(self.messages)
        self._give(place, number, octets, next(reversed(lacking)))

    def _give(self, place: int, number: int, octets: bytes, message: _Sharing) -> None:
        message.places.append(place)
        self._holders[number, octets] = message
        del self._lacking[number][message]

    def settle(self) -> None:
        """Find of what looked like a duplicate whether it is the equal part of another message."""
        for number, by_octets in self._again.items():
            lacking = list(self._lacking[number])
            is_clear = len(by_octets) == 1 and len(lacking) <= len(*by_octets.values())
            for message in lacking:
                message.is_ambiguous |= not is_clear
            for octets, again in by_octets.items():
                holder = self._holders[number, octets]
                for message in lacking if is_clear else ():
                    self._give(again.pop(0), number, octets, message)
                holder.places += again
                holder.duplicates += again


def _tell_apart(places: list[int], parts: _Parts, user_data: pa.LargeBinaryArray) -> list[_Sharing]:
    """Give the parts of one reference number to the messages that share it, in their order."""
    reference = _SharedReference(int(parts.joining[2, places[0]]))
    for place in places:
        reference.add(place, int(parts.number[place]), user_data[place].as_py())
    reference.settle()
    return reference.messages


def _texts(
    frame: pd.DataFrame, keys: list[str], parts: _Parts, belonging: _Belonging
) -> pd.DataFrame:
    number, duplicate = parts.number, belonging.is_duplicate
    codes, _ = pd.factorize(belonging.message)
    count = int(codes.max(initial=-1)) + 1
    first = np.full(count, len(codes))
    np.minimum.at(first, codes, np.arange(len(codes)))
    order = np.lexsort((number, codes))
    order = order[~duplicate[order]]
    received = np.bincount(codes[~duplicate], minlength=count)
    borders = np.concatenate([[0], np.cumsum(received)])
    offsets = np.empty(count + 1, np.int64)
    data = np.empty(3 * int(parts.places[-1]), np.uint8)
    surrogate = np.empty(count, np.int8)
    join_parts_kernel(order, borders, parts.places, parts.code_units, offsets, data, surrogate)
    total = parts.joining[2, first]
    problem = parts.problem[first]
    problem[surrogate == unpacking.LONE_SURROGATE] = PROBLEMS[unpacking.LONE_SURROGATE]
    for row in np.flatnonzero(received < total):
        there = number[order[borders[row] : borders[row + 1]]]
        missing = sorted({*range(1, int(total[row]) + 1)} - {*there.tolist()})
        problem[row] = f"part{'s' * (len(missing) > 1)} {_listed(missing)} "
        problem[row] += "are missing" if len(missing) > 1 else "is missing"
    problem[np.bincount(codes, belonging.is_ambiguous, count) > 0] = _AMBIGUOUS
    of_null = parts.null[first]
    text = column(pa.large_string(), offsets, pa.py_buffer(data), pd.notna(problem) | of_null)
    encoding = np.where(of_null, -1, np.bincount(codes, parts.is_ucs, count) > 0)
    no_number = parts.joining[0, first] == 0
    result = {key: frame[key].iloc[first].array for key in keys}
    result |= {
        "text": pd.Series(text, dtype="str"),
        "encoding": pd.Categorical.from_codes(encoding, pd.Index(ENCODINGS)),
        "reference": nullable(parts.joining[1, first].astype(np.int32), no_number),
        "parts": nullable(total.astype(np.int32), of_null),
        "received": nullable(received.astype(np.int32), of_null),
        "duplicates": nullable(np.bincount(codes, duplicate, count).astype(np.int32), of_null),
        "problem": pd.Series(problem, dtype="str"),
    }
    return pd.DataFrame(result)


def _listed(numbers: list[int]) -> str:
    """Show numbers, those in a row as a range: 1, 3 to 5."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    return ", ".join(str(s[0]) if len(s) == 1 else f"{s[0]} to {s[-1]}" for s in spans)
