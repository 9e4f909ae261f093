"""`lesson repeat` and its check: from a folder of data to a step that is done."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.reporter import SILENT
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks.check import Asked as Checked
from fastcompanion.course.library import courses, lessons
from fastcompanion.course.notebooks import notebook
from fastcompanion.data import files, folds, predictions
from fastcompanion.data.dataset import Question
from fastcompanion.data.task import Wanted
from fastcompanion.flows import checking, lesson_data, repeat, repeated
from fastcompanion.flows.repeated import RepeatReport
from tests.data import awkward, folders

LESSON = "foundations/01"
#: what a learner without fastai could write in place of the loader cell
PLAIN = """
import csv
FOLD = "0"
parts = {row["id"]: row["part"] for row in csv.DictReader(open("samuel.repeat/splits.csv", newline=""))}
valid_ids = [one for one, part in parts.items() if part == FOLD]
class Loaders:
    train_ds, valid_ds = [one for one, part in parts.items() if part != FOLD], valid_ids
    def one_batch(self): return self.train_ds[:4]
dls = Loaders()
"""


@pytest.fixture
def ws(built_in_study: Path) -> Workspace:
    return Workspace(built_in_study)


def make(
    ws: Workspace, data: Path, ask: Callable[[Question], str] | None = None, **said: str
) -> repeat.Repeating:
    asked = repeat.Asked("1", None, Wanted(data, **said))
    return repeat.make(ws, asked, ask=ask, reporter=SILENT)


def check(ws: Workspace, note: str = "", step: str = "repeat", record: bool = True) -> RepeatReport:
    report = checking.check(ws, Checked("1"), step=step, note=note, reporter=SILENT, record=record)
    assert isinstance(report, RepeatReport)
    return report


def states(report: RepeatReport) -> dict[str, str]:
    return {item.name: item.state for item in report.items}


def item(report: RepeatReport, name: str) -> repeated.Item:
    return next(one for one in report.items if one.name == name)


def book(ws: Workspace) -> dict[str, Any]:
    return notebook.read(ws.notebook(LESSON, "samuel", "repeat"))


def change(ws: Workspace, role: str, source: str) -> None:
    """Write other text into the cell of a role, as the learner would."""
    made = book(ws)
    for cell in made["cells"]:
        if cell["metadata"]["fastcompanion"]["role"] == role:
            cell["source"] = source
    ws.notebook(LESSON, "samuel", "repeat").write_text(json.dumps(made))


def say(
    ws: Workspace,
    answer: Callable[[str, str], str],
    parts: str = "0",
    truth: Callable[[str], str] = str,
) -> None:
    """Write what a model says, as the last cell does; `answer` sees the id and the truth."""
    folder = ws.repeat_folder(LESSON, "samuel")
    _, rows = predictions.read(folder / "naive")
    known = dict(zip(rows.ids, rows.truths, strict=True))
    for part in parts:
        with (folder / f"mine-{part}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", "truth", "prediction"])
            ids = folds.read(folder).of(part)
            writer.writerows([one, truth(known[one]), answer(one, known[one])] for one in ids)


class TestMaking:
    def test_a_table(self, ws: Workspace) -> None:
        made = make(ws, folders.passengers(ws.root.parent / "trips"))
        assert made.score.metric == "accuracy"
        assert (made.baseline, made.split.folds) == ("one rule: Sex", 5)
        assert made.score.low < made.score.value < made.score.high
        assert "pixel-similarity" in made.sections
        cells = book(ws)["cells"]
        roles = [cell["metadata"]["fastcompanion"]["role"] for cell in cells]
        assert roles[:3] == ["header", "header", "loader"]
        assert roles[-3:] == ["header", "predictions", "note"]
        head = cells[0]["source"]
        assert "one rule: Sex, Sex alone says it" in head
        assert f"accuracy {made.score.value:.4g} (95 times of 100" in head
        assert "TabularPandas(df" in cells[2]["source"]
        titles = [cell["source"] for cell in cells if cell["metadata"]["fastcompanion"].get("of")]
        assert titles[::2][0].startswith("### ")
        folder = ws.repeat_folder(LESSON, "samuel")
        about = json.loads((folder / "repeat.json").read_text())
        assert about["baseline"]["value"] == made.score.value
        run, rows = predictions.read(folder / "naive")
        assert (run.split, len(rows)) == (folds.read(folder).digest, 500)

    def test_the_split_is_the_baselines_and_nothing_private_is_for_git(
        self, ws: Workspace, git: Callable[..., str]
    ) -> None:
        make(ws, folders.passengers(ws.root.parent / "trips"))
        git(ws.root, "add", "--all")
        names = git(ws.root, "diff", "--cached", "--name-only").split()
        own = [Path(name).name for name in names if "samuel.repeat/" in name]
        assert sorted(own) == ["repeat.json", "splits.csv", "splits.json"]

    def test_data_in_the_study_are_named_from_the_notebook(self, ws: Workspace) -> None:
        make(ws, folders.passengers(ws.root / "data" / "trips"))
        assert "path = Path('../../../data/trips')" in book(ws)["cells"][2]["source"]
        assert (
            json.loads((ws.repeat_folder(LESSON, "samuel") / "repeat.json").read_text())["data"]
            == "data/trips"
        )

    def test_nobodys_home_stands_in_the_notebook(self, ws: Workspace, isolated: Path) -> None:
        make(ws, folders.passengers(isolated / "trips"))
        text = ws.notebook(LESSON, "samuel", "repeat").read_text()
        assert "Path('~/trips').expanduser()" in text
        assert str(isolated) not in text

    def test_it_is_under_way_from_then_on(self, ws: Workspace, run: Callable[..., Any]) -> None:
        for step in ("watch", "run", "reproduce"):
            events.record(ws, "lesson.step_done", LESSON, {"step": step})
        assert (
            run("next", "--dry-run", "--json").data["next"]["command"]
            == f"fastcompanion lesson repeat {LESSON} PATH"
        )
        make(ws, folders.passengers(ws.root.parent / "trips"))
        shown = run("lesson", "show", "1")
        assert "[>] repeat: to beat: accuracy" in shown.out
        assert (
            run("next", "--dry-run", "--json").data["next"]["command"]
            == f"fastcompanion check {LESSON}"
        )

    def test_what_is_there_is_never_overwritten(self, ws: Workspace) -> None:
        data = folders.passengers(ws.root.parent / "trips")
        make(ws, data)
        before = ws.notebook(LESSON, "samuel", "repeat").read_bytes()
        with pytest.raises(CompanionError, match="is there already") as caught:
            make(ws, data)
        assert "check foundations/01 --step repeat" in caught.value.hint
        assert ws.notebook(LESSON, "samuel", "repeat").read_bytes() == before

    def test_a_split_that_is_there_stays(self, ws: Workspace) -> None:
        make(ws, folders.passengers(ws.root.parent / "trips"))
        ws.notebook(LESSON, "samuel", "repeat").unlink()
        other = folders.table(ws.root.parent / "h.csv", folders.HOUSE_NAMES, folders.houses())
        with pytest.raises(CompanionError, match="holds another split"):
            make(ws, other, target="SalePrice")
        assert not ws.notebook(LESSON, "samuel", "repeat").exists()
        assert (ws.repeat_folder(LESSON, "samuel") / "splits.csv").exists()

    def test_guesses_are_asked_where_somebody_is_there(self, ws: Workspace) -> None:
        path = folders.table(ws.root.parent / "f.csv", folders.MEASURE_NAMES, folders.measures())
        asked = []

        def answer(question: Question) -> str:
            asked.append(question.flag)
            return {"--target": "p2", "--kind": "table-number"}[question.flag]

        made = make(ws, path, answer)
        assert asked[0] == "--target"
        assert (made.data.target.value, made.metric.name) == ("p2", "rmse")

    def test_guesses_are_taken_and_said_where_nobody_is(self, ws: Workspace) -> None:
        path = folders.table(ws.root.parent / "f.csv", folders.MEASURE_NAMES, folders.measures())
        made = make(ws, path)
        told = "Which column is to be predicted? p4 is a guess: say it with --target"
        assert told in made.notes

    def test_a_dry_run_writes_nothing(self, ws: Workspace) -> None:
        asked = repeat.Asked("1", None, Wanted(folders.passengers(ws.root.parent / "trips")))
        made = repeat.make(ws, asked, ask=None, dry_run=True, reporter=SILENT)
        assert made.dry_run
        assert not ws.lesson_folder(LESSON).exists()
        assert not any(event.kind == "repeat.begun" for event in events.read(ws))

    def test_files_whose_labels_follow_no_rule(self, ws: Workspace) -> None:
        make(ws, awkward.listed_in_folders(ws.root.parent / "pics").path, target="colour")
        folder = ws.repeat_folder(LESSON, "samuel")
        with (folder / "labels.csv").open(newline="") as file:
            rows = dict(csv.reader(file))
        assert rows.pop("id") == "label"
        assert rows == awkward.listed_in_folders(ws.root.parent / "pics").truths
        assert "labels.csv" in book(ws)["cells"][2]["source"]


class TestBadInput:
    def refused(self, ws: Workspace, data: Path, **said: str) -> CompanionError:
        with pytest.raises(CompanionError) as caught:
            make(ws, data, None, **said)
        assert not ws.lesson_folder(LESSON).exists(), "no half notebook"
        return caught.value

    def test_nothing_to_be_told(self, ws: Workspace) -> None:
        folder = ws.root.parent / "pictures"
        for number in range(12):
            folders.png(folder / f"{number}.png", shade=number)
        told = self.refused(ws, folder)
        assert "nothing says what they show" in told.message
        assert "--kind with one of" in told.hint
        assert told.code is Exit.USAGE

    def test_an_empty_folder(self, ws: Workspace) -> None:
        (ws.root.parent / "empty").mkdir()
        assert "holds no data" in self.refused(ws, ws.root.parent / "empty").message
        assert self.refused(ws, ws.root.parent / "none").code is Exit.USAGE

    def test_a_target_with_one_value(self, ws: Workspace) -> None:
        path = folders.table(
            ws.root.parent / "a.csv", ("x", "label"), [[n, "a"] for n in range(50)]
        )
        told = self.refused(ws, path)
        assert told.code is Exit.CHECK_SAYS_NO
        assert "data show" in told.hint

    def test_a_metric_that_does_not_fit(self, ws: Workspace) -> None:
        path = folders.passengers(ws.root.parent / "trips")
        assert "there is no metric 'rmse'" in self.refused(ws, path, metric="rmse").message
        flowers = folders.table(ws.root.parent / "f.csv", folders.FLOWER_NAMES, folders.flowers())
        assert "two classes" in self.refused(ws, flowers, target="species", metric="auc").message

    def test_the_lessons_own_data(self, ws: Workspace) -> None:
        """The same content under another name is found, in whatever folder."""
        course = courses.load(ws, "foundations")
        lesson = next(one for one in course.lessons if one.id == LESSON)
        data = ws.root.parent / "mine"
        data.mkdir()
        (data / "my own.csv").write_bytes((course.root / lesson.files[0]).read_bytes())
        told = self.refused(ws, data)
        assert "this is the lesson's own data: digits.csv" in told.message
        assert told.code is Exit.CHECK_SAYS_NO

    def test_columns_that_the_notebook_names_are_told(self, ws: Workspace) -> None:
        """The same data in another form have another content: the names of columns are a hint."""
        course = courses.load(ws, "foundations")
        lesson = next(one for one in course.lessons if one.id == LESSON)
        lines = (course.root / lesson.files[0]).read_text().splitlines()
        data = ws.root.parent / "again.csv"
        data.write_text("\n".join(lines[:400]).replace(",", ";"))
        assert not make(ws, data).notes
        original = notebook.read(lessons.original(course, lesson.notebooks[0]))
        original["cells"].append(
            {"cell_type": "code", "source": "df[['age', 'sex', 'fare', 'town', 'x']]"}
        )
        folder = files.walk(data.parent)
        names = ["age", "sex", "fare", "town", "other", "x"]
        told = lesson_data.refuse(
            ws, course, lesson, lesson.notebooks[0], original, folder, {}, names
        )
        assert told == [
            "the lesson's notebook names the same columns (age, sex, fare, town, ...): are these its own data?"
        ]


class TestChecking:
    @pytest.fixture
    def begun(self, ws: Workspace) -> Workspace:
        make(ws, folders.passengers(ws.root.parent / "trips"))
        change(ws, "loader", PLAIN)
        return ws

    def test_all_of_it(self, begun: Workspace, git: Callable[..., str]) -> None:
        say(begun, lambda one, truth: truth if int(one) % 20 else "1", "01234")
        change(
            begun, "note", f"## What came of it\n\n{repeat.PROMPT}\n\nTrees beat the rule on sex."
        )
        report = check(begun)
        assert set(states(report).values()) == {"done"}
        assert report.finished_step
        assert report.exit_code == Exit.DONE
        assert report.compared is not None
        assert (report.compared.verdict, report.compared.n) == ("better", 500)
        assert report.score is not None
        assert report.score.low < report.score.value < report.score.high
        done = [e for e in events.read(begun) if e.kind == "lesson.step_done"]
        assert done[-1].data["note"] == "Trees beat the rule on sex."
        committed = git(begun.root, "show", "--name-only", "--format=%s", "HEAD").split("\n")
        assert committed[0] == f"Finish repeat of {LESSON}"
        assert any(name.endswith("samuel.repeat.ipynb") for name in committed)
        again = check(begun)
        assert again.complete
        assert not again.finished_step

    def test_the_baseline_itself_is_not_better(self, begun: Workspace) -> None:
        folder = begun.repeat_folder(LESSON, "samuel")
        _, rows = predictions.read(folder / "naive")
        said = dict(zip(rows.ids, rows.predictions, strict=True))
        say(begun, lambda one, truth: said[one])
        report = check(begun, note="no better than the rule")
        assert states(report)["model"] == "wrong"
        assert report.compared is not None
        assert report.compared.verdict == "cannot tell"
        assert "FOLD = '1'" in item(report, "model").hint
        assert report.exit_code == Exit.CHECK_SAYS_NO
        assert not any(e.kind == "lesson.step_done" for e in events.read(begun))

    def test_a_worse_model(self, begun: Workspace) -> None:
        say(begun, lambda one, truth: "1" if truth == "0" else "0")
        assert "worse" in item(check(begun), "model").text

    def test_labels_of_other_rows_are_seen(self, begun: Workspace) -> None:
        say(begun, lambda one, truth: truth, truth=lambda cell: "0")
        found = item(check(begun), "model")
        assert found.state == "wrong"
        assert "truths in mine-0.csv are not those of the data" in found.text

    def test_other_rows_are_refused(self, begun: Workspace) -> None:
        say(begun, lambda one, truth: truth)
        folder = begun.repeat_folder(LESSON, "samuel")
        lines = (folder / "mine-0.csv").read_text().splitlines()
        (folder / "mine-0.csv").write_text("\n".join(lines[:-3]) + "\n")
        assert "is not about the rows of part '0'" in item(check(begun), "model").text

    def test_classes_written_as_numbers_are_the_same(self, begun: Workspace) -> None:
        say(begun, lambda one, truth: f"{truth}.0", truth=lambda cell: f"{cell}.0")
        assert states(check(begun))["model"] == "done"

    def test_nothing_yet(self, begun: Workspace) -> None:
        report = check(begun)
        assert states(report) == {"data": "done", "loaders": "done", "baseline": "done", "model": "open", "note": "open"}  # fmt: skip
        assert "400 rows to learn from, 100 to validate on" in item(report, "loaders").text

    def test_validating_on_other_rows(self, begun: Workspace) -> None:
        change(begun, "loader", PLAIN.replace("part == FOLD]\n", 'part in ("0", "1")]\n', 1))
        found = item(check(begun), "loaders")
        assert found.state == "wrong"
        assert "100 of the rows" in found.text

    def test_a_loader_cell_that_stops(self, begun: Workspace) -> None:
        change(begun, "loader", PLAIN + "\n1 / 0")
        assert "ZeroDivisionError" in item(check(begun), "loaders").text
        change(begun, "loader", "x = 1")
        assert states(check(begun))["loaders"] == "wrong"

    def test_a_library_that_is_missing_is_no_mistake_of_the_learner(self, begun: Workspace) -> None:
        change(begun, "loader", "import fastai_of_tomorrow\n" + PLAIN)
        say(begun, lambda one, truth: truth)
        report = check(begun, note="a sentence of mine")
        assert states(report)["loaders"] == "could not check"
        assert "--kernel" in item(report, "loaders").hint
        assert report.exit_code == Exit.MISSING

    def test_data_that_changed_or_went(self, begun: Workspace) -> None:
        path = begun.root.parent / "trips" / "train.csv"
        path.write_text(path.read_text().replace("male", "man"))
        assert "train.csv is not what it was" in item(check(begun), "data").text
        path.parent.rename(path.parent.parent / "moved")
        assert item(check(begun), "data").state == "open"

    def test_check_takes_what_is_open(self, begun: Workspace) -> None:
        for step in ("watch", "run", "reproduce"):
            events.record(begun, "lesson.step_done", LESSON, {"step": step})
        assert check(begun, step="").items[0].name == "data"

    def test_without_a_notebook(self, ws: Workspace) -> None:
        with pytest.raises(CompanionError, match="no notebook with data of your own yet") as caught:
            check(ws)
        assert caught.value.hint == f"fastcompanion lesson repeat {LESSON} PATH"

    def test_the_step_is_not_taken_on_trust_any_more(
        self, begun: Workspace, run: Callable[..., Any]
    ) -> None:
        told = run("lesson", "done", "1", "repeat", "--note", "it is better, believe me")
        assert told.code == 4
        assert "check foundations/01 --step repeat" in told.err
