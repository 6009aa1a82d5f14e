from decimal import Decimal

import naive
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import smslab
from smslab.billing import BILLING, Billing
from smslab.outcome import Status
from smslab.rates import Rate, RateCard
from smslab.scenario import (
    Campaign,
    Carrier,
    Conversation,
    Fallback,
    Poisson,
    Scenario,
    Sender,
)

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
    bill = smslab.cost(table, card).messages
    by_country = {"US": us + fee, "DE": de}
    for (text, country), micro in zip(messages, bill["cost_micro"], strict=True):
        if text and country in by_country:
            exact = naive.segment(text)[3] * by_country[country]
            assert Decimal(int(micro)) / 10**6 == exact
        else:
            assert pd.isna(micro)
    halves = [smslab.cost(part, card).messages for part in (table.iloc[:3], table.iloc[3:])]
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
    bill = smslab.cost(table).messages
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
    bill = smslab.cost(table, country="US").messages
    assert bill["country"].tolist() == ["US", "DE", "GB", "US", "DE"]
    assert bill["problem"].fillna("-").tolist() == [*["-"] * 4, "unknown country"]
    named = smslab.cost(
        pd.DataFrame({"text": ["a"], "country": ["Deutschland"]}), country="US"
    ).messages
    assert named["cost_micro"].isna().all()


def test_blank_texts_are_empty():
    assert smslab.cost(["  ", "\u00a0\n", "a"], country="US").messages["problem"].fillna(
        "-"
    ).tolist() == [
        "empty text",
        "empty text",
        "-",
    ]


def test_plain_texts_without_a_country_are_unpriced_not_free():
    bill = smslab.cost(["Hello"]).messages
    assert bill["problem"].tolist() == ["unknown country"]
    assert bill["cost_micro"].isna().all()


def test_carrier_and_sender_type_decide_the_fee():
    table = pd.DataFrame({"text": ["a", "a"], "carrier": ["AT&T", "verizon"], "country": "US"})
    bill = smslab.cost(table, sender_type="10dlc").messages
    assert bill["carrier_fee"].tolist() == [0.0035, 0.0045]
    assert bill["basis"].tolist() == ["Other", "Other"]
    assert bill["fee_basis"].tolist() == ["carrier", "carrier"]


def test_a_blank_carrier_is_none_and_names_are_trimmed():
    table = pd.DataFrame({"text": "a", "carrier": ["", "  ", None, " Verizon "], "country": "US"})
    bill = smslab.cost(table).messages
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
    bill = smslab.cost(table).messages
    assert bill.index.equals(table.index)
    assert bill["problem"].fillna("-").tolist() == ["not a phone number", "-", "-"]


def test_empty_list():
    assert len(smslab.cost([])) == 0
    assert smslab.cost(pd.DataFrame({"text": [], "to": []})).messages["cost_micro"].sum() == 0


def test_groups_add_up_exactly():
    table = pd.DataFrame(
        {
            "text": ["a", "b" * 200, "c", "😀", "e", None],
            "country": ["US", "US", "DE", "DE", "Atlantis", "US"],
            "template": ["x", "y", "x", "y", "x", "y"],
        }
    )
    bill = smslab.cost(table)
    by = bill.by("country")
    assert by["messages"].rename(index=lambda x: "-" if pd.isna(x) else x).to_dict() == {
        **{"US": 3, "DE": 2, "-": 1}
    }
    assert by.loc["DE", "cost_micro"] == 2 * 112_000
    assert by.loc["US", ["segments", "unpriced"]].tolist() == [3, 1]
    for names in (["template"], ["country", "template"], ["encoding"], ["basis"], ["problem"]):
        found = bill.by(*names)
        assert found["cost_micro"].sum() == bill.total_micro
        assert found["messages"].sum() == 6
        assert found.index.names == names
    assert bill.total == Decimal(bill.total_micro) / 10**6
    assert bill.unpriced["problem"].tolist() == ["unknown country", "no text"]
    assert "2 without a cost" not in bill.summary()
    assert "1 without a cost: no text" in bill.summary()
    with pytest.raises(smslab.OptionError, match="Did you mean 'country'"):
        bill.by("contry")
    with pytest.raises(smslab.OptionError, match="needs the name of a column"):
        bill.by()


def test_sums_that_no_64_bits_hold():
    dear = RateCard("dear", "USD", (Rate(country="US", price_micro=10**11),))
    table = pd.DataFrame({"segments": [255] * 500_000, "country": "US"})
    bill = smslab.cost(table, dear)
    assert bill.total_micro == 255 * 10**11 * 500_000 > 2**63
    assert bill.by("country")["cost_micro"].tolist() == [bill.total_micro]


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from(["US", "de ", "FR", "", None]))))
def test_counted_segments_cost_what_texts_do(rows):
    table = pd.DataFrame(rows, columns=["segments", "country"]).astype({"country": "str"})
    table["segments"] = table["segments"].astype("int32")
    card = RateCard.bundled()
    for given_as in (table, table.astype({"country": "category"})):
        bill = smslab.cost(given_as, card)
        for (segments, country), micro, problem in zip(
            rows, bill.messages["cost_micro"], bill.messages["problem"], strict=True
        ):
            if segments and country:
                assert micro == segments * card.price(country.strip().upper()).total_micro
                assert pd.isna(problem)
            else:
                assert pd.isna(micro)
                assert problem == ("unknown country" if segments else "segments not known")


def test_counted_segments_and_numbers():
    table = pd.DataFrame({"segments": [1, 2, 3], "to": ["+4930123456", "junk", "+12025550123"]})
    bill = smslab.cost(table, sender_type="10dlc")
    assert bill.messages["problem"].fillna("-").tolist() == ["-", "not a phone number", "-"]
    assert bill.cost_micro.tolist() == [112_000, 0, 3 * (8300 + 3500)]
    for segments in ([1.5], [-1], ["1"]):
        with pytest.raises(smslab.InputError, match="'segments' must hold whole numbers"):
            smslab.cost(pd.DataFrame({"segments": segments}))


@pytest.mark.parametrize(
    ("segments", "says"),
    [
        (pd.Series([2**63 + 5], dtype="uint64"), "numbers up to 9,223,372,036,854,775,807; not"),
        (pd.Series([2**62]), "4,611,686,018,427,387,904 segments is too dear"),
        (pd.Series([10**15, None], dtype="Int64"), "is too dear to be added up"),
    ],
)
def test_segments_too_many_to_be_priced(segments, says):
    with pytest.raises(smslab.InputError, match=says):
        smslab.cost(pd.DataFrame({"segments": segments, "country": "US"}))


def test_many_segments_are_exact():
    table = pd.DataFrame({"segments": pd.Series([10**12, 3], dtype="uint64"), "country": "DE"})
    assert smslab.cost(table).messages["cost_micro"].tolist() == [10**12 * 112_000, 3 * 112_000]


@pytest.mark.parametrize("name", ["segments", "country", "carrier", "to"])
def test_columns_of_counted_segments_that_stand_twice(name):
    columns = ["segments", "country", "carrier", "to"]
    table = pd.DataFrame([[1, "US", "AT&T", "+12025550123"]], columns=columns)
    double = pd.concat([table, table[[name]]], axis=1)
    with pytest.raises(smslab.InputError, match=f"more than one column '{name}'"):
        smslab.cost(double)


def test_what_cannot_be_grouped_by():
    table = pd.DataFrame({"text": ["a"], "country": "US", "tags": [["x", "y"]], "shop": "A"})
    table.insert(0, 7, "seven")
    table.insert(0, "shop", "B", allow_duplicates=True)
    bill = smslab.cost(table)
    assert bill.by(7).index.tolist() == ["seven"]
    for names, says in (
        ((8,), "no column 8"),
        ((["country", "carrier"],), "by.. takes names, as in by"),
        (("tags",), "'tags' cannot be grouped by: its cells are lists"),
        (("shop",), "more than one column is called 'shop'"),
        ((None,), "no column None"),
    ):
        with pytest.raises(smslab.OptionError, match=says):
            bill.by(*names)
    with pytest.raises(smslab.OptionError, match="sender_type must be a text"):
        smslab.cost(["a"], country="US", sender_type=10)


@pytest.mark.parametrize("provider", ["Twilio", "Plivo", "Bird", "Alibaba", "Vonage", ""])
def test_what_providers_charge(provider):
    card = RateCard(
        "card",
        "USD",
        (
            Rate(country="US", price_micro=10_000),
            Rate(country="US", price_micro=4_000, kind="inbound"),
            Rate(country="", price_micro=1_000, kind="failed_message_fee"),
        ),
        BILLING.get(provider, Billing()),
    )
    words = ["delivered", "undelivered", "expired", "failed", "queued", "sent", "received"]
    log = smslab.read_log(
        pd.DataFrame(
            {
                **dict.fromkeys(["queued", "sent", "final"], "2026-11-25T10:00:00Z"),
                "status": [*words, "undelivered"],
                "reason": [*[None] * 7, "daily_cap"],
                "country": "US",
                "segments": 3,
            }
        ).assign(sent=["2026-11-25T10:00:00Z"] * 3 + [None] * 2 + ["2026-11-25T10:00:00Z"] * 3)
    )
    charged = dict(zip([*words, "cap"], smslab.cost(log, card).cost_micro.tolist(), strict=True))
    expected = dict.fromkeys(["delivered", "undelivered", "expired", "sent", "cap"], 30_000)
    expected |= {"failed": 1000, "queued": 0, "received": 12_000}
    if provider == "Alibaba":
        expected["expired"] = 0
    if provider == "Vonage":
        expected["failed"] = 30_000
    assert charged == expected


def test_cost_of_a_run():
    scenario = Scenario(
        traffic=(
            Campaign(messages=500, segment_shares=(0.5, 0.5), fallback=Fallback(cost=0.25)),
            Poisson(rate_per_s=1, duration_s=60, conversation=Conversation(reply_share=1)),
        ),
        senders=(Sender(mps=5, type="10dlc", queue_limit=300),),
        carriers=(
            Carrier(name="Verizon", permanent_failure=0.1, first_attempt=0.9),
            Carrier(name="Nobody"),
        ),
    )
    run = smslab.simulate(scenario, rng=1)
    card = RateCard.bundled()
    bill = smslab.cost(run, card, country="US")
    total = 0
    for row in run.messages.itertuples():
        fee = {"Verizon": 4500, "Nobody": 3500}[row.carrier]
        sent = row.segments * (8300 + fee) if row.sent_s >= 0 else 0
        total += sent + (1000 if row.status == "failed" else 0)
        total += 250_000 if row.emailed_s >= 0 else 0
    assert bill.total_micro == total
    assert (bill.by("status").loc["failed", "messages"]) == run.count(Status.FAILED) > 0
    assert smslab.cost(run, card).messages["cost"].isna().sum() == (run.sent_us >= 0).sum()
