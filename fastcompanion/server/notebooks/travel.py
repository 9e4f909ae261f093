"""A notebook that travels: its first cell carries what %check needs, and is taken out when it is home.

The first cell is found by its metadata, and by its text, as Colab and Kaggle may drop the metadata of
others. All that comes along is one sealed text, the pack, so nothing has to be fetched on the other side.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fastcompanion.base.errors import CompanionError
from fastcompanion.base.records import frozen

VERSION = 1
MARK = "fastcompanion-travel"
MOST_BYTES = 8_000_000
Kind = Literal["run", "scratch", "repeat"]
KINDS: tuple[Kind, ...] = ("run", "scratch", "repeat")
_PACKED = re.compile(r"fc1\.([0-9a-f]{16})\.([A-Za-z0-9+/=\s]*)\.end")
_ID = re.compile(r"[a-z2-7]{6,32}")
# What other servers write into a cell's metadata; it says nothing to the learner's study.
_FOREIGN = frozenset(
    ("id", "colab", "outputId", "cellView", "colab_type", "base_uri", "executionInfo", "execution",
     "papermill", "trusted", "_uuid", "_cell_guid", "_kg_hide-input", "_kg_hide-output", "jupyter",
     "height", "gradient")
)  # fmt: skip


@frozen
class Pack:
    """What a notebook takes along: whose it is, small files by path, and itself as it set out.

    `files` lie in a tiny study on the other side, `originals` in its cache by their SHA-256,
    `beside` in the folder where the notebook runs; `book` is what changes are told by later.
    """

    id: str
    study: str
    door: str
    lesson: str
    notebook: str
    kind: Kind
    at: str
    program: str
    files: Mapping[str, str]
    originals: Mapping[str, str]
    beside: Mapping[str, bytes]
    book: Mapping[str, Any]


def write(pack: Pack) -> str:
    """Give a pack as one line of text, sealed."""
    return sealed("fc1", _to_json(pack)) + ".end"


def size(pack: Pack) -> int:
    """Give the bytes of a pack before it is packed; above MOST_BYTES nobody will unpack it."""
    return len(_plain(_to_json(pack)))


def _to_json(pack: Pack) -> dict[str, Any]:
    return {
        "version": VERSION,
        **{name: getattr(pack, name) for name in _WORDS},
        "files": dict(pack.files),
        "originals": dict(pack.originals),
        "beside": {name: base64.b64encode(raw).decode() for name, raw in pack.beside.items()},
        "book": dict(pack.book),
    }


_WORDS = ("id", "study", "door", "lesson", "notebook", "kind", "at", "program")


def sealed(mark: str, data: Mapping[str, Any]) -> str:
    """Give plain data as MARK.SEAL.TEXT: packed, and with what tells damage."""
    text = base64.b64encode(zlib.compress(_plain(data), 9)).decode()
    return f"{mark}.{hashlib.sha256(text.encode()).hexdigest()[:16]}.{text}"


def _plain(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")).encode()


def opened(seal: str, text: str) -> dict[str, Any] | None:
    """Read sealed data; None where it is damaged."""
    whole = "".join(text.split())
    if hashlib.sha256(whole.encode()).hexdigest()[:16] != seal:
        return None
    try:
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(base64.b64decode(whole, validate=True), MOST_BYTES)
        data = json.loads(plain) if not unpacker.unconsumed_tail else None
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def read(text: str) -> Pack | None:
    """Find the pack in a cell's source; None where there is none. Damage is an error."""
    found = _PACKED.search(text)
    if found is None:
        if "fc1." in text and MARK in text:
            raise _damaged()
        return None
    data = opened(found[1], found[2])
    if data is None:
        raise _damaged()
    if type(data.get("version")) is not int or data["version"] > VERSION:
        raise CompanionError(
            f"this notebook set out with a newer program (its format is {data.get('version')})",
            hint="uv tool upgrade fastcompanion",
        )
    try:
        return _from_json(data)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _damaged() from None


def _damaged() -> CompanionError:
    return CompanionError(
        "the first cell, which fastcompanion put there, is damaged",
        hint="fastcompanion server notebook makes a new copy; yours still comes home",
    )


def _from_json(data: Mapping[str, Any]) -> Pack:
    words = {name: str(data[name]) for name in _WORDS}
    if not _ID.fullmatch(words["id"]) or words["kind"] not in KINDS:
        raise ValueError
    beside = {_safe(name): base64.b64decode(raw) for name, raw in data["beside"].items()}
    files = {_safe(name): str(text) for name, text in data["files"].items()}
    originals = {str(name): str(text) for name, text in data["originals"].items()}
    if any(not re.fullmatch(r"[0-9a-f]{64}", name) for name in originals):
        raise ValueError
    named = words.pop("kind")
    kind: Kind = next(one for one in KINDS if one == named)
    return Pack(**words, kind=kind, files=files, originals=originals, beside=beside, book=data["book"])  # fmt: skip


def _safe(name: str) -> str:
    """Refuse a path that leaves its folder."""
    parts = name.replace("\\", "/").split("/")
    if not name or name.startswith(("/", "~")) or ".." in parts or ":" in name or "\0" in name:
        raise ValueError(name)
    return name


def folded(packed: str, width: int = 100) -> str:
    """Break a packed text into lines, as a cell shows it."""
    mark, seal, text = packed.removesuffix(".end").split(".")
    rows = [text[start : start + width] for start in range(0, len(text), width)]
    return "\n".join([f"{mark}.{seal}.", *rows, ".end"])


def put_in(book: Mapping[str, Any], travel: str, source: str) -> dict[str, Any]:
    """Put the first cell into a copy of a notebook; one that is there is replaced."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": f"fastcompanion-{travel}",
        # Hidden in Colab and in JupyterLab: nobody wants to read the pack.
        "metadata": {"fastcompanion": {"role": "travel", "travel": travel}, "cellView": "form",
                     "jupyter": {"source_hidden": True}},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }  # fmt: skip
    plain = take_out(book)
    ours = {**_ours(plain["metadata"]), "travel": travel}
    metadata = {**plain["metadata"], "fastcompanion": ours}
    return {**plain, "cells": [cell, *plain["cells"]], "metadata": metadata}


def take_out(book: Mapping[str, Any]) -> dict[str, Any]:
    """Give the notebook without our first cell and its mark, wherever the cell was moved to."""
    metadata = dict(book["metadata"])
    if "travel" in _ours(metadata):
        ours = {name: value for name, value in _ours(metadata).items() if name != "travel"}
        metadata = {**metadata, "fastcompanion": ours}
        if not ours:
            del metadata["fastcompanion"]
    return {**book, "cells": [one for one in book["cells"] if not is_ours(one)], "metadata": metadata}  # fmt: skip


def is_ours(cell: Mapping[str, Any]) -> bool:
    """Tell whether a cell is the one that we have put in."""
    if cell.get("cell_type") != "code":
        return False
    lines = [line.strip() for line in str(cell["source"]).split("\n")]
    return _ours(cell["metadata"]).get("role") == "travel" or any(
        line.startswith(f"# {MARK} ") for line in lines[:4]
    )


def _ours(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    ours = metadata.get("fastcompanion")
    return ours if isinstance(ours, dict) else {}


def find(book: Mapping[str, Any]) -> Pack | None:
    """Find the pack of a notebook; None where it has no first cell of ours."""
    for cell in book["cells"]:
        if is_ours(cell) and (pack := read(str(cell["source"]))) is not None:
            return pack
    return None


def without_outputs(book: Mapping[str, Any]) -> dict[str, Any]:
    """Give a notebook without what its cells put out."""
    bare: dict[str, Any] = {"outputs": [], "execution_count": None}
    cells = [{**one, **bare} if one["cell_type"] == "code" else one for one in book["cells"]]
    return {**book, "cells": cells}


def bare(book: Mapping[str, Any]) -> dict[str, Any]:
    """Give a notebook without outputs and pasted pictures: what changes are told by."""
    plain = without_outputs(book)
    cells = [{k: v for k, v in one.items() if k != "attachments"} for one in plain["cells"]]
    return {**plain, "cells": cells}


def cleaned(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Take out of cells what other servers have written into their metadata."""
    return [
        {**one, "metadata": {k: v for k, v in one["metadata"].items() if k not in _FOREIGN}}
        for one in cells
    ]
