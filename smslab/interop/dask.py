"""Dask: the functions of texts and lists on Dask's Series and DataFrames, lazily.

Options are those of the functions of the same names in :mod:`smslab`, and results their tables,
with strings in place of categories. Replications, plans and sweeps run on a cluster with
``executor=client.get_executor()``.

Examples
--------
>>> import dask.dataframe as dd
>>> import pandas as pd
>>> from smslab.interop.dask import segment
>>> texts = dd.from_pandas(pd.Series(["Hello", "Grüße 😀"] * 2), npartitions=2)
>>> segment(texts)["encoding"].compute().tolist()
['GSM-7', 'UCS-2', 'GSM-7', 'UCS-2']
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from smslab import parted, segmentation, smart
from smslab.cost import cost as bill
from smslab.prepare import prepare as prepared
from smslab.rates import RateCard

try:
    import dask.dataframe as dd
    from dask.delayed import delayed
except ImportError:
    from smslab.errors import MissingExtraError

    raise MissingExtraError("dask", "smslab.interop.dask") from None

__all__ = ["cost", "prepare", "segment", "smart_encode"]


def segment(texts: dd.Series, **options: Any) -> Any:
    """Say how each text is encoded, as :func:`smslab.segment` does.

    Parameters
    ----------
    texts : dask.dataframe.Series of str
        The texts.
    **options : object
        As there.

    Returns
    -------
    dask.dataframe.DataFrame
    """
    return _applied(segmentation.segment, texts, options)


def smart_encode(texts: dd.Series, **options: Any) -> Any:
    """Replace characters by look-alikes, as :func:`smslab.smart_encode` does.

    Parameters
    ----------
    texts : dask.dataframe.Series of str
        The texts.
    **options : object
        As there.

    Returns
    -------
    dask.dataframe.Series
    """
    return _applied(smart.smart_encode, texts, options)


def cost(messages: dd.DataFrame, rates: RateCard | None = None, **options: Any) -> Any:
    """Say what each message costs, as :attr:`smslab.Bill.messages`; ``cost_micro`` is exact.

    Parameters
    ----------
    messages : dask.dataframe.DataFrame
        As of :func:`smslab.cost`.
    rates : RateCard, optional
        As of :func:`smslab.cost`.
    **options : object
        As of :func:`smslab.cost`.

    Returns
    -------
    dask.dataframe.DataFrame
    """
    return _applied(_charged, messages, {"rates": rates, **options})


def prepare(messages: dd.DataFrame, **options: Any) -> Any:
    """Prepare a list, as :attr:`smslab.Prepared.messages`: duplicates among all partitions.

    The numbers of all rows come together in one task, at 8 octets each (16 with texts); prepared
    partitions wait for it in the memory of the cluster, or on its disks.

    Parameters
    ----------
    messages : dask.dataframe.DataFrame
        As of :func:`smslab.prepare`.
    **options : object
        As of :func:`smslab.prepare`.

    Returns
    -------
    dask.dataframe.DataFrame
    """
    by = options.get("duplicates", "number")
    prepared(messages._meta, **options)  # what is wrong with the options is said at once
    alone = _applied(parted.prepared_alone, messages, options)
    if by == "none":
        return alone
    parts = alone.to_delayed()
    first = delayed(parted.first_rows)([delayed(parted.keys_of)(part, by) for part in parts], by)
    settled = [delayed(parted.without_duplicates)(p, first[n]) for n, p in enumerate(parts)]
    return dd.from_delayed(settled, meta=alone._meta, divisions=alone.divisions)


def _charged(messages: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return parted.unlabelled(bill(messages, **options).messages)


def _applied(function: Any, collection: Any, options: dict[str, Any]) -> Any:
    meta = function(collection._meta, **options)
    return collection.map_partitions(function, meta=meta, **options)
