"""The kernel that looks at blocks against the one that goes through the characters."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smslab.coding import Coding
from smslab.kernels.segmentation import segment_blocks, segment_scalar
from smslab.tables import SEPTETS
from smslab.text import as_chunks, views


def counted(kernel, offsets, data):
    rows = len(offsets) - 1
    out = [np.full(rows, 77, kind) for kind in (np.int8, *[np.int32] * 3, np.uint8)]
    kernel(offsets, data, SEPTETS, Coding().limits(), *out)
    return out


def check(offsets, data):
    for scalar, blocks in zip(
        counted(segment_scalar, offsets, data), counted(segment_blocks, offsets, data), strict=True
    ):
        np.testing.assert_array_equal(blocks, scalar)


def check_texts(texts):
    for chunk in as_chunks(texts):
        check(*views(chunk))


#: Characters of one to four bytes, plain, of two units, and outside the alphabet.
LETTERS = "abc @_\r\n" + "[^\f" + "éàÄΔ" + "€" + "`\x1b\x7f\x00" + "çΑ世’" + "😀"


@given(st.lists(st.text(st.sampled_from(LETTERS) | st.characters(exclude_categories=["Cs"]))))
def test_any_texts(texts):
    check_texts(texts)


@given(st.lists(st.binary(max_size=100)))
def test_any_bytes(slots):
    offsets = np.cumsum([0, *map(len, slots)]).astype(np.int64)
    check(offsets, np.frombuffer(b"".join(slots), np.uint8))


@given(st.lists(st.integers(-100, 400), min_size=2), st.binary(max_size=300))
def test_any_offsets(offsets, octets):
    check(np.array(offsets, np.int64), np.frombuffer(octets, np.uint8))


@pytest.mark.parametrize("fill", ["a", "é", "[", "世", "😀"])
@pytest.mark.parametrize("guest", ["", "a", "[", "é", "€", "ç", "`", "世", "😀"])
def test_every_length_with_a_guest_at_every_border(fill, guest):
    borders = (0, 31, 32, 33, 63, 64, 66, 67, 69, 70, 133, 134, 152, 153, 159, 160, 305, 306)
    texts = [fill * length for length in range(601)]
    texts += [fill * b + guest + fill * (length - b) for b in borders for length in (b, 161, 307)]
    check_texts(texts)


def test_random_texts():
    generator = np.random.default_rng(1)
    letters = np.array(list(LETTERS))
    texts = []
    for _ in range(20_000):
        some = letters[: generator.integers(1, len(letters) + 1)]
        texts.append("".join(some[generator.integers(len(some), size=generator.integers(400))]))
    check_texts(texts)


def test_random_bytes():
    generator = np.random.default_rng(2)
    interesting = np.frombuffer(bytes.fromhex("41805bc3a9e282acf09f98c0ffce94600c"), np.uint8)
    offsets = np.cumsum([0, *generator.integers(0, 200, 20_000)]).astype(np.int64)
    check(offsets, generator.choice(interesting, offsets[-1]))


def test_corpora(corpora):
    for path in corpora:
        check_texts(pq.read_table(path, columns=["text"])["text"])


def test_a_slice_of_a_larger_buffer():
    texts = pa.array(["é" * 50, "abc", "[" * 90, "x" * 33, "y"] * 10, pa.large_string())
    for first in range(10):
        check_texts(texts.slice(first, 7))
