"""The run step: the learner's copy, what became of it, experiments."""
