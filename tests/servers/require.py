"""Whether a program that tests need is here; without it they skip, and with CI=true they fail."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

_ELSEWHERE = (
    "/usr/sbin",
    "/usr/local/sbin",
    *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True),
)


def find_program(name: str) -> Path | None:
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(_ELSEWHERE))
    return Path(found) if found else None


def require_program(name: str, package: str) -> Path:
    """The path of a program, or a skip (a failure with CI=true) that names the Debian package to install."""
    found = find_program(name)
    if found is None:
        missing(f"{name} is not installed; apt-get install {package}")
    return found


def missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
