"""All widgets together, each on a tab: the page of the dashboard."""

from __future__ import annotations

import ipywidgets
import pandas as pd

from smslab.widgets.calculator import campaign_calculator
from smslab.widgets.calibrator import log_calibrator
from smslab.widgets.explorer import delivery_explorer
from smslab.widgets.inspector import message_inspector
from smslab.widgets.planner import capacity_planner

__all__ = ["tabs"]


def tabs(messages: pd.DataFrame | None = None) -> ipywidgets.Tab:
    """Show all widgets, each on a tab.

    Parameters
    ----------
    messages : DataFrame, optional
        A list for the calculator, as of :func:`smslab.read_messages`.

    Returns
    -------
    ipywidgets.Tab
    """
    shown = {
        "Message": message_inspector("Don’t miss it – half price on everything, today only!"),
        "Campaign": campaign_calculator(messages),
        "Capacity": capacity_planner(),
        "Delivery": delivery_explorer(),
        "Calibration": log_calibrator(),
    }
    together = ipywidgets.Tab(list(shown.values()))
    together.titles = list(shown)
    return together
