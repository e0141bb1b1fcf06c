"""The lineage of migrations as its scripts tell it, without loading any of them."""

from __future__ import annotations

import re
from pathlib import Path

SCRIPTS = Path(__file__).parent / "migrations"

# As `script.py.mako` writes them, and ruff's formatter afterwards.
_REVISION = re.compile(r"""^revision = ["'](\w+)["']""", re.MULTILINE)
_BEFORE = re.compile(r"""^down_revision = ["'](\w+)["']""", re.MULTILINE)


def heads(scripts: Path = SCRIPTS) -> list[str]:
    """The newest revisions; one lineage has exactly one. `scripts` is the folder that holds `versions`."""
    texts = [file.read_text(encoding="utf-8") for file in sorted((scripts / "versions").glob("*.py"))]
    followed = {found[1] for found in map(_BEFORE.search, texts) if found}
    return [found[1] for found in map(_REVISION.search, texts) if found and found[1] not in followed]
