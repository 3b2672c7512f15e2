#!/usr/bin/env bash
# OpenRLHF's real pipeline (Ray, vLLM, DeepSpeed) with tomprm's step rewards, on a machine without a GPU.
#   bash scripts/openrlhf_cpu_test.sh [options of pytest]
# Makes its environment first (scripts/openrlhf_cpu_env.sh). Needs 2 cores and 12 GB of memory.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/openrlhf_cpu_env.sh
exec "$TOMPRM_VENV/bin/python" -m pytest -m "openrlhf and not slow" tests/openrlhf_cpu -p no:xdist --durations=0 "$@"
