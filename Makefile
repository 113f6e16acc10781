# make study: install and answer the default question.  make test: the quick tests.  make test-all: all of them.  make lab: JupyterLab.
PYTHON ?= python3
BIN := .venv/bin
# whole files to one process each, in the order that tests/conftest.py gives them
PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

.PHONY: setup study test test-all lab lint clean-venv
setup: .venv/ready

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[dev]'
	$(BIN)/python -m compileall -q -j 0 -x '/tests?/' .venv/lib >/dev/null || true  # on all cores, where pip takes one
	touch $@

study: setup
	$(BIN)/gannb run --data digits

test: setup
	$(PYTEST) -m 'not slow'

test-all: setup
	$(PYTEST)

lab: setup
	$(BIN)/python -m gannb.jupyter.index outputs
	$(BIN)/jupyter lab --notebook-dir=. --LabApp.default_url='/lab/tree/outputs/index.ipynb?file-browser-path=/notebooks' \
		$(if $(filter 0,$(shell id -u)),--allow-root)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

clean-venv:
	rm -rf .venv
