# Everything is built in .venv; the only needs of the machine are make and a Python from 3.11 to 3.13 with pip.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
PINS := pyproject.toml constraints.txt
PYTHONS := python3.11 python3.12 python3.13 python3
OLDEST_GYMNASIUM := 1.2.2
SUPPORTED := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

.PHONY: demo test lint format types oldest bench dev clean help

demo: $(VENV)/train.stamp ## train, evaluate, certify and operate in miniature, in minutes
	$(BIN)/ranrein demo

test: $(VENV)/dev.stamp ## run every test
	$(BIN)/pytest -n 2 --dist loadfile

lint: $(VENV)/dev.stamp ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/dev.stamp ## mend style and formatting
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/dev.stamp ## check types against a regular install
	rm -rf build $(VENV)/types
	$(PIP) --no-deps --no-build-isolation --target $(VENV)/types .
	rm -rf build
	$(BIN)/basedpyright

oldest: $(VENV)/dev.stamp ## run the environments' property suite on the oldest Gymnasium that will do
	rm -rf $(VENV)/oldest
	$(PIP) --no-deps --target $(VENV)/oldest gymnasium==$(OLDEST_GYMNASIUM)
	PYTHONPATH=$(VENV)/oldest $(BIN)/pytest -n 2 --dist loadfile tests/envs/test_every_env*.py tests/envs/test_multi_agent.py

bench: $(VENV)/train.stamp ## measure speed on this machine
	$(BIN)/ranrein bench

dev: $(VENV)/dev.stamp ## set up .venv for work on the code

clean: ## remove what the other targets built, except runs/
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@for python in $(or $(PYTHON),$(PYTHONS)); do \
	    if $$python -c '$(SUPPORTED)' 2>/dev/null; then \
	        echo "making $(VENV) with $$($$python --version)"; exec $$python -m venv $(VENV); \
	    fi; \
	done; \
	echo "no usable Python among: $(or $(PYTHON),$(PYTHONS)); install 3.11, 3.12 or 3.13 with venv," \
	    "or name one: make PYTHON=/path/to/python3.11" >&2; exit 1

# The largest part comes first and alone, so that a change of ours never fetches it again.
$(VENV)/torch.stamp: $(BIN)/python
	@version=$$(grep '^torch==' constraints.txt); echo "installing $$version (large)"; $(PIP) "$$version"
	@touch $@

$(VENV)/train.stamp: $(VENV)/torch.stamp $(PINS)
	@echo "installing ranrein[train]"; $(PIP) -c constraints.txt -e ".[train]"
	@touch $@

$(VENV)/dev.stamp: $(VENV)/torch.stamp $(PINS)
	@echo "installing ranrein[dev]"; $(PIP) -c constraints.txt -e ".[dev]"
	@touch $(VENV)/train.stamp $@
