"""The values of a column: gaps, words among numbers, labels nobody knows, masks, dates, ranges."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastcompanion.base.near import did_you_mean
from fastcompanion.competition.validation.expected import Expected, shape
from fastcompanion.competition.validation.findings import Findings, listed, shown
from fastcompanion.competition.validation.table import Block
from fastcompanion.competition.validation.tally import Tally

#: how far outside of what training has a prediction may lie
_FAR = 10.0
_FEW_CLASSES = 60
Wrong = tuple[str, str, str]


def look(block: Block, cells: Sequence[str], asked: Expected, name: str, found: Findings) -> None:
    """Look at every cell of a block that numbers alone do not settle: masks, labels, dates."""
    check = _CHECKS.get(asked.holds)
    if check is None:
        return
    known: dict[str, Wrong | None] = {}
    for row, cell in enumerate(cells):
        if cell not in known:
            known[cell] = check(cell, asked)
        if wrong := known[cell]:
            code, message, fix = wrong
            found.error(code, message, fix, line=block.line(row), column=name)


def _runs(cell: str, asked: Expected) -> Wrong | None:
    """A mask is pairs of a start, from 1 on, and a length, in rising order and without overlap."""
    del asked
    if not (words := cell.split()) or words in (["-1"], ["-"]):
        return None
    fix = 'One pair "start length" for each run, starts from 1 on and rising, pixels from top to bottom, then left to right.'
    if not all(word.isascii() and word.isdigit() for word in words):
        bad = next(word for word in words if not (word.isascii() and word.isdigit()))
        return "runs", f"The mask holds {shown(bad)}, which is no whole number.", fix
    if len(words) % 2:
        return "runs", f"The mask has {len(words)} numbers, and they have to come in pairs.", fix
    starts, lengths = list(map(int, words[::2])), list(map(int, words[1::2]))
    if min(starts) < 1 or min(lengths) < 1:
        return "runs", "A run of the mask begins before pixel 1 or has no length.", fix
    end = 0
    for start, length in zip(starts, lengths, strict=True):
        if start <= end:
            return "runs", f"The run from {start} begins before the last one ends, at {end}.", fix
        end = start + length - 1
    return None


def _labels(cell: str, asked: Expected) -> Wrong | None:
    words = cell.split()
    if any(sign in cell for sign in ",|;[") and not any(
        sign in name for name in asked.classes for sign in ",|;["
    ):
        return "label-separator", f"The labels in {shown(cell)} are not separated by blanks.", '" ".join(labels)'  # fmt: skip
    if len(set(words)) < len(words):
        return "label-twice", f"A label stands twice in {shown(cell)}.", '" ".join(dict.fromkeys(labels))'  # fmt: skip
    unknown = [word for word in words if asked.classes and word not in asked.classes]
    if unknown:
        return _unknown(unknown[0], asked)
    return None


def _text(cell: str, asked: Expected) -> Wrong | None:
    if not asked.classes or cell in asked.classes or not cell.strip():
        return None
    return _unknown(cell, asked)


def _unknown(cell: str, asked: Expected) -> Wrong:
    near = did_you_mean(cell, asked.classes)
    if cell.strip().isdigit():
        fix = "Write the names and not their numbers: dls.vocab[number]."
    else:
        fix = f"Training has {listed(sorted(asked.classes), len(asked.classes))}."
    return "unknown-label", f"Training has no label {shown(cell)}{near}.", fix


def _date(cell: str, asked: Expected) -> Wrong | None:
    if not cell.strip() or shape(cell) in asked.shapes:
        return None
    like = min(asked.shapes)
    return "date-form", f"{shown(cell)} is not written as the sample writes dates ({like}).", 'dates.dt.strftime("%Y-%m-%d"), or the form of the sample.'  # fmt: skip


_CHECKS: dict[str, Callable[[str, Expected], Wrong | None]] = {
    "runs": _runs,
    "labels": _labels,
    "text": _text,
    "date": _date,
}


def judge(told: Tally, asked: Expected, train: Tally | None, found: Findings) -> None:
    """Say what is wrong with a column as a whole."""
    _gaps(told, asked, found)
    if asked.holds in ("number", "share") and told.rows:
        _numbers(told, asked, found)
        if "text" not in told.odd:
            _form(told, asked, found)
            _range(told, asked, train, found)
    elif asked.holds == "text" and told.numeric and not asked.classes:
        found.warn("type", f"The sample has words in {told.name}, and these are numbers.", "Write the names of the classes: dls.vocab[number].", column=told.name)  # fmt: skip


def _gaps(told: Tally, asked: Expected, found: Findings) -> None:
    odd = told.odd.get("missing")
    if odd is None or asked.gaps or asked.holds in ("runs", "labels") or odd.cell in asked.classes:
        return
    found.error("missing", f"{odd.count:,} values are missing (the first is {shown(odd.cell)}).", "Predict every row; look at fillna() of what goes into the model.", line=odd.line, column=told.name)  # fmt: skip


def _numbers(told: Tally, asked: Expected, found: Findings) -> None:
    if odd := told.odd.get("infinite"):
        found.error("infinite", f"{odd.count:,} values are infinite ({shown(odd.cell)}).", "Look for a division by 0 or np.log(0); np.clip() keeps values inside a range.", line=odd.line, column=told.name)  # fmt: skip
    if odd := told.odd.get("comma"):
        found.error("decimal-comma", f"{odd.count:,} numbers have a decimal comma ({shown(odd.cell)}).", 'Leave out decimal="," when writing.', line=odd.line, column=told.name)  # fmt: skip
    elif (odd := told.odd.get("truth")) and told.odd["text"].count == odd.count:
        say = found.warn if asked.whole else found.error
        say("truth", f"{odd.count:,} values are {shown(odd.cell)}, and the sample has numbers.", "predictions.astype(int)", line=odd.line, column=told.name)  # fmt: skip
    elif odd := told.odd.get("text"):
        found.error("not-a-number", f"{odd.count:,} values are no numbers (the first is {shown(odd.cell)}), and the sample has numbers.", "Write the number of the class, or float(value) where a tensor or a list was written.", line=odd.line, column=told.name)  # fmt: skip
    if odd := told.odd.get("padded"):
        found.warn("blanks", f"Blanks stand around numbers ({shown(odd.cell)}).", "Write the number alone.", line=odd.line, column=told.name)  # fmt: skip


def _form(told: Tally, asked: Expected, found: Findings) -> None:
    if asked.holds == "share" and (told.low < 0 or told.high > 1):
        line, value = (told.low_line, told.low) if told.low < 0 else (told.high_line, told.high)
        found.warn("probability", f"The sample has probabilities, and {value:g} is none.", "Write probabilities, not logits: torch.softmax or torch.sigmoid first; percentages / 100.", line=line, column=told.name)  # fmt: skip
    if asked.whole and not told.whole:
        found.warn("whole-numbers", "The sample has whole numbers, and there are fractions.", "For classes: (probability > 0.5).astype(int), or argmax; leave it where numbers are asked for.", column=told.name)  # fmt: skip
    elif asked.whole and told.dotted:
        found.warn("whole-numbers", "The sample has whole numbers such as 1, and these are written as 1.0.", "predictions.astype(int)", column=told.name)  # fmt: skip
    unknown = sorted(set(told.counts or ()) - asked.classes) if asked.classes and told.whole else []
    if unknown and not told.dotted and len(asked.classes) <= _FEW_CLASSES:
        found.warn("unknown-label", f"Training has no {told.name} {listed(unknown, len(unknown))}.", f"Training has {listed(sorted(asked.classes), len(asked.classes))}.", column=told.name)  # fmt: skip


def _range(told: Tally, asked: Expected, train: Tally | None, found: Findings) -> None:
    if train is None or not train.numeric or asked.holds != "number" or asked.classes:
        return
    if train.low >= 0 > told.low:
        found.warn("negative", f"{told.low:g} is below 0, and training has none below {train.low:g}: where the metric is RMSLE there is no logarithm of it.", "np.clip(predictions, 0, None)", line=told.low_line, column=told.name)  # fmt: skip
    if train.low == train.high:
        return
    high = _FAR * train.high if train.low > 0 else _FAR * max(abs(train.low), abs(train.high))
    low = train.low / _FAR if train.low > 0 else -high
    if told.high > high or told.low < low:
        line, value = (told.high_line, told.high) if told.high > high else (told.low_line, told.low)
        hint = "Predictions in logarithms? np.expm1 or np.exp undoes it." if told.high < low else "Undo what was done to the target (a logarithm, a division); clip what runs away."  # fmt: skip
        found.warn("range", f"{value:g} is more than ten times outside of what training has ({train.low:g} to {train.high:g}).", hint, line=line, column=told.name)  # fmt: skip
