"""GET /v1/issues/{ref}: how an issue stands, for its publisher and for nobody else."""
import base64
import hashlib
import hmac
import os
import signal
import subprocess
import time
from urllib.parse import quote

import pytest
import requests

from conftest import limited

STRUCTURED = "application/cloudevents+json"
count = [0]


@pytest.fixture(scope="module")
def shop(edge):
    return edge.add_token("--source", "urn:shop")


@pytest.fixture(scope="module")
def desk(edge):
    return edge.add_token("--source", "urn:desk", "--scope", "publish", "--scope", "act")


def publish(edge, token, subject, kind="issue.opened", source="urn:shop", **data):
    count[0] += 1
    body = {"specversion": "1.0", "id": "s%d" % count[0], "source": source, "subject": subject,
            "type": "tocsin." + kind, "data": data or {"channel": "in_app", "priority": "P1"}}
    answer = requests.post(edge.url + "/v1/events", json=body, timeout=60, headers={
        "Content-Type": STRUCTURED, "Authorization": "Bearer " + token})
    assert answer.status_code == 202, answer.text
    return answer.json()["issue"]


def ask(edge, token, reference, raw=False, query="", **fields):
    path = reference if raw else quote(reference, safe="")
    return requests.get(edge.url + "/v1/issues/" + path + query, timeout=60,
                        headers={"Authorization": "Bearer " + token, **fields})


def get(*words, **more):
    """The answer, once the services behind intake were in time with theirs."""
    end = time.monotonic() + 60
    while (answer := ask(*words, **more)).status_code == 503:
        assert time.monotonic() < end, answer.text
        time.sleep(0.02)
    return answer


def wait(edge, token, reference, good=lambda issue: "clocks" in issue, seconds=20, **more):
    """The answer once the services behind intake have come to the issue."""
    end = time.monotonic() + seconds
    while True:
        answer = get(edge, token, reference, **more)
        assert answer.status_code in (200, 202), answer.text
        if answer.status_code == 200 and good(answer.json()):
            return answer
        assert time.monotonic() < end, answer.text
        time.sleep(0.02)


# --- what it says --------------------------------------------------------------------------------

def test_it_says_how_the_issue_stands_and_what_is_due(edge, shop):
    issue = publish(edge, shop, "A-1")
    answer = wait(edge, shop, "A-1")
    body = answer.json()
    row = edge.wait_issue("id", issue)
    assert body["issue"] == issue and (body["source"], body["subject"]) == ("urn:shop", "A-1")
    for name in ("state", "queue", "tier", "sla", "opened_ms", "changed_ms"):
        assert body[name] == row[name], name
    assert body["priority"] == "P1"
    dues = {row["metric"]: row["due_ms"] for row in edge.lines("clocks") if row["issue"] == issue}
    assert dues and dues == {c["metric"]: c["due_ms"] for c in body["clocks"]}
    assert {c["verdict"] for c in body["clocks"]} == {"pending"}
    assert get(edge, shop, issue).json() == body, "the id names it as well"
    assert "assignee" not in body and "facts" not in body
    head = requests.head(edge.url + "/v1/issues/A-1", timeout=60,
                         headers={"Authorization": "Bearer " + shop})
    assert head.status_code == 200 and head.headers["ETag"] == answer.headers["ETag"]


def test_its_tag_changes_with_the_issue(edge, shop):
    publish(edge, shop, "A-2")
    tag = wait(edge, shop, "A-2").headers["ETag"]
    for field in (tag, "W/" + tag, '"x", ' + tag, "*"):
        same = get(edge, shop, "A-2", **{"If-None-Match": field})
        assert same.status_code == 304 and same.content == b"" and same.headers["ETag"] == tag
        assert same.headers["Cache-Control"] == "private, no-cache"
    publish(edge, shop, "A-2", "issue.message", direction="outbound")
    wait(edge, shop, "A-2",
         lambda issue: any(c["verdict"] == "met" for c in issue.get("clocks", [])))
    answer = get(edge, shop, "A-2", **{"If-None-Match": tag})
    assert answer.status_code == 200 and answer.headers["ETag"] != tag


def test_a_suggested_duplicate_is_named(edge, shop):
    words = {"title": "Parcel lost", "body": "My parcel with the blue lamp has not arrived since "
             "Monday and nobody at the depot answers the phone, where is it now?",
             "person": "ana@example.com"}
    first = publish(edge, shop, "DUP-1", channel="web", content=words)
    wait(edge, shop, "DUP-1")
    publish(edge, shop, "DUP-2", channel="web", content=words)
    said = wait(edge, shop, "DUP-2", lambda issue: "duplicate_of" in issue).json()
    assert (said["duplicate_of"], said["duplicate"]) == (first, "suggested")
    assert "duplicate_of" not in wait(edge, shop, "DUP-1").json()


def test_who_asks_at_once_is_told_that_it_is_accepted(edge, shop):
    for number in range(50):
        issue = publish(edge, shop, "B-%d" % number)
        answer = get(edge, shop, issue if number % 2 else "B-%d" % number)
        assert answer.status_code in (200, 202), answer.text
        assert answer.json()["issue"] == issue
        if answer.status_code == 202:
            assert answer.json()["state"] == "accepted" and answer.headers["Retry-After"] == "1"


def test_one_whose_opening_has_not_come_is_parked_until_the_router_opens_it(edge, shop):
    stranger = edge.add_token("--source", "urn:other")
    answer = requests.post(edge.url + "/v1/issues/PARK-1/messages", json={"text": "And now?"},
                           timeout=60, headers={"Authorization": "Bearer " + shop})
    assert answer.status_code == 202, answer.text
    issue, said = answer.json()["issue"], []
    end = time.monotonic() + 60
    while not said or said[-1] in ("accepted", "parked"):
        for reference in ("PARK-1", issue):
            answer = get(edge, shop, reference)
            assert answer.status_code == (200 if "opened_ms" in answer.json() else 202), answer.text
            assert answer.json()["issue"] == issue
            said.append(answer.json()["state"])
            if said[-1] == "parked":
                assert "waits" in answer.json()["detail"] and answer.headers["Retry-After"] == "1"
                assert get(edge, stranger, issue).status_code == 404
        assert time.monotonic() < end, said
        time.sleep(0.2)
    assert "parked" in said and said[-1] == "new"


# --- to whom -------------------------------------------------------------------------------------

def test_others_learn_nothing(edge, shop, desk):
    stranger = edge.add_token("--source", "urn:stranger")
    issue = publish(edge, shop, "C-1")
    wait(edge, shop, issue)
    unknown = get(edge, stranger, "f" * 32)
    assert unknown.status_code == 404
    for reference, query in ((issue, ""), ("C-1", ""), ("C-1", "?source=urn:shop")):
        answer = get(edge, stranger, reference, query=query)
        assert (answer.status_code, answer.content) == (404, unknown.content)
    assert get(edge, desk, issue).json()["issue"] == issue, "whoever may act sees it by its id"
    assert get(edge, desk, "C-1", query="?source=urn%3Ashop").json()["issue"] == issue
    assert requests.get(edge.url + "/v1/issues/C-1", timeout=60).status_code == 401


def test_a_source_below_the_tokens_is_named(edge, shop):
    issue = publish(edge, shop, "ü/1 %", source="urn:shop:eu")
    wait(edge, shop, "ü/1 %", query="?x=1&source=urn:shop:eu")
    assert get(edge, shop, issue).json()["subject"] == "ü/1 %"
    assert get(edge, shop, "ü/1 %").status_code == 404


def granted(secret, source):
    """As services/intake/README.md says that grants are made."""
    text = ".".join(["toc1", secret.split("_")[1], str(int(time.time()) + 60),
                     base64.urlsafe_b64encode(source.encode()).decode().rstrip("=")])
    key = hashlib.sha256(b"grant:" + secret.encode()).digest()
    return text + "." + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def test_a_grant_shows_the_issues_of_the_one_it_was_made_for(edge):
    secret = edge.add_token("--source", "urn:app", "--scope", "grant")
    mine, other = (granted(secret, "urn:app/u-%d" % number) for number in (1, 2))
    issue = publish(edge, mine, "A", source="urn:app/u-1")
    assert wait(edge, mine, "A").json()["issue"] == issue
    for shown, reference in ((other, "A"), (other, issue), (mine, "B")):
        assert get(edge, shown, reference).status_code == 404
    assert get(edge, other, "A", query="?source=urn:app/u-1").status_code == 404
    assert get(edge, granted(secret, "urn:app"), issue).status_code == 403, "for all of them"
    assert get(edge, secret, issue).status_code == 403, "the token itself shows nothing"


def test_a_subject_may_look_like_an_id(edge, shop):
    issue = publish(edge, shop, "0" * 32)
    assert wait(edge, shop, "0" * 32).json()["issue"] == issue


@pytest.mark.parametrize("reference", [
    "%00", "%zz", "%", "%f", "a" * 201, "a" * 3000, "%ff%fe", "..", "%2e%2e", "A-1%00", "'%20or%201",
    "%c0%af", "nobody", "0" * 31, "g" * 32])
def test_hostile_references_are_of_no_issue(edge, shop, reference):
    assert get(edge, shop, reference, raw=True).status_code == 404


def test_questions_count_against_the_rate(edge):
    token = edge.add_token("--source", "urn:slow", "--rate", "2")
    assert get(edge, token, "x").status_code == 404
    assert 429 in [answer.status_code for answer in limited(lambda _: ask(edge, token, "x"))]


# --- services that are away ----------------------------------------------------------------------

@pytest.mark.parametrize("service", ["router", "sla"])
def test_a_dead_service_is_503_and_then_back(edge, shop, service):
    publish(edge, shop, "D-" + service)
    wait(edge, shop, "D-" + service)
    pid = edge.pid(service)
    os.kill(pid, signal.SIGSTOP)
    answer = ask(edge, shop, "D-" + service)
    assert answer.status_code == 503 and answer.headers["Retry-After"], answer.text
    os.kill(pid, signal.SIGKILL)
    assert get(edge, shop, "D-" + service).status_code == 200


def test_publishing_goes_on_while_the_router_is_slow(edge, shop):
    pid = edge.pid("router")
    os.kill(pid, signal.SIGSTOP)
    try:
        slow = [subprocess.Popen(
            ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", edge.url + "/v1/issues/E-1",
             "-H", "Authorization: Bearer " + shop], stdout=subprocess.PIPE, text=True)
                for _ in range(40)]
        publish(edge, shop, "E-0")
        assert any(done.poll() is None for done in slow), "it waited for them"
        for number in range(1, 20):
            publish(edge, shop, "E-%d" % number)
        assert {done.communicate(timeout=60)[0] for done in slow} == {"503"}
    finally:
        os.kill(pid, signal.SIGCONT)
    wait(edge, shop, "E-1")
