"""Strict YAML configuration: msgspec structs declare the shape, every fault names file, line and key path.

    class Snmp(Section):
        timeout: Duration = Duration(2)
        community: Secret | None = None

    config = load(Path("agent.yaml"), AgentConfig)

What is stricter than PyYAML: unknown and duplicate keys are faults; only `true` and `false` are
booleans; `22:00` and `1_000` are text (YAML 1.2 core schema); no tags, no merge keys. All faults of a
file are reported at once.
"""

from __future__ import annotations

import os
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from core.config.nodes import compose, line_of, node_of
from core.config.reader import DocumentReader, Reader
from core.config.values import Duration, Finding, Secret, Section, Share, Size
from core.errors import ConfigError, Fault

__all__ = [
    "Duration",
    "Finding",
    "Secret",
    "Section",
    "Share",
    "Size",
    "compose",
    "convert",
    "line_of",
    "load",
    "loads",
]

T = TypeVar("T")


def load(file: Path, shape: type[T], *, environ: Mapping[str, str] | None = None) -> T:
    """Read `file` into `shape`, a `Section` or any type a section may hold.

    Relative `Path` values are taken from the folder of the file.

    Raises:
        ConfigError: the file cannot be read or something in it is wrong.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError([Fault(str(file), 0, f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Fault(str(file), 0, f"is not UTF-8 text: {error.reason}")]) from error
    return loads(text, shape, file=str(file), folder=file.parent, environ=environ)


def loads(
    text: str, shape: type[T], *, file: str, folder: Path = Path(), environ: Mapping[str, str] | None = None
) -> T:
    """As `load`, from text; `file` is named in faults."""
    node = compose(text, file)
    reader = Reader(file, folder, os.environ if environ is None else environ)
    value = reader.read(node, shape, "")
    if reader.faults or reader.findings:
        raise ConfigError(sorted(reader.faults + reader.findings, key=lambda fault: fault.line))
    return typing.cast(T, value)


def convert(document: Any, shape: type[T], *, name: str) -> T:
    """As `loads`, from a document that came from elsewhere as decoded JSON.

    It cannot reach beyond itself: `${NAME}` in a secret is text, and paths, and secrets from files, are faults.

    Raises:
        ConfigError: something in it is wrong; `name` stands for the file.
    """
    reader = DocumentReader(name, Path(), {})
    value = reader.read(node_of(document, name), shape, "")
    if reader.faults or reader.findings:
        raise ConfigError(reader.faults + reader.findings)
    return typing.cast(T, value)
