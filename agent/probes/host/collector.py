"""What every collector is to the host probe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.probes.host.files import Attributes, Files, KernelFiles
from agent.sample import Sample
from core.clock import Clock


@dataclass(frozen=True, slots=True)
class Host:
    """Where the host's files are and what its time is.

    Attributes:
        proc: below `/proc`.
        sys: below `/sys`.
        root: below `/`, for `/etc` and `/run`.
    """

    proc: Files
    sys: Files
    root: Files
    clock: Clock

    @classmethod
    def at(cls, root: Path, clock: Clock) -> Host:
        """The host whose `/` is at `root` (`/host` for an agent in a container that has it mounted there)."""
        return cls(KernelFiles(root / "proc"), Attributes(root / "sys"), Files(root), clock)

    def forget(self) -> None:
        """Start a new round of reading."""
        for files in (self.proc, self.sys, self.root):
            files.forget()


class Collector(Protocol):
    """One subject: reads its files, parses them, yields samples."""

    def __init__(self, host: Host) -> None: ...

    async def collect(self) -> list[Sample]:
        """The subject's samples now.

        Raises:
            FileNotFoundError: this kernel has nothing on the subject.
            OSError: it cannot be read.
            ValueError: what was read is not what the kernel documents.
        """
        ...
