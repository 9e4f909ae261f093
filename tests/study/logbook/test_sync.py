"""`log sync` between real repositories: two machines, a hub, and everything that can be in the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import SILENT
from fastcompanion.base.workspace import Workspace
from fastcompanion.flows import diary
from fastcompanion.flows.diary import Correction
from fastcompanion.study import journal
from fastcompanion.study.logbook import book, checking, sync
from fastcompanion.study.logbook.sync import Synced

Runner = Callable[..., Any]
Git = Callable[..., str]
Freeze = Callable[[str], None]


@pytest.fixture
def two(
    study: Path, tmp_path: Path, git: Git, frozen: Freeze, run: Runner
) -> tuple[Workspace, Workspace]:
    """A study on two machines, with a hub between them."""
    frozen("2026-11-21T19:30:00+01:00")
    hub = tmp_path / "hub.git"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(hub))
    git(study, "remote", "add", "origin", str(hub))
    git(study, "push", "-q", "-u", "origin", "main")
    other = tmp_path / "other machine"
    git(tmp_path, "clone", "-q", str(hub), str(other))
    return Workspace(study), Workspace(other)


def log(ws: Workspace, text: str, minutes: int = 30) -> str:
    return diary.log_session(ws, text, minutes=minutes).entry.id


def synced(ws: Workspace) -> Synced:
    return sync.sync(ws, reporter=SILENT)


def notes(ws: Workspace) -> set[str]:
    return {entry.note for entry in book.read(ws).entries}


def test_two_machines_on_one_day_come_together_and_nothing_is_lost(
    two: tuple[Workspace, Workspace], git: Git
) -> None:
    here, there = two
    for number in range(3):
        log(here, f"here {number}\nwith a second line")
        log(there, f"there {number}\nwith a second line")
    assert synced(here).pushed > 0
    joined = synced(there)
    assert joined.fetched > 0
    assert joined.pushed > 0
    assert joined.reason == ""
    assert joined.checked is not None
    assert joined.checked.problems == ()
    assert synced(here).fetched > 0
    everything = {f"{side} {n}\nwith a second line" for side in ("here", "there") for n in range(3)}
    assert notes(here) == notes(there) == everything
    for ws in two:
        assert git(ws.root, "status", "--porcelain") == ""
        assert git(ws.root, "log", "--merges", "--oneline") == "", "own commits are put on top"
        kinds = [event.kind for event in events.read(ws)]
        assert kinds.count("session.logged") == 6
    assert git(here.root, "rev-parse", "HEAD") == git(there.root, "rev-parse", "HEAD")
    assert synced(here) == synced(here)
    assert git(there.root, "worktree", "list").count("\n") == 1


def test_a_merge_by_hand_keeps_all_as_well(two: tuple[Workspace, Workspace], git: Git) -> None:
    here, there = two
    log(here, "here")
    log(there, "there")
    synced(here)
    git(there.root, "pull", "-q", "--no-rebase", "--no-edit", "origin", "main")
    assert notes(there) == {"here", "there"}
    assert synced(there).pushed == 2, "the merge and the entry"
    synced(here)
    assert notes(here) == {"here", "there"}


def test_what_the_learner_staged_or_changed_stays(
    two: tuple[Workspace, Workspace], git: Git
) -> None:
    here, there = two
    (there.root / "draft.md").write_text("one\n")
    git(there.root, "add", "draft.md")
    (there.root / "draft.md").write_text("one\ntwo\n")
    (there.root / "README.md").write_text("mine, not committed\n")
    log(here, "here")
    synced(here)
    log(there, "there")
    before = git(there.root, "status", "--porcelain")
    assert synced(there).pushed == 1
    assert git(there.root, "status", "--porcelain") == before == " M README.md\nAM draft.md\n"
    assert git(there.root, "show", ":draft.md") == "one\n"
    assert notes(there) == {"here", "there"}


def test_a_commit_made_while_own_ones_are_put_on_top_is_not_lost(
    two: tuple[Workspace, Workspace], git: Git
) -> None:
    here, there = two
    log(there, "there")
    synced(there)
    log(here, "here")
    (here.root / "mine.md").write_text("mine\n")
    git(here.root, "add", "mine.md")
    hook = here.root / ".git/hooks/pre-rebase"
    hook.write_text(
        "#!/bin/sh\nunset $(git rev-parse --local-env-vars)\n"
        f"cd '{here.root}' && git commit -q -m meanwhile -- mine.md\n"
    )
    hook.chmod(0o755)
    first = synced(here)
    assert "meanwhile" in first.reason
    assert git(here.root, "log", "--format=%s", "-1").strip() == "meanwhile"
    hook.unlink()
    assert synced(here).reason == ""
    assert "meanwhile" in git(here.root, "log", "--format=%s")
    assert notes(here) == {"here", "there"}


def test_a_conflict_outside_of_the_log_changes_nothing_and_shows_both_sides(
    two: tuple[Workspace, Workspace], git: Git, run: Runner
) -> None:
    here, there = two
    for ws, words in ((here, "from here"), (there, "from there")):
        (ws.root / "README.md").write_text(f"{words}\n")
        git(ws.root, "commit", "-q", "-am", "Mine")
        log(ws, words)
    synced(here)
    before = git(there.root, "rev-parse", "HEAD")
    outcome = run("log", "sync", cwd=there.root)
    assert outcome.code == Exit.CHECK_SAYS_NO
    assert "README.md" in outcome.out
    assert "from here" in outcome.out
    assert "from there" in outcome.out
    assert "1 session is on this machine alone; the next sync takes it along." in outcome.out
    assert git(there.root, "rev-parse", "HEAD") == before
    assert git(there.root, "status", "--porcelain") == ""
    assert (there.root / "README.md").read_text() == "from there\n"
    assert not (there.root / ".git" / "rebase-merge").exists()
    assert git(there.root, "worktree", "list").count("\n") == 1
    assert notes(there) == {"from there"}
    clash = run("log", "sync", "--json", cwd=there.root).data["clashes"][0]
    assert clash == {"file": "README.md", "mine": "from there\n", "theirs": "from here\n"}


def test_a_file_deleted_there_and_changed_here_is_a_conflict_too(
    two: tuple[Workspace, Workspace], git: Git
) -> None:
    here, there = two
    git(here.root, "rm", "-q", "README.md")
    git(here.root, "commit", "-q", "-m", "Gone")
    synced(here)
    (there.root / "README.md").write_text("mine\n")
    git(there.root, "commit", "-q", "-am", "Mine")
    (clash,) = synced(there).clashes
    assert (clash.mine, clash.theirs) == ("mine\n", None)
    assert (there.root / "README.md").read_text() == "mine\n"


def test_a_changed_file_in_the_way_is_named_and_stays(
    two: tuple[Workspace, Workspace], git: Git
) -> None:
    here, there = two
    (here.root / "README.md").write_text("theirs\n")
    git(here.root, "commit", "-q", "-am", "README")
    synced(here)
    log(there, "there")
    (there.root / "README.md").write_text("not committed\n")
    done = synced(there)
    assert "README.md" in done.reason
    assert done.waiting == 1
    assert (there.root / "README.md").read_text() == "not committed\n"
    git(there.root, "commit", "-q", "-am", "Mine after all")
    assert synced(there).clashes[0].file == "README.md"


def test_a_rejected_push_is_tried_once_more_on_top_of_the_other_side(
    two: tuple[Workspace, Workspace], git: Git, tmp_path: Path
) -> None:
    """A hook of the hub lets another machine push first, between our fetch and our push."""
    here, there = two
    log(here, "in between")
    log(there, "mine")
    hook = there.root / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    done = tmp_path / "done"
    hook.write_text(
        "#!/bin/sh\nunset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX\n"
        f'if [ ! -e "{done}" ]; then touch "{done}"; git -C "{here.root}" push -q origin main; fi\n'
    )
    hook.chmod(0o755)
    result = synced(there)
    assert result.reason == ""
    assert result.fetched == 1
    assert result.pushed == 1
    assert notes(there) == {"in between", "mine"}
    synced(here)
    assert notes(here) == {"in between", "mine"}


def test_a_push_that_a_hook_refuses_says_what_it_said(
    two: tuple[Workspace, Workspace], tmp_path: Path
) -> None:
    here, _ = two
    hook = tmp_path / "hub.git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho the hub is closed >&2\nexit 1\n")
    hook.chmod(0o755)
    log(here, "kept")
    done = synced(here)
    assert done.reason
    assert (done.pushed, done.waiting) == (0, 1)
    assert notes(here) == {"kept"}


def test_offline_everything_stays_here_and_is_counted(
    two: tuple[Workspace, Workspace], git: Git, run: Runner, tmp_path: Path
) -> None:
    here, _ = two
    for number in range(3):
        log(here, f"on the train {number}")
    (tmp_path / "hub.git").rename(tmp_path / "away.git")
    outcome = run("log", "sync", cwd=here.root)
    assert outcome.code == Exit.MISSING
    assert "3 sessions are on this machine alone" in outcome.out
    git(here.root, "remote", "set-url", "origin", "ssh://git@127.0.0.1:9/none.git")
    begun = time.monotonic()
    data = run("log", "sync", "--json", cwd=here.root).data
    assert time.monotonic() - begun < 30
    assert (data["offline"], data["waiting"], data["pushed"]) == (True, 3, 0)
    git(here.root, "remote", "set-url", "origin", str(tmp_path / "away.git"))
    assert run("log", "sync", "--json", cwd=here.root).data["pushed"] == 3


def test_logging_never_asks_the_network(
    two: tuple[Workspace, Workspace], git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = two
    call = tmp_path / "call"
    call.write_text(f"#!/bin/sh\ntouch '{tmp_path}/asked'\nexit 1\n")
    call.chmod(0o755)
    git(here.root, "remote", "set-url", "origin", f"ext::{call}")
    git(here.root, "config", "protocol.ext.allow", "always")
    log(here, "quietly")
    assert not (tmp_path / "asked").exists()
    synced(here)
    assert (tmp_path / "asked").exists(), "the sync does ask"


def test_what_is_missing_for_a_sync_is_explained(
    study: Path, run: Runner, git: Git, tmp_path: Path
) -> None:
    alone = run("log", "sync")
    assert alone.code == Exit.MISSING
    assert "git remote add origin" in alone.err
    git(tmp_path, "init", "-q", "--bare", "hub.git")
    git(study, "remote", "add", "origin", str(tmp_path / "hub.git"))
    without = run("log", "sync")
    assert without.code == Exit.MISSING
    assert "no upstream" in without.err
    assert "git push -u origin main" in without.err
    git(study, "push", "-q", "-u", "origin", "main")
    assert run("log", "sync").code == Exit.DONE
    git(study, "switch", "-q", "--detach")
    assert "HEAD is detached" in run("log", "sync").err


def test_during_a_merge_nothing_is_synced(two: tuple[Workspace, Workspace], git: Git) -> None:
    here, _ = two
    (here.root / ".git" / "MERGE_HEAD").write_text(git(here.root, "rev-parse", "HEAD"))
    with pytest.raises(CompanionError, match="a merge is under way"):
        synced(here)


def test_an_entry_corrected_on_both_machines_is_reported_and_both_stay(
    two: tuple[Workspace, Workspace], run: Runner
) -> None:
    here, there = two
    first = log(here, "the same session")
    synced(here)
    synced(there)
    for ws, minutes in ((here, 40), (there, 50)):
        diary.correct(ws, first, Correction(minutes=minutes))
    synced(here)
    synced(there)
    synced(here)
    for ws in two:
        log_ = book.read(ws)
        assert sorted(entry.minutes for entry in log_.entries) == [40, 50], "the learner decides"
        assert first not in {entry.id for entry in log_.entries}


def test_a_line_edited_by_hand_on_both_sides_is_named_with_both_places(
    two: tuple[Workspace, Workspace], run: Runner, git: Git
) -> None:
    here, there = two
    first = log(here, "by hand")
    synced(here)
    synced(there)
    for ws, minutes in ((here, "40m"), (there, "50m")):
        path = next(ws.log_folder.glob("*/*.md"))
        path.write_text(path.read_text().replace("30m", minutes))
    synced(here)
    outcome = run("log", "sync", cwd=there.root)
    assert outcome.code == Exit.CHECK_SAYS_NO
    assert "has the id of another line" in outcome.out
    text = next(there.log_folder.glob("*/*.md")).read_text()
    assert text.count(f"^{first}") == 2
    assert "40m" in text
    assert "50m" in text


def test_an_entry_undone_on_one_machine_stays_undone(two: tuple[Workspace, Workspace]) -> None:
    here, there = two
    first = log(here, "a mistake")
    synced(here)
    synced(there)
    journal.undo(here, first)
    log(there, "after it")
    synced(here)
    synced(there)
    synced(here)
    assert notes(here) == notes(there) == {"after it"}


def test_a_conflict_marker_is_not_pushed(two: tuple[Workspace, Workspace], run: Runner) -> None:
    here, there = two
    log(here, "fine")
    path = next(here.log_folder.glob("*/*.md"))
    path.write_text(path.read_text() + "<<<<<<< HEAD\n")
    outcome = run("log", "sync", cwd=here.root)
    assert outcome.code == Exit.CHECK_SAYS_NO
    line = len(path.read_text().splitlines())
    assert f"{path}:{line}: holds a merge conflict marker" in outcome.out
    assert synced(there).fetched == 0


def test_what_was_not_committed_goes_along(two: tuple[Workspace, Workspace], git: Git) -> None:
    here, there = two
    git(here.root, "switch", "-q", "--detach")
    log(here, "while detached")
    git(here.root, "switch", "-q", "main")
    path = next(here.log_folder.glob("*/*.md"))
    path.write_text(path.read_text() + "- 09:00+01:00 15m ^handwritten\n")
    assert synced(here).pushed == 1
    synced(there)
    assert sorted(entry.minutes for entry in book.read(there).entries) == [15, 30]


def test_without_an_identity_it_says_so_and_loses_nothing(
    two: tuple[Workspace, Workspace], git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = two
    log(here, "here")
    synced(here)
    log(there, "there")
    empty = tmp_path / "no identity"
    empty.write_text("")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(empty))
    with pytest.raises(CompanionError, match="does not know who you are") as caught:
        synced(there)
    assert "user.email" in caught.value.hint
    assert notes(there) == {"there"}
    assert git(there.root, "status", "--porcelain") == ""


def test_the_heat_map_of_the_readme_follows(
    two: tuple[Workspace, Workspace], git: Git, run: Runner
) -> None:
    here, there = two
    log(here, "here", minutes=60)
    assert run("log", "heatmap", "--write", cwd=here.root).code == 0
    log(there, "there", minutes=120)
    assert run("log", "heatmap", "--write", cwd=there.root).code == 0
    synced(here)
    done = synced(there)
    assert done.clashes == ()
    assert done.reason == ""
    synced(here)
    pictures = [(ws.heatmap.read_text(), ws.heatmap_dark.read_text()) for ws in two]
    assert pictures[0] == pictures[1]
    assert "2026-11-21: 180 min" in pictures[0][0]
    assert "<<<<" not in pictures[0][0]
    assert here.readme.read_text() == there.readme.read_text()
    assert here.readme.read_text().count("heatmap: begin") == 1
    assert git(here.root, "status", "--porcelain") == ""


def test_two_processes_add_eighty_entries_and_each_has_its_commit(
    study: Path, git: Git, frozen: Freeze
) -> None:
    frozen("2026-11-21T19:30:00+01:00")
    program = (
        "import sys, pathlib\n"
        "from fastcompanion.base.workspace import Workspace\n"
        "from fastcompanion.flows import diary\n"
        "ws = Workspace(pathlib.Path(sys.argv[1]))\n"
        "for n in range(40):\n"
        "    done = diary.log_session(ws, f'{sys.argv[2]} {n}', minutes=1)\n"
        "    assert done.commit.made or done.commit.nothing, done\n"
    )
    argv = [sys.executable, "-c", program, str(study)]
    children = [subprocess.Popen([*argv, name]) for name in ("a", "b")]
    assert [child.wait(300) for child in children] == [0, 0]
    ws = Workspace(study)
    wanted = {f"{name} {number}" for name in "ab" for number in range(40)}
    assert notes(ws) == wanted
    kept = git(study, "show", "HEAD:log/2026/2026-11-21.md")
    assert all(f"  {note}\n" in kept for note in wanted), "all are reachable, not just written"
    lines = [json.loads(line) for line in ws.progress.read_text().splitlines()]
    assert sum(line["kind"] == "session.logged" for line in lines) == 80
    assert git(study, "status", "--porcelain") == ""
    git(study, "fsck", "--no-dangling")
    assert checking.check(ws).problems == ()


@pytest.mark.skipif(os.name == "nt", reason="hooks are shell scripts here")
def test_a_sync_never_asks_for_a_password(
    two: tuple[Workspace, Workspace], server: Any, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment that git gets says so; a program that would ask is never called."""
    here, _ = two
    asked = here.root.parent / "asked"
    helper = here.root.parent / "askpass"
    helper.write_text(f"#!/bin/sh\ntouch '{asked}'\necho secret\n")
    helper.chmod(0o755)
    log(here, "x")
    hook = here.root / ".git" / "hooks" / "pre-push"
    hook.parent.mkdir(exist_ok=True)
    seen = here.root.parent / "environment"
    hook.write_text(f"#!/bin/sh\nenv > '{seen}'\n")
    hook.chmod(0o755)
    assert synced(here).pushed == 1
    told = dict(line.partition("=")[::2] for line in seen.read_text().splitlines())
    assert told["GIT_TERMINAL_PROMPT"] == "0"
    assert "BatchMode=yes" in told["GIT_SSH_COMMAND"]
    assert not asked.exists()
