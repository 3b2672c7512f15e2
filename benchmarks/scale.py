"""Rows a second of `tomprm check` by number of workers, on canonical and on natural traces.

    python benchmarks/scale.py --natural traces.jsonl --out scale.json      (--quick: a tenth of it)

Each run is the command itself, from its start to its file: imports and the workers' start are in it. Runs
alternate between the numbers of workers; figures are [median, least, most] of the rounds. Every output is
compared, byte for byte, with that of one process. `peak_mb`: the parent's peak of resident memory, for
flatness at two sizes of input. The natural traces are few, so they repeat, and the checker's caches help.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tomprm.belief.generate import Recipe, generate
from tomprm.checker.corrupt import applicable, corrupt
from tomprm.trace.canonical import narrate_sound


def canonical(path: Path, n: int) -> None:
    """n traces, half of them with a planted error where one can be planted; all texts differ."""
    with path.open("w") as file:
        for index, item in enumerate(generate(Recipe(orders=(1, 2, 3)), 0, "scale", n)):
            rng = np.random.default_rng([0, index])
            trace = corrupt(item, rng)[0] if index % 2 and applicable(item) else narrate_sound(item, rng)
            file.write(json.dumps({**item.as_row(), "trace": trace}) + "\n")


def repeated(path: Path, given: Path, n: int) -> None:
    rows = [line for line in given.read_text().splitlines() if line.strip()]
    path.write_text("".join(rows[i % len(rows)] + "\n" for i in range(n)))


def check(given: Path, out: Path, workers: int) -> tuple[float, float, str]:
    """(seconds, the parent's peak MB, digest of the output)"""
    args = ["check", "--input", str(given), "--output", str(out), "--workers", str(workers)]
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "tomprm.cli", *args], stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in (0, 2):  # 2: rows that cannot be checked
        raise SystemExit(f"{' '.join(args)} failed; run it to see why")
    return seconds, usage.ru_maxrss / 1024, hashlib.sha256(out.read_bytes()).hexdigest()


def measure(given: Path, counts: list[int], rounds: int) -> dict[str, Any]:
    n = sum(1 for _ in given.open())
    runs: dict[int, list[tuple[float, float, str]]] = {w: [] for w in counts}
    for _ in range(rounds):
        for workers in counts:
            runs[workers].append(check(given, given.with_suffix(".out"), workers))
    rates = {w: [n / seconds for seconds, _, _ in found] for w, found in runs.items()}
    return {
        "rows": n,
        "rows_a_second": {w: spread(r) for w, r in rates.items()},
        "ratio": {
            w: spread([b / a for a, b in zip(rates[counts[0]], r, strict=True)]) for w, r in rates.items()
        },
        "peak_mb": {w: round(max(mb for _, mb, _ in found)) for w, found in runs.items()},
        "same_bytes": len({d for found in runs.values() for _, _, d in found}) == 1,
    }


def spread(values: list[float]) -> list[float]:
    return [round(v, 2) for v in (statistics.median(values), min(values), max(values))]


def main() -> None:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--natural", type=Path, help="trace rows in free English, repeated up to --rows / 10")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    n = options.rows // 10 if options.quick else options.rows
    with tempfile.TemporaryDirectory() as folder:
        formal, small, english = (Path(folder) / name for name in ("canonical", "small", "natural"))
        canonical(formal, n)
        repeated(small, formal, n // 10)
        result = {
            "canonical": measure(formal, options.workers, options.rounds),
            "canonical_a_tenth": measure(small, options.workers, 1),
        }
        if options.natural:
            repeated(english, options.natural, n // 10)
            result["natural_repeated"] = measure(english, options.workers, options.rounds)
    machine = {
        "cpus": os.cpu_count(),
        "load": [round(x, 1) for x in os.getloadavg()],
        "python": platform.python_version(),
    }
    result["machine"] = machine
    print(json.dumps(result, indent=1))
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
