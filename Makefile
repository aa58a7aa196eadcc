# Everything that is done with this checkout, by name. Works with GNU make from 3.81 on, needs a
# Python of at least 3.11 and nothing else: no root, no Docker. `make help` lists the targets.

VENV := .venv
BIN := $(VENV)/bin
# A Python of your own choice: make install PYTHON=/opt/python3.13/bin/python3
PYTHON :=
# Processes of pytest: tests wait for servers more than they compute.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# Arguments of pytest: make test ARGS="tests/test_log.py -x"
ARGS :=
# `make lock UPGRADE=--upgrade` takes the newest versions; without it pins stay where they are.
UPGRADE :=
# Where the image targets put things; the Dockerfile sets its own.
IMAGE := build/image
COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url $(UPGRADE)
PIP := -m pip --disable-pip-version-check --quiet
# npm projects; nothing that serves needs them. Each has a lock file.
NODE_PROJECTS := tools/schema tests/clients
# The query page, bundled by Node; where it was not built mailconfig says so in its place.
EXPLORER := src/mailconfig/http/graphiql/manifest.json
# The schema that clients must go on working with: make contracts-js SCHEMA_BASELINE=v1.0
SCHEMA_BASELINE :=

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
.PHONY: help packages install node-packages run test fuzz check lint types contracts contracts-js bench rotation \
	audit-dependencies \
	schema schema-check documents messages messages-check env-example demo-page reference lock clean \
	image-page image-packages image-wheel image-install image-data image-check

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

install: $(VENV)/package.stamp $(EXPLORER) ## Make .venv with the locked packages and mailconfig itself.

# Without Node, or without a network, all but this page works; with CI=true both are errors.
$(EXPLORER): tools/explorer/package-lock.json tools/explorer/build.mjs \
		$(wildcard tools/explorer/src/*) $(wildcard tools/schema/documents/*.graphql)
	@if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || \
		! command -v npm >/dev/null; then \
		echo "NOT BUILT: the query page, for which Node 20 or newer with npm is needed" >&2; \
		[ "$$CI" != true ]; exit; \
	fi; \
	cd tools/explorer; stamp=node_modules/packages.stamp; \
	if { [ $$stamp -nt package-lock.json ] || \
		npm ci --silent --no-audit --no-fund --fetch-retries=1 && touch $$stamp; } && \
		npm run --silent build; then exit; fi; \
	echo "NOT BUILT: the query page; npm failed in tools/explorer" >&2; [ "$$CI" != true ]

# The tests and tools that need Node. Without it, or without a network, they are left out and say
# so; with CI=true both are errors.
node-packages: ## Install the npm packages of the contract tools, where Node is.
	@if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || \
		! command -v npm >/dev/null; then \
		echo "NOT CHECKED: what needs Node 20 or newer with npm" >&2; \
		[ "$$CI" != true ]; exit; \
	fi; \
	for project in $(NODE_PROJECTS); do \
		stamp=$$project/node_modules/packages.stamp; \
		[ $$stamp -nt $$project/package-lock.json ] && continue; \
		echo "npm ci in $$project"; \
		if (cd $$project && npm ci --silent); then touch $$stamp; \
		else echo "NOT CHECKED: npm ci failed in $$project" >&2; [ "$$CI" != true ] || exit 1; fi; \
	done

run: install ## Serve a demonstration on 127.0.0.1:8000 with its state in data/.
	MAILCONFIG_MODE=development $(BIN)/mailconfig serve --data data

# ---- tests and checks ------------------------------------------------------------------------

test: install node-packages ## Run all tests; those whose servers are missing say so and skip.
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

fuzz: install ## Run 10,000 random operations and 20,000 random requests, several times a test run's.
	FUZZ_OPERATIONS=10000 FUZZ_REQUESTS=20000 $(BIN)/python -m pytest -n $(WORKERS) \
		tests/graphql/compiler/test_fuzz.py tests/acceptance/test_fuzz_http.py

# The tests stand last, so that their closing line is the last line.
check: lint types contracts audit-dependencies schema-check contracts-js messages-check test ## Run all a commit must pass.

lint: install ## Check style and format.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive src/mailconfig

types: install ## Check types.
	$(BIN)/mypy

contracts: install ## Check which module may import which.
	$(BIN)/lint-imports

audit-dependencies: install ## Look up known vulnerabilities of all packages, where that can be reached.
	@$(BIN)/python -m tools.audit_dependencies

rotation: install ## Rotate the keys of 100,000 configurations under load, on both engines.
	ROTATION_CONFIGS=100000 $(BIN)/python -m pytest tests/acceptance/test_rotation.py -q -rP

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

contracts-js: node-packages ## Lint schema and documents, look for breaking changes, check types.
	@[ -d tools/schema/node_modules ] || exit 0; set -e; cd tools/schema; \
	npm run --silent lint; \
	npm run --silent breaking $(SCHEMA_BASELINE); \
	npm run --silent generate; \
	diff -u documents.json build/gql/persisted-documents.json || \
		{ echo "documents.json is not of these documents: run make documents" >&2; exit 1; }; \
	npm run --silent types

documents: node-packages ## Write the manifest of the example documents, tools/schema/documents.json.
	@cd tools/schema && npm run --silent generate
	cp tools/schema/build/gql/persisted-documents.json tools/schema/documents.json

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

reference: install ## Write docs/reference from the schema, with answers to the example documents.
	$(BIN)/python -m tools.reference docs/reference

lock: packages ## Resolve both lock files anew; needs uv or puts it into .venv.
	@command -v uv >/dev/null || [ -x $(BIN)/uv ] || $(BIN)/python $(PIP) install uv
	@PATH="$$PATH:$(BIN)"; set -ex; \
		uv $(COMPILE) pyproject.toml -o requirements.lock; \
		uv $(COMPILE) -c requirements.lock --group dev pyproject.toml -o requirements-dev.lock

clean: ## Remove everything that was made here, but for data/.
	rm -rf $(addsuffix /node_modules,$(NODE_PROJECTS)) $(addsuffix /build,$(NODE_PROJECTS))
	rm -rf tools/explorer/node_modules $(dir $(EXPLORER))
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache \
		.hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- the image -------------------------------------------------------------------------------
# Each RUN of the Dockerfile is one of these targets, so that they run without Docker, too.

image-page: ## Image, before all else: the query page, which no image may lack.
	$(MAKE) $(EXPLORER) CI=true

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
	$(MAKE) image-page packages image-packages image-wheel image-install image-data
	$(BIN)/python -m tools.image_check $(IMAGE)
