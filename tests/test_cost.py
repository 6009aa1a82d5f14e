from decimal import Decimal

import naive
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import smslab
from smslab.rates import Rate, RateCard

prices = st.decimals(min_value=0, max_value=10, places=6)


@given(
    st.lists(st.tuples(st.text("a€ü😀", max_size=400), st.sampled_from(["US", "DE", "FR"]))),
    prices,
    prices,
    prices,
)
def test_cost_is_exact(messages, us, de, fee):
    card = RateCard(
        "card",
        "USD",
        (
            Rate(country="US", price_micro=int(us * 10**6)),
            Rate(country="US", price_micro=int(fee * 10**6), kind="outbound_carrier_fee"),
            Rate(country="DE", price_micro=int(de * 10**6)),
        ),
    )
    table = pd.DataFrame(messages, columns=["text", "country"], dtype="str")
    bill = smslab.cost(table, card)
    by_country = {"US": us + fee, "DE": de}
    for (text, country), micro in zip(messages, bill["cost_micro"], strict=True):
        if text and country in by_country:
            exact = naive.segment(text)[3] * by_country[country]
            assert Decimal(int(micro)) / 10**6 == exact
        else:
            assert pd.isna(micro)
    halves = [smslab.cost(table.iloc[:3], card), smslab.cost(table.iloc[3:], card)]
    total = bill["cost_micro"].sum()
    assert sum(half["cost_micro"].sum() for half in halves) == total


def test_every_row_is_kept_with_its_reason():
    table = pd.DataFrame(
        {
            "text": ["ok", None, "", "x" * 40_000, "ok", "ok", "ok", "ok", "ok", None],
            "to": ["+12025550123"] * 4 + ["junk", "+5351234567", "+4930123456", None, "+1", "+1"],
            "country": [None, "", None, None, None, None, "Atlantis", None, "de", None],
        },
        index=list("abcdefghij"),
    )
    bill = smslab.cost(table)
    assert bill.index.equals(table.index)
    assert bill["problem"].fillna("-").to_dict() == {
        "a": "-",
        "b": "no text",
        "c": "empty text",
        "d": "over 255 segments",
        "e": "not a phone number",
        "f": "no price for the country",
        "g": "unknown country",
        "h": "no number",
        "i": "number too short",
        "j": "no text",
    }
    assert bill.index[bill["sendable"]].tolist() == ["a", "f", "g"]
    assert bill["cost_micro"].dropna().to_dict() == {"a": 8300 + 3500, "g": 112_000}
    assert bill.loc["a", "cost"] == 0.0118


def test_the_country_of_the_row_is_that_of_its_number():
    table = pd.DataFrame(
        {
            "text": "a",
            "to": ["2025550123", "017612345678", "07700900123", "2025550123", "+4930123456"],
            "country": ["US", "DE", "GB", None, "Deutschland"],
        }
    )
    bill = smslab.cost(table, country="US")
    assert bill["country"].tolist() == ["US", "DE", "GB", "US", "DE"]
    assert bill["problem"].fillna("-").tolist() == [*["-"] * 4, "unknown country"]
    named = smslab.cost(pd.DataFrame({"text": ["a"], "country": ["Deutschland"]}), country="US")
    assert named["cost_micro"].isna().all()


def test_blank_texts_are_empty():
    assert smslab.cost(["  ", "\u00a0\n", "a"], country="US")["problem"].fillna("-").tolist() == [
        "empty text",
        "empty text",
        "-",
    ]


def test_plain_texts_without_a_country_are_unpriced_not_free():
    bill = smslab.cost(["Hello"])
    assert bill["problem"].tolist() == ["unknown country"]
    assert bill["cost_micro"].isna().all()


def test_carrier_and_sender_type_decide_the_fee():
    table = pd.DataFrame({"text": ["a", "a"], "carrier": ["AT&T", "verizon"], "country": "US"})
    bill = smslab.cost(table, sender_type="10dlc")
    assert bill["carrier_fee"].tolist() == [0.0035, 0.0045]
    assert bill["basis"].tolist() == ["Other", "Other"]
    assert bill["fee_basis"].tolist() == ["carrier", "carrier"]


def test_a_blank_carrier_is_none_and_names_are_trimmed():
    table = pd.DataFrame({"text": "a", "carrier": ["", "  ", None, " Verizon "], "country": "US"})
    bill = smslab.cost(table)
    assert bill["carrier"].fillna("-").tolist() == ["-", "-", "-", "Verizon"]
    assert bill["fee_basis"].tolist() == [*["country minimum"] * 3, "carrier"]


def test_missing_text_column_names_the_nearest():
    with pytest.raises(smslab.InputError, match=r"it has \['txt', 'to'\]. Did you mean 'txt'"):
        smslab.cost(pd.DataFrame({"txt": ["a"], "to": ["b"]}))
    with pytest.raises(smslab.InputError, match="country must be"):
        smslab.cost(["a"], country="Narnia")


def test_wrong_tables_and_cards():
    double = pd.DataFrame([["a", "b", "+1"]], columns=["text", "text", "to"])
    with pytest.raises(smslab.InputError, match="more than one column 'text'"):
        smslab.cost(double)
    with pytest.raises(TypeError, match=r"rates must be a RateCard; not 'card.csv'"):
        smslab.cost(["a"], "card.csv")
    with pytest.raises(smslab.InputError, match="country must be"):
        smslab.cost(["a"], country=1)


def test_odd_indexes_columns_and_surrogates():
    table = pd.DataFrame(
        {
            "text": pd.Categorical(["a", "b", "a"]),
            "to": pd.Series(["\ud800", "+12025550123", 12025550123.0], dtype="object"),
            "country": pd.Series(["\udc00", None, ""], dtype="object"),
        }
    ).set_axis(pd.MultiIndex.from_tuples([("x", 1), ("x", 1), ("y", 2)]))
    bill = smslab.cost(table)
    assert bill.index.equals(table.index)
    assert bill["problem"].fillna("-").tolist() == ["not a phone number", "-", "-"]


def test_empty_list():
    assert len(smslab.cost([])) == 0
    assert smslab.cost(pd.DataFrame({"text": [], "to": []}))["cost_micro"].sum() == 0
