"""Making records: running an original with several seeds, and testing what is kept of it."""
