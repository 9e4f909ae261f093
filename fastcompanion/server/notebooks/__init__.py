"""Notebook servers of others: which is enough, a notebook that travels there, and what it brings back."""
