"""Quotes in CSV: which are opened and never closed, and which stand where none may."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from smslab.kernels import kernel

# Where in a file a reader is.
FIELD_BEGINS = 0
PLAIN = 1
QUOTED = 2
#: Behind a quote in a quoted cell, which is doubled, closes the cell, or is a mistake.
QUOTE = 3

_QUOTE_MARK, _LINE_FEED, _RETURN = 0x22, 0x0A, 0x0D


@kernel
def quotes_kernel(
    data: npt.NDArray[np.uint8], delimiter: npt.NDArray[np.uint8], state: npt.NDArray[np.int64]
) -> None:
    """Go through the next octets of a CSV file.

    Parameters
    ----------
    data : ndarray of uint8
        The octets, UTF-8.
    delimiter : ndarray of uint8
        The last octet of the delimiter.
    state : ndarray of int64, shape (6,)
        Changed: where the reader is, the number of the line, that of the line in which the last
        quoted cell was opened, of stray quotes their count and the line of the first, and the last
        octet.
    """
    where, line, opened, strays, first_stray, last = state
    ends = delimiter[0]
    for byte in data:
        is_break = byte in (_LINE_FEED, _RETURN)
        if byte == _RETURN or (byte == _LINE_FEED and last != _RETURN):
            line += 1
        last = byte
        if where == QUOTED:
            if byte == _QUOTE_MARK:
                where = QUOTE
        elif is_break or byte == ends:
            where = FIELD_BEGINS
        elif byte == _QUOTE_MARK and where != PLAIN:
            if where != QUOTE:
                opened = line
            where = QUOTED
        else:
            if where == QUOTE:
                strays += 1
                if strays == 1:
                    first_stray = line
            where = PLAIN
    state[0], state[1], state[2] = where, line, opened
    state[3], state[4], state[5] = strays, first_stray, last
