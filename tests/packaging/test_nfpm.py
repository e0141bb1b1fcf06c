"""What is in the packages, with which modes, and what they ask of a host."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agent import config as agent_config
from tests.packaging.conftest import SOURCE


def test_every_file_of_the_package_is_there(nfpm: dict[str, Any]) -> None:
    sources = [entry["src"] for entry in nfpm["contents"] if "src" in entry] + list(nfpm["scripts"].values())
    assert [source for source in sources if not Path(source).exists()] == []


@pytest.mark.parametrize(
    ("file", "mode"),
    [
        pytest.param("/opt/forewatch-agent/prepare", 0o755, id="is run"),
        pytest.param("/usr/bin/forewatch-agent", 0o755, id="is run"),
        pytest.param("/usr/sbin/forewatch-agent-enrol", 0o755, id="is run"),
        pytest.param("/usr/lib/systemd/system/forewatch-agent.service", 0o644, id="is public"),
        pytest.param("/etc/forewatch-agent", 0o750, id="holds secrets"),
        pytest.param("/etc/forewatch-agent/agent.yaml", 0o640, id="holds SNMP communities"),
    ],
)
def test_files_have_the_mode_of_their_purpose(nfpm: dict[str, Any], file: str, mode: int) -> None:
    entry = next(entry for entry in nfpm["contents"] if entry["dst"] == file)
    assert entry["file_info"]["mode"] == mode


def test_an_edited_configuration_outlives_an_upgrade(nfpm: dict[str, Any]) -> None:
    kinds = {entry["dst"]: entry.get("type") for entry in nfpm["contents"]}
    assert kinds["/etc/forewatch-agent/agent.yaml"] == "config|noreplace"


def test_the_configuration_of_the_package_is_valid_and_keeps_everything_in_its_state_directory() -> None:
    config = agent_config.load(SOURCE / "packaging" / "agent" / "agent.yaml")
    state = Path("/var/lib/forewatch-agent")
    assert (config.data_dir, config.collector.token_file) == (state, state / "agent.token")


def test_the_oldest_python_of_the_dependencies_is_that_of_the_project(build: ModuleType, nfpm: dict[str, Any]) -> None:
    assert build.PYTHONS[0] == "3.11"
    assert "python3 (>= 3.11)" in nfpm["overrides"]["deb"]["depends"]
    assert any("python3 >= 3.11" in need for need in nfpm["overrides"]["rpm"]["depends"])


def test_a_changed_wheel_is_another_release(build: ModuleType, stage: Path) -> None:
    before = (stage / "release").read_text()
    build.write_stage(stage)
    assert (stage / "release").read_text() == before
    (stage / "wheels" / "one-1.0-py3-none-any.whl").write_bytes(b"another wheel")
    build.write_stage(stage)
    assert (stage / "release").read_text() != before


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        pytest.param("cp312-cp312-manylinux_2_28_aarch64", True, id="its own"),
        pytest.param("cp311-abi3-manylinux2014_aarch64", True, id="the stable interface of an older Python"),
        pytest.param("py3-none-any", True, id="pure Python"),
        pytest.param("cp312-cp312-manylinux_2_34_aarch64", False, id="needs a C library that RHEL 8 has not"),
        pytest.param("cp312-cp312-manylinux_2_28_x86_64", False, id="another architecture"),
        pytest.param("cp313-cp313-manylinux_2_28_aarch64", False, id="another Python"),
    ],
)
def test_the_single_file_takes_the_wheels_that_fit(build: ModuleType, tag: str, fits: bool) -> None:
    assert (tag in build.complete_platform("aarch64", "3.12")["compatible_tags"]) is fits
