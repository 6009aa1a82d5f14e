"""The oracle: segmentation written plainly from the standard. It imports nothing of smslab.

3GPP TS 23.038 6.2.1 and 6.2.1.1 give the alphabets, 6.1.2.1 and 6.2.3 the sizes; TS 23.040
9.2.3.24.1 the header that joins parts, 9.2.3.24.15 and 9.2.3.24.16 those that name national
tables. These tables are given as two dicts, language -> code -> character.
"""

# Table of 6.2.1, column by column (b7 b6 b5), 16 rows each; None is the escape.
DEFAULT_ALPHABET = [
    *["@", "£", "$", "¥", "è", "é", "ù", "ì", "ò", "Ç", "\n", "Ø", "ø", "\r", "Å", "å"],
    *["Δ", "_", "Φ", "Γ", "Λ", "Ω", "Π", "Ψ", "Σ", "Θ", "Ξ", None, "Æ", "æ", "ß", "É"],
    *[" ", "!", '"', "#", "¤", "%", "&", "'", "(", ")", "*", "+", ",", "-", ".", "/"],
    *["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ":", ";", "<", "=", ">", "?"],
    *["¡", "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O"],
    *["P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "Ä", "Ö", "Ñ", "Ü", "§"],
    *["¿", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"],
    *["p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", "ä", "ö", "ñ", "ü", "à"],
]
EXTENSION = ["\f", "^", "{", "}", "\\", "[", "~", "]", "|", "€"]


def encode(text):
    """Return the encoding and, for each character, the code units that must stay together."""
    if all(c in DEFAULT_ALPHABET or c in EXTENSION for c in text):
        escape = DEFAULT_ALPHABET.index(None)
        return "GSM-7", [[escape, "x"] if c in EXTENSION else ["x"] for c in text]
    octets = [c.encode("utf-16-be") for c in text]
    return "UCS-2", [[o[i : i + 2] for i in range(0, len(o), 2)] for o in octets]


def split(text, reference_bits=8, concatenation=True):
    """Return the encoding and the characters of each part."""
    encoding, characters = encode(text)
    bits = 7 if encoding == "GSM-7" else 16
    user_data_bits = 140 * 8
    # UDHL, IEI, IEDL, then the reference, the number of parts and the number of this one.
    header_octets = 1 + 1 + 1 + reference_bits // 8 + 1 + 1 if concatenation else 0
    if sum(len(c) for c in characters) * bits <= user_data_bits:
        return encoding, [characters]
    room = (user_data_bits - header_octets * 8) // bits
    parts = [[]]
    for character in characters:
        if sum(len(c) for c in parts[-1]) + len(character) > room:
            parts.append([])
        parts[-1].append(character)
    return encoding, parts


def segment(text, reference_bits=8, concatenation=True):
    """Return (encoding, characters, units, segments)."""
    encoding, parts = split(text, reference_bits, concatenation)
    units = sum(len(character) for part in parts for character in part)
    return encoding, len(text), units, len(parts)


def free(text, reference_bits=8, concatenation=True):
    """Return the units that still fit into the last part."""
    encoding, parts = split(text, reference_bits, concatenation)
    used = sum(len(character) for character in parts[-1])
    filler = "a" if encoding == "GSM-7" else "\u4e16"
    more = 0
    while len(split(text + filler * (more + 1), reference_bits, concatenation)[1]) == len(parts):
        more += 1
    assert len(parts) == 1 or used + more in (160, 153, 152, 70, 67, 66)
    return more


def cheapest(text, locking, single, languages, reference_bits=8, concatenation=True):
    """Try all pairs of tables: return encoding, locking, single, units and segments."""
    joining = reference_bits // 8 + 4 if concatenation else 0
    encoding, parts = split(text, reference_bits, concatenation)
    units = sum(len(character) for part in parts for character in part)
    header = (1 + joining) if len(parts) > 1 and joining else 0
    bits = 7 if encoding == "GSM-7" else 16
    octets = sum(octets_of(part, header, bits) for part in parts)
    name = "default" if encoding == "GSM-7" else None
    best = (len(parts), octets, 0), (encoding, name, name, units, len(parts))
    order = 0
    for first in ["default", *languages]:
        for second in ["default", *languages]:
            order += 1
            if first not in locking or second not in single:
                continue
            here = set(locking[first].values())
            there = set(single[second].values())
            if not set(text) <= here | there:
                continue
            characters = [["x"] if c in here else ["\x1b", "x"] for c in text]
            elements = 3 * ((first != "default") + (second != "default"))
            header = elements + 1 if elements else 0
            units = sum(map(len, characters))
            parts = [characters]
            if units > (140 - header) * 8 // 7:
                header = 1 + elements + joining if elements + joining else 0
                room = (140 - header) * 8 // 7
                parts = [[]]
                for character in characters:
                    if sum(map(len, parts[-1])) + len(character) > room:
                        parts.append([])
                    parts[-1].append(character)
            octets = sum(octets_of(part, header, 7) for part in parts)
            key = (len(parts), octets, order)
            best = min(best, (key, ("GSM-7", first, second, units, len(parts))), key=lambda b: b[0])
    return best[1]


def octets_of(part, header_octets, bits):
    filled = header_octets * 8
    while bits == 7 and filled % 7:
        filled += 1
    filled += sum(map(len, part)) * bits
    return -(-filled // 8)


def unpack(user_data, udl, data_coding, header, packed, locking=None, single=None):
    """Read the text of a part back from its octets, bit by bit; check the zeros between.

    `locking` and `single` are dicts of code -> character, the default tables if not given.
    """
    locking = locking or {k: c for k, c in enumerate(DEFAULT_ALPHABET) if c is not None}
    single = single or EXTENSION_CODES
    assert user_data[: len(header)] == header
    if data_coding == 0x08:
        assert udl == len(user_data)
        return user_data[len(header) :].decode("utf-16-be")
    assert data_coding == 0x00
    if packed:
        bits = [octet >> k & 1 for octet in user_data for k in range(8)]
        first = len(header) * 8
        while first % 7:
            assert bits[first] == 0
            first += 1
        septets = [
            sum(bit << k for k, bit in enumerate(bits[at : at + 7]))
            for at in range(first, udl * 7, 7)
        ]
        assert not any(bits[udl * 7 :])
        assert len(bits) - udl * 7 < 8
    else:
        assert udl == len(user_data)
        septets = list(user_data[len(header) :])
    text = ""
    codes = iter(septets)
    for code in codes:
        text += single[next(codes)] if code == 0x1B else locking[code]
    return text


EXTENSION_CODES = dict(
    zip([0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65], EXTENSION, strict=True)
)
