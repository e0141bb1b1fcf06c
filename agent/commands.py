"""`forewatch agent run|check|once|identify|import-snmp|mib|discover|enrol`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
from pathlib import Path

from agent import config as agent_config
from agent import discover_command, enrol, identify_command, import_snmp_command, mib_command, once, process, service
from agent.config import AgentConfig, CollectorConfig
from agent.http import Unreachable, trust
from core.clock import SystemClock
from core.errors import StorageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands; each sets `run`, a function of the parsed arguments that returns the exit status."""
    commands = parser.add_subparsers(dest="agent_command", metavar="COMMAND", required=True)

    run = _command(commands, "run", "collect and push until told to stop")
    run.add_argument("--config", type=Path, required=True, metavar="FILE", help="agent.yaml")
    run.set_defaults(run=_run)

    check = _command(commands, "check", "check a configuration file")
    check.add_argument("--config", type=Path, required=True, metavar="FILE", help="agent.yaml")
    check.set_defaults(run=_check)

    collect = _command(commands, "once", "collect every target once and print the samples, pushing nothing")
    collect.add_argument("--config", type=Path, metavar="FILE", help="agent.yaml; this host alone without it")
    collect.add_argument("--format", choices=["prometheus", "json"], default="prometheus")
    collect.set_defaults(run=_once)

    identify_command.add_arguments(_command(commands, "identify", "ask one SNMP device who it is and what it has"))

    import_snmp_command.add_arguments(
        _command(commands, "import-snmp", "make profiles of the modules of snmp_exporter's snmp.yml")
    )

    mib_command.add_arguments(_command(commands, "mib", "MIB files, for who writes profiles"))

    discover_command.add_arguments(_command(commands, "discover", "look for devices in networks"))

    trade = _command(commands, "enrol", "trade an enrolment token for this agent's own credential")
    trade.add_argument("--collector", required=True, metavar="URL", help="such as https://forewatch.example.org:9470")
    trade.add_argument("--token", required=True, help="the enrolment token; - reads it from standard input")
    trade.add_argument("--config", type=Path, required=True, metavar="FILE", help="agent.yaml; made if there is none")
    trade.add_argument("--name", help="the agent's name; that of the configuration or the host when left out")
    trade.add_argument("--ca-file", type=Path, metavar="FILE", help="PEM certificates to trust instead of the system's")
    trade.set_defaults(run=_enrol)


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str
) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")


# A device that is asked holds a socket, and a thousand devices may be dead at once; login sessions and systemd allow
# 1024 at first, for the sake of programs that use select(2), and many times that to those that ask.
_OPEN_FILES = 65_536


def _run(arguments: argparse.Namespace) -> int:
    config = agent_config.load(arguments.config)
    _allow_open_files()

    async def main() -> bool:
        clock = SystemClock()
        async with process.stopped_by_signals() as stop, service.watched(clock):
            return await process.run(config, clock, stop)

    try:
        start_anew = asyncio.run(main())
    except StorageError as error:
        print(error, file=sys.stderr)
        return 1
    if start_anew:  # the same process to whoever watches it, with memory of its own again
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - what runs already
    return 0


def _allow_open_files() -> None:
    if sys.platform == "win32":  # no such limit there
        return
    import resource  # noqa: PLC0415 - not on every system

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # then with what there is
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _check(arguments: argparse.Namespace) -> int:
    config = agent_config.load(arguments.config)
    if config.collector.ca_file is not None:
        try:
            trust(config.collector)
        except Unreachable as error:
            print(f"{arguments.config}: collector.ca_file: {error}", file=sys.stderr)
            return 1
    if config.snmp.targets:
        from agent.snmp.configured import choosers_of  # noqa: PLC0415 - only if devices are watched

        choosers_of(config.snmp)
    if config.traps.enabled:
        from agent.traps.catalogue import load_catalogue  # noqa: PLC0415 - only if traps are received

        load_catalogue(config.traps.catalogue)
    print(f"{arguments.config}: ok")
    token_file = config.collector.token_file
    if token_file is not None and not token_file.exists():
        enrolment = (
            f"forewatch agent enrol --collector {config.collector.url} --token TOKEN --config {arguments.config}"
        )
        print(f"there is no {token_file} yet; it is made by: {enrolment}", file=sys.stderr)
    return 0


def _once(arguments: argparse.Namespace) -> int:
    if arguments.config is None:
        # Nothing is sent or kept, so where to does not matter.
        config = AgentConfig(collector=CollectorConfig(url="http://127.0.0.1"), data_dir=Path())
    else:
        config = agent_config.load(arguments.config)
    readings = asyncio.run(once.read_all(config, SystemClock()))
    sys.stdout.write(once.RENDERERS[arguments.format](readings))
    for reading in readings:
        if reading.collection.failure is not None:
            print(f"{reading.target.instance}: {reading.collection.reason}", file=sys.stderr)
    return 0


def _enrol(arguments: argparse.Namespace) -> int:
    token = sys.stdin.readline() if arguments.token == "-" else arguments.token  # noqa: S105 - the sign, no secret
    try:
        done = asyncio.run(
            enrol.enrol(arguments.collector, token.strip(), arguments.config, arguments.name, arguments.ca_file)
        )
    except enrol.EnrolError as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, enrol.EnrolUsageError) else 1
    print(f"{done.agent} is enrolled; its credential is in {done.token_file}")
    print(f"start it with: forewatch agent run --config {arguments.config}")
    return 0
