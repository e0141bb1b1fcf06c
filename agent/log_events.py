"""Lines of logs that a pattern fits, told to the collector as events: a sample a round, without its secrets.

A log is hostile input: anybody who can make a service log something writes into it. What is told is printable,
short, and rid of what looks like a password; the counters beside it say how many lines there were.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.config import AgentConfig
from agent.events import EventQueue
from agent.http import CollectorClient
from agent.snmp.text import clean
from core.clock import Clock, to_rfc3339
from core.facts import EventReport

KIND = "log"
MAX_BYTES = 4 * 2**20  # of events that wait for the collector
SAMPLE_LENGTH = 400  # characters
MAX_ATTRIBUTE = 500

_KEY = r"(?:passw(?:or)?d|passphrase|pwd|secret|token|credential|api[-_]?key|access[-_]?key|community)"
_NAMED = rf"{_KEY}[\w-]{{0,32}}"
_QUOTE = r"""\\{0,4}["']"""  # escaped in JSON that a log holds as a text, as those of containers do
_END = rf"{_QUOTE}\s{{0,4}}(?:[,;:)}}\]]|$)"
_VALUE = (
    r"""(?:[bru]{0,2}(?:"(?:\\.|[^"\\])*"?|'(?:\\.|[^'\\])*'?)"""
    rf"""|\\{{1,4}}["'](?:(?!{_END}).)*(?:{_QUOTE})?"""
    r"""|[^\s,;&"']+)"""
)

# What is hidden, and what is told instead.
_SECRETS = tuple(
    (re.compile(f"(?i){pattern}"), told)
    for pattern, told in (
        (r"(://[^\s:/@]{0,64}:)(?!\d{1,5}[/?#])(?:\S+@|\S{64,}$)", r"\1***@"),  # of a long one the end was cut off
        (r"\b(bearer|basic|digest)\s+[\w.~+/=-]{6,}", r"\1 ***"),
        (rf"(\bauthorization(?:{_QUOTE})?\s{{0,4}}[:=]\s{{0,4}}(?:[\w-]{{1,20}}\s{{1,4}})?){_VALUE}", r"\1***"),
        (r"(\bcookie\s{0,4}:\s{0,4}).+", r"\1***"),
        (rf"({_NAMED}(?:{_QUOTE})?\s{{0,4}}(?:[:=]{{1,2}}>?)\s{{0,4}}){_VALUE}", r"\1***"),
        (rf"(--{_NAMED}\s{{1,4}}){_VALUE}", r"\1***"),
        (rf"(\b(?:password|identified by)\s{{1,4}})(?={_QUOTE}){_VALUE}", r"\1***"),
        (rf"(<{_NAMED}>)[^<]+", r"\1***"),
    )
)


def sample_of(line: bytes) -> str:
    """A line as people may read it."""
    text = clean(line, 2 * SAMPLE_LENGTH)
    for secret, told in _SECRETS:
        text = secret.sub(told, text)
    return text[:SAMPLE_LENGTH]


class LogEvents:
    """Keeps such events until the collector has them.

    Args:
        boot: of the agent's process, as its other reports have it.

    Raises:
        StorageError: the events' folder cannot be used.
    """

    def __init__(self, config: AgentConfig, clock: Clock, boot: str) -> None:
        self._agent = config.agent_name
        self._clock = clock
        self._client = CollectorClient(config.collector)
        self.queue = EventQueue(
            config.data_dir / "log-events", MAX_BYTES, self._client, clock, agent=self._agent, boot=boot
        )

    def matched(self, where: Mapping[str, str], pattern: str, count: int, line: bytes) -> None:
        """So many lines fitted a pattern since the last look; `line` is the first."""
        at = to_rfc3339(self._clock.now_ms())
        attributes = {key: clean(text, MAX_ATTRIBUTE) for key, text in where.items()}
        attributes |= {"pattern": pattern, "lines": str(count)}
        self.queue.keep(
            EventReport(at=at, kind=KIND, target=self._agent, message=sample_of(line), attributes=attributes)
        )

    def close(self) -> None:
        """Put on disk what waits."""
        self.queue.close()
        self._client.close()
