"""The study wing: the study repository, the timer, the study log."""
