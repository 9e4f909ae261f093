"""`practice new`: labelled data become a competition whose labels of the test rows are hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fastcompanion.base import clock, store
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.base.reporter import SILENT, Reporter
from fastcompanion.competition.practice import filed, tabled, zipped
from fastcompanion.competition.practice import place as places
from fastcompanion.competition.practice.cutting import Cut
from fastcompanion.competition.practice.place import Competition, Place, table
from fastcompanion.data import baselines, look, naive, task
from fastcompanion.data.dataset import DataSet


@frozen
class Made:
    """A competition that was made, or would be; `folder` is its place.

    Of its opponents only names are told here: how they do on the hidden rows is for the end.
    """

    folder: str
    competition: Competition
    opponents: tuple[str, ...]
    dry_run: bool = False


def new(
    source: Path,
    seen: DataSet,
    *,
    name: str = "",
    metric: str = "",
    daily: int,
    dry_run: bool,
    origin: str = "",
    reporter: Reporter = SILENT,
) -> Made:
    """Make a practice competition of a data set that was looked at; one that is there is not touched.

    `origin` says where the data are from, when it is not the source itself.
    """
    slug = name or places.slug_of(source.resolve().stem)
    place = places.at(slug)
    if places.is_device(slug):
        raise CompanionError(f"{slug} is a name that Windows keeps for itself", hint=f"--name {slug}-practice", code=Exit.USAGE)  # fmt: skip
    _refuse_taken(place, slug)
    cut = _cut(source, seen, metric, reporter)
    told = origin or str(source.absolute())
    competition = _competition(slug, told, seen, cut, daily)
    if not dry_run:
        folder = place.folder.parent
        lock = folder.with_name(f"{folder.name}.lock")
        with store.lock(lock, busy="another process is making a practice competition"):
            # Somebody else may have made it while we looked at the data.
            _refuse_taken(place, slug)
            _write(place, competition, cut)
    names = tuple(one.name for one in competition.opponents)
    return Made(str(place.folder), replace(competition, opponents=()), names, dry_run)


def _refuse_taken(place: Place, slug: str) -> None:
    if place.folder.exists():
        raise CompanionError(
            "is there already; nothing was changed",
            hint=f"--name {slug[:40]}-2, or fastcompanion kaggle practice start {slug}",
            file=place.folder,
            code=Exit.USAGE,
        )


def _cut(source: Path, seen: DataSet, wanted: str, reporter: Reporter) -> Cut:
    task.refuse(seen)
    kind = seen.kind.value
    if kind in filed.KINDS:
        return filed.cut(source, seen, wanted, reporter)
    if kind in tabled.KINDS and look.files_at(source) is None:
        return tabled.cut(source, seen, wanted)
    raise CompanionError(
        f"this is {seen.about}; practice competitions are made of tables, of images and recordings "
        "of one class each, and of images with a number each",
        hint="fastcompanion data show, which tells what is there",
        file=source,
        code=Exit.USAGE,
    )


def _competition(slug: str, source: str, seen: DataSet, cut: Cut, daily: int) -> Competition:
    is_class = naive.says(cut.kind) == "class"
    classes = tuple(sorted({cut.truths[one] for one in (*cut.learned, *cut.asked)}))
    told = Competition(
        slug=slug,
        title=f"Practice: {slug.replace('-', ' ')}",
        about=seen.about,
        kind=cut.kind,
        target=cut.target,
        id_column=cut.id_column,
        answers=(cut.target,),
        classes=classes if is_class else (),
        metric=cut.metric.name,
        direction=cut.metric.direction,
        split=cut.why,
        daily=daily,
        train_rows=len(cut.learned),
        test_rows=len(cut.asked),
        public_rows=len(cut.public),
        created=clock.stamp(),
        source=source,
        opponents=cut.opponents,
        scale=cut.scale,
    )
    return replace(told, answers=classes) if told.is_shares and len(classes) > 2 else told


def _write(place: Place, competition: Competition, cut: Cut) -> None:
    """Write all files; what the competition is comes last, so that a half-made one is none."""
    try:
        called = cut.called
        solution = ((called[one], cut.truths[one], _usage(cut, one)) for one in cut.asked)
        table(place.solution, ("id", "label", "Usage"), solution, mode=places.PRIVATE_MODE)
        cut.write(place, competition)
        sample = _sample(competition, [cut.truths[one] for one in cut.learned])
        rows = ((called[one], *sample) for one in cut.asked)
        head = (competition.id_column, *competition.answers)
        table(place.public / places.SAMPLE, head, rows)
        files = places.files(place)
        store.write_chunks(place.archive, zipped.stream(files), durable=False)
        places.write(place, competition)
    except BaseException:
        store.remove(place.folder)
        raise


def _usage(cut: Cut, one: str) -> str:
    return "Public" if one in cut.public else "Private"


def _sample(competition: Competition, learned: Sequence[str]) -> tuple[str, ...]:
    """Give what the sample says of every row: that a competitor who looks at nothing could say."""
    if competition.is_shares:
        count = len(competition.answers)
        return (f"{1 / max(count, 2):.4f}",) * count
    if competition.classes:
        return (baselines.majority(learned).predict([None])[0],)
    return ("0.0",)
