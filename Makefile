# Every task of the project. `make` alone lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
WARM := .venv/warm
SUITE ?= ../shared/data/accuracy
PEER_SAMPLE ?= 100
MOST ?= 100000
KILLS ?= 200
# Where bytecode is not kept, each of the hundreds of interpreters that tests start compiles the sources again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup emr-environment console demo docs test test-long check lint format bench bench-accuracy bench-autogluon bench-drift bench-hierarchy bench-speed bench-console bench-stream bench-stream-memory bench-runtime stream-chaos chaos mutants sam sam-local lock events clean build-Layer compile-Layer

help: ## list the targets
	@awk -F ':.*## ' '/^[a-zA-Z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(WARM) ## make .venv with everything in it, and compile the kernels

$(READY): pyproject.toml packages/localaws/pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Stepcast needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable packages/localaws --editable '.[local]' --group dev
	@touch $(READY)

$(WARM): $(READY) $(wildcard src/stepcast/engine/auto/*.py src/stepcast/engine/auto/*/*.py src/stepcast/engine/online/*.py)
	$(BIN)/python -m stepcast.engine.auto
	$(BIN)/python -m stepcast.engine.online
	@touch $(WARM)

demo: setup ## set up, forecast testing-data/ on the local stack, print and chart the result
	$(BIN)/stepcast run --params params.json --train testing-data/train/*.csv --out demo-output

console: ## build the console's page again, after a change in console/ (needs Node.js 20 or later)
	cd console && npm ci --ignore-scripts && npm run check && npm run build

docs: setup ## build the documentation as a site into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "build/site/index.html"

test: setup ## set up and run the tests, three files at a time: some wait for servers
	$(BIN)/pytest -m "not long" --numprocesses 3 --dist loadfile

test-long: setup ## run what `make test` leaves out for its time: whole walks of what other tests check in parts
	$(BIN)/pytest -m long --numprocesses 3 --dist loadfile

check: lint ## lint, docs, and examples in docstrings
	$(BIN)/pytest tests/project src packages/localaws/src

lint: setup ## format, lint, types, import contracts, templates
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint template.yaml

format: setup ## put the code in its standard form
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: setup ## measure what the documentation claims
	@mkdir -p benchmarks/results
	@for name in state_timings import_memory; do \
	  $(BIN)/python benchmarks/$$name.py | tee benchmarks/results/$$name.txt || exit 1; done

bench-accuracy: setup ## score the AutoPredictor on a suite (SUITE=FOLDER), beside statsforecast's models
	$(BIN)/python -m pip install --quiet --group benchmark
	@mkdir -p benchmarks/results
	$(BIN)/python benchmarks/accuracy.py --data $(SUITE) --peers --peer-sample $(PEER_SAMPLE) | tee benchmarks/results/accuracy.txt

bench-autogluon: setup ## score the AutoPredictor beside AutoGluon-TimeSeries (SUITE=FOLDER; about 20 minutes, 6 GB of packages)
	test -x .venv-autogluon/bin/pip || $(PYTHON) -m venv .venv-autogluon
	.venv-autogluon/bin/pip install --quiet autogluon.timeseries==1.6.3
	@mkdir -p benchmarks/results
	$(BIN)/python benchmarks/accuracy_autogluon.py --data $(SUITE) --autogluon .venv-autogluon/bin/python | tee benchmarks/results/autogluon.txt

bench-drift: setup ## how well drift is found, beside river's detectors, and what MonitorDrift needs for 100,000 items
	$(BIN)/python -m pip install --quiet --group benchmark
	@mkdir -p benchmarks/results
	$(BIN)/python benchmarks/drift.py | tee benchmarks/results/drift.txt
	$(BIN)/python benchmarks/drift_memory.py | tee benchmarks/results/drift_memory.txt

bench-hierarchy: setup ## forecasts of all levels of a hierarchy, beside hierarchicalforecast's
	$(BIN)/python -m pip install --quiet --group benchmark
	@mkdir -p benchmarks/results
	$(BIN)/python benchmarks/hierarchy.py | tee benchmarks/results/hierarchy.txt

bench-speed: setup ## how the AutoPredictor's cost and memory grow from 100 to 100,000 series (MOST=N for fewer)
	@mkdir -p benchmarks/results
	$(BIN)/python benchmarks/speed.py --most $(MOST) | tee benchmarks/results/speed.txt

bench-console: setup ## how quick the console is with 100,000 items (needs Chromium)
	@mkdir -p benchmarks/results
	$(BIN)/python benchmarks/console_scale.py --browser | tee benchmarks/results/console.txt

bench-stream: setup ## what stepcast stream takes for an observation, beside quixstreams (about 10 minutes)
	test -x .venv-quix/bin/python || { $(PYTHON) -m venv .venv-quix && .venv-quix/bin/pip install --quiet 'quixstreams>=3.28,<4'; }
	@mkdir -p benchmarks/results
	$(BIN)/python benchmarks/stream.py --quix .venv-quix/bin/python | tee benchmarks/results/stream.txt

bench-stream-memory: setup ## whether the memory of stepcast stream stays flat over 60 periods of 10,000 items (about 10 minutes)
	@mkdir -p benchmarks/results
	$(BIN)/python benchmarks/stream_memory.py | tee benchmarks/results/stream_memory.txt

bench-runtime: setup ## how fast the local runtime is, beside MiniStack
	test -x .venv-ministack/bin/ministack || { $(PYTHON) -m venv .venv-ministack && .venv-ministack/bin/pip install --quiet 'ministack[full]>=1.5'; }
	@mkdir -p benchmarks/results
	$(BIN)/python benchmarks/runtime.py | tee benchmarks/results/runtime.txt

stream-chaos: setup ## kill workers and broker of a stream; nothing may be lost or doubled
	$(BIN)/python -m tests.stream_chaos

chaos: setup ## kill the local stack KILLS times while it works; nothing acknowledged may be lost
	$(BIN)/python -m tests.chaos --kills $(KILLS)

MUTMUT := .venv-mutants/bin/mutmut
$(MUTMUT): pyproject.toml # a virtual environment of its own, in which Stepcast is not installed: only the mutants are found
	$(PYTHON) -m venv .venv-mutants
	.venv-mutants/bin/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	.venv-mutants/bin/python -m pip install --quiet --constraint constraints.txt numpy numba pytest --group mutants
	@touch $(MUTMUT)

mutants: $(MUTMUT) ## break the ensemble in every place, and count how often its tests notice (about 15 minutes)
	.venv-mutants/bin/python scripts/mutants.py

SAM := .venv-sam/bin/sam
$(SAM): # a virtual environment of its own: it pins boto3 and pydantic
	$(PYTHON) -m venv .venv-sam
	.venv-sam/bin/pip install --quiet 'aws-sam-cli>=1.140'

sam: $(SAM) ## check template.yaml with AWS SAM, in a virtual environment of its own
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint

sam-local: setup $(SAM) ## run every function with sam local invoke (Docker), and compare with stepcast invoke (EXTRAS=neural: its image, a network)
	EXTRAS="$(EXTRAS)" $(BIN)/python scripts/sam_local.py $(SAM)

events: setup ## record events/*.json again, after params.json or testing-data/ changed
	$(BIN)/python scripts/record_events.py

emr-environment: ## build environment.tar.gz, the Python environment of the job on EMR Serverless, with Docker (EXTRAS="prophet")
	docker build --file scripts/emr-environment.Dockerfile --build-arg EXTRAS="$(EXTRAS)" --output . .

lock: ## take the newest allowed versions into constraints.txt
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --upgrade pip
	.venv-lock/bin/pip install --quiet --editable packages/localaws --editable '.[local]' --group dev
	{ echo "# What 'make' installs: made by 'make lock'."; .venv-lock/bin/pip freeze --all --exclude-editable; } > constraints.txt
	rm -rf .venv-lock

clean: ## remove what make made
	rm -rf .venv console/node_modules .venv-sam .venv-ministack .venv-autogluon .venv-quix .venv-mutants .mutants .aws-sam demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis

# `sam build` calls this for the layer of the light functions: wheels for Lambda, whatever $(PYTHON) and this machine are.
LAYER = $(ARTIFACTS_DIR)/python
LAYER_PYTHON = $(shell sed -n 's/.*CompatibleRuntimes: \[python\(.*\)\]/\1/p' template.yaml)
LAYER_MACHINE = $(subst arm64,aarch64,$(shell sed -n 's/.*CompatibleArchitectures: \[\(.*\)\]/\1/p' template.yaml))
LAYER_NEEDS_NOT = stepcast/cli stepcast/console stepcast/project stepcast/engine/auto stepcast/engine/models stepcast/engine/drift stepcast/pipeline/importing
build-Layer:
	$(PYTHON) -m pip install --quiet --no-compile --target "$(LAYER)" --constraint constraints.txt \
	  --implementation cp --python-version $(LAYER_PYTHON) --only-binary=:all: \
	  --platform manylinux_2_28_$(LAYER_MACHINE) --platform manylinux2014_$(LAYER_MACHINE) .
	cd "$(LAYER)" && rm -rf boto3* botocore* s3transfer* bin $(LAYER_NEEDS_NOT) # the runtime has boto3
	@$(MAKE) --no-print-directory compile-Layer

# Lambda cannot write to /opt: without .pyc files, each cold start compiles what it imports. They are the same in each
# build: unchecked-hash leaves out the time of the source, and the paths are those that they have in Lambda.
compile-Layer:
	@for python in $(PYTHON) python$(LAYER_PYTHON); do \
	  if "$$python" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(LAYER_PYTHON)")' 2>/dev/null; then \
	    PYTHONHASHSEED=0 exec "$$python" -m compileall -q --invalidation-mode unchecked-hash -s "$(LAYER)" -p /opt/python "$(LAYER)"; \
	  fi; \
	done; \
	echo "The layer has no .pyc files, so its functions start more slowly: put python$(LAYER_PYTHON) on the PATH" >&2
