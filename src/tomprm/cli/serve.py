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
    """

    host: str = "127.0.0.1"
    """0.0.0.0 serves the whole network."""
    port: int = 8080
    reward: Literal["outcome", "process", "hybrid", "format"] = "process"
    """Where a request does not bring a reward section of its own."""

    def run(self) -> None:
        if not 0 < self.port < 65536:
            raise UsageError(f"--port {self.port}: give one from 1 to 65535")
        from tomprm.rl.service import serve

        serve(RewardConfig(name=self.reward), self.host, self.port)
