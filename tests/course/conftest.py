"""What the tests of the course wing share."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastcompanion.base.workspace import Workspace


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """A study without a repository of its own, for tests of a wing."""
    root = tmp_path / "my study"
    root.mkdir()
    (root / "fastcompanion.toml").write_text("version = 1\n")
    return Workspace(root)
