"""Where a comparison is: read from the run folder, so that nothing has to be sent between processes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rich.table import Table

from tomprm.config import RunConfig
from tomprm.eval.compare import Job, progress_of


def table(config: RunConfig, out: Path, jobs: list[Job]) -> Table:
    """One row a job, with the latest metrics of its training."""
    view = Table(title=f"{config.name}: {out}", expand=False)
    for column in ("arm", "seed", "state", "step", "reward", "accuracy", "sound traces", "tokens", "KL"):
        view.add_column(column, justify="left" if column in ("arm", "state") else "right")
    for job in jobs:
        row = progress_of(config, out, job)
        step = f"{row['step']}/{config.rl.steps}" if job.arm in config.arms else ""
        view.add_row(
            job.arm, str(job.seed), row["state"], step,
            _number(row, "reward", 3), _number(row, "accuracy", 3), _number(row, "sound", 3),
            _number(row, "tokens", 0), _number(row, "kl", 4),
        )  # fmt: skip
    return view


def _number(row: dict[str, Any], key: str, digits: int) -> str:
    return f"{row[key]:.{digits}f}" if row.get(key) is not None else ""


class PlainProgress:
    """For logs: a line when a job changes its state, and one a job every half minute."""

    def __init__(self, config: RunConfig, out: Path) -> None:
        self.config, self.out = config, out
        self.states: dict[str, str] = {}
        self.said = time.monotonic()

    def update(self, jobs: list[Job]) -> None:
        due = time.monotonic() - self.said > 30
        for job in jobs:
            row = progress_of(self.config, self.out, job)
            changed = self.states.get(job.name, "waiting") != row["state"]
            self.states[job.name] = row["state"]
            if changed or (due and row["state"] == "training"):
                parts = [f"{job.name}: {row['state']}"]
                if row["step"]:
                    parts.append(
                        f"step {row['step']}/{self.config.rl.steps}, accuracy {_number(row, 'accuracy', 3)}, "
                        f"sound traces {_number(row, 'sound', 3)}, {_number(row, 'tokens', 0)} tokens"
                    )
                print(", ".join(parts), flush=True)
        if due:
            self.said = time.monotonic()
