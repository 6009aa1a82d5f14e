"""Smart encoding: its table, its rules, and what it must never do."""

import pickle
import re
import unicodedata

import naive
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smslab
from smslab import segment, smart_encode, smart_report
from smslab.alphabets import GSM7_DEFAULT, GSM7_EXTENSION
from smslab.lookalikes import CONDITIONS
from smslab.rewording import reword
from smslab.smart import LEVELS, PROFILES, repair, table, version

GSM7 = {*GSM7_DEFAULT, *GSM7_EXTENSION}
OURS = [level for level in LEVELS if level != "translit"]
LONG = " and so on" * 8


@pytest.mark.parametrize("level", [*LEVELS, *PROFILES])
def test_every_replacement_is_gsm(level):
    rows = table(level)
    assert not rows["character"].duplicated().any()
    assert not set(rows["character"]) & GSM7
    assert set("".join(rows["replacement"])) <= GSM7
    assert set(rows["condition"]) <= set(CONDITIONS)
    assert rows.attrs["version"] == version(level)


def test_the_table_of_our_own():
    rows = table("symbols")
    assert len(rows) > 1800
    composed = [unicodedata.normalize("NFC", character) for character in rows["character"]]
    assert composed == rows["character"].tolist()
    sizes = [len(table(level)) for level in OURS]
    assert sizes == sorted(sizes)
    assert sizes[0] == 0
    # No look-alike of a digit has another value; no combining mark becomes ^ or ~.
    for row in rows.itertuples():
        digit = unicodedata.digit(row.character, None)
        if digit is not None:
            assert row.replacement in (str(digit), f"^{digit}")
        if unicodedata.category(row.character).startswith("M"):
            assert row.replacement == ""
        if row.replacement == "":
            assert unicodedata.category(row.character) in ("Cf", "Mn")
    # Windows-1252 at the place of C1 controls.
    c1 = {
        character: text
        for character, text in zip(rows["character"], rows["replacement"], strict=True)
        if "\x80" <= character < "\xa0"
    }
    assert {c1[c] for c in "\x91\x92"} == {"'"}
    assert c1["\x85"] == "..."
    assert c1["\x80"] == "€"


CASES = {
    "curly quotes": ("typographic", "“It’s” ‘so’", "\"It's\" 'so'"),
    "dashes": ("typographic", "a–b — c ‑ − 5", "a-b - c - - 5"),
    "ellipsis": ("typographic", "wait…", "wait..."),
    "blanks": ("invisible", "10\u00a0%\u2009off\u3000x\ty", "10 % off x y"),
    "invisible": ("invisible", "a\u200bb\u00adc\ufeff\u2060", "abc"),
    "line separators": ("invisible", "a\u2028b", "a\nb"),
    "decomposed": ("nfc", "e\u0301te\u0301", "été"),
    "Angstrom and Ohm": ("nfc", "\u212b \u2126", "Å Ω"),
    "full width": ("typographic", "ＦＲＥＥ ｎｏｗ １２！", "FREE now 12!"),
    "ornate letters": ("typographic", "𝐁𝐨𝐥𝐝 𝟐", "Bold 2"),
    "Windows-1252": ("typographic", "don\x92t \x93x\x94\x85", 'don\'t "x"...'),
    "backtick": ("typographic", "`code`", "'code'"),
    "Hungarian": ("accents", "őrült író, űr, é", "örült ìrò, ür, é"),
    "Slavic": ("accents", "Žluťoučký kůň, łódź, đ", "Zlutoucky kun, lòdz, d"),
    "French": ("accents", "façade, œuvre, naïve, fête", "facade, oeuvre, naive, fete"),
    "Greek": ("accents", "Καλημέρα", "KAΛHMEPA"),
    "stacked marks": ("accents", "x\u030c\u0323y", "xy"),
    "half": ("symbols", "1½ kg, ½kg", "1 1/2 kg, 1/2 kg"),
    "square": ("symbols", "10² m²", "10^2 m^2"),
    "subscripts": ("symbols", "CO₂ C₆H₁₂O₆", "CO2 C6H12O6"),
    "money": ("symbols", "₹500 or 500₺", "INR 500 or 500 TRY"),
    "degrees": ("symbols", "20°C", "20 deg C"),
    "marks": ("symbols", "A™ B® ©", "A(TM) B(R) (c)"),
    "half after what is dropped": ("symbols", "1\u2060½", "1 1/2"),
    "hours": ("typographic", "9AM–5PM", "9AM-5PM"),
    "quoted link": ("typographic", "“www.example.com”, it’s", '"www.example.com", it\'s'),
    "no link": ("typographic", "today.Don’t", "today.Don't"),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_repairs(case):
    level, text, expected = CASES[case]
    found = repair(text, level)
    assert found.text == expected
    assert not found.blocking
    lower = LEVELS[: LEVELS.index(level)]
    assert all(repair(text, less).text != expected for less in lower)


BLOCKED = {
    "link": ("symbols", "https://example.org/a…b", "…", "in a link"),
    "short link": ("symbols", "bit.ly/a‑b", "‑", "in a link"),
    "domain": ("symbols", "my‑shop.com", "‑", "in a link"),
    "end of a link": ("symbols", "www.example.org/abc…", "…", "in a link"),
    "e-mail": ("symbols", "me‑too@example.org", "‑", "in an e-mail address"),
    "code": ("symbols", "AB12‑CD34", "‑", "in a code"),
    "code at the end of a sentence": ("symbols", "AB12‑CD34.", "‑", "in a code"),
    "code with a letter beyond ASCII at its end": ("accents", "ŻUBR2024", "Ż", "in a code"),
    "code of full-width letters": ("typographic", "ＳＡＬＥ２４", "Ｓ", "in a code"),
    "code after a label": ("typographic", "Code:A1–B2–C3", "–", "in a code"),
    "bare domain with a path": ("typographic", "acme.agency/a–b", "–", "in a link"),
    "address of numbers": ("typographic", "10.0.0.1:8080/a–b", "–", "in a link"),
    "host without a dot": ("typographic", "localhost:80/a–b", "–", "in a link"),
    "comma of the Far East between digits": ("typographic", "1、2", "、", "beside a digit"),
    "low quote between digits": ("typographic", "1‚5", "‚", "beside a digit"),
    "code with a time of day in it": ("symbols", "QX–3PM–7842", "–", "in a code"),
    "link in capitals": ("symbols", "WWW.EXAMPLE.COM/a–b", "–", "in a link"),
    "tower of powers": ("symbols", "10²³", "²", "beside a digit"),
    "power before a digit": ("symbols", "10²5", "²", "beside a digit"),
    "dot between digits": ("symbols", "3·5", "·", "beside a digit"),
    "dot between digits and what is dropped": ("symbols", "3\u2060·\u20605", "·", "beside a digit"),
    "about": ("symbols", "≈5", "≈", "no look-alike"),
    "circled digit": ("symbols", "①", "①", "no look-alike"),
    "other digits": ("symbols", "٣", "٣", "no look-alike"),
    "emoji": ("symbols", "🎉", "🎉", "no look-alike"),
    "joiner in a script": ("symbols", "न्\u200dद", "\u200d", "joins letters"),
    "too low a level": ("typographic", "ő", "ő", "a look-alike from level accents on"),
}


@pytest.mark.parametrize("case", BLOCKED, ids=str)
def test_what_is_left_alone(case):
    level, text, character, reason = BLOCKED[case]
    found = repair(text, level)
    assert found.blocking[character] == reason
    assert character in found.text
    padded = (text + " ") * 40
    assert smart_encode([padded], level=level).tolist() == [padded]


def test_only_if_cheaper():
    short, long = "it’s", "it’s " * 15
    assert smart_encode([short, long]).tolist() == [short, "it's " * 15]
    assert smart_encode([short], only_if_cheaper=False).tolist() == ["it's"]
    # All or nothing.
    mixed = "it’s 見 " * 15
    assert smart_encode([mixed], only_if_cheaper=False).tolist() == [mixed]
    # In the alphabet, but in more parts than as UCS-2: ellipses are three characters.
    dots = "…" * 60
    assert smart_encode([dots], only_if_cheaper=False).tolist() == [dots]


def test_composition_saves_in_ucs2_too():
    text = "e\u0323\u0302" * 60 + "見"
    composed = unicodedata.normalize("NFC", text)
    assert smart_encode([text]).tolist() == [composed]
    assert segment([composed])["segments"][0] < segment([text])["segments"][0]
    report = smart_report([text])
    assert report["changes"].tolist() == ["composed letters"]
    assert smart_encode(["e\u0301" * 70]).tolist() == ["é" * 70]


def test_national_alphabet_stays():
    text = "Şifreniz “4711” ğ " * 6
    assert smart_encode([text], languages=["tr"]).tolist() == ['Şifreniz "4711" ğ ' * 6]
    assert smart_encode([text]).tolist() == [text]


def test_target_ascii():
    texts = ["Grüße für 5€ @home", "plain", "Straße_1 見"]
    found = smart_encode(texts, level="accents", target="ASCII", only_if_cheaper=False)
    assert found.tolist() == texts  # ü is a letter of GSM-7: no look-alike for it
    quotes = smart_encode(["it’s"], target="ASCII", only_if_cheaper=False)
    assert quotes.tolist() == ["it's"]


def test_profile_of_a_provider():
    text = "½ “x” 1½ ã\u00a0" * 10
    found = smart_encode([text], level="twilio-1.3.0", only_if_cheaper=False)
    assert found.tolist() == ['1/2 "x" 11/2 ã  ' * 10]
    assert smart_encode(["short’s"], level="twilio-1.3.0").tolist() == ["short’s"]


def test_translit():
    pytest.importorskip("anyascii")
    text = "Привет, мир! " * 8
    assert smart_encode([text], level="translit").tolist() == ["Privet, mir! " * 8]
    assert smart_encode([text + "🎉"], level="translit").tolist() == [text + "🎉"]


def test_translit_without_its_library(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "anyascii", None)
    with pytest.raises(smslab.MissingExtraError, match=r"pip install 'smslab\[translit\]'"):
        repair("мир", "translit")


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"level": "all"}, "level must be one of nfc, .*not 'all'"),
        ({"level": "typografic"}, "Did you mean 'typographic'"),
        ({"target": "ascii"}, "target must be one of GSM-7, ASCII; not 'ascii'"),
        ({"languages": ["xx"]}, "not 'xx'"),
    ],
    ids=str,
)
def test_wrong_options(chosen, says):
    for function in (smart_encode, smart_report):
        with pytest.raises(ValueError, match=says):
            function(["a"], **chosen)


letters = st.sampled_from(table("symbols")["character"].tolist())
texts_with = st.text(
    letters | st.sampled_from(sorted(GSM7)) | st.characters(exclude_categories=["Cs"]), max_size=120
)
cheap_texts = st.lists(letters | st.sampled_from([*"abc 12 €["]), max_size=150).map("".join)


@given(st.lists(texts_with | cheap_texts, max_size=4), st.sampled_from(OURS), st.booleans())
def test_rules(texts, level, cheaper):
    once = smart_encode(texts, level=level, only_if_cheaper=cheaper).tolist()
    assert smart_encode(once, level=level, only_if_cheaper=cheaper).tolist() == once
    for text, result in zip(texts, once, strict=True):
        if result == text:
            continue
        encoding, _, _, segments = naive.segment(result)
        before = naive.segment(text)[3]
        assert segments <= before - cheaper
        if encoding == "UCS-2":
            assert segments < before
            assert unicodedata.normalize("NFC", result) == unicodedata.normalize("NFC", text)
    report = smart_report(texts, level=level, only_if_cheaper=cheaper)
    assert report["text"].tolist() == once
    assert report["segments_after"].tolist() == [naive.segment(text)[3] for text in once]


@given(cheap_texts, cheap_texts)
def test_links_stay(before, after):
    link = "https://example.org/a…b?q=é’x"
    text = f"{before} {link} {after}"
    for level in OURS:
        assert link in repair(text, level).text


def test_letters_of_links_are_not_composed():
    text = "e\u0301 https://example.org/e\u0301 e\u0301 " + "e\u0301" * 70
    composed = "é https://example.org/e\u0301 é " + "é" * 70
    assert smart_encode([text], level="nfc").tolist() == [composed]
    assert repair(text).text == composed
    assert repair(text).blocking == {"\u0301": "in a link"}


def test_numbers_keep_their_values():
    """Runs of digits, read as numbers, are those of the text, each fraction or power on its own."""
    for text in ("1½", "½1", "10²", "3¼ 5", "２０２６", "𝟏𝟎", "5–10", "№5", "CO₂", "₹1,000.50"):
        found = repair(text, "symbols")
        assert not found.blocking
        expected = re.findall(
            r"\d+", unicodedata.normalize("NFKC", re.sub(r"([½¼²₂])", r" \1 ", text))
        )
        assert re.findall(r"\d+", found.text) == expected


def test_index_nulls_and_dictionaries():
    long = "it’s " * 15
    series = pd.Series([long, None, "plain", long], index=list("abca"), name="body")
    expected = ["it's " * 15, None, "plain", "it's " * 15]
    for texts in (series, series.astype("category"), series.astype("object")):
        found = smart_encode(texts)
        assert found.index.equals(series.index)
        assert found.name == "body"
        assert found.astype(object).where(found.notna(), None).tolist() == expected
        report = smart_report(texts)
        assert report["changed"].tolist() == [True, pd.NA, False, True]
        assert report["replaced"].tolist() == [15, pd.NA, 0, 15]
        assert report["segments_before"].tolist() == [2, pd.NA, 1, 2]
        assert report.index.equals(series.index)
    chunks = pa.chunked_array([["x", None], [long]])
    assert smart_encode(chunks).isna().tolist() == [False, True, False]
    assert len(smart_encode([])) == 0
    assert len(smart_report([])) == 0


def test_report_of_nulls():
    for texts in (["a", None], pd.Categorical(["a", None])):
        report = smart_report(pd.Series(texts))
        assert report["positions"].isna().tolist() == [False, True]


def test_report_tells_positions_and_reasons():
    report = smart_report(["“Free” " * 15, "it’s at bit.ly/a‑b 🎉 " * 9])
    assert list(report["positions"][0][:4]) == [0, 5, 7, 12]
    assert report["changes"][0] == '“ → " × 15, ” → " × 15'
    assert report["blocking"][1] == "‑: in a link; 🎉: no look-alike"
    assert report["changed"].tolist() == [True, False]


def test_corpora_get_cheaper_and_nothing_else(corpora):
    for path in corpora:
        texts = pq.read_table(path, columns=["text"])["text"]
        report = smart_report(texts, level="symbols")
        assert (report["segments_after"] <= report["segments_before"]).all()
        same = report["text"].to_numpy() == texts.to_pandas().to_numpy()
        assert (same == ~report["changed"].to_numpy(bool)).all()


def test_malformed_utf8_is_refused():
    bad = pa.LargeStringArray.from_buffers(
        1, pa.py_buffer(np.array([0, 200], np.int64)), pa.py_buffer(b"\xf0" * 200)
    )
    for function in (smart_encode, smart_report, smslab.audit, smslab.lint):
        with pytest.raises(smslab.TextError, match="not well-formed"):
            function(bad)


@pytest.mark.parametrize(
    ("text", "chosen", "error"),
    [
        (None, {}, TypeError),
        ("a", {"languages": ["xx"]}, ValueError),
        ("a", {"level": ["nfc"]}, ValueError),
        ("a", {"target": None}, ValueError),
    ],
    ids=str,
)
def test_wrong_repairs(text, chosen, error):
    with pytest.raises(error, match="must be"):
        repair(text, **chosen)


def test_an_error_of_a_worker_comes_back():
    error = smslab.MissingExtraError("translit", "this")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_what_changes_nothing_is_not_reported():
    report = smart_report(["ğã", "ğ ã ’"], languages=["tr", "pt"], only_if_cheaper=False)
    assert not report["changed"].any()
    report = smart_report(["见"], level="twilio-1.3.0", only_if_cheaper=False)
    assert not report["changed"].any()


#: What repairs depend on: blanks of all kinds, what is dropped, marks, digits, links, codes.
TOUCHY = [
    *(" ", "\n", "\t", "\u00a0", "\u2003", "\u200b", "\u2028", "\u0085", "\x1c", "\r", "\f", "\v"),
    *(
        "’",
        "“",
        "”",
        "–",
        "…",
        "²",
        "₂",
        "½",
        "×",
        "→",
        "ß",
        "é",
        "e\u0301",
        "\u0301",
        "ё",
        "見",
        "😀",
    ),
    *(
        "a",
        "B",
        "7",
        ".",
        "@",
        "://",
        "www.",
        ".com",
        "AB12C3",
        "10",
        "`",
        "•",
        "\u1100\u1161",
        "Ａ",
    ),
]


@settings(max_examples=1500)
@given(
    st.lists(st.sampled_from(TOUCHY), max_size=12).map("".join),
    st.sampled_from(OURS),
    st.sampled_from(["GSM-7", "ASCII"]),
)
def test_what_is_repaired_word_by_word_is_as_repaired_whole(text, level, target):
    whole = repair(text, level, target=target)
    found = reword(pa.array(["first", text, text + " ’"], pa.large_string()), level, target, ())
    assert found.whole[1] or bool(found.blocked[1]) == bool(whole.blocking)
    if not (found.whole[1] or whole.blocking):
        assert found.text[1].as_py() == whole.text
        words = found.codes[found.borders[1] : found.borders[2]]
        changes = [change[1:] for word in words for change in found.changes[word]]
        assert changes == [change[1:] for change in whole.changes]
    options = {"level": level, "target": target, "only_if_cheaper": False}
    texts = [text, text * 20, text + " " + "x" * 70]
    report = smart_report(texts, **options)
    assert smart_encode(texts, **options).tolist() == report["text"].tolist()
