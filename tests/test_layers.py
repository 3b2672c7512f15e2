"""The import rule of pyproject.toml (layers, and who may load what) holds, and its check can fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"torch", "transformers", "datasets", "ray", "vllm", "openrlhf", "wandb"}

IMPORT_ALL_LIGHT = f"""
import importlib, pkgutil, sys
for name in ["config", "world", "belief", "trace", "checker", "rewards", "bench", "report"]:
    module = importlib.import_module("tomprm." + name)
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), module.__name__ + "."):
        importlib.import_module(found.name)
print(sorted({HEAVY!r} & set(sys.modules)))
"""


def run_python(*args: str, source: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a fresh interpreter that finds the package `tomprm` under `source`."""
    return subprocess.run(
        [sys.executable, *args],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of `root`/pyproject.toml on the package under `root`/src."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return run_python("-c", command, "--no-cache", source=root / "src", cwd=root)


def test_contracts_hold() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 kept, 0 broken" in result.stdout


def test_contracts_can_break(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package = tmp_path / "src" / "tomprm"
    shutil.copytree(ROOT / "src" / "tomprm", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "belief" / "planted_upward.py").write_text("import tomprm.checker\n")
    (package / "rewards" / "planted_torch.py").write_text("import torch\n")
    (package / "eval" / "planted_ray.py").write_text("import ray\n")

    result = lint_imports(tmp_path)

    assert result.returncode != 0, result.stdout
    assert "0 kept, 3 broken" in result.stdout
    for broken in [
        "tomprm.belief.planted_upward -> tomprm.checker (l.1)",
        "tomprm.rewards.planted_torch -> torch (l.1)",
        "tomprm.eval.planted_ray -> ray (l.1)",
    ]:
        assert broken in result.stdout, result.stdout


def test_light_layers_load_no_ml_stack() -> None:
    result = run_python("-c", IMPORT_ALL_LIGHT, source=ROOT / "src", cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"
