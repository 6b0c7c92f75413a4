"""`tocsin oncall --ics`, read by other people's parsers and held against `--json`."""
import datetime
import json
import os
import pathlib
import subprocess

import icalendar
import pytest
import vobject

BIN = pathlib.Path(os.environ["TOCSIN_BIN"])
UTC = datetime.timezone.utc
LONG = "the-schedule-of-those-who-look-after-the-payments-of-all-regions"

POLICY = f"""
policy: 1
schedules:
  nights:                     # hand-overs in the hour that clocks leave out or have twice
    zone: Europe/Dublin
    layers:
      - {{name: base, rotation: daily, start: 2026-01-01, at: "01:30", people: [ana, ben]}}
  sun:
    zone: UTC
    layers:
      - {{name: kl, rotation: weekly, start: 2026-01-05, at: "08:00", people: [chi, dee],
         zone: Asia/Kuala_Lumpur, hours: {{mon-sun: ["08:00-20:00"]}}}}
      - {{name: ny, rotation: monthly, start: 2026-01-31, at: "08:00", people: [eli, flo],
         zone: America/New_York, hours: {{mon-sun: ["06:00-21:00"]}}}}
    temporary:
      - {{from: "2026-04-03 00:00", until: "2026-04-04 00:00", people: [ana, gus, hal]}}
  {LONG}:
    zone: Asia/Kolkata
    layers:
      - {{name: base, rotation: weekly, start: 2026-01-05, people: [{LONG[:60]}, ana]}}
queues: {{q: {{tier: 1}}}}
routes: [{{rule: all, queue: q}}]
"""


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    file = tmp_path_factory.mktemp("policy") / "policy.yaml"
    file.write_text(POLICY)
    return file


def oncall(policy, *words):
    done = subprocess.run([BIN / "tocsin", "oncall", "--policy", policy, *words], timeout=60,
                          capture_output=True, check=True, env=dict(os.environ, TZ="UTC"))
    return done.stdout


def by_icalendar(text):
    """(uid, begin, end, summary) of each event."""
    calendar = icalendar.Calendar.from_ical(text)
    assert calendar.errors == [] and calendar["VERSION"] == "2.0" and calendar["PRODID"]
    events = list(calendar.walk("VEVENT"))
    assert all(event.errors == [] and "DTSTAMP" in event for event in events)
    return [(str(event["UID"]), event["DTSTART"].dt, event["DTEND"].dt, str(event["SUMMARY"]))
            for event in events]


def by_vobject(text):
    calendar = vobject.readOne(text.decode())
    assert calendar.validate(raiseException=True)
    return [(event.uid.value, event.dtstart.value, event.dtend.value, event.summary.value)
            for event in calendar.contents.get("vevent", [])]


def shifts(policy, *words):
    """What --json says: (schedule, person, begin, end) of everybody in every shift."""
    rows = [json.loads(line) for line in oncall(policy, "--json", *words).splitlines()]
    return {(row["schedule"], person, row["from_ms"], row["until_ms"])
            for row in rows for person in row["people"]}


def instant(at):
    assert at.utcoffset() == datetime.timedelta(0)
    return int(at.timestamp() * 1000)


YEAR = ("--at", "2026-02-01", "--until", "2027-02-01")


@pytest.mark.parametrize("read", [by_icalendar, by_vobject])
@pytest.mark.parametrize("words", [(), ("--person", "ana"), ("--schedule", LONG),
                                   ("--schedule", "sun", "--person", "eli")])
def test_other_parsers_read_the_same_shifts(policy, read, words):
    events = read(oncall(policy, "--ics", *YEAR, *words))
    wanted = {(f"On call: {person} ({schedule})", begin, end)
              for schedule, person, begin, end in shifts(policy, *YEAR, *words)
              if "--person" not in words or person == words[-1]}
    assert wanted and {(summary, instant(begin), instant(end))
                       for _, begin, end, summary in events} == wanted
    assert len({uid for uid, *_ in events}) == len(events) == len(wanted)


def test_a_calendar_without_events_is_told(policy):
    done = subprocess.run([BIN / "tocsin", "oncall", "--policy", policy, "--ics", "--person", "gus",
                           "--at", "2026-05-01", "--until", "2026-06-01"], capture_output=True,
                          text=True, env=dict(os.environ, TZ="UTC"))
    assert (done.returncode, done.stderr) == \
        (0, "tocsin oncall: nobody meant is on call in that time: the calendar has no event\n")
    assert by_icalendar(done.stdout) == []
    done = subprocess.run([BIN / "tocsin", "oncall", "--policy", policy, "--ics", "--person", "gus",
                           *YEAR], capture_output=True, text=True)
    assert done.stderr == "" and len(by_icalendar(done.stdout)) == 1


def test_lines_are_folded_as_rfc_5545_says(policy):
    text = oncall(policy, "--ics", *YEAR)
    lines = text.split(b"\r\n")
    assert lines.pop() == b"" and b"\n" not in b"".join(lines)
    assert all(0 < len(line) <= 75 for line in lines)
    assert any(line.startswith(b" ") for line in lines)
    assert (lines[0], lines[-1]) == (b"BEGIN:VCALENDAR", b"END:VCALENDAR")
    assert b"TZID" not in text, "instants are in UTC, which needs no VTIMEZONE"


def test_a_hand_over_in_a_missing_or_a_repeated_hour_is_where_it_is(policy):
    """01:30 of 29 March is 02:00 there; of 25 October it is the first one."""
    found = {begin: end - begin
             for _, begin, end, _ in by_icalendar(oncall(policy, "--ics", "--schedule", "nights",
                                                         *YEAR))}

    def at(*when):
        return datetime.datetime(*when, tzinfo=UTC)
    hour = datetime.timedelta(hours=1)
    assert found[at(2026, 3, 28, 1, 30)] == 23.5 * hour
    assert found[at(2026, 3, 29, 1, 0)] == 23.5 * hour
    assert found[at(2026, 3, 30, 0, 30)] == 24 * hour
    assert found[at(2026, 10, 25, 0, 30)] == 25 * hour
    assert found[at(2026, 10, 26, 1, 30)] == 24 * hour


def test_exports_made_at_other_times_name_a_shift_alike(policy):
    first = {uid: rest for uid, *rest in by_icalendar(oncall(policy, "--ics", *YEAR))}
    for at in ("2026-03-28 12:00", "2026-03-29", "2026-04-03 15:00", "2026-10-25 01:00"):
        later = {uid: rest for uid, *rest in by_icalendar(
            oncall(policy, "--ics", "--at", at, "--until", "2026-12-01"))}
        assert later and later.items() <= first.items()


def test_a_later_export_supersedes_an_earlier_one(policy):
    """By RFC 5546 the greater SEQUENCE counts, and of equal ones the later DTSTAMP."""
    def versions():
        calendar = icalendar.Calendar.from_ical(oncall(policy, "--ics", *YEAR))
        return {(event["SEQUENCE"], event["DTSTAMP"].dt) for event in calendar.walk("VEVENT")}
    first, = versions()
    later, = versions()
    assert later >= first and 0 < first[0] < 2**31


def test_a_change_of_one_shift_leaves_the_others_alone(policy, tmp_path):
    changed = tmp_path / "policy.yaml"
    changed.write_text(POLICY.replace("until: \"2026-04-04 00:00\"", "until: \"2026-04-04 12:00\""))
    before = {uid: rest for uid, *rest in by_icalendar(oncall(policy, "--ics", *YEAR))}
    after = {uid: rest for uid, *rest in by_icalendar(oncall(changed, "--ics", *YEAR))}
    same = [uid for uid in before if after.get(uid) == before[uid]]
    moved = [uid for uid in before if uid in after and after[uid] != before[uid]]
    assert len(moved) == 3, "those of the temporary shift"
    assert len(same) == len(before) - 6, "and the shifts that it cuts"
