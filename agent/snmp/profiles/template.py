"""Templates of a match's groups: `$1`, as Datadog's profiles write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

_GROUP = re.compile(r"\$(\d+)|\$\{(\d+)\}")


def fill(template: str, match: re.Match[str]) -> str:
    """The template with each `$n` replaced by the group, empty where the expression has no such group."""
    return fill_groups(template, [match[0], *(group or "" for group in match.groups())])


def fill_groups(template: str, groups: Sequence[str]) -> str:
    """As `fill`, of the groups from the whole match on."""

    def group(found: re.Match[str]) -> str:
        number = int(found[1] or found[2])
        return groups[number] if number < len(groups) else ""

    return _GROUP.sub(group, template)
