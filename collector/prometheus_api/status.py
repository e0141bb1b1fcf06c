"""`/status/buildinfo`: what Grafana asks to learn which queries it may send."""

from __future__ import annotations

import platform
from importlib import metadata

from aiohttp import web

from collector.prometheus_api.answer import respond, success

# The Prometheus whose query API this is; Grafana decides by it what it may ask for.
API_VERSION = "3.5.0"


async def build_info(_request: web.Request) -> web.Response:
    """The Prometheus version whose query API is spoken here, and which Forewatch speaks it."""
    product = metadata.version("forewatch")
    return respond(
        success(
            {
                "application": "Forewatch",
                "version": API_VERSION,
                "revision": f"forewatch-{product}",
                "branch": "forewatch",
                "buildUser": "forewatch",
                "buildDate": "",
                "goVersion": f"python{platform.python_version()}",
            }
        )
    )
