"""The course wing: courses, lessons, notebooks, environments, scaffolds, checks, progress."""
