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
from fastcompanion.base.templates import one_line, toml_text
from fastcompanion.data.tables import MISSING
from fastcompanion.project.place import README

TEMPLATE = "project/table"
#: template -> name in the project; names with a dot would act on our own repository
FILES = {
    "README.md": README,
    "project.yml": "project.yml",
    "data.py": "data.py",
    "majority.py": "majority.py",
    "baseline.py": "baseline.py",
    "train.py": "train.py",
    "score.py": "score.py",
    "tests/test_project.py": "tests/test_project.py",
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
    return int(store.read_text(workspace.content("templates") / TEMPLATE / "VERSION").strip())


def texts(answers: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    """Render files: a mapping of templates to their names in the project gives names to texts."""
    values = _values(answers)
    return {
        name: _tidy(templates.render(f"{TEMPLATE}/{template}", values))
        for template, name in names.items()
    }


def _tidy(text: str) -> str:
    """Take away the blank lines that are left where a part of the template does not apply."""
    return re.sub(r"\n{4,}", "\n\n\n", text).strip("\n") + "\n"


def _values(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Give the templates what they need: the answers, and those that code holds as literals."""
    made: dict[str, Any] = dict(answers)
    made["name"] = one_line(answers["name"])
    for name in ("target", "id", "group"):
        made[f"{name}_py"] = yaml(answers[name]) if answers[name] else "None"
    made |= {f"{name}_py": literal(answers[name]) for name in ("numbers", "words", "dates")}
    made["missing_py"] = literal(sorted(MISSING), "{", "}")
    made["target_of"] = "word" if answers["is_class"] else "number"
    made["left_out"] = [(one_line(name), one_line(why)) for name, why in answers["left_out"]]
    made["group_name"] = one_line(answers["group"] or "")
    for name in ("name", "target", "split"):
        made[f"{name}_yaml"] = yaml(answers[name])
    for name in ("metric_why", "split_why", "source"):
        made[name] = one_line(answers[name])
    made["target"] = one_line(answers["target"]).replace("*", "\\*")
    made["split_text"] = textwrap.fill(
        f"{answers['split']}: {one_line(answers['split_why'])}.", _WIDTH
    )
    made["has_sample"] = "sample_submission.csv" in {one["name"] for one in answers["files"]}
    made["package_toml"] = toml_text(_package(answers["name"]))
    made["description_toml"] = toml_text(f"Predicts {answers['target']}")
    return made


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
