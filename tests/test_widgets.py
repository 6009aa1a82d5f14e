"""Widgets without a browser: their pure renders, and the wiring around them."""

import importlib.util

import matplotlib.image
import pandas as pd
import pytest

import smslab
from smslab import dashboard
from smslab.cli import main
from smslab.errors import SmslabError
from smslab.scenario import Campaign, Scenario, Sender
from smslab.widgets import (
    calculator,
    campaign_calculator,
    capacity_planner,
    delivery_explorer,
    explorer,
    inspector,
    log_calibrator,
    message_inspector,
    planner,
    tabs,
)
from smslab.widgets.panel import Panel, Shown, Work
from smslab.widgets.upload import read_uploaded


def test_inspector_renders():
    shown = inspector.render("Don’t <b>miss</b> it [now]", "DE")
    assert shown.result.encoding == "UCS-2"
    assert "<b>miss" not in shown.page
    assert "&lt;b&gt;miss" in shown.page
    assert "U+2019" in shown.page
    assert "A thousand of these to DE: USD 112.00" in shown.page
    with pytest.raises(SmslabError, match="lone surrogate"):
        inspector.render("\ud800")


def test_typing_changes_the_result():
    widget = message_inspector()
    assert widget.result.segments == 1
    widget.text.value = "a" * 161
    assert widget.result.segments == 2
    assert "2 segments" in widget.page.value
    widget.text.value = "\ud83d"
    assert widget.result is None
    assert "lone surrogate" in widget.page.value
    assert "role='alert'" in widget.page.value


def test_repair_with_one_click():
    widget = message_inspector("Don’t miss it" + "x" * 60, "US")
    assert not widget.repair.disabled
    assert "; repaired USD" in widget.page.value
    widget.repair.click()
    assert widget.text.value.startswith("Don't")
    assert widget.result.encoding == "GSM-7"
    assert widget.repair.disabled


@pytest.mark.parametrize("text", ["", "[" * 90, "😀" * 80, "x" * 500])
def test_parts_join_to_the_text(text):
    assert "".join(message_inspector(text).result.parts) == text


def test_planner_renders(tmp_path):
    scenario = smslab.scenarios.load("marketing", **{"senders[0].numbers": 2})
    shown = planner.render(scenario.changed({"traffic[0].messages": 5000, "senders[0].mps": 3}))
    assert "✓ met" in shown.page
    (tmp_path / "shown.png").write_bytes(shown.picture)
    assert matplotlib.image.imread(tmp_path / "shown.png").shape[0] > 100
    assert "✗ missed" in planner.render(scenario.changed({"senders[0].mps": 0.1})).page
    assert "no messages" in planner.render(scenario.changed({"traffic[0].messages": 0})).page


def test_every_use_case_can_be_planned():
    widget = capacity_planner("parking")
    for name in widget.scenario.options:
        widget.scenario.value = name
        scenario, before = widget.chosen, smslab.scenarios.load(name)
        assert scenario.senders[0].numbers == before.senders[0].numbers
        assert scenario.senders[0].mps == pytest.approx(before.senders[0].mps or 1000, rel=0.01)
        assert (scenario.name, scenario.start) == (name, before.start)
        assert widget.run is widget.result
        assert widget.run.scenario == scenario
    assert "campaign" not in widget.scenario.options


def test_planner_shows_only_what_a_scenario_has():
    widget = capacity_planner("two_way_support")
    assert widget.messages.layout.display == "none"
    assert widget.agents.value == 18
    widget.agents.value = 13
    assert "✗ missed" in widget.page.value
    widget.work.run()
    widget.work.wait()
    (path,) = widget.plan.settings
    assert path.endswith(".conversation.agents")
    assert widget.run.scenario.traffic[1].conversation.agents == 13
    widget.scenario.value = "marketing"
    assert widget.agents.layout.display == "none"
    assert widget.messages.layout.display is None


def test_planner_takes_a_scenario_of_ones_own():
    own = Scenario(name="mine", traffic=(Campaign(messages=300),), senders=(Sender(mps=1),))
    widget = capacity_planner(own)
    assert widget.hour.layout.display == "none"
    assert widget.run.scenario == own
    with pytest.raises(SmslabError, match="Did you mean 'parking'"):
        capacity_planner("parkin")
    with pytest.raises(SmslabError, match="takes the messages of a list"):
        capacity_planner("campaign")


def test_sliders_change_the_result():
    widget = capacity_planner()
    widget.messages.value = 2000
    first = widget.page.value, widget.picture.value
    widget.numbers.value = 5
    assert widget.result.scenario.senders[0].numbers == 5
    assert (widget.page.value, widget.picture.value) != first
    widget.scenario.value = "salons"
    assert widget.result.scenario.name == "salons"
    assert widget.numbers.value == smslab.scenarios.load("salons").senders[0].numbers


def test_the_least_that_does():
    widget = capacity_planner()
    widget.messages.value, widget.mps.value = 20_000, 0.5
    widget.work.run()
    widget.work.wait()
    assert isinstance(widget.result, smslab.Plan)
    assert f"senders[10DLC].numbers = {widget.result.settings['senders[10DLC].numbers']}" in (
        widget.page.value
    )
    widget.numbers.value = 3
    assert isinstance(widget.result, smslab.Run)


def test_work_can_be_cancelled():
    done = []
    seen = []

    def begin():
        def work(progress):
            for turn in range(10**6):
                seen.append(turn)
                progress(turn, 10**6)
                if turn == 5:
                    button.cancel.click()

        return work

    button = Work("Go", begin, done.append)
    button.run()
    button.wait()
    assert done == [None]
    assert len(seen) == 7
    assert (button.start.disabled, button.cancel.disabled) == (False, True)


def test_errors_of_work_are_shown():
    done = []

    def fails(progress):
        raise ValueError("<b>")

    button = Work("Go", lambda: fails, done.append)
    button.run()
    button.wait()
    wrong = Work("Go", lambda: 1 / 0, done.append)
    wrong.run()
    assert [type(error) for error in done] == [ValueError, ZeroDivisionError]
    panel = Panel(lambda: fails(None), [])
    assert "ValueError: &lt;b&gt;" in panel.page.value
    assert panel.result is None
    panel.put(Shown(1, "fine"))
    assert (panel.result, "fine" in panel.page.value) == (1, True)


def test_calculator_renders():
    table = pd.DataFrame({"text": ["Don’t miss it" + "x" * 60] * 50, "to": ["+12025550123"] * 50})
    plain = calculator.render(calculator.Campaigned(table))
    smart = calculator.render(calculator.Campaigned(table, level="typographic"))
    assert plain.result.messages["segments"].sum() == 2 * smart.result.messages["segments"].sum()
    assert "50 in the list" in plain.page
    assert "<td>US</td>" in plain.page
    nasty = pd.DataFrame({"text": ["a"], "carrier": ["<script>"]})
    assert "<script>" not in calculator.render(calculator.Campaigned(nasty, "US")).page


def test_calculator_takes_pasted_texts_and_files():
    widget = campaign_calculator(country="DE")
    assert "press Forecast" in widget.page.value
    widget.work.run()
    assert "no list: upload one, or paste a text" in widget.page.value
    widget.texts.value = "Hello\n\nWorld\n"
    widget.work.run()
    widget.work.wait()
    assert widget.result.messages["text"].tolist() == ["Hello", "World"]
    assert widget.result.messages["country"].tolist() == ["DE", "DE"]
    listed = read_uploaded("my list.CSV", b"text,to\nHi,+12025550123\n", smslab.read_messages)
    assert listed["to"].tolist() == ["+12025550123"]
    assert campaign_calculator(listed).given.messages is listed
    widget.work.run()
    widget.work.cancel.click()
    widget.work.wait()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("list.doc", b"PK", "list.doc: unknown kind of file"),
        ("list.xlsx", b"PK", "list.xlsx: not a whole and valid workbook"),
        ("list.csv", b"PK\x03\x04\x00\xff", "list.csv: "),
        ("list.csv", b"", "list.csv: is empty"),
        ("list.csv", b"a,b\n1,2\n", "list.csv: no column looks like the text"),
        ("list.csv", b"x" * 100_000_001, "100,000,000 can be uploaded; read it from the disk"),
    ],
)
def test_uploads_that_cannot_be_read(name, content, says):
    with pytest.raises(SmslabError, match=says):
        read_uploaded(name, content, smslab.read_messages)


def test_all_together():
    together = tabs(pd.DataFrame({"text": ["Hello"]}))
    assert together.titles == (
        "Message",
        "Campaign",
        "Capacity",
        "Delivery",
        "Calibration",
    )


def test_dashboard_says_what_it_needs(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    with pytest.raises(SmslabError, match="port must be 1 to 65535; not 0"):
        dashboard.serve(0)
    with pytest.raises(SmslabError, match=r"nothing\.csv: cannot be read"):
        dashboard.serve(file=str(tmp_path / "nothing.csv"))
    calls = []
    monkeypatch.setattr(dashboard.subprocess, "call", lambda words, cwd: calls.append(words) or 0)
    (tmp_path / "list.csv").write_text("text\nHi\n")
    assert main(["dashboard", "--port", "9000", "--no-browser", str(tmp_path / "list.csv")]) == 0
    assert {"--port=9000", "--Voila.ip=127.0.0.1", "--no-browser"} <= set(calls[0])
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SmslabError, match=r"pip install 'smslab\[dashboard\]'"):
        dashboard.serve()


def test_calibrator_takes_a_log(tmp_path):
    scenario = Scenario(
        start=smslab.scenarios.load("marketing").start,
        traffic=(Campaign(messages=3000),),
        senders=(Sender(name="<b>", mps=10),),
    )
    run = smslab.simulate(scenario, rng=1)
    widget = log_calibrator()
    widget.work.run()
    assert "no log: upload one" in widget.page.value
    smslab.write_log(run, tmp_path / "log.csv", "smslab")
    log = read_uploaded("log.csv", (tmp_path / "log.csv").read_bytes(), smslab.read_log)
    widget = log_calibrator(log)
    widget.work.run()
    widget.work.wait()
    assert widget.result.scenario.senders[0].mps == pytest.approx(10, rel=0.01)
    assert "The scenario" in widget.page.value
    assert "<b>" not in widget.page.value
    assert bytes(widget.picture.value).startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def outage():
    return smslab.simulate(smslab.scenarios.load("carrier_outage"), rng=1)


def test_explorer_renders(outage, tmp_path):
    shown = explorer.render(outage, 0.05)
    assert shown.result.sum() - shown.result["read"] == len(outage)
    assert "Verizon" in shown.page
    assert "Did not arrive: " in shown.page
    assert bytes(shown.picture).startswith(b"\x89PNG")
    smslab.write_log(outage, tmp_path / "log.csv", "smslab")
    log = smslab.read_log(tmp_path / "log.csv")
    of_log = explorer.render(log, 1.0)
    assert of_log.result["to_come"] == 0
    assert of_log.result["failed"] == explorer.render(outage, 1.0).result["failed"]


def test_the_time_slider_moves_the_states(outage):
    widget = delivery_explorer()
    assert "Upload a provider's log" in widget.page.value
    widget = delivery_explorer(outage)
    last = widget.result["delivered"], widget.picture.value
    widget.time.value = 10
    assert widget.result["delivered"] < last[0]
    assert widget.picture.value != last[1]


def test_states_of_a_log_without_all_times():
    frame = pd.DataFrame(
        {
            "id": ["a", "b", "c"],
            "to": ["+12025550123"] * 3,
            "status": ["delivered", "delivered", "sent"],
            "segments": [1, 1, 1],
            "queued": [None, None, None],
            "sent": ["2026-11-26T00:00:00Z", None, "2026-11-26T00:01:00Z"],
            "final": ["2026-11-26T00:02:00Z", "2026-11-26T00:03:00Z", None],
        }
    )
    states = smslab.read_log(frame).states([0, 60, 180])
    assert states["sent"].tolist() == [1, 2, 1]
    assert states["delivered"].tolist() == [0, 0, 2]
    assert states["to_come"].tolist() == [2, 1, 0]
