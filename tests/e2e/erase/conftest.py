"""A suite whose intake has a vault, and what a forensic look at its files finds."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(os.environ["TOCSIN_SOURCE"]) / "tests/support"))

from ports import free_port  # noqa: E402

BIN = os.environ["TOCSIN_BIN"]


class Suite:
    def __init__(self, directory, *words):
        self.words = words
        self.data = os.path.join(directory, "data")
        self.said = os.path.join(directory, "up.out")
        self.number = 0
        self.up = None
        self.start()

    def start(self):
        with open(self.said, "wb") as out:
            self.up = subprocess.Popen([os.path.join(BIN, "tocsin"), "up", "--data", self.data,
                                        *self.words], stdout=out, stderr=out)
        end = time.monotonic() + 60
        while "ready: " not in self.output():
            assert self.up.poll() is None and time.monotonic() < end, self.output()
            time.sleep(0.05)

    def output(self):
        with open(self.said, encoding="utf-8") as text:
            return text.read()

    def stop(self):
        self.up.terminate()
        assert self.up.wait(60) == 0
        self.up = None

    def tocsin(self, *words, code=0, text=None):
        done = subprocess.run([os.path.join(BIN, "tocsin"), words[0], *words[1:], "--data", self.data],
                              input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=120, env={**os.environ, "USER": "dpo"})
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr

    def lines(self, *words):
        return [json.loads(line) for line in self.tocsin(*words, "--json").splitlines()]

    def write(self, person, body, **content):
        """What somebody wrote, as an issue of its own; returns the receipt."""
        self.number += 1
        event = {"specversion": "1.0", "id": "e%d" % self.number, "source": "urn:shop",
                 "type": "tocsin.issue.opened", "subject": "T-%d" % self.number,
                 "data": {"channel": "email",
                          "content": {"person": person, "title": "about " + body, "body": body,
                                      **content}}}
        out = self.tocsin("publish", "--json", "-", text=json.dumps(event) + "\n")
        receipt = json.loads(out)
        assert receipt["duplicate"] is False, receipt
        return receipt

    def publish(self, events):
        out = self.tocsin("publish", "--json", "-", text="".join(json.dumps(event) + "\n"
                                                                 for event in events))
        assert len(out.splitlines()) == len(events), out

    def read(self, issue):
        """What was written in an issue, which the router has to have come to."""
        end = time.monotonic() + 60
        while not any(issue in (row["id"], row["source"] + "#" + row["subject"])
                      for row in self.lines("issues", "--all")):
            assert time.monotonic() < end, "the router never came to " + issue
            time.sleep(0.05)
        return self.lines("content", "get", issue, "--purpose", "to look")

    def record(self, receipt):
        for record in self.lines("tail", "intake", "--from", str(receipt["seq"])):
            if record["seq"] == receipt["seq"]:
                return record
        raise AssertionError("no record " + receipt["seq"])

    def accepted(self, receipt):
        """The event as intake's log has it."""
        return self.record(receipt)["body"]

    def erase(self, *words):
        return self.tocsin("erase", *words, "--reason", "gdpr-17")

    def files(self):
        for directory, _, names in os.walk(self.data):
            for name in names:
                path = os.path.join(directory, name)
                if os.path.isfile(path):
                    yield path

    def holders(self, wanted):
        """The files that have these bytes anywhere, also where nothing points to any more."""
        found = []
        for path in self.files():
            with open(path, "rb") as file:
                if wanted in file.read():
                    found.append(os.path.relpath(path, self.data))
        return found


def ended(made):
    yield made
    if made.up is not None:
        made.stop()
    shutil.rmtree(made.data, ignore_errors=True)


@pytest.fixture
def suite(tmp_path):
    yield from ended(Suite(str(tmp_path)))


@pytest.fixture
def mailed(tmp_path):
    """One that takes mail at `mailed.port`."""
    port = free_port()
    boxes = tmp_path / "mail.yaml"
    boxes.write_text("mail: 1\nboxes: {support@example.com: {source: urn:mail:support}}\n")
    made = Suite(str(tmp_path), "--lmtp", "127.0.0.1:%d" % port, "--mail", str(boxes))
    made.port = port
    yield from ended(made)
