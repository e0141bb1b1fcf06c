"""Recordings of real devices that answer, each read from its package once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from agent.snmp.profiles.library import shipped
from agent.snmp.profiles.reading import Chooser
from tests.servers import recording
from tests.servers.recording import Recording

_VERSION = "4"  # of what is left out of a recording


class Answering(NamedTuple):
    """A recording that is served."""

    name: str
    device: Recording


@pytest.fixture(scope="module", params=recording.names())
def answering(request: pytest.FixtureRequest) -> Iterator[Answering]:
    """Each recording in turn; without most of its long tables it stays in pytest's cache: decompression takes long."""
    folder = request.config.cache.mkdir(f"recordings-{_VERSION}")
    file = folder / request.param.replace("/", "__")
    if not file.exists():
        partial = file.with_suffix(".partial")
        with partial.open("wb") as out:
            out.writelines(recording.lines(request.param))
        partial.rename(file)
    with file.open("rb") as lines, Recording(recording.parse(lines)) as device:
        yield Answering(request.param, device)


@pytest.fixture
def chooser() -> Chooser:
    """The shipped profiles."""
    return Chooser(shipped())
