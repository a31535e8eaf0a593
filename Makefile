# Two commands matter on a fresh machine: `make devnet` and `make test`. Both set everything up first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
ARGS ?=

.PHONY: help setup devnet test check bench nightly clean
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install it, or name another with 'make PYTHON=python3 ...'"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

contracts/build/.compiled: $(VENV)/.installed contracts/lock.json $(shell find contracts -name '*.vy' -o -name '*.vyi' 2>/dev/null) contracts/compile.py contracts/assembler.py $(wildcard contracts/assembled/*.py)
	$(BIN)/python -m contracts.compile
	@touch $@

setup: $(VENV)/.installed contracts/build/.compiled ## Install into .venv and compile the contracts

devnet: setup ## Run L1, sequencer and follower here, and the demo once (ARGS='--exit-after-demo' ...)
	$(BIN)/openledger devnet $(ARGS)

test: setup ## All tests that CI runs: first what shares nothing; then real processes, the longest first; then containers
	$(BIN)/python -m pytest -n auto --dist=worksteal $(ARGS) tests/architecture tests/unit tests/properties tests/vectors
	$(BIN)/python -m pytest -n 2 --dist=loadscope --no-loadscope-reorder $(ARGS) tests/hostile tests/byzantine tests/chaos tests/docs tests/e2e tests/actions
	$(BIN)/python -m pytest $(ARGS) tests/docker

check: setup ## Lint, types, import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## Benchmarks, ours beside a peer in one run
	$(BIN)/python -m tests.benchmarks $(ARGS)

nightly: setup ## Long runs: many kill rounds, fuzzing, sweeps
	$(BIN)/python -m pytest -m nightly -s --timeout=36000 $(ARGS)

clean: ## Remove what the other targets made
	rm -rf $(VENV) contracts/build .pytest_cache .mypy_cache .ruff_cache
