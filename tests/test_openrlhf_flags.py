"""The config as OpenRLHF's flags: one meaning in both backends, pass-through, and the printed command."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openrlhf_fakes import fake_package, importable

from tomprm.config import ConfigError, RunConfig
from tomprm.rl.openrlhf.flags import (
    argv,
    check_flags,
    command,
    given_flags,
    known_flags,
    openrlhf_flags,
    readable,
    trainers,
)

FOLDER = Path("/runs/x")


def config(rl: dict[str, Any] | None = None, **openrlhf: Any) -> RunConfig:
    tree = {"backend": "openrlhf", "rl": rl or {}, "openrlhf": openrlhf}
    return RunConfig.model_validate(tree | {"policy": {"model": "Qwen/Qwen2.5-7B-Instruct"}})


def flags(rl: dict[str, Any] | None = None, chat: bool = False, **openrlhf: Any) -> dict[str, Any]:
    return openrlhf_flags(config(rl, **openrlhf), 3, FOLDER, chat=chat)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package called openrlhf with the flags of its command line."""
    fake_package(tmp_path)
    with importable(tmp_path, monkeypatch):
        yield


def words_of(text: str) -> list[str]:
    """What a shell makes of a printed command."""
    script = text.replace("python", "printf '%s\\0'", 1)
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split(
        "\0"
    )[:-1]


# -- one meaning in both backends ------------------------------------------------------------------


def test_the_trainers_settings_become_openrlhfs() -> None:
    rl = {
        "estimator": "reinforce_baseline", "steps": 40, "prompts_per_step": 8, "samples_per_prompt": 4,
        "minibatches": 2, "learning_rate": 5e-7, "warmup_steps": 4, "temperature": 0.6, "kl_coef": 0.05,
        "kl_estimator": "k2", "clip_low": 0.1, "clip_high": 0.3, "max_grad_norm": 0.5, "checkpoint_every": 7,
    }  # fmt: skip
    found = flags(rl)
    expected = {
        "algo.advantage.estimator": "reinforce_baseline",
        "rollout.batch_size": 8,
        "rollout.n_samples_per_prompt": 4,
        "train.batch_size": 16,  # rollouts in one of two optimiser steps
        "actor.adam.lr": 5e-7,
        "actor.lr_warmup_ratio": 0.1,
        "rollout.temperature": 0.6,
        "algo.kl.init_coef": 0.05,
        "algo.kl.estimator": "k2",
        "actor.eps_clip_low_high": [0.1, 0.3],
        "actor.max_norm": 0.5,
        "ckpt.save_steps": 7,
        "train.seed": 3,
    }
    assert {name: found[name] for name in expected} == expected


def test_forms_of_the_loss_become_openrlhfs() -> None:
    forms = {
        "algo.kl.use_loss": True,
        "actor.policy_loss_type": "gspo",
        "actor.loss_agg_mode": "seq-mean-token-mean",
        "actor.dual_clip": 3.0,
        "algo.advantage.is_correction_level": "token",
        "algo.advantage.is_correction_mode": "clip",
        "algo.advantage.is_correction_threshold": [0.1, 2.0],
    }
    rl = {
        "estimator": "rloo", "kl_in_loss": True, "policy_loss_type": "gspo", "loss_mean": "sequence",
        "dual_clip": 3.0, "is_correction": "token", "is_mode": "clip", "is_low": 0.1, "is_high": 2.0,
    }  # fmt: skip
    found = flags(rl)
    assert {name: found[name] for name in forms} == forms
    assert found["algo.advantage.estimator"] == "rloo"
    assert not forms.keys() & flags().keys(), "OpenRLHF's defaults are ours"


def test_defaults_that_differ_between_the_backends_are_set() -> None:
    """OpenRLHF would anneal the rate and would not go on from a checkpoint."""
    found = flags()
    assert found["actor.lr_scheduler"] == "constant_with_warmup"
    assert found["train.num_episodes"] == 1
    assert found["ckpt.load_enable"] is True
    assert found["data.input_key"] == "prompt" and found["data.label_key"] == "label"


@pytest.mark.parametrize("chat", [False, True])
def test_the_chat_template_is_used_where_there_is_one(chat: bool) -> None:
    assert ("--data.apply_chat_template" in argv(flags(chat=chat))) is chat


@pytest.mark.parametrize(
    ("colocate", "mode", "present", "absent"),
    [
        (
            "all",
            "sync",
            {"train.colocate_all", "vllm.enable_sleep", "ds.enable_sleep"},
            {"train.async_enable"},
        ),
        (
            "all",
            "async",
            {"train.colocate_all", "train.async_enable"},
            {"vllm.enable_sleep", "ds.enable_sleep"},
        ),
        ("all", "partial", {"train.async_enable", "train.partial_rollout_enable"}, {"vllm.enable_sleep"}),
        ("actor_ref", "sync", {"train.colocate_actor_ref"}, {"train.colocate_all", "vllm.enable_sleep"}),
        ("none", "async", {"train.async_enable"}, {"train.colocate_all", "train.colocate_actor_ref"}),
    ],
)
def test_sharing_and_mode(colocate: str, mode: str, present: set[str], absent: set[str]) -> None:
    switches = {word[2:] for word in argv(flags(colocate=colocate, mode=mode)) if word.startswith("--")}
    assert present <= switches and not absent & switches


@pytest.mark.parametrize(("gpus", "limit"), [(1, 128), (2, 5), (4, 3), (8, 128), (3, 2)])
def test_micro_batches_divide_the_rollouts_among_the_trainers(gpus: int, limit: int) -> None:
    rl = {"prompts_per_step": 6, "samples_per_prompt": 8, "minibatches": 2, "micro_batch": limit}
    found = flags(rl, gpus_per_node=gpus, engines=gpus)
    for batch, micro in ((48, "rollout.micro_batch_size"), (24, "train.micro_batch_size")):
        assert found[micro] <= limit
        if batch % gpus == 0:
            assert batch % (gpus * found[micro]) == 0


def test_a_ring_of_trainers_sees_the_same_rollouts() -> None:
    found = flags({"prompts_per_step": 8, "micro_batch": 128}, gpus_per_node=8, **{"ds.ring_attn_size": 4})
    assert trainers(found) == 2
    assert found["rollout.micro_batch_size"] == 32  # 64 rollouts, two rings


def test_a_critic_gets_the_trainers_gpus() -> None:
    found = flags(gpus_per_node=2, **{"algo.advantage.estimator": "gae"})
    assert (found["critic.num_nodes"], found["critic.num_gpus_per_node"]) == (1, 2)
    assert "critic.num_nodes" not in flags()


def test_local_models_are_absolute_and_hub_names_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert flags()["actor.model_name_or_path"] == "Qwen/Qwen2.5-7B-Instruct"
    local = config().model_copy(update={"policy": config().policy.model_copy(update={"model": "mine"})})
    found = openrlhf_flags(local, 0, Path("runs"), chat=False)
    assert found["actor.model_name_or_path"] == str(tmp_path / "mine")
    assert found["ckpt.output_dir"] == str(tmp_path / "runs" / "policy")


# -- pass-through ------------------------------------------------------------------------------------


def test_nested_and_dotted_keys_are_the_same_flags() -> None:
    nested = config(ds={"zero_stage": 3, "lora": {"rank": 8}}, vllm={"enforce_eager": True})
    dotted = config(**{"ds.zero_stage": 3, "ds.lora.rank": 8, "vllm.enforce_eager": True})
    half = config(ds={"zero_stage": 3, "lora.rank": 8}, **{"vllm.enforce_eager": True})
    wanted = {"ds.zero_stage": 3, "ds.lora.rank": 8, "vllm.enforce_eager": True}
    assert given_flags(nested) == given_flags(dotted) == given_flags(half) == wanted


def test_what_is_passed_through_overrides_ours() -> None:
    found = flags(**{"actor.lr_scheduler": "cosine", "vllm": {"gpu_memory_utilization": 0.3}})
    assert found["actor.lr_scheduler"] == "cosine"
    assert found["vllm.gpu_memory_utilization"] == 0.3
    assert "--vllm.enable_sleep" in argv(found)
    assert "--vllm.enable_sleep" not in argv(flags(**{"vllm.enable_sleep": False}))


@pytest.mark.parametrize("name", ["ckpt.path", "ckpt.output_dir", "ckpt.load_enable"])
def test_what_tomprm_has_to_find_again_cannot_be_moved(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"openrlhf\.{name}: .*--out"):
        flags(**{name: "elsewhere"})


def test_own_prompts_are_drawn_from_and_not_passed_on() -> None:
    found = flags(**{"data.prompt_dataset": "mine.jsonl", "data.input_key": "question"})
    assert found["data.prompt_dataset"] == "/runs/x/data/prompts.jsonl"
    assert found["data.input_key"] == "question"


def test_every_flag_of_ours_is_known_and_the_command_line_is_only_read(installed: None) -> None:
    known = known_flags()
    assert known is not None and {"actor.adam.lr", "critic.adam.lr", "ref.offload"} <= known
    assert not any("{" in name for name in known)
    for mode in ("sync", "async", "partial"):
        for colocate in ("all", "actor_ref", "none"):
            check_flags(flags(mode=mode, colocate=colocate))
    check_flags(flags(**{"algo.advantage.estimator": "gae"}))


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("ds.zero_stge", "ds.zero_stage"),
        ("actor.adam.learning_rate", "actor.adam"),
        ("qqqqqqqq", "train_ppo_ray -h"),
    ],
)
def test_an_unknown_flag_names_its_neighbours(installed: None, wrong: str, near: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_flags(flags(**{wrong: 1}))
    assert str(caught.value).startswith(f"openrlhf.{wrong}: ")
    assert near in str(caught.value) and "\n" not in str(caught.value)


def test_without_openrlhf_no_flag_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with importable(tmp_path, monkeypatch):
        monkeypatch.setattr("tomprm.rl.openrlhf.flags.find_spec", lambda name: None)
        assert known_flags() is None
        check_flags(flags(**{"no.such": 1}))


# -- the command ---------------------------------------------------------------------------------------


def test_switches_lists_and_values_as_words() -> None:
    given = {"a.on": True, "a.off": False, "b": None, "c": [1, 0.5], "d": "x y", "e": 0, "f": 5e-7}
    assert argv(given) == ["--a.on", "--c", "1", "0.5", "--d", "x y", "--e", "0", "--f", "5e-07"]


def test_the_printed_command_is_the_command() -> None:
    odd = {"logger.wandb.run_name": 'it\'s a "test" $HOME `x` *', "data.input_template": "Q: {}\nA:"}
    words = command(flags(**odd), Path("/runs/a b"), "auto")
    printed = readable(words)
    assert words_of(printed) == words[1:]
    assert shlex.split(printed.replace("\\\n", " ")) == words
    assert printed.count("\n") > 30, "one flag a line"
    assert words[3:6] == ["/runs/a b", "--address", "auto"]
