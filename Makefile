# Everything from a fresh clone: a Python (3.11 to 3.13, with venv) and a package index are enough.
# `make help` lists what there is.

SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python

# A working .venv answers for itself; else a Python is looked for, or a sentence says what to do.
define install
	@python=$(PY); test -x $$python || python=$$(sh scripts/python.sh) || exit 1; "$$python" scripts/setup.py $(1)
endef

.PHONY: help setup clients demo up test chaos races lint format lock settings-page metrics-page train-vae bench-text bench-load bench-text-memory bench-gpu bench-arrivals bench-quality bench-sampling bench-image bench-batch bench-cancel bench-rolling bench-recovery bench-retention bench-memory bench-feed bench-feeds bench-lookup soak clean

help:          ## List the targets.
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1|\2/p' Makefile | while IFS='|' read -r name what; do printf '%-20s %s\n' "$$name" "$$what"; done

setup:         ## Make .venv with the locked dependencies and this checkout.
	$(call install,stack)

demo: setup    ## Set up, start everything, make one text and one picture (out/), stop.
	@.venv/bin/pressroom demo

up: setup      ## Set up, start everything and keep it running until Ctrl-C.
	@exec .venv/bin/pressroom up

test:          ## Install what the tests need and run all of them, one process a core; TRAIN=1 adds torch. ARGS= goes to pytest.
	$(call install,$(if $(filter 1,$(TRAIN)),train,dev))
	$(PY) -m pytest -n logical --maxprocesses 4 --dist worksteal $(ARGS)

chaos:         ## Break a running stack at random: CHAOS_SECONDS=120 CHAOS_SEED=7 CHAOS_DATABASE=sqlite|postgres CHAOS_ENGINE=fake|real.
	$(call install,dev)
	@$(PY) -m tests.chaos --database $(or $(CHAOS_DATABASE),sqlite) --seconds $(or $(CHAOS_SECONDS),120) --seed $(or $(CHAOS_SEED),7) --engine $(or $(CHAOS_ENGINE),fake) $(ARGS)

races:         ## Let two want the same at the same moment, RACES=1000 times each, on both databases.
	$(call install,dev)
	@RACES=$(or $(RACES),1000) $(PY) -m pytest -q tests/integration/sql/test_races.py $(ARGS)

clients:       ## Run other services' clients, unmodified, against a running stack (they go into var/clients; needs npm).
	$(call install,dev)
	$(PY) -m tests.contract.clients.run var/clients

lint:          ## Check style, types, import rules, README commands and locks.
	$(call install,dev)
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) scripts/readme_commands.py
	$(PY) scripts/lock.py --check

format:        ## Format the code and mend what can be mended.
	$(call install,dev)
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

lock:          ## Write the hashed locks from pyproject.toml; UPGRADE=1 takes newer versions.
	$(call install,stack)
	$(PY) scripts/lock.py $(if $(filter 1,$(UPGRADE)),--upgrade)

settings-page: ## Write docs/settings.md from the settings themselves.
	$(call install,stack)
	$(PY) scripts/settings_page.py

metrics-page:  ## Write docs/metrics.md from the metrics themselves.
	$(call install,stack)
	$(PY) scripts/metrics_page.py

train-vae:     ## Train the picture model on Fashion-MNIST, measure it and export it into model_zoo/ (installs torch).
	$(call install,train)
	$(PY) -m pressroom.training train cvae-fashion
	$(PY) -m pressroom.training evaluate var/train/cvae-fashion
	$(PY) -m pressroom.training export var/train/cvae-fashion --name vae-fashion --title "Fashion VAE" --guidance 1.5

bench-text:    ## Measure the text engine beside OpenVINO GenAI, CTranslate2, onnxruntime-genai, transformers and llama.cpp (some GB in var/peers); BENCH_QUICK=1 takes a minute.
	$(call install,dev)
	$(if $(BENCH_QUICK),,$(PY) benchmarks/peers/prepare.py var/peers)
	$(PY) benchmarks/text_peers.py var/peers $(if $(BENCH_QUICK),--quick) $(ARGS)
	@$(if $(BENCH_QUICK),,$(PY) benchmarks/chart.py)

bench-load:    ## Measure the text path under load, through HTTP, against the bare loop and llama.cpp.
	$(call install,dev)
	$(PY) benchmarks/text.py $(ARGS)

bench-text-memory: ## Measure the text engine's memory over 10,000 requests, against a bare session.
	$(call install,dev)
	$(PY) benchmarks/text_memory.py $(ARGS)

bench-gpu:     ## Measure the text engine on this machine's NVIDIA GPU, in half precision; ARGS="--provider cpu" walks the same way without one.
	$(call install,dev)
	$(PY) benchmarks/gpu.py $(ARGS)

bench-arrivals: ## Measure texts that come one by one, through the whole service, beside llama.cpp.
	$(call install,dev)
	$(PY) benchmarks/text_arrivals.py $(ARGS)

bench-quality: ## Measure what each weight format costs: perplexity, and the distance from float32.
	$(call install,dev)
	$(PY) benchmarks/text_quality.py $(ARGS)

bench-sampling: ## Measure what drawing tokens takes of a step with 32 texts.
	$(call install,dev)
	$(PY) benchmarks/sampling.py $(ARGS)

bench-image:   ## Measure pictures: micro-batches under load, the engine beside torch, jobs beside LitServe and BentoML; BENCH_QUICK=1 leaves the peers out.
	$(call install,dev)
	$(if $(BENCH_QUICK),,test -x var/peers/pictures/bin/bentoml || { $(PY) -m venv var/peers/pictures && var/peers/pictures/bin/pip install -q -r benchmarks/peers/pictures.txt; })
	$(PY) benchmarks/image.py
	$(PY) benchmarks/image_engine.py
	$(PY) benchmarks/image_peers.py

bench-batch:   ## Measure how fast batches are taken in, and the front's memory meanwhile.
	$(call install,dev)
	$(PY) benchmarks/batch.py

bench-cancel:  ## Measure how soon a canceled job has left the engine, with Redis and without.
	$(call install,dev)
	$(PY) benchmarks/cancel.py

bench-rolling: ## Measure what a rolling restart of all workers costs those who wait.
	$(call install,dev)
	$(PY) benchmarks/rolling.py

bench-recovery: ## Measure how long after a fault the next job succeeds.
	$(call install,dev)
	$(PY) benchmarks/recovery.py

bench-retention: ## Measure the removal of a million old jobs, and what live work notices of it.
	$(call install,dev)
	$(PY) benchmarks/retention.py

bench-memory:  ## Measure the memory (PSS) of every part of the running stack.
	$(call install,dev)
	$(PY) benchmarks/memory.py

bench-feed:    ## Rows of a feed that begin alike, with and without the cache of prefixes.
	$(call install,dev)
	$(PY) benchmarks/feed.py

bench-feeds:   ## Product feeds: taking 100,000 rows in, 200 rows of real copy with a kill of every process, all channels, rows a minute beside llama.cpp.
	$(call install,dev)
	$(PY) benchmarks/feed_intake.py
	$(PY) benchmarks/feed_rows.py
	$(PY) benchmarks/feed_rows.py --channels --rows 130 --n 5 --quiet
	$(PY) benchmarks/feed_peer.py

bench-lookup:  ## Texts one at a time, with guesses from what was said before and without.
	$(call install,dev)
	$(PY) benchmarks/lookup.py

soak:          ## Work at full load for SOAK_MINUTES=30, and see whether anything grows.
	$(call install,dev)
	$(PY) benchmarks/soak.py --minutes $(or $(SOAK_MINUTES),30)

clean:         ## Remove .venv, caches and out/; what Pressroom has written (var/) stays.
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache out build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
