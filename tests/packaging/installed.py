"""The installed agent of a running host: enrolling, configuring, asking its systemd."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.processes import Site
from tests.packaging.machine import Machine

UNIT = "forewatch-agent.service"
CONFIG, STATE = Path("etc/forewatch-agent/agent.yaml"), Path("var/lib/forewatch-agent")


def enrol(host: Machine, site: Site) -> None:
    host.run("forewatch-agent-enrol", site.url, given=site.token("enrol"))


def configure(host: Machine, /, **sections: Any) -> None:
    """Add to the configuration, as an administrator would, and restart."""
    file = host.root / CONFIG
    file.write_text(json.dumps(yaml.safe_load(file.read_text()) | sections))  # JSON is YAML
    host.run("forewatch-agent", "check", "--config", f"/{CONFIG}")
    host.run("systemctl", "restart", UNIT)


def state(host: Machine) -> str:
    return host.run("systemctl", "show", "--property=ActiveState", "--value", UNIT).strip()


def main_pid(host: Machine) -> int:
    return int(host.run("systemctl", "show", "--property=MainPID", "--value", UNIT))


def journal(host: Machine) -> str:
    return host.run("journalctl", "--no-pager", "--output=cat", "--unit", UNIT)
