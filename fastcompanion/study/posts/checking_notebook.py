"""What can be wrong with a post that is a notebook: its outputs, its order, what they tell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastcompanion.base.outputs import plain
from fastcompanion.base.scrub import Known
from fastcompanion.study.posts import front, images, ipynb, secrets
from fastcompanion.study.posts.bundle import Post
from fastcompanion.study.posts.findings import Finding
from fastcompanion.study.posts.secrets import Leak

_GIANT = 5_000_000
_LONG_TEXT = 50_000
_TEXTS = ("text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml", "application/json")  # fmt: skip
_CURES = {
    "secret": "Take it out, run the notebook again without it, and renew it: it may be in git's history already.",
    "perhaps-secret": "If it is a secret, take it out and renew it; a checksum may stay.",
    "mail": "Take it out, unless it is there for everybody to write to.",
    "home-folder": "Write a path from the working folder, such as data/train.csv.",
    "local-path": "Write a path from the working folder, such as data/train.csv.",
    "machine-name": "Take the name of your machine out.",
}
_WHAT = {
    "secret": "a secret",
    "perhaps-secret": "what looks like a secret, or a checksum",
    "mail": "an address of mail",
    "home-folder": "a home folder",
    "local-path": "a path of your machine",
    "machine-name": "the name of your machine",
}
_STOPS = ("secret", "home-folder", "local-path")


def of_leak(leak: Leak, cell: int | None, where: str = "") -> Finding:
    """Say what a place tells; a line with `fc: public` is not looked at."""
    stops = leak.kind in _STOPS
    text = f"{where}tells {_WHAT[leak.kind]}: {leak.shown}"
    cure = _CURES[leak.kind]
    if stops and leak.kind != "secret":
        cure += " If it is meant so, put `fc: public` into that line."
    return Finding(leak.kind, "stop" if stops else "note", text, cure, line=leak.line, cell=cell)


def markdown(post: Post) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Give the Markdown cells with their number and the names of what is attached to them."""
    for number, cell in enumerate(ipynb.read(post.source)["cells"], start=1):
        if cell["cell_type"] == "markdown":
            yield number, cell["source"], tuple(cell["attachments"])


def look(post: Post, known: Known) -> Iterator[Finding]:
    """Look at the cells of a notebook."""
    cells = ipynb.read(post.source)["cells"]
    yield from _order(cells)
    for number, cell in enumerate(cells, start=1):
        public = "public" in _tags(cell)
        if not public:
            for leak in secrets.leaks(cell["source"], known):
                yield of_leak(leak, number)
        if cell["cell_type"] == "code":
            for output in cell["outputs"]:
                yield from _output(output, number, known, public=public, tags=_tags(cell))
        elif cell["cell_type"] == "raw" and number > 1 and front.is_front_cell(cell):
            yield Finding("front-late", "mend", "front matter stands in a cell that is not the first, where nobody reads it", "Move the cell to the top.", cell=number)  # fmt: skip


def _tags(cell: Mapping[str, Any]) -> tuple[str, ...]:
    tags = cell["metadata"].get("tags")
    return tuple(map(str, tags)) if isinstance(tags, list) else ()


def _order(cells: list[dict[str, Any]]) -> Iterator[Finding]:
    """Look whether the code was run, once and from top to bottom."""
    code = [
        (number, cell["execution_count"], cell["outputs"])
        for number, cell in enumerate(cells, start=1)
        if cell["cell_type"] == "code" and cell["source"].strip()
    ]
    if not code:
        return
    if not any(outputs for _, _, outputs in code):
        ran = any(isinstance(count, int) for _, count, _ in code)
        text = "no cell has an output: readers see code and nothing that it gave"
        yield Finding("no-outputs", "mend", text, "It is published as it was saved: run it, then save it." if not ran else "Show something: a number, a table, a picture; then save it.")  # fmt: skip
        return
    counts = [(number, count) for number, count, _ in code if isinstance(count, int)]
    before = 0
    for number, count in counts:
        if count != before + 1:
            text = f"cells were not run once from top to bottom (cell {number} is [{count}] after [{before}])"
            yield Finding("order", "note", text, "Restart the kernel, run all, save.", cell=number)
            return
        before = count


def _output(
    output: Mapping[str, Any], cell: int, known: Known, *, public: bool, tags: tuple[str, ...]
) -> Iterator[Finding]:
    size = len(json.dumps(output))
    if size > _GIANT:
        text = f"its output has {size / 1e6:.1f} MB"
        yield Finding("giant-output", "stop", text, "Show less (df.head(), a smaller picture), run the cell again, save.", cell=cell)  # fmt: skip
        return
    if output.get("output_type") == "error" and "raises-exception" not in tags:
        name = plain(str(output.get("ename")))
        text = f"it ended with an error, and readers see it: {name}"
        yield Finding("error-output", "mend", text, "Mend the cell and run it again; if the error is the point, tag the cell raises-exception.", cell=cell)  # fmt: skip
    texts = list(_texts(output))
    if sum(map(len, texts)) > _LONG_TEXT:
        yield Finding("long-output", "note", f"its output is {sum(map(len, texts)) // 1000} thousand characters long", "Show less of it.", cell=cell)  # fmt: skip
    if not public:
        yield from _leaks(texts, cell, known)
    yield from _pictures(output, cell)


def _leaks(texts: list[str], cell: int, known: Known) -> Iterator[Finding]:
    """Say of each kind of leak once what it is, and how many more of it the output has."""
    by_kind: dict[str, list[Leak]] = {}
    for text in texts:
        for leak in secrets.leaks(text, known):
            by_kind.setdefault(leak.kind, []).append(leak)
    for leaks in by_kind.values():
        found = of_leak(leaks[0], cell, "its output ")
        more = f" (and {len(leaks) - 1} more)" if len(leaks) > 1 else ""
        yield Finding(**{**vars(found), "line": None, "text": found.text + more})


def _texts(output: Mapping[str, Any]) -> Iterator[str]:
    """Give the texts of an output that readers can see, colours taken out."""
    if output.get("output_type") == "stream":
        yield plain(ipynb.joined(output.get("text")))
    elif output.get("output_type") == "error":
        trace = output.get("traceback")
        yield plain("\n".join(map(str, trace)) if isinstance(trace, list) else "")
    data = output.get("data")
    if not isinstance(data, dict):
        return
    for kind in _TEXTS:
        if kind in data:
            value = data[kind]
            yield plain(json.dumps(value) if kind.endswith("json") else ipynb.joined(value))


def _pictures(output: Mapping[str, Any], cell: int) -> Iterator[Finding]:
    data = output.get("data")
    if not isinstance(data, dict):
        return
    for kind in ("image/png", "image/jpeg", "image/gif"):
        if kind in data:
            picture = images.decoded(ipynb.joined(data[kind]))
            why = "is no picture" if picture is None else images.broken(kind.replace("image/", "."), picture)  # fmt: skip
            if why:
                yield Finding("image-broken", "mend", f"its picture {why}", "Run the cell again and save.", cell=cell)  # fmt: skip
