# Two commands for a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What benchmarks read, a UD name or a folder of CoNLL-U files, and where they write their rows.
TREEBANK ?= en_ewt
BENCHMARKS ?= build/benchmarks
PACKAGES := parsing extraction probes training behaviour interventions attention untrained convolution reporting pipeline
SOURCES := treeprobe $(PACKAGES) tests benchmarks .ci
LINKS := build/links/treeprobe

# The folders as the one package that they are installed as, for tools that read source (mypy, mkdocstrings).
links:
	rm -rf build/links && mkdir -p $(LINKS)
	ln -s $(addprefix ../../../,$(wildcard treeprobe/*.py) treeprobe/py.typed $(PACKAGES)) $(LINKS)

.PHONY: links demo test test-all format-check lint types tests tests-all notebooks pictures growth docs bench release-check clean

demo: $(VENV)/demo-installed
	$(BIN)/treeprobe demo --out demo-output

test: format-check lint types tests

# The slow tests too: whole analyses, kills and resumption, clusters, notebooks.
test-all: format-check lint types tests-all

format-check: $(VENV)/dev-installed
	$(BIN)/ruff format --check $(SOURCES)

lint: $(VENV)/dev-installed
	$(BIN)/ruff check $(SOURCES)

types: $(VENV)/dev-installed links
	$(BIN)/mypy

tests: $(VENV)/dev-installed
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 -m "not slow"

tests-all: $(VENV)/dev-installed
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist worksteal --durations 25

# Every notebook from top to bottom in a fresh process; an error in any fails.
notebooks: $(VENV)/dev-installed
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist worksteal tests/test_notebooks.py

# The pictures of docs/teaching.md, taken out of the notebooks as they are committed.
pictures: $(VENV)/dev-installed
	$(BIN)/python .ci/teaching_pictures.py

# All ratios of speed and memory, in one table that goes to docs/speed.md: ten minutes, on a machine that does nothing else.
bench: $(VENV)/dev-installed
	$(BIN)/python -m benchmarks --treebank $(TREEBANK) --out $(BENCHMARKS) --record

# How time and memory grow with words, layers, ranks and seeds, on the figure of docs/speed.md: some four minutes.
growth: $(VENV)/dev-installed
	$(BIN)/python -m benchmarks.growth --treebank $(TREEBANK) --out $(BENCHMARKS) --figure docs/images/growth.png

# The site in site/, with the reference from the docstrings; a broken link fails.
docs: $(VENV)/dev-installed links
	$(BIN)/typer treeprobe.pipeline.commands.main utils docs --name treeprobe --title "Command line" --output docs/reference/command-line.md
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# What a release is checked by: both distributions in dist/, the wheel's contents, a clean environment, the README.
release-check: $(VENV)/dev-installed
	$(BIN)/python .ci/release.py

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo-installed: $(VENV)/bin/pip pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[demo]"
	touch $@

$(VENV)/dev-installed: $(VENV)/bin/pip pyproject.toml constraints.txt
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) build demo-output site *.egg-info
