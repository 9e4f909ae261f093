"""The portfolio over real projects: made by the program, trained, tested, served and asked over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.study import posts_material as material

Runner = Callable[..., Any]
Git = Callable[..., str]
WORDS = """
## Why

I come late too often, and I wanted to know whether the weather or my way of travelling is the reason,
because I can change only one of them.

## What failed

The first model was perfect and wrong: the number of the trip told the answer. See [the notes](notes.md).
"""


@pytest.fixture
def project(study: Path, run: Runner, git: Git) -> Path:
    """A project whose linear model beats the baseline, as `project new` and `next` leave it."""
    assert run("project", "new", "late", "--demo", "class").code == 0
    root = study / "projects/late"
    assert run("project", "next", "linear", "--yes", "--project", root).code == 0
    assert run("project", "train", "linear", "--project", root).code == 0
    return root


def write_words(root: Path, git: Git) -> None:
    readme = root / "README.md"
    readme.write_text(f"{readme.read_text()}\n![late trips](pics/late%20trips.png)\n{WORDS}")
    (root / "pics").mkdir()
    (root / "pics/late trips.png").write_bytes(material.png())
    (root / "LICENSE").write_text("MIT\n")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "Say why")


def states(told: Any, name: str = "late") -> dict[str, str]:
    card = next(one for one in told["projects"] if one["name"] == name)
    return {item["kind"]: item["state"] for item in card["items"]}


def test_it_reads_what_is_there_and_names_one_next_step(
    study: Path, project: Path, run: Runner, git: Git
) -> None:
    before = run("portfolio", "check", "--json")
    assert before.code == 4
    assert sorted(before.data) == ["advice", "missing", "project", "projects", "ran"]
    assert states(before.data) == {
        "result": "yes", "what": "no", "why": "no", "failed": "no", "public": "no", "demo": "no",
        "tests": "not tried", "picture": "no", "licence": "no", "committed": "yes",
    }  # fmt: skip
    assert before.data["advice"]["kind"] == "what", "words of the template are nobody's own"
    (card,) = before.data["projects"]
    assert "against the naive baseline" in card["result"]
    assert "[0." in card["result"], "with its interval"
    write_words(project, git)
    after = run("portfolio", "check", "--json")
    told = states(after.data)
    assert {told[kind] for kind in ("result", "what", "why", "failed", "picture", "licence", "committed")} == {"yes"}  # fmt: skip
    assert after.data["advice"]["kind"] == "public"
    git(project, "remote", "add", "origin", "git@github.com:ada/late.git")
    (project / "train.py").write_text("# changed\n")
    last = run("portfolio", "check", "late", "--json")
    assert last.data["projects"][0]["repository"] == "https://github.com/ada/late"
    assert states(last.data)["committed"] == "no"
    assert last.data["advice"]["kind"] == "demo"
    shown = run("portfolio", "check")
    assert "What would help most: late, something to try" in shown.out
    (project / "pics/late trips.png").write_text("TOKEN=1")
    assert states(run("portfolio", "check", "--json").data)["picture"] == "no"
    assert "project next saved --yes && fastcompanion project next app --yes" in shown.out


def test_a_page_of_what_is_finished(study: Path, project: Path, run: Runner, git: Git) -> None:
    material.write(study, "bird", title="Birds <b>& co</b>", day="2026-11-20")
    material.write(study, "later", draft=True)
    assert run("project", "new", "second", "--demo", "number").code == 0
    first = run("portfolio", "build", "--json")
    assert first.code == 0
    assert (first.data["projects"], first.data["posts"]) == ([], ["bird"])
    assert len(first.data["left_out"]) == 2
    write_words(project, git)
    page = study / "portfolio.md"
    page.write_text("# Ada\n\nMy words above.\n\n" + page.read_text().partition("\n\n")[2] + "\nMy words below.\n")  # fmt: skip
    second = run("portfolio", "build", "--json")
    assert second.data["projects"] == ["late"]
    text = page.read_text()
    assert text.startswith("# Ada\n\nMy words above.\n\n<!-- portfolio:")
    assert text.endswith("<!-- /portfolio -->\n\nMy words below.\n")
    assert "### late" in text
    assert "**Result:** accuracy 0." in text
    assert "![late trips](<portfolio/late.png>)" in text
    assert (study / "portfolio/late.png").read_bytes() == material.png()
    assert r"[Birds \<b\>& co\</b\>](<posts/2026-11-20-bird/index.md>), 2026-11-20" in text
    assert "second" not in text
    assert "later" not in text
    readme = project / "README.md"
    readme.write_text(readme.read_text().replace("pics/late%20trips.png", "LICENSE"))
    assert run("portfolio", "build").code == 0
    assert "![late trips]" not in page.read_text()
    assert sorted(one.name for one in (study / "portfolio").iterdir()) == ["late.png"]
    readme.write_text(readme.read_text().replace("(LICENSE)", "(pics/late%20trips.png)"))
    assert run("portfolio", "build").code == 0
    assert "portfolio.md" in git(study, "show", "--name-only", "--format=")
    assert run("blog", "build").code == 0
    built = (study / "_site/portfolio/index.html").read_text()
    assert "My words above" in built
    assert 'href="../posts/bird/"' in built
    assert list((study / "_site/portfolio/files").glob("*-late.png"))
    assert 'href="../../portfolio/"' in (study / "_site/posts/bird/index.html").read_text()
    again = run("portfolio", "build", "--json")
    assert (again.data["changed"], again.data["commit"]) == (False, None)


def test_a_dry_run_writes_nothing(study: Path, run: Runner) -> None:
    assert run("portfolio", "build", "--dry-run").code == 0
    assert not (study / "portfolio.md").exists()


def test_tests_are_run_and_the_app_is_asked(study: Path, run: Runner) -> None:
    assert run("project", "new", "late", "--demo", "class").code == 0
    project = study / "projects/late"
    for step in ("saved", "app"):
        assert run("project", "next", step, "--yes", "--project", project).code == 0
    (project / "tests").rename(project / "old")
    (project / "tests").mkdir()
    (project / "tests/test_one.py").write_text("def test_one():\n    assert True\n")
    (project / "typer.py").write_text("raise SystemExit('a file of the learner')\n")
    assert states(run("portfolio", "check", "--json").data)["demo"] == "not tried"
    told = run("portfolio", "check", "--run", "--json")
    (card,) = told.data["projects"]
    seen = {item["kind"]: (item["state"], item["text"]) for item in card["items"]}
    assert seen["tests"][0] == "yes"
    assert seen["tests"][1].startswith("1 passed")
    assert seen["demo"][0] == "yes", seen["demo"]
    assert "the app answers" in seen["demo"][1]
    left = [one for one in psutil.process_iter(["cmdline"]) if str(project) in " ".join(one.info["cmdline"] or ())]  # fmt: skip
    assert not left, "the app is ended"
    (project / "tests/test_one.py").write_text("def test_one():\n    assert False\n")
    (project / "app.py").write_text("raise SystemExit('no way')\n")
    told = run("portfolio", "check", "--run", "--json")
    (card,) = told.data["projects"]
    seen = {item["kind"]: (item["state"], item["text"]) for item in card["items"]}
    assert seen["tests"][0] == "no"
    assert "1 failed" in seen["tests"][1]
    assert seen["demo"][0] == "no"


def test_a_model_that_is_no_better_than_the_baseline(study: Path, run: Runner) -> None:
    assert run("project", "new", "late", "--demo", "class").code == 0
    root = study / "projects/late"
    told = states(run("portfolio", "check", "--json").data)
    assert told["result"] == "no", "the naive models alone are no result"
    (root / "mine.py").write_text((root / "majority.py").read_text())
    assert run("project", "train", "mine", "--project", root).code == 0
    card = run("portfolio", "check", "--json").data["projects"][0]
    result = next(item for item in card["items"] if item["kind"] == "result")
    assert (result["state"], card["finished"]) == ("no", False)
    assert result["text"].endswith("worse")


def test_repositories_that_the_program_did_not_make(study: Path, run: Runner, git: Git, tmp_path: Path) -> None:  # fmt: skip
    root = tmp_path / "elsewhere"
    (root / "tests").mkdir(parents=True)
    (root / "README.md").write_text(f"# Elsewhere\n\nA hand-made project.\n{WORDS}\n[demo](https://ada-late.hf.space)\n")  # fmt: skip
    (root / "tests/test_x.py").write_text("def test(): pass\n")
    git(root, "init", "-q")
    (study / "projects.yaml").write_text(
        f"version: 1\nprojects:\n- {{name: hand-made, path: '{root}'}}\n- {{name: gone, path: projects/gone}}\n"
    )
    told = run("portfolio", "check", "--json")
    assert told.data["missing"] == ["gone: projects/gone"]
    seen = states(told.data, "hand-made")
    assert (seen["result"], seen["what"], seen["failed"], seen["demo"]) == ("not read", "yes", "yes", "not tried")  # fmt: skip
    assert told.data["projects"][0]["demo"] == "https://ada-late.hf.space"
    (root / "README.md").unlink()
    assert states(run("portfolio", "check", "--json").data, "hand-made")["what"] == "no"


def test_what_is_wrong_is_said(study: Path, run: Runner) -> None:
    assert "No projects yet" in run("portfolio", "check").out
    assert run("portfolio", "check", "nothing").code == 2
    (study / "projects.yaml").write_text("version: 1\nprojects:\n- just words\n")
    told = run("portfolio", "check")
    assert told.code == 1
    assert "projects.yaml" in told.err
