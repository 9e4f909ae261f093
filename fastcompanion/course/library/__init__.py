"""Which courses there are, where they come from, and what of them lies in the study."""
