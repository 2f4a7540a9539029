# Two commands do everything on a fresh machine: `make demo` and `make test`.
# They make an environment in $(VENV); PYTHON chooses the interpreter: make test PYTHON=python3.13 VENV=.venv-3.13

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_AIO := $(VENV)-aio/.ready
READY_FUZZ := $(VENV)-fuzz/.ready
N ?= 10000
# `make soak` goes on until N requests are answered and MINUTES have passed.
MINUTES ?= 0
# The end-to-end tests wait for processes of their own: one worker more than cores.
WORKERS ?= 3
TESTS ?= tests
# What `make fuzz` is for, and how long.
TARGET ?= all
SECONDS ?= 60

# Without bytecode, every process that a test starts would compile what it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo soak canaries examples reference test aio lint type check bench fuzz audit fmt clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## record a stand-in for AWS, replay it offline: no AWS account needed
	@$(BIN)/python tests/demo.py

test: $(READY) ## run all tests
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup $(TESTS)

aio: $(READY_AIO) ## run the tests of aiobotocore and cassetter, in an environment of their own
	$(VENV)-aio/bin/python -m pytest -q tests/aio

lint: $(READY) ## look for mistakes and formatting (ruff)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

type: $(READY) ## check types (mypy, strict)
	$(BIN)/mypy

check: lint type ## lint and type

bench: $(READY) ## measure speed and memory, as ratios to a reference in the same run
	$(BIN)/python tests/bench.py

soak: $(READY) ## let 64 clients ask a replay N times (10000), or for MINUTES, and check every answer
	@$(BIN)/python tests/soak.py $(N) $(MINUTES)

fuzz: $(READY_FUZZ) ## look for SECONDS (60) for bytes that break TARGET (all: decode request document endpoint import journal)
	$(VENV)-fuzz/bin/python tests/fuzz.py $(TARGET) $(SECONDS)

audit: $(READY) ## look for known vulnerabilities in what awstape needs (this asks the internet)
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --extra record pyproject.toml -o $(VENV)/needed.txt
	$(BIN)/uvx pip-audit --no-deps --disable-pip -r $(VENV)/needed.txt

canaries: $(READY) ## plant N real values (10000) everywhere and look for them in what is recorded
	$(BIN)/python tests/canaries.py $(N)

examples: $(READY) ## record the cassettes in cassettes/ again
	$(BIN)/python tests/examples.py

reference: $(READY) ## write the table of commands into the README
	$(BIN)/python tests/reference.py

fmt: $(READY) ## format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean: ## remove everything that was made
	rm -rf .venv* .fuzz build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find proxy tests -name __pycache__ -prune -exec rm -rf {} +

$(READY): pyproject.toml
	@echo "setting up $(VENV) (about a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -e '.[dev]'
	@touch $@

$(READY_AIO): pyproject.toml $(READY)
	@echo "setting up $(VENV)-aio (a few seconds, once)"
	@$(PYTHON) -m venv --without-pip $(VENV)-aio
	@$(BIN)/uv pip install --quiet --python $(VENV)-aio/bin/python -e '.[aio]'
	@touch $@

$(READY_FUZZ): pyproject.toml $(READY)
	@echo "setting up $(VENV)-fuzz (a few seconds, once)"
	@$(PYTHON) -m venv --without-pip $(VENV)-fuzz
	@$(BIN)/uv pip install --quiet --python $(VENV)-fuzz/bin/python -e '.[fuzz]'
	@touch $@
