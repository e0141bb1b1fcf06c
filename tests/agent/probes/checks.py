"""Checks as tests run them: by the section of `agent.yaml` that asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from agent.config import AgentConfig, load
from agent.probes.build import check_of
from agent.probes.check import CheckProbe
from core.clock import SystemClock
from tests.agent.probes.read import by_name


def configured(folder: Path, *probes: dict[str, Any], **more: Any) -> AgentConfig:
    """The configuration with these probes, each with a name when it has none."""
    named = [{"name": f"probe-{number}"} | probe for number, probe in enumerate(probes)]
    whole = {"name": "web-1", "collector": {"url": "http://127.0.0.1:1"}, "data_dir": "data", "probes": named} | more
    file = folder / "agent.yaml"
    file.write_text(yaml.safe_dump(whole, allow_unicode=True))
    return load(file)


async def look(folder: Path, probe: dict[str, Any], seconds: float = 10) -> dict[str, float]:
    """Values by name and label values of one look; `failure` is the class of failure, when there is one."""
    [section] = configured(folder, probe).probes
    clock = SystemClock()
    samples = await CheckProbe(check_of(section, clock, seconds), clock, name="it", timeout_seconds=seconds).collect()
    return by_name(samples)


def failure(values: dict[str, float]) -> str | None:
    """The class of failure; None for a check that succeeded. The two ways of saying it must agree."""
    classes = [key.split()[1] for key in values if key.startswith("forewatch_probe_failure_info")]
    assert values["probe_success"] == (0 if classes else 1)
    assert values["probe_duration_seconds"] >= 0
    return classes[0] if classes else None
