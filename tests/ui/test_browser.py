"""What a person sees: the inspector in Voila, and the report, both in a real browser."""

import time
from pathlib import Path

import pandas as pd
import pytest

import smslab

pytestmark = pytest.mark.ui

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PICTURE = "img[src^='blob:']"
PICTURE_CHANGES = "before => document.querySelector(\"img[src^='blob:']\").src !== before"

NASTY = "<script>document.title = 'run'</script><img src=x onerror=\"document.title='run'\"> ’"


def test_inspector_counts_while_typing(page, voila):
    page.goto(voila("import smslab\nsmslab.widgets.message_inspector('Hello')"))
    box = page.locator("textarea")
    count = page.locator(".smslab-count")
    box.wait_for(timeout=60_000)
    assert "GSM-7, 5 characters, 5 units, 1 segment" in count.inner_text()
    begin = time.perf_counter()
    box.fill("a" * 161)
    page.get_by_text("2 segments").wait_for()
    print(f"inspector: text to count {time.perf_counter() - begin:.2f} s")
    box.fill("Don’t miss it")
    page.get_by_text("RIGHT SINGLE QUOTATION MARK").wait_for()
    assert page.locator("mark.smslab-culprit").inner_text() == "’"
    box.fill(NASTY)
    page.get_by_text(f"{len(NASTY)} characters").wait_for()
    assert "".join(page.locator("td:nth-child(2)").all_inner_texts()) == NASTY
    assert page.title() != "run"
    # Voila itself asks for its icon font; nothing of ours leaves the machine.
    assert not [url for url in page.outside if "fontawesome" not in url]


def test_report_shows_pictures_and_nasty_text_as_text(page, tmp_path):
    table = pd.DataFrame(
        {"text": ["Hello"] * 500 + [NASTY], "to": ["+12025550123"] * 500 + ["no number"]}
    )
    plan = smslab.forecast(table, smslab.scenarios.load(), replications=2, rng=1)
    plan.to_html(tmp_path / "report.html")
    page.goto((tmp_path / "report.html").as_uri())
    assert page.title() == "Forecast of campaign"
    assert page.locator("h1").inner_text() == "Forecast of campaign: 501 messages"
    widths = page.locator("img").evaluate_all("images => images.map(i => i.naturalWidth)")
    assert len(widths) == 5
    assert min(widths) > 100
    assert "<script>" in page.locator("table.rows").inner_text()
    assert not page.outside


def test_planner_moves_with_its_sliders(page, voila):
    page.goto(voila("import smslab\nsmslab.widgets.capacity_planner()"))
    goals = page.locator(".smslab-goal").first
    goals.wait_for(timeout=60_000)
    assert goals.inner_text() == "✓ met"
    table, picture = page.locator("table").first, page.locator(PICTURE)
    handle = page.locator(".widget-slider:visible .noUi-handle").first

    def moved():
        before = picture.get_attribute("src"), table.inner_text()
        handle.focus()
        begin = time.perf_counter()
        handle.press("ArrowRight")
        page.wait_for_function(PICTURE_CHANGES, arg=before[0], timeout=20_000)
        taken = time.perf_counter() - begin
        assert table.inner_text() != before[1]
        return taken

    moved()
    page.get_by_role("button", name="Find the least that does").click()
    page.get_by_text("all goals met in 20 of 20 campaigns").wait_for(timeout=60_000)
    page.get_by_role("button", name="Find the least that does").click()
    page.get_by_role("button", name="Cancel").click()
    page.locator("button:not([disabled]):has-text('Find the least')").wait_for(timeout=30_000)
    messages = page.get_by_label("Messages")
    messages.fill("1000000")
    messages.press("Enter")
    page.locator("td", has_text="1,000,000, ").wait_for(timeout=20_000)
    times = sorted(moved() for _ in range(5))
    print(
        f"planner, 1,000,000 messages: slider to picture {times[2]:.2f} s ({times[-1]:.2f} at most)"
    )
    messages.fill("0")
    messages.press("Enter")
    page.get_by_text("no messages to send").wait_for(timeout=20_000)
    assert not [url for url in page.outside if "fontawesome" not in url]


def upload(page, path, button="Upload a list"):
    with page.expect_file_chooser() as chooser:
        page.locator("button:visible", has_text=button).click()
    chooser.value.set_files(path)


def test_dashboard(page, dashboard, tmp_path):
    (tmp_path / "list.csv").write_text(
        f'text,to\n"{NASTY.replace(chr(34), chr(39))}",+12025550123\nHello,+4930123456\n'
    )
    (tmp_path / "wrong.csv").write_bytes(b"PK\x03\x04 an Excel file")
    begin = time.perf_counter()
    page.goto(dashboard())
    tab = page.get_by_role("tab", name="Message")
    tab.wait_for(timeout=60_000)
    page.locator("textarea").first.wait_for()
    painted = time.perf_counter() - begin
    page.locator("textarea").first.fill("a" * 161)
    page.get_by_text("2 segments").wait_for()
    page.get_by_role("tab", name="Campaign").click()
    upload(page, tmp_path / "wrong.csv")
    page.locator("[role=alert]").wait_for()
    assert "wrong.csv" in page.locator("[role=alert]").inner_text()
    upload(page, tmp_path / "list.csv")
    page.get_by_text("The list has 2 rows").wait_for()
    page.get_by_role("button", name="Forecast").click()
    page.get_by_text("2 in the list").wait_for(timeout=30_000)
    assert page.title() != "run"
    page.get_by_role("tab", name="Capacity").click()
    page.get_by_text("By the fluid model").wait_for()
    run = smslab.simulate(smslab.scenarios.load("alerts"), rng=1)
    smslab.write_log(run, tmp_path / "log.csv", "smslab")
    page.get_by_role("tab", name="Delivery").click()
    upload(page, tmp_path / "log.csv", "Upload a log")
    states = page.locator(".smslab-states")
    states.wait_for(timeout=30_000)
    assert "delivered" in states.inner_text()
    print(f"first paint of the dashboard {painted:.1f} s")
    assert not [url for url in page.outside if "fontawesome" not in url]
    for name in ("Message", "Campaign", "Capacity", "Delivery", "Calibration"):
        page.get_by_role("tab", name=name).click()
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)


def test_a_list_that_is_too_large(page, dashboard, tmp_path):
    large = tmp_path / "large.csv"
    large.write_bytes(b"text\n" + b"Hello, half price on everything today\n" * 2_700_000)
    page.goto(dashboard())
    page.get_by_role("tab", name="Campaign").click(timeout=60_000)
    upload(page, large)
    page.locator("[role=alert]").wait_for(timeout=60_000)
    assert "can be uploaded; read it from the disk" in page.locator("[role=alert]").inner_text()


def test_explorer_in_a_notebook(page, lab):
    lab(NOTEBOOKS / "04_simulation.ipynb")
    states = page.locator(".smslab-states")
    states.wait_for(timeout=120_000)
    states.scroll_into_view_if_needed()
    before = states.inner_text(), page.locator(PICTURE).get_attribute("src")
    handle = page.locator(".widget-slider:visible .noUi-handle").first
    handle.focus()
    handle.press("Home")
    page.wait_for_function(PICTURE_CHANGES, arg=before[1], timeout=20_000)
    assert states.inner_text() != before[0]
    assert not page.outside
