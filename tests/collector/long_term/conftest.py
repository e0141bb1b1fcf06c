"""A store that answers as it is told, a real one, and a forwarder over a folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from collector.long_term.forwarder import Forwarder
from core.clock import ManualClock
from tests.agent.collector import FakeCollector
from tests.servers.victoria_metrics import VictoriaMetrics


@pytest.fixture
async def receiver() -> AsyncIterator[FakeCollector]:
    fake = FakeCollector()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def victoria(tmp_path: Path) -> Iterator[VictoriaMetrics]:
    server = VictoriaMetrics(tmp_path / "victoria")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def forwarder(tmp_path: Path, clock: ManualClock) -> Iterator[Forwarder]:
    made = Forwarder(tmp_path / "spool", clock, max_bytes=1 << 24, max_age_seconds=3600)
    yield made
    made.close()
