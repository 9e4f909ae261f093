"""Notebooks as plain values: cells, names, prose, sections; running one and reading its troubles."""
