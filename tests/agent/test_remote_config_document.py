from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.config import AgentConfig
from agent.remote_config_document import Document, DocumentError, accept, decode
from core.config import loads

LEAST = "name: poller\ncollector: {url: 'http://127.0.0.1:1'}\ndata_dir: data\n"
LAB = {"version": "2c", "community": "s3cret"}
CORE = {"name": "core-1", "address": "10.0.0.1", "credential": "lab"}


def config(more: str = "") -> AgentConfig:
    return loads(LEAST + more, AgentConfig, file="agent.yaml", folder=Path("/nowhere"))


def document(snmp: list[Any] | None = None, probes: list[Any] | None = None, **more: Any) -> Document:
    raw = {"version": "1", "credentials": {"lab": LAB}, "snmp": snmp or [], "probes": probes or []}
    return decode(msgspec.json.encode(raw | more))


def test_what_is_right_is_taken_as_the_file_would_have_it() -> None:
    probe = {
        "name": "portal",
        "type": "http",
        "url": "https://portal.example.org/",
        "password": "${HOME}",
        "username": "u",
    }
    accepted = accept(document([CORE | {"interval": "60s", "retries": 1}], [probe], moved=["old"]), config())
    device, service = accepted.entries["core-1"], accepted.entries["portal"]
    assert (float(device.section.interval or 0), device.credential and str(device.credential.community)) == (
        60,
        "s3cret",
    )
    assert str(service.section.password) == "${HOME}", "the environment of the host is not looked at"  # type: ignore[union-attr]
    assert (accepted.refused, accepted.moved) == ({}, {"old"})


@pytest.mark.parametrize(
    ("raw", "reason", "why"),
    [
        ({"type": "exec", "command": ["/bin/sh", "-c", "id"]}, "allow_remote", "a program"),
        ({"type": "http", "url": "http://x.example/", "ca_file": "/etc/shadow"}, "path of this machine", "a path"),
        ({"type": "redis", "target": "10.0.0.1", "password_file": "/etc/shadow"}, "file of this", "a file"),
        ({"type": "http", "url": "http://x.example/", "unknown": 1}, "unknown key", "an unknown key"),
        ({"type": "http", "url": "ftp://x.example/"}, "no http", "no address of the web"),
        ({"type": "http", "url": "http://169.254.169.254/latest/"}, "no address of a device", "a cloud's own"),
        ({"type": "http", "url": "http://[fe80::1]/"}, "no address of a device", "link-local in IPv6"),
        ({"type": "scrape", "url": "http://127.0.0.1:9090/metrics"}, "this host itself", "loopback"),
        ({"type": "tcp", "target": "127.0.0.1:6379", "send": "FLUSHALL"}, "this host itself", "loopback by TCP"),
        ({"type": "tcp", "target": "localhost:6379"}, "this host itself", "loopback by name"),
        ({"type": "tcp", "target": "x.LOCALHOST.:6379"}, "this host itself", "loopback by another name"),
        ({"type": "tcp", "target": "[::1]:6379"}, "this host itself", "loopback in IPv6"),
        ({"type": "tcp", "target": "[::ffff:127.0.0.1]:6379"}, "this host itself", "IPv4 within IPv6"),
        ({"type": "icmp", "target": "224.0.0.1"}, "no address of a device", "multicast"),
        ({"type": "icmp", "target": "255.255.255.255"}, "no address of a device", "broadcast"),
        ({"type": "icmp", "target": "0.0.0.0"}, "no address of a device", "unspecified"),
        ({"type": "icmp", "target": "10.0.0.1", "timeout": "60s"}, "more than the interval", "a long timeout"),
        ({"type": "icmp", "target": "10.0.0.1", "interval": "1ms"}, "at least", "a flood"),
        ({"type": "icmp", "target": "10.0.0.1", "interval": "9" * 400 + "d"}, "", "a number beyond all numbers"),
        ({"type": "http", "url": "http://x.example/", "max_body": "9" * 400 + "MiB"}, "", "a size beyond all sizes"),
        ({"type": "nonsense"}, "must be one of", "an unknown type"),
        ({}, "is required", "no type"),
        ({"name": 7, "type": "icmp", "target": "10.0.0.1", "packets": "x"}, "whole number", "a wrong value"),
        ({"name": "poller", "type": "icmp", "target": "10.0.0.1"}, "something else", "the agent's own name"),
        ({"name": "core-1", "type": "icmp", "target": "10.0.0.1"}, "something else", "one name for two things"),
    ],
)  # fmt: skip
def test_what_is_wrong_or_not_allowed_is_refused_alone(raw: dict[str, Any], reason: str, why: str) -> None:
    accepted = accept(document([CORE], [{"name": "bad", **raw}]), config())
    assert list(accepted.entries) == ["core-1"], why
    [told] = accepted.refused.values()
    assert reason in told, why


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"credential": "unknown"}, "no credential"),
        ({"address": "999.1.1.1"}, "is no address"),
        ({"address": None}, "address"),
        ({"address": "169.254.1.1"}, "no address of a device"),
    ],
)
def test_a_wrong_device_is_refused(change: dict[str, Any], reason: str) -> None:
    accepted = accept(document([CORE | change]), config())
    assert accepted.entries == {}
    assert reason in accepted.refused["core-1"]


def test_a_wrong_credential_is_told_without_being_shown() -> None:
    wrong = {"version": "3", "username": "u", "auth": "sha", "auth_password": "hunter2"}
    accepted = accept(document([CORE], credentials={"lab": wrong}), config())
    assert "at least 8 octets" in accepted.refused["core-1"]
    assert "hunter2" not in accepted.refused["core-1"]


def test_the_local_file_wins_for_what_it_names() -> None:
    local = config("""\
snmp: {credentials: {mine: {community: x}}, targets: [{name: core-1, address: 10.9.9.9, credential: mine}]}
probes: [{name: portal, type: icmp, target: 10.0.0.2}]
""")
    probe = {"name": "portal", "type": "icmp", "target": "10.0.0.3"}
    accepted = accept(document([CORE, CORE | {"name": "core-2"}], [probe]), local)
    assert list(accepted.entries) == ["core-2"]
    assert accepted.overridden == ["core-1", "portal"]


def test_a_credential_of_the_local_file_opens_nothing_that_the_collector_names() -> None:
    local = config("snmp: {credentials: {mine: {community: x}}}\n")
    accepted = accept(document([CORE | {"credential": "mine"}]), local)
    assert "no credential" in accepted.refused["core-1"]


@pytest.mark.parametrize(
    ("more", "address", "taken"),
    [
        ("remote_networks: [10.0.0.0/8]", "10.1.2.3", True),
        ("remote_networks: [10.0.0.0/8]", "192.0.2.1", False),
        ("remote_networks: [10.0.0.0/8]", "switch.example.org", False),
        ("remote_networks: [127.0.0.0/8]", "127.0.0.1", True),
        ("remote_networks: []", "10.1.2.3", False),
        ("", "switch.example.org", True),
    ],
)
def test_networks_say_where_targets_may_be(more: str, address: str, taken: bool) -> None:
    probe = {"name": "x", "type": "icmp", "target": address}
    assert bool(accept(document([], [probe]), config(more + "\n")).entries) is taken


def test_the_list_of_kinds_is_the_whole_list() -> None:
    run = {"name": "x", "type": "exec", "command": ["/bin/true"]}
    accepted = accept(document([CORE], [run]), config("allow_remote: [exec]\n"))
    assert list(accepted.entries) == ["x"]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"nonsense", b'{"snmp": [1]}', b"[" * 100_000, b'{"probes": {}}', b"\xff"]
)
def test_what_is_no_document_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(DocumentError):
        decode(body)


def test_too_many_targets_are_refused_as_a_whole() -> None:
    many = document([CORE | {"name": f"sw-{number}"} for number in range(4)])
    with pytest.raises(DocumentError, match="max_remote_targets is 3"):
        accept(many, config("max_remote_targets: 3\n"))
    assert len(accept(many, config("max_remote_targets: 4\n")).entries) == 4


def test_a_target_that_is_nested_too_deeply_is_refused_alone() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    bad = {"name": "deep", "type": "http", "url": "http://x.example/", "headers": deep}
    accepted = accept(Document(credentials={"lab": LAB}, snmp=[CORE], probes=[bad]), config())
    assert (list(accepted.entries), list(accepted.refused)) == (["core-1"], ["deep"])
