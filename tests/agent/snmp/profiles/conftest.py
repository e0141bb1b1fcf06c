"""Recordings of real devices that answer, each read from its package once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from typing import NamedTuple

import pytest

from agent.snmp.profiles.library import shipped
from agent.snmp.profiles.reading import Chooser
from tests.servers import recording
from tests.servers.packed import Packed, pack
from tests.servers.recording import Recording

_VERSION = "5"  # of what is left out of a recording, and how it is packed


class Answering(NamedTuple):
    """A recording that is served."""

    name: str
    device: Recording


@pytest.fixture(scope="module", params=recording.names())
def answering(request: pytest.FixtureRequest) -> Iterator[Answering]:
    """Each recording in turn; sorted and without most of its long tables it stays in pytest's cache.

    Decompression takes long: the first run is a minute longer.
    """
    folder = request.config.cache.mkdir(f"recordings-{_VERSION}")
    file = folder / request.param.replace("/", "__")
    if not file.exists():
        partial = file.with_suffix(f".partial{os.getpid()}")
        partial.write_bytes(pack(recording.parse(recording.lines(request.param))))
        partial.rename(file)
    with (
        file.open("rb") as packed,
        mmap(packed.fileno(), 0, access=ACCESS_READ) as objects,
        Recording(Packed(objects)) as device,
    ):
        yield Answering(request.param, device)


@pytest.fixture
def chooser() -> Chooser:
    """The shipped profiles."""
    return Chooser(shipped())
