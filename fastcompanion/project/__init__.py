"""Projects: a repository of the learner's own for each data set, with a naive baseline from the first minute."""
