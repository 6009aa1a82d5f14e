import datetime as dt

import numpy as np
import pandas as pd
import pytest

import smslab
from smslab.errors import OptionError
from smslab.outcome import Status
from smslab.scenario import Campaign, Carrier, Conversation, Poisson, Scenario, Sender


@pytest.fixture(scope="module")
def run():
    scenario = Scenario(
        start=dt.datetime(2026, 11, 25, 9, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
        traffic=(
            Campaign(
                name="offers",
                messages=400,
                segment_shares=(0.5, 0.5),
                conversation=Conversation(reply_share=0.5, stop_share=0.3, help_share=0.2),
            ),
            Poisson(name="codes", rate_per_s=1, duration_s=60, validity_h=0.01),
        ),
        senders=(Sender(name="12025550100", mps=5),),
        carriers=(
            Carrier(first_attempt=0.7, permanent_failure=0.2, receipt_missing=0.1, validity_h=0.5),
        ),
    )
    return smslab.simulate(scenario, rng=1)


FORMATS = [
    *(("smslab", "log.csv"), ("smslab", "log.parquet"), ("plivo", "log.csv")),
    *(("plivo-callbacks", "log.csv"), ("twilio", "log.csv"), ("twilio-api", "log.jsonl")),
]


@pytest.mark.parametrize(("format", "name"), FORMATS)
def test_what_is_written_is_read_again(run, tmp_path, format, name):
    rates = smslab.RateCard.bundled()
    path = tmp_path / name
    smslab.write_log(run, path, format, rates=rates, country="US")
    log = smslab.read_log(path)
    assert log.format == format.partition("-")[0]
    assert log.problems.empty
    shown, found = run.ledger.observed(), log.ledger
    own = np.arange(len(shown))
    assert len(found) == len(shown) + (0 if format == "smslab" else (shown.replied_us >= 0).sum())
    assert (found.status[len(shown) :] == Status.RECEIVED).all()
    if format != "smslab":
        # These have no word of their own for it.
        shown.status[shown.status == Status.EXPIRED] = Status.UNDELIVERED
    assert (found.status[own] == shown.status).all()
    assert (found.segments[own] == shown.segments).all()
    assert (found.taken[own] == shown.taken).all()
    assert (found.keyword[own] == shown.keyword).all() or format.startswith("plivo")
    causes = pd.Series(found.reason[own][shown.reason > 0])
    assert (causes == shown.reason[shown.reason > 0]).mean() > 0.8
    rounding = 0 if format in ("smslab", "plivo", "plivo-callbacks") else 1_000_000
    times = ["queued", "sent", "final", "replied"]
    if format in ("plivo", "twilio"):
        times = {"plivo": ["queued", "replied"], "twilio": ["sent"]}[format]
    # The log begins at its first moment, and so does this run.
    for time in times:
        ours, theirs = getattr(shown, f"{time}_us"), getattr(found, f"{time}_us")[own]
        there = ours >= 0
        if time != "replied":
            assert ((theirs >= 0) == there).all(), time
        assert np.abs(theirs - ours)[there & (theirs >= 0)].max(initial=0) <= rounding, time
    money = smslab.cost(run, rates, country="US")
    charged = found.billed[own]
    assert np.allclose(charged, money.cost_micro / 1e6, atol=1e-6)
    again = tmp_path / f"again-{name}.csv"
    smslab.write_log(log, again)
    second = smslab.read_log(again)
    assert (second.ledger.status == found.status).all()


def test_own_format_keeps_everything(run, tmp_path):
    smslab.write_log(run, tmp_path / "log.parquet")
    first = smslab.read_log(tmp_path / "log.parquet")
    smslab.write_log(first, tmp_path / "log.csv")
    second = smslab.read_log(tmp_path / "log.csv")
    for name in ("status", "reason", "queued_s", "sent_s", "final_s", "reply", "segments"):
        left, right = first.messages[name], second.messages[name]
        pd.testing.assert_series_equal(left, right, check_categorical=False)


def test_formulas_are_texts(tmp_path):
    scenario = Scenario(
        start=dt.datetime(2026, 11, 25, tzinfo=dt.UTC),
        traffic=(Campaign(messages=2),),
        senders=(Sender(name="=cmd()"),),
    )
    smslab.write_log(smslab.simulate(scenario, rng=1), tmp_path / "log.csv", "twilio")
    text = (tmp_path / "log.csv").read_text()
    assert ",'=cmd()" in f",{text}".replace("\n", ",")
    assert "'+999" not in text


def test_what_cannot_be_written(run, tmp_path):
    with pytest.raises(OptionError, match="Did you mean 'plivo'"):
        smslab.write_log(run, tmp_path / "x.csv", "plvo")
    nowhen = smslab.simulate(Scenario(traffic=(Campaign(messages=1),)), rng=1)
    with pytest.raises(OptionError, match="give the scenario a start, or pass start="):
        smslab.write_log(nowhen, tmp_path / "x.csv")
    with pytest.raises(OptionError, match="with its zone"):
        smslab.write_log(nowhen, tmp_path / "x.csv", start=dt.datetime(2026, 1, 1))
    smslab.write_log(nowhen, tmp_path / "x.csv", start=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert len(smslab.read_log(tmp_path / "x.csv")) == 1


@pytest.mark.parametrize(("format", "name"), FORMATS)
def test_a_log_keeps_its_names_and_numbers(tmp_path, format, name):
    log = smslab.read_log(
        pd.DataFrame(
            {
                "sid": ["a", "b", "c"],
                "from": ["+1555", "+12025550101", "+1555"],
                "to": ["+12025550101", "+1555", "+12025550102"],
                "body": ["offer", "STOP", "offer"],
                "status": ["delivered", "received", "undelivered"],
                "direction": ["outbound-api", "inbound", "outbound-api"],
                "num_segments": 1,
                **dict.fromkeys(["date_created", "date_sent"], "2026-11-25T10:00:00Z"),
                "date_updated": "2026-11-25T10:00:05Z",
            }
        )
    )
    path = tmp_path / name
    smslab.write_log(log, path, format)
    again = smslab.read_log(path)
    assert len(again) == 3
    for column in ("id", "to", "sender", "status"):
        assert again.messages[column].tolist() == log.messages[column].tolist(), column
    if not format.startswith("plivo"):
        assert again.messages["text"].tolist() == ["offer", "STOP", "offer"]


@pytest.fixture
def mixed():
    return smslab.read_log(
        pd.DataFrame(
            {
                "sid": ["a", "b", "c"],
                "status": "delivered",
                "num_segments": 1,
                "date_sent": "2026-11-25T10:00:00Z",
                "price": ["-0.01", "-0.02", None],
                "price_unit": ["USD", "EUR", None],
            }
        )
    )


@pytest.mark.parametrize("format", ["plivo", "plivo-callbacks"])
def test_amounts_that_are_not_dollars_are_not_called_so(mixed, tmp_path, format):
    with pytest.raises(OptionError, match=r"amounts in USD; these are in EUR\. Write them as"):
        smslab.write_log(mixed, tmp_path / "log.csv", format)
    smslab.write_log(mixed, tmp_path / "log.csv", format, rates=smslab.RateCard.bundled())
    assert smslab.read_log(tmp_path / "log.csv").currencies.keys() <= {"USD"}


@pytest.mark.parametrize(("format", "name"), [f for f in FORMATS if "plivo" not in f[0]])
def test_each_charge_keeps_its_currency(mixed, tmp_path, format, name):
    smslab.write_log(mixed, tmp_path / name, format)
    again = smslab.read_log(tmp_path / name)
    assert again.messages["charge"].dropna().tolist() == [0.01, 0.02]
    assert again.messages["currency"].dropna().tolist() == ["USD", "EUR"]


def test_prices_of_a_card_are_in_its_currency(run, tmp_path):
    smslab.write_log(run, tmp_path / "log.csv", rates=smslab.RateCard.bundled(), country="US")
    assert smslab.read_log(tmp_path / "log.csv").currencies.keys() == {"USD"}


@pytest.mark.parametrize(("format", "name"), FORMATS)
def test_a_log_without_messages(run, tmp_path, format, name):
    smslab.write_log(run, tmp_path / "all.csv")
    table = pd.read_csv(tmp_path / "all.csv", dtype=str)
    smslab.write_log(smslab.read_log(table[:0]), tmp_path / name, format)
    again = smslab.read_log(tmp_path / name, format=format.partition("-")[0])
    assert len(again) == 0


@pytest.mark.parametrize(("format", "name"), [f for f in FORMATS if "plivo" not in f[0]])
def test_formulas_come_back_as_they_were(mixed, tmp_path, format, name):
    mixed.messages["text"] = ["=1+1", "@home", "'tis"]
    smslab.write_log(mixed, tmp_path / name, format)
    again = smslab.read_log(tmp_path / name)
    assert again.messages["text"].tolist() == ["=1+1", "@home", "'tis"]
    guarded = any("apostrophe before a formula: 2" in note for note in again.notes)
    assert guarded == name.endswith(".csv")
