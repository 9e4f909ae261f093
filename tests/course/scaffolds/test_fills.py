"""Constants that replace data stand in the goals, in words: nobody can guess them."""

from __future__ import annotations

import pytest

from tests.course.leak_measure import leaks, unfair_gifts
from tests.course.originals import book, scaffolded

PROC = (
    "def proc_data(df):\n    df['Fare'] = df.Fare.fillna(0)\n    df.fillna(modes, inplace=True)\n"
    "    df['LogFare'] = np.log1p(df['Fare'])"
)


def goal(source: str) -> str:
    """The goal of a section with one piece of work; nothing of the work is given away."""
    original = book(
        ("md", "# T"), "modes = f(1) * z", ("md", "Words on it."), source, "g(modes, part)"
    )
    made = scaffolded(original)
    assert leaks(original, made.notebook) == []
    assert unfair_gifts(made.notebook) == []
    return made.sections[0].goal


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (PROC, "(it uses `modes`, changes `df` in place, returns nothing, missing values of `Fare` become `0`, about 3 lines)"),
        ("modes['Fare'] = modes.Fare.fillna(0)", "**Set `Fare` in `modes`** (missing values of `Fare` become `0`"),
        ("modes['Cabin'] = modes['Cabin'].fillna('U')", "missing values of `Cabin` become `'U'`"),
        ("part = modes.fillna({'Age': -1, 'Deck': 'U', 'Fare': modes.Fare.mean()})",
         "missing values of `Age` become `-1`; missing values of `Deck` become `'U'`"),
        ("part = modes.Embarked.fillna(value='S')", "missing values of `Embarked` become `'S'`"),
        ("part = np.nan_to_num(modes, 0)", "missing values of `modes` become `0`"),
        ("modes.loc[modes.Age.isna(), 'Age'] = 0", "missing values of `Age` become `0`"),
        ("modes[np.isnan(modes)] = 1", "missing values of `modes` become `1`"),
        ("part = modes.clip(0, 1)", "values of `modes` are kept between `0` and `1`"),
        ("part = np.clip(modes, -1, 1)", "values of `modes` are kept between `-1` and `1`"),
        ("part = modes.clamp_max(1) * 2", "values of `modes` are at most `1`"),
        ("def cut(x): return torch.clamp(x, 0.1)", "values of `x` are at least `0.1`"),
        ("part = modes.Sex.map({'male': 0, 'female': 1})", "in `Sex` `'male'` becomes `0`; `'female'` becomes `1`"),
        ("part = modes.Deck.map(dict(A='low', B='low', C='top'))", "in `Deck` `'A'`, `'B'` become `'low'`; `'C'` becomes `'top'`"),
        ("part = modes.Name.str.replace('Mlle', 'Miss')", "in `Name` `'Mlle'` becomes `'Miss'`"),
        ("part = modes.apply(lambda s: s.replace('?', '0'))", "(`'?'` becomes `'0'`"),
        ("part = modes.masked_fill(part == 0, float('-inf'))", "masked values become `-inf`"),
        ("part = modes.where(modes > part, 0)", "what a condition leaves out becomes `0`"),
        ("part = modes.mask(modes > part, 0)", "what a condition holds for becomes `0`"),
        ("part = np.round(modes, 2)", "`modes` rounded to `2` digits"),
        ("part = torch.full((len(modes), 2), 0.5)", "filled with `0.5`"),
    ],
)  # fmt: skip
def test_a_constant_that_replaces_data_is_told(source: str, told: str) -> None:
    assert told in goal(source)


@pytest.mark.parametrize(
    "source",
    [
        "part = modes.fillna(modes.mean())",
        "part = modes.clip(modes.min(), modes.max())",
        "modes.loc[~modes.Age.isna(), 'Age'] = 0",
        "def relu(x): return x.clamp_min(0.)",
        "class Net:\n    def relu(self, x): return np.clip(x, 0, 10)",
        "part = torch.full(modes.shape, modes)",
        "part = map(f, dict(a=1, b=modes))",
        "os.replace('old.csv', 'new.csv')\npart = modes * 2",
        "part = modes.Name.replace('a text that is much too long to be told', 'x')",
    ],
)
def test_what_is_no_constant_or_says_itself_is_not_told(source: str) -> None:
    said = goal(source)
    assert not any(word in said for word in ("become", "are kept", "are at", "filled with"))


def test_a_number_is_told_once() -> None:
    assert goal("part = modes.Fare.fillna(31)").count("31") == 1
    assert "numbers in it" not in goal("def f(x): return x.clip(0, 0.99)")
    assert goal("for i in range(900): part = (f(modes) * 7).clip(0, 1)").count("900") == 1


def test_what_would_give_the_work_away_is_left_out() -> None:
    long = ", ".join(f"'{n}': {n}" for n in range(30))
    assert "become" not in goal(f"part = modes.map({{{long}}})")
