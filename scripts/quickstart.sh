#!/usr/bin/env bash
# From a fresh clone to images: makes a virtual environment, installs, trains the quick preset, draws a grid, evaluates,
# finds out what the network has learnt, exports it with a page on which that can be tried, writes a report on
# everything, and says where it is.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh

.venv/bin/dcgan-tf train --preset quick --run-dir runs/quickstart
.venv/bin/dcgan-tf sample runs/quickstart --num-images 64 --seed 1 --out runs/quickstart/quickstart.png
.venv/bin/dcgan-tf evaluate runs/quickstart
.venv/bin/dcgan-tf report runs/quickstart --analyses all
.venv/bin/dcgan-tf export runs/quickstart --out saved_models/quickstart --force
.venv/bin/dcgan-tf report runs/quickstart  # once more, with the export

show() { printf '  %-12s %q\n' "$1" "$PWD/$2"; }  # %q: a path with a space can be copied too
printf '\nTo open in a browser:\n'
show report runs/quickstart/report.html
show page saved_models/quickstart/web/index.html
printf 'Pictures:\n'
show samples runs/quickstart/quickstart.png
show training runs/quickstart/samples/progress.gif
printf 'To go on with:\n'
show run runs/quickstart
show export saved_models/quickstart
printf '  %-12s %q --logdir %q\n' curves "$PWD/.venv/bin/tensorboard" "$PWD/runs"
