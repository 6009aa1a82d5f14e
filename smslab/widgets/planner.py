"""The capacity planner: a use case, sliders for its senders, and what comes of it."""

from __future__ import annotations

import datetime as dt
import functools
import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

import ipywidgets

from smslab import plot, scenarios
from smslab.errors import ScenarioError
from smslab.estimate import estimate
from smslab.figures import duration
from smslab.goals import evaluate, shown_value
from smslab.plan import Plan, plan
from smslab.run import Run
from smslab.scenario import Campaign, Scenario
from smslab.simulate import simulate
from smslab.style import drawn
from smslab.widgets.panel import LABELLED, Panel, Shown, Work

__all__ = ["CapacityPlanner", "capacity_planner", "render"]

#: A campaign this large still shows within a second or two.
_MOST_MESSAGES: Final = 2_000_000

_MARKS: Final = {"met": ("✓", "#2a7"), "missed": ("✗", "#d33"), "undecided": ("?", "#c80")}


@dataclass(frozen=True)
class _Adjustable:
    """What of a scenario the sliders change, as path and value; None for what it does not have."""

    numbers: tuple[str, int]
    mps: tuple[str, float]
    messages: tuple[str, int] | None
    agents: tuple[str, int] | None

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        sender = scenario.senders[0]
        path = f"senders[{sender.name}]"
        sizes = [
            (f"traffic[{t.name}].messages", t.messages)
            for t in scenario.traffic
            if isinstance(t, Campaign) and t.messages is not None
        ]
        agents = [
            (f"traffic[{t.name}].conversation.agents", t.conversation.agents)
            for t in scenario.traffic
            if t.conversation is not None and t.conversation.agents
        ]
        return cls(
            (f"{path}.numbers", sender.numbers),
            (f"{path}.mps", sender.mps or 1000.0),
            next(iter(sizes), None),
            next(iter(agents), None),
        )


def render(scenario: Scenario) -> Shown:
    """Simulate a scenario, and show what comes of it.

    Parameters
    ----------
    scenario : Scenario
        What the controls say.

    Returns
    -------
    Shown
        With the :class:`~smslab.run.Run`, goals as met or missed, and what waits over time.
    """
    run = simulate(scenario, rng=0)
    goals = _goals(run)
    figures = run.figures()
    if not figures["messages"]:
        return Shown(run, "<p>There are no messages to send.</p>")
    rows = [
        ("Messages", f"{figures['messages']:,.0f}, {figures['segments']:,.0f} segments"),
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
    charts = (lambda ax: plot.backlog(run, ax=ax)), (lambda ax: plot.states(run, ax=ax))
    picture = drawn(*charts, size=(4.5, 3.0))
    return Shown(run, f"<table>{table}</table>{goals}", picture)


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
    scenario : str or Scenario
        Name of a scenario of the gallery, or one of your own.

    Attributes
    ----------
    result : Run, Plan or None
        What is shown now: the simulated run or, after the button, the plan.
    run : Run or None
        The run that was shown last.
    plan : Plan or None
        The plan that was found last.

    Raises
    ------
    ScenarioError
        If there is no such scenario, or it has no messages of its own.
    """

    def __init__(self, scenario: str | Scenario = "marketing") -> None:
        self.run: Run | None = None
        self.plan: Plan | None = None
        known = {name: scenarios.load(name) for name in scenarios.names()}
        chosen = scenario if isinstance(scenario, str) else scenario.name
        if isinstance(scenario, Scenario):
            known = {chosen: scenario} | {n: s for n, s in known.items() if n != chosen}
        elif chosen not in known:
            scenarios.load(chosen)
        self._known = {name: one for name, one in known.items() if _is_whole(one)}
        if chosen not in self._known:
            raise ScenarioError(
                f"{chosen}: takes the messages of a list and has none of its own; give its "
                "campaigns a number of messages"
            )
        # A layout each, since some are hidden.
        plain = {"style": LABELLED, "layout": {"width": "32em"}}
        slider = functools.partial(ipywidgets.IntSlider, min=1, continuous_update=False, **plain)
        self.scenario = ipywidgets.Dropdown(
            options=list(self._known), value=chosen, description="Use case", **plain
        )
        self.about = ipywidgets.HTML()
        self.messages = ipywidgets.BoundedIntText(
            min=0, max=_MOST_MESSAGES, description="Messages", **plain
        )
        self.numbers = slider(max=50, description="Numbers")
        self.mps = ipywidgets.FloatLogSlider(
            min=-1,
            max=3,
            step=0.05,
            description="Per second and number",
            continuous_update=False,
            readout_format=".3g",
            **plain,
        )
        self.agents = slider(max=100, description="Agents")
        self.hour = ipywidgets.FloatSlider(
            min=0,
            max=23.75,
            step=0.25,
            description="Starts at (hour)",
            continuous_update=False,
            **plain,
        )
        self.work = Work("Find the least that does", self._begin, self._planned)
        self._load()
        self.scenario.observe(lambda _: self._load(), names="value")
        sliders = [self.messages, self.numbers, self.mps, self.agents, self.hour]
        super().__init__(
            lambda: render(self.chosen),
            [self.scenario, *sliders],
            head=[self.scenario, self.about, *sliders, self.work],
            picture_height="260px",
            beside=True,
        )

    def _load(self) -> None:
        """Set the controls to what the scenario has, and hide those of what it has not."""
        self._loading = True
        scenario = self._known[self.scenario.value]
        has = _Adjustable.of(scenario)
        self.about.value = (
            f"<p style='max-width:32em;line-height:1.4'>{html.escape(scenario.about)}</p>"
        )
        self.numbers.max = max(50, has.numbers[1])
        self.numbers.value, self.mps.value = has.numbers[1], has.mps[1]
        for control, place in ((self.messages, has.messages), (self.agents, has.agents)):
            control.layout.display = "none" if place is None else None
            if place is not None:
                control.value = place[1]
        self.hour.layout.display = "none" if scenario.start is None else None
        if scenario.start is not None:
            self.hour.value = scenario.start.hour + scenario.start.minute / 60
        self._loading = False

    @property
    def chosen(self) -> Scenario:
        """The scenario as the controls say.

        Raises
        ------
        ScenarioError
            If a value is out of range.
        """
        scenario = self._known[self.scenario.value]
        has = _Adjustable.of(scenario)
        changes: dict[str, Any] = {
            has.numbers[0]: self.numbers.value,
            has.mps[0]: float(f"{self.mps.value:.3g}"),
        }
        for control, place in ((self.messages, has.messages), (self.agents, has.agents)):
            if place is not None:
                changes[place[0]] = control.value
        if scenario.start is not None:
            midnight = scenario.start.replace(hour=0, minute=0, second=0, microsecond=0)
            changes["start"] = midnight + dt.timedelta(hours=self.hour.value)
        return scenario.changed(changes)

    def refresh(self) -> None:
        """Show anew; not while the controls are being set to another scenario."""
        if not self._loading:
            super().refresh()

    def put(self, shown: Shown) -> None:
        """Show something, and keep it.

        Parameters
        ----------
        shown : Shown
            What is shown.
        """
        super().put(shown)
        if isinstance(shown.result, Run):
            self.run = shown.result
        elif isinstance(shown.result, Plan):
            self.plan = shown.result

    def _begin(self) -> Callable[[Callable[[int, int], None]], Shown]:
        scenario = self.chosen
        has = _Adjustable.of(scenario)

        def work(progress: Callable[[int, int], None]) -> Shown:
            path, _ = has.agents or has.numbers
            found = plan(scenario, vary={path: range(1, 101)}, rng=0, progress=progress)
            return Shown(
                found, found._repr_html_(), drawn(lambda ax: found.plot(ax=ax), size=(9.0, 3.0))
            )

        return work

    def _planned(self, found: Shown | Exception | None) -> None:
        if found is None:
            self.refresh()
        else:
            self.finish(found)


def _is_whole(scenario: Scenario) -> bool:
    """Return whether a scenario brings its messages along."""
    campaigns = [t for t in scenario.traffic if isinstance(t, Campaign)]
    return all(campaign.messages is not None for campaign in campaigns)


def capacity_planner(scenario: str | Scenario = "marketing") -> CapacityPlanner:
    """Show what a use case comes to with more or fewer senders, and the least that does.

    Parameters
    ----------
    scenario : str or Scenario
        Name of a scenario of the gallery, as of :func:`smslab.scenarios.names`, or one of your own.

    Returns
    -------
    CapacityPlanner
        A widget; its ``run`` is the current :class:`~smslab.run.Run`, its ``plan`` the
        :class:`~smslab.plan.Plan` that the button found, and ``result`` what is shown.

    Raises
    ------
    ScenarioError
        If there is no such scenario, or it has no messages of its own.

    Examples
    --------
    >>> import smslab
    >>> planner = smslab.widgets.capacity_planner()
    >>> planner.numbers.value = 2
    >>> planner.run.scenario.senders[0].numbers
    2
    """
    return CapacityPlanner(scenario)
