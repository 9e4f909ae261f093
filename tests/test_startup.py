"""What a start must not load: names of modules, not milliseconds (those are in benchmarks/startup.py)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import docs

HEAVY = [
    "torch", "fastai", "kaggle", "kagglesdk", "requests", "urllib3", "git", "numpy", "pandas", "matplotlib", "nbformat",
    "nbclient", "jupyter_client",
    "IPython", "yaml", "tomlkit", "filelock", "platformdirs", "jinja2", "fsrs", "nbdime", "pydantic", "asyncio",
    "sqlite3", "http.client", "ssl", "click.testing", "unittest", "tzlocal",
]  # fmt: skip

SCRIPT = """
import contextlib, io, json, sys
from fastcompanion.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    code = main(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]))
"""

GROUPS: list[list[str]] = [[]]
GROUPS += [words.split()[1:] for words, command in docs.walk(docs.root()) if docs.is_group(command)]


@pytest.fixture
def built_in_study(study_by_init: Path) -> Path:
    """What was read of the course is known already."""
    return study_by_init


def loaded(*words: str, cwd: Path) -> tuple[int, set[str]]:
    """Run one command in a fresh interpreter; give its exit code and every module it has loaded."""
    argv = [sys.executable, "-c", SCRIPT, *words]
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stdout)
    return code, set(modules)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: " ".join(group) or "root")
def test_help_loads_nothing_heavy(group: list[str], tmp_path: Path) -> None:
    code, modules = loaded(*group, "--help", cwd=tmp_path)
    assert code == 0
    assert modules & set(HEAVY) == set()
    assert "rich" not in modules, "help that is no terminal's needs no rich"


def test_what_is_sent_to_a_site_needs_no_server(tmp_path: Path) -> None:
    code, modules = loaded("kaggle", "submit", "--help", cwd=tmp_path)
    assert code == 0
    assert "fastcompanion.competition.site.submitting" in modules
    assert "fastcompanion.competition.practice.server" not in modules


def test_the_test_sees_what_is_loaded(tmp_path: Path) -> None:
    """The same script, on a program that loads one of the names."""
    argv = [sys.executable, "-c", "import yaml\n" + SCRIPT, "--help"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "yaml" in json.loads(done.stdout)[1]


@pytest.mark.parametrize(
    "words", ["status", "next --dry-run", "lesson list", "status --json", "config show"]
)
def test_daily_commands_load_nothing_heavy(words: str, built_in_study: Path) -> None:
    code, modules = loaded(*words.split(), cwd=built_in_study)
    assert code == 0
    allowed = {"yaml"} if words.startswith("lesson") else set()
    assert modules & set(HEAVY) - allowed == set()


@pytest.mark.parametrize("words", ["review --json", "review stats", "review list"])
def test_asking_what_is_due_loads_no_scheduler(words: str, built_in_study: Path) -> None:
    """What is known of each card is kept in a cache; FSRS is loaded to follow new answers alone."""
    line = {"v": 1, "at": "2026-01-01T19:30:00+01:00", "card": "q1"}
    folder = built_in_study / "review"
    folder.mkdir()
    card = {**line, "id": "a", "kind": "accepted", "front": "Why?"}
    (folder / "cards.jsonl").write_text(json.dumps(card) + "\n")
    answer = {**line, "id": "b", "day": "2026-01-01", "rating": "good"}
    (folder / "reviews.jsonl").write_text(json.dumps(answer) + "\n")
    assert "fsrs" in loaded("review", "--json", cwd=built_in_study)[1]
    code, modules = loaded(*words.split(), cwd=built_in_study)
    assert code == 0
    assert modules & set(HEAVY) == set()


@pytest.mark.parametrize("words", ["status", "next --dry-run", "next -m 25 --dry-run"])
def test_sections_that_come_back_need_no_scheduler_before_they_are_written(
    words: str, built_in_study: Path
) -> None:
    """Their days stand in the events: who only asks waits for no library."""
    passed = {"notebook": "samuel", "sections": {"look-at-the-data": "passed"}}
    line = {"v": 1, "id": "k3f9q2tzab", "at": "2026-01-01T19:30:00+01:00", "kind": "lesson.checked"}
    with (built_in_study / "progress.jsonl").open("a") as events:
        events.write(json.dumps({**line, "lesson": "foundations/01", "data": passed}) + "\n")
    assert loaded("lesson", "scratch", "1", cwd=built_in_study)[0] == 0
    code, modules = loaded(*words.split(), cwd=built_in_study)
    assert code == 0
    assert modules & set(HEAVY) == set()


@pytest.mark.parametrize("words", ["status", "plan show", "plan forecast", "plan check"])
def test_a_plan_loads_the_zone_data_and_nothing_else(words: str, built_in_study: Path) -> None:
    code, modules = loaded("status", cwd=built_in_study)
    assert code == 0
    assert "zoneinfo" not in modules, "without a plan nobody asks for zones"
    init = ["plan", "init", "--when", "tue 19:30 90", "--timezone", "Europe/Warsaw"]
    assert loaded(*init, cwd=built_in_study)[0] == 0
    code, modules = loaded(*words.split(), cwd=built_in_study)
    assert code == 0
    assert modules & set(HEAVY) == set()


def test_looking_at_a_table_loads_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,label\n" + "1.5,a\n2.5,b\n" * 20)
    code, modules = loaded("data", "show", "a.csv", "--json", cwd=tmp_path)
    assert code == 0
    assert modules & {*HEAVY, "sklearn", "scipy", "PIL", "statistics"} == set()


def test_asking_for_the_version_reads_no_study(tmp_path: Path) -> None:
    (tmp_path / "fastcompanion.toml").write_text("this is [not toml")
    code, modules = loaded("--version", cwd=tmp_path)
    assert code == 0
    assert modules & set(HEAVY) == set()


def test_the_notebook_extension_costs_the_command_line_nothing(tmp_path: Path) -> None:
    """The package offers `%load_ext fastcompanion`, and loads nothing for it before it is asked."""
    code, modules = loaded("--help", cwd=tmp_path)
    assert code == 0
    assert not [name for name in modules if name.startswith("fastcompanion.notebook")]
    script = "import sys, fastcompanion\nprint(sorted(m for m in sys.modules if m.startswith('fastcompanion')))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['fastcompanion']"
