"""The page of `tomprm view`: one file with its style, script and data in it, and no way to the network.

The data travel as JSON in a block that is no script, and the script writes them as text only. The page's
own policy allows that one style and that one script by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from tomprm.report.templates import templates

MAX_ROWS = 300


def view_page(name: str, rows: Sequence[dict[str, Any]]) -> str:
    """The page on rows of `tomprm.report.view.view_rows`; `name` is the file they came from."""
    environment = templates()
    style, script = _asset("view.css"), _asset("view.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return environment.get_template("view.html.jinja").render(
        title=f"tomprm view: {name}",
        policy=Markup(policy),  # its quotes stand as they are: hashes of our own files
        style=Markup(style),
        script=Markup(script),
        data={"name": name, "rows": list(rows)},
    )


def _asset(name: str) -> str:
    return files("tomprm.report").joinpath(name).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
