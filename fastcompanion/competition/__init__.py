"""Competitions: a file of predictions checked before it goes, and what comes after it."""

from __future__ import annotations
