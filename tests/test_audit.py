"""What characters cost, against a plain count; and the check of templates."""

from collections import Counter

import naive
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import smslab
from smslab import InputError, audit, lint
from smslab.alphabets import GSM7_DEFAULT, GSM7_EXTENSION

GSM7 = {*GSM7_DEFAULT, *GSM7_EXTENSION}
letters = st.sampled_from([*"aaaa b€[’–", "😀", "ç", "\u00a0"])
some_texts = st.lists(st.lists(letters, max_size=200).map("".join), max_size=6)


def plainly(texts, weights):
    """Return segments and, alone, segments by character; counted text by text."""
    shares, alone = Counter(), Counter()
    for text, weight in zip(texts, weights, strict=True):
        encoding, _, _, segments = naive.segment(text)
        blamed = {c for c in text if c not in GSM7}
        if encoding == "GSM-7":
            blamed = {c for c in text if c in GSM7_EXTENSION}
        cheap = "".join("x" if c in blamed else c for c in text)
        extra = segments - naive.segment(cheap)[3]
        for character in blamed:
            if extra:
                shares[character] += weight * extra / len(blamed)
                alone[character] += weight * extra * (len(blamed) == 1)
    return shares, alone


@given(some_texts, st.randoms())
def test_audit_is_the_plain_count(texts, random):
    weights = [random.choice([0, 1, 3.5]) for _ in texts]
    found = audit(texts, weights, rates=0.25)
    shares, alone = plainly(texts, weights)
    table = found.characters.set_index("character")
    assert set(table.index) == set(shares)
    for character, segments in shares.items():
        row = table.loc[character]
        assert row["segments"] == pytest.approx(segments)
        assert row["alone"] == pytest.approx(alone[character])
        assert row["cost"] == pytest.approx(segments / 4)
        assert character in texts[row["example"]]
    assert found.avoidable == pytest.approx(sum(shares.values()))
    total = sum(w * naive.segment(text)[3] for text, w in zip(texts, weights, strict=True))
    assert found.segments == pytest.approx(total)
    assert found.texts == sum(weights)


def test_corpora_name_the_known_culprits(corpora):
    def first(name, rows=3):
        path = next(path for path in corpora if path.stem == name)
        return audit(pq.read_table(path)["text"]).characters["code_point"].head(rows).tolist()

    assert first("uci_sms_spam") == ["U+0092", "U+2018", "U+2026"]
    assert first("indonesian_sms", 1) == ["U+00A0"]


def test_a_dictionary_is_audited_as_its_rows(corpora):
    path = next(path for path in corpora if path.stem == "uci_sms_spam")
    texts = pq.read_table(path)["text"].to_pandas()
    weights = np.arange(len(texts)) % 7
    rows, distinct = audit(texts, weights), audit(texts.astype("category"), weights)
    pd.testing.assert_frame_equal(rows.characters, distinct.characters)
    assert rows.summary() == distinct.summary()


def test_national_tables():
    texts = ["ığdır’ " * 12, "कক " * 28, "plain"]
    turkish = audit(texts, languages=["tr"]).characters
    assert turkish["character"].tolist()[0] == "’"
    both = audit(texts, languages=["hi", "bn"]).characters
    # Each letter is in a locking table, but in no pair: what the default tables lack is to blame.
    assert {"क", "ক"} <= set(both["character"])


def test_words_and_html():
    found = audit(["<b>’</b>" * 12, "=1’" * 30], rates=smslab.RateCard.bundled(), country="us")
    assert found.price == 0.0083 or found.currency == "USD"
    assert found.summary().startswith("2 texts, 4 segments; 2 of them (50.0%) for 1 character, USD")
    assert "RIGHT SINGLE QUOTATION MARK" in str(found)
    page = audit(["<" + "\u200b" * 80 + "<script>"])._repr_html_()
    assert "<script>" not in page
    assert str(audit(["plain"])) == "1 texts, 1 segments; 0 of them (0.0%) for 0 characters"
    assert audit([]).characters.empty
    assert audit([None]).texts == 0


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"weights": [1]}, "one for each of 2 texts"),
        ({"weights": [1, -1]}, "row 1 has -1.0"),
        ({"weights": [1, float("nan")]}, "row 1 has nan"),
        ({"weights": ["a", "b"]}, "weights must be numbers"),
        ({"rates": -1}, "price of 0 or more"),
        ({"rates": "abc"}, "price of 0 or more; not 'abc'"),
        ({"rates": smslab.RateCard.bundled(), "country": 5}, "country must be given"),
        ({"rates": smslab.RateCard.bundled()}, "country must be given"),
        ({"country": "US"}, "country is used with rates"),
    ],
    ids=str,
)
def test_wrong_input(chosen, says):
    with pytest.raises(InputError, match=says):
        audit(["a", "b"], **chosen)


def test_lint_names_character_position_and_repair():
    texts = pd.Series(
        [
            "It’s " * 15,
            "x" * 170,
            "ok",
            "見" * 71,
            "e\u0301" * 71,
            "wxyz bit.ly/a‑b" + "x" * 60,
            "€" * 81,
        ],
        index=[*"abcdefg"],
    )
    found = lint(texts, level="symbols")
    rows = {label: found[found["message"] == label] for label in texts.index}
    assert rows["a"]["position"].tolist() == [*range(2, 75, 5)]
    assert set(rows["a"]["repair"]) == {'replace by "\'" (level typographic)'}
    assert rows["a"]["name"].unique().tolist() == ["RIGHT SINGLE QUOTATION MARK"]
    assert rows["b"]["repair"].tolist() == ["shorten by 10 septets"]
    assert rows["b"]["position"].isna().all()
    assert rows["c"].empty
    assert "no look-alike" in rows["d"]["repair"].iloc[0]
    assert set(rows["e"]["repair"]) == {"compose it with the letter before it (level nfc)"}
    assert rows["f"]["repair"].tolist() == ["write it otherwise, or take it out: in a link"]
    assert "take it out" in rows["g"]["repair"].iloc[0]
    assert lint(texts, max_segments=3).empty
    assert lint([]).empty
    assert lint([None, ""]).empty


@pytest.mark.parametrize(
    ("text", "max_segments", "chosen", "over"),
    [
        ("x" * 170, 1, {}, "10 septets"),
        ("x" * 400, 2, {}, "94 septets"),
        ("x" * 170, 1, {"concatenation": False}, "10 septets"),
        ("ğ" * 200, 1, {"languages": ["tr"]}, "45 septets"),
        ("x" * 400, 2, {"reference_bits": 16}, "96 septets"),
    ],
)
def test_lint_tells_by_how_much(text, max_segments, chosen, over):
    found = lint([text], max_segments=max_segments, **chosen)
    assert found["repair"].tolist() == [f"shorten by {over}"]
    by = int(over.split()[0])
    assert lint([text[:-by]], max_segments=max_segments, **chosen).empty
    assert not lint([text[: -by + 1]], max_segments=max_segments, **chosen).empty


def test_wrong_limits():
    for wrong in (0, 1.5):
        with pytest.raises(
            ValueError, match=f"max_segments must be 1 or more, and whole; not {wrong}"
        ):
            lint(["a"], max_segments=wrong)
    with pytest.raises(ValueError, match="level must be one of"):
        lint(["a"], level="x")
