# make setup   the virtual environment, and the compilers and simulators as far as they can be had; once
# make demo    a digit classifier, from ONNX to an Arduino Uno
# make test    FileCheck tests, pytest, linter, type checker
# make fuzz    damaged models and texts, random graphs, then the property tests with new random cases: make fuzz CASES=5000 ROUNDS=20
# make bench-memplan   orders, offsets, whole models, what the order saves: make bench-memplan INSTANCES='folder...' MODELS=folder BENCH='options'
# make bench-sizes       what analyze says beside linked programs: make bench-sizes MODELS='folder...' BENCH='options'
# make bench-code-size   estimates of code beside linked programs, and new prices: BENCH='--random 100 --write'
# make bench-costs       estimated cycles beside simulators, per op and model, and new prices: BENCH='--random 100 --write'
# make bench-widths      accuracy against bytes of weights, by a search for types: make bench-widths MODELS='folder...' BENCH='--weights 2000 1600'
# make bench-accuracy    accuracy and SNR by ways of quantizing: make bench-accuracy MODELS='folder...' BENCH='--bits 16'
# make bench-kernels     single layers on a Cortex-M4, beside kernels by hand: make bench-kernels CMSIS=folder BENCH='options'
# make verify-all        the same integers on every core, with assembly and without: make verify-all MODELS='folder...' BENCH='--boards uno'
#                        goes on where it was stopped: build/verified.jsonl has what ran
# make bench-uno         small models on an Arduino Uno beside SeeDot: make bench-uno MODELS='folder...' BENCH='options'
# make bench-fpga        models as hardware: cycles simulated, cells, clock: make bench-fpga MODELS='model.onnx folder...' BENCH='--board arty-a7-35t';
#                        with --slice allocation or widths, lanes by search beside uniform ones, and mixed widths
# make bench-hls         HLS C++ in C simulation, beside the integer executor: make bench-hls MODELS='folder...' BENCH='--rows 50 --json FILE'
# make test-hls      HLS projects of the examples through vitis_hls, vitis-run or bambu, where one is on PATH
# make bench-quantized   what quantize_static writes of small networks: right, refused, wrong
# make bench-concat      concatenations at 8 bits beside onnxruntime's own int8
# make bench-tflite    TFLite files beside LiteRT and their ONNX conversions: make bench-tflite MODELS='FILE.tflite=MODEL.onnx ...'
# make bench-interop     the loops level and emitc through mlir-opt and mlir-translate 22: make bench-interop MODELS='model.onnx folder...'
# make conformance     ONNX's node tests per operator, in the float executor and through C: CONFORMANCE='--only Conv --json FILE'
# make docs    the documentation as a site in build/site, links checked
# make package   sdist and wheel, each installed and tried in a fresh environment
# make clean   remove what tests and builds leave (the environment stays: rm -rf .venv)

# The first Python that is new enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
    $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
ROUNDS ?= 5
# Damaged inputs of each kind, and the seed of the first one.
CASES ?= 2500
FIRST ?= 0
# Random graphs.
GRAPHS ?= 10000
BOARD ?= uno
DIGITS := examples/digits

.PHONY: help setup demo test lint fuzz conformance docs package clean
.PHONY: bench-memplan bench-sizes bench-code-size bench-costs bench-widths bench-accuracy bench-kernels bench-uno bench-fpga bench-hls
.PHONY: test-hls bench-quantized bench-concat bench-interop bench-tflite verify-all

help:
	@sed -n 's/^# make/make/p' Makefile

setup: .venv/.toolchains .venv/.packages

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it with: make PYTHON=path"; exit 1; }
	$(PYTHON) -m venv .venv || { echo "On Debian and Ubuntu: apt-get install python3-venv"; rm -rf .venv; exit 1; }

# hls4ml brings the headers of ap_int, nothing else is used of it: without its dependencies.
.venv/.packages: pyproject.toml .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test,examples,report]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps hls4ml
	touch $@

.venv/.toolchains: .ci/toolchains .venv/bin/python
	.ci/toolchains
	touch $@

# Without the AVR compiler or its simulator the generated C still runs, on this computer.
demo: setup
	$(BIN)/tinyml analyze $(DIGITS)/digits.onnx --board $(BOARD) --calib $(DIGITS)/calib.npz
	$(BIN)/tinyml compile $(DIGITS)/digits.onnx --board $(BOARD) --calib $(DIGITS)/calib.npz -o build/digits
	@board=$(BOARD); \
	if [ $$board = uno ] && ! { command -v avr-gcc && [ -e /usr/include/simavr/sim_avr.h ]; } >/dev/null; then \
	  echo "gcc-avr or libsimavr-dev is not installed: no cycles, the generated C runs on this computer"; board=host; fi; \
	set -x; $(BIN)/tinyml run $(DIGITS)/digits.onnx --board $$board --calib $(DIGITS)/calib.npz --data $(DIGITS)/test.npz

test: setup lint
	$(BIN)/lit --quiet test
	$(BIN)/pytest --quiet --numprocesses 2

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-cache

fuzz: setup
	PYTHONPATH=test $(BIN)/python -m fuzz.onnx_files --cases $(CASES) --first $(FIRST)
	PYTHONPATH=test $(BIN)/python -m fuzz.tflite_files --cases $(CASES) --first $(FIRST)
	PYTHONPATH=test $(BIN)/python -m fuzz.mlir_texts --cases $(CASES) --first $(FIRST)
	PYTHONPATH=test $(BIN)/python -m fuzz.random_graphs --graphs $(GRAPHS) --first $(FIRST)
	for round in $$(seq $(ROUNDS)); do \
	  $(BIN)/pytest --quiet --numprocesses 2 -m hypothesis --hypothesis-profile=fuzz || exit 1; done

# Where a folder is not named or not there, its part is left out.
bench-memplan: setup
	@test -n "$(wildcard $(INSTANCES) $(MODELS))" || echo "name folders: make bench-memplan INSTANCES='graphs offsets' MODELS=onnx"
	@test -z "$(wildcard $(INSTANCES))" || $(BIN)/python -m tinyml_opt.tools.bench.memplan $(wildcard $(INSTANCES))
	@test -z "$(wildcard $(MODELS))" || $(BIN)/python -m tinyml_opt.tools.bench.models $(wildcard $(MODELS)) $(BENCH)
	$(BIN)/python -m tinyml_opt.tools.bench.orders $(firstword $(wildcard $(MODELS))) --csv build/orders.csv --figure build/orders.svg

bench-sizes: setup
	$(BIN)/python -m tinyml_opt.tools.bench.sizes $(wildcard $(MODELS)) $(BENCH)

bench-code-size: setup
	$(BIN)/python -m tinyml_opt.tools.bench.code_size $(wildcard $(MODELS)) $(BENCH)

bench-costs: setup
	$(BIN)/python -m tinyml_opt.tools.bench.costs $(wildcard $(MODELS)) $(BENCH)

bench-widths: setup
	$(BIN)/python -m tinyml_opt.tools.bench.widths $(wildcard $(MODELS)) $(BENCH)

bench-accuracy: setup
	$(BIN)/python -m tinyml_opt.tools.bench.accuracy $(wildcard $(MODELS)) $(BENCH)

bench-kernels: setup
	$(BIN)/python -m tinyml_opt.tools.bench.kernels $(if $(CMSIS),--cmsis $(CMSIS)) $(BENCH)

bench-uno: setup
	$(BIN)/python -m tinyml_opt.tools.bench.uno $(wildcard $(MODELS)) $(BENCH)

bench-fpga: setup
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[fpga]'
	$(BIN)/python -m tinyml_opt.tools.bench.fpga $(wildcard $(MODELS)) $(BENCH)

# A simulation takes hours on a busy machine, and goes on where it ended with --json FILE.
bench-hls: setup
	nice -n 19 $(BIN)/python -m tinyml_opt.tools.bench.hls $(wildcard $(MODELS)) $(BENCH)

test-hls: setup
	$(BIN)/python -m tinyml_opt.tools.hardware.vendor build/hls

bench-interop: setup
	$(BIN)/python -m tinyml_opt.tools.bench.interop $(wildcard $(MODELS)) $(BENCH)

bench-tflite: setup
	$(BIN)/python -m tinyml_opt.tools.bench.tflite $(MODELS) $(BENCH)

bench-quantized: setup
	PYTHONPATH=test $(BIN)/python -m fuzz.static_quantization

verify-all: setup
	$(BIN)/python -m tinyml_opt.tools.bench.equal $(MODELS) --record build/verified.jsonl $(BENCH)

bench-concat: setup
	PYTHONPATH=test $(BIN)/python -m fuzz.concatenations

conformance: setup
	PYTHONPATH=test $(BIN)/python -m conformance $(CONFORMANCE)

# The dialect reference is generated; a link that leads nowhere is an error.
docs: setup
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs]'
	$(BIN)/python -m tinyml_opt.tools.dialect_reference docs/dialects.md
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# PYTHONS='python3.11 python3.14' tries more than one.
package: setup
	PYTHONS="$(or $(PYTHONS),$(BIN)/python)" .ci/package

clean:
	rm -rf build dist docs/dialects.md *.egg-info .pytest_cache .ruff_cache .hypothesis .lit_test_times.txt test/.lit_test_times.txt
	find test -name Output -type d -exec rm -rf {} +
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
