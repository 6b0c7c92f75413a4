"""A flood goes into the quarantine and everybody else comes in; a person decides, and once."""
import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import threading
import time
import urllib.request

import pytest
import requests

from conftest import Edge
from ports import free_port

LIMIT = 5
count = [0]


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    metrics = free_port(6)  # one for each service
    os.environ["TOCSIN_QUARANTINE_ALARM"] = "2s"
    edge = Edge(str(tmp_path_factory.mktemp("edge")), "--quota=requester=%d/10h" % LIMIT,
                "--quota=device=3/10h", "--metrics-base=%d" % metrics)
    del os.environ["TOCSIN_QUARANTINE_ALARM"]
    edge.metrics = metrics
    yield edge
    if edge.up.poll() is None:
        edge.stop()


def opened(requester, subject=None, **data):
    count[0] += 1
    return {"specversion": "1.0", "id": "q%d" % count[0], "source": "demo",
            "type": "tocsin.issue.opened", "subject": subject or "Q-%d" % count[0],
            "data": {"channel": "in_app", "requester": requester, **data}}


def message(subject, direction="inbound"):
    count[0] += 1
    return {"specversion": "1.0", "id": "q%d" % count[0], "source": "demo",
            "type": "tocsin.issue.message", "subject": subject, "data": {"direction": direction}}


def post(edge, body, token=None):
    answer = requests.post(edge.url + "/v1/events", data=json.dumps(body), timeout=120, headers={
        "Content-Type": "application/cloudevents+json",
        "Authorization": "Bearer " + (token or edge.token)})
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


def flood(edge, requester, number):
    """So many openings of one requester; those beyond the limit, with their receipts."""
    events = [opened(requester) for _ in range(number)]
    receipts = [post(edge, event) for event in events]
    assert [receipt.get("held", False) for receipt in receipts] == \
        [at >= LIMIT for at in range(number)]
    return list(zip(events, receipts))[LIMIT:]


def held(edge):
    return edge.lines("quarantine", "list")


def records(edge, **wanted):
    rows = edge.lines("tail", "intake")
    return [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]


def ids_accepted(edge, events):
    """How often each event is in intake's log as accepted."""
    rows = [row["body"]["id"] for row in records(edge, type="event_accepted")]
    return [rows.count(event["id"]) for event in events]



def logged(edge):
    with open(os.path.join(edge.data, "run", "intake.log"), encoding="utf-8") as log:
        return log.read()


def wait_logged(edge, text):
    end = time.monotonic() + 60
    while text not in logged(edge):
        assert time.monotonic() < end, "not in intake's log: " + text
        time.sleep(0.1)


def clear(edge):
    if held(edge):
        edge.tocsin("quarantine", "reject", "--all", "--why", "over")


# --- the flood ------------------------------------------------------------------------------------

def test_a_flood_of_one_is_held_and_others_come_in(edge):
    clear(edge)
    beyond = flood(edge, "mallory", 12)
    receipt = beyond[0][1]
    assert receipt["duplicate"] is False and "quarantine" in receipt["detail"]
    other = opened("ana")
    assert "held" not in post(edge, other)
    edge.wait_issue("subject", other["subject"])
    subjects = {row["subject"] for row in edge.lines("issues", "--all", "--limit", "0")}
    assert not subjects & {event["subject"] for event, _ in beyond}
    rows = held(edge)
    assert [row["id"] for row in rows] == [event["id"] for event, _ in beyond]
    assert {row["reason"] for row in rows} == {"requester"}
    assert "7 held: requester 7" in edge.tocsin("quarantine", "list")


def test_its_status_says_that_it_is_held(edge):
    clear(edge)
    event, receipt = flood(edge, "trudy", LIMIT + 1)[0]

    def status(reference, token):
        return requests.get(edge.url + "/v1/issues/" + reference, timeout=60,
                            headers={"Authorization": "Bearer " + token})
    for reference in (receipt["issue"], event["subject"]):
        answer = status(reference, edge.token)
        assert (answer.status_code, answer.json()["state"]) == (202, "held"), answer.text
    assert status(receipt["issue"], edge.add_token("--source", "urn:other")).status_code == 404
    clear(edge)
    assert status(receipt["issue"], edge.token).status_code == 404


def test_a_repeat_stays_what_it_was(edge):
    clear(edge)
    event, receipt = flood(edge, "repeater", LIMIT + 1)[0]
    again = post(edge, event)
    assert again["duplicate"] and again["held"] and again["seq"] == receipt["seq"]
    assert len(held(edge)) == 1


def test_a_report_on_a_minors_safety_passes_in_the_midst_of_it(edge):
    clear(edge)
    flood(edge, "eve", LIMIT + 3)
    report = opened("eve", category="minor_safety")
    assert "held" not in post(edge, report)
    assert "held" not in post(edge, opened("eve", risk="critical"))
    assert "held" not in post(edge, message(report["subject"]))
    edge.wait_issue("subject", report["subject"])
    assert post(edge, opened("eve"))["held"]


def test_it_is_the_text_that_tells_and_the_person_that_is_counted(edge):
    clear(edge)

    def report(text):
        body = opened("")
        body["data"] = {"channel": "web", "content": {"person": "grace@example.com", "body": text}}
        return body

    said = [post(edge, report("Please refund order %d" % at)).get("held", False)
            for at in range(LIMIT + 2)]
    assert said == [False] * LIMIT + [True] * 2
    urgent = report("A man keeps messaging my 12 year old daughter and asks for naked pictures")
    assert "held" not in post(edge, urgent)
    edge.wait_issue("subject", urgent["subject"])
    assert {row["reason"] for row in held(edge)} == {"requester"}
    late = held(edge)[0]
    edge.tocsin("quarantine", "release", late["source"], late["id"])
    edge.wait_issue("subject", late["subject"])


def test_a_device_counts_whoever_uses_it(edge):
    clear(edge)
    said = [post(edge, {**opened("person-%d" % at), "tocsindevice": "phone-7"}).get("held", False)
            for at in range(5)]
    assert said == [False, False, False, True, True]
    assert {row["reason"] for row in held(edge)} == {"device"}


# --- decisions ------------------------------------------------------------------------------------

def test_a_release_brings_everything_in_exactly_once(edge):
    clear(edge)
    beyond = [event for event, _ in flood(edge, "bob", LIMIT + 6)]
    follow = message(beyond[0]["subject"])
    assert post(edge, follow)["held"]
    assert ids_accepted(edge, beyond + [follow]) == [0] * 7
    edge.kill("intake")
    assert len(held(edge)) == 7
    assert edge.tocsin("quarantine", "release", "--all", "--by", "ana").startswith("released; 0 ")
    edge.kill("intake")
    assert held(edge) == []
    assert ids_accepted(edge, beyond + [follow]) == [1] * 7
    for event in beyond:
        edge.wait_issue("subject", event["subject"])
        again = post(edge, event)
        assert again["duplicate"] and "held" not in again
    assert ids_accepted(edge, beyond + [follow]) == [1] * 7
    stubs = [row for row in edge.lines("issues", "--all", "--limit", "0") if row["stub"]]
    assert stubs == []
    assert "nothing of that is held" in edge.tocsin("quarantine", "release", "--all", code=1)


def test_an_event_an_issue_and_a_reason_are_decided_by_themselves(edge):
    clear(edge)
    one, two, three, four = [event for event, _ in flood(edge, "carol", LIMIT + 4)]
    edge.tocsin("quarantine", "release", "demo", one["id"])
    edge.tocsin("quarantine", "release", "--issue", "demo#" + two["subject"])
    assert [row["id"] for row in held(edge)] == [three["id"], four["id"]]
    edge.tocsin("quarantine", "reject", "demo", three["id"], "--why", "spam")
    assert "nothing" in edge.tocsin("quarantine", "release", "--all", "--reason", "network", code=1)
    assert "nothing" in edge.tocsin("quarantine", "release", "demo", three["id"], code=1)
    edge.tocsin("quarantine", "release", "--all", "--reason", "requester")
    assert ids_accepted(edge, [one, two, three, four]) == [1, 1, 0, 1]
    rejected = records(edge, type="event_accepted")
    decision = [row["body"]["quarantine_decision"] for row in rejected
                if row["body"]["type"] == "tocsin.quarantine.rejected"][-1]
    assert decision == {"event_source": "demo", "event_id": three["id"], "by": "tester",
                        "reason": "spam"}


def test_what_was_released_tells_when_it_came(edge):
    clear(edge)
    event, receipt = flood(edge, "dave", LIMIT + 1)[0]
    before = records(edge, seq=receipt["seq"])[0]
    assert before["type"] == "event_held" and before["body"]["quarantine"] == "requester"
    told = edge.tocsin("why", "demo#" + event["subject"], code=1)
    assert "it is in the quarantine since" in told and "(requester)" in told
    edge.tocsin("quarantine", "release", "demo", event["id"])
    edge.wait_issue("subject", event["subject"])
    assert "was in the quarantine since" in edge.tocsin("why", "demo#" + event["subject"])
    after = [row for row in records(edge, type="event_accepted")
             if row["body"]["id"] == event["id"]]
    assert after[0]["held_seq"] == receipt["seq"] and after[0]["held_ms"] == before["at_ms"]
    # For a second after a restart stamps stand still: time was promised ahead of it.
    assert after[0]["at_ms"] >= before["at_ms"] and after[0]["issue"] == before["issue"]


def test_whoever_decides_says_about_what(edge):
    for words in (["release"], ["release", "demo"], ["release", "--all", "--issue", "demo#x"],
                  ["reject", "demo", "e1"], ["release", "demo", "e1", "--reason", "network"]):
        assert edge.tocsin("quarantine", *words, code=2)


def test_status_shows_what_waits(edge):
    clear(edge)
    flood(edge, "frank", LIMIT + 2)
    row = [row for row in edge.lines("status") if row["service"] == "intake"][0]
    assert row["held"] == "2" and row["held_ms"] > 0
    told = edge.tocsin("status")
    assert "2 held in intake's quarantine" in told and told.endswith("tocsin quarantine list\n")
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % edge.metrics, timeout=60) as page:
        answer = page.read().decode()
    assert "\ntocsin_held_events 2\n" in answer
    assert float(re.search(r"\ntocsin_held_oldest_age_seconds (\S+)", answer).group(1)) > 0
    assert "\ntocsin_exempt_over_quota_total %s\n" % row["exempt_over"] in answer
    assert "\ntocsin_exempt_held_total 0\n" in answer
    clear(edge)
    row = [row for row in edge.lines("status") if row["service"] == "intake"][0]
    assert row["held"] == "0"


def test_whatever_waits_too_long_is_an_alarm(edge):
    clear(edge)
    flood(edge, "heidi", LIMIT + 1)
    wait_logged(edge, "level=alarm service=intake event=quarantine_waits held=1")


# --- kill -9 --------------------------------------------------------------------------------------

def post_until_answered(edge, body):
    """As a publisher does who does not know what became of it."""
    end = time.monotonic() + 120
    while True:
        try:
            return post(edge, body)
        except requests.exceptions.ConnectionError:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_whatever_is_killed_when_all_comes_in_once(edge):
    clear(edge)
    events = [opened("ivan", risk="low") for _ in range(90)]
    receipts, over = {}, threading.Event()

    def flood_on():
        for event in events:
            receipts[event["id"]] = post_until_answered(edge, event)
            time.sleep(0.02)  # so that it is killed in the midst of it

    def release_on():
        while not over.is_set():
            subprocess.run([os.path.join(os.environ["TOCSIN_BIN"], "tocsin"), "quarantine",
                            "release", "--all", "--by", "ana", "--data", edge.data],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    threads = [threading.Thread(target=flood_on), threading.Thread(target=release_on)]
    for thread in threads:
        thread.start()
    while threads[0].is_alive():
        enough = len(receipts) + 3 * LIMIT  # a restart forgets what was counted
        while threads[0].is_alive() and len(receipts) < enough:
            time.sleep(0.02)
        edge.kill("intake")
    threads[0].join()
    over.set()
    threads[1].join()
    if held(edge):
        edge.tocsin("quarantine", "release", "--all")
    assert len(receipts) == len(events)
    assert any(receipt.get("held") for receipt in receipts.values())
    assert ids_accepted(edge, events) == [1] * len(events)
    kept = [row["body"]["id"] for row in records(edge, type="event_held")]
    assert all(kept.count(event["id"]) <= 1 for event in events)
    for event in events:
        assert post(edge, event)["duplicate"]


# --- on the bus -----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    bus = Edge(str(tmp_path_factory.mktemp("bus")), "--quota=source=3/10h", "--quota=network=5/10h")
    yield bus
    bus.stop()


def grant(secret, source):
    end = str(int(time.time()) + 600)
    text = ".".join(["toc1", secret.split("_")[1], end,
                     base64.urlsafe_b64encode(source.encode()).decode().rstrip("=")])
    key = hashlib.sha256(b"grant:" + secret.encode()).digest()
    return text + "." + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def test_where_people_come_from_counts_and_where_servers_are_does_not(bus):
    """Each person has a source of its own here, so that the network alone can be too much."""
    secret = bus.add_token("--source", "urn:app", "--scope", "grant", "--scope", "publish")
    said = []
    for at in range(8):
        source = "urn:app/u-%d" % at
        body = {**opened("person-%d" % at), "source": source}
        said.append(post(bus, body, grant(secret, source)).get("held", False))
    assert said == [False] * 5 + [True] * 3
    for at in range(8):
        body = {**opened("person-%d" % at), "source": "urn:app/u-%d" % at}
        assert "held" not in post(bus, body, secret)
    assert {row["reason"] for row in held(bus)} == {"network"}
    clear(bus)


def test_a_flood_of_what_must_not_wait_is_told_and_by_grants_held_in_the_end(bus):
    secret = bus.add_token("--source", "urn:page", "--scope", "grant", "--scope", "publish")
    shown, said, begun = grant(secret, "urn:page/all"), [], time.monotonic()
    for at in range(30):
        body = {**opened("person-%d" % at, category="minor_safety"), "source": "urn:page/all"}
        while True:  # a grant has a rate as well
            answer = requests.post(bus.url + "/v1/events", json=body, timeout=60, headers={
                "Content-Type": "application/cloudevents+json", "Authorization": "Bearer " + shown})
            if answer.status_code != 429:
                break
            time.sleep(0.1)
        assert answer.status_code == 202, answer.text
        said.append(answer.json().get("held", False))
    # Of the five of the limit the test before this one took what it could.
    assert said == [False] * 15 + [True] * 15 or said == [False] * 20 + [True] * 10
    assert {row["reason"] for row in held(bus)} == {"exempt_flood"}
    body = {**opened("person-0", category="minor_safety"), "source": "urn:page/all"}
    assert "held" not in post(bus, body, secret), "whoever keeps a token passes on"
    row = [row for row in bus.lines("status") if row["service"] == "intake"][0]
    assert int(row["exempt_over"]) >= 15 and row["exempt_held"] == str(said.count(True))
    assert "exempt events came in over a quota" in bus.tocsin("status")
    # These do not wait a day.
    wait_logged(bus, "level=alarm service=intake event=quarantine_waits")
    alarms = [line for line in logged(bus).splitlines() if "event=exempt_over_quota" in line]
    assert 1 <= len(alarms) <= 1 + (time.monotonic() - begun) / 60, "once a minute"
    assert 'source="urn:page/all"' in alarms[0]
    clear(bus)


def publish(edge, events):
    done = subprocess.run(
        [os.path.join(os.environ["TOCSIN_BIN"], "tocsin"), "publish", "--json",
         "--data", edge.data],
        input="".join(json.dumps(event) + "\n" for event in events), text=True,
        stdout=subprocess.PIPE, check=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_source_on_the_bus_has_a_limit_when_it_is_given_one(bus):
    events = [{**opened("anybody"), "source": "urn:bus"} for _ in range(5)]
    receipts = publish(bus, events)
    assert [receipt.get("held", False) for receipt in receipts] == [False] * 3 + [True] * 2
    assert "quarantine" in receipts[-1]["detail"]
    urgent = {**opened("anybody", category="account_theft"), "source": "urn:bus"}
    other = {**opened("anybody"), "source": "urn:other"}
    done = {**message(events[0]["subject"], "outbound"), "source": "urn:bus"}
    assert not any("held" in receipt for receipt in publish(bus, [urgent, other, done]))
    assert {row["reason"] for row in held(bus)} == {"source"}
    assert [receipt["held"] for receipt in publish(bus, events[3:])] == [True, True]
    bus.tocsin("quarantine", "release", "--all")
    assert ids_accepted(bus, events) == [1] * 5
