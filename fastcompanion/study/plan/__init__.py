"""The plan: when you study, until when, and what comes of it."""
