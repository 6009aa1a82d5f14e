"""Dask: the functions of texts and lists on Dask's Series and DataFrames, lazily.

Replications, plans and sweeps run on a cluster with ``executor=client.get_executor()``.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from smslab import segmentation, smart
from smslab.cost import cost as bill
from smslab.rates import RateCard

try:
    import dask.dataframe as dd
except ImportError:
    from smslab.errors import MissingExtraError

    raise MissingExtraError("dask", "smslab.interop.dask") from None

__all__ = ["cost", "segment", "smart_encode"]


def segment(texts: dd.Series, **options: Any) -> dd.DataFrame:
    """Say how each text is encoded, as :func:`smslab.segment` does.

    Parameters
    ----------
    texts : dask.dataframe.Series of str
        The texts.
    **options : object
        As of :func:`smslab.segment`.

    Returns
    -------
    dask.dataframe.DataFrame
        Nothing is computed until it is asked for.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> import pandas as pd
    >>> from smslab.interop.dask import segment
    >>> texts = dd.from_pandas(pd.Series(["Hello", "Grüße 😀"] * 2), npartitions=2)
    >>> segment(texts)["encoding"].compute().tolist()
    ['GSM-7', 'UCS-2', 'GSM-7', 'UCS-2']
    """
    counts: dd.DataFrame = _applied(segmentation.segment, texts, options)
    return counts


def smart_encode(texts: dd.Series, **options: Any) -> dd.Series:
    """Replace characters by look-alikes, as :func:`smslab.smart_encode` does.

    Parameters
    ----------
    texts : dask.dataframe.Series of str
        The texts.
    **options : object
        As of :func:`smslab.smart_encode`.

    Returns
    -------
    dask.dataframe.Series
    """
    changed: dd.Series = _applied(smart.smart_encode, texts, options)
    return changed


def cost(messages: dd.DataFrame, rates: RateCard | None = None, **options: Any) -> dd.DataFrame:
    """Say what each message costs, as :func:`smslab.cost` does.

    Parameters
    ----------
    messages : dask.dataframe.DataFrame
        ``text`` and, where there are, ``to``, ``country`` and ``carrier``.
    rates : RateCard, optional
        As of :func:`smslab.cost`.
    **options : object
        As of :func:`smslab.cost`.

    Returns
    -------
    dask.dataframe.DataFrame
        As :attr:`smslab.Bill.messages`; its ``cost_micro`` adds up exactly.
    """
    charged: dd.DataFrame = _applied(_charged, messages, {"rates": rates, **options})
    return charged


def _charged(messages: pd.DataFrame, **options: Any) -> pd.DataFrame:
    found: pd.DataFrame = bill(messages, **options).messages
    # Labels of one partition are not those of another.
    labels: list[Any] = list(found.select_dtypes("category"))
    return found.astype(dict.fromkeys(labels, "str"))


def _applied(function: Any, collection: Any, options: dict[str, Any]) -> Any:
    meta = function(collection._meta, **options)
    return collection.map_partitions(function, meta=meta, **options)
