"""Markdown of a foreign notebook made safe, cut into sentences, and freed of code and markup."""

from __future__ import annotations

import html
import re

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.cells import looks_like_code

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ue000-\ue00f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_FENCE = re.compile(r"^\s*(?:[-*+>]\s+|\d+[.)]\s+)?(`{3,}|~{3,})")
_HEADING = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_HTML_HEADING = re.compile(
    r"<h([1-6])\b[^<>]{0,300}>(.{0,300}?)</h\1\s*>", re.IGNORECASE | re.DOTALL
)
_ITEM = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+")
_DEAD_BLOCK = re.compile(
    r"<(script|style|iframe|object|embed|svg|pre|template|noscript|video|audio|form|math|head)\b",
    re.IGNORECASE,
)
_UNCLOSED = ("script", "style", "template")  # what browsers read to the end of the text
_HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_BREAK = re.compile(r"<(?:br|p|div|li|tr|hr)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<[!?][^<>]*>")
# All repetitions are bounded: text of others must not make a pattern run for minutes.
_IMAGE = re.compile(
    r"!\[([^\]]{0,500})\](?:\([^()\s]*(?:\([^()\s]{0,200}\)[^()\s]{0,200}){0,3}(?:\s[^)]{0,300})?\)"
    r"|\[[^\]]{0,200}\])"
)
_LINK = re.compile(
    r"\[((?:[^\[\]]|\[[^\[\]]{0,200}\]){0,400})\]"
    r"\(\s{0,9}<?([^()\s<>]{0,1000}(?:\([^()\s]{0,200}\)[^()\s]{0,200}){0,3})>?[^)]{0,300}\)"
)
_REFERENCE = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:[ \t]*\S+.*$", re.MULTILINE)
_AUTOLINK = re.compile(r"<(https?://[^<>\s]+)>")
_UNSAFE_MATH = re.compile(r"\\(?:href|class|style|cssId|require|unicode|html\w*|url)\b")
_OPENING = re.compile(r"<(?=[A-Za-z/!?])")
CUT = "\ue000"  # stands where a block of code, a table or a picture was taken out


@frozen
class Heading:
    """A heading at line `line` (from 0) of a markdown cell."""

    line: int
    level: int
    title: str


def clean_text(text: str) -> str:
    """Drop terminal escapes, control and direction-changing characters; keep tabs and newlines."""
    text = _ANSI.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _CONTROL.sub("", text)


def safe_markdown(text: str) -> str:
    """Give markdown in which no tag, no script, no remote picture and no odd link is left.

    Pictures become their alternative text, links that are not http(s) become plain text, and a
    `<` that could still open a tag gets a space behind it, inside code spans too.
    """
    return _safe(clean_text(text))


def _safe(text: str) -> str:
    for _ in range(3):
        stripped = _strip_markup(text)
        if stripped == text:
            break
        text = stripped
    text = _UNSAFE_MATH.sub("", text)
    return _OPENING.sub("< ", text)


def _strip_markup(text: str) -> str:
    text = _HTML_COMMENT.sub("", text)
    text = _without_dead_blocks(text)
    text = _AUTOLINK.sub(r"\1", text)
    text = _IMAGE.sub(_picture, text)
    text = _LINK.sub(_link, text)
    text = _REFERENCE.sub(_reference, text)
    text = _BREAK.sub("\n", text)
    return _TAG.sub("", text)


def _without_dead_blocks(text: str) -> str:
    """Drop scripts, styles, frames, drawings and the like with what is in them."""
    lower, start = text.lower(), 0
    kept: list[str] = []
    ends: dict[str, int] = {}
    while match := _DEAD_BLOCK.search(text, start):
        name = match[1].lower()
        if ends.get(name, 0) >= 0 and ends.get(name, 0) < match.end():
            ends[name] = lower.find(f"</{name}", match.end())
        kept.append(text[start : match.start()])
        end = ends[name] if ends[name] >= 0 else match.end()
        close = -1 if ends[name] < 0 and name in _UNCLOSED else text.find(">", end)
        start = close + 1 if close >= 0 else len(text)
    return "".join(kept) + text[start:]


def _picture(match: re.Match[str]) -> str:
    about = match[1].strip()
    named = about and not re.fullmatch(
        r"(?i)(image|img|picture|alt.?text)?[\w-]*(\.\w{3,4})?", about
    )
    return f"(picture: {about})" if named else "(picture)"


def _link(match: re.Match[str]) -> str:
    target = html.unescape(match[2])
    if re.match(r"https?://", target, re.IGNORECASE):
        return f"[{match[1]}]({target})" if match[1].strip() else target
    return match[1]


def _reference(match: re.Match[str]) -> str:
    return match[0] if re.search(r"\]:\s*<?https?://", match[0], re.IGNORECASE) else ""


def headings(source: str) -> list[Heading]:
    """Find the markdown headings of a cell, outside code blocks; HTML headings when there are none."""
    found: list[Heading] = []
    fence = ""
    for number, line in enumerate(source.split("\n")):
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark[1][0]
            elif mark[1][0] == fence:
                fence = ""
        elif not fence and (match := _HEADING.match(line)):
            found.append(
                Heading(number, len(match[1]), title_text((match[2] or "").rstrip("# \t")))
            )
    if not found and "<h" in source.lower():
        found = [
            Heading(source[: match.start()].count("\n"), int(match[1]), title_text(match[2]))
            for match in _HTML_HEADING.finditer(source)
        ]
    return [heading for heading in found if heading.title]


def title_text(text: str) -> str:
    """Make a heading plain: one line without markup, marks and anchors."""
    text = safe_markdown(text)
    text = _LINK.sub(r"\1", text)
    text = re.sub(r"\{[#.][^}]*\}|\(picture[^)]*\)", "", text)
    text = re.sub(r"(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w)|`|~~", "", text)
    return (
        " ".join(text.replace("\\", "").split())[:120].strip(" -\u2013\u2014:")
        if text.strip()
        else ""
    )


def paragraphs(source: str) -> list[str]:
    """Cut markdown into paragraphs and list items of one line each; code leaves a `CUT` behind."""
    kept = _without_code_blocks(clean_text(source))
    kept = _safe(re.sub(r"(?m)^ {0,3}>+ ?", "", kept))
    blocks: list[list[str]] = [[]]
    for line in kept.split("\n"):
        stripped = line.strip()
        if not stripped or _HEADING.match(line) or re.fullmatch(r"[-*_=\s]{3,}", stripped):
            blocks.append([])
        elif stripped.startswith("|") and stripped.endswith("|"):
            blocks.append([CUT])
        elif _ITEM.match(line):
            blocks.append([stripped])
        elif stripped == CUT:
            blocks[-1].append(CUT)
        elif not looks_like_code(stripped) or stripped.startswith(("$", "\\")):
            blocks[-1].append(stripped)
        else:
            blocks[-1].append(CUT)
    return [" ".join(" ".join(block).split()) for block in blocks if block]


def _without_code_blocks(source: str) -> str:
    out: list[str] = []
    fence, blank, listed = "", True, False
    for line in source.replace("\t", "    ").split("\n"):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif mark:
            fence = mark[1]
            out.append(CUT)
        elif line.startswith("    ") and line.strip() and (blank or (out and out[-1] == CUT)):
            if listed and (_ITEM.match(line) or not looks_like_code(line.strip())):
                out.append(line)
            elif not out or out[-1] != CUT:
                out.append(CUT)
        else:
            out.append(line)
            if line.strip():
                listed = bool(_ITEM.match(line)) or (listed and line.startswith("  "))
        blank = not line.strip() or line == CUT
    return "\n".join(out)


_SPAN = re.compile(
    r"(?<!`)(`{1,4})(?!`)[^`]{1,1000}?\1(?!`)|\$\$.{1,3000}?\$\$|\$[^$\n]{1,1000}\$|\[[^\]]{0,300}\]\([^)]{0,600}\)|"
    r"\([^()]{0,160}\)|\\begin\{(\w{1,20}\*?)\}.{0,3000}?\\end\{\2\}",
    re.DOTALL,
)
_ENDS = re.compile(
    r"(?<=[.!?…])[\"'”\u2019)*_]*\s+(?=[A-Z0-9`*_\"“'(\[…\ue001$])|(?<=:)\s+(?=[A-Z`\ue001])"
)
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|cf|fig|eq|dr|mr|ms|approx|resp|no|al)\.$", re.IGNORECASE
)


def sentences(paragraph: str) -> list[str]:
    """Cut a paragraph into sentences; code spans, formulas and links are never cut."""
    spans: list[str] = []

    def hide(match: re.Match[str]) -> str:
        spans.append(match[0])
        return f"\ue001{len(spans) - 1}\ue002"

    masked = _SPAN.sub(hide, paragraph)
    parts: list[str] = []
    start = 0
    for end in _ENDS.finditer(masked):
        if not _ABBREVIATION.search(masked[start : end.start()]):
            parts.append(masked[start : end.start()] + end[0].rstrip())
            start = end.end()
    parts.append(masked[start:])
    return [text for part in parts if (text := _show(part, spans).strip())]


def _show(text: str, spans: list[str]) -> str:
    for _ in range(2):
        text = re.sub("\ue001(\\d+)\ue002", lambda m: spans[int(m[1])], text)
    return text
