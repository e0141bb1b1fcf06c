from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.probes.dns_message import encode_name, parse, query
from tests.agent.probes.checks import failure, look
from tests.servers.ports import free_port
from tests.servers.scripted import Datagrams, Scripted

ZONE = {
    "A": ["192.0.2.1", "192.0.2.2"], "AAAA": ["2001:db8::1"], "CNAME": ["other.example.org."],
    "NS": ["ns1.example.org."],
    "MX": ["10 mail.example.org."], "TXT": ['"v=spf1 -all" "and \\"more\\""'], "SRV": ["0 5 5060 sip.example.org."],
    "SOA": ["ns1.example.org. root.example.org. 2026112201 3600 600 86400 60"], "CAA": ['0 issue "ca.example.org"'],
    "PTR": ["www.example.org."],
}  # fmt: skip


def answering(rcode: int = 0, zone: dict[str, list[str]] = ZONE) -> Callable[[bytes], bytes]:
    """A name server, by dnspython."""

    def answer(wire: bytes) -> bytes:
        asked = dns.message.from_wire(wire)
        told = dns.message.make_response(asked, recursion_available=True)
        told.set_rcode(rcode)  # type: ignore[arg-type]
        [question] = asked.question
        kind = question.rdtype.name
        if rcode == 0 and kind in zone:
            told.answer.append(dns.rrset.from_text(question.name, 300, "IN", kind, *zone[kind]))
        return told.to_wire()

    return answer


async def asked(
    folder: Path, answer: Callable[[bytes], bytes | None], seconds: float = 5, **more: Any
) -> dict[str, float]:
    async with Datagrams(answer) as server:
        probe = {"type": "dns", "target": f"127.0.0.1:{server.port}", "query": "www.example.org"} | more
        return await look(folder, probe, seconds)


@pytest.mark.parametrize(
    ("record", "line"),
    [
        ("A", r"^www\.example\.org\. 300 IN A 192\.0\.2\.2$"), ("AAAA", r"IN AAAA 2001:db8::1$"),
        ("CNAME", r"IN CNAME other\.example\.org\.$"), ("NS", r"IN NS ns1\.example\.org\.$"),
        ("MX", r"IN MX 10 mail\.example\.org\.$"), ("TXT", r'IN TXT "v=spf1 -all" "and \\034more\\034"$'),
        ("SRV", r"IN SRV 0 5 5060 sip\.example\.org\.$"), ("CAA", r'IN CAA 0 issue "ca\.example\.org"$'),
        ("SOA", r"IN SOA ns1\.example\.org\. root\.example\.org\. 2026112201 3600 600 86400 60$"),
        ("PTR", r"IN PTR www\.example\.org\.$"),
    ],
)  # fmt: skip
async def test_a_record_is_read_as_a_zone_file_writes_it(tmp_path: Path, record: str, line: str) -> None:
    values = await asked(tmp_path, answering(), record=record, expect_answers=[line])
    assert failure(values) is None
    assert values["probe_dns_answer_rrs"] == len(ZONE[record])
    assert values["probe_dns_query_succeeded"] == 1
    assert values["probe_dns_rcode"] == 0
    assert values.get("probe_dns_serial") == (2026112201 if record == "SOA" else None)
    assert values["probe_dns_duration_seconds request"] > 0


@pytest.mark.parametrize(
    ("rcode", "more", "kind"),
    [
        (3, {}, "status"),
        (3, {"expect_rcode": "NXDOMAIN"}, None),
        (0, {"expect_answers": [r"192\.0\.2\.9$"]}, "content"),
        (0, {"expect_answers": [r"\.1$", r"\.2$"]}, None),
        (0, {"reject_answers": [r"192\.0\.2\.2$"]}, "content"),
        (0, {"reject_answers": ["203"]}, None),
    ],
)
async def test_an_answer_may_be_wrong(tmp_path: Path, rcode: int, more: dict[str, Any], kind: str | None) -> None:
    values = await asked(tmp_path, answering(rcode), **more)
    assert failure(values) == kind
    assert values["probe_dns_rcode"] == rcode


async def test_an_answer_that_was_cut_is_asked_for_again_by_tcp(tmp_path: Path) -> None:
    def cut(wire: bytes) -> bytes:
        told = dns.message.from_wire(answering()(wire))
        told.flags |= dns.flags.TC
        told.answer.clear()
        return told.to_wire()

    async def by_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
        told = answering()(await reader.readexactly(size))
        writer.write(struct.pack("!H", len(told)) + told)
        await reader.read()

    async with Scripted(by_tcp) as stream:
        loop = asyncio.get_running_loop()
        server = Datagrams(cut)
        transport, _ = await loop.create_datagram_endpoint(lambda: server, local_addr=("127.0.0.1", stream.port))
        server._transport = transport
        probe = {"type": "dns", "target": f"127.0.0.1:{stream.port}", "query": "www.example.org"}
        both = await look(tmp_path, probe)
        tcp_only = await look(tmp_path, probe | {"protocol": "tcp"})
        transport.close()
    assert [values["probe_dns_answer_rrs"] for values in (both, tcp_only)] == [2, 2]


async def test_answers_to_something_else_are_passed_over(tmp_path: Path) -> None:
    def spoofed(wire: bytes) -> bytes:
        return bytes([wire[0] ^ 1]) + answering()(wire)[1:]

    values = await asked(tmp_path, spoofed, 0.3)
    assert failure(values) == "timeout"
    assert values["probe_dns_query_succeeded"] == 0


async def test_nobody_there_is_refused(tmp_path: Path) -> None:
    probe = {"type": "dns", "target": f"127.0.0.1:{free_port()}", "query": "."}
    assert failure(await look(tmp_path, probe)) == "refused"


def test_a_query_is_what_dnspython_reads() -> None:
    message = dns.message.from_wire(query("www.Example.org.", "AAAA", 77, recursion=True))
    assert message.id == 77
    assert message.flags == dns.flags.RD
    assert [str(one) for one in message.question] == ["www.Example.org. IN AAAA"]
    assert encode_name("bücher.example") == b"\x0dxn--bcher-kva\x07example\0"


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64, ".".join(["abcdefgh"] * 30)])
def test_what_is_no_domain_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no domain name"):
        encode_name(name)


HEADER = struct.pack("!HHHHHH", 1, 0x8180, 0, 1, 0, 0)
A_RECORD = struct.pack("!HHIH", 1, 1, 60, 4) + b"\1\2\3\4"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (HEADER + b"\xc0\x0c" + A_RECORD, "a name that points to itself"),
        (HEADER + b"\xc0\xff" + A_RECORD, "a name that points beyond the end"),
        (HEADER + b"\x01a" * 300 + b"\0" + A_RECORD, "a name without end"),
        (HEADER + b"\x80a\0" + A_RECORD, "a label of unknown kind"),
        (HEADER + b"\0" + A_RECORD[:-2], "data that breaks off"),
        (HEADER[:7], "half a header"),
        (struct.pack("!HHHHHH", 1, 0x8180, 0, 65_535, 65_535, 0), "records without end"),
    ],
)
def test_a_damaged_answer_is_refused(message: bytes, reason: str) -> None:
    with pytest.raises(ValueError):
        parse(message, 1, b"")


@given(st.binary(max_size=300))
def test_any_datagram_is_an_answer_or_refused(content: bytes) -> None:
    try:
        answer = parse(HEADER[:4] + content, 1, b"")
    except ValueError:
        return
    for record in answer.answers:
        assert str(record).isprintable()
