# Every command of this project; `make` lists them. They need make and Python >= 3.11 with venv, nothing else.
# ARGS goes to pytest: make conformance ARGS="-n 4 --fluid-readers=4". PYTHON is the Python that makes .venv.

PYTHON ?= python3
BIN := .venv/bin
FIXTURES := $(BIN)/python -m fixtures
GO := $(FIXTURES) go
GO_MODULES := fixtures/local/controlplane fixtures/local/vnode
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help setup conformance smoke test allure lint lock clean clean-cache python environment lint-environment

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-20s %s\n' "$$name" "$$text"; done

setup: environment ## get ready: .venv, and the programs that are built once (minutes, GB); says what it takes
	@$(FIXTURES) setup

conformance: setup ## judge the reference implementation on the embedded cluster: pytest --target=local
	@$(BIN)/pytest --target=local $(ARGS)

smoke: setup ## the same, but the walking slice alone, from zero to zero: pytest --target=local -m smoke
	@$(BIN)/pytest --target=local -m smoke $(ARGS)

allure: ## make Allure's page of the newest run: reports/runs/latest/allure/index.html (takes Node.js)
	@ALLURE_NO_ANALYTICS=true npx --yes allure@3.18.0 allure2 reports/runs/latest/allure-results --single-file --lang en --output reports/runs/latest/allure

test: setup ## test this project's own code
	@$(BIN)/pytest $(ARGS)
	@$(GO) test -C fixtures/local/vnode ./...

lint: lint-environment ## check style, types, layers, and the Go code
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@for module in $(GO_MODULES); do \
	  echo "gofmt, go vet, staticcheck $$module (the first time: minutes, as they compile what it is made of)"; \
	  unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l "$$module") || exit; \
	  test -z "$$unformatted" || { echo "not as gofmt writes it (gofmt -w): $$unformatted" >&2; exit 1; }; \
	  $(GO) vet -C "$$module" ./... || exit; \
	  $(GO) run -C "$$module" $(STATICCHECK) ./... || exit; \
	done

lock: lint-environment ## write requirements/*.txt anew, with the newest versions that pyproject.toml allows
	$(LOCK) --upgrade --extra run --output-file requirements/run.txt pyproject.toml
	$(LOCK) --upgrade --extra run --extra lint --constraint requirements/run.txt --output-file requirements/lint.txt pyproject.toml
	$(LOCK) --upgrade --group go --output-file requirements/go.txt

clean: ## remove .venv and what the linters and pytest keep; reports and the cache directory stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-cache: python ## remove the cache directory's contents: programs, Go's caches, state and logs of runs
	@cache=$$($(PYTHON) -c 'from fixtures.paths import cache_directory; print(cache_directory())') && \
	echo "removing bin, go, toolchain, runs and setup.lock in $$cache" && cd "$$cache" && \
	{ test ! -d go/mod || chmod -R u+w go/mod; } && rm -rf bin go toolchain runs setup.lock

environment: python
	@$(PYTHON) -m fixtures.virtual_environment run

lint-environment: python
	@$(PYTHON) -m fixtures.virtual_environment lint

python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "there is no $(PYTHON): sudo apt install python3 python3-venv, or sudo dnf install python3" >&2; exit 4; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is $$($(PYTHON) -c 'import platform; print(platform.python_version())'), 3.11 or newer is needed:" \
	    "install one, and name it: make PYTHON=python3.11 …" >&2; exit 4; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) has no venv: sudo apt install python3-venv, or sudo dnf install python3" >&2; exit 4; }
