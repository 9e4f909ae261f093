"""Which packages a notebook needs: its imports and install lines, as names of distributions."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastcompanion.base.records import frozen
from fastcompanion.course.notebooks.cells import parse_cell

# Modules whose distribution has another name; every other module is taken for its own.
DISTRIBUTIONS = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "duckduckgo_search": "duckduckgo-search",
    "fitz": "pymupdf",
    "git": "gitpython",
    "github": "pygithub",
    "igraph": "python-igraph",
    "lightgbm": "lightgbm",
    "mpl_toolkits": "matplotlib",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "pkg_resources": "setuptools",
    "pl_bolts": "lightning-bolts",
    "psycopg2": "psycopg2-binary",
    "pylab": "matplotlib",
    "pydicom": "pydicom",
    "ruamel": "ruamel.yaml",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "skopt": "scikit-optimize",
    "umap": "umap-learn",
    "usb": "pyusb",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
# What a star import of a module hands on, so that code uses it without importing it.
STAR_IMPORTS = {
    "fastai": (
        "fastcore", "fastprogress", "matplotlib", "numpy", "pandas", "pillow", "scipy", "torch",
        "torchvision",
    ),
    "fastbook": ("fastai", "matplotlib", "numpy", "pandas", "pillow", "torch"),
    "pylab": ("matplotlib", "numpy"),
}  # fmt: skip
# Modules that a hosted notebook service or IPython brings.
_NEVER = {"IPython", "google", "kaggle_secrets", "ipykernel", "get_ipython", "js", "pyodide"}
_INSTALL = re.compile(r"^\s*[!%]\s*(?:\S*python3? -m )?(?:uv )?(?:pip3?|mamba|conda) install (.*)$")
# Options of pip whose next word is their value.
_WITH_VALUE = frozenset(
    [
        "-r",
        "--requirement",
        "-c",
        "--constraint",
        "-e",
        "--editable",
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "-t",
        "--target",
        "-n",
        "--name",
    ]
)
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@frozen
class Needs:
    """Distributions a notebook needs in any case, may need on some path, and uses unnamed."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()


def needs(notebook: Mapping[str, Any], beside: Path | None = None) -> Needs:
    """Read a notebook's code; modules that lie in the folder `beside` are the course's own.

    Imports inside `if`, `try` and functions are optional: they may be meant for another machine.
    """
    needed: dict[str, None] = {}
    optional: dict[str, None] = {}
    implied: dict[str, None] = {}
    for source in _code(notebook):
        optional.update(dict.fromkeys(_installed(source)))
        for found in _imports(parse_cell(source)):
            if _foreign(found.module, beside):
                (needed if found.always else optional)[distribution(found.module)] = None
                stars = STAR_IMPORTS.get(found.module, ()) if found.star else ()
                implied.update(dict.fromkeys(stars))
    return Needs(
        tuple(needed),
        tuple(name for name in optional if name not in needed),
        tuple(name for name in implied if name not in needed),
    )


def together(parts: Sequence[Needs]) -> Needs:
    """Join the needs of several notebooks."""
    needed = tuple(dict.fromkeys(name for part in parts for name in part.needed))
    optional = tuple(dict.fromkeys(n for part in parts for n in part.optional if n not in needed))
    implied = tuple(dict.fromkeys(n for part in parts for n in part.implied if n not in needed))
    return Needs(needed, optional, implied)


def distribution(module: str) -> str:
    """Give the distribution that brings a top-level module."""
    return normalised(DISTRIBUTIONS.get(module, module))


def normalised(name: str) -> str:
    """Write a distribution's name as indexes compare it: lower case, runs of -_. as one dash."""
    return re.sub(r"[-_.]+", "-", name).lower()


@frozen
class _Import:
    module: str
    always: bool
    star: bool = False


def _code(notebook: Mapping[str, Any]) -> Iterator[str]:
    for cell in notebook.get("cells", ()):
        if cell.get("cell_type") == "code":
            source = cell.get("source", "")
            yield source if isinstance(source, str) else "".join(source)


def _imports(tree: ast.Module | None) -> Iterator[_Import]:
    if tree is None:
        return
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _Import(alias.name.partition(".")[0], id(node) in top)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            star = any(alias.name == "*" for alias in node.names)
            yield _Import(node.module.partition(".")[0], id(node) in top, star)


def _installed(source: str) -> Iterator[str]:
    for line in source.splitlines():
        match = _INSTALL.match(line)
        yield from _packages(re.sub("[\"']", "", match[1]).split()) if match else ()


def _packages(words: Sequence[str]) -> Iterator[str]:
    before = ""
    for word in words:
        name = _REQUIREMENT.match(word)
        if before not in _WITH_VALUE and name and "/" not in word:
            yield normalised(name[0])
        before = word


def _foreign(module: str, beside: Path | None) -> bool:
    if module in sys.stdlib_module_names or module in _NEVER:
        return False
    own = beside is not None and ((beside / f"{module}.py").exists() or (beside / module).is_dir())
    return not own
