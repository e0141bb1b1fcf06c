"""Style sheet, scripts and icon, served from the package: nothing is loaded from elsewhere."""

from __future__ import annotations

from importlib import resources

from aiohttp import web

from core.http import not_found

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


async def static(request: web.Request) -> web.Response:
    """One file of `console/static`, by its plain name."""
    name = request.match_info["name"]
    folder = resources.files("console").joinpath("static")
    known = {file.name: file for file in folder.iterdir() if file.is_file()}
    if name not in known:
        raise not_found("file", name)
    suffix = name[name.rfind(".") :]
    return web.Response(
        body=known[name].read_bytes(),
        headers={"Content-Type": _TYPES[suffix], "Cache-Control": "no-cache"},
    )
