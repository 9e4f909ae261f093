"""Markdown, code and formulas as HTML: the only module that knows markdown-it, Pygments and latex2mathml.

Markdown is CommonMark with tables, footnotes, task lists, formulas between dollars and the callouts of
Quarto (`::: {.callout-note}`), GitHub (`> [!NOTE]`) and fastpages (`> Note:`). Formulas become MathML,
which browsers draw themselves: nothing is fetched and no script runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from functools import cache
from html import escape
from typing import Any

from fastcompanion.base.records import frozen

Tokens = list[Any]
_CALLOUTS = ("note", "tip", "important", "warning", "caution")
_DIV = re.compile(r"\{[^}]*\}|[A-Za-z][\w-]*(?:\s+.*)?")
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(?:\n|$)")
_FASTPAGES = re.compile(r"(Note|Tip|Important|Warning|Caution):[ \t]+")
_BARE = re.compile(r"https?://[^\s<>\"'`|]+[^\s<>\"'`|.,;:!?)\]}*_~]")


@frozen
class Piece:
    """A parsed piece of Markdown, and whether it holds raw HTML."""

    tokens: Tokens
    env: MutableMapping[str, Any]
    raw_html: bool


def parse(text: str, name: str = "") -> Piece:
    """Take Markdown apart; `name` keeps the footnotes of several pieces on one page apart."""
    env: dict[str, Any] = {"docId": name} if name else {}
    tokens = _parser().parse(text, env)
    raw = any(
        token.type in ("html_block", "html_inline")
        for block in tokens
        for token in (block, *(block.children or ()))
    )
    return Piece(tokens, env, raw)


def html(piece: Piece) -> str:
    """Write a parsed piece as HTML."""
    parser = _parser()
    return str(parser.renderer.render(piece.tokens, parser.options, piece.env))


def inline(text: str) -> str:
    """Write a line of Markdown as HTML without a paragraph around it."""
    return str(_parser().renderInline(text))


def headings(piece: Piece) -> Iterator[tuple[Any, str]]:
    """Give the opening token of each heading, and its text."""
    for number, token in enumerate(piece.tokens):
        if token.type == "heading_open":
            yield token, plain(piece.tokens[number + 1].children or ())


def addresses(piece: Piece) -> Iterator[Any]:
    """Give the tokens that lead somewhere: opening links and pictures, in their order."""
    for block in piece.tokens:
        for token in block.children or ():
            if token.type in ("link_open", "image"):
                token.meta["line"] = (block.map or [0])[0]
                yield token


def drop_heading(piece: Piece, opening: Any) -> None:
    """Take a heading out, as the page says its title already."""
    place = piece.tokens.index(opening)
    del piece.tokens[place : place + 3]


def plain(children: Iterable[Any]) -> str:
    """Give the text of inline tokens, the alternative texts of pictures left out."""
    parts = []
    for token in children:
        if token.type in ("text", "code_inline") or token.type.startswith("math"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return " ".join("".join(parts).split())


def first_paragraph(piece: Piece) -> str:
    """Give the text of the first paragraph that says something."""
    for number, token in enumerate(piece.tokens):
        if token.type == "paragraph_open" and token.level == 0:
            text = plain(piece.tokens[number + 1].children or ())
            if text:
                return text
    return ""


@cache
def _parser() -> Any:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.amsmath import amsmath_plugin
    from mdit_py_plugins.container import container_plugin
    from mdit_py_plugins.dollarmath import dollarmath_plugin
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.tasklists import tasklists_plugin

    parser = MarkdownIt("commonmark", {"html": True, "highlight": None})
    parser.enable(["table", "strikethrough"])
    parser.use(dollarmath_plugin, allow_digits=False, double_inline=True)
    parser.use(amsmath_plugin)
    parser.use(footnote_plugin)
    parser.use(tasklists_plugin, label=True)
    parser.use(container_plugin, name="div", validate=_is_div, render=_div)
    parser.core.ruler.after("inline", "callouts", _quoted_callouts)
    parser.core.ruler.push("bare_links", _bare_links)
    renderer: Any = parser.renderer
    renderer.rules.update(_rules())
    return parser


def _rules() -> dict[str, Callable[..., str]]:
    return {
        "math_inline": lambda tokens, at, *_: formula(tokens[at].content),
        "math_inline_double": lambda tokens, at, *_: formula(tokens[at].content, block=True),
        "math_block": lambda tokens, at, *_: formula(tokens[at].content, block=True),
        "math_block_label": lambda tokens, at, *_: formula(tokens[at].content, block=True),
        "amsmath": lambda tokens, at, *_: formula(tokens[at].content, block=True),
        "fence": lambda tokens, at, *_: code(tokens[at].content, _language(tokens[at].info)),
        "code_block": lambda tokens, at, *_: code(tokens[at].content, ""),
        "table_open": lambda *_: '<div class="scroll" tabindex="0"><table>\n',
        "table_close": lambda *_: "</table></div>\n",
        "footnote_anchor": _back,
        "footnote_block_open": lambda *_: (
            '<section class="footnotes" aria-label="Footnotes"><ol>\n'
        ),
        "footnote_block_close": lambda *_: "</ol></section>\n",
    }


def _back(tokens: Tokens, at: int, options: Any, env: Any) -> str:
    """Write the way back from a footnote, as the plugin names the places."""
    del options
    meta = tokens[at].meta
    prefix = f"-{env['docId']}-" if env.get("docId") else ""
    name = f"{prefix}{meta['id'] + 1}" + (f":{meta['subId']}" if meta.get("subId", 0) > 0 else "")
    return f' <a href="#fnref{name}" class="footnote-back" aria-label="Back to the text">\u21a9\ufe0e</a>'


def _language(info: str) -> str:
    """Give the language of a fence: `python`, `{python}` or `{.python filename="x.py"}`."""
    found = re.match(r"\s*\{?\.?([\w+#-]+)", info)
    return found[1] if found else ""


def _is_div(params: str, *_: Any) -> bool:
    return bool(_DIV.fullmatch(params.strip()))


def _div(self: Any, tokens: Tokens, at: int, options: Any, env: Any) -> str:
    """Write an opening or closing `:::` line; callouts get a box and a title."""
    del self, options, env
    token = tokens[at]
    if token.nesting < 0:
        return f"</{token.meta.get('tag', 'div')}>\n"
    words = token.info.strip()
    found = re.search(rf"(?:\.callout-|^)({'|'.join(_CALLOUTS)})\b", words)
    closing = _closing(tokens, at)
    if found is None:
        return "<div>\n"
    title = re.search(r"""title=(?:"([^"]*)"|'([^']*)')""", words)
    text = (title[1] or title[2] or "") if title else ""
    if re.search(r"collapse=[\"']?true", words):
        closing.meta["tag"] = "details"
        return f'<details class="callout {found[1]}"><summary class="callout-title">{_title(found[1], text)}</summary>\n'
    closing.meta["tag"] = "aside"
    return _callout(found[1], text)


def _closing(tokens: Tokens, at: int) -> Any:
    level = tokens[at].level
    return next(
        (one for one in tokens[at + 1 :] if one.type == "container_div_close" and one.level == level),
        tokens[-1],
    )  # fmt: skip


def _title(kind: str, text: str) -> str:
    return escape(text or kind.capitalize())


def _callout(kind: str, text: str = "") -> str:
    return f'<aside class="callout {kind}"><p class="callout-title">{_title(kind, text)}</p>\n'


def _quoted_callouts(state: Any) -> None:
    """Turn quotes that begin with `[!NOTE]` or `Note:` into callouts."""
    tokens = state.tokens
    for number, token in enumerate(tokens):
        if token.type != "blockquote_open" or len(tokens) < number + 3:
            continue
        inline_token = tokens[number + 2]
        if inline_token.type != "inline" or not inline_token.children:
            continue
        found = _ALERT.match(inline_token.content) or _FASTPAGES.match(inline_token.content)
        if found is None:
            continue
        _strip(inline_token, len(found[0].rstrip("\n")))
        token.type, token.tag, token.content = "html_callout", "", found[1].lower()
        closing = next(
            one for one in tokens[number:] if one.type == "blockquote_close" and one.level == token.level
        )  # fmt: skip
        closing.tag = "aside"
        token.tag = "aside"
        token.attrs = {"class": f"callout {token.content}"}
        title = _simple(state, "paragraph_open", found[1].capitalize())
        tokens[number + 1 : number + 1] = title


def _simple(state: Any, kind: str, text: str) -> Tokens:
    """Make the tokens of a callout's title."""
    make = type(state.tokens[0])
    opening, content, closing = make(kind, "p", 1), make("inline", "", 0), make("paragraph_close", "p", -1)  # fmt: skip
    opening.attrs = {"class": "callout-title"}
    opening.block = content.block = closing.block = True
    word = make("text", "", 0)
    word.content = text
    content.children, content.content = [word], text
    return [opening, content, closing]


def _strip(inline_token: Any, length: int) -> None:
    """Take the first characters off an inline token."""
    children = inline_token.children
    while children and length > 0:
        first = children[0]
        taken = min(length, len(first.content))
        first.content = first.content[taken:]
        length -= taken
        if first.content or not taken:
            break
        children.pop(0)
    if children and children[0].type in ("softbreak", "hardbreak"):
        children.pop(0)
    elif children:
        children[0].content = children[0].content.lstrip()


def _bare_links(state: Any) -> None:
    """Turn addresses in running text into links, as Jupyter and GitHub do."""
    for block in state.tokens:
        if block.type == "inline" and block.children and "://" in block.content:
            block.children = list(_linked(block.children))


def _linked(children: Sequence[Any]) -> Iterator[Any]:
    depth = 0
    for token in children:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type == "html_inline":
            depth += {"<a ": 1, "</a": -1}.get(token.content[:3].lower(), 0)
        if token.type != "text" or depth > 0 or "://" not in token.content:
            yield token
            continue
        yield from _split_links(token)


def _split_links(token: Any) -> Iterator[Any]:
    make = type(token)
    place = 0
    for found in _BARE.finditer(token.content):
        yield _text(make, token.content[place : found.start()])
        opening = make("link_open", "a", 1)
        opening.attrs = {"href": found[0]}
        yield opening
        yield _text(make, found[0])
        yield make("link_close", "a", -1)
        place = found.end()
    yield _text(make, token.content[place:])


def _text(make: Any, content: str) -> Any:
    token = make("text", "", 0)
    token.content = content
    return token


_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{(?:eqnarray|gather|multline|flalign|align)\*?\}")
# `a &=& b` of eqnarray is `a &= b` of align.
_RELATION = re.compile(
    r"&\s*([=<>]|\\(?:approx|sim|leq|geq|le|ge|ne|neq|equiv|propto|to|in)\b)\s*&"
)
_NOT_DRAWN = re.compile(r"\\(?:nonumber|notag|label\s*\{[^{}]*\}|tag\*?\s*\{[^{}]*\})(?![A-Za-z])")
_UNKNOWN = re.compile(r"\\[A-Za-z]|&amp;|&#x00026;")
# Bars without \left and \right would grow with whatever stands on their line.
_BARS = re.compile(r"<mo>(\||&#x(?:0007C|02016|02225|02223);)</mo>")
_MAX_FORMULA = 20_000
_LONG = 45


@cache
def formula(tex: str, *, block: bool = False) -> str:
    """Write a formula as MathML, or as readable TeX where it holds something unknown."""
    drawn = _mathml(tex, "block" if block else "inline")
    if drawn is None:
        shown = escape(tex.strip())
        tag = f'<pre class="tex" tabindex="0">{shown}</pre>\n'
        return tag if block else f'<code class="tex">{shown}</code>'
    if block:
        return f'<div class="formula" tabindex="0">{drawn}</div>\n'
    # A browser breaks no line inside a formula: a long one scrolls.
    return drawn if len(tex) < _LONG else f'<span class="wide-formula" tabindex="0">{drawn}</span>'


def _mathml(tex: str, display: str) -> str | None:
    if len(tex) > _MAX_FORMULA:
        return None
    from latex2mathml.converter import convert

    source = _ENVIRONMENT.sub(r"\\\1{align*}", _NOT_DRAWN.sub("", tex.strip()))
    source = _RELATION.sub(r"&\1 ", source)
    try:
        drawn = str(convert(source, display=display))
    except _errors():
        return None
    return None if _UNKNOWN.search(drawn) else _BARS.sub(r'<mo stretchy="false">\1</mo>', drawn)


@cache
def _errors() -> tuple[type[Exception], ...]:
    """Give the errors of a formula that the library refuses, or stumbles over."""
    from latex2mathml import exceptions

    named = (one for name, one in vars(exceptions).items() if name.endswith("Error"))
    told = (one for one in named if isinstance(one, type) and issubclass(one, Exception))
    return (
        *told,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        StopIteration,
    )


_CLASSES = (
    ("Comment", "c"), ("Keyword", "k"), ("Literal.String", "s"), ("Literal.Number", "m"),
    ("Name.Function", "f"), ("Name.Class", "f"), ("Name.Decorator", "d"), ("Name.Builtin", "b"),
    ("Name.Tag", "k"), ("Name.Attribute", "f"), ("Operator.Word", "k"), ("Generic.Deleted", "gd"),
    ("Generic.Inserted", "gi"), ("Generic.Heading", "gh"), ("Generic.Subheading", "gh"),
    ("Generic.Prompt", "c"), ("Generic.Emph", "ge"), ("Generic.Strong", "gs"),
)  # fmt: skip


def code(source: str, language: str) -> str:
    """Write code as HTML with its parts in colours; an unknown language stays plain."""
    inner = coloured_code(source.rstrip("\n"), language)
    return f'<pre class="code" tabindex="0"><code>{inner}</code></pre>\n'


def coloured_code(source: str, language: str) -> str:
    """Give the inside of a code block."""
    lexer = _lexer(language.lower())
    if lexer is None:
        return escape(source, quote=False)
    parts: list[str] = []
    kind, text = "", ""
    for token, value in lexer.get_tokens(source):
        new = _class(token)
        if new != kind and text:
            parts.append(_part(kind, text))
            text = ""
        kind, text = new, text + value
    parts.append(_part(kind, text))
    return "".join(parts).rstrip("\n")


def _part(kind: str, text: str) -> str:
    shown = escape(text, quote=False)
    return f'<span class="{kind}">{shown}</span>' if kind and text.strip() else shown


@cache
def _class(token: Any) -> str:
    name = str(token).removeprefix("Token.")
    return next((kind for known, kind in _CLASSES if name.startswith(known)), "")


@cache
def _lexer(language: str) -> Any:
    if not language or language in ("text", "plain", "output"):
        return None
    # The table of all lexers takes longer than colouring a page; most code here is Python.
    if language in ("python", "py", "python3", "ipython", "ipython3"):
        from pygments.lexers.python import PythonLexer

        return PythonLexer(stripnl=False)
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None
