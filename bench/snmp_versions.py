"""What an object costs to read by each version of SNMP, next to net-snmp's snmpbulkwalk, in one run.

    .venv/bin/python bench/snmp_versions.py

CPU of ours is walking a few subtrees of a real snmpd, from the request to Python values; CPU of the peer is that of
the processes that walk the same subtrees, printing to nowhere. Peers that are not installed are skipped with a line.
"""

# ruff: noqa: E402 - as a script this file would hide the package that it measures, so its folder leaves the path first

from __future__ import annotations

import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[:] = [str(_HERE.parent), *(entry for entry in sys.path if Path(entry).resolve() != _HERE)]

import asyncio
import resource
import subprocess
import tempfile
import time

from agent.snmp.client import Rows, open_session
from agent.snmp.known import Known
from agent.snmp.target import Budget, Target
from agent.snmp.user import AuthProtocol, PrivProtocol, User
from tests.servers.require import find_program
from tests.servers.snmpd import Snmpd

ROUNDS = 10
ROOTS = ("1.3.6.1.2.1.1", "1.3.6.1.2.1.2", "1.3.6.1.2.1.4", "1.3.6.1.2.1.25")
AUTH, PRIV = "maplesyrup", "pancakes"
SETTINGS = f"""
createUser signs SHA-256 "{AUTH}"
rouser signs auth
createUser encrypts SHA-256 "{AUTH}" AES "{PRIV}"
rouser encrypts priv
"""
_SIGNS = ["-v3", "-u", "signs", "-l", "authNoPriv", "-a", "SHA-256", "-A", AUTH]
_ENCRYPTS = ["-v3", "-u", "encrypts", "-l", "authPriv", "-a", "SHA-256", "-A", AUTH, "-x", "AES", "-X", PRIV]

# Name, version, user, and how snmpbulkwalk is told the same.
CASES: list[tuple[str, str, User | None, list[str]]] = [
    ("2c", "2c", None, ["-v2c", "-c", "public"]),
    ("3, SHA-256", "3", User("signs", AuthProtocol.SHA256, AUTH), _SIGNS),
    ("3, SHA-256, AES-128", "3", User("encrypts", AuthProtocol.SHA256, AUTH, PrivProtocol.AES128, PRIV), _ENCRYPTS),
]


def main() -> None:
    peer = find_program("snmpbulkwalk")
    if peer is None:
        print("snmpbulkwalk is not installed (Debian package snmp): no peer")
    with tempfile.TemporaryDirectory(prefix="forewatch-bench-") as folder:
        server = Snmpd(Path(folder), settings=SETTINGS)
        server.start()
        try:
            for name, version, user, options in CASES:
                target = Target("127.0.0.1", server.port, version=version, user=user, timeout_seconds=5)
                ours = asyncio.run(_ours(target))
                line = f"version {name}, CPU per object: {ours:.1f} us"
                if peer is not None:
                    theirs = _theirs([str(peer), *options, "-On", f"127.0.0.1:{server.port}"])
                    line += f"; snmpbulkwalk {theirs:.1f} us; ratio {ours / theirs:.2f}"
                print(line)
        finally:
            server.stop()


async def _ours(target: Target) -> float:
    """Microseconds of CPU for each object."""
    known = Known()
    await _walk(target, known)
    start, objects = time.process_time(), 0
    for _ in range(ROUNDS):
        objects += await _walk(target, known)
    return (time.process_time() - start) / objects * 1e6


async def _walk(target: Target, known: Known) -> int:
    rows: Rows = {}
    async with open_session(target, Budget(), known) as session:
        for root in ROOTS:
            await session.walk(root, rows)
    return len(rows)


def _theirs(command: list[str]) -> float:
    start, objects = _children(), 0
    for _ in range(ROUNDS):
        for root in ROOTS:
            walked = subprocess.run([*command, root], capture_output=True, check=True, env={"MIBS": ""})
            objects += walked.stdout.count(b" = ")
    return (_children() - start) / objects * 1e6


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
