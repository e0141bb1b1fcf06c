"""`POST /api/v1/rules/reload`: put the rule files as they are now in force, as SIGHUP does."""

from __future__ import annotations

from aiohttp import web

from collector.evaluation import EVALUATION
from core.access import PRINCIPAL, Permission
from core.errors import ConfigError, Fault
from core.http import FieldError, Problem, Route
from core.log import get_logger

log = get_logger(__name__)


async def reload(request: web.Request) -> None:
    """All or nothing: when a file is wrong, `errors` names every place as file:line and the rules in force stay."""
    log.info("reload of the rules asked for", by=request[PRINCIPAL].name)
    try:
        await request.app[EVALUATION].reload()
    except ConfigError as error:
        wrong = [FieldError(_place(fault), fault.message) for fault in error.faults]
        detail = f"{len(wrong)} faults in the rule files; the rules in force stay"
        raise Problem(422, "Invalid rule files", detail, errors=wrong) from error


def _place(fault: Fault) -> str:
    return f"{fault.file}:{fault.line}" if fault.line else fault.file


ROUTES = [
    Route("POST", "/api/v1/rules/reload", reload, Permission.RULES_RELOAD,
          "Read the rule files again and put them in force", status=204),
]  # fmt: skip
