"""Phone numbers: digits out of what people write, completed to E.164, and where they lead."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from smslab.kernels import kernel

# What is wrong with a number.
FINE = 0
NO_NUMBER = 1
NOT_A_NUMBER = 2
TOO_SHORT = 3
TOO_LONG = 4
NO_COUNTRY = 5
UNKNOWN_CODE = 6

#: Digits of an international number without its prefix: ITU-T E.164 (11/2010), 6.2.1, allows
#: 15 at most; the shortest numbers in service have 7 with their country code.
_MIN_DIGITS = 7
_MAX_DIGITS = 15
#: Digits of a number of the North American Numbering Plan with its calling code 1.
_NANP_DIGITS = 11
#: Digits from which a number without "+" may be an international one.
_SHORTEST_WITHOUT_PLUS = 11
#: Digits on each side of a slash between two numbers.
_WHOLE_DIGITS = 7
#: Digits that are kept of a number: more than are allowed, and a trunk prefix.
_ROOM = 20


@kernel
def _is_space(byte: int) -> bool:
    # Line breaks part numbers.
    return byte in (0x20, 0x09, 0x0C)


@kernel
def _is_digit(byte: int) -> bool:
    return 0x30 <= byte <= 0x39


@kernel
def _separator(data: npt.NDArray[np.uint8], at: int, end: int) -> int:
    """Return how many octets of a character that may stand between digits; 0 for any other."""
    byte = int(data[at])
    # ( ) - . /
    if _is_space(byte) or 0x28 <= byte <= 0x29 or 0x2D <= byte <= 0x2F:
        return 1
    # The no-break space, and hyphens and dashes: U+2010 to U+2015.
    if byte == 0xC2 and at + 1 < end and data[at + 1] == 0xA0:
        return 2
    if byte == 0xE2 and at + 2 < end and data[at + 1] == 0x80 and 0x90 <= data[at + 2] <= 0x95:
        return 3
    return 0


@kernel
def _is_trunk(data: npt.NDArray[np.uint8], at: int, end: int) -> bool:
    """Return whether "(0)" stands there: what is dialled inside the country only."""
    return at + 2 < end and data[at] == 0x28 and data[at + 1] == 0x30 and data[at + 2] == 0x29


@kernel
def _digits_beside(data: npt.NDArray[np.uint8], slash: int, start: int, end: int, step: int) -> int:
    """Count the digits of a number that stands directly before or behind a slash."""
    at = slash + step
    while start <= at < end and _is_space(data[at]):
        at += step
    if not (start <= at < end and _is_digit(data[at])):
        return 0
    count = 0
    while start <= at < end:
        byte = int(data[at])
        if _is_digit(byte):
            count += 1
        elif not (_is_space(byte) or 0x2D <= byte <= 0x2E):
            break
        at += step
    return count


@kernel
def _begin(data: npt.NDArray[np.uint8], start: int, end: int) -> tuple[int, bool]:
    """Pass over what stands before the digits: where they begin, and whether it is a "+" or 00.

    Where they do not begin, the place is -1.
    """
    at = start
    # What guards a number against spreadsheets.
    at += 1 if at < end and data[at] == 0x27 else 0
    # tel:
    if end - at > 4 and data[at] == 0x74 and data[at + 1] == 0x65 and data[at + 2] == 0x6C:
        at += 4 if data[at + 3] == 0x3A else 0
    while at < end and _is_space(data[at]):
        at += 1
    if at + 1 < end and data[at] == 0x30 and data[at + 1] == 0x30:
        return at + 2, True
    international = at < end and data[at] == 0x2B
    at += 1 if international else 0
    while at < end and not (_is_digit(data[at]) or _is_trunk(data, at, end)):
        if not (_is_space(data[at]) or data[at] == 0x28):
            return -1, international
        at += 1
    return at if at < end else -1, international


@kernel
def _read(
    data: npt.NDArray[np.uint8], start: int, end: int, digits: npt.NDArray[np.uint8]
) -> tuple[int, bool]:
    """Read the digits of a number: how many, -1 if it is none, and whether it is international.

    Digits past the room of `digits` are counted and not kept.
    """
    at, international = _begin(data, start, end)
    if at < 0:
        return -1, international
    count = 0
    dots = 0
    dot = -1
    count_at_dot = 0
    only_zeros = True
    while at < end:
        byte = int(data[at])
        size = 1
        if _is_digit(byte):
            if count < _ROOM:
                digits[count] = byte - 0x30
            count += 1
            only_zeros = only_zeros and byte == 0x30
        elif _is_trunk(data, at, end):
            size = 3
            only_zeros = False
        else:
            size = _separator(data, at, end)
            only_zeros = byte == 0x2E
            if byte == 0x2E:
                dots += 1
                dot = at
                count_at_dot = count
            between = byte == 0x2F and (
                _digits_beside(data, at, start, end, -1) >= _WHOLE_DIGITS
                and _digits_beside(data, at, start, end, 1) >= _WHOLE_DIGITS
            )
            if size == 0 or between:
                return -1, international
        at += size
    decimals = end - dot - 1
    if dots == 1 and 0 < decimals == count - count_at_dot:
        # A decimal point, as a table of floats writes it: ".0" says nothing, other decimals no.
        if only_zeros:
            return count_at_dot, international
        if decimals <= 2:
            return -1, international
    return count, international


@kernel
def _without_trunk(
    digits: npt.NDArray[np.uint8], count: int, trunks: npt.NDArray[np.uint8], lengths: int
) -> int:
    """Return how many digits in front are dialled inside the country only.

    A row of `trunks` is digits and then 255; one that is not 0 is a trunk prefix only where the
    rest has one of the `lengths` of a mobile number.
    """
    for trunk in trunks:
        size = 0
        while size < len(trunk) and trunk[size] != 255 and size < count:
            if trunk[size] != digits[size]:
                break
            size += 1
        is_whole = size == len(trunk) or trunk[size] == 255
        if size == 0 or not is_whole:
            continue
        if (size == 1 and digits[0] == 0) or lengths >> (count - size) & 1:
            return size
    return 0


@kernel
def numbers_kernel(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    defaults: npt.NDArray[np.int16],
    codes: npt.NDArray[np.uint8],
    trunks: npt.NDArray[np.uint8],
    lengths: npt.NDArray[np.int64],
    following: npt.NDArray[np.int32],
    country_at: npt.NDArray[np.int16],
    zones_at: npt.NDArray[np.int16],
    number: npt.NDArray[np.int64],
    country: npt.NDArray[np.int16],
    zones: npt.NDArray[np.int16],
    problem: npt.NDArray[np.uint8],
) -> None:
    """Complete numbers to E.164 and find where each leads.

    Parameters
    ----------
    offsets, data : ndarray
        The numbers as they are written, without blanks around them.
    defaults : ndarray of int16, shape (n,)
        Country of a national number; -1 for none.
    codes : ndarray of uint8, shape (countries, 5)
        Calling code of each country: digits and then 255.
    trunks : ndarray of uint8, shape (countries, 3, 3)
        What stands before a national number inside the country: digits and then 255.
    lengths : ndarray of int64, shape (countries,)
        A bit for each number of digits that national mobile numbers have.
    following : ndarray of int32, shape (nodes, 10)
        The tree of prefixes: the node behind each digit; 0 for none.
    country_at, zones_at : ndarray of int16, shape (nodes,)
        What numbers with the prefix of a node belong to; -1 for as before.
    number : ndarray of int64, shape (n,)
        Written: the digits as one integer; 0 where something is wrong.
    country, zones : ndarray of int16, shape (n,)
        Written: where the number leads; -1 where not known.
    problem : ndarray of uint8, shape (n,)
        Written: what is wrong.
    """
    digits = np.zeros(_ROOM + 4, np.uint8)
    for row in range(len(offsets) - 1):
        start, end = offsets[row], offsets[row + 1]
        number[row], country[row], zones[row] = 0, -1, -1
        if start == end:
            problem[row] = NO_NUMBER
            continue
        count, international = _read(data, start, end, digits)
        if count < 0:
            problem[row] = NOT_A_NUMBER
            continue
        default = defaults[row]
        skipped = 0
        completed = 0
        national = False
        if default < 0:
            national = not international and (count < _SHORTEST_WITHOUT_PLUS or digits[0] == 0)
        elif not international:
            code = codes[default]
            size = 0
            while code[size] != 255:
                size += 1
            if size == 1 and code[0] == 1:
                is_national = count < _NANP_DIGITS
            else:
                skipped = _without_trunk(digits, count, trunks[default], lengths[default])
                begins_alike = count >= size
                for place in range(size):
                    begins_alike = begins_alike and digits[place] == code[place]
                fits = count < 63 and bool(lengths[default] >> count & 1)
                abroad = count >= _SHORTEST_WITHOUT_PLUS and digits[0] > 0
                abroad = abroad and (not fits or begins_alike)
                is_national = skipped > 0 or not abroad
            if is_national:
                completed = size
        total = count - skipped + completed
        first = codes[default, 0] if completed else digits[0]
        if total < _MIN_DIGITS:
            problem[row] = TOO_SHORT
        elif total > _MAX_DIGITS:
            problem[row] = TOO_LONG
        elif first == 1 and total != _NANP_DIGITS:
            problem[row] = TOO_SHORT if total < _NANP_DIGITS else TOO_LONG
        elif national:
            problem[row] = NO_COUNTRY
        else:
            node = 0
            on_the_way = True
            whole = 0
            for place in range(total):
                if place < completed:
                    digit = int(codes[default, place])
                else:
                    digit = int(digits[place - completed + skipped])
                whole = whole * 10 + digit
                if on_the_way:
                    node = following[node, digit]
                    on_the_way = node > 0
                    if on_the_way and country_at[node] >= 0:
                        country[row] = country_at[node]
                    if on_the_way and zones_at[node] >= 0:
                        zones[row] = zones_at[node]
            if country[row] < 0:
                problem[row] = UNKNOWN_CODE
                zones[row] = -1
            else:
                problem[row] = FINE
                number[row] = whole


@kernel
def written_kernel(
    number: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8]
) -> None:
    """Write numbers in the form of E.164: a plus sign and the digits.

    Parameters
    ----------
    number : ndarray of int64, shape (n,)
        The digits as one integer; 0 for no number, of which nothing is written.
    offsets : ndarray of int64, shape (n + 1,)
        Written: where each begins.
    data : ndarray of uint8, shape (16 n,)
        Written, as far as there are numbers.
    """
    ten = np.uint64(10)
    offsets[0] = 0
    for row in range(len(number)):
        # Unsigned, since dividing with a sign takes three times as long.
        whole = np.uint64(number[row])
        size = 0
        power = np.uint64(1)
        while power <= whole:
            power *= ten
            size += 1
        at = offsets[row]
        offsets[row + 1] = at + (size + 1 if size else 0)
        if size:
            data[at] = 0x2B
        for place in range(size, 0, -1):
            rest = whole // ten
            data[at + place] = 0x30 + np.uint8(whole - rest * ten)
            whole = rest
