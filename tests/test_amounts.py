import math

import pyarrow as pa
import pytest

from smslab.amounts import read_amounts, read_numbers


def strings(*texts):
    return pa.chunked_array([list(texts)], pa.large_string())


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("-0.0079", -0.0079, ""),
        ("1.234", 1.234, ""),
        ("0,0079", 0.0079, ""),
        ("12,5", 12.5, ""),
        ("1.234,56", 1234.56, ""),
        ("1,234.56", 1234.56, ""),
        ("1 234,56", 1234.56, ""),
        ("1,234,567", 1234567, ""),
        ("$0.05", 0.05, ""),
        ("€ 0,05", 0.05, "EUR"),
        ("0.05 USD", 0.05, "USD"),
        ("IDR 350.50", 350.5, "IDR"),
    ],
)
def test_sums_as_they_are_written(text, value, currency):
    (found,), (unit,) = read_amounts(strings(text))
    assert (abs(found), unit) == (abs(value), currency)


@pytest.mark.parametrize("text", ["1,234", "abc", "(0.01)", "USD 1 EUR", "1,2,3", "0,05 usd", "€"])
def test_what_may_be_two_sums_is_none(text):
    (found,), (unit,) = read_amounts(strings(text))
    assert math.isnan(found)
    assert unit == ""


def test_numbers_and_nothing():
    found = read_numbers(strings("1", None, "x", "2.5", "1"))
    assert [None if math.isnan(value) else value for value in found] == [1, None, None, 2.5, 1]
    assert math.isnan(read_amounts(strings(None)).values[0])
