"""docs/configuration.md against the sections that the loaders really read, and every YAML example in the documents."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
import pytest
import yaml
from msgspec.structs import fields

import agent.config
import collector.config
from agent.config import AgentConfig
from agent.config.host import HostConfig
from agent.config.probes import AnyProbe
from collector.config import CollectorConfig
from core import config as strict
from core.config import Duration, Secret, Section, Share, Size
from core.units import parse_duration, parse_size
from desk.channels.config import EmailConfig, WebhookConfig
from tests.docs.documents import DOCS, ROOT, Row, blocks, codes, prose, rows

FILE = DOCS / "configuration.md"
AGENTS = ("agent.yaml", "probes")  # headings of tables about the agent's file
SPELLED = {
    str: "text", int: "whole number", bool: "true or false", Path: "path",
    Duration: "duration", Size: "size", Share: "percentage",
    Secret: "secret",
}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """A key of a configuration file, its type, and its default; `required` when it has none."""

    key: str
    type: Any
    default: Any
    required: bool


def settings(shape: type[Section], prefix: str = "") -> Iterator[Setting]:
    """Every key below a section that holds a value of its own."""
    for field in msgspec.structs.fields(shape):
        yield from _settings(field.type, prefix + field.encode_name, field)


def _settings(shape: Any, key: str, field: msgspec.structs.FieldInfo) -> Iterator[Setting]:
    shape = _without_none(shape)
    if isinstance(shape, type) and issubclass(shape, Section):
        yield from settings(shape, f"{key}.")
    elif get_origin(shape) in (Union, types.UnionType):
        for member in get_args(shape):
            yield from _settings(member, key, field)
    elif get_origin(shape) in (list, tuple) and _holds_sections(get_args(shape)[0]):
        yield from _settings(get_args(shape)[0], f"{key}[]", field)
    elif get_origin(shape) is dict:
        yield from _settings(get_args(shape)[1], f"{key}.NAME", field)
    else:
        inside = key.endswith(".NAME")  # the mapping's default is no default of what it holds
        yield Setting(key, shape, None if inside else _default(field), field.required and not inside)


def _without_none(shape: Any) -> Any:
    members = [member for member in get_args(shape) if member is not type(None)]
    return members[0] if get_origin(shape) in (Union, types.UnionType) and len(members) == 1 else shape


def _holds_sections(shape: Any) -> bool:
    return any(isinstance(member, type) and issubclass(member, Section) for member in (shape, *get_args(shape)))


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default if field.default is not msgspec.NODEFAULT else None


def spell(shape: Any) -> str:
    """The type as the document writes it."""
    if get_origin(shape) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(shape))
    if get_origin(shape) in (list, tuple):
        return f"list of {spell(get_args(shape)[0])}"
    return SPELLED[shape]


def test_durations_and_sizes_are_spelled_as_they_are_read() -> None:
    for word, parse in (("Durations", parse_duration), ("Sizes", parse_size)):
        [line] = re.findall(rf"^- \*\*{word}\*\* need a unit: (.*)$", prose(FILE), re.MULTILINE)
        values = [code for code in codes(line) if code[0].isdigit()]
        assert len(values) > 3
        assert all(parse(value) > 0 for value in values)


REAL = {
    (file, setting.key): setting
    for file, shape in (("agent.yaml", AgentConfig), ("collector.yaml", CollectorConfig))
    for setting in settings(shape)
}


def test_the_walk_finds_nested_sections_lists_mappings_and_every_type_of_channel() -> None:
    expected = {
        ("agent.yaml", "snmp.targets[].address"), ("agent.yaml", "snmp.credentials.NAME.community"),
        ("collector.yaml", "tls.cert"), ("collector.yaml", "channels[].url"), ("collector.yaml", "channels[].smtp"),
    }  # fmt: skip
    assert expected <= REAL.keys()


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    part_of = dict.fromkeys(AGENTS, "agent.yaml")  # all other tables are about the collector
    shown = {
        (part_of.get(row.heading, "collector.yaml"), codes(row.cells["key"])[0])
        for row in rows(FILE)
        if "key" in row.cells
    }
    assert shown == REAL.keys()


@pytest.mark.parametrize("setting", REAL.values(), ids=[" ".join(key) for key in REAL])
def test_type_and_default_are_the_real_ones(setting: Setting) -> None:
    key = setting.key
    # `type` of channels and probes is a Literal in each of them; together they are the choices.
    choices = CHOICES.get(key, setting.type)
    cells = _documented_in(setting).cells
    assert cells["type"] == spell(choices)
    stated = cells["default"]
    if setting.required:
        assert stated == "*required*"
    elif setting.default is None:
        assert stated == "none"
    else:
        assert _read(codes(stated)[0], setting.type) == setting.default
    assert cells["meaning"]


PROBES = [get_args(field.type) for shape in get_args(AnyProbe) for field in fields(shape) if field.name == "type"]
CHOICES = {
    "channels[].type": Literal["webhook", "email"],
    "probes[].type": Literal[tuple(name for names in PROBES for name in names)],
}


def _documented_in(setting: Setting) -> Row:
    """Keys that both files have (`data_dir`) stand in the table of their own file."""
    both = [row for row in rows(FILE) if codes(row.cells.get("key", "")) == [setting.key]]
    agents = setting in [real for (file, _), real in REAL.items() if file == "agent.yaml"]
    return next(row for row in both if (row.heading in AGENTS) is agents)


def _read(text: str, shape: Any) -> Any:
    """A value as the configuration's reader takes it."""
    return strict.loads(f"value: {text}", dict[str, shape], file="the document")["value"]  # type: ignore[valid-type]


@pytest.mark.parametrize(("heading", "shape"), [("type: webhook", WebhookConfig), ("type: email", EmailConfig)])
def test_the_table_of_a_channel_s_type_holds_what_only_that_type_has(heading: str, shape: type[Section]) -> None:
    other = EmailConfig if shape is WebhookConfig else WebhookConfig
    own = {setting.key for setting in settings(shape)} - {setting.key for setting in settings(other)}
    shown = {codes(row.cells["key"])[0] for row in rows(FILE) if row.heading == heading}
    assert shown == {f"channels[].{key}" for key in own}


# The shipped examples


def test_the_shipped_agent_yaml_says_the_defaults() -> None:
    file = ROOT / "configs/agent/agent.yaml"
    loaded = agent.config.load(file)
    assert loaded == AgentConfig(collector=loaded.collector, data_dir=loaded.data_dir)
    assert loaded.collector == type(loaded.collector)(url=loaded.collector.url, token_file=loaded.collector.token_file)
    assert not missing(file, AgentConfig)


def test_what_the_shipped_agent_yaml_shows_in_comments_is_read_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = uncommented((ROOT / "configs/agent/agent.yaml").read_text(encoding="utf-8"))
    for name in re.findall(r"\$\{(\w+)\}", text):
        monkeypatch.setenv(name, "a-secret")
    (tmp_path / "agent.yaml").write_text(text, encoding="utf-8")
    loaded = agent.config.load(tmp_path / "agent.yaml")
    host = loaded.host
    for shown in (host.collectors, host.processes, host.logs, host.journal, loaded.snmp.targets, loaded.probes):
        assert shown
    assert loaded.discovery.networks


def uncommented(text: str) -> str:
    """The file with each example that stands below an empty list or mapping in its place."""
    lines: list[str] = []
    within = False
    for line in text.splitlines():
        example = re.fullmatch(r"(\s*)# (  .*)", line)
        if within and example is not None:
            lines[-1] = re.sub(r" (\[\]|\{\})$", "", lines[-1])
            lines.append(example[1] + example[2])
            continue
        within = re.fullmatch(r"\s*\w+: (\[\]|\{\})", line) is not None
        lines.append(line)
    return "\n".join(lines) + "\n"


def test_the_document_has_an_example_of_every_type_of_probe_and_section_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "a-secret")
    shown_types: set[str] = set()
    shown_sections: set[str] = set()
    for number, block in enumerate(blocks(FILE, "yaml")):
        given = yaml.safe_load(block.text)
        if "probes" in given or "host" in given:
            file = tmp_path / f"{number}.yaml"
            file.write_text(block.text, encoding="utf-8")
            shown_types |= {probe.type for probe in agent.config.load(file).probes}
            shown_sections |= given.get("host", {}).keys()
    assert shown_types == {name for names in PROBES for name in names}
    plain = {"enabled", "interval", "root", "collectors"}
    assert shown_sections == {field.encode_name for field in fields(HostConfig)} - plain


def test_the_shipped_collector_yaml_says_the_defaults() -> None:
    file = ROOT / "configs/collector/collector.yaml"
    loaded = collector.config.load(file)
    assert loaded == CollectorConfig(data_dir=loaded.data_dir)
    assert not missing(file, CollectorConfig)


def missing(file: Path, shape: type[Section]) -> set[str]:
    """Settings that an example does not mention; what a channel may have beyond the least is in the document."""
    text = file.read_text(encoding="utf-8")
    last = {re.split(r"[.\[\]]+", setting.key)[-1] for setting in settings(shape) if "channels" not in setting.key}
    return {name for name in last - {"NAME", "token"} if not re.search(rf"\b{name}:", text)}
