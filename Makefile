# Needs Python >= 3.11, git and make; everything else goes into .venv.  Another Python: make PYTHON=python3.12 test
WORKERS ?= 3
BIN := .venv/bin
RUN := $(BIN)/python -m
export PYTHON
# Hundreds of short programs are started, and without its caches each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-train test-course test-box lint bench docs clean

help: ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## /  \1  /p' Makefile

demo: .venv/.base ## A lesson of the built-in course, a project and a practice competition, from a bare clone
	@$(BIN)/fastcompanion demo "$${TMPDIR:-/tmp}/fastcompanion-demo"

test: lint ## Lint, types, layers and the default tests
	@$(RUN) pytest -n $(WORKERS)

test-train: .venv/.dev ## The tests that need torch and fastai, or JupyterLab and Chromium
	@$(RUN) tests.tiers train

test-course: .venv/.dev ## The tests on a fetched course: make test-course COURSE=folder DATA=folder KERNEL=environment [ONLY="05"] [WORK=folder]
	@FASTCOMPANION_TEST_COURSE="$(abspath $(COURSE))" FASTCOMPANION_TEST_DATA="$(abspath $(DATA))" FASTCOMPANION_TEST_KERNEL="$(KERNEL)" \
	  FASTCOMPANION_TEST_ONLY="$(ONLY)" FASTCOMPANION_TEST_WORK="$(abspath $(WORK))" $(RUN) tests.tiers course

test-box: .venv/.dev ## The tests that need root and a system of their own
	@$(RUN) tests.tiers box

lint: .venv/.dev ## ruff, mypy and import-linter
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(BIN)/lint-imports

bench: .venv/.dev ## Measure the ratios of docs/performance.md here: make bench [ONLY=startup]
	@$(RUN) benchmarks.run_all $(ONLY)

docs: .venv/.dev ## Write docs/commands.md from the program
	@$(RUN) scripts.docs

clean: ## Remove what make made
	@rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.venv/.base: pyproject.toml scripts/venv.sh
	@scripts/venv.sh base

.venv/.dev: pyproject.toml scripts/venv.sh
	@scripts/venv.sh dev
