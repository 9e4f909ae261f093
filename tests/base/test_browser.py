"""Opening a page: by a browser that the test names, and never anything but a web address."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fastcompanion.base import browser
from fastcompanion.base.errors import CompanionError
from tests.waiting import until


def test_files_of_the_learner_are_not_taken_for_those_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m` looks in the working folder first, and nobody would see why no page opens."""
    for name in ("shlex", "random", "webbrowser"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit\n")
    seen, program = tmp_path / "seen", tmp_path / "program.py"
    program.write_text(f"import sys; open({str(seen)!r}, 'w').write(sys.argv[1])")
    monkeypatch.setenv("BROWSER", f"{sys.executable} -P {program} %s")
    monkeypatch.chdir(tmp_path)
    browser.open_page("https://example.org/page")
    assert until(lambda: seen.exists() and seen.read_text()) == "https://example.org/page"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "-h", ""])
def test_only_web_addresses_are_opened(url: str) -> None:
    with pytest.raises(CompanionError, match="no web address"):
        browser.open_page(url)
