import json
import os
import pathlib
import subprocess
import time

import pytest

BIN = pathlib.Path(os.environ["TOCSIN_BIN"])
HERE = pathlib.Path(__file__).parent
PATIENCE_S = 60


class Desk:
    """All services on a directory of their own; called with a command line as a person types it."""

    def __init__(self, directory):
        self.data = directory / "d"
        self.user = dict(os.environ, USER="ana")
        self.up = subprocess.Popen([BIN / "tocsin", "up", "--data", self.data, "--policy",
                                    HERE / "policy.yaml"], stdout=subprocess.DEVNULL)
        assert self("status --wait 60s").returncode == 0
        self.events = 0

    def __call__(self, words, data=None, **more):
        return subprocess.run([BIN / "tocsin", *words.split(), "--data", data or self.data],
                              text=True, capture_output=True, timeout=PATIENCE_S, env=self.user,
                              **more)

    def said(self, words):
        """What a command that has to succeed prints."""
        done = self(words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def lines(self, words):
        return [json.loads(line) for line in self.said(words + " --json").splitlines()]

    def refused(self, words, code=1):
        """What a command that has to fail says; it says nothing on standard output."""
        done = self(words)
        assert (done.returncode, done.stdout) == (code, ""), done
        return done.stderr.strip()

    def publish(self, kind, subject, **data):
        self.events += 1
        event = {"specversion": "1.0", "id": str(self.events), "source": "crm",
                 "type": "tocsin." + kind, "subject": subject, "data": data}
        done = self("publish", input=json.dumps(event))
        assert done.returncode == 0, done.stderr

    def until(self, condition):
        """Waits until the condition gives something true, and returns that."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError("in vain")

    def issue(self, subject):
        """The issue as `tocsin issues` has it, once it is there."""
        return self.until(lambda: next((row for row in self.lines("issues --all")
                                        if row["subject"] == subject), None))

    def open(self, subject, **data):
        self.publish("issue.opened", subject, channel="email", **data)
        self.issue(subject)

    def person(self, name):
        return next(row for row in self.lines("people") if row["id"] == name)

    def close(self):
        self.up.terminate()
        assert self.up.wait(PATIENCE_S) == 0


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("desk"))
    yield desk
    desk.close()


@pytest.fixture(autouse=True)
def nobody_is_there(request):
    """Each test begins without people, and with what is open out of their reach."""
    if "desk" not in request.fixturenames:
        return
    desk = request.getfixturevalue("desk")
    for name in ("ana", "ben"):
        desk.said(f"presence {name} offline")
    for row in desk.lines("issues"):
        desk.publish("issue.status", row["subject"], state="closed")
    desk.until(lambda: not desk.lines("issues"))
