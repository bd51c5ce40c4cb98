# The whole project from here: `make setup` once, then any target. Each does what it needs and no more.
.DEFAULT_GOAL := help
.PHONY: help setup run test check bench image clean check-python check-firmware check-board test-board
SHELL := /bin/bash

bin := .venv/bin
# Two processor cores are enough for everything here.
TEST_WORKERS ?= 2
PYTEST_FLAGS ?=
DEMO_SONG ?= host_tools/ms20/demo/first_sound.mid
DEMO_PANEL ?= host_tools/ms20/demo/bass.toml
DEMO_OUT ?= out/first_sound

help: ## show these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-6s  %s\n", $$1, $$2 }' Makefile

setup: ## install what is missing: tools (on Debian, as root), Python and Node packages
	@host_tools/setup.sh

run: setup image ## play the demonstration on the virtual instrument, into out/first_sound
	@$(bin)/ms20 play $(DEMO_SONG) --panel $(DEMO_PANEL) --out $(DEMO_OUT)

test: setup image check test-board ## run every check and every test
	$(bin)/python -m pytest -n $(TEST_WORKERS) --dist worksteal $(PYTEST_FLAGS)

check: check-python check-firmware check-board ## format, lint and types of all languages, no tests

bench: setup image ## measure the instrument's numbers on the virtual bench
	@$(bin)/ms20 bench

image: setup ## build the firmware image build/ms20.uf2
	@$(bin)/ms20 image

clean: ## remove what was built here (not .venv, not the download cache)
	rm -rf build out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find firmware host_tools tests -name __pycache__ -type d -not -path '*/node_modules/*' -prune -exec rm -rf {} +

check-python: setup
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy

check-firmware: setup
	MYPYPATH=.venv/typings:firmware/src $(bin)/mypy --config-file firmware/mypy.ini

check-board: setup
	npm --prefix host_tools/virtual_board run --silent check

# Some of the emulator's tests drive a MicroPython that knows nothing of the instrument.
test-board: setup
	stock=$$($(bin)/python -m ms20.image) && \
	MS20_TEST_IMAGE="$$stock" npm --prefix host_tools/virtual_board test --silent
