import doctest
import re
from pathlib import Path

import smslab

ROOT = Path(smslab.__file__).parents[1]


def test_examples_give_the_output_that_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert result.attempted >= 5
    assert result.failed == 0


def test_links_lead_somewhere():
    for page in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)]+)\)", (ROOT / page).read_text("utf-8")):
            assert (ROOT / target).exists(), target


def test_every_file_of_the_package_has_its_line():
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for path in (ROOT / "smslab").iterdir():
        if path.suffix == ".py" and not path.name.startswith("__") and path.name != "errors.py":
            assert f"`{path.name}`" in table or f"`smslab/{path.name}`" in table, path.name
