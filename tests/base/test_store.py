"""Writing is whole or not at all; what can't be read is named and never overwritten."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import filelock
import pytest

from fastcompanion.base import store
from fastcompanion.base.errors import CompanionError

Drop = Callable[[Callable[[], int]], int]
POSIX = os.name == "posix"


def test_text_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "neu er" / "日本 ü.md"
    store.write_text(path, "ü\n")
    assert path.read_bytes() == "ü\n".encode()
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\r\n")
    assert store.read_text(path) == "a\nb\n"


def test_a_wrong_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "latin"
    path.write_bytes(b"one\ntwo\nf\xfcr\n")
    with pytest.raises(CompanionError, match="not UTF-8") as caught:
        store.read_text(path)
    assert (caught.value.file, caught.value.line) == (str(path), 3)


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CompanionError, match="no such file"):
        store.read_text(tmp_path / "none")


@pytest.mark.skipif(not POSIX, reason="modes and links: not run here")
def test_mode_and_link_survive_a_write(tmp_path: Path) -> None:
    path = tmp_path / "private"
    store.write_text(path, "a", mode=0o600)
    link = tmp_path / "link"
    link.symlink_to(path)
    store.write_text(link, "b")
    assert link.is_symlink()
    assert path.read_text() == "b"
    assert path.stat().st_mode & 0o777 == 0o600
    store.write_text(tmp_path / "plain", "c")
    assert (tmp_path / "plain").stat().st_mode & 0o077 == 0o044


def test_nothing_is_left_beside_a_written_file(tmp_path: Path) -> None:
    store.write_text(tmp_path / "a", "1")
    store.write_text(tmp_path / "a", "2")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(not POSIX, reason="read-only folders: not run here")
def test_a_read_only_folder_and_file_are_clear_errors(open_tmp: Path, unprivileged: Drop) -> None:
    closed = open_tmp / "closed"
    closed.mkdir()
    (closed / "old").write_text("kept")
    closed.chmod(0o555)

    def attempts() -> int:
        acts: list[Callable[[], object]] = [
            lambda: store.write_text(closed / "new", "x"),
            lambda: store.write_text(closed / "old", "x"),
            lambda: store.append_text(closed / "new", "x"),
            lambda: store.make_folder(closed / "folder"),
            lambda: store.remove(closed / "old"),
        ]
        for number, act in enumerate(acts):
            try:
                act()
            except CompanionError as error:
                if "Permission denied" not in error.message or not error.hint:
                    return 10 + number
            else:
                return 20 + number
        return 0

    assert unprivileged(attempts) == 0
    assert (closed / "old").read_text() == "kept"
    closed.chmod(0o755)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_says_so() -> None:
    with pytest.raises(CompanionError) as caught:
        store.append_text(Path("/dev/full"), "x\n")
    assert "No space left" in caught.value.message
    assert "space" in caught.value.hint


def test_a_process_killed_while_writing_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    store.write_json(path, {"n": 0, "pad": "x" * 100_000})
    program = (
        "import sys, pathlib\n"
        "from fastcompanion.base import store\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    store.write_json(pathlib.Path(sys.argv[1]), {'n': n, 'pad': 'x' * 100_000})\n"
        "    print(n, flush=True)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    for _ in range(30):
        child.stdout.readline()
    child.kill()
    child.wait()
    child.stdout.close()
    found = store.read_json(path)
    assert found["n"] >= 30
    assert len(found["pad"]) == 100_000


def test_json_and_yaml_and_toml_name_the_broken_line(tmp_path: Path) -> None:
    for name, text, line, read in (
        ("a.json", '{\n "a": 1,\n}', 3, store.read_json),
        ("a.yaml", "a: 1\nb: [1\nc: 2\n", 3, store.read_yaml),
        ("a.toml", "a = 1\nb = = 2\n", 2, store.read_toml),
    ):
        path = tmp_path / name
        path.write_text(text)
        with pytest.raises(CompanionError, match="is not valid") as caught:
            read(path)
        assert (caught.value.file, caught.value.line) == (str(path), line)
        path.write_text("<<<<<<< HEAD\n" + text)
        with pytest.raises(CompanionError, match="conflict marker") as caught:
            read(path)
        assert caught.value.line == 1


def test_yaml_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "evil.yaml"
    path.write_text(f"!!python/object/apply:os.mkdir ['{tmp_path / 'made'}']\n")
    with pytest.raises(CompanionError):
        store.read_yaml(path)
    assert not (tmp_path / "made").exists()


def test_a_lock_is_waited_for_and_then_named(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    program = (
        "import sys, pathlib\n"
        "from fastcompanion.base import store\n"
        "with store.lock(pathlib.Path(sys.argv[1]), busy='x'):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.readline()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    child.stdout.readline()
    with (
        pytest.raises(CompanionError, match="somebody else"),
        store.lock(path, busy="somebody else", wait=0.1),
    ):
        pytest.fail("the lock was held twice")
    child.kill()
    child.wait()
    child.stdout.close()
    child.stdin.close()
    with store.lock(path, busy="a lock of a dead process", wait=30):
        pass


def test_remove_takes_files_links_and_folders_and_no_more(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    folder = tmp_path / "folder"
    folder.mkdir()
    store.link(outside, folder / "link")
    store.remove(folder)
    store.remove(folder)
    assert not folder.exists()
    assert (outside / "kept").exists()


def test_lines_that_only_fit_together_are_refused(tmp_path: Path) -> None:
    """Lines are parsed in one go; two halves of a record on two lines must not pass as one."""
    path = tmp_path / "progress.jsonl"
    for text in (
        '{"id":"a"\n"at":"x"}\n',
        '{"id":"a"},{"id":"b"}\n',
        '{"id":"a"}\n[1]\n',
        '{"id":"a"}\n{"id":"b"\n',
    ):
        path.write_text(text)
        with pytest.raises(CompanionError) as caught:
            store.read_lines(path)
        assert caught.value.line is not None, text


def test_lines_of_several_time_zones_are_in_the_order_in_which_they_happened(
    tmp_path: Path,
) -> None:
    """As text, 09:00+09:00 comes after 01:30+01:00; it was half an hour earlier."""
    path = tmp_path / "progress.jsonl"
    path.write_text(
        '{"id":"b","at":"2026-11-21T01:30:00+01:00"}\n{"id":"a","at":"2026-11-21T09:00:00+09:00"}\n'
    )
    assert [line["id"] for line in store.read_lines(path)] == ["a", "b"]


def test_the_quick_lock_and_that_of_filelock_are_one(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    other = filelock.FileLock(str(path))
    with (
        other,
        pytest.raises(CompanionError, match="taken"),
        store.lock(path, busy="taken", wait=0),
    ):
        pass
    with store.lock(path, busy="x"), pytest.raises(filelock.Timeout):
        other.acquire(timeout=0)
    with other:
        assert other.is_locked


def test_what_is_no_file_can_not_be_locked(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises((CompanionError, OSError)), store.lock(folder, busy="x", wait=0.1):
        pass


def test_text_with_a_mark_in_front_is_read_without_it(tmp_path: Path) -> None:
    path = tmp_path / "windows.md"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert store.read_text(path) == "one\ntwo\n"
    path.write_bytes(b"\xef\xbb\xbfone\n\xff\n")
    with pytest.raises(CompanionError, match="byte 0xff") as caught:
        store.read_text(path)
    assert caught.value.line == 2


@pytest.mark.parametrize("write", [store.write_text, store.append_text])
def test_what_is_no_text_is_refused_and_changes_nothing(
    tmp_path: Path, write: Callable[[Path, str], None]
) -> None:
    """A terminal that sends Latin-1 gives such characters to programs that read UTF-8."""
    path = tmp_path / "day.md"
    path.write_text("before\n")
    with pytest.raises(CompanionError, match="no text") as caught:
        write(path, "m\udce4rz\n")
    assert caught.value.file == str(path)
    assert path.read_text() == "before\n"


def test_a_file_gets_its_time_and_yaml_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    store.write_yaml(path, {"a": 1}, mode=0o600)
    assert not POSIX or path.stat().st_mode & 0o777 == 0o600
    store.set_modified(path, 1_700_000_000.25)
    assert path.stat().st_mtime == pytest.approx(1_700_000_000.25, abs=0.01)
    with pytest.raises(CompanionError, match="can't get its time"):
        store.set_modified(tmp_path / "none", 1.0)
