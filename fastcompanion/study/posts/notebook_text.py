"""A notebook as Markdown: its saved outputs as text, tables and picture files. Nothing is run. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from fastcompanion.base.outputs import condense, plain
from fastcompanion.base.records import frozen
from fastcompanion.study.posts import cells, clean, front, images, ipynb, prose


@frozen
class Text:
    """Markdown, and the pictures it shows by their names."""

    markdown: str
    pictures: Mapping[str, bytes]


def convert(notebook: Mapping[str, Any], defaults: Mapping[str, Any]) -> Text:
    """Write the cells of a notebook one below the other; front matter is left out.

    `defaults` is the front matter's `execute` table: what it hides stays hidden.
    """
    pictures: dict[str, bytes] = {}
    parts: list[str] = []
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] == "markdown":
            if any(cells.parts({"cells": [cell], "metadata": {}}, {})):
                parts.append(_markdown(cell, number, pictures))
        elif cell["cell_type"] == "code":
            parts += _code(cell, number, pictures, _language(notebook), defaults)
        elif not front.is_front_cell(cell) and _is_markdown(cell):
            parts.append(cell["source"])
    text = "\n\n".join(part.strip("\n") for part in parts if part.strip())
    return Text(text + "\n", pictures)


def _is_markdown(cell: Mapping[str, Any]) -> bool:
    told = cell["metadata"].get("raw_mimetype") or cell["metadata"].get("format")
    return told in ("text/markdown", "text/html")


def _language(notebook: Mapping[str, Any]) -> str:
    name = cells.language_of(notebook["metadata"])
    return "python" if name.startswith(("python", "ipython")) else name


def _markdown(cell: Mapping[str, Any], number: int, pictures: dict[str, bytes]) -> str:
    """Give a text with what is attached to it as files."""

    def file(target: str) -> str:
        name = unquote(target.removeprefix("attachment:"))
        kinds = cell["attachments"].get(name) if target.startswith("attachment:") else None
        if not isinstance(kinds, dict):
            return target
        for data in kinds.values():
            if (found := images.decoded(ipynb.joined(data))) is not None:
                safe = f"images/cell-{number}-{re.sub(r'[^A-Za-z0-9.-]+', '-', name)}"
                pictures[safe] = found
                return safe
        return target

    return prose.with_pictures(str(cell["source"]), file)


def _code(
    cell: Mapping[str, Any],
    number: int,
    pictures: dict[str, bytes],
    language: str,
    defaults: Mapping[str, Any],
) -> Iterator[str]:
    shown, source = cells.look(dict(cell), defaults)
    if shown.code and source.strip():
        yield fenced(source.strip("\n"), language)
    alt = shown.alt or shown.caption or f"What cell {number} shows"
    before = len(pictures)
    for place, output in enumerate(cells.merged(cell["outputs"]) if shown.output else (), start=1):
        if output.get("name") == "stderr" and not shown.warnings:
            continue
        yield _output(output, f"images/cell-{number}-{place}", alt, pictures)
    if shown.caption and len(pictures) > before:
        yield f"*{shown.caption}*"


def _output(output: Mapping[str, Any], name: str, alt: str, pictures: dict[str, bytes]) -> str:
    if output.get("output_type") == "stream":
        return _block(ipynb.joined(output.get("text")))
    if output.get("output_type") == "error":
        trace = output.get("traceback")
        words = "\n".join(map(str, trace)) if isinstance(trace, list) else ""
        return _block(words or f"{output.get('ename')}: {output.get('evalue')}")
    data = output.get("data")
    return _shown(data, name, alt, pictures) if isinstance(data, dict) else ""


def _shown(data: Mapping[str, Any], name: str, alt: str, pictures: dict[str, bytes]) -> str:
    """Give the richest form of a result that a page can hold."""
    for kind, suffix in cells.RASTER.items():
        if kind in data and (found := images.decoded(ipynb.joined(data[kind]))) is not None:
            pictures[f"{name}.{suffix}"] = found
            return _picture(alt, f"{name}.{suffix}")
    if "image/svg+xml" in data:
        pictures[f"{name}.svg"] = ipynb.joined(data["image/svg+xml"]).encode()
        return _picture(alt, f"{name}.svg")
    if "text/html" in data and (html := table(ipynb.joined(data["text/html"]))):
        return html
    if "text/markdown" in data:
        return ipynb.joined(data["text/markdown"])
    if "text/latex" in data:
        return _formula(ipynb.joined(data["text/latex"]))
    return _block(ipynb.joined(data.get("text/plain")))


def _picture(alt: str, name: str) -> str:
    shown = alt.replace("[", "(").replace("]", ")")
    return f"![{shown}]({name})"


def _formula(tex: str) -> str:
    inner = tex.strip().strip("$").strip()
    return f"$$\n{inner.removeprefix(chr(92) + 'displaystyle').strip()}\n$$"


def table(html: str) -> str:
    """Give HTML without what acts, on lines that Markdown does not take for its own; empty if nothing shows."""
    kept, _ = clean.cleaned(html, _address)
    lines = [line.strip() for line in kept.split("\n")]
    text = "\n".join(line for line in lines if line)
    if not clean.words(text) and "<img" not in text:
        return ""
    return f'<div class="scroll">\n{text}\n</div>'


def _address(tag: str, url: str) -> str | None:
    del tag
    return url if prose.is_elsewhere(url) or url.startswith(("data:image/", "#")) else None


def _block(text: str) -> str:
    head, left_out, tail = cells.cut(plain(condense(text)).strip("\n"))
    shown = f"{head}\n… {left_out} left out …\n{tail}" if left_out else head
    return fenced(shown, "text") if shown.strip() else ""


def fenced(text: str, language: str) -> str:
    """Put text between fences that are longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
