"""Projects of texts: reviews in a table, notes with a number, files in class folders."""

from __future__ import annotations

import csv
import importlib.util
import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.reporter import SILENT
from fastcompanion.data import predictions
from fastcompanion.flows import projects
from fastcompanion.project import checking, growing, running, scoring
from fastcompanion.project.place import Project
from tests.data import folders
from tests.project import made
from tests.project.test_growing import grown

GOOD, BAD = ["great", "wonderful", "moving"], ["dull", "boring", "awful"]
REST = "the a film plot actor story of and in it was with very rather this one scene end".split()


def sentence(chance: random.Random, good: bool) -> str:
    """Say something in which some words tell, not always what is meant."""
    words = chance.choices(REST, k=chance.randint(6, 20))
    for _ in range(2):
        told = good if chance.random() < 0.85 else not good
        words.insert(chance.randrange(len(words)), chance.choice(GOOD if told else BAD))
    return " ".join(words).capitalize() + chance.choice(".!?")


def reviews(folder: Path, count: int = 320) -> Path:
    """A competition's folder: reviews, and a test without the answer."""
    chance = random.Random(1)
    rows = []
    for number in range(count):
        good = chance.random() < 0.5
        rows.append([number + 1, sentence(chance, good), ["neg", "pos"][good]])
    folders.table(folder / "train.csv", ["id", "review", "sentiment"], rows[:-20])
    folders.table(folder / "test.csv", ["id", "review"], [row[:2] for row in rows[-20:]])
    asked = [[row[0], "pos"] for row in rows[-20:]]
    folders.table(folder / "sample_submission.csv", ["id", "sentiment"], asked)
    return folder


def notes(path: Path) -> Path:
    """A German export: UTF-16, semicolons, decimal commas, line ends inside quotes, some texts empty."""
    chance = random.Random(2)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-16", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Nr", "Text", "Likes", "target"])
        for number in range(120):
            good = chance.random() < 0.5
            told = f'Ich fand es {"schön" if good else "öde"}; "wirklich"\nsehr, {chance.choice(["kurz", "lang"])} und {chance.choice(["neu", "alt"])}.'
            text = "" if number % 30 == 7 else told
            writer.writerow([number + 1, text, number % 5 + 0.5, f"{3 + 2 * good + chance.random():.2f}".replace(".", ",")])  # fmt: skip
    return path


def files(root: Path) -> Path:
    """Texts in class folders, each a file of its own, in two encodings, one of them empty."""
    chance = random.Random(3)
    for number in range(40):
        for name in ("pos", "neg"):
            place = root / "train" / name / f"{number}.txt"
            place.parent.mkdir(parents=True, exist_ok=True)
            text = sentence(chance, name == "pos") + '\nIn a café, "they" said.\n'
            place.write_bytes(b"" if number == 9 and name == "neg" else text.encode("latin-1" if number % 2 else "utf-8"))  # fmt: skip
        folders.text(root / "test" / f"{number}.txt", sentence(chance, number % 2 > 0))
    return root


def loaded(project: Project) -> Any:
    """Give what data.py gives to the models."""
    code = "import data, json; print(json.dumps(data.load()))"
    return json.loads(made.script(project, "-c", code).stdout)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return made.copy("text", lambda p: made.scored(reviews(p / "data"), p / "trial"), tmp_path, tmp_path / "trial")  # fmt: skip


def test_all_steps_work_together(project: Project) -> None:
    record = project.record()
    assert (record.template, record.answers["kind"]) == ("project/text", "text-class")
    added = [growth.step.id for growth in grown(project) if growth.step is not None]
    assert added == ["submission", "linear", "model", "saved", "app", "errors", "seeds"]
    assert "failed" not in made.own_tests(project, "-m", "not slow")
    for words in (["train.py", "linear"], ["save.py", "linear"], ["submit.py", "linear"], ["errors.py", "linear"]):  # fmt: skip
        made.script(project, *words)
    board = scoring.board(project, write=False)
    assert [run.name for run in board.runs] == ["linear", "baseline", "majority"]
    assert board.runs[0].beside is not None
    assert board.runs[0].beside.verdict == "better"
    with (project.root / "submission.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    assert {row["sentiment"] for row in rows} <= {"pos", "neg"}


def test_its_scores_are_ours_and_nothing_has_to_be_mended(project: Project) -> None:
    printed = made.script(project, "score.py").stdout
    for run in scoring.board(project, write=False).runs:
        line = next(line for line in printed.splitlines() if line.startswith(run.name))
        assert f" {run.score.value:.4g} [" in line
    _, rows = predictions.read(project.runs / "baseline")
    assert list(rows.shares) == ["neg", "pos"]
    assert checking.check(project, python=[sys.executable]).passed


def test_the_word_is_the_best_of_those_that_unseen_texts_have(project: Project) -> None:
    """Counted anew, word by word, with rows left out: no other word does better."""
    code = """
import random, data, baseline
_, texts, targets = data.load()
fold = [place % baseline.FOLDS for place in range(len(targets))]
random.Random(7).shuffle(fold)
seen = [set(data.words(text)) for text in texts]
def missed(word):
    wrong = 0
    for part in range(baseline.FOLDS):
        for there in (True, False):
            rest = [t for t, s, f in zip(targets, seen, fold) if (word in s) == there and f != part]
            usual = max(sorted(set(rest)), key=rest.count)
            wrong += sum(t != usual for t, s, f in zip(targets, seen, fold) if (word in s) == there and f == part)
    return wrong
words = [word for word in set().union(*seen) if sum(word in one for one in seen) >= 30]
chosen = baseline.fit(texts, targets, 7)["word"]
print(chosen, missed(chosen), min(map(missed, words)))
"""
    chosen, own, least = made.script(project, "-c", code).stdout.split()
    assert chosen in GOOD + BAD
    assert own == least


def test_a_number_in_a_table_that_is_written_unlike_ours(tmp_path: Path) -> None:
    project = made.scored(notes(tmp_path / "notizen.csv"), tmp_path / "trial", target="target", kind="text-number")  # fmt: skip
    answers = project.record().answers
    assert (answers["texts"], answers["rows"]) == (["Text"], 120)
    assert "failed" not in made.own_tests(project)
    told = (project.root / "data.py").read_text()
    assert "#   Likes: it is no text" in told
    ids, texts, targets = loaded(project)
    assert len(ids) == 120
    assert texts[7] == ""
    assert '"wirklich"\nsehr' in texts[0]
    assert all(3 <= target <= 6 for target in targets)
    runs = {run.name: run.score.value for run in scoring.board(project, write=False).runs}
    assert runs["baseline"] < 0.6 * runs["majority"]
    growing.take(project, growing.where(project, "linear"))
    running.script(project, ["train.py", "linear"])
    assert "failed" not in made.own_tests(project, "tests/test_linear.py")


def test_likenesses_are_judged_by_their_correlation(tmp_path: Path) -> None:
    chance = random.Random(4)
    rows = [[n, sentence(chance, n % 2 > 0), sentence(chance, n % 2 > 0), f"{(n % 2) * 0.5 + chance.random() / 2:.2f}"] for n in range(90)]  # fmt: skip
    data = folders.table(tmp_path / "a.csv", ["id", "one", "other", "score"], rows)
    project = made.scored(data, tmp_path / "trial", target="score", kind="text-number")
    answers = project.record().answers
    assert answers["metric"] == "pearson"
    assert sorted(answers["texts"]) == ["one", "other"]
    printed = made.script(project, "score.py").stdout
    value = next(run for run in scoring.board(project, write=False).runs if run.name == "baseline").score.value  # fmt: skip
    assert f"{value:.4g} [" in printed


def test_books_stay_out_of_the_sample_where_there_are_shorter_texts(tmp_path: Path) -> None:
    chance = random.Random(5)
    rows = [[" ".join(["word"] * 60_000) if n % 3 == 0 or n % 4 == 1 else sentence(chance, n % 2 > 0), "ab"[n % 2] if n % 30 else "rare"] for n in range(60)]  # fmt: skip
    plan = made.plan(folders.table(tmp_path / "a.csv", ["text", "label"], rows), target="label")
    found = list(csv.DictReader(plan.samples["train.csv"].splitlines()))
    assert sum(len(row["text"]) > 100_000 for row in found) == 2, (
        "of what is rare there is nothing else"
    )
    assert {row["label"] for row in found} == {"a", "b", "rare"}
    assert len(found) == 20


def test_files_in_class_folders(tmp_path: Path) -> None:
    project = made.scored(files(tmp_path / "set"), tmp_path / "trial")
    assert "failed" not in made.own_tests(project)
    ids, texts, _ = loaded(project)
    assert len(ids) == 80
    assert all("café" in text for text in texts if text)
    assert checking.check(project, python=[sys.executable]).split == ()
    added = [growth.step.id for growth in grown(project) if growth.step is not None]
    assert "submission" in added
    made.script(project, "submit.py", "baseline")


@pytest.mark.train
@pytest.mark.skipif(not importlib.util.find_spec("fastai"), reason="needs fastai")
@pytest.mark.parametrize("kind", ["text-class", "text-number"])
def test_the_fastai_model_trains_from_nothing_when_asked_to(kind: str, tmp_path: Path) -> None:
    data = reviews(tmp_path / "data", 120) if kind == "text-class" else notes(tmp_path / "a.csv")
    said = {} if kind == "text-class" else {"target": "target", "kind": kind}
    project = made.scored(data, tmp_path / "trial", **said)
    grown(project)
    assert "failed" not in made.own_tests(project, "-m", "slow")
    made.change(project.root / "project.yml", "pretrained: true", "pretrained: false")
    projects.train(project, "model", kernel="", study=None, seed=None, fast=False, reporter=SILENT)
    run, _ = predictions.read(project.runs / "model")
    assert run.settings["pretrained"] is False
    first = (project.runs / "model" / "valid.csv").read_bytes()
    made.script(project, "train.py", "model")
    assert (project.runs / "model" / "valid.csv").read_bytes() == first, "two processes, one seed"
