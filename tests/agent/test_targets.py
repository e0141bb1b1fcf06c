from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.config import AgentConfig, load
from agent.targets import KINDS, targets_of, time_limit
from core.clock import ManualClock

ROOT = Path(__file__).parents[2]
SNMP = """\
snmp:
  timeout: 3s
  retries: 1
  credentials: {lab: {community: public}}
  targets:
    - {name: core-1, address: '10.0.0.1:1161', credential: lab, interval: 60s}
    - {name: core-2, address: '[fd00::1]', credential: lab, timeout: 500ms, retries: 0}
"""


PROBES = """\
probes:
  - {name: portal, type: http, url: 'http://127.0.0.1/', interval: 30s}
  - {name: gateway, type: icmp, target: 127.0.0.1}
  - {name: queue, type: exec, command: [/bin/true]}
  - {name: database, type: scrape, url: 'http://127.0.0.1:9187/metrics'}
"""


def configured(tmp_path: Path, more: str) -> AgentConfig:
    file = tmp_path / "agent.yaml"
    file.write_text(f"name: web-1\ncollector: {{url: 'http://127.0.0.1:9470'}}\ndata_dir: data\n{more}")
    return load(file)


def test_the_configuration_says_what_is_watched_and_how_often(tmp_path: Path, clock: ManualClock) -> None:
    targets = list(targets_of(configured(tmp_path, "host: {interval: 30s}\n" + SNMP), clock))
    assert [(one.job, one.instance, one.interval_seconds, one.timeout_seconds) for one in targets] == [
        ("node", "web-1", 30, 29),
        ("snmp", "core-1", 60, 59),
        ("snmp", "core-2", 15, 14),
    ]
    assert [one.facts_after_reading for one in targets] == [False, True, True]


def test_a_device_is_asked_as_the_target_or_else_the_section_says(tmp_path: Path, clock: ManualClock) -> None:
    _, first, second = targets_of(configured(tmp_path, SNMP), clock)
    asked = [one.probe._target for one in (first, second)]  # type: ignore[attr-defined]
    assert [(one.address, one.port, one.timeout_seconds, one.retries) for one in asked] == [
        ("10.0.0.1", 1161, 3, 1),
        ("fd00::1", 161, 0.5, 0),
    ]
    assert {one.community for one in asked} == {"public"}


def test_a_device_is_read_within_the_budget_that_the_section_says(tmp_path: Path, clock: ManualClock) -> None:
    config = configured(tmp_path, SNMP.replace("retries: 1", "retries: 1\n  max_varbinds: 5000"))
    budgets = [one.probe._budget for one in targets_of(config, clock) if one.job == "snmp"]  # type: ignore[attr-defined]
    assert [(one.seconds, one.varbinds) for one in budgets] == [(59 * 0.9, 5000), (14 * 0.9, 5000)]


@pytest.mark.parametrize("job", KINDS)
def test_a_kind_of_probe_gives_targets_of_its_own_job(tmp_path: Path, clock: ManualClock, job: str) -> None:
    assert {one.job for one in KINDS[job](configured(tmp_path, SNMP + PROBES), clock)} == {job}


def test_a_service_is_looked_at_as_often_as_it_says_and_its_check_ends_first(
    tmp_path: Path, clock: ManualClock
) -> None:
    targets = list(KINDS["probe"](configured(tmp_path, PROBES), clock))
    assert [(one.instance, one.interval_seconds, one.timeout_seconds) for one in targets] == [
        ("portal", 30, 29),
        ("gateway", 15, 14),
    ]
    assert [one.probe._timeout_seconds for one in targets] == [10, 10]  # type: ignore[attr-defined]


def test_a_host_that_is_not_to_be_watched_is_not(tmp_path: Path, clock: ManualClock) -> None:
    assert list(targets_of(configured(tmp_path, "host: {enabled: false}\n"), clock)) == []


@pytest.mark.parametrize(("interval", "limit"), [(1, 0.9), (10, 9), (15, 14), (60, 59)])
def test_a_collection_ends_before_the_next_is_due(interval: float, limit: float) -> None:
    assert time_limit(interval) == limit


def imported(tmp_path: Path, more: str) -> set[str]:
    """The packages that an agent with this configuration loads."""
    configured(tmp_path, more)
    script = (
        "import sys; from pathlib import Path\n"
        "from agent import commands, config, process, targets; from core.clock import SystemClock\n"
        f"list(targets.targets_of(config.load(Path({str(tmp_path / 'agent.yaml')!r})), SystemClock()))\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    return set(subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, text=True).split())


def test_an_agent_loads_only_what_its_configuration_uses(tmp_path: Path) -> None:
    heavy = {"aiohttp", "prometheus_client", "numpy", "sqlalchemy", "google", "pysnmp", "jinja2", "cryptography"}
    assert imported(tmp_path, "") & (heavy | {"gufo"}) == set()
    both = imported(tmp_path, SNMP)
    assert "gufo" in both
    assert both & heavy == set()
    assert "psutil" not in imported(tmp_path, "host: {enabled: false}\n")
