"""REST of credentials: secrets go in and are never shown; agents get those that they poll with."""

from __future__ import annotations

import msgspec
from aiohttp import web
from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncSession

from collector.agents import polling_store
from collector.agents.conflict import changing
from collector.agents.models import Credential
from collector.agents.polling_views import CredentialPut, CredentialView, NewCredential, Secrets
from collector.agents.service import AGENTS
from core.access import PRINCIPAL, Permission
from core.clock import to_datetime
from core.http import CLOCK, DATABASE, Page, PageQuery, Problem, Route, not_found, page_of
from core.log import get_logger

log = get_logger(__name__)


async def list_credentials(request: web.Request, query: PageQuery) -> Page[CredentialView]:
    async with request.app[DATABASE].read() as session:
        rows = await polling_store.list_credentials(session, after=query.after(), limit=query.limit + 1)
    return page_of([_view(row) for row in rows], query, lambda view: view.id)


async def create_credential(request: web.Request, body: NewCredential) -> CredentialView:
    """Keep a secret under a name, encrypted; it is never shown again."""
    now = to_datetime(request.app[CLOCK].now_ms())
    kind, sealed = _seal(request, body.name, body.secret)
    async with changing(request) as session:
        if await polling_store.find_credential(session, body.name) is not None:
            raise Problem(409, "Name taken", f"there is a credential {body.name}; change it with PUT")
        credential = Credential(name=body.name, kind=kind, sealed=sealed, version=1, created_at=now, updated_at=now)
        session.add(credential)
        await session.flush()
    log.info("credential added", credential=credential.name, kind=kind, by=request[PRINCIPAL].name)
    return _view(credential)


async def replace_credential(request: web.Request, body: CredentialPut) -> CredentialView:
    """Replace a secret; agents that poll with it get the new one without a restart."""
    async with changing(request) as session:
        credential = await _find(request, session)
        if body.version is not UNSET and body.version != credential.version:
            raise Problem(409, "Changed meanwhile", f"the credential is at version {credential.version} now")
        kind, sealed = _seal(request, credential.name, body.secret)
        if kind != credential.kind:
            raise Problem(409, "Another kind", f"{credential.name} is of kind {credential.kind}, and others rely on it")
        credential.sealed = sealed
        credential.version += 1
        credential.updated_at = to_datetime(request.app[CLOCK].now_ms())
        holders = await polling_store.holders_with(session, credential.id)
    request.app[AGENTS].assigner.outdated |= holders
    log.info("credential replaced", credential=credential.name, by=request[PRINCIPAL].name)
    return _view(credential)


async def delete_credential(request: web.Request) -> None:
    """Forget a secret that no polling target needs."""
    async with changing(request) as session:
        credential = await _find(request, session)
        needed = await polling_store.targets_naming(session, credential.id)
        if needed:
            raise Problem(
                409, "In use", f"{needed} polling targets need {credential.name}; change or remove them first"
            )
        await session.delete(credential)
    log.info("credential removed", credential=credential.name, by=request[PRINCIPAL].name)


def _seal(request: web.Request, name: str, secret: Secrets) -> tuple[str, str]:
    """Kind and encrypted text of a secret."""
    encoded = msgspec.json.encode(secret)
    return msgspec.json.decode(encoded)["kind"], request.app[AGENTS].keyring.seal(name, encoded)


async def _find(request: web.Request, session: AsyncSession) -> Credential:
    credential = await session.get(Credential, int(request.match_info["id"]), with_for_update=True)
    if credential is None:
        raise not_found("credential", request.match_info["id"])
    return credential


def _view(credential: Credential) -> CredentialView:
    return CredentialView(
        id=credential.id, name=credential.name, kind=credential.kind, version=credential.version,
        created_at=credential.created_at, updated_at=credential.updated_at,
    )  # fmt: skip


_ONE = r"/api/v1/credentials/{id:\d{1,9}}"
ROUTES = [
    Route("GET", "/api/v1/credentials", list_credentials, Permission.AGENTS_READ, "List credentials, not their secrets",
          query=PageQuery, returns=Page[CredentialView]),
    Route("POST", "/api/v1/credentials", create_credential, Permission.AGENTS_WRITE, "Keep a secret for polling",
          body=NewCredential, returns=CredentialView, status=201, max_body_bytes=64 << 10),
    Route("PUT", _ONE, replace_credential, Permission.AGENTS_WRITE, "Replace a secret",
          body=CredentialPut, returns=CredentialView, max_body_bytes=64 << 10),
    Route("DELETE", _ONE, delete_credential, Permission.AGENTS_WRITE, "Forget a secret", status=204),
]  # fmt: skip
