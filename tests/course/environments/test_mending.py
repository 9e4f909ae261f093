"""A notebook that one release broke is mended, by date and minimally, against a real index."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import SILENT
from fastcompanion.course.environments import as_of, shelf
from fastcompanion.course.environments.as_of import end_of
from fastcompanion.course.environments.imports import Needs
from fastcompanion.course.environments.uv import Wanted, need_uv
from tests.course.environments.index import OWN_PYTHON, Index

DAY = "2023-02-17"


def _folders() -> list[str]:
    home = workspace.environments_folder()
    names = [child.name for child in home.iterdir()] if home.is_dir() else []
    return [name for name in names if not name.startswith(".")]


def test_todays_packages_break_the_lesson(index: Index, course: Path, run: Any) -> None:
    made = run("env", "create", "--for", "frames", "--yes", "--json")
    assert made.code == 0, made.err
    assert made.data["name"] == "frames"
    assert made.data["versions"]["tinyframe"] == "2.0"
    assert any("neverheard" in note for note in made.data["notes"])
    ran = run("lesson", "run", "frames/01", "--execute", "--kernel", "frames", "--json")
    assert ran.data["verdict"] == "lesson broken here"
    assert ran.data["origin"]["cell"] == 2
    assert "AttributeError" in ran.data["origin"]["error"]


def test_a_date_alone_would_install_an_ancient_release(index: Index) -> None:
    """The trap that the floors are for: nothing else fits, so the resolver goes back seven years."""
    wanted = Wanted(("tinyframe",), OWN_PYTHON, end_of(_date(DAY)), only_wheels=True)
    assert need_uv("this test").resolve(wanted).versions["tinyframe"] == "0.6"


def _date(text: str) -> Any:
    from datetime import date

    return date.fromisoformat(text)


def test_the_python_of_the_day_gives_the_exact_day(index: Index) -> None:
    dated = as_of.resolve(
        need_uv("this test"),
        Needs(("tinyold",)),
        _date(DAY),
        (OWN_PYTHON, "3.10"),
        OWN_PYTHON,
        SILENT,
    )
    assert (dated.python, dated.lock.versions) == ("3.10", {"tinyold": "1.0"})
    assert dated.cutoff == end_of(_date(DAY))


def test_without_that_python_nothing_fits_within_half_a_year(index: Index) -> None:
    with pytest.raises(CompanionError, match="within 26 weeks"):
        as_of.resolve(
            need_uv("this test"),
            Needs(("tinyold",)),
            _date("2023-01-15"),
            (OWN_PYTHON,),
            OWN_PYTHON,
            SILENT,
        )


def test_the_day_of_the_lesson_mends_it(index: Index, course: Path, run: Any) -> None:
    made = run(
        "env", "create", "--as-of", "lesson", "--for", "frames/01",
        "--python", OWN_PYTHON, "--yes", "--json",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert made.data["as_of"] == DAY
    assert made.data["versions"]["tinyframe"] == "1.5"
    assert made.data["versions"]["tinycore"] == "1.1", "the cut-off moved on to its first wheel"
    assert made.data["versions"]["tinyplot"] == "1.0"
    assert made.data["trial"]["ok"]
    assert made.data["trial"]["last_number"] == "6.5"
    assert (made.data["trial"]["same"], made.data["trial"]["compared"]) == (1, 1)
    assert any("2023-03" in note for note in made.data["notes"]), made.data["notes"]
    assert shelf.get(made.data["name"]).ran == "yes"


def test_minimal_moves_back_only_what_breaks_it(index: Index, course: Path, run: Any) -> None:
    made = run("env", "create", "mended", "--minimal", "--for", "frames/01", "--yes", "--json")
    assert made.code == 0, made.err
    assert made.data["versions"]["tinyframe"] == "1.5"
    assert made.data["versions"]["tinyplot"] == "2.0", "what is not to blame stays of today"
    assert made.data["trial"]["last_number"] == "6.5"
    assert made.data["attempts"][0]["moved_back"] == []
    assert "cell 2" in made.data["attempts"][0]["words"]
    assert len(made.data["attempts"]) <= 3
    names = [environment.name for environment in shelf.environments()]
    assert names == ["frames-01-today", "mended"]
    assert len(_folders()) == 2, "losers are removed"
    ran = run("lesson", "run", "frames/01", "--execute", "--kernel", "mended", "--json")
    assert ran.data["verdict"] == "clean"


def test_minimal_has_nothing_to_do_when_today_runs(index: Index, course: Path, run: Any) -> None:
    made = run("env", "create", "--minimal", "--for", "frames/02", "--yes", "--json")
    assert made.code == 0, made.err
    assert made.data["trial"]["ok"]
    assert made.data["moved_back"] == []
    assert [e.name for e in shelf.environments()] == ["frames-02-today"]
    index.requests.clear()
    dry = run("env", "create", "--minimal", "--for", "frames/02", "--dry-run", "--json")
    assert (dry.code, dry.data["created"], dry.data["trial"]) == (0, False, None)


def test_minimal_and_a_date_do_not_go_together(index: Index, course: Path, run: Any) -> None:
    refused = run("env", "create", "--minimal", "--as-of", DAY, "--for", "frames/01")
    assert refused.code == 2


def test_minimal_needs_a_lesson(index: Index, course: Path, run: Any) -> None:
    refused = run("env", "create", "--minimal", "--for", "frames")
    assert refused.code == 2
    assert "frames/NN" in refused.err


def test_minimal_refuses_what_old_packages_would_not_mend(
    index: Index, course: Path, run: Any
) -> None:
    notebook = course / "01-frames.ipynb"
    text = notebook.read_text().replace("frame = tinyframe.read()", "frame = open('nothing.csv')")
    notebook.write_text(text)
    again = run("course", "update", "frames", "--yes")
    assert again.code == 0, again.err
    made = run("env", "create", "--minimal", "--for", "frames/01", "--yes")
    assert made.code == 5
    assert "--data" in made.err


@pytest.mark.parametrize("asked", ["yesterday", "2999-01-01"])
def test_a_wrong_date_is_a_usage_error(index: Index, asked: str, run: Any) -> None:
    made = run("env", "create", "--as-of", asked, "-p", "tinyplot", "--yes")
    assert made.code == 2, made.err


def test_what_does_not_run_is_no_success_until_its_data_are_there(
    index: Index, course: Path, study: Path, run: Any
) -> None:
    argv = ("--as-of", "lesson", "--for", "frames/03", "--python", OWN_PYTHON, "--yes", "--json")
    without = run("env", "create", "without", *argv)
    assert without.code == 5
    assert without.data["trial"]["cell"] == 1
    assert shelf.get("without").ran == "stops at cell 1"
    table = study / "lessons" / "frames" / "03" / "table"
    table.mkdir(parents=True)
    (table / "rows.txt").write_text("4.25")
    beside = run("env", "create", "beside", *argv)
    assert beside.code == 0, beside.err
    assert beside.data["trial"]["last_number"] == "4.25"


def test_a_day_before_everything_is_clear(index: Index, run: Any) -> None:
    made = run("env", "create", "--as-of", "2014-01-01", "-p", "tinyplot", "--yes")
    assert made.code == 5
    assert _folders() == []


def test_a_clone_without_history_is_refused(
    index: Index, course: Path, git: Any, tmp_path: Path, run: Any
) -> None:
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", course.as_uri(), str(shallow))
    assert run("course", "add", shallow, "--as", "shallow").code == 0
    made = run("env", "create", "--as-of", "lesson", "--for", "shallow/01", "--yes")
    assert made.code == 5
    assert "unshallow" in made.err


def test_own_python_is_what_runs_the_environment(index: Index, run: Any) -> None:
    made = run("env", "create", "plain", "-p", "tinyplot", "--yes", "--json")
    assert made.code == 0, made.err
    assert made.data["python"] == OWN_PYTHON
    cfg = (Path(made.data["folder"]) / "pyvenv.cfg").read_text()
    assert sys.version.split()[0] in cfg
