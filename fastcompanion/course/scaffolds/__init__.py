"""From an original to a notebook to fill: headings, goals, what is given, no answers."""
