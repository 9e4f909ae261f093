"""HTML of notebooks made fit for a page: only tags and attributes that show something survive. Pure.

What somebody else's notebook saved may hold scripts, frames, forms and styles. They are dropped, and
every tag that was opened is closed again, so that a piece of HTML never breaks the page around it.
Colours of terminals (ANSI) become spans.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from html import escape, unescape
from html.parser import HTMLParser

_TEXT = """a abbr aside b bdi blockquote br caption center cite code col colgroup dd del details dfn div dl dt em
figcaption figure label h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp section small
span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr progress
audio video source track input font""".split()
_MATH = """math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msup msub msubsup munder mover munderover
mtable mtr mtd mpadded mphantom mstyle menclose merror mmultiscripts mprescripts""".split()
_ALLOWED = frozenset((*_TEXT, *_MATH))
_VOID = frozenset("br hr img col wbr source track input".split())
#: dropped with everything in them
_GONE = frozenset(
    """script style template noscript title head iframe frame frameset object embed applet svg button select
    textarea canvas dialog map noframes noembed xmp plaintext link meta base""".split()
)
#: tags of HTML that show nothing by themselves; a word in angle brackets that is no tag stays as text
_BARE = frozenset(
    """html body form fieldset legend main nav header footer article address area big center data datalist dir
    font hgroup menu meter optgroup option output param picture portal rb rtc search slot acronym basefont
    bgsound blink image marquee multicol nobr spacer isindex keygen command semantics annotation maction
    mglyph malignmark""".split()
)
_ATTRIBUTES = frozenset(
    """class id title lang dir alt width height align valign colspan rowspan scope span start type reversed
    value max open datetime cite abbr controls loop muted kind label srclang role tabindex disabled checked
    aria-label aria-hidden aria-labelledby aria-describedby loading decoding
    display mathvariant mathsize stretchy fence form accent accentunder columnalign columnspacing rowspacing
    rowalign columnlines rowlines frame linethickness bevelled minsize maxsize symmetric largeop movablelimits
    separator lspace rspace depth voffset notation xmlns displaystyle scriptlevel""".split()
)
_STYLES = re.compile(
    r"(?:text-align|vertical-align|font-weight|font-style|text-decoration|white-space|max-width|width)"
    r"\s*:\s*[a-z0-9%. -]{1,40}"
)
_TYPES = {"input": ("checkbox",), "ol": ("1", "a", "A", "i", "I")}
_MAX_DEPTH = 200

# Tidy HTML, as pandas and fastai write it, is taken apart in one go; the parser of the standard library
# reads the rest, and takes three times as long.
_STYLE_TAG = re.compile(r"(?i)<style\b[^<>]*+>[^<]*+</style\s*+>")
_RAW = "script|style|textarea|title|xmp|iframe|noembed|noframes|plaintext"
_VALUE = r"""(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'=<>`]++)"""
_ATTRIBUTE = rf"\s++([a-zA-Z-]++)(?:=({_VALUE}))?"
_TIDY_ATTRIBUTE = re.compile(_ATTRIBUTE)
_TAG = rf"<(?:/?)(?!(?:{_RAW})\b)[a-z][a-z0-9]*+(?:\s++[a-z-]++(?:={_VALUE})?)*+\s*+/?>"
_TIDY = re.compile(
    rf"(?i)<(/?)(?!(?:{_RAW})\b)([a-z][a-z0-9]*+)((?:\s++[a-z-]++(?:={_VALUE})?)*+)\s*+(/?)>"
    r"|(&[a-z0-9#]++;)|[^<&]++"
)
_ALL_TIDY = re.compile(rf"(?i)(?:{_TAG}|&[a-z0-9#]++;|[^<&]++)*+")
# The parser of the standard library needs minutes for a tag that goes on and on: this is no tag.
_ENDLESS = re.compile(rf"(?i)<(?!{_TAG[1:]})(?=[^>]{{2000}})")

Address = Callable[[str, str], str | None]


class Cleaner(HTMLParser):
    """Reads HTML and keeps what is harmless.

    In the author's `own` text a word such as <pad> that is no tag of HTML stays as text.
    `address(tag, url)` gives the address to write for a link or a picture, None to leave it out;
    `dropped` names the tags that were taken out whole, each with the address it would have shown;
    `without_alt` are the pictures that have no alternative text.
    """

    def __init__(self, address: Address, *, own: bool = False) -> None:
        super().__init__(convert_charrefs=False)
        self._own = own
        self.dropped: list[tuple[str, str]] = []
        self.without_alt: list[str] = []
        self._address = address
        self._out: list[str] = []
        self._open: list[str] = []
        self._gone: list[str] = []

    def feed(self, data: str) -> None:
        """Read a whole piece of HTML."""
        data = _STYLE_TAG.sub("", data)
        if _ALL_TIDY.fullmatch(data) is None:
            super().feed(_ENDLESS.sub("&lt;", data))
            return
        for found in _TIDY.finditer(data):
            closing, tag, attributes, ended, character = found.groups()
            if tag is None:
                if not self._gone:
                    self._out.append(character or escape(found[0], quote=False))
            elif closing:
                self.handle_endtag(tag.lower())
            else:
                self._tidy_start(tag.lower(), attributes, ended)

    def _tidy_start(self, tag: str, attributes: str, ended: str) -> None:
        given: list[tuple[str, str | None]] = [
            (name.lower(), unescape(value.strip("\"'")))
            for name, value in _TIDY_ATTRIBUTE.findall(attributes)
        ]
        (self.handle_startendtag if ended else self.handle_starttag)(tag, given)

    def result(self) -> str:
        """Give what was kept, with every tag closed."""
        self.close()
        self._out += [f"</{tag}>" for tag in reversed(self._open)]
        self._open.clear()
        return "".join(self._out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an allowed tag with its allowed attributes."""
        if self._gone or tag in _GONE:
            self._drop(tag, dict(attrs))
        elif tag in _ALLOWED and len(self._open) < _MAX_DEPTH:
            kept = self._attributes(tag, attrs)
            if kept is not None:
                self._out.append(f"<{tag}{kept}>")
                if tag not in _VOID:
                    self._open.append(tag)
        elif self._own and not attrs and tag not in _BARE and tag not in _ALLOWED:
            self._out.append(f"&lt;{escape(tag)}&gt;")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take `<x/>` as `<x></x>`, as MathML means it; HTML knows no such form."""
        before = len(self._gone)
        self.handle_starttag(tag, attrs)
        if len(self._gone) > before or tag not in _VOID:
            self.handle_endtag(tag)

    def updatepos(self, i: int, j: int) -> int:
        """Leave the counting of lines, which nobody asks for: it takes an eighth of the time."""
        del i
        return j

    def _drop(self, tag: str, attrs: dict[str, str | None]) -> None:
        if tag in ("link", "meta", "base", "embed", "frame"):
            self.dropped.append((tag, attrs.get("src") or ""))
            return
        if not self._gone:
            self.dropped.append((tag, attrs.get("src") or ""))
        if tag in _GONE:
            self._gone.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close a tag and those left open in it; one that was never opened is ignored."""
        if self._gone:
            if tag in self._gone:
                del self._gone[self._gone.index(tag) :]
            return
        if tag in self._open:
            while self._open:
                last = self._open.pop()
                self._out.append(f"</{last}>")
                if last == tag:
                    break

    def handle_data(self, data: str) -> None:
        """Keep text."""
        if not self._gone:
            self._out.append(escape(data, quote=False))

    def handle_entityref(self, name: str) -> None:
        """Keep a named character."""
        if not self._gone:
            self._out.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        """Keep a numbered character."""
        if not self._gone:
            self._out.append(f"&#{name};")

    def _attributes(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> str | None:
        kept: dict[str, str] = {}
        for name, value in attrs:
            text = value or ""
            if name in ("href", "src", "poster"):
                address = self._address(tag, text.strip()) if self._fits(tag, name) else None
                if address is not None:
                    kept[name] = address
            elif name == "style":
                parts = (one.strip() for one in text.lower().split(";"))
                kept[name] = "; ".join(one for one in parts if _STYLES.fullmatch(one))
            elif name in _ATTRIBUTES and (name != "type" or text in _TYPES.get(tag, (text,))):
                kept[name] = text
        if tag == "img":
            return self._picture(kept, dict(attrs).get("src") or "")
        if tag == "input":
            kept = {"type": "checkbox", "disabled": "", **kept}
        return "".join(_attribute(name, value) for name, value in kept.items())

    @staticmethod
    def _fits(tag: str, name: str) -> bool:
        return (name, tag) in _ADDRESSES

    def _picture(self, kept: dict[str, str], source: str) -> str | None:
        if not kept.get("alt"):
            self.without_alt.append(source)
        if "src" not in kept:
            words = f"picture missing: {kept['alt']}" if kept.get("alt") else "picture missing"
            self._out.append(f'<span class="missing">[{escape(words)}]</span>')
            return None
        kept.setdefault("alt", "")
        kept.setdefault("loading", "lazy")
        return "".join(_attribute(name, value) for name, value in kept.items())


_ADDRESSES = frozenset(
    (("href", "a"), ("src", "img"), ("src", "source"), ("src", "video"), ("src", "audio"), ("src", "track"), ("poster", "video"))
)  # fmt: skip


def _attribute(name: str, value: str) -> str:
    if not value:
        return f' {name}=""' if name in ("alt", "disabled", "value") else _bare(name)
    return f' {name}="{escape(value)}"'


def _bare(name: str) -> str:
    return (
        f" {name}" if name in ("open", "controls", "loop", "muted", "reversed", "checked") else ""
    )


def cleaned(html: str, address: Address) -> tuple[str, list[tuple[str, str]]]:
    """Give the HTML without what acts, and the tags that were dropped with the addresses in them."""
    cleaner = Cleaner(address)
    cleaner.feed(html)
    return cleaner.result(), cleaner.dropped


def words(html: str) -> str:
    """Give the text of HTML that we made, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


_ESCAPE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")  # fmt: skip
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def coloured(text: str) -> str:
    """Turn a terminal's text into HTML: its colours and weights as classes, other escapes dropped."""
    return "".join(_spans(text)) if "\x1b" in text else _span(text, {})


def _spans(text: str) -> Iterator[str]:
    now: dict[str, str] = {}
    place = 0
    for found in _ESCAPE.finditer(text):
        yield _span(text[place : found.start()], now)
        place = found.end()
        if found[1] is not None:
            now = _state(now, found[1])
    yield _span(text[place:], now)


def _span(text: str, now: dict[str, str]) -> str:
    shown = escape(_CONTROL.sub("", text), quote=False)
    if not text or not now:
        return shown
    return f'<span class="{" ".join(now.values())}">{shown}</span>'


def _state(now: dict[str, str], codes: str) -> dict[str, str]:
    new = dict(now)
    numbers = [int(code) if code.isdigit() else 0 for code in re.split("[;:]", codes)]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            new = {}
        elif code == 1:
            new["weight"] = "ansi-bold"
        elif code == 22:
            new.pop("weight", None)
        elif code in (38, 48):
            del numbers[: {5: 2, 2: 4}.get(numbers[0] if numbers else 0, 0)]
        elif code == 39:
            new.pop("colour", None)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            new["colour"] = f"ansi-{_NAMES[code % 10]}"
    return new
