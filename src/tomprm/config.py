"""Configuration: one frozen section a layer, read from YAML, written back as used.

Layers get their own section, never the whole tree. A key that does not exist and a value that
cannot be are errors that name the key and what would be right.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator


class ConfigError(ValueError):
    """A config that cannot be used; one line that names the key and the remedy."""


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Positive = Annotated[int, Field(gt=0)]
Seed = Annotated[int, Field(ge=0)]
Orders = Annotated[tuple[Annotated[int, Field(ge=1, le=4)], ...], Field(min_length=1)]
SuiteName = Literal["id", "higher", "longer", "style", "hitom"]
Fraction = Annotated[float, Field(ge=0, le=1)]


class DataConfig(Section):
    """Generated stories for training, and the suites of the evaluation."""

    seed: Seed = 0
    places: Annotated[int, Field(ge=2, le=6)] = 3  # containers a story, all visited: chance is 1 in that
    moves: tuple[Positive, Positive] = (2, 3)
    longer_moves: tuple[Positive, Positive] = (4, 5)  # of the `longer` suite
    train_orders: Orders = (1, 2)
    train_items: Positive = 1024
    suites: tuple[SuiteName, ...] = (
        "id", "higher", "longer", "style", "hitom",
    )  # fmt: skip
    items_per_order: Positive = 150  # of every generated suite
    validation_items: Positive = 60  # of each validation suite

    @model_validator(mode="after")
    def _visits_all(self) -> DataConfig:
        for name, (low, high) in (("moves", self.moves), ("longer_moves", self.longer_moves)):
            if not self.places - 1 <= low <= high:
                raise ValueError(
                    f"{name}={low, high} cannot visit {self.places} places; "
                    f"give a range that starts at {self.places - 1} or above"
                )
        return self


class PolicyConfig(Section):
    """The model that is trained: any causal LM folder or hub name."""

    model: str = "reward_models/tiny_policy"
    prompt: Literal["plain", "instruct"] = "plain"
    dtype: Literal["float32", "bfloat16"] = "float32"  # of matrix products; weights are float32
    device: Literal["auto", "cpu", "cuda"] = "auto"
    max_new_tokens: Positive = 200


class WarmStartPhase(Section):
    """Steps on one mixture of narrators (see tomprm.trace.canonical)."""

    steps: Positive
    mixture: dict[Literal["sound", "reality", "lucky", "terse"], Annotated[float, Field(ge=0)]]
    batch_size: Positive = 16
    learning_rate: Annotated[float, Field(gt=0)] = 1.2e-3
    prompt_loss: Fraction = 0.0  # weight of the prompt's tokens, from which copying is learned

    @model_validator(mode="after")
    def _mixes_something(self) -> WarmStartPhase:
        if not sum(self.mixture.values()):
            raise ValueError("mixture is empty; give at least one narrator a weight above 0")
        return self


class WarmStartConfig(Section):
    """Supervised traces of mixed quality, in phases. Used by `tomprm warm-start`."""

    items: Positive = 16000
    # Share of the items in the manner of each suite; a pretrained model, too, has seen some of everything.
    shares: dict[SuiteName, Annotated[float, Field(ge=0)]] = Field(default={"id": 1.0})
    phases: tuple[WarmStartPhase, ...] = ()
    bf16: bool = False  # autocast; faster where the CPU or GPU has it
    vocab_size: Positive = 1024
    hidden: Positive = 128
    layers: Positive = 4
    heads: Positive = 4
    seed: Seed = 0
    data_seed: Seed = 1

    @model_validator(mode="after")
    def _fits(self) -> WarmStartConfig:
        if not sum(self.shares.values()):
            raise ValueError("shares is empty; give at least one suite a share above 0")
        if self.hidden % (2 * self.heads):
            raise ValueError(
                f"hidden={self.hidden} is not an even number for each of {self.heads} heads; "
                "choose a multiple of 2 * heads"
            )
        return self


class CreditConfig(Section):
    """How step rewards become token rewards; see tomprm.rewards.credit."""

    form: Literal[
        "sum", "process_supervision", "min_soft", "min_strict", "clip", "delta",
        "first_error", "outcome_gated", "prof", "outcome",
    ] = "sum"  # fmt: skip
    baseline: Literal["none", "group_mean", "leave_one_out", "token", "event"] = "none"
    temperature: Annotated[float, Field(gt=0)] = 0.1  # of min_soft's weights
    threshold: float = 0.0  # eta of clip
    keep: Annotated[float, Field(gt=0, le=1)] = 0.5  # share of a group's rollouts that prof keeps


class RewardConfig(Section):
    """What is paid for; see tomprm.rewards.shaping."""

    name: Literal["outcome", "process", "hybrid", "format", "shuffled"] = "outcome"
    format_weight: Annotated[float, Field(ge=0)] = 0.1
    answer_weight: Annotated[float, Field(ge=0)] = 1.0
    process_weight: Annotated[float, Field(ge=0)] = 1.0
    penalty: Annotated[float, Field(ge=0)] = 1.0  # of a contradicted claim, in obligations
    judge: Literal["checker", "prm", "hybrid"] = "checker"  # of the steps; see tomprm.prm.reward
    prm: str = ""  # its folder, for the judges prm and hybrid
    credit: CreditConfig = CreditConfig()

    @model_validator(mode="after")
    def _has_its_judge(self) -> RewardConfig:
        if self.judge != "checker" and not self.prm:
            raise ValueError(
                f"judge: {self.judge} needs a process reward model; set prm to a folder saved by "
                "`tomprm prm train`, or judge: checker"
            )
        if self.judge == "prm" and self.credit.baseline == "event":
            raise ValueError(
                "a PRM knows no obligations, by which the baseline event compares rollouts; "
                "use judge: hybrid or another credit.baseline"
            )
        return self


class RLConfig(Section):
    """REINFORCE++ and its relatives; names as in OpenRLHF."""

    estimator: Literal["reinforce", "reinforce_baseline", "rloo", "group_norm", "dr_grpo"] = "reinforce"
    steps: Positive = 60
    prompts_per_step: Positive = 16
    samples_per_prompt: Positive = 8
    minibatches: Positive = 2  # optimiser steps on each batch of rollouts
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    warmup_steps: Annotated[int, Field(ge=0)] = 4
    temperature: Annotated[float, Field(gt=0)] = 1.0
    gamma: Fraction = 1.0
    kl_coef: Annotated[float, Field(ge=0)] = 0.01
    kl_estimator: Literal["k1", "k2", "k3"] = "k1"
    clip_low: Annotated[float, Field(gt=0, lt=1)] = 0.2
    clip_high: Annotated[float, Field(gt=0)] = 0.2
    kl_in_loss: bool = False  # the KL as a term of the loss, not in the rewards
    policy_loss_type: Literal["ppo", "gspo"] = "ppo"  # gspo: one ratio a sequence
    loss_mean: Literal["token", "sequence"] = "token"  # over tokens, or of sequences' means
    dual_clip: Annotated[float, Field(gt=1)] | None = None  # bound on a negative advantage's loss
    is_correction: Literal["off", "token"] = "off"  # weigh by p_trainer / p_rollout
    is_mode: Literal["mask", "clip"] = "mask"  # what lies outside of is_low .. is_high
    is_low: Annotated[float, Field(ge=0)] = 0.5
    is_high: Annotated[float, Field(gt=0)] = 5.0
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    micro_batch: Positive = 128  # rollouts in one forward pass; lower it when memory is short
    validate_every: Positive = 15
    checkpoint_every: Positive = 10

    @model_validator(mode="after")
    def _divides(self) -> RLConfig:
        rollouts = self.prompts_per_step * self.samples_per_prompt
        if rollouts % self.minibatches:
            raise ValueError(
                f"minibatches={self.minibatches} does not divide the {rollouts} rollouts of a step; "
                "choose a divisor of prompts_per_step * samples_per_prompt"
            )
        if self.minibatches > self.prompts_per_step:
            raise ValueError(
                f"minibatches={self.minibatches} is more than prompts_per_step={self.prompts_per_step}, "
                "and a prompt's completions are kept together; lower minibatches"
            )
        if self.estimator != "reinforce" and self.gamma != 1:
            raise ValueError(
                f"{self.estimator} has gamma 1 (given {self.gamma}); drop gamma or use reinforce"
            )
        if self.estimator != "reinforce" and self.samples_per_prompt < 2:
            raise ValueError(f"{self.estimator} needs samples_per_prompt >= 2; raise it or use reinforce")
        if self.policy_loss_type == "gspo" and self.loss_mean != "sequence":
            raise ValueError("gspo is a mean over sequences; set loss_mean: sequence")
        if self.is_low >= self.is_high:
            raise ValueError(f"is_low={self.is_low} is not below is_high={self.is_high}; exchange them")
        return self


class EvalConfig(Section):
    """How policies are scored."""

    samples: Annotated[int, Field(ge=0)] = 1  # sampled answers an item, beside the greedy one
    sampled_suites: tuple[SuiteName, ...] = (
        "id", "higher", "longer", "style", "hitom",
    )  # fmt: skip
    temperature: Annotated[float, Field(gt=0)] = 1.0
    batch_size: Positive = 128
    seed: Seed = 0


class OpenRLHFConfig(Section):
    """Layout of a cluster (see tomprm.rl.openrlhf). Any other key is a flag of OpenRLHF's own,
    `ds.zero_stage: 3` or nested, and is passed on as it stands."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    nodes: Positive = 1  # of the actor, and of the reference model
    gpus_per_node: Positive = 1
    engines: Positive = 1  # of vLLM
    tensor_parallel: Positive = 1  # GPUs of one engine
    colocate: Literal["all", "actor_ref", "none"] = "all"  # which models share their GPUs
    mode: Literal["sync", "async", "partial"] = "sync"
    max_length: Positive = 2048  # tokens of prompt and completion
    address: str = ""  # of Ray: empty starts one here, auto joins the node's, http://host:8265 submits a job
    reward_url: str = ""  # of `tomprm serve`; empty scores in the rollout workers
    reward_gpus: Annotated[float, Field(ge=0)] = 0.0  # share of a GPU for a PRM in a Ray actor


class RunConfig(Section):
    """The whole of a comparison."""

    name: str = "run"
    backend: Literal["embedded", "openrlhf"] = "embedded"
    arms: dict[str, RewardConfig] = Field(
        default={"outcome": RewardConfig(), "process": RewardConfig(name="process")}
    )
    seeds: tuple[Seed, ...] = (0, 1)
    workers: Annotated[int, Field(ge=0)] = 0  # arms trained at once; 0: one a core, 1 on a GPU
    wandb: Literal["off", "offline", "online"] = "off"
    data: DataConfig = DataConfig()
    policy: PolicyConfig = PolicyConfig()
    warm_start: WarmStartConfig = WarmStartConfig()
    rl: RLConfig = RLConfig()
    openrlhf: OpenRLHFConfig = OpenRLHFConfig()
    eval: EvalConfig = EvalConfig()

    @model_validator(mode="after")
    def _named(self) -> RunConfig:
        if not self.arms or not self.seeds:
            raise ValueError("arms and seeds need at least one entry each; list them")
        if "warm_start" in self.arms:
            raise ValueError("an arm cannot be called warm_start, the baseline's name; rename it")
        for arm in self.arms:
            if not re.fullmatch(r"\w[\w.+-]*", arm):
                raise ValueError(f"arms.{arm}: names a folder of the run; use letters, digits, _ . + and -")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds repeat; list each once")
        return self

    def digest(self) -> str:
        """Hash of everything that can change a number (so neither names of runs nor workers)."""
        relevant = self.model_dump(mode="json", exclude={"name", "workers", "wandb"})
        return hashlib.sha256(json.dumps(relevant, sort_keys=True).encode()).hexdigest()[:12]


def load_config(path: str | Path, overrides: list[str] | None = None) -> RunConfig:
    """Read a YAML config; `overrides` are `a.b=value` with YAML values.

    Raises:
        ConfigError: no such file, no YAML, an unknown key, an impossible value.
    """
    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path}: no such config; name a file such as configs/quickstart.yaml")
    try:
        tree: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}:" if where else ""
        raise ConfigError(f"{path}:{line} not valid YAML; correct the syntax there") from error
    if not isinstance(tree, dict):
        raise ConfigError(
            f"{path}: expected a mapping of sections, found {type(tree).__name__}; see configs/"
        )
    for override in overrides or []:
        key, sign, value = override.partition("=")
        if not sign or not key:
            raise ConfigError(f"--set {override}: expected key=value, such as rl.steps=20")
        node = tree
        *parents, leaf = key.split(".")
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                raise ConfigError(f"--set {override}: {parent} is not a section; check the key in {path}")
        try:
            node[leaf] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f"--set {override}: {value} is not valid YAML; quote or correct it") from None
    try:
        return RunConfig.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    """The first problem, as `key: what is wrong; remedy`."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"]) or "config"
    if problem["type"] == "extra_forbidden":
        section: Any = RunConfig
        for part in problem["loc"][:-1]:
            found = getattr(section, "model_fields", {}).get(part)
            section = found.annotation if found else None
        known = ", ".join(getattr(section, "model_fields", {})) if section else ""
        return f"unknown key {key}; " + (f"known here: {known}" if known else "remove it")
    message = problem["msg"].removeprefix("Value error, ")
    given = f" (given {problem['input']!r})" if problem["type"] != "value_error" else ""
    return f"{key}: {message}{given}; correct it" if ";" not in message else f"{key}: {message}"


def dump_config(config: RunConfig) -> str:
    """The resolved config as YAML, readable by load_config."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)
