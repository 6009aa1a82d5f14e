"""smslab: know what a text message campaign does before it is sent.

The names of this package are loaded on first use, so that ``import smslab`` costs nothing; the
accessor ``series.sms`` is there as soon as pandas is.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from smslab import keywords, plot, scenarios, smart, theory, widgets
    from smslab.audit import Audit, audit, lint
    from smslab.budget import Budget, Channel, budget, channels
    from smslab.bulk import (
        FileReport,
        cost_file,
        encode_file,
        prepare_file,
        sample_file,
        segment_file,
    )
    from smslab.calibrate import Calibration, calibrate, differences
    from smslab.check import Check, check
    from smslab.cost import Bill, cost
    from smslab.decoding import decode
    from smslab.encoding import encode
    from smslab.errors import (
        InputError,
        MissingExtraError,
        OptionError,
        RateCardError,
        ScenarioError,
        SmslabError,
        TextError,
    )
    from smslab.estimate import Estimate, estimate
    from smslab.explain import explain
    from smslab.forecast import Forecast, forecast
    from smslab.goal import Goal
    from smslab.goals import Evaluation, evaluate
    from smslab.io import read_messages
    from smslab.kpi import kpis
    from smslab.log_reading import read_log
    from smslab.log_writing import write_log
    from smslab.logs import Log
    from smslab.plan import Plan, plan
    from smslab.prepare import Prepared, prepare
    from smslab.rates import RateCard
    from smslab.replications import Comparison, Replications, compare, replicate
    from smslab.run import Run
    from smslab.sample import sample
    from smslab.scenario import Scenario
    from smslab.segmentation import segment, split
    from smslab.simulate import simulate
    from smslab.smart import smart_encode, smart_report
    from smslab.start import StartPlan, latest_start
    from smslab.summary import Summary
    from smslab.sweep import Sweep, sweep
    from smslab.templates import render
    from smslab.verification import Verification, verify

_HOME = {
    "Audit": "audit",
    "Bill": "cost",
    "Budget": "budget",
    "Calibration": "calibrate",
    "Channel": "budget",
    "Check": "check",
    "Comparison": "replications",
    "Estimate": "estimate",
    "Evaluation": "goals",
    "FileReport": "bulk",
    "Forecast": "forecast",
    "Goal": "goal",
    "InputError": "errors",
    "Log": "logs",
    "MissingExtraError": "errors",
    "OptionError": "errors",
    "Plan": "plan",
    "Prepared": "prepare",
    "RateCard": "rates",
    "RateCardError": "errors",
    "Replications": "replications",
    "Run": "run",
    "Scenario": "scenario",
    "ScenarioError": "errors",
    "SmslabError": "errors",
    "StartPlan": "start",
    "Summary": "summary",
    "Sweep": "sweep",
    "TextError": "errors",
    "Verification": "verification",
    "audit": "audit",
    "budget": "budget",
    "calibrate": "calibrate",
    "channels": "budget",
    "check": "check",
    "compare": "replications",
    "cost": "cost",
    "decode": "decoding",
    "differences": "calibrate",
    "encode": "encoding",
    "estimate": "estimate",
    "evaluate": "goals",
    "explain": "explain",
    "forecast": "forecast",
    "kpis": "kpi",
    "latest_start": "start",
    "lint": "audit",
    "plan": "plan",
    "prepare": "prepare",
    "cost_file": "bulk",
    "encode_file": "bulk",
    "prepare_file": "bulk",
    "read_log": "log_reading",
    "read_messages": "io",
    "render": "templates",
    "replicate": "replications",
    "sample": "sample",
    "sample_file": "bulk",
    "segment": "segmentation",
    "segment_file": "bulk",
    "simulate": "simulate",
    "smart_encode": "smart",
    "smart_report": "smart",
    "split": "segmentation",
    "sweep": "sweep",
    "verify": "verification",
    "write_log": "log_writing",
}
_MODULES = ("keywords", "plot", "scenarios", "smart", "theory", "widgets")

__all__ = [
    "Audit",
    "Bill",
    "Budget",
    "Calibration",
    "Channel",
    "Check",
    "Comparison",
    "Estimate",
    "Evaluation",
    "FileReport",
    "Forecast",
    "Goal",
    "InputError",
    "Log",
    "MissingExtraError",
    "OptionError",
    "Plan",
    "Prepared",
    "RateCard",
    "RateCardError",
    "Replications",
    "Run",
    "Scenario",
    "ScenarioError",
    "SmslabError",
    "StartPlan",
    "Summary",
    "Sweep",
    "TextError",
    "Verification",
    "audit",
    "budget",
    "calibrate",
    "channels",
    "check",
    "compare",
    "cost",
    "cost_file",
    "decode",
    "differences",
    "encode",
    "encode_file",
    "estimate",
    "evaluate",
    "explain",
    "forecast",
    "keywords",
    "kpis",
    "latest_start",
    "lint",
    "plan",
    "plot",
    "prepare",
    "prepare_file",
    "read_log",
    "read_messages",
    "render",
    "replicate",
    "sample",
    "sample_file",
    "scenarios",
    "segment",
    "segment_file",
    "simulate",
    "smart",
    "smart_encode",
    "smart_report",
    "split",
    "sweep",
    "theory",
    "verify",
    "widgets",
    "write_log",
]


class _Package(types.ModuleType):
    """The package, in which a function wins over the module of the same name that holds it.

    Loading ``smslab.cost`` binds the module to ``smslab.cost``; the function belongs there.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, types.ModuleType) and name in _HOME:
            value = getattr(value, name)
        super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(importlib.import_module(f"smslab.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"smslab.{name}")
    else:
        raise AttributeError(f"module 'smslab' has no attribute {name!r}")
    setattr(sys.modules[__name__], name, value)
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


sys.modules[__name__].__class__ = _Package


class _AfterPandas(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Registers ``series.sms`` when pandas is imported after smslab.

    To import pandas at once would cost every start of the command line a third of a second.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "pandas":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            self._loader = spec.loader
            spec.loader = self
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        importlib.import_module("smslab.accessor")


if "pandas" in sys.modules:
    importlib.import_module("smslab.accessor")
else:
    sys.meta_path.insert(0, _AfterPandas())
