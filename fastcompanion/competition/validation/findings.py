"""Where findings are gathered: the first of each kind with its line, the others as a number."""

from __future__ import annotations

from fastcompanion.competition.validation.issue import Issue, Severity

_ORDER = {"error": 0, "warning": 1, "note": 2}
_SHOWN = 60


class Findings:
    """Issues by kind and column, so that a million broken rows are one issue and not a million."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], Issue] = {}
        self._more: dict[tuple[str, str], int] = {}
        self._softened: set[str] = set()

    def error(
        self, code: str, message: str, fix: str, *, line: int | None = None, column: str = ""
    ) -> None:
        """Add what refuses the file."""
        self._add(Issue(code, "error", line, column, message, fix))

    def warn(
        self, code: str, message: str, fix: str, *, line: int | None = None, column: str = ""
    ) -> None:
        """Add what asks for a second look."""
        self._add(Issue(code, "warning", line, column, message, fix))

    def note(self, code: str, message: str, fix: str = "", *, column: str = "") -> None:
        """Add what is good to know."""
        self._add(Issue(code, "note", None, column, message, fix))

    def soften(self, *codes: str) -> None:
        """Turn errors of these kinds into warnings."""
        self._softened.update(codes)

    def has(self, *codes: str) -> bool:
        """Was something of these kinds found?"""
        return any(code in codes for code, _ in self._first)

    @property
    def refused(self) -> bool:
        """Was an error found?"""
        return any(one.severity == "error" for one in self.issues())

    def _add(self, issue: Issue) -> None:
        key = (issue.code, issue.column)
        if key in self._first:
            self._more[key] = self._more.get(key, 0) + 1
        else:
            self._first[key] = issue

    def issues(self) -> tuple[Issue, ...]:
        """Give everything, errors first, each kind once."""
        made = [self._told(key, issue) for key, issue in self._first.items()]
        return tuple(sorted(made, key=lambda one: (_ORDER[one.severity], one.line or 0)))

    def _told(self, key: tuple[str, str], issue: Issue) -> Issue:
        severity: Severity = "warning" if issue.code in self._softened else issue.severity
        more = self._more.get(key, 0)
        message = issue.message + (f" (and on {more:,} more lines)" if more else "")
        return Issue(issue.code, severity, issue.line, issue.column, message, issue.fix)


def shown(cell: str) -> str:
    """Quote a cell for a message: no control characters, not longer than a line."""
    text = cell if len(cell) <= _SHOWN else cell[: _SHOWN - 3] + "..."
    return ascii(text) if not text.isprintable() else f"'{text}'"


def listed(cells: list[str], count: int) -> str:
    """Name the first few of `count` things."""
    text = ", ".join(shown(cell) for cell in cells[:3])
    return text + (f" and {count - 3:,} more" if count > 3 else "")
