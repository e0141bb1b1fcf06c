from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.config.probe_base import unescape
from tests.agent.probes.checks import failure, look
from tests.servers.ports import free_port
from tests.servers.scripted import Scripted, greeting


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(100):
        writer.write(piece)


@pytest.mark.parametrize(
    ("script", "more", "kind", "regex"),
    [
        (greeting(b"hi"), {}, None, 0),
        (greeting(b"220 ready\r\n"), {"expect": "^220 "}, None, 0),
        (greeting(b"554 no\r\n"), {"expect": "^220 "}, "timeout", 1),
        (echo, {"send": r"PING\x00\r\n", "expect": r"^PING\x00\r\n$"}, None, 0),
        (greeting(b"x" * 100_000), {"expect": "y"}, "content", 1),
    ],
)
async def test_a_connection_may_have_to_say_something(
    tmp_path: Path, script: Any, more: dict[str, str], kind: str | None, regex: int
) -> None:
    async with Scripted(script) as server:
        values = await look(tmp_path, {"type": "tcp", "target": f"127.0.0.1:{server.port}"} | more, 0.5)
    assert failure(values) == kind
    assert values["probe_failed_due_to_regex"] == regex
    assert values["probe_tcp_duration_seconds connect"] > 0


async def test_a_closed_port_is_refused(tmp_path: Path) -> None:
    assert failure(await look(tmp_path, {"type": "tcp", "target": f"127.0.0.1:{free_port()}"})) == "refused"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("", b""), ("QUIT\\r\\n", b"QUIT\r\n"), ("\\x00\\xff", b"\x00\xff"), ("\\\\n", b"\\n"),
        ("你\\t\\0", "你\t\0".encode()),
    ],
)  # fmt: skip
def test_what_is_sent_is_written_with_escapes(text: str, sent: bytes) -> None:
    assert unescape(text) == sent
