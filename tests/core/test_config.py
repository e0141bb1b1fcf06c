"""What the strict configuration reader accepts, and what it says about the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from core.config import Duration, Secret, Section, Share, Size, convert, load, loads
from core.errors import ConfigError


class Target(Section):
    name: str
    interval: Duration = Duration(15)
    community: Secret | None = None


class Plain(Section):
    mode: Literal["fast", "slow"] = "fast"
    limit: Size = Size(10)
    enabled: bool = True
    count: int = 1
    ratio: float = 0.5
    folder: Path = Path("data")
    targets: list[Target] = []
    credentials: dict[str, Target] = {}


def read(text: str, **environ: str) -> Plain:
    return loads(text, Plain, file="a.yaml", folder=Path("/etc/forewatch"), environ=environ)


def test_every_kind_of_value_is_read_from_the_form_people_write() -> None:
    config = read(
        "mode: slow\nlimit: 64MiB\nenabled: false\ncount: 3\nratio: 2\nfolder: spool\n"
        "targets: [{name: core-1, interval: 1m30s}]\ncredentials: {lab: {name: x}}\n"
    )
    assert config == Plain(
        mode="slow", limit=Size(64 * 2**20), enabled=False, count=3, ratio=2.0, folder=Path("/etc/forewatch/spool"),
        targets=[Target(name="core-1", interval=Duration(90))], credentials={"lab": Target(name="x")},
    )  # fmt: skip


def test_an_empty_file_means_all_defaults() -> None:
    assert read("") == Plain(folder=Path("data"))


@pytest.mark.parametrize(
    ("text", "fault", "reason"),
    [
        ("color: red", "a.yaml:1: color: unknown key; known here: count, credentials, enabled", "an unknown key"),
        ("count: 1\ncount: 2", "a.yaml:2: count: duplicate key; first given in line 1", "PyYAML would keep the last"),
        ("enabled: yes", "a.yaml:1: enabled: must be true or false, not 'yes'", "yes is text in YAML 1.2"),
        ("targets:\n  - {name: a}\n  - {nam: b}", "a.yaml:3: targets[1].nam: unknown key", "the index is in the path"),
        ("targets:\n  - interval: 5s", "a.yaml:2: targets[0].name: is required", "a missing key"),
        ("targets: {name: a}", "a.yaml:1: targets: must be a list", "a mapping for a list"),
        ("targets: [{name: a, interval: 15}]", "targets[0].interval: '15' is no duration", "a number has no unit"),
        ("limit: 64", "a.yaml:1: limit: '64' is no size", "neither has a size"),
        ("mode: quick", "a.yaml:1: mode: must be one of fast, slow, not 'quick'", "a choice"),
        ("count: 22:00", "a.yaml:1: count: must be a whole number, not '22:00'", "PyYAML reads 1320"),
        ("credentials: {lab: {name: [1]}}", "credentials.lab.name: must be text", "a list for text"),
        ("a: [1", "a.yaml:1: is no YAML", "broken syntax"),
        ("- 1", "a.yaml:1: must be a mapping of keys to values", "the document is a list"),
        ("? [a]\n: 1", "a.yaml:1: a key must be plain text", "a complex key"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key_path(text: str, fault: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert fault in str(caught.value), reason


def test_all_faults_of_a_file_are_reported_at_once_in_order() -> None:
    with pytest.raises(ConfigError) as caught:
        read("count: x\nmode: y\nlimit: z")
    assert [fault.line for fault in caught.value.faults] == [1, 2, 3]


def test_numbers_and_booleans_are_good_text_where_text_is_wanted() -> None:
    assert read("targets: [{name: 22:00}, {name: 007}, {name: true}]").targets == [
        Target(name="22:00"), Target(name="007"), Target(name="true"),
    ]  # fmt: skip


def test_a_secret_comes_from_the_environment_or_a_file_and_never_shows(tmp_path: Path) -> None:
    (tmp_path / "community").write_text("s3cret\n")
    (tmp_path / "a.yaml").write_text(
        'targets:\n  - {name: a, community: "${SNMP}"}\n  - {name: b, community_file: community}\n'
    )
    config = load(tmp_path / "a.yaml", Plain, environ={"SNMP": "from-env"})
    assert [target.community for target in config.targets] == ["from-env", "s3cret"]
    assert "s3cret" not in repr(config)
    assert "from-env" not in repr(config)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('targets: [{name: a, community: "${NOPE}"}]', "environment variable NOPE is not set"),
        ("targets: [{name: a, community_file: none}]", "/etc/forewatch/none cannot be read: No such file or directory"),
    ],
)
def test_a_secret_that_is_not_there_is_a_fault(text: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        read(text)


def test_a_missing_or_binary_file_is_a_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load(tmp_path / "none.yaml", Plain)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(tmp_path / "binary.yaml", Plain)


class Remote(Section):
    name: str
    interval: Duration = Duration(15)
    share: Share = Share(0.5)
    enabled: bool = True
    count: int | None = None
    password: Secret | None = None
    file: Path | None = None
    targets: list[Target] = []


def test_a_document_from_elsewhere_is_read_as_strictly_as_a_file() -> None:
    document = {
        "name": "x", "interval": "1m", "share": "12.5%", "enabled": False, "count": None,
        "targets": [{"name": "core-1", "interval": "5s"}],
    }  # fmt: skip
    assert convert(document, Remote, name="far") == Remote(
        name="x", interval=Duration(60), share=Share(0.125), enabled=False,
        targets=[Target(name="core-1", interval=Duration(5))],
    )  # fmt: skip


def test_a_document_from_elsewhere_reaches_nothing_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret")
    read = convert({"name": "x", "password": "${HOME} and ${NOT_SET}"}, Remote, name="far")
    assert str(read.password) == "${HOME} and ${NOT_SET}"
    for document in ({"file": "/etc/shadow"}, {"password_file": str(tmp_path / "secret")}):
        with pytest.raises(ConfigError, match="this machine") as caught:
            convert({"name": "x"} | document, Remote, name="far")
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({}, "name: is required"),
        ({"name": "x", "more": 1}, "more: unknown key"),
        ({"name": "x", "interval": 60}, "interval: '60' is no duration"),
        ({"name": "x", "enabled": "true"}, "enabled: must be true or false"),
        ({"name": "x", "enabled": 1}, "enabled: must be true or false"),
        ({"name": "x", "count": "1"}, "count: must be a whole number"),
        ({"name": "x", "targets": {}}, "targets: must be a list"),
        ({"name": "x", "targets": [{"name": "y", "z": 1}]}, "targets[0].z: unknown key"),
        ([], "must be a mapping"),
        ("x", "must be a mapping"),
        (None, "must be a mapping"),
    ],
)
def test_what_is_wrong_in_a_document_from_elsewhere_is_named(document: object, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        convert(document, Remote, name="far")
    assert fault in str(caught.value)
