# make demo [PHOTO=face.jpg]   photo to out/head.furrow, out/head.blend and out/preview.png
# make test                    every test, those inside Blender too
# make fast                    quick tests, under a minute
# make fuzz                    500 photos and 1000 characters with faults, by script
# make addon                   dist/furrow-*.zip for this machine's Python and platform
# make lint                    ruff, and the types of core/ and models/
# make models | benchmarks | clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT := out
PHOTO ?=
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: demo test fast fuzz addon models lint benchmarks clean
.DEFAULT_GOAL := demo

$(READY): pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Furrow is developed with Python 3.11 (Blender 4.5's): apt-get install python3.11-venv, or make PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing pinned dependencies into $(VENV) (about 1.5 GB once, Blender's Python module included)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[models,blender,test]'
	@$(BIN)/python -c 'import bpy' 2>/dev/null || sh docs/debian_packages.sh
	@$(BIN)/python -c 'import bpy'
	@touch $@

models: $(READY)
	@$(BIN)/python -m furrow.models.build

demo: models
	@mkdir -p $(OUT)
	@photo="$(PHOTO)"; \
	test -n "$$photo" || photo=$$($(BIN)/python -c 'import skimage.data as d; print(d.__path__[0] + "/astronaut.png")'); \
	$(BIN)/furrow reconstruct "$$photo" -o $(OUT)/head.furrow && \
	$(BIN)/furrow blend $(OUT)/head.furrow -o $(OUT)/head.blend && \
	$(BIN)/furrow preview $(OUT)/head.furrow --photo "$$photo" -o $(OUT)/preview.png && \
	echo "done: $(OUT)/head.furrow  $(OUT)/head.blend  $(OUT)/preview.png"

test: models lint
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

fast: models lint
	@$(BIN)/python -m pytest --fast

fuzz: models
	@$(BIN)/python tests/fuzz.py

lint: $(READY)
	@$(BIN)/ruff check .
	@mkdir -p $(VENV)/types && ln -sfn '$(CURDIR)' $(VENV)/types/furrow
	@$(BIN)/mypy --no-error-summary

addon: models
	@$(BIN)/python build_addon.py

benchmarks: models
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(OUT) dist build models/assets
