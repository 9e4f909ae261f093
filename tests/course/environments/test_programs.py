"""Programs that no package brings: their names in errors, and how to get them."""

from __future__ import annotations

import pytest

from fastcompanion.course.environments import programs


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ("failed to execute PosixPath('dot'), make sure the Graphviz executables are on your", "dot"),
        ("failed to execute ['dot', '-Kdot', '-Tsvg'], make sure the Graphviz executables", "dot"),
        ("failed to execute WindowsPath('dot'), make sure", "dot"),
        ("failed to execute '/opt/bin/ffmpeg'", "ffmpeg"),
        ("/bin/sh: 1: pandoc: not found", "pandoc"),
        ("bash: my-tool: command not found", "my-tool"),
        ("ExecutableNotFound", ""),
    ],
)  # fmt: skip
def test_the_program_is_read_from_the_error(error: str, name: str) -> None:
    assert programs.missing_program(error) == name


@pytest.mark.parametrize(
    ("platform", "line"),
    [
        ("linux", "sudo apt install graphviz"),
        ("darwin", "brew install graphviz"),
        ("win32", "winget install graphviz"),
    ],
)
def test_each_system_has_its_own_way(
    platform: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    assert programs.install_line("dot") == line
    assert line in programs.cure("failed to execute PosixPath('dot')")


def test_a_program_that_is_not_known_is_named_all_the_same() -> None:
    assert programs.install_line("my-tool") == ""
    assert "my-tool is missing" in programs.cure("bash: my-tool: command not found")
    assert "is not installed" in programs.cure("ExecutableNotFound")
