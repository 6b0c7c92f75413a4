"""A suite of `tocsin up` whose people are reached by webhooks, and whose clock can be set."""
import datetime
import json
import os
import pathlib
import subprocess
import time

import pytest

from contacts_file import write_contacts
from fake_provider import Provider

BIN = pathlib.Path(os.environ["TOCSIN_BIN"])
FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
PATIENCE_S = 120  # nobody waits that long when things work

needs_faketime = pytest.mark.skipif(not FAKETIME.exists(),
                                    reason="package faketime is not installed")


class Suite:
    """`at` is what its clocks show at first, "2027-03-28 00:59:50" of UTC; None: the time."""

    def __init__(self, directory, policy, at=None, people=("ana", "ben")):
        self.data, self.shift = directory / "d", directory / "shift"
        self.data.mkdir()
        self.environment = dict(os.environ, USER="ana", TZ="UTC")
        if at:
            self.set_clock(at)
            self.environment.update({
                "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(self.shift),
                "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        self.provider = Provider()
        write_contacts(self.data, {name: self.provider.url(f"/{name}") for name in people})
        self.policy = directory / "policy.yaml"
        self.policy.write_text(policy)
        self.issues = 0
        self.log = directory / "up.log"
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self.up = subprocess.Popen(
                [BIN / "tocsin", "up", "--data", self.data, "--policy", self.policy],
                stdout=log, stderr=log, env=self.environment)
        self.said("status", "--wait", f"{PATIENCE_S}s")

    def stop(self):
        self.up.terminate()
        assert self.up.wait(PATIENCE_S) == 0

    def close(self):
        try:
            self.stop()
        finally:
            self.provider.close()

    # --- time ---

    def set_clock(self, at):
        """Every process sees it at once."""
        wanted = datetime.datetime.fromisoformat(at + "+00:00").timestamp()
        fresh = self.shift.with_suffix(".new")
        fresh.write_text(f"{wanted - time.time():+.0f}\n")
        fresh.rename(self.shift)

    # --- commands ---

    def run(self, *words, **more):
        return subprocess.run([BIN / "tocsin", *words, "--data", self.data], text=True,
                              capture_output=True, timeout=PATIENCE_S, env=self.environment, **more)

    def said(self, *words, **more):
        """What a command that has to succeed prints."""
        done = self.run(*words, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def lines(self, *words):
        return [json.loads(line) for line in self.said(*words, "--json").splitlines()]

    def open(self, category):
        """A new issue; its reference."""
        self.issues += 1
        event = {"specversion": "1.0", "id": f"e{self.issues}", "source": "crm",
                 "subject": f"T-{self.issues}", "type": "tocsin.issue.opened",
                 "data": {"channel": "email", "category": category}}
        self.said("publish", input=json.dumps(event))
        return f"crm#T-{self.issues}"

    def wait_until(self, what, condition):
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            result = condition()
            if result:
                return result
            time.sleep(0.3)  # who reads a log counts as a follower for ten seconds more
        raise AssertionError(f"it never came to this: {what}")

    # --- pages ---

    def pages(self, person):
        return [json.loads(request.body) for request in self.provider.of(f"/{person}")]

    def wait_for_pages(self, person, count):
        self.provider.wait_for(f"/{person}", count, PATIENCE_S)
        return self.pages(person)

    def told(self, issue, kind):
        """The records of that type about an issue."""
        return [line["body"] for line in self.lines("why", issue) if line.get("type") == kind]

    def wait_kept(self, issue, count=1):
        """Until so many pages about it were kept; why."""
        def kept():
            ends = [body for body in self.told(issue, "page_ended")
                    if body["page"]["state"] == "suppressed"]
            return ends if len(ends) >= count else None
        return [end["page"]["reason"] for end in self.wait_until("a page is kept", kept)]

    def obligations(self):
        """The auditor's summary, once nothing is pending."""
        return self.wait_until("no page is pending", lambda: (
            lambda lines: lines[-1] if lines[-1]["pending"] == "0" else None)(
                self.lines("obligations")))
