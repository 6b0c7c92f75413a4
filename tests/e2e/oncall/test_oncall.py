"""`tocsin oncall` as people use it: from a file, from the running suite, and what pages go by."""
import json
import os
import pathlib
import subprocess
import time

import pytest

BIN = pathlib.Path(os.environ["TOCSIN_BIN"])
SOURCE = pathlib.Path(os.environ["TOCSIN_SOURCE"])
PATIENCE_S = 60

POLICY = """
policy: 1
schedules:
  safety:
    zone: Europe/Dublin
    layers:
      - {name: base, rotation: weekly, start: 2026-01-05, at: "09:00", people: [ana]}
  desk:
    zone: Asia/Kuala_Lumpur
    layers:
      - {name: week, rotation: weekly, start: 2026-01-05, at: "09:00", people: [ana, ben]}
    temporary: [{from: "2026-12-24 00:00", until: "2026-12-27 00:00", people: [flo]}]
teams:
  night: {page: [eli, gus], schedule: [safety]}
  day: {schedule: [desk]}
  legal: {answer_within: 4h, calendar: day}
calendars: {day: {zone: UTC, weekly: {mon-fri: ["09:00-17:00"]}}}
paths:
  wake:
    coalesce: 0
    steps:
      - {schedule: [safety], wait: 10m}
triage:
  - {rule: danger, when: {category: [threat_of_violence]}, set: {risk: critical, priority: P1}}
queues:
  support: {tier: 1}
routes:
  - {rule: all, queue: support, path: wake}
alerts:
  - {rule: critical-risk, on: opened, when: {risk: [critical]}, severity: critical}
"""


def tocsin(*words, **more):
    return subprocess.run([BIN / "tocsin", *words], text=True, capture_output=True,
                          timeout=PATIENCE_S, env=dict(os.environ, USER="ana", TZ="UTC"), **more)


def said(*words):
    """What a command that has to succeed prints."""
    done = tocsin(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines(*words):
    return [json.loads(line) for line in said(*words, "--json").splitlines()]


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    file = tmp_path_factory.mktemp("policy") / "policy.yaml"
    file.write_text(POLICY)
    return file


# --- from a file ----------------------------------------------------------------------------------

def test_who_is_on_call_then_and_who_is_next(policy):
    rows = lines("oncall", "--policy", policy, "--at", "2026-03-04 12:00")
    assert [(row["schedule"], row["people"], row["by"], row["by_name"]) for row in rows] == \
        [("safety", ["ana"], "layer", "base"), ("desk", ["ana"], "layer", "week")]
    assert "until" not in rows[0], "one person alone has no end in sight"
    assert (rows[1]["from"], rows[1]["until"], rows[1]["next"], rows[1]["zone"]) == \
        ("Mon 2026-03-02 09:00", "Mon 2026-03-09 09:00", ["ben"], "Asia/Kuala_Lumpur")
    table = said("oncall", "--policy", policy, "--at", "2026-03-04 12:00", "--schedule", "desk")
    assert table.splitlines()[0].split() == \
        ["SCHEDULE", "ON", "CALL", "FROM", "UNTIL", "BY", "NEXT", "UNTIL,", "THERE"]
    assert "Mon 2026-03-09 01:00  layer week  ben   Mon 2026-03-09 09:00 Asia/Kuala_Lumpur" in table


def test_a_span_has_every_shift_and_marks_what_stands_in_place_of_layers(policy):
    rows = lines("oncall", "--policy", policy, "--schedule", "desk", "--zone", "Asia/Kuala_Lumpur",
                 "--at", "2026-12-22", "--until", "2026-12-29")
    assert [(row["people"][0], row["by"], row["from"]) for row in rows] == [
        ("ana", "layer", "Mon 2026-12-21 09:00"), ("flo", "temporary", "Thu 2026-12-24 00:00"),
        ("ana", "layer", "Sun 2026-12-27 00:00"), ("ben", "layer", "Mon 2026-12-28 09:00")]


def test_a_person_sees_the_shift_they_have_or_their_next(policy):
    row, = lines("oncall", "--policy", policy, "--person", "flo", "--at", "2026-03-04")
    assert (row["schedule"], row["from"]) == ("desk", "Thu 2026-12-24 00:00")
    assert said("oncall", "--policy", policy, "--person", "flo", "--at", "2027-03-04") == \
        "flo is not on call for the next two years\n"


def test_of_a_team_its_people_and_the_shifts_of_its_schedules(policy):
    rows = lines("oncall", "--policy", policy, "--team", "night", "--at", "2026-03-04 12:00")
    assert [(row["schedule"], row["people"], row["by"], row["by_name"]) for row in rows] == \
        [("", ["eli", "gus"], "team", "night"), ("safety", ["ana"], "layer", "base")]
    rows = lines("oncall", "--policy", policy, "--team", "day", "--at", "2026-03-04 12:00")
    assert [row["schedule"] for row in rows] == ["desk"]
    rows = lines("oncall", "--policy", policy, "--team", "night", "--person", "gus")
    assert [row["by"] for row in rows] == ["team"]
    table = said("oncall", "--policy", policy, "--team", "night", "--at", "2026-03-04 12:00")
    assert table.splitlines()[1].split() == \
        ["-", "eli,", "gus", "ever", "never", "team", "night", "-", "-"]
    assert said("oncall", "--policy", policy, "--team", "day", "--schedule", "safety") == \
        "team day has no schedule safety\n"


@pytest.mark.parametrize("words, code, told", [
    (["--team", "nigth"], 1, "the policy pages no team 'nigth' (did you mean 'night'?)"),
    (["--team", "legal"], 1, "the policy pages no team 'legal'"),
    (["--person", "an"], 1, "no schedule has a person 'an' (did you mean 'ana'?)"),
    (["--schedule", "dest"], 1, "the policy has no schedule 'dest' (did you mean 'desk'?)"),
    (["--at", "soon"], 2, "--at soon: no time; as in 2026-03-01, '2026-03-01 09:30', +8h"),
    (["--until", "-1d"], 2, "--until is not after now"),
    (["--zone", "Europe/Dubli"], 2, "--zone Europe/Dubli: there is no such time zone"),
    (["chek"], 2, "unexpected 'chek' (see tocsin oncall --help)"),
])
def test_what_is_wrong_is_told(policy, words, code, told):
    done = tocsin("oncall", "--policy", policy, *words)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"tocsin oncall: {told}\n")


def events(text):
    """The events of an .ics file, by UID."""
    assert text.count("\r\n") == text.count("\n")
    text = text.replace("\r\n ", "")
    found = {}
    for event in text.split("BEGIN:VEVENT\r\n")[1:]:
        fields = dict(line.split(":", 1) for line in event.split("END:VEVENT")[0].split("\r\n")[:-1])
        assert found.setdefault(fields["UID"], fields) is fields
    return found


def exported(policy, *words):
    done = subprocess.run([BIN / "tocsin", "oncall", "--ics", "--policy", policy, *words],
                          capture_output=True, timeout=PATIENCE_S, check=True)
    return events(done.stdout.decode())


def test_an_export_of_a_team_has_the_shifts_of_its_schedules(policy):
    span = ["--at", "2026-03-02", "--until", "2026-03-30"]
    assert exported(policy, "--team", "day", *span).keys() == \
        exported(policy, "--schedule", "desk", *span).keys()
    text = subprocess.run([BIN / "tocsin", "oncall", "--ics", "--policy", policy, "--team", "day",
                           *span], capture_output=True, timeout=PATIENCE_S, check=True).stdout
    assert b"X-WR-CALNAME:On call: day\r\n" in text


def test_an_export_made_again_changes_events_and_doubles_none(policy):
    first = exported(policy, "--schedule", "desk", "--at", "2026-03-02", "--until", "2026-03-30")
    later = exported(policy, "--schedule", "desk", "--at", "2026-03-12", "--until", "2026-04-30")
    both = first.keys() & later.keys()
    assert len(both) == 3 and all(
        first[uid]["DTSTART"] == later[uid]["DTSTART"] and first[uid]["DTEND"] == later[uid]["DTEND"]
        for uid in both)
    ben = exported(policy, "--person", "ben", "--at", "2026-03-02", "--until", "2026-03-30")
    assert {event["SUMMARY"] for event in ben.values()} == {"On call: ben (desk)"}
    assert ben.keys() < first.keys()


def test_check_says_what_to_do_and_fails(policy, tmp_path):
    contacts = tmp_path / "contacts.yaml"
    contacts.write_text("contacts: {ana: {log: true}, ben: {log: true}, flo: {log: true}}\n")
    assert said("oncall", "check", "--policy", policy, "--contacts", contacts) == \
        "2 schedules: somebody is on call at all times for two years, and everybody can be " \
        "reached\n"
    contacts.write_text("contacts: {ana: {log: true}, ben: {methods: {}}}\n")
    holes = tmp_path / "policy.yaml"
    holes.write_text(POLICY.replace("people: [ana]}", 'people: [ana], hours: {mon-fri: '
                                    '["00:00-24:00"]}}'))
    done = tocsin("oncall", "check", "--policy", holes, "--contacts", contacts, "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1 and all(row["what"] and row["do"] for row in found)
    assert [(row["kind"], row["subject"]) for row in found] == [
        ("gap", "safety"), ("empty_step", "wake"), ("no_method", "ben"), ("no_method", "flo")]
    assert 104 <= found[0]["times"] <= 105


def test_check_finds_every_gap_that_the_list_of_shifts_has(tmp_path):
    """Two zones whose clocks change apart, an hour on Sundays, and a day that is free on purpose."""
    file = tmp_path / "policy.yaml"
    file.write_text(POLICY.replace("    temporary: [", """      - {name: ny, rotation: daily,
          start: 2026-01-05, at: "12:00", people: [ben, chi], zone: America/New_York,
          hours: {mon-sun: ["03:00-15:00"]}}
    temporary: [""").replace("people: [ana, ben]}", """people: [ana, ben], zone: Europe/Dublin,
          hours: {mon-sat: ["20:00-08:00"], sun: ["21:00-08:00"]}}""").replace("[flo]}]", "[]}]"))
    done = tocsin("oncall", "check", "--policy", file, "--json")
    found = {row["kind"]: row for row in map(json.loads, done.stdout.splitlines())
             if row["subject"] == "desk"}
    gaps = [row for row in lines("oncall", "--policy", file, "--schedule", "desk", "--until", "+731d")
            if row["by"] == "gap"]
    assert done.returncode == 1 and set(found) == {"gap", "dst_gap"}
    assert 0 <= len(gaps) - found["gap"]["times"] - found["dst_gap"]["times"] <= 1, "at the horizon"
    assert found["dst_gap"]["times"] in range(30, 43), "three weeks of each year, Sundays left out"
    assert "America/New_York" in found["dst_gap"]["what"]
    assert found["gap"]["times"] >= 104, "Sundays"


@pytest.mark.parametrize("text, told", [
    ("contacts: [ana]\n", "contacts.yaml:1:1: error: 'contacts' has to be a map of names"),
    ("contacts: {ana: {log: true}\n", "contacts.yaml:2:1: error: "),
    (None, "contacts.yaml: No such file or directory"),
])
def test_a_contacts_file_that_cannot_be_read_is_told(policy, tmp_path, text, told):
    if text is not None:
        (tmp_path / "contacts.yaml").write_text(text)
    done = tocsin("oncall", "check", "--policy", policy, "--contacts", tmp_path / "contacts.yaml")
    assert (done.returncode, done.stdout) == (1, "") and told in done.stderr


def test_the_example_of_a_global_operation_has_no_gaps():
    done = tocsin("oncall", "check", "--policy", SOURCE / "deploy/policy/global/global.yaml")
    assert done.returncode == 0, done.stdout


# --- the running suite ----------------------------------------------------------------------------

class Suite:
    def __init__(self, directory, policy):
        self.data = directory / "d"
        self.data.mkdir()
        contacts = directory / "people.yaml"
        contacts.write_text("contacts: {ana: {log: true}, ben: {log: true}, flo: {log: true}}\n")
        self.up = subprocess.Popen([BIN / "tocsin", "up", "--data", self.data, "--policy", policy,
                                    "--contacts", contacts], stdout=subprocess.DEVNULL)
        said("status", "--wait", "60s", "--data", self.data)

    def said(self, *words):
        return said(*words, "--data", self.data)

    def lines(self, *words):
        return lines(*words, "--data", self.data)

    def refused(self, *words, code=1):
        done = tocsin(*words, "--data", self.data)
        assert (done.returncode, done.stdout) == (code, ""), done
        return done.stderr.strip()

    def on_call(self, *words):
        row, = self.lines("oncall", "--schedule", "safety", *words)
        return row["people"], row["by"]

    def paged(self, subject):
        """Whom the alert of a new, critical issue pages first."""
        event = {"specversion": "1.0", "id": subject, "source": "crm", "subject": subject,
                 "type": "tocsin.issue.opened",
                 "data": {"channel": "email", "category": "threat_of_violence"}}
        done = tocsin("publish", "--data", self.data, input=json.dumps(event))
        assert done.returncode == 0, done.stderr
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            for line in self.lines("why", f"crm#{subject}"):
                if line.get("type") == "alert_paged":
                    return line["body"]["page"]["contact"]
            time.sleep(0.05)
        raise AssertionError("in vain")


@pytest.fixture(scope="module")
def suite(tmp_path_factory, policy):
    suite = Suite(tmp_path_factory.mktemp("suite"), policy)
    yield suite
    suite.up.terminate()
    assert suite.up.wait(PATIENCE_S) == 0


def test_an_override_counts_until_it_ends(suite):
    assert suite.on_call() == (["ana"], "layer")
    row, = suite.lines("oncall", "override", "add", "--schedule", "safety", "--person", "flo",
                       "--until", "+12h")
    assert (row["person"], row["by"], row["override"][:3]) == ("flo", "ana", "ov-")
    assert suite.on_call() == (["flo"], "override")
    assert suite.on_call("--at", "+13h") == (["ana"], "layer")
    assert f"override {row['override']}" in suite.said("oncall", "--schedule", "safety")
    assert suite.paged("tonight") == "flo"
    listed = suite.said("oncall", "override", "list").splitlines()
    assert len(listed) == 2 and listed[1].split()[:4] == \
        [row["override"], "safety", "flo", "anybody"]
    assert suite.said("oncall", "override", "end", row["override"][:8]) == \
        f"{row['override']} is over: safety is as the schedule says\n"
    assert suite.on_call() == (["ana"], "layer")
    assert suite.said("oncall", "override", "list") == "no overrides\n"
    assert suite.lines("oncall", "override", "list", "--all")[0]["override"] == row["override"]
    assert suite.paged("tomorrow") == "ana"
    assert suite.refused("oncall", "override", "end", row["override"]) == \
        "tocsin oncall override end: refused: it is over already"


def test_an_override_is_one_of_its_schedule(suite):
    """The same ids in both, of which one begins the other."""
    def put(schedule, name):
        now = int(time.time() * 1000)
        event = {"specversion": "1.0", "id": f"{schedule}-{name}", "source": "roster",
                 "type": "tocsin.schedule.override",
                 "data": {"override": name, "schedule": schedule, "person": "flo", "by": "ana",
                          "from_ms": now + 3600_000, "until_ms": now + 7200_000}}
        done = tocsin("publish", "--data", suite.data, input=json.dumps(event))
        assert done.returncode == 0, done.stderr
    for schedule in ("safety", "desk"):
        put(schedule, "x")
        put(schedule, "xy")

    def listed():
        return sorted((row["schedule"], row["override"])
                      for row in suite.lines("oncall", "override", "list"))
    end = time.monotonic() + PATIENCE_S
    while len(listed()) < 4 and time.monotonic() < end:
        time.sleep(0.05)
    assert listed() == [("desk", "x"), ("desk", "xy"), ("safety", "x"), ("safety", "xy")]
    assert suite.refused("oncall", "override", "end", "x") == \
        "tocsin oncall override end: 2 schedules have an override x: give --schedule NAME"
    suite.said("oncall", "override", "end", "x", "--schedule", "safety")
    assert listed() == [("desk", "x"), ("desk", "xy"), ("safety", "xy")]
    for schedule, name in (("desk", "x"), ("desk", "xy"), ("safety", "xy")):
        suite.said("oncall", "override", "end", name, "--schedule", schedule)


def test_an_override_that_hides_another_names_it(suite):
    def add(*words):
        done = tocsin("oncall", "override", "add", "--schedule", "safety", "--json", "--zone=UTC",
                      *words, "--data", suite.data)
        assert done.returncode == 0, done
        return json.loads(done.stdout)["override"], done.stderr
    earlier, told = add("--person=flo", "--from=2099-03-01", "--until=2099-03-05")
    assert told == ""
    later, told = add("--person=ben", "--from=2099-03-04 12:00", "--until=2099-03-09")
    assert told == (f"tocsin oncall override add: warning: {later} hides {earlier} (flo instead of "
                    "whoever has the shift) from Wed 2099-03-04 12:00 until Thu 2099-03-05 00:00 "
                    "(UTC)\n")
    beside, told = add("--person=flo", "--for=ana", "--from=2099-03-09", "--until=2099-03-10")
    assert told == ""
    part, told = add("--person=ben", "--for=ana", "--from=2099-03-09", "--until=2099-03-10")
    assert f"{part} hides {beside} (flo instead of ana) " in told and told.count("warning") == 1
    again, told = add("--person=ben", "--from=2099-03-09", "--until=2099-03-10")
    assert f"{again} hides {beside} " in told and told.count("warning") == 1, "the same person"
    for name in (earlier, later, beside, part, again):
        suite.said("oncall", "override", "end", name)


def test_two_people_swap(suite):
    year = time.gmtime().tm_year + 1
    span = ["oncall", "--schedule", "desk", "--at", f"{year}-03-01", "--until", f"{year}-03-28"]
    before = {row["from_ms"]: row["people"] for row in suite.lines(*span)}
    said = suite.lines("oncall", "swap", "--schedule", "desk", "--person", "ana", "--with", "ben",
                       "--from", f"{year}-02-01", "--until", f"{year}-04-30")
    assert [(row["person"], row["replaces"]) for row in said] == [("ana", "ben"), ("ben", "ana")]
    after = {row["from_ms"]: row["people"] for row in suite.lines(*span)}
    assert len(before) >= 4 and before.keys() == after.keys()
    assert all(before[at] != after[at] for at in before)
    assert suite.said("oncall", "check").startswith("2 schedules: ")
    for row in said:
        suite.said("oncall", "override", "end", row["override"])


@pytest.mark.parametrize("words, code, told", [
    ("override add --person flo --until +1h", 1,
     "tocsin oncall override add: which one? give --schedule NAME: safety desk"),
    ("override add --schedule safety --person gus --until +1h", 1,
     "tocsin oncall override add: nothing reaches 'gus' with urgent or with normal pages: no "
     "method of theirs may be used (see tocsin contact list)"),
    ("override add --schedule safety --person flo --for ben --until +1h", 1,
     "tocsin oncall override add: 'ben' has no shift in safety"),
    ("override add --schedule safety --until +1h", 2,
     "tocsin oncall override add: who? give --person ID"),
    ("override add --schedule safety --person flo", 2,
     "tocsin oncall override add: until when? give --until TIME"),
    ("override add --schedule safety --person flo --from -2d --until -1d", 2,
     "tocsin oncall override add: --until is over already"),
    ("override end ov-none", 1,
     "tocsin oncall override end: there is no override ov-none to end (see tocsin oncall override "
     "list)"),
    ("swap --schedule desk --person ana --until +1h", 2,
     "tocsin oncall swap: which two? give --person ID and --with ID"),
])
def test_what_cannot_be_is_refused(suite, words, code, told):
    assert suite.refused("oncall", *words.split(), code=code) == told
    assert suite.said("oncall", "override", "list") == "no overrides\n"


def test_who_has_an_alert_is_told_to_whoever_comes_later(suite):
    assert suite.paged("contested") == "ana"
    alert = suite.lines("ack", "crm#contested")[0]["alert"]
    assert suite.refused("ack", "crm#contested", "--by", "ben") == \
        "tocsin ack: nothing of crm#contested waits for an answer: ana has " \
        f"{alert[:10]} (tocsin take makes it yours)"
    suite.said("ack", "crm#contested")
    until = time.strftime("%Y-%m-%d %H:%M", time.gmtime(time.time() + 7200))
    suite.said("snooze", "crm#contested", "--until", until)
    shown, = [line for line in suite.lines("alerts") if line["id"] == alert]
    assert int(shown["snoozed_ms"]) // 60000 % 60 == int(until[-2:])
    assert "--until tomorrow: no time; as in" in suite.refused(
        "snooze", "crm#contested", "--until", "tomorrow", code=2)
    suite.said("resolve", "crm#contested")
    assert f"alert {alert[:10]} resolved by ana" in suite.said("why", alert)


def test_the_shift_that_has_ended_is_handed_over_also_of_a_stopped_suite(suite):
    row, = suite.lines("oncall", "override", "add", "--schedule", "safety", "--person", "flo",
                       "--until", "+12h")
    assert suite.paged("handed-over") == "flo"
    suite.said("oncall", "override", "end", row["override"])
    running = suite.lines("handover", "--schedule", "safety")
    shift, = [line for line in running if line["kind"] == "shift"]
    assert (shift["people"], shift["rang"], shift["alerts"], shift["budget"], shift["over_budget"]) \
        == (["flo"], 1, 1, 2, False)
    assert shift["until_ms"] - shift["from_ms"] < 1000 * PATIENCE_S
    assert running[0]["from_ms"] == shift["from_ms"] and running[0]["rang"] == 1
    text = suite.said("handover", "--schedule", "safety", "--budget", "0")
    assert "\nsafety    flo      " in text and " over 0 " in text
    all_shifts = [line for line in suite.lines("handover") if line["kind"] == "shift"]
    assert {line["schedule"] for line in all_shifts} == {"safety", "desk"}
    assert suite.refused("handover", "--schedule", "safty") == \
        "tocsin handover: the policy has no schedule 'safty' (did you mean 'safety'?)"
    on_call = suite.lines("oncall")
    suite.up.terminate()
    assert suite.up.wait(PATIENCE_S) == 0
    assert suite.lines("handover", "--schedule", "safety") == running
    assert suite.lines("oncall") == on_call, "whom to telephone when nothing runs"
    assert "the suite is stopped, nobody is paged" in suite.said("oncall", "--at", "+8h")


def test_without_a_suite_it_says_so(tmp_path):
    done = tocsin("oncall", "--data", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"tocsin oncall: no notifier at ipc://{tmp_path}/run/notifier.sock: " \
                          "is `tocsin up` running?\n"
