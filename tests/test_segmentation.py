import ctypes

import naive
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import smslab
from smslab.alphabets import (
    GSM7_DEFAULT,
    GSM7_EXTENSION,
    LANGUAGES,
    LOCKING_SHIFT,
    SINGLE_SHIFT,
    codes,
)
from smslab.segmentation import segment, split


def rows(texts):
    frame = segment(texts)
    return list(frame[["encoding", "characters", "units", "segments"]].itertuples(index=False))


def test_alphabet_is_the_standards():
    codes = {c: code for code, c in enumerate(naive.DEFAULT_ALPHABET) if c is not None}
    assert codes == GSM7_DEFAULT
    assert sorted(GSM7_EXTENSION) == sorted(naive.EXTENSION)


gsm_text = st.text(st.sampled_from([*GSM7_DEFAULT, *GSM7_EXTENSION]), max_size=400)
any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(st.lists(gsm_text | any_text, max_size=5))
def test_segment_is_the_oracle(texts):
    assert rows(texts) == [naive.segment(text) for text in texts]


options = st.fixed_dictionaries(
    {"reference_bits": st.sampled_from([8, 16]), "concatenation": st.booleans()}
)


@given(st.lists(gsm_text | any_text, max_size=4), options)
def test_segment_and_split_with_options_are_the_oracle(texts, chosen):
    frame = segment(texts, **chosen)
    counts = frame[["encoding", "characters", "units", "segments"]].itertuples(index=False)
    assert list(counts) == [naive.segment(text, **chosen) for text in texts]
    assert frame["free"].tolist() == [naive.free(text, **chosen) for text in texts]
    parts = split(texts, **chosen)
    expected = []
    for message, text in enumerate(texts):
        _, whole = naive.split(text, **chosen)
        ends = np.cumsum([len(part) for part in whole])
        for number, (part, end) in enumerate(zip(whole, ends, strict=True), 1):
            units = sum(len(character) for character in part)
            expected.append((message, number, len(whole), text[end - len(part) : end], units))
    assert list(parts.itertuples(index=False)) == expected


@pytest.mark.parametrize(
    ("chosen", "error", "says"),
    [
        ({"concatenation": "no"}, TypeError, "concatenation must be True or False; not 'no'"),
        ({"keep_graphemes": 2}, TypeError, "keep_graphemes must be True or False; not 2"),
        ({"reference_bits": 8.0}, ValueError, "must be one of 8, 16; not 8.0"),
        ({"reference_bits": [8]}, ValueError, r"must be one of 8, 16; not \[8\]"),
        ({"languages": 5}, TypeError, "must be 'auto', None or a list; not 5"),
        ({"languages": [["tr"]]}, ValueError, r"not \['tr'\]"),
        ({"executor": 3}, TypeError, "must be a concurrent.futures.Executor or None; not 3"),
    ],
    ids=str,
)
def test_wrong_kinds_of_options(chosen, error, says):
    for function in (segment, split, smslab.encode, smslab.smart_encode):
        if function is not smslab.smart_encode or "keep_graphemes" not in chosen:
            with pytest.raises(error, match=says):
                function(["a" * 200], **chosen)


def letters_of(languages):
    return sorted(
        {
            character
            for shift in (LOCKING_SHIFT, SINGLE_SHIFT)
            for language in languages
            for character in shift.get(language, {}).values()
        }
    )


national_texts = st.lists(st.sampled_from([*LANGUAGES, "default"]), min_size=1, max_size=2).flatmap(
    lambda languages: st.text(st.sampled_from(letters_of(languages)), max_size=400)
)
some_languages = st.just("auto") | st.lists(st.sampled_from([*LANGUAGES]), unique=True)


def check_cheapest(texts, languages, **chosen):
    named = sorted(LANGUAGES if languages == "auto" else languages, key=LANGUAGES.get)
    frame = segment(texts, languages=languages, **chosen)
    shown = frame[["encoding", "locking", "single", "units", "segments"]].astype(object)
    got = list(shown.where(shown.notna(), None).itertuples(index=False, name=None))
    assert got == [
        naive.cheapest(text, LOCKING_SHIFT, SINGLE_SHIFT, named, **chosen) for text in texts
    ]
    assert frame["characters"].tolist() == [len(text) for text in texts]


@given(st.lists(national_texts, max_size=3), some_languages, options)
def test_national_tables_are_the_cheapest(texts, languages, chosen):
    check_cheapest(texts, languages, **chosen)


@pytest.mark.parametrize("languages", ["auto", ["tr"]])
def test_national_borders(languages):
    """Around the room of each number of tables, with a character of two septets at each place."""
    texts = []
    for border in (146, 149, 152, 155, 2 * 146, 2 * 149):
        for before in range(border - 3, border + 3):
            for letter in ("ğ", "ğÇ", "a", "ह"):
                texts += ["Ş" * 3 + letter * before, letter * (before // 2) + "€" + "ı" * before]
    check_cheapest(texts, languages)
    check_cheapest(texts, languages, reference_bits=16)


def test_room_beside_national_tables():
    """Locking Turkish has no ã, single Portuguese has: two tables, 152 alone and 146 in a part."""
    frame = segment(["ğ" * 155, "ğ" * 156, "ğ" * 150 + "ã", "ğ" * 151 + "ã"], languages="auto")
    assert frame["segments"].tolist() == [1, 2, 1, 2]
    assert frame["free"].tolist() == [0, 142, 0, 139]
    assert frame["single"].tolist() == ["default", "default", "pt", "pt"]


def test_disputed_cells_of_national_tables():
    assert "".join(LOCKING_SHIFT["hi"][code] for code in range(3)) == "\u0901\u0902\u0903"
    assert LOCKING_SHIFT["kn"][0x24] == "\u0ca1"
    assert LOCKING_SHIFT["kn"][0x3D] == "\u0caa"
    assert SINGLE_SHIFT["te"][0x65] == "€"
    for language in set(LANGUAGES) - {"tr", "es", "pt"}:
        assert LOCKING_SHIFT[language][0x2C] == ","
    assert "es" not in LOCKING_SHIFT
    for shift in (LOCKING_SHIFT, SINGLE_SHIFT):
        for table in shift.values():
            assert 0x1B not in table
            assert set(codes(table)) == set(table.values())
            assert all(table[code] == character for character, code in codes(table).items())


@pytest.mark.parametrize(
    ("languages", "error", "says"),
    [
        (["tr", "de"], ValueError, "must be 'auto' or some of tr, es.*not 'de'"),
        ("tr", TypeError, r"wrap it: \['tr'\]"),
        (["turkish"], ValueError, "not 'turkish'"),
    ],
)
def test_wrong_languages(languages, error, says):
    for function in (segment, split, smslab.encode):
        with pytest.raises(error, match=says):
            function(["a"], languages=languages)


@pytest.mark.parametrize(
    ("options", "septets", "code_units"),
    [
        ({}, 153, 67),
        ({"reference_bits": 16}, 152, 66),
        ({"concatenation": False}, 160, 70),
    ],
)
def test_room_of_a_part(options, septets, code_units):
    parts = split(["a" * 1000, "世" * 1000], **options)
    assert parts.groupby("message")["units"].max().tolist() == [septets, code_units]


def test_too_long():
    frame = segment(["a" * 39_015, "a" * 39_016, None])
    assert frame["too_long"].tolist() == [False, True, pd.NA]
    assert not segment(["a" * 50_000], concatenation=False)["too_long"].any()


@pytest.mark.parametrize("bits", [7, "8", None])
def test_reference_bits_must_be_8_or_16(bits):
    for function in (segment, split):
        with pytest.raises(ValueError, match="reference_bits must be one of 8, 16; not"):
            function(["a"], reference_bits=bits)


def test_split_keeps_index_nulls_chunks_and_slices():
    texts = pd.Series(["a" * 200, None, "", "x"], index=["p", "q", "r", "r"], dtype="str")
    parts = split(texts)
    assert parts["message"].tolist() == ["p", "p", "q", "r", "r"]
    assert parts["parts"].fillna(0).tolist() == [2, 2, 0, 1, 1]
    assert parts["text"].isna().tolist() == [False, False, True, False, False]
    array = pa.array(["skip", "é" * 200, None, "€" * 90, "tail"], pa.large_string())
    chunks = pa.chunked_array([array.slice(1, 2), array.slice(3, 1), array.slice(0, 0)])
    joined = split(chunks).groupby("message")["text"].agg(lambda part: "".join(part.dropna()))
    assert joined.tolist() == ["é" * 200, "", "€" * 90]
    assert len(split([])) == 0
    assert split([None])["text"].isna().all()


def test_split_refuses_malformed_utf8():
    array = pa.LargeStringArray.from_buffers(
        1, pa.py_buffer(np.array([0, 200], np.int64)), pa.py_buffer(b"\xf0" * 200)
    )
    with pytest.raises(smslab.TextError, match="not well-formed"):
        split(array)


@pytest.mark.parametrize(("one", "two"), [("a", "€"), ("á", "😀")], ids=["GSM-7", "UCS-2"])
def test_every_length_and_a_pair_at_every_place_near_a_border(one, two):
    borders = (67, 70, 134, 140, 153, 160, 201, 306, 320, 459)
    texts = [one * length for length in range(601)]
    for border in borders:
        for before in range(border - 4, border + 4):
            for after in (0, 1, 66, 67, 151, 152, 153):
                texts += [one * before + two + one * after, one * before + two * 2 + one * after]
    texts += [two * length for length in range(310)]
    assert rows(texts) == [naive.segment(text) for text in texts]


def test_every_single_character():
    characters = [chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
    frame = segment(characters)
    gsm = dict.fromkeys(GSM7_DEFAULT, 1) | dict.fromkeys(GSM7_EXTENSION, 2)
    assert set(np.array(characters)[frame["encoding"] == "GSM-7"]) == set(gsm)
    expected = [gsm.get(c) or len(c.encode("utf-16-be")) // 2 for c in characters]
    assert frame["units"].tolist() == expected
    assert (frame["segments"] == 1).all()


# Texts that public counters and invoices disagreed on, with what was billed or the standard says.
REPORTED = {
    "TwilioDevEd/message-segment-calculator#18": ("this is a " + "]" * 74 + "😘", "UCS-2", 86, 2),
    "TwilioDevEd/message-segment-calculator#39": ("]" * 153, "GSM-7", 306, 3),
    "TwilioDevEd/message-segment-calculator#57": (
        "||||||||||||||||||||||||||{||||||||||||||||||||||||||||||∞||||||||||^|",
        "UCS-2",
        70,
        1,
    ),
    "instasent/sms-counter-php#15": ("😎" * 70, "UCS-2", 140, 3),
    "phlib/sms-length#1": ("x" * 152 + "[" + "x" * 152, "GSM-7", 306, 3),
    "a billing problem based on assumptions, GSM-7": (
        "Hello, this is a very simple message that should fit into exactly one text. Adding a "
        "real :) somehow triples the number of segments, which isn't fun to find out",
        "GSM-7",
        160,
        1,
    ),
    "a billing problem based on assumptions, UCS-2": (
        "Hello, this is a very simple message that should fit into exactly one text. Adding 😭 "
        "triples the number of segments: finding that out on your bill is quite fun.",
        "UCS-2",
        161,
        3,
    ),
    "help.seven.io, brackets": (
        "Hello, this is a short test SMS with exactly 160 characters. The square brackets [ ] "
        "however take up 2 characters of space, hence this message is computed as 2.",
        "GSM-7",
        162,
        2,
    ),
    "help.seven.io, Arabic": (
        "مرحبًا ، هذه رسالة تجريبية للاختبار تحتوي "
        "على العديد من الأحرف في المحتوى. اتمنى لك يوما جميلا!",
        "UCS-2",
        95,
        2,
    ),
    "empty": ("", "GSM-7", 0, 1),
    "escape character": ("5\x1be", "UCS-2", 3, 1),
    "null character": ("ab\0cd", "UCS-2", 5, 1),
    "form feed": ("\f", "GSM-7", 2, 1),
    "CR LF": ("a" * 80 + "\r\n" + "a" * 79, "GSM-7", 161, 2),
    "combining marks": ("e\u0301" * 67, "UCS-2", 134, 2),
    "305 septets with a pair": ("a" * 152 + "€" + "a" * 151, "GSM-7", 305, 2),
    "the longest message": ("a" * 39_015, "GSM-7", 39_015, 255),
}


@pytest.mark.parametrize("case", REPORTED, ids=str)
def test_reported_cases(case):
    text, encoding, units, segments = REPORTED[case]
    assert rows([text]) == [(encoding, len(text), units, segments)]


def test_parts_of_corpora_join_to_the_texts(corpora):
    for path in corpora:
        texts = pq.read_table(path, columns=["text"])["text"]
        parts = split(texts)
        assert parts.groupby("message")["text"].sum().tolist() == texts.to_pylist()
        assert parts.groupby("message")["units"].sum().tolist() == segment(texts)["units"].tolist()


def test_corpora(corpora):
    for path in corpora:
        texts = pq.read_table(path, columns=["text"])["text"]
        sample = texts.slice(0, 20_000)
        assert rows(sample) == [naive.segment(text) for text in sample.to_pylist()], path.name


TEXTS = ["Hello", None, "", "Grüße 😀", "a" * 161]
EXPECTED = segment(TEXTS)


def arrow(kind):
    return pa.array(TEXTS, kind)


INPUTS = {
    "list": TEXTS,
    "tuple": tuple(TEXTS),
    "generator": (text for text in TEXTS),
    "list with NaN": ["Hello", float("nan"), "", "Grüße 😀", "a" * 161],
    "list with NA": ["Hello", pd.NA, "", "Grüße 😀", "a" * 161],
    "Series str": pd.Series(TEXTS, dtype="str"),
    "Series object": pd.Series(TEXTS, dtype="object"),
    "Series string": pd.Series(TEXTS, dtype="string"),
    "Series string[python]": pd.Series(TEXTS, dtype="string[python]"),
    "Series string[pyarrow]": pd.Series(TEXTS, dtype="string[pyarrow]"),
    "Series ArrowDtype": pd.Series(TEXTS, dtype=pd.ArrowDtype(pa.string())),
    "Series category": pd.Series(TEXTS, dtype="category"),
    "Index": pd.Index(TEXTS, dtype="str"),
    "Categorical": pd.Categorical(TEXTS),
    "ndarray object": np.array(TEXTS, dtype=object),
    "Arrow string": arrow(pa.string()),
    "Arrow large_string": arrow(pa.large_string()),
    "Arrow string_view": arrow(pa.string_view()),
    "Arrow dictionary": arrow(pa.string()).dictionary_encode(),
    "Arrow slice": pa.array(["x", *TEXTS, "y"], pa.large_string()).slice(1, 5),
    "Arrow chunks": pa.chunked_array([arrow(pa.string())[:2], arrow(pa.string())[2:]]),
    "Series slice": pd.Series(["x", *TEXTS, "y"], dtype="str").iloc[1:6].reset_index(drop=True),
    "Series concat": pd.concat(
        [pd.Series(TEXTS[:2], dtype="str"), pd.Series(TEXTS[2:], dtype="str")], ignore_index=True
    ),
}


@pytest.mark.parametrize("kind", INPUTS)
def test_intake(kind):
    pd.testing.assert_frame_equal(segment(INPUTS[kind]), EXPECTED)


def test_intake_of_numpy_strings_and_of_nothing():
    assert rows(np.array(["Hello", "x"])) == rows(["Hello", "x"])
    assert rows(np.array(["Hello", "x"], dtype=np.dtypes.StringDType())) == rows(["Hello", "x"])
    for empty in ([], pd.Series([], dtype="str"), pd.Series([], dtype="object"), pa.array([])):
        frame = segment(empty)
        assert len(frame) == 0
        assert frame.dtypes.equals(EXPECTED.dtypes)
    for nothing in ([None, None], pd.Series([np.nan, np.nan]), pa.nulls(2)):
        frame = segment(nothing)
        assert len(frame) == 2
        assert frame.isna().all(axis=None)
        assert frame.dtypes.equals(EXPECTED.dtypes)


def test_index_is_kept():
    texts = pd.Series(["a", "b", "c"], index=["x", "y", "y"])
    assert segment(texts).index.equals(texts.index)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("one text", "wrap it"),
        (b"one text", "wrap it"),
        ([1, 2], "row 0 is int 1"),
        ([1.5, None], "row 0 is float 1.5"),
        (["a", 2], "row 1 is int 2"),
        ([b"a"], "bytes"),
        (pd.Series([1, 2]), "int64"),
        (pd.Series(["a", 1], dtype="object"), "strings"),
        (pd.DataFrame({"a": ["x"]}), r"columns \['a'\]"),
        (pa.table({"a": ["x"]}), r"columns \['a'\]"),
        ({"a": "x"}, "dict"),
        ({"a"}, "set"),
        (7, "int 7"),
        ([["a"]], "strings"),
        (np.array("x"), "sequence of strings"),
    ],
    ids=str,
)
def test_wrong_input_is_a_type_error(wrong, says):
    with pytest.raises(TypeError, match=says):
        segment(wrong)


def test_lone_surrogates_are_replaced():
    texts = ["a\ud800b", "\ud83d\ude00", "ok", None]
    assert split(texts, errors="replace")["text"].tolist()[:3] == ["a\ufffdb", "😀", "ok"]
    with pytest.raises(ValueError, match="errors must be one of strict, replace; not 'ignore'"):
        segment(texts, errors="ignore")


def check_graphemes(texts, clusters, languages=None):
    """The parts with whole clusters, against a plain filling of parts with given clusters."""
    parts = split(texts, keep_graphemes=True, languages=languages)
    counts = segment(texts, keep_graphemes=True, languages=languages)
    plain = segment(texts, languages=languages)
    for row, (whole, size) in enumerate(zip(clusters, plain["segments"], strict=True)):
        units = 1 if plain["encoding"][row] == "GSM-7" else 2
        room = {1: 153, 2: 67}[units]
        expected = ["".join(whole)]
        if size > 1:
            expected = [""]
            for cluster in whole:
                fits = [cluster]
                if units_of(cluster, units) > room:
                    fits = [*cluster]
                for piece in fits:
                    if units_of(expected[-1] + piece, units) > room and expected[-1]:
                        expected.append("")
                    expected[-1] += piece
        assert parts["text"][parts["message"] == row].tolist() == expected
        assert counts["segments"][row] == len(expected)
        if size > 1:
            assert counts["free"][row] == room - units_of(expected[-1], units)


def units_of(text, kind):
    if kind == 2:
        return len(text.encode("utf-16-be")) // 2
    return sum(2 if character in GSM7_EXTENSION else 1 for character in text)


@pytest.mark.parametrize("before", range(60, 70))
@pytest.mark.parametrize("cluster", ["👨‍👩‍👧‍👦", "🇩🇪", "e\u0301\u0302", "क्षि", "각", "\r\n", "é"])
def test_clusters_are_kept_whole(cluster, before):
    texts = ["ж" * before + cluster * 3, cluster * before, "ж" * before + cluster]
    clusters = [["ж"] * before + [cluster] * 3, [cluster] * before, ["ж"] * before + [cluster]]
    check_graphemes(texts, clusters)


def test_a_cluster_longer_than_a_part_is_split_between_characters():
    frame = segment(["a" + "\u0301" * 200], keep_graphemes=True)
    assert frame["segments"].tolist() == [3]
    check_graphemes(["\r\n" * 200 + "a"], [["\r\n"] * 200 + ["a"]])
    assert split(["x" * 152 + "\r\n" + "x" * 20], keep_graphemes=True)["units"].tolist() == [
        152,
        22,
    ]


@pytest.mark.parametrize("kind", [list, lambda t: pd.Series(t, dtype="object")])
def test_lone_surrogate_names_row_and_index(kind):
    with pytest.raises(smslab.TextError, match=r"row 1 has the lone surrogate U\+D800 at index 2"):
        segment(kind(["ok", "ab\ud800"]))


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_malformed_utf8_stays_in_its_slot(slots):
    offsets = np.cumsum([0, *(len(slot) for slot in slots)])
    array = pa.LargeStringArray.from_buffers(
        len(slots), pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(b"".join(slots))
    )
    together = rows(array)
    for slot, row in zip(slots, together, strict=True):
        alone = pa.LargeStringArray.from_buffers(
            1, pa.py_buffer(np.array([0, len(slot)], np.int64)), pa.py_buffer(slot)
        )
        assert rows(alone) == [row]
        try:
            assert row == naive.segment(slot.decode())
        except UnicodeDecodeError:
            assert row.encoding == "UCS-2"
            assert row.segments >= 1


@pytest.mark.parametrize("offsets", [[0, -(10**12), 5], [0, 10**12, 11], [5, 3, 11]])
def test_offsets_that_lead_outside(offsets):
    array = pa.LargeStringArray.from_buffers(
        2, pa.py_buffer(np.array(offsets, np.int64)), pa.py_buffer(b"hello world")
    )
    frame = segment(array)
    assert (frame["characters"] <= 11).all()


def test_buffer_that_ends_at_the_last_byte():
    """A text that is cut in the middle of a character at the very end of a page."""
    octets = b"a" * 4095 + b"\xf0"
    block = ctypes.create_string_buffer(octets, len(octets))
    array = pa.LargeStringArray.from_buffers(
        1,
        pa.py_buffer(np.array([0, len(octets)], np.int64)),
        pa.foreign_buffer(ctypes.addressof(block), len(octets), block),
    )
    assert rows(array) == [("UCS-2", 4096, 4097, 62)]


def outside(kind):
    """Make an array that leads outside of its buffers, of a kind that is cast."""
    if kind == "view":
        words = pa.py_buffer(np.array([2**30, 0, 0, 0], np.int32))
        return pa.Array.from_buffers(pa.string_view(), 1, [None, words, pa.py_buffer(b"x" * 10)])
    offsets = pa.py_buffer(np.array([0, 200, 10**12, 300], np.int64))
    values = [None, offsets, pa.py_buffer("’[€".encode() * 40 + b"x" * 300)]
    array = pa.Array.from_buffers(pa.large_string(), 3, values)
    if kind == "dictionary":
        return pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), array, safe=False)
    return array


@pytest.mark.parametrize("kind", ["view", "dictionary", "offsets"])
def test_arrays_that_lead_outside_are_refused(kind):
    for function in (split, smslab.encode, smslab.smart_encode, smslab.audit, smslab.lint):
        with pytest.raises(smslab.TextError, match="not well-formed"):
            function(outside(kind))


def test_dictionary_indices_out_of_range_are_refused():
    indices = pa.array([0, 5_000_000], pa.int32())
    array = pa.DictionaryArray.from_arrays(indices, pa.array(["a"]), safe=False)
    with pytest.raises(smslab.TextError, match="not well-formed"):
        segment(array)
