"""fastcompanion carries a learner through a course made of notebooks, to the end."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def load_ipython_extension(shell: Any) -> None:
    """Do what `%load_ext fastcompanion` asks for; nothing of it is loaded at other starts."""
    import_module("fastcompanion.notebook.extension").load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Undo it: `%unload_ext fastcompanion`."""
    import_module("fastcompanion.notebook.extension").unload(shell)
