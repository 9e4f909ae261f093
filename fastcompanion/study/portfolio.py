"""The portfolio: what each project shows, what it lacks, and the page made of those that are finished. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from fastcompanion.base.records import frozen

BEGIN = "<!-- portfolio: made by fastcompanion portfolio build; write above or below -->"
END = "<!-- /portfolio -->"
_PART = re.compile(r"<!-- portfolio:.*?-->\n.*?<!-- /portfolio -->", re.DOTALL)
State = Literal["yes", "no", "not tried", "not read"]

#: what makes a project worth showing, the most useful first: each is worth little without those before it
KINDS = (
    "result", "what", "why", "failed", "public", "demo", "tests", "picture", "licence", "committed",
)  # fmt: skip
_OWN_WORDS = 20
_FENCE = re.compile(r"(?ms)^(`{3,}|~{3,}).*?^\1[ \t]*$")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\(<?(?P<target>[^)\s>]+)>?[^)]*\)|<img\b[^>]*?\bsrc=[\"'](?P<src>[^\"']+)[\"']")  # fmt: skip
_LINK = re.compile(r"https?://[^\s)>\"'\]]+")
_DEMO_HOSTS = ("huggingface.co/spaces", ".hf.space", ".github.io", ".streamlit.app", ".gradio.live", ".netlify.app", ".vercel.app")  # fmt: skip
_WHY = re.compile(
    r"(?i)\b(?:why|because|so that|in order to|motivation|i (?:want|wanted|need|needed|wondered|care)|"
    r"useful|helps?|problem|goal|warum|weil|damit)\b"
)
_FAILED = re.compile(
    r"(?i)\b(?:fail(?:ed|s|ure|ures)?|did(?: not|n't) (?:work|help)|does(?: not|n't) work|wrong|mistakes?|limits?|"
    r"limitations?|weakness(?:es)?|struggl\w*|worse|confus\w*|errors?|gave up|surpris\w*|"
    r"what i learned|next time|fehler|gescheitert)\b"
)


@frozen
class Item:
    """One thing that a project should show: whether it does, what was seen, and what to do else."""

    kind: str
    state: State
    text: str
    next: str = ""


@frozen
class Card:
    """A project as the portfolio knows it; `place` is as projects.yaml has it, `picture` a path."""

    name: str
    place: str
    about: str
    result: str
    repository: str
    demo: str
    picture: str
    picture_alt: str
    finished: bool
    items: tuple[Item, ...]

    @property
    def shows(self) -> int:
        """How many of the things it shows."""
        return sum(item.state == "yes" for item in self.items)


@frozen
class Told:
    """What a README says: the first words, whether it says why and what failed, its picture and links."""

    about: str
    own_words: int
    why: bool
    failed: bool
    picture: str = ""
    picture_alt: str = ""
    demo: str = ""


@frozen
class PostLine:
    """A post as the portfolio lists it."""

    title: str
    day: str
    link: str
    about: str


def read_me(text: str, template: str = "", beside: Iterable[str] = ()) -> Told:
    """Read a README; lines that the project's template wrote are not the learner's own words.

    `beside` are texts of notes of the same project, where what failed may stand as well.
    """
    given = {line.strip() for line in template.split("\n")}
    shown = _COMMENT.sub("", _FENCE.sub("", text))
    own = [line for line in shown.split("\n") if line.strip() and line.strip() not in given]
    prose = [line for line in own if not line.lstrip().startswith(("|", "!["))]
    words = sum(
        len(re.findall(r"[^\W\d_]{2,}", line)) for line in prose if not line.startswith("#")
    )
    told = "\n".join(prose)
    everything = "\n".join([told, *beside])
    image = _IMAGE.search(shown)
    demo = next((one for one in _LINK.findall(shown) if any(host in one for host in _DEMO_HOSTS)), "")  # fmt: skip
    return Told(
        about=_first_words(shown.split("\n")),
        own_words=words,
        why=words >= _OWN_WORDS and bool(_WHY.search(told)),
        failed=bool(_FAILED.search(everything)) and _enough(everything),
        picture=(image["target"] or image["src"] or "") if image else "",
        picture_alt=(image["alt"] or "") if image else "",
        demo=demo,
    )


def _enough(text: str) -> bool:
    """Tell whether what failed is told in a sentence, and is no word in passing."""
    lines = [line for line in text.split("\n") if _FAILED.search(line)]
    place = text.find(lines[0]) if lines else 0
    return len(re.findall(r"\w+", text[place:])) >= 8


def _first_words(lines: Sequence[str]) -> str:
    """Give the first paragraph below the title."""
    begun: list[str] = []
    for line in lines:
        plain = line.strip()
        if not plain or plain.startswith(("#", "|", "!", "<", "[!", "---")):
            if begun:
                break
            continue
        begun.append(plain)
    # Links into the project lead nowhere from another page.
    text = re.sub(r"\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", " ".join(begun))
    return text if len(text) <= 300 else f"{text[:297].rpartition(' ')[0]}..."


def of_readme(told: Told | None, name: str) -> tuple[Item, ...]:
    """Judge what a README says."""
    if told is None:
        return (Item("what", "no", "there is no README", f"Write {name}/README.md: what it is, and why."),)  # fmt: skip
    what = told.own_words >= _OWN_WORDS
    items = [
        Item("what", "yes" if what else "no", f"{told.own_words} words of your own in the README" if told.own_words else "the README holds only what the template wrote", "" if what else "Say in the README, in two or three sentences of your own, what the project does and for whom."),
        Item("why", "yes" if told.why else "no", "it says why" if told.why else "it does not say why", "" if told.why else "Say in the README why anybody should care, and why you do."),
        Item("failed", "yes" if told.failed else "no", "it says what failed" if told.failed else "nothing is said of what failed", "" if told.failed else "Write a section about what did not work and what you tried then: it shows more than the score."),
    ]  # fmt: skip
    return tuple(items)


def in_order(items: Iterable[Item]) -> tuple[Item, ...]:
    """Sort items: the most useful first."""
    return tuple(sorted(items, key=lambda item: KINDS.index(item.kind)))


def closest(cards: Sequence[Card]) -> tuple[Card, Item] | None:
    """Choose the one project that is closest to being great, and the most useful thing it lacks.

    Things that were not tried are proposed only where nothing else is lacking.
    """
    lacking = [(card, _first(card, "no")) for card in cards]
    waiting = [(card, _first(card, "not tried")) for card in cards]
    for group in (lacking, waiting):
        there = [(card, item) for card, item in group if item is not None]
        if there:
            return max(there, key=lambda one: (one[0].finished, one[0].shows))
    return None


def _first(card: Card, state: State) -> Item | None:
    return next((item for item in card.items if item.state == state), None)


def page(cards: Sequence[Card], posts: Sequence[PostLine]) -> str:
    """Write the generated part of portfolio.md."""
    lines = [BEGIN, ""]
    finished = [card for card in cards if card.finished]
    if finished:
        lines += ["## Projects", ""]
    for card in finished:
        lines += _project(card)
    if posts:
        lines += ["## Posts", ""]
        lines += [_post(post) for post in posts]
        lines.append("")
    if not finished and not posts:
        lines += ["Nothing is finished yet.", ""]
    return "\n".join([*lines, END])


def _project(card: Card) -> list[str]:
    title = f"[{_plain(card.name)}]({card.repository})" if card.repository else _plain(card.name)
    lines = [f"### {title}", ""]
    if card.picture:
        lines += [f"![{_plain(card.picture_alt or card.name)}](<{card.picture}>)", ""]
    if card.about:
        lines += [card.about, ""]
    if card.result:
        lines += [f"**Result:** {card.result}", ""]
    if card.demo:
        lines += [f"[Try it]({card.demo})", ""]
    return lines


def _post(post: PostLine) -> str:
    about = f": {post.about}" if post.about else ""
    return f"- [{_plain(post.title)}](<{post.link}>), {post.day}{about}"


def _plain(text: str) -> str:
    """Write a name so that Markdown and HTML take it for text."""
    return re.sub(r"([\\`*_\[\]<>])", r"\\\1", " ".join(text.split()))


def placed(text: str, generated: str, title: str) -> str:
    """Put the generated part where it was before; a new page gets a title; other words stay."""
    if _PART.search(text):
        return _PART.sub(lambda _: generated, text, count=1)
    if text.strip():
        return f"{text.rstrip()}\n\n{generated}\n"
    return f"# {title}\n\n{generated}\n"
