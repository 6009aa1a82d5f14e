"""smslab: know what a text message campaign does before it is sent.

The names of this package are loaded on first use, so that ``import smslab`` costs nothing.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from smslab import plot, smart, widgets
    from smslab.audit import explain
    from smslab.cost import cost
    from smslab.decoding import decode
    from smslab.encoding import encode
    from smslab.errors import (
        InputError,
        MissingExtraError,
        RateCardError,
        ScenarioError,
        SmslabError,
        TextError,
    )
    from smslab.forecast import Forecast, forecast
    from smslab.io import read_messages
    from smslab.kpi import kpis
    from smslab.rates import RateCard
    from smslab.results import Run
    from smslab.sample import sample
    from smslab.scenario import Scenario
    from smslab.segmentation import segment, split
    from smslab.simulate import simulate
    from smslab.smart import smart_encode, smart_report

_HOME = {
    "Forecast": "forecast",
    "InputError": "errors",
    "MissingExtraError": "errors",
    "RateCard": "rates",
    "RateCardError": "errors",
    "Run": "results",
    "Scenario": "scenario",
    "ScenarioError": "errors",
    "SmslabError": "errors",
    "TextError": "errors",
    "cost": "cost",
    "decode": "decoding",
    "encode": "encoding",
    "explain": "audit",
    "forecast": "forecast",
    "kpis": "kpi",
    "read_messages": "io",
    "sample": "sample",
    "segment": "segmentation",
    "simulate": "simulate",
    "smart_encode": "smart",
    "smart_report": "smart",
    "split": "segmentation",
}
_MODULES = ("plot", "smart", "widgets")

__all__ = [
    "Forecast",
    "InputError",
    "MissingExtraError",
    "RateCard",
    "RateCardError",
    "Run",
    "Scenario",
    "ScenarioError",
    "SmslabError",
    "TextError",
    "cost",
    "decode",
    "encode",
    "explain",
    "forecast",
    "kpis",
    "plot",
    "read_messages",
    "sample",
    "segment",
    "simulate",
    "smart",
    "smart_encode",
    "smart_report",
    "split",
    "widgets",
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
