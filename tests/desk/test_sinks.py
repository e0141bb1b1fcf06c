"""The sinks as a process of their own, as the end-to-end tests use them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.clock import SystemClock
from desk.channels import build_channels
from desk.channels.config import EmailConfig, WebhookConfig
from tests.desk.cast import delivery
from tests.servers.ports import accepts, free_port, wait_until


@pytest.mark.parametrize("stop", ["terminate", "kill"])
async def test_each_arrival_is_a_line_at_once(tmp_path: Path, stop: str) -> None:
    http, smtp, out = free_port(), free_port(), tmp_path / "arrivals.jsonl"
    arguments = ["--http", str(http), "--smtp", str(smtp), "--out", str(out)]
    process = subprocess.Popen([sys.executable, "-m", "tests.servers.sinks", *arguments])
    try:
        wait_until(lambda: accepts(http) and accepts(smtp), "sinks", process=process)
        configs = [
            WebhookConfig(name="ops", type="webhook", url=f"http://127.0.0.1:{http}/hook"),
            EmailConfig(name="mail", type="email", smtp=f"127.0.0.1:{smtp}", from_="f@e.org", to=["o@e.org"]),
        ]
        for channel in build_channels(configs, SystemClock()).values():
            await channel.send(delivery())
            await channel.close()
    finally:
        getattr(process, stop)()
        process.wait(timeout=10)
    hook, mail = [json.loads(line) for line in out.read_text().splitlines()]
    assert (hook["kind"], hook["path"], hook["body"]["incident"]["number"]) == ("webhook", "/hook", "INC-000012")
    assert (mail["kind"], mail["subject"]) == ("mail", "[P1] INC-000012 core-1: does not answer")
