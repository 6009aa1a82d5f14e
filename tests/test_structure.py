"""The structure of the package: who may import whom, and what each name owes its reader."""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import smslab

ROOT = Path(smslab.__file__).parent

#: Every file and the files of the package that it may import: arrows point one way, downwards.
ALLOWED = {
    name: set(lower.split())
    for name, lower in {
        "__main__": "cli",
        "cli": """
            cli_command audit bench budget cli_bulk cli_files cli_money cli_plan dashboard
            decoding errors
            explain forecast goals io output plot rates replications sample scenario
            scenarios segmentation simulate style verification
        """,
        "cli_command": "",
        "cli_files": "bulk",
        "cli_plan": "cli_command check errors goal output plan rates scenario scenarios start",
        "cli_money": """
            bulk cli_command cli_files calibrate cost errors goal goals io kpi log_reading logs
            messages output rates scenario
        """,
        "dashboard": "errors io",
        "widgets": """
            calibrate errors estimate explain fields figures forecast goals io kpi
            ledger log_formats log_reading logs lookalikes plan plot progress rates
            run scenario scenarios simulate smart style widgets
        """,
        "accessor": "audit encoding explain segmentation smart",
        "bench": "encoding errors segmentation smart text",
        "forecast": """
            cost errors figures outcome progress rates replications report run
            scenario segment_prices simulate text traffic
        """,
        "report": "plot rates run style",
        "plot": "calibrate errors kernels logs outcome replications run style",
        "style": "",
        "markup": "",
        "budget": "cost errors forecast intervals segmentation smart",
        "check": "calendars demand estimate figures kernels markup regulations scenario supply",
        "regulations": "demand",
        "plan": """
            check errors estimate goal goals markup plot progress rates replications
            scenario search simulate summary sweep
        """,
        "search": "replications",
        "start": """
            calendars demand errors estimate kernels markup outcome progress
            regulations replications results scenario search simulate
        """,
        "sweep": "cost errors goal goals progress rates replications scenario simulate summary",
        "estimate": """
            calendars demand errors figures fluid kernels markup rates scenario
            supply theory traffic
        """,
        "fluid": "",
        "theory": "errors",
        "goal": "errors",
        "goals": "errors figures goal kpi ledger markup rates replications run summary",
        "calibrate": "delivery errors intervals kpi ledger markup outcome scenario simulate",
        "delivery": "fitting intervals ledger outcome scenario supply",
        "fitting": "",
        "log_writing": "cost errors ledger log_formats logs outcome output rates",
        "kpi": """
            cost errors figures intervals ledger outcome rates replications rules
            segment_prices summary
        """,
        "log_reading": """
            amounts errors keywords ledger log_formats logs moments numbering
            outcome output records
        """,
        "logs": "ledger outcome states",
        "log_formats": "outcome",
        "amounts": "",
        "moments": "errors",
        "records": "errors",
        "intervals": "errors",
        "sample": "errors simulate templates",
        "replications": """
            errors estimate figures kernels outcome progress run scenario simulate
            summary traffic
        """,
        "verification": "engines errors outcome scenario simulate traffic",
        "simulate": "engines errors figures progress results run scenario summary traffic",
        "summary": "errors scenario",
        "progress": "",
        "run": "errors figures kernels layout ledger outcome results scenario states",
        "figures": "kernels ledger outcome results rules",
        "ledger": "outcome",
        "states": "errors kernels outcome",
        "results": "aftermath errors kernels outcome scenario traffic",
        "aftermath": "demand kernels outcome scenario",
        "cost": """
            billing columns errors ledger messages numbering outcome rates segment_prices text
        """,
        "segment_prices": "errors rates",
        "templates": "errors numbering",
        "billing": "",
        "drift": "",
        "messages": "columns errors numbering rules segmentation text",
        "audit": "alphabets characters coding errors lookalikes rates repair rules text",
        "explain": "alphabets characters coding errors lookalikes repair rules",
        "smart": "characters coding kernels lookalikes pieces repair rewording segmentation text",
        "rewording": "kernels lookalikes repair text",
        "repair": "alphabets coding errors kernels lookalikes",
        "lookalikes": "characters errors",
        "characters": "",
        "engines": "demand errors kernels layout memory outcome scenario supply traffic",
        "outcome": "traffic",
        "traffic": "demand errors kernels memory rules scenario segmentation",
        "layout": "calendars kernels scenario supply",
        "decoding": "coding encoding errors kernels segmentation tables text",
        "encoding": "coding errors kernels memory pieces rules segmentation tables text",
        "segmentation": "coding kernels memory pieces rules tables text",
        "coding": "alphabets errors graphemes kernels memory pieces rules tables text",
        "tables": "alphabets",
        "graphemes": "kernels",
        "pieces": "",
        "memory": "",
        "io": "columns errors files",
        "files": "columns errors files kernels output",
        "output": "errors",
        "rates": "billing drift errors price_lists rate",
        "rate": "drift errors numbering price_lists",
        "price_lists": "errors numbering",
        "scenarios": "errors fields scenario",
        "scenario": "calendars demand errors fields goal kernels supply",
        "calendars": "demand kernels",
        "demand": "fields keywords rules",
        "keywords": "errors",
        "supply": "errors fields",
        "fields": "errors numbering",
        "numbering": "errors kernels text",
        "columns": "errors",
        "interop": "cost errors parted prepare rates segmentation smart",
        "parted": "preparation prepare seen",
        "cli_bulk": "cli_command cli_files bulk errors output rates",
        "bulk": """
            bulk coding columns cost encoding errors files numbering output preparation prepare
            rates sample simulate tables text
        """,
        "preparation": """
            coding columns errors lookalikes messages numbering rates rules seen segment_prices
            sending_hours smart templates text validation
        """,
        "validation": "errors",
        "prepare": "columns preparation rates rules text",
        "sending_hours": "calendars demand errors numbering regulations",
        "seen": "errors kernels text",
        "text": "errors kernels",
        "kernels": "kernels",
        "alphabets": "",
        "rules": "",
        "errors": "",
    }.items()
}


def modules():
    return [
        name
        for _, name, _ in pkgutil.walk_packages([str(ROOT)], "smslab.")
        if not name.endswith("__main__")
    ]


def imports(path):
    """Return the files of the package that a file imports; those for types alone do not count."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("smslab"):
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("smslab.")}
    return found - {"__version__"}


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_are_those_of_the_map(path):
    name = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if name != "__init__":
        assert imports(path) <= ALLOWED[name]


def test_the_map_has_no_circle_and_no_ghost():
    left = dict(ALLOWED)
    while left:
        free = {name for name, below in left.items() if not (below - {name}) & set(left)}
        assert free, f"circle among {sorted(left)}"
        left = {name: below for name, below in left.items() if name not in free}
    names = {path.name.removesuffix(".py") for path in ROOT.glob("*") if path.suffix == ".py"}
    names |= {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert names - {"__init__"} == set(ALLOWED)


def test_only_kernels_are_compiled():
    for path in ROOT.rglob("*.py"):
        assert path.parent.name == "kernels" or "numba" not in imports_of_others(path), path
    for path in (ROOT / "kernels").glob("*.py"):
        assert not imports_of_others(path) & {"pandas", "pyarrow"}, path
        below = {node for node in imports(path) if node != "kernels"}
        assert not below, path


def imports_of_others(path):
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def test_public_names():
    assert smslab.__all__ == sorted(smslab.__all__)
    for name in smslab.__all__:
        assert getattr(smslab, name) is not None
        assert name in dir(smslab)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = smslab.nothing


def test_a_function_wins_over_the_module_of_its_name():
    for name in ("cost", "forecast", "sample", "simulate"):
        importlib.import_module(f"smslab.{name}")
        assert inspect.isfunction(getattr(smslab, name))


def public_objects():
    for module_name in modules():
        module = importlib.import_module(module_name)
        yield module_name, module
        for name in getattr(module, "__all__", []):
            item = getattr(module, name)
            if getattr(item, "__module__", None) == module_name:
                yield f"{module_name}.{name}", item


@pytest.mark.parametrize(
    ("name", "item"), list(public_objects()), ids=lambda x: x if isinstance(x, str) else ""
)
def test_docstrings_name_every_parameter(name, item):
    doc = inspect.getdoc(item)
    assert doc, f"{name} has no docstring"
    fields = ()
    if dataclasses.is_dataclass(item):
        fields = [f.name for f in dataclasses.fields(item)]
    elif inspect.isfunction(item):
        fields = list(inspect.signature(item).parameters)
    for field in fields:
        named = re.search(rf"^(.*, )?\*{{0,2}}{field}(, .*)? : ", doc, re.MULTILINE)
        assert named, f"{name}: parameter {field!r} is not in its docstring"


def test_no_version_apart():
    project = (ROOT.parent / "pyproject.toml").read_text()
    assert f'version = "{smslab.__version__}"' in project
