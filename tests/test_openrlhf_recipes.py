"""The recipes: what they say in comments holds, and each becomes a command that OpenRLHF would take."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from openrlhf_fakes import fake_package, importable
from rl_fixtures import story_items

from tomprm.config import RunConfig, load_config
from tomprm.rl.openrlhf.checks import check_layout, gpus_needed
from tomprm.rl.openrlhf.flags import check_flags, openrlhf_flags
from tomprm.rl.openrlhf.run import dry_run

ROOT = Path(__file__).resolve().parent.parent
RECIPES = sorted((ROOT / "configs").glob("openrlhf_*.yaml"))
GPUS = {"openrlhf_qwen05b_1gpu": 1, "openrlhf_qwen3b_1gpu": 1, "openrlhf_qwen7b_8gpu": 8}
recipe = pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)


def test_there_are_recipes() -> None:
    assert {path.stem for path in RECIPES} == set(GPUS)


@recipe
def test_the_layout_fits_the_gpus_that_the_name_promises(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_config(path)
    flags = openrlhf_flags(config, 0, tmp_path, chat=True)
    assert gpus_needed(flags) == GPUS[path.stem]
    check_layout(config, flags, GPUS[path.stem])
    fake_package(tmp_path)
    with importable(tmp_path, monkeypatch):
        check_flags(flags)


@recipe
def test_steps_are_the_epochs_of_the_comment(path: Path) -> None:
    config, text = load_config(path), path.read_text()
    said = re.search(r"steps: (\d+)  # epochs x items / prompts_per_step = (\d+) x (\d+) / (\d+)", text)
    assert said
    steps, epochs, items, prompts = map(int, said.groups())
    assert (config.rl.steps, config.data.train_items, config.rl.prompts_per_step) == (steps, items, prompts)
    assert steps * prompts == epochs * items


@recipe
def test_the_arms_differ_in_one_key(path: Path) -> None:
    arms = [arm.model_dump() for arm in load_config(path).arms.values()]
    assert len(arms) == 2
    assert [key for key in arms[0] if arms[0][key] != arms[1][key]] == ["name"]


def test_the_studys_setting() -> None:
    config: RunConfig = load_config(ROOT / "configs" / "openrlhf_qwen7b_8gpu.yaml")
    rl = config.rl
    assert (rl.prompts_per_step, rl.samples_per_prompt, rl.learning_rate, rl.temperature) == (8, 8, 5e-7, 0.6)
    assert config.policy.model == "Qwen/Qwen2.5-7B-Instruct" and config.policy.prompt == "instruct"
    assert rl.estimator == "reinforce" and config.arms["outcome"].format_weight == 0.1


@recipe
def test_a_dry_run_with_a_local_model(path: Path, tmp_path: Path) -> None:
    policy = ROOT / "reward_models" / "tiny_policy"
    config = load_config(path, [f"policy.model={policy}"])
    words = shlex.split(dry_run(config, 0, story_items(), tmp_path / "run").replace("\\\n", " "))
    assert words[:3] == ["python", "-m", "tomprm.rl.openrlhf.launch"] and not (tmp_path / "run").exists()
    assert words[words.index("--actor.num_gpus_per_node") + 1] == str(GPUS[path.stem])


def test_the_slurm_script_is_shell_and_sets_keys_that_exist() -> None:
    script = ROOT / "scripts" / "slurm_openrlhf.sh"
    subprocess.run(["bash", "-n", script], check=True)
    text = script.read_text()
    pairs = re.findall(r'--set "?(openrlhf\.\w+)=', text)
    assert len(pairs) == 5
    values = [f"{key}={'auto' if key.endswith('address') else 2}" for key in pairs]
    assert load_config(RECIPES[-1], values).openrlhf.nodes == 2
    refused = subprocess.run(["bash", script], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
    assert refused.returncode == 2 and refused.stderr.startswith("usage: ")
