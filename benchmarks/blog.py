"""A notebook as a page of the blog, against nbconvert's HTML exporter; a site of 100 posts after one change.

    python -m benchmarks.blog [--runs N]

The notebook is made here, of the form of a course's: text with formulas, code, data frames, plots,
progress in the terminal's colours. FASTCOMPANION_TEST_COURSE=folder takes the notebooks of a fetched course
instead, all of them one after the other. Whole processes run in an environment of their own with compiled
bytecode; nbconvert is installed beside the program.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.common import (  # fmt: skip
    Missing,
    Row,
    as_program,
    call,
    clean_environment,
    compare,
    installed,
    scratch_folder,
)
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import site

COURSE = "FASTCOMPANION_TEST_COURSE"
PEER = "nbconvert's HTML exporter"
POSTS = 100
SETTINGS = 'version = 1\n[blog]\ntitle = "Bench"\nurl = "https://bench.example/"\n'


def picture(number: int) -> str:
    """Make a PNG of 640 by 400 pixels, as base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))  # fmt: skip

    rows = b"".join(b"\0" + bytes((x * (number + 3) + y * y) % 251 for x in range(640)) for y in range(400))  # fmt: skip
    head = struct.pack(">IIBBBBB", 640, 400, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()


def frame() -> str:
    """Make the HTML of a data frame of 20 rows, as pandas does."""
    rows = "".join(
        f"<tr><th>{row}</th>" + "".join(f"<td>{row * column / 7:.6f}</td>" for column in range(8)) + "</tr>"
        for row in range(20)
    )  # fmt: skip
    return f'<div><style scoped>.dataframe tbody tr th {{ vertical-align: top; }}</style><table border="1" class="dataframe"><tbody>{rows}</tbody></table></div>'


def notebook(seed: int = 0, sections: int = 25) -> dict[str, Any]:
    """Make a notebook: each section has text, a formula now and then, code, and an output."""
    front = f'---\ntitle: "Bench {seed}"\ndate: 2026-01-{1 + seed % 28:02}\ncategories: [c{seed % 5}]\n---'
    cells: list[dict[str, Any]] = [{"cell_type": "raw", "metadata": {}, "source": front}]
    outputs = (
        {"output_type": "display_data", "data": {"text/html": frame(), "text/plain": "frame"}, "metadata": {}},
        {"output_type": "display_data", "data": {"image/png": picture(seed), "text/plain": "<Figure>"}, "metadata": {}},
        {"output_type": "stream", "name": "stdout", "text": "".join(f"epoch {n}: \x1b[32m{n / 7:.4f}\x1b[0m\n" for n in range(12))},
    )  # fmt: skip
    for number in range(sections):
        text = f"## Section {number}\n\nWhat a *net* does with `x{number}` is [simple](https://a.example/): " + "it multiplies, adds and forgets what is negative. " * 8  # fmt: skip
        if number % 4 == 0:
            text += f"\n\n$$L_{{{number}}} = \\frac{{1}}{{n}} \\sum_{{i=1}}^{{n}} (y_i - \\hat{{y}}_i)^2$$"  # fmt: skip
        code = f"def step{number}(w, x, y, lr=0.{number + 1}):\n    loss = ((x @ w - y) ** 2).mean()  # one number\n    for epoch in range({number}):\n        w = w - lr * grad(loss, w)\n        print(f'{{epoch}}: {{loss:.4f}}')\n    return w\n"  # fmt: skip
        cells.append({"cell_type": "markdown", "metadata": {}, "source": text})
        cells.append({"cell_type": "code", "metadata": {}, "execution_count": number, "source": code, "outputs": [outputs[number % 3]]})  # fmt: skip
    for number, cell in enumerate(cells):
        cell["id"] = f"c{number}"
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}, "language_info": {"name": "python"}}  # fmt: skip
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def notebooks() -> list[dict[str, Any]]:
    """Give the notebooks to render: those of the course that was supplied, else one of our own."""
    folder = os.environ.get(COURSE, "")
    if not folder:
        return [notebook()]
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path(folder).glob("*.ipynb"))]  # fmt: skip
    if not found:
        raise Missing(f"{COURSE}={folder} holds no notebooks")
    return found


def make_study(folder: Path, given: list[dict[str, Any]]) -> Workspace:
    """Make a study whose posts are the notebooks."""
    folder.mkdir(parents=True)
    (folder / "fastcompanion.toml").write_text(SETTINGS, encoding="utf-8")
    for number, one in enumerate(given):
        post = folder / "posts" / f"2026-01-{1 + number % 28:02}-bench-{number}"
        post.mkdir(parents=True)
        (post / "index.ipynb").write_text(json.dumps(one, indent=1), encoding="utf-8")
    return Workspace(folder)


def forgetting(ws: Workspace, act: Callable[[], object]) -> Callable[[], object]:
    """Make an act that begins without a site and without what the last build left."""

    def run() -> object:
        for path in (ws.root / "_site", ws.cache):
            shutil.rmtree(path, ignore_errors=True)
        return act()

    return run


def whole(given: list[dict[str, Any]], runs: int) -> Row:
    """Measure the commands as whole processes."""
    with installed() as program, scratch_folder() as folder:
        uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode"]
        call([*uv, "--python", str(program.python), "nbconvert>=7.16"])
        env = clean_environment(folder / "home", JUPYTER_PLATFORM_DIRS="1")
        ws = make_study(folder / "study", given)
        sources = [str(path) for path in sorted(ws.posts.rglob("*.ipynb"))]
        argv = [str(program.python), "-m", "nbconvert", "--to", "html", "--log-level", "ERROR", "--output-dir", str(folder / "html")]  # fmt: skip
        return compare(
            f"`blog build`, {_counted(given)}, the whole process",
            forgetting(ws, lambda: call(program.command("blog", "build"), cwd=ws.root, env=env)),
            "`jupyter nbconvert --to html`",
            lambda: call([*argv, *sources], cwd=ws.root, env=env),
            budget=1 / 8,
            runs=runs,
        )


def warm(given: list[dict[str, Any]], runs: int) -> Row:
    """Measure the work alone, in one process that has everything loaded."""
    from nbconvert import HTMLExporter

    exporter: Any = HTMLExporter()  # type: ignore[no-untyped-call]
    with scratch_folder() as folder:
        ws = make_study(folder / "study", given)
        sources = sorted(ws.posts.rglob("*.ipynb"))

        def theirs() -> None:
            for number, path in enumerate(sources):
                html, _ = exporter.from_filename(str(path))
                (folder / f"{number}.html").write_text(html, encoding="utf-8")

        return compare(
            f"the whole site, {_counted(given)}, warm",
            forgetting(ws, lambda: site.build(ws, ws.root / "_site")),
            PEER,
            theirs,
            budget=1 / 8,
            runs=runs,
        )


def _counted(given: list[dict[str, Any]]) -> str:
    return "1 notebook" if len(given) == 1 else f"{len(given)} notebooks"


def again(runs: int) -> list[Row]:
    """Measure a site of 100 posts once one of them changed, and when none did."""
    with scratch_folder() as folder:
        ws = make_study(folder / "all", [notebook(number, 6) for number in range(POSTS)])
        other = make_study(folder / "kept", [notebook(number, 6) for number in range(POSTS)])
        out, kept = ws.root / "_site", other.root / "_site"
        site.build(other, kept)
        changed = next(other.posts.rglob("*.ipynb"))
        count = iter(range(1_000_000))

        def one() -> None:
            text = changed.read_text(encoding="utf-8").replace("What a", f"What {next(count)} a", 1)
            changed.write_text(text, encoding="utf-8")
            made = site.build(other, kept)
            assert len(made.written) < 8, made.written

        def none() -> None:
            assert site.build(other, kept).written == ()

        everything = forgetting(ws, lambda: site.build(ws, out))
        peer = f"all {POSTS} posts"
        return [
            compare(f"a site of {POSTS} posts, one changed", one, peer, everything, budget=0.2, runs=runs),
            compare(f"a site of {POSTS} posts, none changed", none, peer, everything, budget=0.15, runs=runs),
        ]  # fmt: skip


def measure(runs: int = 9) -> list[Row]:
    """Measure all four."""
    given = notebooks()
    return [whole(given, runs), warm(given, runs), *again(max(3, runs // 3))]


if __name__ == "__main__":
    sys.exit(as_program(measure, __doc__, 9))
