"""Webhooks of other systems, signed here by Python as their senders sign them."""
import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import struct
import subprocess
import time
from datetime import datetime, timezone

import pytest
import requests

from conftest import BIN, Edge
from ports import free_port

SOURCE = os.environ["TOCSIN_SOURCE"]
SECRETS = {"zendesk": "dGhpcyBpcyBhIHNlY3JldCBvZiB6ZW5kZXNr", "alertmanager": "a" * 64,
           "freshdesk": "freshdesk:" + "f" * 64, "salesforce": "s" * 64,
           "own": "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()}
OWN = """
connect: 1
name: own
source: urn:own
auth: {scheme: standard-webhooks, secret: own.secret}
each: /list
events:
  - type: tocsin.issue.opened
    when: {not: {./kind: other}}
    id: {hash: ["${header:webhook-id}", "${./id}"]}
    subject: ${./id}
    data: {priority: "${./priority}", category: "${./category}", tags: "${./tags}"}
"""


def put_mappings(directory):
    """The shipped ones and one more, with secrets that are made up; their files."""
    for name, secret in SECRETS.items():
        path = os.path.join(directory, name + ".secret")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(secret + "\n")
        if name != "own":
            shutil.copy(os.path.join(SOURCE, "deploy/connect", name + ".yaml"), directory)
    with open(os.path.join(directory, "own.yaml"), "w", encoding="utf-8") as file:
        file.write(OWN)
    return [os.path.join(directory, name + ".yaml") for name in SECRETS]


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("connect"))
    edge = Edge(directory, *("--connect=" + path for path in put_mappings(directory)))
    yield edge
    if edge.up.poll() is None:
        edge.stop()


def sample(name):
    with open(os.path.join(SOURCE, "tests/unit/connect", name + ".json"), "rb") as file:
        return file.read()


def post(edge, name, body, **fields):
    return requests.post(edge.url + "/v1/connect/" + name, data=body, timeout=60,
                         headers={"Content-Type": "application/json", **fields})


def zendesk(body, when=None, secret=SECRETS["zendesk"]):
    stamp = (when or datetime.now(timezone.utc)).strftime("%Y-%m-%dT%H:%M:%SZ")
    mac = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    return {"X-Zendesk-Webhook-Signature": base64.b64encode(mac).decode(),
            "X-Zendesk-Webhook-Signature-Timestamp": stamp}


def own(body, message="msg_1", when=None):
    stamp = str(int(when if when is not None else time.time()))
    key = base64.b64decode(SECRETS["own"][6:])
    mac = hmac.new(key, b"%s.%s.%s" % (message.encode(), stamp.encode(), body), hashlib.sha256)
    return {"webhook-id": message, "webhook-timestamp": stamp,
            "webhook-signature": "v1,AAAA v1," + base64.b64encode(mac.digest()).decode()}


def post_own(edge, items, message="msg_1"):
    body = json.dumps({"list": items}).encode()
    return post(edge, "own", body, **own(body, message))


def bearer(name):
    return {"Authorization": "Bearer " + SECRETS[name]}


def problem(answer, status, detail):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert detail in answer.json()["detail"], answer.text
    return answer


# --- the shipped mappings ------------------------------------------------------------------------

def test_zendesk_tickets_become_issues(edge):
    for name in ["created", "reply", "note", "answer", "priority", "status"]:
        body = sample("zendesk-" + name).replace(b"cbe4028c", name.encode())
        answer = post(edge, "zendesk", body, **zendesk(body))
        assert answer.status_code == 202, answer.text
        assert answer.json()[0]["source"] == "urn:zendesk"
    edge.wait_issue("state", "on_hold")
    row = edge.wait_issue("subject", "5158")
    assert (row["channel"], row["priority"]) == ("email", "p4")
    assert re.fullmatch("[0-9a-f]{24}", row["requester"]), "not Zendesk's number"
    body = sample("zendesk-other")
    answer = post(edge, "zendesk", body, **zendesk(body))
    assert (answer.status_code, answer.json()) == (200, [])


def test_alerts_open_and_solve_issues_and_are_one_when_repeated(edge):
    body = json.loads(sample("alertmanager-group"))
    first = post(edge, "alertmanager", json.dumps(body), **bearer("alertmanager"))
    again = post(edge, "alertmanager", json.dumps(body), **bearer("alertmanager"))
    assert (first.status_code, again.status_code) == (202, 200)
    assert [item["seq"] for item in first.json()] == [item["seq"] for item in again.json()]
    subject = "c6eadffa33fcdf37/2026-03-01T09:30:00.123456789Z"
    assert edge.wait_issue("subject", subject)["state"] in ("new", "open")
    texts = [body["groupKey"], "c6eadffa33fcdf37", "2026-03-01T09:30:00.123456789Z", "firing"]
    key = hashlib.sha256(b"".join(struct.pack(">Q", len(text)) + text.encode() for text in texts))
    assert first.json()[0]["id"] == key.hexdigest()[:32]
    body["groupKey"] += "/of/another/route"
    other = post(edge, "alertmanager", json.dumps(body), **bearer("alertmanager"))
    assert other.status_code == 202 and other.json()[0]["issue"] == first.json()[0]["issue"]
    body["alerts"][0].update(status="resolved", endsAt="2026-03-01T10:00:00Z")
    assert post(edge, "alertmanager", json.dumps(body), **bearer("alertmanager")).status_code == 202
    assert edge.wait_issue("state", "solved")["subject"] == subject


def test_freshdesk_and_salesforce(edge):
    login = base64.b64encode(SECRETS["freshdesk"].encode()).decode()
    for name in ["created", "status", "reply"]:
        answer = post(edge, "freshdesk", sample("freshdesk-" + name),
                      Authorization="Basic " + login)
        assert answer.status_code == 202, answer.text
    assert edge.wait_issue("subject", "1042")["channel"] == "email"
    for name, count in [("created", 1), ("changed", 2)]:
        answer = post(edge, "salesforce", sample("salesforce-" + name), **bearer("salesforce"))
        assert answer.status_code == 202 and len(answer.json()) == count, answer.text
    assert edge.wait_issue("subject", "00001042")["channel"] == "phone"


def test_no_text_of_people_is_on_any_disk(edge):
    body = sample("zendesk-created")
    assert b"Ana cannot log in" in body
    assert post(edge, "zendesk", body, **zendesk(body)).status_code in (200, 202)
    for directory, _, files in os.walk(edge.data):
        for name in files:
            path = os.path.join(directory, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    bytes_there = file.read()
                for text in [b"Ana cannot", b"My name is", b"Still not", b"ana_silva",
                             SECRETS["zendesk"].encode()]:
                    assert text not in bytes_there, path


# --- signatures ----------------------------------------------------------------------------------

def test_a_request_that_proves_nothing_is_401(edge):
    body = sample("zendesk-created")
    good = zendesk(body)
    answer = problem(post(edge, "zendesk", body), 401, "not signed")
    assert answer.headers["WWW-Authenticate"].startswith("Signature")
    problem(post(edge, "zendesk", body + b" ", **good), 401, "does not fit")
    problem(post(edge, "zendesk", body, **zendesk(body, secret="x" * 20)), 401, "does not fit")
    other = {**good, "X-Zendesk-Webhook-Signature-Timestamp": "2026-03-01T09:30:00Z"}
    problem(post(edge, "zendesk", body, **other), 401, "300 s")
    for skew in [-400, 400]:
        when = datetime.fromtimestamp(time.time() + skew, timezone.utc)
        problem(post(edge, "zendesk", body, **zendesk(body, when)), 401, "300 s")
    problem(post(edge, "alertmanager", b"{}", **bearer("salesforce")), 401, "not the one")
    problem(post(edge, "alertmanager", b"{}", Authorization="Bearer " + edge.token), 401, "secret")
    problem(post(edge, "freshdesk", b"{}", **bearer("freshdesk")), 401, "no secret")


def test_a_webhook_is_no_dry_run(edge):
    body = sample("zendesk-created").replace(b"cbe4028c", b"dry")
    for value in ("1", "0", "x"):
        problem(post(edge, "zendesk?dry_run=" + value, body, **zendesk(body)), 400, "dry_run: ")
    assert post(edge, "zendesk", body, **zendesk(body)).status_code == 202


def test_a_secret_of_a_connector_opens_nothing_else(edge):
    answer = requests.post(edge.url + "/v1/events", timeout=60, headers=bearer("alertmanager"))
    problem(answer, 401, "token")


def test_a_replayed_request_changes_nothing(edge):
    body = json.dumps({"list": [{"id": "r1"}, {"id": "r2"}]}).encode()
    fields = own(body, "msg_replay")
    first, again = (post(edge, "own", body, **fields) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 200)
    assert [item["duplicate"] for item in again.json()] == [True, True]
    for one, two in zip(first.json(), again.json()):
        assert one["seq"] == two["seq"]


# --- what requests come to -----------------------------------------------------------------------

def test_the_worst_event_decides_and_the_good_are_kept(edge):
    items = [{"id": "w1"}, {"id": "w2", "priority": "soon"}, {"id": "w3"}]
    problem(post_own(edge, items, "msg_w"), 400,
            "/list/1/priority: 'soon' as priority has to be P1, P2, P3, P4")
    edge.wait_issue("subject", "w1")
    edge.wait_issue("subject", "w3")
    answer = post_own(edge, [items[0], {"id": "w2"}, items[2]], "msg_w")
    assert answer.status_code == 202
    assert [item["status"] for item in answer.json()] == [200, 202, 200]
    problem(post_own(edge, [{"id": "w1", "priority": "P1"}], "msg_w"), 409, "already used the id")


def test_what_is_malformed_names_its_pointer(edge):
    problem(post_own(edge, {}), 400, "/list: has to be a list")
    answer = problem(post_own(edge, [{"id": []}]), 400, "/list/0/id: has to be a text")
    assert answer.json()["field"] == "/list/0/id"
    problem(post_own(edge, [{}]), 400, "/list/0/id: is not there: the id is made of it")
    problem(post_own(edge, [3]), 400, "/list/0/id")
    problem(post_own(edge, [{"id": "t", "tags": [{}]}]), 400, "/list/0/tags")
    problem(post_own(edge, [{"id": "t", "category": "x" * 2000}]), 400, "/list/0/category")
    problem(post_own(edge, [{"id": "t", "category": "x" * 201}]), 413, "200 bytes")
    problem(post_own(edge, [{"id": "a\0b"}]), 400, "\\u0000")
    for body in [b"", b"\xff", b'{"list": [], "list": []}', b"[" * 40 + b"]" * 40, b"3"]:
        problem(post(edge, "own", body, **own(body)), 400, "")
    assert post_own(edge, []).json() == []


def test_what_is_too_large_or_too_many_is_413(edge):
    problem(post_own(edge, [{"id": str(i)} for i in range(501)]), 413, "at most 500")
    answer = post_own(edge, [{"id": "many%d" % i} for i in range(500)], "msg_many")
    assert answer.status_code == 202 and len(answer.json()) == 500
    body = b'{"list": ["' + b"x" * (2 << 20) + b'"]}'
    problem(post(edge, "own", body, **own(body)), 413, "2097152")


def test_paths_and_methods(edge):
    problem(requests.post(edge.url + "/v1/connect/none", timeout=60), 404, "no connector")
    problem(requests.post(edge.url + "/v1/connect/", timeout=60), 404, "openapi")
    problem(requests.post(edge.url + "/v1/connect/own/more", timeout=60), 404, "openapi")
    answer = requests.get(edge.url + "/v1/connect/own", timeout=60)
    problem(answer, 405, "Allow")
    assert answer.headers["Allow"] == "POST"


# --- intake by itself ----------------------------------------------------------------------------

def intake(directory, *words, **environment):
    key = os.path.join(directory, "issue.key")
    with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
        file.write(bytes(32))
    return ([os.path.join(BIN, "tocsin-intake"), "--data", os.path.join(directory, "data"),
             "--bind", "ipc://" + os.path.join(directory, "s"), "--issue-key", key, *words],
            {**os.environ, **environment})


def test_check_reads_the_mappings(tmp_path):
    files = put_mappings(str(tmp_path))
    words = ["--check", "--http", ":0", *("--connect=" + path for path in files)]
    command, environment = intake(str(tmp_path), *words)
    subprocess.run(command, env=environment, check=True, timeout=60, stdout=subprocess.DEVNULL)
    with open(files[-1], "a", encoding="utf-8") as file:
        file.write("    titel: x\n")
    os.chmod(os.path.join(str(tmp_path), "zendesk.secret"), 0o644)
    done = subprocess.run(command, env=environment, timeout=60, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert "own.yaml:13:5: error: unknown key 'titel'" in done.stderr
    assert "zendesk.yaml:" in done.stderr and "chmod 600" in done.stderr
    for extra, text in [(["--connect=/none.yaml"], "cannot read"), ([words[-1]], "unknown key"),
                        ([words[4], words[4]], "as well")]:
        command, environment = intake(str(tmp_path), "--http", ":0", *extra)
        done = subprocess.run(command, env=environment, timeout=60, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 2 and text in done.stderr, done.stderr
    command, environment = intake(str(tmp_path), words[4])
    done = subprocess.run(command, env=environment, timeout=60, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and "needs --http" in done.stderr


def test_the_mapping_of_the_readme_is_one(tmp_path):
    put_mappings(str(tmp_path))
    with open(os.path.join(SOURCE, "deploy/connect/README.md"), encoding="utf-8") as file:
        mapping = re.search(r"```yaml\n(.*?)```", file.read(), re.S).group(1)
    (tmp_path / "shop.yaml").write_text(mapping)
    os.rename(tmp_path / "own.secret", tmp_path / "shop.secret")
    command, environment = intake(str(tmp_path), "--check", "--http", ":0", "--connect",
                                  str(tmp_path / "shop.yaml"))
    subprocess.run(command, env=environment, check=True, timeout=60, stdout=subprocess.DEVNULL)


def test_without_a_token_webhooks_come_in_and_a_full_store_is_503(tmp_path):
    files = put_mappings(str(tmp_path))
    port = free_port()
    command, environment = intake(str(tmp_path), "--http", ":%d" % port, "--connect", files[-1],
                                  "--map-size", "4M")
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    class edge:
        url = "http://127.0.0.1:%d" % port
    try:
        end = time.monotonic() + 60
        while b"edge_open" not in (tmp_path / "log").read_bytes():
            assert process.poll() is None and time.monotonic() < end, (tmp_path / "log").read_bytes()
            time.sleep(0.05)
        for i in range(200):
            items = [{"id": "%d/%d" % (i, k), "category": "x" * 190} for k in range(500)]
            answer = post_own(edge, items, "msg_%d" % i)
            if answer.status_code != 202:
                break
        problem(answer, 503, "full")
        assert int(answer.headers["Retry-After"]) >= 1
        first = post_own(edge, [{"id": "0/0", "category": "x" * 190}], "msg_0")
        assert first.status_code in (200, 503)
    finally:
        process.terminate()
        assert process.wait(60) == 0
