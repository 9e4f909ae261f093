"""Families of projects: which kinds of data each makes projects of, its growth steps, and what its code needs.

A file of a project comes from templates/project/<family>/, or from templates/project/common/ where the
family has none of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from fastcompanion.base.records import frozen
from fastcompanion.data import naive
from fastcompanion.project.place import BASELINE, MAJORITY

BASE_NEEDS = ("numpy>=1.26", "pyyaml>=6")
PILLOW = "pillow>=10"


@frozen
class Step:
    """A growth step: what it is good for, the files that it adds, and what to type then."""

    id: str
    title: str
    why: str
    files: tuple[str, ...] = ()
    then: str = ""


@frozen
class Family:
    """What the projects of some kinds have in common.

    `naive` names the models beside the first two that need no torch; `files` are templates that only
    this family has from the beginning (template -> name in the project); `one_thread` says that its
    data are so small that a second thread only costs time.
    """

    name: str
    kinds: tuple[str, ...]
    steps: tuple[Step, ...]
    naive: tuple[str, ...] = ()
    needs: tuple[str, ...] = BASE_NEEDS
    files: Mapping[str, str] = field(default_factory=dict)
    media: bool = False
    one_thread: bool = False


def with_test(name: str) -> tuple[str, ...]:
    """Name a file and the file of its tests."""
    return f"{name}.py", f"tests/test_{name}.py"


def majority(title: str) -> Step:
    """Make the step that every project begins with."""
    return Step(MAJORITY, title, "What a model is worth that looks at nothing.")


def baseline(title: str) -> Step:
    """Make the step of the naive model, which every project has from the beginning."""
    return Step(BASELINE, title, "The number that every model has to beat.")


def model(title: str, why: str, *more: str) -> Step:
    """Make the step of the first fastai model; `more` are files that it needs beside its own."""
    tests = ["devices.py", *(one for one in more if one == "weights.py")]
    own = ("model.py", "tests/test_model.py", "devices.py", "processes.py", *more)
    files = (*own, *(f"tests/test_{one}" for one in tests))
    return Step("model", title, why, files, "fastcompanion project train model")


def seeds(of: str, count: int = 5) -> Step:
    """Make the step of several seeds of a model."""
    why = "How far luck goes, and the mean of several, often the cheapest improvement."
    return Step("seeds", "Several seeds", why, with_test("seeds"), f"python seeds.py {of} {count}")


SUBMISSION = Step(
    "submission", "A submission file", "End to end before anything is made better: predictions for the test rows, checked before they go.",
    with_test("submit"), "fastcompanion project submit",
)  # fmt: skip
SAVED = Step(
    "saved", "Saved weights", "What was learned, kept without pickle, and a test that it says the same when loaded.",
    with_test("save"), "python save.py baseline",
)  # fmt: skip
APP = Step(
    "app", "An app", "A page that others can try; it shows at once what the model does with odd rows.",
    with_test("app"), "fastcompanion project app",
)  # fmt: skip
ERRORS = Step(
    "errors", "The rows that are wrong", "Most of what helps is seen in them: a better features() comes from here.",
    with_test("errors"), "python errors.py baseline",
)  # fmt: skip

TABLE = Family(
    name="table",
    kinds=("table-class", "table-number"),
    steps=(
        majority("Nothing but the most frequent answer"),
        baseline("One rule on one column"),
        SUBMISSION,
        Step(
            "linear", "A linear model", "The first one that looks at all columns; small tables often need no more.",
            with_test("linear"), "fastcompanion project train linear",
        ),
        model("The first fastai model", "Embeddings and two layers, to see what a network adds to the linear model."),
        SAVED,
        APP,
        ERRORS,
        seeds("linear"),
    ),
    naive=("linear",),
    one_thread=True,
)  # fmt: skip

IMAGES = Family(
    name="images",
    kinds=("images-class", "images-labels", "images-number", "images-points"),
    steps=(
        majority("What is usual, whatever the picture"),
        baseline("The nearest mean picture"),
        SUBMISSION,
        Step(
            "nearest", "The nearest picture", "Hard to beat where all pictures were taken in one way; it says what a model has to add.",
            with_test("nearest"), "fastcompanion project train nearest",
        ),
        model("The first fastai model", "A network that has seen a million photographs learns from yours.", "weights.py"),
        SAVED,
        APP,
        Step(
            "errors", "The pictures that are wrong", "A sheet to look at: wrong labels and what hard pictures have in common are seen there.",
            with_test("errors"), "python errors.py baseline",
        ),
        seeds("model", 3),
    ),
    naive=("nearest",),
    needs=(*BASE_NEEDS, PILLOW),
    media=True,
)  # fmt: skip

RATINGS = Family(
    name="ratings",
    kinds=("ratings",),
    steps=(
        majority("Nothing but the usual rating"),
        baseline("Good items, kind users"),
        SUBMISSION,
        Step(
            "factors", "Factors", "Who likes what: a few numbers for each user and item, without a network.",
            with_test("factors"), "fastcompanion project train factors",
        ),
        model("The first fastai model", "The same idea as a network of embeddings, which can grow."),
        SAVED,
        APP,
        replace(ERRORS, why="Whether it is wrong of those that it hardly knows, or of a few who rate unlike others."),
        seeds("factors"),
    ),
    naive=("factors",),
    one_thread=True,
)  # fmt: skip

SEGMENTATION = Family(
    name="segmentation",
    kinds=("segmentation",),
    steps=(
        majority("Nothing but the most frequent class"),
        baseline("The most frequent class at each place"),
        Step(
            "linear", "A linear model", "The first one that looks at a picture: the colour and the place of each pixel.",
            with_test("linear"), "fastcompanion project train linear",
        ),
        model("The first fastai model", "A U-Net sees what lies around a pixel, near and far.", "weights.py"),
        SAVED,
        replace(APP, files=("app.py", "paint.py", "tests/test_app.py")),
        Step(
            "errors", "The pictures that are wrong", "A sheet with masks side by side: wrong edges, small things and wrong masks are seen there.",
            ("errors.py", "paint.py", "tests/test_errors.py"), "python errors.py baseline",
        ),
        Step("seeds", "Several seeds", "How far luck goes: a smaller difference between two models is no news.", ("seeds.py",), "python seeds.py model 3"),
    ),
    naive=("linear",),
    needs=(*BASE_NEEDS, PILLOW),
    media=True,
)  # fmt: skip

TEXT = Family(
    name="text",
    kinds=("text-class", "text-number"),
    steps=(
        majority("Nothing but the most frequent answer"),
        baseline("One word"),
        SUBMISSION,
        Step(
            "linear", "A linear model", "The first one that weighs all words; it is hard to beat with a few thousand texts.",
            with_test("linear"), "fastcompanion project train linear",
        ),
        model("The first fastai model", "A network that has read Wikipedia knows what words mean beside each other.", "weights.py"),
        SAVED,
        replace(APP, why="A page that others can try; it shows at once which words the model hears."),
        replace(ERRORS, title="The texts that are wrong", why="Wrong labels and what hard texts have in common are seen there."),
        seeds("model", 3),
    ),
    naive=("linear",),
)  # fmt: skip

AUDIO = Family(
    name="audio",
    kinds=("audio-class",),
    steps=(
        majority("Nothing but the most frequent class"),
        baseline("The nearest mean spectrum"),
        SUBMISSION,
        Step(
            "linear", "A linear model", "The first one that hears whether a sound goes on; a few hundred recordings often allow no more.",
            with_test("linear"), "fastcompanion project train linear",
        ),
        model("The first fastai model", "A network for pictures looks at the spectra: what rises, falls and comes in beats.", "weights.py"),
        SAVED,
        replace(APP, files=("app.py", "draw.py", "tests/test_app.py")),
        Step(
            "errors", "The recordings that are wrong", "A page to listen to: wrong labels and what hard recordings have in common are heard there.",
            ("errors.py", "draw.py", "tests/test_errors.py"), "python errors.py baseline",
        ),
        seeds("linear"),
    ),
    naive=("linear",),
    media=True,
)  # fmt: skip

SERIES = Family(
    name="series",
    kinds=("time-series",),
    steps=(
        majority("The last value stays"),
        baseline("The same time last season"),
        SUBMISSION,
        Step(
            "linear", "A linear model", "The first one that looks at the last moves; a series of some hundred steps often needs no more.",
            ("linear.py", "lags.py", "tests/test_linear.py"), "fastcompanion project train linear",
        ),
        model("The first fastai model", "The same lags and an embedding of the season, to see what a network adds.", "lags.py"),
        SAVED,
        replace(APP, why="A page that others can ask; its picture shows at once what a forecast is made of."),
        replace(ERRORS, title="Where in time it is wrong", why="A break or a holiday is seen there, and what to tell the model beforehand."),
        seeds("model", 3),
    ),
    naive=("linear",),
    one_thread=True,
)  # fmt: skip

FAMILIES = (TABLE, RATINGS, IMAGES, SEGMENTATION, TEXT, AUDIO, SERIES)
#: kind -> the metrics that a project of the kind can be judged with; a constant has no correlation, a model may
METRICS: dict[str, tuple[str, ...]] = {
    kind: (*naive.metrics_of(kind), *(("pearson",) if kind == "text-number" else ()))
    for family in FAMILIES
    for kind in family.kinds
}


def of_kind(kind: str) -> Family | None:
    """Give the family of a kind; None where projects can't be made of it yet."""
    return next((one for one in FAMILIES if kind in one.kinds), None)


def kinds() -> tuple[str, ...]:
    """Name the kinds that projects can be made of."""
    return tuple(kind for one in FAMILIES for kind in one.kinds)
