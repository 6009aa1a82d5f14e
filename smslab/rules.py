"""The constants of SMS encoding and concatenation, each once, each with its source.

Sources: 3GPP TS 23.038 (alphabets) and 3GPP TS 23.040 (the short message service).
"""

from __future__ import annotations

from typing import Final

#: Octets of user data in one short message (TS 23.040, 9.2.3.16 and 9.2.3.24).
USER_DATA_OCTETS: Final = 140

#: Octets of the user data header that joins parts, 8-bit reference: UDHL, IEI, IEDL and
#: three octets of reference, count and number (TS 23.040, 9.2.3.24.1).
CONCATENATION_UDH_OCTETS: Final = 6

#: Septets of a single GSM-7 message: 140 octets hold 160 septets (TS 23.038, 6.1.2.1).
GSM7_SINGLE_UNITS: Final = USER_DATA_OCTETS * 8 // 7

#: Septets of a part of a joined GSM-7 message: the header takes 7 septets.
GSM7_PART_UNITS: Final = (USER_DATA_OCTETS - CONCATENATION_UDH_OCTETS) * 8 // 7

#: UTF-16 code units of a single UCS-2 message.
UCS2_SINGLE_UNITS: Final = USER_DATA_OCTETS // 2

#: UTF-16 code units of a part of a joined UCS-2 message.
UCS2_PART_UNITS: Final = (USER_DATA_OCTETS - CONCATENATION_UDH_OCTETS) // 2

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
