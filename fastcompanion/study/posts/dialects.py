"""What Hugo and Jekyll read otherwise than CommonMark: callouts, formulas, braces, pipes. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from fastcompanion.study.posts import prose

_OPEN = re.compile(r"^:{3,}[ \t]*(?:\{(?P<about>[^}]*)\}|(?P<name>[a-z]+))[ \t]*$")
_CLOSE = re.compile(r"^:{3,}[ \t]*$")
_CALLOUT = re.compile(r"(?:\.callout-|^)(note|tip|important|warning|caution)\b")
_ALERT = re.compile(r"(?m)^(>[ \t]*)\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*$")
_BLOCK_MATH = re.compile(r"(?<![\\$])\$\$(?!\$)(.+?)(?<!\\)\$\$", re.DOTALL)
_LINE_MATH = re.compile(r"(?<![\\$\w])\$(?![\s$])([^$\n]*?[^\s\\$])\$(?![\d$])")
_ENVIRONMENT = re.compile(r"(?ms)^\\begin\{(align|equation|gather|eqnarray)(\*?)\}.*?\\end\{\1\2\}")
_BARE = re.compile(r"(?<![(<\"'=\]/\w])https?://[^\s<>\"'`|]+[^\s<>\"'`|.,;:!?)\]}*_~]")
_SHORTCODE = re.compile(r"\{\{([<%])(.*?)([>%])\}\}", re.DOTALL)
_ROW = re.compile(r"^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")


def callouts(text: str) -> str:
    """Turn `::: {.callout-note}` and `> [!NOTE]` into quotes that begin with a bold word."""
    seen = prose.without_code(text).split("\n")
    out: list[str] = []
    open_: list[str] = []
    for plain, line in zip(seen, text.split("\n"), strict=True):
        found = _OPEN.match(plain)
        if found:
            kind = _CALLOUT.search(found["about"] or found["name"] or "")
            title = re.search(r"title=\"([^\"]*)\"", found["about"] or "")
            open_.append("> " if kind else "")
            if kind:
                out += ["", f"> **{title[1] if title else kind[1].capitalize()}**", ">"]
        elif open_ and _CLOSE.match(plain):
            open_.pop()
            out.append("")
        else:
            out.append(f"{''.join(open_)}{line}".rstrip() if open_ else line)
    return _ALERT.sub(lambda m: f"{m[1]}**{m[2].capitalize()}**\n{m[1].rstrip()}", "\n".join(out))


def _outside_code(
    text: str, pattern: re.Pattern[str], change: Callable[[re.Match[str]], str]
) -> str:
    """Replace what a pattern finds where no code is."""
    seen = prose.without_code(text)
    for found in reversed(list(pattern.finditer(seen))):
        text = text[: found.start()] + change(found) + text[found.end() :]
    return text


def has_math(text: str) -> bool:
    """Tell whether a text holds formulas."""
    seen = prose.without_code(text)
    return any(one.search(seen) for one in (_BLOCK_MATH, _LINE_MATH, _ENVIRONMENT))


def for_hugo(text: str) -> str:
    """Keep shortcodes from being run; formulas get marks that no price in dollars has."""
    text = _outside_code(text, _ENVIRONMENT, lambda m: f"$$\n{_unstarred(m[0])}\n$$")
    text = _outside_code(text, _LINE_MATH, lambda m: rf"\({m[1]}\)")
    return _SHORTCODE.sub(r"{{\1/*\2*/\3}}", callouts(text))


def _unstarred(tex: str) -> str:
    return re.sub(r"\\(begin|end)\{(?:eqnarray)(\*?)\}", r"\\\1{align\2}", tex)


def for_jekyll(text: str) -> str:
    """Write formulas as kramdown has them, and keep Liquid and tables out of the text."""
    text = callouts(text)
    text = _outside_code(text, _ENVIRONMENT, lambda m: f"$$\n{m[0]}\n$$")
    text = _outside_code(text, _LINE_MATH, lambda m: f"$${_bars(m[1])}$$")
    text = _outside_code(text, _BLOCK_MATH, _display)
    text = _outside_code(text, _BARE, lambda m: f"<{m[0]}>")
    return liquid(_pipes(text))


def _display(found: re.Match[str]) -> str:
    tex = _bars(found[1])
    if "\n" not in tex:
        return f"$${tex}$$"
    lines = [line for line in tex.strip().split("\n") if line.strip()]
    return "$$\n" + "\n".join(lines) + "\n$$"


def _bars(tex: str) -> str:
    """Write `|` in another way, which kramdown would make a table of."""
    return re.sub(r"(?<!\\)\|", r"\\vert ", tex.replace("\\|", "\\Vert "))


def _pipes(text: str) -> str:
    """Escape `|` in lines that are no table: kramdown makes one of each line with a pipe."""
    seen, lines = prose.without_code(text).split("\n"), text.split("\n")
    inside = False
    for number, line in enumerate(seen):
        heads = number + 1 < len(seen) and "|" in line and bool(_ROW.match(seen[number + 1]))
        inside = ("|" in line and inside) or (heads and bool(line.strip()))
        if "|" in line and not inside and not line.lstrip().startswith("<"):
            places = [
                at for at, sign in enumerate(line) if sign == "|" and line[at - 1 : at] != "\\"
            ]
            for at in reversed(places):
                lines[number] = f"{lines[number][:at]}\\{lines[number][at:]}"
    return "\n".join(lines)


def liquid(text: str) -> str:
    """Let braces stand that Jekyll would take for its own."""
    return re.sub(r"\{\{|\{%", lambda m: "{% raw %}" + m[0] + "{% endraw %}", text)
