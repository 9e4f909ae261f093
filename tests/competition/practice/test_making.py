"""What is hidden and what is given, for each kind of table; and who is refused."""

from __future__ import annotations

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.competition.practice import making, place, scoring, standing
from fastcompanion.competition.practice.place import Competition, Place
from fastcompanion.data.look import look
from tests.competition.practice import served
from tests.competition.practice.served import people, rows_of
from tests.conftest import Runner
from tests.data.folders import table

CHANCE = random.Random(7)


def made(
    source: Path, target: str, metric: str = "", name: str = "it"
) -> tuple[Place, Competition]:
    seen = look(source, target=target, closely=False)
    told = making.new(source, seen, name=name, metric=metric, daily=5, dry_run=False)
    assert told.opponents and not told.competition.opponents
    return place.at(name), place.read(place.at(name))


def answered(
    where: Place, competition: Competition, tmp_path: Path, *, right: bool
) -> scoring.Scores:
    """Score a submission that says the truth, or the sample as it is."""
    hidden = scoring.solution(where)
    truths = dict(zip(hidden.ids, hidden.labels, strict=True))
    sample = rows_of(where.public / place.SAMPLE)
    for row in sample if right else ():
        truth = truths[row[competition.id_column]]
        for name in competition.answers:
            wanted = (
                name
                if len(competition.answers) > 1
                else competition.classes[-1:] and competition.classes[-1]
            )
            row[name] = str(float(truth == wanted)) if competition.is_shares else truth
    path = tmp_path / f"{right}.csv"
    table(path, list(sample[0]), [list(row.values()) for row in sample])
    return scoring.score(where, competition, hidden, path)


def test_a_table_of_classes(tmp_path: Path) -> None:
    where, told = made(people(tmp_path / "data"), "survived")
    train, test, sample = (
        rows_of(where.public / name) for name in (place.TRAIN, place.TEST, place.SAMPLE)
    )
    source = {row["person_id"]: row for row in rows_of(tmp_path / "data" / "people.csv")}
    assert list(train[0]) == ["person_id", "sex", "age", "survived"]
    assert list(test[0]) == ["person_id", "sex", "age"]
    assert list(sample[0]) == ["person_id", "survived"]
    assert len(train) + len(test) == 300
    assert [row["person_id"] for row in test] == [row["person_id"] for row in sample]
    assert all(source[row["person_id"]] == row for row in train)
    assert all(
        source[row["person_id"]] == {**row, "survived": source[row["person_id"]]["survived"]}
        for row in test
    )
    hidden = rows_of(where.solution)
    assert {row["id"]: row["label"] for row in hidden} == {
        row["person_id"]: source[row["person_id"]]["survived"] for row in test
    }
    assert 0.3 < sum(row["Usage"] == "Public" for row in hidden) / len(hidden) < 0.5
    assert [one.name for one in told.opponents] == ["one rule: sex", "majority"]
    assert answered(where, told, tmp_path, right=True) == scoring.Scores(1.0, 1.0)
    majority = next(one for one in told.opponents if one.name == "majority")
    assert answered(where, told, tmp_path, right=False) == scoring.Scores(
        majority.public, majority.private
    )


@pytest.mark.parametrize(
    ("metric", "best", "answers"),
    [
        ("auc", 1.0, ("survived",)), ("log loss", 0.0, ("survived",)),
        ("macro f1", 1.0, ("survived",)), ("balanced accuracy", 1.0, ("survived",)),
    ],
)  # fmt: skip
def test_metrics_of_two_classes(
    tmp_path: Path, metric: str, best: float, answers: tuple[str, ...]
) -> None:
    where, told = made(people(tmp_path / "data"), "survived", metric)
    assert told.answers == answers
    right = answered(where, told, tmp_path, right=True)
    assert [right.public, right.private] == pytest.approx([best, best])
    assert answered(where, told, tmp_path, right=False) != right


def test_shares_of_three_classes_and_rows_without_an_id(tmp_path: Path) -> None:
    rows = [(CHANCE.choice("abc"), CHANCE.randint(0, 9)) for _ in range(120)]
    rows = sorted((f"kind {one}", number + ord(one)) for one, number in rows)
    table(tmp_path / "data" / "t.csv", ("kind", "size"), rows)
    where, told = made(tmp_path / "data", "kind", "log loss")
    assert told.answers == ("kind a", "kind b", "kind c")
    assert told.id_column == "id"
    assert answered(where, told, tmp_path, right=True).private == pytest.approx(0, abs=1e-6)
    # The file was sorted by its labels: the new numbers and the order of the test say nothing of them.
    labels = [row["label"] for row in rows_of(where.solution)]
    assert labels != sorted(labels)
    assert [row["id"] for row in rows_of(where.public / place.TEST)] == [
        str(n) for n in range(told.train_rows + 1, 121)
    ]


def test_a_number(tmp_path: Path) -> None:
    rows = [
        (n, size := CHANCE.randint(20, 200), f"{size * 3.5 + CHANCE.random():.2f}")
        for n in range(150)
    ]
    table(tmp_path / "data" / "homes.csv", ("id", "size", "price"), rows)
    where, told = made(tmp_path / "data", "price", "rmse")
    assert (told.direction, told.classes) == ("lower", ())
    assert answered(where, told, tmp_path, right=True) == scoring.Scores(0.0, 0.0)
    assert answered(where, told, tmp_path, right=False).public > max(
        one.public for one in told.opponents
    )


def test_a_series_hides_its_end(tmp_path: Path) -> None:
    rows = [(f"2025-{1 + n // 28:02d}-{1 + n % 28:02d}", 100 + n + (n % 7) * 5) for n in range(200)]
    table(tmp_path / "data" / "sales.csv", ("date", "sales"), rows)
    where, _ = made(tmp_path / "data", "sales", "mae")
    last = max(row["date"] for row in rows_of(where.public / place.TRAIN))
    test = [row["date"] for row in rows_of(where.public / place.TEST)]
    assert min(test) > last
    assert test == sorted(test)
    assert [row["Usage"] for row in rows_of(where.solution)] == sorted(
        (row["Usage"] for row in rows_of(where.solution)), reverse=True
    )


def test_classes_written_as_numbers_are_the_same_class(tmp_path: Path) -> None:
    where, told = made(people(tmp_path / "data"), "survived")
    hidden = scoring.solution(where)
    path = tmp_path / "floats.csv"
    table(
        path,
        ("person_id", "survived"),
        [(one, f"{label}.0") for one, label in zip(hidden.ids, hidden.labels, strict=True)],
    )
    assert scoring.score(where, told, hidden, path) == scoring.Scores(1.0, 1.0)


@pytest.mark.parametrize(
    "text",
    ["", "person_id,survived\n", "a,b\n1,2\n", "person_id,survived\n1\n", '"', "\x00", "person_id,survived\n" + "9" * 5_000_000],
)  # fmt: skip
def test_what_is_no_submission_is_an_error_in_words(tmp_path: Path, text: str) -> None:
    where, told = made(people(tmp_path / "data"), "survived")
    path = tmp_path / "odd.csv"
    path.write_text(text)
    with pytest.raises(CompanionError) as error:
        scoring.score(where, told, scoring.solution(where), path)
    assert 0 < len(error.value.message) < 2000


def test_who_is_refused(tmp_path: Path) -> None:
    data = people(tmp_path / "data")
    made(data, "survived")
    with pytest.raises(CompanionError, match="is there already"):
        made(data, "survived")
    for name in ("../x", "A", "a/b", "", "x" * 60, "-a"):
        with pytest.raises(CompanionError):
            place.at(name)
    few = people(tmp_path / "few", rows=30)
    with pytest.raises(CompanionError, match="chance alone"):
        made(few, "survived", name="few")
    with pytest.raises(CompanionError, match="no metric 'rmse'"):
        made(data, "survived", "rmse", name="other")


def test_of_two_makers_of_one_name_the_second_takes_nothing_away(tmp_path: Path) -> None:
    source = people(tmp_path / "people")

    def make() -> str:
        try:
            made(source, "survived", name="both")
        except CompanionError as error:
            return error.message
        return ""

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(lambda _: make(), range(2)))
    assert said[0] == "" and said[1]
    where = place.at("both")
    assert len(rows_of(where.public / "test.csv")) == len(rows_of(where.solution))
    assert place.slugs() == ["both"]


def test_the_commands(tmp_path: Path, run: Runner) -> None:
    data = people(tmp_path / "data")
    asked = ("kaggle", "practice", "new", "--from", data, "--target", "survived", "--json")
    assert run("kaggle", "practice", "status", "--json").code == 3
    looked = run(*asked, "--dry-run")
    assert looked.code == 0, looked
    assert not place.slugs()
    told = run(*asked, "--name", "people", "--daily", "2")
    assert told.code == 0, told
    assert told.data["competition"]["daily"] == 2
    assert "private" not in json.dumps(told.data)
    shown = run("kaggle", "practice", "status", "people")
    assert shown.code == 0
    assert "naive: majority" in shown.out
    assert (
        run("kaggle", "practice", "status", "poeple", "--json")
        .errors[0]["message"]
        .endswith("did you mean people?")
    )
    assert run("kaggle", "practice", "end", "--json").code == 2
    ended = run("kaggle", "practice", "end", "--yes", "--json")
    assert ended.data["ended"]
    assert ended.data["leaderboard"][0]["private"] is not None
    again = run("kaggle", "practice", "end", "--yes", "--json")
    assert again.data["ended"] == ended.data["ended"]


def test_making_one_takes_time_in_proportion_to_the_rows(tmp_path: Path) -> None:
    """Twenty times the rows once took four hundred times as long."""
    begun = time.process_time()
    made(people(tmp_path / "data", rows=20_000), "survived")
    assert time.process_time() - begun < 12


def test_a_name_that_windows_keeps_is_given_to_no_competition(tmp_path: Path) -> None:
    assert place.slug_of("Con.csv") == "con-csv"
    assert place.slug_of("AUX") == "aux-practice"
    with pytest.raises(CompanionError, match="Windows keeps") as caught:
        served.competition(tmp_path, slug="nul")
    assert caught.value.code is Exit.USAGE


def test_what_is_broken_says_how_it_is_made_anew(tmp_path: Path) -> None:
    there = served.competition(tmp_path)
    there.about.write_text("{bad")
    with pytest.raises(CompanionError) as caught:
        place.read(there)
    assert caught.value.hint.endswith(f"fastcompanion kaggle practice remove {there.folder.name}")
    standing.remove(there)
    assert not there.folder.exists()
