# One target per thing a person does; what a target runs is in scripts/. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

bin := .venv/bin
export PATH := $(CURDIR)/$(bin):$(PATH)

# Stamps: a step runs again only when what it depends on is newer than its stamp.
runtime := .venv/.runtime
dev := .venv/.dev
packages := webapps/node_modules/.installed
web := webapps/dist/.built
installs := pyproject.toml locks/uv.txt scripts/setup
web_sources := $(shell find webapps \( -name node_modules -o -name dist -o -name .git \) -prune \
	-o -type f -print 2>/dev/null)

.PHONY: help setup up test check bench faults topics docs clean

help: ## List the targets
	@sed -n -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

setup: $(runtime) $(web) ## Install everything into .venv and build the web apps

up: setup ## Start all of Parley and print its URL; Ctrl-C stops it
	@exec $(bin)/parley up

test: $(dev) $(web) ## Run every test: web apps, unit, contract, architecture, connected, browser
	@scripts/test

check: $(dev) $(packages) ## Run every static check and compare generated files
	@scripts/check

bench: $(dev) $(web) ## Measure a stack of its own: speed, size; OF=nlp the assistant alone (SETS=folder)
	@exec $(bin)/python -m tests.bench$(if $(OF),.$(OF)) $(if $(SETS),--sets $(SETS))

faults: $(dev) $(web) ## Kill and stall every part under traffic; the full matrix, written to docs/promises.md
	@exec $(bin)/pytest -s -m "not quick" --durations=0 --promises docs/promises.md tests/faults \
		tests/contract \
		tests/connected/test_{changed_messages,changed_conversations,two_users,bad_frames,bad_requests}.py

topics: $(runtime) ## List every topic: events, key, partitions, who writes, who reads
	@exec $(bin)/parley topics

docs: $(dev) $(packages) ## Write the generated files again: goldens, AsyncAPI, OpenAPI, TypeScript types
	@scripts/check --write generated

clean: ## Remove what was built and installed; .parley (your data) stays
	rm -rf .venv .venv-train .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	rm -rf webapps/node_modules webapps/dist webapps/*/node_modules webapps/*/*/node_modules
	find . -name __pycache__ -type d -not -path './.parley/*' -prune -exec rm -rf {} +

$(runtime): locks/embedded.txt $(installs)
	@if [ -e $(dev) ]; then scripts/setup dev; else scripts/setup runtime; fi

$(dev): locks/dev.txt locks/embedded.txt $(installs)
	@scripts/setup dev

$(packages): webapps/package.json webapps/package-lock.json | $(if $(wildcard $(dev)),$(dev),$(runtime))
	@scripts/setup packages

$(web): $(packages) $(web_sources)
	@scripts/setup web
