#!/usr/bin/env bash
# Every check: ruff, pyright, the import contracts, and pytest last, so that its closing line ends the output.
#   bash scripts/test.sh [options of pytest]
# All of them run, whichever fails; the exit code is 0 only if none did.
set -euo pipefail
cd "$(dirname "$0")/.."
EXTRAS=dev source scripts/env.sh
export PYRIGHT_PYTHON_IGNORE_WARNINGS=1 # no notice of newer releases: constraints.txt holds the version

failed=""
step() { # step NAME COMMAND...
  local start=$SECONDS verdict=ok
  echo "== $1"
  "${@:2}" || { verdict=FAILED; failed="$failed $1"; }
  echo "== $1: $verdict ($((SECONDS - start)) s)"
}
step ruff ruff check
step pyright pyright
step lint-imports lint-imports --no-logo
[ -z "$failed" ] || echo "== failed so far:$failed (pytest follows)"

echo "== pytest"
python -m pytest "$@"
[ -z "$failed" ]
