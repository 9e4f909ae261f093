"""The copy notice's measure: what is called retyped, on our own lessons and on a fetched course."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks import copies as bench
from fastcompanion.course.recorded import copies
from fastcompanion.course.recorded.copies import Likeness, likeness, names_in, windows

# Read at import: the test's own environment drops our variables.
COURSE = os.environ.get("FASTCOMPANION_TEST_COURSE", "")

ORIGINAL = '''
def distances(points, centres):
    """How far each point is from each centre."""
    return ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2) ** 0.5  # by broadcasting

nearest = distances(points, centres).argmin(axis=1)
for k in range(len(centres)):
    centres[k] = points[nearest == k].mean(axis=0) if (nearest == k).any() else centres[k]
spread = [float(distances(points[nearest == k], centres)[:, k].mean()) for k in range(len(centres))]
print(f"{spread}")
'''
RENAMED = """
def d(a, b):
    gap = a[:, None, :] - b[None, :, :]
    return ((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2) ** 0.5

spots: list = d(points, centres).argmin(axis=1)
for group in range(len(centres)):
    # move it
    centres[group] = (points[spots == group].mean(axis=0) if (spots == group).any()
                      else centres[group])
wide = [float(d(points[spots == g], centres)[:, g].mean()) for g in range(len(centres))]
"""
HONEST = """
def distances(points, centres):
    far = np.empty((len(points), len(centres)))
    for number, centre in enumerate(centres):
        far[:, number] = np.linalg.norm(points - centre, axis=1)
    return far

nearest = np.array([row.argmin() for row in distances(points, centres)])
for number in set(nearest.tolist()):
    members = [point for point, own in zip(points, nearest) if own == number]
    centres[number] = np.stack(members).sum(axis=0) / len(members)
spread = [np.sqrt(((points[nearest == n] - centres[n]) ** 2).sum(axis=1)).mean() for n in set(nearest)]
"""
GIVEN = "points = make_points(seed=3)\ncentres = points[:4].copy()"


def compared(own: str, original: str = ORIGINAL, told: str = GIVEN) -> Likeness:
    return likeness(
        [own],
        [original],
        own_names=names_in([own, told]),
        original_names=names_in([original, told]),
        told=[told],
    )


def test_a_copy_under_other_names_is_found() -> None:
    assert compared(ORIGINAL) == Likeness(1.0, compared(ORIGINAL).windows)
    assert compared(RENAMED).looks_retyped
    assert not compared(HONEST).looks_retyped
    assert compared(HONEST).share < 0.3
    assert compared(HONEST).is_enough


def test_the_order_of_statements_does_not_matter() -> None:
    parts = ORIGINAL.strip().split("\n\n")
    assert compared("\n\n".join(reversed(parts))).share == 1.0


def test_neither_a_small_part_nor_much_more_is_called_a_copy() -> None:
    assert not compared(ORIGINAL.split("nearest =", maxsplit=1)[0]).looks_retyped
    assert not compared(ORIGINAL + HONEST * 2).looks_retyped


def test_short_statements_and_what_is_told_count_nothing() -> None:
    idioms = "loss = calc(x, y)\nloss.backward()\nopt.step()\nimport numpy as np\nprint(loss)" * 20
    assert compared(idioms, idioms) == Likeness(0.0, 0)
    told = "\n".join(f"f{n} = load(path / name, kind, seed + {n})[start:stop]" for n in range(30))
    assert compared(told, told, told="").looks_retyped
    assert compared(told, told, told=told) == Likeness(0.0, 0)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("x = f(a, lr=0.1)", "x = f(a, lr=30.5)"),
        ("x = f(a)", "x: int = f(a)"),
        ("print(f(a) + 1)", "f(a) + 2"),
        ("x = [1, 2, 3]", "x = [9]"),
        (
            "def f(a):\n    'says it'\n    return a @ b",
            "def other(a, b=3) -> int:\n    return a @ b",
        ),
        ("x = f'{a:.2f}'", "x = 'text'"),
        (
            "class A:\n    def go(self): return self.go(1)",
            "class B:\n    def run(self): return self.run(2)",
        ),
    ],
)
def test_what_does_not_count(first: str, second: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "WINDOW", 3)
    shared = ["a = b = 1"]
    one, two = (windows([s], names_in([s, *shared])) for s in (first, second))
    assert one == two
    assert one


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("y = a.mean(b)", "y = a.sum(b)"),
        ("y = a - b * a", "y = a - b * b"),
        ("y = sorted(a)[b]", "y = list(a)[b]"),
    ],
)
def test_what_counts(first: str, second: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "WINDOW", 7)
    names = names_in(["a = b = y = 1"])
    assert windows([first], names) != windows([second], names)


@pytest.mark.parametrize(
    "strange",
    ["", "%%bash\nls", "def f(:", "!pip install x", "x = " + "(" * 50 + "1" + ")" * 50,
     "x = " + "+".join(["a"] * 3000), "data = '" + "x" * 90_000 + "'", "\ud800 = 1", "f'{a!r:>{w}}'"],
)  # fmt: skip
def test_strange_cells_are_passed_over(strange: str) -> None:
    compared(strange)
    compared(ORIGINAL, strange)
    assert compared(strange + "\n", strange).share in (0.0, 1.0)


# One honest section of all is like the original, token by token: somebody solved it in the same way.
FALSE_NOTICES = {("course22/05", "held-out-hobbyist"): ["deep-learning"]}


def _nobody_and_everybody(whole: bench.Original, honest: dict[str, bench.Work]) -> None:
    for who, own in honest.items():
        told = [s for s, one in whole.scores(own).items() if one.looks_retyped]
        assert told == FALSE_NOTICES.get((whole.name, who), []), (whole.name, who)
    disguised = bench.copied(whole)
    disguised.pop(bench.PARTIAL)
    for way, own in disguised.items():
        enough = [one for one in whole.scores(own).values() if one.is_enough]
        assert enough, (whole.name, way)
        assert all(one.looks_retyped for one in enough), (whole.name, way)


@pytest.mark.parametrize("place", [0, 1])
def test_built_in_lessons(place: int) -> None:
    whole, honest = list(bench.builtin())[place]
    assert len(honest) == 2
    _nobody_and_everybody(whole, honest)


@pytest.mark.course
@pytest.mark.skipif(not COURSE, reason="needs a course: make test-course COURSE=folder")
def test_a_fetched_course() -> None:
    for whole, honest in bench.fetched(Path(COURSE)):
        _nobody_and_everybody(whole, honest)


def test_the_table_is_made_of_all_lessons(capsys: pytest.CaptureFixture[str]) -> None:
    lines = list(bench.rows(bench.builtin()))
    assert sum("*whole copies*" in line for line in lines) == 2
    assert sum("style-" in line for line in lines) == 4
