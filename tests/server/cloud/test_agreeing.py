"""Money is agreed to by typing its price, an end by typing a name; at a real terminal."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from fastcompanion.base.reporter import SILENT
from fastcompanion.cli import main
from fastcompanion.server import registry
from fastcompanion.server.cloud import launching, stopping
from tests.server.cloud.conftest import HOME_ADDRESS, QUICK, Box, ordered
from tests.server.cloud.fake_aws import FakeAws

Terminal = Callable[..., tuple[int, str]]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Run a command at a terminal on which somebody types; gives its exit code and all that was shown."""
    if os.name != "posix":
        pytest.skip("a terminal of POSIX")
    ours, theirs = os.openpty()
    opened = [os.fdopen(os.dup(theirs), "r"), os.fdopen(os.dup(theirs), "w")]

    def run(*words: str, typed: str) -> tuple[int, str]:
        os.write(ours, f"{typed}\n".encode())
        shown = _Screen()
        with monkeypatch.context() as patch, redirect_stdout(shown), redirect_stderr(shown):
            patch.setattr(sys, "stdin", opened[0])
            code = main([*words])
        return int(code), shown.getvalue()

    yield run
    for file in opened:
        file.close()
    os.close(ours)
    os.close(theirs)


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("typed", ["", "yes", "y", "0.5", "0.5261", "1.006"])
def test_anything_but_the_price_launches_nothing(
    fake: FakeAws, key: Path, terminal: Terminal, typed: str
) -> None:
    code, shown = terminal("server", "launch", "gpu1", "--from", HOME_ADDRESS, typed=typed)
    assert code == 2
    assert "Type the price of an hour, 0.526, to agree" in shown
    assert "$390.21 if it ran for 30 days" in shown
    assert fake.left() == {}
    assert registry.read() == ()


@pytest.mark.parametrize("typed", ["0.526", "$0.526", " 0.5260 "])
def test_the_price_launches(
    fake: FakeAws, key: Path, box: Box, terminal: Terminal, typed: str
) -> None:
    code, shown = terminal("server", "launch", "gpu1", "--from", HOME_ADDRESS, typed=typed)
    assert code == 0, shown
    assert len(fake.machines()) == 1
    assert "It stops itself after 60 idle minutes" in shown


def test_the_dearest_that_may_stand_in_is_typed(
    fake: FakeAws, key: Path, box: Box, terminal: Terminal
) -> None:
    words = ("server", "launch", "gpu1", "--or", "g5.xlarge", "--from", HOME_ADDRESS)
    code, shown = terminal(*words, typed="0.526")
    assert code == 2, shown
    code, shown = terminal(*words, typed="1.006")
    assert code == 0, shown


def test_the_name_ends(fake: FakeAws, key: Path, box: Box, terminal: Terminal) -> None:
    aws, order = ordered()
    launching.launch(aws, order, SILENT, patience=QUICK)
    box.found("uncommitted\t2\t0\t./project")
    code, shown = terminal("server", "terminate", "gpu1", typed="yes")
    assert code == 2
    assert "./project: 2 changes without a commit" in shown
    assert len(fake.machines()) == 1
    code, shown = terminal("server", "terminate", "gpu1", typed="gpu1")
    assert code == 0, shown
    assert fake.left() == {}


def test_a_dearer_type_is_typed_too(fake: FakeAws, key: Path, box: Box, terminal: Terminal) -> None:
    aws, order = ordered()
    launching.launch(aws, order, SILENT, patience=QUICK)
    stopping.stop("gpu1", patience=QUICK)
    code, shown = terminal("server", "resize", "gpu1", "--type", "g5.xlarge", typed="0.526")
    assert code == 2
    assert "'0.526' is not 1.006" in shown
    assert fake.machines()[0].instance_type == "g4dn.xlarge"


def test_who_gives_no_answer_is_told_what_answers(
    fake: FakeAws, key: Path, box: Box, terminal: Terminal
) -> None:
    aws, order = ordered()
    launching.launch(aws, order, SILENT, patience=QUICK)
    stopping.stop("gpu1", patience=QUICK)
    code, shown = terminal("server", "resize", "gpu1", "--type", "g5.xlarge", typed="\x04")
    assert code == 2
    assert "or give --yes --price 1.006." in shown


def test_the_address_is_asked_for(fake: FakeAws, key: Path, box: Box, terminal: Terminal) -> None:
    from fastcompanion.server.cloud import address

    if address.own():
        pytest.skip("this machine has a public address of its own")
    code, shown = terminal("server", "launch", "gpu1", typed="10.0.0.7")
    assert code == 2
    assert "https://checkip.amazonaws.com, a page of AWS" in shown
    assert "is no address of the internet" in shown
    assert fake.calls == []
