"""The constants of SMS encoding and concatenation, each once, each with its source.

Sources: 3GPP TS 23.038 (alphabets) and 3GPP TS 23.040 (the short message service).
"""

from __future__ import annotations

from typing import Final

#: Octets of user data in one short message (TS 23.040, 9.2.3.16 and 9.2.3.24).
USER_DATA_OCTETS: Final = 140

#: Octets of the information element that joins parts, by the bits of its reference number: IEI,
#: IEDL, the reference, and an octet each for count and number of the part (TS 23.040,
#: 9.2.3.24.1 and 9.2.3.24.8).
CONCATENATION_IE_OCTETS: Final = {8: 5, 16: 6}

#: Identifiers of these elements (TS 23.040, 9.2.3.24).
CONCATENATION_IEI: Final = {8: 0x00, 16: 0x08}

#: Octets of the information element that names a national table, and its identifiers (TS 23.040,
#: 9.2.3.24.15 and 9.2.3.24.16).
NATIONAL_IE_OCTETS: Final = 3
SINGLE_SHIFT_IEI: Final = 0x24
LOCKING_SHIFT_IEI: Final = 0x25


def header_octets(reference_bits: int | None, national_tables: int = 0) -> int:
    """Return the octets of a user data header, its length octet (UDHL) counted.

    Parameters
    ----------
    reference_bits : int or None
        Bits of the reference number that joins the parts, 8 or 16; None where none are joined.
    national_tables : int
        How many national tables it names: 0, 1 or 2.

    Returns
    -------
    int
        0 where there is nothing to say.
    """
    elements = NATIONAL_IE_OCTETS * national_tables
    if reference_bits is not None:
        elements += CONCATENATION_IE_OCTETS[reference_bits]
    return elements and 1 + elements


def septets(header: int) -> int:
    """Return the septets beside a header: 160 without one, 153 beside one of 6 octets.

    Parameters
    ----------
    header : int
        Octets of the user data header.

    Returns
    -------
    int
        They begin on a septet border after the header (TS 23.038, 6.1.2.1; TS 23.040, 9.2.3.24).
    """
    return (USER_DATA_OCTETS - header) * 8 // 7


def code_units(header: int) -> int:
    """Return the UTF-16 code units beside a header: 70 without one, 67 beside one of 6 octets.

    Parameters
    ----------
    header : int
        Octets of the user data header.

    Returns
    -------
    int
    """
    return (USER_DATA_OCTETS - header) // 2


#: Most parts of one message: the count is one octet (TS 23.040, 9.2.3.24.1).
MAX_SEGMENTS: Final = 255

#: A text that is looked at within this many seconds counts as read at once.
READ_AT_ONCE_S: Final = 300

#: A one-time password should land within this many seconds (Twilio, Health Score, read 2026-11).
OTP_TARGET_S: Final = 10
