"""How random numbers are drawn is told in words: ranges, spreads, sizes, order; never the code."""

from __future__ import annotations

import ast

import pytest

from fastcompanion.course.scaffolds.draws import draws, draws_directly, sentence
from tests.course.leak_measure import leaks, unfair_gifts
from tests.course.originals import book, scaffolded


def _told(source: str, *own: str) -> list[str]:
    [node] = ast.parse(source).body
    return [draw.text for draw in draws(node, own)]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("w = torch.rand(n)-0.5", "`w`: uniform from -0.5 to 0.5, of size `n`"),
        ("w = 70*torch.rand(n, 2)-35", "`w`: uniform from -35 to 35, of shape (`n`, 2)"),
        ("w = (torch.rand(n, h)-0.5)/h", "`w`: uniform from -0.5 to 0.5, divided by `h`, of shape (`n`, `h`)"),
        ("w = torch.rand(n)*-2", "`w`: uniform from 0 to 1, times -2, of size `n`"),
        ("w = torch.rand(1)[0]", "`w`: one number, uniform from 0 to 1"),
        ("w = torch.rand(1)", "`w`: uniform from 0 to 1, of size 1"),
        ("w = random.random()*10", "`w`: one number, uniform from 0 to 10"),
        ("w = np.random.uniform(-3, 4, size=(n, 2))", "`w`: uniform from -3 to 4, of shape (`n`, 2)"),
        ("w = rng.normal(loc=2, scale=s, size=x.shape)",
         "`w`: normal with mean 2 and standard deviation `s`, of the shape of `x`"),
        ("w = np.random.randn(n, m)*0.01", "`w`: normal with mean 0 and standard deviation 0.01, of shape (`n`, `m`)"),
        ("w = torch.randn(x.shape)", "`w`: standard normal, of the shape of `x`"),
        ("w = torch.randn_like(t)/10+0.95", "`w`: normal with mean 0.95 and standard deviation 0.1, of the shape of `t`"),
        ("w = torch.randn((n*k, h))*(5/3)/((n*k)**0.5)",
         ("`w`: standard normal, times 5 / 3, divided by the square root of (`n` times `k`), "
          "of shape ((`n` times `k`), `h`)")),
        ("w = torch.randn(n, h)/math.sqrt(n)",
         "`w`: standard normal, divided by the square root of `n`, of shape (`n`, `h`)"),
        ("w = torch.empty(n, 3).uniform_(-1, 1)", "`w`: uniform from -1 to 1, of shape (`n`, 3)"),
        ("nn.init.normal_(net.weight, std=0.2)", "normal with mean 0 and standard deviation 0.2, of the shape of `net.weight`"),
        ("self.w = nn.Parameter(torch.randn(n, m)*0.3)",
         "`w`: normal with mean 0 and standard deviation 0.3, of shape (`n`, `m`)"),
        ("ws = [(torch.rand(s[i], s[i+1])-0.3)/s[i+1]*4 for i in range(k)]",
         "`ws`: each uniform from -0.3 to 0.7, divided by its number of columns, times 4"),
        ("y = f(x) + np.random.normal(0, 0.5, 20)",
         "in `y`: normal with mean 0 and standard deviation 0.5, of size 20"),
        ("k = np.random.randint(2, 9, size=4)", "`k`: whole numbers from 2 to below 9, of size 4"),
        ("k = random.randint(2, 9)", "`k`: whole numbers from 2 to 9"),
        ("k = np.random.choice(n, 5)", "`k`: 5 items drawn with replacement"),
        ("k = np.random.choice(n, int(n*p), replace=False)", "`k`: items drawn without replacement"),
        ("k = random.sample(xs, 5)", "`k`: 5 items drawn without replacement"),
        ("k = random.choices(xs, k=5)", "`k`: 5 items drawn with replacement"),
        ("k = torch.multinomial(p, num_samples=1)", "`k`: one item"),
        ("def f(scale=0.1): return torch.randn(5, 2)*scale",
         "standard normal, times `scale`, of shape (5, 2)"),
    ],
)  # fmt: skip
def test_a_draw_is_put_into_words(source: str, told: str) -> None:
    assert _told(source) == [told]


@pytest.mark.parametrize(
    "source",
    [
        "w = 0.5 - torch.rand(n)",  # the numbers would have other signs
        "w = 1/torch.rand(n)",
        "w = torch.rand(n)**2",
        "w = torch.rand(n)*data",
    ],
)
def test_what_does_more_than_shift_and_scale_tells_only_that_it_is_a_part(source: str) -> None:
    assert _told(source) == ["in `w`: uniform from 0 to 1, of size `n`"]


@pytest.mark.parametrize(
    "source",
    [
        "w = torch.rand(*sizes)",
        "w = np.random.normal(f(x), g(x))",
        "w = np.random.choice(n, 5, replace=again)",
        "w = numbers.random(3)",
        "w = df.sample(5)",
        "w = torch.zeros(3)",
    ],
)
def test_what_words_can_not_tell_is_left_alone(source: str) -> None:
    assert _told(source) == []


def test_values_are_told_in_the_order_in_which_they_are_drawn() -> None:
    source = "def f(h=20):\n a = torch.rand(n, h)-0.5\n b, c = torch.rand(h)*2, torch.randn(1)[0]"
    assert _told(source) == [
        "`a`: uniform from -0.5 to 0.5, of shape (`n`, `h`)",
        "`b`: uniform from 0 to 2, of size `h`",
        "`c`: one number, standard normal",
    ]
    [node] = ast.parse(source).body
    told = sentence(draws(node), "`f`")
    assert told.startswith(
        "Random numbers in `f` (`torch.rand`, `torch.randn`), drawn in this order: "
    )


def test_more_draws_than_anybody_reads_are_not_told() -> None:
    assert _told("w = [" + ", ".join("torch.rand(3)*2" for _ in range(9)) + "]") == []


def test_a_generator_is_named_once() -> None:
    [node] = ast.parse("a, b = torch.rand(3, generator=g), torch.randn(2, generator=g)").body
    assert sentence(draws(node)).count("from the generator `g`") == 1


def test_own_functions_that_draw_are_told_by_what_they_are_called_with() -> None:
    [noise] = ast.parse(
        "def noise(x, scale): return np.random.normal(scale=scale, size=x.shape)"
    ).body
    assert draws_directly(noise)
    source = "def add(x, m, a): return x * (1+noise(x, m)) + noise(x, a)"
    assert _told(source, "noise") == ["`noise` with (`x`, `m`), plus 1", "`noise` with (`x`, `a`)"]
    [other] = ast.parse(source).body
    assert not draws_directly(other)


LAYERS = """def start(n_hidden=20):
    layer1 = (torch.rand(n_in, n_hidden)-0.5)/n_hidden
    layer2 = torch.rand(n_hidden, 1)-0.3
    const = torch.rand(1)[0]
    return layer1.requires_grad_(),layer2.requires_grad_(),const.requires_grad_()"""


def test_a_step_tells_starting_values_and_no_bare_numbers() -> None:
    original = book(("md", "# T"), "n_in = f(7)*2", ("md", "Write the start:"), LAYERS, "start()")
    made = scaffolded(original)
    line = made.sections[0].goal.split("\n")[1]
    assert "`layer1`: uniform from -0.5 to 0.5, divided by `n_hidden`" in line
    assert "`const`: one number, uniform from 0 to 1." in line
    assert "numbers in it" not in line
    assert leaks(original, made.notebook) == []
    assert unfair_gifts(made.notebook) == []


def test_only_numbers_beside_the_draws_are_left_bare() -> None:
    made = scaffolded(book(("md", "# T"), "w = torch.rand(5, 2)*0.25\nv = g(w) * 7 + 4\nw + v"))
    goal = made.sections[0].goal
    assert "numbers for `v`: 7, 4" in goal
    assert "0.25" in goal.split("Random numbers")[1]


def test_a_sentence_that_would_give_code_away_is_not_said() -> None:
    secret = "`z`: uniform from 0 to 5, of size 3"
    cells = (("md", "# T"), f"y = '''{secret}'''.split(w)\nz = torch.rand(3)*5", "y + z")
    made = scaffolded(book(*cells))
    assert "uniform" not in made.sections[0].goal
    assert "numbers for `z`: 5" in made.sections[0].goal


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def f(x): return x*0.3\ndef g(x): return x*0.4\ny = g(w)",
         "**Write `f(x)`** (numbers in it: 0.3); **write `g(x)`** (numbers in it: 0.4); **make `y`"),
        ("a = w*0.8\nb = w*0.9\nc = w+a", "(numbers for `a`: 0.8; for `b`: 0.9)"),
        ("a = w*0.8\nfor i in w: b, c = i+4, i+5\nw.k = 0", "numbers for `a`: 0.8; for the loop: 4, 5"),
        ("a = w*0.8", "(numbers in it: 0.8)"),
        ("few = w[w.fare>0]\nfew.mean()", "(the rows of `w` where `fare` is above 0)"),
        ("few = w[w['age']<=15]\nz = few + 1", "`few`: the rows of `w` where `age` is at most 15"),
        ("few = resample(w, replace=False)", "`resample` with `replace=False`"),
    ],
)  # fmt: skip
def test_numbers_stand_with_what_they_belong_to(source: str, told: str) -> None:
    original = book(("md", "# T"), "w = f(1) * z", ("md", "Do it."), source, "few, a, b, c, y")
    made = scaffolded(original)
    assert told in made.sections[0].goal
    assert leaks(original, made.notebook) == []


def test_rows_that_nothing_uses_are_the_work() -> None:
    original = book(("md", "# T"), "w = f(1) * z", ("md", "Do it."), "few = w[w.fare>0]")
    assert "rows of" not in scaffolded(original).sections[0].goal
