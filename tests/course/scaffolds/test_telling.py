"""What steps tell beside the names: settings, effects, contexts; and what becomes of the prose."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from tests.course.leak_measure import leaks, unfair_gifts
from tests.course.originals import book, scaffolded, texts
from tests.course.scaffolds.test_scaffold import _checkpoints

DOWNLOAD = """path = Path('t')
if there:
    pass
else:
    import zipfile, kaggle
    kaggle.api.competition_download_cli(str(path))
    zipfile.ZipFile(f'{path}.zip').extractall(path)"""


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("x = torch.linspace(-2, 2, steps=20)[:,None]", "`linspace` with `-2, 2`, `steps=20`"),
        ("y = noisy(w, 0.15, 1.5)", "`noisy` with `0.15, 1.5`"),
        ("y = w * -3.5 + z", "numbers in it: -3.5"),
        ("def go(n):\n    torch.manual_seed(442)\n    return w * n", "set the seed 442 (`torch.manual_seed`)"),
        ("names = ['Age', \"Kin\"] + w", "with `['Age', 'Kin']`"),
        ("df = pd.get_dummies(df, columns=['Sex'])", "`get_dummies` with `columns=['Sex']`"),
        ("sizes = [w] + deep([10, 20])", "with `[10, 20]`"),
        ("m = w.mean(1).unsqueeze(-1)", "**Make `m`** (using `mean`, `unsqueeze`); look"),
        ("xs = [w, z] + f(['a', w])", "**Make `xs`** (using `f`); look"),
    ],
)  # fmt: skip
def test_what_decides_the_numbers_stands_with_its_step(source: str, told: str) -> None:
    original = book(
        ("md", "# T"), "def noisy(a, b, c): return a*b+c", ("md", "Do it."), source, "m + y"
    )
    made = scaffolded(original)
    assert told in made.sections[0].goal
    assert leaks(original, made.notebook) == []
    assert unfair_gifts(made.notebook) == []


def test_a_seed_is_told_where_it_is_set() -> None:
    made = scaffolded(
        book(
            ("md", "# T"),
            "a = f(1) * z",
            ("md", "Make it then:"),
            "np.random.seed(7)\nb = g(a) * 2",
        )
    )
    [line] = [x for x in made.sections[0].goal.split("\n") if "seed" in x]
    assert line.startswith("2. **Make `b`** (set the seed: `np.random.seed(7)`")
    assert texts(made, "given") == ""


def test_what_the_opening_has_ready_is_in_a_cell_that_runs() -> None:
    """Told as given and in no cell, `rng` is a NameError for whoever believes it."""
    made = scaffolded(
        book(
            ("md", "# Trees"), "import numpy as np", "rng = np.random.default_rng(7)\nsizes = (2, 3)",
            ("md", "## Settings"), "rate = 0.5",
            ("md", "## Draws"), "def draw(n): return [rng.random() * rate for _ in range(n)]",
        )
    )  # fmt: skip
    names: dict[str, Any] = {}
    exec(texts(made, "given"), names)
    assert (names["rng"].random(), names["sizes"]) == (np.random.default_rng(7).random(), (2, 3))
    assert names["rate"] == 0.5
    assert "rng = np" not in texts(made, "heading")


def test_what_rests_on_the_learners_own_is_said_as_something_to_write() -> None:
    made = scaffolded(
        book(
            ("md", "# T"), "import numpy as np\ndef set_seed(n): np.random.seed(n * 3)",
            ("md", "## B"), "set_seed(42)",
        )
    )  # fmt: skip
    assert "seed" not in texts(made, "given")
    assert "**Write as it stands** `set_seed(42)`." in texts(made)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def f(x): return (x - 1).mean()", "returns a number"),
        ("def f(x): return x[0], x[1]", "returns a tuple of 2"),
        ("def f(x):\n    x['b'] = x.a + 1", "changes `x` in place, returns nothing"),
        ("def f(x):\n    x = x.copy()\n    x['b'] = 1", "(returns nothing)"),
        ("def f(xs):\n    for x in xs: x.sub_(x.grad)", "changes `xs` in place"),
        ("def f(p):\n    a, b = p\n    for x in a+b: x.zero_()", "changes `p` in place"),
        ("def f(x):\n    x.sub_(x.grad)\n    x.grad.zero_()", "calls `sub_`, `zero_`, returns nothing"),
        ("def f(n): return torch.rand(n).requires_grad_()", "(calls `requires_grad_`"),
        ("def f(x):\n    loss = x * 2\n    print(f'{loss:.3f}')", "prints `loss`, returns nothing"),
        ("def f(x):\n    y = x + 1\n    plt.bar(x, y)\n    return dict(zip(x, y))", "draws, returns a dict"),
        ("def f(x):\n    for a in x: yield a * 2", "a generator"),
        ("def f(w):\n    with torch.no_grad(): w -= w.grad * 2", "inside `torch.no_grad()`: `w`"),
        ("def f(x):\n    def g(y): return y\n    g(x)", "returns nothing"),
        ("def f(x): return used(x)", "it uses `used`"),
        ("def f(x):\n    'Twice what it gets.'\n    return x * 2", "Twice what it gets"),
    ],
)  # fmt: skip
def test_a_function_is_told_by_what_it_does(source: str, told: str) -> None:
    original = book(("md", "# T"), "def used(x): return x + 1", ("md", "Write it."), source)
    made = scaffolded(original)
    assert told in made.sections[0].goal.split("\n")[-1]
    assert leaks(original, made.notebook) == []


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("loss.backward()", "**Call `backward` on `loss`**"),
        ("loss.requires_grad_()", "**Call `requires_grad_` on `loss`**"),
        ("loss.fillna(modes, inplace=True)", "**Change `loss` in place** (with `fillna`)"),
        ("loss = pd.get_dummies(loss, dtype=int)", "**Make `loss` anew with `get_dummies`**"),
        ("loss = loss[:, None]", "**Make `loss` anew**"),
        ("loss -= 4", "**Change `loss`**"),
        ("with torch.no_grad():\n    loss.sub_(loss.grad * 2)\n    loss.grad.zero_()",
         "**Call `sub_` on `loss`, `zero_` on `loss.grad`**; inside `torch.no_grad()`: `loss`."),
        ("part = loss * 2\npart.to_csv('x.csv')", "**Make `part`**; **call `to_csv` on `part`**"),
        ("loss['b'] = loss.a * 2", "**Set `b` in `loss`**"),
        ("part = loss.mode().iloc[0]", "**Make `part`** (using `mode`)"),
        ("measure(loss, 5)", "**Call `measure` with `loss`**"),
        ("loss.describe(include=[np.number])", "**Look at `describe` of `loss`**"),
    ],
)  # fmt: skip
def test_calls_are_named_for_what_they_are(source: str, told: str) -> None:
    original = book(
        ("md", "# T"), "loss = f(1) * z", ("md", "Words on it."), source, "g(loss, part)"
    )
    made = scaffolded(original)
    assert told in made.sections[0].goal
    assert leaks(original, made.notebook) == []


def test_what_only_pictures_need_is_given_apart_and_may_be_missing() -> None:
    made = scaffolded(
        book(
            ("md", "# T"),
            "import math, seaborn as sns\nfrom ipywidgets import interact\nimport json\nsns.set_theme()",
            "x = math.floor(y) * 2",
            "sns.boxenplot(x)",
            "@interact(a=1)\ndef plot_it(a): plt.plot(a)",
        )
    )
    given = [
        cell["source"] for cell in made.notebook["cells"]
        if cell["cell_type"] == "code" and cell["metadata"]["fastcompanion"]["role"] == "given"
    ]  # fmt: skip
    assert given[0] == "import math\nimport json"
    assert "seaborn" in given[1]
    assert "interact" in given[1]
    assert unfair_gifts(made.notebook) == []
    names: dict[str, object] = {}
    missing = given[1].replace("seaborn", "no_such_a").replace("ipywidgets", "no_such_b")
    exec(missing, names)
    assert "sns" not in names


@pytest.mark.parametrize(
    ("source", "given"),
    [
        (DOWNLOAD,
         "elif not path.exists():\n    import zipfile, kaggle\n    kaggle.api"),
        ("place = Path('x.gz')\nurlretrieve(url, place)", "if not place.exists():\n    urlretrieve(url, place)"),
        ("place = Path('x')\nplace.mkdir()\nurlretrieve(url, place/'a')", "leave it out when the data"),
        ("!wget -q https://example.org/a.zip", "leave it out when the data"),
        ("place = Path('x.gz')\nif not place.exists(): urlretrieve(url, place)",
         "if not place.exists(): urlretrieve(url, place)"),
    ],
)  # fmt: skip
def test_a_download_is_passed_over_where_the_data_is(source: str, given: str) -> None:
    made = scaffolded(book(("md", "# T"), source, "y = f(1) * 2"))
    text = texts(made, "given")
    assert given in text
    if "!" not in text:
        ast.parse(text)
    assert unfair_gifts(made.notebook) == []


def test_prose_is_short_and_stands_on_its_own() -> None:
    prose = (
        "**Important**: Click Save version. A long introduction to what comes, with many words. "
        "Use `torch.no_grad()` and `w -= w.grad * rate` now. That disables it all. "
        "We make the step `y` of the weights here:"
    )
    made = scaffolded(book(("md", "# T\n\n" + prose), "y = f(w)\nw -= w.grad * rate", "y + w"))
    goal = made.sections[0].goal
    assert "Important" not in goal
    assert "That disables" not in goal
    assert "Use `torch.no_grad()` and (code) now." in goal
    assert goal.endswith("We make the step `y` of the weights here.")


def test_long_prose_is_cut_to_two_sentences() -> None:
    prose = " ".join(f"We will now make the number {n} of many with much care." for n in range(9))
    made = scaffolded(book(("md", "# T\n\n" + prose), "y = f(w)"))
    assert made.sections[0].goal.count("We will") == 2


def test_a_function_may_take_one_sentence_more() -> None:
    prose = " ".join(f"We will now do number {n} of it." for n in range(9))
    made = scaffolded(book(("md", "# T\n\n" + prose), "def f(w): return w * 2 + 1"))
    assert made.sections[0].goal.count("We will") == 3


def test_shapes_that_are_read_are_told_where_no_prose_does() -> None:
    made = scaffolded(
        book(("md", "# T"), "w = f(1) * z", "n, m = w.shape", "k = len(w)", "n + m + k")
    )
    assert "(`n`, `m`: the shape of `w`)" in made.sections[0].goal
    assert "(`k`: the length of `w`)" in made.sections[0].goal


def test_a_plain_name_or_call_of_nothing_is_no_leak() -> None:
    original = book(("md", "# T\n\nCall `model.train()` before it."), "model.train()\ny = f(model)")
    made = scaffolded(original)
    assert "`model.train()`" in made.sections[0].goal
    assert leaks(original, made.notebook) == []


def test_what_a_step_makes_is_in_the_list_of_checkpoints() -> None:
    made = scaffolded(
        book(
            ("md", "# T"),
            "vals, spots = t.max(dim=0)\nloss, acc = fit(3, t)\nx = torch.rand(3)[:, None]",
        )
    )
    assert _checkpoints(made, "t") == {
        "vals": ("value", ""), "spots": ("value", ""), "loss": ("value", ""), "acc": ("value", ""),
        "x": ("array", ""),
    }  # fmt: skip
    assert "- `x` — array or tensor" in texts(made, "checkpoint")


def test_parts_of_a_long_section_begin_with_a_thought() -> None:
    cells: list[str | tuple[str, str]] = [("md", "# T")]
    for n in range(14):
        cells += [
            ("md", "...and test it:" if n in (6, 7) else f"Make number {n}:"),
            f"a{n} = f(a{n - 1}) * 2",
        ]
    made = scaffolded(book(*cells))
    assert len(made.sections) == 2
    assert made.sections[1].goal.startswith("1. **Make `a8`**")
