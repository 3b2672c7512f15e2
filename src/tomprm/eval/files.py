"""Files that are whole or not there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """JSON Lines, atomically."""
    write_text(path, (json.dumps(row) + "\n" for row in rows))


def write_text(path: Path, text: str | Iterable[str]) -> None:
    """The whole file or nothing: a temporary file beside it, renamed at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.writelines([text] if isinstance(text, str) else text)
    os.replace(partial, path)
