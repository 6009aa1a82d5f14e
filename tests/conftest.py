import os
from pathlib import Path

import pytest
from hypothesis import settings

# The first call of a kernel compiles it: seconds, and no fault of the example.
settings.register_profile("smslab", deadline=None)
settings.load_profile("smslab")


@pytest.fixture(scope="session")
def corpora():
    """Folder of Parquet files of real messages; SMSLAB_CORPORA names it."""
    folder = os.environ.get("SMSLAB_CORPORA")
    if not folder:
        pytest.skip("SMSLAB_CORPORA names no folder of Parquet files with a column 'text'")
    files = sorted(Path(folder).glob("*.parquet"))
    assert files, f"no Parquet file in {folder}"
    return files
