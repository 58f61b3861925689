# What people and CI type. `make` alone prints this list.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo up test lint bench lock clean
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
# Tests start servers and train: two at a time keep two cores busy.
TEST_WORKERS ?= 2
# The stamp's name holds a checksum of what was installed: a changed lock is another stamp.
STAMP := $(VENV)/.installed-$(shell cat requirements.lock pyproject.toml 2>/dev/null | cksum | tr ' ' '-')

# Where bytecode is not kept, every process compiles every import again.
unexport PYTHONDONTWRITEBYTECODE
# Waiting threads of libgomp otherwise burn the cores that the working ones need.
export OMP_WAIT_POLICY ?= PASSIVE

# uv does not read pip's settings: hand over what the environment says to pip.
comma := ,
space := $(subst ,, )
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
ifdef PIP_EXTRA_INDEX_URL
export UV_INDEX ?= $(PIP_EXTRA_INDEX_URL)
endif
ifdef PIP_FIND_LINKS
export UV_FIND_LINKS ?= $(subst $(space),$(comma),$(strip $(PIP_FIND_LINKS)))
endif
ifdef PIP_CERT
export SSL_CERT_FILE ?= $(PIP_CERT)
endif

help: ## print this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(STAMP) ## make .venv and install what requirements.lock names (nothing to do: instant)

# Any of these Pythons that runs, is supported and can make environments; PYTHON=... chooses.
$(STAMP):
	@python=''; \
	for candidate in $(PYTHON) python3 python3.11 python3.12 python3.13; do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	    >/dev/null 2>&1; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "error: no Python 3.11, 3.12 or 3.13 that can make environments was found." >&2; \
	  echo "  Install one (on Debian: apt-get install python3 python3-venv), or name it:" >&2; \
	  echo "  make setup PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	if ! $(BIN)/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then \
	  echo "making $(VENV) with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV); \
	fi
	@if ! $(BIN)/uv --version 2>/dev/null | grep -qF 'uv $(UV_VERSION)'; then \
	  $(BIN)/python -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION) || { \
	    echo "error: uv $(UV_VERSION), which installs the rest, could not be fetched." >&2; \
	    echo "  Is the package index reachable? pip's own settings (PIP_INDEX_URL, PIP_CERT) count." >&2; \
	    exit 1; }; \
	fi
	@rm -f $(VENV)/.installed-*
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

# DEMO takes flags of `proctor demo`, as TESTS takes those of pytest.
demo: setup ## two versions all the way: train, judge, register, serve, promote, answer
	@$(BIN)/python -m proctor demo $(DEMO)

up: setup ## start MLflow, the answerer and the gateway on this machine
	@$(BIN)/python -m proctor up

test: lint ## lint, then every test with coverage of our packages
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder \
	  --cov --cov-report=term $(TESTS)

lint: setup ## style, types, floors, dependencies: ruff, mypy, import-linter, deptry
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

# lm-eval stands in a folder that only the benchmarks look into: its pins move none of ours.
# A missed target is told on the page and ends nothing; a script that breaks does. BENCH takes
# flags of every script, as --quick.
RIVALS := $(VENV)/benchmark
bench: setup ## run every script in benchmarks/, write docs/benchmarks.md
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --target $(RIVALS) \
	  -r requirements-benchmark.lock
	@rm -rf out/benchmarks && mkdir -p out/benchmarks
	@for script in evaluation rerun ray_memory finetune; do \
	  echo "benchmarks/$$script.py" >&2; \
	  PYTHONPATH=.:$(RIVALS) HF_HUB_OFFLINE=1 $(BIN)/python -m benchmarks.$$script $(BENCH) \
	    --json out/benchmarks/$$script.json || test -s out/benchmarks/$$script.json; \
	done
	PYTHONPATH=.:$(RIVALS) $(BIN)/python -m benchmarks.report out/benchmarks/*.json

# Which libraries for accelerators torch needs depends on the build of it that the index
# gives; that build pins them itself, so they are left out here.
lock: ## write requirements.lock from pyproject.toml; UPGRADE=--upgrade moves what need not move
	@test -x $(BIN)/uv || { echo "error: run 'make setup' first." >&2; exit 1; }
	@cp requirements.lock requirements.lock.old
	@env -u UV_FIND_LINKS $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra all --extra ray --extra dev \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header $(UPGRADE) \
	  --output-file requirements.lock.old pyproject.toml
	@{ echo "# Exact public versions of everything, for Python 3.11 to 3.13; written by 'make lock'."; \
	  grep -vE '^(#|cuda-|triton==|nvidia-[^m])' requirements.lock.old; \
	} > requirements.lock.new
	@rm requirements.lock.old
	@grep -q '^torch==[0-9.]*\( ;.*\)\?$$' requirements.lock.new
	@mv requirements.lock.new requirements.lock
	@{ echo "# What the extra benchmark adds to requirements.lock; written by 'make lock'."; \
	  env -u UV_FIND_LINKS $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	    --extra benchmark --constraint requirements.lock \
	    --no-emit-index-url --no-emit-find-links --no-annotate --no-header pyproject.toml \
	  | grep -vE '^(cuda-|triton==|nvidia-[^m])' \
	  | grep -vxFf requirements.lock | grep -vE '^(anyio|h11)==' ; \
	} > requirements-benchmark.lock.new
	@mv requirements-benchmark.lock.new requirements-benchmark.lock

clean: ## remove the environment, caches and what the pipeline made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
	  .coverage .coverage.* build dist out data
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
