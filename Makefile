# Two commands for a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := parsing extraction probes attention convolution reporting pipeline tests benchmarks

.PHONY: demo test format-check lint types tests notebooks clean

demo: $(VENV)/demo-installed
	$(BIN)/treeprobe demo --out demo-output

test: format-check lint types tests

format-check: $(VENV)/dev-installed
	$(BIN)/ruff format --check $(SOURCES)

lint: $(VENV)/dev-installed
	$(BIN)/ruff check $(SOURCES)

types: $(VENV)/dev-installed
	$(BIN)/mypy

tests: $(VENV)/dev-installed
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 -m "not slow"

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo-installed: $(VENV)/bin/pip pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[demo]"
	touch $@

$(VENV)/dev-installed: $(VENV)/bin/pip pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) demo-output
