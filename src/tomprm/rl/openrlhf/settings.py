"""What every process of a run must know, found through one environment variable.

`TOMPRM_RUN` names the run's folder, which all nodes see; `settings.json` in it holds the reward. Without
it (somebody uses the agent file with their own command line) the defaults are the process reward and
`TOMPRM_REWARD`, a reward section as JSON or YAML.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from tomprm.config import ConfigError, RewardConfig

RUN, REWARD = "TOMPRM_RUN", "TOMPRM_REWARD"
FILE = "settings.json"


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: str = "process"
    seed: int = 0
    reward: RewardConfig = RewardConfig(name="process")
    reward_url: str = ""
    reward_gpus: float = 0.0
    dump: bool = False  # every batch's tensors, for tests


def write_settings(settings: Settings, folder: Path) -> None:
    """A PRM's folder is written in full: workers run elsewhere. A service knows it by the name given."""
    reward = settings.reward
    if reward.prm and not settings.reward_url and Path(reward.prm).is_dir():
        reward = reward.model_copy(update={"prm": str(Path(reward.prm).resolve())})
        settings = settings.model_copy(update={"reward": reward})
    partial = folder / (FILE + ".partial")
    partial.write_text(settings.model_dump_json(indent=1), encoding="utf-8")
    partial.replace(folder / FILE)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process.

    Raises:
        ConfigError: the variable names no such folder, or the reward cannot be read.
    """
    folder, given = os.environ.get(RUN), os.environ.get(REWARD)
    try:
        if folder:
            return Settings.model_validate(json.loads((Path(folder) / FILE).read_text(encoding="utf-8")))
        if given:
            return Settings(reward=RewardConfig.model_validate(yaml.safe_load(given)))
    except FileNotFoundError:
        raise ConfigError(
            f"{RUN}={folder}: {FILE} is not there; share the run's folder with every node"
        ) from None
    except (ValidationError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{RUN if folder else REWARD}: {error}; correct it") from error
    return Settings()


def run_folder() -> Path:
    """Where this run's records go; the working folder where no run is named."""
    return Path(os.environ.get(RUN) or ".")
