import csv
import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import smslab
from smslab.cli import main


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        try:
            status = main([str(word) for word in words])
        except SystemExit as stop:
            status = stop.code
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


@pytest.fixture
def campaign(tmp_path):
    path = tmp_path / "campaign.csv"
    smslab.sample(300).to_csv(path, index=False)
    return path


def test_demo(run, tmp_path):
    status, out, err = run("demo", "--replications", 2)
    assert (status, err) == (0, "")
    first = [line.split()[0] for line in out.splitlines()[:4]]
    assert first == ["Encoding", "Cost", "Last", "Arrive"]
    page = (tmp_path / "report.html").read_text()
    assert page.count("<img") == 5
    rows = pd.read_csv(tmp_path / "report-messages.csv", keep_default_na=False)
    assert len(rows) == 2000
    assert (rows["problem"] != "").sum() == 12


def test_forecast_of_a_file_is_the_forecast_of_its_table(run, campaign, tmp_path):
    status, out, _ = run("forecast", campaign, "--seed", 3, "--replications", 4, "-o", "out")
    assert status == 0
    plan = smslab.forecast(
        smslab.read_messages(campaign), smslab.scenarios.load(), rng=3, replications=4
    )
    assert out.startswith(plan.summary())
    with (tmp_path / "out" / "report-messages.csv").open() as file:
        rows = list(csv.DictReader(file))
    total = sum(float(row["expected_cost_usd"] or 0) for row in rows)
    assert total == pytest.approx(plan.estimates.loc["cost", "value"])
    assert [row["row"] for row in rows] == [str(number) for number in range(1, 301)]


def test_same_seed_same_bytes(run, campaign, tmp_path):
    for folder in ("a", "b"):
        assert run("forecast", campaign, "--replications", 3, "-o", folder)[0] == 0
    for name in ("report.html", "report-messages.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_all_options(run, tmp_path):
    (tmp_path / "list.jsonl").write_text(
        "".join(json.dumps({"offer": "Hi", "cell": f"20255501{n}"}) + "\n" for n in range(10, 40))
    )
    (tmp_path / "card.csv").write_text("country,price,currency\nUS,0.5,CHF\n")
    (tmp_path / "s.toml").write_text("name = 'mine'\n[[traffic]]\nkind = 'campaign'\n")
    status, out, _ = run(
        *("forecast", "list.jsonl", "--text", "offer", "--to", "cell", "--country", "US"),
        *("--scenario", "s.toml", "--rates", "card.csv", "--replications", 2, "--seed", 9),
    )
    assert status == 0
    assert "CHF 15.00" in out
    assert "scenario 'mine', rates 'card', 2 replications" in out
    assert "Columns      text from 'offer', to from 'cell'\n" in out
    (tmp_path / "bare.csv").write_text("text,home\nHi,1\n")
    _, out, _ = run("forecast", "bare.csv", "--country", "US", "--replications", 1)
    assert "Columns      text from 'text'; no phone numbers\n" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["none.csv"], "none.csv: cannot be read"),
        (["latin.csv", "--encoding", "utf-8"], "latin.csv: is not utf-8"),
        (["list.csv", "--text", "txet"], "Did you mean 'text'"),
        (["list.csv", "--country", "Narnia"], "country must be an ISO 3166-1"),
        (["list.csv", "--scenario", "bad.toml"], "senders[0].msp: unknown field"),
        (["list.csv", "--rates", "bad.toml"], "no column 'country'"),
        (["list.csv", "--replications", "0"], "replications must be 1 or more"),
        (["list.csv", "--replications", "9" * 20], "replications must be 1 or more"),
        (["list.csv", "--seed", "-1"], "seed must be 0 or more"),
        (["list.csv", "--rates", ""], "cannot be read"),
        (["list.csv", "--scenario", ""], "cannot be read"),
        (["list.csv", "-o", "list.csv"], "cannot be written"),
        (["empty.csv"], "is empty"),
    ],
)
def test_bad_input_is_one_line_and_status_2(run, tmp_path, words, says):
    (tmp_path / "list.csv").write_text("text,to\nhello,+12025550123\n")
    (tmp_path / "latin.csv").write_bytes("text\nGrüße\n".encode("latin-1"))
    (tmp_path / "bad.toml").write_text("[[senders]]\nmsp = 1\n")
    (tmp_path / "empty.csv").write_text("")
    before = sorted(tmp_path.iterdir())
    status, out, err = run("forecast", *words)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert says in err
    assert sorted(tmp_path.iterdir()) == before


def test_inputs_are_never_written_over(run, campaign, tmp_path):
    source = tmp_path / "report-messages.csv"
    campaign.rename(source)
    before = source.read_bytes()
    status, _, err = run("forecast", source.name)
    assert status == 2
    assert "would be written over; choose another folder" in err
    assert source.read_bytes() == before


def test_a_terminal_that_knows_ascii_only(tmp_path):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "smslab", "demo", "--replications", "1", "-o", "é"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
    )
    assert "\\xe9/report.html" in done.stdout


def demo_into(stdout, folder, unbuffered):
    return subprocess.run(
        [sys.executable, "-m", "smslab", "demo", "--replications", "1"],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        check=False,
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_takes_nothing(tmp_path, unbuffered):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    with open("/dev/full", "w") as full:
        done = demo_into(full, tmp_path, unbuffered)
    assert done.returncode == 2
    assert done.stderr == "smslab: output: No space left on device\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves(tmp_path, unbuffered):
    read, write = os.pipe()
    os.close(read)
    done = demo_into(write, tmp_path, unbuffered)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_output():
    done = subprocess.run(
        [sys.executable, "-m", "smslab", "explain", "abc"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.close(1),
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "smslab: output: is closed\n")


@pytest.mark.parametrize("words", [[], ["forcast"], ["forecast"], ["demo", "--seed", "x"]])
def test_wrong_words(run, words):
    status, _, err = run(*words)
    assert status == 2
    assert err.startswith("smslab")
    assert err.endswith("--help\n")
    assert err.count("\n") == 1


def test_corpora_by_the_command_line(run, corpora):
    known = {"uci_sms_spam": "1.076", "tatoeba_multilingual": "1.019", "nus_sms_zh": "1.008"}
    paths = [path for path in corpora if path.stem in known]
    assert len(paths) == len(known)
    for path in paths:
        status, out, _ = run("forecast", path, "--country", "US", "--replications", 1)
        assert status == 0
        assert f"{known[path.stem]} a message" in out


def test_as_a_process():
    command = [sys.executable, "-m", "smslab", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"smslab {smslab.__version__}\n"


def test_help_imports_nothing_heavy():
    code = (
        "import sys, smslab.cli\n"
        "try: smslab.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([m for m in ('numpy', 'pandas', 'numba', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.csv"
    rows = ["It’s " * 15, "x" * 170, "=1+1", "Şifre ığ"]
    pd.DataFrame({"text": rows}).to_csv(path, index=False)
    return path


def test_segment_command(run, texts, tmp_path):
    status, out, err = run("segment", texts)
    assert status == 0
    assert err.startswith("4 rows, 6 segments\nGSM-7               2\nUCS-2               2\n")
    assert out.splitlines()[1].endswith('"UCS-2",,,75,75,2,59')
    assert run("segment", texts, "--languages", "tr", "-o", "out.parquet")[0] == 0
    frame = pd.read_parquet(tmp_path / "out.parquet")
    assert len(frame) == 4
    assert frame["sms_locking"].tolist()[3] == "tr"
    assert run("segment", texts, "--reference-bits", 16, "--no-concatenation")[0] == 0


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_encode_and_decode_commands_are_inverse(run, texts, tmp_path, kind):
    for more in ((), ("--packing", "unpacked"), ("--languages", "auto", "--reference", 7)):
        assert run("encode", texts, *more, "-o", f"parts.{kind}")[0] == 0
        packing = more[:2] if "unpacked" in more else ()
        status, _, err = run(
            "decode", f"parts.{kind}", *packing, "-o", f"back.{kind}", "--no-guard"
        )
        assert (status, err) == (0, "4 messages, 0 with a problem\n")
        read = pd.read_csv if kind == "csv" else pd.read_parquet
        back = read(tmp_path / f"back.{kind}")
        assert back["text"].tolist() == pd.read_csv(texts)["text"].tolist()
    _, out, _ = run("decode", f"parts.{kind}")
    assert "'=1+1" in out  # a spreadsheet would take it for a formula
    assert run("decode", f"parts.{kind}", "--by", "message")[0] == 0


def test_null_texts_come_back(run, tmp_path):
    (tmp_path / "n.jsonl").write_text('{"text": "a"}\n{"text": null}\n')
    assert run("encode", "n.jsonl", "-o", "p.csv")[0] == 0
    assert run("decode", "p.csv")[1].splitlines()[2].startswith("2,,")


def test_explain_command(run):
    status, out, _ = run("explain", "It’s " * 15)
    assert status == 0
    assert out.startswith("UCS-2, 75 characters")
    assert "level typographic: 1 segment" in out


def test_audit_command(run, texts, tmp_path):
    status, out, _ = run("audit", texts, "--price", 0.5)
    assert status == 0
    assert out.startswith("4 texts, 6 segments; 1 of them (16.7%) for 1 character, 0.50\n")
    assert run("audit", texts, "--country", "us", "-o", "a.csv")[0] == 0
    assert pd.read_csv(tmp_path / "a.csv")["character"].tolist() == ["’"]
    assert run("audit", texts, "--country", "us", "--price", 1)[0] == 2


def test_lint_command(run, texts, tmp_path):
    status, out, _ = run("lint", texts)
    assert status == 1
    lines = out.splitlines()
    assert lines[0] == (
        f"{texts}: row 1: 2 segments: position 2: U+2019 RIGHT SINGLE QUOTATION MARK: "
        'replace by "\'" (level typographic)'
    )
    assert lines[-1] == f"{texts}: row 2: 2 segments: shorten by 10 septets"
    assert run("lint", texts, "--max-segments", 2) == (0, "", "")
    assert run("lint", texts, "-o", "found.csv")[0] == 1
    assert len(pd.read_csv(tmp_path / "found.csv")) == len(lines)


def test_bench_command(run, texts):
    status, out, _ = run("bench", texts)
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()[2:5]] == ["segment", "segment,", "split"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("segment", "texts.csv", "--languages", "de"), "languages must be 'auto' or some of"),
        (("segment", "texts.csv", "--reference-bits", "7"), "reference_bits must be one of 8, 16"),
        (("segment", "texts.csv", "-o", "texts.csv"), "would be written over"),
        (("segment", "texts.csv", "-o", "out.xls"), "out.xls: can be read and not written"),
        (("encode", "texts.csv", "--packing", "zip"), "packing must be one of"),
        (("encode", "texts.csv", "--reference", "300"), "reference must be 0 to 255"),
        (("decode", "texts.csv"), "no column 'user_data'"),
        (("decode", "nothing.csv"), "cannot be read"),
        (("decode", "texts.doc"), "unknown kind of file"),
        (("lint", "texts.csv", "--max-segments", "0"), "max_segments must be 1 or more"),
        (("lint", "texts.csv", "--level", "max"), "level must be one of"),
    ],
    ids=str,
)
def test_text_commands_refuse_bad_input_in_one_line(run, texts, words, says):
    status, _, err = run(*words)
    assert status == 2
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ("0x,0,1,no", "row 1: user_data must be hexadecimal digits; not '0x'"),
        ("00,zero,1,no", "row 1: data_coding must be a whole number"),
        ("00,0,1.5,no", "row 1: udl must be a whole number"),
        (f"00,{'9' * 20},1,no", "row 1: data_coding must be a whole number"),
        ("00,0", "row 2 has 2 cells"),
        ("00,999,1,no", "data_coding must be 0 to 255"),
    ],
)
def test_decode_names_the_bad_cell(run, tmp_path, cells, says):
    (tmp_path / "p.csv").write_text(f"user_data,data_coding,udl,udhi\n{cells}\n")
    status, _, err = run("decode", "p.csv")
    assert status == 2
    assert says in err


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"user_data": [7]}, "column 'user_data' is int64; it must hold octets"),
        ({"data_coding": ["0"]}, "column 'data_coding' is string; it must hold whole numbers"),
        ({"list": [["a"]]}, "by: the values of column 'list' cannot tell"),
    ],
)
def test_decode_names_the_bad_column(run, tmp_path, columns, says):
    good = {"user_data": [b"a"], "data_coding": [0], "udl": [1], "udhi": [False]}
    pq.write_table(pa.table(good | columns), tmp_path / "p.parquet")
    by = ["--by", "list"] if "list" in columns else []
    status, _, err = run("decode", "p.parquet", *by)
    assert status == 2
    assert says in err


SCENARIO = """\
name = "lab"
[[traffic]]
kind = "campaign"
messages = 400
[[senders]]
mps = 10
"""


def test_simulate_command(run, tmp_path):
    (tmp_path / "s.toml").write_text(SCENARIO)
    status, out, _ = run("simulate", "s.toml", "--replications", 3)
    assert status == 0
    assert out.startswith("3 replications, 50.0 % intervals\nDelivered ")
    assert out == run("simulate", "s.toml", "--replications", 3, "--engine", "reference")[1]
    assert run("simulate", "s.toml", "--replications", 3, "-o", "out")[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("figures.csv", "messages.parquet", "series.csv", "simulation.png")
    ]
    rows = pd.read_parquet(tmp_path / "out" / "messages.parquet")
    assert len(rows) == 400
    assert (tmp_path / "out" / "simulation.png").read_bytes()[1:4] == b"PNG"
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    run("simulate", "s.toml", "--replications", 3, "-o", "out")
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}


def test_an_interrupt_stops_a_simulation_and_leaves_nothing(tmp_path):
    (tmp_path / "s.toml").write_text(SCENARIO.replace("400", "6_000_000"))
    # Tests that run in the background of a shell inherit that interrupts are ignored.
    code = (
        "import signal, sys; from smslab.cli import main;"
        "signal.signal(signal.SIGINT, signal.default_int_handler); sys.exit(main())"
    )
    command = [sys.executable, "-c", code, "simulate", "s.toml", "-o", "out"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(4)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err == "smslab: interrupted\n"
    assert [path.name for path in tmp_path.iterdir()] == ["s.toml"]


def test_verify_command(run, tmp_path):
    (tmp_path / "s.toml").write_text(SCENARIO)
    expected = (0, "400 messages: the engines agree in every row and column\n", "")
    assert run("verify", "s.toml") == expected


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["simulate", "none.toml"], "none.toml: cannot be read"),
        (["simulate", "s.toml", "--replications", "0"], "replications must be 1 or more"),
        (["simulate", "s.toml", "--engine", "fast"], "engine must be one of"),
        (["simulate", "s.toml", "--seed", "-1"], "seed must be 0 or more"),
        (["verify", "s.toml", "--messages", "0"], "n must be 1 or more"),
        (["verify", "list.toml"], "traffic[0].messages: missing"),
    ],
)
def test_simulation_commands_refuse_bad_input_in_one_line(run, tmp_path, words, says):
    (tmp_path / "s.toml").write_text(SCENARIO)
    (tmp_path / "list.toml").write_text("")
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
