"""The Atom feed: the newest posts with their whole text, all addresses complete. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape, unescape
from urllib.parse import quote, urljoin, urlsplit

from fastcompanion.base import templates
from fastcompanion.base.records import frozen
from fastcompanion.study.posts.blog import Blog

NEWEST = 20
_ADDRESS = re.compile(r'(?<=\s)(href|src|poster)="([^"]*)"')
# XML knows no other control characters, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NO_DAY = "1970-01-01"


@frozen
class Item:
    """A post in the feed; `born` is the day in its folder's name, which stays when its date is mended."""

    title: str
    path: str
    slug: str
    born: str
    day: str
    changed: str
    author: str
    summary: str
    tags: tuple[str, ...]
    content: str


def write(blog: Blog, items: Sequence[Item]) -> str:
    """Write the feed of a blog whose address is known."""
    shown = [item for item in items if item.day][:NEWEST]
    entries = [_entry(blog, item) for item in shown]
    updated = max((str(one["updated"]) for one in entries), default=_moment(_NO_DAY))
    text = templates.html("blog/feed.xml", {"blog": blog, "updated": updated, "entries": entries})
    return _NOT_XML.sub("", text)


def _entry(blog: Blog, item: Item) -> dict[str, object]:
    url = urljoin(blog.url, item.path)
    return {
        # As long as the folder keeps its name, a reader does not take a changed post for a new one.
        "id": f"tag:{urlsplit(blog.url).hostname},{item.born}:{quote(item.slug)}",
        "title": item.title,
        "published": _moment(item.day),
        "updated": _moment(max(item.changed, item.day)),
        "url": url,
        "author": item.author,
        "summary": item.summary,
        "tags": item.tags,
        "content": complete(item.content, url),
    }


def _moment(day: str) -> str:
    return f"{day}T00:00:00Z"


def complete(html: str, url: str) -> str:
    """Give the HTML of a page with its addresses made whole, so that they lead there from anywhere."""

    def whole(found: re.Match[str]) -> str:
        address = unescape(found[2])
        if address.startswith("data:"):
            return found[0]
        return f'{found[1]}="{escape(urljoin(url, address))}"'

    return _ADDRESS.sub(whole, html)
