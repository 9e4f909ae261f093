"""Measurements of what docs/performance.md promises; `make bench` runs them all."""

from __future__ import annotations
