"""What the readers of the sources share: JSON of any shape, and errors that name file, row and remedy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast


def read_json(path: Path, remedy: str) -> object:
    """The parsed file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is not JSON.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {remedy}")
    try:
        return cast(object, json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path}: expected JSON, found another format ({error}); {remedy}") from error


def mapping(found: object) -> dict[str, Any] | None:
    """`found` if it is a JSON object, else None."""
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None


def sequence(found: object) -> list[Any] | None:
    """`found` if it is a JSON list, else None."""
    return cast("list[Any]", found) if isinstance(found, list) else None


def describe(found: object) -> str:
    """What a value is, for an error: `a list of 3`, `an object with answer, question`."""
    if isinstance(found, dict):
        keys = sorted(str(k) for k in cast("dict[object, object]", found))
        return "an object with " + (", ".join(keys[:6]) + (", ..." if len(keys) > 6 else "") or "no keys")
    if isinstance(found, list):
        return f"a list of {len(cast('list[object]', found))}"
    return f"{type(found).__name__} {str(found)[:40]!r}"


def fields(found: object, types: Mapping[str, type], where: str, remedy: str) -> dict[str, Any]:
    """The row, with every field in `types` present and of its type.

    Raises:
        ValueError: it is no object, or a field is missing or of another type; `where` names file and row.
    """
    row = mapping(found)
    if row is None:
        raise ValueError(f"{where}: expected an object, found {describe(found)}; {remedy}")
    if missing := sorted(types.keys() - row.keys()):
        raise ValueError(f"{where} lacks {', '.join(missing)} (found {describe(row)}); {remedy}")
    for key, kind in types.items():
        if not isinstance(row[key], kind):
            raise ValueError(
                f"{where}: {key} should be {kind.__name__}, found {describe(row[key])}; {remedy}"
            )
    return row


def some(found: Iterable[Path], where: Path, expected: str, remedy: str) -> list[Path]:
    """The paths, sorted.

    Raises:
        FileNotFoundError: there are none.
    """
    paths = sorted(found)
    if not paths:
        held = sorted(p.name for p in where.iterdir())[:5] if where.is_dir() else []
        raise FileNotFoundError(
            f"{where}: expected {expected}, found {', '.join(held) or 'nothing'}; {remedy}"
        )
    return paths
