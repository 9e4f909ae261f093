"""Small data of our own in the form that lessons download: `python scripts/standins.py FOLDER [TITANIC]`.

Run by the environment that the lessons run in, as the digits come from scikit-learn. Makes
`mnist/data/mnist.pkl.gz` (digits of 8 by 8, doubled and framed to 28 by 28: 1000 to train, 400 to
validate), `names.txt` (invented names), and, with the folder of the Titanic tables, `titanic` and a
`modules/kaggle.py` that hands them over where a lesson asks Kaggle's client for them. The figures of
recorded checks (docs/checks-figures.md) are made with these.
"""

from __future__ import annotations

import gzip
import pickle
import random
import shutil
import sys
from importlib import import_module
from pathlib import Path

NAMES = 3000
TRAIN, VALID = 1000, 400
BEGINNINGS = "b c d f g h j k l m n p q r s t v w x y z br ch dr el gr kr sh st th tr wr zy".split()
MIDDLES = "a e i o u ae ia ea ou y".split()
ENDS = "n r l s x nd th lla ra mi qui vo z k".split()
KAGGLE = '''"""A stand-in for Kaggle's client: hands over the tables that lie beside it."""
import pathlib
import shutil
import types

_HERE = pathlib.Path(__file__).resolve().parents[1]


def _download(name, *_others, **_more):
    shutil.make_archive(str(name), "zip", _HERE / "titanic")


api = types.SimpleNamespace(competition_download_cli=_download)
'''


def names(path: Path) -> None:
    """Invent names that use every letter."""
    chance, made = random.Random(1), dict[str, None]()
    while len(made) < NAMES:
        parts = [chance.choice(BEGINNINGS) + chance.choice(MIDDLES)]
        parts += [
            chance.choice(BEGINNINGS) + chance.choice(MIDDLES) for _ in range(chance.randint(0, 2))
        ]
        made["".join([*parts, chance.choice(["", *ENDS])])] = None
    path.write_text("\n".join(made) + "\n", encoding="ascii")


def digits(path: Path) -> None:
    """Write handwritten digits in the form of the pickled MNIST."""
    np, datasets = import_module("numpy"), import_module("sklearn.datasets")
    found = datasets.load_digits()
    doubled = np.kron(found.images / 16, np.ones((1, 2, 2)))
    framed = np.pad(doubled, ((0, 0), (6, 6), (6, 6))).reshape(len(doubled), 784)
    order = np.random.RandomState(0).permutation(len(framed))
    x, y = framed[order].astype("float32"), found.target[order].astype("int64")
    cuts = (slice(TRAIN), slice(TRAIN, TRAIN + VALID), slice(TRAIN + VALID, None))
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.GzipFile(path, "wb", mtime=0) as file:
        pickle.dump(tuple((x[cut], y[cut]) for cut in cuts), file, protocol=2)


def tables(source: Path, folder: Path) -> None:
    """Show the Titanic tables, and let `import kaggle` find them."""
    target = folder / "titanic"
    if not target.exists():
        shutil.copytree(source, target, copy_function=shutil.copyfile)
        target.chmod(0o755)
    (folder / "modules").mkdir(exist_ok=True)
    (folder / "modules" / "kaggle.py").write_text(KAGGLE, encoding="utf-8")


def main(folder: Path, titanic: Path | None = None) -> None:
    """Make what is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "names.txt").exists():
        names(folder / "names.txt")
    if not (folder / "mnist").exists():
        digits(folder / "mnist" / "data" / "mnist.pkl.gz")
    if titanic is not None:
        tables(titanic, folder)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
