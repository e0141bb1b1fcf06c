"""The arguments of `forewatch agent discover`, and what it prints."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import msgspec

from agent import config as agent_config
from agent.config import AgentConfig, CollectorConfig, SnmpConfig, SnmpCredential
from agent.http import CollectorClient
from core.clock import Clock, SystemClock, to_rfc3339
from core.config import Secret
from core.errors import ConfigError, Fault, StorageError
from core.retry import Backoff

if TYPE_CHECKING:
    from agent.discovery.journal import Progress
    from agent.discovery.plan import Plan
    from agent.discovery.session import Swept
    from agent.discovery.sweep import Sweep

_LIMITS = ("rate", "parallel", "max_addresses", "neighbours", "snmp_port", "max_tries")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare networks, limits and output; a limit that is not given is the configuration's."""
    parser.add_argument(
        "networks", metavar="CIDR", nargs="*", help="networks such as 10.0.0.0/24; none: discovery.networks"
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="agent.yaml: networks, credentials, limits, collector"
    )
    parser.add_argument("--exclude", action="append", metavar="CIDR", help="what to leave out; may be repeated")
    parser.add_argument("--community", action="append", metavar="C",
                        help="a community of version 2c to try besides the configuration's")  # fmt: skip
    parser.add_argument("--rate", type=int, metavar="N", help="packets a second")
    parser.add_argument("--parallel", type=int, metavar="N", help="devices that are read at a time")
    parser.add_argument("--max-addresses", type=int, metavar="N", help="refuse a sweep of more")
    parser.add_argument("--max-tries", type=int, metavar="N", help="credentials that one device gets to see")
    parser.add_argument("--neighbours", type=int, metavar="N", help="steps from device to neighbour; 0 follows none")
    parser.add_argument("--snmp-port", type=int, metavar="PORT", help="UDP port of SNMP")
    parser.add_argument("--ask-silent", action="store_true", help="ask those by SNMP, too, that answer no ping")
    parser.add_argument("--resume", action="store_true", help="go on with the interrupted sweep, whatever its networks")
    parser.add_argument("--fresh", action="store_true", help="begin anew, even if the same sweep was interrupted")
    parser.add_argument("--no-report", action="store_true", help="tell the collector nothing")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Sweep, print, report; 1 when the result could not be reported, 2 for wrong options, 130 after Ctrl-C."""
    from agent.discovery.session import interrupted  # noqa: PLC0415 - SNMP is loaded by whoever asks devices

    config = _config(arguments)
    path = _path(arguments, config)
    before: Progress | None = None
    try:
        if arguments.resume:
            arguments.networks = _networks_before(path)
        plan = _plan(arguments, config)
        if path is not None and not arguments.fresh:
            before = interrupted(path, plan)
        if arguments.resume and before is None:
            _refuse(
                "--resume", "the interrupted sweep was another one; give the options that it had, or leave --resume out"
            )
        return asyncio.run(_discover(arguments, config, plan, path, before))
    except StorageError as error:
        _say(error)
        return 1
    except KeyboardInterrupt:
        kept = (
            f"; the same command goes on with it, its state is {path}" if path else "; without --config nothing is kept"
        )
        _say(f"interrupted{kept}")
        return 130


async def _discover(
    arguments: argparse.Namespace, config: AgentConfig, plan: Plan, path: Path | None, before: Progress | None
) -> int:
    clock = SystemClock()
    if before is not None:
        _say(f"going on after {before.through} of {plan.targets.size} addresses")
    swept = await _sweep(config, plan, path, before, clock, list(arguments.networks))
    sys.stdout.write(as_json(swept) if arguments.format == "json" else as_text(swept))
    _tell(swept)
    if arguments.no_report or arguments.config is None:
        return 0
    return await _report(config, plan, swept, clock)


async def _sweep(
    config: AgentConfig, plan: Plan, path: Path | None, before: Progress | None, clock: Clock, targets: list[str]
) -> Swept:
    from agent.discovery import progress, session  # noqa: PLC0415
    from agent.snmp.configured import library_of  # noqa: PLC0415
    from agent.snmp.profiles.reading import Chooser  # noqa: PLC0415

    drawing: list[asyncio.Task[None]] = []

    def watch(sweep: Sweep) -> None:
        drawing.append(asyncio.create_task(progress.show(sweep, clock, sys.stderr)))

    try:
        return await session.sweep(
            plan,
            Chooser(library_of(config.snmp.profiles)),
            clock,
            path=path,
            targets=targets,
            before=before,
            watch=watch,
        )
    finally:
        for task in drawing:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _report(config: AgentConfig, plan: Plan, swept: Swept, clock: Clock) -> int:
    from agent.discovery.report import ReportError, send  # noqa: PLC0415

    client = CollectorClient(config.collector)
    try:
        await send(client, clock, config.agent_name, plan, swept, Backoff(random.random, cap_seconds=10))
    except ReportError as error:
        _say(f"{error}; what was found is on stdout")
        return 1
    finally:
        client.close()
    _say(f"reported to {config.collector.url}: there `forewatch discovery list` shows the proposals")
    return 0


def as_json(swept: Swept) -> str:
    """One object on one line."""
    counts = swept.counts
    found = {
        "sweep": swept.sweep,
        "started_at": to_rfc3339(swept.started_at_ms),
        "complete": swept.complete,
        "asked": counts.asked,
        "answered": counts.alive,
        "packets": swept.packets,
        "wrong_tries": swept.wrong_tries,
        "neighbours_outside": counts.skipped,
        "failures": dict(sorted(counts.failures.items())),
        "devices": swept.devices,
    }
    return msgspec.json.encode(found).decode() + "\n"


def as_text(swept: Swept) -> str:
    """A line a device: addresses, class, name, what it is, what opened it."""
    lines = []
    for one in swept.devices:
        facts = one.facts
        what = " ".join(filter(None, (facts.vendor, facts.model, facts.os_version)))
        ports = "tcp " + ",".join(map(str, one.open_ports)) if one.open_ports else ""
        cells = (",".join(one.addresses), facts.device_class or "?", facts.name or "-", what or ports or one.found_by)
        lines.append(f"{cells[0]:<20} {cells[1]:<12} {cells[2]:<24} {cells[3]}".rstrip())
    return "".join(f"{line}\n" for line in lines)


def _tell(swept: Swept) -> None:
    for reason, count in sorted(swept.counts.failures.items()):
        _say(f"{count} requests or devices failed: {reason}; what is shown of them is not complete")
    if not swept.complete:
        _say("discovery.max_devices was reached; the rest was not asked")


def _config(arguments: argparse.Namespace) -> AgentConfig:
    """The configuration with what the options change.

    Raises:
        ConfigError: an option is wrong.
    """
    if arguments.config is not None:
        config = agent_config.load(arguments.config)
    else:
        config = AgentConfig(collector=CollectorConfig(url="http://127.0.0.1"), data_dir=Path())
    credentials = dict(config.snmp.credentials)
    for number, community in enumerate(arguments.community or (), start=1):
        credentials[f"--community {number}"] = SnmpCredential(community=Secret(community))
    if not credentials and arguments.config is None:
        credentials["public"] = SnmpCredential(community=Secret("public"))
    changes = {name: getattr(arguments, name) for name in _LIMITS if getattr(arguments, name) is not None}
    changes["ask_silent"] = arguments.ask_silent or config.discovery.ask_silent
    if arguments.community and config.discovery.credentials:
        added = [name for name in credentials if name not in config.snmp.credentials]
        changes["credentials"] = [*config.discovery.credentials, *added]
    discovery = msgspec.structs.replace(config.discovery, **changes)
    faults = [
        Fault(f"--{str(of.where[0]).replace('_', '-')}", 0, of.message)
        for of in discovery.check()
        if of.where[0] in changes
    ]
    faults += [Fault("--community", 0, of.message) for one in credentials.values() for of in one.check()]
    if faults:
        raise ConfigError(faults)
    snmp: SnmpConfig = msgspec.structs.replace(config.snmp, credentials=credentials)
    return msgspec.structs.replace(config, snmp=snmp, discovery=discovery)


def _path(arguments: argparse.Namespace, config: AgentConfig) -> Path | None:
    from agent.discovery.session import journal_path  # noqa: PLC0415

    return None if arguments.config is None else journal_path(config.data_dir, "by-hand")


def _plan(arguments: argparse.Namespace, config: AgentConfig) -> Plan:
    from agent.discovery.plan import make_plan  # noqa: PLC0415

    if not arguments.networks and not config.discovery.networks:
        _refuse("CIDR", "name a network such as 10.0.0.0/24, or give --config with discovery.networks")
    try:
        return make_plan(config.discovery, config.snmp.credentials, arguments.networks, arguments.exclude or ())
    except ValueError as error:
        _refuse("CIDR", str(error))


def _networks_before(path: Path | None) -> list[str]:
    from agent.discovery.journal import load  # noqa: PLC0415

    found = None if path is None else load(path)
    if found is None:
        _refuse(
            "--resume", "there is no interrupted sweep to go on with" if path else "needs --config, which says where"
        )
    return found[1].targets


def _say(line: object) -> None:
    sys.stderr.write(f"{line}\n")


def _refuse(option: str, message: str) -> NoReturn:
    """Raise ConfigError."""
    raise ConfigError([Fault(option, 0, message)])
