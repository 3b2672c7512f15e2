"""The verb that serves rewards over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tomprm.cli.files import UsageError
from tomprm.config import RewardConfig


@dataclass
class Serve:
    """Rewards over HTTP, for `openrlhf.reward_url` and every stack that can post JSON.

    Example: tomprm serve --port 8080 --reward process
             tomprm serve --prm runs/prm --judge hybrid
    """

    host: str = "127.0.0.1"
    """0.0.0.0 serves the whole network."""
    port: int = 8080
    reward: Literal["outcome", "process", "hybrid", "format"] = "process"
    """Where a request does not bring a reward section of its own."""
    judge: Literal["checker", "prm", "hybrid"] = "checker"
    """Of the steps, where a request does not say."""
    prm: str = ""
    """Folder of a process reward model; requests may ask for its judgement, and for no other model's."""

    def run(self) -> None:
        if not 0 < self.port < 65536:
            raise UsageError(f"--port {self.port}: give one from 1 to 65535")
        if self.judge != "checker" and not self.prm:
            raise UsageError(f"--judge {self.judge}: needs a process reward model; add --prm FOLDER")
        from tomprm.rl.service import serve

        serve(RewardConfig(name=self.reward, judge=self.judge, prm=self.prm), self.host, self.port)
