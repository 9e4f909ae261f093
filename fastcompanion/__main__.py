"""`python -m fastcompanion` is the same program as the console script."""

from __future__ import annotations

import io
import sys

# Windows starts a program without a window with no streams at all.
for _name in ("stdin", "stdout", "stderr"):
    if getattr(sys, _name) is None:
        setattr(sys, _name, io.StringIO())

from fastcompanion.cli import main  # noqa: E402 - it may look at the streams

if __name__ == "__main__":
    sys.exit(main())
