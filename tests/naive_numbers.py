"""The oracle of phone numbers: read with regular expressions. It imports nothing of smslab."""

import re
from collections.abc import Sequence


def phone_number(
    text: str, code: str, trunks: Sequence[str], lengths: Sequence[int]
) -> tuple[str, str]:
    """Complete a number to E.164: its digits, or what is wrong with it.

    `code` is that of the country that national numbers belong to, empty for none, `trunks` what is
    dialled before them there, `lengths` the digits of mobile numbers there.
    """
    text = text.strip()
    if not text:
        return "", "no number"
    digits, international = read(text)
    if digits is None:
        rounded = re.fullmatch(r"\d([.,]\d+)?[eE]\+?(\d\d?)", text, re.ASCII)
        is_rounded = rounded and 6 <= int(rounded[2]) <= 14
        return "", "number rounded by a spreadsheet" if is_rounded else "not a phone number"
    if not international and code:
        if code == "1":
            national = len(digits) < 11
        else:
            rest = next(
                (
                    digits[len(trunk) :]
                    for trunk in trunks
                    if digits.startswith(trunk)
                    and (trunk == "0" or len(digits) - len(trunk) in lengths)
                ),
                digits,
            )
            abroad = len(digits) >= 11 and digits[0] != "0"
            abroad = abroad and (len(digits) not in lengths or digits.startswith(code))
            national = rest != digits or not abroad
            digits = rest
        digits = code + digits if national else digits
    if len(digits) < 7 or (digits[0] == "1" and len(digits) < 11):
        return "", "number too short"
    if len(digits) > 15 or (digits[0] == "1" and len(digits) > 11):
        return "", "number too long"
    if not international and not code and (len(digits) < 11 or digits[0] == "0"):
        return "", "national number without a country"
    return digits, ""


def read(text: str) -> tuple[str | None, bool]:
    """Return the digits of a number, None if it is none, and whether it is international."""
    space, dash = "[ \t\f]", "[-.()/ \t\f\u00a0\u2010-\u2015]"
    text = text.removeprefix("'")
    text = re.sub(f"^tel:{space}*|^{space}+", "", text)
    international = text.startswith(("+", "00"))
    text = re.sub(r"^([^.]*)\.0+$", r"\1", text)
    whole = f"[0-9](?:(?:{space}|[-.])*[0-9]){{6,}}"
    if re.search(f"{whole}{space}*/{space}*{whole}", text) or re.search(
        r"^[^.]*\.[0-9]{1,2}$", text
    ):
        return None, international
    form = rf"(?:00|\+?(?:{space}|\((?!0\)))*(?:[0-9]|\(0\)))(?:[0-9]|{dash})*"
    if not re.fullmatch(form, text):
        return None, international
    if text.startswith("00"):
        text = text[2:]
    return re.sub("[^0-9]", "", text.replace("(0)", "")), international
