"""Templates of a match's groups: `$1`, as Datadog's profiles write them."""

from __future__ import annotations

import re

_GROUP = re.compile(r"\$(\d+)|\$\{(\d+)\}")


def fill(template: str, match: re.Match[str]) -> str:
    """The template with each `$n` replaced by the group, empty where the expression has no such group."""

    def group(found: re.Match[str]) -> str:
        number = int(found[1] or found[2])
        return (match[number] or "") if number <= (match.re.groups) else ""

    return _GROUP.sub(group, template)
