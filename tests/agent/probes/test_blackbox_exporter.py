"""The same services through blackbox_exporter and through our checks: names, labels and values must agree."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from prometheus_client.parser import text_string_to_metric_families

from tests.agent.probes.checks import look
from tests.agent.probes.test_dns import answering
from tests.servers.blackbox_exporter import BlackboxExporter
from tests.servers.scripted import Datagrams, Scripted, greeting

THEIRS_ONLY = {
    "probe_icmp_duration_seconds_setup": "the same name, but see MOVING",
    "probe_expect_info": "of captured groups, which ours has none of",
}
OURS_ONLY = {
    "forewatch_probe_failure_info": "blackbox_exporter writes it into its log",
    "probe_tcp_duration_seconds": "blackbox_exporter times no phases of TCP",
    "probe_tls_cipher_info": "of later versions than Debian 12's",
    "probe_dns_rcode": "blackbox_exporter only compares it",
    "probe_icmp_packets_sent": "blackbox_exporter sends one",
    "probe_icmp_packets_received": "the same",
    "probe_icmp_loss_ratio": "the same",
    "probe_icmp_rtt_seconds": "the same",
}
MOVING = ("probe_duration_seconds", "probe_dns_lookup_time_seconds", "_duration_seconds ")
CHAIN_LABELS = "probe_ssl_last_chain_info"  # later versions than Debian 12's have more labels than the fingerprint


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory, ca: trustme.CA) -> Iterator[BlackboxExporter]:
    folder = tmp_path_factory.mktemp("blackbox")
    ca.cert_pem.write_to_path(folder / "ca.pem")
    tls = {"ca_file": str(folder / "ca.pem")}
    ip4 = {"preferred_ip_protocol": "ip4"}
    body = {"fail_if_body_not_matches_regexp": ["goodbye"]}
    modules: dict[str, Any] = {
        "http": {"prober": "http", "http": {"tls_config": tls} | ip4},
        "http_body": {"prober": "http", "http": body | ip4},
        "tcp": {"prober": "tcp", "tcp": {"query_response": [{"expect": "^220 "}]} | ip4},
        "tls": {"prober": "tcp", "tcp": {"tls": True, "tls_config": tls} | ip4},
        "icmp": {"prober": "icmp", "icmp": ip4},
    }
    for kind in ("A", "SOA"):
        modules[f"dns_{kind}"] = {"prober": "dns", "dns": {"query_name": "www.example.org", "query_type": kind} | ip4}
    server = BlackboxExporter(folder, modules)
    server.start()
    yield server
    server.stop()


async def agree(
    exporter: BlackboxExporter, folder: Path, module: str, target: str, probe: dict[str, Any]
) -> dict[str, float]:
    """Our values, after comparing them with theirs."""
    text = await asyncio.to_thread(exporter.probe, module, target)
    theirs: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            theirs[" ".join((sample.name, *(sample.labels[name] for name in sorted(sample.labels))))] = sample.value
    ours = await look(folder, probe)
    compared = {key: value for key, value in ours.items() if key.split()[0] not in OURS_ONLY}
    assert names(compared) == names({key: value for key, value in theirs.items() if key.split()[0] not in THEIRS_ONLY})
    for key, value in theirs.items():
        if key.startswith(CHAIN_LABELS):
            [chain] = [own for own in ours if own.startswith(CHAIN_LABELS)]
            assert key.split()[1] == chain.split()[1]  # the fingerprint
        elif not any(part in key for part in MOVING):
            assert compared[key] == value, key
    return ours


def names(values: dict[str, float]) -> set[str]:
    return {CHAIN_LABELS if key.startswith(CHAIN_LABELS) else key for key in values}


def page(location: bytes = b"") -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    """A server whose first address leads to its second, where a page is."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if location and b" / " in head.splitlines()[0]:
            writer.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n" % location)
        else:
            dated = b"Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
            writer.write(b"HTTP/1.1 200 OK\r\n%sContent-Length: 5\r\n\r\nhello" % dated)
        await writer.drain()

    return script


@pytest.mark.parametrize("location", [b"", b"/there"])
async def test_a_page(exporter: BlackboxExporter, tmp_path: Path, location: bytes) -> None:
    async with Scripted(page(location)) as server:
        url = f"http://127.0.0.1:{server.port}/"
        ours = await agree(exporter, tmp_path, "http", url, {"type": "http", "url": url})
    assert ours["probe_http_redirects"] == bool(location)


async def test_a_page_without_what_is_expected(exporter: BlackboxExporter, tmp_path: Path) -> None:
    async with Scripted(page()) as server:
        url = f"http://127.0.0.1:{server.port}/"
        probe = {"type": "http", "url": url, "expect_body": ["goodbye"]}
        ours = await agree(exporter, tmp_path, "http_body", url, probe)
    assert ours["probe_failed_due_to_regex"] == 1


async def test_a_page_over_tls(exporter: BlackboxExporter, tmp_path: Path, ca: trustme.CA) -> None:
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with Scripted(page(), serving(ca)) as server:
        url = f"https://127.0.0.1:{server.port}/"
        await agree(exporter, tmp_path, "http", url, {"type": "http", "url": url, "ca_file": "ca.pem"})


async def test_a_handshake(exporter: BlackboxExporter, tmp_path: Path, ca: trustme.CA) -> None:
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with Scripted(greeting(b"hi"), serving(ca)) as server:
        target = f"127.0.0.1:{server.port}"
        await agree(exporter, tmp_path, "tls", target, {"type": "tls", "target": target, "ca_file": "ca.pem"})


async def test_a_banner(exporter: BlackboxExporter, tmp_path: Path) -> None:
    async with Scripted(greeting(b"220 ready\n")) as server:
        target = f"127.0.0.1:{server.port}"
        await agree(exporter, tmp_path, "tcp", target, {"type": "tcp", "target": target, "expect": "^220 "})


@pytest.mark.parametrize("kind", ["A", "SOA"])
async def test_a_name_server(exporter: BlackboxExporter, tmp_path: Path, kind: str) -> None:
    async with Datagrams(answering()) as server:
        target = f"127.0.0.1:{server.port}"
        probe = {"type": "dns", "target": target, "query": "www.example.org", "record": kind}
        await agree(exporter, tmp_path, f"dns_{kind}", target, probe)


async def test_an_echo(exporter: BlackboxExporter, tmp_path: Path) -> None:
    text = await asyncio.to_thread(exporter.probe, "icmp", "127.0.0.1")
    if "probe_success 1" not in text:
        pytest.skip("this machine lets nobody ping")
    await agree(exporter, tmp_path, "icmp", "127.0.0.1", {"type": "icmp", "target": "127.0.0.1", "packets": 1})


def serving(ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context
