"""Fit the tilts that make shortcut-free stories shortcut-free, and ship them.

python scripts/fit_tilts.py    # adds what is missing to src/tomprm/belief/tilts.json; a minute a shape
"""

import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from tomprm.belief.generate import draw_hits, shape_key
from tomprm.belief.tilt import fit_tilt
from tomprm.world.generate import OpenShape

SHAPES = (
    OpenShape(),
    OpenShape(agents=(5, 5), moves=(6, 7)),
    OpenShape(places=3, moves=(2, 3)),
    OpenShape(agents=(5, 5), places=3, moves=(4, 5)),
)
PAIRS = 40_000


def fit(job: tuple[OpenShape, int]) -> tuple[str, dict[str, object]]:
    shape, order = job
    tilt = fit_tilt(draw_hits(shape, order, PAIRS), shape.places, order)
    return f"{shape_key(shape)}/order {order}", asdict(tilt)


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "src/tomprm/belief/tilts.json"
    tilts = json.loads(target.read_text())
    jobs = [(shape, order) for shape in SHAPES for order in (1, 2, 3, 4)]
    jobs = [job for job in jobs if f"{shape_key(job[0])}/order {job[1]}" not in tilts]
    with ProcessPoolExecutor(2) as pool:
        tilts |= dict(pool.map(fit, jobs))
    target.write_text(json.dumps(tilts, indent=1, sort_keys=True) + "\n")
    print(f"wrote {target}: {len(tilts)} tilts")
