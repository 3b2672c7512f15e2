"""Fixtures of all tests: the data folder, generated items, and what is skipped where it cannot run."""

import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import settings

from tomprm.belief.generate import Recipe, generate
from tomprm.world.items import Item

# The same examples every time; HYPOTHESIS_PROFILE=thorough draws other ones, twenty times as many.
settings.register_profile("tomprm", deadline=None, derandomize=True, max_examples=100)
settings.register_profile("thorough", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tomprm"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder with the published data sets (hitom/, tomi/, ...), named by TOMPRM_DATA."""
    folder = os.environ.get("TOMPRM_DATA")
    if not folder:
        pytest.skip("TOMPRM_DATA is not set; set it to the folder with hitom/Hi-ToM_data.json")
    if not Path(folder).is_dir():
        pytest.skip(f"TOMPRM_DATA={folder} is no folder")
    return Path(folder)


@pytest.fixture(scope="session")
def assorted() -> list[Item]:
    """Small items of every kind: modes, orders 0 to 4, registers, claims, both ways to treat them."""
    items = list(generate(Recipe(orders=(1, 2, 3, 4)), 7, "assorted", 32))
    items += generate(Recipe(orders=(1, 2), register="inverted", vocabulary="held_out"), 7, "assorted", 8)
    for chapters, deception in ((1, False), (1, True), (2, True), (3, True)):
        recipe = Recipe("hitom", (0, 1, 2, 3, 4), chapters=chapters, deception=deception)
        items += generate(recipe, 7, f"assorted {chapters} {deception}", 15)
    released = [Item(i.id, i.story_id, i.text, i.question, "hitom-release") for i in items[-30:]]
    return items + released


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests for a GPU or for OpenRLHF are skipped, with the reason, where there is none."""
    missing: dict[str, str] = {}
    if any("gpu" in item.keywords for item in items) and not _has_cuda():
        missing["gpu"] = "no CUDA device here (torch.cuda.is_available() is false)"
    if importlib.util.find_spec("openrlhf") is None:
        missing["openrlhf"] = "OpenRLHF is not installed; pip install 'tomprm[openrlhf]'"
    for item in items:
        for marker, reason in missing.items():
            if marker in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()
