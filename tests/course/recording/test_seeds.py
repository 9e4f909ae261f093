"""Other seeds: the same run has the same numbers, another run others, whoever draws them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fastcompanion.course.recording import seeds

DRAWS = """
import random
import numpy as np
np.random.seed(4)
found = [np.random.rand(), np.random.RandomState(3).rand(), np.random.default_rng(seed=1).random()]
found += [np.random.default_rng().random(), np.random.RandomState().rand()]
found += [random.random(), random.Random(5).random(), random.Random().random()]
assert isinstance(np.random.mtrand._rand, np.random.RandomState)
print([round(one, 12) for one in found])
"""


def drawn(run: int) -> list[float]:
    """Run the draws behind the seeds of one run."""
    source = seeds.reseeded(DRAWS) if run else DRAWS
    code = "\n".join([seeds.loading(seeds.modules([DRAWS])), seeds.preamble(run), source])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return [float(number) for number in done.stdout.strip("[]\n").split(",")]


def test_the_same_run_draws_the_same_and_another_run_other_numbers() -> None:
    first, again, other = drawn(0), drawn(0), drawn(2)
    assert first == again
    assert all(one != two for one, two in zip(first, other, strict=True))


def test_run_zero_keeps_the_seeds_of_the_author() -> None:
    plain = subprocess.run(
        [sys.executable, "-c", DRAWS], capture_output=True, text=True, check=True, timeout=60
    )
    numbers = [float(number) for number in plain.stdout.strip("[]\n").split(",")]
    # What is seeded in the notebook: the first three, and Random(5).
    assert [*drawn(0)[:3], drawn(0)[6]] == [*numbers[:3], numbers[6]]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("f(seed=42)", "f(seed=_fastcompanion_seed(42))"),
        ("f(1, random_state=SEED)", "f(1, random_state=_fastcompanion_seed(SEED))"),
        ("torch.manual_seed(3)", "torch.manual_seed(_fastcompanion_seed(3))"),
        ("é = 1; f(seed=7)  # kept", "é = 1; f(seed=_fastcompanion_seed(7))  # kept"),
        ("f(seed=None, n=3)", "f(seed=_fastcompanion_seed(None), n=3)"),
        ("%time x = f(seed=42)", "%time x = f(seed=42)"),
        ("x = f(n=42)", "x = f(n=42)"),
        ("def (", "def ("),
    ],
)
def test_seeds_are_rewritten_where_they_stand(source: str, expected: str) -> None:
    assert seeds.reseeded(source) == expected


def test_modules_are_those_at_the_top_and_what_brings_chance() -> None:
    assert seeds.modules(["import pandas as pd\nif x:\n    import kaggle", "from a.b import c"]) == (
        "pandas", "a.b", "numpy",
    )  # fmt: skip
