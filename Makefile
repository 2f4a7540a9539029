# Two commands do everything on a fresh machine: `make demo` and `make test`.
# They make an environment in $(VENV); PYTHON chooses the interpreter: make test PYTHON=python3.13 VENV=.venv-3.13

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# What each environment holds, with hashes; see tests/lock.py.
LOCK := .lock
N ?= 10000
# `make soak` goes on until N requests are answered and MINUTES have passed.
MINUTES ?= 0
# The end-to-end tests wait for processes of their own: one worker more than cores.
WORKERS ?= 3
TESTS ?= tests
# What `make fuzz` is for, and how long.
TARGET ?= all
SECONDS ?= 60

.DEFAULT_GOAL := help
.PHONY: help demo soak canaries examples reference test aio lint type check bench fuzz audit lock fmt clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## record a stand-in for AWS, replay it offline: no AWS account needed
	@$(BIN)/python tests/demo.py

test: $(READY) ## run all tests
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup $(TESTS)

aio: $(VENV)-aio/.ready ## run the tests of aiobotocore and cassetter, in an environment of their own
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

fuzz: $(VENV)-fuzz/.ready ## look for SECONDS (60) for bytes that break TARGET (all: decode request document endpoint import journal)
	$(VENV)-fuzz/bin/python tests/fuzz.py $(TARGET) $(SECONDS)

audit: $(VENV)-audit/.ready ## look for known vulnerabilities in what awstape needs (this asks the internet)
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --extra record pyproject.toml -o $(VENV)-audit/needed.txt
	$(VENV)-audit/bin/pip-audit --no-deps --disable-pip -r $(VENV)-audit/needed.txt

lock: $(READY) ## renew the lock files in .lock and print what changed (this asks the internet)
	@$(BIN)/python tests/lock.py

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

# Installs what the lock $(2) holds into the environment $(1), then the package. Packages without a wheel are built with
# the tools in build.txt.
install = $(BIN)/uv pip install --quiet --python $(1)/bin/python --build-constraints $(LOCK)/build.txt
install_lock = $(install) --require-hashes -r $(LOCK)/$(2).txt && $(install) --no-deps --editable .

$(READY): pyproject.toml $(LOCK)/uv.txt $(LOCK)/build.txt $(LOCK)/dev.txt
	@echo "setting up $(VENV) (about a minute, once)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)/uv.txt
	@$(call install_lock,$(VENV),dev)
	@touch $@

$(VENV)-%/.ready: pyproject.toml $(LOCK)/%.txt $(READY)
	@echo "setting up $(VENV)-$* (a few seconds, once)"
	@$(PYTHON) -m venv --clear --without-pip $(VENV)-$*
	@$(call install_lock,$(VENV)-$*,$*)
	@touch $@
