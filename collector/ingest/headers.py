"""What an agent says about a push in its headers; foreign senders say nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import InvalidInput

_NAME = re.compile(r"[A-Za-z0-9._:@-]{1,253}")
_BOOT = re.compile(r"[0-9a-fA-F-]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,18}")

AGENT, BOOT, SEQUENCE, SENT_AT = "Forewatch-Agent", "Forewatch-Boot", "Forewatch-Sequence", "Forewatch-Sent-At"


@dataclass(frozen=True, slots=True)
class PushHeaders:
    """An agent's account of its push.

    Attributes:
        agent: its name; empty for a foreign sender.
        boot: which run of the agent's spool.
        sequence: increasing within the boot; None when the agent does not say.
        sent_at_ms: the agent's clock when it sent; None when it does not say.
    """

    agent: str = ""
    boot: str = ""
    sequence: int | None = None
    sent_at_ms: int | None = None


def read_headers(headers: Mapping[str, str]) -> PushHeaders:
    """The push headers of a request.

    Raises:
        InvalidInput: one of them is malformed.
    """
    agent = _text(headers, AGENT, _NAME)
    if not agent:
        return PushHeaders()
    boot = _text(headers, BOOT, _BOOT)
    sequence, sent_at = _text(headers, SEQUENCE, _NUMBER), _text(headers, SENT_AT, _NUMBER)
    return PushHeaders(agent, boot, int(sequence) if sequence and boot else None, int(sent_at) if sent_at else None)


def _text(headers: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = headers.get(name, "")
    if value and pattern.fullmatch(value) is None:
        raise InvalidInput("malformed_header", f"the header {name} must match {pattern.pattern}")
    return value
