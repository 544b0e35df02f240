# Every target installs what it needs into .venv: only Python >= 3.11 (with pip and venv) and make must be there.
# Where npm is, the tests get a client library from there, too; where it is not, they say what they skip.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
NODE := tests/clients/node

.PHONY: run test check bench lock clean

run: $(VENV)/run.installed
	$(BIN)/entrepot demo

test: $(VENV)/dev.installed $(VENV)/node.installed
	$(BIN)/pytest -n 2 --dist loadfile

check: $(VENV)/dev.installed $(VENV)/node.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile

bench: $(VENV)/dev.installed
	$(BIN)/python -m bench

# Pin anew what pyproject.toml asks for; the lock files name no registry.
COMPILE := $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-header
lock: $(VENV)/dev.installed
	$(COMPILE) --extra demo --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra demo --extra dev --output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) $(NODE)/node_modules build *.egg-info src/*.egg-info

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Entrepot needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.installed: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/dev.installed: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/node.installed: $(NODE)/package-lock.json | $(BIN)/python
	@if npm ci --prefix $(NODE) --ignore-scripts --no-audit --no-fund --loglevel error; then touch $@; \
	else echo "Without npm or its packages the tests of $(NODE) are skipped."; fi
