import pandas as pd
import pyarrow as pa
import pytest

from smslab.errors import InputError
from smslab.numbering import country_code, country_of, country_of_prefix


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
        ("1.20256E+10", "US", None, "not a phone number"),
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
