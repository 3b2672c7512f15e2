"""Hi-ToM text -> answers: stories with five questions each, per second on one core, and memory.

    python benchmarks/engine.py --stories 2000 --out engine.json

The peer is the brute-force engine of the tests, which keeps every chain of up to four names in a table; it
is given the sentences already read, so that the ratio is about beliefs and not about parsing.
"""

import argparse
import json
import platform
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from oracle import Oracle

from tomprm.belief.generate import Recipe, generate
from tomprm.belief.state import BeliefState
from tomprm.world.events import Fact
from tomprm.world.grammar import read_question, read_story, write_question
from tomprm.world.replay import HITOM_RELEASE

ORDERS = (0, 1, 2, 3, 4)


def stories(n: int) -> list[tuple[str, list[str]]]:
    """(text, its five questions): one to three chapters in turn, with and without claims."""
    found: list[tuple[str, list[str]]] = []
    for part in range(6):
        recipe = Recipe("hitom", ORDERS, chapters=(1, 2, 3)[part % 3], deception=part > 2)
        items = list(generate(recipe, 0, f"benchmark {part}", 5 * (n // 6)))
        for i in range(0, len(items), 5):
            found.append((items[i].text, [write_question(item.question) for item in items[i : i + 5]]))
    return found


def engine(told: list[tuple[str, list[str]]]) -> list[list[str | None]]:
    answers: list[list[str | None]] = []
    for text, questions in told:
        state = BeliefState(read_story(text, HITOM_RELEASE), HITOM_RELEASE)
        answers.append([state.answer(read_question(q)).value for q in questions])
    return answers


def brute_force(told: list[tuple[str, list[str]]]) -> tuple[list[list[str | None]], float]:
    """(answers, seconds without the reading)."""
    answers: list[list[str | None]] = []
    seconds = 0.0
    for text, questions in told:
        story = read_story(text, HITOM_RELEASE)
        asked = [read_question(q) for q in questions]
        start = time.perf_counter()
        oracle = Oracle(story.agents, 4, False, HITOM_RELEASE.tells)
        for action in story.actions:
            oracle.do(action)
        answers.append([oracle.table[q.chain].get(Fact(q.fact.thing).thing) for q in asked])
        seconds += time.perf_counter() - start
    return answers, seconds


def main() -> None:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--stories", type=int, default=2000)
    parser.add_argument("--peer", type=int, default=120, help="stories for the brute-force engine")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    told = stories(options.stories)
    engine(told[:50])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    answers = engine(told)
    seconds = time.perf_counter() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    peer = told[:: max(1, len(told) // options.peer)]
    peer_answers, peer_seconds = brute_force(peer)
    result = {
        "stories": len(told),
        "stories_per_second": round(len(told) / seconds, 1),
        "brute_force_stories_per_second": round(len(peer) / peer_seconds, 1),
        "ratio": round(len(told) / seconds / (len(peer) / peer_seconds), 2),
        "memory_grown_kib": grown,
        "agree": peer_answers == answers[:: max(1, len(told) // options.peer)],
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    print(json.dumps(result, indent=1))
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
