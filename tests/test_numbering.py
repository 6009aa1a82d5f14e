import zoneinfo

import naive_numbers
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smslab import numbering
from smslab.errors import InputError
from smslab.numbering import (
    PROBLEMS,
    countries,
    country_code,
    country_of,
    country_of_prefix,
    locate,
    zones,
)


@pytest.mark.parametrize(
    ("number", "default", "country", "problem"),
    [
        ("+1 202 555 0123", None, "US", None),
        ("+1 (416) 555-0123", None, "CA", None),
        ("+(44) 20 7946 0000", None, "GB", None),
        ("+44 (0)20 7946 0000", None, "GB", None),
        ("+44.20.7946.0000", None, "GB", None),
        ("+44\u00a020\u00a07946\u20110000", None, "GB", None),
        ("0044 20 7946 0000", None, "GB", None),
        ("tel:+33612345678", None, "FR", None),
        ("+44 1534 123456", None, "JE", None),
        ("+7 701 123 4567", None, "KZ", None),
        ("+7 912 123 4567", None, "RU", None),
        ("+383 44 123 456", None, "XK", None),
        ("+1 876 555 0123", None, "JM", None),
        ("447700900123", None, "GB", None),
        ("447700900123", "US", "GB", None),
        ("(202) 555-0123", "US", "US", None),
        ("416 555 0123", "US", "CA", None),
        ("12025550123", "US", "US", None),
        ("0151 23456789", "DE", "DE", None),
        ("4915123456789", "DE", "DE", None),
        ("06 12 34 56 78", "FR", "FR", None),
        ("0612345678", "FR", "FR", None),
        ("06 1234 5678", "IT", "IT", None),
        ("07700 900123", "JE", "GB", None),
        ("+49151234567", "US", "DE", None),
        ("2025550123.0", "US", "US", None),
        ("447700900123.00", None, "GB", None),
        ("87011234567", "KZ", "KZ", None),
        ("(202) 555-0123", None, None, "national number without a country"),
        ("0151 234567890", None, None, "national number without a country"),
        ("4915112345678", "GB", "DE", None),
        ("12025550123", "GB", "US", None),
        ("33612345678", "GB", "FR", None),
        ("15112345678", "DE", "DE", None),
        ("030 123456", "DE", "DE", None),
        ("13812345678", "CN", "CN", None),
        ("202-555-0123.00", "US", "US", None),
        ("2025550123.5", "US", None, "not a phone number"),
        ("555 0123 / 555 0124", "US", None, "not a phone number"),
        ("0151/23456789", "DE", "DE", None),
        ("202555014", "US", None, "number too short"),
        ("5551234", "US", None, "number too short"),
        ("+1 202 555", None, None, "number too short"),
        ("+1 202 555 01234", None, None, "number too long"),
        (None, "US", None, "no number"),
        ("", "US", None, "no number"),
        ("  ", "US", None, "no number"),
        ("n/a", "US", None, "not a phone number"),
        ("+1 202 555 0123 x7", "US", None, "not a phone number"),
        ("1.20256E+10", "US", None, "number rounded by a spreadsheet"),
        ("+1 202", "US", None, "number too short"),
        ("+49 202 555 0123 4567 89", "US", None, "number too long"),
        ("+999 555 0100 200", "US", None, "unknown calling code"),
        ("+1 555 555 0100", "US", None, "unknown calling code"),
    ],
)
def test_country_of(number, default, country, problem):
    found = country_of(pd.Series([number], dtype="str"), default).iloc[0]
    assert (None if pd.isna(found.country) else found.country) == country
    assert (None if pd.isna(found.problem) else found.problem) == problem


def test_numbers_that_a_spreadsheet_made_of_them():
    whole = pd.Series([12025550123, 447700900123])
    assert country_of(whole)["country"].tolist() == ["US", "GB"]
    with_gap = pd.Series([12025550123.0, None, 447700900123.0])
    found = country_of(with_gap)
    assert found["country"].fillna("-").tolist() == ["US", "-", "GB"]
    assert found["problem"].fillna("-").tolist() == ["-", "no number", "-"]


def test_floats_that_no_integer_holds():
    found = country_of(pd.Series([1e30, float("inf"), float("nan"), 12025550123.0]), "US")
    problems = ["not a phone number", "not a phone number", "no number", "-"]
    assert found["problem"].fillna("-").tolist() == problems


def test_columns_that_are_no_numbers():
    with pytest.raises(InputError, match="decimals"):
        country_of(pd.Series([1.5]))
    with pytest.raises(InputError, match="true and false"):
        country_of(pd.Series([True]))


def test_country_code():
    assert country_code(" us ") == "US"
    with pytest.raises(InputError, match="Did you mean 'GB'"):
        country_code("UK")
    with pytest.raises(InputError, match="not 'Germany'"):
        country_code("Germany")


def test_index_is_kept():
    numbers = pd.Series(["+12025550123", "x"], index=["p", "p"])
    assert country_of(numbers).index.equals(numbers.index)


def test_prefixes_lead_to_one_country_or_to_none():
    found = {
        p: country_of_prefix(p) for p in ("372", "4930", "1204", "1", "7", "77", "999", "", "x")
    }
    assert found == {
        **{"372": "EE", "4930": "DE", "1204": "CA", "77": "KZ"},
        **dict.fromkeys(["1", "7", "999", "", "x"], ""),
    }


def test_columns_in_pieces():
    pieces = pa.chunked_array([["+4930123456"], ["+12025550123"]], pa.large_string())
    found = country_of(pd.Series(pieces, dtype="str"))
    assert found["country"].tolist() == ["DE", "US"]
    assert len(country_of(pd.Series(pa.chunked_array([], pa.large_string()), dtype="str"))) == 0


PIECES = [
    *(
        "+",
        "00",
        "(0)",
        "(",
        ")",
        "-",
        ".",
        "/",
        " ",
        "\u00a0",
        "\u2011",
        "\t",
        "\u2003",
        "x",
        "tel:",
    ),
    *("0", "1", "2", "8", "20", "44", "39", "49", "06", ".0", ".5", " / ", "555", "0123", "7700"),
    *("900123", "23456789", "12025550123", "447700900123", "1 202 555 0123"),
    *("E+", "e", "E+10", "1.2"),
]


@settings(max_examples=2000)
@given(
    st.lists(st.sampled_from(PIECES), max_size=7).map("".join),
    st.sampled_from([None, "US", "GB", "DE", "IT", "CI", "RU", "BY", "LT", "HU", "CN", "MX"]),
)
def test_numbers_are_those_of_the_oracle(text, country):
    code, trunks, lengths = ("", "", "")
    if country is not None:
        row = next(row for row in numbering._table() if row["country"] == country)
        code, trunks = numbering._calling_code(country), row["trunk"].split()
        lengths = [int(length) for length in row["mobile_digits"].split()]
    digits, problem = naive_numbers.phone_number(text, code, trunks, lengths)
    found = locate(pd.Series([text], dtype="str"), country)
    known = max((p for p in numbering._prefixes() if digits.startswith(p)), key=len, default="")
    if digits and not known:
        digits, problem = "", "unknown calling code"
    assert PROBLEMS[found.problem[0]] == problem
    assert found.number[0] == int(digits or 0)
    assert (found.country[0] >= 0) == bool(digits)
    if digits:
        assert countries()[found.country[0]] == numbering._prefixes()[known]


@pytest.mark.parametrize(
    ("number", "country", "completed"),
    [
        ("06 20 123 4567", "HU", 36201234567),
        ("06 1234 5678", "IT", 390612345678),
        ("0123456789", "CI", 2250123456789),
        ("8 029 123 45 67", "BY", 375291234567),
        ("8 612 34567", "LT", 37061234567),
        ("8 912 345-67-89", "RU", 79123456789),
        ("(0)7700 900123", "GB", 447700900123),
        ("202.555.0123", "US", 12025550123),
        (12025550123.0, "GB", 12025550123),
    ],
)
def test_national_numbers_are_completed(number, country, completed):
    assert locate(pd.Series([number]), country).number.tolist() == [completed]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+12125550123", {"America/New_York"}),
        ("+19075550123", {"America/Adak", "America/Anchorage"}),
        ("+61412345678", {"Australia/Perth", "Australia/Sydney"}),
        ("+79123456789", {"Asia/Kamchatka", "Europe/Kaliningrad"}),
        ("+34612345678", {"Atlantic/Canary", "Europe/Madrid"}),
        ("+77011234567", {"Asia/Almaty"}),
        ("+5511912345678", {"America/Sao_Paulo"}),
    ],
)
def test_zones_that_a_number_may_be_in(number, expected):
    assert expected <= set(zones()[locate(pd.Series([number])).zones[0]])


def test_every_zone_is_known_and_every_country_has_one():
    known = zoneinfo.available_timezones()
    assert all(set(names) <= known for names in zones())
    for prefix in numbering._prefixes():
        found = locate(pd.Series([f"+{prefix.ljust(11, '0')}"]))
        assert found.zones[0] >= 0, prefix


def test_each_row_has_its_own_country():
    numbers = pd.Series(["07700 900123", "0151 23456789", "2025550123", "2025550123"])
    default = np.array([countries().index(c) for c in ("GB", "DE", "US")] + [-1], np.int16)
    found = locate(numbers, default)
    assert found.number.tolist() == [447700900123, 4915123456789, 12025550123, 0]
    assert PROBLEMS[found.problem[3]] == "national number without a country"
