"""Fetching a file: whole or not at all, and never from the beginning again where a part came."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastcompanion.base import download
from fastcompanion.base.errors import CompanionError, Exit
from tests.file_server import FileServer
from tests.waiting import nobody

CONTENT = bytes(range(256)) * 5000


def wrong(path: Path) -> str:
    return "" if path.read_bytes() == CONTENT else "it is another one"


def test_a_file_comes_whole(tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "a.bin"
    with FileServer({"a.bin": CONTENT}) as server:
        download.fetch(f"{server.address}/a.bin", target, wrong)
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["a.bin"]


def test_it_goes_on_where_the_line_dropped(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    with FileServer({"a.bin": CONTENT}, breaks=(700_000, 100_000)) as server:
        for _ in range(2):
            with pytest.raises(CompanionError, match="the connection ended") as caught:
                download.fetch(f"{server.address}/a.bin", target, wrong)
            assert caught.value.code is Exit.MISSING
            assert not target.exists(), "half a file has no name"
        download.fetch(f"{server.address}/a.bin", target, wrong)
        asked = [where for _, where in server.asked]
    assert asked == ["", "bytes=700000-", "bytes=800000-"]
    assert target.read_bytes() == CONTENT


def test_a_server_that_knows_no_ranges_sends_it_again(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    download.part_of(target).write_bytes(CONTENT[:1000])
    with FileServer({"a.bin": CONTENT}, ranges=False) as server:
        download.fetch(f"{server.address}/a.bin", target, wrong)
    assert target.read_bytes() == CONTENT


def test_a_part_that_is_whole_needs_no_more(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    download.part_of(target).write_bytes(CONTENT)
    with FileServer({"a.bin": CONTENT}) as server:
        download.fetch(f"{server.address}/a.bin", target, wrong)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("before", [b"", b"of another file, " * 90])
def test_what_is_wrong_is_thrown_away_and_the_old_file_stays(before: bytes, tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    if before:
        download.part_of(target).write_bytes(before)
    told = pytest.raises(CompanionError, match="it is another one; it was thrown away")
    with FileServer({"a.bin": CONTENT[::-1]}) as server, told:
        download.fetch(f"{server.address}/a.bin", target, wrong)
    assert target.read_bytes() == b"old"
    assert not download.part_of(target).exists()


def test_what_is_not_there(tmp_path: Path) -> None:
    with FileServer({}) as server, pytest.raises(CompanionError, match="404") as caught:
        download.fetch(f"{server.address}/a.bin", tmp_path / "a.bin", wrong)
    assert caught.value.code is Exit.MISSING


def test_no_network(tmp_path: Path) -> None:
    with nobody() as port, pytest.raises(CompanionError, match="can't be reached") as caught:
        download.fetch(f"http://127.0.0.1:{port}/a", tmp_path / "a", wrong)
    assert caught.value.code is Exit.MISSING
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/a", "a.bin"])
def test_other_ways_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(CompanionError, match="no web address"):
        download.fetch(url, tmp_path / "a", wrong)
