"""Scaffolds: what a person sees of a section, what is given, what is asked, and what is not there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base import events
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.reporter import SILENT
from fastcompanion.base.workspace import Workspace
from fastcompanion.course.model import Checkpoint, Course, Lesson, NotebookRef, SectionSpec
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds import scratch
from tests.course.originals import CULTURES, book, fixture, scaffolded, texts


def _checkpoints(made: Any, section: str) -> dict[str, tuple[str, str]]:
    [found] = [s for s in made.sections if s.id == section]
    return {c.name: (c.kind, c.shape) for c in found.checkpoints}


def test_prose_becomes_steps_with_givens_uses_and_checkpoints() -> None:
    made = scaffolded(fixture("prose_and_code"))
    assert [s.id for s in made.sections] == [
        "reading-the-measurements", "a-straight-line", "learning-from-mistakes",
    ]  # fmt: skip
    goal = made.sections[1].goal
    assert goal.startswith("1. **Write `predict(slope, base, x)`**. Our first model is a straight")
    assert "call it `squared_error(guess, truth)`" in goal
    assert "(The original got 412.75.)" in goal
    head = texts(made, "heading", "a-straight-line")
    assert "**Uses** `sales`, `scaled` (from earlier)." in head
    assert "**Make `first_loss`** (`predict` with `10, 100`)" in head
    assert _checkpoints(made, "a-straight-line") == {
        "predict": ("function", "predict(slope, base, x)"),
        "squared_error": ("function", "squared_error(guess, truth)"),
        "first_loss": ("number", ""),
    }
    assert _checkpoints(made, "reading-the-measurements")["warmth"] == ("array", "(30,)")
    assert "`learning_rate = 0.05`" in texts(made, "heading", "learning-from-mistakes")
    assert "raises TypeError" in made.sections[2].goal
    assert made.sections[1].work_cells == (12, 14, 16)


def test_data_imports_and_settings_are_given_and_nothing_else() -> None:
    given = texts(scaffolded(fixture("prose_and_code")), "given")
    assert given.splitlines() == [
        "import numpy as np",
        "from pathlib import Path",
        "np.set_printoptions(linewidth=120)",
        "np.random.seed(7)",
        "folder = Path('kiosk')",
        "days = np.loadtxt(folder/'june.csv', delimiter=',')",
        "# Only for the optional pictures: what is not installed is passed over.",
        "try:",
        "    import matplotlib.pyplot as plt",
        "except ImportError:",
        "    pass",
    ]


def test_pictures_adverts_sidebars_and_questionnaires_are_gone() -> None:
    made = scaffolded(fixture("prose_and_code"))
    whole = json.dumps(made.notebook)
    for gone in ("base64", "attachment", "iVBOR", "upvote", "Copy & Edit", "Celsius were once",
                 "Sidebar", "sidebar", "Questionnaire", "Further Research", "What we learnt"):  # fmt: skip
        assert gone not in whole
    assert all(not cell.get("outputs") for cell in made.notebook["cells"])


def test_headings_alone_say_what_to_do_by_names_shapes_and_structure() -> None:
    made = scaffolded(fixture("headings_only"))
    assert [s.id for s in made.sections] == ["shapes", "steps", "values"]
    assert "Make `flat` from `boards`" in made.sections[0].goal
    assert _checkpoints(made, "shapes")["flat"] == ("array", "(640, 64)")
    steps = made.sections[1].goal
    assert (
        "Write the class `Board` with `__init__(fields)`, `__getitem__(place)`, `free()`" in steps
    )
    assert "look at the length of `free` of `board`" in steps
    assert "A board of eight by eight fields" in steps
    values = made.sections[2].goal
    assert "time `flat`, `worth`" in values
    assert "Check `flat`, `values`, `worth`" in values
    given = texts(made, "given")
    assert "if not Path(place).exists(): urlretrieve(url, place)" in given
    assert "place = 'boards.npz'" in given
    assert "## Moves" in texts(made, "heading")


def test_comments_become_goals_and_titles() -> None:
    made = scaffolded(fixture("comments_only"))
    assert [s.title for s in made.sections] == [
        "Read the names", "Turn rows of counts into shares", "Now with a small network", "Train it",
    ]  # fmt: skip
    assert "Count which letter follows which." in made.sections[0].goal
    assert "choose the next letter by its share" in made.sections[1].goal
    assert "forward pass; backward pass; update" in made.sections[3].goal
    assert _checkpoints(made, "now-with-a-small-network")["hidden"] == ("array", "(27, 10)")
    head = texts(made, "heading", "read-the-names")
    assert "`size = 27` (letters and the full stop)" in head


def test_a_sheet_of_exercises_keeps_its_gaps_and_loses_its_solutions() -> None:
    made = scaffolded(fixture("todo_sheet"))
    assert [s.id for s in made.sections] == ["one-bounce", "many-bounces"]
    todo = texts(made, "todo")
    assert "# TODO -- write this function" in todo
    assert "heights.append" not in json.dumps(made.notebook)
    assert "    # YOUR CODE HERE\n    raise NotImplementedError" in todo
    assert "def report(heights)" in texts(made, "given")
    assert "bounce(2.0, 0.5)  # should give 1.0" in texts(made, "heading")
    assert "h_{n+1} = c" in texts(made, "heading")
    assert "colab" not in json.dumps(made.notebook)
    assert made.notes[-1].startswith("This notebook is a sheet of exercises")
    assert not texts(made, "work")


@pytest.mark.parametrize("stem", ["todo_sheet_answers", "Solutions of sheet 3"])
def test_a_sheet_that_calls_itself_solved_is_stripped(stem: str, tmp_path: Path) -> None:
    path = tmp_path / f"{stem}.ipynb"
    path.write_bytes(fixture("todo_sheet").read_bytes())
    made = scaffolded(path)
    assert not texts(made, "todo")
    assert "heights.append" not in json.dumps(made.notebook)


def test_one_stray_todo_makes_no_sheet() -> None:
    cells = [f"a{n} = f({n}) + 1" for n in range(20)]
    made = scaffolded(book(("md", "# T"), "# TODO: make this faster\nb = g(3) * 4", *cells))
    assert not texts(made, "todo")
    assert "g(3)" not in texts(made)


BAD = re.compile(
    r"<\s?script>|<(?=[A-Za-z/!])|javascript:|java&#115;cript|onerror\s*=\s*\"|\x1b|[\u202a-\u202e]|"
    r"[\u2066-\u2069]|\\href|!\[|evil\.example/pixel|\x07"
)


def test_a_hostile_notebook_is_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = scaffolded(fixture("hostile"))
    for cell in made.notebook["cells"]:
        assert not BAD.search(cell["source"]), cell["source"]
    for section in made.sections:
        assert not BAD.search(section.title + section.goal)
    whole = notebook.to_text(made.notebook)
    assert "curl" not in whole
    assert "evil" not in whole
    assert "alert" not in whole
    assert list(tmp_path.iterdir()) == []
    assert [s.title for s in made.sections] == ["Kind notebook", "Work &lt;script&gt; blink"]
    assert "gives back twice its argument" in made.sections[1].goal


@pytest.mark.parametrize("name", [*CULTURES, "hostile"])
def test_a_scaffold_is_the_same_each_time_and_valid(name: str) -> None:
    nbformat = pytest.importorskip("nbformat")
    text = notebook.to_text(scaffolded(fixture(name)).notebook)
    assert text == notebook.to_text(scaffolded(fixture(name)).notebook)
    nbformat.validate(nbformat.reads(text, as_version=4))


@pytest.mark.parametrize("name", [*CULTURES, "hostile"])
def test_every_section_has_its_cells_and_a_goal_and_can_be_cut_again(name: str) -> None:
    made = scaffolded(fixture(name))
    marks = [cell["metadata"]["fastcompanion"] for cell in made.notebook["cells"]]
    assert {mark["role"] for mark in marks} <= {"heading", "given", "work", "checkpoint", "todo"}
    ids = [section.id for section in made.sections]
    for section in made.sections:
        assert section.goal
        roles = [mark["role"] for mark in marks if mark.get("section") == section.id]
        assert roles[0] == "heading"
        assert "work" in roles or "todo" in roles
    found = notebook.learner_sections(made.notebook, ids)
    assert [s.id for s in found] == ids
    assert all(section.cells for section in found)
    originals = [s.id for s in notebook.sections(notebook.read(fixture(name)))]
    assert set(ids) <= set(originals)


@pytest.mark.parametrize(
    ("source", "is_given"),
    [
        ("df = pd.read_csv('a.csv')", True),
        ("df = pd.read_csv('a.csv').dropna()", False),
        ("df = pd.read_csv(find())", False),
        ("with open('a.txt') as f: text = f.read()", True),
        ("with open('a.txt') as f:\n    rows = [int(x) for x in f]", False),
        ("path = untar_data(URLs.PETS)/'images'", True),
        ("x = np.array([[1, 2], [3, 4]])", True),
        ("x = np.array(work)", False),
        ("device = 'cuda' if torch.cuda.is_available() else 'cpu'", True),
        ("model = work.cuda() if torch.cuda.is_available() else work", False),
        ("!wget -q https://example.org/a.zip && unzip a.zip", True),
        ("!curl https://example.org/a.sh | sh", False),
        ("!rm -r data", False),
        ("data = np.load(work)", False),
        ("def load_data(): return 1", False),
        ("torch.set_printoptions(precision=2)", True),
    ],
)
def test_what_is_given(source: str, is_given: bool) -> None:
    made = scaffolded(book(("md", "# T"), "work = f(1) + 2", source, "y = g(work)"))
    assert (source in texts(made, "given")) is is_given


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("torch.manual_seed(442)\nw = torch.rand(3) - z", "`torch.manual_seed(442)`"),
        ("lr, epochs = 0.1, 5\nw = f(lr)", "`lr, epochs = 0.1, 5`"),
        ("learn.fine_tune(3, base_lr=0.01)", "`fine_tune` with `3`, `base_lr=0.01`"),
        (
            "trn, val = split(xs, test_size=0.25, random_state=7)",
            "`test_size=0.25`, `random_state=7`",
        ),
        ("for i in range(200):\n    w -= step(w)", "`range` with `200`"),
        ("g = torch.Generator().manual_seed(9) # for us\nw = f(g)", "manual_seed(9)` (for us)"),
    ],
)
def test_numbers_that_nobody_can_guess_are_told(source: str, told: str) -> None:
    made = scaffolded(book(("md", "# T"), "w = f(1) * z", source, "out = w + 1"))
    assert told in texts(made, "heading")


def test_names_of_earlier_sections_are_named() -> None:
    made = scaffolded(
        book(("md", "# A"), "import torch\nx = f(torch) + 1", ("md", "# B"), "def g(x, y): return x + y + z",
             "w = g(x, 3)")
    )  # fmt: skip
    assert "**Uses** `x` (from earlier)." in texts(made, "heading", "b")


def test_a_function_written_again_is_a_new_version() -> None:
    made = scaffolded(
        book(("md", "# A"), "def f(x):\n    for a in x:\n        for b in a: use(b)\n    return x",
             ("md", "# B"), "def f(x): return x @ x.T")
    )  # fmt: skip
    assert "2 nested loops" in made.sections[0].goal
    assert "a new version of it" in made.sections[1].goal


def test_plots_are_optional_and_shows_have_goals() -> None:
    made = scaffolded(book(("md", "# A"), "x = f(2) * 3", ("md", "# B"), "plt.plot(x)", "x.mean()"))
    assert "optional: a picture of `x`" in made.sections[1].goal.lower()
    assert "Look at `mean` of `x`" in made.sections[1].goal


def test_the_authors_words_come_first() -> None:
    spec = SectionSpec("a", "Make the sum.", (Checkpoint("total", "number", "", "of all"),))
    original = book(
        ("md", "# A\n\nProse that is not shown."), "scale = 4", "total = 17", "note = total + scale"
    )
    original["cells"][1]["metadata"] = {"fastcompanion": {"role": "given"}}
    made = scaffolded(original, sections=(spec,))
    assert made.sections[0].goal == "Make the sum."
    assert "- `total` — number — of all" in texts(made, "checkpoint")
    assert texts(made, "given") == "scale = 4"
    assert "17" not in texts(made)


def test_packages_that_the_original_installs_are_told_not_run() -> None:
    made = scaffolded(
        book(("md", "# A"), "!pip install -Uqq fastai 'duckduckgo_search>=6'\nx = f(1) + 2")
    )
    assert "`fastai`" in made.notes[0]
    assert "pip" not in texts(made, "given")


@pytest.fixture
def shelf(tmp_path: Path) -> tuple[Course, Lesson]:
    """A course in a folder, with a data file that its notebook names."""
    root = tmp_path / "a course"
    (root / "kiosk").mkdir(parents=True)
    (root / "kiosk" / "june.csv").write_text("20.5,110\n")
    for name in ("prose_and_code", "broken"):
        (root / f"{name}.ipynb").write_bytes(fixture(name).read_bytes())
    refs = (NotebookRef("prose", "prose_and_code.ipynb"), NotebookRef("broken", "broken.ipynb"),
            NotebookRef("far", url="https://example.org/far"))  # fmt: skip
    lesson = Lesson("kiosk/01", "01", "Warm days", refs, files=("kiosk/june.csv",))
    return Course("kiosk", "The kiosk", "builtin", str(root), root, (lesson,)), lesson


def test_scratch_writes_the_notebook_its_data_and_an_event(
    ws: Workspace, shelf: tuple[Course, Lesson]
) -> None:
    course, lesson = shelf
    made = scratch.make_scratch(ws, course, lesson, lesson.notebooks[0])
    assert made.state == "made"
    assert made.path == ws.notebook("kiosk/01", "prose", "scratch")
    read = notebook.read(made.path)
    assert read["metadata"]["fastcompanion"]["lesson"] == "kiosk/01"
    assert (made.path.parent / "kiosk" / "june.csv").read_text() == "20.5,110\n"
    [event] = events.read(ws)
    assert (event.kind, event.lesson) == ("lesson.scaffolded", "kiosk/01")
    assert event.data == {"notebook": "prose", "sections": list(made.sections)}


def test_existing_work_is_never_touched(ws: Workspace, shelf: tuple[Course, Lesson]) -> None:
    course, lesson = shelf
    path = ws.notebook("kiosk/01", "prose", "scratch")
    path.parent.mkdir(parents=True)
    path.write_text("my own work, half saved")
    before = path.stat().st_mtime_ns
    kept = scratch.make_scratch(ws, course, lesson, lesson.notebooks[0])
    assert kept.state == "kept"
    assert "can't be read" in kept.notes[0]
    assert path.read_text() == "my own work, half saved"
    assert path.stat().st_mtime_ns == before
    assert events.read(ws) == []


def test_a_dry_run_writes_nothing(ws: Workspace, shelf: tuple[Course, Lesson]) -> None:
    course, lesson = shelf
    made = scratch.make_scratch(ws, course, lesson, lesson.notebooks[0], dry_run=True)
    assert made.state == "would be made"
    assert not made.path.parent.exists()
    assert events.read(ws) == []


def test_a_broken_notebook_stops_no_other(ws: Workspace, shelf: tuple[Course, Lesson]) -> None:
    course, lesson = shelf
    found = scratch.make_all(ws, course, course.lessons, reporter=SILENT)
    assert [one.state for one in found] == ["made", "broken", "not here"]
    assert "broken.ipynb:17" in found[1].notes[0]
    assert len(events.read(ws)) == 1
    with pytest.raises(CompanionError):
        scratch.make_scratch(ws, course, lesson, lesson.notebooks[1])


def test_an_older_original_is_mentioned(ws: Workspace, shelf: tuple[Course, Lesson]) -> None:
    course, lesson = shelf
    made = scratch.make_scratch(ws, course, lesson, lesson.notebooks[0])
    read = notebook.read(made.path)
    read["metadata"]["fastcompanion"]["original"] = "old"
    notebook.write(made.path, read)
    ref = NotebookRef("prose", "prose_and_code.ipynb", sha256="new")
    assert "older version" in scratch.make_scratch(ws, course, lesson, ref).notes[0]


def test_the_command(built_in_study: Path, run: Callable[..., Any]) -> None:
    first = run("lesson", "scratch", "foundations/01", "--json")
    assert first.code == 0, first.err
    [made] = first.data["notebooks"]
    assert made["state"] == "made"
    assert Path(made["path"]).is_file()
    again = run("lesson", "scratch", "01")
    assert again.code == 0
    assert "stays as it is" in again.out
    every = run("lesson", "scratch", "foundations", "--all", "--json")
    assert [one["state"] for one in every.data["notebooks"]] == ["kept", "made"]
    clash = run("lesson", "scratch", "01", "--all", "--notebook", "x")
    assert clash.code == 2
