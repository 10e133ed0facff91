#!/usr/bin/env bash
# Makes the virtual environment if it is missing, installs with the extras for it, builds the site of docs/,
# and passes the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh test,docs

# The exported page is tested in a browser; where none can be had, these tests are skipped and say so.
if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "installing chromium, for the tests of the exported page"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >/dev/null \
        || echo "chromium could not be installed" >&2
fi

# Tests compute little at once, in two processes: threads of TensorFlow's own would only wait for each other.
export TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 OMP_NUM_THREADS=1

.venv/bin/ruff check .
.venv/bin/ruff format --check .

# Each of these two computes on one core, so they run at the same time.
.venv/bin/mypy & types=$!
NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet --strict & site=$!
{ wait "$types" && wait "$site"; } || { wait; exit 1; }

export BUILT_SITE="$PWD/site"  # the tests look into it, in place of building another
.venv/bin/python -m pytest -n "${TEST_PROCESSES:-2}" "$@"
