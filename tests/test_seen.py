import numpy as np
import pyarrow as pa
import pytest

from smslab.seen import Seen, fingerprints


@pytest.mark.parametrize("by_text", [False, True])
def test_first_rows_are_those_of_a_dict(by_text):
    rng = np.random.default_rng(1)
    seen, first, row = Seen(by_text=by_text), {}, 0
    for _ in range(5):
        numbers = rng.integers(12025550000, 12025553000, 4000)
        texts = pa.array([f"text {n}" for n in rng.integers(0, 3, 4000)], pa.large_string())
        wanted = rng.random(4000) < 0.9
        found = seen.first_rows(numbers, fingerprints(texts), wanted)
        for number, text, is_wanted, before in zip(
            numbers.tolist(), texts.to_pylist(), wanted, found, strict=True
        ):
            key = (number, text) if by_text else number
            assert before == (first.get(key, -1) if is_wanted else -1)
            if is_wanted:
                first.setdefault(key, row)
            row += 1
