"""Version 3 against net-snmp's snmpd, in every combination of algorithms that it has."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.probes.snmp import SnmpProbe
from agent.snmp.client import Rows, open_session
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.known import Known
from agent.snmp.target import Target
from agent.snmp.user import AuthProtocol, PrivProtocol, User
from core.clock import ManualClock
from tests.servers import ber
from tests.servers.device import Device
from tests.servers.snmpd import SYS_NAME, Snmpd

SYS_NAME_OID = "1.3.6.1.2.1.1.5.0"
UP_TIME = "1.3.6.1.2.1.1.3.0"
IF_DESCR = "1.3.6.1.2.1.2.2.1.2"
AUTH_PASSWORD, PRIV_PASSWORD = "maplesyrup", "pancakes"
ELSEWHERE = "vlan-10"

# net-snmp's names; it has both ways of stretching keys for AES.
AUTHS = {
    AuthProtocol.MD5: "MD5", AuthProtocol.SHA: "SHA", AuthProtocol.SHA224: "SHA-224",
    AuthProtocol.SHA256: "SHA-256", AuthProtocol.SHA384: "SHA-384", AuthProtocol.SHA512: "SHA-512",
}  # fmt: skip
PRIVS = {
    PrivProtocol.DES: "DES", PrivProtocol.AES128: "AES", PrivProtocol.AES192: "AES-192",
    PrivProtocol.AES256: "AES-256", PrivProtocol.AES192_CISCO: "AES-192-C", PrivProtocol.AES256_CISCO: "AES-256-C",
}  # fmt: skip
LEVELS: list[tuple[AuthProtocol | None, PrivProtocol | None]] = [
    (None, None),
    *((auth, None) for auth in AUTHS),
    *((auth, priv) for auth in AUTHS for priv in PRIVS),
]


def user(auth: AuthProtocol | None, priv: PrivProtocol | None, context: str = "") -> User:
    name = f"{auth or 'no'}-{priv or 'no'}"
    return User(name, auth, AUTH_PASSWORD if auth else "", priv, PRIV_PASSWORD if priv else "", context)


USUAL = user(AuthProtocol.SHA256, PrivProtocol.AES128)


def users() -> str:
    """snmpd's own lines for all of them."""
    lines = ["view all included .1", "rouser no-no noauth", "createUser no-no"]
    for auth, priv in LEVELS[1:]:
        name = f"{auth}-{priv or 'no'}"
        secret = f'{AUTHS[auth]} "{AUTH_PASSWORD}"' + (f' {PRIVS[priv]} "{PRIV_PASSWORD}"' if priv else "")  # type: ignore[index]
        level = "priv" if priv else "auth"
        lines += [f"createUser {name} {secret}", f"rouser {name} {level}", f"rouser {name} {level} -V all {ELSEWHERE}"]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    server = Snmpd(tmp_path_factory.mktemp("snmpd"), settings=users())
    server.start()
    yield server
    server.stop()


def device(port: int, who: User, *, timeout_seconds: float = 5, retries: int = 0) -> Target:
    return Target("127.0.0.1", port, version="3", user=who, timeout_seconds=timeout_seconds, retries=retries)


async def name_of(target: Target, known: Known | None = None) -> object:
    async with open_session(target, known=known) as session:
        return (await session.get([SYS_NAME_OID])).get(SYS_NAME_OID)


@pytest.mark.parametrize(("auth", "priv"), LEVELS, ids=[f"{auth or 'no'}-{priv or 'no'}" for auth, priv in LEVELS])
async def test_every_pair_of_algorithms_is_spoken(
    snmpd: Snmpd, auth: AuthProtocol | None, priv: PrivProtocol | None
) -> None:
    async with open_session(device(snmpd.port, user(auth, priv))) as session:
        assert (await session.get([SYS_NAME_OID]))[SYS_NAME_OID] == SYS_NAME.encode()
        rows: Rows = {}
        await session.walk(IF_DESCR, rows)
    assert b"lo" in rows.values()


async def test_version_3_reads_the_same_as_version_2c(snmpd: Snmpd, clock: ManualClock) -> None:
    plain = await SnmpProbe(Target("127.0.0.1", snmpd.port, timeout_seconds=5), clock).collect()
    safe = await SnmpProbe(device(snmpd.port, USUAL), clock).collect()
    assert {sample.series for sample in safe} == {sample.series for sample in plain}


WRONG = [
    (User("nobody", AuthProtocol.SHA, AUTH_PASSWORD), "does not know the user 'nobody'"),
    (User("sha-no", AuthProtocol.SHA, "wrong-password"), "signature wrong; are auth and auth_password of 'sha-no'"),
    (User("sha-no", AuthProtocol.SHA256, AUTH_PASSWORD), "signature wrong"),
    (User("sha-no", AuthProtocol.SHA, AUTH_PASSWORD, PrivProtocol.DES, PRIV_PASSWORD), "level of security"),
    (User("sha-aes128", AuthProtocol.SHA, AUTH_PASSWORD), "lets them read nothing"),
    (User("sha-aes128", AuthProtocol.SHA, AUTH_PASSWORD, PrivProtocol.AES128, "wrong-password"), "silent to this user"),
    (User("sha-aes128", AuthProtocol.SHA, AUTH_PASSWORD, PrivProtocol.DES, PRIV_PASSWORD), "silent to this user"),
    (user(AuthProtocol.SHA, None, "nowhere"), "context_name 'nowhere'"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "hint"), WRONG, ids=[hint for _, hint in WRONG])
async def test_what_is_wrong_with_a_credential_is_said(snmpd: Snmpd, who: User, hint: str) -> None:
    with pytest.raises(SnmpError, match=hint) as raised:
        await name_of(device(snmpd.port, who, timeout_seconds=0.7))
    assert raised.value.reason is SnmpFailure.AUTH
    assert "wrong-password" not in str(raised.value)


async def test_context_leads_to_another_part_of_the_device(tmp_path: Path) -> None:
    with Device({UP_TIME: ber.ticks(7), SYS_NAME_OID: ber.octets(b"behind")}) as behind:
        proxy = f"proxy -Cn {ELSEWHERE} -v 2c -c public 127.0.0.1:{behind.port} .1.3.6.1.2.1.1"
        server = Snmpd(tmp_path, settings=f"{users()}\n{proxy}")
        server.start()
        try:
            for auth, priv in ((AuthProtocol.SHA, None), (AuthProtocol.SHA256, PrivProtocol.AES128)):
                assert await name_of(device(server.port, user(auth, priv, ELSEWHERE))) == b"behind"
                assert await name_of(device(server.port, user(auth, priv))) == SYS_NAME.encode()
        finally:
            server.stop()


async def test_engine_is_discovered_once(snmpd: Snmpd) -> None:
    known = Known()
    await name_of(device(snmpd.port, USUAL), known)
    engine = known.engine
    assert engine is not None
    assert engine.proven
    await name_of(device(snmpd.port, USUAL), known)
    assert known.engine is engine


async def test_other_credential_for_the_same_device_has_keys_of_its_own(snmpd: Snmpd) -> None:
    known = Known()
    await name_of(device(snmpd.port, USUAL), known)
    other = user(AuthProtocol.SHA512, PrivProtocol.AES256)
    assert await name_of(device(snmpd.port, other), known) == SYS_NAME.encode()


async def test_engine_whose_time_went_another_way_is_asked_anew(snmpd: Snmpd) -> None:
    known = Known()
    await name_of(device(snmpd.port, USUAL), known)
    assert known.engine is not None
    known.engine.heard_at -= 10_000  # our clock went on and the device's did not
    assert await name_of(device(snmpd.port, USUAL), known) == SYS_NAME.encode()
    assert known.engine.proven


async def test_time_goes_on_while_a_device_is_not_asked(snmpd: Snmpd) -> None:
    known = Known()
    await name_of(device(snmpd.port, USUAL), known)
    assert known.engine is not None
    # Half a second more than an hour: the difference of two floats is a little less than what was added.
    assert known.engine.time_at(known.engine.heard_at + 3600.5) == known.engine.time + 3600


async def test_restarted_and_replaced_devices_are_read_on(tmp_path: Path) -> None:
    server = Snmpd(tmp_path, settings=f"{users()}\nengineID device-1")
    known = Known()
    try:
        server.start()
        target = device(server.port, USUAL, timeout_seconds=2, retries=1)
        await name_of(target, known)
        first = known.engine
        assert first is not None
        server.stop()
        server.start()
        first.heard_at -= 10_000  # as if it had run for long: its time is a small number again now
        assert await name_of(target, known) == SYS_NAME.encode()
        assert known.engine is first
        server.stop()
        server.start(settings=f"{users()}\nengineID device-2")
        assert await name_of(target, known) == SYS_NAME.encode()
        assert known.engine is not None
        assert known.engine.id != first.id
    finally:
        server.stop()


async def test_engine_that_restarts_during_a_walk_costs_nothing_but_a_question(snmpd: Snmpd) -> None:
    async with open_session(device(snmpd.port, USUAL)) as session:
        await session.get([UP_TIME])
        assert session.known.engine is not None
        session.known.engine.boots += 1  # what it would look like, seen from here
        rows: Rows = {}
        await session.walk(IF_DESCR, rows)
    assert b"lo" in rows.values()


async def test_device_that_is_silent_is_a_timeout_and_no_matter_of_credentials() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(SnmpError, match="does it speak SNMP version 3") as raised:
            await name_of(device(silent.getsockname()[1], USUAL, timeout_seconds=0.1))
    assert raised.value.reason is SnmpFailure.TIMEOUT
