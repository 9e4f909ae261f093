"""Checking posts: each kind of finding is planted in a real file and found, with its place and a cure."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import checking, prose
from fastcompanion.study.posts.findings import Finding
from tests.study import posts_material as material

Runner = Callable[..., Any]


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTCOMPANION_NOW", "2026-11-21T12:00:00+00:00")


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study without git, which checking does not need."""
    (tmp_path / "fastcompanion.toml").write_text("version = 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(study: Path, slug: str | None = None) -> list[Finding]:
    return [one for post in checking.check(Workspace(study), slug).posts for one in post.findings]


def kinds(study: Path) -> dict[str, str]:
    return {one.kind: one.severity for one in found(study)}


def test_a_good_post_shows(study: Path, run: Runner) -> None:
    folder = material.write(study, "good", "Text, ![a red square](x.png) and [home](https://example.org).\n")  # fmt: skip
    (folder / "x.png").write_bytes(material.png())
    told = run("blog", "check", "--json")
    assert told.code == 0
    (post,) = told.data["posts"]
    assert post == {
        "file": "posts/2026-11-20-good/index.md", "findings": [], "slug": "good", "title": "good", "why_hidden": "", "state": "not published",
    }  # fmt: skip
    assert "Shows when it is published" in run("blog", "check").out


@pytest.mark.parametrize(
    ("body", "kind", "severity", "line"),
    [
        ("![x](gone.png)", "image-missing", "mend", 8),
        ("![x](BIRD.png)", "image-missing", "mend", 8),
        ("![x](broken.png)", "image-broken", "mend", 8),
        ("![x](empty.png)", "image-broken", "mend", 8),
        ("![x](lfs.png)", "image-broken", "mend", 8),
        ("![x](/home/ada/x.png)", "image-path", "stop", 8),
        ("![](bird.png)", "alt-missing", "mend", 8),
        ("\n\n<img src='bird.png'>", "alt-missing", "mend", 10),
        ("![x](https://example.org/x.png)", "image-elsewhere", "note", 8),
        ("[x](../gone/)", "link-broken", "mend", 8),
        ("[x](other.ipynb)", "link-broken", "mend", 8),
        ("[x](/about/)", "link-root", "mend", 8),
        ("[x](http://localhost:8888/tree)", "link-local", "mend", 8),
        ("[x]\n\n[x]: gone.md", "link-broken", "mend", 10),
        ("key = 'hf_abcdefghijklmnopqrstuvwxyz0123'", "secret", "stop", 8),
        ("```\nWANDB_API_KEY=0123abcd4567\n```", "secret", "stop", 9),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "secret", "stop", 8),
        ("`/home/adalovelace/data/x.csv`", "home-folder", "stop", 8),
        (r"`C:\Users\Ada\x.csv`", "home-folder", "stop", 8),
        ("`/mnt/d/data/x.csv`", "local-path", "stop", 8),
        (r"`D:\data\x.csv`", "local-path", "stop", 8),
        ("sha " + "0123456789abcdef" * 4, "perhaps-secret", "note", 8),
        ("write to ada@lovelace.org", "mail", "note", 8),
        ("<!-- material: rewrite -->", "material", "mend", 8),
        ("Words.\n\n[there](#nowhere)", "page", "note", 10),
        ("Words.\n\n<script src='x.js'></script>", "page", "note", 10),
        ("", "empty", "mend", 7),
        ("<!-- think\nof it -->\n\n## What I tried\n\n## What happened", "empty", "mend", 7),
    ],
)  # fmt: skip
def test_what_a_text_can_have(study: Path, body: str, kind: str, severity: str, line: int) -> None:
    folder = material.write(study, "post", body + "\n")
    (folder / "bird.png").write_bytes(material.png())
    (folder / "broken.png").write_bytes(material.png()[:-30])
    (folder / "empty.png").write_bytes(b"")
    (folder / "lfs.png").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    planted = [one for one in found(study) if one.kind == kind]
    assert planted, found(study)
    assert (planted[0].severity, planted[0].line) == (severity, line)
    assert planted[0].cure
    assert planted[0].file == "posts/2026-11-20-post/index.md"


@pytest.mark.parametrize(
    "body",
    [
        "`![x](gone.png)` and `[y](gone.md)`",
        "```\n![x](gone.png)\n```",
        "Words <!-- ![x](gone.png) -->",
        "<img src='bird.png' alt=''>",
        "[mail](mailto:ada@example.org) [two](../post/)",
        "cd /home/you/project; ls /usr/lib/python3 /kaggle/input /content/data",
        "see https://example.org/home/page and x/home/y",
        "MAX_TOKENS = 64; x@w.T; tokens = f(key)",
        "`/home/adalovelace/x` <!-- fc: public -->",
        "[data](data.csv) ![two words](<two words.png>) ![two words](two%20words.png)",
        "![x](bird_(1).png)",
    ],
)
def test_what_is_fine(study: Path, body: str) -> None:
    folder = material.write(study, "post", body + "\n")
    (folder / "data.csv").write_text("a\n1\n")
    for name in ("bird.png", "two words.png", "bird_(1).png"):
        (folder / name).write_bytes(material.png())
    assert found(study) == []


def test_a_secret_is_not_shown_again(study: Path, run: Runner) -> None:
    material.write(study, "post", "key = 'hf_abcdefghijklmnopqrstuvwxyz0123'\n")
    for words in (("blog", "check"), ("blog", "check", "--json")):
        told = run(*words)
        assert told.code == 4
        assert "abcdefghijklmnop" not in told.out


def test_a_secret_of_the_environment(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_KEY", "plainwords")
    material.write(study, "post", "it was plainwords all along\n")
    assert kinds(study) == {"secret": "stop"}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("", {"front-missing": "mend"}),
        ("---\ntitle: x\n---\n", {"description-missing": "mend"}),
        ("---\ntitle: x\ndescription: y\ndraft: true\n---\n", {"draft": "note"}),
        ("---\ntitle: x\ndescription: y\ndate: 2027-01-01\n---\n", {"future": "note"}),
        ("---\ntitle: a: b\n---\n", {"unreadable": "stop"}),
        ("---\ntitle: x\n", {"unreadable": "stop"}),
        ("---\ntitle: x\ndate: tomorrow\n---\n", {"unreadable": "stop"}),
        ("---\ntitle: x\ndescription: y\nimage: gone.png\n---\n", {"image-missing": "mend"}),
        ("---\ntitle: '<script>alert(1)</script>'\ndescription: y\n---\n", {}),
    ],
)
def test_what_front_matter_can_have(study: Path, head: str, expected: dict[str, str]) -> None:
    folder = study / "posts/2026-11-20-post"
    folder.mkdir(parents=True)
    (folder / "index.md").write_text(head + "\nWords.\n")
    assert kinds(study) == expected
    assert all(one.line for one in found(study))


def test_why_it_does_not_show(study: Path, run: Runner) -> None:
    material.write(study, "later", draft=True)
    told = run("blog", "check", "later")
    assert "Does not show: it is a draft" in told.out
    assert "index.md:5" in told.out
    assert told.code == 0


def test_a_link_to_a_draft_and_what_the_portfolio_tells(study: Path) -> None:
    material.write(study, "one", "[two](../2026-11-20-two/index.md) [three](../three/)\n")
    material.write(study, "two", draft=True)
    material.write(study, "three")
    (study / "portfolio.md").write_text("# Mine\n\nRead from /home/adalovelace/x\n")
    told = {post.slug: [(one.kind, one.severity, one.line) for one in post.findings] for post in checking.check(Workspace(study)).posts}  # fmt: skip
    assert told["one"] == [("link-draft", "note", 8)]
    assert told["portfolio"] == [("home-folder", "stop", 3)]


def test_two_posts_of_one_name_and_a_folder_without_a_text(study: Path) -> None:
    material.write(study, "bird", day="2026-11-19")
    material.write(study, "bird", day="2026-11-20")
    (study / "posts/2026-11-21-nothing").mkdir()
    told = checking.check(Workspace(study))
    assert [[one.kind for one in post.findings] for post in told.posts] == [["unreadable"], ["same-name"], ["same-name"]]  # fmt: skip
    assert not told.passed


def picture(data: bytes) -> dict[str, Any]:
    return material.shown({"image/png": base64.b64encode(data).decode(), "text/plain": "<Figure>"})


OK = material.stream("42\n")


@pytest.mark.parametrize(
    ("cells", "expected", "cell"),
    [
        ([material.code("1", 1, OK)], {}, None),
        ([material.code("1", 1), material.code("2", 2)], {"no-outputs": "mend"}, None),
        ([material.code("1", None)], {"no-outputs": "mend"}, None),
        ([material.code("1", 1, OK), material.code("2", 3, OK)], {"order": "note"}, 3),
        ([material.code("1", 2, OK), material.code("2", 1, OK)], {"order": "note"}, 2),
        ([material.code("1", 1, material.failed("KeyError"))], {"error-output": "mend"}, 2),
        ([material.code("1", 1, material.failed("KeyError"), tags=["raises-exception"])], {}, None),
        ([material.code("1", 1, material.stream("x" * 5_100_000))], {"giant-output": "stop"}, 2),
        ([material.code("1", 1, material.stream("x " * 30_000))], {"long-output": "note"}, 2),
        ([material.code("#| fig-alt: red\n1", 1, picture(material.png()))], {}, None),
        ([material.code("1", 1, picture(material.png()))], {"page": "note"}, None),
        ([material.code("#| fig-alt: red\n1", 1, picture(material.png()[:40]))], {"image-broken": "mend"}, 2),
        ([material.code("#| fig-alt: red\n1", 1, material.shown({"image/png": "§"}))], {"image-broken": "mend"}, 2),
        ([material.code("1", 1, material.stream("/home/adalovelace/x.csv"))], {"home-folder": "stop"}, 2),
        ([material.code("1", 1, material.shown({"text/html": "<a>/home/adalovelace/x</a>"}))], {"home-folder": "stop"}, 2),
        ([material.code("1", 1, material.shown({"text/html": "<img src='data:image/png;base64," + "aB3/" * 4000 + "'>"}))], {}, None),
        ([material.code("p = '/home/adalovelace/x'", 1, OK)], {"home-folder": "stop"}, 2),
        ([material.code("p = '/home/adalovelace/x'  # fc: public", 1, OK)], {}, None),
        ([material.code("p = '/home/adalovelace/x'", 1, OK, tags=["public"])], {}, None),
        ([{"cell_type": "markdown", "metadata": {}, "source": "a\n\n![x](gone.png)"}], {"image-missing": "mend"}, 2),
        ([{"cell_type": "markdown", "metadata": {}, "source": "![x](attachment:a%20b.png)", "attachments": {"a b.png": {"image/png": base64.b64encode(material.png()).decode()}}}], {}, None),
        ([{"cell_type": "markdown", "metadata": {}, "source": "![x](attachment:gone.png)"}], {"image-missing": "mend"}, 2),
        ([{"cell_type": "raw", "metadata": {}, "source": "---\ntitle: y\n---"}], {"front-late": "mend"}, 2),
    ],
)  # fmt: skip
def test_what_a_notebook_can_have(
    study: Path, cells: list[dict[str, Any]], expected: dict[str, str], cell: int | None
) -> None:
    material.write_notebook(study, "book", *cells)
    assert kinds(study) == expected
    assert {one.cell for one in found(study) if one.kind != "no-outputs"} <= {cell}


def test_a_leak_in_an_output_is_told_once(study: Path) -> None:
    trace = material.stream("/home/adalovelace/a.py\n" * 30)
    material.write_notebook(study, "book", material.code("1", 1, trace))
    (one,) = found(study)
    assert one.text.endswith("/home/adalovelace (and 29 more)")


def test_a_broken_notebook_names_its_line(study: Path) -> None:
    folder = material.write_notebook(study, "book", material.code("1", 1, OK))
    text = (folder / "index.ipynb").read_text().replace('"cells": [', '"cells": [,', 1)
    (folder / "index.ipynb").write_text(text)
    (one,) = found(study)
    assert (one.kind, one.severity) == ("unreadable", "stop")
    assert one.line


def test_files_that_would_be_published_along(study: Path) -> None:
    folder = material.write(study, "post")
    (folder / "kaggle.json").write_text(json.dumps({"username": "ada", "key": "0" * 32}))
    (folder / "helper.py").write_text("import os\nDATA = '/home/adalovelace/data'\n")
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(96_000_000)
    told = {one.file: (one.kind, one.severity, one.line) for one in found(study)}
    base = "posts/2026-11-20-post"
    assert told[f"{base}/kaggle.json"][:2] == ("secret", "stop")
    assert told[f"{base}/helper.py"] == ("home-folder", "stop", 2)
    assert told[f"{base}/huge.bin"][:2] == ("large-file", "stop")


def test_a_post_that_is_not_there(study: Path, run: Runner) -> None:
    material.write(study, "bird")
    told = run("blog", "check", "brid")
    assert told.code == 2
    assert "bird" in told.err


def test_links_are_found_where_they_stand() -> None:
    text = "a\n[![in](x.png)](y.md \"t\")\n`[no](no)`\n<a href='z'>z</a>\n\n[r]: w.md\n"
    seen = sorted((one.line, one.target, one.picture) for one in prose.links(text))
    assert seen == [(2, "x.png", True), (2, "y.md", False), (4, "z", False), (6, "w.md", False)]
    changed = prose.with_targets(text, str.upper)
    assert changed == text.replace("x.png", "X.PNG").replace("y.md", "Y.MD").replace("'z'", "'Z'").replace("w.md", "W.MD")  # fmt: skip
