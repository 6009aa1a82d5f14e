"""Grapheme clusters: the characters that a reader takes for one, such as a letter and its accent.

Source: Unicode Standard Annex #29, revision 47 (Unicode 17.0.0, 2025), 3.1.1, extended clusters.
"""

from __future__ import annotations

import csv
import functools
from importlib import resources
from typing import Final

import numpy as np
import numpy.typing as npt

from smslab.kernels import graphemes as kernel

__all__ = ["properties"]

_BREAKS: Final = {
    "": kernel.OTHER,
    "CR": kernel.CR,
    "LF": kernel.LF,
    "Control": kernel.CONTROL,
    "Extend": kernel.EXTEND,
    "ZWJ": kernel.ZWJ,
    "Regional_Indicator": kernel.REGIONAL,
    "Prepend": kernel.PREPEND,
    "SpacingMark": kernel.SPACING,
    "L": kernel.L,
    "V": kernel.V,
    "T": kernel.T,
}
_CONJUNCTS: Final = {
    "": kernel.NO_CONJUNCT,
    "Consonant": kernel.CONSONANT,
    "Linker": kernel.LINKER,
    "Extend": kernel.CONJUNCT_EXTEND,
}


@functools.cache
def properties() -> npt.NDArray[np.uint8]:
    """Return what the kernel has to know of each code point.

    Returns
    -------
    ndarray of uint8, shape (0x110000,)
        Grapheme_Cluster_Break, Indic_Conjunct_Break and Extended_Pictographic of Unicode 17.0.0,
        laid out as :mod:`smslab.kernels.graphemes` says. Read-only.
    """
    table = np.zeros(0x110000, np.uint8)
    with resources.files("smslab").joinpath("data/grapheme_break.csv").open("r") as file:
        for row in csv.DictReader(file):
            value = _BREAKS[row["break"]] | _CONJUNCTS[row["conjunct"]] << 4
            value |= (row["pictographic"] == "yes") << 6
            table[int(row["first"], 16) : int(row["last"], 16) + 1] = value
    # The precomposed syllables of Hangul: every 28th has no final consonant.
    table[0xAC00:0xD7A4] = kernel.LVT
    table[0xAC00:0xD7A4:28] = kernel.LV
    table.flags.writeable = False
    return table
