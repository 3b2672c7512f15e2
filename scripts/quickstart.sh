#!/usr/bin/env bash
# From a fresh clone to a report: makes .venv, then compares outcome-only with process rewards on a small policy.
#   bash scripts/quickstart.sh [options of tomprm compare, such as --set KEY=VALUE]
# An interrupted run goes on where it was when this is called again.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/env.sh

out=runs/quickstart
echo "quickstart: tomprm compare configs/quickstart.yaml --out $out $*"
tomprm compare configs/quickstart.yaml --out "$out" "$@"
echo "quickstart: done in $((SECONDS / 60)) min $((SECONDS % 60)) s; the report is $PWD/$out/report.html"
