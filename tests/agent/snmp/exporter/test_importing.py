"""`forewatch agent import-snmp`: what it writes, what it says, how it ends."""

from __future__ import annotations

import json
import re
import resource
from pathlib import Path
from typing import Any

import pytest

from agent.snmp.profiles.library import Library, shipped
from forewatch.cli import main

UP_TIME = "{name: sysUpTime, oid: 1.3.6.1.2.1.1.3, type: gauge}"
SPEED = "{name: exSpeed, oid: 1.3.6.1.4.1.99999.1.1, type: gauge}"
INDEX = "indexes: [{labelname: ifIndex, type: gauge}]"
BROKEN = "lookups: [{labels: [ifIndex], labelname: n, oid: 1.3.x, type: InetAddress}]"
LOOKUP = "lookups: [{{labels: [{}], labelname: n, oid: 1.3, type: {}}}]"


class Command:
    """The command, run on a file that a test writes."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.file = folder / "snmp.yml"
        self.out = folder / "profiles"
        self._capsys = capsys
        self.said = self.complained = ""

    def run(self, text: str, *options: str) -> int:
        self.file.write_text(text)
        status = main(["agent", "import-snmp", str(self.file), "--out", str(self.out), *options])
        self.said, self.complained = self._capsys.readouterr()
        return status

    def left(self, metric: str, *more: str, walk: str = "1.3.6.1") -> list[tuple[str | None, str]]:
        """What is left out of a module with this metric."""
        module = f"m:\n  walk: [{walk}]\n  metrics:\n  - {SPEED}\n  - {metric}\n" + "".join(
            f"  {one}\n" for one in more
        )
        status = self.run(module, "--format", "json")
        (found,) = json.loads(self.said)["modules"]
        assert status == (1 if found["left"] else 0)
        return [(one["metric"], one["reason"]) for one in found["left"]]


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, capsys)


def modules(*names: str, metric: str = SPEED) -> str:
    return "".join(f"{name}: {{walk: [1.3.6.1], metrics: [{metric}]}}\n" for name in names)


def test_each_module_becomes_a_profile_of_its_name(command: Command) -> None:
    assert command.run(modules("one", "two", "three"), "--module", "one", "--module", "three") == 0
    assert sorted(file.name for file in command.out.iterdir()) == ["one.yaml", "three.yaml"]
    assert command.said == "".join(f"{command.out / name}.yaml: 1 metrics\n" for name in ("one", "three"))
    library = Library([command.out])
    assert library.match("1.3.6.1.4.1.9.1.1", "anything") is None, "a device gets it when the configuration says so"
    assert [column.family.name for table in library.plan("one").tables for column in table.columns] == ["exSpeed"]


def test_what_was_not_carried_over_is_named_with_its_line_and_ends_with_1(command: Command) -> None:
    text = f"m:\n  walk: [1.3]\n  metrics:\n  - {SPEED}\n  - {{name: exOdd, oid: 1.3.6, type: Odd}}\n"
    assert command.run(text) == 1
    assert command.complained == f"{command.file}:5: m: exOdd: a profile has no type Odd\n"
    assert (command.out / "m.yaml").exists()


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("{name: a, oid: 1.3.6.1.9, type: ParseDateAndTime, datetime_pattern: '%d'}", "no type ParseDateAndTime"),
        ("{name: a, oid: 1.3.6.1.9, type: gauge, display_hint: 1x}", "display_hint"),
        ("{name: a b, oid: 1.3.6.1.9, type: gauge}", "no metric name"),
        ("{name: a, oid: ifDescr, type: gauge}", "no object identifier"),
        ("{name: a, oid: 1.3.6.1.9.1, type: gauge, indexes: [{labelname: __x, type: gauge}]}", "no label name"),
        ("{name: a, oid: 1.3.6.1.9.1, type: gauge, indexes: [{labelname: x, type: Opaque}]}", "the index x"),
        (f"{{name: a, oid: 1.3.6.1.9.1, type: gauge, {INDEX}, {LOOKUP.format('ifIndex', 'Opaque')}}}",
         "the label n is of the type Opaque"),
        (f"{{name: a, oid: 1.3.6.1.9.1, type: gauge, {INDEX}, {LOOKUP.format('other', 'gauge')}}}",
         "'other' is no label before this one"),
        (f"{{name: a, oid: 1.3.6.1.9.1, type: gauge, {INDEX}, {BROKEN}}}", "'1.3.x' is no object identifier"),
        ("{name: a, oid: 1.3.6.1.9.0, type: gauge, indexes: [{labelname: i, type: DisplayString, fixed_size: -5}]}",
         "must be from 1 to 128"),
        ("{name: a, oid: 1.3.6.1.9, type: EnumAsInfo, enum_values: {99999999999999999999: x}}", "whole numbers"),
        ("{name: a, oid: 1.3.6.1.9, type: Bits, enum_values: {-1: x}}", "bits are numbered from 0"),
        ("{name: a, oid: 1.3.6.1.0, type: InetAddress}", "no object identifier"),
        ("{name: a, oid: 1.3.6.1.9, type: gauge, lookups: [{labels: [i], labelname: n, oid: 1.3, type: gauge}]}",
         "no index to look up by"),
        ("{name: a, oid: 1.3.6.1.9, type: DisplayString, regex_extracts: {x: [{regex: '('}]}}", "no RE2"),
        ("{name: a, oid: 1.3.6.1.9, type: DisplayString, regex_extracts: {x: []}}", "makes a number of anything"),
        ("{name: a, oid: 1.3.6.1.9, type: DisplayString, regex_extracts: {x: [{regex: ., value: $$}]}}", "a number"),
        ("{name: a, oid: 1.3.6.1.9, type: InetAddress, regex_extracts: {x: [{regex: '.*'}]}}", "regex_extracts of a"),
        ("{name: sysUpTime, oid: 1.3.6.1.2.1.1.3, type: gauge, scale: 0.01}", "the agent reads a series of this name"),
        ("{name: ifMtu, oid: 1.3.6.1.4.1.99999.7, type: gauge}", "the agent reads a series of this name"),
    ],
)  # fmt: skip
def test_what_a_profile_cannot_say_is_said_with_the_reason(command: Command, metric: str, said: str) -> None:
    ((name, reason),) = command.left(metric)
    assert name == metric.partition("name: ")[2].partition(",")[0]
    assert said in reason


def test_filters_are_not_carried_over(command: Command) -> None:
    assert command.left(UP_TIME, "filters: [{oid: 1.3, values: [x]}]") == [
        (None, "filters: all rows of the tables are read")
    ]


def test_what_the_agent_reads_anyway_is_counted_and_not_read_twice(command: Command) -> None:
    assert command.run(modules("m", metric=UP_TIME)) == 0
    assert command.said == f"{command.out / 'm.yaml'}: 0 metrics; 1 more the agent reads of every device\n"


def test_what_to_know_is_noted_without_an_error(command: Command) -> None:
    octets = f"{{name: ifHCInOctets, oid: 1.3.6.1.2.1.31.1.1.1.6, type: counter, {INDEX}}}"
    part = f"{{name: exPart, oid: 1.3.6.1.4.1.99999.2.1.1, type: gauge, {INDEX}}}"
    away = "{name: exAway, oid: 1.3.6.1.4.1.7, type: gauge}"
    walk = "1.3.6.1.2.1.31, 1.3.6.1.4.1.99999.1, 1.3.6.1.4.1.99999.2.1.1.7"
    metrics = f"metrics: [{SPEED}, {octets}, {part}, {away}]"
    assert command.run(f"m: {{walk: [{walk}], {metrics}, timeout: 5s, retries: 2}}\n") == 0
    assert [line.strip() for line in command.said.splitlines()] == [
        f"{command.out / 'm.yaml'}: 2 metrics; 1 more the agent reads of every device",
        "ifHCInOctets: as of every device it has the labels ifAlias, ifDescr, ifIndex, ifName",
        "exAway: neither walk nor get reads it, so snmp_exporter has no such series either",
        "it asks for single rows of tables; the profile reads all rows",
        "timeout, retries: the agent has its own, snmp.timeout and snmp.retries",
    ]


def test_many_notes_are_counted(command: Command) -> None:
    away = ", ".join(f"{{name: exAway{number}, oid: 1.4.{number}, type: gauge}}" for number in range(30))
    command.run(f"m: {{walk: [1.3], metrics: [{SPEED}, {away}]}}\n")
    assert command.said.splitlines()[-1] == "  and 20 more of this kind; --format json has all"


def test_secrets_are_neither_written_nor_shown(command: Command) -> None:
    auths = """
auths:
  old: {version: 1, community: s3cret}
  "ops team": {version: 3, username: ops, security_level: authPriv, auth_protocol: SHA256, password: s3cret,
               priv_protocol: AES256C, priv_password: s3cret, context_name: vlan-1}
"""
    indented = modules("m").replace("m:", "  m:")
    assert command.run(f"{auths}modules:\n{indented}") == 0
    written = "".join(file.read_text() for file in command.out.iterdir())
    assert "s3cret" not in written + command.said + command.complained
    assert "old: {version: '1', community_file: old.community}" in command.said
    assert (
        "ops team: {version: '3', username: ops, auth: sha256, auth_password_file: ops-team.auth-password, "
        "priv: aes256-cisco, priv_password_file: ops-team.priv-password, context_name: vlan-1}"
    ) in command.said


def test_credentials_of_names_that_look_alike_have_files_of_their_own(command: Command) -> None:
    names = ["site_a", "site-a", "Site.A", "site_a.2"]
    auths = "".join(f"  {name}: {{community: s3cret}}\n" for name in names)
    indented = modules("m").replace("m:", "  m:")
    assert command.run(f"auths:\n{auths}modules:\n{indented}") == 0
    files = re.findall(r"community_file: (\S+)\.community", command.said)
    assert files == ["site-a", "site-a.2", "Site-A.3", "site-a-2"]


def test_credentials_as_shown_are_what_the_agent_takes(command: Command, tmp_path: Path) -> None:
    flat = "m: {walk: [1.3.6.1], metrics: [%s], version: 3, auth: {username: ops, security_level: authNoPriv}}\n"
    assert command.run(flat % SPEED) == 0
    section = command.said.partition("each secret into its file:\n")[2]
    (tmp_path / "m.auth-password").write_text("long enough\n")
    config = tmp_path / "agent.yaml"
    profiles = section.replace("snmp:\n", f"snmp:\n  profiles: {command.out}\n")
    target = "  targets: [{name: a, address: 127.0.0.1, credential: m, profile: m}]\n"
    config.write_text(f"collector: {{url: 'http://127.0.0.1:1'}}\ndata_dir: data\n{profiles}{target}")
    assert main(["agent", "check", "--config", str(config)]) == 0


@pytest.mark.parametrize("name", ["../evil", "a/b", ".hidden", "a b", "x" * 101, "-x", '"a\\nb"', shipped().names[0]])
def test_a_module_whose_name_is_no_file_of_its_own_is_refused(command: Command, name: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert command.run(modules(name)) == 1
    assert "give the module another" in command.complained
    assert command.complained.count("\n") == 1, "a name does not break out of its line"
    assert sorted(tmp_path.rglob("*.yaml")) == [file for file in before if file.suffix == ".yaml"]


def test_a_profile_that_somebody_wrote_is_kept_and_one_of_an_import_is_made_anew(command: Command) -> None:
    assert command.run(modules("m")) == 0
    assert command.run(modules("m", metric=SPEED.replace("exSpeed", "exOther"))) == 0
    assert "exOther" in (command.out / "m.yaml").read_text()
    (command.out / "m.yaml").write_text("# mine\n")
    assert command.run(modules("m")) == 1
    assert "was not made by an import; it is kept" in command.complained
    assert (command.out / "m.yaml").read_text() == "# mine\n"
    assert [file.name for file in command.out.iterdir()] == ["m.yaml"], "nothing half-written stays behind"


def test_an_unknown_module_and_a_folder_that_is_none_end_with_2(command: Command) -> None:
    assert command.run(modules("m"), "--module", "other") == 2
    assert "has no module 'other'; it has m" in command.complained
    command.out.write_text("a file")
    assert command.run(modules("m")) == 2
    assert "cannot be written" in command.complained
    command.out = command.out.with_name("x" * 300)
    assert command.run(modules("m")) == 2
    assert "cannot be written: File name too long" in command.complained


def test_a_disk_that_is_full_has_nothing_left_behind(command: Command) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    text = modules("m")
    command.file.write_text(text)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(text), limits[1]))
    try:
        status = command.run(text)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert status == 2
    assert "cannot be written: File too large" in command.complained
    assert list(command.out.iterdir()) == []


def test_a_name_that_a_terminal_would_obey_is_spelled(command: Command) -> None:
    assert command.run('"m\\e[31m": {walk: [1.3]}\n', "--module", "other") == 2
    assert r"it has 'm\x1b[31m'" in command.complained


def test_a_module_of_nothing_is_no_profile(command: Command) -> None:
    assert command.run("m: {walk: [1.3]}\n") == 1
    assert "there is nothing in it to read" in command.complained


def test_json_has_everything_and_no_secret(command: Command) -> None:
    text = "m: {walk: [1.3.6.1], metrics: [%s], version: 2, auth: {community: s3cret}}\n" % SPEED  # noqa: UP031
    assert command.run(text, "--format", "json") == 0
    found: dict[str, Any] = json.loads(command.said)
    assert found == {
        "modules": [
            {"module": "m", "file": str(command.out / "m.yaml"), "metrics": 1, "own": 0, "left": [], "notes": []}
        ],
        "auths": ["m"],
    }
