"""smslab inside Dask, polars and DuckDB, the real ones."""

import dask
import dask.dataframe as dd
import duckdb
import pandas as pd
import polars as pl
import pytest
from distributed import Client, LocalCluster

import smslab
from smslab.interop import dask as sms_dask
from smslab.interop import duckdb as sms_duckdb
from smslab.interop import polars as sms_polars

TABLE = smslab.sample(1000, rng=3)
COUNTS = smslab.segment(TABLE["text"])


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.mark.parametrize("name", ["segment", "smart_encode", "cost"])
def test_dask_is_lazy_exact_and_equal(client, name, monkeypatch):
    frame = dd.from_pandas(TABLE, npartitions=4)
    of_dask, of_pandas = getattr(sms_dask, name), getattr(smslab, name)
    if name == "cost":
        lazy, expected = of_dask(frame, country="US"), of_pandas(TABLE, country="US").messages
        expected = expected.astype(dict.fromkeys(expected.select_dtypes("category"), "str"))
    else:
        lazy, expected = of_dask(frame["text"]), of_pandas(TABLE["text"])
    assert dask.is_dask_collection(lazy)
    assert lazy.npartitions == 4
    for found in (lazy.compute(), lazy.compute(scheduler="threads")):
        assert type(found) is type(expected)
        assert found.astype("str").equals(expected.astype("str"))
        if isinstance(found, pd.DataFrame):
            assert found.dtypes.astype("str").tolist() == lazy.dtypes.astype("str").tolist()
        else:
            assert found.dtype == lazy.dtype


@pytest.mark.parametrize("by", ["number", "number and text", "none"])
def test_duplicates_are_found_across_partitions(client, by):
    table = pd.concat([TABLE, TABLE.head(300)], ignore_index=True)
    options = {"country": "US", "rates": smslab.RateCard.bundled(), "duplicates": by}
    options |= {"smart": "typographic", "opt_outs": TABLE["to"].dropna().head(20)}
    expected = smslab.prepare(table, **options).messages
    expected = expected.astype(dict.fromkeys(expected.select_dtypes("category"), "str"))
    lazy = sms_dask.prepare(dd.from_pandas(table, npartitions=5), **options)
    assert dask.is_dask_collection(lazy)
    assert lazy.npartitions == 5
    for found in (lazy.compute(), lazy.compute(scheduler="threads")):
        assert found.astype("str").equals(expected.astype("str"))
        assert found.dtypes.astype("str").tolist() == lazy.dtypes.astype("str").tolist()
    for wrong in ({"duplicates": "some"}, {"country": "Narnia"}):
        with pytest.raises(smslab.errors.SmslabError):
            sms_dask.prepare(dd.from_pandas(table, npartitions=5), **wrong)


def test_replications_on_a_cluster(client):
    scenario = smslab.scenarios.load("parking")
    here = smslab.replicate(scenario, 4, rng=1)
    there = smslab.replicate(scenario, 4, rng=1, executor=client.get_executor())
    assert there.figures.equals(here.figures)


def test_polars():
    frame = pl.DataFrame({"text": TABLE["text"], "row": range(1000)})
    assert sms_polars.SmsNamespace
    for found in (
        frame.with_columns(pl.col("text").sms.segment().alias("sms")),
        frame.lazy().with_columns(pl.col("text").sms.segment().alias("sms")).collect(),
    ):
        counts = found.unnest("sms")
        assert (
            counts["segments"].to_list()
            == COUNTS["segments"].astype("object").where(COUNTS["segments"].notna(), None).tolist()
        )
        assert counts["encoding"].null_count() == COUNTS["encoding"].isna().sum()
    smart = frame.select(pl.col("text").sms.smart_encode(level="accents"))["text"]
    expected = smslab.smart_encode(TABLE["text"], level="accents")
    assert smart.to_list() == expected.astype("object").where(expected.notna(), None).tolist()


def test_duckdb():
    connection = duckdb.connect()
    sms_duckdb.register(connection)
    table = TABLE.assign(row=range(1000))
    connection.register("list", table)
    found = connection.sql(
        "SELECT sms_encoding(text) AS encoding, sms_segments(text) AS segments, "
        "sms_smart(text) AS smart FROM list ORDER BY row"
    ).df()
    assert (
        found["encoding"].fillna("-").tolist()
        == COUNTS["encoding"].astype("str").fillna("-").tolist()
    )
    assert found["segments"].astype("Int32").equals(COUNTS["segments"])
    assert (
        found["smart"].fillna("-").tolist()
        == smslab.smart_encode(TABLE["text"]).fillna("-").tolist()
    )


@pytest.mark.parametrize("name", ["dask", "polars", "duckdb"])
def test_without_the_library(name, monkeypatch):
    import importlib
    import sys

    module = importlib.import_module(f"smslab.interop.{name}")
    missing = {"dask": "dask.dataframe"}.get(name, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(smslab.MissingExtraError, match=rf"pip install 'smslab\[{name}\]'"):
        importlib.reload(module)
