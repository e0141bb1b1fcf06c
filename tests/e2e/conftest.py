"""Real processes and servers for the end-to-end stories; each gets a folder of its own and is stopped at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes import Process, Site
from tests.servers.ports import accepts, free_port, wait_until
from tests.servers.postgres import Postgres
from tests.servers.snmpd import Snmpd

DEVICE_DOWN = """
groups:
  - name: story
    interval: 1s
    rules:
      - alert: DeviceDown
        expr: up{job="snmp"} == 0
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.instance }} does not answer"
          forewatch_category: availability
"""


class Sinks:
    """An HTTP and an SMTP receiver in a process of their own, so that nothing else in the test can hold them up."""

    def __init__(self, folder: Path) -> None:
        self._http, self._smtp, self._out = free_port(), free_port(), folder / "arrivals.jsonl"
        self._out.touch()
        ports = ("--http", str(self._http), "--smtp", str(self._smtp))
        self.process = Process(folder / "sinks.log", "tests.servers.sinks", *ports, "--out", str(self._out))

    def start(self) -> None:
        self.process.start()
        wait_until(lambda: accepts(self._http) and accepts(self._smtp), "sinks")

    def channels(self) -> list[dict[str, Any]]:
        """What goes into collector.yaml."""
        return [
            {"name": "ops", "type": "webhook", "url": f"http://127.0.0.1:{self._http}/hook"},
            {
                "name": "mail", "type": "email", "smtp": f"127.0.0.1:{self._smtp}",
                "from": "forewatch@example.org", "to": ["ops@example.org"],
            },
        ]  # fmt: skip

    def arrivals(self, kind: str) -> list[dict[str, Any]]:
        """Everything of a kind (`webhook`, `mail`) that has arrived, in order."""
        lines = self._out.read_text(encoding="utf-8").splitlines()
        return [arrival for arrival in map(json.loads, lines) if arrival["kind"] == kind]

    def webhooks(self) -> list[tuple[str, str]]:
        """Kind and idempotency key of every webhook."""
        return [(one["body"]["kind"], one["body"]["idempotency_key"]) for one in self.arrivals("webhook")]


@pytest.fixture
def sinks(tmp_path: Path) -> Iterator[Sinks]:
    opened = Sinks(tmp_path)
    opened.start()
    yield opened
    opened.process.stop()


@pytest.fixture
def snmpd(tmp_path: Path) -> Iterator[Snmpd]:
    device = Snmpd(tmp_path / "snmpd")
    device.start()
    yield device
    device.stop()


@pytest.fixture
def site_database(request: pytest.FixtureRequest) -> str:
    """What `database` says in collector.yaml; parametrise it indirectly with `postgresql` for an empty one of those."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return "sqlite"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.create())


@pytest.fixture
def site(tmp_path: Path, sinks: Sinks, site_database: str) -> Iterator[Site]:
    opened = Site(tmp_path / "site", rules=DEVICE_DOWN, channels=sinks.channels(), database=site_database)
    opened.start()
    yield opened
    opened.collector.kill()


@pytest.fixture(autouse=True)
def logs_of_a_failure(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """The ends of all processes' logs, printed for pytest to show when the test fails."""
    yield
    for log in sorted(tmp_path.rglob("*.log")):
        print(f"--- {log.relative_to(tmp_path)}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-40:]))  # noqa: T201 - pytest captures it
