"""Cards as a text file that Anki imports, with header lines that say how to read it. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from fastcompanion.course.review.cards import Card

_HEADER = (
    "#separator:Tab",
    "#html:true",
    "#notetype:Basic",
    "#deck:fastcompanion",
    "#guid column:1",
    "#columns:Id\tFront\tBack\tTags",
    "#tags column:4",
)
_FENCED = re.compile(r"```[a-z]*\n(.*?)\n```", re.DOTALL)
_CODE = re.compile(r"`([^`\n]{1,300})`")


def text(found: Iterable[Card]) -> str:
    """Write cards as tab-separated lines; what was HTML in them is shown and not obeyed."""
    return "\n".join([*_HEADER, *map(_line, found)]) + "\n"


def _line(card: Card) -> str:
    source = f"<br><small>{_html(card.source)}</small>" if card.source else ""
    tags = " ".join(filter(None, (card.lesson, card.kind)))
    back = _html(card.back) if card.kind != "predict" else f"<pre>{_escaped(card.back)}</pre>"
    return "\t".join(map(_quoted, (card.id, _html(card.front), back + source, tags)))


def _html(words: str) -> str:
    pieces = _FENCED.split(words)
    shown = [
        f"<pre>{_escaped(piece)}</pre>" if number % 2 else _prose(piece)
        for number, piece in enumerate(pieces)
    ]
    return "".join(shown)


def _prose(words: str) -> str:
    return _CODE.sub(r"<code>\1</code>", _escaped(words.strip("\n")))


def _escaped(words: str) -> str:
    return html.escape(words, quote=False).replace("\t", "    ").replace("\n", "<br>")


def _quoted(field: str) -> str:
    """Quote a field as Anki reads it: a quote inside is doubled."""
    return '"' + field.replace('"', '""') + '"' if '"' in field else field
