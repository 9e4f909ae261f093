"""The first number: `data baseline` against a scikit-learn logistic pipeline, both from the start of the process.

    python -m benchmarks.first_number [--runs N]

CPU seconds, medians of runs in turn, compiled bytecode, one thread for the peer's linear algebra. Both say
what share of the same kind of set-aside rows they get right; ours with its interval. The digits are
scikit-learn's own 1,797, written as PNG files in ten class folders; Titanic's train.csv has to be supplied
(FASTCOMPANION_TEST_DATA names its folder), as it is not ours to publish.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import (
    Missing,
    Row,
    as_program,
    call,
    clean_environment,
    compare_both,
    installed,
    scratch_folder,
)

BUDGET = 0.2
PEER = "a scikit-learn logistic pipeline"

DIGITS = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
found = load_digits()
for number, (image, label) in enumerate(zip(found.images, found.target)):
    folder = Path(sys.argv[1]) / str(label)
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray((image * 255 / 16).astype(np.uint8)).save(folder / f"{number:04d}.png")
"""

OF_IMAGES = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
files = sorted(Path(sys.argv[1]).glob("*/*.png"))
rows = np.stack([np.asarray(Image.open(file), dtype=float).ravel() for file in files])
labels = [file.parent.name for file in files]
learn, judge, told, truth = train_test_split(rows, labels, test_size=0.2, random_state=0, stratify=labels)
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(learn, told)
print(model.score(judge, truth))
"""

OF_TABLE = """
import sys
import pandas
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
table = pandas.read_csv(sys.argv[1])
numbers, words = ["Age", "Fare", "SibSp", "Parch", "Pclass"], ["Sex", "Embarked"]
prepared = make_column_transformer(
    (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
    (make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), words),
)
model = make_pipeline(prepared, LogisticRegression(max_iter=1000))
print(cross_val_score(model, table, table["Survived"], cv=5).mean())
"""


def measure(runs: int = 7) -> list[Row]:
    """Compare on the digits, and on Titanic where it was supplied."""
    with installed() as program, scratch_folder() as folder:
        env = clean_environment(
            folder / "home", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1"
        )
        needs = ["scikit-learn", "pandas", "pillow"]
        where = ["--quiet", "--compile-bytecode", "--python", str(program.python)]
        call([sys.executable, "-m", "uv", "pip", "install", *where, *needs])
        digits = folder / "digits"
        call([str(program.python), "-c", DIGITS, str(digits)], env=env)

        def row(what: str, peer: str, script: str, data: Path, *more: str) -> Row:
            mine = program.command("data", "baseline", str(data), *more, "--quiet")
            return _row(what, peer, mine, [str(program.python), "-c", script, str(data)], env, runs)

        rows = [row("digits as 1,797 PNG files", f"{PEER} on the files' pixels", OF_IMAGES, digits)]
        titanic = _titanic()
        if titanic is not None:
            peer = f"{PEER} with imputing and one-hot, 5 folds"
            rows.append(row("Titanic, 891 rows", peer, OF_TABLE, titanic, "--target", "Survived"))
        return rows


def _titanic() -> Path | None:
    named = os.environ.get("FASTCOMPANION_TEST_DATA", "")
    found = Path(named) / "train.csv"
    if named and not found.is_file():
        raise Missing(f"FASTCOMPANION_TEST_DATA: there is no {found}")
    return found if named else None


def _row(
    what: str, peer: str, mine: Sequence[str], theirs: Sequence[str], env: dict[str, str], runs: int
) -> Row:
    """Compare CPU seconds of two command lines that run in turn."""
    call(mine, env=env)
    call(theirs, env=env)
    _, cpu = compare_both(
        f"`data baseline`, {what}",
        lambda: call(mine, env=env),
        peer,
        lambda: call(theirs, env=env),
        budgets=(BUDGET, BUDGET),
        runs=runs,
    )
    return cpu


if __name__ == "__main__":
    sys.exit(as_program(measure, __doc__, 7))
