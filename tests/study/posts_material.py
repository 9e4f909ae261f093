"""Posts that are hard to write out: used by the tests of exporting, checking and publishing."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

FRONT = '---\ntitle: "{title}"\ndate: {date}\ndescription: "{title}, told"\ndraft: {draft}\n---\n\n'


def png(width: int = 8, height: int = 8, colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    """A whole picture of one colour."""
    rows = b"".join(b"\0" + bytes(colour) * width for _ in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))  # fmt: skip

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")  # fmt: skip


def write(
    study: Path,
    slug: str,
    body: str = "Words.\n",
    *,
    title: str = "",
    day: str = "2026-11-20",
    draft: bool = False,
) -> Path:
    """Write a Markdown post; gives its folder."""
    folder = study / "posts" / f"{day}-{slug}"
    folder.mkdir(parents=True)
    head = FRONT.format(title=title or slug, date=day, draft=str(draft).lower())
    (folder / "index.md").write_text(head + body)
    return folder


def code(
    source: str, count: int | None, *outputs: dict[str, Any], **metadata: Any
) -> dict[str, Any]:
    """A code cell."""
    return {
        "cell_type": "code", "metadata": metadata, "source": source,
        "execution_count": count, "outputs": list(outputs),
    }  # fmt: skip


def shown(data: dict[str, Any]) -> dict[str, Any]:
    """An output that displays something."""
    return {"output_type": "display_data", "metadata": {}, "data": data}


def stream(text: str) -> dict[str, Any]:
    """An output that was printed."""
    return {"output_type": "stream", "name": "stdout", "text": text}


def failed(name: str) -> dict[str, Any]:
    """An output of a cell that ended with an error."""
    return {"output_type": "error", "ename": name, "evalue": "", "traceback": [f"{name}: x"]}


def notebook(*cells: dict[str, Any], head: str = "") -> dict[str, Any]:
    """A notebook; `head` is the front matter of a first raw cell."""
    first = [{"cell_type": "raw", "metadata": {}, "source": head.strip()}] if head else []
    about = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": about, "cells": [*first, *cells]}


def write_notebook(study: Path, slug: str, *cells: dict[str, Any], day: str = "2026-11-20") -> Path:
    """Write a notebook post; gives its folder."""
    folder = study / "posts" / f"{day}-{slug}"
    folder.mkdir(parents=True)
    head = FRONT.format(title=slug, date=day, draft="false")
    (folder / "index.ipynb").write_text(json.dumps(notebook(*cells, head=head), indent=1))
    return folder


FRAME = """<div>
<style scoped>
    .dataframe tbody tr th:only-of-type {
        vertical-align: middle;
    }

    .dataframe thead th {
        text-align: right;
    }
</style>
<table border="1" class="dataframe">
  <thead>
    <tr style="text-align: right;">
      <th>a|b</th>
    </tr>
  </thead>
  <tbody>
    <tr>
      <td>1 &lt; 2 {{ liquid }}</td>
    </tr>
  </tbody>
</table>
</div><script>alert(1)</script>"""

HARD = r"""# A heading

Inline $P(A|B) = \frac{a_1}{b_2}$ and $x*y*z$, and it costs $5 or $6. A display:

$$
\sum_{i=1}^n x_i = |y|
$$

| a | b |
|---|---|
| 1 | 2 |

A line with a | pipe, `code | pipe` and https://example.org/bare.

![a bird](<images/bird one.png>) <img src="images/x.png" alt="square"> [the data](data.csv)
[week](../2026-11-21-week/), [its text](../2026-11-21-week/index.ipynb) and [again](../week/)

```python
f"{{ {x} }}" and {% raw %} and {{< hugo >}} | pipe
```

Footnote[^1].

- [x] done

::: {.callout-note title="Mind"}
A callout with **bold**.
:::

[^1]: The note.
"""


def hard(study: Path) -> None:
    """Write a Markdown post, a notebook post and a draft, which link to each other."""
    bird = write(study, "is-it-a-bird", HARD, title=r"Birds: <b>a</b> \"start\" & more", day="2026-11-19")  # fmt: skip
    (bird / "images").mkdir()
    (bird / "images/bird one.png").write_bytes(png())
    (bird / "images/x.png").write_bytes(png(4, 4))
    (bird / "data.csv").write_text("a,b\n1,2\n")
    picture = base64.b64encode(png(16, 16, (30, 200, 30))).decode()
    text = "Text ![attached](attachment:pic%201.png) and [birds](../is-it-a-bird/) $a_b$"
    words = {"cell_type": "markdown", "metadata": {}, "source": text}
    words["attachments"] = {"pic 1.png": {"image/png": picture}}
    write_notebook(
        study, "week", words,
        code("df", 1, shown({"text/html": FRAME, "text/plain": "a"})),
        code("#| fig-alt: a green square\nplot()", 2, shown({"image/png": picture})),
        code("#| echo: false\nhidden()", 3, stream("a\x1b[31mred\x1b[0m ``` {{ b }} {% c %}\n")),
        code("1/0", 4, failed("ZeroDivisionError"), tags=["raises-exception"]),
        code("sympy", 5, shown({"text/latex": r"$\displaystyle x^{2}$"})),
        day="2026-11-21",
    )  # fmt: skip
    draft = write(study, "secret", "Nobody reads this yet. ![x](images/y.png)\n", draft=True)
    (draft / "images").mkdir()
    (draft / "images/y.png").write_bytes(png())
