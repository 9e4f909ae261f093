"""Which table is which, which column is to be predicted, and what the others are for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from fastcompanion.base.errors import CompanionError, Exit
from fastcompanion.base.near import did_you_mean
from fastcompanion.base.records import frozen
from fastcompanion.data import names as said
from fastcompanion.data import parts
from fastcompanion.data.columns import Values
from fastcompanion.data.dataset import Finding, Role
from fastcompanion.data.files import folders, stem
from fastcompanion.data.tables import Table

#: names that say it, and names that often do, the likelier first
_SAID = ("target", "label", "labels", "class", "classes", "tags", "y")
_LIKELY = (
    "outcome", "category", "close", "species", "survived", "diagnosis", "quality", "rating", "ratings", "stars", "score",
    "price", "saleprice", "medv", "sentiment", "response", "default", "churn", "income", "salary",
    "result", "status", "type", "group", "breed", "cnt", "count", "sales", "value", "output",
)  # fmt: skip
#: of _SAID, those that stand for other things too
_UNSURE = ("class", "classes", "tags", "y")
_ID = re.compile(
    r"(?i)(?:.*[_ .-])?(?:id|idx|index|uuid|guid|key|rowid|row|unnamed: 0|nr|no|file|filename|fname)"
)
_ID_CAMEL = re.compile(r".*[a-z](?:Id|ID|Index|Key|No)")
_GROUP = re.compile(
    r"(?i)(?:.*[_ .-])?(patient|subject|person|user|customer|client|household|family|ticket|session|video|clip|"
    r"scene|speaker|author|writer|player|driver|device|machine|engine|store|shop|product|group|batch|site|hospital|school|"
    r"student|participant|animal|anchor|thread|recording)(?:[_ .-]?(?:id|no|nr|name|code|number|key))?"
)
_SAMPLE = re.compile(r"(?i)sample|submission|submit")


@frozen
class View:
    """The tables of a data set by their parts; `valid` is a table of its own that was given for validating."""

    train: Table
    values: Mapping[str, Values]
    test: Table | None = None
    test_values: Mapping[str, Values] | None = None
    valid: Table | None = None
    sample: Table | None = None

    @property
    def rows(self) -> int:
        """How many rows of the training table were looked at."""
        return len(self.train.rows)


def labelled(table: Table) -> bool:
    """Could the table hold labels: is it neither the rows of a test nor a sample submission?"""
    return _role(table) not in ("test", "sample-submission")


def roles(tables: Sequence[Table]) -> dict[str, Table]:
    """Tell the tables' roles: train, test, valid, sample-submission; the largest unnamed one is train."""
    found: dict[str, Table] = {}
    for table in sorted(tables, key=lambda one: (-one.count * len(one.names), one.name)):
        found.setdefault(_role(table), table)
    others = found.pop("", None)
    if "train" not in found and others is not None:
        found["train"] = others
    if "train" not in found:
        fallback = found.get("valid") or found.get("test") or found["sample-submission"]
        found = {role: table for role, table in found.items() if table is not fallback}
        found["train"] = fallback
    return _sensible(found)


def _role(table: Table) -> str:
    if _SAMPLE.search(stem(table.name)) and len(table.names) <= 400:
        return "sample-submission"
    found = parts.word(stem(table.name)) or next(filter(None, map(_said, _words(table.name))), "")
    return found or next(filter(None, map(parts.word, folders(table.name))), "")


def _words(name: str) -> list[str]:
    return re.split(r"[^a-z]+", stem(name).lower())


def _said(word: str) -> str:
    return parts.WORDS.get(word, "")


def _sensible(found: dict[str, Table]) -> dict[str, Table]:
    """Leave out parts that share no column with the training table: they belong to something else."""
    names = set(found["train"].names)
    return {
        role: table for role, table in found.items() if role == "train" or names & set(table.names)
    }


def target(view: View, wanted: str = "") -> Finding:
    """Find the column to predict, sure or guessed; an empty value where nothing speaks for any."""
    if wanted:
        return Finding(known(view.train.names, wanted), True, ("you said so",))
    if found := _lacking(view):
        return found
    return _by_name(view) or _by_place(view)


def known(names: Sequence[str], wanted: str) -> str:
    """Give the column's name as it is written, or fail with those that are near."""
    lowered = {name.lower(): name for name in reversed(names)}
    if wanted in names or wanted.lower() in lowered:
        return wanted if wanted in names else lowered[wanted.lower()]
    raise CompanionError(
        f"there is no column {wanted!r}{did_you_mean(wanted, names)}",
        hint=f"--target with one of: {', '.join(names[:12])}",
        code=Exit.USAGE,
    )


def _lacking(view: View) -> Finding | None:
    if view.test is None:
        return None
    lacking = [name for name in candidates(view) if name not in view.test.names]
    told = [f"{view.train.name} has it, {view.test.name} lacks it"]
    if view.sample is not None and (asked := [n for n in view.sample.names if n in lacking]):
        told.append(f"{view.sample.name} asks for it")
        lacking = asked
    if not lacking:
        return None
    said = [name for name in lacking if name.lower() in _SAID] or [
        name for name in lacking if plausible(view.values[name])
    ]
    return Finding((said or lacking)[0], len(lacking) == 1, tuple(told))


def candidates(view: View) -> list[str]:
    """Name the columns that could be the answer: those that say the split, ids and names of things can't."""
    split = given_split(view)
    left = [name for name in view.train.names if name != split]
    could = [name for name in left if not named_id(name) and not said.names_a_thing(name)]
    return could or left


def resting(kind: Finding, target: Finding) -> Finding:
    """Call a kind a guess where it follows from a target that is one."""
    if target.sure or not target.value or not kind.sure:
        return kind
    return Finding(kind.value, False, (*kind.why, f"that {target.value} is the target is a guess"))


def _by_name(view: View) -> Finding | None:
    names = candidates(view)
    if (only := _only_one(view, names)) is not None:
        return only
    lowered = {name.lower().strip(): name for name in reversed(names)}
    telling = [n for n in names if said.answer(n) >= 2 and plausible(view.values[n])]
    telling.sort(key=lambda name: -said.answer(name))
    for name in _SAID:
        found = lowered.get(name)
        if found is None or (name == "y" and "x" in lowered and len(names) > 2):
            continue
        rival = [one for one in telling if one != found] if name in _UNSURE else []
        if not rival:
            return Finding(found, True, ("its name says so",))
        why = f"its name suggests it, though {found} could be it too"
        return Finding(rival[0], False, (why,))
    if telling:
        return Finding(telling[0], False, ("its name suggests it",))
    for name in _LIKELY:
        if (found := lowered.get(name)) is not None and plausible(view.values[found]):
            return Finding(found, False, ("its name suggests it",))
    return None


def _only_one(view: View, names: Sequence[str]) -> Finding | None:
    """Take the only column that could be predicted, beside texts, dates and ids."""
    values = [view.values[name] for name in names]
    left = [one for one in values if plausible(one) and not is_id(one)]
    if (
        len(left) != 1
        or len(names) < 2
        or any(one.type == "category" for one in values if one is not left[0])
    ):
        return None
    return Finding(left[0].name, True, ("the other columns are texts, dates or ids",))


def _by_place(view: View) -> Finding:
    names = candidates(view)
    for name in names:
        if said.answer(name) and len(said.words(name)) > 1 and plausible(view.values[name]):
            return Finding(name, False, ("a word of its name suggests it",))
    if not view.train.dialect.header and _first_is_class(view):
        return Finding(
            names[0],
            False,
            ("it comes first and has a few whole numbers, the last one has many values",),
        )
    could = [n for n in names if plausible(view.values[n]) and not is_id(view.values[n])]
    could = [n for n in could if not _is_wordy(view.values[n])] or could
    if len(view.train.names) < 2 or not could:
        return Finding("", False)
    place = {names[-1]: "it is the last column", names[0]: "it is the first column"}
    why = place.get(could[-1], "it is the last column that could be predicted")
    return Finding(could[-1], False, (why,))


def _is_wordy(values: Values) -> bool:
    """Do words hardly come twice, so that there are more of them than classes would have?"""
    return not values.is_numeric and values.distinct > max(20, values.filled * 0.1)


def _first_is_class(view: View) -> bool:
    """Do rows without names begin with a class and end with a measured number?"""
    first, last = view.values[view.train.names[0]], view.values[view.train.names[-1]]
    few = first.type in ("integer", "boolean", "category") and 2 <= first.distinct <= 10
    return few and last.is_numeric and last.distinct > 20


def plausible(values: Values) -> bool:
    """Could one predict this: values that repeat, or numbers?"""
    if values.distinct < 1 or values.type in ("date", "text"):
        return False
    return values.is_numeric or values.distinct <= max(2, values.filled * 0.5)


def is_id(values: Values) -> bool:
    """Does each row have a value of its own that only names it?"""
    if values.distinct < max(2, values.filled * 0.95) or values.missing > len(values.cells) * 0.05:
        return False
    if values.type in ("category", "mixed"):
        return values.filled >= 10 or named_id(values.name)
    return values.type == "integer" and (named_id(values.name) or _counts_up(values))


def named_id(name: str) -> bool:
    """Does a name say that the column holds ids?"""
    return bool(_ID.fullmatch(name.strip()) or _ID_CAMEL.fullmatch(name.strip()))


def _counts_up(values: Values) -> bool:
    numbers = [value for value in values.numbers if value is not None]
    steps = sum(after > before for before, after in pairwise(numbers))
    return len(numbers) > 2 and min(numbers) in (0, 1) and steps >= (len(numbers) - 1) * 0.95


def ids(view: View, chosen: str) -> tuple[str, ...]:
    """Name the columns that only name rows: those of the sample submission first."""
    found = [name for name, values in view.values.items() if name != chosen and is_id(values)]
    if view.sample is not None:
        asked = [name for name in view.sample.names if name in view.train.names and name != chosen]
        found = [*(name for name in asked[:1] if name in found), *found]
    return tuple(dict.fromkeys(found))


def naming(view: View, chosen: str) -> dict[str, Role]:
    """Give the columns that name rows their role: ids, or names of people and things."""
    return {
        name: "id" if named_id(name) or view.values[name].type == "integer" else "name"
        for name in ids(view, chosen)
    }


def group_named(name: str) -> bool:
    """Does a name say that rows with the same value belong together?"""
    return bool(_GROUP.fullmatch(name.strip())) or bool(
        re.fullmatch(
            r"(?:.*[a-z])?(?:Patient|Subject|User|Customer|Session|Group|Video|Speaker)(?:Id|ID)?",
            name,
        )
    )


def given_split(view: View) -> str:
    """Find a column that says which rows are for validating."""
    for name, values in view.values.items():
        if said.says_split(name, values.counts):
            return name
    return ""


def is_number_target(values: Values) -> Finding:
    """Is a target a number to predict, or a class? Whole numbers of few values are classes, as a guess."""
    if not values.distinct:
        return Finding("class", False, ("it has no value in any row",))
    if not values.is_numeric and values.type != "mixed":
        return Finding("class", True, (f"its values are words ({values.distinct} different ones)",))
    if values.type == "mixed" and not values.numbers:
        return Finding("class", False, ("its values are words and numbers",))
    if values.distinct == 2:
        return Finding("class", True, ("it has two different values",))
    if values.type == "number":
        return Finding("number", True, ("it has fractions",))
    if values.distinct > 20:
        share = values.distinct > values.filled * 0.05 or values.distinct > 100
        return Finding("number", share, (f"it has {values.distinct} different whole numbers",))
    return Finding(
        "class", _are_codes(values), (f"it has {values.distinct} different whole numbers",)
    )


def _are_codes(values: Values) -> bool:
    """Are whole numbers the codes of classes: named so, or from 0 or 1 on without a gap?"""
    numbers = {value for value in values.numbers if value is not None}
    from_start = min(numbers) in (0, 1) and max(numbers) - min(numbers) == len(numbers) - 1
    return values.name.strip().lower() in _SAID or (from_start and len(numbers) <= 10)
