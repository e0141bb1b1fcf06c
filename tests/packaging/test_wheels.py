"""What is in the packages of each architecture: its own machine code, for every Python; this is looked at, not run."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.packaging.conftest import FOLDER, NEEDS_PACKAGES

pytestmark = NEEDS_PACKAGES

# e_machine of an ELF file's header (gABI chapter 4; bytes 18 and 19).
MACHINES = {"x86_64": 0x3E, "aarch64": 0xB7}
COMPILED = {"cramjam", "gufo", "msgspec", "psutil"}


def libraries(archive: zipfile.ZipFile) -> Iterator[tuple[str, int]]:
    """Each shared library of an archive and of the archives in it, with the machine that it is for."""
    for name in archive.namelist():
        if name.endswith(".whl"):
            with zipfile.ZipFile(io.BytesIO(archive.read(name))) as wheel:
                yield from libraries(wheel)
        elif name.endswith(".so") or ".so." in name:
            header = archive.read(name)[:20]
            assert header[:4] == b"\x7fELF", name
            yield name, int.from_bytes(header[18:20], "little")


@pytest.mark.parametrize("arch", MACHINES)
def test_the_deb_brings_machine_code_of_its_architecture_only(build: ModuleType, tmp_path: Path, arch: str) -> None:
    package = Path(FOLDER) / build.file_name(arch, "deb")
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path], check=True, timeout=60)
    found = []
    for wheel in (tmp_path / "opt/forewatch-agent/wheels").glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            found += libraries(archive)
    assert {name.partition("/")[0] for name, _ in found} >= COMPILED
    assert {machine for _, machine in found} == {MACHINES[arch]}


@pytest.mark.parametrize("arch", MACHINES)
def test_the_single_file_brings_machine_code_of_its_architecture_only(build: ModuleType, arch: str) -> None:
    with zipfile.ZipFile(Path(FOLDER) / build.file_name(arch, "pyz")) as archive:
        found = list(libraries(archive))
    assert {machine for _, machine in found} == {MACHINES[arch]}
    for python in build.PYTHONS:
        short = f"cpython-{python.replace('.', '')}-"
        assert any(short in name for name, _ in found), f"nothing for Python {python}"


@pytest.mark.parametrize(("arch", "called"), [("x86_64", "amd64"), ("aarch64", "arm64")])
def test_packages_say_what_they_are_for(build: ModuleType, arch: str, called: str) -> None:
    package = Path(FOLDER) / build.file_name(arch, "deb")
    said = subprocess.run(
        ["dpkg-deb", "--field", package, "Architecture"], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    assert said.strip() == called
