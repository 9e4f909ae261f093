"""`lesson ask`: what a question holds, and above all what it does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import OWN as OWN_PYTHON
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import ask as asking
from fastcompanion.course.checks import check, hints, question
from fastcompanion.course.checks.ask import Question
from fastcompanion.course.checks.check import Asked
from fastcompanion.course.checks.question import without_lines, without_original
from fastcompanion.course.library import courses, lessons
from fastcompanion.course.model import Course, Lesson, NotebookRef
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.running.experiments import RECORDED
from tests.course.tiny import SOLUTION, course, write_scratch

Runner = Callable[..., Any]
OWN = {**SOLUTION, "doubling": "def double(x):\n    return x + x"}
LONG = """def scores(rows, cols):
    table = [[r * c - abs(r - c) for c in cols] for r in rows]
    return sorted(sum(line) / len(line) for line in table)

best = max(scores(data, data), key=lambda one: (one, -one))"""


@pytest.fixture
def ws(study: Path) -> Workspace:
    return Workspace(study)


@pytest.fixture
def write(ws: Workspace, tmp_path: Path) -> Callable[..., Path]:
    """Give a study (its path has a space) with a foreign lesson; the answers are the learner's."""
    course(tmp_path / "tiny", checks=None)
    courses.add(ws, str(tmp_path / "tiny"))

    def write(answers: dict[str, str] | None = None, **more: str) -> Path:
        return write_scratch(ws, lessons.find(ws, None), {**OWN, **(answers or {})}, **more)

    return write


def ask(ws: Workspace, section: str | None = None, *, fresh: bool = True) -> Question:
    return asking.ask(ws, Asked(section=section), fresh=fresh)


def test_a_question_says_what_helpers_ask_for(ws: Workspace, write: Callable[..., Path]) -> None:
    write(
        {"the-answer": "answer = double(total) + nope\nanswer"}, top="import numpy as np, nothere"
    )
    write({"the-answer": "answer = double(total) + nope\nanswer"}, top="import numpy as np")
    lesson = lessons.find(ws, None)[1]
    hints.hint(ws, Asked(section="the-answer"), agree=lambda _: True)
    events.record(
        ws, RECORDED, lesson.id, {"notebook": "tiny", "change": "one more row", "result": "7"}
    )
    made = ask(ws, "the-answer")
    text = made.text
    assert (made.section, made.verdict, made.checked) == ("the-answer", "not reached", "now")
    assert text.startswith("# ")
    assert "The answer\n" in text.split("\n- ")[0] + "\n"
    assert f"`{lesson.id}`" in text
    assert "**What the section asks:** Do it." in text or "**What the section asks:**" in text
    assert "**What I expected:** (write it here)" in text
    assert "NameError: name 'nope' is not defined" in text
    assert "Traceback (most recent call last)" in text
    assert "```python\nanswer = double(total) + nope\nanswer\n```" in text
    assert "Hints for it: 1 of 4" in text
    assert "Changed: one more row; result: 7" in text
    assert "- Python 3." in text
    assert "numpy " in text
    assert "fastcompanion " in text
    assert str(ws.root) not in text
    assert str(Path.home()) not in text


def test_what_fails_first_is_asked_about(ws: Workspace, write: Callable[..., Path]) -> None:
    write({"the-sum": "total = 1 / 0"})
    made = ask(ws, "the-answer")
    assert made.section == "the-sum"
    assert "ZeroDivisionError" in made.text
    assert "total = 1 / 0" in made.text


def test_a_known_state_is_not_run_again(ws: Workspace, write: Callable[..., Path]) -> None:
    path = write({"the-answer": "answer = undefined"})
    check.check_asked(ws, Asked())
    told = len(events.read(ws, private=True))
    made = ask(ws)
    assert (made.section, made.checked, made.verdict) == ("the-answer", "before", "not reached")
    assert "NameError: name 'undefined' is not defined" in made.text
    assert "Checks of this section: 1 (1 times not reached)" in made.text
    assert len(events.read(ws, private=True)) == told
    book = notebook.read(path)
    cell = next(c for c in book["cells"] if c["source"] == "answer = undefined")
    cell["outputs"] = [
        {
            "output_type": "error",
            "ename": "NameError",
            "evalue": "e",
            "traceback": ["\x1b[31mTb:\x1b[0m", "line 1"],
        }
    ]
    notebook.write(path, book)
    assert "```text\nTb:\nline 1\n```" in ask(ws).text
    cell["source"] += "  # changed"
    notebook.write(path, book)
    assert ask(ws).checked == "now"
    assert ask(ws, fresh=False).checked == "no"
    assert len(events.read(ws, private=True)) == told


def test_without_a_check_it_says_so(ws: Workspace, write: Callable[..., Path]) -> None:
    write({"the-answer": "1 / 0"})
    made = ask(ws, fresh=False)
    assert (made.section, made.checked) == ("the-sum", "no")
    assert "It has not been checked in this state." in made.text
    assert "ZeroDivisionError" not in made.text
    assert "Checks of this section: 0" in made.text


def test_a_kernel_that_dies_or_cannot_start_is_told(
    ws: Workspace, write: Callable[..., Path]
) -> None:
    write({"the-sum": "import os\nos._exit(3)"})
    made = ask(ws)
    assert (made.section, made.verdict) == ("the-sum", "could not check")
    assert "died" in made.text
    gone = asking.ask(ws, Asked(kernel="no-such-environment"))
    assert gone.verdict == "could not check"
    assert "no-such-environment" in gone.text
    assert "total" not in gone.verdict


PLANTED = {
    "hf_abcdefghijKLMNOP1234": "login('hf_abcdefghijKLMNOP1234')",
    "pw-12": "db = 'postgres://me:pw-12@db.example/x'",
    "jane@example.org": "# by jane@example.org",
    "0a1b2c3d4e5f60718293a4b5c6d7e8f9": 'creds = \'{"username":"janed","key":"0a1b2c3d4e5f60718293a4b5c6d7e8f9"}\'',
    "janed": "pass",
    "AKIAABCDEFGHIJKLMNOP": "aws = ('AKIAABCDEFGHIJKLMNOP', 1)",
    "Users\\Jane": "open_me = r'C:\\Users\\Jane Doe\\x.csv'",
    "valueofthekey": "import os; k = os.environ.get('KAGGLE_KEY')",
}


def test_planted_secrets_never_come_out(
    ws: Workspace, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLE_KEY", "valueofthekey")
    code = "def login(*a): pass\n" + "\n".join(PLANTED.values())
    error = "raise ValueError(k, creds, aws, db, open_me, os.environ, os.path.abspath('x'), os.path.expanduser('~/y'))"
    write({"the-sum": f"{code}\n{error}"})
    made = ask(ws)
    check.check_asked(ws, Asked())
    for one in (made, ask(ws)):
        for secret in (*PLANTED, str(ws.root), str(Path.home()), "Doe"):
            assert secret not in one.text, secret
            assert secret not in json.dumps(vars(one), default=str).replace("\\\\", "\\"), secret
        assert one.removed >= len(PLANTED) - 3
        assert "ValueError" in one.text
        assert "~\\x.csv" in one.text
    assert [made.checked, ask(ws).checked] == ["now", "before"]


def _with_long(ws: Workspace, tmp_path: Path, own: str) -> None:
    folder = tmp_path / "long course"
    folder.mkdir()
    cells = [
        ("markdown", "## The scores\n\nMake the scores of all pairs."),
        ("code", "data = [1, 2, 3]"),
        ("code", LONG),
        ("markdown", "## The rest\n\nAdd the rest."),
        ("code", "rest = [one - best for one in data if one != best]"),
    ]
    book = {
        "cells": [{"cell_type": kind, "metadata": {}, "source": text} | ({"outputs": [], "execution_count": None} if kind == "code" else {}) for kind, text in cells],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 4,
    }  # fmt: skip
    (folder / "long.ipynb").write_text(json.dumps(book))
    courses.add(ws, str(folder))
    made = lessons.find(ws, None)
    write_scratch(ws, made, {"the-scores": own, "the-rest": "rest = scores(None, 3)"})


@pytest.mark.parametrize(
    "own",
    [
        LONG,
        LONG.replace("    ", "  ").replace("abs(r - c)", "abs( r-c )") + "\n\nmore = 1",
        "# what I found\n" + LONG + "\nprint(best)",
    ],
)
def test_a_pasted_solution_stays_at_home(ws: Workspace, tmp_path: Path, own: str) -> None:
    _with_long(ws, tmp_path, own)
    made = ask(ws, "the-scores", fresh=False)
    assert "return sorted" not in made.text
    assert "lambda one" not in made.text
    assert "the original's code" in made.text
    assert made.left_out >= 5
    for kept in ("more = 1", "# what I found", "print(best)"):
        assert (kept in own) == (kept in made.text)


def test_an_error_shows_no_line_of_the_original(ws: Workspace, tmp_path: Path) -> None:
    _with_long(ws, tmp_path, LONG)
    made = ask(ws, "the-rest")
    assert made.section == "the-rest"
    assert "TypeError" in made.text
    assert "(a line of the original)" in made.text
    assert "for c in cols" not in made.text
    assert "rest = scores(None, 3)" in made.text


def test_a_shown_solution_stays_at_home_in_parts_too(ws: Workspace, tmp_path: Path) -> None:
    own = (
        LONG.split("\n\n", maxsplit=1)[0].replace("len(line)", "len(cols)")
        + "\nmine = [scores(data, data)]"
    )
    _with_long(ws, tmp_path, own)
    assert "for c in cols" in ask(ws, "the-scores", fresh=False).text
    hints.hint(ws, Asked(section="the-scores"), level=4, agree=lambda _: True)
    made = ask(ws, "the-scores", fresh=False)
    assert "for c in cols" not in made.text
    assert "return sorted(sum(line) / len(cols)" in made.text
    assert "mine = [scores(data, data)]" in made.text
    assert "(the original was shown)" in made.text


def test_code_that_is_only_like_the_original_stays() -> None:
    kept = without_original([LONG.replace("best", "top")], [LONG], [], solved=False)
    assert kept.cells == (LONG.replace("best", "top"),)
    short = "loss.backward()"
    assert without_original([short], [short], [], solved=False).count == 0
    shell = "%%bash\nls -l data | sort -k 5 -n | tail -3 > sizes.txt"
    assert without_original([shell], [shell], [], solved=False).count == 2
    given = "data = load(path / 'train.csv')"
    mixed = f"{given}\nmine = data[1:]"
    assert without_original([mixed], [mixed, given], [given], solved=True).cells == (
        f"{given}\n# (the original's code, 1 line, is left out here)",
    )


def test_lines_of_an_error_are_compared_without_their_numbers() -> None:
    trace = "Cell In[3], line 2\n      1 x = 1\n----> 2 secret_sauce(x, 3)\nValueError"
    assert without_lines(trace, {"secret_sauce(x, 3)"}).split("\n")[2] == "(a line of the original)"
    assert without_lines(trace, ()) == trace
    said = "cell 5: TypeError: no; at `secret_sauce(x, 3)`"
    assert without_lines(said, {"secret_sauce(x, 3)"}) == (
        "cell 5: TypeError: no; at `(a line of the original)`"
    )


def test_long_things_are_cut_and_fences_hold() -> None:
    long = question.shortened("\n".join(f"line {n}" for n in range(500)), 40, begin=8)
    assert long.count("\n") == 40
    assert "line 7\n… (460 lines left out)\nline 468" in long
    assert len(question.shortened("x" * 9999, 5)) < 400
    assert question.shortened("10%\r20%\r100%", 5) == "100%"
    assert question.fenced("a\n````\nb", "text").startswith("`````text\n")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "https://github.com/fastai/course22",
            "https://github.com/fastai/course22/blob/abc/a%20b/x.ipynb",
        ),
        ("https://jo:pw@github.com/o/r.git", "https://github.com/o/r/blob/abc/a%20b/x.ipynb"),
        ("git@github.com:o/r.git", "https://github.com/o/r/blob/abc/a%20b/x.ipynb"),
        ("/home/jo/courses/r", ""),
        ("https://intra.example/o/r", ""),
    ],
)
def test_links_lead_where_others_can_go(source: str, expected: str) -> None:
    ref = NotebookRef("x", "a b/x.ipynb")
    lesson = Lesson("c/01", "01", "T", (ref,))
    made = Course("c", "C", "git", source, Path("/home/jo/c"), (lesson,), commit="abc")
    assert question.link(made, ref) == expected
    assert question.link(replace(made, kind="folder"), ref) == ""
    assert (
        question.link(made, NotebookRef("k", None, "https://k.example/k")) == "https://k.example/k"
    )


def test_a_wrong_value_is_told_with_what_was_expected(ws: Workspace, tmp_path: Path) -> None:
    made = course(tmp_path / "tiny checks")
    write_scratch(ws, made, {**OWN, "the-sum": "total = 4"})
    report = check.check(ws, *made, OWN_PYTHON)
    assert report.first == "the-sum"
    brief = events.read(ws, private=True)[-1].data["failing"]
    assert brief["id"] == "the-sum"
    assert "expected the sum of the data, found 4" in brief["message"]
    assert brief["points"][0]["expected"].startswith("number total")
    json.dumps(brief)


def test_which_section_is_asked_when_it_is_unclear(
    ws: Workspace, write: Callable[..., Path]
) -> None:
    write()
    with pytest.raises(CompanionError, match="which section") as caught:
        ask(ws, "the-")
    assert caught.value.code is Exit.USAGE


def test_the_command_writes_markdown_json_or_a_file(
    ws: Workspace, write: Callable[..., Path], run: Runner, tmp_path: Path
) -> None:
    write({"the-answer": "answer = undefined"})
    shown = run("lesson", "ask", "--section", "the-answer")
    assert shown.code == 0, shown.err
    assert shown.out.startswith("# ")
    assert "```python\nanswer = undefined\n```" in shown.out
    assert "Read it before you post it" in shown.err
    data = json.loads(run("lesson", "ask", "--no-check", "--json").out)["data"]
    assert data["checked"] == "no"
    assert data["file"] is None
    place = tmp_path / "out folder" / "my question.md"
    place.parent.mkdir()
    written = run("lesson", "ask", "--section", "the-answer", "--out", place)
    assert written.code == 0, written.err
    assert place.read_text() == shown.out
    assert run("lesson", "ask", "--no-check", "--out", place).code == Exit.USAGE
    assert run("lesson", "ask", "--no-check", "--out", place, "--yes").code == 0
    assert "not been checked" in place.read_text()
    assert run("lesson", "ask", "--no-check", "--out", place.parent).code == Exit.USAGE


def test_what_a_section_asks_is_cut_between_words() -> None:
    goal = (
        "Make `pixels`, which lie between 0 and 1. " + "Then write `draw(image)` of 64 numbers " * 9
    )
    cut = question.at_a_word(goal, 300)
    assert len(cut) <= 302
    assert cut.removesuffix(" …").split() == goal.split()[: len(cut.split()) - 1]
    whole = question.at_a_word("One sentence of some length stands here. And another one.", 50)
    assert whole == "One sentence of some length stands here. …"
    assert question.at_a_word("x" * 80, 10) == "x" * 10 + " …"
    assert question.at_a_word("short", 10) == "short"


def test_the_name_that_a_kernel_was_built_under_is_not_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("platform.release", lambda: "6.18.44-acme-secret7")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert asking.system() == "Linux 6.18.44 (x86_64)"


def test_without_any_code_a_first_try_is_proposed(run: Runner, built_in_study: Path) -> None:
    assert run("lesson", "scratch", "foundations/01").code == 0
    outcome = run("lesson", "ask")
    assert outcome.code == 0
    assert "There is no code of yours in look-at-the-data yet" in outcome.err
    assert "fastcompanion hint foundations/01" in outcome.err


def test_without_a_notebook_it_says_how_to_get_one(run: Runner, built_in_study: Path) -> None:
    outcome = run("lesson", "ask", "foundations/01")
    assert outcome.code == Exit.NOT_SET_UP
    assert "lesson scratch" in outcome.err
