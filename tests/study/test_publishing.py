"""Publishing with real git and real remotes: what is touched, what is refused, what two machines do."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import branch
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import publishing
from tests.study import posts_material as material

Runner = Callable[..., Any]
Git = Callable[..., str]
PAGES = "gh-pages"


def yes(question: str) -> bool:
    return True


def never(question: str) -> bool:
    raise AssertionError(question)


@pytest.fixture
def study(tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small study in git, quicker than `init` makes one."""
    root = tmp_path / "my study"
    root.mkdir()
    (root / "fastcompanion.toml").write_text("version = 1\n")
    (root / ".gitignore").write_text(".fastcompanion/\n_site/\n")
    (root / "README.md").write_text("Mine.\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "Begin")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def blog(study: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two posts and a draft, some of the learner's work staged, some changed, some unknown to git."""
    monkeypatch.setenv("FASTCOMPANION_NOW", "2026-11-21T12:00:00+00:00")
    material.write(study, "one", "First [two](../2026-11-20-two/).\n", day="2026-11-19")
    material.write(study, "two", "Second.\n")
    material.write(study, "later", "Not yet.\n", draft=True)
    git(study, "add", "posts")
    git(study, "commit", "-q", "-m", "Posts")
    (study / "staged.md").write_text("staged\n")
    git(study, "add", "staged.md")
    (study / "README.md").write_text("changed\n")
    (study / "unknown.md").write_text("unknown\n")
    return study


@pytest.fixture
def remote(blog: Path, git: Git, tmp_path: Path) -> Path:
    bare = tmp_path / "bare.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    git(blog, "remote", "add", "origin", str(bare))
    return bare


def publish(root: Path, **given: Any) -> publishing.Published:
    return publishing.publish(Workspace(root), **{"consent": yes, **given})


def names(root: Path, git: Git, ref: str = PAGES) -> set[str]:
    return set(git(root, "ls-tree", "-r", "--name-only", ref).split("\n")) - {""}


def learners(root: Path, git: Git) -> tuple[object, ...]:
    """What publishing must not touch: work, index, HEAD, the state of each file."""
    own = [p for p in root.rglob("*") if p.is_file() and not {".git", ".fastcompanion"} & set(p.parts)]  # fmt: skip
    files = {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in own if p.name != "progress.jsonl"}  # fmt: skip
    return files, git(root, "diff", "--cached"), git(root, "symbolic-ref", "HEAD", check=False)


def test_the_branch_holds_the_site_and_the_work_is_untouched(
    blog: Path, remote: Path, git: Git
) -> None:
    before = learners(blog, git)
    done = publish(blog)
    assert learners(blog, git) == before
    assert (done.pushed, done.changed, done.added, done.drafts) == (True, True, ("two", "one"), ("later",))  # fmt: skip
    assert {".nojekyll", "index.html", "posts/one/index.html", "posts/two/index.html", "fastcompanion-site.json"} <= names(remote, git)  # fmt: skip
    assert not [name for name in names(remote, git) if "later" in name]
    assert git(blog, "rev-parse", PAGES) == git(remote, "rev-parse", PAGES)
    assert "../two/" in git(remote, "show", f"{PAGES}:posts/one/index.html")
    events = [json.loads(line) for line in (blog / "progress.jsonl").read_text().splitlines()]
    assert [e["data"]["slug"] for e in events if e["kind"] == "post.published"] == ["two", "one"]
    assert "staged.md" not in git(blog, "log", "--name-only", "--format=")


def test_hidden_files_of_a_post_are_committed_nowhere(blog: Path, git: Git) -> None:
    folder = blog / "posts/2026-11-20-two"
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints/index-checkpoint.md").write_text("older")
    (folder / ".env").write_text("TOKEN=1")
    (folder / "data.csv").write_text("a,b")
    publish(blog)
    held = git(blog, "ls-files", "posts").split()
    assert "posts/2026-11-20-two/data.csv" in held
    assert not [name for name in held if "/." in name]


def test_a_second_time_there_is_nothing_new(
    blog: Path, remote: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(blog)
    second = publish(blog, consent=never)
    assert (second.commit, second.changed, second.pushed) == (None, False, True)
    assert git(blog, "rev-parse", PAGES).strip() == first.commit
    # Nor on another day, nor from a build that has to begin anew.
    shutil.rmtree(blog / ".fastcompanion/cache")
    monkeypatch.setenv("FASTCOMPANION_NOW", "2026-12-24T23:00:00+09:00")
    assert publish(blog, consent=never).commit is None


def test_without_a_remote_the_branch_is_there(blog: Path, git: Git) -> None:
    done = publish(blog, consent=never)
    assert (done.pushed, done.remote, done.commit is not None) == (False, "", True)
    assert "git remote add" in done.hint
    assert "posts/one/index.html" in names(blog, git)


def test_it_asks_before_it_is_public(blog: Path, remote: Path, git: Git) -> None:
    asked: list[str] = []

    def no(question: str) -> bool:
        asked.append(question)
        return False

    done = publish(blog, consent=no)
    assert not done.agreed
    assert "becomes public" in asked[0]
    assert branch.tip(blog, "refs/heads/gh-pages") is None
    assert not (blog / "progress.jsonl").exists()


def test_a_dry_run_makes_nothing(blog: Path, remote: Path, git: Git, run: Runner) -> None:
    git(blog, "remote", "set-url", "origin", "git@github.com:Ada/my-study.git")
    before = {path: path.stat().st_mtime_ns for path in blog.rglob("*") if ".git/" not in str(path)}
    told = run("blog", "publish", "--dry-run", "--json")
    assert told.code == 0
    assert told.data["url"] == "https://ada.github.io/my-study/"
    assert {one["path"] for one in told.data["files"]} >= {"index.html", "posts/one/index.html"}
    assert all(one["bytes"] >= 0 for one in told.data["files"])
    assert branch.tip(blog, "refs/heads/gh-pages") is None
    shown = run("blog", "publish", "--dry-run")
    after = {path: path.stat().st_mtime_ns for path in blog.rglob("*") if ".git/" not in str(path)}
    assert set(after) - set(before) == set(), "no built site, no memory of one, no lock"
    assert after == {**before, blog / ".git": after[blog / ".git"]}
    assert "https://ada.github.io/my-study/" in shown.out
    assert "posts/one/index.html" in shown.out


def test_two_at_once_publish_one_after_the_other(blog: Path, remote: Path, git: Git) -> None:
    words = [sys.executable, "-m", "fastcompanion", "blog", "publish", "--yes", "--json"]
    both = [subprocess.Popen(words, cwd=blog, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [json.loads(one.communicate()[0])["data"] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert sorted(one["changed"] for one in told) == [False, True]
    assert git(remote, "rev-list", "--count", PAGES).strip() == "1"


@pytest.mark.parametrize(
    ("url", "pages"),
    [
        ("https://github.com/Ada/study.git", "https://ada.github.io/study/"),
        ("https://token@github.com/ada/study", "https://ada.github.io/study/"),
        ("ssh://git@github.com/ada/ada.github.io.git", "https://ada.github.io/"),
        ("git@gitlab.com:ada/study.git", ""),
        ("/srv/git/study.git", ""),
    ],
)
def test_the_public_address(url: str, pages: str) -> None:
    from fastcompanion.study.posts import address

    assert address.public_url(url) == pages
    assert address.public_url(url, "blog.example.org\n") == "https://blog.example.org/"


@pytest.mark.parametrize("state", ["detached", "merge", "nobody"])
def test_it_works_whatever_head_is(
    blog: Path, remote: Path, git: Git, state: str, isolated: Path
) -> None:
    if state == "detached":
        git(blog, "switch", "-q", "--detach")
    elif state == "merge":
        git(blog, "stash", "-q", "-u")
        for name, start in (("left", "main"), ("right", "main")):
            git(blog, "switch", "-q", "-c", name, start)
            (blog / "README.md").write_text(f"{name}\n")
            git(blog, "commit", "-q", "-a", "-m", name)
        git(blog, "merge", "left", check=False)
    else:
        (isolated / ".gitconfig").write_text("")
        with pytest.raises(CompanionError, match="who you are"):
            publish(blog)
        assert branch.tip(blog, "refs/heads/gh-pages") is None
        return
    before = learners(blog, git)
    done = publish(blog)
    assert learners(blog, git) == before
    assert done.pushed
    assert done.study is not None
    assert not done.study.made, "the texts wait for a branch to be committed on"


def test_the_branch_of_somebody_else_is_left_alone(blog: Path, remote: Path, git: Git) -> None:
    git(blog, "stash", "-q", "-u")
    git(blog, "switch", "-q", "--orphan", PAGES)
    (blog / "index.html").write_text("theirs")
    (blog / "CNAME").write_text("blog.example.org\n")
    git(blog, "add", "index.html", "CNAME")
    git(blog, "commit", "-q", "-m", "Theirs")
    with pytest.raises(CompanionError, match="checked out"):
        publish(blog)
    git(blog, "switch", "-q", "main")
    theirs = git(blog, "rev-parse", PAGES).strip()
    with pytest.raises(CompanionError, match="not ours"):
        publish(blog)
    assert git(blog, "rev-parse", PAGES).strip() == theirs
    done = publish(blog, adopt=True)
    assert git(blog, "rev-parse", f"{PAGES}~1").strip() == theirs, "on top, nothing is lost"
    assert done.url == "https://blog.example.org/"
    assert git(blog, "show", f"{PAGES}:CNAME") == "blog.example.org\n"
    assert "theirs" not in git(blog, "show", f"{PAGES}:index.html")


def test_what_others_put_beside_the_site_stays(blog: Path, remote: Path, git: Git, tmp_path: Path) -> None:  # fmt: skip
    publish(blog)
    # GitHub writes such a file when a domain is typed into its settings.
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", "-b", PAGES, str(remote), str(other))
    (other / "CNAME").write_text("blog.example.org\n")
    git(other, "add", "CNAME")
    git(other, "commit", "-q", "-m", "Create CNAME")
    git(other, "push", "-q")
    theirs = git(other, "rev-parse", "HEAD").strip()
    material.write(blog, "three", "Third.\n", day="2026-11-21")
    done = publish(blog)
    assert done.pushed
    assert git(remote, "rev-parse", f"{PAGES}~1").strip() == theirs
    assert {"CNAME", "posts/three/index.html"} <= names(remote, git)
    assert publish(blog).commit is None
    assert publish(blog).kept == ("CNAME",)


def test_a_rejected_push_onto_a_foreign_branch_is_taken_back(
    blog: Path, remote: Path, git: Git, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    git(tmp_path, "init", "-q", "-b", PAGES, str(other))
    (other / "index.html").write_text("theirs")
    git(other, "add", ".")
    git(other, "commit", "-q", "-m", "Theirs")
    git(other, "push", "-q", str(remote), PAGES)
    theirs = git(remote, "rev-parse", PAGES)
    with pytest.raises(CompanionError, match="not ours"):
        publish(blog)
    assert git(remote, "rev-parse", PAGES) == theirs
    assert branch.tip(blog, "refs/heads/gh-pages") is None
    assert publish(blog, adopt=True).pushed
    assert git(remote, "rev-parse", f"{PAGES}~1") == theirs


def test_posts_of_another_machine_are_not_taken_off(
    blog: Path, remote: Path, git: Git, tmp_path: Path
) -> None:
    git(blog, "stash", "-q", "-u")
    publish(blog)
    git(blog, "push", "-q", "origin", "main")
    second = tmp_path / "second"
    git(tmp_path, "clone", "-q", str(remote), str(second))
    material.write(second, "from-second", "Elsewhere.\n", day="2026-11-21")
    assert publish(second, consent=never).pushed
    # The first machine does not have that post.
    material.write(blog, "mine", "Here.\n", day="2026-11-21")
    mine = git(blog, "rev-parse", PAGES)
    with pytest.raises(CompanionError, match="from-second"):
        publish(blog)
    assert git(blog, "rev-parse", PAGES) == mine
    with pytest.raises(CompanionError, match="from-second"):
        publish(blog)  # that we have heard of their branch by now changes nothing
    git(second, "push", "-q", "origin", "main")
    git(blog, "pull", "-q", "--rebase", "origin", "main")
    assert publish(blog).pushed
    assert {"posts/from-second/index.html", "posts/mine/index.html"} <= names(remote, git)


@pytest.mark.skipif(os.name != "posix", reason="hooks are shell scripts here")
def test_a_hook_that_refuses(blog: Path, remote: Path, git: Git, run: Runner) -> None:
    hook = blog / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\necho 'error: no pushes on Sundays' >&2\nexit 1\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    done = run("blog", "publish", "--yes")
    assert done.code == 5
    assert "no pushes on Sundays" in done.out
    assert "git push origin gh-pages" in done.out
    hook.unlink()
    again = run("blog", "publish", "--yes", "--json")
    assert again.code == 0
    assert (again.data["commit"], again.data["pushed"], again.data["changed"]) == (None, True, True)
    assert again.data["added"] == ["two", "one"]
    assert (blog / "progress.jsonl").read_text().count("post.published") == 2


def test_offline(blog: Path, git: Git, run: Runner) -> None:
    git(blog, "remote", "add", "origin", "http://127.0.0.1:9/own.git")
    done = run("blog", "publish", "--yes", "--json")
    assert done.code == 5
    assert (done.data["pushed"], done.data["hint"]) == (False, "git push origin gh-pages")
    assert "posts/one/index.html" in names(blog, git)
    assert not (blog / "progress.jsonl").exists(), "nothing is public yet"


def test_a_post_with_a_secret_stops_everything(blog: Path, remote: Path, git: Git, run: Runner) -> None:  # fmt: skip
    material.write(blog, "leak", "token = 'hf_abcdefghijklmnopqrstuvwxyz012345'\n")
    done = run("blog", "publish", "--yes", "--json")
    assert done.code == 4
    (post,) = done.data["stopped"]
    assert (post["slug"], post["findings"][0]["kind"], post["findings"][0]["line"]) == ("leak", "secret", 8)  # fmt: skip
    assert branch.tip(blog, "refs/heads/gh-pages") is None
    text = (blog / "posts/2026-11-20-leak/index.md").read_text()
    (blog / "posts/2026-11-20-leak/index.md").write_text(text.replace("draft: false", "draft: true"))  # fmt: skip
    assert run("blog", "publish", "--yes").code == 0, "a draft stays at home"


def test_without_any_post(study: Path, run: Runner) -> None:
    assert run("blog", "publish", "--yes").code == 4
    assert 'fastcompanion blog new "TITLE"' in run("blog", "publish", "--yes").err


def test_with_nothing_but_drafts_they_are_named(study: Path, run: Runner) -> None:
    run("blog", "new", "One")
    refused = run("blog", "publish", "--yes")
    assert refused.code == 4
    assert "no post to publish: one is a draft" in refused.err
    assert "draft: false" in refused.err


def test_no_notebook_is_run(blog: Path, remote: Path, git: Git, tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    source = f"open({str(trap)!r}, 'w')  # fc: public"
    material.write_notebook(blog, "book", material.code(source, 1, material.stream("saved 42\n")))
    publish(blog)
    assert not trap.exists()
    assert "saved 42" in git(remote, "show", f"{PAGES}:posts/book/index.html")


def test_unpublish_one(blog: Path, remote: Path, git: Git, run: Runner) -> None:
    publish(blog)
    first = git(remote, "rev-parse", PAGES)
    assert run("blog", "unpublish", "one", "--dry-run", "--json").data["removed"] == ["one"]
    done = run("blog", "unpublish", "one", "--yes")
    assert done.code == 0, done.err
    assert "stays in the history" in done.out
    assert git(remote, "rev-parse", f"{PAGES}~1") == first
    assert "posts/one/index.html" not in names(remote, git)
    assert "one/" not in git(remote, "show", f"{PAGES}:index.html")
    assert "draft: true" in (blog / "posts/2026-11-19-one/index.md").read_text()
    assert publish(blog).posts == ("two",), "the next publishing leaves it out"
    assert run("blog", "unpublish", "one", "--yes").code == 1
    kinds = [json.loads(line)["kind"] for line in (blog / "progress.jsonl").read_text().splitlines()]  # fmt: skip
    assert kinds.count("post.unpublished") == 1


def test_unpublish_all(blog: Path, remote: Path, git: Git, run: Runner) -> None:
    publish(blog)
    assert run("blog", "unpublish", "--yes").code == 0
    assert names(remote, git) == {".nojekyll", "fastcompanion-site.json"}
    listed = run("blog", "list", "--json").data["posts"]
    assert {one["state"] for one in listed} == {"draft"}


def test_the_portfolio_is_published_alone_and_stays_when_the_last_post_goes(
    study: Path, git: Git, run: Runner
) -> None:
    material.write(study, "one", "First.\n", draft=True)
    (study / "portfolio.md").write_text("# What I made\n\nTwo things.\n")
    dry = run("blog", "publish", "--dry-run", "--json").data
    done = run("blog", "publish", "--yes", "--json")
    assert done.code == 0, done.err
    assert [one["path"] for one in dry["files"]] == [one["path"] for one in done.data["files"]]
    page = "portfolio/index.html"
    assert page in git(study, "ls-tree", "-r", "--name-only", PAGES)
    text = (study / "posts/2026-11-20-one/index.md").read_text()
    (study / "posts/2026-11-20-one/index.md").write_text(
        text.replace("draft: true", "draft: false")
    )
    assert run("blog", "publish", "--yes").code == 0
    assert run("blog", "unpublish", "one", "--yes").code == 0
    left = git(study, "ls-tree", "-r", "--name-only", PAGES)
    assert page in left
    assert "posts/one/" not in left


def test_unpublish_publishes_nothing_by_the_way(blog: Path, remote: Path, git: Git) -> None:
    publish(blog)
    material.write(blog, "new", "Not published yet.\n")
    with pytest.raises(CompanionError, match="new would be published"):
        publishing.unpublish(Workspace(blog), "one", consent=yes)
    assert "draft: false" in (blog / "posts/2026-11-19-one/index.md").read_text()


def test_unpublish_that_fails_leaves_the_post_as_it_was(blog: Path, remote: Path, git: Git, isolated: Path) -> None:  # fmt: skip
    publish(blog)
    before = (blog / "posts/2026-11-19-one/index.md").read_bytes()
    (isolated / ".gitconfig").write_text("")
    with pytest.raises(CompanionError, match="who you are"):
        publishing.unpublish(Workspace(blog), "one", consent=yes)
    assert (blog / "posts/2026-11-19-one/index.md").read_bytes() == before


def test_a_notebook_becomes_a_draft_and_stays_a_notebook(blog: Path, remote: Path, git: Git) -> None:  # fmt: skip
    folder = material.write_notebook(blog, "book", material.code("1", 1, material.stream("1\n")))
    publish(blog)
    publishing.unpublish(Workspace(blog), "book", consent=yes)
    cells = json.loads((folder / "index.ipynb").read_text())["cells"]
    assert "".join(cells[0]["source"]).count("draft: true") == 1
    assert cells[1]["outputs"][0]["text"] == "1\n"


def test_the_list_says_what_is_public(blog: Path, remote: Path, git: Git, run: Runner) -> None:
    git(blog, "remote", "set-url", "origin", "http://127.0.0.1:9/own.git")
    run("blog", "publish", "--yes")
    states = {one["slug"]: one["state"] for one in run("blog", "list", "--json").data["posts"]}
    assert states == {"one": "published here, not pushed", "two": "published here, not pushed", "later": "draft"}  # fmt: skip
    assert "of this machine alone" in run("blog", "check", "one").out
    git(blog, "remote", "set-url", "origin", str(remote))
    run("blog", "publish", "--yes")
    assert "It was published" in run("blog", "check", "one").out
    states = {one["slug"]: one["state"] for one in run("blog", "list", "--json").data["posts"]}
    assert states["one"] == "published"
