"""Checks of real notebooks in real, fresh kernels, and what they write down."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from fastcompanion.base import events, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.kernel import OWN, Limits
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import check, plan, prepared
from fastcompanion.course.checks.check import Asked, CheckReport
from fastcompanion.course.checks.verdict import SectionVerdict
from fastcompanion.course.library import courses, lessons
from fastcompanion.course.model import Course, Lesson
from tests.course import tiny
from tests.course.tiny import SOLUTION, course, write_scratch

Made = tuple[Course, Lesson]


@pytest.fixture
def ws(study: Path) -> Workspace:
    return Workspace(study)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return course(tmp_path / "tiny course")


def verdicts(report: CheckReport) -> dict[str, str]:
    return {one.id: one.verdict for one in report.sections}


def run(
    ws: Workspace, made: Made, section: str | None = None, limits: Limits | None = None
) -> CheckReport:
    return check.check(ws, *made, OWN, section=section, limits=limits)


def failing(report: CheckReport) -> SectionVerdict:
    return next(one for one in report.sections if one.id == report.first)


def test_a_right_notebook_passes_finishes_the_step_and_is_committed(
    ws: Workspace, made: Made, git: object
) -> None:
    path = write_scratch(ws, made, SOLUTION)
    report = run(ws, made)
    assert verdicts(report) == dict.fromkeys(SOLUTION, "passed")
    assert (report.verdict, report.exit_code, report.complete) == ("passed", 0, True)
    assert report.finished_step
    public = [e for e in events.read(ws) if e.lesson == "tiny/01"]
    assert [e.kind for e in public] == ["lesson.checked", "lesson.step_done"]
    assert public[0].data["sections"] == verdicts(report)
    assert public[0].data["complete"] is True
    assert report.commit is not None
    assert report.commit.made
    assert path.name in git(ws.root, "show", "--stat", "HEAD")  # type: ignore[operator]
    again = run(ws, made)
    assert not again.finished_step
    assert "nothing has changed since the last check" in again.notices[0]
    assert len([e for e in events.read(ws) if e.lesson == "tiny/01"]) == 2


def test_the_verdict_speaks_of_the_first_section_that_fails(ws: Workspace, made: Made) -> None:
    answers = {**SOLUTION, "the-sum": "total = sum(data[:-1])", "the-answer": ""}
    write_scratch(ws, made, answers)
    report = run(ws, made)
    assert verdicts(report) == {
        "the-sum": "wrong value",
        "doubling": "passed",
        "the-answer": "not attempted",
    }
    assert (report.first, report.exit_code) == ("the-sum", Exit.CHECK_SAYS_NO)
    one = failing(report)
    assert "expected the sum of the data, found 3" in one.message
    assert one.hint == "The last one was left out."
    assert one.checkpoints[0].found == "3 (int)"
    assert "6" not in one.message + one.hint + one.checkpoints[0].expected
    public = [e.data["sections"] for e in events.read(ws) if e.kind == "lesson.checked"]
    private = [
        e.data["sections"] for e in events.read(ws, private=True) if e.kind == "lesson.checked"
    ]
    assert public == [{"doubling": "passed"}]
    assert private == [verdicts(report)]


def test_other_names_pass_by_kind_and_by_a_mapping_line(ws: Workspace, made: Made) -> None:
    answers = {
        "the-sum": "a, b = 1, 2\nnumbers = {'sum': a + b + 3}\n# fc: total = numbers['sum']",
        "doubling": "zwei = lambda wert: wert + wert",
        "the-answer": "antwort = zwei(numbers['sum'])",
    }
    write_scratch(ws, made, answers)
    report = run(ws, made)
    assert set(verdicts(report).values()) == {"passed"}
    found = [one.checkpoints[0].found_name for one in report.sections]
    assert found == ["numbers['sum']", "zwei", "antwort"]


def test_an_error_names_the_cell_and_the_learners_own_line(ws: Workspace, made: Made) -> None:
    answers = {
        **SOLUTION,
        "the-sum": SOLUTION["the-sum"] + "\ndef broken(x):\n    return x / 0",
        "doubling": "y = 1\nz = broken(y)",
    }
    path = write_scratch(ws, made, answers)
    report = run(ws, made)
    one = failing(report)
    assert verdicts(report) == {
        "the-sum": "passed",
        "doubling": "not reached",
        "the-answer": "not reached",
    }
    assert one.source_line == "z = broken(y)"
    assert one.line == 2
    assert "ZeroDivisionError: division by zero" in one.message
    assert "return x / 0" in one.message
    assert "Traceback" not in one.message
    cells = store.read_json(path)["cells"]
    assert "broken(y)" in "".join(cells[(one.cell or 0) - 1]["source"])


def test_a_known_mistake_behind_an_error_is_named(ws: Workspace, made: Made) -> None:
    answers = {**SOLUTION, "the-sum": "total = 3\nassert total == 6"}
    write_scratch(ws, made, answers)
    one = failing(run(ws, made))
    assert (one.verdict, one.hint) == ("wrong value", "The last one was left out.")
    assert "AssertionError" in one.message


def test_the_empty_scaffold_is_not_attempted_and_says_so(ws: Workspace, made: Made) -> None:
    write_scratch(ws, made)
    report = run(ws, made)
    assert set(verdicts(report).values()) == {"not attempted"}
    assert "as it was scaffolded" in report.notices[0]
    assert not [e for e in events.read(ws) if e.kind == "lesson.checked"]


@pytest.mark.parametrize(
    "source",
    ["", "# TODO", "pass", "...", '"""later"""', "def double(x):\n    # TODO\n    pass",
     "def double(x):\n    '''twice'''\n    raise NotImplementedError", "class A:\n    ..."],
)  # fmt: skip
def test_comments_and_stubs_are_no_attempt(source: str) -> None:
    assert not plan.attempted(source)


@pytest.mark.parametrize(
    "source", ["x", "1", "def f(x): return x", "%time f()", "x = ", "import a"]
)
def test_code_is_an_attempt(source: str) -> None:
    assert plan.attempted(source)


NO_DOT = """
class ExecutableNotFound(RuntimeError): pass
class Tree:
    def _repr_mimebundle_(self, **more):
        raise ExecutableNotFound("failed to execute PosixPath('dot'), make sure the Graphviz executables are there")
Tree()
"""


@pytest.mark.parametrize(
    ("code", "words", "limits"),
    [
        ("import no_such_package_here", "No module named", Limits()),
        ("while True: pass", "longer than", Limits(cell_seconds=3)),
        ("input('name?')", "input", Limits()),
        ("import sys; sys.exit(3)", "", Limits()),
        ("import os; os._exit(3)", "died", Limits()),
        ("while True: print('x' * 10_000)", "too much output", Limits(output_mb=1)),
        ("raise RuntimeError('Found no NVIDIA driver on your system')", "NVIDIA", Limits()),
        ("raise MemoryError", "MemoryError", Limits()),
        (NO_DOT, "ExecutableNotFound: failed to execute", Limits()),
    ],
)
def test_what_this_machine_cannot_do_is_no_failure_of_the_learner(
    ws: Workspace, made: Made, code: str, words: str, limits: Limits
) -> None:
    write_scratch(ws, made, {**SOLUTION, "doubling": code})
    report = run(ws, made, limits=limits)
    one = failing(report)
    assert (one.id, one.verdict, report.exit_code) == ("doubling", "could not check", Exit.MISSING)
    assert words in one.message
    assert one.hint
    assert verdicts(report)["the-sum"] == "passed"


def test_a_program_that_is_missing_is_named_with_the_way_to_get_it(
    ws: Workspace, made: Made
) -> None:
    write_scratch(ws, made, {**SOLUTION, "doubling": NO_DOT})
    one = failing(run(ws, made))
    assert "The program dot is missing" in one.hint
    assert "install graphviz" in one.hint
    assert "NoneType" not in one.message


def test_a_given_cell_that_fails_is_a_broken_lesson(ws: Workspace, tmp_path: Path) -> None:
    made = course(tmp_path / "broken", given="data = [1, 2].append_all(3)")
    write_scratch(ws, made, SOLUTION)
    report = run(ws, made)
    one = failing(report)
    assert (one.verdict, report.exit_code) == ("lesson broken here", Exit.MISSING)
    assert "append_all" in one.message
    assert "--as-of" in one.hint


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("data = open('not here.csv').read()", "not here.csv"),
        (
            "import urllib.request as web\ndata = web.urlopen('http://data.invalid/a.csv')",
            "URLError",
        ),
    ],
)
def test_data_that_is_not_here_says_nothing_of_the_lesson(
    ws: Workspace, tmp_path: Path, given: str, words: str
) -> None:
    made = course(tmp_path / "data", given=given)
    write_scratch(ws, made, SOLUTION)
    report = run(ws, made)
    one = failing(report)
    assert (one.verdict, report.exit_code) == ("could not check", Exit.MISSING)
    assert words in one.message
    assert "--data FOLDER" in one.hint


def test_an_error_that_stops_the_original_as_well_is_a_broken_lesson(
    ws: Workspace, made: Made
) -> None:
    write_scratch(ws, made, {**SOLUTION, "doubling": "{}['double']"})
    data = {"notebook": "tiny", "ok": False, "verdict": "lesson broken here", "cell": 5}
    events.record(ws, "lesson.ran", "tiny/01", {**data, "error": "ValueError: bad"})
    assert failing(run(ws, made)).verdict == "not reached"
    events.record(ws, "lesson.ran", "tiny/01", {**data, "error": "KeyError: 'double'"})
    report = run(ws, made)
    one = failing(report)
    assert (one.id, one.verdict, report.exit_code) == (
        "doubling",
        "lesson broken here",
        Exit.MISSING,
    )
    assert "The original stops in this section too" in one.message


def test_a_function_under_check_that_never_ends_could_not_be_checked(
    ws: Workspace, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "CHECK_SECONDS", 0.5)
    write_scratch(
        ws, made, {**SOLUTION, "doubling": "def double(x):\n    while True: pass", "the-answer": ""}
    )
    report = run(ws, made)
    assert verdicts(report)["doubling"] == "could not check"
    assert "took longer than 0.5 s" in failing(report).message


def test_a_function_under_check_that_kills_the_kernel_is_told(ws: Workspace, made: Made) -> None:
    kills = "import os\ndef double(x):\n    os._exit(1)"
    write_scratch(ws, made, {**SOLUTION, "doubling": kills, "the-answer": ""})
    report = run(ws, made)
    assert verdicts(report)["the-sum"] == "passed"
    assert verdicts(report)["doubling"] == "could not check"
    assert "did not survive the check" in failing(report).message


def test_unchanged_gaps_of_an_exercise_sheet_are_no_attempt() -> None:
    gap = "def relu(x):\n    # TODO: replace this line\n    return x * 0"
    assert not plan.attempted(gap, [gap])
    assert plan.attempted(gap.replace("x * 0", "max(x, 0)"), [gap])


def test_shadowed_builtins_and_hostile_names_do_not_disturb_the_judge(
    ws: Workspace, made: Made
) -> None:
    top = "sum = list = dict = type = isinstance = exec = print = None\nimport sys\nsys.modules['numpy'] = None"
    answers = {**SOLUTION, "doubling": SOLUTION["doubling"] + "\nlen = get_ipython = globals = 3"}
    write_scratch(ws, made, answers, top=top)
    assert set(verdicts(run(ws, made)).values()) == {"passed"}


def test_one_section_needs_those_before_it_but_is_judged_alone(ws: Workspace, made: Made) -> None:
    write_scratch(ws, made, {**SOLUTION, "the-sum": "total = 9", "the-answer": "1 / 0"})
    report = run(ws, made, section="doub")
    assert verdicts(report) == {"doubling": "passed"}
    assert (report.exit_code, report.complete) == (Exit.DONE, False)
    with pytest.raises(CompanionError, match=r"is no section.*the-sum, doubling, the-answer"):
        run(ws, made, section="nothing")


def test_sections_without_checks_are_assessed_by_the_learner(ws: Workspace, tmp_path: Path) -> None:
    course(tmp_path / "foreign", checks=None)
    courses.add(ws, str(tmp_path / "foreign"))
    foreign = lessons.find(ws, None)
    path = write_scratch(ws, foreign, SOLUTION)
    report = run(ws, foreign)
    assert set(verdicts(report).values()) == {"to-assess"}
    assert (report.exit_code, report.complete) == (Exit.DONE, False)
    for section in SOLUTION:
        check.assess(ws, Asked(), section, "the same as in the original")
    report = run(ws, foreign)
    assert set(verdicts(report).values()) == {"self-assessed"}
    assert (report.verdict, report.complete, report.finished_step) == ("self-assessed", True, True)
    path.write_text(path.read_text().replace("x * 2", "2 * x"))
    assert verdicts(run(ws, foreign))["doubling"] == "to-assess"
    with pytest.raises(CompanionError, match="one sentence"):
        check.assess(ws, Asked(), "doubling", " ")
    path.write_text(path.read_text().replace("return 2 * x", "pass"))
    with pytest.raises(CompanionError, match="no code of yours"):
        check.assess(ws, Asked(), "doubling", "fine")


@pytest.fixture
def foreign(ws: Workspace, tmp_path: Path) -> Made:
    """A lesson that nobody wrote checks for."""
    course(tmp_path / "foreign", checks=None)
    courses.add(ws, str(tmp_path / "foreign"))
    return lessons.find(ws, None)


def test_a_section_without_checks_tells_what_is_there_and_what_is_missing(
    ws: Workspace, foreign: Made
) -> None:
    answers = {
        "the-sum": "mine = 2.42\n# fc: total = mine",
        "doubling": "def double(x, y): return x",
        "the-answer": "other = 1",
    }
    write_scratch(ws, foreign, answers)
    report = run(ws, foreign)
    assert set(verdicts(report).values()) == {"to-assess"}
    assert report.exit_code == Exit.DONE
    messages = [one.message for one in report.sections]
    assert "there: `mine` 2.42 (number) for `total`" in messages[0]
    assert "`double` takes (x, y), asked for (x)" in messages[1]
    assert "missing: `answer`" in messages[2]
    assert "# fc: answer = your_name" in messages[2]
    points = [one.checkpoints[0] for one in report.sections]
    assert [point.passed for point in points] == [True, False, False]
    assert points[0].found == "2.42 (number)"
    check.assess(ws, Asked(), "the-sum", "the same")
    found = run(ws, foreign).sections[0]
    assert (found.verdict, found.checkpoints) == ("self-assessed", (points[0],))


def test_a_missing_package_is_named_with_the_command_for_this_interpreter(
    ws: Workspace, made: Made
) -> None:
    write_scratch(ws, made, {**SOLUTION, "doubling": "import sklearn_of_nobody.tree"})
    hint = failing(run(ws, made)).hint
    assert "The package sklearn-of-nobody is missing" in hint
    assert "pip install" in hint
    assert OWN.argv[0] in hint
    assert "fastcompanion env create" in hint


def test_the_blamed_variable_is_named_and_loop_variables_never_are(
    ws: Workspace, made: Made
) -> None:
    nearly = "tot = 5\nba = 7\nfor n in range(9):\n    pass"
    write_scratch(ws, made, {**SOLUTION, "the-sum": nearly})
    message = failing(run(ws, made)).message
    assert message.startswith("`total` is missing. The nearest is `tot`: expected the sum")
    assert message.endswith("if yours is another: `# fc: total = ba`")
    write_scratch(ws, made, {**SOLUTION, "the-sum": "tot = 3"})
    one = failing(run(ws, made))
    assert one.message.startswith("`tot` was taken for `total`: ")
    assert one.hint == "The last one was left out."


def test_a_checkpoint_that_could_not_be_judged_is_not_shown_as_wrong(
    ws: Workspace, made: Made
) -> None:
    write_scratch(ws, made, {**SOLUTION, "the-sum": "total = 9"})
    report = run(ws, made)
    point = report.sections[2].checkpoints[0]
    assert (point.passed, point.found) == (False, "")
    assert "rests on total" in point.message


def test_an_unsaved_notebook_is_suspected_only_after_a_check_of_the_same_section(
    ws: Workspace, made: Made
) -> None:
    write_scratch(ws, made, SOLUTION)
    run(ws, made, section="the-sum")
    assert not run(ws, made, section="doubling").notices
    assert "nothing has changed" in run(ws, made, section="doubling").notices[0]
    assert not run(ws, made).notices


def test_a_syntax_error_names_the_cell_and_line_and_no_made_up_file(
    ws: Workspace, made: Made
) -> None:
    write_scratch(ws, made, {**SOLUTION, "doubling": "y = 1\nx = = 2"})
    one = failing(run(ws, made))
    assert one.message == f"cell {one.cell}, line 2: SyntaxError: invalid syntax"


def test_two_checks_at_once_are_refused(ws: Workspace, made: Made) -> None:
    write_scratch(ws, made, SOLUTION)
    with (
        store.lock(ws.lock("check-tiny-01"), busy="held by the test"),
        pytest.raises(CompanionError, match="another check of tiny/01 is under way"),
    ):
        run(ws, made)


def test_without_a_notebook_the_way_to_one_is_told(ws: Workspace, made: Made) -> None:
    with pytest.raises(CompanionError) as caught:
        run(ws, made)
    assert caught.value.code is Exit.NOT_SET_UP
    assert "lesson scratch tiny/01" in caught.value.hint


def test_a_newer_file_of_the_editor_is_noticed(ws: Workspace, made: Made) -> None:
    path = write_scratch(ws, made, SOLUTION)
    shadow = path.parent / ".ipynb_checkpoints" / "tiny.scratch-checkpoint.ipynb"
    shadow.parent.mkdir()
    shadow.write_text("{}")
    later = path.stat().st_mtime + 60
    os.utime(shadow, (later, later))
    ready = prepared.prepare(ws, *made)
    assert prepared.notices(ready, ()) == (
        f"{shadow.name} is newer than the notebook; is your work saved?",
    )


def test_a_notebook_without_our_marks_is_cut_at_its_headings(ws: Workspace, made: Made) -> None:
    path = write_scratch(ws, made, SOLUTION)
    book = store.read_json(path)
    for cell in book["cells"]:
        cell["metadata"] = {}
    store.write_json(path, book)
    report = run(ws, made)
    assert set(verdicts(report)) == set(SOLUTION)
    assert verdicts(report)["doubling"] == "passed"


def test_nothing_is_recorded_on_a_dry_run(ws: Workspace, made: Made) -> None:
    write_scratch(ws, made, SOLUTION)
    before = len(events.read(ws)), len(events.read(ws, private=True))
    check.check(ws, *made, OWN, record=False)
    assert before == (len(events.read(ws)), len(events.read(ws, private=True)))


def test_the_strength_of_a_check_is_shown(ws: Workspace, made: Made) -> None:
    told, lesson = made
    counts = {"caught": 9, "planted": 11, "crashed": 0, "equivalent": 0}
    store.write_json(
        told.root / "01.strength.json", {"version": 1, "sections": {"doubling": counts}}
    )
    write_scratch(ws, made, SOLUTION)
    ready = prepared.prepare(ws, told, replace(lesson))
    assert [s.strength for s in ready.plan.sections] == [
        "",
        "",
        "catches 9 of 11 planted mistakes",
        "",
    ]
    assert tiny.MISTAKE.message in ready.plan.mistakes.values()


def test_the_sections_stay_those_the_notebook_was_made_with(ws: Workspace, made: Made) -> None:
    """An original that was cut anew meanwhile must not make work vanish from the check."""
    write_scratch(ws, made, SOLUTION)
    made_with = {"notebook": made[1].notebooks[0].id, "sections": ["the-sum", "doubling", "gone"]}
    events.record(ws, "lesson.scaffolded", made[1].id, made_with)
    ready = prepared.prepare(ws, *made)
    work = [one.id for one in ready.plan.sections if one.has_work]
    assert work[:3] == ["the-sum", "doubling", "gone"]
    assert verdicts(run(ws, made))["gone"] == "not attempted"
