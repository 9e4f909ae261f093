"""A project's own scripts: how their end is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.project import running
from fastcompanion.project.place import Project

ENDS = """
import os, signal
print("http://127.0.0.1:8000/ (Ctrl-C ends it)", flush=True)
os.kill(os.getpid(), signal.SIGTERM)
"""


@pytest.mark.skipif("not hasattr(__import__('os'), 'killpg')", reason="signals of POSIX")
def test_a_script_that_was_ended_from_outside_is_no_error_of_its_last_line(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(ENDS)
    with pytest.raises(CompanionError) as ended:
        running.script(Project(tmp_path), ["app.py"])
    assert "ended from outside (signal 15)" in ended.value.message
    assert "http" not in json.dumps(ended.value.message)
