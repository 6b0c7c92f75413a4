"""What people wrote goes into the vault and nowhere else, and comes back for whoever may read it."""
import csv
import glob
import io
import os
import re
import subprocess
import threading
import time

import conftest
import pytest
import requests

SOURCE = os.environ["TOCSIN_SOURCE"]
DATA = os.environ.get("TOCSIN_TEST_DATA", os.path.join(SOURCE, "..", "shared", "data"))
WINDOW = 4  # words in a row that say where a text came from


def opened(number, body, source="demo", **content):
    return {"specversion": "1.0", "id": "open-%s" % number, "source": source,
            "type": "tocsin.issue.opened", "subject": "T-%s" % number,
            "data": {"channel": "web", "content": {"body": body, **content}}}


def message(number, body, source="demo", **content):
    return {"specversion": "1.0", "id": "said-%s" % number, "source": source,
            "type": "tocsin.issue.message", "subject": "T-%s" % number,
            "data": {"direction": "inbound", "content": {"body": body, **content}}}


def post(suite, event, query=""):
    return requests.post("http://127.0.0.1:%d/v1/events%s" % (suite.port, query), json=event,
                         headers={"Authorization": "Bearer " + suite.token,
                                  "Content-Type": "application/cloudevents+json"}, timeout=60)


# --- one event ------------------------------------------------------------------------------------

def test_what_is_posted_is_sealed_and_read_again(suite):
    body = "Guten Tag,\nich möchte mein Geld zurück. 4111 1111 1111 1111"
    event = opened(1, body, person="Ana@Example.com", title="Rückgabe", phone="+49 30 901820")
    assert post(suite, event).status_code == 202
    assert post(suite, event).status_code == 200  # a repeat
    other = opened(1, body + "!", person="Ana@Example.com", title="Rückgabe", phone="+49 30 901820")
    assert post(suite, other).status_code == 409
    assert post(suite, message(1, "Hallo?", person="ana@example.com")).status_code == 202
    suite.wait_drained()
    parts = suite.read("demo#T-1")
    assert [(part["class"], part["name"], part["text"]) for part in parts] == [
        ("title", "", "Rückgabe"), ("body", "", body), ("contact", "phone", "+49 30 901820"),
        ("body", "", "Hallo?")]
    first, second = [row for row in suite.lines("tail", "intake", "--from", "1", "--until-head")
                     if row.get("type") == "event_accepted" and row["body"].get("content")]
    assert first["body"]["pseudonym"] == second["body"]["pseudonym"]
    assert first["body"]["issue_opened"]["requester"] == first["body"]["pseudonym"]
    facts = {fact["name"]: fact["value"] for fact in first["body"]["facts"]}
    assert facts["language"] == "de" and facts["card"] == "1"
    reads = [row["body"]["content_read"] for row in
             suite.lines("tail", "intake", "--from", "1", "--until-head")
             if row["body"].get("type") == "tocsin.content.read"]
    assert [(read["by"], read["purpose"]) for read in reads] == [("tester", "a test")]


def test_repeats_stay_repeats_over_a_restart(suite):
    event = opened(1, "The parcel never came.", person="ana@example.com")
    assert post(suite, event).status_code == 202
    suite.stop()
    suite.start()
    assert post(suite, event).status_code == 200
    assert [part["text"] for part in suite.read("demo#T-1")] == ["The parcel never came."]


def test_nobody_reads_without_saying_why(suite):
    suite.publish([opened(1, "x")])
    assert "--purpose" in suite.tocsin("content", "get", "demo#T-1", "--by", "me", code=2)
    assert "no issue" in suite.tocsin("content", "get", "0123456789", "--by", "me", "--purpose", "p",
                                      code=1)
    assert "nothing was written" in suite.tocsin("content", "get", "demo#T-2", "--by", "me",
                                                 "--purpose", "p", code=1)


def test_a_dry_run_finds_facts_and_seals_nothing(suite):
    answer = post(suite, opened(1, "I want to kill myself"), "?dry_run=1")
    assert answer.status_code == 200, answer.text
    assert "self-harm-found" in answer.text
    assert "kill" not in answer.text
    assert "nothing was written" in suite.tocsin("content", "get", "demo#T-1", "--by", "me",
                                                 "--purpose", "p", code=1)


def test_large_texts_go_over_the_bus_whole(suite):
    texts = ["%d " % number + "größer " * 7000 for number in range(20)]
    receipts = suite.publish([opened(number, text) for number, text in enumerate(texts)])
    assert [receipt["duplicate"] for receipt in receipts] == [False] * 20
    suite.wait_drained()
    for number, text in enumerate(texts):
        assert [part["text"] for part in suite.read("demo#T-%d" % number)] == [text]


def test_what_is_held_back_is_read_before_and_after_it_is_released(tmp_path, request):
    suite = conftest.Suite(str(tmp_path), "--quota=requester=2/10h")
    request.addfinalizer(suite.stop)
    for number in range(3):
        event = opened(number, "Text %d" % number)
        event["data"]["requester"] = "u-1"
        assert post(suite, event).status_code == 202
    suite.wait_drained()
    assert [part["text"] for part in suite.read("demo#T-2")] == ["Text 2"]
    suite.tocsin("quarantine", "release", "demo", "open-2", "--by", "me")
    suite.wait_drained()
    assert [part["text"] for part in suite.read("demo#T-2")] == ["Text 2"]
    token = suite.tocsin("token", "add", "--source", "demo", "--scope", "read", "--by",
                         "me").strip()
    answer = requests.get("http://127.0.0.1:%d/v1/issues/T-2/content?purpose=p" % suite.port,
                          headers={"Authorization": "Bearer " + token}, timeout=60)
    assert [text["text"] for text in answer.json()["texts"]] == ["Text 2"]


IMPORT_MAP = """
import: 1
source: demo
time: {format: "%Y-%m-%d %H:%M:%S", zone: UTC}
subject: ${number}
events:
  - type: tocsin.issue.opened
    id: ${number}/opened
    at: ${at}
    data: {channel: email}
    content: {person: "${caller}", title: "${short}", body: "${text}"}
"""


def test_an_imported_text_is_sealed_like_any_other(suite, tmp_path):
    (tmp_path / "map.yaml").write_text(IMPORT_MAP, encoding="utf-8")
    (tmp_path / "export.csv").write_text(
        'number,at,caller,short,text\nT-1,%s,ana@example.com,Nothing works,"Hello,\n%s"\n' %
        (time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()), "größer " * 7000), encoding="utf-8")
    # TOCSIN_SOURCE, where the tests' files are, would be the source of the events.
    words = ["import", "--map", str(tmp_path / "map.yaml"), str(tmp_path / "export.csv"),
             "--source", "demo"]
    dry = suite.tocsin(*words, "--dry-run")
    assert suite.lines(*words)[0]["accepted"] == 1
    assert [receipt["duplicate"] for receipt in suite.lines("publish", text=dry)] == [True]
    suite.wait_drained()
    assert [(part["class"], part["text"]) for part in suite.read("demo#T-1")] == [
        ("title", "Nothing works"), ("body", "Hello,\n" + "größer " * 7000)]
    log = suite.tocsin("tail", "intake", "--from", "1", "--until-head", "--json")
    assert "Nothing works" not in log and "ana@" not in log


# --- nothing anywhere else --------------------------------------------------------------------------

def narratives():
    paths = glob.glob(os.path.join(DATA, "cfpb_narratives", "*.csv.zst"))
    if not paths:
        pytest.skip("no cfpb_narratives in " + DATA)
    text = subprocess.run(["zstdcat", paths[0]], check=True, stdout=subprocess.PIPE).stdout.decode()
    csv.field_size_limit(1 << 24)
    return [row["narrative"] for row in csv.DictReader(io.StringIO(text))]


def windows_of(text):
    """Every few words in a row of a text, or of the printable bytes of a file."""
    words = re.findall(r"[a-z0-9]+", text.lower())
    for at in range(len(words) - WINDOW + 1):
        window = " ".join(words[at:at + WINDOW])
        if len(window) >= 16:
            yield window


def files_below(directory):
    for where, _, names in os.walk(directory):
        for name in names:
            if os.path.isfile(os.path.join(where, name)):
                yield os.path.join(where, name)


def found_in(path, known):
    with open(path, "rb") as file:
        data = file.read()
    for run in re.findall(rb"[\x09\x0a\x0d\x20-\x7e]{12,}", data):
        for window in windows_of(run.decode()):
            if window in known:
                return window
    return None


def test_no_text_of_any_narrative_is_anywhere_but_sealed(suite, tmp_path):
    texts = narratives()
    known = {window for text in texts for window in windows_of(text)}
    assert len(known) > 100000
    events = []
    for number, text in enumerate(texts):
        events.append(opened(number, text, person="person-%d@example.com" % (number % 700)))
        events.append(message(number, text[::-1], person="person-%d@example.com" % (number % 700)))
    receipts = suite.publish(events)
    assert len(receipts) == len(events)
    suite.wait_drained()
    tails = tmp_path / "tails"
    tails.mkdir()
    for service in "intake", "router", "sla", "notifier", "audit":
        (tails / service).write_text(
            suite.tocsin("tail", service, "--from", "1", "--until-head", "--json"))
    for number in 0, 700, len(texts) - 1:  # it is all there
        assert texts[number] in [part["text"] for part in suite.read("demo#T-%d" % number)]
    suite.stop()
    paths = list(files_below(str(tmp_path)))
    assert any(path.endswith("vault/env/data.mdb") for path in paths)
    assert os.path.getsize(os.path.join(suite.data, "intake", "vault", "env", "data.mdb")) > \
        sum(map(len, texts))
    (tmp_path / "plain").write_text("\0\1" + texts[5] + "\0")
    assert found_in(str(tmp_path / "plain"), known)  # the scan finds what is there
    leaks = {path: found_in(path, known) for path in paths if "facts-" not in path}
    assert {path: window for path, window in leaks.items() if window} == {}
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        assert b"person-7@example" not in data, path


# --- kill -9 ----------------------------------------------------------------------------------------

def test_killed_again_and_again_it_has_every_text_that_it_acknowledged(suite):
    suite.publish([opened("first", "The detectors are open now.")])
    events = [opened(number, "Text %d, %s" % (number, "x" * (number % 900)),
                     person="p%d@example.com" % number) for number in range(12000)]
    receipts = []
    worker = threading.Thread(target=lambda: receipts.extend(suite.publish(events)))
    worker.start()
    kills = 0
    while worker.is_alive() and kills < 6:
        time.sleep(0.3)
        kills += suite.kill("intake")  # which waits until it answers
    worker.join()
    assert kills >= 2 and len(receipts) == len(events)
    suite.wait_drained()
    for number in range(0, 12000, 197):
        parts = suite.read("demo#T-%d" % number)
        assert [part["text"] for part in parts] == [events[number]["data"]["content"]["body"]]
        assert parts[0]["state"] == "there"
