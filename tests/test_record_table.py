"""The table of recorded checks: its intervals, its page, and how learners' work is put into a scaffold."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.course.library import courses
from fastcompanion.course.recording.operators import LISTED
from scripts import figures_page, record_table
from scripts.record_table import Place, blocks, filled, foreign
from tests.course.originals import fixture, scaffolded


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    # Newcombe (1998), table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)  # fmt: skip
def test_intervals_are_those_of_the_literature(hits: int, of: int, low: float, high: float) -> None:
    assert figures_page.wilson(hits, of) == pytest.approx((low, high), abs=1e-4)
    assert figures_page.wilson(0, 0) == (0.0, 1.0)
    assert figures_page.share(9, 10) == "9 of 10 = 90% [60% to 98%]"


def section(name: str, status: str, reason: str = "", caught: int = 9, planted: int = 10) -> Any:
    counts = {"caught": caught, "planted": planted, "crashed": 2, "equivalent": 1}
    told = {"title": name, "status": status, "reason": reason, "survivors": ["cell 1: secret()"]}
    return {"id": name, **told, **counts}


def result(lesson: str, **more: Any) -> dict[str, Any]:
    plain = {"verdict": "clean", "words": "every cell ran", "seconds": 20.0}
    told = {"lesson": lesson, "source": "somebody/course", "path": "nbs/01-lines.ipynb"}
    return {**told, "style": "headings", "commit": "a" * 40, "why": "", "plain": plain, **more}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    parts = [
        section("loss", "hard"),
        section("plots", "self-assessed", "it leaves nothing behind that can be compared", 0, 0),
        section("steps", "self-assessed", "its check catches only 3 of 10 planted mistakes", 3),
    ]
    record = {"sections": parts, "versions": {"python": "3.11", "torch": "2.4.1"}}
    refused = {**result("c/02", why="it searches the web"), "path": "02-birds.ipynb"}
    refused["plain"] = {"verdict": "could not check", "words": "cell 3: it needs the network"}
    told = {"c-01": result("c/01", record=record, seconds=90.0), "c-02": refused}
    for name, one in told.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(one))
    work = [{"id": "loss", "verdict": "passed"}, {"id": "plots", "verdict": "to-assess"}]
    made = [{"file": "dev-terse", "lesson": "c/01", "sections": work}]
    (tmp_path / "reproductions-lines.json").write_text(json.dumps(made))
    return tmp_path


def test_the_page_counts_what_is_checked_and_gives_every_reason(results: Path) -> None:
    page = figures_page.page(results, ["c/01", "c/02", "c/03"])
    row = next(line for line in page.splitlines() if line.startswith("| somebody/course 01-lines"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:5] == ["headings", "3", "2", "1"]
    assert cells[5].startswith("9 of 10 = 90%")
    assert cells[6:] == ["2", "1", "20 s", "4.5x", "an earlier one"]
    assert "1 of 2 = 50%" in page
    assert "- steps: its check catches only 3 of 10 planted mistakes" in page
    assert "- plots: it leaves nothing behind" in page
    assert "02-birds: it searches the web (cell 3: it needs the network)" in page
    assert "| c/01 | dev-terse | 2 | 1 | 1 of 1 = 100%" in page
    assert "somebody/course at aaaaaaaaaa" in page
    assert "torch 2.4.1" in page


def planted(operator: str, fate: str, *, hard: bool = True, inside: bool = False) -> dict[str, Any]:
    told = {"section": "loss", "operator": operator, "fate": fate}
    return {**told, "hard": hard, "in_function": inside}


def test_kinds_of_mistakes_are_counted_with_checked_sections_apart(results: Path) -> None:
    path = results / "c-01.json"
    found = json.loads(path.read_text())
    tried = [planted("column", "caught", inside=True) for _ in range(3)]
    tried += [planted("column", fate) for fate in ("survived", "crashed", "equivalent")]
    tried += [planted("column", "survived", hard=False), planted("step", "caught")]
    tried += [planted(kind, "caught") for kind in LISTED if kind != "step" for _ in range(10)][10:]
    tried += [planted("else", "survived", hard=False)]
    places = {"step": 1, "column": 12}
    found["operators"] = {"tried": tried, "places": places, "finished": False, "program": "b" * 40}
    path.write_text(json.dumps(found))
    lines = figures_page.page(results, ["c/01"]).splitlines()
    [row] = [line for line in lines if line.startswith("| column |")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:4] == ["12", "16", "3"]
    assert cells[4].startswith("13 of 14 = 93%")
    assert cells[5:7] == ["1", "1"]
    assert cells[7].startswith("0 of 1 = 0%")
    assert "Fewer than 10 that tell something: operator, step." in lines
    assert "Tried with this program at bbbbbbbbbb." in lines
    assert "The time was not enough for all of them." in lines
    assert not [line for line in lines if line.startswith("| else |")]


def test_the_page_holds_no_code_of_a_course(results: Path) -> None:
    assert "secret" not in figures_page.page(results, ["c/01"])


def test_a_learners_cells_take_the_place_of_the_empty_ones() -> None:
    made = scaffolded(fixture("headings_only"))
    first, second = (one.id for one in made.sections[:2])
    text = f"# %% [section {first}]\na = 1\n\nb = a\n# %% [section {first}]\nc = 2\n"
    own = list(blocks(text))
    assert own == [(first, "a = 1\n\nb = a"), (first, "c = 2")]
    book = filled(made.notebook, own)
    work = [c for c in book["cells"] if c["metadata"]["fastcompanion"]["role"] == "work"]
    mine = [c["source"] for c in work if c["metadata"]["fastcompanion"]["section"] == first]
    assert mine == ["a = 1\n\nb = a", "c = 2"]
    assert any(c["metadata"]["fastcompanion"]["section"] == second for c in work)
    assert len({c["id"] for c in book["cells"]}) == len(book["cells"])


def test_a_built_in_course_becomes_a_foreign_one(tmp_path: Path) -> None:
    folder = foreign("foundations", tmp_path / "copy")
    assert not [p for p in folder.rglob("*") if p.suffix in (".yaml", ".py")]
    place = Place(tmp_path, tmp_path / "work", None)
    courses.add(place.study, str(folder), as_id="foreign")
    made = courses.load(place.study, "foreign")
    assert [lesson.number for lesson in made.lessons] == ["01", "02"]
    assert not any(lesson.sections or lesson.checks for lesson in made.lessons)


def test_the_survey_names_each_notebook_once() -> None:
    told = tomllib.loads(record_table.SURVEY.read_text(encoding="utf-8"))["course"]
    names = [f"{one['id']}/{number}" for one in told for number in one["lessons"]]
    assert len(names) == len(set(names)) > 20
    assert all({"id", "source", "style"} <= set(one) for one in told)
    assert all(set(one.get("partly", ())) <= set(one["lessons"]) for one in told)
