"""Outcomes are written back into a ticket tool that fires a webhook on every update, and it ends."""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest

from conftest import Suite
from ports import free_port

SOURCE = pathlib.Path(os.environ["TOCSIN_SOURCE"])
SECRET = "dGhpcyBpcyBhIHNlY3JldCBvZiB6ZW5kZXNr"
LOGIN = "Basic Ym90QGFjbWUvdG9rZW46c2VjcmV0"
BOT = "9001"
QUIET_S = 1.5


class Zendesk:
    """As much of it as is spoken to: updates of tickets, and webhooks of what they changed."""

    def __init__(self, port):
        self.hooks = port
        self.tickets, self.updates, self.refused = {}, [], 0
        self.fired = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_PUT(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = outer.update(self.headers, urllib.parse.urlsplit(self.path), body)
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def update(self, headers, url, body):
        if headers["Authorization"] != LOGIN:
            self.refused += 1
            return 401
        assert url.path == "/api/v2/tickets/update_many.json"
        number = urllib.parse.parse_qs(url.query)["ids"][0]
        if number not in self.tickets:
            return 404
        self.updates.append((number, body["ticket"]))
        self.change(number, body["ticket"], BOT)
        return 200

    def change(self, number, values, actor):
        """Fires whether or not anything is another value: the worst that a tool can do."""
        ticket = self.tickets[number]
        ticket["tags"] = sorted(set(ticket["tags"]) | set(values.get("additional_tags", [])))
        if "priority" in values:
            ticket["priority"] = values["priority"]
            self.fire("ticket.priority_changed", number, actor,
                      {"current": values["priority"].upper()})

    def create(self, number, priority="normal"):
        self.tickets[number] = {"priority": priority, "tags": []}
        self.fire("ticket.created", number, "1", {})

    def fire(self, kind, number, actor, event):
        ticket = self.tickets[number]
        self.fired += 1
        body = json.dumps({
            "type": "zen:event-type:" + kind, "id": "fired-%d" % self.fired,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "event": event,
            "detail": {"id": number, "actor_id": actor, "requester_id": "77",
                       "priority": ticket["priority"].upper(), "tags": ticket["tags"],
                       "via": {"channel": "web"}}}).encode()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        mac = hmac.new(SECRET.encode(), stamp.encode() + body, hashlib.sha256).digest()
        hook = http.client.HTTPConnection("127.0.0.1", self.hooks, timeout=60)
        hook.request("POST", "/v1/connect/zendesk", body, {
            "Content-Type": "application/json", "X-Zendesk-Webhook-Signature-Timestamp": stamp,
            "X-Zendesk-Webhook-Signature": base64.b64encode(mac).decode()})
        answer = hook.getresponse()
        assert answer.status in (200, 202), answer.read()
        hook.close()


def write_secret(path, text):
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")


class Desk:
    """A suite with both mappings, edited as `edits` says, and a Zendesk."""

    def __init__(self, directory, **edits):
        for name in ("connect", "back"):
            text = (SOURCE / "deploy/connect" / ("back" if name == "back" else "") /
                    "zendesk.yaml").read_text()
            for old, new in edits.get(name, []):
                assert old in text
                text = text.replace(old, new)
            os.makedirs(directory / name)
            (directory / name / "zendesk.yaml").write_text(text)
        write_secret(directory / "connect/zendesk.secret", SECRET)
        write_secret(directory / "login", LOGIN)
        port = free_port()
        self.zendesk = Zendesk(port)
        self.suite = Suite(str(directory), "--http", ":%d" % port,
                           "--connect", str(directory / "connect/zendesk.yaml"),
                           "--back", str(directory / "back/zendesk.yaml"))
        self.suite.wait_until("it listens", lambda: self.listens(port))
        self.name = self.suite.subscribe(
            self.zendesk.url, "--mapping", "zendesk", "--filter", "source=urn:zendesk",
            "--auth-file", str(directory / "login"))["subscription"]

    @staticmethod
    def listens(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def wait_updates(self, count):
        self.suite.wait_until("%d updates" % count, lambda: len(self.zendesk.updates) >= count)
        time.sleep(QUIET_S) # for what must not come
        return self.zendesk.updates

    def close(self):
        self.suite.stop()
        self.zendesk.close()


@pytest.fixture
def desk(tmp_path, request):
    desk = Desk(tmp_path, **getattr(request, "param", {}))
    yield desk
    desk.close()


def test_what_we_write_comes_back_once_and_ends(desk):
    desk.zendesk.create("101", "high")
    updates = desk.wait_updates(1)
    assert [number for number, _ in updates] == ["101"]
    ticket = updates[0][1]
    assert ticket["priority"] == "high" and "group_id" not in ticket
    queue = desk.suite.lines("issues")[0]["queue"]
    assert ticket["additional_tags"][:2] == ["tocsin", "tocsin-queue-" + queue]
    assert desk.zendesk.fired == 2  # the creation, and the echo of our own update
    desk.zendesk.change("101", {"priority": "urgent"}, "1")  # an agent does
    updates = desk.wait_updates(2)
    assert len(updates) == 2 and updates[1][1]["priority"] == "urgent"
    desk.suite.wait_row(desk.name, "both are taken",
                        lambda d: d["delivered"] == "2" and d["dead"] == "0")


@pytest.mark.parametrize("desk", [{"connect": [('"0"', '"%s"' % BOT)]}], indirect=True)
def test_what_we_wrote_is_no_event_where_it_knows_us(desk):
    desk.zendesk.create("102")
    desk.wait_updates(1)
    assert desk.zendesk.fired == 2
    events = [line for line in desk.suite.lines("tail", "intake", "--class", "issue")]
    assert [event["body"]["type"] for event in events] == ["tocsin.issue.opened"]


@pytest.mark.parametrize("desk", [{
    "connect": [("{URGENT: P1, HIGH: P2,", "{URGENT: P2, HIGH: P1,")],
}], indirect=True)
def test_mappings_that_never_agree_are_stopped(desk):
    desk.zendesk.create("103", "urgent")
    desk.suite.wait_row(desk.name, "somebody has to look", lambda d: int(d["dead"]) >= 1)
    time.sleep(QUIET_S)
    assert len(desk.zendesk.updates) == 10
    dead = desk.suite.lines("subscribe", "list", desk.name)[1]
    assert dead["why"] == "written 10 times within an hour: a loop?"


def test_a_wrong_login_is_told_by_a_test(desk, tmp_path):
    write_secret(tmp_path / "wrong", "Basic d3Jvbmc=")
    name = desk.suite.subscribe(desk.zendesk.url, "--mapping", "zendesk", "--auth-file",
                                str(tmp_path / "wrong"))["subscription"]
    desk.suite.tocsin("subscribe", "test", name, code=1)
    assert desk.suite.row(name)["delivery"]["last"] == "401" and desk.zendesk.refused == 1


def test_the_shipped_mappings_are_well(tmp_path):
    key = tmp_path / "key"
    write_secret(key, "k" * 31)
    words = [os.path.join(os.environ["TOCSIN_BIN"], "tocsin-outcomes"), "--check", "--data",
             str(tmp_path / "data"), "--bind", "ipc://%s" % (tmp_path / "sock"), "--upstream",
             "router=ipc://%s" % (tmp_path / "router"), "--key", str(key)]
    for file in sorted((SOURCE / "deploy/connect/back").glob("*.yaml")):
        words += ["--back", str(file)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    broken = tmp_path / "broken.yaml"
    broken.write_text("back: 1\nname: x\nmethod: GET\npath: a/${sbject}\nbdy: {}\n")
    done = subprocess.run([*words, "--back", str(broken)], capture_output=True, text=True)
    assert done.returncode != 0
    for told in ("broken.yaml:3:", "POST, PUT or PATCH", "is none of type, subject",
                 "'body' is missing", "unknown key 'bdy'", "did you mean 'body'?"):
        assert told in done.stderr, done.stderr
