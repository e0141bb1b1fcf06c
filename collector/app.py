"""The collector's application: every part, in the order in which it comes up; it goes down the other way.

`make_app` declares; nothing is opened until the application starts. Each part is a generator for
`cleanup_ctx` that leaves what it opened under a typed key.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CollectorRegistry

from cmdb.class_file import load_classes
from cmdb.classes import CLASSES
from cmdb.metrics import CmdbMetrics
from cmdb.store import reconcile
from collector import openapi
from collector.access.metrics import AccessMetrics
from collector.access.middleware import ROUTE_TABLE, Gate
from collector.access.passwords import Passwords
from collector.access.service import ACCESS, make_access
from collector.agents.assigner import Assigner, PollingMetrics
from collector.agents.events import keep_events
from collector.agents.keyring import KEY_FILE, Keyring
from collector.agents.metrics import AgentMetrics
from collector.agents.presence import Presence
from collector.agents.pushes import note_pushes
from collector.agents.roster import Roster, RosterMetrics
from collector.agents.service import AGENTS, Agents
from collector.background import running, stopped
from collector.config import CollectorConfig
from collector.database import open_database
from collector.discovery.metrics import DiscoveryMetrics
from collector.discovery.service import DISCOVERY
from collector.evaluation import EVALUATION, Evaluation
from collector.external_alerts.errors import say_in_json
from collector.federate import EXTERNAL_LABELS
from collector.health import READINESS, Readiness
from collector.ingest.api import STORE, series_context
from collector.long_term.service import long_term_context
from collector.metrics import REGISTRY, HttpMetrics, make_registry
from collector.prometheus_api import querier
from collector.routes import ROUTES, add_routes
from collector.shell import add_headers, measuring, refuse_nul, time_limit
from console.render import RENDERER, Renderer
from core.clock import Clock, to_datetime
from core.database import Database
from core.http import CLOCK, DATABASE, problem_middleware
from desk.api import NOTIFIER

CONFIG: web.AppKey[CollectorConfig] = web.AppKey("config", CollectorConfig)
# Set when work without which the collector is of no use has ended by itself; the process should end too.
FAILED: web.AppKey[asyncio.Event] = web.AppKey("failed", asyncio.Event)
HTTP_METRICS: web.AppKey[HttpMetrics] = web.AppKey("http_metrics", HttpMetrics)

OpenDatabase = Callable[[str], Awaitable[Database]]


def make_app(
    config: CollectorConfig,
    clock: Clock,
    *,
    registry: CollectorRegistry | None = None,
    passwords: Passwords | None = None,
    open_database: OpenDatabase = open_database,
) -> web.Application:
    """The whole collector as an aiohttp application.

    Raises:
        TypeError: a route declares no permission.
    """
    registry = registry or make_registry()
    access_metrics, http_metrics = AccessMetrics(registry), HttpMetrics(registry)
    app = web.Application(client_max_size=1 << 20, middlewares=_middlewares(config, access_metrics, http_metrics))
    app.on_response_prepare.append(add_headers(secure=config.secure()))
    app[CONFIG], app[CLOCK], app[REGISTRY] = config, clock, registry
    app[EXTERNAL_LABELS] = config.external_labels
    app[HTTP_METRICS], app[FAILED] = http_metrics, asyncio.Event()
    app[READINESS] = Readiness("database", "register", "series", "evaluation")
    app[RENDERER] = Renderer()
    app[ROUTE_TABLE] = {}
    add_routes(app, ROUTES)
    app[openapi.DOCUMENT] = msgspec.json.encode(openapi.describe(ROUTES))
    limits = config.limits
    app.cleanup_ctx.extend(
        [
            functools.partial(_database, open_database),
            _register,
            functools.partial(_access, access_metrics, passwords),
            _agents,
            series_context(
                config.data_dir / "series", registry, series_limits=limits.series(), ingest_limits=limits.ingest()
            ),
            long_term_context(STORE, config.long_term, config.data_dir / "long-term", clock, registry),
            _series_ready,
            querier.opener(STORE, clock, registry, limits.queries()),
            _evaluation,
        ]
    )
    return app


def _middlewares(config: CollectorConfig, access: AccessMetrics, http: HttpMetrics) -> list[Middleware]:
    """What every request passes, outermost first."""
    gate = Gate(access, trusted_proxies=config.proxies(), own_origins=_origins(config))
    return [
        measuring(http),
        problem_middleware,
        say_in_json,
        time_limit(config.limits.request_timeout, http),
        refuse_nul,
        gate.middleware(),
        note_pushes,
    ]


async def _database(opener: OpenDatabase, app: web.Application) -> AsyncIterator[None]:
    """The database, migrated."""
    app[DATABASE] = await opener(app[CONFIG].database_url())
    app[READINESS].up("database")
    yield
    app[READINESS].down("database")
    await app[DATABASE].close()


async def _register(app: web.Application) -> AsyncIterator[None]:
    """The classes of the register."""
    app[CLASSES] = load_classes()
    app[READINESS].up("register")
    yield


async def _access(metrics: AccessMetrics, passwords: Passwords | None, app: web.Application) -> AsyncIterator[None]:
    """Who may what."""
    access = make_access(app[DATABASE], app[CLOCK], metrics, secure=app[CONFIG].secure(), passwords=passwords)
    app[ACCESS] = access
    async with running(last_used=access.last_used.run(app[CLOCK])):
        yield
    await access.last_used.flush()


async def _agents(app: web.Application) -> AsyncIterator[None]:
    """The agents that report."""
    registry, database, config, clock = app[REGISTRY], app[DATABASE], app[CONFIG].polling, app[CLOCK]
    roster = Roster(database)
    await roster.load()
    RosterMetrics(roster, registry)
    app[DISCOVERY] = DiscoveryMetrics(registry)
    polling = PollingMetrics(registry)
    presence = Presence(
        to_datetime(clock.now_ms()), silent_seconds=config.silent_after, stable_seconds=config.stable_after
    )
    assigner = Assigner(database, roster, clock, polling, presence)
    app[AGENTS] = Agents(
        roster=roster,
        metrics=AgentMetrics(registry),
        reconcile=functools.partial(reconcile, classes=app[CLASSES]),
        observe=CmdbMetrics(registry).observe,
        keyring=Keyring(app[CONFIG].data_dir / KEY_FILE),
        assigner=assigner,
        polling=polling,
        believe_sites=config.believe_sites,
    )
    keeping = keep_events(database, app[CLOCK], app[CONFIG].retention.events)
    async with running(heartbeats=roster.run(clock), event_retention=keeping, polling_targets=assigner.run()):
        yield
    await roster.flush()


async def _series_ready(app: web.Application) -> AsyncIterator[None]:
    app[READINESS].up("series")
    yield
    app[READINESS].down("series")


async def _evaluation(app: web.Application) -> AsyncIterator[None]:
    """Rules, incidents, pages."""
    evaluation = Evaluation(app[CONFIG], app[STORE], app[DATABASE], app[CLOCK], app[REGISTRY])
    await evaluation.start()
    app[EVALUATION], app[NOTIFIER] = evaluation, evaluation.sender
    async with running(evaluation=evaluation.run()) as tasks:
        tasks["evaluation"].add_done_callback(lambda _task: app[FAILED].set())

        def check() -> str | None:
            return stopped(tasks["evaluation"]) or evaluation.tick.trouble()

        app[READINESS].up("evaluation", check)
        yield
        app[READINESS].down("evaluation")


def _origins(config: CollectorConfig) -> frozenset[str]:
    """Origins under which people reach the console besides the Host they name."""
    parts = urlsplit(config.url())
    return frozenset({f"{parts.scheme}://{parts.netloc}"})
