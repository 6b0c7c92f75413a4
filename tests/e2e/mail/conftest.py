"""A suite that takes mail, for tests that hand it over as mail servers do."""
import json
import os
import pathlib
import smtplib
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(os.environ["TOCSIN_SOURCE"]) / "tests/support"))

from ports import free_port  # noqa: E402

BIN = os.environ["TOCSIN_BIN"]
MAP = """mail: 1
boxes:
  support@example.com: {source: urn:mail:support, category: general, tags: [mail]}
  billing@example.com: {source: urn:mail:billing, priority: P2}
  slow@example.com: {source: urn:mail:slow, rate: 1}
  "@rated.example.com": {source: urn:mail:rated, rate: 1}
  "@appeals.example.com": {source: urn:mail:appeals, channel: appeal}
"""


class Suite:
    def __init__(self, directory):
        self.data = os.path.join(directory, "data")
        self.port, self.http_port = free_port(), free_port()
        self.map = os.path.join(directory, "mail.yaml")
        with open(self.map, "w", encoding="utf-8") as out:
            out.write(MAP)
        self.said = open(os.path.join(directory, "up.out"), "wb")
        self.up = subprocess.Popen(
            [os.path.join(BIN, "tocsin"), "up", "--data", self.data, "--lmtp",
             f"127.0.0.1:{self.port}", "--mail", self.map, "--http", f":{self.http_port}"],
            stdout=self.said, stderr=self.said)
        self.wait_ready()

    def wait_ready(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.up.poll() is None:
            with open(self.said.name, "rb") as said:
                if b"ready: " in said.read():
                    return
            time.sleep(0.05)
        with open(self.said.name, encoding="utf-8") as said:
            raise SystemExit("`tocsin up` is not ready:\n" + said.read())

    def stop(self):
        self.up.terminate()
        self.up.wait(60)
        self.said.close()

    def call(self, *words, stdin=None, check=True):
        done = subprocess.run([os.path.join(BIN, "tocsin"), *words, "--data", self.data],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, input=stdin)
        assert not check or done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        return done.stdout.decode()

    def events(self):
        """Those of mails, in the order of intake's log."""
        lines = map(json.loads, self.call("tail", "intake", "--json").splitlines())
        return [line | line["body"] for line in lines
                if line["type"] == "event_accepted" and line["body"].get("mail")]

    def event(self, reply):
        """The last one of the issue that a reply names."""
        issue = reply.decode().split()[-1]
        return [event for event in self.events() if event["issue"] == issue][-1]

    def lmtp(self, seconds=60):
        end = time.monotonic() + seconds
        while True:
            try:
                return smtplib.LMTP("127.0.0.1", self.port, timeout=60)
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def send(self, mail, to="support@example.com", sender="ana@example.org"):
        """The reply for one recipient: (code, text)."""
        if isinstance(mail, str):
            mail = mail.encode()
        with self.lmtp() as server:
            server.ehlo_or_helo_if_needed()
            server.mail(sender)
            code, text = server.rcpt(to)
            return (code, text) if code != 250 else server.data(mail)

    def pid(self, service="intake"):
        end = time.monotonic() + 60
        while True:  # it may start just now
            for row in map(json.loads, self.call("status", "--json", check=False).splitlines()):
                if row["service"] == service and "pid" in row:
                    return int(row["pid"])
            assert time.monotonic() < end, "there is no " + service
            time.sleep(0.05)


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    suite = Suite(tmp_path_factory.mktemp("mail"))
    yield suite
    suite.stop()
