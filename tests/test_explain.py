import naive
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smslab import TextError, explain, segment
from smslab.alphabets import GSM7_DEFAULT, GSM7_EXTENSION, LANGUAGES, LOCKING_SHIFT, SINGLE_SHIFT


@given(
    st.text(st.sampled_from([*GSM7_DEFAULT, *GSM7_EXTENSION, "ç", "😀"]), max_size=400)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=100)
)
def test_explain_agrees_with_segment_and_the_oracle(text):
    result = explain(text)
    assert (result.encoding, len(text), result.units, result.segments) == naive.segment(text)
    bulk = segment([text]).iloc[0]
    assert (result.encoding, result.units, result.segments) == (
        bulk["encoding"],
        bulk["units"],
        bulk["segments"],
    )
    _, parts = naive.split(text)
    assert [len(part) for part in result.parts] == [len(part) for part in parts]
    assert "".join(result.parts) == text
    assert bool(result.culprits) == (result.encoding == "UCS-2")
    assert result.free == naive.free(text)


national = st.sampled_from([*LANGUAGES]).flatmap(
    lambda language: st.text(
        st.sampled_from(
            sorted({*LOCKING_SHIFT.get(language, {}).values(), *SINGLE_SHIFT[language].values()})
        ),
        max_size=330,
    )
)


@given(national, st.just("auto") | st.lists(st.sampled_from([*LANGUAGES]), unique=True))
def test_explain_agrees_with_segment_on_national_tables(text, languages):
    for chosen in ({}, {"reference_bits": 16}, {"concatenation": False}):
        result = explain(text, languages=languages, **chosen)
        bulk = segment([text], languages=languages, **chosen).iloc[0]
        for name in ("encoding", "units", "segments", "free"):
            assert getattr(result, name) == bulk[name]
        for name in ("locking", "single"):
            assert getattr(result, name) == (None if pd.isna(bulk[name]) else bulk[name])
        assert bool(result.culprits) == (result.encoding == "UCS-2")


def test_repair_is_the_least_that_saves():
    text = "It’s „ő” " * 12
    found = explain(text).repair
    assert (found.level, found.segments) == ("accents", 1)
    assert found.text == "It's 'ö\" ".replace("'ö", '"ö') * 12
    assert explain("It’s").repair is None
    assert explain("It’s 見 " * 20).repair is None
    assert explain("x" * 200).repair is None
    assert "level accents: 1 segment" in str(explain(text))
    assert "level accents" in explain(text)._repr_html_()


def test_culprits_and_words():
    result = explain("Größe ≥ 5 – ≥\u200b 3")
    assert result.culprits == {"≥": 2, "–": 1, "\u200b": 1}
    assert "[format] U+200B ZERO WIDTH SPACE x 1 forces UCS-2" in str(result)


def test_html_is_escaped_and_marked():
    page = explain("<i>€</i> & ’ \u00a0")._repr_html_()
    assert "<i>" not in page
    assert "&lt;i&gt;" in page
    assert page.count("<mark") == 2


def test_wrong_input():
    with pytest.raises(TypeError, match="text must be a string; not list"):
        explain(["a"])
    with pytest.raises(TextError, match="lone surrogate U\\+DC00 at index 1"):
        explain("a\udc00")
