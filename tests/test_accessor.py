import subprocess
import sys

import pandas as pd
import pytest

import smslab

TEXTS = pd.Series(["It’s " * 15, None, "x" * 170], index=["a", "b", "c"], name="body")


@pytest.mark.parametrize("kind", ["str", "category", "object"])
def test_methods_are_the_functions(kind):
    texts = TEXTS.astype(kind)
    chosen = {"reference_bits": 16}
    for name in ("segment", "split", "encode", "smart_report", "lint"):
        expected = getattr(smslab, name)(texts, **chosen)
        pd.testing.assert_frame_equal(getattr(texts.sms, name)(**chosen), expected)
    pd.testing.assert_series_equal(texts.sms.smart_encode(), smslab.smart_encode(texts))
    assert str(texts.sms.audit([1, 2, 3], 0.5)) == str(smslab.audit(texts, [1, 2, 3], 0.5))
    assert texts.sms.explain("a").segments == 2


def test_only_strings_have_it():
    for other in (pd.Series([1]), pd.Series([1, 2], dtype="category"), pd.Series([True])):
        assert not hasattr(other, "sms")
        with pytest.raises(AttributeError, match=r"only use \.sms with strings"):
            _ = other.sms


@pytest.mark.parametrize("order", ["pandas as pd, smslab", "smslab, pandas as pd"])
def test_it_is_there_in_both_orders_of_import(order):
    code = f"import {order}; print(pd.Series(['a']).sms.segment()['units'].tolist())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[1]"


def test_neither_pandas_nor_numba_is_loaded_before_it_is_used():
    code = "import smslab, sys; print(sorted({'pandas', 'numba', 'pyarrow'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
