"""The commands of planning, as they are typed."""

import pandas as pd
import pytest

import smslab
from smslab.cli import main
from smslab.scenario import Campaign, Hours, Scenario, Sender


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Scenario(
        name="burst",
        traffic=(Campaign(messages=3600),),
        senders=(Sender(mps=1),),
        goals=(smslab.Goal("last leaves <= 10 min"),),
    ).to_toml("burst.toml")
    Scenario(
        name="day",
        start=smslab.scenarios.load("marketing").start,
        traffic=(Campaign(messages=3600, allowed_hours=(Hours(from_h=9, to_h=20),)),),
        senders=(Sender(mps=1),),
    ).to_toml("day.toml")

    def call(*words):
        status = main(list(words))
        output = capsys.readouterr()
        return status, output.out, output.err

    return call


def test_plan(run):
    status, out, _ = run(
        *("plan", "burst.toml", "--vary", "senders[0].numbers=1:20", "-o", "tried.csv"),
        *("--cost", "senders[0].numbers=1.15", "--picture", "plan.png"),
    )
    assert status == 0
    assert out.startswith(
        "senders[0].numbers = 6: all goals met in 20 of 20 campaigns, cost 6.9 (next "
    )
    table = pd.read_csv("tried.csv")
    assert table.loc[table["chosen"], "cost"].tolist() == pytest.approx([6.9])
    with open("plan.png", "rb") as file:
        assert file.read(4) == b"\x89PNG"


def test_plan_with_goals_of_its_own(run):
    words = ("--goal", "campaign: last leaves <= 5 min", "--goal", "delivered >= 90 %")
    _, out, _ = run("plan", "burst.toml", "--vary", "senders[0].mps=1,2,4.5,12,60", *words)
    assert out.startswith("senders[0].mps = 12: all goals met")
    _, out, _ = run(
        "plan", "day.toml", "--vary", "senders[0].mps=0.5:3:0.5", "--goal", "last leaves <= 10:40"
    )
    assert out.startswith("senders[0].mps = 1.5: all goals met")


def test_plan_that_fails(run):
    status, out, _ = run("plan", "burst.toml", "--vary", "senders[0].mps=1:5")
    assert status == 1
    assert out.startswith("no allowed capacity meets every goal")


def test_plan_at_the_price_of_a_card(run):
    status, out, _ = run(
        *("plan", "marketing", "--vary", "senders[0].type=10dlc,short_code", "--rates", "bundled"),
        *("--replications", "19"),
    )
    assert status == 0
    assert out.startswith("senders[0].type = 10dlc: all goals met")


def test_latest_start(run):
    status, out, _ = run("plan", "day.toml", "--start", "-o", "curve.csv")
    assert status == 0
    assert "campaign: start at 2026-11-27 19:00 -0500 at the latest" in out
    assert "next_day" in pd.read_csv("curve.csv")
    assert run("plan", "day.toml", "--start", "campaign")[0] == 0


def test_check(run):
    status, out, _ = run("check", "burst.toml", "-o", "found.csv")
    assert (status, out.splitlines()[0]) == (0, "nothing found that does not fit")
    assert "last leaves after 1 h 0 min; sender sets the pace (fluid)" in out
    Scenario(traffic=(Campaign(messages=10**5),), senders=(Sender(mps=1),)).to_toml("big.toml")
    status, out, _ = run("check", "big.toml")
    assert status == 1
    assert "may wait 10 h: about 64 % fail" in out


def test_scenarios(run):
    status, out, _ = run("scenarios")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == smslab.scenarios.names()
    status, out, _ = run("scenarios", "parking", "-o", "mine.toml")
    assert smslab.scenarios.load("parking").about in out
    assert Scenario.from_toml("mine.toml") == smslab.scenarios.load("parking")
    assert run("simulate", "mine.toml", "--replications", "1")[0] == 0
    said = run("simulate", "parking", "--replications", "2")[1]
    assert "Delivered" in said
    assert "met       p95 answer <= 10 s (code): " in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("plan", "burst.toml"), "--vary says what is allowed"),
        (("plan", "burst.toml", "--vary", "senders[0].mps"), "--vary must be like"),
        (("plan", "burst.toml", "--vary", "senders[0].mps=5:1"), "--vary must be like"),
        (("plan", "burst.toml", "--vary", "senders[0].mps=1:x"), "--vary must be like"),
        (("plan", "burst.toml", "--vary", "senders[0].mps=1:9:0"), "--vary must be like"),
        (("plan", "burst.toml", "--vary", "senders[0].mps=0:1e9:0.1"), "more than 100,000"),
        (("plan", "burst.toml", "--vary", "senders[0].mpz=1:9"), "Did you mean 'mps'"),
        (("plan", "burst.toml", "--vary", "senders[0].mps=1:9", "--goal", "x"), "a goal is"),
        (("plan", "burst.toml", "--vary", "senders[0].mps=1:9", "--cost", "x"), "--cost must be"),
        (("plan", "burst.toml", "--vary", "senders[0].mps=1:9", "--seed", "-1"), "--seed must be"),
        (
            ("plan", "burst.toml", "--vary", "senders[0].mps=6:9", "-o", "burst.toml"),
            "would be written over",
        ),
        (
            ("plan", "burst.toml", "--vary", "senders[0].mps=6:9", "--picture", "plan.xyz"),
            "not supported",
        ),
        (("plan", "burst.toml", "--start", "--vary", "senders[0].mps=1:9"), "--start takes no"),
        (("plan", "burst.toml", "--start", "--cost", "x=1"), "--start takes no --cost"),
        (("plan", "burst.toml", "--start"), "start: missing"),
        (("plan", "nothing.toml", "--start"), "nothing.toml: cannot be read"),
        (("check", "markting"), "Did you mean 'marketing'"),
        (("scenarios", "markting"), "Did you mean 'marketing'"),
        (("scenarios", "-o", "x.toml"), "-o needs the name"),
        (("scenarios", "parking", "-o", "burst.toml"), "is there already"),
        (("scenarios", "parking", "-o", "no/where.toml"), "cannot be written"),
    ],
)
def test_bad_input(run, words, says):
    status, _, err = run(*words)
    assert status == 2
    assert says in err
    assert err.count("\n") == 1
