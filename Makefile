# A fresh machine needs two commands: `make demo` and `make test`.
# They create a virtual environment in $(VENV); PYTHON sets the interpreter: make test PYTHON=python3.13 VENV=.venv-3.13

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The lock files: the packages of each environment, with hashes; see tests/lock.py.
LOCK := .lock
N ?= 10000
# `make soak` runs until N requests are answered and MINUTES have passed.
MINUTES ?= 0
# And the processes that answer it.
PROCESSES ?= 1
# One worker more than two cores: an end-to-end test spends much of its time waiting for the processes that it starts.
WORKERS ?= 3
TESTS ?= tests
# More options of pytest.
OPTIONS ?=
# The JUnit report that `make test` writes and `make test-slowest` reads.
REPORT := .reports/tests$(VENV).xml
# Test files for both ends of the version ranges in pyproject.toml, as NAME in test_NAME.py: they cover each module that
# imports a dependency, and the proxy end to end. Tests of all operations or endpoints are excluded, since older versions
# of botocore lack some of them.
ENDS := reader matching botocore_hook show endpoint certificate_authority journal addon loop tls
NEWER_DATA := the_ca_can_sign_for_every_intercepted_host or a_client_sees_what_it_sees_over_the_wire
ENDS_TESTS = $(foreach name,$(ENDS),$(or $(shell find tests -name test_$(name).py),tests/test_$(name).py))
# The runs of `make bench` that `make bench-page` shows.
RUNS ?= .reports/bench.json
# What `make test-replay` runs.
REPLAY_TESTS := $(addprefix tests/,core/replay serving inprocess proxying test_tape.py test_large_cassettes.py)
# The parser that `make fuzz` tests, and for how long.
TARGET ?= all
SECONDS ?= 60

# With this variable set, every process that a test starts would compile each module that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo soak canaries vocabulary listings protocol-suites examples index reference test test-fast test-thorough test-slowest test-replay test-newest test-lowest test-clients aio lint type check bench bench-quick bench-page fuzz audit lock fmt clean

help: ## print this list of targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## record a stand-in for AWS and replay it offline; needs no AWS account
	@$(BIN)/python tests/demo.py

test: $(READY) ## run all tests
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup --junit-xml $(REPORT) $(OPTIONS) $(TESTS)

test-fast: $(READY) ## run a sample of the core's unit tests, for the inner loop
	$(BIN)/python -m pytest -q -n 2 --sample 4 --hypothesis-profile fast -m 'not slow' tests/core

test-thorough: $(READY) ## run all tests, with all generated examples (some minutes more)
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup --hypothesis-profile thorough $(TESTS)

test-slowest: $(READY) ## print the ten slowest tests of the last `make test`
	@test -e $(REPORT) || $(MAKE) test
	@$(BIN)/python tests/slowest.py $(REPORT)

test-replay: $(READY) ## run the tests of replay without answers from memory, then with all cassettes read lazily
	$(BIN)/python -m pytest -q -n 2 $(OPTIONS) --replay anew --ignore-glob '*/test_known_*' \
	  --deselect tests/proxying/test_replay_layer.py::test_requests_are_answered_in_order_and_known_on_all_connections \
	  $(REPLAY_TESTS)
	$(BIN)/python -m pytest -q -n 2 $(OPTIONS) --replay lazily $(REPLAY_TESTS)

test-newest: $(READY) ## run some tests with the newest packages on the newest installed Python (needs the internet)
	$(BIN)/uv venv --quiet --clear --python "$$(.ci/python 3.14 3.13 3.12 3.11)" $(VENV)-newest
	$(BIN)/uv pip install --quiet --upgrade --python $(VENV)-newest --editable '.[dev]'
	@$(call test_ends,$(VENV)-newest)

test-lowest: $(READY) ## run some tests with the lowest versions that pyproject.toml allows (needs the internet)
	$(BIN)/uv venv --quiet --clear --python "$$(.ci/python 3.11)" $(VENV)-lowest
	$(BIN)/uv pip compile --quiet --resolution lowest-direct --python $(VENV)-lowest --no-header --no-annotate --extra record pyproject.toml -o $(VENV)-lowest/lowest.txt
	$(BIN)/uv pip install --quiet --python $(VENV)-lowest --constraints $(VENV)-lowest/lowest.txt --build-constraints $(LOCK)/build.txt --editable '.[dev]'
	@$(call test_ends,$(VENV)-lowest)

test-clients: $(READY) ## record and replay programs from PyPI that page AWS, PROGRAM=… for one (needs the internet)
	@PYTHONPATH=tests $(BIN)/python -m clients.run $(PROGRAM)

aio: $(VENV)-aio/.ready ## run the tests of aiobotocore and cassetter in a separate environment
	$(VENV)-aio/bin/python -m pytest -q tests/aio

lint: $(READY) ## check style and formatting (ruff)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

type: $(READY) ## check types (mypy --strict)
	$(BIN)/mypy

check: lint type ## run lint and type

bench: $(READY) ## measure speed and memory beside references in the same run, GROUP=… for some rows (ten minutes)
	-@$(MAKE) --quiet --keep-going $(VENV)-peers/.ready $(VENV)-peers/node_modules
	@PYTHONPATH=tests $(BIN)/python -m bench --peers $(VENV)-peers $(GROUP)

bench-quick: $(READY) ## the same with less work and the peers that are installed (a minute)
	@PYTHONPATH=tests $(BIN)/python -m bench --quick --peers $(VENV)-peers $(GROUP)

bench-page: $(READY) ## write the figures of RUNS (.reports/bench.json) into the guide
	@PYTHONPATH=tests $(BIN)/python -m bench.published $(RUNS)

soak: $(READY) ## send N requests (10000) from 64 clients to a replay, for at least MINUTES (0), and check every response; PROCESSES=… for its --workers
	@$(BIN)/python tests/soak.py $(N) $(MINUTES) $(PROCESSES)

fuzz: $(VENV)-fuzz/.ready ## fuzz TARGET (all: decode request document endpoint import journal) for SECONDS (60)
	$(VENV)-fuzz/bin/python tests/fuzz.py $(TARGET) $(SECONDS)

audit: $(VENV)-audit/.ready ## search awstape's dependencies for known vulnerabilities (needs the internet)
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --extra record pyproject.toml -o $(VENV)-audit/needed.txt
	$(VENV)-audit/bin/pip-audit --no-deps --disable-pip -r $(VENV)-audit/needed.txt

lock: $(READY) ## renew the lock files in .lock and print the changes (needs the internet)
	@$(BIN)/python tests/lock.py

canaries: $(READY) ## plant N realistic values (10000) in traffic of SERVICES and search awstape's output for them
	$(BIN)/python tests/canaries.py $(N) $(if $(SERVICES),--services $(SERVICES))

vocabulary: $(READY) ## plant AWS's public words in traffic and count those that redaction changes (LIMIT exchanges of each kind)
	$(BIN)/python tests/vocabulary.py $(if $(LIMIT),--limit $(LIMIT))

listings: $(READY) ## record and replay a listing of every paginated operation of AWS, and count those that come out equal
	@$(BIN)/python tests/listings.py

protocol-suites: $(READY) ## run botocore's own protocol suites against awstape (needs the internet)
	@$(BIN)/python tests/protocol_suites.py

examples: $(READY) ## record the cassettes in cassettes/ anew
	$(BIN)/python tests/examples.py

index: $(READY) ## update the index of all services from botocore's data
	$(BIN)/python tests/service_index.py

reference: $(READY) ## update the table of commands in the guide
	$(BIN)/python tests/reference.py

fmt: $(READY) ## format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean: ## remove environments, reports, caches and builds
	rm -rf .venv* .reports .fuzz build dist .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find proxy tests -name __pycache__ -prune -exec rm -rf {} +

# Installs the packages in the lock $(2) into the environment $(1), then awstape itself. Packages without a wheel are
# built with the tools in build.txt.
install = $(BIN)/uv pip install --quiet --python $(1)/bin/python --build-constraints $(LOCK)/build.txt
install_lock = $(install) --require-hashes -r $(LOCK)/$(2).txt && $(install) --no-deps --editable .

# Prints the versions of awstape's dependencies in the environment $(1), and runs quick tests of $(ENDS_TESTS) with them.
test_ends = $(BIN)/uv pip freeze --python $(1) | grep -iE '^(botocore|click|cryptography|httptools|mitmproxy|pyyaml|rich)==' && \
	$(1)/bin/python -m pytest -q -n $(WORKERS) --dist loadgroup --sample 20 --hypothesis-profile fast -m 'not slow' \
	  -k 'not ($(NEWER_DATA))' $(ENDS_TESTS)

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

# Peers from npm; WireMock needs Java, too.
$(VENV)-peers/node_modules: $(VENV)-peers/.ready
	@npm install --silent --no-audit --no-fund --prefix $(VENV)-peers talkback@4.2.0 wiremock@3.13.2
