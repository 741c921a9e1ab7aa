# Every target builds what it needs: a fresh clone can start with any of them.
SHELL := /bin/bash
VENV := .venv
PYTHON := $(VENV)/bin/python
STAMP := $(VENV)/.stamp

# Modules are compiled once, whatever the shell says, and not by each of the thousand processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test documents test-pillow12 browser stores test-ray test-all fuzz check format bench bench-scale docs man pictures conformance goldens clean

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# uv when it is on PATH, otherwise venv and pip; the same versions either way.
HAS_UV := $(shell command -v uv 2>/dev/null)
ifdef HAS_UV
venv = uv venv --allow-existing -q $(1)
install = uv pip install -q --python $(1)/bin/python
else
venv = python3 -m venv $(1)
install = $(1)/bin/python -m pip install -q --disable-pip-version-check
endif
comma := ,
# The package with some of its extras, in the main environment.
extras = $(call install,$(VENV)) -e '.[$(1)]' -c constraints-dev.txt

$(STAMP): pyproject.toml constraints-dev.txt
	@$(call venv,$(VENV))
	@$(call extras,test)
	@touch $@

demo: $(STAMP)  ## tile samples/ into out/ and show what came out
	$(VENV)/bin/dynres tile samples out --overwrite
	@find out -type f -not -path '*/.dynres*' | sort | head -40
	$(VENV)/bin/dynres inspect samples/astronaut.jpg

test: $(STAMP)  ## the everyday tests
	$(PYTHON) -m pytest -n auto --dist worksteal -q -m 'not slow and not conformance'

# The classic pass order must come out of either Pillow: the same pixel tests in an environment of its own.
PILLOW12 := .venv-pillow12
$(PILLOW12)/.stamp: pyproject.toml constraints-dev.txt
	@sed 's/^pillow==.*/pillow==12.3.0/' constraints-dev.txt > .constraints-pillow12.txt
	@$(call venv,$(PILLOW12))
	@$(call install,$(PILLOW12)) -e '.[test]' -c .constraints-pillow12.txt
	@rm .constraints-pillow12.txt
	@touch $@

PIXEL_TESTS := tests/test_resample.py tests/test_render.py tests/test_normalize.py tests/test_api.py tests/test_given.py tests/test_kernels.py tests/test_png.py tests/test_goldens.py tests/test_pixels.py tests/sinks

test-pillow12: $(PILLOW12)/.stamp  ## the pixel tests under Pillow 12; none run is a failure
	$(PILLOW12)/bin/python -c 'import PIL; assert PIL.__version__.startswith("12."), PIL.__version__'
	$(PILLOW12)/bin/python -m pytest -n auto --dist worksteal -q -m 'not slow and not conformance' $(PIXEL_TESTS)

browser: $(STAMP)  ## what the tests of the report need beside Chromium itself; without it they are skipped
	@$(call extras,test-browser)

stores: $(STAMP)  ## what the tests of object stores and tables need; without it they are skipped
	@$(call extras,test-s3$(comma)parquet)

$(VENV)/.stamp-ray: $(STAMP)
	@$(call extras,ray)
	@touch $@

# One process: all of its tests share one cluster, and each kills some of it.
test-ray: $(VENV)/.stamp-ray  ## what needs Ray: the engines' contract on a cluster of two nodes, with parts of it killed
	$(PYTHON) -m pytest -q tests/engines/test_contract.py tests/engines/test_ray.py tests/cli/test_ray.py

documents: $(STAMP)  ## run every command of the README and the how-to pages, and compare what they print
	$(PYTHON) -m pytest -n auto --dist worksteal -q tests/test_documents.py

test-all: $(STAMP)  ## the everyday tests and the slow ones
	$(PYTHON) -m pytest -n auto --dist worksteal -q -m 'not conformance'

fuzz: $(STAMP)  ## damaged files for TIME seconds (600); what breaks a promise is kept in .cache/fuzz/findings
	$(PYTHON) -m tests.fuzz --seconds $(or $(TIME),600)

check: $(STAMP)  ## lint, formatting and types
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

format: $(STAMP)  ## let ruff fix and format what it can
	$(VENV)/bin/ruff check --fix-only -q .
	$(VENV)/bin/ruff format -q .

# The reference processors in both of transformers' generations. torchvision goes in without what it depends on: its own
# compiled operators are not needed. Where torch's CPU build is not what an index serves, name another by PIP_INDEX_URL.
.venv-transformers%/.stamp: tests/conformance/constraints-transformers%.txt pyproject.toml
	@$(call venv,$(@D))
	@$(call install,$(@D)) -e . torch transformers -c $<
	@$(call install,$(@D)) --no-deps torchvision -c $<
	@touch $@

.PHONY: conformance-4 conformance-5
conformance-4 conformance-5: conformance-%: .venv-transformers%/.stamp
	rm -f .cache/conformance/transformers$*.json
	.venv-transformers$*/bin/python -m tests.conformance.run .cache/conformance/transformers$*.json

conformance:  ## lay dynres beside the references' own processors, in both environments: docs/conformance.md
	$(MAKE) .venv-transformers4/.stamp
	$(MAKE) .venv-transformers5/.stamp
	$(MAKE) -j2 conformance-4 conformance-5
	.venv-transformers5/bin/python -m tests.conformance.matrix docs/conformance.md .cache/conformance/transformers4.json .cache/conformance/transformers5.json

goldens: .venv-transformers4/.stamp .venv-transformers5/.stamp  ## write tests/golden/presets from the references
	.venv-transformers4/bin/python -m tests.conformance.write_goldens
	.venv-transformers5/bin/python -m tests.conformance.write_goldens

$(VENV)/.stamp-docs: $(STAMP)
	@$(call extras,docs)
	@touch $@

docs: $(VENV)/.stamp-docs  ## build the site of the documentation into site/; a link that leads nowhere is an error
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict
	@echo "site/index.html is ready; its search works over http: $(PYTHON) -m http.server -d site"

man: $(STAMP)  ## write the man pages and the lists of facts in docs/strategies.md anew, after a change of the app
	$(PYTHON) -m docs.generate.man
	$(PYTHON) -m docs.generate.families

pictures: browser  ## draw every picture of the documentation anew; the report's needs Chromium on PATH
	$(PYTHON) -m docs.generate.figures
	$(PYTHON) -m docs.generate.passes
	$(PYTHON) -m docs.generate.session
	$(PYTHON) -m docs.generate.browser

$(VENV)/.stamp-bench: $(STAMP)
	@$(call extras,bench)
	@touch $@

bench: $(VENV)/.stamp-bench  ## measure every bar of benchmarks/RESULTS.md, about 25 minutes; BENCH=--quick for five
	$(PYTHON) benchmarks/bench.py $(BENCH)

# Extras that a version does not have yet are left out by pip with a warning; their rows are then named as absent.
$(VENV)/.stamp-bench-scale: $(STAMP)
	@$(call extras,ray$(comma)s3$(comma)parquet$(comma)test-s3)
	@touch $@

bench-scale: $(VENV)/.stamp-bench-scale  ## every layout, on disk and S3, by processes and Ray, and ten million keys: docs/scale.md
	mkdir -p benchmarks/results/scale
	$(PYTHON) benchmarks/scale.py --publish $(BENCH)
	$(PYTHON) benchmarks/overhead.py --out benchmarks/results/scale/overhead.json
	$(PYTHON) benchmarks/simulate.py --engine serial --out benchmarks/results/scale/simulation.json
	$(PYTHON) benchmarks/scale_page.py

clean:  ## forget everything that was built
	rm -rf $(VENV) .venv-* out dist site .cache
