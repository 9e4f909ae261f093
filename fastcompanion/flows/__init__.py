"""Flows join wings: what a command needs from two of them happens here."""
