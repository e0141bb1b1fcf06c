"""What every HTTP handler of the product shares: typed routes, problem+json errors, paging.

A folder's `api.py` holds a `ROUTES` list. A route declares its types, so decoding, encoding and
`/api/v1/openapi.json` come from one place and a handler only decides::

    ROUTES = [
        Route("GET", "/api/v1/cis", list_cis, Permission.CMDB_READ, "List configuration items",
              query=CiQuery, returns=Page[Ci]),
        Route("POST", "/api/v1/cis", create_ci, Permission.CMDB_WRITE, "Create a configuration item",
              body=NewCi, returns=Ci, status=201),
    ]

    async def list_cis(request: web.Request, query: CiQuery) -> Page[Ci]: ...
    async def create_ci(request: web.Request, body: NewCi) -> Ci: ...
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from aiohttp import web

from core.access import Permission
from core.clock import Clock
from core.database import Database
from core.errors import InvalidInput, Overloaded, StorageError
from core.field_errors import field_error
from core.log import get_logger

log = get_logger(__name__)

CLOCK: web.AppKey[Clock] = web.AppKey("clock", Clock)
DATABASE: web.AppKey[Database] = web.AppKey("database", Database)

T = TypeVar("T")

_CURSOR = re.compile(r"i(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Route:
    r"""One operation of the HTTP API.

    Attributes:
        path: aiohttp's pattern; `{id:\d+}` declares an integer.
        handler: called with the request, and with `query=` and `body=` where those types are declared;
            returns a value of `returns`, or a ready response.
        permission: what the caller needs; there is no default.
        query: a struct whose fields are the query parameters, or None.
        body: the type of the JSON body, or None.
        returns: the type of the JSON answer; None answers 204 with no body.
        consumes: content type of a body that is not JSON and that the handler reads itself.
        documents: a struct of the parameters that the handler reads itself, from the URL or a form; for the
            description only.
        content_type: of the answer where it is not JSON (then `returns` is None and a response is returned).
    """

    method: str
    path: str
    handler: Callable[..., Awaitable[Any]]
    permission: Permission
    summary: str
    query: type[msgspec.Struct] | None = None
    body: Any = None
    returns: Any = None
    status: int = 200
    content_type: str = "application/json"
    max_body_bytes: int = 1 << 20
    consumes: str | None = None
    documents: type[msgspec.Struct] | None = None

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        arguments: dict[str, Any] = {}
        if self.query is not None:
            arguments["query"] = decode_query(request, self.query)
        if self.body is not None:
            arguments["body"] = await decode_body(request, self.body, self.max_body_bytes)
        answer = await self.handler(request, **arguments)
        if isinstance(answer, web.StreamResponse):
            return answer
        if self.returns is None:
            return web.Response(status=204)
        return json_response(answer, status=self.status)


class Page(msgspec.Struct, Generic[T]):
    """One page of a list; `next` is the cursor of the following page, None on the last."""

    items: list[T]
    next: str | None = None


class PageQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Paging parameters; subclass it for a list's filters."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    cursor: str | None = None

    def after(self) -> int:
        """The id after which the page begins; 0 for the first page."""
        return 0 if self.cursor is None else decode_cursor(self.cursor)


class FieldError(msgspec.Struct):
    """One field that is wrong: its path in the body or query, and what to do about it."""

    path: str
    message: str


class Problem(Exception):  # noqa: N818 - the RFC's own term
    """An RFC 9457 problem; raise it anywhere below a handler."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        type_: str = "about:blank",
        errors: list[FieldError] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.type = type_
        self.errors = errors or []

    def response(self, **headers: str) -> web.Response:
        body: dict[str, Any] = {"type": self.type, "title": self.title, "status": self.status, "detail": self.detail}
        if self.errors:
            body["errors"] = self.errors
        headers["Content-Type"] = "application/problem+json"
        if (
            self.status == 401
        ):  # RFC 9110, 11.6.1; Basic is taken too, but would make browsers ask in a window of their own
            headers["WWW-Authenticate"] = 'Bearer realm="forewatch"'
        return web.Response(status=self.status, body=msgspec.json.encode(body), headers=headers)


def not_found(what: str, key: object) -> Problem:
    return Problem(404, "Not found", f"there is no {what} {key}")


def json_response(answer: Any, *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(answer), content_type="application/json")


def encode_cursor(last_id: int) -> str:
    return base64.urlsafe_b64encode(b"i%d" % last_id).decode().rstrip("=")


def decode_cursor(cursor: str) -> int:
    """The id in a cursor that `encode_cursor` made.

    Raises:
        Problem: 400, somebody made the cursor up.
    """
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode("ascii")
        return int(_CURSOR.fullmatch(text)[1])  # type: ignore[index]  # no match is a made-up cursor too
    except (ValueError, TypeError, binascii.Error) as error:
        wrong = FieldError("cursor", "use the `next` of the page before")
        raise Problem(400, "Bad cursor", "the cursor is not one that this list gave", errors=[wrong]) from error


def page_of(rows: list[T], query: PageQuery, id_of: Callable[[T], int]) -> Page[T]:
    """The page of `rows`, which were asked for with one more than `query.limit`."""
    items = rows[: query.limit]
    return Page(items, encode_cursor(id_of(items[-1])) if len(rows) > query.limit else None)


def decode_query(request: web.Request, shape: type[T]) -> T:
    """The query parameters as `shape`; numbers and booleans are read from their text.

    Raises:
        Problem: 400, a parameter is unknown, wrong or given twice.
    """
    doubled = [
        FieldError(name, "given twice") for name in sorted(set(request.query)) if len(request.query.getall(name)) > 1
    ]
    if doubled:
        raise Problem(400, "Invalid query", f"{doubled[0].path}: given twice", errors=doubled)
    return _convert(dict(request.query), shape, strict=False, where="query")


async def decode_body(request: web.Request, shape: type[T], max_bytes: int) -> T:
    """The JSON body as `shape`.

    Raises:
        Problem: 413 too large, 415 not JSON by its content type, 400 not JSON, 422 a field is wrong.
    """
    if request.content_type != "application/json":
        raise Problem(415, "Unsupported media type", "send the body as application/json")
    body = await read_body(request, max_bytes)
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "Malformed JSON", str(error)) from error
    except RecursionError as error:
        raise Problem(400, "Malformed JSON", "the document is nested too deeply") from error
    return _convert(document, shape, strict=True, where="body")


async def read_body(request: web.Request, max_bytes: int) -> bytes:
    """The raw body, refused with 413 as soon as it is known to be longer than `max_bytes`."""
    if request.content_length is not None and request.content_length > max_bytes:
        raise Problem(413, "Body too large", f"at most {max_bytes} bytes are taken here")
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise Problem(413, "Body too large", f"at most {max_bytes} bytes are taken here")
    return bytes(body)


def _convert(document: Any, shape: type[T], *, strict: bool, where: str) -> T:
    try:
        return msgspec.convert(document, shape, strict=strict)
    except msgspec.ValidationError as error:
        path, message = field_error(error, shape)
        status = 422 if where == "body" else 400
        detail = f"{path}: {message}" if path else message
        raise Problem(status, f"Invalid {where}", detail, errors=[FieldError(path or where, message)]) from error


@web.middleware
async def problem_middleware(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Every error leaves as problem+json; what nobody foresaw is logged with its traceback and answered 500."""
    try:
        return await handler(request)
    except web.HTTPRedirection:
        raise
    except web.HTTPException as error:
        problem = Problem(error.status, error.reason, f"{request.method} {request.path}: {error.reason}")
        return problem.response(Allow=error.headers["Allow"]) if "Allow" in error.headers else problem.response()
    except Exception as error:  # noqa: BLE001 - the last line of defence of a handler
        return problem_response(error, f"{request.method} {request.path}")


def problem_response(error: Exception, where: str) -> web.Response:
    """The answer to an error; `where` names the request in the log."""
    if isinstance(error, Problem):
        return error.response()
    if isinstance(error, InvalidInput):
        return Problem(error.status, "Invalid input", str(error)).response()
    if isinstance(error, Overloaded):
        wait = str(max(1, round(error.retry_after_seconds)))
        return Problem(429, "Too many requests", str(error)).response(**{"Retry-After": wait})
    if isinstance(error, web.RequestPayloadError):
        return Problem(400, "Malformed body", "the body is not framed or compressed as its headers say").response()
    if isinstance(error, StorageError):
        log.error("storage refused", where=where, error=error)
        detail = "the storage refuses; nothing was acknowledged, try again"
        return Problem(503, "Storage unavailable", detail).response(**{"Retry-After": "5"})
    log.exception("handler failed", where=where)  # noqa: LOG004 - called while the exception is being handled
    return Problem(500, "Internal error", f"{type(error).__name__}; the collector's log has the details").response()
