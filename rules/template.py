"""The templates in labels and annotations: Prometheus' language (Go's text/template) as rules use it.

    {{ $labels.instance }} {{ $value | humanizePercentage }} {{ printf "%.2f" $value }} {{- trim -}} {{/* note */}}
    {{ if gt $value 90.0 }}…{{ else if … }}…{{ else }}…{{ end }} {{ with query "up" }}{{ . | first | value }}{{ end }}
    {{ range query "up == 0" | sortByLabel "instance" }}{{ .Labels.instance }} {{ .Value }}{{ end }} {{ $x := … }}

Whatever else stands between `{{` and `}}` is refused when the template is read. A label that the series does not have
is the empty text, as in Prometheus.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.labels import Labels
from rules.errors import EvaluationError, PromqlError, TemplateError
from rules.template_blocks import Body, Reader
from rules.template_values import Context, Scope

MAX_LENGTH = 20_000
MAX_RESULT = 100_000  # characters; a range over a large result would fill the database

# Every alternative begins with another character, so that matching takes linear time.
_ACTION = re.compile(
    r"\{\{(?P<left>-(?=\s))?"
    r"(?P<body>\s*/\*(?:[^*]|\*(?!/))*\*/\s*-?|(?:\"(?:\\.|[^\"\\])*\"|`[^`]*`|[^\"`}]|\}(?!\}))*)"
    r"\}\}",
    re.DOTALL,
)
_BEYOND = re.compile("query|xternal|pathPrefix")  # these cannot be called by another name
_COMMENT = re.compile(r"\s*/\*.*\*/\s*", re.DOTALL)
_NO_CONTEXT = Context()


class Template:
    """A template that has been read; equal to another of the same text."""

    def __init__(self, text: str) -> None:
        """Read `text`.

        Raises:
            TemplateError: something in it is not supported.
        """
        self.text = text
        if len(text) > MAX_LENGTH:
            raise TemplateError(f"is longer than {MAX_LENGTH} characters")
        pieces = list(_pieces(text))
        self._plain = "".join(map(str, pieces)) if all(isinstance(piece, str) for piece in pieces) else None
        self._write = Reader(pieces).whole()

    @property
    def is_plain(self) -> bool:
        """Whether it expands to the same text for every series."""
        return self._plain is not None

    @property
    def is_of_its_series(self) -> bool:
        """Whether a series and its value alone say what it expands to, and not other samples or the surroundings."""
        return _BEYOND.search(self.text) is None

    def expand(self, series: Labels, value: float, context: Context = _NO_CONTEXT) -> str:
        """The text for a series (its name included among the labels) and its value.

        What fails, such as a function that meets text where it needs a number, yields Prometheus'
        `<error expanding template: …>`.
        """
        if self._plain is not None:
            return self._plain
        parts, length = [], 0
        try:
            for part in self._write(Scope(dict(series), value, context)):
                parts.append(part)
                length += len(part)
                if length > MAX_RESULT:
                    return f"<error expanding template: the result is longer than {MAX_RESULT} characters>"
        except (ValueError, EvaluationError, PromqlError) as error:
            return f"<error expanding template: {error}>"
        return "".join(parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Template({self.text!r})"


def _pieces(text: str) -> Iterator[str | Body]:
    at, trim = 0, False
    while True:
        opening = text.find("{{", at)
        literal = text[at:] if opening < 0 else text[at:opening]
        action = None if opening < 0 else _ACTION.match(text, opening)
        if opening >= 0 and action is None:
            raise TemplateError(f"unclosed action: {text[opening : opening + 40]!r}")
        literal = literal.lstrip() if trim else literal
        literal = literal.rstrip() if action is not None and action["left"] else literal
        if literal:
            yield literal
        if action is None:
            return
        at, body = action.end(), action["body"]
        trim = body.endswith("-") and body[-2:-1].isspace()
        body = body[:-1] if trim else body
        if _COMMENT.fullmatch(body) is None:
            yield Body(body)
