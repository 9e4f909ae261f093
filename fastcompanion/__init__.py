"""fastcompanion carries a learner through a course made of notebooks, to the end."""

from __future__ import annotations

__version__ = "0.1.0"
