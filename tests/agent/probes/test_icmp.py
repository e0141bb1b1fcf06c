from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.probes.icmp import internet_checksum, open_socket, quantile, reply_to, request
from tests.agent.probes.checks import failure, look
from tests.servers.require import missing


@pytest.fixture
def may_ping() -> None:
    try:
        open_socket((socket.AF_INET, "127.0.0.1")).close()
    except Exception as error:  # noqa: BLE001 - whatever the machine says
        missing(f"this machine lets nobody ping: {error}")


@pytest.mark.usefixtures("may_ping")
@pytest.mark.parametrize("target", ["127.0.0.1", "localhost"])
async def test_loopback_answers_every_echo_request(tmp_path: Path, target: str) -> None:
    values = await look(tmp_path, {"type": "icmp", "target": target, "packets": 4, "spacing": "10ms"})
    assert failure(values) is None
    assert values["probe_icmp_packets_sent"] == values["probe_icmp_packets_received"] == 4
    assert values["probe_icmp_loss_ratio"] == 0
    times = [values[f"probe_icmp_rtt_seconds {share}"] for share in ("0", "0.5", "0.9", "0.99", "1")]
    assert times == sorted(times)
    assert 0 < times[0] <= times[-1] < 1
    assert values["probe_icmp_duration_seconds rtt"] == times[1]
    assert values["probe_icmp_reply_hop_limit"] == 64
    assert values["probe_icmp_duration_seconds setup"] > 0


@pytest.mark.usefixtures("may_ping")
async def test_many_checks_at_once_do_not_take_each_other_s_replies(tmp_path: Path) -> None:
    probe = {"type": "icmp", "target": "127.0.0.1", "packets": 2, "spacing": "10ms"}
    folders = [tmp_path / str(number) for number in range(20)]
    for folder in folders:
        folder.mkdir()
    for values in await asyncio.gather(*(look(folder, probe) for folder in folders)):
        assert values["probe_icmp_packets_received"] == 2


@pytest.mark.usefixtures("may_ping")
async def test_requests_that_nobody_answers_are_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown_type(*of: Any) -> bytes:
        return b"\x2a" + request(*of)[1:]

    monkeypatch.setattr("agent.probes.icmp.request", unknown_type)
    values = await look(tmp_path, {"type": "icmp", "target": "127.0.0.1", "packets": 2, "spacing": "10ms"}, 0.3)
    assert failure(values) in ("loss", "network")  # a ping socket does not even send it
    assert values["probe_icmp_loss_ratio"] == 1
    assert "probe_icmp_rtt_seconds 0.5" not in values


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_reply_is_known_by_the_token_in_it(family: socket.AddressFamily) -> None:
    token = os.urandom(8)
    reply = bytes([0 if family is socket.AF_INET else 129]) + request(family, 7, 300, token + bytes(48))[1:]
    assert reply_to(family, reply, token, raw=False) == 300
    assert reply_to(family, reply, b"another!", raw=False) is None
    assert reply_to(family, request(family, 7, 300, token), token, raw=False) is None  # our own, as loopback shows it
    assert reply_to(family, reply[:5], token, raw=False) is None


def test_a_raw_socket_gives_the_ip_header_too() -> None:
    reply = b"\0" + request(socket.AF_INET, 7, 2, b"abcdefgh")[1:]
    assert reply_to(socket.AF_INET, b"\x46" + bytes(23) + reply, b"abcdefgh", raw=True) == 2
    assert reply_to(socket.AF_INET, b"", b"abcdefgh", raw=True) is None


@given(st.binary(max_size=200))
def test_any_packet_is_a_reply_or_none(packet: bytes) -> None:
    assert reply_to(socket.AF_INET, packet, b"abcdefgh", raw=True) is None


@given(st.binary(min_size=8, max_size=100))
def test_a_packet_with_its_checksum_sums_to_nothing(content: bytes) -> None:
    packet = request(socket.AF_INET, 1, 2, content)
    assert internet_checksum(packet) == 0


@pytest.mark.parametrize(("share", "value"), [(0, 1), (0.5, 2), (0.9, 4), (0.99, 4), (1, 4)])
def test_quantiles_are_of_the_nearest_rank(share: float, value: float) -> None:
    assert quantile([1, 2, 3, 4], share) == value
