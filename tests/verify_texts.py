"""Long checks that are run by hand (``make verify``): each prints how much it compared.

Ten million random texts: the kernel that looks at blocks against the one that goes through the
characters, and what `decode` makes of `encode`'s octets against the texts. A part of them also
against the oracle that is written from the standard.
"""

import argparse
import time

import naive
import numpy as np
import pandas as pd
import pyarrow as pa

import smslab
from smslab.alphabets import LOCKING_SHIFT, SINGLE_SHIFT
from smslab.coding import Coding
from smslab.kernels.segmentation import segment_blocks, segment_scalar
from smslab.tables import SEPTETS
from smslab.text import views

BATCH = 100_000
ORACLE = 200  # of each batch

LETTERS = [
    *"abcdefgh ABC 0123.,\r\n@$_£è" * 3,
    *"^{}\\[~]|€\f" * 2,
    *"éàÄΔΩñß¿",
    *"`\x00\x1b\x7f\u0091ç’–…",
    *"жя世界नमস",
    *"😀🎉",
    *"ğşıİãõ",
]


def random_texts(generator):
    """Make a batch: texts of up to four letters each, all of them short or some up to 400."""
    encoded = [letter.encode() for letter in LETTERS]
    widths = np.array([len(octets) for octets in encoded])
    starts = np.concatenate([[0], np.cumsum(widths)[:-1]])
    pool = np.frombuffer(b"".join(encoded), np.uint8)
    lengths = generator.integers(0, generator.choice([20, 80, 170, 400]), BATCH)
    kinds = generator.integers(0, len(LETTERS), (BATCH, 4))
    kinds[:, 0] = 0  # plain letters most of all, so that some texts are GSM-7
    row = np.repeat(np.arange(BATCH), lengths)
    place = np.minimum(generator.geometric(generator.uniform(0.3, 0.999), len(row)) - 1, 3)
    letters = kinds[row, place]
    size = widths[letters]
    offset = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    data = pool[np.repeat(starts[letters], size) + offset]
    of_row = np.bincount(row, size, BATCH).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(of_row)])
    return pa.Array.from_buffers(
        pa.large_string(), BATCH, [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )


def counted(kernel, chunk, coding):
    offsets, data = views(chunk)
    kinds = (np.int8, np.int32, np.int32, np.int32, np.uint8)
    out = [np.zeros(len(chunk), kind) for kind in kinds]
    kernel(offsets, data, SEPTETS, coding.limits(), *out)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=10_000_000)
    options = parser.parse_args()
    generator = np.random.default_rng(20261125)
    start = time.perf_counter()
    kernels = octets = oracle = gsm = several = 0
    while kernels < options.texts:
        chunk = random_texts(generator)
        bits = int(generator.choice([8, 16]))
        coding = Coding(reference_bits=bits)
        scalar = counted(segment_scalar, chunk, coding)
        for one, two in zip(scalar, counted(segment_blocks, chunk, coding), strict=True):
            np.testing.assert_array_equal(one, two)
        gsm += int((scalar[0] == 0).sum())
        several += int((scalar[3] > 1).sum())
        languages = [None, "auto", ["tr", "hi"]][generator.integers(3)]
        packing = str(generator.choice(["packed", "unpacked"]))
        parts = smslab.encode(chunk, reference_bits=bits, languages=languages, packing=packing)
        back = smslab.decode(parts, packing=packing)
        assert back["problem"].isna().all()
        assert pa.array(back["text"], pa.large_string()).equals(chunk)
        some = chunk.slice(int(generator.integers(BATCH - ORACLE)), ORACLE)
        counts = smslab.segment(some, reference_bits=bits, languages=languages)
        known = [*coding_names(languages)]
        for row, text in enumerate(some.to_pylist()):
            expected = naive.cheapest(text, LOCKING_SHIFT, SINGLE_SHIFT, known, bits)
            got = counts.iloc[row][["encoding", "locking", "single", "units", "segments"]]
            assert tuple(None if pd.isna(value) else value for value in got) == expected, text
        kernels += len(chunk)
        octets += len(parts)
        oracle += ORACLE
    print(f"{kernels:,} texts, {gsm:,} of them GSM-7 and {several:,} of several parts:")
    print("  kernel of blocks = kernel of characters")
    print(f"  decode(encode(text)) = text, over {octets:,} parts")
    print(f"  {oracle:,} of them = the oracle, national tables included")
    print(f"in {time.perf_counter() - start:.0f} s")


def coding_names(languages):
    return Coding(languages=languages).languages


if __name__ == "__main__":
    main()
