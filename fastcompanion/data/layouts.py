"""How files carry their labels: in folders, in their names, in a table, or in a file beside each."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from fastcompanion.base.records import frozen
from fastcompanion.data.files import folders, stem
from fastcompanion.data.parts import GENERIC, Parts

_SHARD = re.compile(r"(?i)(?:batch|part|chunk|shard|images?|split|vol|disk|folder)[_ -]?\d+")
#: classes that are none
UNLABELLED = frozenset(("unsup", "unlabelled", "unlabeled", "_background_noise_"))
_MASK_FOLDER = re.compile(
    r"(?i)(?:.*[_ -])?(?:train|val|valid|test|image|img|gt|png)?s?_?"
    r"(?:masks?|labels?|annot(?:ation)?s?|seg(?:mentation|mentations|mented)?s?|gts?|ground_?truths?|trimaps?|segmentationclass)(?:[_ -].*)?"
)
_MASK_NAME = re.compile(
    r"(?i)(.+?)(?:[_ .-](?:masks?|seg|gt|gtfine|labels?|labelids|labeltrainids|annot|segmentation|P|L|m))+"
)
_IMAGE_NAME = re.compile(
    r"(.+?)[_ .-](?:image|img|rgb|sat|leftimg8bit|color|colour)", re.IGNORECASE
)
_CAMERA = frozenset(
    "img image im dsc dscn frame photo pic picture scan file sample screenshot p pxl mvimg snap shot untitled copy train "
    "test valid val data audio rec recording clip sound wav text doc document txt page id item x y".split()
)
_NUMBERED = re.compile(r"(.*?[^\d\W_])[_ .-]*\(?(\d+)\)?")
_LABEL_LAST = re.compile(r"\d+[_ .-]+([^\W\d_][^\d]*)")


@frozen
class Labels:
    """A label for each file, where it stands (`how`), and whether that is sure."""

    how: str
    by_file: Mapping[str, str]
    sure: bool
    why: tuple[str, ...]

    @property
    def counts(self) -> Counter[str]:
        """How many files each label has."""
        return Counter(self.by_file.values())


def _telling(folder: str, parts: Parts) -> tuple[str, ...]:
    """Give the parts of a folder's path that could say something of the files in it."""
    found, path = [], ""
    for one in folder.split("/") if folder else ():
        path = f"{path}/{one}" if path else one
        if path not in parts.own and one.lower() not in GENERIC and not _SHARD.fullmatch(one):
            found.append(one)
    return tuple(found)


def in_folders(names: Sequence[str], parts: Parts) -> Labels | None:
    """Read labels from the folders that files lie in; files of a test without labels may lie flat."""
    by_folder = {
        folder: _telling(folder, parts) for folder in {n.rpartition("/")[0] for n in names}
    }
    found = {name: by_folder[name.rpartition("/")[0]] for name in names}
    shared = _shared([path for path in found.values() if path])
    rest = {name: path[shared:] for name, path in found.items()}
    labelled = {name: path for name, path in rest.items() if path}
    flat = [name for name in names if name not in labelled and parts.of(name) != "test"]
    if not labelled or len(flat) > len(labelled) * 0.1:
        return None
    depths = Counter(map(len, labelled.values()))
    level = _level(labelled, depths)
    by_file = {name: path[min(level, len(path) - 1)] for name, path in labelled.items()}
    counts = Counter(by_file.values())
    if len(counts) < 2 or (len(counts) > len(by_file) / 2 and len(by_file) > 20):
        return None
    told = f"{len(by_file)} files lie in folders named after {len(counts)} classes: {_some(counts)}"
    deep = (
        ("folders lie in folders: their classes could be those of another level",)
        if len(depths) > 1 or max(depths) > 1
        else ()
    )
    return Labels("folders", by_file, not deep, (told, *deep))


def _shared(paths: Sequence[tuple[str, ...]]) -> int:
    """Count the folders that all files share from the outside in."""
    if not paths:
        return 0
    least = min(map(len, paths))
    for place in range(least):
        if len({path[place] for path in paths}) > 1:
            return place
    return least


def _level(found: Mapping[str, tuple[str, ...]], depths: Counter[int]) -> int:
    """Choose the level of folders that holds classes: the outermost whose names are few."""
    deepest = max(depths)
    if deepest == 1:
        return 0
    sizes = [
        len({path[level] for path in found.values() if len(path) > level})
        for level in range(deepest)
    ]
    few = [level for level, size in enumerate(sizes) if 2 <= size <= max(2, len(found) // 5)]
    return few[0] if few else deepest - 1


def _some(counts: Counter[str], most: int = 4) -> str:
    names = sorted(counts)
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def in_names(every: Sequence[str], parts: Parts) -> Labels | None:
    """Read labels from file names such as great_pyrenees_173.jpg, cat.0.jpg or 7_jackson_32.wav; a guess."""
    names = [name for name in every if parts.of(name) != "test"]
    for pattern in (_by_number, _by_last_word, _by_first_word):
        by_file = {name: label for name in names if (label := pattern(stem(name)))}
        counts = Counter(by_file.values())
        enough = 2 <= len(counts) <= len(by_file) / 3 and len(by_file) >= len(names) * 0.9
        if enough and not {label.lower() for label in counts} <= _CAMERA and _tiny(counts) <= 0.2:
            why = f"file names begin or end with one of {len(counts)} words: {_some(counts)}"
            return Labels("names", by_file, False, (why,))
    return None


def _tiny(counts: Counter[str]) -> float:
    return sum(count for count in counts.values() if count < 2) / max(len(counts), 1)


def _by_number(text: str) -> str:
    found = _NUMBERED.fullmatch(text)
    if found is None or found[1][0].isdigit():
        # A label that begins with a number, as in 7_jackson_32, ends with it.
        return ""
    return found[1].strip("_ .-")


def _by_last_word(text: str) -> str:
    found = _LABEL_LAST.fullmatch(text)
    return found[1] if found else ""


def _by_first_word(text: str) -> str:
    words = re.split(r"[_ .-]+", text)
    return words[0] if len(words) > 1 else ""


@frozen
class Masks:
    """Images with the mask that belongs to each, and what stands alone on either side."""

    pairs: Mapping[str, str]
    images_alone: tuple[str, ...]
    masks_alone: tuple[str, ...]
    why: str


def masks(names: Sequence[str], parts: Parts) -> Masks | None:
    """Pair images with masks: by folders of that name with the same file names, or by an ending such as _mask."""
    marked = {name: _mask_key(name) for name in names}
    found = {name: key for name, key in marked.items() if key}
    images = [name for name in names if name not in found]
    if len(found) < 2 or len(images) < 2:
        return None
    by_key: dict[str, list[str]] = defaultdict(list)
    for name, key in found.items():
        by_key[key].append(name)
    pairs = {
        name: one
        for name in images
        if (one := _nearest(name, by_key.get(_image_key(name), ()), parts))
    }
    several = "" if len(pairs) >= 2 else _by_neighbour(images, list(found), pairs)
    alone = tuple(name for name in images if name not in pairs and parts.of(name) != "test")
    used = set(pairs.values())
    unused = tuple(sorted(set(found) - used)) if not several else ()
    if len(pairs) < 2 or (len(alone) > len(pairs) * 0.5 and len(unused) > len(found) * 0.1):
        return None
    folder = next(iter(pairs.values())).rpartition("/")[0] or "the folder"
    why = f"{len(pairs)} images have a mask of the same name (in {folder})"
    return Masks(pairs, alone, unused, several or why)


def _by_neighbour(images: Sequence[str], found: Sequence[str], pairs: dict[str, str]) -> str:
    """Pair a folder's only image with the masks in the folder beside it, as ID/images/ and ID/masks/."""
    above: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in found:
        above[folders(name)[:-1]].append(name)
    near: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in images:
        near[folders(name)[:-1]].append(name)
    for place, names in near.items():
        if place and len(names) == 1 and place in above:
            pairs[names[0]] = above[place][0]
    return (
        f"{len(pairs)} images have folders of masks beside them, one mask for each object"
        if pairs
        else ""
    )


def _mask_key(name: str) -> str:
    """Give the name of the image that a mask belongs to; empty for what is no mask."""
    last = stem(name)
    ending = _MASK_NAME.fullmatch(last)
    in_folder = _holds_masks(name.rpartition("/")[0])
    if ending:
        return ending[1].lower()
    return last.lower() if in_folder else ""


@cache
def _holds_masks(folder: str) -> bool:
    return any(
        _MASK_FOLDER.fullmatch(part) or part.lower().endswith(("annot", "mask", "masks"))
        for part in folder.split("/")
    )


def _image_key(name: str) -> str:
    last = stem(name)
    ending = _IMAGE_NAME.fullmatch(last)
    return (ending[1] if ending else last).lower()


def _nearest(name: str, candidates: Sequence[str], parts: Parts) -> str:
    """Choose the mask of the same split, where several have the name."""
    if len(candidates) < 2:
        return candidates[0] if candidates else ""
    split, own = parts.of(name), folders(name)
    return max(
        candidates, key=lambda one: (parts.of(one) == split, len(set(own) & set(folders(one))))
    )


def beside(names: Sequence[str], texts: Sequence[str]) -> dict[str, str]:
    """Pair files with text files of the same name, such as img_1.jpg and img_1.txt."""
    by_stem = {_plain_key(name): name for name in texts}
    return {name: by_stem[key] for name in names if (key := _plain_key(name)) in by_stem}


def _plain_key(name: str) -> str:
    return re.sub(
        r"(?i)[_ .-](?:rgb|pose|image|img|label|labels|pts|points|landmarks?)$", "", stem(name)
    ).lower()


@frozen
class Listed:
    """A column that names files: which rows have one, which name none, which files nobody names."""

    column: str
    rows: tuple[str, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]


def listed(names: Sequence[str], column: str, cells: Iterable[str], parts: Parts) -> Listed | None:
    """Match a column with files: by path, by name, or by the name without suffix, leading zeros aside."""
    index = _index(names)
    rows, missing = [], []
    for cell in cells:
        found = _lookup(cell, index)
        rows.append(found)
        if not found:
            missing.append(cell)
    matched = {name for name in rows if name}
    if len(matched) < 2 or len(missing) > len(rows) * 0.2 or len(matched) < len(rows) * 0.3:
        return None
    unlisted = tuple(name for name in names if name not in matched and parts.of(name) != "test")
    return Listed(column, tuple(rows), tuple(missing), unlisted)


def _index(names: Sequence[str]) -> dict[str, str]:
    index: dict[str, str] = {}
    twice: set[str] = set()
    for name in names:
        last, bare = name.rpartition("/")[2], stem(name)
        zeros = (bare.lstrip("0") or "0") if bare.isdigit() else ""
        tail = "/".join(name.split("/")[-2:])
        for key in dict.fromkeys((name, tail, last, bare, zeros)):
            if key and index.setdefault(key.lower(), name) != name:
                twice.add(key.lower())
    return {key: name for key, name in index.items() if key not in twice}


def _lookup(cell: str, index: Mapping[str, str]) -> str:
    text = cell.strip().replace("\\", "/").removeprefix("./").lower()
    tries = (
        text,
        "/".join(text.split("/")[-2:]),
        text.rpartition("/")[2],
        text.rpartition("/")[2].rpartition(".")[0],
    )
    for key in tries:
        if key and key in index:
            return index[key]
    return index.get(text.removesuffix(".0").lstrip("0") or "0", "") if text[:1].isdigit() else ""


def several(values: Mapping[str, int]) -> str:
    """Find the sign between several labels in one cell; empty where each cell holds one label.

    Words of one label, as in "golden retriever", hardly come back in other labels; several labels do.
    """
    rows = sum(values.values())
    for sign in ("|", ";", ",", " "):
        joined = {
            cell: [word.strip() for word in cell.split(sign) if word.strip()] for cell in values
        }
        many = sum(values[cell] for cell, words in joined.items() if len(words) > 1)
        words = {word for found in joined.values() for word in found}
        again = len(words) < len(values) * (0.8 if sign == " " else 1.01)
        if many >= rows * 0.05 and again and len(words) > 1 and max(map(len, words)) < 40:
            return sign
    return ""


_FRAME = re.compile(r"(.*?\D)?0*(\d+)(?:\D*)")
_WHO = re.compile(
    r"(?i)(patient|subject|subj|person|speaker|video|vid|scene|sequence|seq|case|slide|animal|plot|site)[_ -]?(\w+?)(?:[_ .-]|$)"
)


def groups(names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Find files that belong together: frames of one video, recordings of one person; in words, and by file."""
    told = {name: found for name in names if (found := _who(name))}
    counts = Counter(told.values())
    if len(told) >= len(names) * 0.9 and 2 <= len(counts) <= len(names) / 2:
        return "whom or what file names say they show", told
    frames = {name: match for name in names if (match := _FRAME.fullmatch(stem(name))) and match[1]}
    by_prefix: dict[str, list[int]] = defaultdict(list)
    for match in frames.values():
        by_prefix[match[1]].append(int(match[2]))
    if len(frames) < len(names) * 0.9 or not 2 <= len(by_prefix) <= len(names) / 5:
        return "", {}
    return "the beginning of their names", {name: match[1] for name, match in frames.items()}


def _who(name: str) -> str:
    found = _WHO.search(name)
    return found[0].lower().strip("_ .-") if found and any(map(str.isdigit, found[2])) else ""
