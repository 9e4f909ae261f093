"""Loader cells: the fastai code that reads one data set, with the rows of its split, as text for a notebook.

Code is made of templates/notebooks/repeat/ and of what was found in the data. Nothing of fastai is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fastcompanion.base import templates
from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.records import frozen
from fastcompanion.data import baselines, first, inputs, loaders_files, naive, reading, tabular
from fastcompanion.data.columns import Values
from fastcompanion.data.predictions import LABELS_APART
from fastcompanion.data.tables import Table
from fastcompanion.data.task import Task

_PLACE = "notebooks/repeat"
_BATCH, _IMAGES = 64, 32


@frozen
class Cells:
    """The two cells that are code: what loads the data, and what writes down what a model says."""

    loader: str
    predictions: str


def cells(task: Task, path: str, folder: str) -> Cells:
    """Write the cells. `path` is Python for where the data lie, `folder` is where the split lies, from the notebook."""
    common = _common(task, path, folder)
    say = naive.says(task.kind)
    if task.found is not None:
        more = loaders_files.values(task, folder)
        made = common | more | {"files": _render("files.py", common | more)}
        name = more["template"]
    else:
        name, maker = _TABLES[task.kind]
        made = common | _rows(task) | maker(task)
        made["rows"] = _render("rows.py", made)
    vocab = "dls.vocab[1]" if task.kind == "text-class" else "dls.vocab"
    told = {"says": say, "vocab": vocab, "folder": folder, "mask_of": made.get("mask_of", "")}
    return Cells(_render(name, made).strip(), _render("predictions.py", told).strip())


def _render(name: str, values: Mapping[str, Any]) -> str:
    return templates.render(f"{_PLACE}/{name}", values)


def _common(task: Task, path: str, folder: str) -> dict[str, Any]:
    learned = len(task.split.trained_on(task.split.folds[0]))
    most = _BATCH if task.found is None else _IMAGES
    if task.kind.startswith("text"):
        most = _IMAGES
    return {
        "path_py": path,
        "splits_py": repr(f"{folder}/splits.csv"),
        "fold_py": repr(task.split.folds[0]),
        "fold_words": _folds(task.split.folds),
        # The last batch of an epoch is left out where it is not whole.
        "bs": max(2, min(most, learned // 2)),
        "block": block(task),
        "y_range": "",
    }


def _folds(folds: Sequence[str]) -> str:
    if len(folds) < 2:
        return ""
    return f", {folds[0]!r} to {folds[-1]!r}; with more of them the comparison is surer"


def block(task: Task) -> str:
    """Write the block of the target; classes that some training rows lack have to be named."""
    say = naive.says(task.kind)
    if say == "number":
        return "RegressionBlock()"
    if say in ("points", "mask"):
        return "PointBlock" if say == "points" else "MaskBlock(codes=codes)"
    made = "CategoryBlock" if say == "class" else "MultiCategoryBlock"
    truths = {one: truth.split(LABELS_APART) if say == "labels" else [truth] for one, truth in task.truths.items()}  # fmt: skip
    every = {name for names in truths.values() for name in names if name}
    for fold in task.split.folds:
        learned = {name for one in task.split.trained_on(fold) for name in truths[one]}
        if every - learned:
            return f"{made}(vocab={sorted(every)!r})"
    return f"{made}()"


def _rows(task: Task) -> dict[str, Any]:
    """Give what reading a table needs: the call, its ids, what is mended."""
    assert task.view is not None
    assert task.known is not None
    view, known = task.view, task.known
    target = view.values[known.target.value]
    named = first.id_column(view, known)
    numbers = [name for name in _used(task) if inputs.use(view.values[name]) == "number"]
    is_class = naive.says(task.kind) == "class"
    texts = [*([named] if named else []), *([target.name] if is_class else [])]
    texts += [
        name for name in _used(task) if view.values[name].type == "mixed" and name not in numbers
    ]
    texts += [name for name in known.texts if name not in texts]
    texts += [name for name in _days(task) if _compact(view.values[name])]
    numbers += [] if is_class else [target.name]
    frame = reading.frame(task.folder, view.train, view.values, texts=texts, numbers=numbers)
    return {
        "read": frame.call,
        "read_valid": _read_valid(task, texts, numbers),
        "mends": frame.mends,
        "id_py": repr(named) if named else "",
        "some_left_out": len(task.split.parts) < view.rows,
        "target": target.name,
        "target_py": repr(target.name),
        "left_out": [tuple(map(templates.one_line, one)) for one in _why_left_out(task).items()],
    }


def _read_valid(task: Task, texts: Sequence[str], numbers: Sequence[str]) -> str:
    """Write how the table for validating is read, where it was joined to the one for training."""
    view = task.view
    if (
        view is None
        or view.valid is None
        or task.split.rule.rule != "given"
        or task.split.rule.column
    ):
        return ""
    told: Table = view.valid
    return reading.frame(task.folder, told, view.values, texts=texts, numbers=numbers).call


def _why_left_out(task: Task) -> dict[str, str]:
    assert task.view is not None
    assert task.known is not None
    rule = task.split.rule
    found = {name: inputs.why_left_out(task.view, name, role, rule) for name, role in task.known.roles.items() if role != "target"}  # fmt: skip
    return {name: why for name, why in found.items() if why}


def _used(task: Task) -> list[str]:
    """Name the columns that a table's model learns from."""
    assert task.known is not None
    if not task.kind.startswith("table"):
        return []
    left_out = _why_left_out(task)
    return [name for name, role in task.known.roles.items() if role != "target" and name not in left_out]  # fmt: skip


def _days(task: Task) -> list[str]:
    assert task.view is not None
    assert task.known is not None
    found = [name for name in _used(task) if inputs.use(task.view.values[name]) == "date"]
    return [*found, task.known.time] if task.kind == "time-series" else found


def _compact(values: Values) -> bool:
    return values.form == "yyyymmdd"


def when(values: Values, frame: str = "df") -> str:
    """Write how a column becomes moments: dates by their form, numbers as they are."""
    cell = f"{frame}[{values.name!r}]"
    if values.type != "date":
        return cell
    if values.form == "year and quarter":
        return f"pd.PeriodIndex({cell}.str.replace(r'[- ]', '', regex=True), freq='Q').to_timestamp().to_series(index=df.index)"
    how = {"yyyymmdd": ", format='%Y%m%d'", "day/month/year": ", dayfirst=True"}
    return f"pd.to_datetime({cell}{how.get(values.form, '')}, errors='coerce')"


def _table(task: Task) -> dict[str, Any]:
    assert task.view is not None
    view = task.view
    used = _used(task)
    if not used:
        raise CompanionError(
            "no column is left to learn from",
            hint="fastcompanion data show says what each column is for",
            code=Exit.CHECK_SAYS_NO,
        )
    cats = [name for name in used if inputs.use(view.values[name]) == "word"]
    conts = [name for name in used if inputs.use(view.values[name]) == "number"]
    steps = list(_gaps(task, conts))
    for name in used:
        if inputs.use(view.values[name]) == "date":
            steps += [f"df[{name!r}] = {when(view.values[name])}"]
            steps += [f"add_datepart(df, {name!r}, prefix={name + '_'!r}, drop=False)"]
            cats += [f"{name}_Month", f"{name}_Dayofweek"]
            conts += [f"{name}_Elapsed"]
    is_number = naive.says(task.kind) == "number"
    if is_number:
        target = view.values[task.known.target.value].name if task.known else ""
        steps += [f"df[{target!r}] = df[{target!r}].astype('float32')"]
    return {
        "cats": _names(cats),
        "conts": _names(conts),
        "steps": steps,
        "y_range": loaders_files.y_range(loaders_files.learned_numbers(task), 0.1)
        if is_number
        else "",
        "template": "table.py",
    }


def _names(names: Sequence[str]) -> str:
    """Write a list of names on as few lines as fit."""
    return reading.call("[" + repr(names[0]), [repr(name) for name in names[1:]], 14)[:-1] + "]" if names else "[]"  # fmt: skip


def _gaps(task: Task, conts: Sequence[str]) -> Iterator[str]:
    """Fill gaps of columns that have some in rows to validate on and none in those to learn from."""
    assert task.view is not None
    assert task.known is not None
    names = first.ids(task.view, task.known)
    for name in conts:
        numbers = task.view.values[name].numbers
        empty = {names[row] for row, value in enumerate(numbers) if value is None}
        empty &= set(task.split.parts)
        if empty and any(not empty & set(task.split.trained_on(fold)) for fold in task.split.folds):
            yield f"df[{name!r}] = df[{name!r}].fillna(df.loc[part != FOLD, {name!r}].median())  # only some rows lack it"


def _text(task: Task) -> dict[str, Any]:
    assert task.known is not None
    names = task.known.texts
    target = task.known.target.value
    steps = [f"df[{name!r}] = df[{name!r}].fillna('')" for name in names if _gap(task, name)]
    number = naive.says(task.kind) == "number"
    if number:
        steps += [f"df[{target!r}] = df[{target!r}].astype('float32')"]
    made = block(task)
    return {
        "texts": repr(names[0]) if len(names) == 1 else repr(list(names)),
        "steps": steps,
        "block": "" if made == "CategoryBlock()" else made,
        "y_range": loaders_files.y_range(loaders_files.learned_numbers(task), 0.1)
        if number
        else "",
    }


def _gap(task: Task, name: str) -> bool:
    return task.view is not None and task.view.values[name].missing > 0


def _ratings(task: Task) -> dict[str, Any]:
    assert task.known is not None
    user, item = (name for name, role in task.known.roles.items() if role == "group")
    target = task.known.target.value
    return {
        "user_py": repr(user),
        "item_py": repr(item),
        "steps": [f"df[{target!r}] = df[{target!r}].astype('float32')"],
        "y_range": loaders_files.y_range(loaders_files.learned_numbers(task), 0.1),
    }


def _series(task: Task) -> dict[str, Any]:
    assert task.view is not None
    assert task.known is not None
    time = task.view.values[task.known.time]
    target = task.known.target.value
    moments = tabular.moments(time)
    names = first.ids(task.view, task.known)
    order = sorted(range(len(names)), key=lambda row: moments[row] or 0.0)
    learned = set(task.split.trained_on(task.split.folds[0]))
    known = [float(task.truths[names[row]]) for row in order if names[row] in learned]
    step = tabular.usual_step([value for value in moments if value is not None])
    cats, steps = _calendar(time, step)
    steps += [f"df[{target!r}] = df[{target!r}].astype('float32')"]
    return {
        "when": when(time),
        "horizon": len(task.split.of(task.split.folds[0])),
        "season": tabular.season(time) or baselines.season_of(known),
        "cats": repr(cats),
        "steps": steps,
        "y_range": loaders_files.y_range(known, 0.5),
    }


def _calendar(time: Values, step: float) -> tuple[list[str], list[str]]:
    """Give the parts of the calendar that change from row to row, and how they are made."""
    if time.type != "date":
        return [], []
    parts = [("month", "month", 300.0), ("weekday", "dayofweek", 1.0), ("hour", "hour", 0.9)]
    wanted = [(name, part) for name, part, most in parts if step <= most]
    return [name for name, _ in wanted], [f"df[{name!r}] = when.dt.{part}" for name, part in wanted]


_Maker = Callable[[Task], dict[str, Any]]
_TABLES: dict[str, tuple[str, _Maker]] = {
    "table-class": ("table.py", _table),
    "table-number": ("table.py", _table),
    "text-class": ("text.py", _text),
    "text-number": ("text.py", _text),
    "ratings": ("ratings.py", _ratings),
    "time-series": ("series.py", _series),
}


def header(task: Task, values: Mapping[str, Any]) -> str:
    """Write the notebook's first cell: what data, what to beat, when it is done."""
    best, rule = task.best, task.split.rule
    how = f"{rule.folds} folds" if rule.folds > 1 else f"{rule.share:.0%} set aside"
    by = f" by {rule.column}" if rule.column and rule.rule != "stratified" else ""
    target = task.seen.target
    told = {
        "about": task.seen.about,
        "how_many": f" ({len(task.truths)} {'files' if task.found else 'rows'} to learn from)",
        "changed_note": ". ".join(task.notes) + "." if task.notes else "",
        "target_words": f"`{target.value}`: {'; '.join(target.why)}",
        "metric": task.metric.name,
        "direction": task.metric.direction,
        "metric_why": task.metric.why,
        "split": f"{rule.rule}{by}, {how}",
        "split_why": rule.why,
        "row_word": "file" if task.found is not None else "row",
        "value": f"{best.score.value:.4g}",
        "low": f"{best.score.low:.4g}",
        "high": f"{best.score.high:.4g}",
        "n": best.score.n,
        "baseline": best.name,
        "learned": best.learned,
        "problems": _problems(task),
    }
    plain = {name: _plain(value) for name, value in (told | dict(values)).items()}
    return _render("header.md", plain).strip()


def _plain(value: Any) -> Any:
    """Take from texts of the data what a notebook would render: tags and pictures."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.replace("<", "&lt;").replace("![", "!\\[") if isinstance(value, str) else value


def _problems(task: Task) -> list[str]:
    found = [one for one in task.seen.problems if one.severity != "note"]
    return [f"{one.where}: {one.text} {one.cure}".strip() for one in found[:6]]
