#!/usr/bin/env bash
# From a fresh clone to images: makes a virtual environment, installs, trains the quick preset, draws a grid, exports,
# evaluates, and writes a report on what the network has learnt.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh

.venv/bin/dcgan-tf train --preset quick --run-dir runs/quickstart
.venv/bin/dcgan-tf sample runs/quickstart --num-images 64 --seed 1 --out runs/quickstart/quickstart.png
.venv/bin/dcgan-tf export runs/quickstart --to saved_models/quickstart --force
.venv/bin/dcgan-tf evaluate runs/quickstart
.venv/bin/dcgan-tf report runs/quickstart --run all
