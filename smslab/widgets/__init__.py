"""Widgets for notebooks and the dashboard. Each is a pure ``render`` and the wiring around it."""

from __future__ import annotations

from smslab.widgets.calculator import CampaignCalculator, campaign_calculator
from smslab.widgets.calibrator import LogCalibrator, log_calibrator
from smslab.widgets.explorer import DeliveryExplorer, delivery_explorer
from smslab.widgets.inspector import MessageInspector, message_inspector
from smslab.widgets.planner import CapacityPlanner, capacity_planner
from smslab.widgets.together import tabs

__all__ = [
    "CampaignCalculator",
    "CapacityPlanner",
    "DeliveryExplorer",
    "LogCalibrator",
    "MessageInspector",
    "campaign_calculator",
    "capacity_planner",
    "delivery_explorer",
    "log_calibrator",
    "message_inspector",
    "tabs",
]
