"""The long-term store's part of the collector, brought up and down with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aiohttp import web
from prometheus_client import CollectorRegistry

from collector.background import running
from collector.long_term.config import LongTermConfig
from collector.long_term.forwarder import Forwarder
from collector.long_term.http import StoreClient
from collector.long_term.metrics import LongTermMetrics
from collector.long_term.queries import LONG_TERM, LongTermQueries
from collector.long_term.sender import Sender
from collector.series.store import SeriesStore
from core.clock import Clock

Context = Callable[[web.Application], AsyncIterator[None]]


def long_term_context(
    store_key: web.AppKey[SeriesStore],
    config: LongTermConfig | None,
    folder: Path,
    clock: Clock,
    registry: CollectorRegistry,
) -> Context:
    """For `app.cleanup_ctx`, after the series store and before all that writes to it.

    Args:
        store_key: of the series store.
        config: None for no long-term store.
        folder: of the spool.
        clock: the application's.
        registry: where the metrics go.
    """
    metrics = LongTermMetrics(registry, clock)

    async def context(app: web.Application) -> AsyncIterator[None]:
        if config is None:
            yield
            return
        client = StoreClient(config)
        try:
            if config.query_url is not None:
                app[LONG_TERM] = LongTermQueries(config, client, app[store_key], clock, metrics)
            if config.write_url is None:
                yield
                return
            async for _ in _forwarding(app[store_key], config, config.write_url, client, folder, clock, metrics):
                yield
        finally:
            await client.close()

    return context


async def _forwarding(
    store: SeriesStore, config: LongTermConfig, url: str, client: StoreClient, folder: Path, clock: Clock,
    metrics: LongTermMetrics,
) -> AsyncIterator[None]:  # fmt: skip
    """Forward what the store takes for as long as the caller needs."""
    # In a thread: all that waits is read once.
    forwarder = await asyncio.to_thread(
        Forwarder, folder, clock, max_bytes=config.spool_size, max_age_seconds=config.spool_age
    )
    metrics.spool.forwarder = forwarder
    sender = Sender(forwarder, client, clock, metrics, url=url, timeout_seconds=config.timeout)
    store.tee = forwarder
    try:
        async with running(forwarding=sender.run()):
            yield
    finally:
        store.tee = metrics.spool.forwarder = None
        forwarder.close()
