"""The config -> OpenRLHF's flags. Names on the left of each line are OpenRLHF's.

Defaults that differ from the embedded trainer's meaning are set so that both mean the same: a constant
learning rate after the warm-up, one pass over the rollouts, prompts drawn as often as the config says.
What stands under `openrlhf:` beside tomprm's own keys overrides all of it, but for what tomprm has to find
again (OURS). Prompts of one's own (`data.prompt_dataset`) are read by data.py and drawn from as generated
ones are.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tomprm.config import ConfigError, RunConfig

AGENT = Path("reward_models") / "openrlhf_agent.py"
Value = bool | int | float | str | list[Any] | tuple[Any, ...]
PROMPTS = "data.prompt_dataset"
OURS = {
    "ckpt.path": "checkpoints lie in the run's folder; choose that with --out",
    "ckpt.output_dir": "the policy lies in the run's folder; choose that with --out",
    "ckpt.load_enable": "a run goes on by itself; name a new folder with --out to begin anew",
}


def openrlhf_flags(config: RunConfig, seed: int, folder: Path, *, chat: bool) -> dict[str, Value]:
    """Every flag that differs from OpenRLHF's default, in a fixed order.

    Args:
        folder: the run's; data, checkpoints and the trained policy lie there.
        chat: prompts go through the tokenizer's chat template.
    """
    rl, layout, given = config.rl, config.openrlhf, given_flags(config)
    for name in OURS.keys() & given:
        raise ConfigError(f"openrlhf.{name}: {OURS[name]}")
    given.pop(PROMPTS, None)
    rollouts = rl.prompts_per_step * rl.samples_per_prompt
    shape = {"actor.num_nodes": layout.nodes, "actor.num_gpus_per_node": layout.gpus_per_node}
    actors = trainers(shape | given)
    flags: dict[str, Value] = {
        "actor.model_name_or_path": model_path(config.policy.model),
        **shape,
        "ref.num_nodes": layout.nodes,
        "ref.num_gpus_per_node": layout.gpus_per_node,
        "vllm.num_engines": layout.engines,
        "vllm.tensor_parallel_size": layout.tensor_parallel,
        **_sharing(config),
        "train.async_enable": layout.mode != "sync",
        "train.partial_rollout_enable": layout.mode == "partial",
        "train.agent_func_path": str(agent_file()),
        PROMPTS: str(folder.resolve() / "data" / "prompts.jsonl"),
        "data.input_key": "prompt",
        "data.label_key": "label",
        "data.apply_chat_template": chat,
        "data.max_len": layout.max_length,
        "rollout.batch_size": rl.prompts_per_step,
        "rollout.n_samples_per_prompt": rl.samples_per_prompt,
        "rollout.micro_batch_size": _micro_batch(rollouts, actors, rl.micro_batch),
        "rollout.max_new_tokens": config.policy.max_new_tokens,
        "rollout.temperature": rl.temperature,
        "train.batch_size": rollouts // rl.minibatches,
        "train.micro_batch_size": _micro_batch(rollouts // rl.minibatches, actors, rl.micro_batch),
        "train.num_episodes": 1,
        "train.seed": seed,
        "algo.advantage.estimator": rl.estimator,
        "algo.advantage.gamma": rl.gamma,
        "algo.kl.init_coef": rl.kl_coef,
        "algo.kl.estimator": rl.kl_estimator,
        "actor.eps_clip_low_high": [rl.clip_low, rl.clip_high],
        **_loss(config),
        "actor.max_norm": rl.max_grad_norm,
        "actor.adam.lr": rl.learning_rate,
        "actor.lr_scheduler": "constant_with_warmup",
        "actor.lr_warmup_ratio": min(1.0, rl.warmup_steps / rl.steps),
        "ckpt.path": str(folder.resolve() / "checkpoints"),
        "ckpt.output_dir": str(folder.resolve() / "policy"),
        "ckpt.save_steps": rl.checkpoint_every,
        "ckpt.load_enable": True,
    }
    if given.get("algo.advantage.estimator") == "gae":  # the one estimator with a critic
        flags |= {"critic.num_nodes": layout.nodes, "critic.num_gpus_per_node": layout.gpus_per_node}
    return flags | given


def number(flags: Mapping[str, Value], name: str, default: float) -> float:
    """A flag's number, or OpenRLHF's default. Raises ConfigError where it is none."""
    value = flags.get(name, default)
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ConfigError(f"openrlhf.{name}: {value!r} is no number; correct it") from None


def trainers(flags: Mapping[str, Value]) -> int:
    """Trainer processes with rollouts of their own: those of a ring or a tensor-parallel group share them."""
    gpus = number(flags, "actor.num_nodes", 1) * number(flags, "actor.num_gpus_per_node", 8)
    shared = number(flags, "ds.ring_attn_size", 1) * number(flags, "ds.tensor_parallel_size", 1)
    return max(1, int(gpus // max(1, shared)))


def _micro_batch(rollouts: int, actors: int, limit: int) -> int:
    """The largest micro-batch up to `limit` that divides a trainer's share of the rollouts."""
    share = max(1, rollouts // actors)
    return max(size for size in range(1, min(limit, share) + 1) if share % size == 0)


def _sharing(config: RunConfig) -> dict[str, Value]:
    layout = config.openrlhf
    if layout.colocate == "actor_ref":
        return {"train.colocate_actor_ref": True}
    if layout.colocate == "none":
        return {}
    asleep = layout.mode == "sync"  # engines and trainer take turns on the same GPUs
    return {
        "train.colocate_all": True,
        "vllm.enable_sleep": asleep,
        "ds.enable_sleep": asleep,
        **({"vllm.gpu_memory_utilization": 0.6} if asleep else {}),
    }


def _loss(config: RunConfig) -> dict[str, Value]:
    """Forms of the loss other than OpenRLHF's default one."""
    rl = config.rl
    found: dict[str, Value] = {}
    if rl.kl_in_loss:
        found["algo.kl.use_loss"] = True
    if rl.policy_loss_type != "ppo":
        found["actor.policy_loss_type"] = rl.policy_loss_type
    if rl.loss_mean == "sequence":
        found["actor.loss_agg_mode"] = "seq-mean-token-mean"
    if rl.dual_clip is not None:
        found["actor.dual_clip"] = rl.dual_clip
    if rl.is_correction != "off":
        found |= {
            "algo.advantage.is_correction_level": rl.is_correction,
            "algo.advantage.is_correction_mode": rl.is_mode,
            "algo.advantage.is_correction_threshold": [rl.is_low, rl.is_high],
        }
    return found


def given_flags(config: RunConfig) -> dict[str, Value]:
    """OpenRLHF's own flags from the config's `openrlhf:`; nested mappings are joined with dots."""
    found: dict[str, Value] = {}

    def walk(tree: Mapping[str, Any], prefix: str) -> None:
        for key, value in tree.items():
            name = f"{prefix}{key}"
            if isinstance(value, Mapping):
                walk(value, name + ".")
            else:
                found[name] = value

    walk(config.openrlhf.model_extra or {}, "")
    return found


def argv(flags: Mapping[str, Value]) -> list[str]:
    """Flags as words of a command line; a false switch is left out."""
    words: list[str] = []
    for name, value in flags.items():
        if value is False or value is None:
            continue
        words.append(f"--{name}")
        if isinstance(value, (list, tuple)):
            words += [str(v) for v in value]
        elif value is not True:
            words.append(str(value))
    return words


def command(flags: Mapping[str, Value], folder: Path, address: str) -> list[str]:
    """The driver's command: OpenRLHF's command line with step rewards hooked in."""
    where = ["--address", address] if address else []
    return ["python", "-m", "tomprm.rl.openrlhf.launch", str(folder.resolve()), *where, "--", *argv(flags)]


def readable(words: list[str]) -> str:
    """A command to look at and to paste: one flag a line."""
    text = ""
    for word in words:
        starts = re.match(r"--\w", word)
        text += (" \\\n  " if starts and text else " " if text else "") + shlex.quote(word)
    return text


def agent_file() -> Path:
    """The agent that OpenRLHF loads by path: the repository's, or the package's own where there is none."""
    checkout = Path(__file__).resolve().parents[4] / AGENT
    return checkout if checkout.is_file() else Path(__file__).resolve().with_name("agent.py")


def model_path(model: str) -> str:
    """Workers start in other folders: a local path is made absolute, a hub name stays."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model


def known_flags() -> set[str] | None:
    """The flags of the installed OpenRLHF, read from its source (importing it would load vLLM).

    None where OpenRLHF is not installed.
    """
    spec = find_spec("openrlhf")
    if spec is None or not spec.submodule_search_locations:
        return None
    source = Path(spec.submodule_search_locations[0]) / "cli" / "train_ppo_ray.py"
    if not source.is_file():  # some other folder called openrlhf
        return None
    text = source.read_text(encoding="utf-8")
    plain = set(re.findall(r"""add_argument\(\s*f?["']--([\w.{}]+)["']""", text))
    return {
        name.replace("{prefix}", prefix)
        for name in plain
        for prefix in (("actor", "critic") if "{prefix}" in name else ("",))
    }


def check_flags(flags: Mapping[str, Value]) -> None:
    """Raises ConfigError for a flag that the installed OpenRLHF does not have, with its nearest ones."""
    known = known_flags()
    if known is None:
        return
    from difflib import get_close_matches

    for name in flags:
        if name not in known:
            near = (
                ", ".join(get_close_matches(name, known, 3)) or "see python -m openrlhf.cli.train_ppo_ray -h"
            )
            raise ConfigError(f"openrlhf.{name}: OpenRLHF has no such flag; did you mean: {near}")
