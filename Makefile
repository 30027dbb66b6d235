# Every target sets up what it needs: a machine with Python 3.11+, git and make is enough.

PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3 python,\
  $(shell command -v $(p) >/dev/null 2>&1 && $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= auto
MOMENT := tests/app/moment.json

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types layers bench run pictures pictures-redraw docs lock clean

help:  ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## .venv with hive and everything that development needs

$(READY): pyproject.toml requirements.lock
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q hive_tui
	@touch $@

demo: setup  ## a sample project with several environments, in the dashboard
	$(BIN)/hive demo

run: setup  ## the dashboard
	$(BIN)/hive

test: setup  ## all tests, on real git, processes and terminals
	$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

check: lint types layers test  ## what CI runs

bench: setup  ## every figure of docs/performance.md, side by side with peers and floors
	$(BIN)/python -m bench

pictures: setup  ## docs/pictures anew, from the demo as it is in a minute
	@home=$$(mktemp -d) && export HIVE_HOME=$$home && \
	trap '$(BIN)/hive demo --reset >/dev/null 2>&1; $(BIN)/hive daemon stop >/dev/null 2>&1; rm -rf "$$home"' EXIT && \
	$(BIN)/hive demo --no-dashboard && $(BIN)/python -m hive_tui.app.pictures take $(MOMENT)
	$(BIN)/python -m hive_tui.app.pictures draw $(MOMENT) docs/pictures

pictures-redraw: setup  ## docs/pictures from the demo as it was, after a change of the screens
	$(BIN)/python -m hive_tui.app.pictures draw $(MOMENT) docs/pictures

docs: setup  ## the generated pages of docs/
	$(BIN)/python -m hive_tui.config.reference docs/hive-toml.md

lock: setup  ## pin what is installed now
	$(BIN)/python -m pip freeze --exclude-editable --exclude pip > requirements.lock

clean:  ## everything that make made
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
