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
# What `make test` leaves for `make test-slowest`.
REPORT := .reports/tests$(VENV).xml
# For both ends of the ranges in pyproject.toml: what imports each dependency, and the proxy end to end. By file name.
# Tests of all operations or endpoints are left out: older versions of botocore don't have all of them.
ENDS := document botocore_hook completion ls_show endpoint certificate_authority journal addon loop tls
NEWER_DATA := every_host_that_is_intercepted
ENDS_TESTS = $(foreach name,$(ENDS),$(or $(shell find tests -name test_$(name).py),tests/test_$(name).py))
# What `make fuzz` is for, and how long.
TARGET ?= all
SECONDS ?= 60

# Without bytecode, every process that a test starts would compile what it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo soak canaries examples reference test test-fast test-slowest test-newest test-lowest aio lint type check bench fuzz audit lock fmt clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## record a stand-in for AWS, replay it offline: no AWS account needed
	@$(BIN)/python tests/demo.py

test: $(READY) ## run all tests
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup --junit-xml $(REPORT) $(TESTS)

test-fast: $(READY) ## run unit tests of the core, a sample of their cases: for the inner loop
	$(BIN)/python -m pytest -q -n 2 --sample 4 --hypothesis-profile fast -m 'not slow' tests/core

test-slowest: $(READY) ## name the ten slowest tests of the last `make test`
	@test -e $(REPORT) || $(MAKE) test
	@$(BIN)/python tests/slowest.py $(REPORT)

test-newest: $(READY) ## run some tests with the newest packages, on the newest Python here (this asks the internet)
	$(BIN)/uv venv --quiet --clear --python "$$(.ci/python 3.14 3.13 3.12 3.11)" $(VENV)-newest
	$(BIN)/uv pip install --quiet --upgrade --python $(VENV)-newest --editable '.[dev]'
	@$(call test_ends,$(VENV)-newest)

test-lowest: $(READY) ## run some tests with the lowest packages that pyproject.toml allows (this asks the internet)
	$(BIN)/uv venv --quiet --clear --python "$$(.ci/python 3.11)" $(VENV)-lowest
	$(BIN)/uv pip compile --quiet --resolution lowest-direct --python $(VENV)-lowest --no-header --no-annotate --extra record pyproject.toml -o $(VENV)-lowest/lowest.txt
	$(BIN)/uv pip install --quiet --python $(VENV)-lowest --constraints $(VENV)-lowest/lowest.txt --build-constraints $(LOCK)/build.txt --editable '.[dev]'
	@$(call test_ends,$(VENV)-lowest)

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
	rm -rf .venv* .reports .fuzz build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find proxy tests -name __pycache__ -prune -exec rm -rf {} +

# Installs what the lock $(2) holds into the environment $(1), then the package. Packages without a wheel are built with
# the tools in build.txt.
install = $(BIN)/uv pip install --quiet --python $(1)/bin/python --build-constraints $(LOCK)/build.txt
install_lock = $(install) --require-hashes -r $(LOCK)/$(2).txt && $(install) --no-deps --editable .

# Prints the versions of awstape's dependencies in the environment $(1), and tests with them.
test_ends = $(BIN)/uv pip freeze --python $(1) | grep -iE '^(botocore|click|cryptography|httptools|mitmproxy|pyyaml|rich)==' && \
	$(1)/bin/python -m pytest -q -n $(WORKERS) --dist loadgroup -k 'not ($(NEWER_DATA))' $(ENDS_TESTS)

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
