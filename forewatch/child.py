"""One of our own commands as a child process: `python -m forewatch.child COMMAND…`.

A child never outlives its parent, however that ended: the parent holds the other end of the child's standard input,
and the kernel closes it with the process. That works on every system, leaves no moment in which a dead parent goes
unnoticed, and survives an agent that starts itself anew.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from core.log import get_logger

log = get_logger(__name__)

STOP_WITHIN_SECONDS = 10


class Child:
    """The parent's side: starts a command and stops it in order.

    Args:
        command: what would follow `forewatch` on the command line.
        keep: descriptors that it inherits and holds as long as it runs.
    """

    def __init__(self, *command: str, keep: Sequence[int] = ()) -> None:
        self._command = [sys.executable, "-m", "forewatch.child", *command]
        self._keep = tuple(keep)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """None before its first start."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        self._hang_up()
        # In a session of its own: Ctrl-C reaches the parent only, which then stops its children in order.
        self._process = subprocess.Popen(  # noqa: S603 - our own command line
            self._command, start_new_session=True, stdin=subprocess.PIPE, pass_fds=self._keep
        )

    def ended(self) -> int | None:
        """The exit status once it has ended, None while it runs."""
        return None if self._process is None else self._process.poll()

    def stop(self) -> None:
        """Return when it has ended, by force after ten seconds."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                log.warning("process did not stop in time, killing it", pid=self._process.pid)
                self._process.kill()
                self._process.wait()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()


def main() -> int:
    """The child's side: run the command of the arguments, until it is done or the parent is gone."""
    from forewatch import cli  # noqa: PLC0415 - the parent needs no second command line

    threading.Thread(target=_end_with_parent, args=(sys.stdin.fileno(),), name="parent", daemon=True).start()
    return cli.main()


def _end_with_parent(descriptor: int) -> None:
    """Wait for the end of what the parent holds; then end in order, as by its SIGTERM, or else by force."""
    while os.read(descriptor, 4096):
        pass  # nobody writes
    log.warning("the parent process is gone, stopping")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_WITHIN_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
