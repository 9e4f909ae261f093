"""What is read off an original's code: sections that their author left open, and what rests on them."""

from __future__ import annotations

from fastcompanion.course.model import Lesson, NotebookRef
from fastcompanion.course.recording.original import Original, original
from tests.course.originals import book

SHEET = (
    ("md", "# Sums"),
    "def plus(a, b):\n    # TODO write this function\n    return 0",
    ("md", "# Use them"),
    "total = plus(2, 3) * 1.5\ntotal",
    ("md", "# Something else"),
    "half = 7 / 2\nhalf",
    ("md", "# Use that"),
    "both = total + half\nboth",
    ("md", "# Begin again"),
    "total = 2.5\nlater = total * 3\nlater",
)


def cut(path: str = "sums.ipynb") -> Original:
    ref = NotebookRef(id="sums", path=path)
    lesson = Lesson(id="course/01", number="01", title="Sums", notebooks=(ref,))
    return original(book(*SHEET), lesson, ref)


def test_what_rests_on_a_gap_is_known_through_other_sections() -> None:
    parts = {part.id: (part.gap, part.rests) for part in cut().parts}
    assert parts == {
        "sums": (True, False),
        "use-them": (False, True),
        "something-else": (False, False),
        "use-that": (False, True),
        "begin-again": (False, False),
    }


def test_a_file_of_answers_has_no_gaps_whatever_comments_were_left_in_it() -> None:
    assert not any(part.gap or part.rests for part in cut("sums_answers.ipynb").parts)
