"""The constants of SMS encoding and concatenation, each once, each with its source.

Sources: 3GPP TS 23.038 (alphabets) and 3GPP TS 23.040 (the short message service).
"""

from __future__ import annotations

from typing import Final

#: Octets of user data in one short message (TS 23.040, 9.2.3.16 and 9.2.3.24).
USER_DATA_OCTETS: Final = 140

#: Octets of the user data header that joins parts, by the bits of its reference number: UDHL,
#: IEI, IEDL, the reference, and an octet each for count and number of the part (TS 23.040,
#: 9.2.3.24.1 and 9.2.3.24.8).
CONCATENATION_UDH_OCTETS: Final = {8: 6, 16: 7}

#: Septets of a single GSM-7 message: 140 octets hold 160 septets (TS 23.038, 6.1.2.1).
GSM7_SINGLE_UNITS: Final = USER_DATA_OCTETS * 8 // 7

#: UTF-16 code units of a single UCS-2 message.
UCS2_SINGLE_UNITS: Final = USER_DATA_OCTETS // 2


def part_units(reference_bits: int, *, concatenation: bool = True) -> tuple[int, int]:
    """Return the room of a part of a message that is split.

    Parameters
    ----------
    reference_bits : int
        Bits of the reference number in the header that joins the parts: 8 or 16.
    concatenation : bool
        False where parts are sent as messages of their own, without a header.

    Returns
    -------
    septets : int
        Room of a GSM-7 part: 153, 152 or 160.
    code_units : int
        Room of a UCS-2 part: 67, 66 or 70.

    Raises
    ------
    ValueError
        If `reference_bits` is neither 8 nor 16.
    """
    if reference_bits not in CONCATENATION_UDH_OCTETS:
        raise ValueError(f"reference_bits must be one of 8, 16; not {reference_bits!r}")
    octets = USER_DATA_OCTETS
    if concatenation:
        octets -= CONCATENATION_UDH_OCTETS[reference_bits]
    return octets * 8 // 7, octets // 2


#: Most parts of one message: the count is one octet (TS 23.040, 9.2.3.24.1).
MAX_SEGMENTS: Final = 255

#: Digits of an international number without its prefix: ITU-T E.164 (11/2010), 6.2.1, allows
#: 15 at most; the shortest numbers in service have 7 with their country code.
E164_MIN_DIGITS: Final = 7
E164_MAX_DIGITS: Final = 15

#: Digits of a number of the North American Numbering Plan with its calling code 1.
NANP_DIGITS: Final = 11

#: A text that is looked at within this many seconds counts as read at once.
READ_AT_ONCE_S: Final = 300
