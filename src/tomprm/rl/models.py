"""Loading policies: any causal LM folder or hub name, with errors before long work starts."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from tomprm.config import ConfigError, PolicyConfig


def choose_device(wanted: str) -> torch.device:
    """`auto` is CUDA where there is one.

    Raises:
        ConfigError: CUDA is asked for and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ConfigError("policy.device: cuda is asked for but torch sees no GPU; use auto or cpu")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def precision(config: PolicyConfig, device: torch.device) -> torch.autocast:
    """The context of every forward pass. Weights stay float32, whose small updates bfloat16 would lose;
    with `dtype: bfloat16` the matrix products run in it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=config.dtype == "bfloat16")


def load_policy(config: PolicyConfig) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model (evaluation mode, on its device) and tokenizer.

    Raises:
        ConfigError: no such folder, no weights, or no tokenizer; the message names the path.
    """
    check_policy_path(config.model)
    transformers.logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(config.model)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"policy.model: {config.model} has no usable tokenizer ({_line(error)}); "
            "save one beside the weights with tokenizer.save_pretrained"
        ) from error
    if tokenizer.eos_token_id is None:
        raise ConfigError(f"policy.model: the tokenizer of {config.model} has no EOS token; set eos_token")
    try:
        model = AutoModelForCausalLM.from_pretrained(config.model, dtype=torch.float32)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ConfigError(
            f"policy.model: {config.model} cannot be loaded as a causal LM ({_line(error)}); "
            "give a folder with config.json and weights, or a hub name"
        ) from error
    rows = int(model.get_input_embeddings().num_embeddings)  # pyright: ignore[reportArgumentType]
    if len(tokenizer) > rows:
        raise ConfigError(
            f"policy.model: the tokenizer of {config.model} has {len(tokenizer)} tokens, its model {rows}; "
            "save the tokenizer of that model there"
        )
    device = choose_device(config.device)
    return model.to(device).eval(), tokenizer  # pyright: ignore[reportArgumentType]


def check_policy_path(model: str) -> None:
    """Cheap checks of a local folder, so that a wrong path is not taken for a hub name.

    Raises:
        ConfigError: it looks like a path but is no folder, or lacks config, weights or tokenizer.
    """
    path = Path(model)
    if not path.is_dir():
        if (
            path.is_absolute()
            or model.startswith((".", "~"))
            or model.count("/") != 1
            or path.parent.is_dir()
        ):
            raise ConfigError(
                f"policy.model: {model} is no folder; give a saved model's folder or a hub name"
            )
        return
    if not (path / "config.json").is_file():
        raise ConfigError(f"policy.model: {model} lacks config.json; give a folder saved by save_pretrained")
    if not any(path.glob("*.safetensors")) and not any(path.glob("*.bin")):
        raise ConfigError(f"policy.model: {model} lacks weights; give a folder saved by save_pretrained")
    if not any((path / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise ConfigError(
            f"policy.model: {model} lacks a tokenizer; save one there with tokenizer.save_pretrained"
        )


def _line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:160] if str(error).strip() else type(error).__name__
