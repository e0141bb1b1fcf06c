from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import AgentConfig, SnmpTarget
from agent.traps.catalogue import load_catalogue
from agent.traps.configured import names_of, setup_of
from agent.traps.wire import Sender
from core.config import loads
from core.errors import ConfigError

BASE = "collector: {url: http://127.0.0.1}\ndata_dir: data\n"
SNMP = """
snmp:
  credentials:
    old: {version: 1, community: eins}
    lab: {version: 2c, community: public}
    core: {version: 3, username: monitor, auth: sha256, auth_password: authpass1, priv: aes128,
           priv_password: privpass1}
  targets:
    - {name: core-1, address: 10.0.0.1, credential: core}
    - {name: core-6, address: "[fd00::1]:1161", credential: core}
    - {name: named, address: switch.example.org, credential: core}
"""


def read(text: str) -> AgentConfig:
    return loads(text, AgentConfig, file="agent.yaml")


def test_the_receiver_is_told_who_may_send_and_whom_an_address_belongs_to() -> None:
    setup = setup_of(read(BASE + SNMP + 'traps: {enabled: true, listen: "[::]:1162", credentials: [lab, core]}'))
    assert (setup.host, setup.port) == ("::", 1162)
    assert setup.communities == ["public"]
    assert setup.senders == [Sender("monitor", "sha256", "authpass1", "aes128", "privpass1")]
    assert setup.names == {"10.0.0.1": "core-1", "fd00::1": "core-6"}


def test_what_the_local_file_names_is_known_by_that_whatever_the_collector_says() -> None:
    local = read(BASE + SNMP).snmp.targets
    remote = [
        SnmpTarget(name="elsewhere", address="10.0.0.1", credential="x"),
        SnmpTarget(name="core-9", address="10.0.0.9:1161", credential="x"),
    ]
    assert names_of([*local, *remote]) == {"10.0.0.1": "core-1", "fd00::1": "core-6", "10.0.0.9": "core-9"}


def test_without_a_list_all_credentials_count() -> None:
    setup = setup_of(read(BASE + SNMP + "traps: {enabled: true, listen: 0.0.0.0}"))
    assert (setup.port, len(setup.communities), len(setup.senders)) == (162, 2, 1)


@pytest.mark.parametrize(
    ("traps", "key", "reason"),
    [
        ("{listen: example.org}", "traps.listen", "no address of this host"),
        ("{allow: [10.0.0.1/8]}", "traps.allow[0]", "bits beyond the prefix"),
        ("{relays: [core-1]}", "traps.relays[0]", "no address"),
        ("{rate: 0}", "traps.rate", "nothing would be taken"),
        ("{credentials: [nobody]}", "traps.credentials[0]", "there is no such credential"),
        ("{expire: 1s}", "traps.expire", "too short"),
        ("{max_size: 1KiB}", "traps.max_size", "too small"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(traps: str, key: str, reason: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        read(f"{BASE}{SNMP}traps: {traps}\n")
    assert key in str(wrong.value), reason


def test_traps_need_credentials() -> None:
    with pytest.raises(ConfigError, match=r"traps\.enabled: needs snmp\.credentials"):
        read(BASE + "traps: {enabled: true}")


def test_every_shipped_pair_has_one_end_for_each_beginning() -> None:
    catalogue = load_catalogue()
    assert len(catalogue.definitions) == len(catalogue.by_name) > 100
    for one in catalogue.definitions.values():
        assert one.text, one.name
        for name in one.clears:
            assert catalogue.by_name[name].alerts, name
            assert (one.severity, one.alerts) == ("info", False), one.name


def test_own_definitions_come_before_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("traps: {coldStart: {oid: 1.3.6.1.6.3.1.1.5.1, severity: critical, expire: 1h}}")
    own = load_catalogue(tmp_path).find("1.3.6.1.6.3.1.1.5.1")
    assert (own.severity, own.alerts, own.expire_seconds) == ("critical", True, 3600)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("traps: {x: {oid: 1.3.x, severity: info}}", "is no OID"),
        ("traps: {x: {oid: 1.3.6, severity: bad}}", "severity"),
        ("traps: {x: {oid: 1.3.6, severity: info, key: [y]}}", "there is no object 'y'"),
        ('traps: {x: {oid: 1.3.6, severity: info, text: "{y}"}}', "there is no object 'y'"),
        ("traps: {x: {oid: 1.3.6, severity: info, clears: [y]}}", "clears 'y', which is no trap"),
        ("traps: {x: {oid: 1.3.6, severity: info, clears: [linkDown]}}", "which has another key"),
        ("traps: {mine: {oid: 1.3.6.1.6.3.1.1.5.3, severity: info}}", "traps.mine: has the OID of linkDown"),
        ("traps: {unknown: {oid: 1.3.6, severity: info}}", "is no name"),
        ("traps: {x: {oid: 1.3.6, severity: info, state: {object: y, ends: [z]}}}", "there is no object 'y'"),
        ("traps: {x: {oid: 1.3.6, severity: info, state: {object: ifOperStatus}}}", "needs ends, severities or both"),
        (
            "traps: {x: {oid: 1.3.6, severity: info, state: {object: ifOperStatus, ends: [fine]}}}",
            "ifOperStatus is never 'fine'; it has the words dormant, down",
        ),
        (
            "traps: {x: {oid: 1.3.6, severity: info, state: {object: sysName, ends: [a], severities: {a: info}}}}",
            "is in ends too",
        ),
        ("objects: {x: {oid: 1.3.6, words: {up: on}}}", "must be a whole number or an OID"),
    ],
)
def test_a_wrong_definition_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_catalogue(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no folder"):
        load_catalogue(tmp_path / "none")


@pytest.mark.parametrize(
    ("line", "place", "reason"),
    [
        ("    clears: [linkUp, nothing]", "own.yaml:7: traps.door: clears 'nothing'", "what it clears"),
        ("    key: [nothing]", "own.yaml:7: traps.door: there is no object 'nothing'", "its key"),
        (
            "    state: {object: nothing, ends: [x]}",
            "own.yaml:7: traps.door: there is no object 'nothing'",
            "its state",
        ),
        ("    texts: x", "own.yaml:7: traps.door.texts", "a key that there is not"),
    ],
)
def test_a_fault_has_its_line(tmp_path: Path, line: str, place: str, reason: str) -> None:
    text = "# doors\ntraps:\n  door:\n    oid: 1.3.6.1.4.1.99999.0.1\n    severity: major\n    text: a door\n" + line
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(ConfigError) as wrong:
        load_catalogue(tmp_path)
    assert place in str(wrong.value), reason
