"""The portfolio as a page of the site: portfolio.md with its links led to the pages of posts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fastcompanion.base import store
from fastcompanion.base.records import frozen
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import page, prose
from fastcompanion.study.posts.bundle import Post
from fastcompanion.study.posts.front import Front
from fastcompanion.study.posts.page import Rendered

FOLDER = "portfolio"
_TITLE = re.compile(r"\s*#[ \t]+(?P<title>[^\n]+)\n")


@frozen
class Page:
    """The page: its title, and what was rendered."""

    title: str
    rendered: Rendered


def render(ws: Workspace, known: Mapping[str, str]) -> Page | None:
    """Render portfolio.md, where there is one; `known` gives the slugs of the posts of the site.

    Its links begin at the study's root. They are read as if they stood in a post, whose rules for what
    is published along hold here as well: pictures are, files of the log are not.
    """
    if not ws.portfolio.is_file():
        return None
    text = store.read_text(ws.portfolio)
    found = _TITLE.match(text)
    title = found["title"].strip() if found else "Portfolio"
    body = text[found.end() :] if found else text
    copy = ws.cache / "blog" / ws.portfolio.name
    led = prose.with_targets(body, _from_a_post)
    if not copy.is_file() or store.read_text(copy) != led:
        store.write_text(copy, led, durable=False)
    post = Post(FOLDER, ws.posts / FOLDER, copy, Front(title=title))
    pages = {name: f"posts/{slug}" for name, slug in known.items()}
    return Page(title, page.render(post, ws.root, pages))


def _from_a_post(target: str) -> str:
    if prose.is_elsewhere(target) or target.startswith(("#", "/", "attachment:")):
        return target
    return f"../../{target}"
