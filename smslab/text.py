"""Intake of texts: whatever holds strings becomes Arrow ``large_string`` chunks.

Every public function that takes texts goes through :func:`as_chunks`, or through
:func:`as_distinct` where equal texts have equal results; the kernels see the chunks as the two
flat arrays of :func:`views`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from smslab.errors import OptionError, TextError
from smslab.kernels.texts import replace_kernel

__all__ = [
    "ERRORS",
    "Texts",
    "are_blank",
    "as_chunks",
    "as_distinct",
    "check_utf8",
    "index_of",
    "named",
    "one",
    "replaced",
    "views",
]

#: What to do with a lone surrogate: an error, or U+FFFD in its place.
ERRORS: Final = ("strict", "replace")

_STRING: Final = pa.large_string()
_BEYOND_ASCII: Final = 0x80

#: Anything that :func:`as_chunks` takes: a pandas Series or Index, a NumPy or Arrow array, a
#: polars Series, a list, a generator.
Texts: TypeAlias = Any


def as_chunks(texts: Texts, errors: str = "strict") -> list[pa.LargeStringArray]:
    """Turn anything string-like into a list of Arrow ``large_string`` arrays.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, object with the Arrow C interface, or iterable
        The texts. ``None``, ``NaN`` and ``NA`` are nulls. pandas ``str`` and Arrow
        ``large_string`` are taken without a copy.
    errors : str
        One of :data:`ERRORS`.

    Returns
    -------
    list of pyarrow.LargeStringArray
        The chunks, in order; slices and nulls are kept.

    Raises
    ------
    TypeError
        For a single string, a table, or values that are no strings.
    TextError
        For a string with a lone surrogate, which no encoding can hold, if `errors` is
        ``strict``; the row is named.
    ValueError
        If `errors` is unknown.
    """
    chunks: list[pa.LargeStringArray] = _strings(texts, errors).cast(_STRING).chunks
    return chunks


def as_distinct(
    texts: Texts, errors: str = "strict"
) -> tuple[list[pa.LargeStringArray], npt.NDArray[np.int32] | None]:
    """Take texts in as :func:`as_chunks` does, a dictionary's texts once each.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, object with the Arrow C interface, or iterable
        The texts. pandas categoricals and dictionary-encoded Arrow arrays have a dictionary.
    errors : str
        One of :data:`ERRORS`.

    Returns
    -------
    chunks : list of pyarrow.LargeStringArray
        The texts, or those of the dictionary.
    codes : ndarray of int32, shape (n,), or None
        Where there is a dictionary: for each text its place in it, -1 for a null.

    Raises
    ------
    TypeError, TextError, ValueError
        As of :func:`as_chunks`.
    """
    array = _strings(texts, errors)
    if not pa.types.is_dictionary(array.type):
        return array.cast(_STRING).chunks, None
    array = array.unify_dictionaries()
    if not array.num_chunks:
        return [], np.empty(0, np.int32)
    codes = [chunk.indices.cast(pa.int32()).fill_null(-1).to_numpy() for chunk in array.chunks]
    return [array.chunk(0).dictionary.cast(_STRING)], np.concatenate(codes)


def check_utf8(chunk: pa.LargeStringArray, *, offsets_only: bool = False) -> None:
    """Make sure that a chunk is well-formed, where a kernel relies on it.

    Parameters
    ----------
    chunk : pyarrow.LargeStringArray
        Texts.
    offsets_only : bool
        Whether the bytes are known to be UTF-8, as those of GSM-7 texts are.

    Raises
    ------
    TextError
        If its bytes are no UTF-8 or its offsets lead outside.
    """
    try:
        chunk.validate(full=not offsets_only)
        offsets, data = views(chunk)
        if offsets_only and not (offsets[0] >= 0 and offsets[-1] <= len(data) and _rise(offsets)):
            raise pa.ArrowInvalid("its offsets lead outside")
    except pa.ArrowInvalid as error:
        raise TextError(f"the texts are not well-formed: {error}; make them anew") from None


def _strings(texts: Texts, errors: str) -> pa.ChunkedArray:
    if errors not in ERRORS:
        raise OptionError(f"errors must be one of {', '.join(ERRORS)}; not {errors!r}")
    if isinstance(texts, (str, bytes)):
        raise TypeError(
            f"texts must be a sequence of strings, got one {type(texts).__name__}; wrap it: "
            "[text]; or look into one text by smslab.explain(text)"
        )
    if isinstance(texts, (Mapping, Set)):
        raise TypeError(
            f"texts must be a sequence of strings, got a {type(texts).__name__}; pass a list"
        )
    if not isinstance(texts, pd.DataFrame) and not hasattr(texts, "__arrow_c_stream__"):
        is_sized = hasattr(texts, "__len__") and getattr(texts, "shape", None) != ()
        texts = texts if is_sized else list(_iterable(texts))
    try:
        array = _to_arrow(texts)
    except UnicodeEncodeError:
        if errors == "strict":
            raise _lone_surrogate(texts) from None
        array = _to_arrow([_replaced(text) for text in texts])
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TypeError(_not_strings(texts, str(error))) from None
    kind = array.type
    if pa.types.is_struct(kind):
        columns = [kind.field(i).name for i in range(kind.num_fields)]
        raise TypeError(f"texts must be one column, got a table with columns {columns}; pass one")
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if (
        pa.types.is_floating(kind)
        and pc.all(pc.is_null(array, nan_is_null=True)).as_py() is not False
    ):
        # A column without a single value, as pandas reads it from a file.
        array, kind = pa.chunked_array([pa.nulls(len(array))]), pa.null()
    if not (pa.types.is_null(kind) or _is_string(kind)):
        raise TypeError(_not_strings(texts, f"got values of type {kind}"))
    _check_castable(array)
    return array


def _check_castable(array: pa.ChunkedArray) -> None:
    """Make sure that kinds are well-formed whose cast follows what they hold, wherever it leads."""
    has_dictionary = pa.types.is_dictionary(array.type)
    if not (has_dictionary or pa.types.is_string_view(array.type)):
        return
    try:
        for chunk in array.chunks:
            chunk.validate(full=True)
            if has_dictionary:
                chunk.dictionary.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowIndexError) as error:
        raise TextError(f"the texts are not well-formed: {error}; make them anew") from None


def _rise(offsets: npt.NDArray[np.int64]) -> bool:
    return bool((offsets[1:] >= offsets[:-1]).all())


def views(
    chunk: pa.LargeStringArray,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Show a chunk as the arrays that a kernel takes, without a copy.

    Parameters
    ----------
    chunk : pyarrow.LargeStringArray
        Texts; a slice is fine.

    Returns
    -------
    offsets : ndarray of int64, shape (n + 1,)
        Where each text begins in `data`; read-only.
    data : ndarray of uint8
        The UTF-8 bytes; read-only.
    """
    _, offsets, data = chunk.buffers()
    if len(chunk) == 0 or offsets is None:
        return np.zeros(1, np.int64), np.empty(0, np.uint8)
    window = np.frombuffer(offsets, np.int64, len(chunk) + 1, chunk.offset * 8)
    octets = np.empty(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return window, octets


def one(chunks: list[pa.LargeStringArray]) -> pa.LargeStringArray:
    """Join chunks; a single one is not copied.

    Parameters
    ----------
    chunks : list of pyarrow.LargeStringArray
        The chunks.

    Returns
    -------
    pyarrow.LargeStringArray
    """
    return chunks[0] if len(chunks) == 1 else pa.concat_arrays([pa.array([], _STRING), *chunks])


def are_blank(texts: pa.LargeStringArray) -> npt.NDArray[np.bool_]:
    """Say which texts have nothing but blanks; of null that is not known.

    Parameters
    ----------
    texts : pyarrow.LargeStringArray
        The texts.

    Returns
    -------
    ndarray of bool, shape (n,)
        False for null.
    """
    offsets, data = views(texts)
    blank: npt.NDArray[np.bool_] = np.diff(offsets) == 0
    if texts.null_count:
        blank &= texts.is_valid().to_numpy(zero_copy_only=False)
    # Few texts begin with a blank, and only those have to be looked at to their end.
    first = np.zeros(len(texts), np.uint8)
    filled = np.flatnonzero(np.diff(offsets))
    first[filled] = data[offsets[filled]]
    doubtful = np.flatnonzero((first > 0) & ((first <= ord(" ")) | (first >= _BEYOND_ASCII)))
    trimmed = pc.equal(pc.utf8_trim_whitespace(texts.take(pa.array(doubtful))), "")
    blank[doubtful] = trimmed.fill_null(False).to_numpy(zero_copy_only=False)
    return blank


def replaced(
    texts: pa.LargeStringArray, rows: npt.NDArray[np.int64], by: pa.LargeStringArray
) -> pa.LargeStringArray:
    """Put other texts in the place of some: six times as fast as pyarrow's own way.

    Parameters
    ----------
    texts : pyarrow.LargeStringArray
        The texts.
    rows : ndarray of int64, shape (m,)
        Which are replaced, in order.
    by : pyarrow.LargeStringArray
        What by: a text each, none of them null.

    Returns
    -------
    pyarrow.LargeStringArray
    """
    if not len(rows):
        return texts
    offsets, data = views(texts)
    by_offsets, by_data = views(by)
    sizes = np.diff(offsets)
    sizes[rows] = np.diff(by_offsets)
    new_offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(sizes, out=new_offsets[1:])
    new_data = np.empty(int(new_offsets[-1]), np.uint8)
    replace_kernel(offsets, data, rows, by_offsets, by_data, new_offsets, new_data)
    there = None
    if texts.null_count:
        is_there = texts.is_valid().to_numpy(zero_copy_only=False)
        is_there[rows] = True
        there = pa.array(is_there).buffers()[1]
    buffers = [there, pa.py_buffer(new_offsets), pa.py_buffer(new_data)]
    return pa.Array.from_buffers(_STRING, len(texts), buffers)


def named(codes: npt.NDArray[Any], names: Sequence[str]) -> pa.DictionaryArray:
    """Write codes as an Arrow column of names.

    Parameters
    ----------
    codes : ndarray of integers, shape (n,)
        Places in `names`; -1 is null.
    names : sequence of str
        What they stand for.

    Returns
    -------
    pyarrow.DictionaryArray
        Its indices have the type of `codes`.
    """
    places = pa.array(codes, mask=codes < 0)
    return pa.DictionaryArray.from_arrays(places, pa.array(list(names), _STRING))


def index_of(texts: Texts, rows: int) -> pd.Index[Any]:
    """Return the index for an output: that of a Series, else 0, 1, 2 and so on.

    Parameters
    ----------
    texts : Series or other texts
        The input.
    rows : int
        How many texts it holds.

    Returns
    -------
    pandas.Index
    """
    return texts.index if isinstance(texts, pd.Series) else pd.RangeIndex(rows)


def _iterable(texts: Texts) -> Iterable[Any]:
    if not isinstance(texts, Iterable) or getattr(texts, "shape", None) == ():
        raise TypeError(
            f"texts must be a sequence of strings, got {type(texts).__name__} {texts!r:.60}"
        )
    return texts


def _to_arrow(texts: Texts) -> pa.ChunkedArray:
    if hasattr(texts, "__arrow_c_stream__"):
        return pa.chunked_array(texts)
    if isinstance(texts, np.ndarray) and texts.dtype.kind == "T":
        texts = texts.astype(object)  # NumPy's StringDType, which Arrow 23 does not take
    array = pa.array(texts, from_pandas=True) if not isinstance(texts, pa.Array) else texts
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _is_string(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _not_strings(texts: Texts, got: str) -> str:
    advice = "pass a column of strings, for example column.astype('str')"
    for row, value in enumerate(texts if isinstance(texts, (list, tuple, np.ndarray)) else ()):
        if not isinstance(value, str) and not pd.api.types.is_scalar(value):
            break
        if not isinstance(value, str) and not pd.isna(value):
            got = f"row {row} is {type(value).__name__} {value!r:.40}"
            break
    return f"texts must be strings: {got}; {advice}"


def _replaced(text: Any) -> Any:
    """Join surrogates that make a pair, put U+FFFD in the place of the others."""
    if not isinstance(text, str):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _lone_surrogate(texts: Texts) -> TextError:
    for row, value in enumerate(texts):
        if isinstance(value, str):
            for position, character in enumerate(value):
                if "\ud800" <= character <= "\udfff":
                    return TextError(
                        f"row {row} has the lone surrogate U+{ord(character):04X} at index "
                        f"{position}, which no encoding can hold; errors='replace' puts U+FFFD "
                        "in its place"
                    )
    return TextError("a text has a lone surrogate, which no encoding can hold")
