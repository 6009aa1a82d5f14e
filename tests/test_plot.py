from concurrent.futures import ThreadPoolExecutor

import contact_sheet
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from smslab import calibrate, plot, replicate, style
from smslab.errors import OptionError
from smslab.scenario import Campaign, Carrier, Scenario, Sender
from smslab.simulate import simulate

RUN = simulate(Scenario(traffic=(Campaign(messages=1000),), senders=(Sender(mps=1),)), rng=1)
NOTHING = simulate(
    Scenario(
        traffic=(Campaign(messages=3),),
        carriers=(Carrier(first_attempt=0, permanent_failure=1),),
    ),
    rng=1,
)
EMPTY = simulate(Scenario(traffic=(Campaign(messages=0),)), rng=1)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_backlog_falls_from_all_to_none():
    (line,) = plot.backlog(RUN).lines
    waiting = line.get_ydata()
    assert waiting[0] == 999  # the first leaves at once
    assert waiting[-1] == 0
    assert (np.diff(waiting) <= 0).all()
    assert line.axes.get_xlabel() == "time after the start (min)"


def test_deliveries_rise_to_the_share():
    ax = plot.deliveries(RUN)
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert list(lines) == ["sent", "landed", "read"]
    assert lines["sent"][-1] == 100
    assert lines["landed"][-1] == pytest.approx(100 * (RUN.status == 4).mean())
    assert all((np.diff(line) >= 0).all() for line in lines.values())


def test_delay_adds_up_to_all():
    ax = plot.delay(RUN)
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(100)


def test_states_fill_the_picture():
    ax = plot.states(RUN)
    tops = [area.get_paths()[0].vertices[:, 1].max() for area in ax.collections]
    assert max(tops) == pytest.approx(100)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0] == "delivered"
    assert "to come" not in labels


def test_throughput_and_utilisation():
    (line,) = plot.throughput(RUN).lines
    assert line.get_ydata()[:-1] == pytest.approx(1, rel=0.03)
    ax = plot.utilisation(RUN)
    assert ax.lines[0].get_ydata()[:-1] == pytest.approx(100, rel=0.03)
    assert ax.get_ylabel() == "% of the allowed rate"
    assert not plot.utilisation(RUN, kind="carrier").lines


def test_delay_by():
    ax = plot.delay_by(RUN)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Other"]
    delays = (RUN.messages["final_s"] - RUN.messages["queued_s"])[RUN.status == 4]
    assert ax.lines[0].get_xdata()[0] == pytest.approx(delays.median())


def test_fan_holds_the_middle():
    scenario = Scenario(traffic=(Campaign(messages=300),), senders=(Sender(mps=5),))
    many = replicate(scenario, 9, rng=1, uncertain={"senders[0].mps": (3, 9)})
    ax = plot.fan(many)
    (line,) = ax.lines
    times = line.get_xdata()[:95]
    assert (np.diff(times) >= 0).all()
    assert line.get_ydata()[-1] == 100
    ax.figure.canvas.draw()


@pytest.mark.parametrize(
    "draw",
    [
        *(plot.backlog, plot.deliveries, plot.delay, plot.states, plot.throughput),
        *(plot.utilisation, plot.delay_by),
    ],
)
@pytest.mark.parametrize("run", [RUN, NOTHING, EMPTY])
def test_draws_on_the_axes_that_it_gets(draw, run):
    _, ax = plt.subplots()
    assert draw(run, ax=ax) is ax
    ax.figure.canvas.draw()
    assert ax.get_title()
    assert ax.get_xlabel()
    assert ax.get_ylabel() or draw is plot.delay_by


def test_cost_by():
    money = pd.Series([1.0, 2.0, None, 4.0] * 20)
    by = pd.Series(["2 others", *(f"$\\foo{n}$" for n in range(79))], name="$\\foo$")
    ax = plot.cost_by(money, by, currency="$\\bar$", top=3)
    assert [text.get_text() for text in ax.texts] == [" 4.00", " 4.00", " 4.00", " 128.00"]
    assert len(ax.patches) == 4
    ax.figure.canvas.draw()
    nothing = plot.cost_by(pd.Series([], dtype="float64"), pd.Series([], name="x", dtype="str"))
    nothing.figure.canvas.draw()


def test_calibration_shows_the_log_and_the_model():
    truth = Scenario(
        traffic=(Campaign(messages=3000),),
        senders=(Sender(mps=None),),
        carriers=(Carrier(name="$x$"), Carrier(name="B", latency_median_s=20.0)),
    )
    found = calibrate(simulate(truth, rng=1))
    lines = {line.get_label(): line for line in plot.calibration(found).lines}
    assert list(lines) == [r"\$x\$, log", r"\$x\$, model", "B, log", "B, model"]
    for name in (r"\$x\$", "B"):
        seen, said = (lines[f"{name}, {what}"].get_ydata() for what in ("log", "model"))
        assert np.abs(np.asarray(seen) - np.asarray(said)).max() < 5
        assert seen[-1] == pytest.approx(100)
    assert len(plot.calibration(found, "B").lines) == 2
    with pytest.raises(OptionError, match="carrier must be one of"):
        plot.calibration(found, "C")


def test_every_chart_is_on_the_contact_sheet():
    drawn = contact_sheet.charts()
    assert list(drawn) == sorted(set(plot.__all__) - {"unit_of"})
    for name, draw in drawn.items():
        ax = plt.figure().subplots()
        draw(ax)
        assert ax.get_title(), name
        assert ax.get_xlabel(), name
        assert ax.has_data(), name
        assert all(np.isfinite([*ax.get_xlim(), *ax.get_ylim()])), name


def test_pictures_are_in_the_house_style_and_leave_that_of_the_user():
    with plt.rc_context({"axes.spines.top": True, "font.size": 31.0}):
        before = dict(plt.rcParams)
        ax = plot.backlog(RUN)
        assert not ax.spines["top"].get_visible()
        assert ax.title.get_weight() == "bold"
        picture = style.drawn(lambda ax: plot.backlog(RUN, ax=ax))
        assert dict(plt.rcParams) == before
    assert picture == style.drawn(lambda ax: plot.backlog(RUN, ax=ax))
    with plt.style.context("smslab.house"):
        assert plt.rcParams["axes.prop_cycle"].by_key()["color"] == list(style.COLOURS)


def test_threads_that_draw_leave_the_style_of_the_user():
    before = dict(plt.rcParams)
    with ThreadPoolExecutor(8) as pool:
        draw = [lambda ax: plot.backlog(RUN, ax=ax)] * 3
        pictures = list(pool.map(lambda _: style.drawn(*draw, columns=2), range(16)))
    assert len(set(pictures)) == 1
    assert dict(plt.rcParams) == before
