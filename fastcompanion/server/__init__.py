"""The server wing: notebook servers of others, and a GPU server of the learner's own."""

from __future__ import annotations
