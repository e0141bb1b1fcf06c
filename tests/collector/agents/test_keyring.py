from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from collector.agents.keyring import ENVIRONMENT, Keyring
from collector.agents.models import Credential
from collector.agents.rotation import rotate
from core.database import Database
from core.errors import StorageError
from forewatch.cli import main


def test_a_secret_comes_back_and_cannot_be_read_from_what_is_stored(tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "keys", {})
    sealed = ring.seal("lab", b"s3cret community")
    assert ring.unseal("lab", sealed) == b"s3cret community"
    assert "s3cret" not in sealed
    assert ring.seal("lab", b"s3cret community") != sealed
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("other", lambda sealed: sealed, "the secret of another name"),
        ("lab", lambda sealed: sealed[:-2] + ("AA" if sealed[-2:] != "AA" else "BB"), "a changed octet"),
        ("lab", lambda sealed: sealed.rpartition(".")[0], "a part is missing"),
        ("lab", lambda _sealed: "", "nothing"),
        ("lab", lambda sealed: sealed.replace(".", ".!", 1), "no base64"),
        ("lab", lambda sealed: "0" * 12 + sealed[12:], "a key that is not here"),
    ],
)
def test_what_was_tampered_with_is_refused(tmp_path: Path, name: str, change: object, why: str) -> None:
    ring = Keyring(tmp_path / "keys", {})
    sealed = ring.seal("lab", b"s3cret")
    with pytest.raises(StorageError) as caught:
        ring.unseal(name, change(sealed))  # type: ignore[operator]
    assert "s3cret" not in str(caught.value), why


def test_after_a_rotation_the_new_key_seals_and_the_former_one_still_opens(tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "keys", {})
    old = ring.seal("lab", b"s3cret")
    ring.rotate()
    new = ring.seal("lab", b"s3cret")
    assert (ring.is_current(old), ring.is_current(new)) == (False, True)
    assert ring.unseal("lab", old) == ring.unseal("lab", new) == b"s3cret"
    ring.rotate()
    assert ring.unseal("lab", new) == b"s3cret"
    with pytest.raises(StorageError, match="put it back"):
        ring.unseal("lab", old)


def test_keys_of_the_environment_come_before_the_file(tmp_path: Path) -> None:
    first, second = "A" * 43, "B" * 42 + "A"
    sealed = Keyring(tmp_path / "keys", {ENVIRONMENT: first}).seal("lab", b"s3cret")
    both = Keyring(tmp_path / "keys", {ENVIRONMENT: f"{second}, {first}"})
    assert both.unseal("lab", sealed) == b"s3cret"
    assert not both.is_current(sealed)
    assert not (tmp_path / "keys").exists()
    with pytest.raises(StorageError, match=ENVIRONMENT):
        both.rotate()


@pytest.mark.parametrize("text", ["short", "é" * 43, "!" * 43])
def test_a_key_that_is_none_is_told_without_being_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(StorageError, match="holds what is no key") as caught:
        Keyring(tmp_path / "keys", {ENVIRONMENT: text}).seal("lab", b"x")
    assert text not in str(caught.value)


async def test_rotating_encrypts_every_credential_anew(database: Database, tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "keys", {})
    now = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    async with database.write() as session:
        for name in ("a", "b"):
            sealed = ring.seal(name, name.encode() * 9)
            session.add(Credential(name=name, kind="snmp", sealed=sealed, version=1, created_at=now, updated_at=now))
    for _ in range(3):
        assert await rotate(database, ring) == 2
    async with database.read() as session:
        rows = list(await session.scalars(select(Credential)))
    assert {row.name: ring.unseal(row.name, row.sealed) for row in rows} == {"a": b"a" * 9, "b": b"b" * 9}
    assert len((tmp_path / "keys").read_text().splitlines()) == 2


async def test_a_rotation_that_broke_off_is_finished_by_the_next(database: Database, tmp_path: Path) -> None:
    ring = Keyring(tmp_path / "keys", {})
    now = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    async with database.write() as session:
        sealed = ring.seal("a", b"s3cret")
        session.add(Credential(name="a", kind="snmp", sealed=sealed, version=1, created_at=now, updated_at=now))
    ring.rotate()  # and nothing was encrypted anew
    assert await rotate(database, ring) == 1
    async with database.read() as session:
        [row] = await session.scalars(select(Credential))
    assert ring.unseal("a", row.sealed) == b"s3cret"


def test_the_command_rotates_and_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "collector.yaml"
    file.write_text("data_dir: data\n")
    (tmp_path / "data").mkdir()
    assert main(["collector", "rotate-keys", "--config", str(file)]) == 0
    assert capsys.readouterr().out == "0 credentials are encrypted with the new key\n"
    assert stat.S_IMODE((tmp_path / "data/credentials.key").stat().st_mode) == 0o600
