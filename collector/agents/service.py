"""What the handlers of agents share, under one key of the application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from cmdb.outcome import Outcome
from collector.agents.assigner import Assigner, PollingMetrics
from collector.agents.keyring import Keyring
from collector.agents.metrics import AgentMetrics
from collector.agents.report import Reconcile
from collector.agents.roster import Roster


@dataclass(frozen=True)
class Agents:
    """The collaborators of the agents' API; one per application.

    Attributes:
        observe: told of every reconciled target, once it is committed.
        believe_sites: whether an agent without a site gets the one that it names itself.
    """

    roster: Roster
    metrics: AgentMetrics
    reconcile: Reconcile
    observe: Callable[[Outcome], None]
    keyring: Keyring
    assigner: Assigner
    polling: PollingMetrics
    believe_sites: bool


AGENTS: web.AppKey[Agents] = web.AppKey("agents", Agents)
