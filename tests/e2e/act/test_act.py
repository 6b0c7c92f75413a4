"""Alerts are answered over HTTP: by the link of a page, and by tools with a token."""
import http.client
import json
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from browser import show
from tocsin.v1 import record_pb2
from tocsin_chain import BIN, Chain, Client, PATIENCE_S

TOKEN = "a-secret-of-a-tool-0123456789"
POLICY = """policy: 1
paths:
  desk: {coalesce: 0, steps: [{page: [ana], wait: 1h}, {page: [ben], wait: 1h}]}
queues:
  desk: {tier: 1}
routes:
  - {rule: all, queue: desk}
alerts:
  - {rule: critical, on: opened, when: {risk: [critical]}, severity: critical, path: desk}
"""


class Door:
    """A chain whose notifier has a port; its pages are lines of the fake pager."""

    def __init__(self, directory, *options):
        tokens = directory / "tokens"
        tokens.write_text(TOKEN + "\n")
        tokens.chmod(0o600)
        self.chain = Chain(directory, POLICY, "--http=127.0.0.1:0", f"--act-tokens={tokens}",
                           "--link-base=http://oncall.example", *options)
        self.read_port()

    def read_port(self):
        log = self.chain.notifier.log
        known = getattr(self, "opens", 0)
        ports = self.chain.wait_until("the port is open", lambda: (
            lambda found: found if len(found) > known else None)(
                re.findall(r"event=door_open .*port=(\d+)", log.read_text())))
        self.opens, self.port = len(ports), int(ports[-1])

    def restart(self):
        self.chain.notifier.start()
        self.read_port()

    def page(self, contact="ana"):
        """A new alert, and the link of its page."""
        alert = self.chain.alert_of(self.chain.open("any"))
        return alert, self.link(alert, contact)

    def link(self, alert, contact):
        short = alert.id.hex()[:12]
        return self.chain.wait_until("a page is printed", lambda: next(
            (found[1] for found in re.finditer(
                r"PAGE %s .* alert=%s .*http://oncall.example(/a/\S+)" % (contact, short),
                self.chain.notifier.output.read_text())), None))

    def call(self, method, path, body=None, accept="application/json", timeout=PATIENCE_S, **more):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {"Accept": accept, **{name.replace("_", "-"): text for name, text in more.items()}}
        if isinstance(body, str):
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if isinstance(body, dict):
            headers["Content-Type"], body = "application/json", json.dumps(body)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        kind = answer.headers["Content-Type"]
        return answer.status, json.loads(text) if "json" in kind and text else text, answer.headers

    def press(self, link):
        """Acknowledges, pressing again while it is told that intake is not there."""
        until = time.monotonic() + PATIENCE_S
        while (answer := self.call("POST", link, "action=ack"))[0] == 503:
            assert time.monotonic() < until, answer
        assert answer[0] == 200, answer
        return answer[1]

    def tool(self, alert, action, key=None, token=TOKEN, **body):
        more = {"Authorization": "Bearer " + token}
        if key is not None:
            more["Idempotency_Key"] = key
        return self.call("POST", f"/v1/alerts/{alert.id.hex()}/{action}", {"by": "eve", **body},
                         **more)[:2]

    def state(self, alert):
        found = next(each for each in self.chain.alerts() if each.id == alert.id)
        return record_pb2.AlertState.Name(found.state), found.acked_by

    def acked(self, alert):
        return [kind for kind, _, _ in self.chain.history(alert.id) if kind == "ALERT_ACKED"]


@pytest.fixture
def door(tmp_path):
    door = Door(tmp_path)
    yield door
    door.chain.close()


# --- links ----------------------------------------------------------------------------------------

def test_a_scanner_that_fetches_the_link_changes_nothing(door):
    alert, link = door.page()
    for method in ("GET", "HEAD", "GET", "OPTIONS", "PUT", "DELETE"):
        for accept in ("text/html,*/*", "*/*"):
            status = door.call(method, link, accept=accept)[0]
            assert status == (200 if method in ("GET", "HEAD") else 405)
    assert door.state(alert) == ("ALERT_OPEN", "")
    assert [kind for kind, _, _ in door.chain.history(alert.id)
            if kind not in ("ALERT_PAGED", "ALERT_SENT", "PAGE_ENDED")] == ["ALERT_OPENED"]
    assert door.call("POST", link, "action=ack")[0] == 200  # and the link is as good as new


def test_the_page_has_buttons_and_lets_nothing_else_in(door):
    alert, link = door.page()
    status, text, headers = door.call("GET", link, accept="text/html")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    assert re.findall(r'<button[^>]* value="(\w+)"', text) == [
        "ack", "snooze", "escalate", "note", "resolve"]
    assert text.count("<label>") == text.count("<select") + text.count('<input name="note"') == 2
    assert "<script" not in text and "http:" not in text and "https:" not in text
    assert headers["Referrer-Policy"] == "no-referrer" and headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert alert.id.hex()[:12] in text


def test_a_button_acts_once_and_a_repeat_has_the_first_receipt(door):
    alert, link = door.page()
    status, first, _ = door.call("POST", link, "action=ack")
    assert (status, first["done"], first["state"], first["acked_by"]) == (
        200, "acknowledged", "acknowledged", "ana")
    assert door.state(alert) == ("ALERT_ACKNOWLEDGED", "ana")
    status, again, _ = door.call("POST", link, "action=ack")
    assert status == 200 and again["duplicate"] is True and first["duplicate"] is False
    assert (again["log"], again["seq"]) == (first["log"], first["seq"])
    assert len(door.acked(alert)) == 1
    assert "already acknowledged" in door.call("GET", link, accept="text/html")[1]


def test_another_action_by_a_used_link_is_told_what_was_done(door):
    alert, link = door.page()
    assert door.call("POST", link, "action=snooze")[1]["state"] == "snoozed"
    status, problem, headers = door.call("POST", link, "action=escalate")
    assert status == 409 and headers["Content-Type"] == "application/problem+json"
    assert problem["detail"] == "this link was used already: snoozed"
    assert problem["state"] == "snoozed" and int(problem["version"]) > 0
    assert door.call("POST", link, "action=snooze")[0] == 200
    assert door.state(alert) == ("ALERT_ACKNOWLEDGED", "ana")


def test_two_presses_at_a_time_are_one_event(door):
    alert, link = door.page()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(
        door.call("POST", link, "action=ack"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [status for status, _, _ in answers] == [200] * 8
    assert len({(body["log"], body["seq"]) for _, body, _ in answers}) == 1
    assert len(door.acked(alert)) == 1


def test_escalate_pages_the_next_step(door):
    alert, link = door.page()
    assert door.call("POST", link, "action=escalate")[0] == 200
    other = door.link(alert, "ben")
    assert other != link
    assert door.call("POST", other, {"action": "ack"})[1]["acked_by"] == "ben"


def test_a_link_that_is_none_or_asks_for_nothing(door):
    _, link = door.page()
    cut, other = link[:-1], link[:-1] + ("A" if link[-1] != "A" else "Q")
    for method in ("GET", "POST"):
        assert door.call(method, cut, "action=ack" if method == "POST" else None)[0] == 404
        assert door.call(method, other, "action=ack" if method == "POST" else None)[0] == 404
    for body in ("", "action=", "action=dance", "action=ackk", "x=ack", {"action": 1}, {},
                 "action=note", "action=ack&action=ack", "action=ack&note=%00", "action=ack&note=%ff",
                 "action=ack&version=x", "action=snooze&for_s=59", "action=ack&by=eve",
                 "action=ack&note=" + "x" * 201, "action=ack&group=no", {"action": "ack", "by": "eve"}):
        status, problem, headers = door.call("POST", link, body)
        assert status == 400 and headers["Content-Type"] == "application/problem+json", body
    assert door.call("POST", link, "action=" + "x" * 8000)[0] == 413
    assert door.call("GET", "/a/")[0] == 404 and door.call("GET", "/")[0] == 404


def test_a_link_takes_over_escalates_and_resolves(door):
    alert, link = door.page()
    assert door.tool(alert, "ack", by="ben")[0] == 200
    text = door.call("GET", link, accept="text/html")[1]
    assert re.findall(r'<button[^>]* value="(\w+)"', text) == ["take", "escalate", "note", "resolve"]
    assert door.call("POST", link, "action=take")[1]["acked_by"] == "ana"
    _, other = door.page()
    status, body, _ = door.call("POST", other, {"action": "resolve", "note": "INC-7"})
    assert (status, body["done"], body["state"]) == (200, "resolved", "resolved")


def test_a_snooze_by_a_link_says_how_long(door):
    _, link = door.page()
    before = time.time()
    body = door.call("POST", link, "action=snooze&for_s=3600&note=")[1]
    assert body["state"] == "snoozed"
    assert 3590 < body["snoozed_until_ms"] / 1000 - before < 3700


def test_a_note_leaves_the_link_as_it_is(door):
    alert, link = door.page()
    # What may not be shown comes with what people paste: U+202D, U+202C and a line's end.
    pasted = "%E2%80%ADINC-7%E2%80%AC%0A+%C3%BC"
    assert door.call("POST", link, "action=note&note=" + pasted)[1]["done"] == "noted"
    assert door.call("POST", link, "action=note&note=INC-8")[1]["duplicate"] is True
    assert door.call("POST", link, "action=ack")[1]["done"] == "acknowledged"
    history = Client(door.chain.notifier.endpoint).ask("HISTORY", record_pb2.Record, id=alert.id)
    assert "INC-7  \u00fc" in [record_pb2.AlertChange.FromString(record.body).note
                             for record in history]
    kinds = [kind for kind, _, _ in door.chain.history(alert.id)]
    assert kinds.count("ALERT_NOTED") == 1 and kinds.count("ALERT_ACKED") == 1


def test_what_was_refused_has_not_used_up_the_link(door):
    alert, link = door.page()
    page = door.call("GET", link, accept="text/html")[1]
    saw = re.search(r'name="version" value="(\d+)"', page)[1]
    assert door.tool(alert, "escalate", by="cid")[0] == 200
    status, problem, headers = door.call("POST", link, "action=escalate&version=" + saw)
    assert status == 409 and headers["Content-Type"] == "application/problem+json"
    assert problem["detail"].startswith("changed since: it is at step 2")
    assert problem["state"] == "open" and int(problem["version"]) > int(saw)
    assert "changed since you looked" in door.call("POST", link, f"action=escalate&version={saw}",
                                                   accept="text/html")[1]
    status, body, _ = door.call("POST", link, "action=ack")
    assert (status, body["acked_by"]) == (200, "ana")
    assert door.call("POST", link, "action=escalate")[0] == 409


def test_a_link_that_was_refused_too_often_does_nothing_more(door):
    alert, link = door.page()
    page = door.call("GET", link, accept="text/html")[1]
    saw = re.search(r'name="version" value="(\d+)"', page)[1]
    assert door.tool(alert, "escalate", by="cid")[0] == 200
    for _ in range(16):
        status, problem, _ = door.call("POST", link, "action=escalate&version=" + saw)
        assert status == 409 and problem["detail"].startswith("changed since")
    status, problem, _ = door.call("POST", link, "action=ack")
    assert (status, problem["detail"]) == (
        409, "this link was refused too often: it does nothing more")
    status, body, _ = door.call("GET", link)
    assert status == 200 and "done" not in body
    assert door.call("POST", link, "action=note&note=INC-7")[0] == 200  # notes count for themselves


def test_what_is_resolved_has_no_buttons_and_stays_so(door):
    alert, link = door.page()
    assert door.tool(alert, "resolve")[0] == 200
    text = door.call("GET", link, accept="text/html")[1]
    assert re.findall(r'<button[^>]* value="(\w+)"', text) == ["note"] and "resolved (eve)" in text
    status, problem, _ = door.call("POST", link, "action=ack")
    assert (status, problem["detail"]) == (409, "the alert is resolved already")
    assert problem["state"] == "resolved"


def test_an_address_that_asks_too_often_waits(door):
    _, link = door.page()
    status, asked = 200, 0
    while status == 200 and asked < 1000:
        status, _, headers = door.call("GET", link)
        asked += 1
    assert status == 429 and asked > 50 and int(headers["Retry-After"]) >= 1
    assert headers["Content-Type"] == "application/problem+json"


def test_bodies_that_never_end_keep_no_answer_out(door):
    alert, link = door.page()
    slow = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(60)]
    for peer in slow:
        peer.sendall(b"POST /a/x HTTP/1.1\r\nHost: x\r\nAuthorization: x\r\nContent-Length: 4096"
                     b"\r\nExpect: 100-continue\r\n\r\n")
        assert peer.recv(100).startswith(b"HTTP/1.1 100")
        peer.sendall(b"x")
    assert door.call("POST", link, "action=ack")[0] == 200
    assert door.state(alert) == ("ALERT_ACKNOWLEDGED", "ana")
    for peer in slow:
        peer.close()


def test_people_behind_a_proxy_of_ours_count_apart(tmp_path):
    door = Door(tmp_path, "--trust-proxy=127.0.0.1")
    try:
        _, link = door.page()
        for person in range(80):
            assert door.call("GET", link, X_Forwarded_For=f"6.6.6.6, 9.9.9.{person}")[0] == 200
        answers = {door.call("GET", link, X_Forwarded_For=f"9.9.{n}.9, 8.8.8.8")[0]
                   for n in range(80)}
        assert answers == {200, 429}  # what a client puts before is not believed
    finally:
        door.chain.close()


def test_who_is_no_proxy_of_ours_counts_as_itself(door):
    _, link = door.page()
    answers = [door.call("GET", link, X_Forwarded_For=f"9.9.{n}.9", Forwarded=f"for=9.9.{n}.8")[0]
               for n in range(80)]
    assert 429 in answers


# --- tools ----------------------------------------------------------------------------------------

def test_a_tool_needs_a_token(door):
    alert, _ = door.page()
    path = f"/v1/alerts/{alert.id.hex()}"
    assert door.call("GET", path)[0] == 401
    assert door.call("GET", path, Authorization="Bearer " + TOKEN + "x")[0] == 403
    status, body, _ = door.call("GET", path, Authorization="Bearer " + TOKEN)
    assert status == 200 and body["state"] == "open" and body["alert"] == alert.id.hex()
    assert door.tool(alert, "ack", token="no")[0] == 403
    assert door.call("POST", "/v1/alerts/" + "0" * 32 + "/ack", {"by": "eve"},
                     Authorization="Bearer " + TOKEN)[0] == 404
    assert door.tool(alert, "dance")[0] == 404
    assert door.state(alert) == ("ALERT_OPEN", "")


def test_a_tool_does_all_of_it(door):
    alert, _ = door.page()
    assert door.tool(alert, "snooze", for_s=600)[1]["state"] == "snoozed"
    assert door.tool(alert, "take", by="cid")[1]["acked_by"] == "cid"
    assert door.tool(alert, "escalate", by="cid")[1]["step"] == 1
    assert door.tool(alert, "note", note="JIRA-1")[0] == 200
    assert door.tool(alert, "ack", by="ben", note="J-2")[1]["acked_by"] == "ben"
    assert door.tool(alert, "resolve", by="ben")[1]["state"] == "resolved"
    kinds = [kind for kind, _, _ in door.chain.history(alert.id)
             if kind not in ("ALERT_SENT", "PAGE_ENDED")]  # which come when a page was answered
    assert kinds.count("ALERT_NOTED") == 2 and kinds[-1] == "ALERT_CLOSED"


def test_a_stale_version_is_a_conflict_with_the_present_one(door):
    alert, _ = door.page()
    saw = door.call("GET", f"/v1/alerts/{alert.id.hex()}",
                    Authorization="Bearer " + TOKEN)[1]["version"]
    assert door.tool(alert, "escalate", by="cid")[0] == 200
    assert isinstance(saw, str)  # as JSON has 64-bit numbers; a request may bring a number, too
    for version in (saw, int(saw)):
        status, problem = door.tool(alert, "ack", version=version)
        assert status == 409 and problem["detail"].startswith("changed since: it is at step 2")
        assert problem["state"] == "open" and int(problem["version"]) > int(saw)
    for version in (2**53 + 1, str(2**53 + 1)):
        status, problem = door.tool(alert, "ack", version=version)
        assert (status, problem["detail"]) == (409, "there is no such version of the alert")
    assert door.tool(alert, "ack", version=problem["version"])[0] == 200
    now = door.call("GET", f"/v1/alerts/{alert.id.hex()}", Authorization="Bearer " + TOKEN)[1]
    assert door.tool(alert, "take", by="cid", version=int(now["version"]))[0] == 200


def test_what_a_tool_says_wrongly(door):
    alert, _ = door.page()
    for action, body in (("ack", {"by": ""}), ("ack", {"for_s": 60}), ("snooze", {}),
                         ("snooze", {"for_s": 59}), ("snooze", {"for_s": 604801}),
                         ("snooze", {"until_ms": 1}), ("ack", {"when": 1}), ("note", {}),
                         ("ack", {"version": -1}), ("ack", {"version": "x"}), ("ack", {"version": 1.0}),
                         ("ack", {"version": 2**63}), ("ack", {"version": str(2**63)}),
                         ("ack", {"by": "x" * 201})):
        status, problem = door.tool(alert, action, **body)
        assert status == 400 and problem["detail"], (action, body)
    assert door.state(alert) == ("ALERT_OPEN", "")


def test_one_answer_is_for_the_whole_group_when_it_says_so(door):
    first, link = door.page()
    others = [door.chain.alert_of(door.chain.open("any")) for _ in range(3)]
    assert door.call("POST", link, "action=ack&group=yes")[1]["acked_by"] == "ana"
    for alert in (first, *others):
        door.chain.wait_until("it is acknowledged", lambda alert=alert: door.state(alert) == (
            "ALERT_ACKNOWLEDGED", "ana"))
    assert door.tool(first, "resolve", by="ben", group=True)[0] == 200
    for alert in (first, *others):
        door.chain.wait_until("it is resolved", lambda alert=alert:
                              door.state(alert)[0] == "ALERT_RESOLVED")


def test_a_key_is_for_one_action(door):
    alert, _ = door.page()
    first = door.tool(alert, "ack", key="k1")
    assert first[0] == 200 and door.tool(alert, "ack", key="k1")[1]["seq"] == first[1]["seq"]
    assert door.tool(alert, "resolve", key="k1")[0] == 409
    assert door.state(alert) == ("ALERT_ACKNOWLEDGED", "eve")


# --- crashes --------------------------------------------------------------------------------------

def press_and_kill(door, link, victims, after_s):
    """A press whose answer may be lost."""
    def press():
        try:
            door.call("POST", link, "action=ack", timeout=3)
        except (OSError, http.client.HTTPException):
            pass
    thread = threading.Thread(target=press)
    thread.start()
    time.sleep(after_s)
    for service in victims:
        service.kill()
    thread.join()


@pytest.mark.parametrize("after_ms", [0, 1, 3, 6, 12, 25])
@pytest.mark.parametrize("who", ["notifier", "intake", "both"])
def test_a_crash_between_the_press_and_its_answer_loses_and_repeats_nothing(door, who, after_ms):
    alert, link = door.page()
    chain = door.chain
    victims = {"notifier": [chain.notifier], "intake": [chain.intake],
               "both": [chain.notifier, chain.intake]}[who]
    press_and_kill(door, link, victims, after_ms / 1000)
    if chain.intake in victims:
        chain.intake.start()
    if chain.notifier in victims:
        door.restart()
    body = door.press(link)
    assert body["acked_by"] == "ana"
    assert door.press(link)["seq"] == body["seq"]
    assert len(door.acked(alert)) == 1


def test_without_an_intake_nothing_is_promised(door):
    alert, link = door.page()
    door.chain.intake.process.send_signal(signal.SIGSTOP)
    try:
        status, problem, headers = door.call("POST", link, "action=ack")
    finally:
        door.chain.intake.process.send_signal(signal.SIGCONT)
    assert status == 503 and int(headers["Retry-After"]) >= 1
    assert "press again" in problem["detail"]
    door.press(link)
    assert len(door.acked(alert)) == 1


# --- in whose language ----------------------------------------------------------------------------

CONTACTS = """contacts:
  ana: {methods: {desk: {log: true}}, language: %s, zone: Asia/Kolkata}
  ben: {log: true}
"""
LANGUAGES = {"en": ("Acknowledge", "already acknowledged", "cut"),
             "es": ("Confirmar", "ya confirmada", "cortado"),
             "hi": ("स्वीकार करें", "पहले ही स्वीकार की गई", "कट गया"),
             "ms": ("Akui", "sudah diakui", "terpotong"),
             "pt": ("Confirmar", "já confirmado", "cortado")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_in_the_language_of_its_reader(tmp_path, language):
    button, done, cut = LANGUAGES[language]
    contacts = tmp_path / "contacts.yaml"
    contacts.write_text(CONTACTS % language)
    door = Door(tmp_path, f"--contacts={contacts}")
    try:
        _, link = door.page()
        text = door.call("GET", link, accept="text/html", Accept_Language="de, fr")[1]
        assert f'<html lang="{language}">' in text and f">{button}</button>" in text
        assert "Asia/Kolkata" in text and "{" not in text.split("</style>")[1]
        assert door.call("POST", link, "action=ack", accept="text/html")[0] == 200
        assert done in door.call("GET", link, accept="text/html")[1]
        # Nobody knows whose link it is, so the browser says.
        text = door.call("GET", link[:-1], accept="text/html",
                         Accept_Language=f"de-AT, {language}-XX;q=0.8, en;q=0.1")[1]
        assert f'<html lang="{language}">' in text and cut in text
    finally:
        door.chain.close()


# --- the browser ----------------------------------------------------------------------------------

def test_a_browser_shows_the_page_and_only_the_button_acts(door, tmp_path):
    alert, link = door.page()
    url = f"http://127.0.0.1:{door.port}{link}"
    assert "Acknowledge" in show(url, tmp_path / "look")
    assert door.state(alert) == ("ALERT_OPEN", "")
    # What stands in for a thumb: the same form, which presses itself.
    press = tmp_path / "press.html"
    press.write_text(f'<form method="post" action="{url}"><button name="action" value="ack">'
                     "x</button></form><script>document.querySelector('button').click()</script>")
    assert "acknowledged" in show(press.as_uri(), tmp_path / "press")
    assert door.state(alert) == ("ALERT_ACKNOWLEDGED", "ana")


def test_all_alerts_of_an_issue_are_answered(tmp_path):
    rules = "".join(f"  - {{rule: r{n}, on: opened, severity: critical, path: desk}}\n"
                    for n in range(70))
    chain = Chain(tmp_path, POLICY.split("alerts:")[0] + "alerts:\n" + rules)
    try:
        issue = chain.open("any")
        chain.wait_until("all are open", lambda: len(chain.alerts()) == 70)
        at = [word for service in (chain.intake, chain.router, chain.notifier)
              for word in ("--at", f"{service.name}={service.endpoint}")]
        done = subprocess.run([BIN / "tocsin", "ack", issue.hex(), "--by", "ana", *at],
                              capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert len(done.stdout.splitlines()) == 70
        assert {alert.acked_by for alert in chain.alerts()} == {"ana"}
    finally:
        chain.close()
