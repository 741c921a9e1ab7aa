# Every target builds what it needs: a fresh clone can start with any of them.
SHELL := /bin/bash
VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.stamp

.DEFAULT_GOAL := help
.PHONY: help demo test test-all check format bench docs conformance wheel clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# uv when it is on PATH, otherwise venv and pip; the same versions either way.
$(STAMP): pyproject.toml constraints-dev.txt
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --allow-existing -q $(VENV) && uv pip install -q --python $(PYTHON) -e '.[test]' -c constraints-dev.txt; \
	else \
	  python3 -m venv $(VENV) && $(PYTHON) -m pip install -q --disable-pip-version-check -e '.[test]' -c constraints-dev.txt; \
	fi
	@touch $@

demo: $(STAMP)  ## tile samples/ into out/ and show what came out
	$(VENV)/bin/dynres tile samples out --overwrite
	@find out -type f -not -path '*/.dynres*' | sort | head -40
	$(VENV)/bin/dynres inspect samples/astronaut.jpg

test: $(STAMP)  ## the everyday tests
	$(PYTHON) -m pytest -n auto -q -m 'not slow and not conformance'

test-all: $(STAMP)  ## the everyday tests and the slow ones
	$(PYTHON) -m pytest -n auto -q -m 'not conformance'

check: $(STAMP)  ## lint, formatting and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: $(STAMP)  ## let ruff fix and format what it can
	$(VENV)/bin/ruff check --fix-only -q .
	$(VENV)/bin/ruff format -q .

clean:  ## forget everything that was built
	rm -rf $(VENV) .venv-* out dist site .cache
