"""Credentials of SNMP as `agent.yaml` gives them, and the device that comes out."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import AgentConfig, load
from agent.snmp.configured import device_of
from agent.snmp.target import Target
from agent.snmp.user import AuthProtocol, PrivProtocol, User
from core.errors import ConfigError

FULL = "version: 3, username: monitor, auth: sha256, auth_password: maplesyrup, priv: aes256, priv_password: pancakes"


def configured(folder: Path, credential: str) -> AgentConfig:
    file = folder / "agent.yaml"
    file.write_text(
        "name: web-1\ncollector: {url: 'http://127.0.0.1:9470'}\ndata_dir: data\nsnmp:\n  credentials:\n"
        f"    lab: {{{credential}}}\n"
        "  targets: [{name: core-1, address: 10.0.0.1, credential: lab}]\n"
    )
    return load(file)


def device(folder: Path, credential: str) -> Target:
    section = configured(folder, credential).snmp
    return device_of(section, section.targets[0])


@pytest.mark.parametrize(
    ("credential", "version", "why"),
    [
        ("community: public", "2c", "the usual version need not be said"),
        ("version: 1, community: public", "1", "YAML makes a number of it"),
        ("version: '1', community: public", "1", "or text"),
        ("version: 2c, community: public", "2c", "said all the same"),
    ],
)
def test_community_is_of_version_1_or_2c(tmp_path: Path, credential: str, version: str, why: str) -> None:
    found = device(tmp_path, credential)
    assert (found.version, found.community, found.user) == (version, "public", None), why


@pytest.mark.parametrize(
    ("credential", "user"),
    [
        ("version: 3, username: monitor", User("monitor")),
        (
            "version: 3, username: monitor, auth: md5, auth_password: maplesyrup",
            User("monitor", AuthProtocol.MD5, "maplesyrup"),
        ),
        (FULL, User("monitor", AuthProtocol.SHA256, "maplesyrup", PrivProtocol.AES256, "pancakes")),
        (
            FULL.replace("aes256", "aes256-cisco") + ", level: authPriv, context_name: vlan-10",
            User("monitor", AuthProtocol.SHA256, "maplesyrup", PrivProtocol.AES256_CISCO, "pancakes", "vlan-10"),
        ),
    ],
)
def test_user_is_of_version_3(tmp_path: Path, credential: str, user: User) -> None:
    assert device(tmp_path, credential).user == user


def test_every_algorithm_can_be_configured(tmp_path: Path) -> None:
    for auth in AuthProtocol:
        for priv in PrivProtocol:
            found = device(tmp_path, FULL.replace("sha256", auth).replace("aes256", priv)).user
            assert found is not None
            assert (found.auth, found.priv) == (auth, priv)


def test_passwords_come_from_files_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "core.priv").write_text("pancakes\n")
    monkeypatch.setenv("FOREWATCH_TEST_AUTH", "maplesyrup")
    credential = FULL.replace("priv_password: pancakes", "priv_password_file: core.priv")
    user = device(tmp_path, credential.replace("maplesyrup", '"${FOREWATCH_TEST_AUTH}"')).user
    assert user is not None
    assert (user.auth_password, user.priv_password) == ("maplesyrup", "pancakes")


def test_no_secret_shows(tmp_path: Path) -> None:
    text = repr(configured(tmp_path, FULL)) + repr(device(tmp_path, FULL))
    assert "maplesyrup" not in text
    assert "pancakes" not in text


@pytest.mark.parametrize(
    ("credential", "message", "why"),
    [
        ("version: 2c", "community: is required with version 2c", "nothing opens the device"),
        ("community: ''", "community: must not be empty", "an empty community is none"),
        ("community: public, username: monitor", "username: belongs to version 3, not to version 2c", "no version"),
        ("version: 1, community: public, auth: md5", "auth: belongs to version 3, not to version 1", "nor auth"),
        ("version: 3, username: m, community: public", "community: version 3 has no community", "either, not both"),
        ("version: 3", "username: is required with version 3", "somebody must ask"),
        (f"version: 3, username: {'x' * 33}", "username: must have 1 to 32 octets", "RFC 3411's limit"),
        ("version: 3, username: m, auth: sha3", "auth: must be one of md5, sha, sha224", "no such algorithm"),
        ("version: 3, username: m, priv: 3des", "priv: must be one of des, aes128", "not supported, and said so"),
        ("version: 3, username: m, auth: sha", "auth_password: is required with auth: sha; or give", "no secret"),
        ("version: 3, username: m, auth_password: maplesyrup", "auth: is required with auth_password", "which?"),
        ("version: 3, username: m, auth: sha, auth_password: short", "auth_password: must have at least 8", "RFC 3414"),
        ("version: 3, username: m, priv: des, priv_password: pancakes", "auth: is required with priv", "RFC 3414"),
        (FULL.replace("pancakes", "short"), "priv_password: must have at least 8 octets", "RFC"),
        (FULL + ", level: authNoPriv", "level: is authNoPriv, which does not go with", "the level leaves priv out"),
        ("version: 3, username: m, level: authPriv", "level: is authPriv, which does not go with", "how?"),
        (f"version: 3, username: m, context_name: {'x' * 256}", "context_name: must have at most 255", "RFC 3411"),
    ],
)  # fmt: skip
def test_credential_that_cannot_work_is_refused(tmp_path: Path, credential: str, message: str, why: str) -> None:
    with pytest.raises(ConfigError) as raised:
        configured(tmp_path, credential)
    assert f"agent.yaml:6: snmp.credentials.lab.{message}" in str(raised.value), why
