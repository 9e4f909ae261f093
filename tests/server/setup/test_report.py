"""Reading what the script says."""

from __future__ import annotations

from fastcompanion.server.setup import report
from fastcompanion.server.setup.report import Event, StepResult


def events(*lines: str) -> list[Event]:
    return [event for line in lines if (event := report.read(line)) is not None]


def test_only_lines_of_ours_are_read() -> None:
    lines = ("Welcome to Debian", "", '{"other": 1}', '{"step": broken', '{"step":"key","state":"ok","note":"none given","rollback":""}')  # fmt: skip
    assert events(*lines) == [Event("key", "ok", "none given")]


def test_a_report_is_done_only_with_the_last_line() -> None:
    half = events('{"step":"key","state":"changed"}')
    assert report.collect(half) == report.Report((StepResult("key", "changed"),), done=False)
    whole = [*half, *events('{"step":"all","state":"done"}')]
    assert report.collect(whole).done


def test_a_failed_step_is_never_done() -> None:
    said = events('{"step":"sshd","state":"failed","note":"no key"}', '{"step":"all","state":"done"}')  # fmt: skip
    found = report.collect(said)
    assert not found.done
    assert found.failed == StepResult("sshd", "failed", "no key")


def test_the_last_word_on_a_step_counts() -> None:
    said = events('{"step":"sshd","state":"doing"}', '{"step":"sshd","state":"changed"}', '{"step":"sshd","state":"failed"}')  # fmt: skip
    assert [one.state for one in report.collect(said).steps] == ["failed"]


def test_changes_are_those_made_and_those_that_would_be() -> None:
    said = events(*(f'{{"step":"s{number}","state":"{state}"}}' for number, state in enumerate(report.STATES)))  # fmt: skip
    assert report.collect(said).changes == 2
