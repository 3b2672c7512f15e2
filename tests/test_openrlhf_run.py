"""Starting, starting again and the cause of a failure, with commands that stand in for OpenRLHF's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tomprm.belief.generate import Recipe, generate
from tomprm.config import RunConfig
from tomprm.rl.openrlhf import run

ITEMS = list(generate(Recipe(), 0, "run", 4))


def started(folder: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> Path:
    """`train` with a Python program in place of the driver; it counts its starts in `starts`."""
    head = "import os, pathlib, sys\nhere = pathlib.Path(os.environ['TOMPRM_RUN'])\n"
    count = "n = len(list(here.glob('start*')))\n(here / f'start{n}').touch()\n"
    monkeypatch.setattr(run, "plan", lambda *a, **k: ["python", "-c", head + count + program])
    return run.train(RunConfig(), "process", 0, ITEMS, folder)


SAVE = "(here / 'policy').mkdir(exist_ok=True)\n(here / 'policy' / 'config.json').write_text('{}')\n"


def test_a_port_that_was_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second start has it; a third would find the run done."""
    program = "if n == 0: sys.exit('DistNetworkError: EADDRINUSE')\n" + SAVE
    assert started(tmp_path, monkeypatch, program) == tmp_path / "policy"
    assert started(tmp_path, monkeypatch, "sys.exit(1)") == tmp_path / "policy"
    assert len(list(tmp_path.glob("start*"))) == 2


def test_a_port_that_is_always_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(run.RunFailed, match=r"EADDRINUSE.*openrlhf\.log"):
        started(tmp_path, monkeypatch, "sys.exit('DistNetworkError: EADDRINUSE')")
    assert len(list(tmp_path.glob("start*"))) == run.STARTS


def test_other_errors_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(run.RunFailed, match="ValueError: no GPU for you"):
        started(tmp_path, monkeypatch, "sys.exit('ValueError: no GPU for you')")
    assert len(list(tmp_path.glob("start*"))) == 1


def test_a_saved_sample_is_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = json.dumps({"error": "RewardError: bad step"})
    program = f"(here / 'bad_reward.json').write_text({sample!r})\nsys.exit('RayTaskError: and so on')"
    with pytest.raises(run.RunFailed, match=r"RewardError: bad step.*bad_reward\.json"):
        started(tmp_path, monkeypatch, program)


def test_no_policy_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(run.RunFailed, match="without saving"):
        started(tmp_path, monkeypatch, "pass")


def test_metrics_after_the_checkpoint_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latest = tmp_path / "checkpoints" / "_actor" / "latest"
    latest.parent.mkdir(parents=True)
    latest.write_text("global_step4")
    (tmp_path / "metrics.jsonl").write_text("".join(f'{{"step": {n}}}\n' for n in range(1, 7)) + '{"st')
    started(tmp_path, monkeypatch, SAVE)
    rows = [json.loads(line)["step"] for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert rows == [1, 2, 3, 4]
