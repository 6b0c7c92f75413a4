"""Pages about issues that no clock has paged for name when those are due."""
import pytest

from on_call_suite import Suite

POLICY = """policy: 1
calendars: {always: {zone: UTC, weekly: {mon-sun: ["00:00-24:00"]}}}
paths:
  steps: {coalesce: 0, steps: [{page: [ana], wait: 3s}, {page: [ben], wait: 1h}]}
  storm: {coalesce: 4s, steps: [{page: [ana], wait: 1h}]}
queues: {desk: {tier: 1}}
slas: {s: {calendar: always, clocks: {first_reply: {targets: {default: 1h}}, resolution: {targets: {default: 4h}}}}}
routes: [{rule: all, queue: desk, sla: s}]
alerts:
  - {rule: one, on: opened, when: {category: [one]}, severity: critical, path: steps}
  - {rule: many, on: opened, when: {category: [many]}, severity: critical, path: storm}
"""


@pytest.fixture
def suite(tmp_path):
    suite = Suite(tmp_path, POLICY)
    yield suite
    suite.close()


def due_of(suite, reference):
    """Of its soonest clock; its alert has it, too."""
    rows = suite.wait_until("its clocks run", lambda: [
        row for row in suite.lines("clocks") if f"{row['source']}#{row['subject']}" == reference])
    due_ms = min(row["due_ms"] for row in rows)
    suite.wait_until("its alert has the deadline", lambda: [
        row for row in suite.lines("alerts")
        if f"{row['source']}#{row['subject']}" == reference and row["due_ms"] == due_ms])
    return due_ms


def test_the_second_page_of_an_opened_issue_names_its_deadline(suite):
    due_ms = due_of(suite, suite.open("one"))
    first = suite.wait_for_pages("ana", 1)[0]
    assert first["cause"] == "opened one" and first["due_ms"] in (None, due_ms)
    second = suite.wait_for_pages("ben", 1)[0]
    assert second["due_ms"] == due_ms and second["soonest_ms"] is None
    suite.said("ack", second["alert"][:12])
    assert suite.obligations()["pending"] == "0"


def test_one_page_for_many_opened_issues_names_the_soonest_deadline(suite):
    dues = [due_of(suite, reference) for reference in [suite.open("many") for _ in range(4)]]
    last = suite.wait_for_pages("ana", 2)[1]
    assert last["more"] == 2
    assert last["soonest_ms"] == last["due_ms"] == min(dues[1:])
