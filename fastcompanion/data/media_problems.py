"""What is wrong with files of images, recordings or texts: broken, twice, without label, in unlike parts."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Literal

from fastcompanion.data import files, images, layouts, media, tables
from fastcompanion.data.dataset import ClassCount, MediaFiles, Problem, Severity
from fastcompanion.data.files import Folder
from fastcompanion.data.images import Picture
from fastcompanion.data.media import Found
from fastcompanion.data.problems import of_classes, some

#: files looked into at most, and bytes compared at most
LOOKED_INTO = 1000
SIZED = 20_000
COMPARED = 1 << 26
COMPARED_FILES = 4000


def stops(folder: Folder, found: Found) -> list[Problem]:
    """Say only what keeps everybody from learning: one label for all, masks of another size than their images."""
    made = list(_of_labels(found))
    if found.masks is not None:
        sample = files.spread(found.names, LOOKED_INTO)
        pictures = {name: images.picture(folder, name) for name in sample}
        made += _of_masks(folder, found, pictures, [])
    return [problem for problem in made if problem.severity == "stop"]


def look_into(folder: Folder, found: Found) -> tuple[tuple[MediaFiles, ...], list[Problem]]:
    """Open a sample of the files, describe them, and say what is wrong with all of them."""
    sample = files.spread(found.names, LOOKED_INTO)
    made: list[Problem] = [*_empty(folder, found)]
    described: list[MediaFiles] = []
    if found.what == "images":
        pictures = {name: images.picture(folder, name) for name in sample}
        described.append(_described("images", found.names, pictures))
        made += [*_broken({name: one.problem for name, one in pictures.items()}), *_forms(pictures)]
        made += _of_masks(folder, found, pictures, described)
    elif found.what == "recordings":
        sounds = {name: images.sound(folder, name) for name in sample}
        forms = Counter(one.form or "?" for one in sounds.values())
        rates = Counter(f"{one.rate} Hz" for one in sounds.values() if one.rate)
        described.append(
            MediaFiles("recordings", len(found.names), len(sample), _counts(forms), _counts(rates))
        )
        made += _broken({name: one.problem for name, one in sounds.items()})
        if len(rates) > 1:
            text = f"Recordings have several rates: {some([one.name for one in _counts(rates)])}."
            made.append(Problem("unlike-rates", "note", ".", text, "Bring them to one rate."))
    else:
        described.append(MediaFiles("texts", len(found.names), len(sample), _suffixes(found.names)))
        made += _texts(folder, sample)
    made += [*_twice(folder, found), *_of_labels(found), *_of_parts(found)]
    return tuple(described), made


def _suffixes(names: Sequence[str]) -> tuple[ClassCount, ...]:
    return _counts(Counter(map(files.suffix, names)))


def _counts(found: Counter[str]) -> tuple[ClassCount, ...]:
    return tuple(ClassCount(name, count) for name, count in found.most_common(20))


def _described(
    what: Literal["images", "masks"], names: Sequence[str], pictures: Mapping[str, Picture]
) -> MediaFiles:
    sizes = Counter(one.size for one in pictures.values() if one.width)
    return MediaFiles(
        what, len(names), len(pictures), _suffixes(names), _counts(sizes), _folders(names)
    )


def _folders(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.rpartition("/")[0] or "." for name in names))[:20]


def _empty(folder: Folder, found: Found) -> Iterator[Problem]:
    sized = files.spread(found.names, SIZED)
    empty = [name for name in sized if files.size(folder, name) == 0]
    if empty:
        of = "" if len(sized) == len(found.names) else f" of {len(sized)} looked at"
        are = "file is" if len(empty) == 1 and not of else "files are"
        yield Problem(
            "empty-file",
            "warn",
            empty[0],
            f"{len(empty)}{of} {are} empty: {some(empty)}.",
            "Get them again or remove them.",
        )


def _broken(problems: Mapping[str, str]) -> Iterator[Problem]:
    by_problem: dict[str, list[str]] = defaultdict(list)
    for name, text in problems.items():
        if text and text != "is empty":
            by_problem[text].append(name)
    for text, names in by_problem.items():
        told = f"{len(names)} of {len(problems)} files looked into: {text} ({some(names)})."
        yield Problem("corrupt-file", "warn", names[0], told, "Get them again or remove them.")


def _forms(pictures: Mapping[str, Picture]) -> Iterator[Problem]:
    lying = [
        name
        for name, one in pictures.items()
        if one.form and images.PROMISED.get(files.suffix(name), one.form) != one.form
    ]
    if lying:
        text = f"{len(lying)} files are of another form than their names say: {some(lying)} ({pictures[lying[0]].form})."
        yield Problem(
            "wrong-suffix", "note", lying[0], text, "Most programs read them all the same."
        )
    colours = Counter(one.colours for one in pictures.values() if one.colours and not one.problem)
    if len(colours) > 1:
        told = ", ".join(f"{count} {name}" for name, count in colours.most_common(4))
        yield Problem(
            "unlike-colours",
            "note",
            ".",
            f"Images are of several kinds: {told}.",
            "Open them all as RGB.",
        )
    sides = [max(one.width, one.height) for one in pictures.values() if one.width]
    if sides and max(sides) > 4 * min(sides):
        text = f"The longer sides of images go from {min(sides)} to {max(sides)} pixels."
        yield Problem(
            "unlike-sizes", "note", ".", text, "Resize them before they are put together."
        )


def _of_masks(
    folder: Folder, found: Found, pictures: Mapping[str, Picture], described: list[MediaFiles]
) -> Iterator[Problem]:
    if found.masks is None:
        return
    sample = {name: one for name, one in pictures.items() if name in found.masks.pairs}
    shown = {name: images.picture(folder, found.masks.pairs[name]) for name in sample}
    names = [*found.masks.pairs.values(), *found.masks.masks_alone]
    described.append(
        _described("masks", names, {found.masks.pairs[n]: one for n, one in shown.items()})
    )
    yield from _broken({found.masks.pairs[name]: one.problem for name, one in shown.items()})
    other = [
        name
        for name, one in shown.items()
        if one.width and sample[name].width and one.size != sample[name].size
    ]
    if other:
        first = other[0]
        text = f"{len(other)} masks have another size than their images: {first} is {sample[first].size}, its mask {shown[first].size}."
        yield Problem("mask-size", "stop", first, text, "A mask has to give a class to each pixel.")
    lossy = [found.masks.pairs[name] for name, one in shown.items() if one.form == "jpeg"]
    if lossy:
        yield Problem(
            "lossy-masks",
            "warn",
            lossy[0],
            "Masks are JPEG files, whose values are not exact.",
            "Round them to the nearest class.",
        )
    for name, alone, text in (
        ("image-without-mask", found.masks.images_alone, "images have no mask"),
        ("mask-without-image", found.masks.masks_alone, "masks have no image"),
    ):
        if alone:
            yield Problem(
                name,
                "warn",
                alone[0],
                f"{len(alone)} {text}: {some(list(alone))}.",
                "Leave them out.",
            )


def _texts(folder: Folder, sample: Sequence[str]) -> Iterator[Problem]:
    by_encoding: dict[str, list[str]] = defaultdict(list)
    for name in sample:
        try:
            start = files.head(folder, name, tables.HEAD)
        except OSError:
            start = b""
        by_encoding[(tables.encoding_of(start) or "bytes") if start else "empty"].append(name)
    for encoding, names in by_encoding.items():
        if encoding not in ("utf-8", "empty"):
            text = f"{len(names)} of {len(sample)} texts are written in {encoding}, not UTF-8: {some(names)}."
            yield Problem(
                "encoding",
                "warn",
                names[0],
                text,
                "Read them with that encoding, or save them as UTF-8.",
            )


def _twice(folder: Folder, found: Found) -> Iterator[Problem]:
    """Compare the bytes of files of one size: copies with one label, with two, and in two parts."""
    by_size: dict[int, list[str]] = defaultdict(list)
    for name in files.spread(found.names, SIZED):
        if (size := files.size(folder, name)) > 0:
            by_size[size].append(name)
    budget, left = COMPARED, COMPARED_FILES
    copies: list[list[str]] = []
    for size, names in sorted(by_size.items()):
        some_names = files.spread(names, left)
        budget -= size * len(some_names)
        if len(some_names) > 1 and budget > 0:
            left -= len(some_names)
            copies += _same(folder, some_names)
    if not copies:
        return
    yield from _copies(found, copies)


def _same(folder: Folder, names: Sequence[str]) -> list[list[str]]:
    by_content: dict[bytes, list[str]] = defaultdict(list)
    for name in names:
        try:
            with files.opened(folder, name) as file:
                by_content[_digest(file)].append(name)
        except OSError:
            continue
    return [found for found in by_content.values() if len(found) > 1]


def _digest(file: IO[bytes]) -> bytes:
    made = hashlib.blake2b()
    while block := file.read(1 << 18):
        made.update(block)
    return made.digest()


def _copies(found: Found, copies: Sequence[Sequence[str]]) -> Iterator[Problem]:
    across = [names for names in copies if len({found.parts.of(name) for name in names}) > 1]
    unlike = [
        names
        for names in copies
        if len({found.by_file[n] for n in names if n in found.by_file}) > 1
    ]
    rest = [names for names in copies if names not in across and names not in unlike]
    cases: tuple[tuple[str, Severity, Sequence[Sequence[str]], str, str], ...] = (
        (
            "files-in-both",
            "warn",
            across,
            "stand in several parts",
            "A score on them says little of unseen files.",
        ),
        ("contradictions", "warn", unlike, "have several labels", "Decide which is right."),
        (
            "duplicate-files",
            "warn",
            rest,
            "are there again",
            "Keep one, or keep copies in the same part.",
        ),
    )
    for name, level, case, text, cure in cases:
        if case:
            shown = some([" = ".join(names[:2]) for names in case], 2)
            yield Problem(
                name,
                level,
                case[0][0],
                f"{len(case)} {found.what} {text}, byte by byte: {shown}.",
                cure,
            )


def _of_labels(found: Found) -> Iterator[Problem]:
    counts = Counter(media.words(found.by_file.values(), found.sign))
    if found.kind.value.endswith(("class", "labels")):
        yield from of_classes(counts, found.target.value)
        if len(counts) == 1:
            yield Problem(
                "one-value",
                "stop",
                found.target.value,
                f"All {found.what} have the same label: {next(iter(counts))!r}.",
                "Get others.",
            )
    unlabelled = [name for name in found.names if _in_unlabelled(name)]
    if unlabelled:
        text = f"{len(unlabelled)} {found.what} lie in a folder for what has no label."
        yield Problem(
            "unlabelled",
            "note",
            unlabelled[0].rpartition("/")[0],
            text,
            "Leave them out of training.",
        )
    if found.listed is not None and found.view is not None:
        yield from _of_list(found)


def _in_unlabelled(name: str) -> bool:
    return any(part.lower() in layouts.UNLABELLED for part in files.folders(name))


def _of_list(found: Found) -> Iterator[Problem]:
    assert found.listed is not None
    assert found.view is not None
    where = found.view.train.name
    if found.listed.missing:
        missing = found.listed.missing
        text = f"{len(missing)} rows name files that are not there: {some([repr(cell) for cell in missing])}."
        yield Problem(
            "missing-files", "warn", where, text, "Leave these rows out, or get the files."
        )
    if found.listed.unlisted:
        alone = found.listed.unlisted
        text = f"{len(alone)} files are in no row: {some(list(alone))}."
        yield Problem("unlisted-files", "note", where, text, "They have no label.")
    twice = [name for name, count in Counter(found.listed.rows).items() if name and count > 1]
    if twice:
        text = f"{len(twice)} files stand in several rows: {some(twice)}."
        yield Problem(
            "files-in-several-rows", "note", where, text, "Keep the rows of one file in one part."
        )
    target = found.view.values.get(found.target.value)
    if target is not None and target.missing:
        text = f"{target.missing} of {len(target.cells)} rows have no {target.name}."
        yield Problem(
            "target-missing", "warn", target.name, text, "Leave them out of training and scoring."
        )


def _of_parts(found: Found) -> Iterator[Problem]:
    """Compare the classes of training files with those of the other parts."""
    classes: dict[str, set[str]] = defaultdict(set)
    for name, label in found.by_file.items():
        classes[found.parts.of(name)].add(label)
    train = classes.pop("train", classes.pop("", set()))
    if not found.kind.value.endswith("class"):
        return
    for part, labels in classes.items():
        only = sorted(labels - train)
        if train and only:
            text = f"Classes that training lacks: {some(only)}."
            yield Problem("classes-differ", "warn", part, text, "No model can know them.")
        lacking = sorted(train - labels)
        if train and labels and lacking:
            text = f"{len(lacking)} classes of training are absent: {some(lacking)}."
            yield Problem("classes-differ", "warn", part, text, "A score says nothing of them.")
