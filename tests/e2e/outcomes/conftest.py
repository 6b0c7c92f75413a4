"""A suite whose outcomes go to receivers on this machine."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(os.environ["TOCSIN_SOURCE"]) / "tests/support"))

from fake_provider import Provider  # noqa: E402

BIN = os.environ["TOCSIN_BIN"]
PATIENCE_S = 60


class Suite:
    def __init__(self, directory, *words):
        self.data = os.path.join(directory, "data")
        self.said = os.path.join(directory, "up.out")
        self.words = words
        self.next_id = 0
        self.start()

    def start(self):
        with open(self.said, "ab") as out:
            before = out.tell()
            self.up = subprocess.Popen(
                [os.path.join(BIN, "tocsin"), "up", "--data", self.data, "--allow", "127.0.0.1",
                 *self.words], stdout=out, stderr=out)
        self.wait_until("it is ready", lambda: b"ready: " in self.output()[before:])

    def output(self):
        with open(self.said, "rb") as said:
            return said.read()

    def stop(self):
        if self.up.poll() is None:
            self.up.terminate()
            assert self.up.wait(60) == 0

    def tocsin(self, *words, code=0, text=None):
        done = subprocess.run(
            [os.path.join(BIN, "tocsin"), words[0], *words[1:], "--data", self.data],
            input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
            env={**os.environ, "USER": "tester"})
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    def lines(self, *words):
        return [json.loads(line) for line in self.tocsin(*words, "--json").splitlines()]

    def publish(self, *events):
        """(type, subject, data) each, as of the source urn:shop; receipts in order."""
        texts = []
        for kind, subject, data in events:
            self.next_id += 1
            texts.append(json.dumps({
                "specversion": "1.0", "id": str(self.next_id), "source": "urn:shop",
                "type": "tocsin.issue." + kind, "subject": subject, "data": data}))
        return [json.loads(line) for line in
                self.tocsin("publish", "--json", text="\n".join(texts) + "\n").splitlines()]

    def open(self, *subjects, **data):
        return self.publish(*(("opened", s, {"channel": "web", "priority": "P3", **data})
                              for s in subjects))

    def subscribe(self, url, *words):
        return self.lines("subscribe", "add", "--url", url, *words)[0]

    def row(self, name):
        return self.lines("subscribe", "list", name)[0]

    def wait_until(self, what, seen, seconds=PATIENCE_S):
        end = time.monotonic() + seconds
        while True:
            found = seen()
            if found:
                return found
            assert self.up.poll() is None and time.monotonic() < end, (what, self.output()[-2000:])
            time.sleep(0.05)

    def wait_row(self, name, what, judge):
        return self.wait_until(what, lambda: (lambda row: row if judge(row["delivery"]) else None)(
            self.row(name)))

    def status(self):
        """By service; `tocsin status` ends with 1 while one of them starts."""
        done = subprocess.run([os.path.join(BIN, "tocsin"), "status", "--json", "--data", self.data],
                              stdout=subprocess.PIPE, text=True, timeout=60)
        return {row["service"]: row for row in map(json.loads, done.stdout.splitlines())}

    def pid(self, service):
        """None while it starts."""
        return int(self.status()[service].get("pid", 0))

    def wait_settled(self):
        """Until every service has applied what the others wrote."""
        def heads():
            rows = self.status().values()
            return (all(row.get("ready") and up["cursor_seq"] == up["head_seq"]
                        for row in rows for up in row.get("upstreams", [None])) and
                    [row["last_seq"] for row in rows if row["service"] != "audit"])
        self.wait_until("all is applied", lambda: (lambda one: one and one == heads())(heads()))

    def kill(self, service):
        os.kill(self.wait_until(service + " answers", lambda: self.pid(service)), signal.SIGKILL)


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    suite = Suite(str(tmp_path_factory.mktemp("suite")))
    yield suite
    suite.stop()


@pytest.fixture
def provider(suite):
    """A receiver; the subscriptions that a test made end with it. What the test before did has come to
    its outcomes: a subscription begins behind them."""
    suite.wait_settled()
    provider = Provider()
    yield provider
    suite.wait_until("outcomes answers", lambda: suite.pid("outcomes"))
    for row in suite.lines("subscribe", "list"):
        suite.tocsin("subscribe", "remove", row["subscription"]["subscription"])
    provider.close()
