"""Recorded checks: what a run of the original left behind, and how work is judged by it."""
