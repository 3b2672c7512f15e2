# Makes .venv-openrlhf: OpenRLHF, Ray, vLLM and DeepSpeed for a machine without a GPU, and tomprm; puts it on PATH.
# For tests/openrlhf_cpu only. Sourced:
#
#   source scripts/openrlhf_cpu_env.sh
#
# Python 3.11 (PYTHON=/path/to/python3.11 chooses one) and g++ on x86-64 Linux; 1.3 GB of downloads, 3 GB of disk.
# A stamp in .venv-openrlhf lets the next call return at once; delete .venv-openrlhf to begin anew.

tomprm_ray_python() { # with Python.h, for DeepSpeed compiles two small kernels at first use
  local path check='import os, sys, sysconfig, ensurepip, venv
sys.exit(sys.version_info[:2] != (3, 11) or not os.path.exists(sysconfig.get_path("include") + "/Python.h"))'
  for path in ${PYTHON:+"$PYTHON"} $(type -ap python3.11); do # the first on PATH may be a shim without an interpreter
    if "$path" -c "$check" 2>/dev/null; then echo "$path"; return 0; fi
  done
  echo "openrlhf_cpu_env: found no Python 3.11 (vLLM's CPU wheel is tested with it) with venv and Python.h; install" \
    "python3.11, python3.11-venv and python3.11-dev or set PYTHON=/path/to/python3.11" >&2
  return 1
}

tomprm_ray_pip() { # -qq: a find-links folder or a second index without the package is no matter
  "$TOMPRM_VENV/bin/python" -m pip --disable-pip-version-check install -qq --no-compile --no-deps "$@"
}

tomprm_ray_env() {
  local root hash python torch start=$SECONDS
  local lock=tests/openrlhf_cpu/lock.txt index=https://download.pytorch.org/whl/cpu
  root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)" || return 1
  TOMPRM_VENV="$root/.venv-openrlhf"
  hash="$(cd "$root" && { pwd; cat pyproject.toml "$lock" scripts/openrlhf_cpu_env.sh; } | cksum)" || return 1
  if [ "$(cat "$TOMPRM_VENV/.tomprm" 2>/dev/null)" != "$hash" ]; then
    if ! type -p g++ >/dev/null; then
      echo "openrlhf_cpu_env: g++ is missing; install it (Debian, Ubuntu: apt-get install g++)" >&2; return 1
    fi
    if [ "$(uname -sm)" != "Linux x86_64" ]; then
      echo "openrlhf_cpu_env: vLLM's CPU wheel is for Linux on x86-64, not $(uname -sm)" >&2; return 1
    fi
    python="$(tomprm_ray_python)" || return 1
    echo "openrlhf_cpu_env: making .venv-openrlhf with $python (minutes)"
    rm -rf "$TOMPRM_VENV"
    "$python" -m venv "$TOMPRM_VENV" || return 1
    torch="$(grep -m1 '^torch==' "$root/$lock")" # first, as the index of its CPU build may have to be named
    tomprm_ray_pip "$torch" 2>/dev/null || tomprm_ray_pip "$torch" --extra-index-url "$index" || return 1
    tomprm_ray_pip -r "$root/$lock" || return 1
    echo "openrlhf_cpu_env: wheels after $((SECONDS - start)) s; DeepSpeed, OpenRLHF and tomprm follow"
    # --use-pep517: built in isolation, for DeepSpeed's setup.py goes wrong where it sees torch
    DS_BUILD_OPS=0 tomprm_ray_pip --use-pep517 deepspeed==0.19.6 || return 1
    tomprm_ray_pip openrlhf==0.11.2 || return 1
    tomprm_ray_pip -e "$root" || return 1
    echo "$hash" > "$TOMPRM_VENV/.tomprm"
    echo "openrlhf_cpu_env: ready after $((SECONDS - start)) s"
  fi
  case ":$PATH:" in *":$TOMPRM_VENV/bin:"*) ;; *) export PATH="$TOMPRM_VENV/bin:$PATH" ;; esac
}

tomprm_ray_env
