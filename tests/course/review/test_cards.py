"""Cards and answers as lines: what a card says is the sum of them, also after a merge."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.review import anki, cards
from fastcompanion.course.review.cards import Card

DAY = date(2026, 11, 21)


def card(name: str = "q1", **words: str) -> Card:
    return Card(name, "c/01", "question", words.pop("front", "Why?"), **words)  # type: ignore[arg-type]


class TestCards:
    def test_a_card_is_the_sum_of_its_lines(self, ws: Workspace) -> None:
        (made,) = cards.accept(ws, [card(source="c/01 nb, Questionnaire 1")])
        cards.edit(ws, made, back="Because.")
        cards.suspend(ws, made)
        assert cards.read(ws)["q1"] == Card(
            "q1", "c/01", "question", "Why?", "Because.", "c/01 nb, Questionnaire 1", "suspended"
        )
        cards.accept(ws, [made])
        assert cards.read(ws)["q1"].state == "active"
        assert cards.read(ws)["q1"].back == "Because."

    def test_nothing_is_there_in_a_fresh_study(self, ws: Workspace) -> None:
        assert cards.read(ws) == {}
        assert cards.reviews(ws) == []
        cards.accept(ws, [])
        assert not ws.review_folder.exists()

    def test_no_lock_is_left_where_git_sees_it(self, ws: Workspace) -> None:
        cards.accept(ws, [card()])
        cards.answer(ws, card(), "good", DAY)
        assert sorted(path.name for path in ws.review_folder.iterdir()) == [
            "cards.jsonl",
            "reviews.jsonl",
        ]

    def test_what_was_passed_over_leaves_no_text(self, ws: Workspace) -> None:
        cards.suspend(ws, card(front="Somebody else's words?"))
        assert "words" not in ws.cards.read_text()
        assert cards.read(ws)["q1"].state == "suspended"

    def test_a_change_that_a_newer_program_makes_is_left_alone(self, ws: Workspace) -> None:
        cards.accept(ws, [card()])
        line = {
            "v": 1,
            "id": "zz",
            "at": "2027-01-01T10:00:00+00:00",
            "kind": "burned",
            "card": "q1",
        }
        with ws.cards.open("a") as file:
            file.write(json.dumps(line) + "\n")
        assert cards.read(ws)["q1"].state == "active"

    def test_lines_of_a_newer_version_are_refused(self, ws: Workspace) -> None:
        cards.accept(ws, [card()])
        ws.cards.write_text(ws.cards.read_text().replace('"v":1', '"v":2'))
        with pytest.raises(CompanionError, match="newer fastcompanion"):
            cards.read(ws)

    def test_a_broken_line_names_the_file(self, ws: Workspace) -> None:
        cards.accept(ws, [card()])
        with ws.cards.open("a") as file:
            file.write('{"v":1,"id":"x"}\n')
        with pytest.raises(CompanionError, match="lacks a card") as error:
            cards.read(ws)
        assert str(error.value.file) == str(ws.cards)

    def test_an_id_survives_new_numbers_and_spaces(self) -> None:
        same = cards.card_id("c/01", "What is  a GPU?") == cards.card_id("c/01", "What is a gpu?")
        assert same
        assert cards.card_id("c/01", "What is a GPU?") != cards.card_id("c/02", "What is a GPU?")
        assert cards.card_id(None, "a - b?") != cards.card_id(None, "a + b?")


class TestAnswers:
    def test_an_answer_is_kept_with_its_day(self, ws: Workspace) -> None:
        cards.answer(ws, card(), "hard", DAY, text="As it is so", seconds=12)
        (review,) = cards.reviews(ws)
        assert (review.day, review.card, review.rating) == (DAY, "q1", "hard")
        assert (review.answer, review.seconds) == ("As it is so", 12)

    @pytest.mark.parametrize(
        ("old", "new", "problem"),
        [
            ('"rating":"good"', '"rating":"fine"', "no rating of again"),
            ('"day":"2026-11-21"', '"day":"yesterday"', "lacks the day"),
            ('"card":"q1",', "", "lacks a card"),
        ],
    )
    def test_a_line_that_can_not_be_read_is_never_dropped(
        self, ws: Workspace, old: str, new: str, problem: str
    ) -> None:
        cards.answer(ws, card(), "good", DAY)
        ws.reviews.write_text(ws.reviews.read_text().replace(old, new))
        with pytest.raises(CompanionError, match=problem):
            cards.reviews(ws)


def test_two_machines_merge_by_git_and_nothing_is_lost(
    tmp_path: Path, git: Callable[..., str]
) -> None:
    """The study's own .gitattributes; both machines answer the same card and take others."""
    first, second = tmp_path / "one", tmp_path / "two"
    attributes = Path(__file__).parents[3] / "templates" / "study" / "gitattributes"
    first.mkdir()
    git(first, "init", "-q")
    (first / ".gitattributes").write_text(attributes.read_text())
    (first / "fastcompanion.toml").write_text("version = 1\n")
    (first / ".gitignore").write_text(".fastcompanion/\n")
    cards.accept(Workspace(first), [card()])
    git(first, "add", "-A")
    git(first, "commit", "-qm", "begin")
    git(tmp_path, "clone", "-q", str(first), "two")
    for folder, name, rating in ((first, "q2", "good"), (second, "q3", "again")):
        ws = Workspace(folder)
        cards.accept(ws, [card(name, front=f"What is {name}?")])
        cards.answer(ws, card(), rating, DAY)  # type: ignore[arg-type]
        git(folder, "add", "review")
        git(folder, "commit", "-qm", name)
    git(first, "pull", "-q", "--no-rebase", "--no-edit", str(second), "HEAD")
    merged = Workspace(first)
    assert set(cards.read(merged)) == {"q1", "q2", "q3"}
    assert sorted(review.rating for review in cards.reviews(merged)) == ["again", "good"]
    # A second merge brings the same lines once more.
    merged.reviews.write_text(merged.reviews.read_text() * 2)
    assert len(cards.reviews(merged)) == 2


class TestAnki:
    def test_html_is_shown_and_not_obeyed(self) -> None:
        made = card(front="What does `<b>` do?\nAnd `a < b`?", back="5 > 3 & <i>so</i>\t.")
        *_, line = anki.text([made]).splitlines()
        name, front, back, tags = line.split("\t")
        assert name == "q1"
        assert front == "What does <code>&lt;b&gt;</code> do?<br>And <code>a &lt; b</code>?"
        assert back.startswith("5 &gt; 3 &amp; &lt;i&gt;so&lt;/i&gt;    .")
        assert tags == "c/01 question"

    def test_the_header_says_how_to_read_it(self) -> None:
        header = anki.text([]).splitlines()
        assert header[:2] == ["#separator:Tab", "#html:true"]
        assert "#guid column:1" in header
        assert "#tags column:4" in header

    def test_code_keeps_its_lines(self) -> None:
        made = Card(
            "p1", None, "predict", "What?\n```python\na = 1\nif a:\n    a\n```", "1\n2", "nb"
        )
        *_, line = anki.text([made]).splitlines()
        assert "<pre>a = 1<br>if a:<br>    a</pre>" in line
        assert "<pre>1<br>2</pre><br><small>nb</small>" in line

    def test_quotes_are_doubled_as_csv_readers_expect(self) -> None:
        import csv

        made = card(front='What is "loss"?', back='the "cost"')
        rows = list(csv.reader(anki.text([made]).splitlines()[7:], delimiter="\t"))
        assert rows == [["q1", 'What is "loss"?', 'the "cost"', "c/01 question"]]


def test_two_processes_at_once_lose_no_answer(ws: Workspace) -> None:
    script = (
        "import sys\n"
        "from datetime import date\n"
        "from pathlib import Path\n"
        "from fastcompanion.base.workspace import Workspace\n"
        "from fastcompanion.course.review import cards\n"
        "card = cards.Card('q1', None, 'question', 'Why?')\n"
        "for n in range(40):\n"
        "    cards.answer(Workspace(Path(sys.argv[1])), card, 'good', date(2026, 11, 21), text=f'{sys.argv[2]}{n}')\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", script, str(ws.root), name]) for name in ("a", "b")
    ]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    said = [review.answer for review in cards.reviews(ws)]
    assert len(said) == len(set(said)) == 80
    assert [text for text in said if text[0] == "a"] == [f"a{n}" for n in range(40)]
