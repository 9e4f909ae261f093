"""Following every link and picture of a served site, as a search engine does."""

from __future__ import annotations

import functools
import http.server
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin


class Page(HTMLParser):
    """The links, places and tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        self.links += [str(given[name]) for name in ("href", "src") if given.get(name)]
        self.ids += [str(given["id"])] if given.get("id") else []


@dataclass
class Crawled:
    """What was found: pages by their address, and links that lead nowhere, with where they stand."""

    pages: dict[str, Page] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)


@contextmanager
def served(folder: Path, below: str, at: Path) -> Iterator[str]:
    """Serve a site below a path such as "study", as project pages are; give its address."""
    (at / below).parent.mkdir(parents=True, exist_ok=True)
    (at / below).symlink_to(folder, target_is_directory=True)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(at)))  # fmt: skip
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/{below}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def crawl(start: str) -> Crawled:
    """Follow everything from a page on, inside the start's folder."""
    found = Crawled()
    waiting, origin = [(start, "the start")], urljoin(start, "/")
    fragments: list[tuple[str, str, str]] = []
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while waiting:
        address, where = waiting.pop()
        address, fragment = urldefrag(address)
        if fragment:
            fragments.append((address, unquote(fragment), where))
        if address in found.pages or address in found.files:
            continue
        if not address.startswith(origin):
            found.outside.add(address)
            continue
        if not address.startswith(start):
            found.broken.append(f"{where}: {address} leads out of the site")
            continue
        try:
            with opener.open(address, timeout=20) as answer:
                kind, body = answer.headers.get_content_type(), answer.read()
        except urllib.error.HTTPError as error:
            found.broken.append(f"{where}: {address} gives {error.code}")
            continue
        if kind != "text/html":
            found.files.add(address)
            continue
        page = found.pages[address] = Page(body.decode())
        links = (link for link in page.links if not link.startswith(("data:", "mailto:")))
        waiting += [(urljoin(address, link), address) for link in links]
    for address, fragment, where in fragments:
        if address in found.pages and fragment not in found.pages[address].ids:
            found.broken.append(f"{where}: {address} has no place {fragment!r}")
    return found
