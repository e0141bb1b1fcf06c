"""A transaction of a request whose conflict with somebody else's is an answer, not an error."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from aiohttp import web
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.http import DATABASE, Problem


@contextlib.asynccontextmanager
async def changing(request: web.Request) -> AsyncIterator[AsyncSession]:
    """A writing transaction.

    Raises:
        Problem: 409, somebody else took the name, or named or removed what this one names, at the same moment.
    """
    try:
        async with request.app[DATABASE].write() as session:
            yield session
    except IntegrityError as error:
        detail = "somebody else changed this at the same moment; look, and try again"
        raise Problem(409, "Changed meanwhile", detail) from error
