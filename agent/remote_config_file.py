"""The last good document of central configuration, kept so that an agent polls while the collector is away."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from core.files import PLAIN
from core.log import get_logger

log = get_logger(__name__)

FILE = "remote-config.json"
MOST_BYTES = 16 * 2**20


class ConfigFile:
    """A document and its ETag on disk, readable to their owner only: there are credentials in it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def read(self) -> tuple[str, bytes] | None:
        """ETag and document; None when there are none, which costs one request."""
        try:
            with self._file.open("rb") as file:
                tag, _, body = file.read(MOST_BYTES + 1024).partition(b"\n")
            return tag.decode("ascii"), body
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            log.warning("kept configuration cannot be read", file=self._file, reason=error)
            return None

    def write(self, tag: str, body: bytes) -> None:
        """Keep a document instead of the former one; a disk that refuses costs the next start only."""
        beside = self._file.with_name(f".{FILE}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | PLAIN, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(tag.encode("ascii", "replace") + b"\n" + body)
                out.flush()
                os.fsync(out.fileno())
            beside.replace(self._file)
        except OSError as error:
            log.warning("configuration cannot be kept on disk", file=self._file, reason=error)
            beside.unlink(missing_ok=True)
