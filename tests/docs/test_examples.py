"""Every YAML example in the documents, read by what it is written for."""

from __future__ import annotations

import re
import subprocess
import textwrap
from pathlib import Path

import msgspec
import pytest
import yaml

import agent.config
import cmdb.exchange
import collector.config
from agent.config import AgentConfig
from agent.snmp.profiles.schema import Profile
from agent.traps.catalogue import CatalogueFile
from collector.config import CollectorConfig
from core.config import Section, load
from rules.files import load_rule_files
from tests.docs.documents import Block, blocks, documents
from tests.servers.require import require_program

EXAMPLES = [block for file in documents() for block in blocks(file, "yaml")]


@pytest.mark.parametrize("block", EXAMPLES, ids=[block.place for block in EXAMPLES])
def test_a_yaml_example_is_read_by_the_loader_it_is_for(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in re.findall(r"\$\{(\w+)\}", block.text):
        monkeypatch.setenv(name, "a-secret")
    for name in re.findall(r"(?:community|password|token)_file: ([\w.]+)", block.text):
        (tmp_path / name).write_text("a-secret\n")
    file = tmp_path / "example.yaml"
    text = completed(block.text)
    file.write_text(text, encoding="utf-8")
    keys = yaml.safe_load(text).keys()
    if keys <= {"alerting", "remote_write", "scrape_configs"}:
        check_with_promtool(file)
    elif "sysobjectid" in keys:
        profile = load(file, Profile)
        assert profile.metrics or profile.extends
    elif keys == {"traps", "objects"}:
        assert load(file, CatalogueFile).traps
    elif keys == {"groups"}:
        load_rule_files([file])
    elif keys <= {"items", "relations"}:
        assert cmdb.exchange.read(file)
    elif keys <= names(AgentConfig):
        agent.config.load(file)
    else:
        assert keys <= names(CollectorConfig), f"{block.place}: which file is this of?"
        collector.config.load(file)


def check_with_promtool(file: Path) -> None:
    promtool = require_program("promtool", "prometheus")
    for name in re.findall(r"credentials_file: ([\w.]+)", file.read_text(encoding="utf-8")):
        (file.parent / name).write_text("a-secret\n")
    done = subprocess.run([promtool, "check", "config", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def names(shape: type[Section]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(shape)}


def completed(text: str) -> str:
    """An excerpt with what its file needs besides; a whole file stays as it is."""
    given = yaml.safe_load(text)
    if isinstance(given, list):  # rules of a group
        return "groups:\n- name: excerpt\n  rules:\n" + textwrap.indent(text, "  ")
    if given.keys() <= names(AgentConfig) and "snmp" in given and "collector" not in given:
        return text + "\ncollector: {url: http://127.0.0.1:9470}\ndata_dir: data\n"
    if given.keys() == {"channels"}:
        return text + "\ndata_dir: data\n"
    return text
