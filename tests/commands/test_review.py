"""`review`: through the command line, with lines on stdin as a learner types them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.course.review.chapter import ITEMS, TASKS, cell, chapter, shows

Runner = Callable[..., Any]


@pytest.fixture
def book(study: Path, tmp_path: Path, run: Runner, frozen: Callable[[str], None]) -> Path:
    """A study with a course of one chapter that ends with a questionnaire."""
    frozen("2026-11-21T19:30:00+01:00")
    folder = tmp_path / "book"
    folder.mkdir()
    nb = chapter(cell("code", "w[0] + w[1]", shows("3")))
    (folder / "04_perceptron.ipynb").write_text(json.dumps(nb))
    assert run("course", "add", folder).code == 0
    return study


QUESTIONS = len(ITEMS) - len(TASKS)


class TestAdd:
    def test_proposals_are_listed_where_nobody_can_be_asked(self, book: Path, run: Runner) -> None:
        shown = run("review", "add", "4")
        assert shown.code == 0
        assert "Name three kinds of layers." in shown.out
        assert f"{QUESTIONS} questionnaire, {len(TASKS)} task" in shown.out
        assert not (book / "review").exists()

    def test_all_takes_the_questions_and_commits_them(
        self, book: Path, run: Runner, git: Callable[..., str]
    ) -> None:
        taken = run("review", "add", "4", "--all")
        assert f"{QUESTIONS} cards taken" in taken.out
        assert git(book, "status", "--short") == ""
        assert git(book, "log", "-1", "--format=%s").strip() == f"Take {QUESTIONS} cards of book/04"
        again = run("review", "add", "4", "--all")
        assert "0 cards taken" in again.out

    def test_an_answer_of_the_author_is_no_first_answer_of_yours(
        self, built_in_study: Path, run: Runner
    ) -> None:
        assert "becomes its back" not in run("review", "add", "1", "--all").out

    def test_a_questionnaire_has_no_backs(self, book: Path, run: Runner) -> None:
        assert (
            "Your first answer to a card becomes its back."
            in run("review", "add", "4", "--all").out
        )

    def test_single_ones_by_their_id(self, book: Path, run: Runner) -> None:
        offered = run("review", "add", "4", "--json").data["proposals"]
        first, second = (one["card"]["id"] for one in offered[:2])
        taken = run("review", "add", "4", "--take", first, "--skip", second, "--json").data
        assert ([card["id"] for card in taken["cards"]], taken["passed"]) == ([first], 1)
        left = [one["card"]["id"] for one in run("review", "add", "4", "--json").data["proposals"]]
        assert first not in left
        assert second not in left
        wrong = run("review", "add", "4", "--take", "q0")
        assert (wrong.code, "proposes no card 'q0'" in wrong.err) == (2, True)

    def test_an_unknown_group_is_named(self, book: Path, run: Runner) -> None:
        wrong = run("review", "add", "4", "--group", "questionaire")
        assert wrong.code == 2
        assert "did you mean questionnaire?" in wrong.err

    def test_a_card_of_ones_own(self, book: Path, run: Runner) -> None:
        made = run("review", "add", "--front", "Why?", "--back", "Because.")
        assert made.code == 0
        (card,) = run("review", "list", "--json").data["cards"]
        assert (card["front"], card["back"], card["lesson"]) == ("Why?", "Because.", None)
        assert run("review", "add", "--front", "  ").code == 2
        assert "--front" in run("review", "add").err

    def test_nothing_is_written_by_a_look(self, book: Path, run: Runner) -> None:
        run("review", "add", "4", "--all", "--dry-run")
        run("review", "add", "--front", "Why?", "--dry-run")
        assert not (book / "review").exists()


class TestDue:
    def test_a_session_from_plain_lines(
        self, book: Path, run: Runner, git: Callable[..., str]
    ) -> None:
        run("review", "add", "4", "--all")
        typed = "weights\n\nthree of them\nwhat\nhard\n"
        held = run("review", typed=typed)
        assert held.code == 0
        assert "1 of 8" in held.out
        assert "Comes back on 2026-11-23." in held.out
        assert "2 cards answered: 1 hard, 1 good" in held.out
        assert "6 of today are left." in held.out
        assert git(book, "log", "-1", "--format=%s").strip() == "Review: 2 answers"
        assert git(book, "status", "--short") == ""

    def test_q_in_place_of_an_answer_stops(self, book: Path, run: Runner) -> None:
        run("review", "add", "4", "--all")
        held = run("review", typed="q\ngood\n")
        assert held.code == 0
        assert "q: stop" in held.out + held.err
        assert "Comes back" not in held.out, "it is no answer"
        assert not (book / "review/reviews.jsonl").exists()

    def test_a_card_of_ones_own_names_no_place_to_look(self, book: Path, run: Runner) -> None:
        run("review", "add", "--front", "Why?", "--back", "")
        looked = run("review", typed="\nagain\n").out
        assert "There is no answer yet on this card." in looked
        assert "place above" not in run("review", typed="because\ngood\n").out

    def test_it_is_the_usual_word_of_its_group(self, book: Path, run: Runner) -> None:
        run("review", "add", "--front", "Why?", "--back", "Because.")
        assert run("review", "--json").data == run("review", "due", "--json").data
        assert run("review", "--limit", "1", "--json").data["new"] == 1
        assert "Usage" in run("review", "--help").out

    def test_json_lists_and_asks_nothing(self, book: Path, run: Runner) -> None:
        run("review", "add", "--front", "Why?", "--back", "Because.")
        found = run("review", "due", "--json", typed="x\ngood\n").data
        assert set(found) == {
            "cards",
            "overdue",
            "new",
            "waiting",
            "done",
            "seconds",
            "next_day",
        }
        assert set(found["cards"][0]) == {
            "id",
            "lesson",
            "kind",
            "front",
            "back",
            "source",
            "state",
            "since",
        }
        assert run("review", "stats", "--json").data["answers"] == 0

    def test_without_cards_it_says_how_to_get_some(self, book: Path, run: Runner) -> None:
        found = run("review")
        assert "No card is due." in found.out
        assert "Next: fastcompanion review add" in found.out

    def test_a_prediction_is_checked(self, book: Path, run: Runner) -> None:
        run("review", "add", "4", "--group", "predict", "--all")
        held = run("review", typed="4\n\n")
        assert "It shows something else" in held.out
        assert "1 card answered: 1 again" in held.out

    def test_done_for_today_says_when_to_come_back(self, book: Path, run: Runner) -> None:
        run("review", "add", "--front", "Why?", "--back", "Because.")
        run("review", typed="so\neasy\n")
        found = run("review")
        assert "1 card answered today" in found.out
        assert "2026-11-29" in found.out

    def test_a_broken_line_names_file_and_cure(self, book: Path, run: Runner) -> None:
        run("review", "add", "--front", "Why?", "--back", "Because.")
        with (book / "review" / "cards.jsonl").open("a") as file:
            file.write("<<<<<<< HEAD\n")
        broken = run("review")
        assert broken.code == 1
        assert "cards.jsonl:2" in broken.err
        assert "merge conflict" in broken.err

    def test_outside_of_a_study(self, tmp_path: Path, run: Runner) -> None:
        assert run("review", cwd=tmp_path).code == 3


class TestEdit:
    @pytest.fixture
    def card(self, book: Path, run: Runner) -> str:
        run("review", "add", "--front", "What is a loss?", "--back", "A number.")
        name: str = run("review", "list", "--json").data["cards"][0]["id"]
        return name

    def test_words_are_changed(self, card: str, run: Runner) -> None:
        edited = run("review", "edit", card, "--back", "How wrong it is.", "--json").data
        assert edited["card"]["back"] == "How wrong it is."
        assert edited["card"]["front"] == "What is a loss?"

    def test_it_is_found_by_words(self, card: str, run: Runner) -> None:
        run("review", "edit", "loss", "--suspend")
        assert run("review", "list", "--json").data["cards"] == []
        assert run("review", "list", "--suspended", "--json").data["cards"][0]["id"] == card
        run("review", "edit", card, "--resume")
        assert len(run("review", "list", "--json").data["cards"]) == 1

    def test_what_fits_nothing_or_several(self, card: str, run: Runner) -> None:
        assert run("review", "edit", "gradient", "--suspend").code == 2
        run("review", "add", "--front", "What is a loss function?")
        several = run("review", "edit", "what is", "--suspend")
        assert (several.code, "2 cards fit" in several.err) == (2, True)

    def test_both_ways_at_once_is_refused(self, card: str, run: Runner) -> None:
        assert run("review", "edit", card, "--suspend", "--resume").code == 2


class TestExport:
    def test_anki_gets_a_file_with_a_header(self, book: Path, run: Runner, tmp_path: Path) -> None:
        run("review", "add", "4", "--all")
        run("review", "add", "--front", 'Is <b> "bold"?', "--back", "Yes & no.")
        out = tmp_path / "cards.txt"
        made = run("review", "export", "--anki", "--out", out)
        assert f"{QUESTIONS + 1} cards written" in made.out
        lines = out.read_text().splitlines()
        assert lines[0] == "#separator:Tab"
        rows = list(csv.reader(lines[7:], delimiter="\t"))
        assert {len(row) for row in rows} == {4}
        assert rows[-1][1] == 'Is &lt;b&gt; "bold"?'
        assert "Questionnaire 1" in rows[0][2], "the place is noted"
        assert run("review", "export", "--anki", "--out", out).code == 2
        assert run("review", "export", "--anki", "--out", out, "--yes").code == 0

    def test_to_the_screen(self, book: Path, run: Runner) -> None:
        run("review", "add", "--front", "Why?")
        assert run("review", "export", "--anki").out.startswith("#separator:Tab\n")
        assert run("review", "export").code == 2


def test_stats_show_the_days_ahead(book: Path, run: Runner) -> None:
    run("review", "add", "--front", "Why?", "--back", "Because.")
    run("review", typed="so\ngood\n")
    shown = run("review", "stats")
    assert "1 asked, 0 asked no more" in shown.out
    assert "Mon 23 Nov  1" in shown.out
    assert "not known yet" in shown.out


def test_cards_can_be_kept_out_of_git(book: Path, run: Runner, git: Callable[..., str]) -> None:
    """Questions of a book are its authors' words: a public study may want to keep them out."""
    assert run("config", "set", "privacy.review", "false").code == 0
    run("review", "add", "4", "--all")
    run("review", typed="so\ngood\n")
    assert git(book, "ls-files", "review") == ""
