"""The agent's deb, rpm and single file (pyz), for x86-64 and aarch64, into dist/.

    .venv/bin/python packaging/build.py [--arch x86_64] [--only deb,pyz]

Nothing is compiled: wheels of every supported Python are fetched for the target and go into the package, where
`packaging/agent/prepare` makes a virtual environment of those that fit the host. Versions are those of constraints.txt.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import string
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from packaging import tags

SOURCE = Path(__file__).resolve().parent.parent
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# What Debian and nfpm call an architecture, by what Python, rpm and the kernel call it.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
FORMATS = ("deb", "rpm", "pyz")
OLDEST_GLIBC = 17  # of 2.17, which all wheels of the old kind (manylinux2014) need
NEWEST_GLIBC = 28  # of 2.28: RHEL 8, Debian 10, openEuler 20.03, Kylin V10 and all that came after
MAINTAINER = "Forewatch maintainers <maintainers@forewatch.example.org>"
_EPOCH = 1_577_836_800  # 2020-01-01, where no SOURCE_DATE_EPOCH is given: the same sources make the same package


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--arch", action="append", choices=list(ARCHITECTURES), help="default: all")
    parser.add_argument("--only", default=",".join(FORMATS), help="formats (default: %(default)s)")
    parser.add_argument("--to", type=Path, default=SOURCE / "dist")
    arguments = parser.parse_args()
    formats = arguments.only.split(",")
    if unknown := set(formats) - set(FORMATS):
        parser.error(f"no such format: {', '.join(sorted(unknown))}")
    arguments.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="forewatch-packages-") as name:
        own = build_wheel(Path(name))
        for arch in arguments.arch or ARCHITECTURES:
            stage = fetch(own, arch, Path(name) / arch)
            for kind in formats:
                make = make_pyz if kind == "pyz" else package
                made = make(stage, arch, kind, arguments.to)
                print(f"{made}: {made.stat().st_size / 1e6:.1f} MB")
    return 0


def version() -> str:
    """Forewatch's version, of pyproject.toml."""
    return str(tomllib.loads((SOURCE / "pyproject.toml").read_text())["project"]["version"])


def build_wheel(folder: Path) -> Path:
    """Forewatch's own wheel."""
    _pip("wheel", "--no-deps", "--wheel-dir", folder, SOURCE)
    return next(folder.glob("forewatch-*.whl"))


def fetch(own: Path, arch: str, stage: Path) -> Path:
    """Make what becomes /opt/forewatch-agent: the wheels for every Python, and the files that `prepare` reads."""
    wheels = stage / "wheels"
    wheels.mkdir(parents=True)
    shutil.copy(own, wheels)
    _pip("download", "--no-deps", "--dest", wheels, "pip")
    for python in PYTHONS:
        where = [option for name in platforms(arch) for option in ("--platform", name)]
        kind = ["--python-version", python, "--implementation", "cp", "--only-binary=:all:"]
        abis = ["--abi", f"cp{python.replace('.', '')}", "--abi", "abi3", "--abi", "none"]
        constraints = ["--constraint", str(SOURCE / "constraints.txt")]
        _pip("download", "--dest", wheels, *where, *kind, *abis, *constraints, own)
    write_stage(stage)
    return stage


def write_stage(stage: Path) -> None:
    """The files beside the wheels: `version`, `pythons`, and `release`, another one whenever a wheel is another one."""
    digest = hashlib.sha256()
    for wheel in sorted((stage / "wheels").iterdir()):
        digest.update(wheel.name.encode() + hashlib.sha256(wheel.read_bytes()).digest())
    for name, text in {
        "version": version(),
        "pythons": " ".join(PYTHONS),
        "release": f"{version()} {digest.hexdigest()}",
    }.items():
        (stage / name).write_text(text + "\n")
    for path in stage.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def platforms(arch: str) -> list[str]:
    """The platform tags (PEP 600) of wheels that the oldest supported C library can load, the newest first."""
    old = [f"manylinux2014_{arch}"] + ([f"manylinux_2_12_{arch}", f"manylinux2010_{arch}"] if arch == "x86_64" else [])
    return [f"manylinux_2_{minor}_{arch}" for minor in range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1)] + old


def package(stage: Path, arch: str, kind: str, target: Path) -> Path:
    """Make a deb or an rpm; returns its file."""
    config = stage.parent / f"nfpm-{arch}-{kind}.yaml"
    config.write_text(render(nfpm_values(stage, ARCHITECTURES[arch])))
    made = target / file_name(arch, kind)
    _run(_tool("nfpm"), "package", "--config", config, "--packager", kind, "--target", made)
    return made


def nfpm_values(stage: Path, arch: str) -> dict[str, str]:
    """What the template `nfpm.yaml` leaves open; `arch` as nfpm calls it."""
    made = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", _EPOCH)), UTC)
    return {
        "arch": arch, "version": version(), "maintainer": MAINTAINER, "mtime": f"{made:%Y-%m-%dT%H:%M:%SZ}",
        "stage": str(stage), "source": str(SOURCE),
    }  # fmt: skip


def render(values: Mapping[str, str]) -> str:
    """The configuration of nfpm."""
    return string.Template((SOURCE / "packaging" / "nfpm.yaml").read_text()).substitute(values)


def file_name(arch: str, kind: str) -> str:
    """Of a package, as its kind names files."""
    return {
        "deb": f"forewatch-agent_{version()}_{ARCHITECTURES[arch]}.deb",
        "rpm": f"forewatch-agent-{version()}-1.{arch}.rpm",
        "pyz": f"forewatch-agent-{version()}-{arch}.pyz",
    }[kind]


def make_pyz(stage: Path, arch: str, kind: str, target: Path) -> Path:
    """Make the one file that runs with any supported Python of the architecture; returns it."""
    made = target / file_name(arch, kind)
    described = []
    for python in PYTHONS:
        described.append(stage.parent / f"platform-{arch}-{python}.json")
        described[-1].write_text(json.dumps(complete_platform(arch, python)))
    _run(
        _tool("pex"), f"forewatch=={version()}", "--no-pypi", "--find-links", stage / "wheels",
        *(option for file in described for option in ("--complete-platform", file)),
        "--console-script", "forewatch", "--inject-args", "agent", "--venv", "--no-strip-pex-env",
        "--python-shebang", "/usr/bin/env python3", "--pex-root", stage.parent / "pex", "--output-file", made,
    )  # fmt: skip
    return made


def complete_platform(arch: str, python: str) -> dict[str, object]:
    """What pex wants to know of a Python that is not on this machine."""
    major, minor = map(int, python.split("."))
    where = [*platforms(arch), f"linux_{arch}"]
    markers = {
        "implementation_name": "cpython", "implementation_version": f"{python}.0", "os_name": "posix",
        "platform_machine": arch, "platform_python_implementation": "CPython", "platform_release": "",
        "platform_system": "Linux", "platform_version": "", "python_full_version": f"{python}.0",
        "python_version": python, "sys_platform": "linux",
    }  # fmt: skip
    return {
        "path": None,
        "compatible_tags": [str(tag) for tag in _tags((major, minor), where)],
        "marker_environment": markers,
    }


def _tags(python: tuple[int, int], where: list[str]) -> Iterator[tags.Tag]:
    yield from tags.cpython_tags(python, platforms=where)
    yield from tags.compatible_tags(python, f"cp{python[0]}{python[1]}", where)


def _tool(name: str) -> Path:
    tool = Path(sys.executable).with_name(name)
    if not tool.exists():
        raise SystemExit(f"{tool} is not there; use `make packages`, which installs it")
    return tool


def _pip(*arguments: str | Path) -> None:
    _run(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)


def _run(*command: str | Path) -> None:
    subprocess.run(list(command), check=True)  # noqa: S603 - our own command lines


if __name__ == "__main__":
    sys.exit(main())
