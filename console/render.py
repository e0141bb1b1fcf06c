"""Templates: one environment, autoescaping, with the words of the request's language."""

from __future__ import annotations

import datetime as dt
from typing import Any

import jinja2
from aiohttp import web

from console.i18n import COOKIE, LANGUAGES, language_of, load_translations


class Renderer:
    """Renders the console's pages; one environment a language."""

    def __init__(self) -> None:
        self._environments = {}
        for language, translations in load_translations().items():
            environment = jinja2.Environment(
                loader=jinja2.PackageLoader("console"),
                autoescape=True,
                extensions=["jinja2.ext.i18n"],
                undefined=jinja2.StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
            )
            environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
            environment.filters["minute"] = _minute
            environment.tests["url"] = _is_url
            self._environments[language] = environment

    def page(self, request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
        """The page in the request's language; a `lang` in the query is remembered in a cookie."""
        language = language_of(request)
        body = (
            self._environments[language]
            .get_template(template)
            .render(language=language, languages=LANGUAGES, path=request.path, **values)
        )
        response = web.Response(status=status, text=body, content_type="text/html")
        if request.query.get("lang") == language:
            response.set_cookie(COOKIE, language, max_age=31_536_000, httponly=True, samesite="Lax")
        return response


def _minute(instant: dt.datetime | None) -> str:
    return "—" if instant is None else instant.strftime("%Y-%m-%d %H:%M")


def _is_url(text: object) -> bool:
    """Whether a link may lead there: annotations are whatever a rule, or a stranger's alert, has put into them."""
    return isinstance(text, str) and text.startswith(("https://", "http://"))


RENDERER: web.AppKey[Renderer] = web.AppKey("renderer", Renderer)
