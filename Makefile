# The commands a person types; each sets up what it needs. What they do is in scripts/.

HOST = 127.0.0.1
BACKEND_PORT = 8000
FRONTEND_PORT = 8080

# Recipes start the script in place of the shell, so that Ctrl-C and `kill` reach it.
PYTHON_SCRIPT = @exec scripts/python

.DEFAULT_GOAL := help
.PHONY: help run test lint e2e bench setup

help: ## show this list
	@echo "Vestnik. Commands:"
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-12s %s\n", $$1, $$2}'
	@echo "Moved ports: make run HOST=127.0.0.1 BACKEND_PORT=8001 FRONTEND_PORT=8081"

run: ## set up, fill in demo data, start backend and front end on http://localhost:8080
	$(PYTHON_SCRIPT) scripts/run.py --host $(HOST) --backend-port $(BACKEND_PORT) --frontend-port $(FRONTEND_PORT)

test: ## set up and run every check and test; what CI runs
	$(PYTHON_SCRIPT) scripts/check.py

lint: ## format, lint, types and the layering, both languages
	$(PYTHON_SCRIPT) scripts/check.py lint

e2e: ## the end-to-end tests in a real Chromium
	$(PYTHON_SCRIPT) scripts/check.py e2e

bench: ## measure speed and memory; see benchmarks/README.md
	$(PYTHON_SCRIPT) benchmarks/run.py

setup: ## only the set-up
	$(PYTHON_SCRIPT) scripts/setup.py
