"""The exported sites, read as text; tests/study/test_exported_sites.py builds them for real."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import dialects, exporting, notebook_text
from tests.study import posts_material as material

Runner = Callable[..., Any]


@pytest.fixture
def posts(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study without git, which exporting does not need."""
    study = tmp_path_factory.mktemp("study")
    (study / "fastcompanion.toml").write_text("version = 1\n")
    monkeypatch.setenv("FASTCOMPANION_NOW", "2026-11-21T12:00:00+00:00")
    material.hard(study)
    return study


def exported(study: Path, system: str, folder: Path) -> dict[str, str]:
    made = exporting.export(Workspace(study), system, folder)
    assert made.posts == ("week", "secret", "is-it-a-bird")
    there = [path for path in folder.rglob("*") if path.is_file()]
    assert sorted(p.relative_to(folder).as_posix() for p in there) == list(made.files)
    texts = {".md", ".yml", ".toml", ".ipynb", ".html", ".qmd"}
    return {
        p.relative_to(folder).as_posix(): p.read_text("utf-8") for p in there if p.suffix in texts
    }


def test_jekyll_has_dated_posts_pictures_in_assets_and_drafts_apart(
    posts: Path, tmp_path: Path
) -> None:
    made = exported(posts, "jekyll", tmp_path / "out")
    names = {
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*")
    }
    assert {"_posts/2026-11-19-is-it-a-bird.md", "_posts/2026-11-21-week.md", "_drafts/secret.md"} <= set(made)  # fmt: skip
    assert {"assets/is-it-a-bird/images/x.png", "assets/is-it-a-bird/data.csv", "assets/week/images/cell-4-1.png", "assets/week/images/cell-2-pic-1.png"} <= names  # fmt: skip
    assert not [name for name in names if name.startswith("assets/secret")], "drafts stay unseen"
    bird = made["_posts/2026-11-19-is-it-a-bird.md"]
    assert "({{ site.baseurl }}/assets/is-it-a-bird/data.csv)" in bird
    assert bird.count("({{ site.baseurl }}/posts/week/)") == 3
    assert "$$P(A\\vert B) = \\frac{a_1}{b_2}$$" in bird
    assert "costs $5 or $6" in bird
    assert "a \\| pipe, `code | pipe`" in bird
    assert "| 1 | 2 |" in bird
    assert "<https://example.org/bare>." in bird
    assert 'f"{% raw %}{{{% endraw %} {x} }}"' in bird
    assert "> **Mind**\n>\n> A callout" in bird
    assert "math: true" in bird
    assert "{% raw %}{{{% endraw %} liquid }}" in made["_posts/2026-11-21-week.md"]


def test_hugo_has_bundles_whose_shortcodes_and_formulas_are_safe(
    posts: Path, tmp_path: Path
) -> None:
    made = exported(posts, "hugo", tmp_path / "out")
    bird = made["content/posts/is-it-a-bird/index.md"]
    assert r"\(P(A|B) = \frac{a_1}{b_2}\) and \(x*y*z\), and it costs $5 or $6" in bird
    assert "{{</* hugo */>}}" in bird
    assert bird.count("](../week/)") == 3
    assert "(<images/bird%20one.png>)" in bird
    assert 'title: "Birds: <b>a</b> \\"start\\" & more"' in bird
    assert "unsafe = true" in made["hugo.toml"]
    assert "draft: true" in made["content/posts/secret/index.md"]
    assert (tmp_path / "out/content/posts/week/images/cell-4-1.png").read_bytes() == material.png(16, 16, (30, 200, 30))  # fmt: skip


def test_quarto_keeps_notebooks_as_they_are_and_runs_nothing(posts: Path, tmp_path: Path) -> None:
    made = exported(posts, "quarto", tmp_path / "out")
    before = json.loads((posts / "posts/2026-11-21-week/index.ipynb").read_text())
    after = json.loads(made["posts/2026-11-21-week/index.ipynb"])
    for old, new in zip(before["cells"], after["cells"], strict=True):
        assert {**new, "source": "".join(new["source"])} == {
            **old,
            "source": old["source"].replace(
                "../is-it-a-bird/", "../2026-11-19-is-it-a-bird/index.md"
            ),
        }
    assert "enabled: false" in made["_quarto.yml"]
    assert "enabled: false" in made["posts/_metadata.yml"]
    bird = made["posts/2026-11-19-is-it-a-bird/index.md"]
    assert "[week](../2026-11-21-week/index.ipynb)" in bird
    assert "::: {.callout-note" in bird


def test_any_title_of_the_blog_is_read_by_all_three(posts: Path, tmp_path: Path) -> None:
    title = """Ada's "study": #1 {{ x }} \\ é"""
    about = "- a: b | <b>"
    settings = {"title": title, "about": about, "url": "https://ada.github.io/my-study/"}
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    (posts / "fastcompanion.toml").write_text("\n".join(["version = 1", "[blog]", *lines, ""]))
    hugo = tomllib.loads(exported(posts, "hugo", tmp_path / "h")["hugo.toml"])
    assert (hugo["title"], hugo["baseURL"]) == (title, settings["url"])
    jekyll = yaml.safe_load(exported(posts, "jekyll", tmp_path / "j")["_config.yml"])
    assert (jekyll["title"], jekyll["url"], jekyll["baseurl"]) == (title, "https://ada.github.io", "/my-study")  # fmt: skip
    made = exported(posts, "quarto", tmp_path / "q")
    website = yaml.safe_load(made["_quarto.yml"])["website"]
    assert (website["title"], website["description"]) == (title, about)
    assert yaml.safe_load(made["index.qmd"].split("---\n")[1])["title"] == title


def test_a_folder_with_something_in_it_is_left_alone(posts: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    with pytest.raises(CompanionError, match="not empty"):
        exporting.export(Workspace(posts), "hugo", full)
    assert [path.name for path in full.iterdir()] == ["mine.txt"]


def test_the_command(posts: Path, run: Runner, tmp_path: Path) -> None:
    dry = run("blog", "export", "--to", "hugo", tmp_path / "a", "--dry-run", "--json", "--study", posts)  # fmt: skip
    assert dry.code == 0
    assert sorted(dry.data) == ["build", "files", "folder", "posts", "problems", "system"]
    assert not (tmp_path / "a").exists()
    assert run("blog", "export", "--to", "Hugo", tmp_path / "a", "--study", posts).code == 0
    assert run("blog", "export", "--to", "hugoo", tmp_path / "b", "--study", posts).code == 2


def test_a_post_that_cannot_be_read_is_named_and_left_out(posts: Path, tmp_path: Path) -> None:
    (posts / "posts/2026-11-22-broken").mkdir()
    (posts / "posts/2026-11-22-broken/index.md").write_text("---\ntitle: [\n---\n")
    made = exporting.export(Workspace(posts), "jekyll", tmp_path / "out")
    assert "broken" in made.problems[0]
    assert made.posts == ("week", "secret", "is-it-a-bird")


def test_what_the_front_matter_hides_is_not_exported(posts: Path, tmp_path: Path) -> None:
    folder = posts / "posts/2026-11-22-hidden"
    folder.mkdir()
    book = material.notebook(
        {"cell_type": "raw", "metadata": {}, "source": "---\ntitle: H\ndate: 2026-11-22\nexecute:\n  echo: false\n  warning: false\n---"},
        material.code("quiet = 1", 1, material.stream("shown\n"), {**material.stream("warned\n"), "name": "stderr"}),
        material.code("#| echo: true\nloud = 1", 2),
    )  # fmt: skip
    (folder / "index.ipynb").write_text(json.dumps(book))
    exporting.export(Workspace(posts), "hugo", tmp_path / "out")
    text = (tmp_path / "out/content/posts/hidden/index.md").read_text()
    assert "loud" in text
    assert "shown" in text
    assert "quiet" not in text
    assert "warned" not in text


def test_saved_outputs_become_markdown() -> None:
    book = {
        "metadata": {},
        "cells": [
            {"cell_type": "raw", "source": "---\ntitle: x\n---", "metadata": {}},
            {"cell_type": "markdown", "source": "Words", "metadata": {}, "attachments": {}},
            material.code("frame", 1, material.shown({"text/html": material.FRAME})),
            material.code("#| include: false\nsecret", 2, material.stream("secret")),
            material.code("print", 3, material.stream("50%\r100%\n\x1b[31mred\x1b[0m ```\n")),
        ],
    }
    text = notebook_text.convert(book, {}).markdown
    assert text.startswith('Words\n\n```python\nframe\n```\n\n<div class="scroll">\n')
    assert "title: x" not in text
    assert "secret" not in text
    assert "alert" not in text
    table = text[text.index("<div") : text.rindex("</div>")]
    assert "\n\n" not in table, "a blank line would end the HTML"
    assert "````text\n100%\nred ```\n````" in text


@pytest.mark.parametrize(
    ("text", "jekyll"),
    [
        ("costs $5 and $6", "costs $5 and $6"),
        ("`$a$` stays", "`$a$` stays"),
        ("$a$", "$$a$$"),
        ("$$a$$", "$$a$$"),
        (r"$\|x\|$", r"$$\Vert x\Vert $$"),
        ("a | b", r"a \| b"),
        (r"a \| b", r"a \| b"),
        ("<td>a | b</td>", "<td>a | b</td>"),
        ("> [!TIP]\n> Do it", "> **Tip**\n>\n> Do it"),
        ("{{ x }}", "{% raw %}{{{% endraw %} x }}"),
    ],
)
def test_words_for_jekyll(text: str, jekyll: str) -> None:
    assert dialects.for_jekyll(text) == jekyll
