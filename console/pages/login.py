"""The sign-in page; the server's access part takes the form."""

from __future__ import annotations

from aiohttp import web

from console.render import RENDERER

# The reasons that a refused sign-in comes back with, in English; the page translates them.
PROBLEMS = {
    "wrong": "Name or password is wrong.",
    "throttled": "Too many failed attempts; wait a minute.",
}


async def login(request: web.Request) -> web.Response:
    problem = PROBLEMS.get(request.query.get("problem", ""), "")
    return request.app[RENDERER].page(request, "login.html", problem=problem)
