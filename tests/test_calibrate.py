import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

import smslab
from smslab.errors import InputError, OptionError
from smslab.fields import replaced
from smslab.fitting import PARAMETERS
from smslab.scenario import Campaign, Carrier, Conversation, Poisson, Scenario, Sender
from smslab.supply import Causes

TRUTH = Scenario(
    start=dt.datetime(2026, 11, 25, 10, tzinfo=dt.UTC),
    traffic=(
        Campaign(
            name="offers",
            messages=12_000,
            segment_shares=(0.7, 0.3),
            sender="12025550100",
            conversation=Conversation(
                reply_share=0.1, stop_share=0.3, help_share=0.1, answered=False
            ),
        ),
        Poisson(name="codes", rate_per_s=2, duration_s=5400, sender="12025550101"),
    ),
    senders=(Sender(name="12025550100", mps=40), Sender(name="12025550101", mps=None)),
    carriers=(
        Carrier(
            first_attempt=0.85,
            permanent_failure=0.08,
            receipt_missing=0.05,
            latency_median_s=5,
            latency_sigma=0.8,
            away_mean_s=2400,
            receipt_median_s=3,
            receipt_sigma=0.5,
            validity_h=2,
            causes=Causes(invalid_number=0.5, filtered=0.3, blocked=0.1, unknown=0.1),
        ),
    ),
)


def value_of(scenario, path):
    item = scenario
    for part in path.replace("]", "").replace("[", ".").split("."):
        item = item[int(part)] if part.isdecimal() else getattr(item, part)
    return item


def inside(found, truth):
    """Say by parameter whether its interval holds the truth."""
    table = found.parameters
    table = table[table["low"].notna()]
    held = {}
    for path, row in table.iterrows():
        true = value_of(truth, path)
        held[path] = row["low"] - 1e-9 <= true <= row["high"] + 1e-9
    return held


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "log.csv"
    smslab.write_log(smslab.simulate(TRUTH, rng=11), path, "plivo-callbacks")
    return smslab.calibrate(smslab.read_log(path), until="2026-11-28T10:00:00+00:00")


def test_a_scenario_comes_back_from_its_log(found):
    # Callbacks name no campaign: offers and codes cannot be told apart, and are one traffic.
    table = found.parameters
    carriers = table[table.index.str.startswith("carriers")]
    held = {
        path: row["low"] <= value_of(TRUTH, path) <= row["high"]
        for path, row in carriers[carriers["low"].notna()].iterrows()
    }
    assert {path.rpartition(".")[2] for path in held} >= {*PARAMETERS, "filtered", "blocked"}
    # Of a dozen 95 % intervals one or two may miss.
    assert sum(held.values()) >= len(held) - 2, held
    assert table.loc["carriers[0].validity_h", "value"] == pytest.approx(2, rel=1e-3)
    assert table.loc["senders[0].mps", "value"] == pytest.approx(40, rel=1e-3)
    assert found.scenario.senders[1].mps is None
    width = table["high"] - table["low"]
    assert width["carriers[0].first_attempt"] < 0.02
    assert width["carriers[0].latency_median_s"] < 0.6


def test_campaigns_that_the_log_names_come_back(tmp_path):
    smslab.write_log(smslab.simulate(TRUTH, rng=12), tmp_path / "log.parquet")
    found = smslab.calibrate(smslab.read_log(tmp_path / "log.parquet"))
    offers, codes = sorted(found.scenario.traffic, key=lambda t: t.kind)
    assert (offers.name, offers.messages, offers.sender) == ("offers", 12_000, "12025550100")
    assert codes.duration_s == pytest.approx(5400, rel=0.01)
    names = [traffic.name for traffic in found.scenario.traffic]
    order = [("offers", "codes").index(name) for name in names]
    truth = replaced(TRUTH, "traffic", tuple(TRUTH.traffic[place] for place in order))
    places = [s.name for s in found.scenario.senders]
    truth = replaced(
        truth, "senders", tuple(s for n in places for s in TRUTH.senders if s.name == n)
    )
    held = inside(found, truth)
    assert sum(held.values()) >= len(held) - 2, held
    assert f"traffic[{names.index('codes')}].rate_per_s" in held
    assert f"traffic[{names.index('offers')}].conversation.stop_share" in held


def test_its_scenario_simulates_and_agrees(tmp_path):
    smslab.write_log(smslab.simulate(TRUTH, rng=13), tmp_path / "log.parquet")
    log = smslab.read_log(tmp_path / "log.parquet")
    found = smslab.calibrate(log, until="2026-11-28T10:00:00+00:00")
    found.scenario.to_toml(tmp_path / "s.toml")
    again = Scenario.from_toml(tmp_path / "s.toml")
    assert again == found.scenario
    table = found.compare(rng=1)
    assert table["agree"].dropna().mean() > 0.8
    assert abs(table.loc["delivered", "difference"]) < 0.02
    assert table.loc["network_p50", "agree"]


def test_differences_show():
    other = replaced(TRUTH, "carriers[0].permanent_failure", 0.02)
    table = smslab.differences(smslab.simulate(other, rng=1), smslab.simulate(TRUTH, rng=1))
    assert not table.loc["undelivered", "agree"]
    assert table.loc["undelivered", "difference"] == pytest.approx(-0.06, abs=0.01)
    assert table.loc["wait_p50", "agree"]


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:00Z", "%Y-%m-%dT%H:%M:%SZ"])
def test_rounded_times_are_not_taken_at_their_word(tmp_path, form):
    truth = replaced(TRUTH, "carriers[0].latency_median_s", 20.0)
    smslab.write_log(smslab.simulate(truth, rng=5), tmp_path / "log.csv")
    table = pd.read_csv(tmp_path / "log.csv", dtype=str)
    for name in ("queued", "sent", "final", "receipt"):
        times = pd.to_datetime(table[name], format="ISO8601")
        table[name] = times.dt.strftime(form)
    log = smslab.read_log(table)
    minutes = ":00Z" in form
    assert log.resolution_s["final"] == (60 if minutes else 1)
    found = smslab.calibrate(log, until="2026-11-28T10:00:00+00:00")
    delay = found.parameters.loc["carriers[0].latency_median_s"]
    wide = 3 if minutes else 1
    middle, half = delay["value"], (delay["high"] - delay["low"]) / 2
    assert abs(middle - 20) <= wide * half
    # Taken at their word, delays of whole minutes would have a median of 0.
    if minutes:
        delays = log.messages["final_s"] - log.messages["sent_s"]
        assert delays[log.messages["status"] == "delivered"].median() in (0, 60)


def test_smpp_receipts_tell_when_the_handset_had_it(tmp_path):
    run = smslab.simulate(TRUTH, rng=6)
    start = pd.Timestamp(TRUTH.start)
    frame = run.messages[run.messages["receipt_s"].notna() & (run.messages["status"] != "failed")]
    words = {"delivered": "DELIVRD", "undelivered": "UNDELIV", "expired": "EXPIRED"}
    lines = [
        f"id:{row.Index} sub:001 dlvrd:001 submit date:"
        f"{start + pd.Timedelta(seconds=row.sent_s):%y%m%d%H%M%S} done date:"
        f"{start + pd.Timedelta(seconds=row.final_s):%y%m%d%H%M%S} stat:{words[row.status]} err:000"
        for row in frame.itertuples()
    ]
    (tmp_path / "receipts.txt").write_text("\n".join(lines))
    found = smslab.calibrate(smslab.read_log(tmp_path / "receipts.txt"))
    delay = found.parameters.loc["carriers[0].latency_median_s"]
    assert delay["low"] - 0.1 <= 5 <= delay["high"] + 0.1
    assert "carriers[0].receipt_median_s" not in found.parameters.index
    assert found.scenario.carriers[0].receipt_median_s == Carrier().receipt_median_s


def test_a_log_without_times_of_sending(tmp_path):
    smslab.write_log(smslab.simulate(TRUTH, rng=7), tmp_path / "log.csv", "plivo")
    found = smslab.calibrate(smslab.read_log(tmp_path / "log.csv"))
    assert any("no times of sending" in note for note in found.notes)
    failure = found.parameters.loc["carriers[0].permanent_failure"]
    # What expired has a code of its own: it is not taken for a failure for good.
    assert failure["value"] == pytest.approx(0.08, abs=0.01)
    assert found.scenario.senders[0].mps is None


def test_busy_hours_come_back():
    truth = Scenario(
        traffic=(
            Poisson(name="codes", rate_per_s=1, duration_s=6 * 3600, profile=(1, 3, 1, 0.2, 1, 1)),
        ),
        senders=(Sender(mps=None),),
    )
    found = smslab.calibrate(smslab.simulate(truth, rng=1))
    (codes,) = found.scenario.traffic
    assert np.allclose(np.array(codes.profile) * 3, (1, 3, 1, 0.2, 1, 1), atol=0.15)
    again = smslab.simulate(found.scenario, rng=2)
    assert len(again) == pytest.approx(6 * 3600, rel=0.03)


def test_several_carriers_and_small_ones():
    truth = Scenario(
        traffic=(Campaign(messages=6000),),
        senders=(Sender(mps=None),),
        carriers=(
            Carrier(name="A", share=0.6, permanent_failure=0.1, first_attempt=0.85),
            Carrier(name="B", share=0.39),
            Carrier(name="C", share=0.01),
        ),
    )
    found = smslab.calibrate(smslab.simulate(truth, rng=1))
    names = [carrier.name for carrier in found.scenario.carriers]
    assert names == ["A", "B", "Other"]
    share = found.parameters.loc["carriers[0].share"]
    assert share["low"] <= 0.6 <= share["high"]
    assert found.scenario.carriers[0].permanent_failure == pytest.approx(0.1, abs=0.02)
    assert set(found.delays["carrier"]) == set(names)
    fit = found.delays.groupby("carrier")[["observed", "expected"]].sum()
    assert np.allclose(fit["observed"], fit["expected"], rtol=0.02)


def test_nothing_to_learn_from():
    empty = smslab.simulate(Scenario(traffic=(Campaign(messages=0),)), rng=1)
    with pytest.raises(InputError, match="no messages that were to be sent"):
        smslab.calibrate(empty)
    one = smslab.simulate(Scenario(traffic=(Campaign(messages=1),)), rng=1)
    assert smslab.calibrate(one).scenario.traffic[0].messages == 1
    with pytest.raises(InputError, match="until needs a log that knows when it begins"):
        smslab.calibrate(one, until="2026-11-25")
    dated = smslab.simulate(replaced(TRUTH, "traffic", (Campaign(messages=5, sender=None),)), rng=1)
    with pytest.raises(InputError, match="until must be a time with its zone"):
        smslab.calibrate(dated, until="2026-11-25T10:00:00")


def test_words(found):
    text = found.summary()
    assert "carriers[0].first_attempt" in text
    assert "<ul>" in found._repr_html_()
    assert not math.isnan(found.parameters.loc["carriers[0].away_mean_s", "low"])


def log_of(sent_s, delay_s, status, form="%Y-%m-%dT%H:%M:%S.%fZ"):
    """Return a log of messages by when they were sent, and how long after came which status."""
    sent = pd.Series(pd.Timestamp("2026-11-25T10:00Z") + pd.to_timedelta(sent_s, unit="s"))
    final = sent + pd.to_timedelta(np.broadcast_to(delay_s, len(sent)), unit="s")
    times = {"queued": sent, "sent": sent, "final": final, "receipt": final}
    columns = {name: time.dt.strftime(form).fillna("") for name, time in times.items()}
    rows = {"message": range(len(sent)), "campaign": "offers", "reason": "", "segments": 1}
    return smslab.read_log(pd.DataFrame(rows | columns | {"status": status}))


def calibrated(*args, **kwargs):
    """Calibrate from such a log, and return it with its first carrier and the notes together."""
    found = smslab.calibrate(log_of(*args, **kwargs))
    table = found.parameters
    width = (table["high"] - table["low"]).dropna()
    assert (width > 0).all(), table
    smslab.simulate(found.scenario, rng=1)
    return found, found.scenario.carriers[0], "\n".join(found.notes)


SENT_S = np.arange(3000.0)
LATENCY = ("latency_median_s", "latency_sigma")


@pytest.mark.parametrize(
    ("delay_s", "form"),
    [
        (0.0, "%Y-%m-%dT%H:%M:00Z"),
        (5.0, "%Y-%m-%dT%H:%M:%SZ"),
        (5.25, "%Y-%m-%dT%H:%M:%S.%fZ"),
        (-5.0, "%Y-%m-%dT%H:%M:%S.%fZ"),
        (100_000.0, "%Y-%m-%dT%H:%M:%S.%fZ"),
    ],
)
def test_what_equal_delays_do_not_tell_is_as_in_the_base(delay_s, form):
    found, carrier, notes = calibrated(SENT_S // 60 * 60, delay_s, "delivered", form)
    for name in LATENCY:
        path = f"carriers[0].{name}"
        if path not in found.parameters.index:
            assert getattr(carrier, name) == getattr(Carrier(), name)
            assert f"{path}: not told by this log: as in the base" in notes
    assert "carriers[0].latency_sigma" not in found.parameters.index


def test_a_log_in_which_nothing_has_ended():
    found, carrier, notes = calibrated(SENT_S, np.nan, "sent")
    assert "no message has a final status: all is as in the base" in notes
    assert not found.parameters.index.str.startswith("carriers").any()
    assert carrier.receipt_missing == Carrier().receipt_missing


@pytest.mark.parametrize(
    ("status", "share"), [("delivered", 1), ("undelivered", 0), ("expired", 0), ("failed", None)]
)
@pytest.mark.parametrize("rows", [1, 2, 300])
def test_all_messages_ended_alike(status, share, rows):
    found, _, notes = calibrated(SENT_S[:rows], 7.0, status)
    if share is None:
        assert f"{rows} messages failed before a carrier had them" in notes
        return
    row = found.parameters.loc["carriers[0].first_attempt"]
    assert row["value"] == share
    assert row["low"] <= share <= row["high"]
    failing = found.parameters.loc["carriers[0].permanent_failure"]
    assert failing["value"] == (status == "undelivered")
    assert failing["high"] - failing["low"] == pytest.approx(1.96**2 / (rows + 1.96**2), rel=1e-3)


def test_failed_messages_are_noted_with_their_count():
    status = np.array(["delivered"] * 3000, object)
    status[::10], status[5::50] = "undelivered", "failed"
    delay_s = np.random.default_rng(1).lognormal(2, 0.6, 3000)
    _, carrier, notes = calibrated(SENT_S, delay_s, status)
    assert "60 messages failed before a carrier had them" in notes
    assert carrier.permanent_failure == pytest.approx(300 / 2940, abs=1e-3)


def test_a_console_export_has_no_times_of_the_end():
    words = ["delivered"] * 80 + ["undelivered"] * 15 + ["sent"] * 5
    export = pd.DataFrame(
        {
            "From": "+12025550100",
            "To": "+12025550123",
            "Status": words,
            "SentDate": pd.date_range("2026-11-25T10:00Z", periods=100, freq="s").astype("str"),
            "NumSegments": 1,
            "Sid": [f"SM{n:032x}" for n in range(100)],
        }
    )
    found = smslab.calibrate(smslab.read_log(export))
    assert any("no times of final status: delays are those of the base" in n for n in found.notes)
    assert found.parameters.loc["carriers[0].permanent_failure", "value"] == 15 / 95
    assert found.parameters.loc["carriers[0].receipt_missing", "value"] == 0.05
    assert found.scenario.carriers[0].latency_median_s == Carrier().latency_median_s


def test_messages_without_a_time_of_their_end_are_noted():
    delay_s = np.random.default_rng(1).lognormal(2, 0.6, 3000)
    found, _, notes = calibrated(SENT_S, np.where(SENT_S < 7, np.nan, delay_s), "delivered")
    assert "carriers[0]: 7 messages without a time of sending or of their end" in notes
    assert found.parameters.loc["carriers[0].latency_median_s", "of"] == 2993


def test_how_long_a_log_may_go_on():
    for sent_s in ([0, 1e5, 4e5], [0, 1e7, 3.1e7], [0, 3.1e7], [0, 1.5e7, 3e7]):
        _, carrier, _ = calibrated(np.array(sent_s), 5.0, "delivered")
        assert carrier.first_attempt == 1
    for last in ("2035-01-01", "2067-01-01"):
        far = (pd.Timestamp(last) - pd.Timestamp("2026-11-25")).total_seconds()
        with pytest.raises(InputError, match="1 of 3 messages have times over a year after the fi"):
            calibrated(np.array([0, 1, far]), 5.0, "delivered")


def test_arguments_of_another_kind():
    log = log_of(SENT_S[:10], 5.0, "delivered")
    for confidence in (2, 0, "0.95", None):
        with pytest.raises(OptionError, match="confidence must be a number between 0 and 1"):
            smslab.calibrate(log, confidence=confidence)
    with pytest.raises(OptionError, match="base must be a Scenario"):
        smslab.calibrate(log, {"carriers": 1})
    for until in (5, [5], "soon"):
        with pytest.raises(InputError, match="until must be a time with its zone"):
            smslab.calibrate(log, until=until)
