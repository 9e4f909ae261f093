"""Competitions of kaggle.com and of this machine's practice server, behind one client."""

from __future__ import annotations
