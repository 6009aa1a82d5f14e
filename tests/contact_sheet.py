"""All charts on one picture, for a person to look at (make gallery writes gallery.png)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import smslab
from smslab import plot


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
    drawn = charts()
    columns = 3
    figure = Figure(figsize=(18, 4.2 * math.ceil(len(drawn) / columns)), layout="constrained")
    axes = np.ravel(figure.subplots(math.ceil(len(drawn) / columns), columns))
    for ax, (name, draw) in zip(axes, drawn.items(), strict=False):
        draw(ax)
        ax.text(0.0, 1.12, f"plot.{name}", transform=ax.transAxes, family="monospace")
    for ax in axes[len(drawn) :]:
        ax.set_visible(False)
    figure.savefig("gallery.png", dpi=70)


if __name__ == "__main__":
    main()
