# make reproduce   set up, run the main job, print the tables, write results/imce/
# make test        set up, run the tests
# make check       all that continuous integration checks: lint types contracts docs test package
# make bench       the benchmarks
#
# Set-up makes .venv, installs the package into it and ngspice with the system's package manager; a second call
# sets nothing up again.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: reproduce check test lint types contracts docs package bench clean

reproduce: .venv/installed .venv/ngspice
	$(BIN)/spintronics run imce

check: lint types contracts docs test package

test: .venv/installed-for-tests .venv/ngspice
	$(BIN)/pytest -n auto --dist loadfile

lint: .venv/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-for-tests
	$(BIN)/mypy

contracts: .venv/installed-for-tests
	$(BIN)/lint-imports

docs: .venv/installed-for-tests
	$(BIN)/python tools/write_reference.py --check
	$(BIN)/mkdocs build --quiet --strict --site-dir build/site

package: .venv/installed-for-tests .venv/ngspice
	rm -rf build/wheel && mkdir -p build/wheel/empty
	$(BIN)/python -m build --outdir build/wheel . > build/wheel/log.txt 2>&1 || { cat build/wheel/log.txt; exit 1; }
	$(BIN)/python -m pip install --quiet --no-deps --target build/wheel/site build/wheel/*.whl
	cd build/wheel/empty && PYTHONPATH=../site ../../../$(BIN)/python -P -m spintronics run imce --trials 100 > tables.txt
	cd build/wheel/empty && PYTHONPATH=../site ../../../$(BIN)/python -P -m spintronics init mine > files.txt
	test -s build/wheel/empty/results/imce/tables/comparison.csv
	test -s build/wheel/empty/results/imce/report.html
	tar -tzf build/wheel/*.tar.gz | grep -q /netlists/sense_amplifier.spice

bench: .venv/installed-for-tests .venv/ngspice
	for benchmark in benchmarks/bench_*.py; do $(BIN)/python $$benchmark; done

clean:
	rm -rf .venv build results

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || sh tools/install-system-package python3-venv
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/installed-for-tests: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ .venv/installed

# PyTorch, for the tests of training; the others do without.  Where the index has CUDA builds it is large.
.venv/installed-for-training: .venv/installed-for-tests
	$(BIN)/python -m pip install --quiet --editable '.[train]'
	@touch $@

.venv/ngspice: .venv/bin/python
	@command -v ngspice >/dev/null || sh tools/install-system-package ngspice
	@$(BIN)/python -c 'import ctypes.util, sys; sys.exit(ctypes.util.find_library("ngspice") is None)' || \
	  sh tools/install-system-package libngspice
	@touch $@
