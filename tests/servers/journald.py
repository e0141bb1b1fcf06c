"""A real systemd-journald with a journal of its own, in a mount namespace of its own: it writes below /run only."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from tests.servers.ports import wait_until
from tests.servers.require import find_program, missing, require_program

_PROGRAMS = (Path("/usr/lib/systemd/systemd-journald"), Path("/lib/systemd/systemd-journald"))
_CONFIG = "[Journal]\nReadKMsg=no\nStorage=volatile\nRateLimitIntervalSec=0\nForwardToSyslog=no\nForwardToConsole=no\n"
_APART = 'mount --bind "$1/run" /run && exec "$2"'


class Journald:
    """A journal below `root`, as below the `/` of a host; `options` make journalctl read it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.options = [f"--directory={root}/run/log/journal"]
        self._journalctl = require_program("journalctl", "systemd")
        self._unshare = require_program("unshare", "util-linux")
        self._program = next(filter(Path.exists, _PROGRAMS), None) or missing_program()
        if subprocess.run([self._unshare, "-m", "true"], capture_output=True, check=False).returncode != 0:
            missing("a journal of its own needs root and mount namespaces")
        self._folder = root / "run/systemd/journal"

    def start(self) -> None:
        conf = self.root / "run/systemd/journald.conf.d"
        for folder in (self._folder, conf, self.root / "run/log/journal"):
            folder.mkdir(parents=True, exist_ok=True)
        (conf / "test.conf").write_text(_CONFIG)
        self._process = subprocess.Popen(
            [self._unshare, "-m", "sh", "-c", _APART, "sh", str(self.root), str(self._program)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(self._listens, "systemd-journald", process=self._process)
        self.write()  # what it says of itself at first is written before what it receives

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)

    def write(self, *entries: Mapping[str, str | bytes] | str) -> None:
        """Write entries, messages or all their fields, and return when they can be read."""
        end = f"written {uuid.uuid4()}"
        with self._connect() as channel:
            for entry in (*entries, {"MESSAGE": end, "SYSLOG_IDENTIFIER": "end"}):
                channel.send(_native({"MESSAGE": entry} if isinstance(entry, str) else entry))
        wait_until(lambda: end in self._messages(), end, process=self._process)

    def rotate(self) -> None:
        """Begin a new file; the old one stays beside it."""
        before = len(self.files())
        self._process.send_signal(signal.SIGUSR2)
        wait_until(lambda: len(self.files()) > before, "rotation", process=self._process)

    def files(self) -> list[Path]:
        return sorted((self.root / "run/log/journal").glob("*/*.journal"))

    def _connect(self) -> socket.socket:
        folder = os.open(self._folder, os.O_RDONLY)
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            channel.connect(f"/proc/self/fd/{folder}/socket")  # the whole path may be longer than one may be
        except OSError:
            channel.close()
            raise
        finally:
            os.close(folder)
        return channel

    def _listens(self) -> bool:
        try:
            self._connect().close()
        except OSError:
            return False
        return True

    def _messages(self) -> str:
        command = [str(self._journalctl), *self.options, "--output=cat", "--lines=20"]
        return subprocess.run(command, capture_output=True, check=False).stdout.decode("utf-8", "replace")


def missing_program() -> Path:
    found = find_program("systemd-journald")
    if found is None:
        missing("systemd-journald is not installed; apt-get install systemd")
        raise AssertionError
    return found


def _native(fields: Mapping[str, str | bytes]) -> bytes:
    """The journal's native protocol: a name, a line break, the length, the value."""
    message = b""
    for name, value in fields.items():
        octets = value.encode() if isinstance(value, str) else value
        message += name.encode() + b"\n" + len(octets).to_bytes(8, "little") + octets + b"\n"
    return message
