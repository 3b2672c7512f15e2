"""Any benchmark by its name: the items of a file, or one line on what was expected and what was found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tomprm.world.items import Item
from tomprm.world.sources import SOURCES

UNREADABLE_SHARE = 0.05  # more than that, and the file is not what it is said to be
_NAMED = 3


class SourceError(ValueError):
    """A file that is not the benchmark it was said to be; the message ends with the remedy."""


def load(name: str, path: Path) -> Iterator[Item]:
    """The items of the benchmark `name` at `path`, one by one.

    Raises:
        SourceError: no such benchmark or file, or another layout.
    """
    if name not in SOURCES:
        raise SourceError(f"{name}: no such data set; choose from {', '.join(SOURCES)}")
    source = SOURCES[name]
    if not path.exists():
        raise SourceError(f"{path}: no such file; give {source.expects}")
    items = 0
    try:
        for item in source.load(path):
            items += 1
            yield item
    except FileNotFoundError as error:  # a folder without the file: the loader names it
        raise SourceError(f"{error}; found {_found(path)}") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        said = str(error)
        if isinstance(error, ValueError) and said.startswith(str(path)):
            raise  # the loader has said where and what
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__} "
        why = " ".join(f"{kind}{said}".split())
        raise SourceError(
            f"{path}: not {name}'s layout ({why}); expected {source.expects}, found {_found(path)}"
        ) from error
    if not items:
        raise SourceError(f"{path}: holds no rows of {name}; expected {source.expects}, found {_found(path)}")


def _found(path: Path) -> str:
    if path.is_dir():
        names = sorted(p.name for p in path.iterdir())
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return f"a folder with {', '.join(names[:5]) or 'nothing'}{more}"
    return f"a file of {path.stat().st_size:,} bytes"


@dataclass
class Unreadable:
    """Counts the rows whose story cannot be read; constant memory, however many there are."""

    rows: int = 0
    bad: int = 0
    first: list[str] = field(default_factory=list[str])

    def count(self, unreadable: str | None) -> None:
        """One row; `unreadable` is what to say of it, None where it was read."""
        self.rows += 1
        if unreadable is not None:
            self.bad += 1
            if len(self.first) < _NAMED:
                self.first.append(unreadable)

    def check(self, where: str) -> None:
        """Raises:
        SourceError: more than 5 % were unreadable; names the first three.
        """
        if self.bad > UNREADABLE_SHARE * self.rows:
            raise SourceError(
                f"{where}: {self.bad} of {self.rows} stories cannot be read (more than 5 %): "
                f"{'; '.join(self.first)}"
            )
