"""Numbers in texts, by expressions whose language and whole-text match are those of snmp_exporter's regex_extracts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from agent.patterns import compile_pattern
from agent.snmp.profiles.plan import Convert
from agent.snmp.profiles.spelling import spell
from agent.snmp.profiles.template import fill_groups
from agent.snmp.values import Value

if TYPE_CHECKING:
    import re2

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?|[-+]?(inf|infinity|nan)", re.IGNORECASE)


def extractor(form: str, extracts: Iterable[tuple[str, str]]) -> Convert:
    """What makes a number of a value's text: the first expression that matches and whose template is a number."""
    compiled = [(compile_pattern(match), template) for match, template in extracts]
    return partial(_extract, form, compiled)


def _extract(form: str, extracts: list[tuple[re2._Regexp, str]], value: Value) -> float | None:
    octets = spell(form, value).encode("utf-8", "replace")
    for pattern, template in extracts:
        match = pattern.fullmatch(octets)
        if match is None:
            continue
        text = fill_groups(
            template, [(group or b"").decode("utf-8", "replace") for group in (match[0], *match.groups())]
        )
        if _NUMBER.fullmatch(text):
            return float(text)
    return None
