"""Lists in files: every kind, every fault, and runs that are killed."""

import datetime as dt
import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import smslab
from smslab.bulk import journal, numbers_in
from smslab.cli import main
from smslab.errors import InputError, OptionError, TextError
from smslab.files import encodings
from smslab.numbering import locate
from smslab.preparation import Preparation

OPTIONS = {"country": "US", "smart": "typographic"}


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """A list with quotes, line breaks, formulas and columns that nobody asks for."""
    monkeypatch.chdir(tmp_path)
    table = smslab.sample(3000, rng=5)
    table["name"] = ['Ann "A", Ltd', "=1+1", "two\nlines", "Zoë", ""] * 600
    table["score"] = range(3000)
    return table


def write(table, path):
    kind = path.split(".")[1]
    if kind in ("csv", "tsv"):
        text = table.to_csv(index=False, sep="\t" if kind == "tsv" else ",")
        with pa.output_stream(path) as file:  # compressed by the end of its name
            file.write(text.encode())
    elif kind == "jsonl":
        table.to_json(path, orient="records", lines=True, force_ascii=False)
    else:
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), path, row_group_size=700)


KINDS = ["csv", "tsv", "csv.gz", "csv.zst", "jsonl", "jsonl.gz", "parquet"]


def read(path):
    kind = path.split(".")[1]
    if kind == "parquet":
        return pq.read_table(path).to_pandas()
    if kind == "jsonl":
        return pd.read_json(path, lines=True, dtype=False)
    with pa.input_stream(path) as file:
        octets = io.BytesIO(file.read())
    sep = "\t" if kind == "tsv" else ","
    return pd.read_csv(octets, sep=sep, dtype="str", keep_default_na=False)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_comes_to_the_same(listed, kind):
    write(listed, f"list.{kind}")
    report = smslab.prepare_file(
        f"list.{kind}", f"out.{kind}", batch_rows=1000, guard=False, **OPTIONS
    )
    whole = smslab.prepare(listed, **OPTIONS)
    # A text file has no nulls.
    kept = whole.report[whole.report["reason"] != "no text"]
    assert report.rows == 3000
    assert report.report[report.report["status"] != "rejected"]["rows"].sum() == (
        kept[kept["status"] != "rejected"]["rows"].sum()
    )
    found = read(f"out.{kind}")
    assert list(found)[:4] == ["text", "to", "name", "score"]
    assert found["name"].tolist() == listed["name"].tolist()
    assert found["score"].astype("int").tolist() == list(range(3000))
    for name in ("sms_number", "sms_text", "sms_status"):
        expected = whole.messages[name].astype("str").fillna("")
        rows = whole.messages["text"].notna()
        assert found[name].fillna("")[rows].tolist() == expected[rows].tolist(), name


def test_types_are_kept_and_columns_carried_along(tmp_path):
    table = pa.table(
        {
            "when": pa.array([1, 2], pa.timestamp("ms", "Europe/Paris")),
            "phone": pa.array([12025550101, None], pa.int64()),
            "body": pa.array(["Hi", "Ho"], pa.dictionary(pa.int8(), pa.string())),
            "tags": pa.array([["a"], []], pa.list_(pa.string())),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    smslab.prepare_file(tmp_path / "in.parquet", tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.select(range(4)).equals(pq.read_table(tmp_path / "in.parquet"))
    assert found.column("sms_number").to_pylist() == ["+12025550101", None]
    smslab.prepare_file(tmp_path / "in.parquet", tmp_path / "out.csv")
    assert "['a']" in (tmp_path / "out.csv").read_text()
    smslab.prepare_file(tmp_path / "in.parquet", tmp_path / "out.jsonl")
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert (first["phone"], second["phone"], first["tags"]) == (12025550101, None, ["a"])
    pq.write_table(pa.table({"to": [1], "text": [1]}), tmp_path / "numbers.parquet")
    for function in (smslab.prepare_file, smslab.segment_file):
        with pytest.raises(InputError, match="column 'text' is int64; it must hold strings"):
            function(tmp_path / "numbers.parquet", tmp_path / "out.csv")


def test_batches_and_workers_change_nothing(listed):
    write(listed, "list.csv")
    seen = []
    for workers in (1, 3):
        smslab.prepare_file(
            "list.csv",
            "out.parquet",
            batch_rows=500,
            workers=workers,
            rates=RATES,
            progress=lambda *at: seen.append(at),
            duplicates="number and text",
            **OPTIONS,
        )
        seen.append(Path("out.parquet").read_bytes())
    assert seen[6] == seen[13]
    assert [rows for rows, _, _ in seen[:6]] == [500, 1000, 1500, 2000, 2500, 3000]
    small = smslab.prepare_file("list.csv", "small.parquet", batch_rows=7, rates=RATES, **OPTIONS)
    large = smslab.prepare_file("list.csv", "large.parquet", rates=RATES, **OPTIONS)
    assert small.report.equals(large.report)
    assert read("small.parquet").astype("str").equals(read("large.parquet").astype("str"))


RATES = smslab.RateCard.bundled()


def test_segments_are_those_of_segment(listed):
    write(listed, "list.parquet")
    report = smslab.segment_file("list.parquet", "out.parquet", languages=["es"], batch_rows=1000)
    counts = smslab.segment(listed["text"], languages=["es"])
    found = read("out.parquet")
    for name in ("encoding", "locking", "single", "characters", "units", "segments", "free"):
        expected = counts[name].astype("str").fillna("-").tolist()
        got = found[f"sms_{name}"]
        got = got.astype("Int64").astype("str") if got.dtype.kind == "f" else got.astype("str")
        assert got.fillna("-").tolist() == expected, name
    assert report.report["segments"].sum() == counts["segments"].sum()
    assert "3,000 rows" in repr(report)
    assert report.to_pandas() is report.report
    assert "GSM-7" in report._repr_html_()


def test_parts_are_those_of_encode(listed):
    listed["message"] = "of its own"
    write(listed, "list.parquet")
    with pytest.raises(InputError, match="has a column 'message' already; rename or drop it"):
        smslab.encode_file("list.parquet", "out.parquet")
    listed = listed.drop(columns="message")
    write(listed, "list.parquet")
    options = {"reference": 250, "packing": "unpacked", "languages": "auto"}
    report = smslab.encode_file("list.parquet", "out.parquet", batch_rows=700, **options)
    found = pq.read_table("out.parquet").to_pandas()
    parts = smslab.encode(listed["text"].reset_index(drop=True), **options)
    assert found["message"].tolist() == (parts["message"] + 1).tolist()
    for name in ("part", "parts", "data_coding", "udl"):
        assert found[name].astype("Int64").equals(parts[name].astype("Int64")), name
    for name in ("udh", "user_data"):
        assert found[name].tolist() == [None if pd.isna(v) else v for v in parts[name]], name
    assert found["score"].tolist() == (found["message"] - 1).tolist()
    assert list(found) == ["to", "name", "score", *parts]
    assert report.report["segments"].sum() == parts["part"].notna().sum()
    assert report.report["texts"].sum() == listed["text"].notna().sum()
    with pytest.raises(OptionError, match="packing must be one of"):
        smslab.encode_file("list.parquet", "out.parquet", packing="zip")


def test_a_text_that_no_header_can_join(tmp_path):
    texts = ["Hi"] * 250 + ["x" * 153 * 256, "Hi"]
    pd.DataFrame({"text": texts}).to_csv(tmp_path / "in.csv", index=False)
    says = "row 251 has 256 parts"
    with pytest.raises(TextError, match=says):
        smslab.encode_file(tmp_path / "in.csv", tmp_path / "out.csv", batch_rows=100)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("by", [(), ("country", "encoding"), ("name",), ("problem",)])
def test_costs_are_those_of_cost(listed, by):
    listed["carrier"] = ["AT&T", None, "T-Mobile"] * 1000
    write(listed, "list.parquet")
    options = {"country": "US", "sender_type": "10dlc"}
    report = smslab.cost_file("list.parquet", "out.parquet", by=by, batch_rows=700, **options)
    bill = smslab.cost(listed, **options)
    found = read("out.parquet")
    assert found["sms_cost"].equals(bill.messages["cost"].astype("float64"))
    assert found["sms_problem"].astype("str").fillna("").tolist() == (
        bill.messages["problem"].fillna("").tolist()
    )
    expected = bill.by(*(by or ["country"])).reset_index().fillna("?")
    names = list(by or ["country"])
    both = [t.fillna("?").sort_values(names, ignore_index=True) for t in (report.report, expected)]
    for name in (*names, "messages", "segments", "cost_micro", "unpriced", "cost"):
        assert both[0][name].tolist() == both[1][name].tolist(), name
    assert report.summary() == bill.summary()
    alone = smslab.cost_file("list.parquet", by=by, **options)
    assert alone.report.equals(report.report)
    with pytest.raises(OptionError, match="no column 'nme' to group by"):
        smslab.cost_file("list.parquet", by=("nme",))


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (smslab.encode_file, {"reference": 3, "languages": ["es"]}),
        (smslab.cost_file, {"by": ("name",), "country": "US"}),
        (smslab.segment_file, {}),
    ],
)
def test_what_is_interrupted_goes_on(listed, function, options):
    write(listed, "list.csv")
    options = {**options, "batch_rows": 500}
    expected = function("list.csv", "out.csv", **options)
    undisturbed = Path("out.csv").read_bytes()
    Path("out.csv").unlink()

    def interrupt(rows, done, total):
        if rows == 1500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        function("list.csv", "out.csv", progress=interrupt, **options)
    report = function("list.csv", "out.csv", resume=True, **options)
    assert Path("out.csv").read_bytes() == undisturbed
    assert report.report.equals(expected.report)
    assert report.summary() == expected.summary()


@pytest.mark.parametrize(
    ("encoding", "ends", "note"),
    [
        ("utf-8", "\n", ""),
        ("utf-8-sig", "\r\n", ""),
        ("utf-8", "\r", ""),
        ("cp1252", "\n", "is not UTF-8 (line 2 has the octet 0xFC): read as Windows-1252"),
        ("utf-16", "\r\n", "is UTF-16"),
        ("utf-32", "\n", "is UTF-32"),
    ],
)
def test_text_files_of_any_make(tmp_path, encoding, ends, note):
    text = ends.join(["to;text", "+12025550101;Grüße", "+12025550102;für dich", ""])
    (tmp_path / "in.csv").write_bytes(text.encode(encoding))
    report = smslab.prepare_file(tmp_path / "in.csv", tmp_path / "out.csv")
    assert f"{tmp_path / 'in.csv'} cells are parted by ';'" in report.notes
    assert note in report.summary()
    found = pd.read_csv(tmp_path / "out.csv")
    assert found["text"].tolist() == ["Grüße", "für dich"]
    named = {"cp1252": "latin-1"}.get(encoding, encoding)
    smslab.prepare_file(tmp_path / "in.csv", tmp_path / "again.csv", encoding=named, delimiter=";")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()


def test_a_wrong_row_in_the_middle(tmp_path):
    lines = ["to,text", *(f"+1202555{n:04d},Hi" for n in range(100))]
    lines[50] = "+12025550049,Hi, there"
    (tmp_path / "in.csv").write_text("\n".join(lines))
    report = smslab.prepare_file(tmp_path / "in.csv", tmp_path / "out.csv")
    assert report.rows == 99
    assert report.unreadable.to_numpy().tolist() == [
        [51, "has 3 cells, the header 2", "+12025550049,Hi, there"]
    ]
    assert "1 rows could not be read" in report.summary()
    assert pd.read_csv(tmp_path / "out.csv.unreadable.csv")["row"].tolist() == [51]
    lines = ['{"to": "1", "text": "a"}', "[1]", "", "no", '{"to": 7, "text": null}']
    lines.append('{"to": 8, "text": "\\ud800"}')
    (tmp_path / "in.jsonl").write_text("\ufeff" + "\n".join(lines), "utf-8")
    report = smslab.prepare_file(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert report.unreadable["row"].tolist() == [2, 4, 6]
    assert report.unreadable["problem"][2] == "is not UTF-8, or has half a surrogate pair"
    assert report.rows == 2


def test_spreadsheet_formulas_are_guarded(tmp_path):
    (tmp_path / "in.csv").write_text("to,text,=cmd\n+12025550101,Hi,=1+1\n+1202,@x,-1\n")
    smslab.prepare_file(tmp_path / "in.csv", tmp_path / "out.csv")
    found = (tmp_path / "out.csv").read_text().splitlines()
    assert found[0].startswith('"to","text","\'=cmd"')
    assert found[1].startswith('"+12025550101","Hi","\'=1+1"')
    assert found[2].startswith('"+1202","\'@x","-1"')
    smslab.prepare_file(tmp_path / "in.csv", tmp_path / "out.csv", guard=False)
    assert '"=1+1"' in (tmp_path / "out.csv").read_text()


LINES = b"to,text\n" + b"1,a\n" * 100_000

#: What is wrong: the file's name, what is in it, and what is said.
FAULTS = {
    "no parquet": ("in.parquet", b"PAR1 and then nothing", "not a whole and valid Parquet file"),
    "cut gzip": ("in.csv.gz", gzip.compress(LINES)[:-200], "cannot be decompressed"),
    "no gzip": ("in.csv.gz", b"no gzip at all", "cannot be decompressed"),
    "no zstd": ("in.csv.zst", b"no zstd at all", "cannot be decompressed"),
    "empty": ("in.csv", b"", "is empty"),
    "spreadsheet": ("in.csv", b"PK\x03\x04\0\0\0 a sheet\n", "is no text; is it a spreadsheet"),
    "long": ("in.csv", b"to,text\n1," + b"x" * 100_000_000, "a row is longer than 16 MB"),
    "quote": (
        "in.csv",
        b'to,text\n1,"' + b"x\n" * 20_000_000,
        "opened in line 2 is never closed",
    ),
    "octet": ("in.csv", LINES * 20 + b"1,\xff\n", "name its encoding with --encoding"),
    "no text": ("in.csv", b"a,b\n1,2\n", "no column looks like the text"),
    "two": ("in.csv", b"to,text,to\n1,a,2\n", "two columns are called 'to'"),
    "word": ("in.doc", b"text", "unknown kind of file"),
    "parquet.gz": ("in.parquet.gz", b"text", "decompress the file"),
    "no objects": ("in.jsonl", b"1\n2\n", "has no line with a JSON object"),
    "new name": (
        *("in.jsonl", b'{"to": 1, "text": "a"}\n' * 300_000 + b'{"x": 1}'),
        "which no line at the beginning has",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_the_input(tmp_path, fault):
    name, content, says = FAULTS[fault]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=says):
        smslab.prepare_file(tmp_path / name, tmp_path / "out.csv")
    assert {path.name for path in tmp_path.iterdir()} == {name}


def test_a_truncated_parquet_file(listed):
    write(listed, "list.parquet")
    octets = Path("list.parquet").read_bytes()
    Path("list.parquet").write_bytes(octets[:200] + b"\0" * 3000 + octets[3200:])
    with pytest.raises(InputError, match="not a whole and valid Parquet file"):
        smslab.prepare_file("list.parquet", "out.parquet")
    assert os.listdir() == ["list.parquet"]


def test_what_expands_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(encodings, "_LARGE", 1 << 20)
    monkeypatch.setattr(encodings, "_EXPANSION", 100)
    (tmp_path / "in.csv.gz").write_bytes(gzip.compress(b"to,text\n" + b"1,a\n" * 30_000_000))
    with pytest.raises(InputError, match="expands to more than 100 times its size"):
        smslab.prepare_file(tmp_path / "in.csv.gz", tmp_path / "out.csv")


def test_faults_of_the_output(listed, monkeypatch):
    write(listed, "list.csv")
    os.symlink("list.csv", "link.csv")
    Path("folder.csv").mkdir()
    for output, says in (
        ("list.csv", "would be written over"),
        ("link.csv", "would be written over"),
        ("folder.csv", "is a folder"),
        ("list.csv/out.csv", "cannot be written: Not a directory"),
        ("/proc/out.csv", "cannot be written"),
        ("out", "unknown kind of file"),
    ):
        with pytest.raises(InputError, match=says):
            smslab.prepare_file("list.csv", output)
    for name in ("batch_rows", "workers"):
        with pytest.raises(OptionError, match=f"{name} must be 1 or more"):
            smslab.prepare_file("list.csv", "out.csv", **{name: 0})
    assert sorted(os.listdir()) == ["folder.csv", "link.csv", "list.csv"]


def test_a_folder_that_is_read_only():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(smslab.sample(50), str(folder / "list.csv"))
        folder.chmod(0o555)
        user = os.geteuid()
        try:
            if user == 0:
                os.seteuid(65534)  # nobody: the administrator may write anywhere
            with pytest.raises(InputError, match=r"out\.csv: cannot be written: Permission denied"):
                smslab.prepare_file(folder / "list.csv", folder / "out.csv")
        finally:
            os.seteuid(user)
        assert os.listdir(folder) == ["list.csv"]
        folder.chmod(0o755)


def test_a_link_is_followed(listed):
    write(listed, "list.csv")
    Path("real").mkdir()
    os.symlink("real/out.csv", "out.csv")
    smslab.prepare_file("list.csv", "out.csv", **OPTIONS)
    assert Path("out.csv").is_symlink()
    assert os.listdir("real") == ["out.csv"]


def test_a_full_disk(listed, monkeypatch):
    write(listed, "list.csv")
    code = (
        "import resource, signal, sys; from smslab.cli import main;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2);"
        "sys.exit(main(sys.argv[2:]))"
    )
    words = ["prepare", "list.csv", "-o", "out.csv", "--country", "US", "--batch-rows", "500"]
    env = {**os.environ, "NUMBA_DISABLE_JIT": "0"}
    run = subprocess.run(
        [sys.executable, "-c", code, "300000", *words],
        check=False,
        **{"capture_output": True, "text": True, "env": env},
    )
    assert run.returncode == 2
    assert run.stderr.startswith("smslab: out.csv: cannot be written: ")
    assert not Path("out.csv").exists()
    assert main([*words, "--resume"]) == 0
    once = Path("out.csv").read_bytes()
    assert main(words) == 0
    assert Path("out.csv").read_bytes() == once
    assert sorted(os.listdir()) == ["list.csv", "out.csv"]


def test_an_interrupted_run_goes_on(listed, monkeypatch):
    write(listed, "list.csv")
    options = {"batch_rows": 500, "rates": RATES, **OPTIONS}
    expected = smslab.prepare_file("list.csv", "out.csv", **options)
    undisturbed = Path("out.csv").read_bytes()
    Path("out.csv").unlink()

    def interrupt(rows, done, total):
        if rows == 1500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        smslab.prepare_file("list.csv", "out.csv", progress=interrupt, **options)
    assert sorted(os.listdir()) == [".out.csv.smslab", "list.csv"]
    looked = []
    add = Preparation.look
    monkeypatch.setattr(
        Preparation,
        "look",
        lambda self, columns, rows: looked.append(rows) or add(self, columns, rows),
    )
    report = smslab.prepare_file("list.csv", "out.csv", resume=True, **options)
    assert looked == [500] * 3
    assert Path("out.csv").read_bytes() == undisturbed
    assert report.report.equals(expected.report)
    assert sorted(os.listdir()) == ["list.csv", "out.csv"]


def test_only_the_same_job_goes_on(listed):
    write(listed, "list.csv")

    def interrupt(rows, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        smslab.prepare_file("list.csv", "out.csv", country="US", progress=interrupt)
    for other in ({"country": "GB"}, {"country": "US", "batch_rows": 7}):
        with pytest.raises(InputError, match="had another input or other options"):
            smslab.prepare_file("list.csv", "out.csv", resume=True, **other)
    with journal.Journal(Path("out.csv"), {}, resume=False):  # noqa: SIM117
        with pytest.raises(InputError, match="another run is writing it"):
            smslab.prepare_file("list.csv", "out.csv", country="US")


def test_fifty_kills(listed):
    """Kill a run at random moments, go on, and end with the bytes of an undisturbed one."""
    write(listed, "list.csv")
    helper = Path(__file__).with_name("killed.py")
    for output in ("out.csv", "out.parquet"):
        run = subprocess.run(
            [sys.executable, str(helper), "list.csv", output, "25"],
            check=False,
            **{"capture_output": True, "text": True},
        )
        assert run.returncode == 0, run.stderr
        told = json.loads(run.stdout)
        assert told["kills"] == 25
        assert told["in_the_middle"] > 5
        assert told["same"]
        assert told["half_files"] == 0
    assert sorted(os.listdir()) == ["list.csv", "out.csv", "out.parquet"]


def test_commands(listed, capsys, monkeypatch):
    write(listed, "list.csv")
    Path("out.txt").write_text("phone\n" + "\n".join(listed["to"].dropna().head(5)))
    assert numbers_in("out.txt").notna().sum() == 5
    words = ["--country", "US", "--opt-outs", "out.txt", "--rates", "list", "--smart", "accents"]
    words += ["--quiet-hours", "21-8", "--start", "2026-11-26T10:00-05:00", "--workers", "2"]
    assert main(["prepare", "list.csv", "-o", "out.parquet", *words]) == 0
    out, err = capsys.readouterr()
    assert "opted out" in out
    assert err == "out.parquet\n"
    found = read("out.parquet")
    assert found["sms_send_at"].notna().sum() == (found["sms_status"] != "rejected").sum()
    assert main(["segment", "list.csv"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith('"text","to","name","score","sms_encoding"')
    assert err.startswith("3,000 rows, ")
    for more, says in (
        (["--quiet-hours", "a-b"], "--quiet-hours must be such as 21-8"),
        (["--start", "soon"], "--start must be a moment"),
        (["--encoding", "klingon"], "encoding must be one of text files"),
        (["--text", "nme"], "no column 'nme'"),
        (["--delimiter", "ab"], "delimiter must be one ASCII character"),
    ):
        assert main(["prepare", "list.csv", "-o", "x.csv", *more]) == 2
        assert says in capsys.readouterr().err


def test_made_up_lists(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for kind in ("csv.gz", "parquet"):
        assert main(["sample", "--rows", "60000", "--seed", "7", "-o", f"list.{kind}"]) == 0
        expected = smslab.sample(60_000, rng=7)
        found = read(f"list.{kind}")
        assert found["to"].fillna("").tolist() == expected["to"].fillna("").tolist()
        assert found["text"].fillna("").tolist() == expected["text"].fillna("").tolist()
    assert main(["sample", "--rows", "-1", "-o", "x.csv"]) == 2
    assert main(["sample", "--seed", "-1", "-o", "x.csv"]) == 2
    assert "rows must be 0 or more" in capsys.readouterr().err
    assert smslab.sample(0).shape == (0, 2)
    numbers = locate(smslab.sample(60_000)["to"]).number
    assert len(np.unique(numbers)) > 0.97 * 60_000


def test_from_the_standard_input_to_the_standard_output(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "smslab", "prepare", "-"],
        input="to,text\n+12025550101,Grüße\n",
        check=False,
        **{"capture_output": True, "encoding": "utf-8"},
    )
    assert run.returncode == 0
    assert run.stdout.splitlines()[1].startswith('"+12025550101","Grüße","sendable"')
    assert run.stderr.startswith("1 row, 1 of them can be sent")


def test_the_standard_input_cannot_go_on(listed, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"to,text\n+12025550101,Hi\n")))
    with pytest.raises(OptionError, match="standard input cannot go on"):
        smslab.prepare_file("-", "out.csv", resume=True)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="standard input: is closed"):
        smslab.prepare_file("-", "out.csv")


def test_other_opt_outs_are_another_job(listed):
    write(listed, "list.csv")
    several = np.arange(12125550000, 12125555000)
    others = several.copy()
    others[2500] = 12025550123

    def interrupt(rows, done, total):
        raise KeyboardInterrupt

    for kind in (lambda a: a, pd.Index, pd.Series, list, iter, lambda a: set(a.tolist())):
        options = {"batch_rows": 500}
        with pytest.raises(KeyboardInterrupt):
            smslab.prepare_file(
                "list.csv", "out.csv", opt_outs=kind(several), progress=interrupt, **options
            )
        with pytest.raises(InputError, match="other options"):
            smslab.prepare_file(
                "list.csv", "out.csv", opt_outs=kind(others), resume=True, **options
            )
    with pytest.raises(KeyboardInterrupt):
        smslab.prepare_file("list.csv", "out.csv", opt_outs=several, progress=interrupt)
    smslab.prepare_file("list.csv", "out.csv", opt_outs=several.copy(), resume=True)


def test_a_damaged_batch_is_done_again(listed):
    write(listed, "list.csv")
    smslab.prepare_file("list.csv", "whole.csv", batch_rows=500)

    def interrupt(rows, done, total):
        if rows == 1500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        smslab.prepare_file("list.csv", "out.csv", batch_rows=500, progress=interrupt)
    last = Path(".out.csv.smslab/batch-000002.arrow")
    last.write_bytes(last.read_bytes()[:50])
    smslab.prepare_file("list.csv", "out.csv", batch_rows=500, resume=True)
    assert Path("out.csv").read_bytes() == Path("whole.csv").read_bytes()


def test_what_is_no_file_is_left_alone(listed):
    write(listed, "list.csv")
    os.mkfifo("pipe.csv")
    for path, output in (("list.csv", "pipe.csv"), ("pipe.csv", "out.csv")):
        with pytest.raises(InputError, match="is no file"):
            smslab.segment_file(path, output)
    assert not Path("pipe.csv").is_file()


def test_rows_that_cannot_be_read_are_told_of(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bad, good = Path("bad.csv"), Path("good.csv")
    bad.write_text("to,text\n\n+12025550101,a\n\nlost\n+12025550102,b\n")
    good.write_text("to,text\n+12025550101,a\n")
    report = smslab.segment_file("bad.csv", "out.csv")
    assert report.rows == 2
    kept = pd.read_csv("out.csv.unreadable.csv")
    assert kept.to_numpy().tolist() == [[3, "has 1 cells, the header 2", "lost"]]
    assert "row 3 has 1 cells, the header 2: 'lost'" in report.summary()
    smslab.segment_file("good.csv", "out.csv")
    assert not Path("out.csv.unreadable.csv").exists()
    bad.rename("list.csv.unreadable.csv")
    with pytest.raises(InputError, match="would be written over"):
        smslab.segment_file("list.csv.unreadable.csv", "list.csv")


def test_columns_of_one_and_headers_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("blank.csv").write_text("\n\ntext\n\nHello\n")
    assert smslab.segment_file("blank.csv", "out.csv").rows == 2
    Path("head.csv").write_text("to,text")
    assert smslab.segment_file("head.csv", "out.csv").rows == 0
    Path("marks.csv").write_bytes(b"\xef\xbb\xbf" * 2 + b"code,text\n007,a\n")
    smslab.segment_file("marks.csv", "out.csv")
    assert pd.read_csv("out.csv", dtype="str")["code"].tolist() == ["007"]


def test_json_lines_are_exact(tmp_path):
    lines = [
        '{"text": "a", "n": 1.10, "b": 123456789012345678901, "l": [1.10, {"x": null}], "t": true}',
        '{"text": "b", "n": 1e400, "b": null, "l": [], "t": null}',
        '{"text": ["c"], "n": 1, "b": 2, "l": [], "t": null}',
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    report = smslab.segment_file(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert first["n"] == "1.10"
    assert first["b"] == "123456789012345678901"
    assert first["l"] == '[1.10, {"x": null}]'
    assert (first["t"], second["n"], second["b"]) == ("true", "1e400", None)
    assert report.unreadable["problem"].tolist() == [
        "has a list or an object where 'text' is a text"
    ]
    moment = pd.Timestamp("2026-11-26 10:00:20.123456789")
    table = pa.table(
        {
            "text": ["a", "b"],
            "f": [0.1234567890123456, 1e-12],
            "odd": [float("nan"), float("inf")],
            "list": [[float("inf")], [0.5]],
            "s": pa.array([dt.datetime(2026, 11, 26, 10), None], pa.timestamp("s", "UTC")),
            "ns": pa.array([moment, None], pa.timestamp("ns")),
            "d": pa.array([dt.date(2026, 1, 2), None]),
            "id": pa.array([[2**53 + 1, None], [1]], pa.list_(pa.int64())),
            "u": pa.array([b"0123456789abcdef", None], pa.binary(16)),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    smslab.segment_file(tmp_path / "in.parquet", tmp_path / "out.jsonl")
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert (first["f"], second["f"]) == (0.1234567890123456, 1e-12)
    assert (first["odd"], second["odd"]) == (None, None)
    assert (first["list"], second["list"]) == ([None], [0.5])
    assert first["s"] == "2026-11-26T10:00:00.000Z"
    assert first["ns"] == "2026-11-26T10:00:20.123456789"
    assert (first["d"], second["d"]) == ("2026-01-02", None)
    assert first["id"] == [2**53 + 1, None]
    assert first["u"] == b"0123456789abcdef".hex()
    smslab.segment_file(tmp_path / "in.parquet", tmp_path / "out.csv")
    assert b"0123456789abcdef".hex() in (tmp_path / "out.csv").read_text()
    pq.write_table(pa.table([["a"], [1], [2]], names=["text", "n", "n"]), tmp_path / "in.parquet")
    with pytest.raises(InputError, match="two columns are called 'n'"):
        smslab.segment_file(tmp_path / "in.parquet", tmp_path / "out.jsonl")


def test_parquet_that_is_no_utf8(tmp_path):
    bad = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff")]
    )
    pq.write_table(pa.table({"text": ["a"], "x": bad}), tmp_path / "in.parquet")
    for kind in ("csv", "jsonl", "xlsx"):
        with pytest.raises(InputError, match=r"not a whole and valid Parquet file.*UTF8"):
            smslab.segment_file(tmp_path / "in.parquet", tmp_path / f"out.{kind}")
    assert os.listdir(tmp_path) == ["in.parquet"]


def test_a_template_does_not_depend_on_batches(tmp_path):
    table = pa.table({"to": [12025550101, 12025550102, 12025550103], "price": [5.0, 2.5, 1e20]})
    pq.write_table(table, tmp_path / "in.parquet")
    for rows in (1, 2, 3):
        smslab.prepare_file(
            tmp_path / "in.parquet", tmp_path / "out.csv", template="{price}", batch_rows=rows
        )
        found = pd.read_csv(tmp_path / "out.csv", dtype="str")["sms_text"]
        assert found.tolist() == ["5", "2.5", "1e+20"]


def test_what_cannot_be_added_up_by(listed, capsys):
    write(listed, "list.csv")
    with pytest.raises(OptionError, match="'segments' cannot be added up by"):
        smslab.cost_file("list.csv", by="segments")
    assert "encoding" in smslab.cost_file("list.csv", by="encoding").report
    assert main(["cost", "list.csv", "--by", "country,country"]) == 0
    assert main(["cost", "list.csv", "--by", "country", "-o", "out.jsonl"]) == 2
    assert "sums go into .csv or .parquet" in capsys.readouterr().err
