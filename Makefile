# Everything a newcomer types. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
SIZE ?= 1000000
KILLS ?= 200
DEVICES ?= 500
DAYS ?= 30
PERMUTATIONS ?= 1000
MONTHS ?= 60
SCHEDULERS ?= 16
SEED ?= 1
LANG_OUT ?= zh
EXAMPLES ?= 1000
ROWS ?= 2000
PG15 ?= /usr/lib/postgresql/15/bin
UV_COMPILE = uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -q

.PHONY: help run demo test test-long fuzz check openapi lock bench-sweep bench-audit bench-rotate bench-checkin bench-sync bench-import bench-events bench-webhooks bench-months bench-search audit-attack prove-guard prove-door mutants reports simulate chaos prove-time prove-faults prove-migrations test-pg15 clean bench-clues

help: ## what each target does
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/run.stamp: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.lock
	@touch $@

run: $(VENV)/run.stamp ## start everything with the demo county; stays up until Ctrl-C
	@$(BIN)/shouwang run --lang $(LANG_OUT)

demo: $(VENV)/run.stamp ## the same once, in a temporary folder on free ports, then exit
	@$(BIN)/shouwang demo --lang $(LANG_OUT)

test: $(VENV)/dev.stamp ## the whole suite on a real embedded PostgreSQL
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal --durations 30 --durations-min 5

test-pg15: $(VENV)/dev.stamp ## migrations, kit and judging on Debian's PostgreSQL 15, where it is installed
	@if [ -x $(PG15)/initdb ]; then SHOUWANG_POSTGRES_PROGRAMS=$(PG15) $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal \
	tests/migrations tests/kit tests/cli/test_migrations_of_what_is_held.py tests/cli/test_other_programs.py \
	tests/alerts/test_judging.py tests/alerts/test_sweep.py tests/alerts/tasks/test_folding.py \
	--ignore tests/kit/test_hostile_sheets.py --ignore tests/kit/test_hostile.py --ignore tests/kit/test_guard.py --ignore tests/kit/test_sheets.py; \
	else echo "skipped: no PostgreSQL 15 in $(PG15); apt-get install postgresql-15"; fi

test-long: $(VENV)/dev.stamp ## what takes minutes: real processes under full disks, cut wires, put-forward clocks and upgrades
	@$(BIN)/python -m pytest -q -m long -n $(JOBS) --dist worksteal

fuzz: $(VENV)/dev.stamp ## schemathesis on every operation, EXAMPLES each, every check; one JSON line
	@$(BIN)/python -m tests.fuzz $(EXAMPLES)

check: $(VENV)/dev.stamp ## formatting, types, boundaries, migrations, lock files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.checks
	$(BIN)/python -m pytest -q tests/test_boundaries.py

openapi: $(VENV)/dev.stamp ## docs/openapi.json, docs/problems.md and the front doors' routes, made from the code
	@$(BIN)/shouwang openapi

lock: ## resolve the dependencies anew (needs uv)
	$(UV_COMPILE) -o requirements.lock
	$(UV_COMPILE) --group dev -o requirements-dev.lock

bench-sweep: $(VENV)/dev.stamp ## one million households through the judge; one JSON line
	@$(BIN)/python -m bench.sweep --size $(SIZE)

bench-audit: $(VENV)/dev.stamp ## what an audited write costs beside a plain one; one JSON line
	@$(BIN)/python -m bench.audit

audit-attack: $(VENV)/dev.stamp ## 1,440 seeded changes to the audit as superuser, each to be found; one JSON line
	@$(BIN)/python -m tests.kit.tampering 1440 1

bench-checkin: $(VENV)/dev.stamp ## check-ins by group commit beside an echo of the same JSON; one JSON line
	@$(BIN)/python -m bench.checkin

bench-sync: $(VENV)/dev.stamp ## offline batches beside unnest inserts of the same rows; one JSON line
	@$(BIN)/python -m bench.sync

bench-rotate: $(VENV)/dev.stamp ## change the keys of SIZE persons under writers; one JSON line
	@$(BIN)/python -m bench.rotate --size $(SIZE)

bench-import: $(VENV)/dev.stamp ## files of SIZE rows (200,000 at most) beside a bare COPY; one JSON line
	@$(BIN)/python -m bench.imports --size $(SIZE)

bench-events: $(VENV)/dev.stamp ## facts told by one service and judged by another beside bare writes; one JSON line
	@$(BIN)/python -m bench.events

bench-search: SIZE = 300000
bench-search: $(VENV)/dev.stamp ## names, lists and new households among SIZE persons beside bare SQL; one JSON line
	@$(BIN)/python -m bench.search --size $(SIZE)

bench-months: $(VENV)/dev.stamp ## a month of 60,000 cadres frozen beside a bare INSERT … SELECT; one JSON line
	@$(BIN)/python -m bench.months

bench-clues: SIZE = 100000
bench-clues: $(VENV)/dev.stamp ## SIZE clues of departments taken in and matched beside a bare COPY; one JSON line
	@$(BIN)/python -m bench.clues --size $(SIZE)

bench-webhooks: $(VENV)/dev.stamp ## guarded deliveries beside a raw socket and a bare httpx loop; one JSON line
	@$(BIN)/python -m bench.webhooks

bench-telling: $(VENV)/dev.stamp ## 100,000 alerts told to 2,000 people in digests beside a bare INSERT of the notices; one JSON line
	@$(BIN)/python -m bench.telling

prove-door: $(VENV)/dev.stamp ## the claims of the front door, each with its cases and failures; one JSON line at the end
	@$(BIN)/python -m tests.door.prove

mutants: $(VENV)/dev.stamp ## break what decides who sees what, one place at a time: a test must fail each time; one JSON line
	@$(BIN)/python -m tests.mutants --jobs $(JOBS)

reports: $(VENV)/dev.stamp ## the 200 rows of five public reports: which are recorded and read back, what is missing; one JSON line
	@$(BIN)/python -m tests.reports

prove-migrations: $(VENV)/dev.stamp ## every revision on ROWS rows a table; the release before, under load meanwhile; one JSON line
	@$(BIN)/python -m tests.migrations --rows $(ROWS)

prove-guard: $(VENV)/dev.stamp ## five healthy receivers beside thirty-one hostile ones for a minute; one JSON line
	@$(BIN)/python -m tests.kit.beside_hostile --seconds 60

simulate: $(VENV)/dev.stamp ## DEVICES phones over DAYS days, cut, repeated, permuted, with wrong clocks; one JSON line
	@$(BIN)/python -m tests.simulate --devices $(DEVICES) --days $(DAYS) --seed $(SEED) --permutations $(PERMUTATIONS)

chaos: $(VENV)/dev.stamp ## KILLS random kill -9 of all kinds of process under writers; one JSON line, exit 1 when anything was lost
	@$(BIN)/python -m tests.chaos --kills $(KILLS) --seed $(SEED)

prove-time: $(VENV)/dev.stamp ## MONTHS month ends in four time zones, SCHEDULERS schedulers, a zombie; one JSON line
	@$(BIN)/python -m tests.clocks --months $(MONTHS) --schedulers $(SCHEDULERS)

prove-faults: $(VENV)/dev.stamp ## full disks, restarts, cut wires and every fail-point; one JSON line (disks as root alone)
	@$(BIN)/python -m tests.faults --seed $(SEED)

clean: ## remove the virtual environment and the local state
	rm -rf $(VENV) .shouwang
