"""Variants of the shipped tiny policy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

# Prompts end with a newline (tomprm.trace.prompt): here it is what the generation prompt adds, so that a
# user's message renders to the very prompt on which the policy was trained.
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['content'].rstrip('\\n') }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '\\n' }}{% endif %}"
)


def with_chat_template(source: Path, folder: Path, template: str = CHAT_TEMPLATE) -> Path:
    """A copy of the model in `source` whose tokenizer has `template`."""
    shutil.copytree(source, folder)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"chat_template": template}, indent=2))
    return folder
