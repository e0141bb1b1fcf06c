"""The build script as a module, and a root folder with the files of the package."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.e2e.processes import Site
from tests.packaging.machine import SUITE, Machine, booted, install_debian

SOURCE = Path(__file__).resolve().parent.parent.parent
# `make packages-test` names the folder of the built packages.
FOLDER = os.environ.get("FOREWATCH_PACKAGES", "")
NEEDS_PACKAGES = [
    pytest.mark.skipif(not FOLDER, reason="for `make packages-test`"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a root folder of its own takes root"),
]

_DROP_IN = re.compile(r"^```ini\n(# (.+?)[:.](?:.|\n)+?)```$", re.MULTILINE)


def drop_ins() -> dict[str, str]:
    """What docs/deployment.md adds to the agent's unit, by the first words of its comment."""
    text = (SOURCE / "docs" / "deployment.md").read_text()
    return {found[2].partition(":")[0]: found[1] for found in _DROP_IN.finditer(text)}


RULES = """
groups:
  - {name: none, rules: [{alert: Never, expr: vector(0) > 1}]}
"""


@pytest.fixture(scope="session")
def build() -> ModuleType:
    """`packaging/build.py`, which lies in no package: that name is a library's."""
    spec = importlib.util.spec_from_file_location("forewatch_build", SOURCE / "packaging" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def stage(tmp_path: Path, build: ModuleType) -> Path:
    """What becomes /opt/forewatch-agent, with one wheel that is none."""
    wheels = tmp_path / "stage" / "wheels"
    wheels.mkdir(parents=True)
    (wheels / "one-1.0-py3-none-any.whl").write_bytes(b"a wheel")
    build.write_stage(wheels.parent)
    return wheels.parent


@pytest.fixture
def nfpm(build: ModuleType, stage: Path) -> dict[str, Any]:
    """The configuration as nfpm reads it."""
    config: dict[str, Any] = yaml.safe_load(build.render(build.nfpm_values(stage, "amd64")))
    return config


@pytest.fixture
def unpacked(tmp_path: Path, nfpm: dict[str, Any]) -> Path:
    """A root folder as a package manager leaves it before it calls the scripts, on a host with little else."""
    root = tmp_path / "root"
    for folder in ("etc", "opt", "usr/bin", "var/lib"):
        (root / folder).mkdir(parents=True)
    unpack(nfpm, root)
    return root


def unpack(nfpm: dict[str, Any], root: Path) -> None:
    for entry in nfpm["contents"]:
        target = root / entry["dst"].lstrip("/")
        if entry.get("type") == "dir":
            target.mkdir(parents=True)
        elif entry.get("type") == "tree":
            shutil.copytree(entry["src"], target, dirs_exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(entry["src"], target)
            target.chmod(entry["file_info"]["mode"])


@pytest.fixture(scope="session")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("debian") / SUITE
    install_debian(folder)
    return folder


@pytest.fixture
def root(debian: Path, tmp_path: Path) -> Iterator[Path]:
    """The folder of a Debian of one's own."""
    folder = tmp_path / "machine"
    subprocess.run(["cp", "--archive", debian, folder], check=True, timeout=120)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def machine(root: Path) -> Machine:
    """A Debian whose systemd does not run, like a container."""
    return Machine(root)


@pytest.fixture
def host(root: Path) -> Iterator[Machine]:
    """A Debian whose systemd runs; its network is this machine's."""
    with booted(root) as machine:
        yield machine


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A running collector on loopback."""
    opened = Site(tmp_path / "site", rules=RULES)
    opened.start()
    yield opened
    opened.collector.stop()


@pytest.fixture
def deb(build: ModuleType, root: Path) -> str:
    """The package's path inside the machine, where its comparison does not look."""
    shutil.copy(Path(FOLDER) / build.file_name("x86_64", "deb"), root / "var/cache/agent.deb")
    return "/var/cache/agent.deb"
