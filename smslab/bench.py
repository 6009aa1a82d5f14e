"""Speed of the functions of texts on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from smslab.encoding import encode
from smslab.errors import InputError
from smslab.segmentation import segment, split
from smslab.smart import smart_encode
from smslab.text import Texts, as_chunks

__all__ = ["bench"]

_RUNS: Final = 5

#: The texts are repeated until there are so many: fewer say nothing about speed.
_ROWS: Final = 200_000


def bench(texts: Texts) -> pd.DataFrame:
    """Time the functions of texts, and a copy of the bytes to compare with.

    Parameters
    ----------
    texts : Series, Index, ndarray, Arrow array, polars Series, list or iterable of str
        Texts, at least one; repeated to 200,000 or more.

    Returns
    -------
    pandas.DataFrame
        One row per function, named by the index: ``texts_per_s`` and ``mb_per_s`` (bytes of
        UTF-8), medians of five runs after one that is not counted, in one thread.

    Raises
    ------
    InputError
        If there are no texts.
    """
    chunks = as_chunks(texts)
    rows = sum(len(chunk) for chunk in chunks)
    if not rows:
        raise InputError("texts must be one or more; there are none")
    array = pa.concat_arrays(chunks * -(-_ROWS // rows))
    series = pd.Series(array, dtype="str")
    octets = memoryview(array.buffers()[2])
    work: dict[str, Callable[[], Any]] = {
        "segment": lambda: segment(series),
        'segment, languages="auto"': lambda: segment(series, languages="auto"),
        "split": lambda: split(series),
        "encode": lambda: encode(series),
        "smart_encode": lambda: smart_encode(series),
        "copy of the bytes": lambda: bytes(octets),
    }
    seconds = {name: statistics.median(_times(call)) for name, call in work.items()}
    return pd.DataFrame(
        {
            "texts_per_s": [len(array) / taken for taken in seconds.values()],
            "mb_per_s": [len(octets) / taken / 1e6 for taken in seconds.values()],
        },
        index=pd.Index(list(seconds), name="function"),
    )


def _times(call: Callable[[], Any]) -> list[float]:
    call()
    times = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return times
