"""Somebody on the way who changes, invents and repeats what a device of version 3 says."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from agent.snmp import pdu
from agent.snmp.client import Rows, open_session
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.known import Known
from agent.snmp.target import Target
from agent.snmp.user import AuthProtocol, PrivProtocol, User
from agent.snmp.v3 import message as messages
from agent.snmp.v3.message import AUTH, Header
from tests.servers import ber
from tests.servers.snmp_relay import Relay, Tampering, honest
from tests.servers.snmpd import SYS_NAME, Snmpd

SYS_NAME_OID = "1.3.6.1.2.1.1.5.0"
IF_DESCR = "1.3.6.1.2.1.2.2.1.2"
SIGNS = User("signs", AuthProtocol.SHA256, "maplesyrup")
ENCRYPTS = User("encrypts", AuthProtocol.SHA256, "maplesyrup", PrivProtocol.AES128, "pancakes")
OUT_OF_TIME, UNKNOWN_USER, UNKNOWN_ENGINE = (f"1.3.6.1.6.3.15.1.1.{counter}.0" for counter in (2, 3, 4))


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    settings = (
        'createUser signs SHA-256 "maplesyrup"\nrouser signs auth\n'
        'createUser encrypts SHA-256 "maplesyrup" AES "pancakes"\nrouser encrypts priv\n'
    )
    server = Snmpd(tmp_path_factory.mktemp("snmpd"), settings=settings)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def relay(snmpd: Snmpd) -> Iterator[Relay]:
    with Relay(snmpd.port) as between:
        yield between


def target(port: int, who: User, timeout_seconds: float = 5) -> Target:
    return Target("127.0.0.1", port, version="3", user=who, timeout_seconds=timeout_seconds, retries=0)


async def acquainted(relay: Relay, who: User) -> Known:
    """What an honest poll learns."""
    relay.tampering = honest
    known = Known()
    async with open_session(target(relay.port, who), known=known) as session:
        await session.get([SYS_NAME_OID])
    return known


async def get(relay: Relay, who: User, known: Known, tampering: Tampering, timeout_seconds: float = 5) -> object:
    relay.tampering = tampering
    async with open_session(target(relay.port, who, timeout_seconds), known=known) as session:
        return (await session.get([SYS_NAME_OID])).get(SYS_NAME_OID)


def changed(answer: bytes) -> bytes:
    """The last octet, which is of the value, is another one."""
    return answer[:-1] + bytes((answer[-1] ^ 1,))


def unsigned(answer: bytes, flags: int = 0) -> bytes:
    """An answer of the right number, engine and user, as anybody on the way could write it; it says `evil`."""
    header = messages.decode(answer).header
    binding = ber.tlv(0x30, ber.oid(ber.parse_oid(SYS_NAME_OID)) + ber.octets(b"evil"))
    body = ber.tlv(0xA2, ber.integer(header.msg_id) + ber.integer(0) * 2 + ber.tlv(0x30, binding))
    return _forged(header, flags, body)


def report(answer: bytes, oid: str) -> bytes:
    header = messages.decode(answer).header
    binding = ber.tlv(0x30, ber.oid(ber.parse_oid(oid)) + ber.counter32(1))
    body = ber.tlv(pdu.REPORT, ber.integer(0) * 3 + ber.tlv(0x30, binding))
    return _forged(header, 0, body)


def _forged(header: Header, flags: int, body: bytes) -> bytes:
    new = Header(header.msg_id, flags, header.engine_id, header.boots, header.time, header.user)
    guess = (AuthProtocol.SHA256, b"no idea") if flags & AUTH else (None, b"")
    return messages.encode(new, messages.scoped(header.engine_id, b"", body), *guess)


FORGERIES: list[tuple[Tampering, str]] = [
    (lambda answer: [changed(answer)], "a value that was changed on the way"),
    (lambda answer: [unsigned(answer)], "an answer without a signature"),
    (lambda answer: [unsigned(answer, AUTH)], "an answer signed with another key"),
]


@pytest.mark.parametrize("who", [SIGNS, ENCRYPTS], ids=lambda who: who.name)
@pytest.mark.parametrize(("forge", "why"), FORGERIES, ids=[why for _, why in FORGERIES])
async def test_forged_answer_is_no_answer(relay: Relay, who: User, forge: Tampering, why: str) -> None:
    known = await acquainted(relay, who)
    with pytest.raises(SnmpError) as raised:
        await get(relay, who, known, forge, timeout_seconds=0.2)
    assert raised.value.reason is SnmpFailure.TIMEOUT, why
    both: Tampering = lambda answer: [*forge(answer), answer]  # noqa: E731
    assert await get(relay, who, known, both) == SYS_NAME.encode(), "the true one behind it is taken"


@pytest.mark.parametrize("oid", [UNKNOWN_USER, UNKNOWN_ENGINE])
async def test_unsigned_report_does_not_keep_a_true_answer_out(relay: Relay, oid: str) -> None:
    known = await acquainted(relay, SIGNS)
    forged: Tampering = lambda answer: [report(answer, oid), answer]  # noqa: E731
    assert await get(relay, SIGNS, known, forged) == SYS_NAME.encode()


async def test_unsigned_report_that_nobody_contradicts_is_the_reason(relay: Relay) -> None:
    known = await acquainted(relay, SIGNS)
    started = time.monotonic()
    with pytest.raises(SnmpError, match="does not know the user 'signs'") as raised:
        await get(relay, SIGNS, known, lambda answer: [report(answer, UNKNOWN_USER)] * 50, timeout_seconds=20)
    assert raised.value.reason is SnmpFailure.AUTH
    assert time.monotonic() - started < 5, "a flood of them does not prolong the wait, nor the timeout"


async def test_device_that_always_has_another_engine_ends_with_a_reason(relay: Relay) -> None:
    known = await acquainted(relay, SIGNS)

    def ever_new(answer: bytes) -> list[bytes]:
        signed = messages.decode(answer).header.flags & AUTH
        return [report(answer, UNKNOWN_ENGINE)] if signed else [answer]

    with pytest.raises(SnmpError, match="another engine ID") as raised:
        await get(relay, SIGNS, known, ever_new)
    assert raised.value.reason is SnmpFailure.AUTH


async def test_device_that_does_not_sign_what_it_says_about_time_is_asked_for_it(relay: Relay) -> None:
    known = await acquainted(relay, SIGNS)
    assert known.engine is not None
    known.engine.heard_at -= 10_000  # its clock went another way

    def careless(answer: bytes) -> list[bytes]:
        plain = messages.decode(answer)
        late = plain.header.flags & AUTH and bytes(ber.oid(ber.parse_oid(OUT_OF_TIME))) in plain.data
        return [report(answer, OUT_OF_TIME)] if late else [answer]

    assert await get(relay, SIGNS, known, careless) == SYS_NAME.encode()


async def test_answers_that_come_twice_and_late_are_taken_once(relay: Relay) -> None:
    known = await acquainted(relay, ENCRYPTS)
    late: list[bytes] = []

    def repeated(answer: bytes) -> list[bytes]:
        late.append(answer)
        return [*late[-3:-1], answer, answer]

    relay.tampering = repeated
    rows: Rows = {}
    async with open_session(target(relay.port, ENCRYPTS), known=known) as session:
        await session.walk(IF_DESCR, rows, repetitions=1)
    relay.tampering = honest
    honest_rows: Rows = {}
    async with open_session(target(relay.port, ENCRYPTS), known=known) as session:
        await session.walk(IF_DESCR, honest_rows)
    assert rows == honest_rows


@pytest.mark.parametrize("size", [0, 1, 2, 40, -1])
async def test_truncated_answer_is_malformed(relay: Relay, size: int) -> None:
    known = await acquainted(relay, ENCRYPTS)
    with pytest.raises(SnmpError) as raised:
        await get(relay, ENCRYPTS, known, lambda answer: [answer[:size]])
    assert raised.value.reason is SnmpFailure.MALFORMED


async def test_nothing_of_what_is_asked_and_answered_can_be_read_on_the_way(relay: Relay) -> None:
    known = await acquainted(relay, ENCRYPTS)
    relay.requests.clear()
    relay.answers.clear()
    assert await get(relay, ENCRYPTS, known, honest) == SYS_NAME.encode()
    passed = b"".join(relay.requests + relay.answers)
    assert SYS_NAME.encode() not in passed
    assert b"maplesyrup" not in passed
    assert len(relay.requests) == 1, "an engine that is known is not asked who it is"
