"""The sections of `agent.yaml` about what becomes of samples: `collector`, `spool`, `push`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.config.address import parse_url
from agent.config.limits import at_least
from core.config import Duration, Finding, Secret, Section, Size


class CollectorConfig(Section, kw_only=True, frozen=True):
    """Where samples and reports go.

    Attributes:
        url: the collector, or the root under which its paths are.
        token: this agent's credential as `${ENVIRONMENT}`; `token_file` is the usual way, read again when it changes.
        ca_file: PEM certificates to trust instead of the system's.
        timeout: for one request, from connecting to the last byte of the answer.
    """

    url: str
    token: Secret | None = None
    token_file: Path | None = None
    ca_file: Path | None = None
    timeout: Duration = Duration(30)

    def check(self) -> Iterator[Finding]:
        try:
            parse_url(self.url)
        except ValueError as error:
            yield Finding(("url",), str(error))
        if self.token is not None and self.token_file is not None:
            yield Finding(("token",), "token_file is given too; keep one of them")
        yield from at_least(self.timeout, Duration(1), "timeout")


class SpoolConfig(Section, kw_only=True, frozen=True):
    """How much is kept on disk while the collector is away; the oldest goes first."""

    max_age: Duration = Duration(86_400)
    max_size: Size = Size(256 * 2**20)

    def check(self) -> Iterator[Finding]:
        yield from at_least(self.max_age, Duration(60), "max_age")
        if self.max_size < 2**20:
            yield Finding(("max_size",), "must be at least 1MiB")


class PushConfig(Section, kw_only=True, frozen=True):
    """How samples are sent: at most `max_samples` in one request."""

    max_samples: int = 2000

    def check(self) -> Iterator[Finding]:
        if not 1 <= self.max_samples <= 100_000:
            yield Finding(("max_samples",), "must be from 1 to 100000")
