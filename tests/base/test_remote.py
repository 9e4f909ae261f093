"""Other people's repositories: progress from git's own words, and which failures are the network's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fastcompanion.base import remote
from fastcompanion.base.errors import CompanionError, Exit
from tests.git_server import GitServer, notebook


class Listener:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.done: dict[str, int] = {}
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)

    @contextmanager
    def task(self, label: str, total: int | None = None) -> Iterator[Listener]:
        assert total == 100
        self.label = label
        self.done[label] = 0
        yield self

    def advance(self, amount: int = 1, text: str = "") -> None:
        self.done[self.label] += amount
        self.texts += [text] if text else []


def test_progress_never_goes_beyond_the_end(server: GitServer, tmp_path: Path) -> None:
    served = server.repo("course")
    for number in range(4):
        served.commit({f"{n}-{number}.ipynb": notebook(f"x = {n} * {number}") for n in range(30)})
    listener = Listener()
    remote.clone(server.url("course"), tmp_path / "clone", reporter=listener)
    assert listener.done.keys() == {
        "Fetching the history",
        "Fetching 120 files",
        "Writing the files",
    }
    assert 0 < listener.done["Fetching the history"] <= 100
    assert 0 < listener.done["Fetching 120 files"] <= 100
    assert any("receiving objects" in text for text in listener.texts)


def test_asking_for_branches_tags_and_what_is_not_there(server: GitServer) -> None:
    served = server.repo("course")
    first = served.commit({"a.txt": "1"}, tag="v1")
    second = served.commit({"a.txt": "2"})
    url = server.url("course")
    assert remote.ask(url) == second
    assert remote.ask(url, "main") == second
    assert remote.ask(url, "v1") == first, "an annotated tag stands for its commit"
    assert remote.ask(url, "nope") is None


def test_an_empty_repository(server: GitServer, tmp_path: Path) -> None:
    server.repo("course")
    assert remote.ask(server.url("course")) is None
    with pytest.raises(CompanionError, match="is empty"):
        remote.clone(server.url("course"), tmp_path / "clone")
    assert list(tmp_path.glob("*clone*")) == []


def test_without_git_it_is_exit_5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CompanionError, match="git is not installed") as error:
        remote.clone("http://127.0.0.1:9/x.git", tmp_path / "clone")
    assert error.value.code is Exit.MISSING
    assert remote.place(tmp_path) is None


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("fatal: unable to access 'https://x/': Could not resolve host: x", "can't be reached"),
        ("fatal: unable to access 'https://x/': SSL connection timeout", "can't be reached"),
        ("ssh: connect to host x port 22: Connection timed out", "can't be reached"),
        ("error: RPC failed; curl 18 transfer closed\nfatal: early EOF", "can't be reached"),
        (
            "fatal: unable to access 'https://x/': The requested URL returned error: 503",
            "can't be reached",
        ),
        (
            "fatal: unable to access 'https://x/': The requested URL returned error: 404",
            "can't be read",
        ),
        (
            "fatal: could not read Username for 'https://x': terminal prompts disabled",
            "can't be read",
        ),
        (
            "git@x: Permission denied (publickey).\nfatal: Could not read from remote repository.",
            "can't be read",
        ),
    ],
)
def test_what_git_says_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, message: str
) -> None:
    """A stand-in for git that says what real ones say where no test can go (DNS, TLS, ssh)."""
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{said}\nEND\nexit 128\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    with pytest.raises(CompanionError, match=message) as error:
        remote.ask("https://x/")
    assert error.value.code is Exit.MISSING


def test_the_place_of_a_folder(server: GitServer, tmp_path: Path) -> None:
    served = server.repo("course")
    commit = served.commit({"nbs/a.txt": "1"})
    place = remote.place(served.work / "nbs")
    assert place is not None
    assert (place.root, place.commit) == (served.work.resolve(), commit)
    assert remote.place(tmp_path) is None
