"""Optional copies of metrics.jsonl in Weights & Biases, online or offline."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tomprm.config import ConfigError, RunConfig


def check_tracking(config: RunConfig) -> None:
    """Raises ConfigError, before anything starts, where wandb is asked for and not installed."""
    if config.wandb != "off" and find_spec("wandb") is None:
        raise ConfigError(
            f"wandb: {config.wandb} needs the extra; pip install 'tomprm[wandb]', or set wandb: off"
        )


def tracker(config: RunConfig, arm: str, seed: int, folder: Path) -> Callable[[dict[str, Any]], None]:
    """A function that takes each step's metrics; it does nothing where `wandb` is off."""
    check_tracking(config)
    if config.wandb == "off":
        return lambda row: None
    import wandb

    run = wandb.init(
        project="tomprm",
        group=config.name,
        name=f"{config.name}-{arm}-s{seed}",
        dir=str(folder),
        mode=config.wandb,
        config=config.model_dump(mode="json"),
        reinit="create_new",
    )
    return lambda row: run.log(row, step=row["step"])
