"""Segmentation of UTF-8 texts: characters, units and segments of each message.

Two kernels with the same arguments and the same answers. :func:`segment_scalar` goes through
the characters and is the one to read. :func:`segment_blocks` looks at 32 bytes at a time and
goes through the characters only where the bytes leave a doubt:

1. Two masks a block: bytes that are no plain GSM-7 character ("odd"), and characters of the
   extension table. Without an odd byte, septets are bytes plus extension characters.
2. With one, masks of lead bytes and of those that begin four bytes give the UTF-16 code units.
   A lead byte that begins no character of the alphabet, or an ASCII character outside it,
   settles that the text is UCS-2.
3. A long text without a character of two units fills each part but the last; with one, whole
   blocks are put into the parts, and characters only where a part ends.
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

_BLOCK = 32


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
        byte = int(data[position])
        point = byte
        extra = 0
        if byte >= 0x80:
            extra = 1 if byte < 0xE0 else 2
            point = byte & (0x3F >> extra)
            # No character of the alphabet has four bytes, C0 and C1 begin none at all.
            if byte < 0xC2 or byte >= 0xF0 or position + extra >= end:
                break
            for k in range(1, extra + 1):
                point = (point << 6) | (int(data[position + k]) & 0x3F)
                if (data[position + k] & 0xC0) != 0x80:
                    point = len(septets)
                    break
            if extra == 2 and point < 0x800:
                break
        cost = int(septets[point]) if point < len(septets) else 0
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
    """Make a function of (data, position) that looks at 32 bytes and packs two masks into 64 bits.

    Each rule makes a vector of 32 booleans of a builder and a vector of 32 bytes; bit k of its
    mask says whether it holds for byte k. The first rule's mask is in the low half.
    """

    @intrinsic
    def masks(_context, data, _position):
        def generate(context, builder, signature, arguments):
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            vector = ir.VectorType(ir.IntType(8), _BLOCK)
            pointer = builder.bitcast(builder.gep(array.data, [arguments[1]]), vector.as_pointer())
            octets = builder.load(pointer, align=1)
            packed = ir.Constant(ir.IntType(64), 0)
            for place, rule in enumerate(rules):
                mask = builder.bitcast(rule(builder, octets), ir.IntType(_BLOCK))
                wide = builder.zext(mask, ir.IntType(64))
                shift = ir.Constant(ir.IntType(64), place * _BLOCK)
                packed = builder.or_(packed, builder.shl(wide, shift))
            return packed

        return types.uint64(data, types.int64), generate

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


def _lead(builder, octets):
    """Bytes that begin a character: all but 0x80 to 0xBF, which are -128 to -65 when signed."""
    return builder.icmp_signed(">", octets, _all(octets, -65))


def _four(builder, octets):
    return builder.icmp_unsigned(">=", octets, _all(octets, 0xF0))


def _surely_not_gsm(builder, octets):
    """Bytes that begin no character of the alphabet; its others begin with C2, C3, CE or E2."""
    lead = builder.icmp_unsigned(">=", octets, _all(octets, 0xC0))
    kept = builder.not_(_is(builder, octets, 0xC2, 0xC3, 0xCE, 0xE2))
    return builder.or_(builder.and_(lead, kept), _outside_ascii_part(builder, octets))


_extension_and_odd = _masks(_extension, _odd)
_lead_and_four = _masks(_lead, _four)
_surely_not = _masks(_surely_not_gsm)


@intrinsic
def _ones(_context, _bits):
    """Count the ones of 64 bits."""

    def generate(_context, builder, _signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@kernel
def _fill_parts(
    data: npt.NDArray[np.uint8], start: int, end: int, room: int, is_ucs: bool
) -> tuple[int, int]:
    """Fill the parts of a text with characters of two units: parts, and units left in the last.

    Blocks that fit into the part go in whole. The text is UCS-2, or GSM-7 and ASCII; at least 32
    bytes of the buffer follow the beginning of its last block.
    """
    parts = 1
    used = 0
    position = start
    while position < end:
        size = min(_BLOCK, end - position)
        keep = (np.uint64(1) << np.uint64(size)) - np.uint64(1)
        if is_ucs:
            more = int(_ones(_lead_and_four(data, position) & (keep | (keep << np.uint64(_BLOCK)))))
        else:
            more = size + int(_ones(_extension_and_odd(data, position) & keep))
        if used + more <= room:
            used += more
        else:
            for place in range(position, position + size):
                byte = int(data[place])
                if is_ucs:
                    width = 0 if (byte & 0xC0) == 0x80 else 2 if byte >= 0xF0 else 1
                else:
                    width = 2 if byte == 0x0C or ((byte | 0x20) - 0x7B) & 0xFF < 4 else 1
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
    """Count every text of a chunk, 32 bytes at a time; parameters as of :func:`segment_scalar`."""
    low = np.uint64(0xFFFFFFFF)
    high = np.uint64(32)
    for row in range(len(offsets) - 1):
        start = max(offsets[row], 0)
        end = min(offsets[row + 1], len(data))
        size = max(end - start, 0)
        whole = start + (size & -32)
        # The bits of the last block that belong to the text.
        rest = (np.uint64(1) << np.uint64(size & 31)) - np.uint64(1)
        rest_of_both = rest | (rest << high)
        if whole + _BLOCK > len(data):
            # The last block would reach past the end of the buffer.
            encoding[row], characters[row], units[row], segments[row], free[row] = _scan(
                data, start, end, septets, limits
            )
            continue
        pairs = 0
        odd = np.uint64(0)
        position = start
        while position < whole:
            masks = _extension_and_odd(data, position)
            pairs += _ones(masks & low)
            odd |= masks >> high
            position += _BLOCK
        masks = _extension_and_odd(data, whole) & rest_of_both
        pairs += _ones(masks & low)
        odd |= masks >> high
        count = size
        total = size + pairs
        code = GSM7
        single = limits[0]
        room = limits[1]
        doubt = False
        if odd != 0:
            strange = np.uint64(0)
            count = 0
            pairs = 0
            position = start
            while position < whole:
                masks = _lead_and_four(data, position)
                count += _ones(masks & low)
                pairs += _ones(masks >> high)
                strange |= _surely_not(data, position)
                position += _BLOCK
            masks = _lead_and_four(data, whole) & rest_of_both
            count += _ones(masks & low)
            pairs += _ones(masks >> high)
            strange |= _surely_not(data, whole) & rest
            total = count + pairs
            code = UCS2
            single = limits[2]
            room = limits[3]
            doubt = strange == 0
        if doubt:
            encoding[row], characters[row], units[row], segments[row], free[row] = _scan(
                data, start, end, septets, limits
            )
            continue
        encoding[row] = code
        characters[row] = count
        units[row] = total
        if total <= single:
            segments[row] = 1
            free[row] = single - total
        elif pairs == 0:
            parts = (total + room - 1) // room
            segments[row] = parts
            free[row] = parts * room - total
        else:
            segments[row], free[row] = _fill_parts(data, start, end, room, code == UCS2)


#: The kernel to call: blocks need the compiler.
segment_kernel = segment_scalar if numba.config.DISABLE_JIT else segment_blocks
