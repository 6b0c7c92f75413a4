"""The watcher's watcher: what goes wrong with the suite itself pages somebody."""
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from contacts_file import write_contacts, write_secret
from fake_provider import Provider
from tocsin_chain import BIN, PATIENCE_S, Chain, Client, Service
from tocsin.v1 import frame_pb2, record_pb2

POLICY = """
policy: 1
calendars:
  always: {zone: UTC, weekly: {mon-sun: ["00:00-24:00"]}}
paths:
  duty: {steps: [{page: [duty], wait: 1h}]}
  ops: {steps: [{page: [ops], wait: 1h}]}
queues:
  desk: {tier: 1}
slas:
  quick: {calendar: always, clocks: {first_reply: {targets: {default: 10s}}}}
routes:
  - {rule: all, queue: desk, sla: quick, path: duty}
alerts:
  - {rule: critical, on: opened, when: {category: [danger]}, severity: critical}
  - {rule: late, on: breached, severity: error}
  - {rule: unsure, on: unconfirmed, severity: error}
watch: {path: ops, after: 3s}
"""


class Suite(Chain):
    """The chain with sla; duty and ops are reached by a provider each."""

    def __init__(self, directory, duty, ops):
        self.ways = {"duty": duty, "ops": ops}
        self.contacts = write_contacts(directory, {
            name: provider.url(f"/{name}") for name, provider in self.ways.items()})
        super().__init__(directory, POLICY, f"--contacts={self.contacts}",
                         f"--upstream=sla=ipc://{directory}/sla.sock")
        self.sla = Service("sla", directory, f"--upstream=router={self.router.endpoint}")
        self.sla.start()

    def about(self, cause, state=None):
        """The alert of a cause, once it is there, in a state."""
        wanted = None if state is None else record_pb2.AlertState.Value(f"ALERT_{state}")
        return self.wait_until(f"{cause} is {state}", lambda: next(
            (alert for alert in self.alerts() if alert.cause.startswith(cause)
             and wanted in (None, alert.state)), None))

    def tocsin(self, *words):
        """What a command that has to succeed prints."""
        done = subprocess.run([BIN / "tocsin", *words, f"--at=notifier={self.notifier.endpoint}",
                               f"--at=intake={self.intake.endpoint}"],
                              capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def settle(self):
        """Until the notifier follows all of them."""
        def follows():
            status, = Client(self.notifier.endpoint).ask("STATUS", frame_pb2.Status)
            return all(up.live and up.cursor_seq for up in status.upstreams)
        self.wait_until("the notifier follows all", follows)

    def close(self):
        if self.sla.process.poll() is None:
            self.sla.kill()
        super().close()


@pytest.fixture
def providers():
    both = Provider(), Provider()
    yield both
    for provider in both:
        provider.close()


@pytest.fixture
def suite(tmp_path, providers):
    suite = Suite(tmp_path, *providers)
    suite.alert_of(suite.open("danger"))  # it works
    suite.settle()
    yield suite
    for service in (suite.router, suite.sla):
        if service.process.poll() is None:
            service.process.send_signal(signal.SIGCONT)
    suite.close()


def page_about(suite, provider, cause):
    """The page of a cause; a busy machine may give cause for others."""
    return suite.wait_until(f"a page about {cause}", lambda: next(
        (page for page in (json.loads(request.body) for request in provider.of("/ops"))
         if page["cause"].startswith(cause)), None))


def test_a_router_that_stands_still_pages_and_closes_when_it_goes_on(suite, providers):
    suite.router.process.send_signal(signal.SIGSTOP)
    page = page_about(suite, providers[1], "silent:router")
    assert (page["cause"], page["severity"], page["issue"], page["issue_ref"]) == \
        ("silent:router", "critical", "", "")
    alert = suite.about("silent:router")
    done = suite.tocsin("ack", alert.id.hex(), "--by", "ops")
    assert done == f"{alert.id.hex()[:10]}  acknowledged  silent:router\n"
    suite.about("silent:router", "ACKNOWLEDGED")
    told = suite.tocsin("tail", "notifier")
    assert " alert_acked      -          silent:router " in told and " # " not in told
    # What is known survives the notifier, and so does what is not wrong any more by then.
    suite.notifier.kill()
    suite.router.process.send_signal(signal.SIGCONT)
    suite.notifier.start()
    assert suite.wait_until("it is back", lambda: suite.about("silent:router").ends_ms)
    closed = record_pb2.AlertState.Value("ALERT_RESOLVED")
    until = time.monotonic() + 2 * PATIENCE_S
    while suite.about("silent:router").state != closed and time.monotonic() < until:
        time.sleep(0.2)
    assert suite.history(alert.id)[-1][::2] == ("ALERT_CLOSED", "the upstream is back")
    assert [json.loads(request.body)["alert"] for request in providers[1].of("/ops")].count(
        alert.id.hex()) == 1


def test_an_sla_that_is_killed_pages(suite, providers):
    suite.sla.kill()
    page = page_about(suite, providers[1], "silent:sla")
    told = suite.tocsin("why", page["alert"])
    assert told.startswith("Alert silent:sla")
    assert "open: silent:sla, critical, step 1 of path ops" in " ".join(told.split())
    suite.sla.start()
    assert suite.wait_until("it is back", lambda: suite.about("silent:sla").ends_ms)


def test_a_log_that_is_another_one_stops_the_notifier_and_pages(suite, providers):
    suite.sla.kill()
    shutil.rmtree(suite.sla.directory / "sla")
    suite.sla.start()
    page = page_about(suite, providers[1], "stopped:sla")
    assert page["severity"] == "critical"
    assert "another one than before" in suite.notifier.log.read_text()


def test_a_provider_that_fails_is_told_by_another_one(suite, providers):
    providers[0].behave("/duty", "500")
    for _ in range(4):
        suite.open("danger")
    page = page_about(suite, providers[1], "provider:webhook-")
    assert page["severity"] == "error"
    providers[0].behave("/duty", "200")
    assert suite.wait_until("it answers again", lambda: suite.about("provider:").ends_ms)


def test_what_may_be_overdue_is_a_page_that_says_that_it_is_unconfirmed(suite, providers):
    issue = suite.open("slow")
    suite.wait_until("sla has its clock", lambda: any(row.id == issue for row in Client(
        suite.sla.endpoint).ask("CLOCKS", record_pb2.IssueClocks, all=True)))
    suite.router.process.send_signal(signal.SIGSTOP)  # sla's time stands still with it
    unsure = suite.about("unconfirmed:first_reply")
    assert unsure.unconfirmed and unsure.issue
    told = suite.wait_until("the page says so", lambda: [
        body for body in map(lambda r: json.loads(r.body), providers[0].of("/duty"))
        if body["unconfirmed"]])
    assert told[0]["cause"].startswith("unconfirmed:first_reply/1/")
    suite.router.process.send_signal(signal.SIGCONT)
    assert suite.about("breached:first_reply")
    closed = suite.about("unconfirmed:first_reply", "RESOLVED")
    assert suite.history(closed.id)[-1][::2] == ("ALERT_CLOSED", "it is breached for certain")


# --- the notifier's own sign of life ----------------------------------------------------------------

def status_of(data):
    done = subprocess.run([BIN / "tocsin", "status", "--json", "--data", data],
                          capture_output=True, text=True, timeout=PATIENCE_S)
    return next((row for row in map(json.loads, done.stdout.splitlines())
                 if row.get("service") == "notifier"), {})


def test_up_has_the_notifier_tell_an_outside_service_that_it_lives(tmp_path, providers):
    data, file = tmp_path / "d", tmp_path / "beat.url"
    write_secret(tmp_path, file.name, providers[0].url("/beat/secret"))
    data.mkdir()
    (data / "contacts.yaml").write_text("allow: [127.0.0.1]\ncontacts:\n  ana: {log: true}\n")
    providers[0].behave("/beat/secret", "500", "204")
    with (tmp_path / "up.log").open("wb") as log:
        up = subprocess.Popen([BIN / "tocsin", "up", "--data", data, "--heartbeat-url-file", file],
                              stdout=log, stderr=log)
    try:
        first, second = providers[0].wait_for("/beat/secret", 2, 2 * PATIENCE_S)[:2]
        assert first.method == "POST"
        assert json.loads(first.body)["type"] == "tocsin.heartbeat"
        assert second.at - first.at > 9
        until = time.monotonic() + PATIENCE_S
        while not status_of(data).get("beat_ms") and time.monotonic() < until:
            time.sleep(0.2)
        assert status_of(data)["beats_missed"] == 0
        said = (tmp_path / "up.log").read_text() + \
            "".join(path.read_text() for path in data.glob("run/*.log"))
        assert "heartbeat_missed" in said and "heartbeat_back" in said
        assert "secret" not in said.replace("secret file", "")
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(timeout=PATIENCE_S)


@pytest.mark.parametrize("text, mode, told", [
    ("https://beat.example/1", 0o644, "may be read by others"),
    ("beat.example", 0o600, "does not begin with https:// or http:// and name a host"),
    ("https://a:b@beat.example/1", 0o600, "has a user or a password in its address"),
    ("", 0o600, "holds no secret"),
])
def test_an_address_that_is_none_is_told_before_anything_starts(tmp_path, text, mode, told):
    file = tmp_path / "beat.url"
    file.write_text(text + "\n")
    os.chmod(file, mode)
    done = subprocess.run([BIN / "tocsin-notifier", f"--data={tmp_path}/n", "--check",
                           f"--heartbeat-url-file={file}"], capture_output=True, text=True,
                          timeout=PATIENCE_S)
    assert done.returncode != 0 and told in done.stderr, done.stderr
    assert "beat.example/1" not in done.stderr
