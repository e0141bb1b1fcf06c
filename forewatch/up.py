"""`forewatch up`: everything on this machine, for a first look and for small sites.

The collector and the agent run as two processes, as they do in a data centre; this one prepares the
data folder, prints what a person needs, and keeps both alive until it is told to stop.
"""

from __future__ import annotations

import argparse
import http.client
import signal
import ssl
import time
import urllib.request
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from core.log import get_logger
from forewatch.child import Child

if TYPE_CHECKING:
    from collector.first_start import Site

log = get_logger(__name__)

_READY_WITHIN_SECONDS = 60
_RESTART_AFTER_SECONDS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, default=Path("forewatch-data"), metavar="DIR", help="data folder (default: %(default)s)"
    )
    parser.add_argument("--listen", default=None, metavar="HOST:PORT", help="default: 127.0.0.1:9470, or as configured")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prepare the folder, start both processes, watch them; returns the exit status.

    Raises:
        ConfigError: another process uses the folder or the address, or the folder's configuration is wrong.
    """
    # The server's libraries, and what not every system has, load only for this command.
    from collector.first_start import prepare  # noqa: PLC0415
    from forewatch.claim import check_address, claimed  # noqa: PLC0415

    with claimed(arguments.data) as claim:
        site = prepare(arguments.data, arguments.listen, check_address)
        return _run(site, claim)


def _run(site: Site, claim: int) -> int:
    stopping = _StopRequest()
    collector = Child("collector", "run", "--config", str(site.collector_config), keep=[claim])
    agent = Child("agent", "run", "--config", str(site.agent_config), keep=[claim])
    try:
        collector.start()
        if not _wait_ready(collector, site.local_url, stopping):
            return 0 if stopping.asked else 1
        _greet(site.url, site.data, site.password)
        agent.start()
        return _watch(collector, agent, stopping)
    finally:
        agent.stop()
        collector.stop()


class _StopRequest:
    """Remembers that SIGTERM or SIGINT came."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        self.asked = True


def _wait_ready(collector: Child, url: str, stopping: _StopRequest) -> bool:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    # Never through a proxy that the environment names for the world outside. A certificate is for other names than this
    # machine's own, and nothing secret is asked.
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting))
    while time.monotonic() < deadline and collector.ended() is None and not stopping.asked:
        try:
            with opener.open(f"{url}/-/ready", timeout=2):
                return True
        except (OSError, http.client.HTTPException):  # refused, not ready, or none of ours that answers
            time.sleep(0.1)
    if collector.ended() is None and not stopping.asked:
        log.error("collector not ready in time", seconds=_READY_WITHIN_SECONDS)
    return False


def _greet(url: str, data: Path, password: str | None) -> None:
    lines = ["", "Forewatch 未雨 is running. 已启动。", "", f"  console  控制台    {url}/"]
    if password is not None:
        lines += ["  name     用户名    admin", f"  password 密码      {password}"]
        lines += [f"                     (printed once, kept in {data / 'initial-password'}; 仅显示一次)"]
    else:
        lines += ["  name     用户名    admin (first password: initial-password in the data folder)"]
    lines += [
        f"  data     数据目录  {data}",
        "",
        "This host appears within 30 seconds. Ctrl-C stops it. 按 Ctrl-C 停止。",
        "",
    ]
    print("\n".join(lines), flush=True)


def _watch(collector: Child, agent: Child, stopping: _StopRequest) -> int:
    """Until a stop is asked for or the collector ends; an agent that ends is started again."""
    while not stopping.asked:
        status = collector.ended()
        if status is not None:
            log.error("collector ended", status=status)
            return 1
        status = agent.ended()
        if status is not None:
            log.warning("agent ended, starting it again", status=status, after_seconds=_RESTART_AFTER_SECONDS)
            time.sleep(_RESTART_AFTER_SECONDS)
            if not stopping.asked:
                _start_again(agent)
        time.sleep(0.2)
    return 0


def _start_again(agent: Child) -> None:
    """Start the agent; on a machine without room for a process it is tried again, and the collector goes on."""
    try:
        agent.start()
    except OSError as error:
        log.error("agent cannot be started", reason=error)
