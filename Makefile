# voxpop. `make` alone lists what there is to make.

EXTRAS := --extra ingest --extra sentiment --extra profiles --extra clusters
DEVELOPMENT := $(EXTRAS) --extra evaluate --extra instagram
UV := $(or $(shell command -v uv 2>/dev/null),.tools/uv/bin/uv)
PYTHON := $(or $(shell command -v python3 2>/dev/null),python)
BIN := .venv/bin
DATA ?= ../shared/data
export UV_NO_PROGRESS ?= 0

.DEFAULT_GOAL := help
.PHONY: help fuzz test-fuzz check-speed docs lines run test test-mongo test-train check format lock bench bench-clusters bench-profiles model evaluate setup setup-fuzz setup-run clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

run: setup-run ## set everything up and serve on http://127.0.0.1:8000 with the bundled sample
	@$(BIN)/voxpop up --demo

test: export PYTHONDONTWRITEBYTECODE := # the many processes that tests start would each compile everything anew
test: setup ## set everything up and run the tests, on every core
	@$(BIN)/pytest -n auto --dist worksteal -m "not mongo"

test-train: $(UV) ## run the tests of training, which need PyTorch (gigabytes)
	@$(UV) sync --frozen --inexact --quiet $(EXTRAS) --extra train
	@$(BIN)/pytest tests/train

test-mongo: setup ## run the store contracts against a MongoDB server: MONGODB_TEST_URL's, a mongod, or the one in the environment
	@$(BIN)/python -m tests.servers.mongo

setup-fuzz: $(UV)
	@$(UV) sync --frozen --inexact --quiet $(DEVELOPMENT) --group fuzz

fuzz: setup-fuzz ## fuzz each parser for a minute, from the committed seeds: TARGETS=some of them, SECONDS=for how long
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(TARGETS)

test-fuzz: setup-fuzz ## ask the four services whatever their OpenAPI documents allow (minutes): no 5xx, flat memory
	@$(BIN)/python -m tests.fuzz.openapi

check: setup ## lint, types, import rules, manifests, Dockerfile, lock file
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m deploy.validate_manifests
	@$(BIN)/python -m deploy.settings_page --check
	@$(BIN)/hadolint deploy/Dockerfile
	@$(UV) lock --check

format: setup ## format the code and mend what can be mended
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

lines: ## count lines and files of Python by room
	@$(PYTHON) deploy/count_lines.py

check-speed: setup ## fail where the sentiment service costs twice the CPU time a text that was reached
	@$(BIN)/python -m bench.speed --check

bench: setup ## print throughput and latency beside their limits (minutes)
	@$(BIN)/python -m bench

bench-clusters: setup ## print what a retrain computes beside scikit-learn and the naive elbow, up to a million authors (minutes)
	@$(BIN)/python -m bench.clusters
	@$(BIN)/python -m bench.feature_transport 1000000
	@$(BIN)/python -m bench.following

bench-profiles: setup ## print how fast profiles fold, answer and export, on SQLite and MongoDB (minutes); BESIDE=a tree to compare with
	@$(BIN)/python -m tests.servers.mongo -- $(CURDIR)/$(BIN)/python -m bench.profiles $(BESIDE)

model: $(UV) ## train the shipped model anew: DATA=folder with the corpora (hours on two cores, minutes on a GPU)
	@$(UV) sync --frozen --inexact $(EXTRAS) --extra train
	@$(BIN)/voxpop model train --data $(DATA) --output models/voxpop-minilm

evaluate: setup ## measure the shipped model on the validation splits: DATA=folder with the corpora (minutes)
	@$(BIN)/voxpop model evaluate models/voxpop-minilm --data $(DATA)

docs: setup ## write the page of settings anew
	@$(BIN)/python -m deploy.settings_page

lock: $(UV) ## resolve the dependencies anew
	@$(UV) lock --upgrade

clean: ## remove the environment and caches, not the data in var/
	@rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis

setup: $(UV)
	@$(UV) sync --frozen --inexact --quiet $(DEVELOPMENT)

setup-run: $(UV)
	@$(UV) sync --frozen --inexact --no-dev $(EXTRAS)

.tools/uv/bin/uv:
	@$(PYTHON) -m venv .tools/uv || { echo "python3 cannot make virtual environments here; install python3-venv" >&2; exit 1; }
	@.tools/uv/bin/pip install --quiet --disable-pip-version-check uv
