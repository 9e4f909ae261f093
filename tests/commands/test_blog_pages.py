"""`blog build` and `blog preview` through main(argv), and the preview as a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import Runner
from tests.study.posts.samples import put, study, text_post, whole


def test_build_says_what_was_written_and_what_to_mend(tmp_path: Path, run: Runner) -> None:
    ws = whole(tmp_path / "my study")
    put(ws, "2026-12-01-x", text_post("X", "2026-12-01", "![](images/no.png)"))
    done = run("blog", "build", cwd=ws.root)
    assert done.code == 0, done.err
    assert "4 posts in" in done.out
    assert "posts/2026-12-01-x/index.md:6: 'images/no.png' is not there" in done.out
    assert (ws.root / "_site/index.html").exists()
    again = run("blog", "build", "--json", cwd=ws.root)
    assert again.data["written"] == []
    assert set(again.data) == {"folder", "url", "pages", "written", "kept", "removed", "warnings", "broken"}  # fmt: skip
    assert again.data["pages"][0] == "posts/x/"


def test_build_takes_another_folder_and_drafts(tmp_path: Path, run: Runner) -> None:
    ws = whole(tmp_path / "my study")
    done = run("blog", "build", "--drafts", "--out", tmp_path / "web", cwd=ws.root)
    assert done.code == 0, done.err
    assert (tmp_path / "web/posts/not-yet/index.html").exists()
    assert not (ws.root / "_site").exists()


def test_a_dry_run_leaves_no_trace(tmp_path: Path, run: Runner) -> None:
    ws = whole(tmp_path / "my study")
    for words in (["build"], ["preview"]):
        done = run("blog", *words, "--dry-run", cwd=ws.root)
        assert done.code == 0, done.err
        assert "Would build" in done.out
        assert not (ws.root / "_site").exists()


def test_with_nothing_but_drafts_the_preview_is_named(tmp_path: Path, run: Runner) -> None:
    ws = study(tmp_path / "s")
    assert "fastcompanion blog new" in run("blog", "build", cwd=ws.root).out
    put(ws, "2026-12-01-x", text_post("X", "2026-12-01", "Text.", "draft: true\n"))
    built = run("blog", "build", cwd=ws.root)
    assert "drafts are left out" in built.out
    assert "fastcompanion blog preview" in built.out
    assert "blog new" not in built.out


def test_one_file_is_one_file(tmp_path: Path, run: Runner) -> None:
    ws = study(tmp_path / "s")
    run("blog", "build", cwd=ws.root)
    (ws.root / "_site/404.html").unlink()
    assert "1 file written" in run("blog", "build", cwd=ws.root).out


def test_a_broken_post_names_its_line(tmp_path: Path, run: Runner) -> None:
    ws = study(tmp_path / "s")
    put(ws, "2026-12-01-x", text_post("X", "2026-12-01", "Text.", "draft: perhaps\n"))
    done = run("blog", "build", "--json", cwd=ws.root)
    assert done.code == 1
    assert done.errors[0]["line"] == 4
    assert done.errors[0]["file"].endswith("index.md")
    assert run("blog", "build", "--out", ".", cwd=ws.root).code == 1
    assert run("blog", "preview", "--port", "70000", cwd=ws.root).code == 2


def test_a_wrong_address_is_told(tmp_path: Path, run: Runner) -> None:
    ws = study(tmp_path / "s", 'version = 1\n[blog]\nurl = "ada.example"\n')
    done = run("blog", "build", cwd=ws.root)
    assert done.code == 2
    assert "fastcompanion config set blog.url" in done.err


@pytest.mark.skipif(os.name != "posix", reason="SIGINT is sent as Ctrl-C only on POSIX")
def test_the_preview_serves_and_ends_cleanly_with_ctrl_c(tmp_path: Path) -> None:
    ws = whole(tmp_path / "my study")
    argv = [sys.executable, "-m", "fastcompanion", "blog", "preview", "--json"]
    live = subprocess.Popen(argv, cwd=ws.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)  # fmt: skip
    try:
        assert live.stdout is not None
        line = live.stdout.readline()
        address = line.partition('"url": "')[2].partition('"')[0] or line.partition('"url":"')[2].partition('"')[0]  # fmt: skip
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=20) as answer:
            assert "Week 47" in answer.read().decode()
        live.send_signal(signal.SIGINT)
        out, err = live.communicate(timeout=30)
    finally:
        if live.poll() is None:
            live.kill()
            live.wait()
    assert live.returncode == 0, err
    assert "Traceback" not in err
    assert out == ""
