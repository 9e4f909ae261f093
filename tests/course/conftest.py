"""What the tests of the course wing share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fastcompanion.base.workspace import Workspace
from tests.git_server import GitServer


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitServer]:
    """Git over HTTP on this machine."""
    for name in (
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    with GitServer(tmp_path / "served") as running:
        yield running


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """A study without a repository of its own, for tests of a wing."""
    root = tmp_path / "my study"
    root.mkdir()
    (root / "fastcompanion.toml").write_text("version = 1\n")
    return Workspace(root)
