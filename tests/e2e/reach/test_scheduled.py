"""Test pages that the policy asks for: people answer them or are missed, with clocks that are set."""
import json
import re

import pytest

from on_call_suite import Suite, needs_faketime

pytestmark = needs_faketime

POLICY = """policy: 1
paths:
  desk: {coalesce: 0, steps: [{page: [ana, ben], wait: 1h}]}
  ops: {coalesce: 0, steps: [{page: [ops], wait: 1h}]}
queues: {desk: {tier: 1}}
routes: [{rule: all, queue: desk, path: desk}]
alerts: [{rule: any, on: opened, severity: critical}]
watch: {path: ops, after: 1s}
reach: {every: 1d, start: 2027-05-05, at: "10:00", zone: UTC, within: 1h}
"""


@pytest.fixture
def suite(tmp_path):
    suite = Suite(tmp_path, POLICY, at="2027-05-05 09:30:00", people=("ana", "ben", "ops"))
    yield suite
    suite.close()


def probes(suite, person, count=1):
    """The test pages that came to somebody, once there are so many."""
    return suite.wait_until(f"{person} has {count} test pages", lambda: (
        lambda pages: pages if len(pages) >= count else None)(
            [page for page in suite.pages(person) if page["kind"] == "probe"]))


def answer(suite, person, count=1):
    suite.said("reach", "answer", probes(suite, person, count)[count - 1]["code"])


def reached(suite):
    """By the last run, which may have missed others."""
    rows = map(json.loads, suite.run("reach", "--last", "--json").stdout.splitlines())
    return {row["person"] for row in rows if row.get("answered_ms")}


def alarms(suite):
    return re.findall(r"event=not_reached .*", (suite.data / "run/notifier.log").read_text())


def alert_about(suite, person):
    """The alert that nobody reaches them; None: there is none."""
    return next((row for row in suite.lines("alerts", "--all")
                 if row["cause"].startswith(f"unreached:{person}")), None)


def test_who_does_not_answer_in_time_is_missed_until_a_later_page_reaches(suite):
    assert not suite.pages("ana"), "it is not time yet"
    suite.set_clock("2027-05-05 10:00:05")
    for person in ("ana", "ben", "ops"):
        page, = probes(suite, person)
        assert page["alert"] == "" and len(page["code"]) == 8
    answer(suite, "ana")
    answer(suite, "ops")
    suite.set_clock("2027-05-05 11:00:10")
    alert = suite.wait_until("ben is missed", lambda: alert_about(suite, "ben"))
    woken, = (page for page in suite.wait_for_pages("ops", 2) if page["kind"] != "probe")
    assert woken["alert"] == alert["id"] and woken["cause"].startswith("unreached:ben")
    alarm, = suite.wait_until("that is an alarm", lambda: alarms(suite))
    assert "person=ben" in alarm
    assert not alert_about(suite, "ana") and not alert_about(suite, "ops")
    assert reached(suite) == {"ana", "ops"}

    suite.set_clock("2027-05-06 10:00:05")  # the next day's
    answer(suite, "ben", 2)
    suite.wait_until("that is known", lambda: reached(suite) == {"ben"})
    suite.set_clock("2027-05-06 10:02:00")
    suite.wait_until("the alert closes", lambda: alert_about(suite, "ben")["state"] == "resolved")
    assert suite.obligations()["clean"]


def test_a_day_on_which_the_suite_was_down_is_made_up_for_once(suite):
    suite.stop()
    suite.set_clock("2027-05-08 12:00:00")  # that of the 5th, 6th, 7th and 8th
    suite.start()
    for person in ("ana", "ben", "ops"):
        answer(suite, person)
    suite.wait_until("that is known", lambda: reached(suite) == {"ana", "ben", "ops"})
    suite.set_clock("2027-05-08 13:30:00")
    suite.open("any")
    for person in ("ana", "ben"):  # what comes after that is none of the other days'
        assert [page["kind"] for page in suite.wait_for_pages(person, 2)] == ["probe", None]
    assert not alarms(suite)
