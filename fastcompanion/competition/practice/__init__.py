"""A practice competition on this machine: hidden labels, limits and a leaderboard, served to the real client."""

from __future__ import annotations
