"""A real PostgreSQL in a temporary folder, with one fresh database a test copied from a template."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from tests.servers.ports import accepts, free_port, wait_until
from tests.servers.require import require_program


class Postgres:
    """A server that durability does not slow down; it never leaves loopback."""

    def __init__(self, folder: Path) -> None:
        self._postgres = require_program("postgres", "postgresql")
        self._initdb = require_program("initdb", "postgresql")
        self._folder = folder
        self.port = free_port()
        self._databases = 0

    def start(self) -> None:
        self._own(self._folder)
        data = self._folder / "data"
        options = ["-D", data, "-U", "forewatch", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([*self._as_user(), self._initdb, *options], check=True, capture_output=True, cwd=self._folder)
        settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self._folder}
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "32MB"}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [*self._as_user(), self._postgres, "-D", data, *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._folder,
        )  # fmt: skip
        wait_until(lambda: accepts(self.port) and self._answers(), "postgres", process=self._process)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown: waits for no client
        self._process.wait(timeout=30)
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://forewatch@127.0.0.1:{self.port}/{database}"

    def create(self, template: str | None = None) -> str:
        """The name of a new database, a copy of `template` when one is given."""
        self._databases += 1
        name = f"t{self._databases}"
        self.execute(f'CREATE DATABASE {name} TEMPLATE "{template or "template1"}"')
        return name

    def drop(self, database: str) -> None:
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="forewatch", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    @staticmethod
    def _as_user() -> list[str]:
        """PostgreSQL refuses to run as root; Debian's package made a user for it."""
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
