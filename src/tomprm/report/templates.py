"""How all pages are made from their templates."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def templates() -> Environment:
    """The templates of this package: all that is put in is escaped, and nothing may be missing."""
    return Environment(
        loader=PackageLoader("tomprm.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
