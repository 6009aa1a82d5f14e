"""The GSM 7-bit default alphabet and its extension table, as plain data.

Source: 3GPP TS 23.038 V18.0.0, 6.2.1 (default alphabet) and 6.2.1.1 (extension table).
Code 0x1B is the escape to the extension table and no character; U+001B therefore does not
belong to the alphabet, and a text that holds it is UCS-2.
"""

from __future__ import annotations

from typing import Final

#: The 127 characters of the default alphabet in code order; the blank at 0x1B is the escape.
_DEFAULT_ROWS = (
    "@£$¥èéùìòÇ\nØø\rÅå",
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ",
    " !\"#¤%&'()*+,-./",
    "0123456789:;<=>?",
    "¡ABCDEFGHIJKLMNO",
    "PQRSTUVWXYZÄÖÑÜ§",
    "¿abcdefghijklmno",
    "pqrstuvwxyzäöñüà",
)

ESCAPE: Final = 0x1B

#: Character -> septet code in the default alphabet.
GSM7_DEFAULT: Final[dict[str, int]] = {
    character: code for code, character in enumerate("".join(_DEFAULT_ROWS)) if code != ESCAPE
}

#: Character -> septet code after the escape; each takes two septets.
GSM7_EXTENSION: Final[dict[str, int]] = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
