"""Two `forewatch up` on one folder or address: the second one says who is in its way."""

from __future__ import annotations

import errno
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from collector.first_start import prepare
from core.errors import ConfigError
from core.files import hold_folder
from forewatch import claim
from forewatch.cli import main
from tests.servers.ports import free_port


def test_a_folder_is_one_s_own_and_free_again_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with claim.claimed(folder), pytest.raises(ConfigError) as refused, claim.claimed(folder):
        pass
    assert f"{folder}: another `forewatch up` (process {os.getpid()}) uses this folder; stop it" in str(refused.value)
    assert folder.stat().st_mode & 0o777 == 0o700
    with claim.claimed(folder):
        pass


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used as data folder: Not a directory"):
        claim.claimed(tmp_path / "file" / "data").__enter__()


def test_a_file_system_without_locks_is_told(monkeypatch, tmp_path: Path) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(claim.fcntl, "flock", refuse)
    with pytest.raises(ConfigError, match="No locks available; name a folder on a local disk by --data"):
        claim.claimed(tmp_path).__enter__()


def test_a_folder_is_held_though_its_disk_is_full(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with claim.claimed(tmp_path), pytest.raises(ConfigError, match=r"\(process unknown\) uses this folder"):
            claim.claimed(tmp_path).__enter__()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_the_next_start_waits_for_what_a_killed_one_left_behind(monkeypatch, tmp_path: Path) -> None:
    left = hold_folder(tmp_path)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            os.close(left)

    monkeypatch.setattr(claim.time, "sleep", sleep)
    with claim.claimed(tmp_path):
        assert len(waits) == 3


def test_what_does_not_end_is_named(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(claim, "_FREE_WITHIN_SECONDS", 0)
    left = hold_folder(tmp_path)
    stay = "import sys; sys.stdin.read()"
    stuck = subprocess.Popen([sys.executable, "-c", stay, f"{tmp_path}/agent.yaml"], stdin=subprocess.PIPE)
    try:
        with pytest.raises(ConfigError, match=rf"still in use by process {stuck.pid} of a `forewatch up`"):
            claim.claimed(tmp_path).__enter__()
    finally:
        stuck.communicate()
        os.close(left)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost", ""])
def test_a_taken_address_is_told_with_who_listens_there(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(ConfigError) as refused:
        claim.check_address(host, server.getsockname()[1])
    assert f"this address is in use by process {os.getpid()} (" in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "", "::1", "no-such-host.invalid", "192.0.2.1"])
def test_a_free_address_and_what_the_collector_has_to_say_itself_pass(host: str) -> None:
    claim.check_address(host, free_port())


def test_a_host_without_ipv6_has_free_addresses(monkeypatch) -> None:
    make = socket.socket

    def without(family: int, *more: int) -> socket.socket:
        if family == socket.AF_INET6:  # as with ipv6.disable=1 on the kernel's command line
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        return make(family, *more)

    port = free_port()
    monkeypatch.setattr(claim.socket, "socket", without)
    claim.check_address("", port)


def test_up_refuses_a_taken_address_before_it_starts_anything(tmp_path: Path, capsys) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        listen = f"127.0.0.1:{server.getsockname()[1]}"
        assert main(["up", "--data", str(tmp_path), "--listen", listen]) == 2
    assert f"{listen}: this address is in use by process {os.getpid()}" in capsys.readouterr().err
    # Another `--listen` is all that the next attempt needs.
    assert {file.name for file in tmp_path.iterdir()} == {"up.lock"}


def test_up_refuses_an_address_that_was_taken_since(tmp_path: Path, capsys) -> None:
    listen = f"127.0.0.1:{free_port()}"
    prepare(tmp_path, listen)
    with socket.create_server(("127.0.0.1", int(listen.rpartition(":")[2]))):
        assert main(["up", "--data", str(tmp_path)]) == 2
    assert "else `listen` in collector.yaml" in capsys.readouterr().err
