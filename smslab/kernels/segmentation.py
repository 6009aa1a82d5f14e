"""Segmentation of UTF-8 texts: characters, units and segments of each message.

Two kernels with the same arguments and the same answers. :func:`segment_scalar` goes through
the characters and is the one to read. :func:`segment_blocks` looks at 64 bytes at a time:

1. Two masks a block: bytes that are no plain GSM-7 character ("odd"), and characters of the
   extension table. Without an odd byte, septets are bytes plus extension characters.
2. From the first odd byte on, masks of continuation bytes and of those that begin four bytes
   give the UTF-16 code units; and each character beyond ASCII is looked up, until one is found
   that is not in the alphabet: then the text is UCS-2.
3. A long text without a character of two units fills each part but the last; with one, whole
   blocks are put into the parts, and characters only where a part ends in a block that has one.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from smslab.kernels import kernel

GSM7 = 0
UCS2 = 1

_BLOCK = 64


@kernel
def _look_up(
    data: npt.NDArray[np.uint8], position: int, end: int, septets: npt.NDArray[np.uint8]
) -> tuple[int, int]:
    """Look up the character that begins at a byte beyond ASCII: septets, continuation bytes.

    No septets where it is not in the alphabet, cut off or malformed. No character of an alphabet
    has four bytes, and C0 and C1 begin none at all.
    """
    byte = int(data[position])
    extra = 1 if byte < 0xE0 else 2
    if byte < 0xC2 or byte >= 0xF0 or position + extra >= end:
        return 0, extra
    following = int(data[position + 1])
    if (following & 0xC0) != 0x80:
        return 0, extra
    point = (byte & 0x1F) << 6 | (following & 0x3F)
    if extra == 2:
        following = int(data[position + 2])
        point = (point & 0x3FF) << 6 | (following & 0x3F)
        if (following & 0xC0) != 0x80 or point < 0x800:
            return 0, extra
    return int(septets[point]) if point < len(septets) else 0, extra


@kernel
def _scan(
    data: npt.NDArray[np.uint8],
    start: int,
    end: int,
    septets: npt.NDArray[np.uint8],
    limits: npt.NDArray[np.int64],
) -> tuple[int, int, int, int, int]:
    """Count one text, character by character.

    Returns encoding, characters, units, segments and the units that fit into the last of these.

    Every byte that is no continuation begins a character, in malformed text too; a text with a
    malformed character is UCS-2.
    """
    count = 0
    total = 0
    parts = 1
    used = 0
    position = start
    while position < end:
        if data[position] < 0x80:
            cost, extra = int(septets[data[position]]), 0
        else:
            cost, extra = _look_up(data, position, end, septets)
        if cost == 0:
            break
        position += 1 + extra
        count += 1
        total += cost
        # A character of two units (escape pair, surrogate pair) is never split over parts.
        if used + cost > limits[1]:
            parts += 1
            used = 0
        used += cost
    if position >= end:
        if total <= limits[0]:
            return GSM7, count, total, 1, limits[0] - total
        return GSM7, count, total, parts, limits[1] - used
    count = 0
    total = 0
    parts = 1
    used = 0
    for place in range(start, end):
        byte = int(data[place])
        if (byte & 0xC0) != 0x80:
            width = 2 if byte >= 0xF0 else 1
            count += 1
            total += width
            if used + width > limits[3]:
                parts += 1
                used = 0
            used += width
    if total <= limits[2]:
        return UCS2, count, total, 1, limits[2] - total
    return UCS2, count, total, parts, limits[3] - used


@kernel
def segment_scalar(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    septets: npt.NDArray[np.uint8],
    limits: npt.NDArray[np.int64],
    encoding: npt.NDArray[np.int8],
    characters: npt.NDArray[np.int32],
    units: npt.NDArray[np.int32],
    segments: npt.NDArray[np.int32],
    free: npt.NDArray[np.uint8],
) -> None:
    """Count every text of a chunk, character by character.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n + 1,)
        Where each text begins in `data`; what leads outside is cut off.
    data : ndarray of uint8
        UTF-8 bytes; malformed ones count as in :func:`_scan`.
    septets : ndarray of uint8
        Septets by code point, 0 where the code point is not in the alphabet.
    limits : ndarray of int64, shape (4,)
        Units of a single message and of a part: GSM-7 single, GSM-7 part, UCS-2 single and
        UCS-2 part.
    encoding : ndarray of int8, shape (n,)
        Output: 0 for GSM-7, 1 for UCS-2.
    characters, units, segments : ndarray of int32, shape (n,)
        Output: code points; septets or UTF-16 code units; parts.
    free : ndarray of uint8, shape (n,)
        Output: units that still fit into the last part.
    """
    for row in range(len(offsets) - 1):
        start = max(offsets[row], 0)
        end = min(offsets[row + 1], len(data))
        encoding[row], characters[row], units[row], segments[row], free[row] = _scan(
            data, start, end, septets, limits
        )


def _masks(*rules):
    """Make a function of (data, position) that looks at a block: a mask of 64 bits for each rule.

    A rule makes a vector of 64 booleans of a builder and a vector of 64 bytes; bit k of its mask
    says whether it holds for byte k.
    """

    @intrinsic
    def masks(_context, data, _position):
        kind = types.UniTuple(types.uint64, len(rules))

        def generate(context, builder, signature, arguments):
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            vector = ir.VectorType(ir.IntType(8), _BLOCK)
            pointer = builder.bitcast(builder.gep(array.data, [arguments[1]]), vector.as_pointer())
            octets = builder.load(pointer, align=1)
            found = [builder.bitcast(rule(builder, octets), ir.IntType(_BLOCK)) for rule in rules]
            return context.make_tuple(builder, signature.return_type, found)

        return kind(data, types.int64), generate

    return masks


def _all(octets, value):
    return ir.Constant(octets.type, [value & 0xFF] * _BLOCK)


def _is(builder, octets, *values):
    found = builder.icmp_unsigned("==", octets, _all(octets, values[0]))
    for value in values[1:]:
        found = builder.or_(found, builder.icmp_unsigned("==", octets, _all(octets, value)))
    return found


def _outside_ascii_part(builder, octets):
    """ASCII characters outside the alphabet: backtick, DEL, controls but LF, FF and CR."""
    control = builder.icmp_unsigned("<", octets, _all(octets, 0x20))
    kept = builder.not_(_is(builder, octets, 0x0A, 0x0C, 0x0D))
    return builder.or_(builder.and_(control, kept), _is(builder, octets, 0x60, 0x7F))


def _odd(builder, octets):
    beyond = builder.icmp_unsigned(">", octets, _all(octets, 0x7F))
    return builder.or_(beyond, _outside_ascii_part(builder, octets))


def _extension(builder, octets):
    r"""FF and ``[ \ ] ^ { | } ~``, which differ in one bit and stand in a row."""
    folded = builder.or_(octets, _all(octets, 0x20))
    place = builder.sub(folded, _all(octets, 0x7B))
    in_row = builder.icmp_unsigned("<", place, _all(octets, 4))
    return builder.or_(in_row, _is(builder, octets, 0x0C))


def _continuation(builder, octets):
    """Bytes 0x80 to 0xBF, which begin no character: -128 to -65 when signed."""
    return builder.icmp_signed("<", octets, _all(octets, -64))


def _four(builder, octets):
    return builder.icmp_unsigned(">=", octets, _all(octets, 0xF0))


def _lead(builder, octets):
    return builder.icmp_unsigned(">=", octets, _all(octets, 0xC0))


def _double(builder, octets):
    """Begin a character of two septets: E2 begins the euro sign in a GSM-7 text."""
    return builder.or_(_extension(builder, octets), _is(builder, octets, _EURO_LEAD))


_EURO_LEAD = 0xE2

_extension_and_odd = _masks(_extension, _odd)
_continuation_and_four = _masks(_continuation, _four)
_lead_extension_and_outside = _masks(_lead, _extension, _outside_ascii_part)
_continuation_and_double = _masks(_continuation, _double)


@intrinsic
def _ones(_context, _bits):
    """Count the ones of 64 bits."""

    def generate(_context, builder, _signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@intrinsic
def _lowest(_context, _bits):
    """Find the lowest one of 64 bits, of which one is set."""

    def generate(_context, builder, _signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), generate


@kernel
def _kept(size: int) -> np.uint64:
    """Return the mask of the first bytes of a block, one at least."""
    return np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(_BLOCK - min(size, _BLOCK))


@kernel
def _fill_parts(
    data: npt.NDArray[np.uint8], start: int, end: int, room: int, is_ucs: bool
) -> tuple[int, int]:
    """Fill the parts of a text with characters of two units: parts, and units left in the last.

    A block of the buffer follows the beginning of the text's last block.
    """
    parts = 1
    used = 0
    position = start
    while position < end:
        size = min(_BLOCK, end - position)
        if is_ucs:
            inside, doubles = _continuation_and_four(data, position)
        else:
            inside, doubles = _continuation_and_double(data, position)
        doubles &= _kept(size)
        more = size - _ones(inside & _kept(size)) + _ones(doubles)
        if used + more <= room:
            used += more
        elif doubles == 0:
            parts += 1
            used += more - room
        else:
            for place in range(position, position + size):
                byte = int(data[place])
                if (byte & 0xC0) == 0x80:
                    continue
                if is_ucs:
                    width = 2 if byte >= 0xF0 else 1
                else:
                    folded = ((byte | 0x20) - 0x7B) & 0xFF
                    width = 2 if byte in (0x0C, _EURO_LEAD) or folded < 4 else 1
                if used + width > room:
                    parts += 1
                    used = 0
                used += width
        position += size
    return parts, room - used


@kernel
def segment_blocks(
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    septets: npt.NDArray[np.uint8],
    limits: npt.NDArray[np.int64],
    encoding: npt.NDArray[np.int8],
    characters: npt.NDArray[np.int32],
    units: npt.NDArray[np.int32],
    segments: npt.NDArray[np.int32],
    free: npt.NDArray[np.uint8],
) -> None:
    """Count every text of a chunk, a block at a time; parameters as of :func:`segment_scalar`."""
    for row in range(len(offsets) - 1):
        start = max(offsets[row], 0)
        end = min(offsets[row + 1], len(data))
        size = max(end - start, 0)
        if start + (size & -_BLOCK) + _BLOCK > len(data):
            # The last block would reach past the end of the buffer.
            encoding[row], characters[row], units[row], segments[row], free[row] = _scan(
                data, start, end, septets, limits
            )
            continue
        position = start
        is_odd = False
        pairs = 0
        while position < end:
            extension, odd = _extension_and_odd(data, position)
            if end - position < _BLOCK:
                kept = _kept(end - position)
                extension &= kept
                odd &= kept
            if odd != 0:
                is_odd = True
                break
            pairs += _ones(extension)
            position += _BLOCK
        is_gsm = True
        count = size
        if is_odd:
            fours = 0
            inside = 0  # continuation bytes, and how many the characters of the alphabet have
            expected = 0
            while position < end:
                continuation, four = _continuation_and_four(data, position)
                kept = _kept(end - position)
                inside += _ones(continuation & kept)
                fours += _ones(four & kept)
                if is_gsm:
                    lead, extension, outside = _lead_extension_and_outside(data, position)
                    is_gsm = outside & kept == 0
                    pairs += _ones(extension & kept)
                    bits = lead & kept
                    while bits != 0:
                        # As in _look_up, which is no function here because a call costs as
                        # much as all of this; of three bytes the alphabet has the euro sign.
                        at = position + _lowest(bits)
                        byte = int(data[at])
                        point = len(septets)
                        if byte < 0xE0:
                            if at + 1 < end and byte >= 0xC2:
                                following = int(data[at + 1])
                                if following & 0xC0 == 0x80:
                                    point = (byte & 0x1F) << 6 | (following & 0x3F)
                            expected += 1
                        elif byte == _EURO_LEAD and at + 2 < end:
                            following = int(data[at + 1])
                            last = int(data[at + 2])
                            if following & 0xC0 == 0x80 and last & 0xC0 == 0x80:
                                point = 0x2000 | (following & 0x3F) << 6 | (last & 0x3F)
                            expected += 2
                        cost = int(septets[point]) if point < len(septets) else 0
                        if cost == 0:
                            is_gsm = False
                            break
                        pairs += cost - 1
                        bits &= bits - np.uint64(1)
                position += _BLOCK
            count = size - inside
            if not is_gsm or inside != expected:
                is_gsm = False
                pairs = fours
        total = count + pairs
        single = limits[0] if is_gsm else limits[2]
        room = limits[1] if is_gsm else limits[3]
        encoding[row] = GSM7 if is_gsm else UCS2
        characters[row] = count
        units[row] = total
        if total <= single:
            segments[row] = 1
            free[row] = single - total
        elif pairs == 0:
            parts = int(np.uint32(total + room - 1) // np.uint32(room))
            segments[row] = parts
            free[row] = parts * room - total
        else:
            segments[row], free[row] = _fill_parts(data, start, end, room, not is_gsm)


#: The kernel to call: blocks need the compiler.
segment_kernel = segment_scalar if numba.config.DISABLE_JIT else segment_blocks
