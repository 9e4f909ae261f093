"""The face inside a notebook: `%load_ext fastcompanion` gives %checkpoint, %check and %hint."""
