"""The files of a project from its template and what was answered; the same answers give the same files."""

from __future__ import annotations

import hashlib
import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastcompanion.base import store, templates, workspace
from fastcompanion.base.errors import CompanionError
from fastcompanion.base.templates import one_line, toml_text
from fastcompanion.data import naive
from fastcompanion.data.tables import MISSING
from fastcompanion.project import choices, families
from fastcompanion.project.families import Family
from fastcompanion.project.place import README

TEMPLATES = "project"
COMMON = "common"
#: what every project has from the beginning, template -> name in the project; names with a dot would act on our own repository
FILES = {
    "README.md": README,
    "project.yml": "project.yml",
    "data.py": "data.py",
    "majority.py": "majority.py",
    "baseline.py": "baseline.py",
    "train.py": "train.py",
    "score.py": "score.py",
    "tests/test_project.py": "tests/test_project.py",
    "tests/test_score.py": "tests/test_score.py",
    "pyproject.toml": "pyproject.toml",
    "gitignore": ".gitignore",
    "workflow.yml": ".github/workflows/test.yml",
    "data_README.md": "data/README.md",
}
_SCORES = re.compile(r"<!-- scores -->\n.*?<!-- /scores -->", re.DOTALL)
_NO_SCORES = "<!-- scores -->\n<!-- /scores -->"
_WIDTH = 100
_HEADROOM = 20


def version() -> int:
    """Give the version of the template that ships with us."""
    return int(store.read_text(workspace.content("templates") / TEMPLATES / "VERSION").strip())


def template(answers: Mapping[str, Any]) -> str:
    """Name the template that a project with these answers is made from."""
    return f"{TEMPLATES}/{_family(answers).name}"


def files(kind: str) -> dict[str, str]:
    """Give the templates of a new project of a kind, and their names in it."""
    family = families.of_kind(kind)
    return {**FILES, **(family.files if family is not None else {})}


def _family(answers: Mapping[str, Any]) -> Family:
    family = families.of_kind(str(answers["kind"]))
    if family is None:
        raise CompanionError(f"there are no templates for {answers['kind']}")
    return family


def texts(answers: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Render files: a mapping of templates to their names in the project gives names to texts."""
    values = _values(answers)
    family = _family(answers).name
    return {
        name: _tidy(templates.render(_place(family, template), values))
        for template, name in names.items()
    }


def _place(family: str, name: str) -> str:
    """Find a template: a family's own goes before what all have in common."""
    own = f"{TEMPLATES}/{family}/{name}"
    there = (workspace.content("templates") / own).is_file()
    return own if there else f"{TEMPLATES}/{COMMON}/{name}"


def _tidy(text: str) -> str:
    """Take away the blank lines that are left where a part of the template does not apply."""
    return re.sub(r"\n{4,}", "\n\n\n", text).strip("\n") + "\n"


def _values(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Give the templates what they need: the answers, and those that code holds as literals."""
    family, kind = _family(answers), str(answers["kind"])
    made: dict[str, Any] = {
        "scale": None,
        "file_count": 0,
        "linked": False,
        "competition": "",
        **answers,
    }
    made["family"], made["says"] = family.name, naive.says(kind)
    made["one_thread"], made["media"] = family.one_thread, family.media
    for name in ("target", "id", "group", *_COLUMNS):
        made[name] = answers.get(name, "")
        made[f"{name}_py"] = yaml(made[name]) if made[name] else "None"
    for name in ("numbers", "words", "dates", "classes", "texts"):
        made[f"{name}_py"] = literal(answers.get(name, ()))
    made["missing_py"] = literal(sorted(MISSING), "{", "}")
    made["target_of"] = "word" if answers.get("is_class") else "number"
    left_out = answers.get("left_out", ())
    made["left_out"] = [(one_line(name), one_line(why)) for name, why in left_out]
    made["group_name"] = one_line(made["group"])
    for name in ("name", "target", "split", "competition"):
        made[f"{name}_yaml"] = yaml(made[name])
    for name in ("name", "metric_why", "split_why", "source"):
        made[name] = one_line(answers[name])
    made["target"] = one_line(answers["target"]).replace("*", "\\*")
    made["split_text"] = textwrap.fill(
        f"{answers['split']}: {one_line(answers['split_why'])}.", _WIDTH
    )
    made["has_sample"] = "sample_submission.csv" in {one["name"] for one in answers["files"]}
    made["size"] = choices.size(answers.get("file_bytes", 0))
    made["test_table"] = "test_files.csv" if family.media else "test.csv"
    made["package_toml"] = toml_text(_package(answers["name"]))
    made["description_toml"] = toml_text(f"Predicts {answers['target']}")
    return made | _of_family(family)


#: answers that name columns of a table, which code holds as literals
_COLUMNS = ("user", "item", "time")


def _of_family(family: Family) -> dict[str, Any]:
    """Give what files say of the family: what its code needs, which ideas come next."""
    names = [re.split(r"[<>=]", one)[0] for one in family.needs]
    titles = [f"{one.title[0].lower()}{one.title[1:]}" for one in family.steps if one.files]
    told = f"`fastcompanion project next` adds one idea after the other, each in a file and a commit of its own: {', '.join(titles)}."
    return {
        "needs_text": f"{', '.join(names[:-1])} and {names[-1]}",
        "needs_names": " ".join(names),
        "needs_toml": literal(family.needs),
        "naive_py": "".join(f"{yaml(one)}, " for one in family.naive),
        "next_text": textwrap.fill(told, _WIDTH + 10),
    }


def yaml(value: Any) -> str:
    """Write one value as YAML, which JSON is a part of."""
    return json.dumps(value, ensure_ascii=False)


def _package(name: str) -> str:
    found = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return found or "project"


def literal(words: Sequence[str], start: str = "[", end: str = "]") -> str:
    """Write texts as a Python list that fits the page."""
    inner = ", ".join(map(yaml, words))
    if len(inner) <= _WIDTH - _HEADROOM:
        return f"{start}{inner}{end}"
    lines = list(_filled(map(yaml, words)))
    return "\n".join([start, *lines, end])


def _filled(words: Iterable[str]) -> Iterable[str]:
    line = "   "
    for word in words:
        if len(line) + len(word) + 2 > _WIDTH and line.strip():
            yield line
            line = "   "
        line += f" {word},"
    yield line


def digest(text: str) -> str:
    """Give the SHA-256 of a file as we would write it; its score table is not a part of it."""
    return hashlib.sha256(without_scores(text).encode()).hexdigest()


def without_scores(text: str) -> str:
    """Take the table of scores out of a README, which the program rewrites."""
    return _SCORES.sub(_NO_SCORES, text)


def with_scores(text: str, table: str) -> str:
    """Put a table of scores where the README has a place for it; the text as it is where it has none."""
    return _SCORES.sub(
        lambda _: f"<!-- scores -->\n{table.strip()}\n<!-- /scores -->", text, count=1
    )


def same(path: Path, sha256: str) -> bool:
    """Tell whether a file is there and nobody has changed it since we wrote it."""
    return path.is_file() and digest(store.read_text(path)) == sha256
