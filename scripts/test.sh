#!/usr/bin/env bash
# Makes the virtual environment if it is missing, installs with the test extra, and passes the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/environment.sh test

.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/python -m pytest -n "${TEST_PROCESSES:-2}" "$@"
