"""Is a file of predictions what the competition asks for? Streaming, with the standard library alone."""

from __future__ import annotations
