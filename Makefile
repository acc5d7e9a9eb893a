# Set-up, checks and tests of Listen Datasets. Needs Python 3.11 or newer, and make.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
DEMO   ?= build/demo

.DEFAULT_GOAL := help
.PHONY: help setup check fix test test-all interop fuzz demo build bench clean

help:                ## show this list
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  *##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/ —/' | awk -F ' — ' '{printf "  make %-10s %s\n", $$1, $$2}'

# One stamp a set of packages: an environment is made again only when pyproject.toml changes.
$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.run: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@ $(VENV)/.run

# The JSON Schema Test Suite lies in the sdist of jsonschema; where it cannot be fetched, its tests are skipped and say so.
SUITE := tests/interop/json-schema-suite.txt
$(VENV)/.interop: pyproject.toml $(SUITE) tests/interop/official_schemas.py | $(VENV)/.dev
	$(BIN)/python -m pip install --quiet -e '.[dev,interop]'
	$(BIN)/python -m pip download --quiet --no-deps --no-binary jsonschema --require-hashes \
	  --requirement $(SUITE) --dest $(VENV)/share/json-schema-suite || echo "make: no JSON Schema Test Suite" >&2
	$(BIN)/python tests/interop/official_schemas.py
	@touch $@

setup: $(VENV)/.dev  ## make the environment with everything for development

check: $(VENV)/.dev  ## formatting, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(VENV)/.dev    ## format, and mend what lint can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: $(VENV)/.dev   ## run the tests
	$(BIN)/python -m pytest -n auto -m 'not slow'

test-all: $(VENV)/.interop ## run all tests, with the readers of what we write and the slow ones
	$(BIN)/python -m pytest -n auto

interop: $(VENV)/.interop ## run the tests that open what we write with its consumers' libraries
	HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -m interop

fuzz: $(VENV)/.dev   ## mutate recordings of every container 10,000 times and ingest them (minutes)
	$(BIN)/python tests/fuzz/audio.py --mutations 10000

demo: $(VENV)/.run   ## install, then run the whole job on a copy of sample_data
	@$(BIN)/python sample_data/demo.py $(DEMO)

bench: $(VENV)/.dev  ## time the whole job beside a plain script, and ingest beside a bare reading of the files
	$(BIN)/python -m pip install --quiet joblib pyloudnorm scikit-learn
	$(BIN)/python benchmarks/end_to_end.py
	$(BIN)/python benchmarks/ingest.py sample_data/recordings

build: $(VENV)/.dev  ## build sdist and wheel, install the wheel in a fresh environment, run it
	rm -rf dist build/wheel-env
	$(BIN)/python -m build --outdir dist .
	$(PYTHON) -m venv build/wheel-env
	build/wheel-env/bin/python -m pip install --quiet dist/*.whl
	cd build && wheel-env/bin/lds --version && wheel-env/bin/lds init --json wheel-smoke-$$$$ > /dev/null

clean:               ## remove environments, builds and caches
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
