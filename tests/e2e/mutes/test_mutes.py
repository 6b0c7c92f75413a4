"""Silences, maintenance and quiet hours as people use them: `tocsin up` and real receivers."""
import json
import os
import signal

import pytest

from on_call_suite import Suite, needs_faketime

POLICY = """policy: 1
calendars:
  nights: {zone: Europe/Dublin, weekly: {mon-sun: ["00:00-06:00", "22:00-24:00"]}}
schedules:
  duty: {zone: UTC, layers: [{name: base, rotation: daily, start: 2026-01-05, people: [PERSON]}]}
quiet: {ana: nights}
paths:
  desk: {coalesce: 0, steps: [{page: [ana], wait: 1h}]}
  quick: {coalesce: 0, steps: [{page: [ana], wait: 2s}, {page: [ben], wait: 1h}]}
queues:
  desk: {tier: 1}
  lab: {tier: 1}
triage:
  - {rule: danger, when: {category: [danger]}, set: {risk: critical, priority: P1}}
  - {rule: others, set: {priority: P3}}
routes:
  - {rule: lab, when: {category: [lab]}, queue: lab, path: quick}
  - {rule: other, when: {category: [other]}, queue: desk, path: quick}
  - {rule: all, queue: desk, path: desk}
alerts:
  - {rule: danger, on: opened, when: {risk: [critical]}, severity: critical}
  - {rule: minor, on: opened, when: {category: [minor]}, severity: SEVERITY}
  - {rule: moved, on: opened, when: {category: [lab, other]}, severity: error}
"""


def policy(severity="error", on_call="ben"):
    """Pages of severity error heed silences, and no quiet hours."""
    return POLICY.replace("SEVERITY", severity).replace("PERSON", on_call)


@pytest.fixture
def suite(tmp_path):
    suite = Suite(tmp_path, policy())
    yield suite
    suite.close()


def row_of(suite, what="silence"):
    row, = suite.lines(what, "list")
    return row


def test_a_silence_keeps_what_fits_and_lets_it_ring_at_its_end(suite):
    silence, = suite.lines("silence", "add", "queue=desk", "severity=error,warning", "--for", "1h",
                           "--reason", "INC-7", "--owner", "ben")
    kept = suite.open("minor")
    assert suite.wait_kept(kept)[0] == f"silence {silence['silence']} of ben"
    suite.open("danger")
    page, = suite.wait_for_pages("ana", 1)
    assert page["severity"] == "critical", "what is not meant rings"
    row = row_of(suite)
    assert (row["mute"], row["owner"], row["reason"]) == (silence["silence"], "ben", "INC-7")
    assert int(row["holds"]) == int(row["suppressed"]) == 1
    assert "not paged" in suite.said("why", kept)
    assert suite.said("silence", "end", silence["silence"]) == \
        f"silence {silence['silence']} is over\n"
    page = suite.wait_for_pages("ana", 2)[1]
    assert page["issue_ref"] == kept and page["severity"] == "error"
    assert suite.said("silence", "list") == "no silences\n"
    summary = suite.obligations()
    assert (summary["suppressed"], summary["accepted"], summary["clean"]) == ("1", "2", True)


def test_what_was_answered_meanwhile_does_not_ring_at_the_end(suite):
    silence, = suite.lines("silence", "add", "queue=desk", "severity=error", "--for", "1h",
                           "--reason", "INC-7")
    kept, stands = suite.open("minor"), suite.open("minor")
    suite.wait_kept(kept)
    suite.wait_kept(stands)
    alert = suite.told(kept, "alert_opened")[0]["alert"]["id"]
    suite.said("ack", alert)
    suite.said("silence", "end", silence["silence"])
    page, = suite.wait_for_pages("ana", 1)
    assert page["issue_ref"] == stands
    assert suite.obligations()["suppressed"] == "2"


def notifier_pid(suite):
    """None: it does not answer."""
    rows = map(json.loads, suite.run("status", "--json").stdout.splitlines())
    pid = next((row.get("pid") for row in rows if row["service"] == "notifier"), None)
    return int(pid) if pid else None


def test_a_silence_outlives_a_kill_and_holds_what_it_held(suite):
    silence, = suite.lines("silence", "add", "queue=desk", "severity=error", "--for", "1h",
                           "--reason", "INC-7")
    kept = [suite.open("minor") for _ in range(3)]
    for issue in kept:
        suite.wait_kept(issue)
    pid = notifier_pid(suite)
    os.kill(pid, signal.SIGKILL)
    suite.wait_until("it is started again", lambda: notifier_pid(suite) not in (None, pid))
    assert int(row_of(suite)["holds"]) == 3
    after = suite.open("minor")
    suite.wait_kept(after)
    suite.said("silence", "end", silence["silence"])
    pages = suite.wait_for_pages("ana", 4)
    assert {page["issue_ref"] for page in pages} == {*kept, after}
    assert suite.obligations()["suppressed"] == "4"
    assert len(suite.pages("ana")) == 4


def paged(suite, issue):
    """Who was paged about it, in the order of the log."""
    return [body["page"]["contact"] for body in suite.told(issue, "alert_paged")]


def test_maintenance_stops_a_path_which_begins_again_at_its_end(suite):
    held = suite.open("lab")
    suite.wait_for_pages("ana", 1)
    window, = suite.lines("maintenance", "start", "queue=lab", "severity=error", "--for", "1h",
                          "--reason", "CHG-12")
    before = paged(suite, held)  # on a slow machine its first step was over already
    other = suite.open("other")  # opened later, and at its second step in the end
    suite.wait_until("another path goes on", lambda: paged(suite, other) == ["ana", "ben"])
    assert paged(suite, held) == before
    fresh = suite.open("lab")
    assert suite.wait_kept(fresh)[0].startswith(f"maintenance {window['maintenance']}")
    suite.said("maintenance", "end", window["maintenance"])
    suite.wait_until("it begins at its first step", lambda: paged(suite, held) ==
                     [*before, "ana", "ben"])
    suite.wait_until("what was kept does, too", lambda: paged(suite, fresh) ==
                     ["ana", "ana", "ben"])
    assert suite.obligations()["clean"]


def test_a_queue_that_the_policy_does_not_have_is_told_of_and_silenced_all_the_same(suite):
    done = suite.run("silence", "add", "queue=desc,lab,d*", "severity=error", "--reason", "X")
    assert done.returncode == 0 and done.stdout.startswith("silence ")
    assert done.stderr == ("tocsin silence add: the policy in force has no queue 'desc' "
                           "(did you mean 'desk'?)\n")


def test_who_has_an_alert_and_what_is_none_is_told(suite):
    issue = suite.open("danger")
    alert = suite.wait_for_pages("ana", 1)[0]["alert"]
    suite.said("ack", alert, "--by", "ana")
    done = suite.run("ack", alert, "--by", "ben")
    assert done.returncode == 1 and "ana has it" in done.stderr
    assert done.stderr.endswith("tocsin ack: tocsin take makes it yours\n")
    other = ("0" if alert[0] != "0" else "1") * 12
    done = suite.run("ack", other, "--by", "ben")
    assert done.returncode == 1 and done.stderr.splitlines() == [
        f"tocsin ack: there is no issue {other}: nothing that opens it was accepted",
        f"tocsin ack: nor is there an alert {other}"], issue
    assert " acknowledged by ana: " in " ".join(suite.said("why", alert).split())


@pytest.mark.parametrize("words, code, why", [
    (["add", "queue=desk", "--reason", "X"], 2, "alerts of severity critical fit"),
    (["add", "queue=*", "--reason", "X"], 2, "it would fit every alert"),
    (["add", "colour=red", "--reason", "X"], 2, "the keys are queue, rule, severity"),
    (["add", "queue=desk", "severity=error"], 2, "give --reason CODE"),
    (["end", "1a2b3c4d5e"], 1, "there is none of that id"),
])
def test_what_cannot_be_is_told(suite, words, code, why):
    done = suite.run("silence", *words)
    assert (done.returncode, done.stdout) == (code, "") and why in done.stderr, done


def test_critical_alerts_are_silenced_when_that_is_meant(suite):
    suite.said("silence", "add", "queue=desk", "--for", "1h", "--reason", "TEST-1", "--really")
    assert suite.wait_kept(suite.open("danger"))
    assert row_of(suite)["critical"]


@needs_faketime
def test_the_owner_is_told_before_a_silence_ends_by_itself(tmp_path):
    suite = Suite(tmp_path, policy(), at="2027-05-05 12:00:00")
    try:
        silence, = suite.lines("silence", "add", "queue=desk", "severity=error", "--for", "30m",
                               "--reason", "INC-7", "--owner", "ben")
        kept = suite.open("minor")
        suite.wait_kept(kept)
        suite.set_clock("2027-05-05 12:21:00")
        notice, = suite.wait_for_pages("ben", 1)
        assert (notice["kind"], notice["mute"]) == ("mute_ends", silence["silence"])
        assert suite.pages("ana") == []
        suite.set_clock("2027-05-05 12:30:10")
        page, = suite.wait_for_pages("ana", 1)
        assert page["issue_ref"] == kept
        assert suite.obligations()["clean"] and len(suite.pages("ben")) == 1
    finally:
        suite.close()


@needs_faketime
def test_quiet_hours_keep_what_is_not_urgent_and_end_with_a_digest(tmp_path):
    """In the night in which the clocks of Dublin are set on: it is an hour shorter."""
    suite = Suite(tmp_path, policy(severity="warning"), at="2027-03-27 23:00:00")
    try:
        kept, answered = suite.open("minor"), suite.open("minor")
        assert suite.wait_kept(kept) == suite.wait_kept(answered) == ["quiet hours"]
        suite.open("danger")
        page, = suite.wait_for_pages("ana", 1)
        assert page["severity"] == "critical", "what is urgent rings"
        suite.said("ack", suite.told(answered, "alert_opened")[0]["alert"]["id"])
        suite.set_clock("2027-03-28 04:59:40")  # 05:59 there
        suite.open("danger")
        assert [page["kind"] for page in suite.wait_for_pages("ana", 2)] == [None, None]
        suite.set_clock("2027-03-28 05:00:05")
        digest = suite.wait_for_pages("ana", 3)[2]
        assert (digest["kind"], digest["digest"]) == ("digest", 1), "one was answered"
        summary = suite.obligations()
        assert summary["clean"] and summary["suppressed"] == "2"
    finally:
        suite.close()


@needs_faketime
def test_who_is_on_call_is_woken_in_quiet_hours(tmp_path):
    suite = Suite(tmp_path, policy(severity="info", on_call="ana"), at="2027-05-05 23:30:00")
    try:
        issue = suite.open("minor")
        page, = suite.wait_for_pages("ana", 1)
        assert (page["issue_ref"], page["severity"]) == (issue, "info")
    finally:
        suite.close()
