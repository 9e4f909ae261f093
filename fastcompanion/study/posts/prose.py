"""What a Markdown text of a post links to: pictures, links, and where they stand. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape

from fastcompanion.base.records import frozen

_FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})")
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# Text in brackets may hold one more pair, such as a picture that is a link.
_TEXT = r"(?:[^\[\]\\]|\\.|\[(?:[^\[\]\\]|\\.)*\])*"
_TARGET = r"(?:<(?P<angled>[^<>\n]*)>|(?P<bare>[^\s()<>]*(?:\([^\s()]*\)[^\s()]*)*))"
_TITLE = r"(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?"
# One that is escaped begins nothing; trying it would read all that follows, from each of many.
_UNESCAPED = r"(?:(?<!\\)|(?<=[^\\]\\\\)|(?<=^\\\\))"
_INLINE = re.compile(rf"{_UNESCAPED}(?P<mark>!?)\[(?P<text>{_TEXT})\]\(\s*{_TARGET}{_TITLE}\s*\)")
_REFERENCE = re.compile(r"(?m)^[ ]{0,3}\[(?P<text>[^\]\n^][^\]\n]*)\]:[ \t]*<?(?P<bare>[^\s<>]+)>?")
_HTML = re.compile(r"(?is)<(?P<tag>img|a|source|video|audio|iframe)\b(?P<rest>[^>]*)>")
_ATTRIBUTE = r"(?is)\b{name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))"
_ELSEWHERE = re.compile(r"(?i)(?:[a-z][a-z0-9+.-]+:|//)")


@frozen
class Link:
    """A link or a picture: its target, the text (alt text of a picture), and its line, from 1.

    `alt_given` is false for a picture without alt text; an empty one in HTML says that it is decoration.
    """

    target: str
    text: str
    line: int
    picture: bool
    alt_given: bool = True


def is_elsewhere(target: str) -> bool:
    """Tell whether a target begins with a scheme (https:, mailto:, data:) or a host."""
    return bool(_ELSEWHERE.match(target)) and not re.match(r"[A-Za-z]:[\\/]", target)


def without_code(text: str) -> str:
    """Blank code and comments out, so that what is left stands where it stood."""
    lines, fence = [], ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if fence:
            closes = found and found[1].startswith(fence) and not line.strip(" \t`~")
            fence = "" if closes else fence
            lines.append(" " * len(line))
        elif found:
            fence = found[1]
            lines.append(" " * len(line))
        else:
            lines.append(line)
    return _CODE.sub(_blank, without_comments("\n".join(lines)))


def without_comments(text: str, put: Callable[[re.Match[str]], str] | None = None) -> str:
    """Blank out what readers never see, or put something else there."""
    seen, rest = _up_to_last(text, "-->")
    return _COMMENT.sub(put or _blank, seen) + rest


def _up_to_last(text: str, end: str) -> tuple[str, str]:
    """Cut a text after the last `end`: what begins later has none, and looking for it takes long."""
    place = text.rfind(end)
    return (text[: place + len(end)], text[place + len(end) :]) if place >= 0 else ("", text)


def _html(text: str) -> Iterator[re.Match[str]]:
    return _HTML.finditer(_up_to_last(text, ">")[0])


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def links(text: str) -> Iterator[Link]:
    """Give the links and pictures of a text, in Markdown and in HTML, in order of their kind."""
    seen = without_code(text)
    for found in _INLINE.finditer(seen):
        yield from _inline(found, seen, 0)
    for found in _REFERENCE.finditer(seen):
        yield Link(found["bare"], found["text"], _line(seen, found.start()), False)
    for found in _html(seen):
        name = "href" if found["tag"].lower() == "a" else "src"
        target = _attribute(found["rest"], name)
        if target:
            alt = _attribute(found["rest"], "alt")
            picture = found["tag"].lower() == "img"
            line = _line(seen, found.start())
            yield Link(target, alt or "", line, picture, alt is not None)


def _inline(found: re.Match[str], text: str, offset: int) -> Iterator[Link]:
    target = found["angled"] if found["angled"] is not None else found["bare"]
    line = _line(text, found.start()) + offset
    if target:
        yield Link(target, found["text"], line, found["mark"] == "!", bool(found["text"].strip()))
    for inner in _INLINE.finditer(found["text"]):
        yield from _inline(inner, found["text"], line - 1)


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def _attribute(rest: str, name: str) -> str | None:
    found = re.search(_ATTRIBUTE.format(name=name), rest)
    return unescape(next(one for one in found.groups() if one is not None)) if found else None


def with_pictures(text: str, change: Callable[[str], str]) -> str:
    """Change the targets of pictures (`![](here)`, `<img src="here">`); code stays as it is."""
    return _changed(text, change, pictures=True)


def with_targets(text: str, change: Callable[[str], str]) -> str:
    """Change the targets of all links and pictures; code stays as it is."""
    return _changed(_changed(text, change, pictures=True), change, pictures=False)


def _changed(text: str, change: Callable[[str], str], *, pictures: bool) -> str:
    seen = without_code(text)
    edits: list[tuple[int, int, str]] = []
    for start, end, picture in _targets(seen):
        if picture is pictures:
            old = unescape(seen[start:end])
            new = change(old)
            if new != old:
                edits.append((start, end, new))
    for start, end, new in sorted(set(edits), reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _targets(seen: str, base: int = 0) -> Iterator[tuple[int, int, bool]]:
    """Give where targets begin and end, and whether they are pictures."""
    for found in _INLINE.finditer(seen):
        name = "angled" if found["angled"] is not None else "bare"
        yield base + found.start(name), base + found.end(name), found["mark"] == "!"
        yield from _targets(found["text"], base + found.start("text"))
    if base:
        return
    for found in _REFERENCE.finditer(seen):
        yield found.start("bare"), found.end("bare"), False
    for found in _html(seen):
        tag = found["tag"].lower()
        inner = re.search(_ATTRIBUTE.format(name="href" if tag == "a" else "src"), found["rest"])
        if inner:
            group = next(n for n in (1, 2, 3) if inner[n] is not None)
            start = found.start("rest")
            yield start + inner.start(group), start + inner.end(group), tag == "img"
