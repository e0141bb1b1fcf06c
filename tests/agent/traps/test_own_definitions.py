from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.traps import catalogue, child
from agent.traps.definition import Catalogue
from agent.traps.own_definitions import OwnDefinitions
from core.config import load
from core.errors import ConfigError

DOOR = "traps: {door: {oid: 1.3.6.1.4.1.99999.0.1, severity: %s, text: a door}}"
OID = "1.3.6.1.4.1.99999.0.1"


class Receiver:
    """Takes what was read again."""

    def __init__(self) -> None:
        self.told: list[Catalogue | None] = []

    def reloaded(self, catalogue: Catalogue | None) -> None:
        self.told.append(catalogue)


def test_a_file_that_comes_changes_or_goes_is_seen(tmp_path: Path) -> None:
    own = OwnDefinitions(tmp_path)
    assert own.read().find(OID).name == "unknown"
    assert not own.have_changed()
    file = tmp_path / "own.yaml"
    for text in (DOOR % "major", DOOR % "critical"):
        file.write_text(text)
        assert own.have_changed()
        assert own.read().find(OID).name == "door"
        assert not own.have_changed()
    assert own.read().find(OID).severity == "critical"
    file.unlink()
    assert own.have_changed()
    assert own.read().find(OID).name == "unknown"


def test_what_is_wrong_is_not_read_again_until_it_changes(tmp_path: Path) -> None:
    own = OwnDefinitions(tmp_path)
    own.read()
    (tmp_path / "own.yaml").write_text("traps: [")
    assert own.have_changed()
    with pytest.raises(ConfigError):
        own.read()
    assert not own.have_changed()


@pytest.mark.parametrize("after", [None, b"\xff", b"traps: [", b"traps: {door: {clears: []}}"])
def test_a_wrong_file_that_changes_while_it_is_read_is_a_fault_without_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bytes | None
) -> None:
    file = tmp_path / "own.yaml"
    file.write_text((DOOR % "major").replace("text:", "clears: [nothing], text:"))

    def change(path: Path, shape: type[Any]) -> Any:
        read = load(path, shape)
        if path == file:
            file.unlink()
            if after is not None:
                file.write_bytes(after)
        return read

    monkeypatch.setattr(catalogue, "load", change)
    with pytest.raises(ConfigError, match=r"own\.yaml: traps\.door: clears 'nothing', which is no trap"):
        OwnDefinitions(tmp_path).read()


def test_without_a_folder_nothing_changes() -> None:
    own = OwnDefinitions(None)
    assert len(own.read().definitions) > 600
    assert not own.have_changed()


async def test_the_receiver_takes_new_definitions_and_keeps_the_former_when_they_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(child, "RENEW_SECONDS", 0.01)
    own, receiver = OwnDefinitions(tmp_path), Receiver()
    own.read()
    renewing: asyncio.Future[Any] = asyncio.ensure_future(child._renew(own, receiver))  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(20):
            (tmp_path / "own.yaml").write_text(DOOR % "terrible")
            while len(receiver.told) < 1:
                await asyncio.sleep(0.01)
            (tmp_path / "own.yaml").write_text(DOOR % "major")
            while len(receiver.told) < 2:
                await asyncio.sleep(0.01)
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
    wrong, right = receiver.told
    assert wrong is None
    assert right is not None
    assert right.find(OID).name == "door"
