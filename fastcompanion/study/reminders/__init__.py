"""Reminders: when one is due, how it reaches you, and the proof that it did."""
