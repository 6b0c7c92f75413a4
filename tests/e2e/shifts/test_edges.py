"""Who is paged when a shift changes while the clocks do: with `tocsin up`, on the two nights of the
year on which an hour is left out or comes twice, and with clocks that step by an hour."""
from on_call_suite import Suite, needs_faketime

pytestmark = needs_faketime

POLICY = """policy: 1
schedules:
  nights:
    zone: Europe/Dublin
    layers: [{name: base, rotation: daily, start: 2026-01-05, at: "01:30", people: [ana, ben]}]
paths:
  desk: {coalesce: 0, steps: [{schedule: [nights], wait: 3h}]}
queues: {desk: {tier: 1}}
routes: [{rule: all, queue: desk, path: desk}]
alerts:
  - {rule: late, on: opened, when: {category: [late]}, severity: critical}
"""


def paged_at(suite, at):
    """Whom an alert pages that opens when the clocks show this."""
    suite.set_clock(at)
    issue = suite.open("late")
    page, = suite.wait_until("somebody is paged", lambda: suite.told(issue, "alert_paged"))
    return page["page"]["contact"]


def paged_in_turn(directory, instants):
    suite = Suite(directory, POLICY, at=instants[0])
    try:
        people = [paged_at(suite, at) for at in instants]
        assert suite.obligations()["clean"]
        return people
    finally:
        suite.close()


def shift_changes(people):
    return [one != other for one, other in zip(people, people[1:])]


def test_a_hand_over_in_the_hour_that_is_left_out_is_at_its_end(tmp_path):
    """01:30 is not there on 28 March 2027 in Dublin: at 01:00 of UTC it is 02:00."""
    people = paged_in_turn(tmp_path, ["2027-03-28 00:30:05", "2027-03-28 00:59:40",
                                      "2027-03-28 01:00:05", "2027-03-28 01:30:05",
                                      "2027-03-29 00:29:40", "2027-03-29 00:30:05"])
    assert shift_changes(people) == [False, True, False, False, True]


def test_a_hand_over_in_the_hour_that_comes_twice_is_at_the_first(tmp_path):
    """It is 01:30 at 00:30 of UTC and again at 01:30 on 31 October 2027 in Dublin."""
    people = paged_in_turn(tmp_path, ["2027-10-31 00:29:40", "2027-10-31 00:30:05",
                                      "2027-10-31 01:29:40", "2027-10-31 01:30:05",
                                      "2027-11-01 01:29:40", "2027-11-01 01:30:05"])
    assert shift_changes(people) == [True, False, False, False, True]


def test_clocks_that_step_back_an_hour_take_no_shift_back(tmp_path):
    """What was handed over stays so for the notifier, whose time does not go back."""
    suite = Suite(tmp_path, POLICY, at="2027-05-05 00:29:00")  # 01:29 there
    try:
        before = paged_at(suite, "2027-05-05 00:29:20")
        after = paged_at(suite, "2027-05-05 00:30:10")
        assert before != after
        assert paged_at(suite, "2027-05-04 23:30:10") == after
        assert suite.obligations()["clean"]
    finally:
        suite.close()
