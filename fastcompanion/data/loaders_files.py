"""What the loader cells of files need: how each file's label is told, and what is made of the files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from fastcompanion.data import (
    filenames,
    files,
    images,
    labels,
    layouts,
    media,
    naive,
    reading,
    tables,
)
from fastcompanion.data.media import Found
from fastcompanion.data.predictions import LABELS_APART
from fastcompanion.data.task import Task

#: what the flow writes beside the split where no rule tells the labels: id and label of each file
LISTED = "labels.csv"
_LARGEST, _SMALLEST = 128, 16
_LOOKED_AT = 200
_STEP = 8


def values(task: Task, folder: str) -> dict[str, Any]:
    """Give what the templates of files need beside what all templates do."""
    assert task.found is not None
    common = {
        "label_lines": _label_lines(task, folder),
        "helpers": [],
        "y_range": "",
        "y_words": "",
    }
    if task.found.what == "texts":
        made = {"template": "text_files.py", "encoding_py": repr(_encoding(task))}
        return common | made | ({"block": ""} if task.kind == "text-class" and _plain(task) else {})
    if task.found.what == "recordings":
        return common | _sound(task)
    return common | _images(task)


def _plain(task: Task) -> bool:
    """Do the rows of every fold hold all classes, so that none has to be named?"""
    truths = task.truths
    every = set(truths.values())
    return all(every == {truths[one] for one in task.split.trained_on(fold)} for fold in task.split.folds)  # fmt: skip


def _label_lines(task: Task, folder: str) -> list[str]:
    """Write how `df` gets its column `label`: by a rule on names, from the table, or from a list of our own."""
    found = task.found
    assert found is not None
    lines = _of_masks(task) or (_of_table(task, found) if found.listed else _of_names(task, found))
    if lines:
        return lines
    call = f"pd.read_csv('{folder}/{LISTED}', dtype=str, keep_default_na=False)"
    return [
        "# No single rule gives the labels, so they were written down once: id and label of each file.",
        f"df = df.merge({call}, on='id')",
        *_typed(task),
    ]


def needs_list(task: Task) -> bool:
    """Do the loader cells of this data set read labels from a list of our own?"""
    return task.found is not None and any(LISTED in line for line in _label_lines(task, "."))


def listed_labels(task: Task) -> dict[str, str]:
    """Give the label of each file as the list holds it."""
    return dict(task.raw) if task.kind == "segmentation" else dict(task.truths)


def _of_masks(task: Task) -> list[str]:
    if task.kind != "segmentation":
        return []
    code = filenames.other(task.raw)
    if code is None:
        return []
    return [f"df['label'] = [{code} for name in df['id']]  # its mask"]


def _of_names(task: Task, found: Found) -> list[str]:
    if found.target.value == "text file":
        return _of_texts(task, found)
    spelled = filenames.label(task.raw)
    if spelled is None:
        return []
    code = f"[{spelled.code} for name in df['id']]"
    made = [f"df['label'] = {code}  # {spelled.words}"]
    return made + (_typed(task) if naive.says(task.kind) == "number" else [])


def _of_texts(task: Task, found: Found) -> list[str]:
    """Read numbers from the text file beside each image."""
    pairs = layouts.beside(found.names, task.folder.texts)
    code = filenames.other({name: pairs[name] for name in task.truths if name in pairs})
    if code is None:
        return []
    words = f"re.split(r'[\\s,;]+', (path/({code})).read_text().strip())"
    floats = f"[float(word) for word in {words}]"
    amount = f"float({words}[0])" if task.kind == "images-number" else floats
    return [f"df['label'] = [{amount} for name in df['id']]  # the text file beside it"]


def _of_table(task: Task, found: Found) -> list[str]:
    """Read labels from the table that names the files."""
    assert found.listed is not None
    assert found.view is not None
    cells = found.view.values[found.listed.column].cells
    pairs = [pair for pair in zip(cells, found.listed.rows, strict=True) if pair[1] in task.truths]
    names = filenames.file(pairs, found.listed.column, "labels")
    label = _label_of_row(task, found)
    if names is None or not label:
        return []
    lines = [f"labels = {reading.plain(task.folder, found.view.train)}"]
    lines += [f"labels = pd.DataFrame({{'id': {names}, 'label': {label}}})"]
    if max(Counter(name for _, name in pairs).values()) > 1:
        lines += ["labels = labels.drop_duplicates('id', keep='last')"]
    return [*lines, "df = df.merge(labels, on='id')  # in the order of the split"]


def _label_of_row(task: Task, found: Found) -> str:
    """Write what a row of the table says of its file; empty where it can't be said in a line."""
    assert found.view is not None
    marks = _marks(found)
    if task.kind == "images-points":
        names = labels.point_columns(found)
        return f"labels[{names!r}].apply(pd.to_numeric, errors='coerce').values.tolist()"
    if marks:
        hot = f"labels[{marks!r}].apply(pd.to_numeric, errors='coerce').eq(1)"
        every = f"[[name for name, on in row.items() if on] for row in {hot}.to_dict('records')]"
        return f"{hot}.idxmax(axis=1)" if task.kind == "images-class" else every
    if found.target.value not in found.view.values:
        return ""
    cell = f"labels[{found.target.value!r}]"
    if naive.says(task.kind) == "number":
        how = _mend(found)
        return f"pd.to_numeric({cell}{how}, errors='coerce')"
    if task.kind == "images-labels":
        clean = all(cell.split(found.sign) == list(media.words([cell], found.sign)) for cell in task.raw.values() if cell)  # fmt: skip
        split = f"[[word.strip() for word in cell.split({found.sign!r}) if word.strip()] for cell in {cell}]"
        return f"{cell}.map(lambda cell: cell.split({found.sign!r}) if cell else [])" if clean else split  # fmt: skip
    return cell


def _mend(found: Found) -> str:
    values = labels.target_values(found)
    return reading.MENDS.get(values.form, "") if values is not None else ""


def _marks(found: Found) -> list[str]:
    """Name the columns of 0 and 1 that stand for one label each."""
    if found.view is None or not found.target.value.endswith(", ..."):
        return []
    named = {word for cell in found.by_file.values() for word in cell.split("\x1f")} - {""}
    numeric = [name for name, values in found.view.values.items() if values.is_numeric]
    return [name for name in numeric if name in named]


def _typed(task: Task) -> list[str]:
    """Turn labels that were read as texts into what they are."""
    says = naive.says(task.kind)
    if says == "number":
        return ["df['label'] = df['label'].astype(float)"]
    if says == "points":
        return ["df['label'] = [[float(word) for word in cell.split()] for cell in df['label']]"]
    if says == "labels":
        return [f"df['label'] = [cell.split({LABELS_APART!r}) if cell else [] for cell in df['label']]"]  # fmt: skip
    return []


def _images(task: Task) -> dict[str, Any]:
    say = naive.says(task.kind)
    size = _size(task)
    made: dict[str, Any] = {
        "template": "images.py",
        "get_y": "ColReader('label')",
        "resize": f"Resize({size})",
    }
    if say == "points":
        made["y_range"], made["y_words"] = "(-1, 1)", "points are scaled: vision_learner(dls, resnet18, y_range=y_range)"  # fmt: skip
    if say == "number":
        made["y_range"] = y_range(learned_numbers(task), 0.1)
        made["y_words"] = "a little wider than what was seen: vision_learner(..., y_range=y_range)"
    if say in ("points", "mask"):
        # Cut at the edges, points and pixels of the answer could not be laid over the whole image.
        made["resize"] = f"Resize({size}, method='squish')"
    return made | (_mask(task) if say == "mask" else {})


def learned_numbers(task: Task) -> list[float]:
    """Give the targets that a model may know of: those of the rows that are not validated on."""
    return [float(task.truths[one]) for one in task.split.trained_on(task.split.folds[0])]


def y_range(numbers: Sequence[float], wider: float) -> str:
    """Write the range that a model's answers are kept in: what was seen, and a share of it more."""
    low, high = min(numbers), max(numbers)
    room = (high - low) * wider
    digits = 2 - math.floor(math.log10(room)) if room > 0 else 2
    below = round(low - room, digits)
    if low >= 0 > below:
        below = 0.0
    return f"({below:g}, {round(high + room, digits):g})"


def _mask(task: Task) -> dict[str, Any]:
    """Write how a mask's pixels become classes from 0 on, where they are not so already."""
    assert task.masks is not None
    made, known = task.masks, list(task.masks.values)
    codes = [f"codes = {list(made.names)!r}  # {_CODES[made.form]}"]
    if made.form == "grey" and known == list(range(len(known))):
        read = "PILMask.create(path/row['label'])"
        return {
            "get_y": "ColReader('label', pref=path)",
            "helpers": ["", *codes],
            "mask_of": read,
        }
    pixels = _PIXELS[made.form]
    values_ = f"np.searchsorted({known}, pixels)" if made.form != "threshold" else "pixels"
    lines = [
        "",
        *codes,
        "def mask_of(row):",
        '    "The mask of an image, its values numbered from 0 on."',
        f"    pixels = {pixels}",
        f"    return PILMask.create({values_}.astype(np.uint8))",
    ]
    return {"get_y": "mask_of", "helpers": lines, "mask_of": "mask_of(row)"}


_CODES = {
    "grey": "the values of the masks' pixels; name the classes as you like",
    "index": "numbers in the masks' palette; name the classes as you like",
    "colour": "the masks' colours as red, green, blue; name the classes as you like",
    "threshold": "dark and light: the format of the masks is not exact",
}
_PIXELS = {
    "grey": "np.array(Image.open(path/row['label']).convert('L'))",
    "index": "np.array(Image.open(path/row['label']).getchannel(0))",
    "colour": "np.array(Image.open(path/row['label']).convert('RGB')).astype(int) @ [65536, 256, 1]",
    "threshold": "np.array(Image.open(path/row['label']).convert('L')) >= 128",
}


def _size(task: Task) -> int:
    """Choose the size of images: that of most of them, at most 128, a multiple of 8."""
    some = files.spread(list(task.truths), _LOOKED_AT)
    sizes = [max(head.width, head.height) for head in (images.picture(task.folder, name) for name in some)]  # fmt: skip
    known = [size for size in sizes if size]
    usual = Counter(known).most_common(1)[0][0] if known else _LARGEST
    least = max(_SMALLEST, min(_LARGEST, usual))
    return -(-least // _STEP) * _STEP if naive.says(task.kind) == "mask" else least


def _sound(task: Task) -> dict[str, Any]:
    some = files.spread(list(task.truths), _LOOKED_AT)
    heads = [images.sound(task.folder, name) for name in some]
    wavs = all(files.suffix(name) == "wav" for name in task.truths)
    rate = Counter(head.rate for head in heads if head.rate).most_common(1)
    lengths = sorted(head.seconds for head in heads if head.seconds)
    usual = lengths[len(lengths) * 9 // 10] if lengths else 4.0
    samples = rate[0][0] if rate else 16000
    rate_used = min(samples, 16000)
    seconds = round(max(0.1, min(usual, 10.0)), 2)
    return {
        "template": "audio.py",
        "reader": "scipy" if wavs else "soundfile",
        "rate": rate_used,
        "seconds": seconds,
        "n_fft": 256 if rate_used <= 8000 else 512,
        "hop": max(16, round(rate_used * seconds / 128)),
        "mels": 32 if rate_used <= 8000 else 64,
    }


def _encoding(task: Task) -> str:
    """Choose the encoding that most texts are written in."""
    some = files.spread(list(task.truths), _LOOKED_AT)
    found: Counter[str] = Counter()
    for name in some:
        try:
            found[tables.encoding_of(files.head(task.folder, name, tables.HEAD)) or "utf-8"] += 1
        except OSError:
            continue
    return found.most_common(1)[0][0] if found else "utf-8"
