"""`tocsin policy check|apply|show|keys` as a person sees them."""
import json
import os
import pathlib
import pty
import select
import subprocess
import time

import pytest

from conftest import BIN, PATIENCE_S

SAMPLE = pathlib.Path(os.environ["TOCSIN_SOURCE"]) / "deploy/policy/sample.yaml"

ROOT = """\
policy: 1
include: regions/brazil.yaml
locked: [slas.safety]
calendars:
  always: {zone: UTC, weekly: {mon-sun: ["00:00-24:00"]}}
queues: {desk: {tier: 2}}
slas:
  safety: {calendar: always, clocks: {resolution: {targets: {default: 4h}}}}
routes:
  - included
  - {rule: all, queue: desk, sla: safety}
"""
BRAZIL = """\
overlay: {owner: latam-lead, region: [BR]}
calendars:
  brazil:
    zone: America/Sao_Paulo
    weekly: {mon-fri: ["09:00-17:00"]}
    holidays_from: brazil.ics
queues: {recife: {tier: 1}}
slas: {safety: {clocks: {resolution: {targets: {P1: TARGET}}}}}
routes: [{rule: brazil, queue: recife, sla: safety}]
"""
ICS = """\
BEGIN:VCALENDAR\r
BEGIN:VEVENT\r
SUMMARY:Tiradentes\r
DTSTART;VALUE=DATE:20260421\r
RRULE:FREQ=YEARLY\r
END:VEVENT\r
BEGIN:VEVENT\r
SUMMARY:Dia dos Namorados\r
DTSTART;VALUE=DATE:20260612\r
RRULE:FREQ=YEARLY\r
END:VEVENT\r
END:VCALENDAR\r
"""


@pytest.fixture
def files(tmp_path):
    """A policy of two files and a calendar; called with the target that the overlay sets."""
    def write(target="1h", root=ROOT):
        (tmp_path / "regions").mkdir(exist_ok=True)
        (tmp_path / "root.yaml").write_text(root)
        (tmp_path / "regions/brazil.yaml").write_text(BRAZIL.replace("TARGET", target))
        (tmp_path / "regions/brazil.ics").write_text(ICS)
        return tmp_path / "root.yaml"
    return write


# --- check ----------------------------------------------------------------------------------------

def test_check_lists_holidays_for_review_and_doubts_some(tocsin, files):
    root = files()
    done = tocsin("check", root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{root}: 2 files, 2 queues, ")
    assert "no errors, 1 warning\n" in done.stdout
    assert "Tiradentes" in done.stdout and "brazil.ics repeats without an end" in done.stdout
    assert "'Dia dos Namorados' may be observances" in done.stderr
    assert f"{root.parent}/regions/brazil.yaml:6:20: warning: " in done.stderr


def test_strict_fails_on_warnings(tocsin, files):
    assert tocsin("check", "--strict", files()).returncode == 1
    assert tocsin("check", "--strict", SAMPLE).returncode == 0


def test_an_overlay_that_loosens_what_is_locked_names_both_places(tocsin, files):
    root = files("5h")
    done = tocsin("check", root)
    assert done.returncode == 1 and done.stdout == ""
    assert "brazil.yaml:8:53: error: 'slas.safety.clocks.resolution.targets.P1' is locked" \
        in done.stderr
    assert f"hint: locked by {root}:3:10; '4h' at {root}:8:" in done.stderr


def test_json_findings_have_their_places(tocsin, files):
    lines = [json.loads(line) for line in tocsin("check", "--json", files("5h")).stdout.splitlines()]
    error = next(line for line in lines if line["what"] == "finding")
    assert (error["severity"], error["line"], error["column"]) == ("error", 8, 53)
    assert error["file"].endswith("regions/brazil.yaml")
    assert lines[-1]["what"] == "policy" and lines[-1]["good"] is False
    dates = [line for line in lines if line["what"] == "date"]
    assert {"date": "2026-04-21", "weekday": "Tue", "name": "Tiradentes", "kind": "holiday",
            "closes": True, "calendar": "brazil", "file": "regions/brazil.ics",
            "what": "date"} in dates


# --- show and keys --------------------------------------------------------------------------------

def test_origin_names_file_line_and_owner(tocsin, files):
    environment = dict(os.environ, TOCSIN_ORIGIN="tocsin.example/log")  # audit's name, elsewhere
    done = tocsin("show", "--origin", files(), env=environment)
    line = next(line for line in done.stdout.splitlines() if line.strip().startswith("P1:"))
    assert line.split()[:2] == ["P1:", "1h"]
    assert line.endswith("regions/brazil.yaml:8 (latam-lead)")


def test_what_is_shown_of_files_is_one_text_that_checks(tocsin, files, tmp_path):
    bundle = tmp_path / "bundle"
    bundle.write_text(tocsin("show", files()).stdout)
    assert bundle.read_text().startswith("%tocsin-policy 1\n%file ")
    assert tocsin("check", bundle).returncode == 0


def test_keys_say_what_may_be_written(tocsin):
    done = tocsin("keys", "calendars")
    assert "zone: ZONE  (required)" in done.stdout and "slas" not in done.stdout
    rows = [json.loads(line) for line in tocsin("keys", "--json").stdout.splitlines()]
    assert all(row["help"] and row["value"] for row in rows)
    assert tocsin("keys", "calender").returncode == 1


# --- apply ----------------------------------------------------------------------------------------

def test_apply_shows_what_changes_and_dry_run_stops_there(tocsin, up, tmp_path):
    changed = tmp_path / "changed.yaml"
    changed.write_text(SAMPLE.read_text().replace("annual_holidays: [01-26, 08-15, 10-02]",
                                                  "annual_holidays: [01-26, 08-15]"))
    done = tocsin("apply", "--data", up, "--dry-run", changed)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Changes to version ") and "india.annual_holidays" in done.stdout
    assert "in force at router" not in done.stdout


def test_files_travel_as_one_and_a_mode_applies_again(tocsin, up, files):
    root = files("30m")
    first = tocsin("apply", "--data", up, root)
    assert first.returncode == 0, first.stderr
    assert "slas\n" in first.stdout and "is in force at router, sla and notifier" in first.stdout
    assert "in force already" in tocsin("apply", "--data", up, root).stdout
    again = tocsin("apply", "--data", up, "--mode", "from-now", "--json", root)
    assert json.loads(again.stdout.splitlines()[-1])["changed"] is True
    shown = tocsin("show", "--data", up, "--origin")
    assert "regions/brazil.yaml:8 (latam-lead)" in shown.stdout
    assert tocsin("apply", "--data", up, "--mode", "later", root).returncode == 2


MEANING = {
    "new-issues": "they keep their version until they are routed again",
    "from-now": "they are routed and clocked by the new version from here on; time so far counts "
                "as it did",
    "retroactive": "they are routed and clocked as if it had been in force since each was opened",
    "report-only": "nothing changes for them; what from-now would change is recorded",
}


def tool(up, *words, **more):
    """Another command of `tocsin` on the suite, its lines of JSON."""
    done = subprocess.run([BIN / "tocsin", *words, "--data", up, "--json"], capture_output=True,
                          text=True, timeout=PATIENCE_S, **more)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def why(up, issue):
    return subprocess.run([BIN / "tocsin", "why", issue, "--data", up], text=True,
                          capture_output=True, timeout=PATIENCE_S).stdout


def target_hours(up, subject):
    row = next(row for row in tool(up, "clocks") if row["subject"] == subject)
    return row["target_ms"] / 3600e3


@pytest.mark.parametrize("mode, hours, after", [
    ("new-issues", 5, 4), ("report-only", 6, 4), ("from-now", 7, 7), ("retroactive", 8, 8),
])
def test_a_mode_says_and_does_what_it_means_for_open_issues(tocsin, up, files, mode, hours, after):
    base = ROOT.replace("locked: [slas.safety]\n", "").replace("include: regions/brazil.yaml\n", "")
    base = base.replace("  - included\n", "")
    assert tocsin("apply", "--data", up, files(root=base)).returncode == 0
    tool(up, "publish", input=json.dumps({
        "specversion": "1.0", "id": mode, "source": "mode", "type": "tocsin.issue.opened",
        "subject": mode, "data": {"channel": "email"}}))
    end = time.monotonic() + PATIENCE_S
    while all(row["subject"] != mode for row in tool(up, "clocks")) and time.monotonic() < end:
        time.sleep(0.05)
    assert target_hours(up, mode) == 4
    changed = files(root=base.replace("default: 4h", f"default: {hours}h"))
    dry = tocsin("apply", "--data", up, "--mode", mode, "--dry-run", changed)
    assert "slas\n    safety.clocks.resolution.targets.default" in dry.stdout
    assert f"concerned: {MEANING[mode]}.\n" in dry.stdout
    lines = tool(up, "policy", "apply", "--mode", mode, str(changed))
    assert [line.get("what") for line in lines] == ["changed", "issues", None]
    assert lines[1]["concerned"] >= 1
    reported = mode == "report-only"  # and the version in force stays
    assert lines[2]["report_only" if reported else "changed"] is True
    before = lines[2]["in_force" if reported else "replaced"]
    while target_hours(up, mode) != after and time.monotonic() < end:
        time.sleep(0.05)
    assert target_hours(up, mode) == after
    told = why(up, f"mode#{mode}")
    while reported and "would be recomputed by policy version" not in told and \
            time.monotonic() < end:  # it goes through the issues when it is in force already
        told = why(up, f"mode#{mode}")
    assert ("would be recomputed by policy version" in told) == reported
    started = next(row for row in tool(up, "why", f"mode#{mode}") if row.get("rule"))
    assert started["body"]["what"] == "started" and started["policy"] == before
    assert started["rule"]["policy"] == started["policy"]  # else it is not in force any more
    assert f"version {started['policy']} ({started['rule']['policy_hash'][:12]}" in told


@pytest.mark.parametrize("words, code, told", [
    (["apply"], 2, "Usage: tocsin policy apply FILE (see tocsin policy apply --help)"),
    (["apply", "--mode", "soon", "x.yaml"], 2, "there is no mode 'soon': new-issues, from-now, "),
    (["apply", "none.yaml"], 1, "none.yaml: No such file or directory"),
    (["show", "none.yaml"], 1, "none.yaml: No such file or directory"),
    (["show", "a", "b"], 2, "Usage: tocsin policy show [FILE] (see tocsin policy show --help)"),
    (["shew"], 2, "tocsin policy: there is no 'shew'\n\nUsage: tocsin policy check FILE...\n"),
])
def test_what_is_wrong_is_told(tocsin, up, words, code, told):
    done = tocsin(*words, "--data", up)
    assert (done.returncode, done.stdout) == (code, "") and told in done.stderr, done


def test_without_a_suite_it_says_so(tocsin, tmp_path):
    for words in (["apply", "--data", tmp_path, SAMPLE], ["show", "--origin", "--data", tmp_path]):
        done = tocsin(*words)
        assert done.returncode == 1 and done.stderr == (
            f"tocsin policy {words[0]}: no intake at ipc://{tmp_path}/run/intake.sock: "
            "is `tocsin up` running?\n")


def test_origins_in_json_have_their_places(tocsin, files):
    root = files()
    rows = [json.loads(line) for line in tocsin("show", "--origin", "--json", root)
            .stdout.splitlines()]
    target = next(row for row in rows if row["path"].endswith("resolution.targets.P1"))
    assert (target["value"], target["line"], target["owner"]) == ("1h", 8, "latam-lead")
    assert target["file"].endswith("regions/brazil.yaml")
    packed, = [json.loads(line) for line in tocsin("show", "--json", root).stdout.splitlines()]
    assert packed["text"] == tocsin("show", root).stdout and len(packed["hash"]) == 64


@pytest.mark.parametrize("mode", MEANING)
def test_issues_that_kept_their_version_are_compared_by_it(tocsin, up, files, mode):
    tocsin("apply", "--data", up, files("20m"))
    name = f"kept-{mode}"
    tool(up, "publish", input=json.dumps({
        "specversion": "1.0", "id": name, "source": "mode", "type": "tocsin.issue.opened",
        "subject": name, "data": {"channel": "email"}}))
    end = time.monotonic() + PATIENCE_S
    while all(row["subject"] != name for row in tool(up, "issues")) and time.monotonic() < end:
        time.sleep(0.05)
    changed = files("21m")
    assert tocsin("apply", "--data", up, changed).returncode == 0
    issues, = tool(up, "policy", "apply", "--mode", mode, "--dry-run", str(changed))
    assert issues["what"] == "issues" and issues["concerned"] >= 1


def on_a_terminal(answer, *arguments):
    """What a person sees who types `answer` when asked."""
    master, slave = pty.openpty()
    process = subprocess.Popen([BIN / "tocsin", "policy", *map(str, arguments)], stdin=slave,
                               stdout=slave, stderr=slave, env=dict(os.environ, TERM="dumb"))
    os.close(slave)
    seen, end = b"", time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if not select.select([master], [], [], 1)[0]:
            continue
        try:
            seen += os.read(master, 4096)
        except OSError:
            break
        if answer and b"[y/N] " in seen:
            os.write(master, answer.encode() + b"\n")
            answer = None
    os.close(master)
    return process.wait(PATIENCE_S), seen.decode()


def test_a_person_is_asked_on_a_terminal(tocsin, up, files):
    tocsin("apply", "--data", up, files("31m"))
    changed = files("32m")
    code, seen = on_a_terminal("n", "apply", "--data", up, changed)
    assert code == 1 and "31m -> 32m" in seen and "Nothing is applied." in seen
    code, seen = on_a_terminal("y", "apply", "--data", up, changed)
    assert code == 0 and "is in force at router, sla and notifier" in seen
    code, seen = on_a_terminal(None, "apply", "--yes", "--data", up, files("33m"))
    assert code == 0 and "[y/N]" not in seen
