"""Version 3 against pysnmp's agent, which reports more than net-snmp's, and has contexts of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.snmp.client import open_session
from agent.snmp.errors import SnmpError, SnmpFailure
from agent.snmp.target import Target
from agent.snmp.user import AuthProtocol, PrivProtocol, User
from tests.servers.snmpsim import Snmpsim

SYS_NAME_OID = "1.3.6.1.2.1.1.5.0"
AUTH, PRIV = "maplesyrup", "pancakes"

# What pysnmp calls the algorithms of each user.
USERS = {
    User("md5-des", AuthProtocol.MD5, AUTH, PrivProtocol.DES, PRIV): ("MD5", "DES"),
    User("sha-aes128", AuthProtocol.SHA, AUTH, PrivProtocol.AES128, PRIV): ("SHA", "AES"),
    User("sha-aes192", AuthProtocol.SHA, AUTH, PrivProtocol.AES192, PRIV): ("SHA", "AES192BLMT"),
    User("sha-aes256-cisco", AuthProtocol.SHA, AUTH, PrivProtocol.AES256_CISCO, PRIV): ("SHA", "AES256"),
    User("sha224-aes192-cisco", AuthProtocol.SHA224, AUTH, PrivProtocol.AES192_CISCO, PRIV): ("SHA224", "AES192"),
    User("sha256-aes256", AuthProtocol.SHA256, AUTH, PrivProtocol.AES256, PRIV): ("SHA256", "AES256BLMT"),
    User("sha384-aes128", AuthProtocol.SHA384, AUTH, PrivProtocol.AES128, PRIV): ("SHA384", "AES"),
    User("sha512-aes256", AuthProtocol.SHA512, AUTH, PrivProtocol.AES256, PRIV): ("SHA512", "AES256BLMT"),
}


def recording(name: str) -> str:
    return f"1.3.6.1.2.1.1.3.0|67|7\n{SYS_NAME_OID}|4|{name}\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    options = []
    for user, (auth, priv) in USERS.items():
        options += [f"--v3-user={user.name}", f"--v3-auth-key={AUTH}", f"--v3-auth-proto={auth}"]
        options += [f"--v3-priv-key={PRIV}", f"--v3-priv-proto={priv}"]
    recordings = {name: recording(name) for name in ("public", "vlan-10")}
    server = Snmpsim(tmp_path_factory.mktemp("snmpsim"), recordings, options)
    server.start()
    yield server.port
    server.stop()


async def name_of(port: int, user: User, context: str) -> object:
    who = User(user.name, user.auth, user.auth_password, user.priv, user.priv_password, context)
    async with open_session(Target("127.0.0.1", port, version="3", user=who, timeout_seconds=5)) as session:
        return (await session.get([SYS_NAME_OID])).get(SYS_NAME_OID)


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
async def test_every_context_is_read_with_every_algorithm(port: int, user: User) -> None:
    assert await name_of(port, user, "public") == b"public"
    assert await name_of(port, user, "vlan-10") == b"vlan-10"


@pytest.mark.parametrize(
    ("user", "hint"),
    [
        (User("md5-des", AuthProtocol.MD5, AUTH, PrivProtocol.DES, "wrong-password"), "cannot decrypt; are priv"),
        (User("sha-aes128", AuthProtocol.SHA, AUTH, PrivProtocol.DES, PRIV), "cannot decrypt; are priv"),
        (User("sha-aes128", AuthProtocol.SHA, "wrong-password", PrivProtocol.AES128, PRIV), "signature wrong"),
        (User("nobody", AuthProtocol.SHA, AUTH), "does not know the user 'nobody'"),
    ],
)
async def test_what_is_wrong_with_a_credential_is_said(port: int, user: User, hint: str) -> None:
    with pytest.raises(SnmpError, match=hint) as raised:
        await name_of(port, user, "public")
    assert raised.value.reason is SnmpFailure.AUTH
