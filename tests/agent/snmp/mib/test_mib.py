"""MIB files → numbers, agreement with profiles, the beginning of a profile."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agent.probes.snmp import SnmpProbe
from agent.snmp.mib import source
from agent.snmp.mib.source import Module, find_files, read_modules
from agent.snmp.mib.tree import Tree
from agent.snmp.profiles.library import Library, shipped_folder
from agent.snmp.profiles.reading import Chooser
from agent.snmp.target import Target
from core.clock import ManualClock
from core.errors import ConfigError
from forewatch.cli import main
from tests.servers import ber
from tests.servers.device import Device
from tests.servers.require import missing
from tests.servers.switch import switch_mib

MIBS = Path(__file__).parent / "mibs"
NET_SNMP = Path("/usr/share/snmp/mibs")
ROOT = "1.3.6.1.4.1.99999"


@pytest.fixture(scope="module")
def tree() -> Tree:
    modules, faults = read_modules(find_files([MIBS]))
    assert not faults
    return Tree(modules)


@pytest.mark.parametrize(
    ("module", "name", "number", "why"),
    [
        ("EXAMPLE-TC", "example", ROOT, "by a root that needs no file"),
        ("EXAMPLE-MIB", "exampleMIB", f"{ROOT}.1", "by a name of another module"),
        ("EXAMPLE-MIB", "exFanState", f"{ROOT}.1.1.10.1.4", "a column"),
        ("EXAMPLE-MIB", "exFailed", f"{ROOT}.1.0.1", "a notification, of two numbers"),
        ("EXAMPLE-TC", "exVersion", f"{ROOT}.2", "SMIv1"),
        ("EXAMPLE-MIB", "exVersion", None, "a name that the module does not import"),
        ("EXAMPLE-TC", "exRestarted", None, "a trap of SMIv1 is no node"),
    ],
)
def test_names_have_the_numbers_that_their_mib_gives_them(
    tree: Tree, module: str, name: str, number: str | None, why: str
) -> None:
    assert tree.number(tree.modules[module], name) == number, why


def test_names_that_stand_on_each_other_have_no_number() -> None:
    module = Module("LOOP-MIB", Path("x"), nodes={"a": ("b", 1), "b": ("a", 1), "c": ("nowhere", 1), "d": (1, 3)})
    tree = Tree([module])
    assert [tree.number(module, name) for name in "abcd"] == [None, None, None, "1.3"]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (b"A-MIB DEFINITIONS ::= BEGIN\nfoo bar\nEND\n", ":2: is no MIB", "no such clause"),
        (b"DEFINITIONS of words\n", ":1: is no MIB", "another text"),
        (b"\x7fELF\x00\xff\xfe\x00 DEFINITIONS" * 100, ": is no MIB", "a program"),
        (b"A-MIB DEFINITIONS ::= BEGIN", "a.mib", "cut off"),
        (b"A-MIB DEFINITIONS ::= BEGIN\n a OBJECT IDENTIFIER ::= { { { 1 } } }\nEND\n", "is no MIB", "nested"),
    ],
)
def test_a_broken_file_is_named_and_the_others_are_read(tmp_path: Path, text: bytes, line: str, why: str) -> None:
    (tmp_path / "a.mib").write_bytes(text)
    (tmp_path / "b.mib").write_bytes((MIBS / "EXAMPLE-TC.txt").read_bytes())
    modules, faults = read_modules(find_files([tmp_path]))
    assert [module.name for module in modules] == ["EXAMPLE-TC"], why
    assert line in str(faults[0])
    assert str(faults[0]).isprintable()


def test_a_file_beyond_the_bounds_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MOST_BYTES", 100)
    assert "longer than" in str(read_modules([MIBS / "EXAMPLE-TC.txt"])[1][0])
    monkeypatch.setattr(source, "MOST_FILES", 1)
    with pytest.raises(ConfigError, match="more than 1 files"):
        find_files([MIBS])
    with pytest.raises(ConfigError, match="neither a file nor a folder"):
        find_files([tmp_path / "missing"])


def test_a_folder_gives_what_may_be_mibs_and_nothing_hidden(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    names = ("a.mib", "B-MIB", "c.TXT", "deep/d.my", ".hidden", "e.pdf", "f.py")
    for name in names:
        (tmp_path / name).write_text("-- a comment\nA-MIB DEFINITIONS ::= BEGIN END\n")
    (tmp_path / "LICENCE.txt").write_text("All rights reserved.\n")
    assert [str(file.relative_to(tmp_path)) for file in find_files([tmp_path])] == [
        "B-MIB",
        "a.mib",
        "c.TXT",
        "deep/d.my",
    ]


def write_profile(folder: Path, *symbols: str, mib: str = "EXAMPLE-MIB") -> Path:
    lines = "".join(f"      - {symbol}\n" for symbol in symbols)
    file = folder / "example.yaml"
    file.write_text(f"metrics:\n  - MIB: {mib}\n    symbols:\n{lines}")
    return file


@pytest.mark.parametrize(
    ("symbol", "said", "why"),
    [
        (f"{{OID: {ROOT}.1.1.1.0, name: exLoad}}", None, "a scalar with its instance"),
        (f"{{OID: {ROOT}.1.1.2.0, name: exLoad}}", f"exLoad is {ROOT}.1.1.1 in EXAMPLE-MIB, not {ROOT}.1.1.2",
         "wrong number"),
        (f"{{OID: {ROOT}.1.1.1.0, name: exLod}}", f"{ROOT}.1.1.1 is exLoad in EXAMPLE-MIB, not exLod", "wrong name"),
        (f"{{OID: {ROOT}.1.1.10.1.4, name: exFanState_info, label: exFanState, enum: info}}", None, "an ending"),
        (f"{{OID: {ROOT}.1.1.3.0, name: exSerialNumber, extracts: [{{match: x}}]}}", None, "a part of a text"),
        ("{OID: 1.3.6.1.4.1.88888.1.0, name: exLoad}", "", "a name that another maker has too"),
        (f"{{OID: {ROOT}.7.0, name: exNothing}}", "", "in no MIB that was given"),
    ],
)  # fmt: skip
def test_profiles_are_compared_with_mibs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], symbol: str, said: str | None, why: str
) -> None:
    file = write_profile(tmp_path, symbol)
    status = main(["agent", "mib", "check", str(MIBS), "--profiles", str(tmp_path)])
    found = capsys.readouterr()
    assert status == (1 if said else 0), why
    assert found.err == (f"{file}:4: {said}\n" if said else "")
    assert found.out.startswith(f"{0 if said or said == '' else 1} names agree, {1 if said else 0} do not\n")
    assert ("are in no MIB that was given: EXAMPLE-MIB 1" in found.out) == (said == "")


def test_the_shipped_profiles_agree_with_the_mibs_of_net_snmp(capsys: pytest.CaptureFixture[str]) -> None:
    if not (NET_SNMP / "UCD-SNMP-MIB.txt").exists():
        missing("net-snmp's MIBs are not installed; apt-get install libsnmp-base")
    assert main(["agent", "mib", "check", str(NET_SNMP)]) == 0
    agreed = int(capsys.readouterr().out.split()[0])
    assert agreed > 20


EXPECTED = f"""\
# Begun from EXAMPLE-MIB: cut it down to what somebody will look at, and say what is a sensor.
description: EXAMPLE-MIB
extends: [_standard.yaml]
sysobjectid: {ROOT}.*

metrics:
  - MIB: EXAMPLE-MIB
    symbols:
      - {{OID: {ROOT}.1.1.1.0, name: exLoad}}
      - {{OID: {ROOT}.1.1.2.0, name: exFlags, enum: bits, mapping: {{0: fan, 7: power}}}}
      - {{OID: {ROOT}.1.1.3.0, name: exSerial, format: text}}
      # exWhere: 1 inside, 2 outside
      - {{OID: {ROOT}.1.1.5.0, name: exWhere}}

  - MIB: EXAMPLE-MIB
    table: {{OID: {ROOT}.1.1.10, name: exFanTable}}
    symbols:
      # exFanState: 1 up, 2 down
      - {{OID: {ROOT}.1.1.10.1.4, name: exFanState}}
    metric_tags:
      - {{tag: exFanSlot, index: 1, format: string}}
      - {{tag: exFanNumber, index: 2}}
      - {{symbol: {{OID: {ROOT}.1.1.10.1.3, name: exFanName}}}}

  - MIB: EXAMPLE-MIB
    table: {{OID: {ROOT}.1.1.11, name: exFanXTable}}
    symbols:
      - {{OID: {ROOT}.1.1.11.1.1, name: exFanTurns, metric_type: counter}}
    metric_tags:
      - {{tag: exFanSlot, index: 1, format: string}}
      - {{tag: exFanNumber, index: 2}}

  - MIB: EXAMPLE-MIB
    table: {{OID: {ROOT}.1.1.12, name: exPeerTable}}
    symbols:
      - {{OID: {ROOT}.1.1.12.1.4, name: exPeerMac, format: mac}}
    metric_tags:
      - {{tag: exPeerAddress, index: 1, format: inet}}
      - {{tag: exPeerKey, index: 2, format: rest_hex}}

  # {ROOT}.1.1.13.1: its index cannot be told from the MIBs that were given
"""


def test_a_mib_begins_a_profile(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["agent", "mib", "profile", str(MIBS), "--module", "EXAMPLE-MIB"]) == 0
    assert capsys.readouterr().out == EXPECTED


async def test_the_profile_that_was_begun_reads_a_device(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], clock: ManualClock
) -> None:
    main(["agent", "mib", "profile", str(MIBS), "--module", "EXAMPLE-MIB"])
    (tmp_path / "example.yaml").write_text(capsys.readouterr().out)
    fan, peer = f"{ROOT}.1.1.10.1", f"{ROOT}.1.1.12.1"
    mib = {
        f"{ROOT}.1.1.1.0": ber.gauge32(42),
        f"{fan}.3.1.65.2": ber.octets(b"rear"),
        f"{fan}.4.1.65.2": ber.integer(1),
    }
    mib |= {f"{peer}.4.1.4.192.0.2.1.10.27": ber.octets(bytes(6))}
    with Device(switch_mib(1) | mib) as device:
        chooser = Chooser(Library([tmp_path, shipped_folder()]), "example")
        samples = await SnmpProbe(Target("127.0.0.1", device.port), clock, None, chooser).collect()
    found = {(one.name, one.labels): one.value for one in samples if one.name.startswith("ex")}
    assert found == {
        ("exLoad", ()): 42,
        ("exFanState", (("exFanName", "rear"), ("exFanNumber", "2"), ("exFanSlot", "A"))): 1,
        ("exPeerMac", (("exPeerAddress", "192.0.2.1"), ("exPeerKey", "0x0A1B"), ("exPeerMac", "00:00:00:00:00:00"))): 1,
    }


def test_what_cannot_be_used_is_said_and_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["agent", "mib", "profile", str(MIBS)]) == 2
    assert "--module: name one of EXAMPLE-MIB, EXAMPLE-TC" in capsys.readouterr().err
    assert main(["agent", "mib", "check", str(tmp_path)]) == 2
    assert "has no MIB files" in capsys.readouterr().err
    assert main(["agent", "mib", "check", str(MIBS), "--profiles", str(tmp_path)]) == 2
    assert "has no profiles" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "pysmi.parser", None)
    assert main(["agent", "mib", "check", str(MIBS)]) == 2
    assert "pip install 'forewatch[mibs]'" in capsys.readouterr().err
