# Makes .venv with tomprm in it and puts it on PATH. Sourced by the other scripts:
#
#   source scripts/env.sh               what tomprm needs to run
#   EXTRAS=dev source scripts/env.sh    and what its tests need (any extras of pyproject.toml, comma-separated)
#
# PYTHON=/path/to/python chooses the interpreter of a new .venv (3.10 to 3.12). Where no nvidia-smi works, torch is
# its CPU build. A stamp in .venv lets the next call return at once; delete .venv to begin anew.

tomprm_find_python() {
  local name path
  for name in "${PYTHON:-}" python3.11 python3.12 python3.10 python3 python; do
    [ -n "$name" ] || continue
    while read -r path; do # every one on PATH: the first may be a shim without an interpreter behind it
      if "$path" -c 'import sys, ensurepip, venv; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 13))' 2>/dev/null
      then echo "$path"; return 0; fi
    done < <(type -ap "$name")
    if [ "$name" = "${PYTHON:-}" ]; then
      echo "env: PYTHON=$PYTHON is no working Python 3.10 to 3.12 with venv; set another or unset it" >&2; return 1
    fi
  done
  echo "env: found no Python 3.10 to 3.12 with venv; install one or set PYTHON=/path/to/python" >&2; return 1
}

tomprm_pip() { "$TOMPRM_VENV/bin/python" -m pip --disable-pip-version-check install -qq --no-compile "$@"; }

tomprm_cpu_torch() { # before the rest, which would take the build with CUDA (gigabytes)
  local cpu index=https://download.pytorch.org/whl/cpu
  cpu="$(grep -m1 '^torch==' constraints.txt)+cpu"
  "$TOMPRM_VENV/bin/python" -c 'import importlib.metadata as m; m.version("torch")' 2>/dev/null && return 0
  echo "env: no GPU: installing $cpu"
  tomprm_pip --no-deps "$cpu" 2>/dev/null && return 0
  echo "env: not on the configured index: trying $index"
  tomprm_pip --no-deps --retries 1 "$cpu" --extra-index-url "$index" 2>/dev/null && return 0
  echo "env: no CPU build to be had: pip takes the plain torch"
}

tomprm_env() {
  local extras="$1" root hash python start=$SECONDS
  root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)" || return 1
  TOMPRM_VENV="$root/.venv"
  hash="$(cd "$root" && { pwd; cat pyproject.toml constraints.txt; } | cksum)" || return 1
  if [ "$(cat "$TOMPRM_VENV/.tomprm-$extras" 2>/dev/null)" != "$hash" ]; then
    if ! [ -x "$TOMPRM_VENV/bin/python" ]; then
      python="$(tomprm_find_python)" || return 1
      echo "env: making .venv with $python ($("$python" -V))"
      "$python" -m venv "$TOMPRM_VENV" || return 1
    fi
    if ! nvidia-smi >/dev/null 2>&1; then (cd "$root" && tomprm_cpu_torch) || return 1; fi
    echo "env: installing tomprm${extras:+[$extras]} with constraints.txt into .venv (minutes, the first time)"
    (cd "$root" && tomprm_pip -e ".${extras:+[$extras]}" -c constraints.txt) || return 1
    echo "$hash" > "$TOMPRM_VENV/.tomprm-$extras"
    echo "$hash" > "$TOMPRM_VENV/.tomprm-" # the extras hold the core
    echo "env: ready after $((SECONDS - start)) s"
  fi
  case ":$PATH:" in *":$TOMPRM_VENV/bin:"*) ;; *) export PATH="$TOMPRM_VENV/bin:$PATH" ;; esac
}

tomprm_env "${EXTRAS:-}"
