"""The preview: on this machine alone, made again at each save, whatever is saved."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.study.posts import preview
from fastcompanion.study.posts.preview import Preview
from tests.study.posts.samples import put, text_post, whole


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return whole(tmp_path / "my study")


@pytest.fixture
def live(ws: Workspace) -> Iterator[Preview]:
    with preview.running(ws, port=0) as running:
        assert running.look()
        yield running


def get(live: Preview, path: str, *, host: str = "", method: str = "GET") -> tuple[int, str, str]:
    """Ask the server as a browser would, or as one that lies about the host."""
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=20)
    connection.request(method, path, headers={"Host": host or f"127.0.0.1:{live.port}"})
    answer = connection.getresponse()
    body = answer.read().decode("utf-8", "replace")
    connection.close()
    return answer.status, str(answer.headers["Content-Type"]), body


def test_pages_come_with_drafts_and_a_script_that_reloads(live: Preview) -> None:
    status, kind, body = get(live, "/")
    assert (status, kind) == (200, "text/html; charset=utf-8")
    assert "Not yet" in body
    assert "draft" in body
    assert body.count('<script src="/-/reload.js" data-version="1">') == 1
    assert get(live, "/-/version")[2] == "1"
    assert "location.reload()" in get(live, "/-/reload.js")[2]
    assert get(live, "/style.css")[1] == "text/css; charset=utf-8"
    assert get(live, "/posts/week-47/images/plot.png")[1] == "image/png"
    assert get(live, "/nothing/here")[0] == 404
    assert get(live, "/", method="HEAD")[2] == ""


def test_it_is_served_below_the_blogs_path_too(live: Preview) -> None:
    assert "Week 47" in get(live, "/study/posts/week-47/")[2]
    assert 'href="/study/style.css"' in get(live, "/none")[2]
    assert get(live, "/study/style.css")[0] == 200


def test_a_save_is_built_and_nothing_else_is(live: Preview, ws: Workspace) -> None:
    assert not live.look()
    source = ws.posts / "2026-10-01-first/index.md"
    source.write_text(source.read_text(encoding="utf-8") + "\nOne more.\n", encoding="utf-8")
    assert live.look()
    assert live.site is not None
    assert "posts/first/index.html" in live.site.written
    assert "posts/week-47/index.html" not in live.site.written
    assert get(live, "/-/version")[2] == "2"
    assert "One more." in get(live, "/posts/first/")[2]
    assert not live.look()


def test_a_broken_post_shows_its_place_until_it_is_mended(live: Preview, ws: Workspace) -> None:
    source = ws.posts / "2026-10-01-first/index.md"
    good = source.read_text(encoding="utf-8")
    source.write_text(good.replace("date: 2026-10-01", "date: soon"), encoding="utf-8")
    assert live.look()
    for path in ("/posts/first/", "/"):
        assert "posts/2026-10-01-first/index.md:3" in get(live, path)[2]
    assert "Week 47" in get(live, "/posts/week-47/")[2]
    source.write_text(good, encoding="utf-8")
    assert live.look()
    assert "Hello." in get(live, "/posts/first/")[2]


def test_broken_settings_are_shown_and_survived(live: Preview, ws: Workspace) -> None:
    good = ws.settings.read_text(encoding="utf-8")
    ws.settings.write_text(good + "[blog\n", encoding="utf-8")
    assert live.look()
    status, _, body = get(live, "/posts/first/")
    assert status == 500
    assert "fastcompanion.toml:" in body
    assert "reload.js" in body
    ws.settings.write_text(good, encoding="utf-8")
    assert live.look()
    assert get(live, "/posts/first/")[0] == 200


@pytest.mark.parametrize("path", ["/../../../fastcompanion.toml", "/%2e%2e/%2e%2e/record.json", "/..%2f..%2f..%2ffastcompanion.toml", "/posts/../../record.json", "/%00", "//etc/hosts", "/C:/x", "http://evil.example/style.css/..", "/" + "a" * 5000])  # fmt: skip
def test_nothing_outside_the_site_is_given(live: Preview, path: str) -> None:
    status, _, body = get(live, path)
    assert status == 404 or "Ada learns" in body
    assert "version = 1" not in body


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "localhost:1"])
def test_other_names_for_this_machine_are_refused(live: Preview, host: str) -> None:
    assert get(live, "/", host=host)[0] == 403


def test_it_listens_on_this_machine_alone(live: Preview) -> None:
    assert live.url == f"http://127.0.0.1:{live.port}/"
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.1", live.port)) == 0
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.2", live.port)) != 0


def test_a_port_that_is_taken_is_told_and_another_is_found(ws: Workspace) -> None:
    with preview.running(ws, port=0) as first:
        with pytest.raises(CompanionError, match=f"port {first.port} is taken"), preview.running(ws, port=first.port):  # fmt: skip
            pass
        with preview.running(ws) as second:
            assert second.port != first.port


def test_it_ends_with_ctrl_c_and_leaves_the_port_free(ws: Workspace) -> None:
    with pytest.raises(KeyboardInterrupt), preview.running(ws, port=0) as live:
        changes, port = live.changes(), live.port
        assert next(changes) is live.site
        changes.throw(KeyboardInterrupt)
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.1", port)) != 0


def test_warnings_are_told_once(live: Preview, ws: Workspace) -> None:
    put(ws, "2026-12-01-x", text_post("X", "2026-12-01", "![](images/p.png)"))
    live.look()
    assert live.site is not None
    assert len(live.told(live.site).warnings) == 2
    put(ws, "2026-12-02-y", text_post("Y", "2026-12-02", "Text."))
    live.look()
    assert live.told(live.site).warnings == ()
