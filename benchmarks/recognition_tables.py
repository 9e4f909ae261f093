"""Real tables out of scikit-learn and statsmodels, each with what its documentation calls the answer.

    uv pip install scikit-learn statsmodels

Chosen from the documentation before anything was measured, with benchmarks/recognition_sets.py. Left
out is what people use in several ways or what has several answers: linnerud, longley, macrodata,
grunfeld, copper, star98, statecrime, heart, anes96, elnino, fertility, interest_inflation, danish_data.
The columns keep their names and order, but for co2, whose dates have no name in statsmodels.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from pathlib import Path

from benchmarks.recognition_sets import Case


def from_sklearn(name: str, folder: Path) -> None:
    """Write a table of scikit-learn with its answer as the column `target`, as `.frame` holds it."""
    loaded = getattr(import_module("sklearn.datasets"), f"load_{name}")(as_frame=True)
    loaded.frame.to_csv(folder / f"{name}.csv", index=False)


def from_statsmodels(name: str, folder: Path, index: str = "") -> None:
    """Write a table of statsmodels; its index too where that holds the dates, under the name given."""
    data = import_module(f"statsmodels.datasets.{name}").load_pandas().data
    data.to_csv(folder / f"{name}.csv", index=bool(index), index_label=index or None)


def sklearn(name: str, kind: str, target: str, about: str) -> Case:
    made = partial(from_sklearn, name)
    return Case(f"sklearn-{name}", made, kind, target, about, "scikit-learn")


def statsmodels(name: str, kind: str, target: str, about: str, index: str = "") -> Case:
    made = partial(from_statsmodels, name, index=index)
    return Case(f"statsmodels-{name}", made, kind, target, about, "statsmodels")


CASES = [
    sklearn("iris", "table-class", "target", "three species of iris as 0, 1, 2"),
    sklearn("wine", "table-class", "target", "three growers of wine as 0, 1, 2"),
    sklearn("breast_cancer", "table-class", "target", "malignant or benign as 0, 1"),
    sklearn("digits", "table-class", "target", "ten digits, a column for each pixel"),
    sklearn("diabetes", "table-number", "target", "progression after a year, whole numbers"),
    statsmodels("sunspots", "time-series", "SUNACTIVITY", "one row for each year"),
    statsmodels("nile", "time-series", "volume", "one row for each year"),
    statsmodels("co2", "time-series", "co2", "one row for each week, with gaps", "date"),
    statsmodels(
        "elec_equip",
        "time-series",
        "STS.M.I7.W.TOVT.NS0016.4.000",
        "by month, a cryptic name",
        "DATE",
    ),
    statsmodels("fair", "table-number", "affairs", "time spent in affairs, last column"),
    statsmodels("spector", "table-class", "GRADE", "whether the grade improved, last column"),
    statsmodels("modechoice", "table-class", "choice", "was this the mode chosen? third column"),
    statsmodels("stackloss", "table-number", "STACKLOSS", "21 days of a plant, first column"),
    statsmodels("ccard", "table-number", "AVGEXP", "what is spent by card, first column"),
    statsmodels("engel", "table-number", "foodexp", "expenditure on food by income"),
    statsmodels("scotland", "table-number", "YES", "share of yes votes, first column"),
    statsmodels("cpunish", "table-number", "EXECUTIONS", "counts of 17 states, first column"),
    statsmodels("committee", "table-number", "BILLS104", "counts of 20 committees, first column"),
    statsmodels("randhie", "table-number", "mdvis", "visits to a doctor, first of ten columns"),
    statsmodels("strikes", "table-number", "duration", "days of strikes, first of two columns"),
    statsmodels("cancer", "table-number", "cancer", "cases by county, first of two columns"),
]
