"""The items of `host.journal` in `agent.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from agent.config.probe_base import expression
from core.config import Finding, Section

Priority = Literal["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"]

_UNIT = re.compile(r"[^\s/]+\.(service|socket|timer|mount|automount|swap|path|slice|scope|target|device)")


class JournalConfig(Section, kw_only=True, frozen=True):
    """Entries of systemd's journal and what is counted in their messages: RE2 expressions by name.

    Attributes:
        name: the label `journal` of what is counted.
        units: whose entries, with shell globs; none: of every unit.
        identifiers: the same of `SYSLOG_IDENTIFIER`.
        priority: the least urgent that counts; None: all, those without a priority included.
        events: whether an entry that a pattern fits is told to the collector, one a round and pattern.
    """

    name: str
    units: list[str] = []
    identifiers: list[str] = []
    priority: Priority | None = None
    patterns: dict[str, str]
    events: bool = False

    def check(self) -> Iterator[Finding]:
        if not self.name.strip() or not self.name.isprintable() or len(self.name) > 200:
            yield Finding(("name",), "must be printable text of 1 to 200 characters")
        for index, unit in enumerate(self.units):
            if not _UNIT.fullmatch(unit):
                yield Finding(("units", index), f"{unit!r} must end with its kind, like {unit or 'ssh'}.service")
        for index, identifier in enumerate(self.identifiers):
            if not identifier or not identifier.isprintable():
                yield Finding(("identifiers", index), "must be printable text, as `journalctl -o short` shows it")
        if not self.patterns:
            yield Finding(("patterns",), "must have one pattern at least, as `name: expression`")
        for name, pattern in self.patterns.items():
            yield from expression(pattern, ("patterns", name))
