"""Saying in a post's front matter that it is a draft: one line changes, everything else stays."""

from __future__ import annotations

import json
import re

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError
from fastcompanion.study.posts import ipynb
from fastcompanion.study.posts.bundle import Post

_DRAFT = re.compile(r"(?m)^(draft|hide)([ \t]*:[ \t]*)\S+")
_OPEN = re.compile(r"^---[ \t]*\n")


def set_draft(post: Post) -> bool:
    """Make a post a draft; gives whether its file was changed."""
    if post.front.draft:
        return False
    if post.is_notebook:
        data = store.read_json(post.source)
        cell = data["cells"][0]
        changed = _with_draft(ipynb.joined(cell["source"]), post)
        cell["source"] = changed.splitlines(keepends=True)
        store.write_text(post.source, json.dumps(data, ensure_ascii=False, indent=1) + "\n")
    else:
        store.write_text(post.source, _with_draft(store.read_text(post.source), post))
    return True


def _with_draft(text: str, post: Post) -> str:
    if not _OPEN.match(text):
        raise CompanionError(
            "has no front matter, so it can't say that it is a draft",
            hint="Begin it with ---, draft: true, ---",
            file=post.source,
            line=1,
        )
    head, fence, rest = text.partition("\n---")
    if _DRAFT.search(head):
        head = _DRAFT.sub(r"\1\2true", head)
    else:
        head += "\ndraft: true"
    return head + fence + rest
