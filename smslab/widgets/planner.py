"""The capacity planner: a use case, sliders for its senders, and what comes of it."""

from __future__ import annotations

import datetime as dt
import functools
import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import ipywidgets

from smslab import plot, scenarios
from smslab.estimate import estimate
from smslab.figures import duration
from smslab.goals import evaluate, shown_value
from smslab.plan import plan
from smslab.run import Run
from smslab.scenario import Campaign, Scenario
from smslab.simulate import simulate
from smslab.widgets.panel import LABELLED, Panel, Shown, Work, drawn

__all__ = ["CapacityPlanner", "Chosen", "capacity_planner", "render"]

#: A campaign this large still shows within a second or two.
_MOST_MESSAGES: Final = 2_000_000

_MARKS: Final = {"met": ("✓", "#2a7"), "missed": ("✗", "#d33"), "undecided": ("?", "#c80")}


@dataclass(frozen=True)
class Chosen:
    """What the controls say.

    Parameters
    ----------
    scenario : str
        Name of a scenario of the gallery.
    messages : int or None
        Messages of its first campaign; as in the scenario if None.
    numbers : int
        Numbers of its first sender.
    mps : float
        Units per second of one of them.
    hour : float or None
        Hour of the day at which it starts, on the day of the scenario's start; as there if None.
    """

    scenario: str
    messages: int | None
    numbers: int
    mps: float
    hour: float | None

    def applied(self) -> Scenario:
        """Return the scenario with all of it.

        Returns
        -------
        Scenario

        Raises
        ------
        ScenarioError
            If a value is out of range.
        """
        scenario = scenarios.load(self.scenario)
        sender = scenario.senders[0].name
        changes: dict[str, Any] = {
            f"senders[{sender}].numbers": self.numbers,
            f"senders[{sender}].mps": self.mps,
        }
        campaign = _campaign(scenario)
        if campaign is not None and self.messages is not None:
            changes[f"traffic[{campaign.name}].messages"] = self.messages
        if scenario.start is not None and self.hour is not None:
            midnight = scenario.start.replace(hour=0, minute=0, second=0, microsecond=0)
            changes["start"] = midnight + dt.timedelta(hours=self.hour)
        return scenario.changed(changes)


def _campaign(scenario: Scenario) -> Campaign | None:
    return next((t for t in scenario.traffic if isinstance(t, Campaign)), None)


def render(chosen: Chosen) -> Shown:
    """Simulate what is chosen, and show it.

    Parameters
    ----------
    chosen : Chosen
        What the controls say.

    Returns
    -------
    Shown
        With the :class:`~smslab.run.Run`, goals as met or missed, and what waits over time.

    Raises
    ------
    SmslabError
        If a value is out of range.
    """
    scenario = chosen.applied()
    run = simulate(scenario, rng=0)
    figures = run.figures()
    rows = [
        ("Last leaves", _moment(scenario, figures["sending_done_s"])),
        ("95 % landed", _moment(scenario, figures["landed_95_s"])),
        ("Delay, half and 95 %", " and ".join(map(duration, _delays(figures)))),
        ("Delivered", f"{100 * figures['delivered']:.1f} %"),
        ("Failed before it left", f"{100 * figures['failed']:.1f} %"),
        ("By the fluid model", estimate(scenario).summary().splitlines()[0]),
    ]
    table = "".join(
        f"<tr><td style='text-align:left'>{html.escape(name)}</td>"
        f"<td style='text-align:left'><b>{html.escape(value)}</b></td></tr>"
        for name, value in rows
    )
    picture = drawn(lambda ax: plot.backlog(run, ax=ax), lambda ax: plot.states(run, ax=ax))
    return Shown(run, f"<table>{table}</table>{_goals(run)}", picture)


def _delays(figures: dict[str, float]) -> tuple[float, float]:
    return figures["delay_50_s"], figures["delay_95_s"]


def _moment(scenario: Scenario, seconds: float) -> str:
    after = duration(seconds)
    if scenario.start is None or after == "never":
        return after
    moment = scenario.start + dt.timedelta(seconds=seconds)
    return f"{moment:%a %H:%M} ({after} after the start)"


def _goals(run: Run) -> str:
    if not run.scenario.goals:
        return ""
    items = []
    table = evaluate(run.scenario.goals, run).table
    for goal, row in zip(run.scenario.goals, table.to_dict("records"), strict=True):
        mark, colour = _MARKS[str(row["verdict"])]
        value = shown_value(goal, float(row["value"]))
        items.append(
            f"<li style='list-style:none'><span style='color:{colour}' class='smslab-goal'>"
            f"{mark} {row['verdict']}</span> {html.escape(goal.title)}: {value}</li>"
        )
    return f"<ul style='padding-left:0'>{''.join(items)}</ul>"


class CapacityPlanner(Panel):
    """Sliders for senders and start, what comes of it, and a button for the least that does.

    Parameters
    ----------
    scenario : str
        Name of a scenario of the gallery.

    Attributes
    ----------
    result : Run, Plan or None
        What is shown now: the simulated run or, after the button, the plan.
    """

    def __init__(self, scenario: str = "marketing") -> None:
        wide = ipywidgets.Layout(width="32em")
        names = [name for name in scenarios.names() if _is_whole(name)]
        self.scenario = ipywidgets.Dropdown(
            options=names, value=scenario, description="Use case", style=LABELLED, layout=wide
        )
        self.about = ipywidgets.HTML()
        slider = functools.partial(
            ipywidgets.IntSlider, continuous_update=False, style=LABELLED, layout=wide
        )
        self.messages = ipywidgets.BoundedIntText(
            min=0, max=_MOST_MESSAGES, description="Messages", style=LABELLED, layout=wide
        )
        self.numbers = slider(min=1, max=50, description="Numbers")
        self.mps = ipywidgets.FloatLogSlider(
            min=-1,
            max=3,
            step=0.05,
            description="Per second and number",
            continuous_update=False,
            readout_format=".3g",
            style=LABELLED,
            layout=wide,
        )
        self.hour = ipywidgets.FloatSlider(
            min=0,
            max=23.75,
            step=0.25,
            description="Starts at (hour)",
            continuous_update=False,
            style=LABELLED,
            layout=wide,
        )
        self.work = Work("Find the least that does", self._begin, self._planned)
        self._load()
        self.scenario.observe(lambda _: self._load(), names="value")
        controls = [self.scenario, self.messages, self.numbers, self.mps, self.hour]
        head = [self.scenario, self.about, *controls[1:], self.work]
        super().__init__(self._render, controls, head=head, picture_height="260px", beside=True)

    def _load(self) -> None:
        """Set the controls to what the scenario has."""
        self._loading = True
        scenario = scenarios.load(self.scenario.value)
        sender, campaign = scenario.senders[0], _campaign(scenario)
        self.about.value = (
            f"<p style='max-width:32em;line-height:1.4'>{html.escape(scenario.about)}</p>"
        )
        self.numbers.value, self.mps.value = sender.numbers, sender.mps or 1000.0
        self.messages.value = 0 if campaign is None else campaign.messages or 0
        self.messages.disabled = campaign is None
        self.hour.disabled = scenario.start is None
        if scenario.start is not None:
            self.hour.value = scenario.start.hour + scenario.start.minute / 60
        self._loading = False

    @property
    def chosen(self) -> Chosen:
        """What the controls say."""
        return Chosen(
            scenario=self.scenario.value,
            messages=None if self.messages.disabled else self.messages.value,
            numbers=self.numbers.value,
            mps=float(f"{self.mps.value:.3g}"),
            hour=None if self.hour.disabled else self.hour.value,
        )

    def refresh(self) -> None:
        """Show anew; not while the controls are being set to another scenario."""
        if not self._loading:
            super().refresh()

    def _render(self) -> Shown:
        return render(self.chosen)

    def _begin(self) -> Callable[[Callable[[int, int], None]], Shown]:
        scenario = self.chosen.applied()
        path = f"senders[{scenario.senders[0].name}].numbers"

        def work(progress: Callable[[int, int], None]) -> Shown:
            found = plan(scenario, vary={path: range(1, 101)}, rng=0, progress=progress)
            return Shown(found, found._repr_html_(), drawn(lambda ax: found.plot(ax=ax)))

        return work

    def _planned(self, found: Shown | Exception | None) -> None:
        if found is None:
            self.refresh()
        else:
            self.finish(found)


def _is_whole(name: str) -> bool:
    """Return whether a scenario brings its messages along."""
    campaigns = [t for t in scenarios.load(name).traffic if isinstance(t, Campaign)]
    return all(campaign.messages is not None for campaign in campaigns)


def capacity_planner(scenario: str = "marketing") -> CapacityPlanner:
    """Show what a use case comes to with more or fewer senders, and the least that does.

    Parameters
    ----------
    scenario : str
        Name of a scenario of the gallery, as of :func:`smslab.scenarios.names`.

    Returns
    -------
    CapacityPlanner
        A widget; its ``result`` is the current :class:`~smslab.run.Run` or
        :class:`~smslab.plan.Plan`.

    Examples
    --------
    >>> import smslab
    >>> planner = smslab.widgets.capacity_planner()
    >>> planner.numbers.value = 2
    >>> planner.result.scenario.senders[0].numbers
    2
    """
    return CapacityPlanner(scenario)
