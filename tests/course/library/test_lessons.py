"""Finding lessons by what people type; finishing and skipping steps."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from fastcompanion.base import config, events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.workspace import Workspace
from fastcompanion.course import progress
from fastcompanion.course.library import courses, lessons, steps
from fastcompanion.course.model import Course, Lesson
from tests.git_server import notebook


def folder_course(ws: Workspace, folder: Path, *names: str) -> Course:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text(notebook(f"name = {name!r}"))
    return courses.add(ws, str(folder)).course


def finish(ws: Workspace, lesson: Lesson, note: str = "It was about weights.") -> steps.StepDone:
    answers = {card.id: "because" for card in lesson.cards}
    return steps.done(ws, lesson.id, "watch", note=note, answers=answers)


@pytest.fixture
def one(ws: Workspace, tmp_path: Path) -> Course:
    names = (
        "05-linear-model.ipynb",
        "06-random forests.ipynb",
        "16A_Style.ipynb",
        "3_1_x.ipynb",
        "3_2_y.ipynb",
    )
    return folder_course(ws, tmp_path / "one", *names)


class TestFind:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("05", "one/05"),
            ("5", "one/05"),
            ("one/5", "one/05"),
            ("ONE/05", "one/05"),
            ("16a", "one/16a"),
            ("16A", "one/16a"),
            ("3.1", "one/03-01"),
            ("3-2", "one/03-02"),
            ("03_02", "one/03-02"),
            ("linear", "one/05"),
            ("forests random", "one/06"),
            ("one/random", "one/06"),
            ("one", "one/03-01"),
        ],
    )
    def test_what_people_type(self, ws: Workspace, one: Course, text: str, found: str) -> None:
        assert lessons.find(ws, text)[1].id == found

    def test_nothing_fits(self, ws: Workspace, one: Course) -> None:
        for text in ("99", "one/99", "two/05", "quantum"):
            with pytest.raises(CompanionError, match="no lesson fits") as error:
                lessons.find(ws, text)
            assert error.value.code is Exit.USAGE
            assert error.value.hint == "fastcompanion lesson list"

    def test_several_fit(self, ws: Workspace, one: Course, tmp_path: Path) -> None:
        folder_course(ws, tmp_path / "two", "05-other.ipynb")
        with pytest.raises(
            CompanionError, match=r"one/05 \(Linear model\), two/05 \(Other\)"
        ) as error:
            lessons.find(ws, "5")
        assert error.value.code is Exit.USAGE

    def test_the_set_course_decides(self, ws: Workspace, one: Course, tmp_path: Path) -> None:
        folder_course(ws, tmp_path / "two", "05-other.ipynb")
        config.set_value(ws, "study.course", "two")
        assert lessons.find(ws, "5")[1].id == "two/05"

    def test_without_a_word_it_is_the_lesson_of_the_last_event(
        self, ws: Workspace, one: Course
    ) -> None:
        assert lessons.find(ws, None)[1].id == "one/03-01"
        events.record(ws, "lesson.started", "one/16a")
        events.record(ws, "lesson.started", "one/06")
        events.record(ws, "lesson.skipped", "one/05")
        assert lessons.find(ws, None)[1].id == "one/06"
        assert lessons.find(ws, "one")[1].id == "one/06"

    def test_several_courses_and_no_sign(self, ws: Workspace, one: Course, tmp_path: Path) -> None:
        folder_course(ws, tmp_path / "two", "01-other.ipynb")
        with pytest.raises(CompanionError, match="not clear") as error:
            lessons.find(ws, None)
        assert error.value.code is Exit.USAGE
        config.set_value(ws, "study.course", "two")
        assert lessons.find(ws, None)[1].id == "two/01"

    def test_an_event_of_a_removed_course_is_passed_over(
        self, ws: Workspace, one: Course, tmp_path: Path
    ) -> None:
        folder_course(ws, tmp_path / "two", "01-other.ipynb")
        events.record(ws, "lesson.started", "one/06")
        events.record(ws, "lesson.started", "two/01")
        courses.remove(ws, "two")
        assert lessons.find(ws, None)[1].id == "one/06"

    def test_a_course_in_another_script_is_found_however_it_is_typed(
        self, ws: Workspace, tmp_path: Path
    ) -> None:
        course = folder_course(ws, tmp_path / "한국어 강의", "01-서론.ipynb")
        assert course.id == "한국어-강의"
        for form in ("NFC", "NFD"):
            typed = unicodedata.normalize(form, "한국어-강의/1")
            assert lessons.find(ws, typed)[1].id == "한국어-강의/01"
            assert lessons.find(ws, unicodedata.normalize(form, "서론"))[1].number == "01"

    def test_no_course_at_all(self, ws: Workspace) -> None:
        with pytest.raises(CompanionError, match="no course yet") as error:
            lessons.find(ws, None)
        assert error.value.hint == "fastcompanion course add foundations"

    def test_one_notebook_of_a_lesson(self, ws: Workspace) -> None:
        course = courses.add(ws, "foundations").course
        first = course.lessons[0]
        assert lessons.notebook_of(first, None) == first.notebooks[0]
        assert lessons.notebook_of(first, first.notebooks[0].id) == first.notebooks[0]
        with pytest.raises(CompanionError, match="no notebook 'other'"):
            lessons.notebook_of(first, "other")


@pytest.mark.parametrize("typed", ["fundations/01", "fondations/1", "foundation/01"])
def test_a_misspelt_course_names_the_lesson_that_was_meant(ws: Workspace, typed: str) -> None:
    courses.add(ws, "foundations")
    with pytest.raises(CompanionError, match=r"; did you mean foundations/01\?$"):
        lessons.find(ws, typed)


def test_a_misspelt_course_alone_and_what_is_like_nothing(ws: Workspace) -> None:
    courses.add(ws, "foundations")
    with pytest.raises(CompanionError, match=r"; did you mean foundations\?$"):
        lessons.find(ws, "fundations")
    with pytest.raises(CompanionError, match=r"; did you mean foundations\?$"):
        courses.load(ws, "fundations")
    with pytest.raises(CompanionError, match=r"^no lesson fits 'qqqq'$"):
        lessons.find(ws, "qqqq")


class TestDone:
    def test_watch_needs_a_sentence_and_every_card_once(self, ws: Workspace) -> None:
        lesson = courses.add(ws, "foundations").course.lessons[0]
        assert lesson.cards
        with pytest.raises(CompanionError, match="wait for an answer") as error:
            steps.done(ws, "foundations/01", "watch", note="It was about weights.")
        assert error.value.code is Exit.USAGE
        assert f"--answer {lesson.cards[0].id}=" in error.value.hint
        assert not [event for event in events.read(ws) if event.lesson]
        done = finish(ws, lesson)
        assert (done.new, done.cards_answered) == (True, len(lesson.cards))
        kinds = [event.kind for event in events.read(ws) if event.lesson]
        assert kinds == ["card.answered"] * len(lesson.cards) + ["lesson.step_done"]
        assert done.next is not None
        assert done.next.step == "run"

    def test_answers_are_kept_when_the_sentence_is_missing(self, ws: Workspace) -> None:
        lesson = courses.add(ws, "foundations").course.lessons[0]
        with pytest.raises(CompanionError, match="sentence is missing"):
            finish(ws, lesson, note="ok")
        kinds = [event.kind for event in events.read(ws) if event.lesson]
        assert kinds == ["card.answered"] * len(lesson.cards)
        done = steps.done(ws, lesson.id, "watch", note="It was about weights.")
        assert (done.new, done.cards_answered) == (True, 0)

    def test_a_part_of_the_answers_is_kept_and_the_rest_is_named(self, ws: Workspace) -> None:
        lesson = courses.add(ws, "foundations").course.lessons[0]
        first, second, third, *_ = [card.id for card in lesson.cards]
        with pytest.raises(CompanionError) as error:
            steps.done(ws, lesson.id, "watch", answers={first: "one", second: "two"})
        every = len(lesson.cards)
        assert f"2 of {every} questions of {lesson.id} answered" in error.value.message
        assert len(error.value.message.split("\n")) == 1 + every - 2, "one question on a line"
        assert error.value.hint.startswith(f"fastcompanion lesson done {lesson.id} watch --answer")
        assert f'--answer {third}="..."' in error.value.hint
        assert f"--answer {first}=" not in error.value.hint
        kept = [e.data["card"] for e in events.read(ws) if e.kind == "card.answered"]
        assert kept == [first, second]
        assert lessons.show(ws, lesson.id).progress.steps[0].state != "done"

    def test_what_was_answered_before_ctrl_c_is_kept(self, ws: Workspace) -> None:
        lesson = courses.add(ws, "foundations").course.lessons[0]
        asked: list[str] = []

        def ask(question: str) -> str:
            asked.append(question)
            if len(asked) == 3:
                raise KeyboardInterrupt
            return "an answer"

        with pytest.raises(CompanionError, match=f"2 of {len(lesson.cards)} ") as error:
            steps.done(ws, lesson.id, "watch", ask=ask)
        assert error.value.code is Exit.INTERRUPTED
        asked.clear()

        def ask_again(question: str) -> str:
            asked.append(question)
            return "It was about weights"

        steps.done(ws, lesson.id, "watch", ask=ask_again)
        assert asked[0] == lesson.cards[2].question
        assert not set(asked) & {card.question for card in lesson.cards[:2]}

    def test_twice_changes_nothing(self, ws: Workspace) -> None:
        lesson = courses.add(ws, "foundations").course.lessons[0]
        finish(ws, lesson)
        count = len(events.read(ws))
        assert not steps.done(ws, "foundations/01", "watch").new
        assert len(events.read(ws)) == count

    def test_answers_given_before_are_not_asked_again(self, ws: Workspace) -> None:
        lesson = courses.add(ws, "foundations").course.lessons[0]
        card = lesson.cards[0]
        events.record(ws, "card.answered", lesson.id, {"card": card.id, "answer": "because"})
        asked: list[str] = []

        def ask(question: str) -> str:
            asked.append(question)
            return "" if len(asked) == 1 else "an answer of some length"

        steps.done(ws, lesson.id, "watch", ask=ask)
        assert card.question not in asked
        assert asked[0] == lesson.cards[1].question
        assert asked[1].startswith(lesson.cards[1].question), "an empty answer is asked for again"
        assert "sentence" in asked[-1].lower()

    def test_what_the_program_can_see_is_not_taken_on_trust(
        self, ws: Workspace, one: Course
    ) -> None:
        for step in ("run", "reproduce"):
            with pytest.raises(CompanionError, match="finished by doing it") as error:
                steps.done(ws, "05", steps.step_named(step), note="I really did it, honestly.")
            assert error.value.code is Exit.CHECK_SAYS_NO
        assert steps.done(ws, "05", "repeat", note="Own data, beats the baseline.").new

    def test_a_card_that_does_not_exist(self, ws: Workspace) -> None:
        courses.add(ws, "foundations")
        with pytest.raises(CompanionError, match="no card 'nope'"):
            steps.done(
                ws, "foundations/01", "watch", note="It was about weights.", answers={"nope": "x"}
            )

    def test_a_misspelt_card_names_the_near_ones(self, ws: Workspace) -> None:
        card = courses.add(ws, "foundations").course.lessons[0].cards[0].id
        with pytest.raises(CompanionError, match=f"did you mean.*{card}"):
            steps.done(ws, "foundations/01", "watch", answers={f"{card}x": "x"})

    def test_dry_run_writes_nothing(self, ws: Workspace, one: Course) -> None:
        before = ws.progress.read_bytes()
        assert steps.done(ws, "05", "watch", note="It was about weights.", dry_run=True).new
        assert ws.progress.read_bytes() == before


class TestSkip:
    def test_a_lesson_and_back(self, ws: Workspace, one: Course) -> None:
        assert steps.skip(ws, "05").changed
        assert not steps.skip(ws, "05").changed
        assert self.state(ws, "one/05") == "skipped"
        assert steps.skip(ws, "05", undo=True).changed
        assert not steps.skip(ws, "05", undo=True).changed
        assert self.state(ws, "one/05") == "open"
        assert steps.skip(ws, "05").changed
        assert self.state(ws, "one/05") == "skipped"

    def test_one_step(self, ws: Workspace, one: Course) -> None:
        skipped = steps.skip(ws, "05", "watch")
        assert skipped.next is not None
        assert skipped.next.step == "run"
        assert self.state(ws, "one/05") != "skipped"
        steps.skip(ws, "05", "watch", undo=True)
        after = lessons.next_of(ws, *lessons.find(ws, "05"))
        assert after is not None
        assert after.step == "watch"

    def state(self, ws: Workspace, lesson_id: str) -> str:
        _, lesson = lessons.find(ws, lesson_id)
        own = [event for event in events.read(ws) if event.lesson == lesson_id]
        return progress.of_lesson(lesson, own).state

    def test_no_such_step(self) -> None:
        with pytest.raises(CompanionError, match="no step") as error:
            steps.step_named("dance")
        assert error.value.code is Exit.USAGE


def test_list_marks_where_you_are(ws: Workspace, one: Course) -> None:
    events.record(ws, "lesson.started", "one/06")
    found = lessons.listing(ws)
    assert [line.id for line in found[0].lessons if line.current] == ["one/06"]
    assert [line.progress.state for line in found[0].lessons if line.id == "one/06"] == ["started"]
