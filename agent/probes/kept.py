"""What a probe knows from one start of the agent to the next: a value in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from core.log import get_logger

log = get_logger(__name__)

T = TypeVar("T")


class Kept(Generic[T]):
    """A value in a file, replaced as a whole.

    Args:
        subject: what it is, for the log: "positions in log files".
        nothing: the value when the file is not there or cannot be used.
    """

    def __init__(self, file: Path, subject: str, shape: type[T], nothing: T) -> None:
        self._file = file
        self._subject = subject
        self._shape = shape
        self._nothing = nothing
        self._saved = b""
        self._refused = False  # the last time, by the disk; said when it begins

    def load(self) -> T:
        """The value; one that cannot be read is lost, which is logged."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=self._shape)
        except FileNotFoundError:
            return self._nothing
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("what was kept on disk is lost", what=self._subject, file=self._file, reason=error)
            return self._nothing

    def save(self, value: T) -> None:
        """Write the value when it is another; a disk that refuses is logged once and tried again."""
        content = msgspec.json.encode(value)
        if content == self._saved:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_suffix(".tmp")
            draft.write_bytes(content)
            draft.replace(self._file)
        except OSError as error:
            speak = log.debug if self._refused else log.warning
            speak("what is to be kept cannot be written", what=self._subject, file=self._file, reason=error)
            self._refused = True
        else:
            self._saved, self._refused = content, False
