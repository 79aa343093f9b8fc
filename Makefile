# The developer's only interface, and what continuous integration calls. `make` alone lists the targets.
# Needs: make, a POSIX shell, git and Python 3.11 or newer. Nothing has to be activated or exported.

SHELL = /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-slow check fmt bench peers docs reference lock clean

# Where things go; each can be given on the command line, e.g. `make demo DEMO_FLAGS="--replicates 3"`.
VENV ?= .venv
DEMO_OUT ?= out/working-group
DEMO_FLAGS ?=
PYTEST_FLAGS ?=
# An interpreter to build the environment with; the first suitable one is found when none is named.
PYTHON ?=

BIN = $(VENV)/bin
PY = $(BIN)/python
# The stamp carries the folder's name: an environment copied elsewhere would import the code of the old place.
STAMP := $(VENV)/.ready-$(shell printf '%s' '$(CURDIR)' | cksum | cut -d ' ' -f 1)
DOCS_STAMP = $(STAMP)-docs

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name what; do \
	    printf '  make %-10s %s\n' "$$name" "$$what"; done

setup: $(STAMP) ## make .venv with the locked dependencies and this package (quick the second time)

$(STAMP): requirements.lock pyproject.toml
	@set -e; \
	found=''; \
	for candidate in "$(PYTHON)" python3 python3.13 python3.12 python3.11 python; do \
	    [ -n "$$candidate" ] || continue; \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	        found="$$candidate"; break; \
	    fi; \
	    [ -z "$(PYTHON)" ] || break; \
	done; \
	if [ -z "$$found" ]; then \
	    came=$$("$(or $(PYTHON),python3)" --version 2>&1 | sed -n 's/^Python/is Python/p'); \
	    echo "watchfloor needs Python 3.11 or newer; $(or $(PYTHON),python3) $${came:-is not there}." >&2; \
	    echo "Install one, or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; \
	    exit 1; \
	fi; \
	if ! "$(PY)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "setup: making $(VENV) with $$("$$found" --version)"; \
	    rm -rf "$(VENV)"; \
	    if ! "$$found" -m venv "$(VENV)" >/dev/null 2>&1; then \
	        rm -rf "$(VENV)"; \
	        if ! uv venv -q --seed --python "$$found" "$(VENV)" 2>/dev/null; then \
	            echo "$$found cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; \
	            exit 1; \
	        fi; \
	    fi; \
	fi; \
	uv=''; \
	if [ -x "$(BIN)/uv" ]; then uv="$(BIN)/uv"; \
	elif command -v uv >/dev/null 2>&1; then uv=uv; \
	elif "$(PY)" -m pip install -q --disable-pip-version-check uv >/dev/null 2>&1; then uv="$(BIN)/uv"; \
	fi; \
	echo "setup: installing the locked dependencies with $${uv:-pip}"; \
	if [ -z "$$uv" ] || ! "$$uv" pip sync -q --require-hashes --python "$(PY)" requirements.lock 2>/dev/null; then \
	    [ -z "$$uv" ] || echo "setup: uv could not, so pip does it (slower)"; \
	    "$(PY)" -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock; \
	fi; \
	if [ -z "$$uv" ] || ! "$$uv" pip install -q --python "$(PY)" --no-deps --no-build-isolation -e . 2>/dev/null; then \
	    "$(PY)" -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . ; \
	fi; \
	rm -f "$(VENV)"/.ready-*; \
	touch "$@"

demo: setup ## play the working group's study and leave its report in out/working-group/report.html
	$(BIN)/watchfloor study working-group --out $(DEMO_OUT) $(DEMO_FLAGS)
	$(BIN)/watchfloor report $(DEMO_OUT)

test: setup ## the tests, the slow ones left out
	$(PY) -m pytest -m "not slow" $(PYTEST_FLAGS)

test-slow: setup ## the slow tests
	$(PY) -m pytest -m slow $(PYTEST_FLAGS)

check: setup ## format, lint, types and import floors; changes nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo

fmt: setup ## format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

peers: setup ## make .venv-peers with the public peers that benchmarks run beside ours
	$(PY) -m venv .venv-peers
	for peer in stonesoup itur rad-lab; do .venv-peers/bin/python -m pip install -q $$peer || echo "peers: no $$peer" >&2; done

bench: setup ## measure the bars (CPU time, ratios, counts) and print them
	$(PY) -m benchmarks

reference: setup ## write docs/reference/kinds.md from the configuration classes
	$(PY) docs/make_reference.py

docs: $(DOCS_STAMP) ## build the documentation into docs/_build/html, warnings as errors
	$(PY) -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs: docs/_build/html/index.html"

$(DOCS_STAMP): $(STAMP) requirements-docs.lock
	@if [ -x "$(BIN)/uv" ]; then "$(BIN)/uv" pip install -q --require-hashes --python "$(PY)" -r requirements-docs.lock; \
	elif command -v uv >/dev/null 2>&1; then uv pip install -q --require-hashes --python "$(PY)" -r requirements-docs.lock; \
	else "$(PY)" -m pip install -q --disable-pip-version-check --require-hashes -r requirements-docs.lock; fi
	@touch "$@"

# Locks: every version with its hashes, for all platforms and Pythons, and no address in them.
LOCK = $(or $(wildcard $(BIN)/uv),uv) pip compile --universal --python-version 3.11 --generate-hashes --no-header -q

lock: setup ## bring both lock files up to date
	$(LOCK) --upgrade pyproject.toml --group dev -o requirements.lock
	$(LOCK) --upgrade --group docs -c requirements.lock -o requirements-docs.lock

clean: ## remove caches, compiled kernels and built pages; .venv and out/ stay
	rm -rf docs/_build build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks docs examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
