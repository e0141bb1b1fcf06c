"""docs/metrics.md against what the collector, the agent and the probes really expose."""

from __future__ import annotations

import fnmatch
import importlib
import pkgutil
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

import agent.metrics
import agent.probes.host
from agent import collection
from agent.config import AgentConfig, CollectorConfig
from agent.http import CollectorClient
from agent.metrics import AgentProbe
from agent.own_events import OwnEvents
from agent.probes import exec as plugins
from agent.probes import families as of_probes
from agent.probes import journal, logfiles, mdstat, processes, redis, smart, systemd, textfile
from agent.probes.check import Failure
from agent.probes.exec import Trouble
from agent.probes.host.probe import HostProbe
from agent.probes.journalctl import Failure as JournalFailure
from agent.probes.raid import collector as raid
from agent.probes.raid import megaraid
from agent.probes.raid import model as raid_model
from agent.push import Pusher
from agent.remote_config import ConfigOutcome, RemoteConfig
from agent.report import Reporter
from agent.restraint import Restraint
from agent.runner import Runner, Skip
from agent.sample import Family, Sample, Series
from agent.self_watch import RestartReason, SelfWatch
from agent.snmp import oids
from agent.snmp.errors import SnmpFailure
from agent.snmp.interfaces import all_columns, take_inventory
from agent.snmp.profiles import kinds
from agent.snmp.profiles.kinds import KINDS, OTHER_STATES, UNITS, measure, state_measure
from agent.snmp.system import info_samples
from agent.traps import probe as traps
from agent.traps.limits import Drop as TrapDrop
from agent.traps.own_definitions import Reload as TrapReload
from cmdb.identity import Reason
from cmdb.outcome import What
from cmdb.views import CiRef
from collector.access.authenticator import Refusal as AccessRefusal
from collector.access.sign_in import LoginResult
from collector.external_alerts.keeper import Outcome as ExternalOutcome
from collector.long_term.metrics import QueryOutcome
from collector.metrics import REGISTRY
from collector.own_series import ci_info
from collector.series.refusal import Refusal
from core.clock import ManualClock
from core.remote_write_answer import Outcome
from core.spool.spool import Drop, Limits, Spool
from rules.alerting import AlertState
from tests.agent.probes.hardware import equip
from tests.collector.conftest import Site
from tests.docs.documents import DOCS, ROOT, codes, rows

FILE = DOCS / "metrics.md"
AGENTS = (
    "Agent",
    "Every target",
    "Hosts",
    "SNMP devices",
    "Common series of devices",
    "Traps",
    "Probes",
    "Plugins",
    "Host by configuration",
)  # headings; every other table is the collector's
CAPTURED = ROOT / "tests/agent/fixtures/vm"

Shape = tuple[str, frozenset[str]]  # type and labels


def documented(*headings: str) -> dict[str, Shape]:
    """Metrics under the headings, or under all that are not the agent's."""
    found: dict[str, Shape] = {}
    for row in rows(FILE):
        if "type" in row.cells and (row.heading in headings or (not headings and row.heading not in AGENTS)):
            [name] = codes(row.cells["metric"])
            assert name not in found, f"{name} is described twice"
            assert row.cells["meaning"], name
            found[name] = (row.cells["type"], frozenset(codes(row.cells["labels"])))
    return found


# The collector


def exposed(registry: CollectorRegistry) -> Iterator[tuple[str, Shape]]:
    for collector in list(registry._collector_to_names):
        if isinstance(collector, MetricWrapperBase):
            yield _spelled(collector._name, collector._type, collector._labelnames)
            continue
        for family in collector.collect():
            labels = getattr(family, "_labelnames", ()) or {name for one in family.samples for name in one.labels}
            yield _spelled(family.name, family.type, labels)


def _spelled(name: str, kind: str, labels: Iterable[str]) -> tuple[str, Shape]:
    return name + ("_total" if kind == "counter" else ""), (kind, frozenset(labels))


async def test_every_metric_of_a_running_collector_is_documented_and_the_other_way_round(site: Site) -> None:
    assert documented() == dict(exposed(site.app[REGISTRY]))


async def test_the_page_of_metrics_shows_documented_names_only(site: Site) -> None:
    await site.call("GET", "/-/ready")
    status, text = await site.call("GET", "/metrics")
    assert status == 200
    shown = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}
    known = {name.removesuffix("_total") for name in documented()}
    # The client library shows when a counter began as a gauge of its own.
    assert {name.removesuffix("_total").removesuffix("_created") for name in shown} <= known
    assert len(shown) > 30


def test_the_series_of_items_has_the_documented_labels() -> None:
    ci = CiRef(id=1, code="SRV-1", name="web", class_="server")
    names = {name for name, _ in ci_info("web-1", ci, [ci])} - {"__name__"}
    [row] = [row for row in rows(FILE) if "series" in row.cells]
    assert codes(row.cells["series"]) == ["forewatch_ci_info"]
    assert set(codes(row.cells["labels"])) == names


VALUES: dict[tuple[str, str], type] = {
    ("forewatch_ingest_samples_refused_total", "reason"): Refusal,
    ("forewatch_access_refused_total", "reason"): AccessRefusal,
    ("forewatch_logins_total", "result"): LoginResult,
    ("forewatch_cmdb_reconciled_targets_total", "outcome"): What,
    ("forewatch_cmdb_differences_total", "reason"): Reason,
    ("forewatch_alerts", "state"): AlertState,
    ("forewatch_event_alerts_received_total", "outcome"): ExternalOutcome,
    ("forewatch_external_alerts_received_total", "outcome"): ExternalOutcome,
    ("forewatch_agent_collections_skipped_total", "reason"): Skip,
    ("forewatch_agent_dropped_samples_total", "reason"): Drop,
    ("forewatch_agent_configuration_requests_total", "outcome"): ConfigOutcome,
    ("forewatch_agent_self_restarts_total", "reason"): RestartReason,
    ("forewatch_agent_pushes_total", "outcome"): Outcome,
    ("forewatch_long_term_requests_total", "outcome"): Outcome,
    ("forewatch_long_term_queries_total", "outcome"): QueryOutcome,
    ("forewatch_long_term_dropped_records_total", "reason"): Drop,
    ("forewatch_long_term_dropped_samples_total", "reason"): Drop,
    ("forewatch_snmp_walk_errors_total", "class"): SnmpFailure,
    ("snmp_traps_dropped_total", "reason"): TrapDrop,
    ("snmp_trap_definition_reloads_total", "outcome"): TrapReload,
    ("forewatch_probe_failure_info", "class"): Failure,
    ("raid_volume_state", "state"): raid_model.VolumeState,
    ("raid_disk_state", "state"): raid_model.DiskState,
    ("log_journal_failures_total", "class"): JournalFailure,
    ("exec_failure_info", "class"): Trouble,
}


def test_the_values_of_labels_are_those_of_the_code() -> None:
    shown = {
        (codes(row.cells["metric"])[0], codes(row.cells["label"])[0]): codes(row.cells["values"])
        for row in rows(FILE)
        if "values" in row.cells
    }
    assert shown.keys() == VALUES.keys()
    for key, values in shown.items():
        assert values == [str(value) for value in VALUES[key]], key


# The agent


@pytest.fixture
async def own_samples(tmp_path: Path, clock: ManualClock) -> list[Sample]:
    """What an agent says of itself after something of everything has happened."""
    client = CollectorClient(CollectorConfig(url="http://127.0.0.1:1"))
    spool = Spool(tmp_path, Limits(max_age_ms=86_400_000, max_bytes=2**26))
    runner = Runner([], spool, clock, agent="web-1", max_samples=100)
    runner.counts.collections["node"] = runner.counts.samples["node"] = runner.counts.failures["node", "io"] = 1
    pusher = Pusher(spool, client, clock, agent="web-1")
    reporter = Reporter([], {}, client, clock, agent="web-1", boot=spool.boot)
    probe = AgentProbe(clock)
    probe.watch(runner, spool, pusher, reporter)
    events = OwnEvents(client, clock, agent="web-1", boot=spool.boot)
    restraint = Restraint(memory_bytes=2**28, cpu_ratio=0.5, now=0)
    probe.watch_self(SelfWatch(restraint, runner, events, clock, folder=tmp_path, restart=lambda: None))
    config = AgentConfig(collector=CollectorConfig(url="http://127.0.0.1:1"), data_dir=tmp_path)
    remote = RemoteConfig(config, client, runner, clock, events, changed=lambda _targets: None)
    probe.watch_config(remote, local=2)
    samples = list(await probe.collect())
    spool.close()
    return samples


def test_every_metric_of_the_agent_is_documented_and_the_other_way_round(own_samples: list[Sample]) -> None:
    assert {sample.family for sample in own_samples} == set(families(agent.metrics))
    assert documented("Agent") == shapes(own_samples)


def test_what_is_said_of_every_target_is_documented() -> None:
    said = collection.Collection([], 0.1).own_samples()
    assert documented("Every target") == shapes(said)


async def test_every_series_of_hosts_is_documented_and_the_other_way_round(tmp_path: Path, clock: ManualClock) -> None:
    """Of a well-equipped host, and of the hardware and kernels that it has not."""
    shown = documented("Hosts")
    root = equip(Path(shutil.copytree(CAPTURED, tmp_path / "root")))
    seen = shapes(await HostProbe(root, clock).collect())
    real = {family.name: family.type for module in modules(agent.probes.host) for family in families(module)}
    real |= {name: kind for name, (kind, _) in seen.items()}
    for name, kind in real.items():
        matching = [pattern for pattern in shown if fnmatch.fnmatchcase(name, pattern)]
        assert len(matching) == 1, f"{name} is described by {matching}"
        assert shown[matching[0]][0] == kind, name
        if name in seen and name in shown:
            assert seen[name][1] <= shown[name][1], name
            assert seen[name][1] or not shown[name][1], name
    for pattern in shown:
        assert fnmatch.filter(real, pattern), f"{pattern} describes nothing"


def test_every_series_of_devices_is_documented_and_the_other_way_round() -> None:
    table = {root: {f"{root}.7": 1} for root in all_columns()}
    table |= {root: {f"{root}.7": b"text"} for root in oids.LABEL_COLUMNS.values()}
    table[oids.IF_PHYS_ADDRESS] = {f"{oids.IF_PHYS_ADDRESS}.7": b"\0\1\2\3\4\5"}
    inventory = take_inventory(table)
    series = list(inventory.series())
    samples = [Sample(one, 1) for one in series] + info_samples(dict.fromkeys(oids.SYSTEM_INFO, b"text"))
    samples += [Sample(Series(family), 1) for family in (oids.SYS_UP_TIME_FAMILY, oids.IF_NUMBER_FAMILY)]
    samples.append(Sample(Series(oids.WALK_ERRORS, (("class", "timeout"),)), 1))
    assert {sample.family for sample in samples} == set(families(oids))
    assert documented("SNMP devices") == shapes(samples)


def test_every_common_series_of_devices_is_documented_and_the_other_way_round() -> None:
    measures = [measure(kind, unit) for kind in KINDS for unit in UNITS[kind]]
    states = [state_measure(kind) for kind in KINDS]
    expected = {of.family.name: ("gauge", frozenset({of.label})) for of in (*measures, *states) if of is not None}
    expected[OTHER_STATES.family.name] = ("gauge", frozenset({"kind", "sensor"}))
    assert documented("Common series of devices") == expected
    assert {family.name for family in families(kinds)} <= set(expected)


def shapes(samples: Iterable[Sample]) -> dict[str, Shape]:
    """Type and all labels by name."""
    labels: dict[Family, set[str]] = {}
    for sample in samples:
        labels.setdefault(sample.family, set()).update(name for name, _ in sample.labels)
    return {family.name: (family.type, frozenset(names)) for family, names in labels.items()}


def modules(package: Any) -> Iterator[Any]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def families(module: Any) -> Iterator[Family]:
    """Every family that a module declares, alone or within its tables."""
    for value in vars(module).values():
        yield from _families(value)


def _families(value: Any) -> Iterator[Family]:
    if isinstance(value, Family):
        yield value
    elif isinstance(value, Series):
        yield value.family
    elif isinstance(value, dict):
        yield from _families(tuple(value.values()))
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _families(item)


@pytest.mark.parametrize(
    ("heading", "modules"),
    [
        ("Probes", [of_probes]),
        ("Traps", [traps]),
        ("Plugins", [plugins]),
        (
            "Host by configuration",
            [journal, logfiles, mdstat, processes, raid, raid_model, megaraid, smart, systemd, textfile],
        ),
    ],
)
def test_every_metric_of_probes_is_documented_and_the_other_way_round(heading: str, modules: list[ModuleType]) -> None:
    families = [family for module in modules for family in vars(module).values() if isinstance(family, Family)]
    if megaraid in modules:
        families += megaraid.PD_COUNTS.values()
    if of_probes in modules:
        families += [*redis.FIELDS.values(), redis.MASTER_LINK]
    real = {family.name: family.type for family in families}
    assert {name: kind for name, (kind, _) in documented(heading).items()} == real
