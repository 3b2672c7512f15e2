"""Build the corrected Hi-ToM that tomprm ships: each of the 600 questions once, labelled by the exact engine.

    python scripts/build_hitom.py path/to/Hi-ToM_data.json

writes src/tomprm/world/sources/hitom_corrected.json.gz, the same bytes for the same release.
"""

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

from tomprm.belief.known_errors import explain
from tomprm.belief.state import BeliefState
from tomprm.world.grammar import write_question
from tomprm.world.items import Item
from tomprm.world.replay import PROFILES
from tomprm.world.sources.hitom import CORRECTED, load_release, story_body

ATTRIBUTION = (
    "Stories and questions: Hi-ToM (Wu, He, Jia, Mihalcea, Chen, Deng: Hi-ToM: A Benchmark for Evaluating "
    "Higher-Order Theory of Mind Reasoning in Large Language Models, Findings of EMNLP 2023), "
    "https://github.com/ying-hui-he/Hi-ToM_dataset, commit 56dda76f. Changes: prompt lines removed, each "
    "question kept once (the CoTP row), labels recomputed; the released labels are kept as release_label "
    "(CoTP) and vp_label (VP), with the reason where one differs."
)
_TWIN = 300  # the VP row of a question stands so many rows after its CoTP row
TARGET = Path(__file__).resolve().parent.parent / "src/tomprm/world" / CORRECTED


def corrected(item: Item, twin: Item) -> dict[str, Any]:
    """The shipped row of one released question; `twin` is the same question with the VP label."""
    belief = BeliefState(item.story, PROFILES[item.profile]).answer(item.question)
    answer, labels = belief.value, (item.question.gold, twin.question.gold)
    assert answer in item.question.choices, f"{item.id}: {answer} is not on offer"
    assert item.story_id == twin.story_id and item.question.chain == twin.question.chain
    causes = [explain(i) for i in (item, twin) if i.question.gold != answer]
    reason = "; ".join([belief.explain(), *filter(None, dict.fromkeys(causes))]) if causes else ""
    return {
        "id": item.id,
        "story_id": item.story_id,
        "story": story_body(item.text),
        "question": write_question(item.question),
        "choices": list(item.question.choices),
        "answer": answer,
        "release_label": labels[0],
        "vp_label": labels[1],
        "reason": reason,
        "deception": item.meta["deception"],
        "story_length": item.meta["story_length"],
        "order": item.question.order,
    }


def build(release: str) -> bytes:
    """The bytes of the shipped file; the same for the same release."""
    rows = load_release(release)
    first = [i for i in rows if i.meta["prompting_type"] == "CoTP"]
    twins = {i.meta["row"]: i for i in rows if i.meta["prompting_type"] == "VP"}
    data = [corrected(i, twins[i.meta["row"] + _TWIN]) for i in first]
    content = {"attribution": ATTRIBUTION, "licence": "Apache-2.0", "data": data}
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0) as zipped:
        zipped.write(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())
    return buffer.getvalue()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/build_hitom.py path/to/Hi-ToM_data.json")
    try:
        TARGET.write_bytes(build(sys.argv[1]))
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    print(f"wrote {TARGET}: {TARGET.stat().st_size} bytes")
