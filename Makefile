# Try, build and check Fosse. A machine with Python 3.11 or newer and make is enough: the rest is fetched on demand.
PYTHON ?= python3
ONLY ?=
COUNTIES ?=
PORT ?=
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r
LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-header
PYTEST := $(BIN)/python -m pytest -q -n $(or $(WORKERS),2) --dist loadgroup
CHROMIUM_BY_APT := [ "$$(id -u)" = 0 ] && command -v apt-get && apt-get update -qq && \
                   DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium

export PYTHONPATH := $(CURDIR):$(CURDIR)/protos
.DELETE_ON_ERROR:
.PHONY: help demo demo-check compose-check test lint protos bench promises locks image chromium

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: .venv/runtime.stamp ## a hub and three counties on this machine, with demo people; COUNTIES=all for all six
	@$(BIN)/python -m services.node demo $(if $(COUNTIES),--counties $(COUNTIES)) $(if $(PORT),--port $(PORT))

demo-check: .venv/runtime.stamp ## play the main jobs on a fresh region over HTTP; stops at the first step that fails
	@$(BIN)/python -m services.node demo-check

compose-check: .venv/runtime.stamp image ## the same on containers: a hub and two counties; KEEP=1 leaves them for a look
	@$(BIN)/python -m services.node compose-check $(if $(KEEP),--keep)

test: .venv/dev.stamp chromium ## every test but the promises; the last line says what this machine could not test
	@$(PYTEST) --ignore tests/promises

lint: .venv/dev.stamp ## ruff, mypy --strict, import contracts, protos: style, compatibility, fresh generated code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tests.rules.protos check

protos: .venv/dev.stamp ## generate code from the protos, and extend the baseline that keeps them compatible
	@$(BIN)/python -m tests.rules.protos generate

bench: .venv/dev.stamp ## measure speed and size; ONLY=leaflet for one area
	@$(BIN)/python -m tests.bench.run $(ONLY)

promises: .venv/dev.stamp chromium ## check the promises and write docs/promises.md; ONLY=1,17 for some, FULL=1 for full counts
	@$(BIN)/python -m tests.promises.run $(ONLY)

locks: .venv/dev.stamp ## resolve requirements*.in anew into hashed locks
	@$(LOCK) --upgrade requirements.in -o requirements.txt
	@$(LOCK) --upgrade -c requirements.txt requirements-dev.in -o requirements-dev.txt
	@$(LOCK) --upgrade -c requirements.txt deploy/requirements.in -o deploy/requirements.txt
	@$(BIN)/python deploy/check_locks.py requirements.txt requirements-dev.txt deploy/requirements.txt

image: ## the container image fosse:local with its SBOM; AUDIT=1 asks for advisories, PYTHON_IMAGE=… for another base
	@deploy/image.sh

chromium: .venv/dev.stamp
	@command -v chromium >/dev/null || { $(CHROMIUM_BY_APT); } >/dev/null 2>&1 \
	  || $(BIN)/playwright install chromium >/dev/null 2>&1 || true

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Fosse needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "Python lacks its venv module; on Debian: apt-get install python3-venv"; exit 1; }

.venv/runtime.stamp: requirements.txt | .venv/bin/python
	@echo "Installing what Fosse runs on into .venv …"
	@$(PIP_INSTALL) requirements.txt
	@touch $@

# The development lock holds the runtime's packages too, at the same versions.
.venv/dev.stamp: requirements-dev.txt requirements.txt | .venv/bin/python
	@echo "Installing what building and testing Fosse needs into .venv …"
	@$(PIP_INSTALL) requirements-dev.txt
	@touch .venv/runtime.stamp $@
