# What a person or CI does here, one target a verb; `make help` lists them.
# PYTHON=/usr/bin/python3  the distribution's Python, because GStreamer's bindings come with it
# TORCH=cpu|cuda           which build of torch `make test` and training get

PYTHON ?= /usr/bin/python3
TORCH ?= cpu
DEMO_SECONDS ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=
export PYTHON TORCH

BIN := .venv/bin
FAST := not slow and not gpu and not jetson and not trt
# TensorRT-RTX: proprietary, for tests only, never part of what is shipped
TRT_WHEELS := $(foreach part,cu13 cu13_libs cu13_bindings,tensorrt_rtx_$(part)==1.7.1.116) \
  cuda-bindings==13.5.0 cuda-pathfinder==1.9.1
SHELL_FILES := deploy/*.sh .ci/run

.DEFAULT_GOAL := help
.PHONY: help demo test test-trt runtime dev lint format types unit test-all audit coverage bench py310 lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  DEMO_SECONDS=20 make demo    end the demo after 20 s"
	@echo "  TORCH=cuda make dev          torch with CUDA instead of its CPU build"
	@echo "  make unit PYTEST_ARGS='-k nms'"

demo: runtime ## watch two cameras become MQTT messages (installs what it needs)
	@clip=$$(deploy/fetch-clip.sh) || clip=; \
	  exec $(BIN)/python -m edgedet.sim.demo $${clip:+--clip "$$clip"} \
	    $(if $(DEMO_SECONDS),--seconds $(DEMO_SECONDS)) $(DEMO_ARGS)

test: dev lint types unit ## lint, types and tests, as CI runs them (installs what it needs)

runtime: ## install what the demo needs, without torch
	@deploy/setup.sh runtime

dev: ## install what training, tests and linters need
	@deploy/setup.sh dev

lint: dev ## ruff: rules and format; shellcheck and hadolint where installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@for file in $(SHELL_FILES); do bash -n $$file || exit 1; done
	@if command -v shellcheck >/dev/null; then shellcheck $(SHELL_FILES); fi
	@if command -v hadolint >/dev/null; then hadolint Dockerfile Dockerfile.jetson; fi

format: dev ## let ruff format and repair what it can
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

types: dev ## mypy --strict
	@$(BIN)/mypy

unit: dev ## pytest, without the slow tests and those that need special machines
ifeq ($(strip $(PYTEST_ARGS)),)
	@deploy/side-by-side.sh $(BIN)/python -m pytest -q -m "$(FAST)"
else
	@$(BIN)/python -m pytest -q -m "$(FAST)" $(PYTEST_ARGS)
endif

test-all: dev ## pytest with the slow tests, and with those for a GPU where there is one
	@$(BIN)/python -m pytest -q -m "not jetson and not trt" $(PYTEST_ARGS)

test-trt: dev ## NVIDIA's own parser and builder on this CPU, over every exported graph (95 MB more)
	@test -x .venv-trt/bin/python || $(BIN)/python -m venv .venv-trt
	@.venv-trt/bin/python -m pip install -qq --disable-pip-version-check --no-input --no-deps \
	  $(TRT_WHEELS) </dev/null
	@$(BIN)/python -m pytest -q -m "trt" tests/trt $(PYTEST_ARGS)

audit: ## ask an advisory service for known vulnerabilities of every pinned package
	@deploy/audit.sh

coverage: dev ## unit tests with branch coverage, in htmlcov/
	@$(BIN)/python -m pytest -q -m "$(FAST)" \
	  --cov --cov-report=term --cov-report=html $(PYTEST_ARGS)

bench: dev ## bare backend, OpenCV loop and whole pipeline in one run
	@clip=$$(deploy/fetch-clip.sh) && exec $(BIN)/python -m bench --clip "$$clip" $(BENCH_ARGS)

py310: dev ## Python 3.10, our floor: do the pins resolve, do the types hold?
	@$(BIN)/python deploy/lock.py check --python 3.10
	@$(BIN)/mypy --python-version 3.10

lock: dev ## choose the newest versions again, for every Python from 3.10 up
	@$(BIN)/python deploy/lock.py write

clean: ## remove caches and build leftovers; the virtual environment stays
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis htmlcov .coverage*
