"""%checkpoint, %check and %hint in a bare kernel: no study, no front end, a home of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from fastcompanion.base import events
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.checks import plan, results
from tests.conftest import Runner
from tests.notebook.conftest import Original
from tests.notebook.kernels import BareKernel, Said

LOOK, BACK, BASELINE = "look-at-the-data", "hold-some-back", "the-naive-baseline"
SUM = ("== np.asarray(answers)).mean()", "== np.asarray(answers)).sum()")


def begin(kernel: BareKernel) -> Said:
    assert not kernel.run("%load_ext fastcompanion").error
    return kernel.run(f"%checkpoint {LOOK} --lesson foundations/01 --files")


def result_file(folder: Path) -> Path:
    (found,) = (folder / results.FOLDER).glob("*.json")
    return found


def test_checkpoints_say_what_should_be_there_and_bring_the_files(
    kernel: BareKernel, folder: Path, original: Original
) -> None:
    said = begin(kernel)
    assert said.out.startswith(f"foundations/01 {LOOK}")
    assert "array pixels (1797, 64)" in said.out
    assert said.out.count("[not there yet]") == 3
    assert (folder / "data" / "digits.csv").is_file()
    assert (folder / "samuel.scratch.ipynb").is_file()
    assert "everything is here already" in kernel.run("%checkpoint --files").out
    original.run(kernel, LOOK)
    kernel.run("labels = labels[:10]")
    said = kernel.run(f"%checkpoint {LOOK}")
    assert "[there: `pixels` (array (1797, 64))]" in said.flat
    assert "[differs: `labels` has the shape (10,)" in said.flat


def test_a_section_wrong_and_right_and_the_result_arrives_in_a_study(
    kernel: BareKernel, folder: Path, original: Original, run: Runner, tmp_path: Path
) -> None:
    begin(kernel)
    original.run(kernel, LOOK)
    said = kernel.run("%check")
    assert f"foundations/01 {LOOK}: passed, in this kernel" in said.out
    assert "catches 10 of 11 planted mistakes" in said.flat
    assert "a fresh one has the final word" in said.flat
    original.run(kernel, BACK)
    assert f"{BACK}: passed" in kernel.run("%check").out
    original.run(kernel, BASELINE, *SUM)
    said = kernel.run("%check")
    assert f"{BASELINE}: wrong value" in said.out
    assert "expected number baseline_accuracy 0 to 1" in said.flat
    assert "This is the number of right answers; accuracy is their share." in said.flat
    assert f"Next: %hint {BASELINE}" in said.out
    assert (said.err, said.error, said.shown) == ("", "", "")

    file = result_file(folder)
    study = tmp_path / "study"
    assert run("init", study, "--yes", "--course", "foundations").code == 0
    outcome = run("check", "--from", file, cwd=study)
    assert outcome.code == 0, outcome
    assert "2 passed, 1 wrong value, found in the notebook" in outcome.out
    (public,) = [e for e in events.read(Workspace(study)) if e.kind == "lesson.checked"]
    assert public.data["sections"] == {LOOK: "passed", BACK: "passed"}
    assert (public.data["where"], public.data["complete"]) == ("notebook", False)
    assert public.data["total"] == 10
    private = events.read(Workspace(study), private=True)
    assert [e.data["sections"].get(BASELINE) for e in private] == ["wrong value"]

    again = run("check", "--from", file, "--json", cwd=study)
    assert (again.data["sections"], again.data["already"]) == ({}, 3)
    original.run(kernel, BASELINE)
    assert f"{BASELINE}: passed" in kernel.run("%check").out
    assert run("check", "--from", file, "--json", cwd=study).data["sections"] == {
        BASELINE: "passed"
    }
    assert "2 of 10" not in run("status", cwd=study).out
    shown = run("lesson", "show", "01", "--json", cwd=study).data["progress"]
    assert shown["sections_passed"] == 3
    assert "3 of 10 sections passed, 3 of these in the notebook only" in json.dumps(shown)


def test_a_lesson_passed_in_the_notebook_still_needs_one_fresh_run(
    kernel: BareKernel, folder: Path, original: Original, run: Runner, built_in_study: Path
) -> None:
    begin(kernel)
    for section in original.cells:
        original.run(kernel, section)
        if section != "preparation":
            said = kernel.run(f"%check {section}")
            assert ": passed" in said.out or "no section" in said.err, said
    file = result_file(folder)
    assert run("check", "--from", file).code == 0
    steps = run("lesson", "show", "01", "--json").data["progress"]["steps"]
    assert [one["state"] for one in steps if one["step"] == "reproduce"] == ["started"]
    assert "10 of 10 sections passed" in json.dumps(steps)
    kinds = [e.kind for e in events.read(Workspace(built_in_study))]
    assert "lesson.step_done" not in kinds


def test_nothing_of_the_learners_is_touched(kernel: BareKernel, original: Original) -> None:
    begin(kernel)
    original.run(kernel, LOOK)
    kernel.run("import random, sys; random.seed(7); np.random.seed(7)")
    look = (
        "(random.getstate() == kept[0], bool((np.random.get_state()[1] == kept[1]).all()),"
        " sys.stdout is kept[2], set(globals()) - kept[3] - {'kept'}, sorted(Out) == kept[4], _)"
    )
    kernel.run(
        "'the last result'\nkept = (random.getstate(), np.random.get_state()[1].copy(), sys.stdout,"
        " set(globals()), sorted(Out))"
    )
    kernel.run("'the last result'")
    kernel.run("kept = (*kept[:4], sorted(Out))")
    for line in ("%check", "%checkpoint", "%hint", f"%check {LOOK}"):
        assert not kernel.run(line).error
    names = " ".join(kernel.run(look).shown.split())
    assert names.startswith("(True, True, True, {")
    assert names.endswith("}, True, 'the last result')")
    # What IPython itself adds for each cell, and nothing of ours.
    added = names.partition("{")[2].partition("}")[0]
    assert all(re.fullmatch(r"'_i?\d+'", name) for name in added.split(", ")), added


def test_unloading_takes_everything_out_again(kernel: BareKernel) -> None:
    kernel.run("def hint(line): print('mine', line)\nget_ipython().register_magic_function(hint)")
    begin(kernel)
    assert kernel.run("%load_ext fastcompanion").error == ""
    kernel.run("%unload_ext fastcompanion")
    assert "not found" in kernel.run("%check").err
    assert kernel.run("%hint 3").out == "mine 3\n"
    own = "import sys\ngetattr(vars(sys.stdout).get('write'), '__module__', '')"
    hooks = (
        "[f for e in ('pre_run_cell', 'post_run_cell') for f in get_ipython().events.callbacks[e]]"
    )
    assert "fastcompanion" not in kernel.run(hooks).shown
    assert "fastcompanion" not in kernel.run(own).shown
    again = kernel.run("%load_ext fastcompanion")
    assert again.error == ""
    assert "checkpoint" in again.out


def test_output_is_only_listened_to_while_a_cell_runs(kernel: BareKernel) -> None:
    begin(kernel)
    printed = kernel.run("import sys\nprint('one', file=sys.stdout)\nsys.stdout.write('two')")
    assert printed.out == "one\ntwo"
    assert kernel.run("1 / 0").error.startswith("ZeroDivisionError")
    assert kernel.run("print('x' * 20_000)").out == "x" * 20_000 + "\n"


MISTYPED = {
    "%check nonsense": "is no section of this notebook",
    "%check --foo": "has no option --foo",
    "%check a b": "one section at a time",
    '%check --note "half': "quotation mark",
    "%check --lesson": "needs a value",
    "%check --lesson foundatons/01": "did you mean foundations?",
    "%check --lesson foundations/99": "has no lesson",
    "%check --lesson fastai-p1/03": "nothing is known here",
    "%check --notebook other": "fits 0 notebooks",
    "%hint 5": "is no section",
    "%hint 1 2": "one level",
}


def test_mistakes_in_typing_are_told_in_two_lines(kernel: BareKernel) -> None:
    kernel.run("%load_ext fastcompanion")
    for line, words in MISTYPED.items():
        assert kernel.run("%checkpoint --lesson foundations/01").error == "", line
        said = kernel.run(line)
        assert (said.error, words in said.err) == ("", True), (line, said)
        assert len(said.err.strip().splitlines()) <= 2, line


def test_another_lesson_is_told_once_with_the_way_back(kernel: BareKernel) -> None:
    begin(kernel)
    said = kernel.run("%checkpoint --lesson foundations/02")
    assert said.out.startswith("foundations/02")
    assert "works on foundations/02 perceptron, no longer on foundations/01 samuel" in said.flat
    assert "%checkpoint --lesson foundations/01 goes back" in said.flat
    assert "no longer on" not in kernel.run("%checkpoint").out
    said = kernel.run(f"%check {LOOK} --lesson foundations/01")
    assert f"foundations/01 {LOOK}: " in said.out
    assert "no longer on foundations/02" in said.flat


def test_a_notebook_that_says_its_lesson_is_not_taken_for_another(
    run: Runner, built_in_study: Path, tmp_path: Path
) -> None:
    assert run("lesson", "scratch", "foundations/01").code == 0
    (scratch,) = (built_in_study / "lessons" / "foundations" / "01").glob("*.scratch.ipynb")
    with BareKernel(scratch.parent, tmp_path, JPY_SESSION_NAME=str(scratch)) as kernel:
        assert "foundations/01" in kernel.run("%load_ext fastcompanion").out
        said = kernel.run("%checkpoint --lesson foundations/02")
        assert "is of foundations/01, so it can't be checked as foundations/02" in said.err
        assert kernel.run("%checkpoint").out.startswith(f"foundations/01 {LOOK}")


def test_it_asks_when_it_is_not_clear_which_section_is_meant(kernel: BareKernel) -> None:
    kernel.run("%load_ext fastcompanion\n%checkpoint --lesson foundations/01")
    said = kernel.run("%check")
    assert "not clear which section" in said.err
    assert LOOK in said.err
    kernel.run("train_x = train_y = valid_x = valid_y = 1")
    assert f"{BACK}: wrong value" in kernel.run("%check").out
    kernel.run("# fc: baseline_accuracy = mine\nmine = 3")
    assert f"{BASELINE}: wrong value" in kernel.run("%check").out


def test_hints_go_step_by_step_and_the_solution_is_remembered(
    kernel: BareKernel, folder: Path, original: Original, run: Runner, built_in_study: Path
) -> None:
    begin(kernel)
    original.run(kernel, LOOK)
    for level in (1, 2, 3):
        assert f"hint {level} of 4" in kernel.run("%hint").out
    refused = kernel.run("%hint")
    assert "counts as with solution" in refused.err
    assert "%hint 4 --yes" in refused.err
    assert "def draw(image)" in kernel.run(f"%hint 4 {LOOK} --yes").out
    assert f"{LOOK}: passed (with solution)" in kernel.run("%check").out
    file = result_file(folder)
    assert run("check", "--from", file).code == 0
    (public,) = [e for e in events.read(Workspace(built_in_study)) if e.kind == "lesson.checked"]
    assert public.data["with_solution"] == [LOOK]
    hinted = [
        e for e in events.read(Workspace(built_in_study), private=True) if e.data.get("level")
    ]
    assert [e.data["level"] for e in hinted] == [1, 2, 3, 4]
    assert "again" in hinted[-1].data
    assert run("check", "--from", file, "--json").data["already"] == 5


def test_inside_a_study_the_section_is_that_of_the_cell_and_the_study_knows_at_once(
    run: Runner, built_in_study: Path, tmp_path: Path, original: Original
) -> None:
    assert run("lesson", "scratch", "foundations/01").code == 0
    folder = built_in_study / "lessons" / "foundations" / "01"
    book = json.loads((folder / "samuel.scratch.ipynb").read_text())
    work: dict[str, str] = {}
    with BareKernel(folder, tmp_path) as kernel:
        assert "foundations/01" in kernel.run("%load_ext fastcompanion").out
        for cell in book["cells"]:
            ours = cell["metadata"]["fastcompanion"]
            if ours["role"] == "given" and cell["cell_type"] == "code":
                kernel.run("".join(cell["source"]), cell["id"])
            if ours["role"] == "work":
                work.setdefault(ours["section"], cell["id"])
        said = kernel.run("%check", work[BASELINE])
        assert f"{BASELINE}: not attempted" in said.out
        own = [s for s in original.cells[LOOK] if "table" not in s.split("=")[0]]
        for source in own:
            kernel.run(source, work[LOOK])
        said = kernel.run("%check", work[LOOK])
        assert f"{LOOK}: passed" in said.out
        assert "Noted in your study" in said.out
    study = Workspace(built_in_study)
    public = [e.data["sections"] for e in events.read(study) if e.kind == "lesson.checked"]
    private = [e.data for e in events.read(study, private=True) if e.kind == "lesson.checked"]
    assert public == [{LOOK: "passed"}]
    assert [e["sections"] for e in private] == [{BASELINE: "not attempted"}, {LOOK: "passed"}]
    taken = run("check", "--from", result_file(folder), "--json").data
    assert (taken["sections"], taken["already"]) == ({}, 2)
    status = subprocess.run(
        ["git", "status", "--porcelain"],
        cwd=built_in_study,
        capture_output=True,
        text=True,
        check=True,
    )
    assert results.FOLDER not in status.stdout


def test_several_notebooks_in_a_folder_are_asked_for_by_name(
    run: Runner, built_in_study: Path, tmp_path: Path
) -> None:
    for number in ("01", "02"):
        assert run("lesson", "scratch", f"foundations/{number}").code == 0
    lessons = built_in_study / "lessons" / "foundations"
    (scratch,) = (lessons / "02").glob("*.scratch.ipynb")
    (lessons / "01" / scratch.name).write_bytes(scratch.read_bytes())
    with BareKernel(lessons / "01", tmp_path) as kernel:
        assert "several notebooks" in kernel.run("%load_ext fastcompanion").out
        assert "--notebook NAME" in kernel.run("%check").err
        said = kernel.run("%checkpoint --notebook samuel")
        assert said.out.startswith(f"foundations/01 {LOOK}")
    named = str(lessons / "01" / scratch.name)
    with BareKernel(lessons / "01", tmp_path, JPY_SESSION_NAME=named) as kernel:
        assert "foundations/02" in kernel.run("%load_ext fastcompanion").out
    with BareKernel(lessons / "01", tmp_path) as kernel:
        kernel.run(f"__vsc_ipynb_file__ = {named!r}")
        assert "foundations/02" in kernel.run("%load_ext fastcompanion").out


def test_a_fresh_check_passes_over_our_own_commands() -> None:
    cell = "%load_ext fastcompanion\nx = 1\n  %check\n%checkpoint a-section --lesson b/01\n%hint 3"
    assert plan.without_ours(cell).split("\n") == [
        "# %load_ext fastcompanion",
        "x = 1",
        "  # %check",
        "# %checkpoint a-section --lesson b/01",
        "# %hint 3",
    ]
    assert plan.without_ours("%checking\nx = '%check'") == "%checking\nx = '%check'"
    assert not plan.attempted(plan.without_ours("%check"))


def test_a_result_that_can_not_be_written_does_not_hide_the_verdict(
    kernel: BareKernel, folder: Path, original: Original
) -> None:
    begin(kernel)
    original.run(kernel, LOOK)
    (folder / results.FOLDER).write_text("a file is in the way")
    said = kernel.run("%check")
    assert f"{LOOK}: passed" in said.out
    assert "the result was not written" in said.flat
    (folder / results.FOLDER).unlink()
    kernel.run("%check")
    file = result_file(folder)
    file.write_text(file.read_text().replace("passed", "pASSED"))
    said = kernel.run("%check")
    assert "was changed after the notebook wrote it" in said.flat
    assert "pASSED" in file.read_text()


def test_the_extension_itself_loads_nothing_of_jupyter() -> None:
    script = (
        "import sys, fastcompanion\n"
        "assert not any(name.startswith('fastcompanion.') for name in sys.modules)\n"
        "import fastcompanion.notebook.extension\n"
        "print([n for n in ('IPython', 'ipykernel', 'jupyter_client', 'typer', 'numpy', 'git') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
