"""The built-in course: is everything in place, does it run, do its checks take and refuse rightly?"""

from __future__ import annotations

import csv
import re
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest

from fastcompanion.base.kernel import OWN, Kernel, Limits
from fastcompanion.course.checks import plan
from fastcompanion.course.library import catalogue
from fastcompanion.course.model import Course, Lesson
from fastcompanion.course.notebooks import notebook
from fastcompanion.course.scaffolds import scaffold

STYLES = Path(__file__).parent.parent / "fixtures" / "foundations"
NUMBERS = ("01", "02")
Check = Callable[[Any, dict[str, Any]], None]


class Wrong(Exception):
    """What a check raises; the engine hands in its own."""

    def __init__(self, message: str, mistake: str = "") -> None:
        super().__init__(message)
        self.message, self.mistake = message, mistake


@pytest.fixture(scope="module")
def course() -> Course:
    return catalogue.course("foundations")


@pytest.fixture(params=NUMBERS)
def lesson(request: pytest.FixtureRequest, course: Course) -> Lesson:
    return next(one for one in course.lessons if one.number == request.param)


def original_of(course: Course, lesson: Lesson) -> dict[str, Any]:
    return notebook.read(course.root / str(lesson.notebooks[0].path))


def checks_of(course: Course, number: str) -> dict[tuple[str, str], Check]:
    path = course.root / f"{number}.checks.py"
    found: dict[tuple[str, str], Check] = {}

    def checkpoint(section: str, name: str) -> Callable[[Check], Check]:
        def register(check: Check) -> Check:
            assert (section, name) not in found, f"two checks of {name}"
            found[section, name] = check
            return check

        return register

    names = {"__name__": "checks", "checkpoint": checkpoint, "Wrong": Wrong}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    return found


# What has to be there.


def test_the_course_is_valid_and_says_whose_it_is(course: Course) -> None:
    assert catalogue.validate() == []
    assert course.kind == "builtin"
    assert [one.number for one in course.lessons] == list(NUMBERS)
    assert "Apache-2.0" in course.licence
    assert "CC BY 4.0" in course.licence
    assert course.requirements == ("numpy",)


def test_every_section_has_goal_checkpoints_hints_and_mistakes(lesson: Lesson) -> None:
    assert 7 <= len(lesson.sections) <= 10
    for section in lesson.sections:
        assert len(section.goal) > 100, section.id
        assert 1 <= len(section.checkpoints) <= 4, section.id
        assert len(section.hints) == 3, section.id
        assert min(map(len, section.hints)) > 30, section.id
        for point in section.checkpoints:
            assert f"`{point.name}" in section.goal, f"the goal does not name {point.name}"
            assert point.about, point.name
            if point.kind == "function":
                assert point.shape.startswith(f"{point.name}("), point.name
        assert sum(m.section == section.id for m in lesson.mistakes) >= 2, section.id


def test_cards_have_two_sides(lesson: Lesson) -> None:
    assert 6 <= len(lesson.cards) <= 10
    for card in lesson.cards:
        assert card.question.endswith("?"), card.id
        assert len(card.answer) > 40, card.id


def test_goals_tell_what_to_do_but_not_the_code(course: Course, lesson: Lesson) -> None:
    made = scaffold.scaffold(original_of(course, lesson), lesson, lesson.notebooks[0])
    assert [section.id for section in made.sections] == [section.id for section in lesson.sections]
    text = "\n".join(cell["source"] for cell in made.notebook["cells"])
    given = [c["source"].strip() for c in made.notebook["cells"] if plan.role_of(c) == "given"]
    for cell in original_of(course, lesson)["cells"]:
        if cell["metadata"].get("fastcompanion", {}).get("role") == "work":
            lines = {line.strip() for line in cell["source"].splitlines()}
            code = [s for s in lines if len(s) > 14 and not s.isidentifier()]
            leaked = [s for s in code if not s.startswith("def ") and s in text]
            assert not leaked, leaked
        if cell["metadata"].get("fastcompanion", {}).get("role") == "given":
            assert any(cell["source"].strip().startswith(line) for line in given), cell["source"]


def test_there_is_one_check_for_each_checkpoint(course: Course, lesson: Lesson) -> None:
    asked = {(s.id, point.name) for s in lesson.sections for point in s.checkpoints}
    assert set(checks_of(course, lesson.number)) == asked


def test_checks_name_only_mistakes_that_have_a_message(course: Course, lesson: Lesson) -> None:
    source = (course.root / str(lesson.checks)).read_text(encoding="utf-8")
    named = set(re.findall(r'mistake="([a-z-]+)"', source))
    named |= set(re.findall(r'need\(.*"([a-z-]+)"\)$', source, re.MULTILINE))
    named |= set(re.findall(r'(?<!checkpoint)\("([a-z]+(?:-[a-z]+)+)", (?!")', source))
    assert len(named) > 20
    assert named - {mistake.id for mistake in lesson.mistakes} == set()


def test_the_checks_files_stay_readable(course: Course) -> None:
    for number in NUMBERS:
        text = (course.root / f"{number}.checks.py").read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 600
        assert set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)) <= {
            "__future__", "functools", "typing", "numpy",
        }  # fmt: skip


# The data.


def test_the_data_are_what_their_readme_says(course: Course) -> None:
    place = course.root / "data" / "digits.csv"
    readme = (course.root / "data" / "README.md").read_text(encoding="utf-8")
    with place.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == [f"p{row}{column}" for row in range(8) for column in range(8)] + ["label"]
    numbers = np.array(rows, dtype=int)
    assert numbers.shape == (1797, 65)
    assert "1,797" in readme
    assert (numbers[:, :64].min(), numbers[:, :64].max()) == (0, 16)
    counts = Counter(numbers[:, 64].tolist())
    assert sorted(counts) == list(range(10))
    assert f"{min(counts.values())} to {max(counts.values())} rows" in readme
    assert place.stat().st_size < 300_000
    for word in ("CC BY 4.0", "Alpaydin", "Kaynak", "10.24432/C50P49", "last 400 rows", "Changes"):
        assert word in readme, word


def test_neighbouring_rows_are_alike_so_a_shuffled_split_would_flatter(course: Course) -> None:
    table = np.loadtxt(course.root / "data" / "digits.csv", delimiter=",", skiprows=1, dtype=int)

    def share(order: np.ndarray) -> float:
        x, y = table[order, :64] / 16, table[order, 64]
        means = np.stack([x[:-400][y[:-400] == digit].mean(axis=0) for digit in range(10)])
        gaps = np.abs(x[-400:, None, :] - means).mean(axis=2)
        return float((gaps.argmin(axis=1) == y[-400:]).mean())

    in_order = share(np.arange(len(table)))
    shuffled = [share(np.random.default_rng(seed).permutation(len(table))) for seed in range(5)]
    assert min(shuffled) > in_order + 0.02


# The originals.


def test_originals_are_clean_notebooks(course: Course, lesson: Lesson) -> None:
    path = course.root / str(lesson.notebooks[0].path)
    text = path.read_text(encoding="utf-8")
    book = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)
    assert len({cell.id for cell in book.cells}) == len(book.cells)
    for cell in book.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert cell.metadata["fastcompanion"]["role"] in ("given", "work")


def test_originals_run_in_a_fresh_kernel_with_numpy_alone(course: Course, lesson: Lesson) -> None:
    cells = [c for c in original_of(course, lesson)["cells"] if c["cell_type"] == "code"]
    with Kernel(OWN, course.root, Limits(cell_seconds=60, total_seconds=120)) as kernel:
        for index, cell in enumerate(cells):
            result = kernel.run(cell["source"], index)
            assert result.status == "ok", (cell["source"], result.error_value)
        loaded = kernel.ask(
            "sorted({'matplotlib', 'pandas', 'torch', 'sklearn', 'scipy'} & set(__import__('sys').modules))"
        )
    assert loaded == []


@pytest.mark.parametrize("path", sorted(STYLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_solutions_in_other_styles_are_other_work(course: Course, path: Path) -> None:
    lesson = next(one for one in course.lessons if one.number == path.stem[:2])

    def lines(book: dict[str, Any]) -> set[str]:
        work = [c["source"] for c in book["cells"] if plan.role_of(c) == "work"]
        return {line.strip() for source in work for line in source.splitlines() if len(line) > 25}

    own, other = lines(original_of(course, lesson)), lines(notebook.read(path))
    assert len(own & other) < 0.25 * len(other)


# Single functions: honest ones of many kinds pass, and wrong ones do not.

TABLE = np.zeros((1797, 65), dtype=int)
HONEST: list[tuple[str, str, str, str]] = [
    ("01", "look-at-the-data", "draw", """
        def f(image):
            grid = np.reshape(image, (8, 8))
            return ["".join(" .oO@"[min(4, int(5 * v))] * 2 for v in row) for row in grid]"""),
    ("01", "the-naive-baseline", "accuracy", """
        def f(p, a):
            return sum(x == y for x, y in zip(p, a)) / len(p)"""),
    ("01", "pixel-similarity", "distances", """
        def f(images, patterns):
            return [[float(np.mean(np.abs(i - p))) for p in patterns] for i in images]"""),
    ("01", "a-machine-with-weights", "linear", """
        def f(x, w, b):
            return (w.T @ x.T).T.astype(np.float32) + np.reshape(b, (1, -1))"""),
    ("01", "a-measure-of-performance", "softmax", """
        def f(s):
            m = s.max(axis=1)
            z = np.log(np.exp((s.T - m).T).sum(axis=1)) + m
            return [np.exp(row - one) for row, one in zip(s, z)]"""),
    ("01", "a-measure-of-performance", "loss", """
        def f(s, a):
            s = s - s.max(axis=1, keepdims=True)
            return np.mean(np.log(np.exp(s).sum(axis=1)) - s[range(len(a)), a])"""),
    ("01", "which-way-is-down", "numeric_gradient", """
        def f(g, p):
            p = np.array(p, dtype=float)
            out = np.empty(p.size)
            for i in range(p.size):
                d = np.zeros(p.size); d[i] = 1e-6
                out[i] = (g(p + d.reshape(p.shape)) - g(p)) / 1e-6
            return out.reshape(p.shape)"""),
    ("01", "which-way-is-down", "gradient", """
        def f(x, y, w, b):
            gw, gb = np.zeros_like(w), np.zeros((1, 10))
            for image, answer in zip(x, y):
                s = image @ w + b
                p = np.exp(s - s.max()); p = p / p.sum(); p[answer] -= 1
                gw += np.outer(image, p); gb += p
            return [gw / len(x), gb / len(x)]"""),
    ("01", "small-batches", "batches", """
        def f(count, size, rng):
            left = np.arange(count)
            rng.shuffle(left)
            while len(left):
                yield left[:size]
                left = left[size:]"""),
    ("02", "a-neuron-says-yes-or-no", "neuron", """
        def f(x, w, b):
            return [bool(np.dot(row, w) > -b) for row in x]"""),
    ("02", "the-perceptron-rule", "train_perceptron", """
        def f(x, t, epochs):
            w, b, counts = np.zeros((x.shape[1], 1)), np.zeros(1), []
            for _ in range(epochs):
                wrong = 0
                for row, want in zip(x, t):
                    e = want - int((row @ w + b)[0] > 0)
                    w, b, wrong = w + e * row[:, None], b + e, wrong + abs(e)
                counts.append(wrong)
            return w, b, counts"""),
    ("02", "xor-no-line-does-it", "best_share", """
        def f(x, t, grid):
            a, b, c = np.meshgrid(grid, grid, grid)
            says = (a[..., None] * x[:, 0] + b[..., None] * x[:, 1] + c[..., None]) > 0
            return (says == t.astype(bool)).mean(axis=-1).max()"""),
    ("02", "soft-neurons", "sigmoid", """
        def f(z):
            return 1 / (1 + np.exp(-np.clip(z, -500, 500)))"""),
    ("02", "soft-neurons", "log_loss", """
        def f(p, t):
            p = np.clip(p, 1e-12, 1 - 1e-12)
            return float(np.mean(np.where(t > 0, -np.log(p), -np.log(1 - p))))"""),
    ("02", "learning-xor", "start", """
        def f(seed, hidden):
            np.random.seed(seed)
            w = np.random.randn(3, hidden)
            return w[:2], np.zeros((1, hidden)), w[2], [0.0]"""),
    ("02", "any-curve-from-bent-lines", "fit", """
        def f(x, y, knots):
            t = np.vander(x, 2)
            t = np.hstack([t, np.maximum(0, x[:, None] - knots[None, :])])
            q, _ = np.linalg.qr(t)
            return q @ (q.T @ y)"""),
]  # fmt: skip
WRONG: list[tuple[str, str, str, str]] = [
    ("01", "look-at-the-data", "draw", "def f(i): return '\\n'.join(['        '] * 8)"),
    ("01", "the-naive-baseline", "accuracy", "def f(p, a): return 1.0"),
    ("01", "pixel-similarity", "distances", """
        def f(images, patterns):
            return np.sqrt(((images[:, None] - patterns) ** 2).mean(axis=2))"""),
    ("01", "a-measure-of-performance", "softmax", """
        def f(s):
            e = np.exp(s - s.max())
            return e / e.sum(axis=1, keepdims=True)"""),
    ("01", "which-way-is-down", "numeric_gradient", """
        def f(g, p):
            return 2 * np.asarray(p, dtype=float)"""),
    ("01", "small-batches", "batches", """
        def f(count, size, rng):
            return [rng.integers(0, count, size) for _ in range(-(-count // size))]"""),
    ("01", "small-batches", "batches", """
        def f(count, size, rng):
            starts = rng.permutation(range(0, count, size))
            return [np.arange(s, min(count, s + size)) for s in starts]"""),
    ("02", "a-neuron-says-yes-or-no", "neuron", "def f(x, w, b): return np.ones(len(x))"),
    ("02", "blame-flows-backward", "largest_gap", "f = 1e-6"),
    ("02", "blame-flows-backward", "largest_gap", "f = 0.0"),
    ("02", "xor-no-line-does-it", "best_share", "def f(x, t, grid): return 0.75"),
    ("02", "soft-neurons", "sigmoid", "def f(z): return np.clip(0.5 + np.asarray(z) / 4, 0, 1)"),
    ("02", "learning-xor", "start", """
        def f(seed, hidden):
            r = np.random.default_rng(seed)
            return np.tile(r.normal(size=(2, 1)), hidden), np.zeros(hidden), r.normal(size=hidden), 0"""),
    ("02", "any-curve-from-bent-lines", "fit", "def f(x, y, knots): return y"),
]  # fmt: skip


def function_in(source: str) -> Any:
    names: dict[str, Any] = {"np": np}
    exec(textwrap.dedent(source), names)
    return names["f"]


@pytest.mark.parametrize(
    ("number", "section", "name", "source"), HONEST, ids=lambda value: value.split("\n")[0][:24]
)
def test_honest_functions_of_other_kinds_pass(
    course: Course, number: str, section: str, name: str, source: str
) -> None:
    checks_of(course, number)[section, name](function_in(source), {"table": TABLE})


@pytest.mark.parametrize(
    ("number", "section", "name", "source"), WRONG, ids=lambda value: value.split("\n")[0][:24]
)
def test_wrong_functions_fail_with_what_was_expected(
    course: Course, number: str, section: str, name: str, source: str
) -> None:
    with pytest.raises(Wrong) as caught:
        checks_of(course, number)[section, name](function_in(source), {"table": TABLE})
    assert len(caught.value.message) > 20


def test_none_instead_of_a_result_is_told_as_such(course: Course) -> None:
    for number, section, name in (
        ("01", "a-measure-of-performance", "loss"),
        ("01", "which-way-is-down", "gradient"),
        ("01", "look-at-the-data", "draw"),
        ("02", "soft-neurons", "forward"),
        ("02", "learning-xor", "learn"),
    ):
        with pytest.raises(Wrong, match="None"):
            checks_of(course, number)[section, name](lambda *_: None, {"table": TABLE})


DOWNHILL = """
def slopes(x, y, w, b):
    s = np.exp(x @ w + b)
    s = s / s.sum(axis=1, keepdims=True) - np.eye(10)[y]
    return x.T @ s / len(x), s.mean(axis=0)

def surprise(x, y, w, b):
    s = np.exp(x @ w + b)
    return -np.log((s / s.sum(axis=1, keepdims=True))[np.arange(len(y)), y]).mean()
"""
FRESH = "w, b = w - rate * gw, b - rate * gb"
IN_PLACE = "w -= rate * gw; b -= rate * gb"
STEP = """
def f(x, y, w, b, rate):
    gw, gb = slopes(x, y, w, b)
    {move}
    return {result}
"""
TRAIN = """
def f(x, y, w, b, rate, epochs):
    {copy}
    losses = []
    for _ in range(epochs):
        {before}
        gw, gb = slopes(x, y, w, b)
        {move}
        {after}
    return w, b, losses
"""
EPOCH = """
def f(x, y, w, b, rate, groups):
    for g in groups:
        gw, gb = slopes(x[g], y[g], w, b)
        {move}
    return w, b
"""
NOTE = "losses.append(surprise(x, y, w, b))"
COPIED = "w, b = w.copy(), b.copy()"


def train_with(
    copy: str = "pass", before: str = NOTE, move: str = FRESH, after: str = "pass"
) -> str:
    return TRAIN.format(copy=copy, before=before, move=move, after=after)


@pytest.mark.parametrize(
    ("section", "name", "source", "mistake"),
    [
        ("mechanism", "step", STEP.format(move=FRESH, result="w, b"), None),
        ("mechanism", "step", STEP.format(move=IN_PLACE, result="w, b"), "step-overwrites"),
        ("mechanism", "step", STEP.format(move=IN_PLACE, result="None"), "step-overwrites"),
        ("mechanism", "train", train_with(), None),
        ("mechanism", "train", train_with(copy=COPIED, move=IN_PLACE), None),
        ("mechanism", "train", train_with(after=NOTE), ""),
        ("mechanism", "train", train_with(before="pass", after=NOTE), "losses-after-step"),
        ("mechanism", "train", train_with(move=IN_PLACE), "train-overwrites"),
        ("mechanism", "train", train_with("pass", "pass", IN_PLACE, NOTE), "train-overwrites"),
        ("batches", "one_epoch", EPOCH.format(move=FRESH), None),
        ("batches", "one_epoch", EPOCH.format(move=IN_PLACE), "epoch-overwrites"),
    ],
)
def test_start_weights_stay_and_losses_come_before_the_step(
    course: Course, section: str, name: str, source: str, mistake: str | None
) -> None:
    place = {"mechanism": "a-mechanism-to-alter-the-weights", "batches": "small-batches"}[section]
    check = checks_of(course, "01")[place, name]
    function = function_in(DOWNHILL + source)
    if mistake is None:
        check(function, {"table": TABLE})
        return
    with pytest.raises(Wrong) as caught:
        check(function, {"table": TABLE})
    assert caught.value.mistake == mistake
