"""Texts put together from parts: round trips, disorder, and all that can be wrong with a part."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smslab import InputError, decode, encode
from smslab.alphabets import GSM7_DEFAULT, GSM7_EXTENSION, LANGUAGES, LOCKING_SHIFT, SINGLE_SHIFT

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
gsm_text = st.text(st.sampled_from([*GSM7_DEFAULT, *GSM7_EXTENSION]), max_size=500)
national_text = st.sampled_from([*LANGUAGES]).flatmap(
    lambda language: st.text(
        st.sampled_from(
            sorted({*LOCKING_SHIFT.get(language, {}).values(), *SINGLE_SHIFT[language].values()})
        ),
        max_size=400,
    )
)
options = st.fixed_dictionaries(
    {
        "languages": st.sampled_from([None, "auto"]),
        "reference_bits": st.sampled_from([8, 16]),
        "packing": st.sampled_from(["packed", "unpacked"]),
    }
)


@given(st.lists(any_text | gsm_text | national_text, max_size=5), options, st.randoms())
def test_decode_is_the_inverse_in_any_order(texts, chosen, random):
    parts = encode(texts, **chosen)
    order = [*range(len(parts))]
    random.shuffle(order)
    shuffled = parts.iloc[order]
    again = shuffled[shuffled["parts"] > 1][::2]
    found = decode(pd.concat([shuffled, again]), packing=chosen["packing"])
    found = found.set_index("message").sort_index()
    assert found["problem"].isna().all()
    assert found["text"].tolist() == texts
    assert found["duplicates"].sum() == len(again)


def test_a_part_that_stands_alone_is_a_message_each_time():
    parts = encode(["once"])
    assert decode(pd.concat([parts, parts]))["text"].tolist() == ["once", "once"]


def test_by_columns_and_without():
    texts = ["a" * 200, "b" * 200]
    parts = pd.concat([encode([text], reference=9) for text in texts])
    parts["to"] = ["x", "x", "y", "y"]
    parts = parts.drop(columns="message").iloc[[2, 0, 3, 1]]
    found = decode(parts, by="to")
    assert found["to"].tolist() == ["y", "x"]
    assert found["text"].tolist() == texts[::-1]
    assert found["reference"].tolist() == [9, 9]
    # Part 1 of b, part 1 of a: which part 2 goes with which?
    mixed = decode(parts)
    assert mixed["text"].isna().all()
    assert mixed["problem"].str.contains("several messages have this reference").all()


def test_a_reference_that_comes_round():
    texts = [str(k) * 200 for k in range(9)]
    parts = pd.concat([encode([text]) for text in texts]).drop(columns="message")
    assert decode(parts)["text"].tolist() == texts


def test_an_equal_part_of_another_message():
    same = "Dear customer, " * 20
    parts = pd.concat([encode([same[:153] + tail * 100]) for tail in "ab"])
    parts = parts.drop(columns="message")
    for order in ([0, 1, 2, 3], [1, 0, 2, 3], [0, 2, 1, 3]):
        found = decode(parts.iloc[order])
        assert sorted(found["text"]) == [same[:153] + tail * 100 for tail in "ab"]
        assert found["duplicates"].tolist() == [0, 0]
    # Once more: now one of them is a duplicate.
    found = decode(parts.iloc[[0, 1, 2, 2, 3]])
    assert found["problem"].isna().all()
    assert found["duplicates"].sum() == 1
    # Three second parts and two first ones: one of three lacks its own, and nothing tells which.
    third = encode([same[:153] + "c" * 100]).drop(columns="message")
    found = decode(pd.concat([parts, third.iloc[1:]]))
    assert found["problem"].dropna().str.contains("several messages").all()
    assert found["received"].sum() + found["duplicates"].sum() == 5


def test_many_messages_of_one_reference():
    texts = [f"{k:06} " * 40 for k in range(3000)]
    parts = encode(texts, reference=1).drop(columns="message")
    assert decode(parts)["text"].tolist() == texts
    found = decode(parts.sort_values("part", kind="stable"))
    assert found["problem"].str.contains("several messages").all()


def test_reserved_data_codings_are_the_default_alphabet():
    for data_coding in (0x0C, 0x4C, 0x80, 0xBF, 0xC8, 0xF3):
        assert one(bytes.fromhex("e8329bfd06"), data_coding, 5)["text"] == "hello"


def test_more_texts_than_references():
    texts = [f"{k:04} " * 40 for k in range(1000)]
    assert decode(encode(texts))["text"].tolist() == texts
    series = pd.Series(texts, index=[f"row {k}" for k in range(1000)])
    assert decode(encode(series)).set_index("message")["text"].equals(series.rename_axis("message"))


def test_missing_parts_are_named():
    parts = encode(["a" * 1000, "ok"])
    found = decode(parts.drop(index=[0, 2, 3]))
    assert found["problem"].tolist()[0] == "parts 1, 3 to 4 are missing"
    assert found["received"].tolist() == [4, 1]
    assert found["parts"].tolist() == [7, 1]
    assert found["text"].isna().tolist() == [True, False]


def test_a_pair_that_another_sender_split():
    whole = "世" * 66 + "😀" + "世" * 5
    octets = whole.encode("utf-16-be")
    header = [bytes([5, 0, 3, 1, 2, number]) for number in (1, 2)]
    parts = pd.DataFrame(
        {
            "udh": header,
            "user_data": [header[0] + octets[:134], header[1] + octets[134:]],
            "data_coding": [8, 8],
        }
    )
    assert decode(parts)["text"].tolist() == [whole]
    lone = decode(parts.assign(user_data=[header[0] + octets[:134], header[1] + octets[136:]]))
    assert lone["text"].isna().all()
    assert lone["problem"].tolist() == ["a surrogate without its partner"]


def test_udl_tells_the_trailing_at():
    octets = bytes.fromhex("31d98c56b3dd00")
    parts = pd.DataFrame(
        {"user_data": [octets] * 2, "udh": [None] * 2, "data_coding": [0, 0], "udl": [7, 8]}
    )
    assert decode(parts)["text"].tolist() == ["1234567", "1234567@"]


def one(user_data, data_coding=0, udl=None, udhi=False, packing="packed"):
    row = {"user_data": [user_data], "data_coding": [data_coding], "udhi": [udhi], "udl": [udl]}
    return decode(pd.DataFrame(row), packing=packing).iloc[0]


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ((b"", 0, 0, True), "the header is longer"),
        ((bytes.fromhex("0500030002"), 0, 6, True), "the header is longer"),
        ((bytes.fromhex("05000400020141"), 0, 8, True), "or an element than the header"),
        ((bytes.fromhex("01004141"), 0, 4, True), "or an element than the header"),
        ((bytes.fromhex("050003000203"), 0, 7, True), "count or number"),
        ((bytes.fromhex("050003000200"), 0, 7, True), "count or number"),
        ((bytes.fromhex("050003000001"), 0, 7, True), "count or number"),
        ((bytes.fromhex("0400020201"), 0, 6, True), "count or number"),
        ((bytes.fromhex("0325010e"), 0, 5, True), "national language"),
        ((bytes.fromhex("03240100"), 0, 5, True), "national language"),
        ((bytes.fromhex("0425020101"), 0, 6, True), "national language"),
        ((b"abc", 0, 9), "udl does not fit"),
        ((b"abc", 0, 1), "udl does not fit"),
        ((b"abc", 0, None), "udl does not fit"),
        ((b"abc", 0, 3.5), "udl does not fit"),
        ((b"abc", 0, (3 * 2**64 + 4096) // 7), "udl does not fit"),
        ((b"abc", 0, float("inf")), "udl does not fit"),
        ((bytes.fromhex("050003000201"), 0, 6, True), "udl does not fit"),
        ((b"ab", 8, 3), "udl does not fit"),
        ((b"abc", 8, 3), "odd number"),
        ((b"abc", 8, None), "odd number"),
        ((b"\xd8\x3d", 8, 2), "surrogate without"),
        ((b"abc", 4, 3), "data coding"),
        ((b"abc", 0x20, 3), "data coding"),
        ((b"abc", 0x04, 3), "8-bit"),
        ((b"abc", 8, -5), "udl does not fit"),
        ((b"abc", 8, "three"), "udl does not fit"),
        ((b"abc", 0xF5, 3), "data coding"),
        ((b"ab\x80", 0, 3, False, "unpacked"), "no septet"),
        ((b"abc", 0, 4, False, "unpacked"), "udl does not fit"),
    ],
    ids=str,
)
def test_what_cannot_be_decoded_is_reported(part, problem):
    found = one(*part)
    assert pd.isna(found["text"])
    assert problem in found["problem"]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ((b"\x1b\x65\x1b", 0, None, False, "unpacked"), "€ "),
        ((b"\x1b\x1b\x1b\x0d\x1bA", 0, None, False, "unpacked"), " A"),
        ((bytes.fromhex("03250104") + b"\x0c\x00", 0, None, True, "unpacked"), " \u0981"),
        ((bytes.fromhex("0325010d03240102")[:4] + b"\x00", 0, None, True, "unpacked"), "ا"),
        ((bytes.fromhex("0624010625010300"), 0, None, True, "unpacked"), "ê"[:0] + "@"),
        ((b"\x00\x41", 0x18, 2), "A"),
        ((b"\x00\x41", 0xE0, 2), "A"),
        ((b"\x41", 0xC8, 1), "A"),
        ((b"\x41", 0xF1, 1), "A"),
        ((b"\x41", 0x11, 1), "A"),
    ],
    ids=str,
)
def test_what_the_standard_says_of_rare_octets(part, text):
    found = one(*part)
    assert found["problem"] is None or pd.isna(found["problem"])
    assert found["text"] == text


def test_the_others_are_decoded():
    parts = encode(["good", "bad", None, "😀" * 50])
    parts.loc[1, "udl"] = 99
    found = decode(parts)
    assert found["text"].isna().tolist() == [False, True, True, False]
    assert found["problem"].isna().tolist() == [True, False, True, True]
    other = parts.assign(udh=b"\x05\x00\x03\x09\x09\x09")
    assert decode(other)["problem"].str.contains("begin with udh").sum() == 4


@given(
    st.lists(st.tuples(st.binary(max_size=160), st.integers(0, 255), st.integers(-3, 200))),
    st.booleans(),
)
def test_any_octets(parts, packed):
    frame = pd.DataFrame(parts, columns=["user_data", "data_coding", "udl"]).assign(udhi=True)
    frame["user_data"] = frame["user_data"].astype(object)
    found = decode(frame, packing="packed" if packed else "unpacked")
    assert found["received"].sum() + found["duplicates"].sum() == len(parts)
    assert (found["text"].isna() == found["problem"].notna()).all()


def test_tables_of_every_kind():
    parts = encode(["Grüße " * 40, None, "x"])
    expected = decode(parts)
    for table in (pa.table(parts), parts.drop(columns="udl"), parts.astype({"user_data": object})):
        packing = "packed" if "udl" in table.columns or isinstance(table, pa.Table) else None
        if packing is None:
            with pytest.raises(InputError, match="must have a column 'udl'"):
                decode(table)
            continue
        assert decode(table)["text"].tolist()[::2] == expected["text"].tolist()[::2]
    assert len(decode(parts[:0])) == 0
    sliced = pa.table(encode(["skip", "Grüße " * 40, "y", "skip"]))
    assert decode(sliced.slice(1, 3))["text"].tolist() == ["Grüße " * 40, "y"]
    assert decode(parts.iloc[3:][["user_data", "udl", "data_coding", "udh"]])["text"].tolist() == [
        "x"
    ]


@pytest.mark.parametrize(
    ("parts", "error", "says"),
    [
        (["abc"], TypeError, "must be a table of parts"),
        (pd.Series([b"a"]), TypeError, "must be a table"),
        (pd.DataFrame({"userdata": [b""]}), InputError, "'user_data'; they have.*Did you mean"),
        (
            pd.DataFrame({"user_data": ["0a0b"], "udhi": False, "data_coding": 0}),
            TypeError,
            "fromhex",
        ),
        (
            pd.DataFrame({"user_data": [b"a"], "udhi": False, "data_coding": 256, "udl": 1}),
            InputError,
            "row 0 has",
        ),
        (pd.DataFrame({"user_data": [b"a"], "data_coding": 0}), InputError, "'udhi'"),
        (
            pd.DataFrame({"user_data": [b"a"], "udhi": False, "data_coding": 0, "udl": [1j]}),
            TypeError,
            "udl must be whole numbers",
        ),
    ],
    ids=str,
)
def test_wrong_tables(parts, error, says):
    with pytest.raises(error, match=says):
        decode(parts)


def test_wrong_columns():
    parts = encode(["a"])
    for wrong in ("False", 2, [True]):
        with pytest.raises(InputError, match="udhi must be True or False; row 0 has"):
            decode(parts.drop(columns="udh").assign(udhi=[wrong]))
    with pytest.raises(InputError, match="more than one column 'udl'"):
        decode(pd.concat([parts, parts[["udl"]]], axis=1))
    with pytest.raises(InputError, match="'text' has a name of the result"):
        decode(parts.assign(text="x"), by="text")
    with pytest.raises(TypeError, match="by must be a column or a list"):
        decode(parts, by=5)


def test_wrong_options():
    parts = encode(["a"])
    with pytest.raises(ValueError, match="packing must be one of packed, unpacked; not 'x'"):
        decode(parts, packing="x")
    with pytest.raises(InputError, match="must have a column 'sender'"):
        decode(parts, by=["sender"])


def test_corpora_come_back(corpora):
    for path in corpora:
        texts = pq.read_table(path, columns=["text"])["text"]
        found = decode(encode(texts, languages="auto", reference_bits=16))
        assert found["text"].tolist() == texts.to_pylist()
        assert np.array_equal(found["message"], np.arange(len(texts)))
