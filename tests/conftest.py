import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpora():
    """Folder of Parquet files of real messages; SMSLAB_CORPORA names it."""
    folder = os.environ.get("SMSLAB_CORPORA")
    if not folder:
        pytest.skip("SMSLAB_CORPORA names no folder of Parquet files with a column 'text'")
    files = sorted(Path(folder).glob("*.parquet"))
    assert files, f"no Parquet file in {folder}"
    return files
