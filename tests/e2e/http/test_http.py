"""Publishing over HTTP, with curl and Python's requests as foreign clients."""
import json
import os
import re
import socket
import subprocess
import threading
import time

import requests

BIN = os.environ["TOCSIN_BIN"]
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
count = [0]


def event(**members):
    count[0] += 1
    number = count[0]
    base = {"specversion": "1.0", "id": "e%d" % number, "source": "demo",
            "type": "tocsin.issue.opened", "subject": "T-%d" % number,
            "data": {"channel": "in_app", "priority": "P2"}}
    return {**base, **members}


def post(edge, body, content_type=STRUCTURED, token=None, **fields):
    text = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return requests.post(edge.url + "/v1/events", data=text, timeout=60, headers={
        "Content-Type": content_type, "Authorization": "Bearer " + (token or edge.token), **fields})


def problem(answer, status, detail):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status and body["title"]
    assert detail in body["detail"], body
    return body


# --- as the command that `tocsin up` prints ------------------------------------------------------

def test_the_printed_curl_command_publishes(edge):
    command = re.search(r"curl -sS.*?}'", edge.output(), re.S).group(0)
    done = subprocess.run(["sh", "-c", command], stdout=subprocess.PIPE, check=True, timeout=60)
    receipt = json.loads(done.stdout)
    assert receipt["source"] == "demo" and receipt["duplicate"] is False
    edge.wait_issue("id", receipt["issue"])
    said = json.dumps(edge.lines("tail", "intake"))
    assert "cannot log in" not in said and "ana@example.com" not in said


def test_an_address_that_is_none_is_told_before_anything_starts():
    done = subprocess.run([os.path.join(BIN, "tocsin-intake"), "--check", "--http", "foo:99999"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, text=True)
    assert done.returncode == 2 and "--http: 'foo:99999'" in done.stderr, done


def test_a_port_of_the_kernels_choice_is_where_the_log_says(tmp_path):
    data, said = str(tmp_path / "data"), tmp_path / "up.out"
    with open(said, "wb") as out:
        up = subprocess.Popen([os.path.join(BIN, "tocsin"), "up", "--data", data, "--http", ":0"],
                              stdout=out, stderr=out)
    try:
        end = time.monotonic() + 60
        while not re.search(r"curl -sS.*?}'", said.read_text(), re.S):
            assert up.poll() is None and time.monotonic() < end, said.read_text()
            time.sleep(0.05)
        with open(os.path.join(data, "run/intake.log"), encoding="utf-8") as log:
            port = re.search(r"edge_open .*port=(\d+)", log.read()).group(1)
        assert "intake.log names it" in said.read_text()
        command = re.search(r"curl -sS.*?}'", said.read_text(), re.S).group(0)
        done = subprocess.run(["sh", "-c", command.replace(":0/", ":%s/" % port)],
                              stdout=subprocess.PIPE, check=True, timeout=60)
        assert json.loads(done.stdout)["source"] == "demo"
    finally:
        up.terminate()
        up.wait(60)


# --- receipts ------------------------------------------------------------------------------------

def test_a_fresh_event_is_202_and_a_repeat_is_200_with_its_receipt(edge):
    body = event()
    first, second = post(edge, body), post(edge, body)
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json() == {**second.json(), "duplicate": False}
    assert second.json()["duplicate"] is True


def test_another_body_under_the_same_key_is_409(edge):
    body = event()
    assert post(edge, body).status_code == 202
    body["data"]["priority"] = "P1"
    problem(post(edge, body), 409, "already used the id")


def test_the_bus_and_http_are_one_door(edge):
    body = event(source="demo")
    receipt = post(edge, body).json()
    again = subprocess.run([os.path.join(os.environ["TOCSIN_BIN"], "tocsin"), "publish", "--json",
                            "--data", edge.data], input=json.dumps(body), text=True,
                           stdout=subprocess.PIPE, check=True, timeout=60)
    assert json.loads(again.stdout) == {**receipt, "duplicate": True}


def test_what_was_acknowledged_survives_kill_9(edge):
    receipts = [post(edge, event()).json() for _ in range(20)]
    with open(os.path.join(edge.data, "run", "intake.log"), encoding="utf-8") as log:
        assert "edge_open" in log.read()
    edge.kill("intake")
    assert requests.get(edge.url + "/", timeout=60).status_code == 200
    log = {row["seq"]: row for row in edge.lines("tail", "intake", "--from", "1")}
    for receipt in receipts:
        assert receipt["seq"] in log, receipt


# --- modes ---------------------------------------------------------------------------------------

def test_binary_mode(edge):
    answer = requests.post(edge.url + "/v1/events", timeout=60, json={"channel": "email"}, headers={
        "Authorization": "Bearer " + edge.token, "CE-SpecVersion": "1.0", "ce-id": "a%20b%25",
        "ce-source": "demo", "ce-type": "tocsin.issue.opened", "ce-subject": "Bin%C3%A4r",
        "ce-traceparent": "00-1-2-01", "ce-tocsintest": "true"})
    assert answer.status_code == 202, answer.text
    assert answer.json()["id"] == "a b%"
    assert edge.wait_issue("subject", "Binär")["channel"] == "email"


def test_binary_values_that_are_not_encoded_are_taken_as_they_are(edge):
    answer = requests.post(edge.url + "/v1/events", timeout=60, headers={
        "Authorization": "Bearer " + edge.token, "ce-specversion": "1.0", "ce-id": "100% sure",
        "ce-source": "demo", "ce-type": "tocsin.issue.message", "ce-subject": "T-1",
        "content-type": "application/json"}, data='{"direction": "inbound"}')
    assert answer.status_code == 202, answer.text
    assert answer.json()["id"] == "100% sure"


def test_a_batch_has_an_answer_per_event_in_order(edge):
    good, repeated = event(), event()
    post(edge, repeated)
    answer = post(edge, [good, event(source="elsewhere"), repeated, event(type="tocsin.issue.opend"),
                         17, event(data={"priority": "P9"})], BATCH)
    assert answer.status_code == 207
    items = answer.json()
    assert [item["status"] for item in items] == [202, 403, 200, 400, 400, 400]
    assert items[0]["id"] == good["id"] and items[2]["duplicate"] is True
    assert "did you mean 'tocsin.issue.opened'" in items[3]["detail"]
    assert items[5]["field"] == "data.priority"


def test_a_batch_that_is_good_throughout(edge):
    answer = post(edge, [event() for _ in range(500)], BATCH)
    assert answer.status_code == 202 and len(answer.json()) == 500
    assert len({item["seq"] for item in answer.json()}) == 500
    assert post(edge, [], BATCH).json() == []
    problem(post(edge, [event()] * 501, BATCH), 413, "500")


def test_a_batch_of_large_events(edge):
    tags = ["%02d%s" % (i, "t" * 20) for i in range(32)]
    extensions = {"extension%d" % i: "x" * 40 for i in range(50)}
    answer = post(edge, [event(data={"channel": "in_app", "tags": tags}, **extensions)
                         for _ in range(500)], BATCH)
    assert answer.status_code == 202, answer.text[:500]


def test_an_event_has_so_many_members(edge):
    members = {"extension%d" % i: "" for i in range(65)}
    assert "at most 64 members" in post(edge, [event(**members)], BATCH).json()[0]["detail"]


# --- refusals ------------------------------------------------------------------------------------

def test_what_is_malformed_says_where(edge):
    body = problem(post(edge, event(data={"priorty": "P1"})), 400, "did you mean 'priority'")
    assert body["field"] == "data.priorty"
    problem(post(edge, "{"), 400, "not JSON")
    problem(post(edge, "[" * 100 + "]" * 100), 400, "nested deeper")
    problem(post(edge, '{"id": "1", "id": "2"}'), 400, "duplicate")
    problem(post(edge, event(idd="x")), 400, "did you mean 'id'")
    without = event()
    del without["source"]
    problem(post(edge, without), 400, "source: is missing")
    problem(post(edge, event(**{"ü" * 50: "x"})), 400, "unknown member")


def test_what_is_no_cloudevent_is_415(edge):
    problem(post(edge, event(), "application/json"), 415, "CloudEvents")
    problem(post(edge, event(), "text/plain"), 415, "CloudEvents")
    problem(post(edge, event(), STRUCTURED + "; charset=latin1"), 415, "CloudEvents")
    problem(post(edge, event(), **{"Content-Encoding": "gzip"}), 415, "CloudEvents")


def test_what_is_too_large_is_413(edge):
    problem(post(edge, event(subject="x" * 201)), 413, "200 bytes")
    answer = requests.post(edge.url + "/v1/events", timeout=60, headers={
        "Content-Type": STRUCTURED, "Content-Length": str(100 << 20), "Expect": "100-continue"})
    problem(answer, 413, "too large")


def test_paths_and_methods(edge):
    problem(requests.get(edge.url + "/v1/event", timeout=60), 404, "openapi")
    answer = requests.put(edge.url + "/v1/events", timeout=60, data="x")
    problem(answer, 405, "Allow")
    assert answer.headers["Allow"] == "POST, OPTIONS"
    answer = requests.options(edge.url + "/v1/events", timeout=60,
                              headers={"WebHook-Request-Origin": "shop.example"})
    assert answer.headers["WebHook-Allowed-Origin"] == "shop.example"


def test_a_handshake_says_back_only_what_is_an_origin(edge):
    for origin in ("a\tb", "a b", "sh\xf6p", "x" * 256, "a,b", ""):
        answer = talk(edge, b"OPTIONS /v1/events HTTP/1.1\r\nHost: x\r\nWebHook-Request-Origin: " +
                      origin.encode("latin1") + b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ") and b"Allowed-Origin" not in answer, answer


# --- tokens --------------------------------------------------------------------------------------

def test_without_a_good_token_nothing_enters(edge):
    assert requests.post(edge.url + "/v1/events", timeout=60).headers["WWW-Authenticate"]
    other = "1" if edge.token.endswith("0") else "0"
    for wrong in ["", "toc_", edge.token[:-1], edge.token[:-1] + other, edge.token + "a",
                  "toc_unknown1" + edge.token[12:]]:
        problem(post(edge, event(), token=wrong or "x"), 401, "token")


def test_without_a_good_token_no_body_is_awaited(edge):
    answer = talk(edge, b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n"
                        b"Content-Type: " + STRUCTURED.encode() + b"\r\n\r\n{")
    assert answer.startswith(b"HTTP/1.1 401 ") and b"Connection: close" in answer, answer


def test_a_token_is_for_its_source_and_what_is_below_it(edge):
    token = edge.add_token("--source", "urn:shop")
    assert post(edge, event(source="urn:shop"), token=token).status_code == 202
    assert post(edge, event(source="urn:shop:eu"), token=token).status_code == 202
    problem(post(edge, event(source="urn:shopping"), token=token), 403, "source")
    problem(post(edge, event(source="demo"), token=token), 403, "source")


def test_scopes(edge):
    presence = event(type="tocsin.agent.presence", data={"agent": "ana", "online": True})
    problem(post(edge, presence), 403, "scope 'act'")
    token = edge.add_token("--source", "demo", "--scope", "act")
    assert post(edge, presence, token=token).status_code == 202
    problem(post(edge, event(), token=token), 403, "scope 'publish'")
    problem(post(edge, event(type="tocsin.policy.part", data={}), token=token), 403, "not taken")
    problem(post(edge, event(type="tocsin.token.revoked", data={"token": "x"}), token=token), 403,
            "not taken")


def test_networks(edge):
    token = edge.add_token("--source", "demo", "--network", "10.0.0.0/8")
    problem(post(edge, event(), token=token), 403, "network")
    token = edge.add_token("--source", "demo", "--network", "10.0.0.0/8", "--network",
                           "127.0.0.0/8")
    assert post(edge, event(), token=token).status_code == 202


def test_a_revoked_token_and_one_at_its_end_are_401(edge):
    token = edge.add_token("--source", "demo")
    short = edge.add_token("--source", "demo", "--for", "1s")
    assert post(edge, event(), token=token).status_code == 202
    edge.tocsin("token", "revoke", token.split("_")[1])
    problem(post(edge, event(), token=token), 401, "revoked")
    time.sleep(1.1)
    problem(post(edge, event(), token=short), 401, "end")
    states = {row["token"]["token"]: row for row in edge.lines("token", "list")}
    assert states[token.split("_")[1]]["revoked_by"] == "tester"


def test_the_secret_is_nowhere_on_disk(edge):
    token = edge.add_token("--source", "demo")
    secret = token.split("_")[2].encode()
    assert post(edge, event(), token=token).status_code == 202
    for directory, _, files in os.walk(edge.data):
        for name in files:
            path = os.path.join(directory, name)
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    assert secret not in file.read(), path


def test_over_the_rate_is_429_with_a_time_to_wait(edge):
    token = edge.add_token("--source", "demo", "--rate", "10")
    assert post(edge, [event() for _ in range(200)], BATCH, token=token).status_code == 202
    answer = post(edge, [event() for _ in range(20)], BATCH, token=token)
    problem(answer, 429, "rate")
    assert 1 <= int(answer.headers["Retry-After"]) <= 19


def test_an_issue_is_named_by_its_id_only_with_the_scope_to_act(edge):
    issue = post(edge, event()).json()["issue"]
    shop = edge.add_token("--source", "urn:shop")
    desk = edge.add_token("--source", "urn:desk", "--scope", "publish", "--scope", "act")
    said = {"type": "tocsin.issue.message", "data": {"direction": "outbound"}, "tocsinissue": issue}
    body = problem(post(edge, event(source="urn:shop", **said), token=shop), 403, "scope 'act'")
    assert body["field"] == "tocsinissue"
    answer = post(edge, event(source="urn:desk", **said), token=desk)
    assert answer.status_code == 202 and answer.json()["issue"] == issue


# --- connections ---------------------------------------------------------------------------------

def talk(edge, data, seconds=10):
    with socket.create_connection(("127.0.0.1", edge.port), timeout=seconds) as peer:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        said = b""
        while True:
            more = peer.recv(65536)
            if not more:
                return said
            said += more


def raw(edge, body):
    text = json.dumps(body).encode()
    return (b"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + edge.token.encode() +
            b"\r\nContent-Type: application/cloudevents+json\r\nContent-Length: " +
            str(len(text)).encode() + b"\r\n\r\n" + text)


def test_pipelined_requests_are_answered_in_order(edge):
    bodies = [event() for _ in range(30)]
    said = talk(edge, b"".join(raw(edge, body) for body in bodies))
    ids = re.findall(rb'"id":"(e\d+)"', said)
    assert ids == [body["id"].encode() for body in bodies]


def test_a_thousand_idle_connections_keep_nobody_out(edge):
    idle = [socket.create_connection(("127.0.0.1", edge.port)) for _ in range(1000)]
    more = [socket.create_connection(("127.0.0.1", edge.port)) for _ in range(200)]
    assert post(edge, event()).status_code == 202
    for peer in idle + more:
        peer.close()
    assert post(edge, event()).status_code == 202


def test_many_publishers_at_once_lose_nothing(edge):
    ids, errors = [], []

    def publish(number):
        session = requests.Session()
        for i in range(25):
            body = event(id="p%d-%d" % (number, i), subject="P-%d" % number)
            answer = session.post(edge.url + "/v1/events", data=json.dumps(body), timeout=60, headers={
                "Content-Type": STRUCTURED, "Authorization": "Bearer " + edge.token})
            (ids if answer.status_code == 202 else errors).append(answer.json())

    threads = [threading.Thread(target=publish, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and len({item["seq"] for item in ids}) == 400


# --- after a restart -----------------------------------------------------------------------------

def test_tokens_outlive_a_restart(edge):
    edge.stop()
    edge.start()
    assert "tocsin token list" in edge.output() and "toc_" not in edge.output()
    assert post(edge, event()).status_code == 202


def test_a_port_that_somebody_has_ends_it_and_nothing_is_taken(edge):
    edge.stop()
    with socket.create_server(("127.0.0.1", edge.port)), open(edge.said, "wb") as out:
        command = [os.path.join(BIN, "tocsin"), "up", "--data", edge.data]
        edge.up = subprocess.Popen([*command, "--http", ":%d" % edge.port], stdout=out, stderr=out)
        end = time.monotonic() + 60
        while edge.output().count("intake ended") < 3:
            assert edge.up.poll() is None and time.monotonic() < end, edge.output()
            # What waits for intake is there before it has failed.
            subprocess.run([*command[:1], "status", *command[2:]], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, timeout=60)
        edge.up.terminate()
        edge.up.wait(60)
    assert "signal" not in edge.output() and "edge_failed" in edge.output()
    assert "http=:%d why=\"another process listens at this address" % edge.port in edge.output()
    edge.start()
    assert post(edge, event()).status_code == 202
