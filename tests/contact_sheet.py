"""All charts on one picture, for a person to look at (make gallery writes gallery.png)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes

import smslab
from smslab import plot
from smslab.style import drawn


def charts() -> dict[str, Callable[[Axes], object]]:
    """Return what draws each chart, by its name in :mod:`smslab.plot`."""
    run = smslab.simulate(smslab.scenarios.load("carrier_outage"), rng=1)
    salons = smslab.simulate(smslab.scenarios.load("salons"), rng=1)
    many = smslab.replicate(
        smslab.scenarios.load("marketing"),
        20,
        rng=1,
        uncertain={"senders[0].mps": (25, 75), "carriers[0].first_attempt": (0.85, 0.95)},
    )
    found = smslab.plan(
        smslab.scenarios.load("marketing"),
        "finish <= 20:00",
        vary={"senders[0].mps": range(5, 80, 5)},
        rng=1,
    )
    bill = smslab.cost(salons)
    calibrated = smslab.calibrate(run)
    chosen = found.table.index[found.table["chosen"]][0]
    front = found.front("finish_s")
    return {
        "backlog": lambda ax: plot.backlog(salons, ax=ax),
        "calibration": lambda ax: plot.calibration(calibrated, ax=ax),
        "cost_by": lambda ax: plot.cost_by(
            bill.messages["cost"], bill.messages["carrier"], currency="USD", ax=ax
        ),
        "delay": lambda ax: plot.delay(run, ax=ax),
        "delay_by": lambda ax: plot.delay_by(run, ax=ax),
        "deliveries": lambda ax: plot.deliveries(salons, ax=ax),
        "fan": lambda ax: plot.fan(many, ax=ax),
        "states": lambda ax: plot.states(salons, ax=ax),
        "throughput": lambda ax: plot.throughput(run, ax=ax),
        "trade_off": lambda ax: plot.trade_off(
            found.table, "finish_s", front=front, chosen=chosen, ax=ax
        ),
        "utilisation": lambda ax: plot.utilisation(run, ax=ax),
    }


def main() -> None:
    """Draw all of them."""
    Path("gallery.png").write_bytes(drawn(*map(named, charts().items()), columns=3))


def named(chart: tuple[str, Callable[[Axes], object]]) -> Callable[[Axes], None]:
    """Return what draws a chart and says its name."""
    name, draw = chart

    def draw_named(ax: Axes) -> None:
        draw(ax)
        ax.set_title(f"{ax.get_title()}\nplot.{name}")

    return draw_named


if __name__ == "__main__":
    main()
