"""What one `forewatch up` has for itself: its data folder and its address.

Two locks on the folder. `up.lock` is the parent's alone and names it; the folder's own is inherited by the children,
so that the next start can wait until the last process of one that was killed has ended.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from core.errors import ConfigError, Fault
from core.files import PLAIN, hold_folder
from core.labels import quote
from core.log import get_logger
from forewatch.child import STOP_WITHIN_SECONDS

log = get_logger(__name__)

_LOCK = "up.lock"
# The children of a killed parent end by themselves, by force if need be.
_FREE_WITHIN_SECONDS = STOP_WITHIN_SECONDS + 5.0
_MOST_OF_A_COMMAND = 200


@contextmanager
def claimed(data: Path) -> Iterator[int]:
    """Hold the data folder; the descriptor is for the children to inherit.

    Raises:
        ConfigError: it cannot be made, or another process uses it; says which and what to do.
    """
    with _the_only_parent(data):
        descriptor = _when_free(data)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


@contextmanager
def _the_only_parent(data: Path) -> Iterator[None]:
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(data / _LOCK, os.O_RDWR | os.O_CREAT | PLAIN, 0o600)
    except OSError as error:
        raise ConfigError([Fault(str(data), 0, f"cannot be used as data folder: {error.strerror}")]) from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            who = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            message = f"another `forewatch up` (process {who}) uses this folder; stop it, or name another by --data"
            raise ConfigError([Fault(str(data), 0, message)]) from error
        except OSError as error:
            raise ConfigError([Fault(str(data), 0, _no_locks(error))]) from error
        with suppress(OSError):  # the disk is full: who comes next is not told the number
            os.truncate(lock, 0)
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(lock)


def _when_free(data: Path) -> int:
    deadline = time.monotonic() + _FREE_WITHIN_SECONDS
    told = False
    while True:
        try:
            return hold_folder(data)
        except BlockingIOError:
            pass
        except OSError as error:
            raise ConfigError([Fault(str(data), 0, _no_locks(error))]) from error
        if time.monotonic() > deadline:
            message = f"still in use by {_users_of(data)} of a `forewatch up` that is gone; end it by kill"
            raise ConfigError([Fault(str(data), 0, message)])
        if not told:
            log.warning("waiting for the end of what a killed `forewatch up` left behind", data=data)
            told = True
        time.sleep(0.1)


def _no_locks(error: OSError) -> str:
    return f"cannot be held for one process: {error.strerror}; name a folder on a local disk by --data"


def _users_of(data: Path) -> str:
    """The processes whose command lines name a file of the folder."""
    inside = f"{data.absolute()}{os.sep}"
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if process.pid != os.getpid() and any(word.startswith(inside) for word in words):
            found.append(str(process.pid))
    return f"process {', '.join(found)}" if found else "a process"


def check_address(host: str, port: int) -> None:
    """See that nobody listens where the collector is to listen; an empty host is every interface.

    Without it, whoever does would be taken for the collector as soon as it answers.

    Raises:
        ConfigError: somebody does; says who, if the system tells.
    """
    with suppress(socket.gaierror):  # the collector itself says what is wrong with a name
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            if _is_taken(family, kind, protocol, address):
                place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
                remedy = "stop it, or take another: --listen for a new folder, else `listen` in collector.yaml"
                message = f"this address is in use{_listener(port)}; {remedy}"
                raise ConfigError([Fault(place, 0, message)])


def _is_taken(family: int, kind: int, protocol: int, address: tuple[object, ...]) -> bool:
    try:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)
    except OSError as error:  # of any other the collector itself says what is wrong; there may be no IPv6 at all
        return error.errno == errno.EADDRINUSE
    return False


def _listener(port: int) -> str:
    """` by process PID (COMMAND LINE)`, or nothing where the system does not tell."""
    with suppress(psutil.Error, OSError):
        for one in psutil.net_connections(kind="tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port and one.pid is not None:
                words = psutil.Process(one.pid).cmdline()
                return f" by process {one.pid} ({quote(' '.join(words)[:_MOST_OF_A_COMMAND])})"
    return ""
