# Everything that is done with this checkout, by name. Works with GNU make from 3.81 on, needs a
# Python of at least 3.11 and nothing else: no root, no Docker. `make help` lists the targets.

VENV := .venv
BIN := $(VENV)/bin
# A Python of your own choice: make install PYTHON=/opt/python3.13/bin/python3
PYTHON :=
# Arguments of pytest: make test ARGS="tests/test_log.py -x"
ARGS :=
# `make lock UPGRADE=--upgrade` takes the newest versions; without it pins stay where they are.
UPGRADE :=
# Where the image targets put things; the Dockerfile sets its own.
IMAGE := build/image
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url $(UPGRADE)
PIP := -m pip --disable-pip-version-check --quiet

# Makes the environment $(1) anew with the first Python that is new enough and can make one.
define environment
	@for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
		if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
			2>/dev/null; then exec $$python -m venv --clear $(1); fi; \
	done; \
	echo "mailconfig needs Python 3.11 or newer with its venv module (Debian and Ubuntu: the" \
		"package python3-venv). Name one: make install PYTHON=/path/to/python3" >&2; \
	exit 1
endef

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help packages install run test check lint types contracts bench schema schema-check \
	messages messages-check env-example demo-page lock clean image-packages image-wheel image-install \
	image-data image-check

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s%s\n", $$1, $$2 }' Makefile

# ---- install and run -------------------------------------------------------------------------

# Stamps make a second call instant; each is newer than what it was made from.
$(VENV)/packages.stamp: requirements-dev.lock
	$(call environment,$(VENV))
	$(BIN)/python $(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/package.stamp: $(VENV)/packages.stamp pyproject.toml
	$(BIN)/python $(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

packages: $(VENV)/packages.stamp ## Make .venv with the locked packages only.

install: $(VENV)/package.stamp ## Make .venv with the locked packages and mailconfig itself.

run: install ## Serve a demonstration on 127.0.0.1:8000 with its state in data/.
	MAILCONFIG_MODE=development $(BIN)/mailconfig serve --data data

# ---- tests and checks ------------------------------------------------------------------------

test: install ## Run all tests; those whose real servers are missing say so and are skipped.
	$(BIN)/python -m pytest -n auto $(ARGS)

# The tests stand last, so that their closing line is the last line.
check: lint types contracts schema-check messages-check test ## Run all that a commit must pass.

lint: install ## Check style and format.
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: install ## Check types.
	$(BIN)/mypy

contracts: install ## Check which module may import which.
	$(BIN)/lint-imports

bench: install ## Run every benchmark and print its figures.
	@set -e; for script in bench/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

# ---- generated files -------------------------------------------------------------------------

schema: install ## Write schema.graphql from the code.
	$(BIN)/mailconfig schema > $(VENV)/schema.graphql
	mv $(VENV)/schema.graphql schema.graphql

schema-check: install ## Compare schema.graphql with the code.
	@$(BIN)/mailconfig schema > $(VENV)/schema.graphql
	@diff -u schema.graphql $(VENV)/schema.graphql || \
		{ echo "schema.graphql is not what the code says: run make schema" >&2; exit 1; }

messages: install ## Bring the gettext catalogues to what the code says; lists what to translate.
	$(BIN)/python -m tools.messages

messages-check: install ## Compare the gettext catalogues with the code.
	@$(BIN)/python -m tools.messages --check

env-example: install ## Write .env.example from the settings.
	$(BIN)/python -m tools.env_example > $(VENV)/env.example
	mv $(VENV)/env.example .env.example

demo-page: install ## Write docs/demo.md from the simulated mailboxes.
	$(BIN)/python -m tools.demo_page > $(VENV)/demo.md
	mv $(VENV)/demo.md docs/demo.md

lock: packages ## Resolve both lock files anew; needs uv or puts it into .venv.
	@command -v uv >/dev/null || [ -x $(BIN)/uv ] || $(BIN)/python $(PIP) install uv
	@PATH="$$PATH:$(BIN)"; set -ex; \
		uv $(COMPILE) pyproject.toml -o requirements.lock; \
		uv $(COMPILE) -c requirements.lock --group dev pyproject.toml -o requirements-dev.lock

clean: ## Remove everything that was made here, but for data/.
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		.hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- the image -------------------------------------------------------------------------------
# Each RUN of the Dockerfile is one of these targets, so that they run without Docker, too.

image-packages: ## Image, step 1: an environment with the packages of requirements.lock.
	$(call environment,$(IMAGE)/opt)
	$(IMAGE)/opt/bin/python $(PIP) install --no-cache-dir --require-hashes -r requirements.lock

image-wheel: packages ## Image, step 2: the wheel of mailconfig.
	rm -rf dist
	$(BIN)/python -m hatchling build -t wheel

image-install: ## Image, step 3: the wheel into the environment, pip out of it.
	$(IMAGE)/opt/bin/python $(PIP) install --no-cache-dir --no-deps dist/*.whl
	$(IMAGE)/opt/bin/python $(PIP) uninstall --yes pip

image-data: ## Image, step 4: the empty folder for state.
	mkdir -p -m 0700 $(IMAGE)/data

image-check: ## Run the steps of the image here and the result once, as a container would.
	rm -rf $(IMAGE)
	$(MAKE) packages image-packages image-wheel image-install image-data
	$(BIN)/python -m tools.image_check $(IMAGE)
