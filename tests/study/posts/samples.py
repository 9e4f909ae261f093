"""Studies with posts for the tests: real files, pictures of a few pixels, notebooks as Jupyter saves them."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

from fastcompanion.base.workspace import Workspace

SETTINGS = """version = 1

[study]
name = "my study"

[blog]
title = "Ada learns & writes"
author = "Ada Learner"
url = "https://ada.example/study/"
about = "What I *learn*."
"""

FRAME = """<div>
<style scoped>.dataframe tbody tr th { vertical-align: top; }</style>
<table border="1" class="dataframe">
  <thead><tr style="text-align: right;"><th></th><th>epoch</th><th>loss</th></tr></thead>
  <tbody><tr onclick="steal()"><th>0</th><td>1</td><td>0.54</td></tr></tbody>
</table>
<script>alert(1)</script></div>"""


def png(width: int = 4, height: int = 3, colour: tuple[int, int, int] = (30, 80, 160)) -> bytes:
    """Make a real PNG file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    rows = b"".join(b"\0" + bytes(colour) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def markdown(text: str, **more: Any) -> dict[str, Any]:
    """Make a Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True), **more}  # fmt: skip


def code(source: str, *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """Make a code cell with its outputs."""
    return {
        "cell_type": "code",
        "metadata": metadata,
        "source": source.splitlines(keepends=True),
        "outputs": list(outputs),
        "execution_count": 1,
    }


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    """Make what a cell printed."""
    return {"output_type": "stream", "name": name, "text": text.splitlines(keepends=True)}


def display(**data: Any) -> dict[str, Any]:
    """Make a display; `png` is a picture, `html` and so on are texts."""
    kinds = {
        "html": "text/html", "plain": "text/plain", "svg": "image/svg+xml", "latex": "text/latex",
        "markdown": "text/markdown",
    }  # fmt: skip
    shown = {kinds[name]: value for name, value in data.items() if name in kinds}
    if "png" in data:
        shown["image/png"] = base64.b64encode(data["png"]).decode()
    return {"output_type": "display_data", "data": shown, "metadata": {}}


def raw(title: str, day: str, more: str = "") -> dict[str, Any]:
    """Make the raw cell with the front matter."""
    text = f'---\ntitle: "{title}"\ndate: {day}\n{more}---\n'
    return {"cell_type": "raw", "metadata": {}, "source": text.splitlines(keepends=True)}


def notebook(*cells: dict[str, Any]) -> str:
    """Write a notebook as Jupyter does."""
    metadata = {"language_info": {"name": "python"}}
    return json.dumps({"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1)  # fmt: skip


def study(folder: Path, settings: str = SETTINGS) -> Workspace:
    """Make a study without posts."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fastcompanion.toml").write_text(settings, encoding="utf-8")
    return Workspace(folder)


def put(ws: Workspace, name: str, text: str, **files: bytes) -> Path:
    """Write a post's bundle; `files` are pictures by their name without .png."""
    folder = ws.posts / name
    (folder / "images").mkdir(parents=True, exist_ok=True)
    kind = "index.ipynb" if text.lstrip().startswith("{") else "index.md"
    (folder / kind).write_text(text, encoding="utf-8")
    for stem, data in files.items():
        (folder / "images" / f"{stem}.png").write_bytes(data)
    return folder / kind


def text_post(title: str, day: str, body: str, more: str = "") -> str:
    """Write a Markdown post."""
    return f'---\ntitle: "{title}"\ndate: {day}\n{more}---\n\n{body}\n'


WEEK = """This week I went on with [the net](../2026-11-21-a-net/index.ipynb#the-loss), see also
[below](#thursday) and https://docs.fast.ai/.

![A blue rectangle](images/plot.png "The loss")

## Tuesday

The loss[^1] fell: $$L = \\frac{1}{n} \\sum_{i=1}^{n} (y_i - \\hat{y}_i)^2$$

::: {.callout-warning}
Shapes (3,) and (3, 1) give a matrix.
:::

| a | b |
|---|---|
| 1 | 2 |

## Thursday

- [x] done
- [ ] not yet

```python
print("hello")  # a very long line that needs scrolling on a phone, as it goes on and on and on
```

[^1]: Mean squared error.
"""


def whole(folder: Path) -> Workspace:
    """Make a study with a log week, a notebook with everything in it, and a draft."""
    ws = study(folder)
    more = 'description: "Broadcasting, and a <bug>"\ncategories: [week, "C++"]\nimage: images/plot.png\n'
    put(ws, "2026-11-22-week-47", text_post("Week 47: <b>bold</b> & more", "2026-11-22", WEEK, more), plot=png(640, 360))  # fmt: skip
    put(ws, "2026-11-21-a-net", net())
    put(ws, "2026-11-23-not-yet", text_post("Not yet", "2026-11-23", "Soon.", "draft: true\n"))
    put(ws, "2026-10-01-first", text_post("First", "2026-10-01", "Hello.\n\n## The loss\n\n<details><summary>More</summary>\n\ninside\n\n</details>", "categories: [week]\n"))  # fmt: skip
    return ws


def net() -> str:
    """Make a notebook with a bit of everything."""
    drawn = {"p.png": {"image/png": base64.b64encode(png(8, 8)).decode()}}
    error = {
        "output_type": "error",
        "ename": "ZeroDivisionError",
        "evalue": "division by zero",
        "traceback": ["\x1b[0;31mZeroDivisionError\x1b[0m: division by zero"],
    }
    plot = display(png=png(900, 300), plain="<Figure size 900x300>")
    return notebook(
        raw("A net", "2026-11-21", 'categories: [vision, "c++"]\ndescription: "From scratch"\n'),
        markdown("# A net\n\n$x_i \\in \\mathbb{R}^{d}$ and a [week](../2026-11-22-week-47/)."),
        markdown("# The loss\n\n![drawn](attachment:p.png)", attachments=drawn),
        code("df.head()", display(html=FRAME, plain="   epoch  loss")),
        code("#| fig-alt: A line that falls\nplt.plot(x)", plot),
        code("1/0", error),
        markdown("## More\n\ntext\n\n### Deep\n\n## And more\n\n## Even more\n\n## Last"),
    )
