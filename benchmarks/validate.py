"""`kaggle validate` on a million rows against a process that imports pandas and reads the two files.

    python -m benchmarks.validate [--runs N]

CPU seconds of whole processes that run in turn, compiled bytecode. The predictions have seven digits, as those
of a fastai model have (float32); the sample has one value in all rows, as most samples have. Reading is all that
the peer does: no id is compared, no value is looked at.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from benchmarks.common import (
    Row,
    as_program,
    call,
    clean_environment,
    compare_both,
    installed,
    scratch_folder,
)

ROWS = 1_000_000
BUDGETS = (1.0, 1.0)
PEER = """
import sys
import pandas
for name in sys.argv[1:]:
    pandas.read_csv(name)
"""


def measure(runs: int = 7) -> list[Row]:
    """Compare on the same two files."""
    with installed() as program, scratch_folder() as folder:
        env = clean_environment(folder / "home", OMP_NUM_THREADS="1")
        where = ["--quiet", "--compile-bytecode", "--python", str(program.python)]
        call([sys.executable, "-m", "uv", "pip", "install", *where, "pandas"])
        mine, sample = _files(folder)
        ours = program.command("kaggle", "validate", str(mine), "--sample", str(sample), "--quiet")
        theirs = [str(program.python), "-c", PEER, str(mine), str(sample)]
        if "Nothing wrong was found." not in call(ours, env=env):
            raise RuntimeError("the file should pass")
        call(theirs, env=env)
        return compare_both(
            f"`kaggle validate`, {ROWS:,} rows",
            lambda: call(ours, env=env),
            "`import pandas` and `read_csv` of the two files",
            lambda: call(theirs, env=env),
            budgets=BUDGETS,
            runs=runs,
        )


def _files(folder: Path) -> tuple[Path, Path]:
    """Write the submission and its sample."""
    draw = random.Random(0)
    mine, sample = folder / "submission.csv", folder / "sample_submission.csv"
    with mine.open("w", encoding="utf-8") as file:
        file.write("id,target\n")
        file.writelines(f"{number},{draw.random():.7g}\n" for number in range(ROWS))
    with sample.open("w", encoding="utf-8") as file:
        file.write("id,target\n")
        file.writelines(f"{number},0.5\n" for number in range(ROWS))
    return mine, sample


if __name__ == "__main__":
    sys.exit(as_program(measure, __doc__, 7))
