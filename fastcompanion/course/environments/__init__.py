"""Environments: finding, creating, mending and removing the learner's kernels."""

from __future__ import annotations

from fastcompanion.course.environments.find import find_interpreter
from fastcompanion.course.environments.shelf import Environment, environments

__all__ = ["Environment", "environments", "find_interpreter"]
