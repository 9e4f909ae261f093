"""Downloads from a site on which everything goes wrong once: cut, lied to, interrupted, changed by hand."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.competition.practice.answering import Reply, Request
from fastcompanion.competition.site import downloads, unpacking
from fastcompanion.competition.site import kept as keeping
from fastcompanion.competition.site.downloads import folder_of
from fastcompanion.competition.site.model import Body
from fastcompanion.competition.site.receiving import Expected, Receiver, part_of
from fastcompanion.competition.site.target import Target
from fastcompanion.competition.site.unpacking import Member
from tests.competition.faults import (
    ALWAYS,
    cut,
    dropped,
    expired,
    html,
    lengthened,
    refused,
    rules_not_accepted,
    stalled,
    without_headers,
)
from tests.competition.practice.served import SLUG
from tests.competition.site.downloading import Site, noise, packed, site
from tests.waiting import until

FILES = {"train.csv": b"id,y\n1,0\n", "test.csv": b"id\n2\n", "images/1.png": noise(3_000_000)}
ARCHIVE = f"{SLUG}.zip"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        found.holds(FILES)
        yield found


def ranges(served: Site) -> list[str]:
    return [one.headers.get("range", "") for one in served.faults.seen if one.target.startswith("/files/")]  # fmt: skip


def part(served: Site) -> Path:
    return part_of(served.folder / ARCHIVE)


def test_everything_comes_and_is_unpacked(served: Site) -> None:
    done = served.download()
    assert served.files() == FILES, "and neither the archive nor a part of it"
    assert (done.count, done.size, done.already) == (3, sum(map(len, FILES.values())), False)
    assert done.received == served.place.archive.stat().st_size
    assert served.words.done == {ARCHIVE: done.received, "unpacking": done.size}


def test_a_second_run_asks_nobody(served: Site) -> None:
    served.download()
    served.faults.clear()
    assert served.download().already
    assert served.connections == 1
    assert served.faults.seen == []


def test_a_copied_folder_is_still_whole(served: Site) -> None:
    """Times change when a folder is copied; the bytes do not."""
    served.download()
    shutil.copytree(served.folder, served.folder.parent / "copy", copy_function=shutil.copy)
    assert served.download(folder=served.folder.parent / "copy").already


def test_the_archive_can_stay(served: Site) -> None:
    assert served.download(keep=True).archive == ARCHIVE
    assert (served.folder / ARCHIVE).read_bytes() == served.place.archive.read_bytes()
    assert served.download().already


def test_the_archive_alone_and_unpacked_later(served: Site) -> None:
    served.download(unpack=False)
    assert list(served.files()) == [ARCHIVE]
    assert served.download(unpack=False).already
    served.download()
    assert served.connections == 1, "what is here is not fetched again"
    assert served.files() == FILES


def test_a_line_that_drops_goes_on_where_it_dropped(served: Site) -> None:
    served.faults.add("GET /files/", cut(1_500_000))
    served.download()
    first, second = ranges(served)
    assert first == ""
    have = int(second.removeprefix("bytes=").removesuffix("-"))
    assert have > 1_400_000, "nothing much of what came is asked for again"
    assert served.files() == FILES
    assert any("going on at" in note for note in served.words.notes)


def test_a_length_that_was_a_lie(served: Site) -> None:
    served.faults.add("GET /files/", lengthened(500))
    served.download()
    assert served.files() == FILES


def test_it_drops_for_good_and_the_next_run_goes_on(served: Site) -> None:
    served.faults.add("GET /files/", cut(2_000_000))
    served.faults.add("GET /files/", dropped(), times=ALWAYS)
    with pytest.raises(CompanionError, match=r"of 3\.0 MB have come, then") as caught:
        served.download()
    assert caught.value.code is Exit.MISSING
    have = part(served).stat().st_size
    served.faults.clear()
    served.holds(FILES)
    served.download()
    assert ranges(served) == [f"bytes={have}-"]
    assert served.files() == FILES


def test_a_line_that_gives_a_little_each_time_is_never_given_up(served: Site) -> None:
    served.faults.add("GET /files/", cut(400_000), times=7)
    served.download(pauses=(0,))
    assert len(ranges(served)) == 8
    assert served.files() == FILES


def test_pitfall_5_an_expired_address_never_gets_into_the_partial_file(served: Site) -> None:
    served.faults.add("GET /files/", cut(2_000_000))
    served.faults.add("GET /files/", expired(), times=3)
    served.download()
    assert served.files() == FILES
    asked = [one.target for one in served.faults.seen if "DownloadDataFiles" in one.target]
    assert len(asked) >= 4, "a fresh address is asked for each time"


@pytest.mark.parametrize(
    "page",
    [
        lambda request, true: Reply(200, "application/octet-stream", b"<!DOCTYPE html><p>Sign in"),
        lambda request, true: Reply(200, "application/json", b'{"error":"try again later"}'),
        lambda request, true: Reply(200, "text/plain", b""),
        html(),
        html(503),
    ],
)
def test_pitfall_5_a_page_in_place_of_the_rest_leaves_the_part_alone(
    served: Site, page: object
) -> None:
    served.faults.add("GET /files/", cut(2_000_000))
    served.faults.add("GET /files/", page, times=ALWAYS)  # type: ignore[arg-type]
    with pytest.raises(CompanionError):
        served.download(pauses=(0,))
    whole = served.place.archive.read_bytes()
    left = part(served).read_bytes()
    assert len(left) > 1_000_000
    assert whole.startswith(left)
    served.faults.clear()
    served.holds(FILES)
    served.download()
    assert ranges(served) == [f"bytes={len(left)}-"]
    assert served.files() == FILES


def test_pitfall_5_a_file_that_changed_meanwhile_comes_anew(served: Site) -> None:
    served.faults.add("GET /files/", cut(2_000_000))
    served.faults.add("GET /files/", dropped(), times=ALWAYS)
    with pytest.raises(CompanionError):
        served.download(pauses=())
    newer = {**FILES, "images/1.png": noise(2_500_000, seed=2)}
    served.faults.clear()
    served.holds(newer)
    served.download()
    assert served.files() == newer


def test_pitfall_5_a_proxy_that_takes_the_length_away_is_seen_through(served: Site) -> None:
    """Without a length a cut looks like an end: then the archive's own directory tells."""

    def shortened(request: Request, true: object) -> Reply:
        del request, true
        return Reply(200, "application/zip", served.place.archive.read_bytes()[:100_000])

    served.faults.add("GET /files/", shortened)
    with pytest.raises(CompanionError, match="its end is missing"):
        served.download()
    assert not any(name.endswith(".csv") for name in served.files())
    served.download(force=True)
    assert served.files() == FILES


def test_pitfall_5_without_etag_and_date_nothing_is_fetched_twice(served: Site) -> None:
    served.faults.add("GET /files/", without_headers("ETag", "Last-Modified"), times=ALWAYS)
    served.download()
    assert served.download().already
    assert len(ranges(served)) == 1


@pytest.mark.parametrize("damage", [b"id,y\n1,0\n2,2\n", b"id,y\n1,1\n", b""])
def test_pitfall_5_a_damaged_copy_is_noticed_however_new_or_long_it_is(
    served: Site, damage: bytes
) -> None:
    served.download()
    damaged = served.folder / "train.csv"
    damaged.write_bytes(damage)
    os.utime(damaged, (4e9, 4e9))
    served.yes = True
    done = served.download()
    assert served.asked == [("train.csv",)], "it is asked for once"
    assert done.aside == ("train.csv.yours",)
    assert served.files() == {**FILES, "train.csv.yours": damage}


def test_a_damaged_archive_is_fetched_again_without_a_question(served: Site) -> None:
    served.download(unpack=False)
    (served.folder / ARCHIVE).write_bytes(served.place.archive.read_bytes() + b"longer")
    served.download()
    assert served.connections == 2
    assert served.asked == []
    assert served.files() == FILES


def test_what_the_learner_changed_stays_unless_they_consent(served: Site) -> None:
    served.download()
    (served.folder / "train.csv").write_bytes(b"id,y\n1,7\n")
    (served.folder / "notes.txt").write_bytes(b"mine")
    done = served.download()
    assert (done.already, done.yours) == (True, ("train.csv",))
    assert served.files() == {**FILES, "train.csv": b"id,y\n1,7\n", "notes.txt": b"mine"}
    (served.folder / "test.csv").unlink()
    done = served.download()
    assert (done.already, done.yours) == (False, ("train.csv",))
    assert served.files() == {**FILES, "train.csv": b"id,y\n1,7\n", "notes.txt": b"mine"}


def test_force_sets_every_change_aside(served: Site) -> None:
    served.download()
    for turn, name in enumerate(("train.csv.yours", "train.csv.yours-2"), start=1):
        (served.folder / "train.csv").write_bytes(b"mine %d" % turn)
        assert served.download(force=True).aside == (name,)
    assert served.asked == []
    kept = {"train.csv.yours": b"mine 1", "train.csv.yours-2": b"mine 2"}
    assert served.files() == {**FILES, **kept}


def test_files_that_were_here_before(served: Site) -> None:
    served.folder.mkdir()
    (served.folder / "test.csv").write_bytes(FILES["test.csv"])
    (served.folder / "train.csv").write_bytes(b"my own")
    (served.folder / ARCHIVE).write_bytes(b"from the browser")
    done = served.download()
    assert served.asked == [("train.csv",)]
    assert done.yours == ("train.csv",)
    assert done.aside == (f"{ARCHIVE}.yours",)
    mine = {"train.csv": b"my own", f"{ARCHIVE}.yours": b"from the browser"}
    assert served.files() == {**FILES, **mine}


@pytest.mark.parametrize("name", [".download.json", ".DOWNLOAD.json", ARCHIVE, "People.ZIP"])
def test_names_of_our_own(served: Site, name: str) -> None:
    served.faults.clear()
    served.holds({"a.csv": b"1", name: b"evil"})
    for names in ((), (name,)):
        with pytest.raises(CompanionError, match="a name of ours"):
            served.download(*names)
    assert "a.csv" not in served.files()
    assert json.loads((served.folder / ".download.json").read_text())["version"] == 1


def test_an_archive_that_the_browser_brought_is_used(served: Site) -> None:
    served.folder.mkdir()
    shutil.copy(served.place.archive, served.folder / ARCHIVE)
    assert served.download().received == 0
    assert served.files() == FILES


def test_a_part_that_is_not_ours_is_no_part(served: Site) -> None:
    served.folder.mkdir()
    part(served).write_bytes(b"mine")
    served.download()
    assert served.files() == {**FILES, f"{ARCHIVE}.part.yours": b"mine"}


def test_a_second_part_of_the_learner_s_takes_no_first_one_away(tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    for text in (b"first", b"second"):
        (tmp_path / "a.csv.part").write_bytes(text)
        receiver = Receiver(target, Expected(), lambda coming: None, pauses=())
        with pytest.raises(CompanionError):
            receiver.receive(_nobody, None)
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert kept == {"a.csv.part.yours": b"first", "a.csv.part.yours-2": b"second"}


def _nobody(first: int, validator: str) -> AbstractContextManager[Body]:
    raise CompanionError("nobody is there")


def test_a_newer_version_on_the_site_replaces_what_we_wrote(served: Site) -> None:
    served.download()
    newer = {**FILES, "train.csv": b"id,y\n1,0\n3,1\n", "more.csv": b"x\n"}
    served.faults.clear()
    served.holds(newer)
    assert served.download(force=True).aside == ()
    assert served.files() == newer


def interrupted(served: Site, at: int) -> None:
    """Press Ctrl-C while the file of this number is unpacked."""
    served.words.pieces = at
    with pytest.raises(KeyboardInterrupt):
        served.download()


@pytest.mark.parametrize("at", [1, 2, 3])
def test_interrupted_unpacking_is_gone_on_with(served: Site, at: int) -> None:
    interrupted(served, at)
    assert len(served.files()) == at, "the archive, and what was unpacked before"
    assert "goes on there" in served.words.notes[-1]
    record = json.loads((served.folder / ".download.json").read_text())
    assert not record["whole"]
    assert set(FILES) <= set(record["files"]), "the list is written first"
    served.words.done.clear()
    served.download()
    assert served.connections == 1, "the archive is here"
    left = list(FILES.values())[at - 1 :]
    assert served.words.done == {"unpacking": sum(map(len, left))}
    assert served.files() == FILES


def test_interrupted_unpacking_whose_archive_is_gone(served: Site) -> None:
    interrupted(served, 3)
    (served.folder / ARCHIVE).unlink()
    served.download()
    assert served.files() == FILES


def test_a_killed_process_leaves_what_the_next_run_goes_on_with(served: Site) -> None:
    """Each run is killed later than the one before it, and the last one ends."""
    small = {**FILES, "images/1.png": noise(100_000)}
    served.faults.clear()
    served.holds(small)
    at, kills = 1, 0
    while True:
        done = subprocess.run(
            [sys.executable, "-m", "tests.competition.site.dying", str(at), str(served.folder), SLUG],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        for name, data in served.files().items():
            assert data == small.get(name, data), "no file has its name before it is whole"
        if done.returncode == 0:
            break
        assert done.returncode == 9, done.stderr
        kills += 1
        at += 1 + at // 3
    assert kills >= 4
    assert served.files() == small


def test_killed_between_a_file_and_the_note_of_it(tmp_path: Path) -> None:
    """Else the next run takes our own file for the learner's, and asks about it."""

    def put() -> None:
        (tmp_path / "a.csv").write_bytes(b"1\n")
        raise KeyboardInterrupt

    record = keeping.read(tmp_path, "kaggle/titanic")
    kept = keeping.Kept(2, zlib.crc32(b"1\n"))
    with pytest.raises(KeyboardInterrupt):
        keeping.settle(tmp_path, record, "a.csv", kept, put)
    again = keeping.read(tmp_path, "kaggle/titanic")
    assert keeping.look(tmp_path, again, again.files) == keeping.Looked((), ())
    assert list(again.files) == ["a.csv"]


def program(served: Site, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "fastcompanion", "kaggle", "download", f"practice/{SLUG}", *words],
        cwd=served.folder.parent, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_two_at_the_same_time(served: Site) -> None:
    both = [program(served, "--to", str(served.folder)) for _ in range(2)]
    said = [one.communicate(timeout=60) for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert len(ranges(served)) == 1, "the second one waits, and finds it there"
    assert sum("already" in out for out, _ in said) == 1
    assert served.files() == FILES


@pytest.mark.skipif(os.name != "posix", reason="a limit of POSIX stands in for a full disk")
def test_a_disk_that_is_full_ends_it_at_once(served: Site) -> None:
    words = [sys.executable, "-m", "fastcompanion", "kaggle", "download", f"practice/{SLUG}"]
    line = f"ulimit -f 2000; exec {shlex.join([*words, '--to', str(served.folder)])}"
    done = subprocess.run(
        ["sh", "-c", line], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "have come, then: can't be written" in done.stderr
    assert len(ranges(served)) == 1, "another try would be no better"
    assert part(served).stat().st_size > 900_000
    served.download()
    assert served.files() == FILES


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C of another program is POSIX's")
def test_ctrl_c_keeps_what_came_and_says_so(served: Site) -> None:
    served.faults.add("GET /files/", stalled(2_000_000, served.faults.over))
    running = program(served, "--to", str(served.folder))
    until(lambda: part(served).exists() and part(served).stat().st_size > 1_900_000)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "stay: the same command goes on there" in err
    assert "Traceback" not in err
    have = part(served).stat().st_size
    served.download()
    assert ranges(served)[-1] == f"bytes={have}-"
    assert served.files() == FILES


def test_no_room_is_seen_before_a_byte_comes(served: Site) -> None:
    served.free = 65 << 20
    with pytest.raises(CompanionError, match="are needed in") as caught:
        served.download()
    assert caught.value.code is Exit.MISSING
    assert served.files() == {}
    served.free = 80 << 20
    served.download()


def test_far_more_than_is_listed_is_not_even_begun(served: Site) -> None:
    huge = lengthened(1 << 40)
    served.faults.add("GET /files/", huge, times=ALWAYS)
    with pytest.raises(CompanionError, match="far more than is listed"):
        served.download()
    assert served.files() == {}


def test_rules_that_are_not_accepted(served: Site) -> None:
    served.faults.add("/DownloadDataFiles", rules_not_accepted())
    with pytest.raises(CompanionError, match="rules") as caught:
        served.download()
    assert "kaggle join" in caught.value.hint
    assert served.files() == {}


def test_a_name_that_is_nearly_right(served: Site) -> None:
    wish = downloads.Wish()
    with pytest.raises(CompanionError, match=r"did you mean people\?"):
        downloads.download(Target("peopel", practice=True), served.folder, wish, served.connect)


def test_a_site_that_asks_to_wait(served: Site) -> None:
    served.faults.add("/DownloadDataFiles", refused(429, retry_after=0), times=2)
    served.download()
    assert served.files() == FILES


def test_what_the_archive_lacks_is_said(served: Site) -> None:
    less = packed({"train.csv": b"id,y\n1,0\n", "test.csv": b"id\n22\n"})
    served.faults.clear()
    served.holds(FILES, archive=less)
    assert served.download().unlike == (
        "test.csv has 6 bytes, listed are 5",
        "images/1.png is not in the archive",
    )


def test_a_hostile_archive_writes_nothing(served: Site) -> None:
    evil = packed({"train.csv": FILES["train.csv"], "../../evil.csv": b"evil"})
    served.faults.clear()
    served.holds(FILES, archive=evil)
    with pytest.raises(CompanionError, match="leads out of the folder"):
        served.download()
    assert list(served.files()) == [ARCHIVE]
    assert not list(served.folder.parent.rglob("evil.csv"))


def test_a_folder_of_something_else(served: Site) -> None:
    served.download()
    path = served.folder / ".download.json"
    path.write_text(path.read_text().replace(f"practice/{SLUG}", "kaggle/titanic"))
    with pytest.raises(CompanionError, match="holds kaggle/titanic") as caught:
        served.download()
    assert "--to" in caught.value.hint


@pytest.mark.parametrize("text", ["{", '{"version": 1}', '{"version": 1, "source": 1, "at": "", "whole": 1, "files": {"a": ["x"]}, "coming": {}}', '{"version": 99}'])  # fmt: skip
def test_a_record_that_cannot_be_read_is_not_taken_for_none(served: Site, text: str) -> None:
    served.folder.mkdir()
    (served.folder / ".download.json").write_text(text)
    with pytest.raises(CompanionError):
        served.download()
    assert (served.folder / ".download.json").read_text() == text


def test_where_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder_of(Target("titanic", practice=False)) == Path("titanic")
    assert folder_of(Target("Con", practice=False)) == Path("Con-data"), "Windows keeps the name"
    (tmp_path / ".download.json").write_text('{"source": "kaggle/titanic"}')
    assert folder_of(Target("titanic", practice=False)) == Path(), "where it was downloaded to"
    assert folder_of(Target("titanic", practice=True)) == Path("titanic")
    (tmp_path / ".download.json").write_text("[")
    assert folder_of(Target("titanic", practice=False)) == Path("titanic")
    project = tmp_path / "project"
    (project / "runs").mkdir(parents=True)
    (project / "project.yml").write_text("name: x\n")
    (project / ".fastcompanion.yml").write_text("version: 1\n")
    monkeypatch.chdir(project / "runs")
    assert folder_of(Target("titanic", practice=False)) == project / "data" / "titanic"


def test_crc_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123456789")
    assert unpacking.crc_of(tmp_path / "a") == 0xCBF43926
    assert unpacking.holds(tmp_path / "a", Member("a", 9, 0xCBF43926))


def test_a_list_that_is_too_long_is_not_read_to_its_end(
    served: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a hundred thousand pictures the archive tells, and no file is said to be missing."""
    monkeypatch.setattr(downloads, "_MOST_LISTED", 2)
    assert served.download().unlike == ()
    assert served.files() == FILES


def test_in_a_repository_git_leaves_the_data_out(served: Site) -> None:
    (served.folder.parent / ".git").mkdir()
    served.download()
    assert served.files() == {**FILES, ".gitignore": b"*\n"}
    assert served.download().already


def test_archives_inside_of_the_archive_are_named(served: Site) -> None:
    served.faults.clear()
    served.holds({"train.zip": packed({"1.png": b"1"}), "test.csv": b"x\n"})
    assert served.download().archives == ("train.zip",)
    assert set(served.files()) == {"train.zip", "test.csv"}
