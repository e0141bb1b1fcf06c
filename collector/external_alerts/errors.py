"""What is refused before a handler of `/alertmanager` sees it, said as Alertmanager's clients read it."""

from __future__ import annotations

from aiohttp import web
from aiohttp.typedefs import Handler

from core.http import Problem, json_response

PREFIX = "/alertmanager/"


@web.middleware
async def say_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A refusal becomes a JSON string: amtool knows no problem+json and would say that only."""
    try:
        return await handler(request)
    except Problem as problem:
        if not request.path.startswith(PREFIX):
            raise
        answer = json_response(problem.detail, status=problem.status)
        challenge = problem.response().headers.get("WWW-Authenticate")
        if challenge is not None:
            answer.headers["WWW-Authenticate"] = challenge
        return answer
