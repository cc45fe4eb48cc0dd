# `make serve` is the main job. Every target sets up what it lacks in .venv; nothing else has to be prepared.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := 26.3
DATA ?= photos/
FILES ?= 10000
SEED ?= 0
N ?= 5000

.PHONY: serve test screenshots fuzz fuzz-api bench bench-intake bench-server bench-gpu bench-peers bench-training train lint format clean

serve: $(VENV)/.serving
	exec $(BIN)/python -m gunicorn -c python:app.gunicorn_conf "app.factory:create_app()"

# Python's packages and the linters beside Debian's packages; then three files of tests at a time, as the folders have
# them. What the tests import is compiled once, and not by each of their children.
test:
	@$(MAKE) --no-print-directory -j 2 ASKED=test lint $(VENV)/.tools
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

# The browser of tests/e2e/browser and the database of tests/feedback, where they can be installed; without them those
# tests are skipped, and fail in CI. One after the other: dpkg has a lock.
.PHONY: debian
debian:
	@missing=; command -v chromium >/dev/null || missing=chromium; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="$$missing postgresql"; \
	[ -z "$$missing" ] || [ "$$(id -u)" != 0 ] || apt-get update -qq || true; \
	for package in $$missing; do \
		{ [ "$$(id -u)" = 0 ] && apt-get install -qq -y $$package >/dev/null; } \
			|| echo "NO $$package: nothing will be tested with it. On Debian: apt install $$package"; \
	done

# docs/*.jpg, of generated scenery.
screenshots: $(VENV)/.everything debian
	$(BIN)/python -m tests.e2e.browser.screenshots

# schemathesis against a real server; `make test` has 30 examples an endpoint.
fuzz-api: $(VENV)/.everything
	FUZZ_EXAMPLES=$(N) $(BIN)/python -m pytest --timeout 0 tests/e2e/test_schemathesis.py

# Mutated files and requests through every door; those that fail are kept in fuzz-failures/, to be met again with
# ARGS='--replay fuzz-failures/…'. Another SEED makes other files.
fuzz: $(VENV)/.everything
	$(BIN)/python -m tests.fuzz --files $(FILES) --seed $(SEED) $(ARGS)

# What a photo costs on its way in: its decoding alone, and each way of sending it.
bench: bench-intake bench-server bench-training

bench-intake: $(VENV)/.everything
	$(BIN)/python -m tests.bench.intake

# The server under load, beside the bare pipeline and the usual Flask app; and beside LitServe and BentoML, where
# bench-peers has put them into environments of their own.
bench-server: $(VENV)/.everything
	$(BIN)/python -m tests.bench.server $(ARGS)

# The torch runtime on a CUDA device, beside a bare torch loop; .venv has a torch for CUDA then, put there by you.
bench-gpu: $(VENV)/.everything
	$(BIN)/python -m tests.bench.server.gpu $(ARGS)

bench-peers: .bench/litserve/.done .bench/bentoml/.done

.bench/%/.done: tests/bench/server/peers/requirements-%.txt
	$(PYTHON) -m venv .bench/$*
	.bench/$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

train: $(VENV)/.everything
	$(BIN)/python -m training train --data $(DATA) --out models/ $(ARGS)

# Fine-tuning beside a bare PyTorch loop over the same photos and network; ARGS='--data photos/' for photos of yours.
bench-training: $(VENV)/.everything
	$(BIN)/python -m training.bench $(ARGS)

lint: $(VENV)/.everything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.everything
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3.11 $(or $(ASKED),$(MAKECMDGOALS))"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "On Debian: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip==$(PIP)  # Python 3.11's own takes twice as long.

# What deploy/ is tried with, taken out of Debian's packages: installing them would start their services.
$(VENV)/.tools: | $(BIN)/python debian
	@mkdir -p $(VENV)/tools && cd $(VENV)/tools && { [ "$$(id -u)" != 0 ] || apt-get update -qq; } >/dev/null 2>&1 \
		&& apt-get download -qq caddy prometheus >/dev/null 2>&1 && for deb in *.deb; do dpkg -x "$$deb" .; done \
		&& rm -f *.deb && touch ../.tools \
		|| echo "NO CADDY, NO PROMTOOL: deploy/ is not tried with them. They come from Debian's packages."

$(VENV)/.serving: app/requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r app/requirements.txt
	@touch $@

$(VENV)/.everything: requirements.txt $(wildcard app/requirements*.txt) app/batch/requirements.txt training/requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt
	@touch $@ $(VENV)/.serving  # Most of the modules are never imported; Python compiles those that are.
