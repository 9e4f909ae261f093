"""Rendering of the plain files in templates/: the only importer of jinja2."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fastcompanion.base import store, workspace

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def render(name: str, values: Mapping[str, Any]) -> str:
    """Fill in a template ("study/README.md"); a value that is missing is an error, never empty.

    The filter `toml` writes a text as a TOML string; a template may include others by such names.
    """
    import jinja2

    # What is rendered is text, not HTML; pages escape for themselves with the filter `e`.
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701
        loader=jinja2.FileSystemLoader(workspace.content("templates")),
    )
    environment.filters["toml"] = toml_text
    text = store.read_text(workspace.content("templates") / name)
    return environment.from_string(text).render(**values)


def html(name: str, values: Mapping[str, Any]) -> str:
    """Fill in a template of a web page ("blog/post.html"): every value is escaped but those marked `safe`."""
    return str(_pages().get_template(name).render(**values))


def plain(name: str) -> str:
    """Give a file of templates/ that has nothing to fill in."""
    return store.read_text(workspace.content("templates") / name)


@cache
def _pages() -> Any:
    """Give the environment of web pages, which compiles each template once."""
    import jinja2

    return jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,
        loader=jinja2.FileSystemLoader(workspace.content("templates")),
    )


def toml_text(value: str) -> str:
    """Write a text as a basic TOML string on one line."""
    return json.dumps(one_line(value), ensure_ascii=False)


def one_line(value: str) -> str:
    """Make a text fit for one line: no control characters, no outer blanks."""
    return _CONTROL.sub(" ", value).strip()


def names(folder: str) -> list[str]:
    """Name the files of a template folder, relative to it, in order."""
    root = workspace.content("templates") / folder
    return sorted(_relative(path, root) for path in root.rglob("*") if path.is_file())


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
