"""Real processes of the product for end-to-end tests, each with its log kept for a failure's report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from tests.servers.ports import free_port, wait_until


class Process:
    """A Python module's command line, or a whole `program`, as a process; its output goes to a file."""

    def __init__(self, log: Path, *command: str, program: Sequence[str] = ()) -> None:
        self._command = [*program] or [sys.executable, "-m", *command]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(self._command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def stop(self) -> int:
        """Ask it to stop, as systemd would; returns the exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    @property
    def pid(self) -> int:
        assert self._process is not None, "it was started"
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(how)
        status = self._process.wait(timeout=20)
        self._process = None
        return status


def gone(process: psutil.Process) -> bool:
    """Whether a process that is nobody's child of ours has ended, reaped or not."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Site:
    """A collector in a folder of its own, and calls to its HTTP interface as an administrator."""

    def __init__(
        self, folder: Path, *, rules: str, channels: list[dict[str, Any]] | None = None, database: str = "sqlite",
        **settings: Any,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "collector.yaml"
        (folder / "rules").mkdir(parents=True)
        (folder / "rules" / "story.yaml").write_text(rules)
        settings |= {
            "listen": f"127.0.0.1:{self.port}", "data_dir": str(folder / "data"), "database": database,
            "rule_files": ["rules/*.yaml"], "channels": channels or [],
        }  # fmt: skip
        self.config.write_text(json.dumps(settings, indent=1))  # JSON is YAML
        self.collector = Process(
            folder / "collector.log", "forewatch.cli", "collector", "run", "--config", str(self.config)
        )
        self.admin_token = self.token("admin")

    def start(self) -> None:
        self.collector.start()
        wait_until(self.ready, "collector ready", seconds=30)

    def ready(self) -> bool:
        if not self.collector.running():
            raise RuntimeError(f"the collector ended:\n{self.collector.log()}")
        try:
            with urllib.request.urlopen(self.url + "/-/ready", timeout=2):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def token(self, role: str) -> str:
        command = ["forewatch.cli", "token", "create", "--name", f"test-{role}", "--role", role]
        command += ["--config", str(self.config)]
        printed = subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True, text=True).stdout
        return printed.split()[-1]

    def get(self, path: str, **query: str) -> Any:
        return self._call("GET", path + ("?" + urllib.parse.urlencode(query, doseq=True) if query else ""))

    def post(self, path: str, body: Any = None) -> Any:
        return self._call("POST", path, body)

    def text(self, path: str) -> str:
        return self._send("GET", path, None).decode()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The result of an instant query."""
        return self.get("/prometheus/api/v1/query", query=expression)["data"]["result"]

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._send(method, path, None if body is None else json.dumps(body).encode())
        return json.loads(answer) if answer else None

    def _send(self, method: str, path: str, body: bytes | None) -> bytes:
        headers = {"Authorization": f"Bearer {self.admin_token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error


class Agent:
    """An enrolled agent of a site; `targets` are its SNMP targets as in agent.yaml, `sections` whole sections of it."""

    def __init__(
        self,
        site: Site,
        name: str,
        *,
        targets: list[dict[str, Any]] | None = None,
        host: bool | dict[str, Any] = True,
        interval: str = "1s",
        **sections: Any,
    ) -> None:
        folder = site.folder / name
        folder.mkdir()
        config = folder / "agent.yaml"
        settings = {
            "name": name, "collector": {"url": site.url, "token_file": "agent.token"}, "data_dir": "agent-data",
            "interval": interval, "host": host if isinstance(host, dict) else {"enabled": host},
            "snmp": {"credentials": {"lab": {"version": "2c", "community": "public"}}, "timeout": "500ms", "retries": 0,
                     "targets": targets or []},
        } | sections  # fmt: skip
        config.write_text(json.dumps(settings, indent=1))
        enrol = [
            "forewatch.cli",
            "agent",
            "enrol",
            "--collector",
            site.url,
            "--token",
            site.token("enrol"),
            "--config",
            str(config),
        ]
        subprocess.run([sys.executable, "-m", *enrol], check=True, capture_output=True)
        self.token_file = folder / "agent.token"
        self.process = Process(folder / "agent.log", "forewatch.cli", "agent", "run", "--config", str(config))
