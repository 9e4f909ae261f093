"""One post as the inside of a page: its HTML, contents, files, and what should be mended."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from fastcompanion.base import store
from fastcompanion.base.records import frozen
from fastcompanion.study.posts import cells, clean, front, ipynb, markup, pictures
from fastcompanion.study.posts.bundle import Post
from fastcompanion.study.posts.cells import Part
from fastcompanion.study.posts.markup import Piece
from fastcompanion.study.posts.targets import Target, Targets, anchor

_WORDS_A_MINUTE = 220
_EXCERPT = 200
_ID = re.compile(r"""<[a-zA-Z][^>]*?\s(?:id|name)\s*=\s*["']?([\w.-]+)""")
_DROPPED = {
    "script": "a script",
    "iframe": "a frame",
    "object": "an embedded object",
    "embed": "an embedded object",
    "svg": "a drawing inside HTML",
}
_SILENT = ("style", "link", "meta", "title", "head", "noscript", "template", "base", "button")


@frozen
class Problem:
    """Something that readers would miss: where it stands, and what it is."""

    file: str
    line: int | None
    text: str


@frozen
class Heading:
    """A line of the contents."""

    level: int
    id: str
    text: str


@frozen
class Rendered:
    """The inside of a page. `files` lie beside it: by name, a path to copy or the bytes themselves.

    `asked` are the posts that it links to by their folders, with their slugs when they are shown;
    `outside` are the files elsewhere in the study that it wants.
    """

    html: str
    contents: tuple[Heading, ...]
    minutes: int
    excerpt: str
    files: Mapping[str, Path | bytes]
    image: str
    asked: Mapping[str, str | None]
    outside: tuple[Path, ...]
    problems: tuple[Problem, ...]


def render(post: Post, root: Path, known: Mapping[str, str]) -> Rendered:
    """Render a post; `known` gives the slugs of the posts of the site by their folders' names."""
    return _Page(post, root, known).rendered()


class _Page:
    """Gathers what becomes of one post."""

    def __init__(self, post: Post, root: Path, known: Mapping[str, str]) -> None:
        self._post = post
        self._targets = Targets(post, root, known)
        self._file = post.source.relative_to(root).as_posix()
        self._made: dict[str, bytes] = {}
        self._problems: list[Problem] = []
        self._parts: list[tuple[Part, Piece | None]] = []
        self._source = store.read_text(post.source)
        self._first_line = 1
        self._no_alt: list[int] = []

    def rendered(self) -> Rendered:
        self._parts = [(part, self._parsed(part)) for part in self._read()]
        contents = self._headings()
        html = "".join(self._written(part, piece) for part, piece in self._parts)
        image = self._image()
        self._tell_alt()
        files: dict[str, Path | bytes] = {**self._targets.files, **self._made}
        return Rendered(
            html,
            contents,
            self._minutes(),
            self._post.front.description or self._excerpt(),
            files,
            image,
            self._targets.asked,
            tuple(sorted(self._targets.outside)),
            tuple(dict.fromkeys(self._problems)),
        )

    def _read(self) -> Iterator[Part]:
        if self._post.is_notebook:
            execute = self._post.front.others.get("execute")
            notebook = ipynb.parse(self._source, self._post.source)
            yield from cells.parts(notebook, execute if isinstance(execute, dict) else {})
            return
        split = front.split(self._source, self._post.source)
        self._first_line = split.body_line
        yield Part("markdown", split.body)

    def _parsed(self, part: Part) -> Piece | None:
        if part.kind != "markdown":
            return None
        self._targets.ids.update(_ID.findall(part.text))
        return markup.parse(part.text, f"c{part.cell}" if part.cell else "")

    def _headings(self) -> tuple[Heading, ...]:
        """Name the headings, leave one out that says the title again, and keep h1 for the page."""
        found = [
            (piece, token, text)
            for part, piece in self._parts
            if piece is not None and part.own
            for token, text in markup.headings(piece)
        ]
        if found and _same(found[0][2], self._post.title):
            piece, token, _ = found.pop(0)
            markup.drop_heading(piece, token)
        shift = int(any(token.tag == "h1" for _, token, _ in found))
        return tuple(self._heading(piece, token, text, shift) for piece, token, text in found)

    def _heading(self, piece: Piece, token: Any, text: str, shift: int) -> Heading:
        level = min(6, int(token.tag[1]) + shift)
        closing = piece.tokens[piece.tokens.index(token) + 2]
        token.tag = closing.tag = f"h{level}"
        name = base = anchor(text) or "section"
        number = 1
        while name in self._targets.ids:
            number += 1
            name = f"{base}-{number}"
        self._targets.ids.add(name)
        token.attrs["id"] = name
        return Heading(level, name, text)

    def _written(self, part: Part, piece: Piece | None) -> str:
        if piece is not None:
            return self._text(part, piece)
        if part.kind == "picture":
            return self._picture(part)
        if part.kind == "foreign":
            return self._foreign(part)
        return part.text

    def _text(self, part: Part, piece: Piece) -> str:
        if piece.raw_html:
            return self._cleaned(markup.html(piece), part)
        for token in markup.addresses(piece):
            self._rewrite(token, part)
        return markup.html(piece)

    def _rewrite(self, token: Any, part: Part) -> None:
        """Let a link or a picture of Markdown lead where it does on the site."""
        name = "src" if token.type == "image" else "href"
        found = self._target("img" if token.type == "image" else "a", str(token.attrs[name]), part)
        if token.type == "link_open":
            if found.address is None:
                del token.attrs["href"]
            else:
                token.attrs["href"] = found.address
            return
        alt = markup.plain(token.children or ()) or token.content
        if not alt.strip():
            self._say(f"the picture {token.attrs['src']!r} has no alternative text", part, str(token.attrs["src"]))  # fmt: skip
        if found.address is None:
            token.type, token.content = "html_inline", _missing(alt)
            return
        token.attrs["src"] = found.address
        token.attrs["loading"] = "lazy"
        if found.picture and found.picture.width:
            token.attrs["width"], token.attrs["height"] = found.picture.width, found.picture.height

    def _cleaned(self, html: str, part: Part) -> str:
        def address(tag: str, url: str) -> str | None:
            return self._target(tag, url, part).address

        cleaner = clean.Cleaner(address, own=part.own)
        cleaner.feed(html)
        shown = cleaner.result()
        for source in cleaner.without_alt:
            self._say(f"the picture {source[:60]!r} has no alternative text", part, source)
        for tag, source in cleaner.dropped:
            if tag not in _SILENT and (part.own or tag == "iframe"):
                what = _DROPPED.get(tag, f"<{tag}>")
                self._say(f"{what} was left out" + (f" ({source})" if source else ""), part, source or f"<{tag}")  # fmt: skip
                if tag == "iframe" and source.startswith("https://"):
                    shown += f'<p class="cut"><a href="{escape(source)}">{escape(source)}</a></p>\n'
        return shown

    def _foreign(self, part: Part) -> str:
        return f'<div class="scroll html" tabindex="0">\n{self._cleaned(part.text, part)}\n</div>\n'

    def _target(self, tag: str, url: str, part: Part) -> Target:
        if url.startswith("attachment:") and tag == "img":
            return self._attachment(url.removeprefix("attachment:"), part)
        found = self._targets.of(tag, url)
        if found.problem:
            self._say(found.problem, part, url)
        return found

    def _attachment(self, name: str, part: Part) -> Target:
        """Give a picture that lies in the notebook's cell a file of its own."""
        held = (part.attachments or {}).get(unquote(name))
        for text in (held or {}).values() if isinstance(held, dict) else ():
            try:
                data = base64.b64decode(ipynb.joined(text))
            except ValueError:  # also what is no ASCII; binascii.Error is one
                continue
            if (picture := pictures.look(data)) is not None:
                return Target(self._keep(data, picture.kind), picture=picture)
        self._say(f"the attachment {name!r} is not there", part)
        return Target(None)

    def _keep(self, data: bytes, suffix: str) -> str:
        name = f"outputs/{hashlib.sha256(data).hexdigest()[:16]}.{suffix}"
        self._made[name] = data
        return name

    def _picture(self, part: Part) -> str:
        found = pictures.look(part.data)
        if found is None:
            self._say("a picture of the output is broken", part)
            return f"<p>{_missing(part.alt or '')}</p>\n"
        if part.alt is None:
            self._no_alt.append(part.cell)
        source = _data_address(part.data) if part.suffix == "svg" else self._keep(part.data, part.suffix)  # fmt: skip
        width, height = part.size if all(part.size) else (found.width, found.height)
        size = f' width="{width}" height="{height}"' if width and height else ""
        alt = escape(part.alt or "")
        image = f'<img src="{source}" alt="{alt}"{size} loading="lazy">'
        if not part.caption:
            return f'<p class="picture">{image}</p>\n'
        caption = markup.inline(part.caption)
        return f"<figure>{image}<figcaption>{caption}</figcaption></figure>\n"

    def _tell_alt(self) -> None:
        if self._no_alt:
            where = ", ".join(str(cell) for cell in dict.fromkeys(self._no_alt))
            self._problems.append(
                Problem(self._file, None, f"pictures without alternative text, put out by cell {where}; a first line `#| fig-alt: ...` gives one")
            )  # fmt: skip

    def _image(self) -> str:
        """Give the picture of the index: that of the front matter."""
        if not self._post.front.image:
            return ""
        found = self._targets.of("img", self._post.front.image)
        if found.address is None:
            line = self._post.front.lines.get("image")
            self._problems.append(Problem(self._file, line, f"image: {found.problem}"))
        return found.address or ""

    def _say(self, text: str, part: Part, source: str = "") -> None:
        """Note a problem with its line, or with its cell."""
        if part.cell:
            self._problems.append(Problem(self._file, None, f"cell {part.cell}: {text}"))
            return
        place = part.text.find(source) if source else 0
        line = self._first_line + part.text.count("\n", 0, max(place, 0)) if place >= 0 else None
        self._problems.append(Problem(self._file, line, text))

    def _minutes(self) -> int:
        text = (part.text for part, _ in self._parts if part.kind == "markdown" and part.own)
        code = (clean.words(part.text) for part, _ in self._parts if part.kind == "made" and 'class="code"' in part.text)  # fmt: skip
        count = sum(len(one.split()) for one in (*text, *code))
        return max(1, round(count / _WORDS_A_MINUTE))

    def _excerpt(self) -> str:
        texts = (markup.first_paragraph(piece) for part, piece in self._parts if piece and part.own)
        text = next((one for one in texts if one), "")
        return text if len(text) <= _EXCERPT else text[:_EXCERPT].rpartition(" ")[0] + " …"


def _same(one: str, other: str) -> bool:
    return anchor(one) == anchor(other)


def _missing(alt: str) -> str:
    words = f"picture missing: {alt}" if alt.strip() else "picture missing"
    return f'<span class="missing">[{escape(words)}]</span>'


def _data_address(svg: bytes) -> str:
    """Give a drawing as an address: shown as a picture, what it holds can't act."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
