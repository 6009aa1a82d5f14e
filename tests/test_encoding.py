"""Octets of every part, read back by an unpacker written from the standard (naive.py)."""

import naive
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smslab import TextError, encode, segment, split
from smslab.alphabets import GSM7_DEFAULT, GSM7_EXTENSION, LANGUAGES, LOCKING_SHIFT, SINGLE_SHIFT

gsm_text = st.text(st.sampled_from([*GSM7_DEFAULT, *GSM7_EXTENSION]), max_size=400)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def national_text(language):
    letters = {*LOCKING_SHIFT.get(language, {}).values(), *SINGLE_SHIFT[language].values()}
    return st.text(st.sampled_from(sorted(letters)), max_size=400)


def check(texts, *, reference=0, packing="packed", **chosen):
    reference_bits = chosen.get("reference_bits", 8)
    concatenation = chosen.get("concatenation", True)
    counts = segment(texts, **chosen)
    parts = encode(texts, reference=reference, packing=packing, **chosen)
    expected = split(texts, **chosen)
    pd.testing.assert_frame_equal(
        parts[["message", "part", "parts"]], expected[["message", "part", "parts"]]
    )
    packed = packing == "packed"
    seen = -1
    for row, piece in zip(parts.itertuples(), expected["text"], strict=True):
        several = row.parts > 1
        seen += several and row.part == 1
        header = b""
        if several and concatenation:
            number = int(reference + seen) % (1 << reference_bits)
            element = bytes([0, 3]) if reference_bits == 8 else bytes([8, 4])
            header = element + number.to_bytes(reference_bits // 8) + bytes([row.parts, row.part])
        tables = {}
        for element, kind, shift in (
            (0x24, "single", SINGLE_SHIFT),
            (0x25, "locking", LOCKING_SHIFT),
        ):
            name = counts[kind][row.message]
            if name in LANGUAGES:
                header += bytes([element, 1, LANGUAGES[name]])
                tables[kind] = shift[name]
        if header:
            header = bytes([len(header)]) + header
        assert row.udh == header
        text = naive.unpack(row.user_data, row.udl, row.data_coding, header, packed, **tables)
        assert text == piece
        if packed:
            assert len(row.user_data) <= 140
            assert row.udl <= (160 if row.data_coding == 0 else 140)


options = st.fixed_dictionaries(
    {
        "reference_bits": st.sampled_from([8, 16]),
        "concatenation": st.booleans(),
        "packing": st.sampled_from(["packed", "unpacked"]),
        "reference": st.integers(0, 255),
    }
)


@given(st.lists(gsm_text | any_text, max_size=4), options)
def test_octets_read_back_give_the_text(texts, chosen):
    check(texts, **chosen)


@given(
    st.sampled_from([*LANGUAGES]).flatmap(
        lambda language: st.tuples(
            st.lists(national_text(language), max_size=3), st.sampled_from([[language], "auto"])
        )
    ),
    options,
)
def test_octets_of_national_tables(case, chosen):
    texts, languages = case
    check(texts, languages=languages, **chosen)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("one", "two"), [("a", "€"), ("á", "😀")], ids=["GSM-7", "UCS-2"])
def test_every_length_around_a_border(one, two, bits):
    lengths = [*range(20), *range(60, 75), *range(130, 165), *range(295, 325)]
    texts = [one * n for n in lengths] + [one * n + two + one * 5 for n in lengths]
    check(texts, reference_bits=bits)


def test_known_octets():
    """GSM-7 of "hellohello" as in many a PDU tutorial; the standard's example of CR for @."""
    frame = encode(["hellohello", "", "1234567", "1234567@", "@", "€", "世😀"])
    assert [octets.hex() for octets in frame["user_data"]] == [
        "e8329bfd4697d9ec37",
        "",
        "31d98c56b3dd00",
        "31d98c56b3dd00",
        "00",
        "9b32",
        "4e16d83dde00",
    ]
    # The length tells the trailing @ from the zero bits.
    assert frame["udl"].tolist() == [10, 0, 7, 8, 1, 2, 6]


def test_header_of_16_bits_leaves_no_fill_bits():
    frame = encode(["a" * 161], reference=0x1234, reference_bits=16)
    assert [header.hex() for header in frame["udh"]] == ["06080412340201", "06080412340202"]
    assert frame["udl"].tolist() == [160, 17]


def test_references_count_the_split_texts_and_wrap():
    frame = encode(["a" * 161, "short", "b" * 161, "c" * 161], reference=254)
    references = {row.message: row.udh[3] for row in frame.itertuples() if row.parts > 1}
    assert references == {0: 254, 2: 255, 3: 0}


def test_nulls_index_chunks_and_arrow():
    texts = pd.Series(["a" * 161, None, "€"], index=["x", "y", "y"], dtype="str")
    frame = encode(texts)
    assert frame["message"].tolist() == ["x", "x", "y", "y"]
    assert frame["user_data"].isna().tolist() == [False, False, True, False]
    assert frame["udl"].isna().tolist() == [False, False, True, False]
    table = pa.table(frame)
    assert table["user_data"].type == pa.large_binary()
    array = pa.array(["skip", "é" * 200, None, "[" * 90], pa.large_string())
    check_free = pa.chunked_array([array.slice(1, 1), array.slice(3, 1), array.slice(0, 0)])
    check(check_free)
    assert len(encode([])) == 0
    assert encode([None])["user_data"].isna().all()


def test_corpora(corpora):
    for path in corpora:
        check(pq.read_table(path, columns=["text"])["text"].slice(0, 2000))


def test_bad_options():
    with pytest.raises(ValueError, match="packing must be one of packed, unpacked; not 'tight'"):
        encode(["a"], packing="tight")
    with pytest.raises(ValueError, match="reference must be 0 to 255, for 8 bits; not 256"):
        encode(["a"], reference=256)
    for wrong in (1.5, "7", True):
        with pytest.raises(ValueError, match="reference must be 0 to 255"):
            encode(["a"], reference=wrong)
    with pytest.raises(ValueError, match="not -1"):
        encode(["a"], reference=-1, reference_bits=16)
    with pytest.raises(ValueError, match="reference_bits must be one of 8, 16"):
        encode(["a"], reference_bits=7)


def test_too_many_parts():
    with pytest.raises(TextError, match="row 1 has 256 parts; a header can join 255"):
        encode(["ok", "a" * 39_016])
    assert len(encode(["a" * 39_015])) == 255
    assert len(encode(["a" * 160 * 300], concatenation=False)) == 300
