"""Programs of the system that a subject of the host is read by: run without a shell, with limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from agent.probes.exec import ExecSettings, Outcome, Trouble, run

_LONGEST_EXCERPT = 100  # characters


class NotInstalledError(OSError):
    """A program that the configuration asks for is not on this host; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program and how far it may go.

    Attributes:
        paths: where it may be; the first that is there is taken.
        remedy: what to do when it is not there, as a command to the administrator.
        seconds: the time of one run.
        most_output: bytes of one run's output; what is beyond is dropped, or ends the program with `cut`.
        most_memory: address space of each process.
        most_files: open files of each process.
        environment: added to PATH and LC_ALL=C.
    """

    paths: Sequence[str]
    remedy: str
    seconds: float = 30.0
    most_output: int = 4 * 2**20
    most_memory: int = 2**30
    most_files: int = 256
    cut: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    async def ask(self, *arguments: str) -> Outcome:
        """Run it once.

        Raises:
            NotInstalledError: it is nowhere.
        """
        for path in self.paths:
            settings = ExecSettings(
                command=(path, *arguments), environment=self.environment, timeout_seconds=self.seconds,
                max_output=self.most_output, max_memory=self.most_memory, max_files=self.most_files,
                stop_when_full=self.cut,
            )  # fmt: skip
            outcome = await run(settings)
            if outcome.trouble is not Trouble.MISSING:
                return outcome
        name = self.paths[-1].rpartition("/")[2]
        raise NotInstalledError(f"{name} is not installed ({', '.join(self.paths)}); {self.remedy}")


def json_of(output: str) -> Any:
    """What a program printed as JSON.

    Raises:
        ValueError: that is none; the message is for people.
    """
    try:
        return msgspec.json.decode(output)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(f"no JSON: {output.strip()[:_LONGEST_EXCERPT] or error}") from error
