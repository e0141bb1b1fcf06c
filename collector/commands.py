"""`forewatch collector run|check|migrate|rotate-keys --config FILE`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from collector import interpreter
from collector.config import CollectorConfig, load
from collector.memory import limit_arenas, settle
from core.clock import SystemClock
from core.errors import ConfigError, Fault, StorageError
from core.log import get_logger

log = get_logger(__name__)


_IDLE_REMEDY = "put one there or take the pattern out; without rule_files those that Forewatch ships are in force"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
        "run": (run, "run the server until SIGTERM; SIGHUP reloads the rule files"),
        "check": (check, "check the configuration and the files that it names"),
        "migrate": (migrate, "bring the database to this version and exit"),
        "rotate-keys": (rotate_keys, "encrypt the credentials of agents with a new key"),
    }
    for name, (action, summary) in actions.items():
        command = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        command.add_argument("--config", type=Path, required=True, metavar="FILE", help="collector.yaml")
        command.set_defaults(run=action)


def check(arguments: argparse.Namespace) -> int:
    """Print `ok`, or every fault of what the configuration names as file:line: message (1).

    Raises:
        ConfigError: the configuration itself is wrong (2).
    """
    from collector.evaluation import rule_paths  # noqa: PLC0415 - NumPy loads only where it is needed
    from collector.server import tls_context  # noqa: PLC0415
    from rules.files import load_rule_files  # noqa: PLC0415

    faults: list[Fault] = []
    config = load(arguments.config)
    for pattern in config.idle_rule_patterns():  # no fault: `run` starts with it, and the unit checks before it runs
        print(f"{arguments.config}: rule_files: {pattern} matches no file; {_IDLE_REMEDY}", file=sys.stderr)
    for step in (lambda: load_rule_files(rule_paths(config)), lambda: tls_context(config.tls)):
        try:
            step()
        except ConfigError as error:
            faults += error.faults
    return _tell(faults)


def migrate(arguments: argparse.Namespace) -> int:
    from collector import database  # noqa: PLC0415

    config = load(arguments.config)
    _make_data_dir(config)
    try:
        revision = database.migrate(config.database_url())
    except StorageError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"database is at revision {revision or 'none'}")
    return 0


def rotate_keys(arguments: argparse.Namespace) -> int:
    """Print how many credentials a new key encrypts now."""
    from collector.agents.keyring import KEY_FILE, Keyring  # noqa: PLC0415
    from collector.agents.rotation import rotate  # noqa: PLC0415
    from collector.database import open_database  # noqa: PLC0415

    config = load(arguments.config)

    async def work() -> int:
        database = await open_database(config.database_url())
        try:
            return await rotate(database, Keyring(config.data_dir / KEY_FILE))
        finally:
            await database.close()

    try:
        print(f"{asyncio.run(work())} credentials are encrypted with the new key")
    except StorageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def run(arguments: argparse.Namespace) -> int:
    config = load(arguments.config)
    _make_data_dir(config)
    limit_arenas()
    interpreter.tune()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(serve(config))
    except StorageError as error:
        print(error, file=sys.stderr)
        return 1


async def serve(config: CollectorConfig) -> int:
    """Serve until SIGTERM or SIGINT; returns 1 when it ended because evaluation could not go on.

    Raises:
        ConfigError: the address is taken, the certificate or a rule file is wrong.
        StorageError: database or series cannot be opened.
    """
    from collector.app import FAILED, HTTP_METRICS, make_app  # noqa: PLC0415
    from collector.server import Runner, tls_context  # noqa: PLC0415

    tls = tls_context(config.tls)
    stop = _stop_on_signals()
    for pattern in config.idle_rule_patterns():
        log.warning("rule_files pattern matches no file", pattern=pattern, remedy=_IDLE_REMEDY)
    app = make_app(config, SystemClock())
    _reload_on_hangup(app)
    runner = Runner(app, config.limits, app[HTTP_METRICS])
    try:
        await runner.setup()
        host, port = config.address()
        site = web.TCPSite(runner, host or None, port, ssl_context=tls, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            raise ConfigError([Fault(config.listen, 0, _spell(error))]) from error
        for address in runner.addresses:
            log.info("listening", address=_spell_address(address), scheme="https" if tls else "http")
        settle()
        await _first(stop, app[FAILED])
        failed = app[FAILED].is_set()
        log.info("stopping")
    finally:
        await runner.cleanup()
    log.info("stopped")
    return 1 if failed else 0


async def _first(*events: asyncio.Event) -> None:
    """Return as soon as one of the events is set."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _reload_on_hangup(app: web.Application) -> None:
    from collector.evaluation import EVALUATION, Evaluation  # noqa: PLC0415

    async def reload(evaluation: Evaluation) -> None:
        with contextlib.suppress(ConfigError):  # told in the log; what is in force stays
            await evaluation.reload()

    under_way: set[asyncio.Task[None]] = set()  # the loop itself would let a task be collected

    def hangup() -> None:
        if EVALUATION not in app:
            return  # still starting; the files are read in any case
        task = asyncio.create_task(reload(app[EVALUATION]))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hangup)


def _make_data_dir(config: CollectorConfig) -> None:
    """Make the data folder, which is nobody else's to read.

    Raises:
        ConfigError: it cannot be made or written to.
    """
    try:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = config.data_dir / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigError([Fault(str(config.data_dir), 0, f"data_dir cannot be used: {error.strerror}")]) from error


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop's where it is installed; None is asyncio's own."""
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return None
    return uvloop.new_event_loop


def _spell(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "this address is in use; stop what listens there or set another `listen`"
    return f"cannot listen here: {error.strerror or error}"


def _spell_address(address: tuple[str, int] | str) -> str:
    if isinstance(address, str):
        return address
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _tell(faults: list[Fault]) -> int:
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print("ok")
    return 1 if faults else 0
