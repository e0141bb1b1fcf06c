"""What the handlers of discovery share, under one key of the application."""

from __future__ import annotations

from aiohttp import web

from collector.discovery.metrics import DiscoveryMetrics

DISCOVERY: web.AppKey[DiscoveryMetrics] = web.AppKey("discovery", DiscoveryMetrics)
