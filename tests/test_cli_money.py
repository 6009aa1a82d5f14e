import datetime as dt

import pandas as pd
import pytest

import smslab
from smslab.cli import main
from smslab.scenario import Campaign, Carrier, Scenario, Sender


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("money")
    scenario = Scenario(
        start=dt.datetime(2026, 11, 25, 10, tzinfo=dt.UTC),
        traffic=(Campaign(messages=2000),),
        senders=(Sender(name="12025550100", mps=30),),
        carriers=(Carrier(permanent_failure=0.1, first_attempt=0.85),),
    )
    run = smslab.simulate(scenario, rng=1)
    card = smslab.RateCard.bundled()
    smslab.write_log(run, folder / "log.csv", "plivo-callbacks", rates=card, country="US")
    (folder / "list.csv").write_text(
        "text,to\nhello,+4930123456\nhello 😀,+12025550123\n,+12025550123\n", "utf-8"
    )
    (folder / "old.csv").write_text("country,price,currency\nUS,0.01,USD\nDE,0.1,USD\n")
    (folder / "new.csv").write_text("country,price,currency\nUS,0.01,USD\nDE,0.2,USD\n")
    return folder


@pytest.fixture
def run(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)

    def call(*words):
        status = main(list(words))
        output = capsys.readouterr()
        return status, output.out, output.err

    return call


def test_cost_of_a_list(run, folder):
    status, out, _ = run("cost", "list.csv", "--by", "country", "-o", "bill.csv")
    assert status == 0
    assert "USD 0.12 for 2 messages" in out
    assert "1 without a cost: empty text" in out
    table = pd.read_csv(folder / "bill.csv", index_col="country")
    assert table.loc["DE", "cost_micro"] == 112_000
    assert run("cost", "list.csv", "-o", "messages.parquet")[0] == 0
    assert len(pd.read_parquet(folder / "messages.parquet")) == 3


def test_cost_of_a_log(run):
    status, out, err = run("cost", "log.csv", "--log", "--country", "US")
    assert status == 0
    assert "the log says 23.60 for 2,000 of them, by the card 23.60 (+0.00)" in out
    assert "2,000 messages (plivo)" in err


def test_kpis_and_goals(run, folder):
    status, out, _ = run("kpis", "log.csv", "--goal", "delivered >= 80 %")
    assert (status, out.splitlines()[-1][:25]) == (0, "met       delivered >= 80")
    status, out, _ = run("kpis", "log.csv", "--goal", "delivered >= 99 %", "--freq", "1min")
    assert status == 1
    assert "missed" in out
    status, out, _ = run(
        "kpis", "log.csv", "--by", "sender", "-o", "kpis.csv", "--rates", "old.csv"
    )
    assert status == 0
    assert "delivered" in pd.read_csv(folder / "kpis.csv")["figure"].tolist()


def test_calibrate(run, folder):
    until = "2026-11-28T10:00Z"
    status, out, _ = run("calibrate", "log.csv", "-o", "S.toml", "--until", until)
    assert status == 0
    assert "carriers[0].permanent_failure" in out
    found = Scenario.from_toml(folder / "S.toml")
    assert found.carriers[0].permanent_failure == pytest.approx(0.1, abs=0.02)
    assert run("calibrate", "log.csv", "--base", "S.toml")[0] == 0


def test_compare_lists(run, folder):
    status, out, _ = run("rates", "compare", "old.csv", "new.csv", "-o", "drift.csv")
    assert status == 0
    assert "50.0% changed, 1 up, 0 down; median +100.0% of those" in out
    assert pd.read_csv(folder / "drift.csv")["change"].tolist() == [1, 0]
    _, out, _ = run("rates", "compare", "old.csv", "new.csv", "--messages", "list.csv")
    assert "the campaign: 0.11 -> 0.21 (+90.9%)" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["cost", "none.csv"], "none.csv: cannot be read"),
        (["cost", "list.csv", "--by", "contry"], "Did you mean 'country'"),
        (["cost", "list.csv", "-o", "list.csv"], "list.csv: unknown|would be written over"),
        (["cost", "list.csv", "--log"], "the columns are those of no log that is known"),
        (["kpis", "list.csv"], "the columns are those of no log that is known"),
        (["kpis", "log.csv", "--goal", "fast"], "a goal is a figure, a sign and a number"),
        (["kpis", "log.csv", "--format", "plvo"], "Did you mean 'plivo'"),
        (["kpis", "log.csv", "--by", "x"], "by must be some of"),
        (["calibrate", "log.csv", "-o", "log.csv"], "log.csv: would be written over"),
        (["calibrate", "log.csv", "--until", "noon"], "until must be a time"),
        (["rates", "compare", "old.csv", "list.csv"], "no column 'country'"),
    ],
)
def test_bad_input_is_one_line(run, words, says):
    status, _, err = run(*words)
    assert status == 2
    last = err.splitlines()[-1]
    assert last.startswith("smslab: ")
    assert any(part in last for part in says.split("|"))


def test_forecast_with_budget(run):
    status, out, _ = run(
        *("forecast", "list.csv", "--uncertain", "volume=0.9:1.3", "--budget", "0.1"),
        *("--by", "country", "--replications", "5"),
    )
    assert status == 0
    assert "Uncertain    volume" in out
    assert "Budget       USD" in out
    assert "country  messages" in out
    status, _, err = run("forecast", "list.csv", "--uncertain", "volume")
    assert status == 2
    assert "must be like volume=0.9:1.2" in err
