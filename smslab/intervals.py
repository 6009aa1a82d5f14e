"""Intervals: how sure shares, percentiles and means of independent messages are."""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from smslab.errors import OptionError

__all__ = ["check_confidence", "mean", "quantile_ranks", "rank", "wilson"]

#: From this many on the normal curve stands in for the binomial distribution.
_MANY: Final = 20_000


@cache
def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def check_confidence(confidence: Any) -> None:
    """Check the share of intervals that are to hold the true figure.

    Parameters
    ----------
    confidence : float
        The share.

    Raises
    ------
    OptionError
        If it is no number between 0 and 1.
    """
    if not isinstance(confidence, int | float | np.floating) or not 0 < confidence < 1:
        raise OptionError(
            f"confidence must be a number between 0 and 1, such as 0.95; not {confidence!r:.60}"
        )


def wilson(count: int, of: int, confidence: float) -> tuple[float, float]:
    """Return the score interval of a share.

    Parameters
    ----------
    count, of : int
        How many of how many.
    confidence : float
        Share of such intervals that hold the true share.

    Returns
    -------
    tuple of float
        Its ends; NaN where there are none to count.

    Notes
    -----
    Source: Wilson, "Probable inference, the law of succession, and statistical inference", J. Am.
    Stat. Assoc. 22 (1927) 209-212.

    Examples
    --------
    >>> from smslab.intervals import wilson
    >>> [round(end, 4) for end in wilson(95, 100, 0.95)]
    [0.8882, 0.9785]
    """
    if not of:
        return math.nan, math.nan
    z2 = _z(confidence) ** 2
    share = count / of
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = math.sqrt(z2 * share * (1 - share) / of + z2**2 / (4 * of**2)) / (1 + z2 / of)
    return (0.0 if count == 0 else middle - half), (1.0 if count == of else middle + half)


def rank(share: float, of: int) -> int:
    """Return which of sorted values, from 0, is the smallest that a share does not exceed.

    Parameters
    ----------
    share : float
        Of the values.
    of : int
        How many values.

    Returns
    -------
    int
    """
    return max(math.ceil(share * of - 1e-9), 1) - 1


@cache
def quantile_ranks(share: float, of: int, confidence: float) -> tuple[int, int]:
    """Return which of sorted values, from 0, are the ends of the interval of a quantile.

    The number of values below the true quantile is binomial, whatever the distribution of the
    values; the ranks cut off half of what the confidence leaves at each end.

    Parameters
    ----------
    share : float
        Share of all values below the quantile.
    of : int
        How many values.
    confidence : float
        Share of such intervals that hold the true quantile.

    Returns
    -------
    tuple of int
        Ranks; -1 and `of` where there are too few values for an end.

    Notes
    -----
    Source: David and Nagaraja, "Order Statistics", 3rd edition (2003), section 7.1.

    Examples
    --------
    >>> from smslab.intervals import quantile_ranks
    >>> quantile_ranks(0.5, 100, 0.95), quantile_ranks(0.95, 20, 0.95)
    ((39, 60), (16, 20))
    """
    tail = (1 - confidence) / 2
    if of >= _MANY:
        spread = _z(confidence) * math.sqrt(of * share * (1 - share))
        low, high = math.floor(of * share - spread - 0.5), math.ceil(of * share + spread + 0.5)
        return max(low - 1, -1), min(high, of)
    counts = np.arange(of + 1)
    logs = np.array([math.lgamma(n + 1) for n in range(of + 1)])
    chances = np.exp(
        logs[of] - logs - logs[::-1] + counts * math.log(share) + (of - counts) * math.log1p(-share)
    )
    below = np.cumsum(chances)
    # The value of rank r, from 0, is above the quantile if at most r values are below it.
    low = int(np.searchsorted(below, tail, side="right")) - 1
    high = int(np.searchsorted(below, 1 - tail, side="left"))
    return low, high


def mean(total: float, squares: float, of: int, confidence: float) -> tuple[float, float]:
    """Return the interval of a mean, by the normal curve.

    Parameters
    ----------
    total, squares : float
        Sum of the values, and of their squares.
    of : int
        How many values.
    confidence : float
        Share of such intervals that hold the true mean.

    Returns
    -------
    tuple of float
        NaN where there are fewer than two values.
    """
    if of < 2:
        return math.nan, math.nan
    middle = total / of
    variance = max(squares / of - middle**2, 0) * of / (of - 1)
    half = _z(confidence) * math.sqrt(variance / of)
    return middle - half, middle + half
