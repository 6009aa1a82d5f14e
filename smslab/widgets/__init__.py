"""Widgets for notebooks and the dashboard. Each is a pure ``render`` and the wiring around it."""

from __future__ import annotations

from smslab.widgets.inspector import MessageInspector, message_inspector
from smslab.widgets.planner import CapacityPlanner, capacity_planner

__all__ = ["CapacityPlanner", "MessageInspector", "capacity_planner", "message_inspector"]
