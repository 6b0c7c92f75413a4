"""?dry_run=1 and `publish --dry-run`: what would become of an event, without any effect."""
import json
import os
import signal
import subprocess
import time

import pytest
import requests

from conftest import limited

STRUCTURED = "application/cloudevents+json"


def event(number, kind="issue.opened", **data):
    return {"specversion": "1.0", "id": "dry-%s" % number, "source": "demo",
            "subject": "DRY-%s" % number, "type": "tocsin." + kind,
            "data": data or {"channel": "in_app", "category": "self_harm"}}


def ask(edge, body, query="?dry_run=1", content_type=STRUCTURED, token=None):
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return requests.post(edge.url + "/v1/events" + query, data=text, timeout=60, headers={
        "Content-Type": content_type, "Authorization": "Bearer " + (token or edge.token)})


def post(*words, **more):
    """The answer, once the process that rehearses is there and was in time."""
    end = time.monotonic() + 60
    while (answer := ask(*words, **more)).status_code == 503:
        assert time.monotonic() < end, answer.text
        time.sleep(0.05)
    return answer


def dry(edge, body):
    answer = post(edge, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_it_tells_route_clocks_and_pages_and_nothing_happens(edge):
    dry(edge, event("warm"))
    before = edge.wait_settled()
    begun = int(time.time() * 1000)
    told = dry(edge, event(1))
    assert told["dry_run"] is True and "refused" not in told and "as_new" not in told
    assert abs(told["at_ms"] - begun) < 60000
    assert told["triage"]["rule"] == "danger-to-life" and told["triage"]["risk"] == "critical"
    assert told["route"]["queue"] and told["route"]["sla"] and told["route"]["rule"]
    assert told["route"]["tried"][0]["rule"] and told["route"]["tried"][0]["why_not"]
    dues = [clock["due_ms"] for clock in told["clocks"]]
    assert dues and all(due > told["at_ms"] for due in dues)
    pages = told["pages"]
    assert pages and [page["at_ms"] for page in pages] == sorted(page["at_ms"] for page in pages)
    assert all(page["who"] and page["path"] and page["rule"] for page in pages)
    assert told["until_ms"] >= max(dues) and told["cut"] is False
    assert edge.wait_settled() == before


def test_what_it_tells_comes_true(edge):
    told = dry(edge, event(2))
    assert post(edge, event(2), "").status_code == 202, "the id was not used up"
    row = edge.wait_issue("subject", "DRY-2")
    assert (row["queue"], row["sla"], row["path"]) == (
        told["route"]["queue"], told["route"]["sla"], told["route"]["path"])
    clocks = {c["metric"]: c["due_ms"] - row["opened_ms"] for c in edge.lines("clocks")
              if c["subject"] == "DRY-2"}
    for clock in told["clocks"]:
        assert abs(clock["due_ms"] - told["at_ms"] - clocks[clock["metric"]]) <= 60000


def test_an_event_about_an_issue_is_judged_as_if_that_were_new(edge):
    told = dry(edge, event(3, "issue.message", direction="outbound"))
    assert told["as_new"] is True
    assert {c["state"] for c in told["clocks"] if c["metric"] == "first_reply"} == {"met"}


def test_what_would_be_refused_is_told(edge):
    told = dry(edge, event(4, "issue.message", direction="inbound") | {"subject": "x" * 201})
    assert "subject" in told["refused"] and "route" not in told


@pytest.mark.parametrize("body,content_type,status", [
    ("{", STRUCTURED, 400), ([event(5), event(6)], "application/cloudevents-batch+json", 400),
    ([], "application/cloudevents-batch+json", 200), ("x", "text/plain", 415),
    (event(7) | {"source": "urn:other"}, STRUCTURED, 403)])
def test_what_is_no_event_is_refused_as_ever(edge, body, content_type, status):
    assert post(edge, body, content_type=content_type).status_code == status


def test_a_batch_of_one_is_one(edge):
    answer = post(edge, [event(8)], content_type="application/cloudevents-batch+json")
    assert answer.status_code == 200 and answer.json()["id"] == "dry-8"


def test_plain_json_can_be_tried_as_well(edge):
    dry(edge, event("plain"))
    for path, members in (("/v1/issues", {"category": "self_harm", "title": "x", "text": "y"}),
                          ("/v1/issues/DRY-77/messages", {"text": "still broken"})):
        end = time.monotonic() + 60
        while (answer := requests.post(
                edge.url + path + "?dry_run=1", timeout=60, json=members,
                headers={"Authorization": "Bearer " + edge.token})).status_code == 503:
            assert time.monotonic() < end, answer.text
        assert answer.status_code == 200, answer.text
        assert answer.json()["route"]["queue"], answer.text
        assert answer.json().get("as_new", False) is ("messages" in path)


@pytest.mark.parametrize("value,status", [
    ("TRUE", 200), ("true", 200), ("False", 202), ("FALSE", 202), ("0", 202),
    ("", 400), ("no", 400), ("off", 400), ("yes", 400), ("2", 400)])
def test_only_yes_and_no_are_an_answer_to_whether_it_is_one(edge, value, status):
    """Nobody believes to have published what was only tried, nor the other way round."""
    answer = post(edge, event("said-" + value), "?dry_run=" + value)
    assert answer.status_code == status, answer.text
    if status == 400:
        assert answer.json()["field"] == "dry_run"
    else:
        assert ("dry_run" in answer.json()) is (value.lower() == "true")


def test_dry_runs_count_against_the_rate(edge):
    token = edge.add_token("--source", "demo", "--rate", "2")
    assert post(edge, event(9), token=token).status_code == 200
    assert 429 in [answer.status_code for answer in
                   limited(lambda _: ask(edge, event(9), token=token))]


def test_the_policy_in_force_decides(edge, tmp_path):
    dry(edge, event(10))
    policy = tmp_path / "policy.yaml"
    policy.write_text(edge.tocsin("policy", "show").replace("danger-to-life", "to-life-danger"))
    edge.tocsin("policy", "apply", "--yes", str(policy))
    try:
        told = dry(edge, event(10))
        assert (told["triage"]["rule"], told["policy"]) == ("to-life-danger", 2)
    finally:
        policy.write_text(policy.read_text().replace("to-life-danger", "danger-to-life"))
        edge.tocsin("policy", "apply", "--yes", str(policy))


def test_a_dead_worker_is_503_and_then_back(edge):
    pid = edge.pid("rehearse")
    os.kill(pid, signal.SIGSTOP)
    answer = ask(edge, event(11))
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    assert post(edge, event(12), "").status_code == 202, "publishing goes on"
    os.kill(pid, signal.SIGKILL)
    assert dry(edge, event(11))["id"] == "dry-11"


def test_many_at_once_are_all_answered(edge):
    dry(edge, event("many"))
    asked = [subprocess.Popen(
        ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", edge.url + "/v1/events?dry_run=1",
         "-H", "Authorization: Bearer " + edge.token, "-H", "Content-Type: " + STRUCTURED,
         "-d", json.dumps(event("many-%d" % number))], stdout=subprocess.PIPE, text=True)
             for number in range(40)]
    assert {done.communicate(timeout=60)[0] for done in asked} <= {"200", "503"}


# --- the command line ------------------------------------------------------------------------------

def publish(edge, body, *words, code=0, data=None):
    done = subprocess.run(
        [os.path.join(os.environ["TOCSIN_BIN"], "tocsin"), "publish", "--dry-run", *words, "--data",
         data or edge.data], input=json.dumps(body), text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stdout + done.stderr


def test_publish_says_the_same_as_http(edge):
    told = json.loads(publish(edge, event(20), "--json"))
    same = dry(edge, event(20))
    assert (told["triage"], told["route"]) == (same["triage"], same["route"])
    assert [page["who"] for page in told["pages"]] == [page["who"] for page in same["pages"]]
    text = publish(edge, event(20))
    assert "danger-to-life" in text and "due in" in text and told["route"]["queue"] in text


def test_facts_of_the_texts_are_found_and_decide(edge):
    words = {"channel": "web", "content": {"title": "help", "body": "I want to kill myself tonight"}}
    told = json.loads(publish(edge, event(30, **words), "--json"))
    same = dry(edge, event(30, **words))
    names = [fact["name"] for fact in told["facts"]]
    assert "risk.self_harm" in names and "language" in names
    assert names == [fact["name"] for fact in same["facts"]]
    assert told["route"] == same["route"]
    assert "kill" not in json.dumps(told) + json.dumps(same)


def test_publish_with_a_policy_file_asks_nobody(edge, tmp_path):
    policy = os.path.join(os.environ["TOCSIN_SOURCE"], "deploy/policy/sample.yaml")
    told = json.loads(publish(edge, event(21), "--json", "--policy", policy, data=str(tmp_path)))
    assert told["triage"]["rule"] == "danger-to-life" and "policy" not in told
    assert "--policy FILE" in publish(edge, event(21), code=1, data=str(tmp_path))


def test_publish_says_what_would_be_refused(edge):
    refused = event(22, "alert.acked", alert="0" * 32, by="me")
    assert "about issues" in publish(edge, refused, code=1)
