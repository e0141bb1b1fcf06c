"""The gate that every request passes: who is asking, may they, and is it really a page of ours that asks."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from aiohttp.web_urldispatcher import AbstractRoute

from collector.access.authenticator import Refusal, Refused
from collector.access.client import CLIENT, Network, client_address, is_local
from collector.access.metrics import AccessMetrics
from collector.access.service import ACCESS
from collector.access.sessions import cross_origin
from core.access import ANONYMOUS, PRINCIPAL, Permission, Principal
from core.http import Problem, Route

# Which registered route asks for what; filled by `collector.routes.add_routes`, the only way to add one.
RouteTable = dict[AbstractRoute, Route]
ROUTE_TABLE: web.AppKey[RouteTable] = web.AppKey("route_table", RouteTable)


class Gate:
    """Decides about each request by the route's permission; `middleware` is its aiohttp face."""

    def __init__(
        self,
        metrics: AccessMetrics,
        *,
        trusted_proxies: Sequence[Network] = (),
        own_origins: frozenset[str] = frozenset(),
    ) -> None:
        self._metrics = metrics
        self._trusted = trusted_proxies
        self._origins = own_origins

    def middleware(self) -> Middleware:
        @web.middleware
        async def access(request: web.Request, handler: Handler) -> web.StreamResponse:
            forwarded = request.headers.getall("X-Forwarded-For", ())
            request[CLIENT] = client_address(request.remote, forwarded, self._trusted)
            request[PRINCIPAL] = ANONYMOUS
            if request.match_info.http_exception is None:  # else 404 or 405, which need no permission
                request[PRINCIPAL] = await self._admit(request, request.app[ROUTE_TABLE])
            return await handler(request)

        return access

    async def _admit(self, request: web.Request, table: RouteTable) -> Principal:
        route = table.get(request.match_info.route)
        if route is None:
            raise self._refusal(Refusal.FORBIDDEN, 403, "this route declares no permission, so nobody has it")
        if route.permission is Permission.PUBLIC:
            self._check_origin(request)
            return ANONYMOUS
        if route.permission is Permission.LOOPBACK and is_local(request, request[CLIENT], self._trusted):
            return ANONYMOUS
        principal = await self._authenticate(request, route)
        needed = Permission.METRICS_READ if route.permission is Permission.LOOPBACK else route.permission
        if needed not in principal.permissions:
            raise self._refusal(Refusal.FORBIDDEN, 403, f"{needed} is needed; the role {principal.role} has it not")
        if principal.kind == "user":
            self._check_origin(request)
        return principal

    async def _authenticate(self, request: web.Request, route: Route) -> Principal:
        try:
            principal = await request.app[ACCESS].authenticator.principal(request, request[CLIENT])
        except Refused as refused:
            self._redirect_people(request, route)
            raise self._refusal(refused.reason, 401, _SPELLED[refused.reason]) from refused
        if principal is ANONYMOUS:
            self._redirect_people(request, route)
            raise self._refusal(Refusal.ANONYMOUS, 401, "send a token as Authorization: Bearer, or sign in")
        return principal

    def _redirect_people(self, request: web.Request, route: Route) -> None:
        """Who opens a page without being signed in is shown where to."""
        wants_page = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", "")
        if route.permission is Permission.CONSOLE and wants_page:
            raise web.HTTPSeeOther("/login")

    def _check_origin(self, request: web.Request) -> None:
        why = cross_origin(request.method, request.headers, request.host, self._origins)
        if why is not None:
            raise self._refusal(Refusal.CROSS_ORIGIN, 403, f"another site made this request: {why}")

    def _refusal(self, reason: Refusal, status: int, detail: str) -> Problem:
        self._metrics.refused.labels(reason).inc()
        title = "Unauthorized" if status == 401 else "Forbidden"
        return Problem(status, title, detail, type_=f"urn:forewatch:access:{reason}")


_SPELLED = {
    Refusal.MALFORMED: "the Authorization header is neither Bearer TOKEN nor Basic with a token as password",
    Refusal.UNKNOWN: "this token or session is not known; the password of a person is taken at /login only",
    Refusal.EXPIRED: "this credential has expired",
    Refusal.REVOKED: "this token was revoked",
    Refusal.USED: "this one-time token was used already",
    Refusal.DISABLED: "this account is disabled",
}
