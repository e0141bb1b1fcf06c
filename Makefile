# Everything a newcomer needs: `make run` and `make test`; `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

# Servers and tools that the tests talk to; the product itself needs none of them.
TEST_PACKAGES := snmpd snmp prometheus postgresql prometheus-snmp-exporter prometheus-node-exporter openssl prometheus-alertmanager victoria-metrics prometheus-blackbox-exporter redis-server monitoring-plugins-basic iproute2 systemd

.DEFAULT_GOAL := help
.PHONY: help install run test check format bench servers packages packages-test mibs clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

install: $(READY) ## .venv with the whole product and the tools for development

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Forewatch needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name one with: make PYTHON=python3.12"; exit 1; }
	@./setup/venv.sh "$(PYTHON)" "$(VENV)"
	@echo 'installing Python packages into $(VENV); a minute the first time'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[collector,dev]'
	@touch $(READY)

run: install ## set up and start everything on this machine
	@$(BIN)/forewatch up $(ARGS)

servers:
	@./setup/servers.sh $(TEST_PACKAGES)

test: install servers ## set up and run every test
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

check: install ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: install ## rewrite the code in the one format
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: install servers ## measure, next to the peers that are installed
	@for script in $(filter-out bench/servers.py bench/load.py bench/process.py,$(wildcard bench/*.py)); do $(BIN)/python $$script || exit 1; done

packages: install ## the agent as deb, rpm and single file, for x86-64 and aarch64, into dist/
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[packages]'
	@$(BIN)/python packaging/build.py $(ARGS)

packages-test: ## install, run and remove the packages in a Debian of their own; as root, a few minutes
	@$(MAKE) --no-print-directory packages ARGS=
	@./setup/servers.sh debootstrap rpm snmpd snmp qemu-user-static
	@FOREWATCH_PACKAGES=$(CURDIR)/dist $(BIN)/python -m pytest tests/packaging $(ARGS)

mibs: install ## compare the shipped SNMP profiles with MIB files: make mibs MIBS=/usr/share/snmp/mibs
	@$(BIN)/forewatch agent mib check $(or $(MIBS),$(error name files or folders: make mibs MIBS=/usr/share/snmp/mibs))

clean: ## remove what was built, not what was recorded
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
