"""What a notebook needs, read from its cells; whom a failed cell points at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fastcompanion.base.kernel import OWN, Kernel
from fastcompanion.course.environments import blame
from fastcompanion.course.environments.as_of import end_of, numbers, pythons_of
from fastcompanion.course.environments.imports import needs
from fastcompanion.course.environments.uv import failure


def _notebook(*sources: str) -> dict[str, Any]:
    return {"cells": [{"cell_type": "code", "source": source} for source in sources]}


def test_modules_become_distributions(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").touch()
    found = needs(
        _notebook(
            "import cv2, os\nfrom sklearn.tree import x\nimport helpers",
            "%matplotlib inline\n!pip install -Uqq fastai 'duckduckgo_search>=6' ./local -r x.txt",
            "from fastai.vision.all import *\ntry:\n    import fastbook\nexcept ImportError: pass",
            "def later():\n    import timm",
        ),
        tmp_path,
    )
    assert found.needed == ("opencv-python-headless", "scikit-learn", "fastai")
    assert set(found.optional) == {"duckduckgo-search", "fastbook", "timm"}
    assert "pandas" in found.implied


def test_options_of_an_install_line_are_no_packages() -> None:
    found = needs(
        _notebook("!pip install -r requirements.txt --index-url https://x.example/simple y")
    )
    assert found.optional == ("y",)


def test_a_day_ends_at_midnight_utc_and_has_its_pythons() -> None:
    from datetime import date

    assert end_of(date(2023, 2, 17)) == "2023-02-18T00:00:00Z"
    assert pythons_of(date(2023, 2, 17)) == ("3.11", "3.10", "3.9", "3.8")


@pytest.mark.parametrize(
    ("version", "parts"),
    [("2.0.1+cpu", (2, 0, 1)), ("1!3.2rc1", (3, 2)), ("0.6", (0, 6)), ("x", ())],
)
def test_numbers_of_versions(version: str, parts: tuple[int, ...]) -> None:
    assert numbers(version) == parts


@pytest.mark.parametrize(
    ("words", "code"),
    [("error: Failed to fetch: `x`\n  dns error", 5), ("No space left on device (os error 28)", 1)],
)
def test_an_installers_last_words_are_sorted(words: str, code: int) -> None:
    assert failure("it fails", words).code == code


def test_data_is_suspected_before_functions_and_frames(tmp_path: Path) -> None:
    with Kernel(OWN, tmp_path) as kernel:
        assert kernel.run("import json, yaml, numpy as np\ndata = np.zeros(3)").status == "ok"
        source = "text = 'a: ['\nloaded = yaml.safe_load(text), data"
        result = kernel.run(source)
        assert result.status == "error"
        found = blame.suspects(kernel, source, result)
    assert found[0] == "numpy", "the object comes first"
    assert "pyyaml" in found, "then the module and the frames"
    assert "json" not in found


def test_a_failed_import_names_its_package(tmp_path: Path) -> None:
    with Kernel(OWN, tmp_path) as kernel:
        source = "x = 1\nfrom numpy import nothing_like_this"
        result = kernel.run(source)
        assert blame.suspects(kernel, source, result)[:1] == ("numpy",)
