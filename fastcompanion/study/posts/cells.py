"""A notebook's cells as the parts of a page: what is saved is shown, and nothing is ever run. Pure.

What a cell shows is chosen as Quarto (`#| echo: false`), nbdev (`#| hide`), fastpages (`#hide`) and
Jupyter Book (tags) let their readers say it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from fastcompanion.base.outputs import condense
from fastcompanion.base.records import frozen
from fastcompanion.study.posts import clean, front, markup
from fastcompanion.study.posts.ipynb import Cell, joined

MAX_LINES, HEAD_LINES, TAIL_LINES = 120, 80, 20
MAX_TEXT = 40_000
MAX_HTML = 400_000
MAX_PICTURE = 8_000_000
RASTER = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
}
# The richest form that a page can show comes first.
_KINDS = ("text/html", "image/svg+xml", *RASTER, "text/markdown", "text/latex", "text/plain")
# Quarto writes `#| echo: false`, nbdev `#|hide` and `#|default_exp core`.
_OPTION = re.compile(r"#\s*\|\s*([\w-]+)(?:\s*:\s*|\s+|$)(.*?)\s*$")
_FASTPAGES = re.compile(
    r"#\s*(hide|hide_input|hide-input|hide_output|hide-output|collapse|collapse-hide|collapse-show"
    r"|collapse_hide|collapse_show|collapse-output|collapse_output|exporti?|default_exp\b.*)\s*$"
)
_OBJECT = re.compile(
    r"<(?:IPython\.core\.display\.|Figure size |matplotlib\.|Axes|AxesSubplot)[^\n]*>"
)
_UNSEEN = re.compile(
    r"(?is)<(script|style|template|noscript|svg|iframe)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)"
)
_TAGS = {
    "hide": ("remove-cell", "remove_cell", "hide-cell", "hide_cell", "hide", "noshow"),
    "hide-input": ("remove-input", "remove_input", "hide-input", "hide_input"),
    "hide-output": ("remove-output", "remove_output", "hide-output", "hide_output"),
}
_LINE_MAGIC = re.compile(
    r"%%(bash|sh|script|html|javascript|js|latex|sql|markdown|svg|writefile)\b"
)


@frozen
class Part:
    """A part of a page.

    `kind` is "markdown" (the author's text), "foreign" (HTML that others made), "picture" (bytes) or
    "made" (HTML that we made). `cell` is the number of the cell, from 1; 0 in a Markdown post.
    """

    kind: str
    text: str = ""
    cell: int = 0
    data: bytes = b""
    suffix: str = ""
    alt: str | None = None
    caption: str = ""
    size: tuple[int, int] = (0, 0)
    attachments: Mapping[str, Any] | None = None
    own: bool = True


@frozen
class Shown:
    """What of a code cell is shown, and how."""

    code: bool = True
    output: bool = True
    warnings: bool = True
    fold: str = ""
    summary: str = "Code"
    alt: str | None = None
    caption: str = ""


def parts(notebook: Mapping[str, Any], defaults: Mapping[str, Any]) -> Iterator[Part]:
    """Give the parts of a notebook's page; `defaults` is the front matter's `execute` table."""
    language = language_of(notebook["metadata"])
    for number, cell in enumerate(notebook["cells"], start=1):
        if number == 1 and front.is_front_cell(cell):
            continue
        if cell["cell_type"] == "markdown":
            yield from _text_cell(cell, number)
        elif cell["cell_type"] == "code":
            yield from _code_cell(cell, number, language, defaults)


def language_of(metadata: Mapping[str, Any]) -> str:
    """Give the language of a notebook's code, as its metadata names it."""
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        about = metadata.get(key)
        if isinstance(about, dict) and isinstance(about.get(name), str):
            return str(about[name])
    return "python"


def _text_cell(cell: Cell, number: int) -> Iterator[Part]:
    source = cell["source"]
    first = source.lstrip().partition("\n")[0]
    if (
        _tagged(cell, "hide")
        or _FASTPAGES.fullmatch(first)
        or re.match(r"<!--\s*#?\s*hide\s*-->", first)
    ):
        return
    yield Part("markdown", source, number, attachments=cell["attachments"])


def _code_cell(
    cell: Cell, number: int, language: str, defaults: Mapping[str, Any]
) -> Iterator[Part]:
    shown, source = look(cell, defaults)
    code = _code(source, language, shown) if shown.code and source.strip() else ""
    outputs = [*_outputs(cell["outputs"], number, shown)] if shown.output else []
    if not code and not outputs:
        return
    yield Part("made", f'<div class="cell">\n{code}', number)
    if outputs:
        yield Part("made", '<div class="output">\n', number)
        yield from outputs
        yield Part("made", "</div>\n", number)
    yield Part("made", "</div>\n", number)


def look(cell: Cell, defaults: Mapping[str, Any]) -> tuple[Shown, str]:
    """Read what a code cell says about itself, and take these lines off its source."""
    options: dict[str, str] = {str(k): str(v).lower() for k, v in defaults.items()}
    options |= {name: "true" for name in _TAGS if _tagged(cell, name)}
    kept: list[str] = []
    lines = cell["source"].split("\n")
    for place, line in enumerate(lines):
        if found := _OPTION.match(line):
            options[found[1].replace("_", "-")] = (found[2] or "true").strip("\"'")
        elif found := _FASTPAGES.match(line):
            options[found[1].split()[0].replace("_", "-")] = "true"
        else:
            if line.strip() and not line.startswith("#"):
                kept += lines[place:]
                break
            kept.append(line)
    return _shown(options), re.sub(r"\A(?:[ \t]*\n)+", "", "\n".join(kept)).rstrip()


def _shown(options: Mapping[str, str]) -> Shown:
    gone = _no(options.get("include")) or "hide" in options or "default-exp" in options
    folded = "collapse" in options or "collapse-hide" in options
    opened = "collapse-show" in options or options.get("code-fold") == "show"
    fold = "show" if opened else "hide" if folded or options.get("code-fold") == "true" else ""
    return Shown(
        code=not (gone or _no(options.get("echo")) or "hide-input" in options),
        output=not (gone or _no(options.get("output")) or "hide-output" in options),
        warnings=not _no(options.get("warning")),
        fold=fold,
        summary=options.get("code-summary", "Code"),
        alt=options.get("fig-alt"),
        caption=options.get("fig-cap", ""),
    )


def _no(value: str | None) -> bool:
    return value is not None and value.lower() in ("false", "no", "off")


def _tagged(cell: Cell, name: str) -> bool:
    metadata = cell["metadata"]
    tags = metadata.get("tags")
    jupyter = metadata.get("jupyter")
    marks = [str(tag) for tag in tags] if isinstance(tags, list) else []
    if any(tag in _TAGS[name] for tag in marks):
        return True
    flag = {"hide-input": "source_hidden", "hide-output": "outputs_hidden"}.get(name, "")
    hidden = isinstance(jupyter, dict) and jupyter.get(flag) is True
    return hidden or (name == "hide-input" and metadata.get("hide_input") is True)


def _code(source: str, language: str, shown: Shown) -> str:
    found = _LINE_MAGIC.match(source)
    block = markup.code(source, found[1] if found else language)
    if not shown.fold:
        return block
    opened = " open" if shown.fold == "show" else ""
    summary = escape(shown.summary)
    return f'<details class="fold"{opened}><summary>{summary}</summary>\n{block}</details>\n'


def _outputs(outputs: Iterable[Mapping[str, Any]], number: int, shown: Shown) -> Iterator[Part]:
    for output in merged(outputs):
        kind = output.get("output_type")
        if kind == "stream":
            if output.get("name") != "stderr" or shown.warnings:
                yield from _stream(output, number)
        elif kind == "error":
            yield _error(output, number)
        elif kind in ("display_data", "execute_result"):
            yield from _display(output, number, shown)


def merged(outputs: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Join pieces of one stream that notebooks keep apart."""
    held: dict[str, Any] | None = None
    for output in outputs:
        if output.get("output_type") != "stream":
            if held:
                yield held
            held = None
            yield output
            continue
        text = joined(output.get("text"))
        if held and held["name"] == output.get("name"):
            held["text"] += text
            continue
        if held:
            yield held
        held = {"output_type": "stream", "name": output.get("name"), "text": text}
    if held:
        yield held


def _stream(output: Mapping[str, Any], number: int) -> Iterator[Part]:
    text = condense(output["text"])
    if text.strip():
        kind = " stderr" if output.get("name") == "stderr" else ""
        yield Part("made", _text(text, f"text{kind}"), number)


def _text(text: str, kind: str) -> str:
    """Write a terminal's text; what is too long loses its middle, and the page says so."""
    head, left_out, tail = cut(text.strip("\n"))
    body = clean.coloured(head)
    if left_out:
        body += f'\n<span class="cut">… {left_out} left out …</span>\n' + clean.coloured(tail)
    return f'<pre class="{kind}" tabindex="0">{body}</pre>\n'


def cut(text: str) -> tuple[str, str, str]:
    """Give a long text's beginning, words for what is left out, and its end."""
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        rest = lines[HEAD_LINES:-TAIL_LINES]
        head, tail = "\n".join(lines[:HEAD_LINES]), "\n".join(lines[-TAIL_LINES:])
        return head[:MAX_TEXT], f"{len(rest):,} lines", tail[-MAX_TEXT:]
    if len(text) > MAX_TEXT:
        half = MAX_TEXT // 2
        return text[:half], f"{len(text) - MAX_TEXT:,} characters", text[-half:]
    return text, "", ""


def _error(output: Mapping[str, Any], number: int) -> Part:
    traceback = output.get("traceback")
    lines = [str(line) for line in traceback] if isinstance(traceback, list) else []
    text = "\n".join(lines) or f"{output.get('ename', 'Error')}: {output.get('evalue', '')}"
    return Part("made", _text(text, "text error"), number)


def _display(output: Mapping[str, Any], number: int, shown: Shown) -> Iterator[Part]:
    data = output.get("data")
    if not isinstance(data, dict):
        return
    about = output.get("metadata")
    metadata = about if isinstance(about, dict) else {}
    for kind in _KINDS:
        part = _form(kind, data[kind], number, shown, metadata) if kind in data else None
        if part is not None:
            yield part
            return
    if "<script" in joined(data.get("text/html")):
        yield Part("made", '<p class="cut">… a display that needs scripts left out …</p>\n', number)


def _form(
    kind: str, value: Any, number: int, shown: Shown, metadata: Mapping[str, Any]
) -> Part | None:
    """Give one form of a display as a part, None when it shows nothing."""
    if kind in RASTER:
        return _raster(kind, joined(value), number, shown, metadata.get(kind))
    text = joined(value)
    if not text.strip():
        return None
    if kind == "text/html":
        return _html(text, number)
    if kind == "image/svg+xml":
        return _picture(text.encode(), "svg", number, shown)
    if kind == "text/markdown":
        return Part("markdown", text, number, own=False)
    if kind == "text/latex":
        return Part("made", _latex(text), number)
    return (
        None
        if _OBJECT.fullmatch(text.strip())
        else Part("made", _text(condense(text), "text"), number)
    )


def _html(text: str, number: int) -> Part | None:
    if len(text) > MAX_HTML:
        size = f"{len(text) / 1e6:.1f} MB"
        return Part("made", f'<p class="cut">… an output of {size} left out …</p>\n', number)
    shown = _UNSEEN.sub(" ", text)
    if not clean.words(shown) and not re.search(r"(?i)<(?:img|video|audio|hr|progress)\b", shown):
        return None
    return Part("foreign", text, number, own=False)


def _raster(kind: str, text: str, number: int, shown: Shown, size: Any) -> Part:
    try:
        data = base64.b64decode(text, validate=False)
    except ValueError:  # also what is no ASCII; binascii.Error is one
        data = b""
    given = (size.get("width"), size.get("height")) if isinstance(size, dict) else (0, 0)
    pixels = tuple(int(n) if isinstance(n, int | float) and 0 < n < 10_000 else 0 for n in given)
    return _picture(data, RASTER[kind], number, shown, (pixels[0], pixels[1]))


def _picture(
    data: bytes, suffix: str, number: int, shown: Shown, size: tuple[int, int] = (0, 0)
) -> Part:
    if len(data) > MAX_PICTURE:
        words = f"… a picture of {len(data) / 1e6:.1f} MB left out …"
        return Part("made", f'<p class="cut">{words}</p>\n', number)
    return Part("picture", "", number, data, suffix, shown.alt, shown.caption, size)


def _latex(text: str) -> str:
    """Write a formula that a library such as sympy put out."""
    source = text.strip()
    for mark in ("$$", "$"):
        if source.startswith(mark) and source.endswith(mark) and len(source) > 2 * len(mark):
            source = source[len(mark) : -len(mark)]
            break
    return markup.formula(source, block=True)
