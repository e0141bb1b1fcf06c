"""The agent as a whole: collects, pushes and reports until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from agent.config import AgentConfig
from agent.http import CollectorClient, version
from agent.metrics import AgentProbe
from agent.own_events import OwnEvents
from agent.push import Pusher
from agent.remote_config import RemoteConfig
from agent.report import Reporter
from agent.restraint import Restraint
from agent.runner import Runner
from agent.self_watch import SelfWatch
from agent.target import Target
from agent.targets import targets_of, time_limit
from core.clock import Clock
from core.log import get_logger
from core.spool.spool import Limits, Spool

if TYPE_CHECKING:
    from agent.log_events import LogEvents
    from agent.traps.service import Traps

log = get_logger(__name__)

# Of five seconds that a stop may take, what the last samples get to reach the collector.
_FAREWELL_SECONDS = 2.0


async def run(config: AgentConfig, clock: Clock, stop: asyncio.Event) -> bool:
    """Collect, push and report until `stop` is set; what was collected is in the spool or with the collector then.

    Returns whether the agent wants to be started anew (`agent.self_watch`).

    Raises:
        StorageError: the spool cannot be used.
    """
    name = config.agent_name
    limits = Limits(max_age_ms=round(config.spool.max_age * 1000), max_bytes=config.spool.max_size)
    spool = Spool(config.data_dir / "spool", limits)
    clients = [CollectorClient(config.collector) for _ in range(3)]
    own = AgentProbe(clock)
    interval = float(config.interval)
    logs = _log_events(config, clock, spool.boot)
    matched = logs.matched if logs is not None else None
    targets = [*targets_of(config, clock, matched), Target("agent", name, own, interval, time_limit(interval))]
    traps = _traps(config, clock, spool.boot)
    if traps is not None:
        targets.append(traps.target)
    pusher = Pusher(spool, clients[0], clock, agent=name)
    runner = Runner(targets, spool, clock, agent=name, max_samples=config.push.max_samples, arrived=pusher.notify)
    reporter = Reporter(targets, runner.up, clients[1], clock, agent=name, boot=spool.boot)
    own.watch(runner, spool, pusher, reporter)
    events = OwnEvents(clients[2], clock, agent=name, boot=spool.boot)
    watch = _self_watch(config, runner, events, clock, stop)
    own.watch_self(watch)

    def changed(more: list[Target]) -> None:
        reporter.watch([*targets, *more])
        if traps is not None:
            traps.watch(remote.devices())

    remote = RemoteConfig(config, clients[2], runner, clock, events, changed=changed)
    own.watch_config(remote, local=len(targets))
    pusher.news = remote.hurry
    log.info("agent started", agent=name, version=version(), targets=len(targets), waiting_records=spool.records)
    parts = [runner.run(), reporter.run(), events.run(), watch.run(), *(traps.parts() if traps else ())]
    parts += [logs.queue.run()] if logs is not None else []
    parts += [*_discovery(config, clock, own), *([remote.run()] if config.remote_config else ())]
    try:
        await _work(stop, pusher, parts)
    finally:
        waiting = spool.records
        for part in (spool, *clients, traps, logs):
            if part is not None:
                part.close()
    log.info("agent stopped", agent=name, waiting_records=waiting)
    return watch.restarting


async def _work(stop: asyncio.Event, pusher: Pusher, parts: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Push and run the parts until `stop` is set; then the last samples get a moment to reach the collector.

    Raises:
        Exception: what failed.
    """
    pushing = asyncio.ensure_future(pusher.run())
    try:
        await _until(stop, pushing, *parts)
        pusher.finish()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pushing, _FAREWELL_SECONDS)
    finally:
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)


def _self_watch(config: AgentConfig, runner: Runner, events: OwnEvents, clock: Clock, stop: asyncio.Event) -> SelfWatch:
    restraint = Restraint(memory_bytes=config.limits.memory, cpu_ratio=float(config.limits.cpu), now=clock.monotonic())
    return SelfWatch(restraint, runner, events, clock, folder=config.data_dir, restart=stop.set)


def _traps(config: AgentConfig, clock: Clock, boot: str) -> Traps | None:
    if not config.traps.enabled:
        return None
    from agent.traps.service import Traps  # noqa: PLC0415 - only if traps are received

    return Traps(config, clock, boot)


def _log_events(config: AgentConfig, clock: Clock, boot: str) -> LogEvents | None:
    host = config.host
    if not host.enabled or not (any(one.events for one in host.logs) or any(one.events for one in host.journal)):
        return None
    from agent.log_events import LogEvents  # noqa: PLC0415 - only if matches are events

    return LogEvents(config, clock, boot)


def _discovery(config: AgentConfig, clock: Clock, own: AgentProbe) -> list[Coroutine[Any, Any, None]]:
    """What looks for devices, if anything does."""
    if not config.discovery.networks:
        return []
    from agent.discovery.service import Discovery  # noqa: PLC0415 - only if devices are looked for

    discovery = Discovery(config, CollectorClient(config.collector), clock)
    own.discovery = discovery.counts
    return [discovery.run()]


async def _until(stop: asyncio.Event, staying: asyncio.Future[None], *parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts side by side until `stop` is set, or one of them or `staying` fails, which ends all but that.

    Raises:
        Exception: what failed.
    """
    stopping: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
    running: list[asyncio.Future[Any]] = [asyncio.ensure_future(part) for part in parts]
    try:
        done, _ = await asyncio.wait({stopping, staying, *running}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (stopping, *running):
            task.cancel()
        await asyncio.gather(stopping, *running, return_exceptions=True)
    for task in done:
        task.result()


@contextlib.asynccontextmanager
async def stopped_by_signals() -> AsyncIterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    if sys.platform == "win32":  # its event loops know no signals; Ctrl-C and Ctrl-Break come this way
        for number in signals:
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
        yield stop
        return
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
