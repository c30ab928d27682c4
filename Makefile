# Two commands are enough: `make digest` and `make test`. Each sets itself up first; a second call starts at once.
PYTHON ?= python3
BIN := .venv/bin
# TORCH=cuda asks for the configured index's default build (gigabytes on Linux); TORCH_INDEX names another CPU index.
TORCH ?= cpu
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

.PHONY: help setup digest test package check format serve bench e2e htmlvalidate axe faults audit lock clean

help:
	@echo "make digest   set up, pull, rank, and write this month's digest; prints where it is"
	@echo "make test     set up and run the tests; the longest are left to make faults"
	@echo "make setup    only the set-up: .venv, dependencies, model check, database"
	@echo "make serve    the web service on http://127.0.0.1:8000"
	@echo "make check    format, lint, types, import contracts, migrations, lock file"
	@echo "make bench    ranking quality and speed, beside their baselines"
	@echo "make e2e      the pages in headless Chromium, and by html-validate where npm is"
	@echo "make htmlvalidate axe   install html-validate and axe-core (npm) below build/, which the tests then use"
	@echo "make faults   every row of docs/reliability.md, the long tests included: it takes its time"
	@echo "make audit    ask a public database for known vulnerabilities of the locked packages"
	@echo "make package  build the wheel, install it beside an empty folder, and use it there"

setup:
	@TORCH=$(TORCH) TORCH_INDEX=$(TORCH_INDEX) $(PYTHON) scripts/setup.py

digest: setup
	@$(BIN)/shirube digest $(ARGS)

serve: setup
	@$(BIN)/shirube serve $(ARGS)

# One process more than the two cores CI has: a fifth of the time tests wait for servers and clocks.
test: setup
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

e2e: setup htmlvalidate axe
	$(BIN)/python -m pytest -m browser $(ARGS)
	$(BIN)/python -m pytest -rs tests/digest/test_valid.py tests/api/test_valid.py

# Without npm nothing is installed, and the tests that need it skip, saying so.
htmlvalidate:
	@if [ -x build/html-validate/node_modules/.bin/html-validate ]; then :; \
	elif command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --prefix build/html-validate html-validate@10 || echo "npm could not install html-validate"; \
	else echo "npm is not here: html-validate was not installed"; fi

axe:
	@if [ -e build/axe-core/node_modules/axe-core/axe.min.js ]; then :; \
	elif command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --prefix build/axe-core axe-core@4 || echo "npm could not install axe-core"; \
	else echo "npm is not here: axe-core was not installed"; fi

faults: setup
	$(BIN)/python -m tests.faults $(ARGS)

package: setup
	$(BIN)/python -m pytest -m "package or not package" tests/test_package.py $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_migrations.py
	$(BIN)/python -m scripts.check_lock

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	$(BIN)/python -m benchmarks $(ARGS)

audit: setup
	$(BIN)/python -m scripts.audit

lock:
	uv pip compile pyproject.toml --extra dev --extra postgres --generate-hashes --universal --python-version 3.11 \
	  --no-emit-package torch --no-header -q -o requirements.lock
	@sed -i '1i # Made by `make lock` (uv, all platforms). torch is absent on purpose: torch.txt is installed before this.' requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
