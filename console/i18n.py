"""Chinese and English: which one a request wants, and the translations themselves.

Messages are English in templates and code; `locale/zh.po` holds the Chinese. The catalogue is read
once at start, so there is no compiled file to forget.
"""

from __future__ import annotations

import gettext
import io
from importlib import resources

from aiohttp import web
from babel.core import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = ("en", "zh")
COOKIE = "forewatch_language"


def load_translations() -> dict[str, gettext.NullTranslations]:
    """The translations of every language, by its code."""
    compiled = io.BytesIO()
    with resources.files("console").joinpath("locale/zh.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale="zh"))
    compiled.seek(0)
    return {"en": gettext.NullTranslations(), "zh": gettext.GNUTranslations(compiled)}


def language_of(request: web.Request) -> str:
    """The language a person chose (query, then cookie), else the first that the browser asks for, else English."""
    for chosen in (request.query.get("lang"), request.cookies.get(COOKIE)):
        if chosen in LANGUAGES:
            return str(chosen)
    asked = [part.partition(";")[0].strip() for part in request.headers.get("Accept-Language", "").split(",")]
    return (negotiate_locale([word.partition("-")[0] for word in asked], LANGUAGES)) or "en"
