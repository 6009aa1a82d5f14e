"""Grapheme clusters against the examples of the Unicode Standard."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from smslab.graphemes import properties
from smslab.kernels.graphemes import join_kernel
from smslab.text import as_chunks, views


def clusters(text):
    """Return how many characters each cluster has."""
    offsets, data = views(as_chunks([text])[0])
    joined = np.zeros(len(data), np.bool_)
    join_kernel(offsets, data, properties(), np.full(1, 2, np.int32), joined)
    starts = np.cumsum([0, *(len(character.encode()) for character in text)])[:-1]
    first = np.flatnonzero(~joined[starts])
    return np.diff([*first, len(text)]).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ab", [1, 1]),
        ("\r\n\n\r", [2, 1, 1]),
        ("e\u0301\u0302x", [3, 1]),
        ("👨‍👩‍👧‍👦👍🏽", [7, 2]),
        ("🇩🇪🇫🇷🇮", [2, 2, 1]),
        ("한국\u1112\u1161\u11ab", [1, 1, 3]),
        ("क्षत्र", [3, 3]),
        ("\u094d\u0915", [1, 1]),
        ("a\u094d\u0924", [2, 1]),
        ("\u0600a\u0600\n", [2, 1, 1]),
        ("\u0301\u200d\u0301", [3]),
    ],
)
def test_clusters(text, expected):
    assert clusters(text) == expected


def test_the_examples_of_the_standard(corpora):
    path = next(path for path in corpora if path.stem == "unicode_grapheme_break_test")
    rows = pq.read_table(path).to_pylist()
    assert len(rows) > 700
    for row in rows:
        assert clusters(row["text"]) == json.loads(row["label"]), ascii(row["text"])


def test_emoji_are_one_cluster_each(corpora):
    path = next(path for path in corpora if path.stem == "unicode_emoji_test")
    for text in pq.read_table(path)["text"].to_pylist():
        assert len(clusters(text)) == 1, ascii(text)
