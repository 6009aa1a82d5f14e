"""What came before: which numbers, or numbers and texts, were in an earlier row."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from smslab.errors import InputError
from smslab.kernels.seen import grow_kernel, hash_kernel, have_kernel, seen_kernel
from smslab.text import views

__all__ = ["Seen", "fingerprints"]

_SMALLEST: Final = 1 << 12

#: Share of the places that are taken at most: fuller tables are slow.
_FULL: Final = 0.8
#: What the table has room for.
_MOST_ROWS: Final = 1 << 32


def fingerprints(texts: pa.LargeStringArray) -> npt.NDArray[np.int64]:
    """Make a number of 64 bits of each text; two texts have the same in one of 10**19 cases.

    Parameters
    ----------
    texts : pyarrow.LargeStringArray
        The texts.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    hashes = np.empty(len(texts), np.int64)
    hash_kernel(*views(texts), hashes)
    return hashes


class Seen:
    """The rows in which numbers, or numbers and texts, came first.

    It takes 15 to 30 octets for each of them, 25 to 50 with texts; all else of a batch is given
    back.

    Parameters
    ----------
    by_text : bool
        Whether the same number with another text is something else.

    Examples
    --------
    >>> import numpy as np
    >>> from smslab.seen import Seen
    >>> seen = Seen()
    >>> seen.first_rows(np.array([12025550100, 12025550101, 12025550100]))
    array([-1, -1,  0])
    >>> seen.first_rows(np.array([12025550101]))
    array([1])
    """

    def __init__(self, *, by_text: bool = False) -> None:
        self._by_text = by_text
        self._rows = 0
        self._entries = 0
        self._table = self._empty(_SMALLEST)

    def __len__(self) -> int:
        return self._entries

    def _empty(self, places: int) -> tuple[npt.NDArray[Any], ...]:
        texts = places if self._by_text else 0
        return np.full(places, -1, np.int64), np.empty(texts, np.int64), np.empty(places, np.uint32)

    def have(self, number: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Say which numbers came before, where numbers alone count; nothing is remembered.

        Parameters
        ----------
        number : ndarray of int64, shape (n,)
            The numbers, 0 or more.

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        found = np.empty(len(number), np.bool_)
        numbers, texts, _ = self._table
        have_kernel(number, numbers, texts, found)
        return found

    def first_rows(
        self,
        number: npt.NDArray[np.int64],
        text: npt.NDArray[np.int64] | None = None,
        wanted: npt.NDArray[np.bool_] | None = None,
    ) -> npt.NDArray[np.int64]:
        """Look up further rows, and remember them.

        Parameters
        ----------
        number : ndarray of int64, shape (n,)
            The numbers, 0 or more.
        text : ndarray of int64, shape (n,), optional
            The texts, as of :func:`fingerprints`, where they count.
        wanted : ndarray of bool, shape (n,), optional
            Which rows count; all if not given.

        Returns
        -------
        ndarray of int64, shape (n,)
            For each the number of the first row like it, from 0 on since the first call; -1 where
            it is the first, or does not count.

        Raises
        ------
        InputError
            If there are more than 4,294,967,296 rows.
        """
        if self._rows + len(number) > _MOST_ROWS:
            raise InputError(
                f"duplicates can be found among {_MOST_ROWS:,} rows; split the list, by the last "
                "digit of the numbers"
            )
        wanted = np.ones(len(number), np.bool_) if wanted is None else wanted
        hashes = text if self._by_text and text is not None else np.empty(0, np.int64)
        places = len(self._table[0])
        while self._entries + len(number) > places * _FULL:
            places *= 2
        if places > len(self._table[0]):
            table = self._empty(places)
            grow_kernel(*self._table, *table)
            self._table = table
        before = np.empty(len(number), np.int64)
        numbers, texts, rows = self._table
        self._entries += seen_kernel(
            number, hashes, wanted, self._rows, numbers, texts, rows, before
        )
        self._rows += len(number)
        return before
