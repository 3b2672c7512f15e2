"""Spoilt traces by the million: the checker answers each, with exact spans, in time, and forgets it.

    python scripts/fuzz_checker.py --n 1000000 --workers 2 --out fuzz.json

A trace of up to 4 kB must take under 50 ms of CPU, one of 100 kB (one in 5,000) under 12.5 ms a kB. What
fails is saved as JSON in --failures, and the exit status is 1. The traces depend on --seed alone.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import platform
import random
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import mutations

BLOCK = 1000  # traces of one stream of random numbers
SLOW_MS = 50.0
SLOW_MS_A_KB = 12.5  # of long texts: the same at 4 kB
GROWTH_KB = 16 * 1024  # of memory, from a twentieth of the run to its end
_SHOWN = 300  # characters of the slowest long trace in the summary


def problem(seed: mutations.Seed, text: str) -> tuple[str | None, float]:
    """(what is wrong with the verdict on this trace, CPU milliseconds of the check)."""
    start = time.process_time()
    try:
        verdict = seed.checker.check(text)
    except Exception:
        return traceback.format_exc(limit=-4), 0.0
    spent = 1000 * (time.process_time() - start)
    row = verdict.as_row()
    try:
        written = json.dumps(row, allow_nan=False)
        written.encode("utf-8")
    except ValueError as error:
        return f"the verdict is no JSON: {error}", spent
    if json.loads(written) != row:
        return "the verdict changes in JSON", spent
    end = 0
    for step in row["steps"]:
        if not end <= step["start"] < step["end"] <= len(text):
            return f"span {step['start']}-{step['end']} is out of order", spent
        end = step["end"]
        if text[step["start"] : end] != step["text"]:
            return f"the step at {step['start']} is not the trace's text", spent
        for claim in step["claims"]:
            if claim["text"] not in step["text"]:
                return f"claim {claim['text']!r} is not in its step", spent
    return None, spent


def rss_kb() -> int:
    gc.collect()
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def work(worker: int, given: argparse.Namespace) -> dict[str, Any]:
    """Every `workers`-th block of traces."""
    pool = mutations.seeds(given.seed, given.traces)
    for seed in pool:  # what is worked out once for an item
        for text in seed.texts:
            seed.checker.check(text)
    gc.collect()
    gc.freeze()  # a pass over the pool is no part of a check
    blocks = range(given.start // BLOCK + worker, -(-given.n // BLOCK), given.workers)
    started, spent, settled, first = time.monotonic(), time.process_time(), 0, rss_kb()
    found: dict[str, Any] = {
        "n": 0,
        "long": 0,
        "failures": [],
        "over": 0,
        "slowest": (0.0, ""),
        "long_slowest": (0.0, ""),
    }
    found |= {"check_ms": 0.0, "characters": 0}
    for number, block in enumerate(blocks):
        rng = random.Random(f"{given.seed}/{block}")
        size = min(BLOCK, given.n - block * BLOCK)
        for index in range(size):
            long = index == 0 and block % 5 == 0
            seed, text = mutations.long_trace(rng, pool) if long else mutations.mutated(rng, pool)
            wrong, took = problem(seed, text)
            most = SLOW_MS_A_KB * len(text) / 1000 if long else SLOW_MS
            for _ in range(2):  # a pause of the machine is not the checker's
                took = min(took, problem(seed, text)[1]) if took > most / 2 else took
            slowest = "long_slowest" if long else "slowest"
            found[slowest] = max(found[slowest], (took, text))
            found["n"] += 1
            found["long"] += long
            found["check_ms"] += 0.0 if long else took
            found["characters"] += 0 if long else len(text)
            if took > most:
                found["over"] += 1
                wrong = wrong or f"{took:.0f} ms for {len(text)} characters"
            if wrong is not None:
                where = {"block": block, "index": index, "item": seed.checker.item.id, "problem": wrong}
                found["failures"].append(where | {"trace": text})
        if not settled and 20 * (number + 1) >= len(blocks):
            settled = rss_kb()
        if given.minutes and time.monotonic() - started > 60 * given.minutes:
            break
        if len(found["failures"]) >= 20:
            break
    found |= {"rss_kb": (first, settled or first, rss_kb()), "cpu_seconds": time.process_time() - spent}
    return found


def summary(parts: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    failures = [f for part in parts for f in part["failures"]]
    growth = max(part["rss_kb"][2] - part["rss_kb"][1] for part in parts)
    slowest, long_slowest = (max(part[key] for part in parts) for key in ("slowest", "long_slowest"))
    short = sum(part["n"] - part["long"] for part in parts)
    return {
        "n": sum(part["n"] for part in parts),
        "of_100_kB": sum(part["long"] for part in parts),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(sum(part["cpu_seconds"] for part in parts), 1),
        "mean_ms": round(sum(part["check_ms"] for part in parts) / max(1, short), 3),
        "mean_characters": round(sum(part["characters"] for part in parts) / max(1, short)),
        "crashes": len([f for f in failures if not f["problem"].endswith("characters")]),
        "over_bound": sum(part["over"] for part in parts),
        "slowest_ms": round(slowest[0], 2),
        "slowest_trace": slowest[1],
        "slowest_100_kB_ms": round(long_slowest[0], 1),
        "slowest_100_kB_trace": long_slowest[1][:_SHOWN],
        "rss_kb_start_settled_end": [part["rss_kb"] for part in parts],
        "rss_growth_kb": growth,
        "ok": not failures and growth < GROWTH_KB,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--start", type=int, default=0, help="leave out the traces before this one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, help="stop after so many")
    parser.add_argument("--traces", type=Path, help="rows with a natural trace, to spoil too")
    parser.add_argument("--out", type=Path, help="where the summary goes")
    parser.add_argument(
        "--failures", type=Path, default=Path("fuzz_failures"), help="folder for traces that fail"
    )
    given = parser.parse_args()
    start = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(given.workers) as pool:
        parts = pool.starmap(work, [(worker, given) for worker in range(given.workers)], chunksize=1)
    result = {"seed": given.seed} | summary(parts, time.monotonic() - start)
    print(json.dumps(result, indent=1))
    if given.out:
        given.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    failures = [failure for part in parts for failure in part["failures"]]
    if failures:
        given.failures.mkdir(parents=True, exist_ok=True)
    for failure in failures:
        target = given.failures / f"{given.seed}-{failure['block']}-{failure['index']}.json"
        target.write_text(json.dumps(failure, indent=1) + "\n", encoding="utf-8")
        print(f"{target}: {failure['problem'].strip().splitlines()[-1]}", file=sys.stderr)
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
