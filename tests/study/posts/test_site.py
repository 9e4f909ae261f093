"""The built site: every link resolves, only what changed is made again, the same posts give the same bytes."""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import bundle, site
from fastcompanion.study.posts.site import Site
from tests.study.posts.crawling import Page, crawl, served
from tests.study.posts.samples import (
    SETTINGS,
    code,
    display,
    notebook,
    png,
    put,
    raw,
    study,
    text_post,
    whole,
)

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return whole(tmp_path / "my study")


def build(ws: Workspace, **more: bool) -> Site:
    return site.build(ws, ws.root / "_site", **more)


def text(ws: Workspace, path: str) -> str:
    return (ws.root / "_site" / path).read_text(encoding="utf-8")


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}  # fmt: skip


def test_every_link_and_picture_resolves_below_a_path(ws: Workspace, tmp_path: Path) -> None:
    made = build(ws, drafts=True)
    assert made.warnings == ()
    with served(ws.root / "_site", "study", tmp_path / "web") as address:
        found = crawl(address)
    assert found.broken == []
    assert found.outside == {"https://docs.fast.ai/", "https://ada.example/study/"} | {
        f"https://ada.example/study/{path}" for path in made.pages
    }
    names = {url.removeprefix(address) for url in found.pages}
    assert {"", "posts/a-net/", "posts/week-47/", "posts/not-yet/", "tags/", "tags/week/", "tags/c/"} <= names  # fmt: skip
    assert len([url for url in found.files if url.endswith(".png")]) == 3
    ids = [page.ids for page in found.pages.values()]
    assert all(len(one) == len(set(one)) for one in ids), "an id stands twice on a page"


def test_a_page_is_fit_for_readers_of_all_kinds(ws: Workspace) -> None:
    build(ws)
    for path in ("index.html", "posts/week-47/index.html", "posts/a-net/index.html", "tags/index.html", "404.html"):  # fmt: skip
        page = Page(text(ws, path))
        tags = [tag for tag, _ in page.tags]
        assert ("html", {"lang": "en"}) in page.tags
        assert tags.count("h1") == tags.count("main") == tags.count("title") == 1
        assert {"header", "nav", "footer"} <= set(tags)
        assert all("alt" in given for tag, given in page.tags if tag == "img")
        levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert "script" not in tags
        outside = [given.get("href") or given.get("src") for tag, given in page.tags if tag in ("link", "img", "script")]  # fmt: skip
        assert not [one for one in outside if one and one.startswith("http") and "ada.example" not in one]  # fmt: skip


def test_a_notebook_shows_what_it_saved_and_nothing_that_acts(ws: Workspace) -> None:
    build(ws)
    html = text(ws, "posts/a-net/index.html")
    assert '<table class="dataframe">' in html
    assert "0.54" in html
    assert "steal" not in html
    assert "alert(1)" not in html
    assert '<span class="ansi-red">ZeroDivisionError</span>' in html
    assert 'alt="A line that falls" width="900" height="300"' in html
    assert "<math" in html
    assert html.count(">A net</h") == 1, "the heading that says the title again is left out"
    assert '<nav class="toc"' in html


def test_a_title_is_text_whatever_it_holds(ws: Workspace) -> None:
    build(ws)
    for path in ("index.html", "posts/week-47/index.html", "posts/a-net/index.html", "tags/week/index.html"):  # fmt: skip
        html = text(ws, path)
        assert "Week 47: &lt;b&gt;bold&lt;/b&gt; &amp; more" in html
        assert "<b>bold" not in html
    assert "<bug>" not in text(ws, "index.html")


def test_tags_are_one_whatever_their_case(ws: Workspace) -> None:
    build(ws)
    html = text(ws, "tags/c/index.html")
    assert "2 posts" in html
    assert "Week 47" in html
    assert "A net" in html


def test_drafts_stay_out_and_links_to_them_are_told(ws: Workspace) -> None:
    build(ws)
    assert not (ws.root / "_site/posts/not-yet").exists()
    assert "Not yet" not in text(ws, "index.html") + text(ws, "feed.xml")
    put(ws, "2026-11-24-link", text_post("Link", "2026-11-24", "[a](../2026-11-23-not-yet/index.md) [b](nb.ipynb)"))  # fmt: skip
    told = build(ws).warnings
    assert [one.partition(": ")[0] for one in told] == ["posts/2026-11-24-link/index.md:6"] * 2
    assert "href" not in text(ws, "posts/link/index.html").partition('class="text"')[2].partition("</div>")[0]  # fmt: skip


@pytest.mark.parametrize("target", ["../../fastcompanion.toml", "/etc/hosts", "C:\\x.txt", "file:///etc/hosts", "javascript:alert(1)", "../../.git/config", "secret.txt/", "\x00", "#nowhere", "../2026-11-21-a-net/images"])  # fmt: skip
def test_nothing_but_the_posts_own_files_is_published(ws: Workspace, target: str) -> None:
    (ws.root / ".git").mkdir()
    (ws.root / ".git/config").write_text("x")
    body = f'[a](<{target}>) and ![b](<{target}>)\n\n<a href="{target}">c</a><img src="{target}" alt="d">'
    put(ws, "2026-11-25-x", text_post("X", "2026-11-25", body))
    told = build(ws).warnings
    if target != "\x00":
        assert told
    page = Page(text(ws, "posts/x/index.html"))
    inside = [link for link in page.links if link.startswith(("/", "file", "javascript", "C:")) or "toml" in link or "config" in link]  # fmt: skip
    assert inside == []
    assert not list((ws.root / "_site/posts/x").rglob("*config*"))
    assert not list((ws.root / "_site").rglob("*.toml"))


@pytest.mark.parametrize("tag", ["video", "audio", "source", "track"])
def test_no_tag_of_an_output_publishes_what_lies_elsewhere_in_the_study(
    ws: Workspace, tag: str
) -> None:
    """A notebook of somebody else may name the log in the address of a film."""
    (ws.root / "log/2026").mkdir(parents=True)
    (ws.root / "log/2026/2026-11-21.md").write_text("private words")
    shown = display(html=f'<video><{tag} src="../../log/2026/2026-11-21.md">x</video>')
    folder = ws.posts / "2026-11-25-x"
    folder.mkdir()
    (folder / "index.ipynb").write_text(notebook(raw("X", "2026-11-25"), code("1", shown)))
    assert any("would not be published" in one for one in build(ws).warnings)
    files = [one for one in (ws.root / "_site").rglob("*") if one.is_file()]
    assert not [one for one in files if b"private words" in one.read_bytes()]


def test_a_link_out_of_the_study_is_not_followed(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "private.png").write_bytes(png())
    source = put(ws, "2026-11-25-x", text_post("X", "2026-11-25", "![b](images/way.png) ![c](../../../private.png)"))  # fmt: skip
    (source.parent / "images/way.png").symlink_to(tmp_path / "private.png")
    told = build(ws).warnings
    assert len(told) == 2
    assert all("leads out of the study" in one for one in told)
    assert not list((ws.root / "_site/posts/x").rglob("*.png"))


def test_pictures_that_are_broken_are_told_and_shown_as_words(ws: Workspace) -> None:
    body = "![gone](images/no.png)\n\n![torn](images/torn.png)\n\n![](images/good.png)"
    put(ws, "2026-11-25-x", text_post("X", "2026-11-25", body), torn=b"no picture", good=png())
    told = build(ws).warnings
    assert [one.removeprefix("posts/2026-11-25-x/index.md:") for one in told] == [
        "6: 'images/no.png' is not there",
        "8: 'images/torn.png' is not a picture that browsers can show",
        "10: the picture 'images/good.png' has no alternative text",
    ]
    html = text(ws, "posts/x/index.html")
    assert "[picture missing: gone]" in html
    assert 'src="images/good.png" alt="" loading="lazy" width="4" height="3"' in html


def test_nothing_is_written_when_nothing_changed(ws: Workspace) -> None:
    first = build(ws)
    before = {path: path.stat().st_mtime_ns for path in (ws.root / "_site").rglob("*")}
    again = build(ws)
    assert (again.written, again.removed) == ((), ())
    assert sorted(again.kept) == sorted(first.written)
    assert {path: path.stat().st_mtime_ns for path in (ws.root / "_site").rglob("*")} == before


def test_one_changed_post_writes_its_page_and_the_lists(ws: Workspace) -> None:
    build(ws)
    source = ws.posts / "2026-10-01-first/index.md"
    source.write_text(source.read_text(encoding="utf-8").replace("Hello.", "Hello again."), encoding="utf-8")  # fmt: skip
    made = build(ws)
    assert set(made.written) == {"posts/first/index.html", "index.html", "tags/week/index.html", "feed.xml"}  # fmt: skip
    assert "Hello again." in text(ws, "posts/first/index.html")
    assert hashes(ws.root / "_site") == _fresh(ws)


def _fresh(ws: Workspace) -> dict[str, str]:
    """Build everything anew, elsewhere."""
    site.build(ws, ws.root.parent / "fresh")
    found = hashes(ws.root.parent / "fresh")
    store.remove(ws.root.parent / "fresh")
    return found


def test_any_history_ends_in_the_same_bytes_as_a_fresh_build(ws: Workspace) -> None:
    build(ws)
    put(ws, "2026-11-26-new", text_post("New", "2026-11-26", "[net](../2026-11-21-a-net/)"))
    assert hashes_after(ws) == _fresh(ws)
    store.remove(ws.posts / "2026-11-21-a-net")
    assert hashes_after(ws) == _fresh(ws)
    assert not (ws.root / "_site/posts/a-net").exists()
    assert not (ws.root / "_site/tags/vision").exists()
    (ws.posts / "2026-11-22-week-47/images/plot.png").write_bytes(png(320, 200))
    assert hashes_after(ws) == _fresh(ws)
    (ws.root / "_site/index.html").write_text("changed by hand", encoding="utf-8")
    (ws.root / "_site/posts/week-47/images/plot.png").unlink()
    (ws.root / "_site/posts/first/index.html").unlink()
    assert hashes_after(ws) == _fresh(ws)
    (ws.root / "fastcompanion.toml").write_text(SETTINGS.replace("Ada learns", "Bo learns"), encoding="utf-8")  # fmt: skip
    assert hashes_after(ws) == _fresh(ws)
    store.remove(ws.cache)
    assert hashes_after(ws) == _fresh(ws)
    source = ws.posts / "2026-11-23-not-yet/index.md"
    source.write_text(source.read_text(encoding="utf-8").replace("draft: true", "draft: false"), encoding="utf-8")  # fmt: skip
    assert hashes_after(ws) == _fresh(ws)


def hashes_after(ws: Workspace) -> dict[str, str]:
    build(ws)
    return hashes(ws.root / "_site")


def test_a_post_is_made_again_when_what_it_links_to_comes(ws: Workspace) -> None:
    body = "[later](../2026-12-01-later/index.md) ![p](../2026-12-01-later/images/p.png)"
    put(ws, "2026-11-25-x", text_post("X", "2026-11-25", body))
    assert len(build(ws).warnings) == 2
    put(ws, "2026-12-01-later", text_post("Later", "2026-12-01", "Here."), p=png())
    assert build(ws).warnings == ()
    html = text(ws, "posts/x/index.html")
    assert 'href="../later/"' in html
    assert re.search(r'src="files/[0-9a-f]{8}-p.png"', html)


@pytest.mark.parametrize("out", [".", "..", "posts", "posts/x", "full"])
def test_the_site_never_lies_among_other_files(ws: Workspace, out: str) -> None:
    (ws.root / "full").mkdir()
    (ws.root / "full/mine.txt").write_text("mine", encoding="utf-8")
    before = hashes(ws.root)
    with pytest.raises(CompanionError):
        site.build(ws, ws.root / out)
    assert hashes(ws.root) == before


def test_files_of_others_in_the_site_stay(ws: Workspace) -> None:
    build(ws)
    (ws.root / "_site/CNAME").write_text("ada.example", encoding="utf-8")
    store.remove(ws.posts / "2026-10-01-first")
    build(ws)
    assert (ws.root / "_site/CNAME").exists()


def test_the_feed_is_atom(ws: Workspace) -> None:
    build(ws)
    feed = ET.fromstring(text(ws, "feed.xml"))
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}title") for entry in entries] == ["Week 47: <b>bold</b> & more", "A net", "First"]  # fmt: skip
    for one in (feed, *entries):
        assert one.findtext(f"{ATOM}id")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(one.findtext(f"{ATOM}updated")))
        assert one.find(f"{ATOM}link[@rel='alternate']") is not None
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert ids[1] == "tag:ada.example,2026-11-21:a-net"
    assert len(set(ids)) == 3
    content = Page(str(entries[0].findtext(f"{ATOM}content")))
    assert "https://ada.example/study/posts/week-47/images/plot.png" in content.links
    assert "https://ada.example/study/posts/a-net/#the-loss" in content.links
    assert feed.find(f"{ATOM}link[@rel='self']") is not None


def test_a_mended_date_makes_no_new_post_for_readers_of_the_feed(ws: Workspace) -> None:
    build(ws)
    before = re.findall("<id>tag:.*</id>", text(ws, "feed.xml"))
    source = ws.posts / "2026-10-01-first/index.md"
    source.write_text(source.read_text(encoding="utf-8").replace("2026-10-01", "2026-10-02"), encoding="utf-8")  # fmt: skip
    build(ws)
    assert re.findall("<id>tag:.*</id>", text(ws, "feed.xml")) == before
    assert "2026-10-02T00:00:00Z" in text(ws, "feed.xml")


def test_characters_that_xml_does_not_know_break_nothing(ws: Workspace) -> None:
    odd = "a\x0cb \ufffe c"
    put(ws, "2026-11-25-x", text_post("X", "2026-11-25", odd))
    lone = notebook(raw("Y", "2026-11-26"), code("'\ud83d'", display(plain="\ud83d \x0b")))
    put(ws, "2026-11-26-y", lone)
    build(ws)
    ET.fromstring(text(ws, "feed.xml"))
    build(ws)


def test_without_an_address_there_is_no_feed_and_it_is_told(tmp_path: Path) -> None:
    ws = study(tmp_path / "s", "version = 1\n")
    put(ws, "2026-11-25-x", text_post("X", "2026-11-25", "Hello."))
    made = build(ws)
    assert "there is no feed" in made.warnings[0]
    assert "feed.xml" not in text(ws, "index.html") + " ".join(made.written)
    assert Page(text(ws, "index.html")).links.count("posts/x/") == 1


def test_a_broken_post_stops_the_build_and_only_itself_in_the_preview(ws: Workspace) -> None:
    (ws.posts / "2026-11-21-a-net/index.ipynb").write_text('{"cells": [}', encoding="utf-8")
    with pytest.raises(CompanionError, match="not valid JSON") as found:
        build(ws)
    assert found.value.line == 1
    made = build(ws, tolerant=True)
    assert [one.place for one in made.broken] == ["posts/2026-11-21-a-net/index.ipynb:1"]
    assert "posts/2026-11-21-a-net/index.ipynb:1" in text(ws, "posts/a-net/index.html")
    assert "posts/2026-11-21-a-net/index.ipynb:1" in text(ws, "index.html")


def test_an_empty_blog_has_pages_too(tmp_path: Path) -> None:
    ws = study(tmp_path / "s")
    made = build(ws)
    assert made.pages == ()
    assert "There is no post yet" in text(ws, "index.html")
    ET.fromstring(text(ws, "feed.xml"))
    assert bundle.posts(ws) == ()
