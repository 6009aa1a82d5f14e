PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-ui lint typecheck bench verify gallery clean

demo: .venv/.ok
	$(BIN)/smslab demo

test: .venv/.ok
	$(BIN)/python -m pytest -m "not ui"

test-ui: .venv/.ui
	$(BIN)/python -m pytest -m ui tests/ui

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/repo-review .

typecheck: .venv/.dev
	$(BIN)/mypy

verify: .venv/.ok
	$(BIN)/python tests/verify_texts.py
	$(BIN)/python tests/verify_engines.py
	$(BIN)/python tests/verify_money.py
	$(BIN)/python tests/verify_planning.py

bench: benchmarks/.peers/.ok
	$(BIN)/python benchmarks/bench_text.py
	$(BIN)/python benchmarks/bench_simulation.py
	$(BIN)/python benchmarks/bench_money.py
	$(BIN)/python benchmarks/bench_planning.py
	$(BIN)/python benchmarks/bench_bulk.py

gallery: .venv/.ok
	$(BIN)/python tests/contact_sheet.py

clean:
	rm -rf .venv benchmarks/.peers build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis report.html report-messages.csv gallery.png
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

benchmarks/.peers/.ok: benchmarks/bench_text.py benchmarks/bench_simulation.py | .venv/.ok
	$(BIN)/python benchmarks/bench_text.py --setup
	$(BIN)/python benchmarks/bench_simulation.py --setup
	touch $@

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.ok: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

.venv/.dev: .venv/.ok
	$(BIN)/python -m pip install --quiet --editable '.[lint]'
	touch $@

.venv/.ui: .venv/.ok
	$(BIN)/python -m pip install --quiet --editable '.[ui]'
	touch $@
